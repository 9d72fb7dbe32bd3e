//! One pull request under a candidate, with voices that nobody raised yet or without those that were.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::judge::Subject;
use super::super::{Action, App, AppError, Caller};
use super::{Candidate, digest};
use crate::domain::fact::{Facts, Opinion, Verdict};
use crate::domain::{AccountKind, Person, Time};
use crate::policy::replay::InForce;
use crate::policy::{self, Decision};

/// Voices in one question at the most.
const MOST_VOICES: usize = 100;

/// `POST /api/v1/policy/simulate`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SimulateRequest {
    /// The repository, by name.
    pub repo: String,
    /// The number of the pull request.
    pub pull: u64,
    /// The text of a candidate for the repository's file.
    #[serde(default)]
    pub policy: Option<String>,
    /// The text of a candidate for the organisation file.
    #[serde(default)]
    pub organisation: Option<String>,
    /// What people might say about the head.
    #[serde(default)]
    pub approvals: Vec<Voice>,
    /// People whose opinions are left out.
    #[serde(default)]
    pub without: Vec<String>,
}

/// What somebody might say.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voice {
    /// Who.
    pub by: String,
    /// `approve` where nothing is said, or `veto`.
    #[serde(default = "approve")]
    pub state: Verdict,
}

fn approve() -> Verdict {
    Verdict::Approve
}

impl App {
    /// What a candidate, or other voices, would make of a pull request. Writes nothing and tells no forge.
    pub async fn simulate(
        &self,
        caller: &Caller,
        request: SimulateRequest,
    ) -> Result<Value, AppError> {
        // The role first, the repository after it: a name says nothing to those who may not ask.
        caller.may(Action::TryPolicy, caller.repo.as_deref())?;
        let repo = self.repository(&request.repo).await?;
        caller.may(Action::TryPolicy, Some(&repo.id))?;
        let voices = !request.approvals.is_empty() || !request.without.is_empty();
        if request.approvals.len() + request.without.len() > MOST_VOICES {
            return Err(AppError::Invalid(format!("at most {MOST_VOICES} voices are simulated")));
        }
        let (organisation, repository) = (request.organisation.clone(), request.policy.clone());
        let candidate = Candidate { organisation, repository };
        let tried = candidate.organisation.is_some() || candidate.repository.is_some();
        let read = if tried || !voices { Some(candidate.read()?) } else { None };
        let now = self.now();
        let judged = self.judge(&repo, &Subject::Pull(request.pull), now).await?;
        let after = match &read {
            Some(read) => {
                let mut tx = self.db().read().await?;
                let branch = &judged.facts.branch;
                self.sides(&mut tx, &repo, branch, read).await?.after
            }
            None => InForce { effective: judged.effective, grants: judged.facts.grants.clone() },
        };
        let mut facts = judged.facts;
        raise(&mut facts, &request, now);
        let decision = after.judge(&mut facts, now);
        Ok(json!({
            "repo": repo.name,
            "pull": request.pull,
            "head": facts.head,
            "as_of": now,
            "before": short(&judged.decision),
            "after": short(&decision),
            "changed": verdict(&judged.decision) != verdict(&decision),
            "policy": {
                "organisation": after.effective.organisation_digest,
                "repository": after.effective.repository_digest,
                "base": after.effective.base,
                "invalid": after.effective.invalid,
                "candidate": {
                    "organisation": digest(candidate.organisation.as_ref()),
                    "repository": digest(candidate.repository.as_ref()),
                },
            },
            "decision": decision,
        }))
    }
}

fn verdict(decision: &Decision) -> policy::replay::Verdict {
    policy::replay::Verdict::of(decision)
}

fn short(decision: &Decision) -> Value {
    let (class, state) = (decision.classification.class, decision.state);
    json!({ "class": class, "state": state, "pass": state.passes(), "summary": decision.summary })
}

/// Takes opinions out, and adds those that might be given: about the head, now, by people of the repository.
fn raise(facts: &mut Facts, request: &SimulateRequest, now: Time) {
    let without = |by: &Person| request.without.iter().any(|one| one.eq_ignore_ascii_case(&by.0));
    facts.opinions.retain(|opinion| !opinion.by.as_ref().is_some_and(without));
    for (number, voice) in request.approvals.iter().enumerate() {
        facts.opinions.push(Opinion {
            id: format!("simulated:{number:03}"),
            by: Some(Person(voice.by.clone())),
            name: voice.by.clone(),
            kind: AccountKind::User,
            member: Some(true),
            verdict: voice.state,
            commit: Some(facts.head),
            fingerprint: Some(facts.fingerprint.clone()),
            proofs: Vec::new(),
            overtaken_by: None,
            elsewhere: None,
            at: now,
            dismissed_at: None,
            comment: None,
        });
    }
}
