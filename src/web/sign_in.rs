//! Signing in by a one-time link. Opening the link shows a form; only its button uses the link up, so that a preview of it
//! does not.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};

use super::auth::{COOKIE, same_site, session_secret};
use super::pages;
use super::problem::PageProblem;
use crate::app::{App, AppError};
use crate::report::prose::Prose;
use crate::report::sign_in::{SignInForm, SignInPage};

/// What somebody sees who has no link.
pub(super) async fn without_link(State(app): State<App>) -> Result<Response, PageProblem> {
    show(&app, None, Prose::new())
}

/// The form behind a link.
pub(super) async fn form(
    State(app): State<App>,
    Path(link): Path<String>,
) -> Result<Response, PageProblem> {
    match app.holder_of_link(&link).await {
        Ok((person, role)) => {
            let form = SignInForm {
                action: format!("/sign-in/{link}"),
                hidden: Vec::new(),
                person,
                role: role.as_str().to_owned(),
            };
            show(&app, Some(form), Prose::new())
        }
        Err(error) => without(&app, error),
    }
}

/// The page for a link that signs nobody in; other errors stay what they are.
fn without(app: &App, error: AppError) -> Result<Response, PageProblem> {
    match error {
        AppError::Unauthenticated(_) => show(app, None, Prose::new().text(error.to_string())),
        other => Err(other.into()),
    }
}

fn show(app: &App, form: Option<SignInForm>, trouble: Prose) -> Result<Response, PageProblem> {
    let (frame, nonce) = pages::frame_without_record();
    let page = SignInPage {
        organisation: app.config().ledger.origin.clone(),
        form,
        trouble,
        commands: vec!["countersign sign-in NAME --role auditor".to_owned()],
    };
    let html = pages::sign_in::render(&frame, &page)?;
    Ok(pages::answer(StatusCode::OK, html, &nonce))
}

/// Uses the link up and begins a session.
pub(super) async fn sign_in(
    State(app): State<App>,
    Path(link): Path<String>,
    headers: HeaderMap,
) -> Result<Response, PageProblem> {
    same_site(&headers)?;
    match app.sign_in(&link).await {
        Ok(secret) => Ok(with_cookie(&app, &secret, "/")),
        Err(error) => without(&app, error),
    }
}

/// Ends the session.
pub(super) async fn sign_out(
    State(app): State<App>,
    headers: HeaderMap,
) -> Result<Response, PageProblem> {
    same_site(&headers)?;
    if let Some(secret) = session_secret(&headers) {
        app.sign_out(&secret).await?;
    }
    Ok(with_cookie(&app, "", "/sign-in"))
}

fn with_cookie(app: &App, secret: &str, to: &str) -> Response {
    let secure = app.config().server.public_url.starts_with("https:");
    let name = if secure { format!("__Host-{COOKIE}") } else { COOKIE.to_owned() };
    let age = if secret.is_empty() { "; Max-Age=0" } else { "" };
    let only = if secure { "; Secure" } else { "" };
    let cookie = format!("{name}={secret}; Path=/; HttpOnly; SameSite=Lax{only}{age}");
    let mut response = Redirect::to(to).into_response();
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
