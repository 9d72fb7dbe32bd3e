//! Which pull requests ever had a commit as their head.

use super::{StoreError, Tx, on, signed, unsigned};

const PUT_HEAD: &str =
    "insert into pull_head (repo, sha, pull) values ($1, $2, $3) on conflict do nothing";
const BY_HEAD: &str = "select pull from pull_head where repo = $1 and sha = $2 order by pull";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[PUT_HEAD, BY_HEAD];

/// Keeps that a pull request had a commit as its head.
pub async fn put_head(tx: &mut Tx, repo: &str, sha: &str, pull: u64) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PUT_HEAD)
        .bind(repo)
        .bind(sha)
        .bind(signed(pull))
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Pull requests that have or had this commit as their head.
pub async fn by_head(tx: &mut Tx, repo: &str, sha: &str) -> Result<Vec<u64>, StoreError> {
    let rows: Vec<(i64,)> =
        on!(tx, |conn| sqlx::query_as(BY_HEAD).bind(repo).bind(sha).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(|(pull,)| unsigned(pull)).collect())
}
