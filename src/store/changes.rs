//! Changes, and which landing says that it brought which commit.

use serde::{Deserialize, Serialize};

use super::{StoreError, Tx, landed, on, signed, unsigned};

const PUT: &str = "insert into change (id, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, decision, body, evaluated, ledger_index) \
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) \
     on conflict (id) do update set title = excluded.title, branch = excluded.branch, head = excluded.head, landed_sha = excluded.landed_sha, landed_how = excluded.landed_how, \
     landed_at = excluded.landed_at, landed_by = excluded.landed_by, integrity = excluded.integrity, class = excluded.class, state = excluded.state, opened_at = excluded.opened_at, \
     sort_at = excluded.sort_at, decision = excluded.decision, body = excluded.body, evaluated = excluded.evaluated, ledger_index = coalesce(excluded.ledger_index, change.ledger_index)";
const BY_ID: &str = "select id, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, body, ledger_index from change where id = $1";
const BY_PULL: &str = "select id, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, body, ledger_index from change where repo = $1 and pull = $2";
const DECISION: &str = "select decision, evaluated from change where id = $1";
const KEEP_PAST: &str = "insert into change_past (id, until, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, body, ledger_index) \
     select id, $2, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, body, ledger_index from change where id = $1 and landed_sha is not null";
const OF_REPO: &str = "select id from change where repo = $1 order by id";
const PUT_COMMIT: &str = "insert into change_commit (repo, sha, change) values ($1, $2, $3) on conflict (repo, sha, change) do nothing";
const DROP_COMMITS: &str = "delete from change_commit where change = $1";
const DROP: &str = "delete from change where id = $1";
const COMMITS_OF: &str = "select sha from change_commit where change = $1 order by sha";
const ALL: &str = "select id, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, body, ledger_index from change where id > $1 order by id limit $2";
const LANDINGS: &str = "select id, landed_sha, branch from change where repo = $1 and pull is not null and landed_sha is not null";
const OPEN: &str = "select pull from change where repo = $1 and branch = $2 and pull is not null and landed_sha is null order by pull";
const COMMITS: &str = "select sha, change from change_commit where repo = $1";

/// One change as it was at a size of the ledger.
const AT: &str = "select id, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, body, ledger_index from change_version \
     where id = $1 and coalesce(ledger_index, 0) < $2 and until >= $2";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[
    AT,
    OPEN,
    PUT,
    BY_ID,
    BY_PULL,
    DECISION,
    KEEP_PAST,
    OF_REPO,
    PUT_COMMIT,
    DROP_COMMITS,
    DROP,
    COMMITS,
    LANDINGS,
    COMMITS_OF,
    ALL,
];

/// A change as it is kept. Times in microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRow {
    /// Our id.
    pub id: String,
    /// The repository's id.
    pub repo: String,
    /// The pull request; `None`: it landed without one.
    pub pull: Option<u64>,
    /// Its title.
    pub title: String,
    /// The branch it goes to.
    pub branch: String,
    /// The head that was judged.
    pub head: String,
    /// The commit on the branch, once landed.
    pub landed_sha: Option<String>,
    /// In which way.
    pub landed_how: Option<String>,
    /// When.
    pub landed_at: Option<i64>,
    /// By whom.
    pub landed_by: Option<String>,
    /// `intact`, `altered`, `unknown`.
    pub integrity: Option<String>,
    /// Its class.
    pub class: String,
    /// Its state.
    pub state: String,
    /// When it was proposed.
    pub opened_at: Option<i64>,
    /// The order of lists: landed, else proposed.
    pub sort_at: i64,
    /// Everything else that pages show, JSON.
    pub body: String,
    /// The ledger entry of its last judgement that said something new.
    pub ledger_index: Option<u64>,
}

impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for ChangeRow
where
    &'static str: sqlx::ColumnIndex<R>,
    String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<String>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<i64>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            repo: row.try_get("repo")?,
            pull: row.try_get::<Option<i64>, _>("pull")?.map(unsigned),
            title: row.try_get("title")?,
            branch: row.try_get("branch")?,
            head: row.try_get("head")?,
            landed_sha: row.try_get("landed_sha")?,
            landed_how: row.try_get("landed_how")?,
            landed_at: row.try_get("landed_at")?,
            landed_by: row.try_get("landed_by")?,
            integrity: row.try_get("integrity")?,
            class: row.try_get("class")?,
            state: row.try_get("state")?,
            opened_at: row.try_get("opened_at")?,
            sort_at: row.try_get("sort_at")?,
            body: row.try_get("body")?,
            ledger_index: row.try_get::<Option<i64>, _>("ledger_index")?.map(unsigned),
        })
    }
}

/// Keeps a change with its last decision and the versions its evaluation saw. With a new ledger index it is a new version:
/// what was said of it since it landed stays readable at the sizes of the ledger at which it was said.
pub async fn put(
    tx: &mut Tx,
    change: &ChangeRow,
    decision: Option<&str>,
    evaluated: &str,
) -> Result<(), StoreError> {
    if let Some(index) = change.ledger_index {
        keep_past(tx, &change.id, index).await?;
    }
    landed::COUNTERS.count(tx, &change.id, -1).await?;
    write(tx, change, decision, evaluated).await?;
    landed::COUNTERS.count(tx, &change.id, 1).await?;
    landed::COUNTERS.tidy(tx).await
}

async fn keep_past(tx: &mut Tx, id: &str, until: u64) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(KEEP_PAST)
        .bind(id)
        .bind(signed(until))
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

async fn write(
    tx: &mut Tx,
    change: &ChangeRow,
    decision: Option<&str>,
    evaluated: &str,
) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PUT)
        .bind(&change.id)
        .bind(&change.repo)
        .bind(change.pull.map(signed))
        .bind(&change.title)
        .bind(&change.branch)
        .bind(&change.head)
        .bind(&change.landed_sha)
        .bind(&change.landed_how)
        .bind(change.landed_at)
        .bind(&change.landed_by)
        .bind(&change.integrity)
        .bind(&change.class)
        .bind(&change.state)
        .bind(change.opened_at)
        .bind(change.sort_at)
        .bind(decision)
        .bind(&change.body)
        .bind(evaluated)
        .bind(change.ledger_index.map(signed))
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// One change.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<ChangeRow>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(BY_ID).bind(id).fetch_optional(conn).await)?)
}

/// A landed change as it was at a size of the ledger; `None`: it was not known, or had not landed.
pub async fn at(tx: &mut Tx, id: &str, size: i64) -> Result<Option<ChangeRow>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(AT).bind(id).bind(size).fetch_optional(conn).await)?)
}

/// The change of a pull request.
pub async fn by_pull(tx: &mut Tx, repo: &str, pull: u64) -> Result<Option<ChangeRow>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(BY_PULL)
        .bind(repo)
        .bind(signed(pull))
        .fetch_optional(conn)
        .await)?)
}

/// The last decision about a change, and the versions its evaluation saw.
pub async fn evaluation(
    tx: &mut Tx,
    id: &str,
) -> Result<Option<(Option<String>, String)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(DECISION).bind(id).fetch_optional(conn).await)?)
}

/// Ids of all changes of a repository.
pub async fn of_repo(tx: &mut Tx, repo: &str) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> =
        on!(tx, |conn| sqlx::query_as(OF_REPO).bind(repo).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Says which commits a change's landing brought to its branch. What others say of the same commits stays.
pub async fn put_commits(
    tx: &mut Tx,
    repo: &str,
    change: &str,
    commits: &[String],
) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(DROP_COMMITS).bind(change).execute(conn).await.map(|_| ()))?;
    for sha in commits {
        on!(tx, |conn| sqlx::query(PUT_COMMIT)
            .bind(repo)
            .bind(sha)
            .bind(change)
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    Ok(())
}

/// Removes a change that turned out to be part of another (a direct commit that a pull request explains), by the entry
/// that says so.
pub async fn remove(tx: &mut Tx, id: &str, index: u64) -> Result<(), StoreError> {
    keep_past(tx, id, index).await?;
    landed::COUNTERS.count(tx, id, -1).await?;
    landed::COUNTERS.tidy(tx).await?;
    on!(tx, |conn| sqlx::query(DROP).bind(id).execute(conn).await.map(|_| ()))?;
    Ok(())
}

/// All commits of a repository that changes say they brought: `(commit, change)`; one commit may stand there twice.
pub async fn commits(tx: &mut Tx, repo: &str) -> Result<Vec<(String, String)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(COMMITS).bind(repo).fetch_all(conn).await)?)
}

/// Every landing of a repository that came through a pull request: `(change, commit, branch)`.
pub async fn landings(
    tx: &mut Tx,
    repo: &str,
) -> Result<Vec<(String, String, String)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(LANDINGS).bind(repo).fetch_all(conn).await)?)
}

/// The commits that a change's landing brought, sorted.
pub async fn commits_of(tx: &mut Tx, change: &str) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> =
        on!(tx, |conn| sqlx::query_as(COMMITS_OF).bind(change).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(|(sha,)| sha).collect())
}

/// Changes by id after one, for the digest of the whole state.
pub async fn page(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<ChangeRow>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(ALL).bind(after).bind(limit).fetch_all(conn).await)?)
}

/// Pull requests for a branch that have not landed, open or not.
pub async fn not_landed(tx: &mut Tx, repo: &str, branch: &str) -> Result<Vec<u64>, StoreError> {
    let rows: Vec<(i64,)> =
        on!(tx, |conn| sqlx::query_as(OPEN).bind(repo).bind(branch).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(|(pull,)| unsigned(pull)).collect())
}
