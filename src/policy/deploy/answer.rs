//! What the rules of a deploy come to: the state, what is missing, and the sentence.

use super::rules::Room;
use super::{ChangeOutcome, DeployKind, OpenEmergency};
use crate::domain::Time;
use crate::policy::decision::{Missing, Rule, RuleState, State};
use crate::policy::words;

/// Rules that decide the state by themselves when they do not hold, first one first.
const DECISIVE: [(&str, State); 7] = [
    ("policy", State::PolicyInvalid),
    ("freeze", State::Frozen),
    ("vetoes", State::Rejected),
    ("accounted", State::Unaccounted),
    ("landings", State::Unaccounted),
    ("history", State::Unaccounted),
    ("something", State::Unmatched),
];

/// States of changes that decide the state of the deploy once no rule has, first one first.
const CARRIED: [State; 2] = [State::Unaccounted, State::Unmatched];

impl Room<'_> {
    /// The state, by the table of [`super`].
    pub(super) fn state(&self, rules: &[Rule], emergency: bool) -> State {
        if rules.iter().any(|rule| rule.state == RuleState::Error) {
            return State::Error;
        }
        if self.facts.kind == DeployKind::Unresolved {
            return State::UnknownCommit;
        }
        if emergency {
            return State::EmergencyOpen;
        }
        let carried = |states: &[State]| {
            states
                .iter()
                .copied()
                .find(|state| self.judges() && self.asked().any(|change| change.state == *state))
        };
        let open: Vec<&str> = rules
            .iter()
            .filter(|rule| rule.state == RuleState::Unsatisfied)
            .map(|rule| rule.id.as_str())
            .collect();
        let decisive = DECISIVE.into_iter().find(|(id, _)| open.contains(id));
        carried(&[State::Error, State::PolicyInvalid])
            .or(decisive.map(|(_, state)| state))
            .or_else(|| carried(&CARRIED))
            .unwrap_or_else(|| self.plain(&open, rules))
    }

    /// The state where no rule decides by itself.
    fn plain(&self, open: &[&str], rules: &[Rule]) -> State {
        let overridden = rules.iter().any(|rule| rule.state == RuleState::Overridden);
        let only_stale =
            || self.asked().all(|change| change.passes() || change.state == State::Stale);
        match open {
            ["changes"] if only_stale() => State::Stale,
            [] => self.passed(overridden),
            _ => State::Pending,
        }
    }

    /// How it passes: as this commit did before where it brings nothing in, else as its changes do. An override is a
    /// person's word: nothing about it passed by rule (P5).
    fn passed(&self, overridden: bool) -> State {
        let facts = self.facts;
        let rests = facts.kind.brings_nothing() && self.judges();
        let by_rule = || facts.changes.iter().all(|change| change.state == State::AutoApproved);
        match facts.last_good.filter(|_| rests) {
            _ if overridden => State::Approved,
            Some(before) => before.state,
            None if by_rule() => State::AutoApproved,
            None => State::Approved,
        }
    }

    /// What the changes lack, and one line for each other rule that does not hold.
    pub(super) fn missing(&self, rules: &[Rule]) -> Vec<Missing> {
        let mut missing = Vec::new();
        for rule in rules {
            match (rule.id.as_str(), rule.state) {
                ("changes", RuleState::Unsatisfied) => {
                    for change in self.asked().filter(|change| !change.passes()) {
                        missing.extend(lacks(change));
                    }
                }
                ("order", RuleState::Unsatisfied) => missing.push(row("environment", &rule.why)),
                ("facts", RuleState::Error) => {
                    missing.extend(rule.seen.iter().map(|why| row("objects", why)));
                }
                ("accounted" | "something" | "history", RuleState::Unsatisfied) => {
                    missing.push(row("change", &rule.why));
                }
                ("earlier", RuleState::Unsatisfied) => missing.push(row("approval", &rule.why)),
                _ => {}
            }
        }
        missing
    }

    /// The sentence under the state.
    pub(super) fn summary(
        &self,
        state: State,
        rules: &[Rule],
        emergency: Option<&OpenEmergency>,
    ) -> String {
        let why = |id: &str| {
            rules.iter().find(|rule| rule.id == id).map(|rule| rule.why.clone()).unwrap_or_default()
        };
        let first = |wanted: RuleState| rules.iter().find(|rule| rule.state == wanted);
        match state {
            State::EmergencyOpen => format!(
                "Allowed ahead of approval for this commit and {}, until {}.",
                self.facts.environment,
                emergency.map(|open| open.until.to_seconds_text()).unwrap_or_default()
            ),
            State::Frozen => format!("{}. Only an emergency passes.", why("freeze")),
            State::UnknownCommit => {
                "No repository configured here has this commit. Push it, or check the repository."
                    .to_owned()
            }
            State::Approved | State::AutoApproved => self.passing(state),
            State::Error => first(RuleState::Error)
                .and_then(|rule| rule.seen.first().cloned())
                .unwrap_or_else(|| format!("{}.", words::capital(&why("changes")))),
            _ => first(RuleState::Unsatisfied)
                .map(|rule| format!("{}.", words::open_ended(&words::capital(&rule.why))))
                .unwrap_or_default(),
        }
    }

    fn passing(&self, state: State) -> String {
        let facts = self.facts;
        let changes = words::count(words::len(&facts.changes), "change");
        if facts.kind.brings_nothing() {
            let sha = facts.sha.short();
            return format!(
                "A {} to {sha}, which ran here before. It brings nothing in.",
                facts.kind.as_str()
            );
        }
        if !self.judges() {
            return format!(
                "{} Brought: {changes}.",
                words::capital(&format!("{}.", self.only_classifies()))
            );
        }
        if self.declared_here().is_some() {
            return format!("It passes on a person's word: {}.", self.baseline("").why);
        }
        match (facts.changes.is_empty(), state) {
            (true, _) => format!("It brings no change in: {}.", facts.buckets.sum()),
            (false, State::AutoApproved) => format!("{changes}, and every one passed by rule."),
            (false, _) => format!("{changes}, and every one passes."),
        }
    }

    /// The first instant at which a date could change the answer.
    pub(super) fn holds_until(&self) -> Option<Time> {
        let freezes = self.freezes().into_iter().flat_map(|freeze| [freeze.from, freeze.to]);
        let emergency = self.emergency().map(|open| open.until);
        let window = self.facts.last_good.and_then(|before| self.window_end(before.at));
        let window = window.filter(|_| self.facts.kind == DeployKind::Rollback);
        freezes.chain(emergency).chain(window).filter(|instant| *instant > self.as_of).min()
    }
}

/// What a change lacks, each line naming it (case 119).
fn lacks(change: &ChangeOutcome) -> Vec<Missing> {
    if change.missing.is_empty() {
        let why = format!("{} is {}: {}", change.name(), change.state, change.why);
        return vec![row("change", &why)];
    }
    let mut missing = change.missing.clone();
    for line in missing.iter_mut().filter(|line| line.why != "no_eligible_approver") {
        line.why = format!("{}: {}", change.name(), line.why);
    }
    missing
}

fn row(kind: &str, why: &str) -> Missing {
    Missing { kind: kind.to_owned(), need: 1, why: why.to_owned(), ..Missing::default() }
}
