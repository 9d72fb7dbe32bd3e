//! Deploys with their attribution: the auditor's population.

use super::{StoreError, Tx, on, signed, unsigned};

const PUT: &str = "insert into deploy (id, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, commits, changes, landed, direct, exempt, plumbing, pre_ledger, unresolved, by_rule, approved, emergency, body, ledger_index) \
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27) \
     on conflict (id) do update set service = excluded.service, environment = excluded.environment, sha = excluded.sha, previous = excluded.previous, status = excluded.status, kind = excluded.kind, \
     started_at = excluded.started_at, finished_at = excluded.finished_at, deployer = excluded.deployer, class = excluded.class, state = excluded.state, decision = excluded.decision, \
     commits = excluded.commits, changes = excluded.changes, landed = excluded.landed, direct = excluded.direct, exempt = excluded.exempt, plumbing = excluded.plumbing, \
     pre_ledger = excluded.pre_ledger, unresolved = excluded.unresolved, by_rule = excluded.by_rule, approved = excluded.approved, emergency = excluded.emergency, body = excluded.body, ledger_index = coalesce(excluded.ledger_index, deploy.ledger_index)";
const GET: &str = "select id, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, body, ledger_index from deploy where id = $1";
const OF_KEY: &str = "select id, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, body, ledger_index from deploy \
     where repo = $1 and service = $2 and environment = $3 order by started_at, id";
const OF_REPO: &str = "select id, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, body, ledger_index from deploy \
     where repo = $1 order by started_at, id";
const LIST: &str = "select id, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, body, ledger_index from deploy \
     where (started_at < $1 or (started_at = $1 and id < $2)) \
     and (cast($3 as text) is null or environment = $3) and (cast($4 as text) is null or service = $4) and (cast($5 as text) is null or status = $5) \
     and (cast($6 as text) is null or kind = $6) and (cast($7 as text) is null or class = $7) and (cast($8 as text) is null or state = $8) \
     and started_at >= $9 and started_at < $10 order by started_at desc, id desc limit $11";
const TOTALS: &str = "select count(*), cast(coalesce(sum(commits), 0) as bigint), cast(coalesce(sum(changes), 0) as bigint), cast(coalesce(sum(landed), 0) as bigint), cast(coalesce(sum(direct), 0) as bigint), cast(coalesce(sum(exempt), 0) as bigint), cast(coalesce(sum(plumbing), 0) as bigint), cast(coalesce(sum(pre_ledger), 0) as bigint), cast(coalesce(sum(unresolved), 0) as bigint), cast(coalesce(sum(by_rule), 0) as bigint), cast(coalesce(sum(approved), 0) as bigint), cast(coalesce(sum(emergency), 0) as bigint) from deploy \
     where (cast($1 as text) is null or environment = $1) and (cast($2 as text) is null or service = $2) and (cast($3 as text) is null or status = $3) \
     and (cast($4 as text) is null or kind = $4) and (cast($5 as text) is null or class = $5) and (cast($6 as text) is null or state = $6) \
     and started_at >= $7 and started_at < $8";
const GROUPS: &str = "select environment, service, class, state, status, count(*) from deploy where started_at >= $1 and started_at < $2 \
     group by environment, service, class, state, status order by environment, service, class, state, status";
const DAYS: &str = "select started_at / 86400000000, class, count(*) from deploy where (cast($1 as text) is null or environment = $1) and (cast($2 as text) is null or service = $2) and started_at >= $3 and started_at < $4 group by 1, 2 order by 1, 2";
const RAISED: &str = "select count(*) from deploy d where (cast($1 as text) is null or d.environment = $1) and (cast($2 as text) is null or d.service = $2) and d.started_at >= $3 and d.started_at < $4 \
     and d.id in (select substr(e.subject, 8) from exception e where e.subject like 'deploy:%')";
const PLACES: &str =
    "select distinct environment, service from deploy order by environment, service";
const ALL: &str = "select id, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, body, ledger_index from deploy \
     where id > $1 order by id limit $2";
const PUT_CHANGE: &str =
    "insert into deploy_change (deploy, change) values ($1, $2) on conflict do nothing";
const DROP_CHANGES: &str = "delete from deploy_change where deploy = $1";
const WITH_CHANGE: &str = "select id, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, body, ledger_index from deploy \
     where id in (select deploy from deploy_change where change = $1) order by started_at, id";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[
    PUT,
    GET,
    OF_KEY,
    OF_REPO,
    LIST,
    TOTALS,
    GROUPS,
    DAYS,
    RAISED,
    PLACES,
    PUT_CHANGE,
    DROP_CHANGES,
    WITH_CHANGE,
    ALL,
];

/// A deploy as it is kept. Times in microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployRow {
    /// Our id.
    pub id: String,
    /// The repository's id.
    pub repo: String,
    /// What was deployed.
    pub service: String,
    /// Where to.
    pub environment: String,
    /// The commit.
    pub sha: String,
    /// The commit it is measured against.
    pub previous: Option<String>,
    /// `started`, `succeeded`, `failed`, `rolled_back`.
    pub status: String,
    /// `baseline`, `forward`, `rollback`, `redeploy`, `hotfix`, `history_rewritten`, `unresolved`.
    pub kind: String,
    /// When it began.
    pub started_at: i64,
    /// When it ended.
    pub finished_at: Option<i64>,
    /// Who.
    pub deployer: Option<String>,
    /// The highest class of what it brought; `None`: nothing.
    pub class: Option<String>,
    /// The gate's state for it.
    pub state: String,
    /// The decision about it.
    pub decision: Option<String>,
    /// Everything else, JSON.
    pub body: String,
    /// The ledger entry of its attribution.
    pub ledger_index: Option<u64>,
}

type Flat = (
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    String,
    String,
    i64,
    Option<i64>,
    Option<String>,
    Option<String>,
    String,
    Option<String>,
    String,
    Option<i64>,
);

fn row(flat: Flat) -> DeployRow {
    let (
        id,
        repo,
        service,
        environment,
        sha,
        previous,
        status,
        kind,
        started_at,
        finished_at,
        deployer,
        class,
        state,
        decision,
        body,
        index,
    ) = flat;
    DeployRow {
        id,
        repo,
        service,
        environment,
        sha,
        previous,
        status,
        kind,
        started_at,
        finished_at,
        deployer,
        class,
        state,
        decision,
        body,
        ledger_index: index.map(unsigned),
    }
}

/// Sums over one deploy or many: commits by bucket, changes by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Deploys.
    pub deploys: u64,
    /// Commits brought in.
    pub commits: u64,
    /// Changes brought in.
    pub changes: u64,
    /// Commits landed by a change.
    pub landed: u64,
    /// Commits without a pull request.
    pub direct: u64,
    /// Commits that policy exempts.
    pub exempt: u64,
    /// Merges that add nothing.
    pub plumbing: u64,
    /// Commits older than the ledger.
    pub pre_ledger: u64,
    /// Commits that could not be told.
    pub unresolved: u64,
    /// Changes passed by rule.
    pub by_rule: u64,
    /// Changes that people approved.
    pub approved: u64,
    /// Changes under an emergency.
    pub emergency: u64,
}

/// Keeps a deploy with its sums and which changes it brought.
pub async fn put(
    tx: &mut Tx,
    deploy: &DeployRow,
    tally: &Tally,
    changes: &[String],
) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PUT)
        .bind(&deploy.id)
        .bind(&deploy.repo)
        .bind(&deploy.service)
        .bind(&deploy.environment)
        .bind(&deploy.sha)
        .bind(&deploy.previous)
        .bind(&deploy.status)
        .bind(&deploy.kind)
        .bind(deploy.started_at)
        .bind(deploy.finished_at)
        .bind(&deploy.deployer)
        .bind(&deploy.class)
        .bind(&deploy.state)
        .bind(&deploy.decision)
        .bind(signed(tally.commits))
        .bind(signed(changes.len() as u64))
        .bind(signed(tally.landed))
        .bind(signed(tally.direct))
        .bind(signed(tally.exempt))
        .bind(signed(tally.plumbing))
        .bind(signed(tally.pre_ledger))
        .bind(signed(tally.unresolved))
        .bind(signed(tally.by_rule))
        .bind(signed(tally.approved))
        .bind(signed(tally.emergency))
        .bind(&deploy.body)
        .bind(deploy.ledger_index.map(signed))
        .execute(conn)
        .await
        .map(|_| ()))?;
    on!(tx, |conn| sqlx::query(DROP_CHANGES).bind(&deploy.id).execute(conn).await.map(|_| ()))?;
    for change in changes {
        on!(tx, |conn| sqlx::query(PUT_CHANGE)
            .bind(&deploy.id)
            .bind(change)
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    Ok(())
}

/// One deploy.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<DeployRow>, StoreError> {
    let flat: Option<Flat> =
        on!(tx, |conn| sqlx::query_as(GET).bind(id).fetch_optional(conn).await)?;
    Ok(flat.map(row))
}

/// All deploys of a service to an environment from a repository, in order of their beginning.
pub async fn of_key(
    tx: &mut Tx,
    repo: &str,
    service: &str,
    environment: &str,
) -> Result<Vec<DeployRow>, StoreError> {
    let rows: Vec<Flat> = on!(tx, |conn| sqlx::query_as(OF_KEY)
        .bind(repo)
        .bind(service)
        .bind(environment)
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// All deploys of a repository, in order of their beginning.
pub async fn of_repo(tx: &mut Tx, repo: &str) -> Result<Vec<DeployRow>, StoreError> {
    let rows: Vec<Flat> = on!(tx, |conn| sqlx::query_as(OF_REPO).bind(repo).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// The deploys that brought a change.
pub async fn with_change(tx: &mut Tx, change: &str) -> Result<Vec<DeployRow>, StoreError> {
    let rows: Vec<Flat> =
        on!(tx, |conn| sqlx::query_as(WITH_CHANGE).bind(change).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// Which deploys a list shows. Times in microseconds, `until` excluded.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// To one environment.
    pub environment: Option<String>,
    /// Of one service.
    pub service: Option<String>,
    /// With one result.
    pub status: Option<String>,
    /// Of one kind.
    pub kind: Option<String>,
    /// Of one highest class.
    pub class: Option<String>,
    /// In one state.
    pub state: Option<String>,
    /// From.
    pub from: i64,
    /// Until.
    pub until: i64,
}

/// Deploys before a place (`started_at`, id), newest first.
pub async fn list(
    tx: &mut Tx,
    filter: &Filter,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<DeployRow>, StoreError> {
    let rows: Vec<Flat> = on!(tx, |conn| sqlx::query_as(LIST)
        .bind(before.0)
        .bind(before.1)
        .bind(&filter.environment)
        .bind(&filter.service)
        .bind(&filter.status)
        .bind(&filter.kind)
        .bind(&filter.class)
        .bind(&filter.state)
        .bind(filter.from)
        .bind(filter.until)
        .bind(limit)
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(row).collect())
}

type Sums = (i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64, i64);

/// Sums over every deploy that matches.
pub async fn totals(tx: &mut Tx, filter: &Filter) -> Result<Tally, StoreError> {
    let sums: Sums = on!(tx, |conn| sqlx::query_as(TOTALS)
        .bind(&filter.environment)
        .bind(&filter.service)
        .bind(&filter.status)
        .bind(&filter.kind)
        .bind(&filter.class)
        .bind(&filter.state)
        .bind(filter.from)
        .bind(filter.until)
        .fetch_one(conn)
        .await)?;
    Ok(Tally {
        deploys: unsigned(sums.0),
        commits: unsigned(sums.1),
        changes: unsigned(sums.2),
        landed: unsigned(sums.3),
        direct: unsigned(sums.4),
        exempt: unsigned(sums.5),
        plumbing: unsigned(sums.6),
        pre_ledger: unsigned(sums.7),
        unresolved: unsigned(sums.8),
        by_rule: unsigned(sums.9),
        approved: unsigned(sums.10),
        emergency: unsigned(sums.11),
    })
}

/// A count by environment, service, class, state and result.
pub type Group = (String, String, Option<String>, String, String, i64);

/// Counts in a period.
pub async fn groups(tx: &mut Tx, from: i64, until: i64) -> Result<Vec<Group>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(GROUPS).bind(from).bind(until).fetch_all(conn).await)?)
}

/// Counts by day (days since 1970-01-01) and class, of a filter's environment, service and period.
pub async fn days(
    tx: &mut Tx,
    filter: &Filter,
) -> Result<Vec<(i64, Option<String>, i64)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(DAYS)
        .bind(&filter.environment)
        .bind(&filter.service)
        .bind(filter.from)
        .bind(filter.until)
        .fetch_all(conn)
        .await)?)
}

/// How many deploys of a filter's environment, service and period have an exception, in whatever state.
pub async fn raised(tx: &mut Tx, filter: &Filter) -> Result<u64, StoreError> {
    let (count,): (i64,) = on!(tx, |conn| sqlx::query_as(RAISED)
        .bind(&filter.environment)
        .bind(&filter.service)
        .bind(filter.from)
        .bind(filter.until)
        .fetch_one(conn)
        .await)?;
    Ok(unsigned(count))
}

/// Every environment and service that something was deployed to.
pub async fn places(tx: &mut Tx) -> Result<Vec<(String, String)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(PLACES).fetch_all(conn).await)?)
}

/// Deploys by id after one, for the digest of the whole state.
pub async fn page(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<DeployRow>, StoreError> {
    let rows: Vec<Flat> =
        on!(tx, |conn| sqlx::query_as(ALL).bind(after).bind(limit).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}
