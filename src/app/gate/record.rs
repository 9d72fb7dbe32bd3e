//! A decision is recorded once per distinct facts: the same question with the same facts is the same decision.

use super::answer::{Answer, PolicyDigests, Question};
use crate::app::{AppError, Command, Unit, fields};
use crate::domain::{Time, id};
use crate::policy::decision::Decision;
use crate::policy::deploy::{DeployDecision, DeployFacts};
use crate::store::decisions::{self, DecisionRow, Memo};
use serde::{Deserialize, Serialize};

/// Everything that is kept of a decision, beside its facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// What keeps its digest from telling what it says (`ledger::sealed`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// What the pipeline was told.
    pub answer: Answer,
    /// The decision about the change, for merges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The decision about the deploy, for deploys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deploy: Option<DeployDecision>,
    /// The facts of the deploy: buckets and the like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deploy_facts: Option<DeployFacts>,
    /// Who asked first.
    pub asked_by: String,
    /// As of which instant it was judged: with facts and policies all that it is a function of (P4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Time>,
    /// Where the repository was, `git+https://…`: what its attestations are about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
}

/// A decision to record.
pub(crate) struct Record {
    /// The question as one text.
    pub question: String,
    /// What to keep; index and time are filled in here.
    pub kept: Kept,
    /// The facts, as JSON.
    pub facts: String,
    /// The policies' bytes by digest.
    pub policies: Vec<(String, Vec<u8>)>,
    /// The versions that the facts were read under.
    pub seen: String,
    /// Until when it holds.
    pub holds_until: Option<Time>,
    /// Facts are incomplete for a reason that may pass: nothing to remember.
    pub fleeting: bool,
}

/// A question as one text: the key under which its answer is remembered.
pub(super) fn key(repo: &str, question: &Question) -> String {
    format!("{repo}:{}", rest(question))
}

/// A question without its repository, so that one statement can find the repository by its name and the answer.
pub(super) fn rest(question: &Question) -> String {
    let parts = [
        &question.sha.to_string(),
        question.purpose.as_str(),
        question.purpose.environment().unwrap_or_default(),
        question.purpose.service().unwrap_or_default(),
        &question.pull.map(|pull| pull.to_string()).unwrap_or_default(),
    ];
    id::derived("q", &parts)
}

/// Digest of what was decided: the part of a decision's id that is the same for every way to ask.
pub(super) fn outcome(answer: &Answer) -> String {
    let outcome = serde_json::to_string(&(
        answer.state,
        answer.class,
        &answer.rules,
        &answer.missing,
        &answer.changes,
    ))
    .unwrap_or_default();
    id::sha256(outcome.as_bytes())
}

/// A decision's id: the question, the facts by their digest, the policies and the outcome.
pub(super) fn decision_id(
    question: &str,
    facts: &str,
    policy: &PolicyDigests,
    outcome: &str,
) -> String {
    let repository = policy.repository.as_deref().unwrap_or("none");
    id::derived("dec", &[question, facts, &policy.organisation, repository, outcome])
}

/// What an entry says of a decision. It binds the facts, and `body`, everything else that is kept of it, by digests.
pub(super) fn entry(
    kept: &Kept,
    facts: &str,
    body: &str,
) -> serde_json::Map<String, serde_json::Value> {
    let answer = &kept.answer;
    fields(serde_json::json!({
        "decision": answer.decision,
        "repo": answer.repo_id,
        "repo_name": answer.repo,
        "sha": answer.sha,
        "tree": answer.tree,
        "purpose": answer.purpose,
        "environment": answer.environment,
        "service": answer.service,
        "pull": answer.pull,
        "state": answer.state,
        "pass": answer.pass,
        "enforced": answer.enforced,
        "rollout": answer.rollout,
        "class": answer.class,
        "changes": answer.changes.iter().map(|change| &change.id).collect::<Vec<_>>(),
        "as_of": kept.as_of,
        "facts": facts,
        "policy": answer.policy,
        "kept": body,
    }))
}

/// The columns of a decision.
pub(super) fn row(
    kept: &Kept,
    facts: &str,
    (decided_at, index): (Time, u64),
) -> Result<DecisionRow, AppError> {
    let answer = &kept.answer;
    let json = |error: serde_json::Error| AppError::internal("a decision as JSON", &error);
    Ok(DecisionRow {
        id: answer.decision.clone(),
        repo: answer.repo_id.clone(),
        sha: answer.sha.to_string(),
        purpose: answer.purpose.clone(),
        environment: answer.environment.clone(),
        service: answer.service.clone(),
        pull: answer.pull,
        state: answer.state.as_str().to_owned(),
        class: answer.class.map(|class| class.as_str().to_owned()),
        decided_at: decided_at.micros(),
        facts: facts.to_owned(),
        policy: serde_json::to_string(&answer.policy).map_err(json)?,
        body: serde_json::to_string(kept).map_err(json)?,
        ledger_index: index,
    })
}

impl Record {
    /// As it was recorded before, to be recorded again: nothing is remembered of it.
    pub(in crate::app) fn of_kept(
        kept: Kept,
        (digest, facts): (&str, String),
        policies: Vec<(String, Vec<u8>)>,
    ) -> Self {
        let (question, _) = super::again::asked(&kept.answer, digest);
        let seen = String::new();
        Self { question, kept, facts, policies, seen, holds_until: None, fleeting: true }
    }
}

impl Command for Record {
    type Out = Kept;

    async fn run(&mut self, unit: &mut Unit) -> Result<Kept, AppError> {
        let document = unit.document(&self.facts).await?;
        let facts = document.digest.clone();
        let answer = &self.kept.answer;
        let decision = decision_id(&self.question, &facts, &answer.policy, &outcome(answer));
        self.kept.answer.url = self.kept.answer.url.replace("{decision}", &decision);
        self.kept.answer.decision = decision;
        self.kept.answer.decided_at = unit.now();
        self.kept.answer.ledger.index = unit.next_index();
        self.salt(unit).await?;
        let row = row(&self.kept, &facts, (unit.now(), unit.next_index()))?;
        if decisions::put(unit.tx(), &row).await? {
            let body = unit.digest_of(&row.body);
            unit.record("decision", entry(&self.kept, &facts, &body))?;
            unit.keep_document(&document).await?;
            for (digest, bytes) in &self.policies {
                decisions::put_policy(unit.tx(), digest, bytes).await?;
            }
        } else {
            self.kept = earlier(unit, &row.id).await?;
        }
        if !self.fleeting {
            self.remember(unit).await?;
        }
        Ok(self.kept.clone())
    }
}

impl Record {
    /// Salts what is kept, unless it was when it was kept first.
    async fn salt(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        if self.kept.salt.is_none() {
            let text = serde_json::to_string(&self.kept)
                .map_err(|error| AppError::internal("a decision as JSON", &error))?;
            self.kept.salt = Some(unit.salt(&text).await?);
        }
        Ok(())
    }

    async fn remember(&self, unit: &mut Unit) -> Result<(), AppError> {
        let answer = serde_json::to_string(&self.kept.answer)
            .map_err(|error| AppError::internal("an answer as JSON", &error))?;
        let memo = Memo {
            question: &self.question,
            decision: &self.kept.answer.decision,
            repo: &self.kept.answer.repo_id,
            seen: &self.seen,
            holds_until: self.holds_until.map(Time::micros),
            state: self.kept.answer.state.as_str(),
            pass: self.kept.answer.pass,
            answer: &answer,
        };
        Ok(decisions::remember(unit.tx(), &memo).await?)
    }
}

/// The decision as it was recorded before.
async fn earlier(unit: &mut Unit, decision: &str) -> Result<Kept, AppError> {
    let row = decisions::get(unit.tx(), decision).await?;
    row.and_then(|row| serde_json::from_str(&row.body).ok())
        .ok_or_else(|| AppError::internal("a recorded decision cannot be read", &decision))
}
