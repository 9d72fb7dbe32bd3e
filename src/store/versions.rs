//! Counters that move whenever a fact moves. A remembered answer is good while its counters stand still.

use super::{StoreError, Tx, on};

const BUMP: &str = "insert into version (scope, n) values ($1, 1) on conflict (scope) do update set n = version.n + 1";
const GET: &str = "select cast(coalesce(max(n), 0) as bigint) from version where scope = $1";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[BUMP, GET];

/// The scope of facts that concern every repository: people, roles, teams, tickets, policy.
pub const EVERYWHERE: &str = "*";

/// Moves a counter.
pub async fn bump(tx: &mut Tx, scope: &str) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(BUMP).bind(scope).execute(conn).await.map(|_| ()))?;
    Ok(())
}

/// What the counters of a repository say now, as one text.
pub async fn seen(tx: &mut Tx, repo: &str) -> Result<String, StoreError> {
    let (all,): (i64,) =
        on!(tx, |conn| sqlx::query_as(GET).bind(EVERYWHERE).fetch_one(conn).await)?;
    let (own,): (i64,) = on!(tx, |conn| sqlx::query_as(GET).bind(repo).fetch_one(conn).await)?;
    Ok(format!("{all}.{own}"))
}
