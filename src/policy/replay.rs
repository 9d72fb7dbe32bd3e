//! What another policy would have made of changes that were judged already: pure, from the same recorded facts, as of
//! the instant at which they were judged.

use std::collections::BTreeMap;

use serde::Serialize;

use super::decision::{Decision, State};
use super::model::Effective;
use super::{classify_at, decide};
use crate::domain::fact::{Facts, Grant};
use crate::domain::{Class, Time};

/// A policy with the people whom its roles name.
#[derive(Debug, Clone, PartialEq)]
pub struct InForce {
    /// Both layers as one.
    pub effective: Effective,
    /// Who holds which role under it, over time.
    pub grants: Vec<Grant>,
}

impl InForce {
    /// Judges recorded facts. Who is who stays as it was recorded; who holds which role is this policy's.
    #[must_use]
    pub fn judge(&self, facts: &mut Facts, as_of: Time) -> Decision {
        facts.grants.clone_from(&self.grants);
        judge(&self.effective, facts, as_of)
    }
}

/// Judges the facts of a change as of an instant: the one way from facts to a decision (P4).
#[must_use]
pub fn judge(effective: &Effective, facts: &Facts, as_of: Time) -> Decision {
    let classification = classify_at(effective, facts, as_of);
    decide(effective, facts, &classification, as_of)
}

/// Class and state of a change, as a decision gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Verdict {
    /// What the policy makes of the content.
    pub class: Class,
    /// What it answers.
    pub state: State,
}

impl Verdict {
    /// Of a decision.
    #[must_use]
    pub fn of(decision: &Decision) -> Self {
        Self { class: decision.classification.class, state: decision.state }
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.class, self.state)
    }
}

/// A change that was judged again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// Its id.
    pub id: String,
    /// The repository's name.
    pub repo: String,
    /// The number of its pull request; `None`: it landed without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull: Option<u64>,
    /// Its title.
    pub title: String,
    /// When it landed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub landed_at: Option<Time>,
}

/// A change whose verdict would be another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The change.
    #[serde(flatten)]
    pub change: Subject,
    /// Under the policy in force.
    pub before: Verdict,
    /// Under the candidate.
    pub after: Verdict,
    /// Why the candidate says so.
    pub why: String,
}

impl Moved {
    /// It would pass where it does not.
    #[must_use]
    pub fn loosened(&self) -> bool {
        self.after.state.passes() && !self.before.state.passes()
    }

    /// It would not pass where it does.
    #[must_use]
    pub fn tightened(&self) -> bool {
        !self.after.state.passes() && self.before.state.passes()
    }
}

/// What a candidate would change about changes that landed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// How many were judged again.
    pub compared: u64,
    /// How many of them pass by themselves under the policy in force.
    pub by_rule_before: u64,
    /// How many would under the candidate.
    pub by_rule_after: u64,
    /// Those whose class or state would be another, in the order in which they were judged.
    pub moved: Vec<Moved>,
}

impl Effect {
    /// Takes one change in.
    pub fn add(&mut self, change: Subject, before: &Decision, after: &Decision) {
        let by_rule = |decision: &Decision| u64::from(decision.state == State::AutoApproved);
        self.compared += 1;
        self.by_rule_before += by_rule(before);
        self.by_rule_after += by_rule(after);
        let (was, would_be) = (Verdict::of(before), Verdict::of(after));
        if was == would_be {
            return;
        }
        let classified = was.class != would_be.class;
        let why = if classified { &after.classification.why } else { &after.summary };
        let why = why.clone();
        self.moved.push(Moved { change, before: was, after: would_be, why });
    }

    /// Takes in what was found of further changes.
    pub fn extend(&mut self, other: Self) {
        self.compared += other.compared;
        self.by_rule_before += other.by_rule_before;
        self.by_rule_after += other.by_rule_after;
        self.moved.extend(other.moved);
    }

    /// How many went from which verdict to which.
    #[must_use]
    pub fn steps(&self) -> BTreeMap<(Verdict, Verdict), u64> {
        let mut steps = BTreeMap::new();
        for moved in &self.moved {
            *steps.entry((moved.before, moved.after)).or_insert(0) += 1;
        }
        steps
    }

    /// The whole in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        if self.compared == 0 {
            return "no landing was found to judge again".to_owned();
        }
        let count = |what: fn(&Moved) -> bool| self.moved.iter().filter(|one| what(one)).count();
        format!(
            "{} of {} verdicts would change: {} would pass that do not, {} would not pass that do; {} pass by themselves, {} would",
            self.moved.len(),
            self.compared,
            count(Moved::loosened),
            count(Moved::tightened),
            self.by_rule_before,
            self.by_rule_after,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::layers::from_bytes;
    use crate::policy::testkit::{Story, now};

    fn under(file: &str) -> InForce {
        let effective = from_bytes(None, Some((".countersign.yml", file.as_bytes())), "main");
        InForce { effective, grants: Vec::new() }
    }

    fn change(id: &str) -> Subject {
        let (id, repo, title) = (id.to_owned(), "acme/payments".to_owned(), String::new());
        Subject { id, repo, pull: Some(7), title, landed_at: None }
    }

    #[test]
    fn what_would_be_judged_otherwise_is_counted_and_named() {
        let strict = under("version: 1\ndefault: significant\n");
        let docs = under("version: 1\ntrivial: { docs: { files: [\"guide/**/*.md\"] } }\n");
        let mut effect = Effect::default();
        for (id, path) in [("a", "guide/a.md"), ("b", "src/a.rs")] {
            let mut facts = Story::empty(Class::Trivial).file(path, Class::Trivial, None).facts;
            let before = strict.judge(&mut facts, now());
            let after = docs.judge(&mut facts, now());
            effect.add(change(id), &before, &after);
        }
        assert_eq!((effect.compared, effect.moved.len()), (2, 1));
        let moved = &effect.moved[0];
        assert_eq!(moved.change.id, "a");
        assert_eq!(moved.after, Verdict { class: Class::Trivial, state: State::AutoApproved });
        assert!(moved.loosened() && !moved.tightened());
        assert!(moved.why.contains("guide/a.md"), "{}", moved.why);
        assert_eq!((effect.by_rule_before, effect.by_rule_after), (0, 1));
        assert_eq!(
            effect.sentence(),
            "1 of 2 verdicts would change: 1 would pass that do not, 0 would not pass that do; 0 pass by themselves, 1 would"
        );
        assert_eq!(effect.steps().values().sum::<u64>(), 1);
    }
}
