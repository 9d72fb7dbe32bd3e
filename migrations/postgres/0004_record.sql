create table change (
  id           text primary key,
  repo         text not null,
  pull         bigint,
  title        text not null,
  branch       text not null,
  head         text not null,
  landed_sha   text,
  landed_how   text,
  landed_at    bigint,
  landed_by    text,
  integrity    text,
  class        text not null,
  state        text not null,
  opened_at    bigint,
  sort_at      bigint not null,        -- landed, else opened: the order of lists
  decision     text,
  body         text not null,        -- everything else a page shows, JSON
  evaluated    text not null         -- the versions its evaluation saw
);
create index change_by_time on change (sort_at, id);
create index change_by_repo on change (repo, pull);
create index change_by_landing on change (repo, landed_sha);

-- Which landing brought which commit to a branch.
create table change_commit (
  repo    text not null,
  sha     text not null,
  change  text not null,
  primary key (repo, sha)
);
create index change_commit_change on change_commit (change);

-- Who took part in a change, by folded name: what a search for a person reads.
create table change_person (
  person   text not null,
  part     text not null,
  change   text not null,
  at       bigint not null,        -- the change's place in lists
  primary key (person, change, part)
);
create index change_person_by_time on change_person (person, at, change);
create index change_person_change on change_person (change);

-- How long a change waited for an architect, by the scope that needed one: medians are read from here.
create table architect_wait (
  change      text not null,
  scope       text not null,
  decided_at  bigint not null,
  waited      bigint not null,     -- microseconds since it was proposed
  primary key (change, scope)
);
create index architect_wait_by_time on architect_wait (decided_at, scope, waited);

create table link (
  id        text primary key,
  repo      text not null,
  pull      bigint not null,
  ticket    text not null,
  live      bigint not null,
  body      text not null            -- where found, by whom, when
);
create index link_by_pull on link (repo, pull);
create index link_by_ticket on link (ticket);

create table deploy (
  id           text primary key,
  repo         text not null,
  service      text not null,
  environment  text not null,
  sha          text not null,
  previous     text,
  status       text not null,
  kind         text not null,
  started_at   bigint not null,
  finished_at  bigint,
  deployer     text,
  class        text,
  state        text not null,
  decision     text,
  commits      bigint not null,
  changes      bigint not null,
  landed       bigint not null,        -- the commits by bucket, and the changes by outcome: totals are sums of columns
  direct       bigint not null,
  exempt       bigint not null,
  plumbing     bigint not null,
  pre_ledger   bigint not null,
  unresolved   bigint not null,
  by_rule      bigint not null,
  approved     bigint not null,
  emergency    bigint not null,
  body         text not null,
  ledger_index bigint
);
create index deploy_by_time on deploy (started_at, id);
create index deploy_by_environment on deploy (environment, started_at, id);
create index deploy_by_key on deploy (repo, service, environment, started_at, id);
create index deploy_by_commit on deploy (repo, sha);
create index deploy_by_deployer on deploy (lower(deployer), started_at);

create table deploy_change (
  deploy  text not null,
  change  text not null,
  primary key (deploy, change)
);
create index deploy_change_by_change on deploy_change (change);

-- Facts a decision was made of, by digest, so that it can be recomputed for ever.
create table snapshot (
  digest  text primary key,
  body    bytea not null             -- zstd
);

create table decision (
  id            text primary key,
  repo          text not null,
  sha           text not null,
  purpose       text not null,
  environment   text,
  service       text,
  pull          bigint,
  state         text not null,
  class         text,
  decided_at    bigint not null,
  facts         text not null,       -- snapshot digest
  policy        text not null,       -- JSON: digests of both layers
  body          text not null,       -- the answer, JSON
  ledger_index  bigint not null
);
create index decision_by_subject on decision (repo, sha, decided_at);

-- The last answer to a question, and which versions it saw: asking again costs a read.
create table gate_memo (
  question     text primary key,
  decision     text not null,
  repo         text not null,
  seen         text not null,
  holds_until  bigint,
  state        text not null,
  pass         bigint not null,
  answer       text not null
);

create table exception (
  id         text primary key,
  kind       text not null,
  severity   text not null,
  subject    text not null,
  opened_at  bigint not null,
  state      text not null,
  body       text not null
);
create index exception_by_subject on exception (subject);
create index exception_open on exception (opened_at) where state = 'open';

create table policy_text (
  digest  text primary key,
  bytes   bytea not null
);
