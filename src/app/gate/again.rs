//! What is kept of a decision, made from the judgement; and made again from recorded facts and policies, to be held
//! against what is kept (P4: the same input gives the same bytes, forever).

use serde::Deserialize;

use super::answer::{Answer, ChangeView, LedgerRef, Purpose, Question, digests};
use super::record::{self, Kept};
use crate::app::changes::change_id;
use crate::app::judge::Subject;
use crate::domain::fact::Facts;
use crate::domain::{Oid, Time};
use crate::ledger::sealed::Document;
use crate::policy::deploy::{DeployDecision, DeployFacts, decide_deploy, decide_group};
use crate::policy::model::Effective;
use crate::policy::{Decision, State, replay};
use crate::store::decisions::DecisionRow;

/// The facts of an answer without anything judged.
#[derive(Debug, Deserialize)]
struct Bare {
    repo: String,
    sha: Oid,
    state: State,
}

impl Kept {
    /// Takes in what was decided about a change.
    pub(super) fn tell_change(
        &mut self,
        decision: Decision,
        change: ChangeView,
        effective: &Effective,
    ) {
        let answer = &mut self.answer;
        answer.state = decision.state;
        answer.class = Some(decision.classification.class);
        answer.summary.clone_from(&decision.summary);
        answer.rules.clone_from(&decision.rules);
        answer.missing.clone_from(&decision.missing);
        answer.changes = vec![change];
        answer.policy = digests(effective);
        answer.bind(effective);
        self.decision = Some(decision);
    }

    /// Takes in what was decided about commits that are brought in.
    pub(super) fn tell_deploy(
        &mut self,
        decision: DeployDecision,
        facts: DeployFacts,
        effective: &Effective,
    ) {
        let answer = &mut self.answer;
        answer.state = decision.state;
        answer.class = decision.class;
        answer.summary.clone_from(&decision.summary);
        answer.rules.clone_from(&decision.rules);
        answer.missing.clone_from(&decision.missing);
        answer.changes = decision.changes.iter().map(ChangeView::from).collect();
        answer.policy = digests(effective);
        answer.bind(effective);
        self.deploy = Some(decision);
        self.deploy_facts = Some(facts);
    }
}

/// A recorded decision, made again.
#[derive(Debug)]
pub(crate) struct Again {
    /// What has to be kept of it.
    pub(crate) kept: Kept,
    /// Its columns.
    pub(crate) row: DecisionRow,
    /// Its entry, without what every entry has.
    pub(crate) entry: serde_json::Map<String, serde_json::Value>,
}

/// Decides again from the recorded facts, by the recorded policies, as of the recorded instant. What no judgement gives
/// (the names, who asked, the address) is taken from what is kept, and is bound by the digest in the entry. `at` is when
/// and where the entry says that it was recorded; the error says which recorded value cannot be read.
pub(crate) fn again(
    stored: &Kept,
    (facts, digest): (&[u8], &str),
    body: &str,
    effective: &Effective,
    at: (Time, u64),
) -> Result<Again, String> {
    let unread = |error: serde_json::Error| format!("the recorded facts cannot be read: {error}");
    let as_of = stored.as_of.ok_or("as of which instant it was judged is not recorded")?;
    let mut kept = Kept { decision: None, deploy: None, deploy_facts: None, ..stored.clone() };
    kept.answer = bare(&stored.answer, effective, at);
    match (&stored.decision, &stored.deploy) {
        (Some(_), _) => {
            let Document { is: facts, .. }: Document<Facts> =
                serde_json::from_slice(facts).map_err(unread)?;
            about_change(&mut kept, &facts, effective, as_of);
        }
        (None, Some(_)) => {
            let Document { is: facts, .. }: Document<DeployFacts> =
                serde_json::from_slice(facts).map_err(unread)?;
            about_deploy(&mut kept, facts, effective, as_of);
        }
        (None, None) => {
            let Document { is: facts, .. }: Document<Bare> =
                serde_json::from_slice(facts).map_err(unread)?;
            (kept.answer.state, kept.answer.sha) = (facts.state, facts.sha);
            kept.answer.repo_id = facts.repo;
            kept.answer.bind(effective);
        }
    }
    (_, kept.answer.decision) = asked(&kept.answer, digest);
    let row = record::row(&kept, digest, at).map_err(|error| error.to_string())?;
    let entry = record::entry(&kept, digest, body);
    Ok(Again { kept, row, entry })
}

/// The answer before anything is judged.
fn bare(stored: &Answer, effective: &Effective, (decided_at, index): (Time, u64)) -> Answer {
    Answer {
        pass: false,
        enforced: true,
        would_pass: false,
        rollout: None,
        retry_after: None,
        class: None,
        rules: Vec::new(),
        missing: Vec::new(),
        changes: Vec::new(),
        policy: digests(effective),
        decided_at,
        ledger: LedgerRef { index },
        ..stored.clone()
    }
}

fn about_change(kept: &mut Kept, facts: &Facts, effective: &Effective, as_of: Time) {
    let decision = replay::judge(effective, facts, as_of);
    let pull = facts.pull.as_ref();
    let number = pull.map(|pull| pull.number).unwrap_or_default();
    let id = change_id(&kept.answer.repo_id, &Subject::Pull(number));
    let title = pull.map(|pull| pull.title.as_str()).unwrap_or_default();
    let change = ChangeView::of(id, number, title, &decision);
    kept.answer.pull = pull.map(|pull| pull.number);
    kept.answer.sha = facts.head;
    kept.answer.repo.clone_from(&facts.repo);
    kept.tell_change(decision, change, effective);
}

fn about_deploy(kept: &mut Kept, facts: DeployFacts, effective: &Effective, as_of: Time) {
    let to_environment = kept.answer.purpose == "deploy";
    let decide = if to_environment { decide_deploy } else { decide_group };
    let decision = decide(effective, &facts, as_of);
    if to_environment {
        kept.answer.environment = Some(facts.environment.clone());
        kept.answer.service = Some(facts.service.clone());
    }
    kept.answer.sha = facts.sha;
    kept.answer.repo.clone_from(&facts.repo);
    kept.tell_deploy(decision, facts, effective);
}

/// The question that was asked, as one text, and the id that the answer has to have. Who asked may have named the pull
/// request or not: that is part of the question, and the one of both is taken that gives the id which is kept.
pub(super) fn asked(answer: &Answer, facts: &str) -> (String, String) {
    let purpose = match (&answer.environment, &answer.service) {
        (Some(environment), Some(service)) => {
            Purpose::Deploy { environment: environment.clone(), service: service.clone() }
        }
        _ => Purpose::Merge,
    };
    let outcome = record::outcome(answer);
    let of = |pull: Option<u64>| {
        let (repo, purpose) = (answer.repo.clone(), purpose.clone());
        let question = Question { repo, sha: answer.sha, purpose, pull };
        let question = record::key(&answer.repo_id, &question);
        let id = record::decision_id(&question, facts, &answer.policy, &outcome);
        (question, id)
    };
    let named = of(answer.pull);
    if named.1 == answer.decision { named } else { of(None) }
}
