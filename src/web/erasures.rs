//! The API about erasures. Only administrators who are signed in write; everybody who reads records sees that something
//! was erased.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use super::api::no_store;
use super::auth::{Api, InPerson};
use super::extract::Json;
use super::problem::Problem;
use crate::app::{App, ErasureRequest};

/// Whom to erase.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErasureBody {
    person: String,
    reason: String,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    except: Vec<String>,
}

/// `GET /api/v1/erasures`.
pub(super) async fn list(State(app): State<App>, Api(caller): Api) -> Result<Response, Problem> {
    Ok(no_store(json!({ "items": app.erasures(&caller).await? })))
}

/// `POST /api/v1/erasures`.
pub(super) async fn request(
    State(app): State<App>,
    InPerson(caller): InPerson,
    Json(ErasureBody { person, reason, also, except }): Json<ErasureBody>,
) -> Result<Response, Problem> {
    let request = ErasureRequest { person, also, except, reason };
    let asked = app.request_erasure(&caller, request).await?;
    Ok((StatusCode::CREATED, no_store(json!(asked))).into_response())
}

/// `POST /api/v1/erasures/{id}/agree`.
pub(super) async fn agree(
    State(app): State<App>,
    InPerson(caller): InPerson,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(no_store(json!(app.agree_to_erasure(&caller, &id).await?)))
}

/// `POST /api/v1/erasures/{id}/withdraw`.
pub(super) async fn withdraw(
    State(app): State<App>,
    InPerson(caller): InPerson,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(no_store(json!(app.withdraw_erasure(&caller, &id).await?)))
}
