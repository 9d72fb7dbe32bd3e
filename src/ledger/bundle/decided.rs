//! What an entry of kind `decision` says, and whether an attestation says the same: a valid signature about something
//! else is worth nothing (sem 11.4).

use serde_json::{Value, json};

use crate::ledger::entry::{Entry, Opened};
use crate::ledger::tree::{Hash, leaf_hash};

/// The kind of these entries.
pub const KIND: &str = "decision";
/// The type of every statement (in-toto Statement v1).
pub const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// The predicate of a verification summary (SLSA VSA v1).
pub const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";
/// The predicate of a change record.
pub const RECORD: &str = "urn:countersign:change-record:v1";
/// The states that pass.
pub const PASSING: [&str; 3] = ["auto_approved", "approved", "emergency_open"];

/// A decision as the ledger holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Its entry.
    pub index: u64,
    /// The entry's leaf hash.
    pub leaf: Hash,
    /// When it was recorded.
    pub at: String,
    /// Its id.
    pub id: String,
    /// The commit.
    pub sha: String,
    /// How it was decided.
    pub state: String,
    /// SHA-256 of the facts.
    pub facts: Hash,
    /// SHA-256 of the organisation's policy.
    pub organisation: Hash,
    /// SHA-256 of the repository's policy; `None`: it has none.
    pub repository: Option<Hash>,
}

impl Decided {
    /// Reads a decision from an entry's bytes; `None`: it is another kind, or not of the form that is written.
    #[must_use]
    pub fn read(index: u64, bytes: &[u8]) -> Option<Self> {
        Self::of(index, bytes, &Entry::open(bytes).ok()?)
    }

    fn of(index: u64, bytes: &[u8], entry: &Opened) -> Option<Self> {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let body = &entry.body;
        let policy = body.get("policy")?;
        let repository = match policy.get("repository")? {
            Value::Null => None,
            value => Some(digest(value.as_str()?)?),
        };
        let id = text(body.get("decision")).filter(|id| is_id(id))?;
        (entry.kind == KIND).then_some(())?;
        Some(Self {
            index,
            leaf: leaf_hash(bytes),
            at: entry.at.to_string(),
            id,
            sha: text(body.get("sha"))?,
            state: text(body.get("state"))?,
            facts: digest(&text(body.get("facts"))?)?,
            organisation: digest(&text(policy.get("organisation"))?)?,
            repository,
        })
    }

    /// The digests of its policies.
    pub fn policies(&self) -> impl Iterator<Item = Hash> {
        std::iter::once(self.organisation).chain(self.repository)
    }

    /// What differs between a verification summary and this decision.
    pub(super) fn summary_differs(&self, origin: &str, statement: &Value) -> Option<String> {
        let passed = PASSING.contains(&self.state.as_str());
        let hex = |hash: &Hash| json!(hash.to_string());
        let repository = self.repository.as_ref().map_or(Value::Null, hex);
        let known = [
            ("/predicateType", json!(SUMMARY)),
            ("/predicate/verifier/id", json!(format!("https://{origin}"))),
            ("/predicate/timeVerified", json!(self.at)),
            ("/predicate/verificationResult", json!(if passed { "PASSED" } else { "FAILED" })),
            ("/predicate/policy/digest/sha256", hex(&self.organisation)),
            ("/predicate/inputAttestations/0/digest/sha256", hex(&self.facts)),
            ("/predicate/inputAttestations/1/digest/sha256", repository),
        ];
        self.differs(statement, &known)
    }

    /// What differs between a change record and this decision.
    pub(super) fn record_differs(&self, origin: &str, statement: &Value) -> Option<String> {
        let digest = |hash: &Hash| json!(format!("sha256:{hash}"));
        let known = [
            ("/predicateType", json!(RECORD)),
            ("/predicate/decision", json!(self.id)),
            ("/predicate/decided_at", json!(self.at)),
            ("/predicate/state", json!(self.state)),
            ("/predicate/commit", json!(self.sha)),
            ("/predicate/facts", digest(&self.facts)),
            ("/predicate/policy/organisation", digest(&self.organisation)),
            ("/predicate/policy/repository", self.repository.as_ref().map_or(Value::Null, digest)),
            ("/predicate/ledger/origin", json!(origin)),
            ("/predicate/ledger/index", json!(self.index)),
            ("/predicate/ledger/leaf_hash", json!(self.leaf.to_string())),
        ];
        self.differs(statement, &known)
    }

    fn differs(&self, statement: &Value, known: &[(&str, Value)]) -> Option<String> {
        let common = [
            ("/_type", json!(STATEMENT)),
            ("/subject/0/digest/gitCommit", json!(self.sha)),
            ("/subject/1", Value::Null),
        ];
        common.iter().chain(known).find_map(|(at, need)| {
            let have = statement.pointer(at).unwrap_or(&Value::Null);
            (have != need)
                .then(|| format!("`{at}` is {have}, the ledger's entry {} says {need}", self.index))
        })
    }
}

/// A digest `sha256:…`.
fn digest(text: &str) -> Option<Hash> {
    text.strip_prefix("sha256:")?.parse().ok()
}

/// Whether a text is a decision's id, so that it may be a part of a file's name.
fn is_id(id: &str) -> bool {
    let rest = id.strip_prefix("dec_").unwrap_or_default();
    rest.len() == 16 && rest.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_file_is_made_of_ids_and_digests_alone() {
        assert!(is_id("dec_3k9v0m2q8r5t7w1x"));
        for bad in ["dec_", "dec_../../../../../x", "dec_3K9V0M2Q8R5T7W1X", "chg_3k9v0m2q8r5t7w1x"]
        {
            assert!(!is_id(bad), "{bad}");
        }
        assert_eq!(digest("sha256:../../etc/passwd"), None);
    }
}
