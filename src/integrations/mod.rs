//! The outside: one folder per system, both directions. What comes in is checked, understood and said in the
//! words of `domain::event`; what goes out is built from configured addresses and ids only (sem 11.6).
//!
//! Nothing here knows the web server, the database or git. A delivery is headers and bytes.

pub mod github;
pub mod headers;
pub mod jira;
pub mod natural_key;
pub mod normalised;
mod payload;
pub mod signature;
pub mod witness;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use headers::Headers;
pub use natural_key::{names_one_fact, natural_key, told_of};
pub use normalised::{Interest, Normalised, Refusal};
pub use signature::Signature;

use crate::domain::id;

/// The kinds of systems that deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// GitHub.com, GitHub Enterprise Cloud and Server.
    GitHub,
    /// Jira Cloud and Data Center.
    Jira,
}

impl fmt::Display for SourceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GitHub => "github",
            Self::Jira => "jira",
        })
    }
}

/// Why a text names no kind of source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of source: `github` or `jira`")]
pub struct UnknownKind(pub String);

impl FromStr for SourceKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "github" => Ok(Self::GitHub),
            "jira" => Ok(Self::Jira),
            _ => Err(UnknownKind(text.chars().take(80).collect())),
        }
    }
}

/// What names a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryMeta {
    /// The sender's id of the delivery, the same when it is sent again; else `sha256:…` over event and body.
    /// Unique within one source only: another source may send the same id.
    pub key: String,
    /// The event by the sender's name; empty: none was named.
    pub event: String,
}

/// Reads what names a delivery. Trusts nothing: ask [`verify`] first.
#[must_use]
pub fn delivery_meta(kind: SourceKind, headers: &Headers, body: &[u8]) -> DeliveryMeta {
    let (id_header, event) = match kind {
        SourceKind::GitHub => {
            ("x-github-delivery", headers.one("x-github-event").unwrap_or_default().to_owned())
        }
        SourceKind::Jira => ("x-atlassian-webhook-identifier", jira::webhook::event_name(body)),
    };
    let sent = headers.one(id_header).filter(|id| is_delivery_id(id));
    let key = sent.map_or_else(|| digest_key(&event, body), str::to_owned);
    DeliveryMeta { key, event }
}

/// Ids of deliveries are short and printable; anything else is not used as a key.
fn is_delivery_id(id: &str) -> bool {
    (1..=200).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

fn digest_key(event: &str, body: &[u8]) -> String {
    let mut bytes = event.as_bytes().to_vec();
    bytes.push(0);
    bytes.extend_from_slice(body);
    id::sha256(&bytes)
}

/// Checks the signature over exactly the bytes that are parsed later. An empty secret verifies nothing.
#[must_use]
pub fn verify(kind: SourceKind, secret: &[u8], headers: &Headers, body: &[u8]) -> Signature {
    match kind {
        SourceKind::GitHub => signature::github(secret, headers, body),
        SourceKind::Jira => signature::jira(secret, headers, body),
    }
}

/// Says in our words what a delivery says.
pub fn normalise(kind: SourceKind, event: &str, body: &[u8]) -> Result<Normalised, Refusal> {
    match kind {
        SourceKind::GitHub => github::webhook::normalise(event, body),
        SourceKind::Jira => jira::webhook::normalise(event, body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_named_by_its_sender_or_by_its_bytes() {
        let headers = Headers::new([("X-GitHub-Delivery", "0b989ba4"), ("X-GitHub-Event", "push")]);
        let meta = delivery_meta(SourceKind::GitHub, &headers, b"{}");
        assert_eq!((meta.key.as_str(), meta.event.as_str()), ("0b989ba4", "push"));
        let body = br#"{"webhookEvent":"jira:issue_updated"}"#;
        let meta = delivery_meta(SourceKind::Jira, &Headers::default(), body);
        assert_eq!(meta.event, "jira:issue_updated");
        assert!(meta.key.starts_with("sha256:"), "{}", meta.key);
        assert_ne!(delivery_meta(SourceKind::Jira, &Headers::default(), b"{}").key, meta.key);
        let headers = Headers::new([("x-atlassian-webhook-identifier", "abc\u{7f}")]);
        assert_eq!(delivery_meta(SourceKind::Jira, &headers, body).key, meta.key);
    }

    #[test]
    fn kinds_read_back_from_their_text() {
        for kind in [SourceKind::GitHub, SourceKind::Jira] {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        let error = "gitlub".parse::<SourceKind>().expect_err("no kind");
        assert_eq!(error.to_string(), "`gitlub` is no kind of source: `github` or `jira`");
    }
}
