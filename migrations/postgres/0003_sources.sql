-- What the sources say, as folds over their events: one value per pull request, ticket, team, deployment, push, …
create table aggregate (
  kind   text not null,
  key    text not null,
  body   text not null,
  primary key (kind, key)
);

create table repository (
  id              text primary key,
  source          text not null,
  external_id     text,
  name            text not null,
  default_branch  text,
  configured      bigint not null,
  fetched_at      bigint,
  fetch_error     text
);
create unique index repository_external on repository (source, external_id);
create index repository_name on repository (name);

create table account (
  source  text not null,
  id      text not null,
  login   text not null,             -- as last seen
  folded  text not null,             -- without case, for look-ups
  kind    text not null,
  primary key (source, id)
);
create index account_login on account (source, folded);

-- Who a source says wrote a commit.
create table commit_account (
  repo       text not null,
  sha        text not null,
  author     text,                   -- account id
  committer  text,
  by_source  bigint not null,       -- 1: the source made it itself for its author
  primary key (repo, sha)
);

-- Who, signed in at the source, brought a commit to a ref.
create table commit_pusher (
  repo       text not null,
  sha        text not null,
  reference  text not null,
  account    text not null,
  primary key (repo, sha, reference, account)
);

-- Every head that a pull request ever had.
create table pull_head (
  repo  text not null,
  sha   text not null,
  pull  bigint not null,
  primary key (repo, sha, pull)
);

-- A merge queue's groups: which commit, on what, for which branch; and the commits of the branch's line that each brings.
create table merge_group (
  repo    text not null,
  head    text not null,
  base    text not null,
  branch  text not null,
  primary key (repo, head)
);

create table merge_group_commit (
  repo  text not null,
  sha   text not null,
  head  text not null,
  primary key (repo, sha, head)
);
create index merge_group_commit_head on merge_group_commit (repo, head);

create table ticket_key (
  key     text not null,
  source  text not null,
  ticket  text not null,
  primary key (key, source)
);

create table ticket_project (
  project  text primary key
);

-- Counters that move whenever a fact moves: a remembered answer is good while they stand still.
create table version (
  scope  text primary key,
  n      bigint not null
);
