//! What leaves the house signed about one decision: the predicate of a change record, with its published schema.
//!
//! The fields are recorded facts only, so the same decision gives the same bytes whenever it is asked for.

use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::Class;

/// How one decision of the gate was made: about which commit, by which policies, from which facts, with whose approvals.
///
/// The predicate of an in-toto Statement v1 with the type `urn:countersign:change-record:v1`. Digests are `sha256:` and 64
/// hexadecimal digits, times RFC 3339 in UTC with six digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ChangeRecord {
    /// The decision's id.
    pub decision: String,
    /// When it was recorded.
    pub decided_at: String,
    /// `merge` or `deploy`.
    pub purpose: String,
    /// Where the deploy was to go; `null` for merges.
    pub environment: Option<String>,
    /// Which service it was to be; `null` for merges.
    pub service: Option<String>,
    /// The repository.
    pub repository: RecordedRepository,
    /// The commit, in full.
    pub commit: String,
    /// The commit's tree; `null`: no mirror had the commit.
    pub tree: Option<String>,
    /// The pull request; `null`: none was named or found.
    pub pull: Option<u64>,
    /// The decision: `auto_approved`, `approved`, `pending`, `stale`, `rejected`, `emergency_open`, `frozen`, `unaccounted`,
    /// `unmatched`, `error`, `unknown_commit`, `policy_invalid`.
    pub state: String,
    /// Whether that state passes. A rollout does not change it.
    pub passes: bool,
    /// Whether decisions bind for this repository yet; where they do not, the pipeline was let through.
    pub enforced: bool,
    /// The class of the change, of a deploy the highest; `null`: there was nothing to judge.
    pub class: Option<Class>,
    /// The decision in a sentence.
    pub summary: String,
    /// The policies.
    pub policy: RecordedPolicy,
    /// The digest of the facts that were judged.
    pub facts: String,
    /// Every rule and what it came to.
    pub rules: Vec<RecordedRule>,
    /// Every opinion of a person; of a deploy they stand in the records of its changes.
    pub approvals: Vec<RecordedApproval>,
    /// The changes it is about.
    pub changes: Vec<RecordedChange>,
    /// Where it stands in the ledger.
    pub ledger: RecordedEntry,
}

/// A repository by id and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RecordedRepository {
    /// Its id in the ledger.
    pub id: String,
    /// Its name at the time.
    pub name: String,
    /// Where it is, `git+https://…`; `null`: that was not recorded.
    pub uri: Option<String>,
}

/// The policies by digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RecordedPolicy {
    /// Of the organisation.
    pub organisation: String,
    /// Of the repository; `null`: it has none.
    pub repository: Option<String>,
    /// Where that was read: branch and commit.
    pub base: String,
}

/// A rule and the rules it is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RecordedRule {
    /// A stable name.
    pub id: String,
    /// Where it comes from.
    pub from: String,
    /// `satisfied`, `unsatisfied`, `not_applicable`, `overridden`, `error`.
    pub state: String,
    /// Why.
    pub why: String,
    /// What was seen.
    pub seen: Vec<String>,
    /// Its parts.
    pub rules: Vec<RecordedRule>,
}

/// An opinion and whether it counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RecordedApproval {
    /// The source's id of it.
    pub id: String,
    /// Who.
    pub by: String,
    /// In which role; `null`: none.
    pub role: Option<String>,
    /// `approve`, `veto`, `comment`, `dismissed`.
    pub verdict: String,
    /// The commit that was looked at.
    pub commit: Option<String>,
    /// When.
    pub at: String,
    /// Why it holds for this commit: `same_commit`, `same_delta`, `clean_rebase`, …; `null`: it does not.
    pub basis: Option<String>,
    /// Whether it counted.
    pub counts: bool,
    /// Why, or why not.
    pub why: String,
}

/// A change in the decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RecordedChange {
    /// Its id.
    pub id: String,
    /// Its pull request.
    pub pull: Option<u64>,
    /// Its class.
    pub class: Class,
    /// Its state.
    pub state: String,
}

/// A place in a ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RecordedEntry {
    /// The ledger's name.
    pub origin: String,
    /// The entry.
    pub index: u64,
    /// Its leaf hash (RFC 6962), hexadecimal.
    pub leaf_hash: String,
}

/// The JSON Schema of a change record, as it is published in `docs/schemas` and put into bundles.
pub fn change_record_schema() -> Result<String, serde_json::Error> {
    let schema = schemars::schema_for!(ChangeRecord);
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_schema_is_the_one_of_the_type() {
        let made = change_record_schema().expect("JSON");
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schemas/change-record-v1.json");
        let published = std::fs::read_to_string(file).unwrap_or_default();
        let hint = "write what was made to docs/schemas/change-record-v1.json; a field that goes away needs a new version";
        assert!(made == published, "{hint}\n{made}");
    }
}
