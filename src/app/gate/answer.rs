//! The question and the answer of the gate, as in the contract.

use serde::{Deserialize, Serialize};

use crate::app::AppError;
use crate::domain::{Class, Oid, Time};
use crate::policy::decision::{Missing, Rule};
use crate::policy::deploy::ChangeOutcome;
use crate::policy::model::Effective;
use crate::policy::{Binding, Decision, State};

/// The longest name of an environment, service or nonce.
const MAX_NAME: usize = 200;

/// What a pipeline asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The repository's name or id.
    pub repo: String,
    /// The full commit.
    pub sha: Oid,
    /// To merge or to deploy.
    pub purpose: Purpose,
    /// The pull request that is meant; only to merge.
    pub pull: Option<u64>,
}

/// What the commit is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// Go to its branch.
    Merge,
    /// Go to an environment.
    Deploy {
        /// Exact bytes.
        environment: String,
        /// Exact bytes; the repository's name stands for it where none is given.
        service: String,
    },
}

impl Purpose {
    /// The word in requests and answers.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Deploy { .. } => "deploy",
        }
    }

    /// The environment, for deploys.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        match self {
            Self::Merge => None,
            Self::Deploy { environment, .. } => Some(environment),
        }
    }

    /// The service, for deploys.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        match self {
            Self::Merge => None,
            Self::Deploy { service, .. } => Some(service),
        }
    }
}

/// A question as it comes through a door: text, nothing checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The repository.
    pub repo: Option<String>,
    /// The commit.
    pub sha: Option<String>,
    /// `merge` or `deploy`.
    pub purpose: Option<String>,
    /// For deploys.
    pub environment: Option<String>,
    /// For deploys.
    pub service: Option<String>,
    /// For merges.
    pub pull: Option<u64>,
    /// Seconds to hold the answer while it is pending, at most 60.
    pub wait: Option<u64>,
    /// Answer 403 instead of 200 when it is not a pass.
    pub strict: Option<bool>,
    /// Echoed, and bound into a signed statement.
    pub nonce: Option<String>,
}

impl Asked {
    /// The question, or what is wrong with it, by field.
    pub fn question(&self) -> Result<Question, AppError> {
        let invalid = |text: &str| AppError::Invalid(text.to_owned());
        let repo = self.repo.clone().filter(|repo| !repo.is_empty());
        let repo = repo.ok_or_else(|| invalid("repo: which repository is meant?"))?;
        let sha = self.sha.as_deref().ok_or_else(|| invalid("sha: which commit is meant?"))?;
        let sha = sha.parse().map_err(|error| AppError::Invalid(format!("sha: {error}")))?;
        let purpose = match self.purpose.as_deref().unwrap_or("deploy") {
            "merge" => self.merge()?,
            "deploy" => self.deploy(&repo)?,
            other => {
                let text = format!("purpose: `{other}` is neither `merge` nor `deploy`");
                return Err(AppError::Invalid(text));
            }
        };
        if self.wait.is_some_and(|wait| wait > 60) {
            return Err(invalid("wait: at most 60 seconds"));
        }
        named("nonce", self.nonce.as_deref())?;
        Ok(Question { repo, sha, purpose, pull: self.pull })
    }

    fn merge(&self) -> Result<Purpose, AppError> {
        if self.environment.is_some() || self.service.is_some() {
            return Err(AppError::Invalid(
                "environment, service: only for purpose `deploy`".to_owned(),
            ));
        }
        Ok(Purpose::Merge)
    }

    fn deploy(&self, repo: &str) -> Result<Purpose, AppError> {
        let environment = named("environment", self.environment.as_deref())?.ok_or_else(|| {
            AppError::Invalid("environment: where is it to go? For example `production`".to_owned())
        })?;
        let service = named("service", self.service.as_deref())?;
        Ok(Purpose::Deploy {
            environment,
            service: service.unwrap_or_else(|| default_service(repo)),
        })
    }
}

/// The service where nobody names one: the repository's own name.
#[must_use]
pub fn default_service(repo: &str) -> String {
    repo.rsplit('/').next().unwrap_or(repo).to_owned()
}

/// A name of a request, checked: of an environment, a service, a nonce.
pub(crate) fn named(field: &str, value: Option<&str>) -> Result<Option<String>, AppError> {
    let Some(value) = value else { return Ok(None) };
    if value.is_empty() || value.len() > MAX_NAME || value.chars().any(char::is_control) {
        return Err(AppError::Invalid(format!(
            "{field}: 1 to {MAX_NAME} bytes without control characters"
        )));
    }
    Ok(Some(value.to_owned()))
}

/// The answer (contract, "The gate"), but for what differs from asking to asking: nonce, expiry, statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// May it go out? False, or the decision passes, or the rollout sets its no aside: then `enforced` is false.
    pub pass: bool,
    /// What was decided. A rollout does not change it.
    pub state: State,
    /// Whether decisions bind for this repository (sem 6.6).
    #[serde(default = "yes")]
    pub enforced: bool,
    /// Whether the decision by itself passes: what `pass` would be if it were enforced.
    #[serde(default)]
    pub would_pass: bool,
    /// The class; `None`: nothing to judge.
    pub class: Option<Class>,
    /// `merge` or `deploy`.
    pub purpose: String,
    /// The repository's name.
    pub repo: String,
    /// The repository's id here.
    pub repo_id: String,
    /// The commit.
    pub sha: Oid,
    /// The commit's tree, where the commit is known.
    pub tree: Option<Oid>,
    /// For deploys.
    pub environment: Option<String>,
    /// For deploys.
    pub service: Option<String>,
    /// For merges.
    pub pull: Option<u64>,
    /// The decision's id.
    pub decision: String,
    /// When it was first made.
    pub decided_at: Time,
    /// By which policies.
    pub policy: PolicyDigests,
    /// The sentence.
    pub summary: String,
    /// Every rule.
    pub rules: Vec<Rule>,
    /// Everything missing.
    pub missing: Vec<Missing>,
    /// The changes it is about.
    pub changes: Vec<ChangeView>,
    /// Where it stands in the ledger.
    pub ledger: LedgerRef,
    /// Its page.
    pub url: String,
    /// Seconds after which asking again may give another answer; `None`: it needs a person or a push.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// `observe` or `warn`, where the organisation does not enforce decisions for this repository yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<String>,
}

fn yes() -> bool {
    true
}

impl Answer {
    /// What the rollout makes of a finished decision (sem 6.6): state, class and what is missing stay as they are; one
    /// row says that a no is set aside.
    pub(super) fn bind(&mut self, effective: &Effective) {
        let mode = effective.organisation.rollout.mode_of(&self.repo);
        let binding = Binding { state: self.state, mode };
        self.pass = binding.passes();
        self.enforced = binding.enforced();
        self.would_pass = self.state.passes();
        self.rollout = (!binding.enforced()).then(|| mode.as_str().to_owned());
        self.rules.extend(binding.rule());
    }
}

pub(super) fn digests(effective: &Effective) -> PolicyDigests {
    PolicyDigests {
        organisation: effective.organisation_digest.clone(),
        repository: effective.repository_digest.clone(),
        base: effective.base.clone(),
    }
}

/// By which policies a decision was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyDigests {
    /// Of the organisation file.
    pub organisation: String,
    /// Of the repository's file; `None`: there is none.
    pub repository: Option<String>,
    /// Where that was read: `main@4be1…`.
    pub base: String,
}

/// Where a decision stands in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerRef {
    /// The entry.
    pub index: u64,
}

/// A change in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeView {
    /// Its id.
    pub id: String,
    /// Its pull request.
    pub pull: Option<u64>,
    /// Its title.
    pub title: String,
    /// Its class.
    pub class: Class,
    /// Its state.
    pub state: State,
    /// The sentence.
    pub why: String,
}

impl ChangeView {
    /// Of a proposal as it was just judged.
    pub(super) fn of(id: String, pull: u64, title: &str, decision: &Decision) -> Self {
        Self {
            id,
            pull: Some(pull),
            title: title.to_owned(),
            class: decision.classification.class,
            state: decision.state,
            why: decision.summary.clone(),
        }
    }
}

impl From<&ChangeOutcome> for ChangeView {
    fn from(change: &ChangeOutcome) -> Self {
        Self {
            id: change.id.clone(),
            pull: change.pull,
            title: change.title.clone(),
            class: change.class,
            state: change.state,
            why: change.why.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(json: serde_json::Value) -> Result<Question, AppError> {
        serde_json::from_value::<Asked>(json).expect("shape").question()
    }

    #[test]
    fn a_question_names_the_field_that_is_wrong() {
        let sha = "9f2c41e7d081d3f6e05b4be1c07a92aaaaaaaaaa";
        for (json, says) in [
            (serde_json::json!({}), "repo: which repository is meant?"),
            (serde_json::json!({"repo": "a/b"}), "sha: which commit is meant?"),
            (
                serde_json::json!({"repo": "a/b", "sha": "9f2c"}),
                "sha: `9f2c` is not a full commit id: 40 or 64 hexadecimal digits are needed",
            ),
            (
                serde_json::json!({"repo": "a/b", "sha": sha}),
                "environment: where is it to go? For example `production`",
            ),
            (
                serde_json::json!({"repo": "a/b", "sha": sha, "purpose": "ship"}),
                "purpose: `ship` is neither `merge` nor `deploy`",
            ),
            (
                serde_json::json!({"repo": "a/b", "sha": sha, "purpose": "merge", "environment": "x"}),
                "environment, service: only for purpose `deploy`",
            ),
            (
                serde_json::json!({"repo": "a/b", "sha": sha, "environment": "production\n"}),
                "environment: 1 to 200 bytes without control characters",
            ),
        ] {
            assert_eq!(asked(json), Err(AppError::Invalid(says.to_owned())));
        }
    }

    #[test]
    fn a_deploy_without_a_service_is_of_the_repository() {
        let sha = "9f2c41e7d081d3f6e05b4be1c07a92aaaaaaaaaa";
        let question = asked(
            serde_json::json!({"repo": "acme/payments", "sha": sha, "environment": "production"}),
        );
        assert_eq!(question.expect("a question").purpose.service(), Some("payments"));
    }
}
