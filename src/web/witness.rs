//! The HTTP door of a witness (C2SP tlog-witness): a server of its own, beside no ledger.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::timeout::TimeoutLayer;

use super::ANSWER_WITHIN;
use crate::app::witness::{NotCosigned, Witness};
use crate::ledger::witness::{MAX_REQUEST, Refusal, SIZE_TYPE};

/// Every address of a witness.
pub fn router(witness: Arc<Witness>) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{origin}/checkpoint", get(checkpoint))
        .route("/healthz", get(async || "alive\n"))
        .layer(DefaultBodyLimit::max(MAX_REQUEST))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, ANSWER_WITHIN))
        .with_state(witness)
}

/// Serves until `stop` says so; requests under way are finished.
pub async fn serve(
    listener: TcpListener,
    witness: Arc<Witness>,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    axum::serve(listener, router(witness))
        .with_graceful_shutdown(async move {
            let _ = stop.wait_for(|stop| *stop).await;
        })
        .await
}

/// Disks are waited for elsewhere than where requests are read. Once begun it is finished, also if nobody waits any more.
async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    tokio::task::spawn_blocking(work).await.ok()
}

async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: Bytes) -> Response {
    match off_the_runtime(move || witness.add_checkpoint(&body)).await {
        Some(Ok(line)) => text(StatusCode::OK, line),
        Some(Err(NotCosigned::Refused(Refusal::Stale(size)))) => {
            let kind = [(header::CONTENT_TYPE, SIZE_TYPE)];
            (StatusCode::CONFLICT, kind, format!("{size}\n")).into_response()
        }
        Some(Err(NotCosigned::Refused(refusal))) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            text(status, format!("{refusal}\n"))
        }
        Some(Err(NotCosigned::Failed(error))) => {
            tracing::error!(%error, "nothing was cosigned");
            failed()
        }
        None => failed(),
    }
}

async fn checkpoint(State(witness): State<Arc<Witness>>, Path(origin): Path<String>) -> Response {
    match off_the_runtime(move || witness.latest(&origin)).await {
        Some(Ok(Some(note))) => text(StatusCode::OK, note),
        Some(Ok(None)) => text(
            StatusCode::NOT_FOUND,
            "no checkpoint of such a log was cosigned; the address is the SHA-256 of its origin, in hexadecimal\n"
                .to_owned(),
        ),
        Some(Err(error)) => {
            tracing::error!(%error, "a recorded checkpoint cannot be read");
            failed()
        }
        None => failed(),
    }
}

fn text(status: StatusCode, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, body).into_response()
}

/// Paths and reasons are for the log.
fn failed() -> Response {
    let words = "the witness cannot do its work now; its log says why. Nothing was recorded\n";
    text(StatusCode::SERVICE_UNAVAILABLE, words.to_owned())
}
