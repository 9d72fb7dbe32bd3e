//! What is sent: headers and bytes, signed as the real senders sign.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::domain::{Time, id};

/// The webhook secrets that the model and the service share.
#[derive(Clone)]
pub struct Secrets {
    /// Of the forge.
    pub github: String,
    /// Of the tracker.
    pub jira: String,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// A webhook delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The source's id in the configuration: `POST /hooks/{source}`.
    pub source: String,
    /// Name and value.
    pub headers: Vec<(String, String)>,
    /// The bytes that are signed.
    pub body: Vec<u8>,
    /// When it is sent, in the model's time.
    pub at: Time,
}

impl Delivery {
    pub(super) fn github(
        secrets: &Secrets,
        at: Time,
        number: u64,
        event: &str,
        body: &serde_json::Value,
    ) -> Self {
        let body = body.to_string().into_bytes();
        let headers = [
            ("User-Agent", "GitHub-Hookshot/5f6b2a1".to_owned()),
            ("Content-Type", "application/json".to_owned()),
            ("X-GitHub-Event", event.to_owned()),
            ("X-GitHub-Delivery", uuid(number)),
            ("X-GitHub-Hook-ID", "481516234".to_owned()),
            ("X-Hub-Signature-256", signature(&secrets.github, &body)),
        ];
        Self::new(super::GITHUB, headers, body, at)
    }

    pub(super) fn jira(secrets: &Secrets, at: Time, number: u64, body: &serde_json::Value) -> Self {
        let body = body.to_string().into_bytes();
        let headers = [
            ("User-Agent", "Atlassian Webhook HTTP Client".to_owned()),
            ("Content-Type", "application/json; charset=UTF-8".to_owned()),
            ("X-Atlassian-Webhook-Identifier", uuid(number)),
            ("X-Atlassian-Webhook-Retry", "0".to_owned()),
            ("X-Hub-Signature", signature(&secrets.jira, &body)),
        ];
        Self::new(super::JIRA, headers, body, at)
    }

    fn new<const N: usize>(
        source: &str,
        headers: [(&str, String); N],
        body: Vec<u8>,
        at: Time,
    ) -> Self {
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Self { source: source.to_owned(), headers, body, at }
    }

    /// The event by its header; empty for a tracker, which names it in the body.
    #[must_use]
    pub fn event(&self) -> &str {
        let found = self.headers.iter().find(|(name, _)| name == "X-GitHub-Event");
        found.map_or("", |(_, event)| event)
    }
}

/// `sha256=…` over the bytes with a secret.
#[must_use]
pub fn signature(secret: &str, body: &[u8]) -> String {
    // A key of any length is taken, so the fallback is never signed with.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return "sha256=".to_owned();
    };
    mac.update(body);
    mac.finalize().into_bytes().iter().fold("sha256=".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A name in the form of a UUID, the same for the same number.
fn uuid(number: u64) -> String {
    let digest = id::sha256(&number.to_be_bytes());
    let mut digits = digest.trim_start_matches("sha256:").chars();
    let mut group = |length: usize| digits.by_ref().take(length).collect::<String>();
    [8, 4, 4, 4, 12].map(&mut group).join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::{self, Headers, SourceKind};

    #[test]
    fn both_senders_sign_what_the_intake_accepts() {
        let secrets = Secrets { github: "one".to_owned(), jira: "two".to_owned() };
        let at = Time::from_seconds(1_700_000_000).expect("a time");
        let body = serde_json::json!({ "zen": "Approachable is better than simple." });
        for (kind, secret, delivery) in [
            (SourceKind::GitHub, b"one", Delivery::github(&secrets, at, 1, "ping", &body)),
            (SourceKind::Jira, b"two", Delivery::jira(&secrets, at, 2, &body)),
        ] {
            let headers = Headers::new(delivery.headers.clone());
            let verdict = integrations::verify(kind, secret, &headers, &delivery.body);
            assert!(verdict.is_valid(), "{kind}: {verdict}");
        }
        assert_eq!(uuid(1).len(), 36);
    }
}
