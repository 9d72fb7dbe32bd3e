//! The HTTP door: webhooks, the API, the pages. The whole URL map is on one screen below.
//!
//! Nothing is decided here: a handler reads the request, calls one use case with the caller, and says the answer.

use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::routing::{delete, get, post};
use tokio::net::TcpListener;
use tokio::signal::unix::SignalKind;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::App;

mod api;
pub mod assets;
mod auth;
pub mod components;
mod erasures;
mod extract;
mod hooks;
mod ledger;
pub mod pages;
mod problem;
mod sign_in;
mod site;
pub mod witness;

pub use auth::Visitor;
pub use problem::{PageProblem, Problem};

/// The longest any answer may take: a held gate question (60 s) and a fetch before it.
const ANSWER_WITHIN: Duration = Duration::from_mins(2);
/// Bytes of an API request's body.
const API_BODY: usize = 256 * 1024;

/// Every address of the service.
pub fn router(app: App) -> Router {
    let hooks = Router::new()
        .route("/hooks/{source}", post(hooks::receive))
        .layer(DefaultBodyLimit::disable());
    let api = Router::new()
        .route("/api/v1/gate", get(api::gate_by_query).post(api::gate_by_body))
        .route("/api/v1/links", post(api::link).delete(api::unlink))
        .route("/api/v1/links/{id}", delete(api::unlink_by_id))
        .route("/api/v1/baselines", post(api::baseline))
        .route("/api/v1/changes", get(api::changes))
        .route("/api/v1/changes/{id}", get(api::change))
        .route("/api/v1/changes/{id}/overrides", post(api::override_veto))
        .route("/api/v1/changes/{id}/disowned", post(api::disown))
        .route("/api/v1/erasures", get(erasures::list).post(erasures::request))
        .route("/api/v1/erasures/{id}/agree", post(erasures::agree))
        .route("/api/v1/erasures/{id}/withdraw", post(erasures::withdraw))
        .route("/api/v1/deploys", get(api::deploys))
        .route("/api/v1/deploys/{id}", get(api::deploy))
        .route("/api/v1/decisions/{id}", get(api::decision))
        .route("/api/v1/decisions/{id}/attestations", get(api::attestations))
        .route("/api/v1/tickets/{*key}", get(api::ticket))
        .route("/api/v1/pulls/{owner}/{name}/{number}", get(api::pull))
        .route("/api/v1/policy/simulate", post(api::simulate))
        .route("/api/v1/deliveries", get(api::deliveries))
        .route("/api/v1/deliveries/{id}", get(api::delivery))
        .route("/api/v1/ledger/entries/{index}", get(ledger::entry))
        .route("/api/v1/ledger/documents/{digest}", get(ledger::document))
        .route("/api/v1/ledger/receipts/{index}", get(ledger::receipt))
        .route("/api/v1/ledger/key", get(ledger::key))
        .route("/api/v1/ledger/keys", get(ledger::keys))
        .route("/api/v1/ledger/schemas", get(ledger::schemas))
        .route("/api/v1/ledger/checkpoints", get(ledger::checkpoints))
        .route("/api/v1/ledger/checkpoints/{size}", get(ledger::checkpoint_of))
        .route("/ledger/checkpoint", get(ledger::checkpoint))
        .route("/ledger/tile/{*path}", get(ledger::tile))
        .layer(DefaultBodyLimit::max(API_BODY));
    let open = Router::new()
        .route("/healthz", get(problem::alive))
        .route("/readyz", get(problem::ready))
        .route("/assets/{*path}", get(assets::serve))
        .route("/sign-in", get(sign_in::without_link))
        .route("/sign-in/{link}", get(sign_in::form).post(sign_in::sign_in))
        .route("/sign-out", post(sign_in::sign_out));
    Router::new()
        .merge(hooks)
        .merge(api)
        .merge(open)
        .merge(site::routes())
        .fallback(problem::nothing_here)
        .method_not_allowed_fallback(problem::wrong_method)
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(TimeoutLayer::with_status_code(
            axum::http::StatusCode::SERVICE_UNAVAILABLE,
            ANSWER_WITHIN,
        ))
        .layer(CompressionLayer::new())
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "same-origin"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .layer(fixed(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .with_state(app)
}

fn fixed(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

/// `SIGXFSZ` on Linux, macOS and the BSDs: a file would grow beyond the limit of the process.
const FILE_TOO_LARGE: i32 = 25;

/// Serves until `stop` says so; requests under way are finished.
///
/// From here on a file that may not grow is an error of a write, like a full disk, and not the end of the process.
pub async fn serve(
    listener: TcpListener,
    app: App,
    mut stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    // A handler that does nothing takes the place of the default, which ends the process.
    let _file_too_large = tokio::signal::unix::signal(SignalKind::from_raw(FILE_TOO_LARGE))?;
    axum::serve(listener, router(app))
        .with_graceful_shutdown(async move {
            let _ = stop.wait_for(|stop| *stop).await;
        })
        .await
}
