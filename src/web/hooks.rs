//! `POST /hooks/{source}`: bytes are capped before they are read, and handed on exactly as they came.

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::json;

use super::problem::Problem;
use crate::app::App;
use crate::app::intake::{Receipt, Received};
use crate::integrations::Headers;

pub(super) async fn receive(
    State(app): State<App>,
    Path(source): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let limit = usize::try_from(app.config().limits.body_bytes).unwrap_or(usize::MAX);
    let body = read(body, limit).await?;
    let headers = Headers::new(
        headers
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()))),
    );
    let receipt = app.receive(Received { source, headers, body: body.to_vec() }).await?;
    Ok(answer(&receipt))
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Problem> {
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            Err(Problem::too_large(format!("a delivery may have {limit} bytes at most")))
        }
        Err(_) => Err(Problem::bad_request("the body broke off")),
    }
}

/// 202 kept, 200 known, 409 known with other bytes: said only after the commit.
fn answer(receipt: &Receipt) -> Response {
    match receipt {
        Receipt::Kept(delivery, state) => (
            StatusCode::ACCEPTED,
            axum::Json(json!({ "delivery": delivery, "state": state.as_str() })),
        )
            .into_response(),
        Receipt::Duplicate(delivery) => (
            StatusCode::OK,
            axum::Json(json!({ "delivery": delivery, "duplicate": true })),
        )
            .into_response(),
        Receipt::Conflict(delivery) => (
            StatusCode::CONFLICT,
            axum::Json(json!({
                "delivery": delivery, "conflict": true,
                "detail": "this delivery id came before with another body; both are kept, this one is not applied",
            })),
        )
            .into_response(),
    }
}
