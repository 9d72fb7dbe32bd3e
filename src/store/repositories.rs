//! Repositories: configured ones by source and name until their forge's id is known, then by that id.

use super::{StoreError, Tx, on};

const PUT: &str = "insert into repository (id, source, external_id, name, default_branch, configured) values ($1, $2, $3, $4, $5, $6) \
     on conflict (id) do update set external_id = coalesce(repository.external_id, excluded.external_id), name = excluded.name, \
     default_branch = coalesce(excluded.default_branch, repository.default_branch), configured = excluded.configured";
const BY_ID: &str = "select id, source, external_id, name, default_branch, configured, fetched_at, fetch_error from repository where id = $1";
const BY_EXTERNAL: &str = "select id, source, external_id, name, default_branch, configured, fetched_at, fetch_error from repository where source = $1 and external_id = $2";
const BY_NAME: &str = "select id, source, external_id, name, default_branch, configured, fetched_at, fetch_error from repository where name = $1 order by configured desc, id";
const ALL: &str = "select id, source, external_id, name, default_branch, configured, fetched_at, fetch_error from repository order by name, id";
const SET_FETCHED: &str = "update repository set fetched_at = $2, fetch_error = $3 where id = $1";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[PUT, BY_ID, BY_EXTERNAL, BY_NAME, ALL, SET_FETCHED];

/// A repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Our id.
    pub id: String,
    /// Its source.
    pub source: String,
    /// The forge's immutable id, once known.
    pub external_id: Option<String>,
    /// `owner/name`, as last seen; for display.
    pub name: String,
    /// The default branch, where known.
    pub default_branch: Option<String>,
    /// It is in the configuration: it has a mirror.
    pub configured: bool,
    /// When its mirror was last fetched, microseconds.
    pub fetched_at: Option<i64>,
    /// Why the last fetch failed.
    pub fetch_error: Option<String>,
}

type Flat =
    (String, String, Option<String>, String, Option<String>, i64, Option<i64>, Option<String>);

fn row(flat: Flat) -> Repository {
    let (id, source, external_id, name, default_branch, configured, fetched_at, fetch_error) = flat;
    Repository {
        id,
        source,
        external_id,
        name,
        default_branch,
        configured: configured != 0,
        fetched_at,
        fetch_error,
    }
}

/// Keeps a repository; a known forge id is never replaced.
pub async fn put(tx: &mut Tx, repository: &Repository) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PUT)
        .bind(&repository.id)
        .bind(&repository.source)
        .bind(&repository.external_id)
        .bind(&repository.name)
        .bind(&repository.default_branch)
        .bind(i64::from(repository.configured))
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// By our id.
pub async fn by_id(tx: &mut Tx, id: &str) -> Result<Option<Repository>, StoreError> {
    let flat: Option<Flat> =
        on!(tx, |conn| sqlx::query_as(BY_ID).bind(id).fetch_optional(conn).await)?;
    Ok(flat.map(row))
}

/// By the forge's id.
pub async fn by_external(
    tx: &mut Tx,
    source: &str,
    external: &str,
) -> Result<Option<Repository>, StoreError> {
    let flat: Option<Flat> = on!(tx, |conn| sqlx::query_as(BY_EXTERNAL)
        .bind(source)
        .bind(external)
        .fetch_optional(conn)
        .await)?;
    Ok(flat.map(row))
}

/// By name, configured ones first. Several sources may have one name.
pub async fn by_name(tx: &mut Tx, name: &str) -> Result<Vec<Repository>, StoreError> {
    let rows: Vec<Flat> = on!(tx, |conn| sqlx::query_as(BY_NAME).bind(name).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// All of them, by name.
pub async fn all(tx: &mut Tx) -> Result<Vec<Repository>, StoreError> {
    let rows: Vec<Flat> = on!(tx, |conn| sqlx::query_as(ALL).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// Records how the last fetch of the mirror ended.
pub async fn set_fetched(
    tx: &mut Tx,
    id: &str,
    at: i64,
    error: Option<&str>,
) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(SET_FETCHED)
        .bind(id)
        .bind(at)
        .bind(error)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}
