-- The ledger: entries as they are hashed, and nothing is ever changed in it.
create table ledger_entry (
  idx    integer primary key,
  kind   text not null,
  bytes  blob not null,
  leaf   blob not null
) strict;
create index ledger_entry_kind on ledger_entry (kind, idx);

-- Hashes of complete tiles, level 1 and up (C2SP tlog-tiles); level 0 is ledger_entry.leaf.
create table ledger_hash (
  level  integer not null,
  idx    integer not null,
  hash   blob not null,
  primary key (level, idx)
) strict;

-- One row: the size and the frontier of the tree. Updating it is the lock that orders writers.
create table ledger_head (
  id        integer primary key check (id = 1),
  size      integer not null,
  frontier  text not null
) strict;
insert into ledger_head (id, size, frontier) values (1, 0, '0:');

create table checkpoint (
  size       integer primary key,
  note       text not null,
  signed_at  integer not null
) strict;

-- When the whole ledger was last verified, and how that ended.
create table verification (
  seq          integer primary key,
  finished_at  integer not null,
  size         integer not null,
  holds        integer not null,
  what         text not null
) strict;
create trigger ledger_entry_update before update on ledger_entry begin select raise(abort, 'ledger_entry only grows'); end;
create trigger ledger_entry_delete before delete on ledger_entry begin select raise(abort, 'ledger_entry only grows'); end;
create trigger ledger_hash_update before update on ledger_hash begin select raise(abort, 'ledger_hash only grows'); end;
create trigger ledger_hash_delete before delete on ledger_hash begin select raise(abort, 'ledger_hash only grows'); end;
create trigger checkpoint_update before update on checkpoint begin select raise(abort, 'checkpoint only grows'); end;
create trigger checkpoint_delete before delete on checkpoint begin select raise(abort, 'checkpoint only grows'); end;
