//! Changes, and which landing says that it brought which commit.

use super::{StoreError, Tx, on, signed, unsigned};

const PUT: &str = "insert into change (id, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, decision, body, evaluated) \
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) \
     on conflict (id) do update set title = excluded.title, branch = excluded.branch, head = excluded.head, landed_sha = excluded.landed_sha, landed_how = excluded.landed_how, \
     landed_at = excluded.landed_at, landed_by = excluded.landed_by, integrity = excluded.integrity, class = excluded.class, state = excluded.state, opened_at = excluded.opened_at, \
     sort_at = excluded.sort_at, decision = excluded.decision, body = excluded.body, evaluated = excluded.evaluated";
const BY_ID: &str = "select id, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, body from change where id = $1";
const BY_PULL: &str = "select id, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, body from change where repo = $1 and pull = $2";
const DECISION: &str = "select decision, evaluated from change where id = $1";
const LIST: &str = "select id, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, body from change \
     where landed_sha is not null and (sort_at < $1 or (sort_at = $1 and id < $2)) \
     and (cast($3 as text) is null or repo = $3) and (cast($4 as text) is null or class = $4) and (cast($5 as text) is null or state = $5) \
     and sort_at >= $6 and sort_at < $7 order by sort_at desc, id desc limit $8";
const COUNT: &str = "select count(*), cast(coalesce(sum(case when state in ('auto_approved', 'approved', 'emergency_open') then 1 else 0 end), 0) as bigint) from change \
     where landed_sha is not null and (cast($1 as text) is null or repo = $1) and (cast($2 as text) is null or class = $2) and (cast($3 as text) is null or state = $3) \
     and sort_at >= $4 and sort_at < $5";
const GROUPS: &str = "select class, state, count(*) from change where landed_sha is not null and sort_at >= $1 and sort_at < $2 group by class, state order by class, state";
const OF_REPO: &str = "select id from change where repo = $1 order by id";
const PUT_COMMIT: &str = "insert into change_commit (repo, sha, change) values ($1, $2, $3) on conflict (repo, sha, change) do nothing";
const DROP_COMMITS: &str = "delete from change_commit where change = $1";
const DROP: &str = "delete from change where id = $1";
const COMMITS_OF: &str = "select sha from change_commit where change = $1 order by sha";
const ALL: &str = "select id, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, body from change where id > $1 order by id limit $2";
const LANDINGS: &str = "select id, landed_sha, branch from change where repo = $1 and pull is not null and landed_sha is not null";
const OPEN: &str = "select pull from change where repo = $1 and branch = $2 and pull is not null and landed_sha is null order by pull";
const COMMITS: &str = "select sha, change from change_commit where repo = $1";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[
    OPEN,
    PUT,
    BY_ID,
    BY_PULL,
    DECISION,
    LIST,
    COUNT,
    GROUPS,
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

type Flat = (
    String,
    String,
    Option<i64>,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<String>,
    String,
    String,
    Option<i64>,
    i64,
    String,
);

fn row(flat: Flat) -> ChangeRow {
    let (
        id,
        repo,
        pull,
        title,
        branch,
        head,
        landed_sha,
        landed_how,
        landed_at,
        landed_by,
        integrity,
        class,
        state,
        opened_at,
        sort_at,
        body,
    ) = flat;
    ChangeRow {
        id,
        repo,
        pull: pull.map(unsigned),
        title,
        branch,
        head,
        landed_sha,
        landed_how,
        landed_at,
        landed_by,
        integrity,
        class,
        state,
        opened_at,
        sort_at,
        body,
    }
}

/// Keeps a change with its last decision and the versions its evaluation saw.
pub async fn put(
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
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// One change.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<ChangeRow>, StoreError> {
    let flat: Option<Flat> =
        on!(tx, |conn| sqlx::query_as(BY_ID).bind(id).fetch_optional(conn).await)?;
    Ok(flat.map(row))
}

/// The change of a pull request.
pub async fn by_pull(tx: &mut Tx, repo: &str, pull: u64) -> Result<Option<ChangeRow>, StoreError> {
    let flat: Option<Flat> = on!(tx, |conn| sqlx::query_as(BY_PULL)
        .bind(repo)
        .bind(signed(pull))
        .fetch_optional(conn)
        .await)?;
    Ok(flat.map(row))
}

/// The last decision about a change, and the versions its evaluation saw.
pub async fn evaluation(
    tx: &mut Tx,
    id: &str,
) -> Result<Option<(Option<String>, String)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(DECISION).bind(id).fetch_optional(conn).await)?)
}

/// Which changes a list shows. Times in microseconds, `until` excluded.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of one repository.
    pub repo: Option<String>,
    /// Of one class.
    pub class: Option<String>,
    /// In one state.
    pub state: Option<String>,
    /// From.
    pub from: i64,
    /// Until.
    pub until: i64,
}

/// Landed changes before a place (`sort_at`, id), newest first.
pub async fn list(
    tx: &mut Tx,
    filter: &Filter,
    before: (i64, &str),
    limit: i64,
) -> Result<Vec<ChangeRow>, StoreError> {
    let rows: Vec<Flat> = on!(tx, |conn| sqlx::query_as(LIST)
        .bind(before.0)
        .bind(before.1)
        .bind(&filter.repo)
        .bind(&filter.class)
        .bind(&filter.state)
        .bind(filter.from)
        .bind(filter.until)
        .bind(limit)
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// How many landed changes match, and how many of them pass.
pub async fn count(tx: &mut Tx, filter: &Filter) -> Result<(u64, u64), StoreError> {
    let (all, passing): (i64, i64) = on!(tx, |conn| sqlx::query_as(COUNT)
        .bind(&filter.repo)
        .bind(&filter.class)
        .bind(&filter.state)
        .bind(filter.from)
        .bind(filter.until)
        .fetch_one(conn)
        .await)?;
    Ok((unsigned(all), unsigned(passing)))
}

/// Counts by class and state in a period.
pub async fn groups(
    tx: &mut Tx,
    from: i64,
    until: i64,
) -> Result<Vec<(String, String, i64)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(GROUPS).bind(from).bind(until).fetch_all(conn).await)?)
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

/// Removes a change that turned out to be part of another (a direct commit that a pull request explains).
pub async fn remove(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
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
    let rows: Vec<Flat> =
        on!(tx, |conn| sqlx::query_as(ALL).bind(after).bind(limit).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// Pull requests for a branch that have not landed, open or not.
pub async fn not_landed(tx: &mut Tx, repo: &str, branch: &str) -> Result<Vec<u64>, StoreError> {
    let rows: Vec<(i64,)> =
        on!(tx, |conn| sqlx::query_as(OPEN).bind(repo).bind(branch).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(|(pull,)| unsigned(pull)).collect())
}
