//! The ledger over HTTP: C2SP tlog-tiles byte for byte, entries, receipts, the key.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::auth::Api;
use super::problem::Problem;
use crate::app::{App, AppError};

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

fn number(text: &str) -> Result<u64, Problem> {
    text.parse().map_err(|_| {
        Problem::from(AppError::NotFound(format!("`{text}` is no index of an entry: 0, 1, 2, …")))
    })
}
