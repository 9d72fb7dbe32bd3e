//! The ledger over HTTP: C2SP tlog-tiles byte for byte, entries, receipts, the key.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::auth::Api;
use super::extract::Query;
use super::problem::Problem;
use crate::app::{App, AppError};
use crate::ledger::entry::VERSION;
use crate::ledger::schema::KINDS;

/// Checkpoints in a list, where no number is asked for.
const DEFAULT_LIMIT: u64 = 50;

/// Which part of the list of checkpoints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckpointsQuery {
    limit: Option<u64>,
    cursor: Option<String>,
}

/// Checkpoints change; everything else that is complete never does.
const IMMUTABLE: &str = "private, max-age=31536000, immutable";

fn typed(kind: &'static str, cache: &'static str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    response
}

/// The latest checkpoint.
pub(super) async fn checkpoint(
    State(app): State<App>,
    Api(caller): Api,
) -> Result<Response, Problem> {
    let note = app.checkpoint(&caller).await?;
    Ok(typed("text/plain; charset=utf-8", "no-store", note))
}

/// The checkpoints that were signed, largest first.
pub(super) async fn checkpoints(
    State(app): State<App>,
    Api(caller): Api,
    Query(query): Query<CheckpointsQuery>,
) -> Result<Response, Problem> {
    let before = query.cursor.as_deref().map(cursor).transpose()?;
    let listed = app.checkpoints(&caller, before, query.limit.unwrap_or(DEFAULT_LIMIT)).await?;
    Ok(typed("application/json", "no-store", Json(listed)))
}

/// A checkpoint as it was published.
pub(super) async fn checkpoint_of(
    State(app): State<App>,
    Api(caller): Api,
    Path(size): Path<String>,
) -> Result<Response, Problem> {
    let size = size.parse().map_err(|_| {
        Problem::from(AppError::NotFound(format!("`{size}` is no size of a checkpoint: 0, 1, …")))
    })?;
    let note = app.checkpoint_of(&caller, size).await?;
    Ok(typed("text/plain; charset=utf-8", "no-store", note))
}

/// A tile of hashes or of entries.
pub(super) async fn tile(
    State(app): State<App>,
    Api(caller): Api,
    Path(path): Path<String>,
) -> Result<Response, Problem> {
    let bytes = app.tile(&caller, &format!("tile/{path}")).await?;
    Ok(typed("application/octet-stream", IMMUTABLE, bytes))
}

/// An entry: exactly the bytes that are hashed.
pub(super) async fn entry(
    State(app): State<App>,
    Api(caller): Api,
    Path(index): Path<String>,
) -> Result<Response, Problem> {
    let (_, bytes) = app.entry(&caller, number(&index)?).await?;
    Ok(typed("application/json", IMMUTABLE, bytes))
}

/// A document that an entry binds by its digest.
pub(super) async fn document(
    State(app): State<App>,
    Api(caller): Api,
    Path(digest): Path<String>,
) -> Result<Response, Problem> {
    Ok(typed("application/json", "no-store", app.document(&caller, &digest).await?))
}

/// A receipt for an entry (C2SP tlog-proof).
pub(super) async fn receipt(
    State(app): State<App>,
    Api(caller): Api,
    Path(index): Path<String>,
) -> Result<Response, Problem> {
    let index = number(&index)?;
    let receipt = app.receipt(&caller, index).await?;
    let mut response = typed("text/plain; charset=utf-8", "no-store", receipt.to_string());
    let name = format!("attachment; filename=\"entry-{index}.tlog-proof\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// The key that checks checkpoints, receipts and statements. Take it from elsewhere too.
pub(super) async fn key(State(app): State<App>, Api(caller): Api) -> Result<Response, Problem> {
    // Public by nature; a token of one repository needs it too, to check its answers.
    let _ = caller;
    Ok(typed("text/plain; charset=utf-8", "no-store", format!("{}\n", app.verifier_key())))
}

/// Every key that the ledger had, with the sizes of the checkpoints that each signs.
pub(super) async fn keys(State(app): State<App>, Api(caller): Api) -> Result<Response, Problem> {
    let epochs = app.key_epochs(&caller).await?;
    let origin = epochs.first().map(|epoch| epoch.key.name().to_owned());
    let keys: Vec<_> = epochs
        .iter()
        .map(|epoch| {
            let key = epoch.key.to_string();
            // The entry that ended the epoch is the last size that its key signs.
            json!({ "key": key, "from": epoch.from, "until": epoch.until, "rotation": epoch.until })
        })
        .collect();
    let body = Json(json!({ "origin": origin, "keys": keys }));
    Ok(typed("application/json", "no-store", body))
}

/// The JSON Schema of every kind of entry, by the kind's name.
pub(super) async fn schemas(Api(caller): Api) -> Response {
    // What is in the documentation is no secret.
    let _ = caller;
    let schemas: serde_json::Map<String, serde_json::Value> =
        KINDS.iter().map(|kind| (kind.name.to_owned(), kind.schema())).collect();
    Json(json!({ "version": VERSION, "schemas": schemas })).into_response()
}

fn cursor(text: &str) -> Result<u64, Problem> {
    let told = || AppError::Invalid("`cursor` is a number from `next`".to_owned());
    text.parse().map_err(|_| Problem::from(told()))
}

fn number(text: &str) -> Result<u64, Problem> {
    text.parse().map_err(|_| {
        Problem::from(AppError::NotFound(format!("`{text}` is no index of an entry: 0, 1, 2, …")))
    })
}
