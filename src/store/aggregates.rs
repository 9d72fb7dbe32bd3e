//! Folds over events, one value per pull request, ticket, team, deployment, push: kept as JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{StoreError, Tx, json, on};

const GET: &str = "select body from aggregate where kind = $1 and key = $2";
const PUT: &str = "insert into aggregate (kind, key, body) values ($1, $2, $3) on conflict (kind, key) do update set body = excluded.body";
const UNDER: &str =
    "select key, body from aggregate where kind = $1 and key >= $2 and key < $3 order by key";
const PAGE: &str = "select kind, key, body from aggregate where (kind > $1 or (kind = $1 and key > $2)) order by kind, key limit $3";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[GET, PUT, UNDER, PAGE];

/// The value under a key.
pub async fn get<T: DeserializeOwned>(
    tx: &mut Tx,
    kind: &str,
    key: &str,
) -> Result<Option<T>, StoreError> {
    let row: Option<(String,)> =
        on!(tx, |conn| sqlx::query_as(GET).bind(kind).bind(key).fetch_optional(conn).await)?;
    row.map(|(body,)| json("aggregate", "body", key, &body)).transpose()
}

/// Keeps the value under a key.
pub async fn put<T: Serialize>(
    tx: &mut Tx,
    kind: &str,
    key: &str,
    value: &T,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(value).map_err(|error| StoreError::Inconsistent {
        table: "aggregate",
        column: "body",
        row: key.to_owned(),
        why: error.to_string(),
    })?;
    on!(tx, |conn| sqlx::query(PUT)
        .bind(kind)
        .bind(key)
        .bind(&body)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// All values whose key begins with a prefix that ends in an ASCII character.
pub async fn under<T: DeserializeOwned>(
    tx: &mut Tx,
    kind: &str,
    prefix: &str,
) -> Result<Vec<(String, T)>, StoreError> {
    let end = format!("{prefix}\u{10ffff}");
    let rows: Vec<(String, String)> = on!(tx, |conn| sqlx::query_as(UNDER)
        .bind(kind)
        .bind(prefix)
        .bind(&end)
        .fetch_all(conn)
        .await)?;
    rows.into_iter()
        .map(|(key, body)| json("aggregate", "body", &key, &body).map(|value| (key, value)))
        .collect()
}

/// Values in order of kind and key after a place, as stored: for the digest of the whole state.
pub async fn page(
    tx: &mut Tx,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<(String, String, String)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(PAGE)
        .bind(after.0)
        .bind(after.1)
        .bind(limit)
        .fetch_all(conn)
        .await)?)
}
