-- The ledger: entries as they are hashed, and nothing is ever changed in it.
create table ledger_entry (
  idx    bigint primary key,
  kind   text not null,
  bytes  bytea not null,
  leaf   bytea not null
);
create index ledger_entry_kind on ledger_entry (kind, idx);

-- Hashes of complete tiles, level 1 and up (C2SP tlog-tiles); level 0 is ledger_entry.leaf.
create table ledger_hash (
  level  bigint not null,
  idx    bigint not null,
  hash   bytea not null,
  primary key (level, idx)
);

-- One row: the size and the frontier of the tree. Updating it is the lock that orders writers.
create table ledger_head (
  id        bigint primary key check (id = 1),
  size      bigint not null,
  frontier  text not null
);
insert into ledger_head (id, size, frontier) values (1, 0, '0:');

create table checkpoint (
  size       bigint primary key,
  note       text not null,
  signed_at  bigint not null
);

-- When the whole ledger was last verified, and how that ended.
create table verification (
  seq          bigint generated always as identity primary key,
  finished_at  bigint not null,
  size         bigint not null,
  holds        bigint not null,
  what         text not null
);
create function only_grows() returns trigger language plpgsql as $$ begin raise exception '% only grows', tg_table_name; end $$;
create trigger ledger_entry_only_grows before update or delete on ledger_entry for each row execute function only_grows();
create trigger ledger_entry_no_truncate before truncate on ledger_entry for each statement execute function only_grows();
create trigger ledger_hash_only_grows before update or delete on ledger_hash for each row execute function only_grows();
create trigger ledger_hash_no_truncate before truncate on ledger_hash for each statement execute function only_grows();
create trigger checkpoint_only_grows before update or delete on checkpoint for each row execute function only_grows();
create trigger checkpoint_no_truncate before truncate on checkpoint for each statement execute function only_grows();
