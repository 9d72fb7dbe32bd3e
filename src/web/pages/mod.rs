//! The pages: each takes the frame and its values, and gives HTML. No queries; the handlers stand in `site`.

pub mod change;
pub mod changes;
pub mod decision;
pub mod deploy;
pub mod entry;
pub mod gallery;
pub mod ledger;
pub mod overview;
pub mod policy;
pub mod population;
pub mod problem;
pub mod search;
pub mod sign_in;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};

use super::assets;
use super::components::Frame;
use crate::clock::Clock;

/// A nonce for the one `style` of a page: 128 random bits.
pub(super) fn nonce() -> String {
    use base64::Engine as _;
    let mut bytes = [0_u8; 16];
    // Without randomness the nonce is empty, and the browser then applies no `style`: print loses its margins only.
    if getrandom::fill(&mut bytes).is_err() {
        return String::new();
    }
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// The frame of a page that reads nothing: signing in, errors. With its nonce.
pub(super) fn frame_without_record() -> (Frame, String) {
    let nonce = nonce();
    let frame = Frame {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        base_url: String::new(),
        path: String::new(),
        carried: String::new(),
        areas: Vec::new(),
        search: None,
        scope: None,
        login: None,
        person: String::new(),
        sign_out: None,
        nonce: nonce.clone(),
        shown_at: Clock::system().now(),
        seal: None,
        theme: "",
        css: assets::url("countersign.css"),
        js: assets::url("countersign.js"),
    };
    (frame, nonce)
}

/// A page as an answer, with the strict content policy (interface, checklist 12).
pub(super) fn answer(status: StatusCode, html: String, nonce: &str) -> Response {
    let policy = format!(
        "default-src 'none'; style-src 'self' 'nonce-{nonce}'; script-src 'self'; img-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}
