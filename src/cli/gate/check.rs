//! What makes an answer an answer: well formed, about exactly what was asked, fresh, and signed where a key is known
//! (sem 11.4). Everything else is an error, and an error is no pass.

use serde::Deserialize;
use serde_json::Value;

use super::question::Question;
use crate::app::gate::PREDICATE_TYPE;
use crate::domain::{Oid, Time};
use crate::ledger::key::VerifierKey;
use crate::ledger::statement::{Envelope, IN_TOTO};
use crate::policy::State;
use crate::policy::decision::{Missing, Rule};

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
    #[serde(default)]
    pub(super) class: Option<String>,
    purpose: String,
    repo: String,
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
    pub(super) rollout: Option<String>,
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
    nonce: String,
    expires_at: Time,
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
    if answer.pass != answer.state.passes() {
        return Err(format!(
            "the answer contradicts itself: pass {}, state {}",
            answer.pass, answer.state
        ));
    }
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
    if !said.pass || !said.state.passes() {
        return Err(format!("{whose} is no pass"));
    }
    fresh(whose, said.expires_at, now)
}
