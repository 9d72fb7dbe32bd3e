create table change (
  id           text primary key,
  repo         text not null,
  pull         integer,
  title        text not null,
  branch       text not null,
  head         text not null,
  landed_sha   text,
  landed_how   text,
  landed_at    integer,
  landed_by    text,
  integrity    text,
  class        text not null,
  state        text not null,
  opened_at    integer,
  sort_at      integer not null,        -- landed, else opened: the order of lists
  decision     text,
  body         text not null,        -- everything else a page shows, JSON
  evaluated    text not null         -- the versions its evaluation saw
) strict;
create index change_by_time on change (sort_at, id);
create index change_by_repo on change (repo, pull);
create index change_by_landing on change (repo, landed_sha);

-- Which landing brought which commit to a branch.
create table change_commit (
  repo    text not null,
  sha     text not null,
  change  text not null,
  primary key (repo, sha)
) strict;
create index change_commit_change on change_commit (change);

-- Who took part in a change, by folded name: what a search for a person reads.
create table change_person (
  person   text not null,
  part     text not null,
  change   text not null,
  at       integer not null,        -- the change's place in lists
  primary key (person, change, part)
) strict;
create index change_person_by_time on change_person (person, at, change);
create index change_person_change on change_person (change);

-- How long a change waited for an architect, by the scope that needed one: medians are read from here.
create table architect_wait (
  change      text not null,
  scope       text not null,
  decided_at  integer not null,
  waited      integer not null,     -- microseconds since it was proposed
  primary key (change, scope)
) strict;
create index architect_wait_by_time on architect_wait (decided_at, scope, waited);

create table link (
  id        text primary key,
  repo      text not null,
  pull      integer not null,
  ticket    text not null,
  live      integer not null,
  body      text not null            -- where found, by whom, when
) strict;
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
  started_at   integer not null,
  finished_at  integer,
  deployer     text,
  class        text,
  state        text not null,
  decision     text,
  commits      integer not null,
  changes      integer not null,
  landed       integer not null,        -- the commits by bucket, and the changes by outcome: totals are sums of columns
  direct       integer not null,
  exempt       integer not null,
  plumbing     integer not null,
  pre_ledger   integer not null,
  unresolved   integer not null,
  by_rule      integer not null,
  approved     integer not null,
  emergency    integer not null,
  body         text not null,
  ledger_index integer
) strict;
create index deploy_by_time on deploy (started_at, id);
create index deploy_by_environment on deploy (environment, started_at, id);
create index deploy_by_key on deploy (repo, service, environment, started_at, id);
create index deploy_by_commit on deploy (repo, sha);
create index deploy_by_deployer on deploy (lower(deployer), started_at);

create table deploy_change (
  deploy  text not null,
  change  text not null,
  primary key (deploy, change)
) strict;
create index deploy_change_by_change on deploy_change (change);

-- Facts a decision was made of, by digest, so that it can be recomputed for ever.
create table snapshot (
  digest  text primary key,
  body    blob not null             -- zstd
) strict;

create table decision (
  id            text primary key,
  repo          text not null,
  sha           text not null,
  purpose       text not null,
  environment   text,
  service       text,
  pull          integer,
  state         text not null,
  class         text,
  decided_at    integer not null,
  facts         text not null,       -- snapshot digest
  policy        text not null,       -- JSON: digests of both layers
  body          text not null,       -- the answer, JSON
  ledger_index  integer not null
) strict;
create index decision_by_subject on decision (repo, sha, decided_at);

-- The last answer to a question, and which versions it saw: asking again costs a read.
create table gate_memo (
  question     text primary key,
  decision     text not null,
  repo         text not null,
  seen         text not null,
  holds_until  integer,
  state        text not null,
  pass         integer not null,
  answer       text not null
) strict;

create table exception (
  id         text primary key,
  kind       text not null,
  severity   text not null,
  subject    text not null,
  opened_at  integer not null,
  state      text not null,
  body       text not null
) strict;
create index exception_by_subject on exception (subject);
create index exception_open on exception (opened_at) where state = 'open';

create table policy_text (
  digest  text primary key,
  bytes   blob not null
) strict;
