//! The signed statement of an answer: what was asked, by id and not by name, and how it was answered.
//!
//! A DSSE envelope over an in-toto Statement v1, signed with the ledger's key. A pass for another commit, environment,
//! repository or nonce, or one that has expired, is worth nothing (sem 11.4).

use serde_json::json;

use super::Answer;
use crate::domain::Time;
use crate::ledger::key::SigningKey;
use crate::ledger::statement::Envelope;

/// The payload type of in-toto statements.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The type of our predicate.
pub const PREDICATE_TYPE: &str = "urn:countersign:gate:v1";

/// Signs an answer for one asking; `times` are when it was told and when it expires.
pub(super) fn sign(
    answer: &Answer,
    nonce: &str,
    (told_at, expires_at): (Time, Time),
    key: &SigningKey,
) -> Envelope {
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": answer.repo, "digest": { "gitCommit": answer.sha } }],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "repository": answer.repo_id,
            "repo": answer.repo,
            "sha": answer.sha,
            "tree": answer.tree,
            "purpose": answer.purpose,
            "environment": answer.environment,
            "service": answer.service,
            "pull": answer.pull,
            "policy": answer.policy,
            "decision": answer.decision,
            "state": answer.state,
            "pass": answer.pass,
            "enforced": answer.enforced,
            "would_pass": answer.would_pass,
            "rollout": answer.rollout,
            "nonce": nonce,
            "told_at": told_at,
            "expires_at": expires_at,
        },
    });
    Envelope::sign(PAYLOAD_TYPE, statement.to_string().as_bytes(), key)
}
