create table job (
  id        text primary key,        -- kind and key: the same work is queued once
  kind      text not null,
  key       text not null,
  run_at    integer not null,
  attempts  integer not null default 0,
  state     text not null check (state in ('ready', 'running', 'parked')),
  again     integer not null default 0, -- asked for while it ran
  error     text
) strict;
create index job_ready on job (state, run_at);

-- Secrets are never kept: only their SHA-256.
create table token (
  id          text primary key,
  name        text not null,
  hash        text not null unique,
  role        text not null,
  repo        text,
  created_at  integer not null,
  expires_at  integer,
  revoked_at  integer,
  used_at     integer
) strict;

create table sign_in_link (
  hash        text primary key,
  person      text not null,
  role        text not null,
  expires_at  integer not null,
  used_at     integer
) strict;

create table session (
  hash        text primary key,
  person      text not null,
  role        text not null,
  created_at  integer not null,
  seen_at     integer not null,
  expires_at  integer not null
) strict;
