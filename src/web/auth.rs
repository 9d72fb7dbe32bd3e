//! Who asks: a token in the API, a session on the pages. What they may do is decided in `app`.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};

use super::problem::{PageProblem, Problem};
use crate::app::{App, AppError, Caller};

/// The session's cookie. `__Host-` needs https; on plain http to this machine the name goes without.
pub(super) const COOKIE: &str = "countersign_session";

/// The caller of the API: by bearer token, or by the session of a signed-in person for reading.
pub(super) struct Api(pub(super) Caller);

impl FromRequestParts<App> for Api {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match Asker::from_request_parts(parts, app).await? {
            Asker::Token(token) => Ok(Self(app.caller_of_token(&token).await?)),
            Asker::Caller(caller) => Ok(Self(caller)),
        }
    }
}

/// The caller where only a person may act: by the session, if the request comes from our own pages or from no browser.
/// A token comes through as what it is, and the use case refuses it.
pub(super) struct InPerson(pub(super) Caller);

impl FromRequestParts<App> for InPerson {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if let Some(token) = bearer(&parts.headers)? {
            return Ok(Self(app.caller_of_token(token).await?));
        }
        same_site(&parts.headers)?;
        let found = session(app, &parts.headers).await?;
        found.map(Self).ok_or_else(|| {
            Problem::from(AppError::Unauthenticated(
                "sign in first: `countersign sign-in NAME --role admin` prints a link".to_owned(),
            ))
        })
    }
}

/// Who asks the gate: a token is not looked up yet, because that and the answer are one read.
pub(super) enum Asker {
    /// The bearer of this secret, whoever that is.
    Token(String),
    /// A signed-in person.
    Caller(Caller),
}

impl FromRequestParts<App> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if let Some(token) = bearer(&parts.headers)? {
            return Ok(Self::Token(token.to_owned()));
        }
        // A session is sent along by the browser unasked: it reads, and never writes through the API.
        if parts.method == Method::GET
            && let Some(caller) = session(app, &parts.headers).await?
        {
            return Ok(Self::Caller(caller));
        }
        Err(Problem::from(AppError::Unauthenticated(
            "send `Authorization: Bearer TOKEN`; `countersign token create` makes one".to_owned(),
        )))
    }
}

/// A signed-in person on the pages; anybody else is sent to sign in.
#[derive(Debug)]
pub struct Visitor(pub Caller);

impl FromRequestParts<App> for Visitor {
    type Rejection = PageProblem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageProblem> {
        let found = session(app, &parts.headers).await.map_err(PageProblem::from)?;
        found.map(Self).ok_or_else(PageProblem::sign_in)
    }
}

impl OptionalFromRequestParts<App> for Visitor {
    type Rejection = PageProblem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, PageProblem> {
        Ok(session(app, &parts.headers).await.map_err(PageProblem::from)?.map(Self))
    }
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let token = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    token.map(Some).ok_or_else(|| {
        Problem::from(AppError::Unauthenticated(
            "the Authorization header is not of the form `Bearer TOKEN`".to_owned(),
        ))
    })
}

/// A request of another site is refused: browsers say where it comes from.
pub(super) fn same_site(headers: &HeaderMap) -> Result<(), AppError> {
    let site = headers.get("sec-fetch-site").and_then(|value| value.to_str().ok());
    match site {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => Err(AppError::Forbidden("this was sent from another site".to_owned())),
    }
}

/// The session's secret in a request's cookies.
pub(super) fn session_secret(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| name.trim_start_matches("__Host-") == COOKIE)
        .map(|(_, secret)| secret.to_owned())
}

async fn session(app: &App, headers: &HeaderMap) -> Result<Option<Caller>, AppError> {
    match session_secret(headers) {
        Some(secret) => app.caller_of_session(&secret).await,
        None => Ok(None),
    }
}
