-- Cosignatures of witnesses for a checkpoint (C2SP tlog-cosignature): the line as it came.
create table cosignature (
  size     bigint not null,
  witness  text not null,
  line     text not null,
  at       bigint not null,
  primary key (size, witness)
);
create trigger cosignature_only_grows before update or delete on cosignature for each row execute function only_grows();
create trigger cosignature_no_truncate before truncate on cosignature for each statement execute function only_grows();

-- How it stands with each witness that is asked: work, not evidence.
create table witness_state (
  witness   text primary key,
  size      bigint not null,
  asked_at  bigint not null,
  failures  bigint not null,
  error     text not null
);
