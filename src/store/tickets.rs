//! Ticket keys, present and former, and the projects whose keys count.

use std::collections::BTreeSet;

use super::{StoreError, Tx, on};

const PUT_KEY: &str = "insert into ticket_key (key, source, ticket) values ($1, $2, $3) on conflict (key, source) do nothing";
const BY_KEY: &str = "select source, ticket from ticket_key where key = $1 order by source";
const PUT_PROJECT: &str =
    "insert into ticket_project (project) values ($1) on conflict (project) do nothing";
const PROJECTS: &str = "select project from ticket_project";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[PUT_KEY, BY_KEY, PUT_PROJECT, PROJECTS];

/// Keeps that a key names a ticket of a source.
pub async fn put_key(tx: &mut Tx, key: &str, source: &str, ticket: &str) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PUT_KEY)
        .bind(key)
        .bind(source)
        .bind(ticket)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Which tickets a key names: `(source, the source's id)`.
pub async fn by_key(tx: &mut Tx, key: &str) -> Result<Vec<(String, String)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(BY_KEY).bind(key).fetch_all(conn).await)?)
}

/// Keeps a project; `true`: it was not known.
pub async fn put_project(tx: &mut Tx, project: &str) -> Result<bool, StoreError> {
    let rows = on!(tx, |conn| sqlx::query(PUT_PROJECT)
        .bind(project)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// All known projects.
pub async fn projects(tx: &mut Tx) -> Result<BTreeSet<String>, StoreError> {
    let rows: Vec<(String,)> = on!(tx, |conn| sqlx::query_as(PROJECTS).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(|(project,)| project).collect())
}
