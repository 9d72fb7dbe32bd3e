//! Where a deploy goes: which environments come first, what going back rests on, freezes and emergencies.

use super::rules::Room;
use super::{DeployKind, OpenEmergency, RanBefore};
use crate::domain::Time;
use crate::policy::decide::leaf;
use crate::policy::decision::{Rule, RuleState};
use crate::policy::model::Freeze;
use crate::policy::words;

impl Room<'_> {
    /// Environments that must have had this commit before. Going back to where it ran asks nothing again.
    pub(super) fn order(&self) -> Rule {
        let after = &self.required.environment.after;
        let title = if after.is_empty() {
            "Order".to_owned()
        } else {
            format!("{} first", after.join(", "))
        };
        if after.is_empty() || self.facts.kind.brings_nothing() {
            let why =
                if after.is_empty() { "no environment comes first" } else { "it ran here before" };
            return leaf("order", &title, RuleState::NotApplicable, why);
        }
        let mut rule = leaf("order", &title, RuleState::Satisfied, "it ran there before");
        for name in after {
            let last = self.facts.succeeded.iter().rfind(|other| other.environment == *name);
            if let Some(other) = last {
                rule.seen.push(format!("succeeded in {name} on {}", other.at.to_seconds_text()));
                continue;
            }
            rule.seen.push(format!("never succeeded in {name}"));
            rule.state = RuleState::Unsatisfied;
            rule.why = format!("commit {} has not succeeded in {name}", self.facts.sha.short());
            rule.remedy = format!("Deploy {} to {name} first", self.facts.sha.short());
        }
        rule
    }

    /// What going back rests on: the commit ran here after a pass, for a rollback within the window and without
    /// a migration between (case 121).
    pub(super) fn earlier(&self) -> Rule {
        let facts = self.facts;
        let title = "Ran here before";
        if !facts.kind.brings_nothing() {
            return leaf(
                "earlier",
                title,
                RuleState::NotApplicable,
                "it is no rollback and no redeploy",
            );
        }
        if !self.judges() {
            return leaf("earlier", title, RuleState::NotApplicable, self.only_classifies());
        }
        let refusal = self.not_back();
        let Some(why) = refusal else {
            let before = facts.last_good.map(|before| {
                format!(
                    "it ran here on {} after a pass ({})",
                    before.at.to_seconds_text(),
                    before.state
                )
            });
            let mut rule = leaf("earlier", title, RuleState::Satisfied, before.unwrap_or_default());
            if facts.configuration_changed {
                rule.seen.push("another artifact or configuration of the same commit".to_owned());
            }
            rule.seen.extend(
                facts.withdrawn.iter().map(|change| format!("takes out {}", change.name())),
            );
            return rule;
        };
        let remedy = "Propose the change back in a pull request, or open an emergency".to_owned();
        Rule { remedy, ..leaf("earlier", title, RuleState::Unsatisfied, why) }
    }

    pub(super) fn not_back(&self) -> Option<String> {
        let facts = self.facts;
        let sha = facts.sha.short();
        let Some(RanBefore { at, .. }) = facts.last_good else {
            return Some(format!("commit {sha} never ran in {} after a pass", facts.environment));
        };
        if facts.kind == DeployKind::Redeploy {
            return None;
        }
        if facts.migration_between {
            return Some(format!("a database migration lies between {sha} and what runs now"));
        }
        match self.window_end(at) {
            None => Some(format!("{} has no rollback window", self.required.environment.name)),
            Some(end) if end < self.as_of => Some(format!(
                "commit {sha} last ran here on {}, before the rollback window",
                at.to_seconds_text()
            )),
            Some(_) => None,
        }
    }

    /// The last instant at which a rollback to what ran at `at` is in the window.
    pub(super) fn window_end(&self, at: Time) -> Option<Time> {
        let window = self.required.environment.rollback_window?;
        let micros = i64::try_from(window.as_micros()).unwrap_or(i64::MAX);
        Time::from_micros(at.micros().saturating_add(micros))
    }

    pub(super) fn freezes(&self) -> Vec<&Freeze> {
        let mut found: Vec<&Freeze> = self
            .effective
            .organisation
            .freeze
            .iter()
            .filter(|freeze| self.required.names.contains(&freeze.environment))
            .collect();
        found.sort_by(|a, b| (a.from, a.to, &a.reason).cmp(&(b.from, b.to, &b.reason)));
        found
    }

    pub(super) fn freeze(&self) -> Rule {
        let freezes = self.freezes();
        let open =
            freezes.iter().filter(|freeze| freeze.from <= self.as_of && self.as_of < freeze.to);
        if let Some(freeze) = open.max_by_key(|freeze| freeze.to) {
            let why = format!(
                "{} freeze until {}",
                words::capital(&freeze.reason),
                freeze.to.to_seconds_text()
            );
            let remedy = "Wait for its end; only an emergency passes".to_owned();
            return Rule { remedy, ..leaf("freeze", "Freeze", RuleState::Unsatisfied, why) };
        }
        let next = freezes.iter().find(|freeze| freeze.from > self.as_of);
        let why = next.map_or_else(
            || "no window covers this instant".to_owned(),
            |freeze| {
                format!(
                    "next: {} to {}, {}",
                    freeze.from.to_date_text(),
                    freeze.to.to_date_text(),
                    freeze.reason
                )
            },
        );
        leaf("freeze", "Freeze", RuleState::NotApplicable, why)
    }

    /// The emergency that lasts longest, of those for exactly this commit and environment.
    pub(super) fn emergency(&self) -> Option<&OpenEmergency> {
        self.facts.emergencies.iter().rfind(|emergency| {
            emergency.sha == self.facts.sha
                && emergency.environment == self.facts.environment
                && self.as_of < emergency.until
        })
    }

    pub(super) fn emergency_rule(&self) -> Rule {
        let (state, why) = match self.emergency() {
            Some(open) => (
                RuleState::Overridden,
                format!("{} until {}: {}", open.id, open.until.to_seconds_text(), open.reason),
            ),
            None => (
                RuleState::NotApplicable,
                "none is open for this commit and environment".to_owned(),
            ),
        };
        leaf("emergency", "Emergency", state, why)
    }
}
