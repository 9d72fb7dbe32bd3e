//! What a deploy brings in: whether all of it is known, passes, and landed as proposed.

use super::{ChangeOutcome, DeployFacts, DeployKind, Requirements};
use crate::domain::baseline::Declared;
use crate::domain::fact::Integrity;
use crate::domain::{Oid, Time};
use crate::policy::decide::leaf;
use crate::policy::decision::{Rule, RuleState, State};
use crate::policy::exempt::Exemption;
use crate::policy::model::Effective;
use crate::policy::words;

/// Names of commits and changes that a sentence holds at most; the facts hold all.
const NAMED: usize = 20;

/// What the rules look at.
pub(super) struct Room<'a> {
    pub effective: &'a Effective,
    pub facts: &'a DeployFacts,
    pub required: &'a Requirements,
    pub as_of: Time,
}

impl Room<'_> {
    pub(super) fn rules(&self) -> Vec<Rule> {
        vec![
            self.readable(),
            self.policy(),
            self.something(),
            self.accounted(),
            self.history(),
            self.changes(),
            self.vetoes(),
            self.landings(),
            self.order(),
            self.earlier(),
            self.freeze(),
            self.emergency_rule(),
        ]
    }

    /// Whether changes have to pass here.
    pub(super) fn judges(&self) -> bool {
        self.required.environment.all_changes_pass
    }

    pub(super) fn readable(&self) -> Rule {
        let title = "Everything could be read";
        let mut seen = self.facts.errors.clone();
        let buckets = &self.facts.buckets;
        if !buckets.closes() {
            seen.push(format!("The sum does not close: {}.", buckets.sum()));
        }
        if (buckets.landed > 0) == self.facts.changes.iter().all(direct) {
            seen.push(format!(
                "{} landed by changes, but {} named.",
                words::count(buckets.landed, "commit"),
                words::count(words::len(&self.facts.changes), "change")
            ));
        }
        if self.facts.kind.brings_nothing() && buckets.total > 0 {
            seen.push(format!(
                "A {} brings nothing in, but {}.",
                self.facts.kind.as_str(),
                buckets.sum()
            ));
        }
        if seen.is_empty() {
            return leaf("facts", title, RuleState::Satisfied, "the sum of the commits closes");
        }
        let why = "what cannot be read cannot be judged, so nothing passes";
        let remedy = "Ask again once the mirror has been fetched".to_owned();
        Rule { seen, remedy, ..leaf("facts", title, RuleState::Error, why) }
    }

    /// With an invalid policy nothing passes by itself (sem 6.5); what people approved does, and so does going back.
    pub(super) fn policy(&self) -> Rule {
        let title = "Policy valid";
        let Some(first) = self.effective.invalid.first() else {
            let why = format!("read at {}", self.effective.base);
            return leaf("policy", title, RuleState::Satisfied, why);
        };
        let changes = &self.facts.changes;
        let people =
            !changes.is_empty() && changes.iter().all(|change| change.state == State::Approved);
        let mut rule = if people || self.facts.kind.brings_nothing() {
            leaf("policy", title, RuleState::NotApplicable, "nothing here passes by itself")
        } else {
            leaf("policy", title, RuleState::Unsatisfied, first.clone())
        };
        rule.seen.clone_from(&self.effective.invalid);
        if rule.state == RuleState::Unsatisfied {
            rule.remedy = format!("Mend the policy: {first}");
        }
        rule
    }

    /// Vacuous truth is false: a deploy that brings nothing to judge does not pass for that (P6, case 122).
    pub(super) fn something(&self) -> Rule {
        let title = "Something to judge";
        let facts = self.facts;
        if !self.judges() {
            return leaf("something", title, RuleState::NotApplicable, self.only_classifies());
        }
        match facts.kind {
            DeployKind::Baseline => self.baseline(title),
            kind if kind.brings_nothing() || facts.buckets.total > 0 => {
                let why = words::count(facts.buckets.total, "commit");
                let seen = facts.declared.iter().map(said).collect();
                Rule { seen, ..leaf("something", title, RuleState::Satisfied, why) }
            }
            kind => {
                let why = format!("a {} deploy that brings no commit in", kind.as_str());
                leaf("something", title, RuleState::Unsatisfied, why)
            }
        }
    }

    pub(super) fn baseline(&self, title: &str) -> Rule {
        let facts = self.facts;
        let older =
            format!("{} older than the ledger", words::count(facts.buckets.pre_ledger, "commit"));
        if let Some(declared) = self.declared_here() {
            let why = format!("{}; {older}", said(declared));
            return leaf("something", title, RuleState::Overridden, why);
        }
        if !facts.changes.is_empty() {
            let why = format!("the first deploy here; a change landed exactly there; {older}");
            return leaf("something", title, RuleState::Satisfied, why);
        }
        let why = format!("the first deploy here, and no change landed exactly there; {older}");
        let remedy = format!(
            "Ask an operator to declare what runs there, or this commit, with `countersign baseline --repo {} --service {} --environment {} --sha {}`",
            facts.repo, facts.service, facts.environment, facts.sha
        );
        Rule { remedy, ..leaf("something", title, RuleState::Unsatisfied, why) }
    }

    /// The declaration that this very commit is what runs there.
    pub(super) fn declared_here(&self) -> Option<&Declared> {
        let declared = self.facts.declared.as_ref()?;
        (self.facts.kind == DeployKind::Baseline && declared.sha == self.facts.sha)
            .then_some(declared)
    }

    pub(super) fn accounted(&self) -> Rule {
        let title = "Every commit accounted for";
        let buckets = &self.facts.buckets;
        let exempt = !self.effective.organisation.deny_unaccounted;
        let open = buckets.direct > 0 || buckets.unresolved > 0;
        let state = match (open, self.judges()) {
            (false, _) => RuleState::Satisfied,
            (true, false) if buckets.unresolved == 0 => RuleState::NotApplicable,
            (true, true) if exempt && buckets.unresolved == 0 => RuleState::Overridden,
            (true, _) => RuleState::Unsatisfied,
        };
        let why = match state {
            RuleState::Satisfied => "each falls in exactly one bucket".to_owned(),
            RuleState::NotApplicable => self.only_classifies(),
            RuleState::Overridden => {
                "`deploy.unaccounted` of the organisation exempts them".to_owned()
            }
            _ => {
                let number = buckets.direct.saturating_add(buckets.unresolved);
                let verb = if number == 1 { "belongs" } else { "belong" };
                format!("{} {verb} to no change", words::count(number, "commit"))
            }
        };
        let mut rule = leaf("accounted", title, state, why);
        rule.seen.push(buckets.sum());
        rule.seen.extend(named("direct", &buckets.direct_commits));
        rule.seen.extend(buckets.exempted.iter().take(NAMED).map(exempted));
        rule.seen.extend(named("unresolved", &buckets.unresolved_commits));
        if state == RuleState::Unsatisfied {
            let remedy = if buckets.direct > 0 {
                "Revert the direct commits and propose them in a pull request, or open an emergency"
            } else {
                "Push the commits that are missing, then ask again"
            };
            remedy.clone_into(&mut rule.remedy);
        }
        rule
    }

    pub(super) fn only_classifies(&self) -> String {
        format!("{} only classifies; what was brought is recorded", self.facts.environment)
    }

    pub(super) fn history(&self) -> Rule {
        let title = "History not rewritten";
        let previous = self.facts.previous.map(|commit| commit.short()).unwrap_or_default();
        match self.facts.kind {
            DeployKind::HistoryRewritten if self.judges() => {
                let why =
                    format!("commit {previous}, which runs there, is no longer in the branch");
                let remedy =
                    "Restore the branch, or ask an operator to declare what runs there with `countersign baseline --since now`".to_owned();
                Rule { remedy, ..leaf("history", title, RuleState::Unsatisfied, why) }
            }
            DeployKind::Hotfix => {
                let why = format!("it parts from {previous}; what it takes out is listed");
                leaf("history", title, RuleState::Satisfied, why)
            }
            kind => {
                let why = format!("a {} deploy", kind.as_str().replace('_', " "));
                leaf("history", title, RuleState::NotApplicable, why)
            }
        }
    }

    /// Direct commits that the organisation exempts are changes of their own; they are exempt as such too.
    pub(super) fn asked(&self) -> impl Iterator<Item = &ChangeOutcome> {
        let exempt = !self.effective.organisation.deny_unaccounted;
        self.facts
            .changes
            .iter()
            .filter(move |change| !(exempt && direct(change) && change.state == State::Unaccounted))
    }

    pub(super) fn changes(&self) -> Rule {
        let title = "Every change passes";
        let all = &self.facts.changes;
        if !self.judges() {
            let mut rule = leaf("changes", title, RuleState::NotApplicable, self.only_classifies());
            rule.seen = all.iter().map(outcome).collect();
            return rule;
        }
        if all.is_empty() {
            return leaf("changes", title, RuleState::NotApplicable, "it brings no change in");
        }
        let open: Vec<&ChangeOutcome> = self.asked().filter(|change| !change.passes()).collect();
        let passing = all.iter().filter(|change| change.passes()).count();
        let why = format!("{}: {passing} pass", words::count(words::len(all), "change"));
        let state = if open.is_empty() { RuleState::Satisfied } else { RuleState::Unsatisfied };
        let mut rule = leaf("changes", title, state, why);
        rule.seen = all.iter().map(outcome).collect();
        if let Some(first) = open.first() {
            let names: Vec<String> = open.iter().take(NAMED).map(|change| change.name()).collect();
            rule.why = format!("{}; {} does not", rule.why, first.name());
            if let [_, rest @ ..] = open.as_slice()
                && !rest.is_empty()
            {
                rule.why = format!(
                    "{}: {passing} pass, {} do not",
                    words::count(words::len(all), "change"),
                    open.len()
                );
            }
            rule.remedy =
                format!("Settle {}, or deploy a commit before it", words::and_list(&names));
        }
        rule
    }

    pub(super) fn vetoes(&self) -> Rule {
        let title = "No veto stands";
        if !self.judges() {
            return leaf("vetoes", title, RuleState::NotApplicable, self.only_classifies());
        }
        let vetoed: Vec<&ChangeOutcome> =
            self.facts.changes.iter().filter(|change| change.state == State::Rejected).collect();
        let Some(first) = vetoed.first() else {
            return leaf("vetoes", title, RuleState::Satisfied, "0 vetoes");
        };
        let why = format!("{}: {}", first.name(), words::open_ended(&first.why));
        let mut rule = leaf("vetoes", title, RuleState::Unsatisfied, why);
        rule.seen = vetoed.iter().map(|change| outcome(change)).collect();
        rule.remedy = format!("Settle {}, or deploy a commit before it", first.name());
        rule
    }

    pub(super) fn landings(&self) -> Rule {
        let title = "Landings unaltered";
        let proposed: Vec<&ChangeOutcome> =
            self.facts.changes.iter().filter(|change| !direct(change)).collect();
        if proposed.is_empty() || !self.judges() {
            let why = if self.judges() {
                "no landing to look at".to_owned()
            } else {
                self.only_classifies()
            };
            return leaf("landings", title, RuleState::NotApplicable, why);
        }
        let required = self.required.environment.integrity;
        let bad: Vec<&ChangeOutcome> = proposed
            .iter()
            .copied()
            .filter(|change| match change.integrity {
                Integrity::Intact => false,
                Integrity::Altered => true,
                Integrity::Unknown => required,
            })
            .collect();
        let total = words::count(words::len(&proposed), "landing");
        let Some(first) = bad.first() else {
            return leaf("landings", title, RuleState::Satisfied, format!("{total} looked at"));
        };
        let why = match first.integrity {
            Integrity::Altered => {
                format!("{} landed as other content than was proposed", first.name())
            }
            _ => format!("whether {} landed as proposed could not be told", first.name()),
        };
        let mut rule = leaf("landings", title, RuleState::Unsatisfied, why);
        rule.seen = bad
            .iter()
            .map(|change| format!("{}: {}", change.name(), change.integrity.as_str()))
            .collect();
        "Propose the difference in a pull request of its own, or open an emergency"
            .clone_into(&mut rule.remedy);
        rule
    }
}

/// A change that landed without a pull request.
pub(super) fn direct(change: &ChangeOutcome) -> bool {
    change.pull.is_none()
}

fn outcome(change: &ChangeOutcome) -> String {
    format!("{}: {} ({}): {}", change.name(), change.state, change.class, change.why)
}

fn exempted(it: &Exemption) -> String {
    let files = words::and_list(&it.files);
    format!(
        "exempt: {}: {} wrote and pushed {files} ({})",
        it.commit.short(),
        it.bot.login,
        it.rule
    )
}

fn named(word: &str, commits: &[Oid]) -> Option<String> {
    let shown: Vec<String> = commits.iter().take(NAMED).map(Oid::short).collect();
    let rest = commits.len().saturating_sub(NAMED);
    let rest = if rest == 0 { String::new() } else { format!(" and {rest} more") };
    (!commits.is_empty()).then(|| format!("{word}: {}{rest}", shown.join(", ")))
}

/// An operator's word, in a sentence.
fn said(declared: &Declared) -> String {
    let place = declared
        .since
        .map(|since| format!(" since {}", since.to_seconds_text()))
        .unwrap_or_default();
    format!(
        "{} declared {} the baseline{place}: {}",
        declared.by,
        declared.sha.short(),
        declared.reason
    )
}
