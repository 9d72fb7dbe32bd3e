//! What makes an answer an answer: well formed, about exactly what was asked, fresh, and signed where a key is known
//! (sem 11.4). Everything else is an error, and an error is no pass.

use serde::Deserialize;
use serde_json::Value;

use super::question::Question;
use crate::app::gate::PREDICATE_TYPE;
use crate::domain::{Oid, Time};
use crate::ledger::key::VerifierKey;
use crate::ledger::statement::{Envelope, IN_TOTO};
use crate::policy::decision::{Missing, Rule};
use crate::policy::model::Mode;
use crate::policy::{Binding, State};

/// An answer that was checked, and the JSON it came as.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    /// Its fields.
    pub(super) answer: Answer,
    /// All of it.
    pub(super) json: Value,
}

/// The fields of an answer that the client looks at. A field given twice is an error, and so is a word for a boolean.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Answer {
    pub(super) pass: bool,
    pub(super) state: State,
    #[serde(default = "yes")]
    enforced: bool,
    #[serde(default)]
    would_pass: Option<bool>,
    #[serde(default)]
    pub(super) class: Option<String>,
    purpose: String,
    pub(super) repo: String,
    #[serde(default)]
    repo_id: Option<String>,
    sha: Oid,
    #[serde(default)]
    pub(super) environment: Option<String>,
    #[serde(default)]
    service: Option<String>,
    #[serde(default)]
    pull: Option<u64>,
    decision: String,
    #[serde(default)]
    pub(super) summary: String,
    #[serde(default)]
    pub(super) rules: Vec<Rule>,
    #[serde(default)]
    pub(super) missing: Vec<Missing>,
    #[serde(default)]
    pub(super) url: String,
    #[serde(default)]
    pub(super) retry_after: Option<u64>,
    #[serde(default)]
    rollout: Option<String>,
    nonce: String,
    expires_at: Time,
    #[serde(default)]
    statement: Option<Value>,
}

/// A signed statement's payload.
#[derive(Debug, Deserialize)]
struct Statement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
}

#[derive(Debug, Deserialize)]
struct Subject {
    digest: Digest,
}

#[derive(Debug, Deserialize)]
struct Digest {
    #[serde(rename = "gitCommit")]
    git_commit: Oid,
}

#[derive(Debug, Deserialize)]
struct Predicate {
    repository: String,
    repo: String,
    sha: Oid,
    purpose: String,
    environment: Option<String>,
    service: Option<String>,
    pull: Option<u64>,
    decision: String,
    state: State,
    pass: bool,
    #[serde(default)]
    rollout: Option<String>,
    nonce: String,
    expires_at: Time,
}

fn yes() -> bool {
    true
}

/// Checks the body of a 200.
pub(super) fn verdict(
    body: &[u8],
    question: &Question,
    nonce: &str,
    key: Option<&VerifierKey>,
    now: Time,
) -> Result<Verdict, String> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|_| "what the server sent is no answer of a gate".to_owned())?;
    let json: Value = serde_json::from_slice(body)
        .map_err(|_| "what the server sent is no answer of a gate".to_owned())?;
    answer.agrees()?;
    answer.bound(question, nonce)?;
    fresh("the answer", answer.expires_at, now)?;
    if answer.pass
        && let Some(key) = key
    {
        let envelope = answer
            .statement
            .as_ref()
            .ok_or("the answer has no signed statement, and --key needs one")?;
        signed(envelope, &answer, question, nonce, key, now)?;
    }
    Ok(Verdict { answer, json })
}

/// Two values that must be equal; the error names the field.
fn same<T: PartialEq + std::fmt::Debug>(
    whose: &str,
    field: &str,
    have: &T,
    need: &T,
) -> Result<(), String> {
    if have == need {
        return Ok(());
    }
    Err(format!("{whose} is about another {field} than was asked: {have:?}, not {need:?}"))
}

fn fresh(whose: &str, expires_at: Time, now: Time) -> Result<(), String> {
    if expires_at > now {
        return Ok(());
    }
    Err(format!(
        "{whose} expired at {}, and the clock here says {}",
        expires_at.to_seconds_text(),
        now.to_seconds_text()
    ))
}

impl Answer {
    /// What was decided, and whether it binds. A mode that nobody knows is none.
    pub(super) fn binding(&self) -> Option<Binding> {
        let mode = Mode::of_answer(self.rollout.as_deref())?;
        Some(Binding { state: self.state, mode })
    }

    /// Whether its fields say one thing: it passes by its state, or by a rollout that it names, and owns up to it.
    fn agrees(&self) -> Result<(), String> {
        let mode = self.rollout.as_deref().unwrap_or("enforce");
        let would_pass = self.would_pass.or((self.rollout.is_none()).then(|| self.state.passes()));
        let agrees = self.binding().is_some_and(|binding| {
            self.pass == binding.passes()
                && self.enforced == binding.enforced()
                && would_pass == Some(self.state.passes())
        });
        if agrees {
            return Ok(());
        }
        Err(format!(
            "the answer contradicts itself: pass {}, state {}, enforced {}, rollout {}",
            self.pass,
            self.state,
            self.enforced,
            crate::cli::out::foreign(mode)
        ))
    }

    /// Whether it is about exactly what was asked.
    fn bound(&self, question: &Question, nonce: &str) -> Result<(), String> {
        let whose = "the answer";
        same(whose, "nonce", &self.nonce.as_str(), &nonce)?;
        if self.repo_id.as_ref() != Some(&question.repo) {
            same(whose, "repository", &self.repo, &question.repo)?;
        }
        same(whose, "commit", &self.sha, &question.sha)?;
        same(whose, "purpose", &self.purpose.as_str(), &question.purpose)?;
        same(whose, "environment", &self.environment, &question.environment)?;
        same(whose, "service", &self.service, &question.service)?;
        if question.pull.is_some() {
            same(whose, "pull request", &self.pull, &question.pull)?;
        }
        Ok(())
    }
}

/// Checks the statement: signed by the key, and about exactly what was asked and answered.
fn signed(
    envelope: &Value,
    answer: &Answer,
    question: &Question,
    nonce: &str,
    key: &VerifierKey,
    now: Time,
) -> Result<(), String> {
    let envelope =
        Envelope::parse(envelope.to_string().as_bytes()).map_err(|error| error.to_string())?;
    let payload = envelope.open(IN_TOTO, key).map_err(|error| error.to_string())?;
    let statement: Statement = serde_json::from_slice(&payload)
        .map_err(|_| "the signed statement is none of a gate".to_owned())?;
    let whose = "the signed statement";
    if statement.kind != "https://in-toto.io/Statement/v1"
        || statement.predicate_type != PREDICATE_TYPE
    {
        return Err(format!("{whose} is none of a gate"));
    }
    let commits: Vec<Oid> =
        statement.subject.iter().map(|subject| subject.digest.git_commit).collect();
    same(whose, "subject", &commits, &vec![question.sha])?;
    let said = &statement.predicate;
    same(whose, "nonce", &said.nonce.as_str(), &nonce)?;
    if said.repository != question.repo {
        same(whose, "repository", &said.repo, &question.repo)?;
    }
    same(whose, "commit", &said.sha, &question.sha)?;
    same(whose, "purpose", &said.purpose.as_str(), &question.purpose)?;
    same(whose, "environment", &said.environment, &question.environment)?;
    same(whose, "service", &said.service, &question.service)?;
    if question.pull.is_some() {
        same(whose, "pull request", &said.pull, &question.pull)?;
    }
    same(whose, "decision", &said.decision, &answer.decision)?;
    same(whose, "state", &said.state, &answer.state)?;
    same(whose, "rollout", &said.rollout, &answer.rollout)?;
    if !said.pass || !answer.binding().is_some_and(Binding::passes) {
        return Err(format!("{whose} is no pass"));
    }
    fresh(whose, said.expires_at, now)
}
