//! Errors as answers: `application/problem+json` in the API (RFC 9457), a page in words for people.
//!
//! Ours are shown by an id that stands in the log too; no SQL, no backtrace, no path of the machine.

use std::any::Any;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde_json::json;

use crate::app::{App, AppError};
use crate::report::problem::{ProblemPage, usual};

/// An error of the API.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    more: serde_json::Map<String, serde_json::Value>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: String) -> Self {
        Self { status, code, detail, more: serde_json::Map::new() }
    }

    /// 422: what was asked makes no sense.
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail.into())
    }

    /// 413.
    pub(super) fn too_large(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", detail.into())
    }

    /// 400: it could not be read at all.
    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail.into())
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        let detail = error.to_string();
        match error {
            AppError::Unauthenticated(_) => {
                Self::new(StatusCode::UNAUTHORIZED, "unauthenticated", detail)
            }
            AppError::Forbidden(_) => Self::new(StatusCode::FORBIDDEN, "forbidden", detail),
            AppError::NotFound(_) => Self::new(StatusCode::NOT_FOUND, "not_found", detail),
            AppError::Conflict(_) => Self::new(StatusCode::CONFLICT, "conflict", detail),
            AppError::StaleSha { head, .. } => {
                let mut problem = Self::new(StatusCode::CONFLICT, "stale_sha", detail);
                problem.more.insert("head".to_owned(), json!(head));
                problem
            }
            AppError::Invalid(_) => Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail),
            AppError::Unavailable(_) | AppError::Ambiguous => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            }
            AppError::ReadOnly(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "read_only", detail)
            }
            AppError::Internal(id) => {
                let mut problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail);
                problem.more.insert("id".to_owned(), json!(id));
                problem
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = self.more;
        body.insert("type".to_owned(), json!("about:blank"));
        let title = self.status.canonical_reason().unwrap_or("Error");
        body.insert("title".to_owned(), json!(title));
        body.insert("status".to_owned(), json!(self.status.as_u16()));
        body.insert("code".to_owned(), json!(self.code));
        body.insert("detail".to_owned(), json!(self.detail));
        let text = serde_json::to_string(&body).unwrap_or_default();
        let mut response = (self.status, text).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

/// An error on the pages: in words, with a way on.
#[derive(Debug)]
pub enum PageProblem {
    /// Somebody has to sign in first.
    SignIn,
    /// Everything else.
    Error(AppError),
}

impl PageProblem {
    /// To the sign-in page.
    pub(super) fn sign_in() -> Self {
        Self::SignIn
    }
}

impl From<AppError> for PageProblem {
    fn from(error: AppError) -> Self {
        Self::Error(error)
    }
}

impl From<askama::Error> for PageProblem {
    fn from(error: askama::Error) -> Self {
        Self::Error(AppError::internal("a page cannot be made", &error))
    }
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        let error = match self {
            Self::SignIn => return Redirect::to("/sign-in").into_response(),
            Self::Error(error) => error,
        };
        let problem = Problem::from(error.clone());
        page(problem.status, &error)
    }
}

fn page(status: StatusCode, error: &AppError) -> Response {
    let mut page: ProblemPage = usual(status.as_u16());
    if let AppError::Internal(id) = error {
        page.id = Some(id.clone());
    } else {
        page.what = crate::report::prose::Prose::new().text(sentence(&error.to_string()));
    }
    let (frame, nonce) = super::pages::frame_without_record();
    match super::pages::problem::render(&frame, &page) {
        Ok(html) => super::pages::answer(status, html, &nonce),
        Err(_) => (status, Html("The page cannot be shown.")).into_response(),
    }
}

/// A message as a sentence: capital first, full stop last.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// 200 while the process lives.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// 200 while the service can do its work; what is amiss all the same stands in the lines below. Anybody may ask, so
/// they name nobody.
pub(super) async fn ready(State(app): State<App>) -> Response {
    match app.ready().await {
        Ok(warnings) => {
            let lines = warnings.iter().map(|warning| format!("warning: {warning}\n"));
            format!("ready\n{}", lines.collect::<String>()).into_response()
        }
        Err(error) => Problem::from(error).into_response(),
    }
}

/// 404, as JSON for programs and as a page for people.
pub(super) async fn nothing_here(request: axum::extract::Request) -> Response {
    let error = AppError::NotFound(format!("there is nothing at {}", request.uri().path()));
    let wants_page = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if wants_page {
        return PageProblem::Error(error).into_response();
    }
    Problem::from(error).into_response()
}

/// 405 in words; the router adds which methods there are.
pub(super) async fn wrong_method(request: axum::extract::Request) -> Response {
    let detail = format!("{} does not take {}", request.uri().path(), request.method());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail).into_response()
}

/// A handler panicked: an id, in the log and to the caller, and nothing else.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_default();
    Problem::from(AppError::internal("a handler panicked", &text)).into_response()
}
