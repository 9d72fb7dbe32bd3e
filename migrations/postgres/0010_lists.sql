-- Lists that say the whole: what a page of deploys or changes was at a size of the ledger, in every order that is offered,
-- and totals that are sums of counters. A version ends where the ledger says something else: `until` is the index of that entry.

-- The order of lists is that of bytes, as in SQLite.
alter table deploy alter column id type text collate "C", alter column service type text collate "C";
alter table change alter column id type text collate "C";

alter table change add column ledger_index bigint;

create table deploy_past (
  id           text collate "C" not null,
  until        bigint not null,
  repo         text not null,
  service      text collate "C" not null,
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
  landed       bigint not null,
  direct       bigint not null,
  exempt       bigint not null,
  plumbing     bigint not null,
  pre_ledger   bigint not null,
  unresolved   bigint not null,
  by_rule      bigint not null,
  approved     bigint not null,
  emergency    bigint not null,
  body         text not null,
  ledger_index bigint,
  primary key (id, until)
);
create index deploy_past_by_end on deploy_past (until);

create table change_past (
  id           text collate "C" not null,
  until        bigint not null,
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
  sort_at      bigint not null,
  body         text not null,
  ledger_index bigint,
  primary key (id, until)
);
create index change_past_by_end on change_past (until);

-- The filters stand in the indexes: a rare filter is looked for without reading rows.
drop index deploy_by_time;
drop index deploy_by_environment;
drop index change_by_time;
create index deploy_by_time on deploy (started_at, id, environment, service, status, kind, class, state, ledger_index);
create index deploy_by_service on deploy (service, started_at, id, environment, status, kind, class, state, ledger_index);
create index deploy_by_entry on deploy (ledger_index);
create index change_by_time on change (sort_at, id, class, state, repo, ledger_index) where landed_sha is not null;
create index change_by_entry on change (ledger_index) where landed_sha is not null;
create index deploy_past_by_time on deploy_past (started_at, id);
create index deploy_past_by_service on deploy_past (service, started_at, id);
create index change_past_by_time on change_past (sort_at, id);

-- Both halves have the same types: else SQLite would not merge their indexes, but sort all of it.
create view deploy_version as
  select id, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, body, ledger_index, cast(9223372036854775807 as bigint) as until from deploy
  union all
  select id, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, body, ledger_index, until from deploy_past;

-- Changes that landed.
create view change_version as
  select id, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, body, ledger_index, cast(9223372036854775807 as bigint) as until from change where landed_sha is not null
  union all
  select id, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, body, ledger_index, until from change_past;

-- Counters over `deploy`: by day (span 0), by 32 days (1) and over all time (2); by environment and service, by one of them
-- (wide 1: every service, 2: every environment) or by neither (3). What is counted together stands as ''.
create table deploy_total (
  span         bigint not null,
  wide         bigint not null,
  environment  text not null,
  service      text not null,
  at           bigint not null,
  status       text not null,
  kind         text not null,
  class        text not null,
  state        text not null,
  deploys      bigint not null,
  commits      bigint not null,
  changes      bigint not null,
  landed       bigint not null,
  direct       bigint not null,
  exempt       bigint not null,
  plumbing     bigint not null,
  pre_ledger   bigint not null,
  unresolved   bigint not null,
  by_rule      bigint not null,
  approved     bigint not null,
  emergency    bigint not null,
  primary key (span, wide, environment, service, at, status, kind, class, state)
);
create index deploy_total_empty on deploy_total (deploys) where deploys = 0;

-- Counters over changes that landed.
create table change_total (
  span     bigint not null,
  repo     text not null,              -- '': every repository
  at       bigint not null,
  class    text not null,
  state    text not null,
  changes  bigint not null,
  primary key (span, repo, at, class, state)
);
create index change_total_empty on change_total (changes) where changes = 0;
