//! The API: five lines of verbs a handler. Keys as in the contract.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::auth::{Api, Asker, InPerson};
use super::extract::{Json, Query};
use super::problem::Problem;
use crate::app::gate::Asked;
use crate::app::read::{Page, Wanted};
use crate::app::{
    App, BaselineRequest, DisownRequest, LinkRequest, OverrideRequest, SimulateRequest,
};

/// `GET /api/v1/gate`.
pub(super) async fn gate_by_query(
    State(app): State<App>,
    who: Asker,
    asked: Result<Query<Asked>, Problem>,
) -> Result<Response, Problem> {
    gate(&app, who, asked.map(|Query(asked)| asked)).await
}

/// `POST /api/v1/gate`.
pub(super) async fn gate_by_body(
    State(app): State<App>,
    who: Asker,
    asked: Result<Json<Asked>, Problem>,
) -> Result<Response, Problem> {
    gate(&app, who, asked.map(|Json(asked)| asked)).await
}

async fn gate(app: &App, who: Asker, asked: Result<Asked, Problem>) -> Result<Response, Problem> {
    let (asked, told) = match (asked, who) {
        (Ok(asked), Asker::Token(token)) => {
            let told = app.gate_of_token(&token, &asked).await?;
            (asked, told)
        }
        (Ok(asked), Asker::Caller(caller)) => {
            let told = app.gate(&caller, &asked).await?;
            (asked, told)
        }
        // What is wrong with a question is told to those who may ask.
        (Err(problem), Asker::Token(token)) => {
            app.caller_of_token(&token).await?;
            return Err(problem);
        }
        (Err(problem), Asker::Caller(_)) => return Err(problem),
    };
    let strict = asked.strict.unwrap_or(false);
    let status = if strict && !told.pass { StatusCode::FORBIDDEN } else { StatusCode::OK };
    let mut response = (status, told.json).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = told.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// A link to assert.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkBody {
    repo: String,
    pull: u64,
    ticket: String,
    #[serde(default)]
    reason: String,
}

impl From<LinkBody> for LinkRequest {
    fn from(body: LinkBody) -> Self {
        Self { repo: body.repo, pull: body.pull, ticket: body.ticket, reason: body.reason }
    }
}

/// `POST /api/v1/links`.
pub(super) async fn link(
    State(app): State<App>,
    Api(caller): Api,
    Json(body): Json<LinkBody>,
) -> Result<Response, Problem> {
    let id = app.link(&caller, body.into()).await?;
    Ok((StatusCode::CREATED, no_store(json!({ "id": id }))).into_response())
}

/// `DELETE /api/v1/links?repo=…&pull=…&ticket=…&reason=…`.
pub(super) async fn unlink(
    State(app): State<App>,
    Api(caller): Api,
    Query(body): Query<LinkBody>,
) -> Result<Response, Problem> {
    let id = app.unlink(&caller, body.into()).await?;
    Ok(no_store(json!({ "id": id, "live": false })))
}

/// Why a link is retracted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reason {
    #[serde(default)]
    reason: String,
}

/// `DELETE /api/v1/links/{id}?reason=…`.
pub(super) async fn unlink_by_id(
    State(app): State<App>,
    Api(caller): Api,
    Path(id): Path<String>,
    Query(Reason { reason }): Query<Reason>,
) -> Result<Response, Problem> {
    app.unlink_by_id(&caller, &id, &reason).await?;
    Ok(no_store(json!({ "id": id, "live": false })))
}

/// `POST /api/v1/baselines`.
pub(super) async fn baseline(
    State(app): State<App>,
    Api(caller): Api,
    Json(request): Json<BaselineRequest>,
) -> Result<Response, Problem> {
    let id = app.declare_baseline(&caller, &request).await?;
    Ok((StatusCode::CREATED, no_store(json!({ "id": id }))).into_response())
}

/// `GET /api/v1/changes`.
pub(super) async fn changes(
    State(app): State<App>,
    Api(caller): Api,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    Ok(page(&app.changes(&caller, &wanted).await?))
}

/// `GET /api/v1/changes/{id}`.
pub(super) async fn change(
    State(app): State<App>,
    Api(caller): Api,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(no_store(app.change(&caller, &id).await?))
}

/// A veto to set aside.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OverrideBody {
    veto: String,
    reason: String,
}

/// `POST /api/v1/changes/{id}/overrides`.
pub(super) async fn override_veto(
    State(app): State<App>,
    InPerson(caller): InPerson,
    Path(change): Path<String>,
    Json(OverrideBody { veto, reason }): Json<OverrideBody>,
) -> Result<Response, Problem> {
    let over = app.override_veto(&caller, OverrideRequest { change, veto, reason }).await?;
    let body = json!({ "veto": over.veto, "by": over.by, "at": over.at, "reason": over.why });
    Ok((StatusCode::CREATED, no_store(body)).into_response())
}

/// A co-author trailer to disown.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DisownBody {
    commit: String,
    reason: String,
}

/// `POST /api/v1/changes/{id}/disowned`.
pub(super) async fn disown(
    State(app): State<App>,
    InPerson(caller): InPerson,
    Path(change): Path<String>,
    Json(DisownBody { commit, reason }): Json<DisownBody>,
) -> Result<Response, Problem> {
    let said = app.disown(&caller, DisownRequest { change, commit, reason }).await?;
    let body = json!({ "commit": said.commit, "by": said.by, "at": said.at, "reason": said.why });
    Ok((StatusCode::CREATED, no_store(body)).into_response())
}

/// `POST /api/v1/policy/simulate`.
pub(super) async fn simulate(
    State(app): State<App>,
    Api(caller): Api,
    Json(request): Json<SimulateRequest>,
) -> Result<Response, Problem> {
    Ok(no_store(Box::pin(app.simulate(&caller, request)).await?))
}

/// `GET /api/v1/pulls/{owner}/{name}/{number}`.
pub(super) async fn pull(
    State(app): State<App>,
    Api(caller): Api,
    Path((owner, name, number)): Path<(String, String, u64)>,
) -> Result<Response, Problem> {
    Ok(no_store(app.change_of_pull(&caller, &format!("{owner}/{name}"), number).await?))
}

/// `GET /api/v1/deploys`.
pub(super) async fn deploys(
    State(app): State<App>,
    Api(caller): Api,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    Ok(page(&app.deploys(&caller, &wanted).await?))
}

/// `GET /api/v1/deploys/{id}`.
pub(super) async fn deploy(
    State(app): State<App>,
    Api(caller): Api,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(no_store(app.deploy(&caller, &id).await?))
}

/// `GET /api/v1/decisions/{id}`.
pub(super) async fn decision(
    State(app): State<App>,
    Api(caller): Api,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(no_store(app.decision_json(&caller, &id).await?))
}

/// `GET /api/v1/decisions/{id}/attestations`.
pub(super) async fn attestations(
    State(app): State<App>,
    Api(caller): Api,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let made = app.attestations(&caller, &id).await?;
    Ok(no_store(json!({ "items": [made.summary, made.record], "next": null })))
}

/// `GET /api/v1/tickets/{key}`.
pub(super) async fn ticket(
    State(app): State<App>,
    Api(caller): Api,
    Path(key): Path<String>,
) -> Result<Response, Problem> {
    Ok(no_store(app.ticket(&caller, &key).await?))
}

/// `GET /api/v1/deliveries`.
pub(super) async fn deliveries(
    State(app): State<App>,
    Api(caller): Api,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    Ok(page(&app.deliveries(&caller, &wanted).await?))
}

/// `GET /api/v1/deliveries/{id}`.
pub(super) async fn delivery(
    State(app): State<App>,
    Api(caller): Api,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    Ok(no_store(app.delivery(&caller, &id).await?))
}

fn page(page: &Page) -> Response {
    no_store(json!({ "items": page.items, "next": page.next }))
}

/// An answer that no cache keeps.
pub(super) fn no_store(value: Value) -> Response {
    let mut response = axum::Json(value).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
