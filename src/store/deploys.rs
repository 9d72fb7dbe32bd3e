//! Deploys with their attribution: the auditor's population.

use serde::{Deserialize, Serialize};

use super::{StoreError, Tx, on, population, signed, unsigned};

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
const ALL: &str = "select id, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, body, ledger_index from deploy \
     where id > $1 order by id limit $2";
const KEEP_PAST: &str = "insert into deploy_past (id, until, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, commits, changes, landed, direct, exempt, plumbing, pre_ledger, unresolved, by_rule, approved, emergency, body, ledger_index) \
     select id, $2, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, commits, changes, landed, direct, exempt, plumbing, pre_ledger, unresolved, by_rule, approved, emergency, body, ledger_index from deploy where id = $1";
const PUT_CHANGE: &str =
    "insert into deploy_change (deploy, change) values ($1, $2) on conflict do nothing";
const DROP_CHANGES: &str = "delete from deploy_change where deploy = $1";
const WITH_CHANGE: &str = "select id, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, body, ledger_index from deploy \
     where id in (select deploy from deploy_change where change = $1) order by started_at, id";
const FIRST_WITH_CHANGE: &str = "select id, environment, started_at from deploy_version where id in (select deploy from deploy_change where change = $1) \
     and status = 'succeeded' and (cast($2 as text) is null or environment = $2) and coalesce(ledger_index, 0) < $3 and until >= $3 order by started_at, id limit 1";

/// One deploy as it was at a size of the ledger.
const AT: &str = "select id, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, body, ledger_index from deploy_version \
     where id = $1 and coalesce(ledger_index, 0) < $2 and until >= $2";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[
    AT,
    PUT,
    GET,
    OF_KEY,
    OF_REPO,
    KEEP_PAST,
    PUT_CHANGE,
    DROP_CHANGES,
    WITH_CHANGE,
    FIRST_WITH_CHANGE,
    ALL,
];

/// A deploy as it is kept. Times in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

pub(super) type Flat = (
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

pub(super) fn row(flat: Flat) -> DeployRow {
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

/// Keeps a deploy with its sums and which changes it brought. With a new ledger index it is a new version: what was said of
/// it before stays readable at the sizes of the ledger at which it was said.
pub async fn put(
    tx: &mut Tx,
    deploy: &DeployRow,
    tally: &Tally,
    changes: &[String],
) -> Result<(), StoreError> {
    if let Some(index) = deploy.ledger_index.map(signed) {
        on!(tx, |conn| sqlx::query(KEEP_PAST)
            .bind(&deploy.id)
            .bind(index)
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    population::COUNTERS.count(tx, &deploy.id, -1).await?;
    write(tx, deploy, tally, changes).await?;
    population::COUNTERS.count(tx, &deploy.id, 1).await?;
    population::COUNTERS.tidy(tx).await
}

async fn write(
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

/// A deploy as it was at a size of the ledger; `None`: it was not known.
pub async fn at(tx: &mut Tx, id: &str, size: i64) -> Result<Option<DeployRow>, StoreError> {
    let flat: Option<Flat> =
        on!(tx, |conn| sqlx::query_as(AT).bind(id).bind(size).fetch_optional(conn).await)?;
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

/// The first deploy that succeeded with a change, in an environment or anywhere, as known at a size of the ledger: id,
/// environment, when it began.
pub async fn first_with_change(
    tx: &mut Tx,
    change: &str,
    environment: Option<&str>,
    size: i64,
) -> Result<Option<(String, String, i64)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(FIRST_WITH_CHANGE)
        .bind(change)
        .bind(environment)
        .bind(size)
        .fetch_optional(conn)
        .await)?)
}

/// Deploys by id after one, for the digest of the whole state.
pub async fn page(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<DeployRow>, StoreError> {
    let rows: Vec<Flat> =
        on!(tx, |conn| sqlx::query_as(ALL).bind(after).bind(limit).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}
