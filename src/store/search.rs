//! Look-ups by what people type, each by an index: repositories are few, so they are walked and each is asked by its
//! own index; everything else is found, never scanned. `tests/stories/store.rs` reads the plans.

use super::{StoreError, Tx, on, signed};

/// `cross join` keeps the order of the tables: repositories first, then each one's index.
const CHANGES_BY_COMMIT: &str = "select c.id from repository r cross join change c where c.repo = r.id and c.landed_sha >= $1 and c.landed_sha < $2 \
     union select b.change from repository r cross join change_commit b where b.repo = r.id and b.sha >= $1 and b.sha < $2 \
     union select c.id from repository r cross join pull_head h cross join change c where h.repo = r.id and h.sha >= $1 and h.sha < $2 and c.repo = h.repo and c.pull = h.pull \
     order by 1 limit $3";
const DEPLOYS_BY_COMMIT: &str = "select d.id from repository r cross join deploy d where d.repo = r.id and d.sha >= $1 and d.sha < $2 order by d.started_at desc, d.id limit $3";
const DECISIONS_BY_COMMIT: &str = "select d.id from repository r cross join decision d where d.repo = r.id and d.sha >= $1 and d.sha < $2 order by d.decided_at desc, d.id limit $3";
const CHANGES_BY_PULL: &str = "select c.id from repository r cross join change c where c.repo = r.id and c.pull = $1 order by r.name, c.id limit $2";
const DEPLOYS_BY_DEPLOYER: &str =
    "select id from deploy where lower(deployer) = $1 order by started_at desc, id limit $2";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[
    CHANGES_BY_COMMIT,
    DEPLOYS_BY_COMMIT,
    DECISIONS_BY_COMMIT,
    CHANGES_BY_PULL,
    DEPLOYS_BY_DEPLOYER,
];

type Ids = Result<Vec<String>, StoreError>;

fn ids(rows: Vec<(String,)>) -> Vec<String> {
    rows.into_iter().map(|(id,)| id).collect()
}

/// The end of the range of commits that begin with these lower-case digits: `g` comes after every hexadecimal digit.
fn end(start: &str) -> String {
    format!("{start}g")
}

/// Changes that landed as, brought or were proposed at a commit that begins so.
pub async fn changes_by_commit(tx: &mut Tx, start: &str, limit: i64) -> Ids {
    Ok(ids(on!(tx, |conn| sqlx::query_as(CHANGES_BY_COMMIT)
        .bind(start)
        .bind(end(start))
        .bind(limit)
        .fetch_all(conn)
        .await)?))
}

/// Deploys of a commit that begins so, newest first.
pub async fn deploys_by_commit(tx: &mut Tx, start: &str, limit: i64) -> Ids {
    Ok(ids(on!(tx, |conn| sqlx::query_as(DEPLOYS_BY_COMMIT)
        .bind(start)
        .bind(end(start))
        .bind(limit)
        .fetch_all(conn)
        .await)?))
}

/// Decisions about a commit that begins so, newest first.
pub async fn decisions_by_commit(tx: &mut Tx, start: &str, limit: i64) -> Ids {
    Ok(ids(on!(tx, |conn| sqlx::query_as(DECISIONS_BY_COMMIT)
        .bind(start)
        .bind(end(start))
        .bind(limit)
        .fetch_all(conn)
        .await)?))
}

/// Changes of a pull request's number, in every repository.
pub async fn changes_by_pull(tx: &mut Tx, number: u64, limit: i64) -> Ids {
    Ok(ids(on!(tx, |conn| sqlx::query_as(CHANGES_BY_PULL)
        .bind(signed(number))
        .bind(limit)
        .fetch_all(conn)
        .await)?))
}

/// Deploys by a person, newest first; the name without case.
pub async fn deploys_by_deployer(tx: &mut Tx, name: &str, limit: i64) -> Ids {
    Ok(ids(on!(tx, |conn| sqlx::query_as(DEPLOYS_BY_DEPLOYER)
        .bind(name.to_lowercase())
        .bind(limit)
        .fetch_all(conn)
        .await)?))
}
