//! The decision about one deploy: may this commit go to this environment (sem 8, 9)? Pure, like [`super::decide()`].
//!
//! The state is the first of these that holds:
//!
//! | state | when |
//! |---|---|
//! | `error` | the facts could not be read, or their sums do not close |
//! | `unknown_commit` | no mirror has the commit |
//! | `emergency_open` | an emergency for exactly this commit and environment has not expired. It passes over everything below: a veto, a freeze and a change that could not be decided too (sem 9) |
//! | `error`, `policy_invalid` | of a change; or a layer is invalid and something would pass by itself |
//! | `frozen` | a freeze window of the environment is open |
//! | `rejected` | a veto stands against a change |
//! | `unaccounted` | a commit is in no change, a landing is altered, or history was rewritten |
//! | `unmatched` | nothing is there to judge (P6), or no rule speaks of a change |
//! | `stale`, `pending` | of a change; `pending` also for order, rollback and redeploy |
//! | `auto_approved` | every change passed by rule, and no rule is overridden |
//! | `approved` | every change passes |
//!
//! A deploy that brings nothing in (a rollback, a redeploy) passes with the state with which that commit passed here
//! before: it rests on that decision and on nothing else (P6).
//!
//! An environment that is not listed has what `production` requires; without that entry, everything is required
//! and nothing is rolled back without a new approval. Where an environment only classifies, its deploys pass once
//! everything is accounted for in some bucket, and what they brought is recorded with the states it has.
//! A landing that is `altered` blocks wherever changes have to pass; one whose integrity is `unknown` blocks
//! where the environment requires integrity. Commits that could not be resolved are never exempt.

mod answer;
mod group;
mod place;
mod rules;
#[cfg(test)]
mod tests;

pub use group::decide_group;

use serde::{Deserialize, Serialize};

use crate::domain::baseline::Declared;
use crate::domain::fact::Integrity;
use crate::domain::{Class, Oid, Time};
use crate::policy::decision::{Missing, Rule, State};
use crate::policy::exempt::Exemption;
use crate::policy::model::{Effective, Environment};
use crate::policy::words;

/// How a deploy stands to the one before it (sem 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeployKind {
    /// There is none before it.
    Baseline,
    /// The one before is an ancestor.
    Forward,
    /// It is an ancestor of the one before.
    Rollback,
    /// The same commit again.
    Redeploy,
    /// Neither is an ancestor, and the branch they grew from is intact.
    Hotfix,
    /// Neither is an ancestor, because the branch was rewritten.
    HistoryRewritten,
    /// The commit is in no mirror.
    Unresolved,
}

impl DeployKind {
    /// The word used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Forward => "forward",
            Self::Rollback => "rollback",
            Self::Redeploy => "redeploy",
            Self::Hotfix => "hotfix",
            Self::HistoryRewritten => "history_rewritten",
            Self::Unresolved => "unresolved",
        }
    }

    /// Whether it brings nothing in.
    fn brings_nothing(self) -> bool {
        matches!(self, Self::Rollback | Self::Redeploy)
    }
}

/// In which bucket each commit fell that the deploy brings in: exactly one (sem 8).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buckets {
    /// All of them.
    pub total: u64,
    /// Landed by a change.
    pub landed: u64,
    /// Pushed without a pull request.
    pub direct: u64,
    /// By a bot that policy exempts.
    pub exempt: u64,
    /// Merges that change no tree.
    pub plumbing: u64,
    /// Older than the ledger.
    pub pre_ledger: u64,
    /// Could not be told.
    pub unresolved: u64,
    /// Every commit of `exempt`, by whom and by which rule, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exempted: Vec<Exemption>,
    /// Every commit of `direct`, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub direct_commits: Vec<Oid>,
    /// Every commit of `unresolved`, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unresolved_commits: Vec<Oid>,
}

impl Buckets {
    /// `2,946 = 2,614 landed + 4 direct + …`: all terms, zeros too, always in this order (interface 1.2).
    #[must_use]
    pub fn sum(&self) -> String {
        let terms = [
            (self.landed, "landed"),
            (self.direct, "direct"),
            (self.exempt, "exempt"),
            (self.plumbing, "plumbing"),
            (self.pre_ledger, "pre-ledger"),
            (self.unresolved, "unresolved"),
        ]
        .map(|(number, word)| format!("{} {word}", words::thousands(number)));
        format!("{} = {}", words::thousands(self.total), terms.join(" + "))
    }

    /// Whether the terms come to the total and the lists hold as many commits as the terms say.
    #[must_use]
    pub fn closes(&self) -> bool {
        let terms = [
            self.landed,
            self.direct,
            self.exempt,
            self.plumbing,
            self.pre_ledger,
            self.unresolved,
        ];
        let sum = terms.into_iter().try_fold(0_u64, u64::checked_add);
        sum == Some(self.total)
            && words::len(&self.direct_commits) == self.direct
            && words::len(&self.exempted) == self.exempt
            && words::len(&self.unresolved_commits) == self.unresolved
    }
}

/// A change that a deploy brings in or takes out, as it was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeOutcome {
    /// The change's id.
    pub id: String,
    /// Its pull request; `None`: it landed without one.
    pub pull: Option<u64>,
    /// Its title.
    pub title: String,
    /// Its class.
    pub class: Class,
    /// Its state: the decision at landing, with later vetoes.
    pub state: State,
    /// The sentence of that decision.
    pub why: String,
    /// What it lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Missing>,
    /// Whether what landed is what was proposed.
    pub integrity: Integrity,
    /// The commit by which it landed.
    pub landed_sha: Option<Oid>,
}

impl ChangeOutcome {
    /// `#42 Settle refunds`.
    fn name(&self) -> String {
        let at = self.landed_sha.map_or_else(|| self.id.clone(), |commit| commit.short());
        self.pull.map_or(format!("{at} {}", self.title), |pull| format!("#{pull} {}", self.title))
    }

    /// Whether it passes in its own right; an emergency is of a deploy and never carries a change elsewhere.
    fn passes(&self) -> bool {
        matches!(self.state, State::Approved | State::AutoApproved)
    }
}

/// An emergency that somebody opened and nobody has closed (sem 9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenEmergency {
    /// Its id.
    pub id: String,
    /// Exactly this commit.
    pub sha: Oid,
    /// Exactly this environment.
    pub environment: String,
    /// It passes before this instant.
    pub until: Time,
    /// Why, in the words of who opened it.
    pub reason: String,
}

/// A deploy of the same commit that succeeded in another environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Succeeded {
    /// Where.
    pub environment: String,
    /// When it finished.
    pub at: Time,
}

/// An earlier deploy of the same commit to the same place, after a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RanBefore {
    /// When it finished.
    pub at: Time,
    /// How it passed then: `approved` or `auto_approved`. Going back rests on that, so it has that state too.
    pub state: State,
}

/// Everything about one deploy that a policy may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployFacts {
    /// The repository's name.
    pub repo: String,
    /// The commit.
    pub sha: Oid,
    /// The service.
    pub service: String,
    /// The environment, exact bytes.
    pub environment: String,
    /// How it stands to the one before.
    pub kind: DeployKind,
    /// The commit of the one before.
    pub previous: Option<Oid>,
    /// The commits it brings in.
    pub buckets: Buckets,
    /// The changes it brings in.
    pub changes: Vec<ChangeOutcome>,
    /// The changes it takes out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<ChangeOutcome>,
    /// When this commit last succeeded in this environment after a decision that passed without an emergency.
    pub last_good: Option<RanBefore>,
    /// Database migrations lie between this commit and the one before.
    #[serde(default)]
    pub migration_between: bool,
    /// Another artifact or configuration of the same commit than before.
    #[serde(default)]
    pub configuration_changed: bool,
    /// What an operator declared to run there before, where nothing reported came after that: the commit before this
    /// one, or this very commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Declared>,
    /// Where this commit succeeded before.
    pub succeeded: Vec<Succeeded>,
    /// Open emergencies of the repository.
    pub emergencies: Vec<OpenEmergency>,
    /// Something could not be read: nothing may pass (P2). Sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

impl DeployFacts {
    /// Facts of which only the question is known: nothing brought in, nothing that ran before.
    #[must_use]
    pub fn of(repo: &str, sha: Oid, service: &str, environment: &str, kind: DeployKind) -> Self {
        Self {
            repo: repo.to_owned(),
            sha,
            service: service.to_owned(),
            environment: environment.to_owned(),
            kind,
            previous: None,
            buckets: Buckets::default(),
            changes: Vec::new(),
            withdrawn: Vec::new(),
            last_good: None,
            migration_between: false,
            configuration_changed: false,
            declared: None,
            succeeded: Vec::new(),
            emergencies: Vec::new(),
            errors: Vec::new(),
        }
    }
}

/// The answer about one deploy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeployDecision {
    /// The state.
    pub state: State,
    /// How it stands to the deploy before it.
    pub kind: DeployKind,
    /// The highest class among its changes; `None`: it brings none in.
    pub class: Option<Class>,
    /// Every rule.
    pub rules: Vec<Rule>,
    /// Everything missing.
    pub missing: Vec<Missing>,
    /// The changes it brings in, by pull request and id.
    pub changes: Vec<ChangeOutcome>,
    /// The changes it takes out, in the same order.
    pub withdrawn: Vec<ChangeOutcome>,
    /// The sum of the buckets, as a sentence.
    pub sum: String,
    /// The sentence under the state.
    pub summary: String,
    /// The emergency by which it passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<OpenEmergency>,
    /// The first instant after `as_of` at which a freeze, an emergency or a rollback window could change this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds_until: Option<Time>,
}

impl DeployDecision {
    /// May it go out?
    #[must_use]
    pub fn passes(&self) -> bool {
        self.state.passes()
    }
}

/// What an environment requires, and under which name freezes speak of it.
#[derive(Debug, Clone)]
struct Requirements {
    /// Its own name, and `production` where it is not listed.
    names: Vec<String>,
    environment: Environment,
}

/// The requirements of an environment (contract: one that is not listed has those of `production`).
fn requirements(effective: &Effective, name: &str) -> Requirements {
    let listed = |name: &str| {
        effective.organisation.environments.iter().find(|environment| environment.name == name)
    };
    if let Some(environment) = listed(name) {
        return Requirements { names: vec![name.to_owned()], environment: environment.clone() };
    }
    let production = listed("production").cloned().unwrap_or_else(|| Environment {
        name: "production".to_owned(),
        all_changes_pass: true,
        integrity: true,
        rollback_window: None,
        after: Vec::new(),
    });
    let names = vec![name.to_owned(), "production".to_owned()];
    Requirements { names, environment: production }
}

/// Decides whether a deploy may go out. The same input gives the same bytes, whatever the order of its lists.
#[must_use]
pub fn decide_deploy(effective: &Effective, facts: &DeployFacts, as_of: Time) -> DeployDecision {
    decide(effective, facts, &requirements(effective, &facts.environment), as_of)
}

fn decide(
    effective: &Effective,
    facts: &DeployFacts,
    required: &Requirements,
    as_of: Time,
) -> DeployDecision {
    let facts = &sorted(facts);
    let room = rules::Room { effective, facts, required, as_of };
    let rules = room.rules();
    let emergency = room.emergency().cloned();
    let state = room.state(&rules, emergency.is_some());
    let missing = if state.passes() { Vec::new() } else { room.missing(&rules) };
    DeployDecision {
        state,
        kind: facts.kind,
        class: facts.changes.iter().map(|change| change.class).max(),
        summary: room.summary(state, &rules, emergency.as_ref()),
        rules,
        missing,
        changes: facts.changes.clone(),
        withdrawn: facts.withdrawn.clone(),
        sum: facts.buckets.sum(),
        emergency: emergency.filter(|_| state == State::EmergencyOpen),
        holds_until: room.holds_until(),
    }
}

fn sorted(facts: &DeployFacts) -> DeployFacts {
    let mut facts = facts.clone();
    for changes in [&mut facts.changes, &mut facts.withdrawn] {
        changes.sort_by(|a, b| (a.pull, &a.id).cmp(&(b.pull, &b.id)));
    }
    facts.buckets.direct_commits.sort_unstable();
    facts.buckets.exempted.sort();
    facts.buckets.unresolved_commits.sort_unstable();
    facts.succeeded.sort_by(|a, b| (&a.environment, a.at).cmp(&(&b.environment, b.at)));
    facts.emergencies.sort_by(|a, b| (a.until, &a.id).cmp(&(b.until, &b.id)));
    facts.errors.sort();
    facts
}
