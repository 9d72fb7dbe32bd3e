-- Cosignatures of witnesses for a checkpoint (C2SP tlog-cosignature): the line as it came.
create table cosignature (
  size     integer not null,
  witness  text not null,
  line     text not null,
  at       integer not null,
  primary key (size, witness)
) strict;
create trigger cosignature_update before update on cosignature begin select raise(abort, 'cosignature only grows'); end;
create trigger cosignature_delete before delete on cosignature begin select raise(abort, 'cosignature only grows'); end;

-- How it stands with each witness that is asked: work, not evidence.
create table witness_state (
  witness   text primary key,
  size      integer not null,
  asked_at  integer not null,
  failures  integer not null,
  error     text not null
) strict;
