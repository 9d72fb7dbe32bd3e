create table job (
  id        text primary key,        -- kind and key: the same work is queued once
  kind      text not null,
  key       text not null,
  run_at    bigint not null,
  attempts  bigint not null default 0,
  state     text not null check (state in ('ready', 'running', 'parked')),
  again     bigint not null default 0, -- asked for while it ran
  error     text
);
create index job_ready on job (state, run_at);

-- Secrets are never kept: only their SHA-256.
create table token (
  id          text primary key,
  name        text not null,
  hash        text not null unique,
  role        text not null,
  repo        text,
  created_at  bigint not null,
  expires_at  bigint,
  revoked_at  bigint,
  used_at     bigint
);

create table sign_in_link (
  hash        text primary key,
  person      text not null,
  role        text not null,
  expires_at  bigint not null,
  used_at     bigint
);

create table session (
  hash        text primary key,
  person      text not null,
  role        text not null,
  created_at  bigint not null,
  seen_at     bigint not null,
  expires_at  bigint not null
);
