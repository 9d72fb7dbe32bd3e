//! Rules that ask no approval: whether everything could be read, whether there is a proposal, the
//! ticket, checks, how it landed, and whether the class proves the change harmless.

use std::collections::BTreeSet;

use crate::domain::fact::{Facts, Integrity, Landing, LandingKind};
use crate::domain::{Class, RepoPath};
use crate::policy::checks::conclusion;
use crate::policy::decision::{Classification, Missing, Rule, RuleState};
use crate::policy::model::Policy;
use crate::policy::words;

/// A rule and what is missing for it.
pub(super) type Found = (Rule, Vec<Missing>);

/// A leaf that comes with the product.
pub(in crate::policy) fn leaf(
    id: &str,
    title: &str,
    state: RuleState,
    why: impl Into<String>,
) -> Rule {
    Rule {
        id: id.to_owned(),
        title: title.to_owned(),
        from: "built-in".to_owned(),
        state,
        why: why.into(),
        seen: Vec::new(),
        remedy: String::new(),
        of: String::new(),
        rules: Vec::new(),
    }
}

/// Everything could be read, and the classification speaks of exactly these files (P2).
pub(super) fn readable(facts: &Facts, class: &Classification) -> Found {
    let mut errors = facts.errors.clone();
    errors.extend(
        facts
            .files
            .iter()
            .filter(|file| file.content.missing)
            .map(|file| format!("The content of {} is missing in the mirror.", file.path)),
    );
    let changed: BTreeSet<&RepoPath> = facts.files.iter().map(|file| &file.path).collect();
    let judged: BTreeSet<&RepoPath> = class.files.iter().map(|file| &file.path).collect();
    if let Some(path) = changed.symmetric_difference(&judged).next() {
        errors.push(format!("{path} is in the change or in its classification, but not in both."));
    }
    if facts.commits.is_empty() && !facts.files.is_empty() {
        errors
            .push("No commit of this change is known, so nobody can tell who wrote it.".to_owned());
    }
    errors.sort();
    errors.dedup();
    if errors.is_empty() {
        let why = format!(
            "{} and {} were read",
            words::count(words::len(&facts.files), "file"),
            words::count(words::len(&facts.commits), "commit")
        );
        return (leaf("facts", "Everything could be read", RuleState::Satisfied, why), Vec::new());
    }
    let missing = errors.iter().map(|why| objects(why)).collect();
    let mut rule = leaf(
        "facts",
        "Everything could be read",
        RuleState::Error,
        "what cannot be read cannot be judged, so nothing passes",
    );
    rule.seen = errors;
    "Ask again once the mirror has been fetched".clone_into(&mut rule.remedy);
    (rule, missing)
}

fn objects(why: &str) -> Missing {
    Missing { kind: "objects".to_owned(), need: 1, why: why.to_owned(), ..Missing::default() }
}

/// A change needs a proposal: approving what nobody proposed is not on offer (sem 2.1, sem 8).
pub(super) fn proposal(facts: &Facts) -> Rule {
    let title = "Proposed in a pull request";
    if let Some(pull) = &facts.pull {
        let draft = if pull.draft { ", still a draft" } else { "" };
        let why = format!("pull request {}{draft}", pull.number);
        return leaf("proposal", title, RuleState::Satisfied, why);
    }
    let mut rule = leaf(
        "proposal",
        title,
        RuleState::Unsatisfied,
        format!("commit {} reached {} without a pull request", facts.head.short(), facts.branch),
    );
    rule.remedy = format!(
        "Revert {} and propose it in a pull request, or open an emergency for it",
        facts.head.short()
    );
    rule
}

/// Trivial, and proven so. Says nothing about other classes; an empty change proves nothing (P6).
pub(super) fn proof(class: &Classification) -> Rule {
    let title = "Trivial, and proven so";
    if let Some(revert) = class.exact_revert().filter(|_| class.class == Class::Trivial) {
        let mut rule = leaf("proof", title, RuleState::Satisfied, revert.why.clone());
        rule.seen.clone_from(&revert.seen);
        "reverts".clone_into(&mut rule.from);
        return rule;
    }
    if class.class != Class::Trivial {
        let why = format!("the change is {}: {}", class.class, class.why);
        let mut rule = leaf("proof", title, RuleState::NotApplicable, why);
        rule.seen = class.revert.iter().flat_map(|revert| revert.seen.clone()).collect();
        return rule;
    }
    if let Some(file) = class.files.iter().find(|file| file.class != Class::Trivial) {
        let why = format!("{} is {}, so the change is not trivial", file.path, file.class);
        return leaf("proof", title, RuleState::Error, why);
    }
    if class.files.is_empty() {
        return leaf("proof", title, RuleState::NotApplicable, "no file proves anything");
    }
    let mut rule = leaf("proof", title, RuleState::Satisfied, class.why.clone());
    rule.seen = class.files.iter().map(|file| file.why.clone()).collect();
    rule
}

/// What landed is what was proposed (sem 7). Altered content belongs to no proposal, so it is unaccounted.
/// Where it cannot be told, the change stands as approved and a deploy decides: an environment with
/// `integrity: required` does not take it.
pub(super) fn landing(facts: &Facts) -> Rule {
    let title = "Landing unaltered";
    let Some(landing) = facts.landing.as_ref().filter(|_| facts.pull.is_some()) else {
        let why = if facts.landing.is_some() {
            "there is no proposal to compare it with"
        } else {
            "it has not landed"
        };
        return leaf("landing", title, RuleState::NotApplicable, why);
    };
    if landing.how == LandingKind::Direct {
        let why = format!("{} landed beside its proposal", landing.commit.short());
        return with_evidence(leaf("landing", title, RuleState::Unsatisfied, why), landing);
    }
    let commit = landing.commit.short();
    let (state, why) = match landing.integrity {
        Integrity::Intact => (
            RuleState::Satisfied,
            format!("the tree of {commit} equals the automatic merge of {}", facts.head.short()),
        ),
        Integrity::Altered => (RuleState::Unsatisfied, altered(landing)),
        Integrity::Unknown => (
            RuleState::NotApplicable,
            format!("whether {commit} is what was proposed could not be told"),
        ),
    };
    with_evidence(leaf("landing", title, state, why), landing)
}

fn altered(landing: &Landing) -> String {
    let commit = landing.commit.short();
    match landing.altered.as_slice() {
        [] => format!("landing {commit} differs from the automatic merge of what was proposed"),
        [path] => format!("landing {commit} differs from what was proposed in {path}"),
        [path, rest @ ..] => format!(
            "landing {commit} differs from what was proposed in {path} and {} more",
            words::count(words::len(rest), "file")
        ),
    }
}

fn with_evidence(mut rule: Rule, landing: &Landing) -> Rule {
    rule.seen.clone_from(&landing.evidence);
    if rule.state == RuleState::Unsatisfied {
        "Propose the difference in a pull request of its own, or revert the landing"
            .clone_into(&mut rule.remedy);
    }
    rule
}

/// Checks that a dependency bump's triviality rests on. Only `success` passes: a check that is missing, runs,
/// was skipped or is neutral does not (case 62).
pub(super) fn checks(policy: &Policy, facts: &Facts, class: &Classification) -> Found {
    let title = "Checks on the head";
    let rests =
        class.files.iter().any(|file| file.class == Class::Trivial && file.kind == "dependency");
    let names = policy.trivial.dependencies.as_ref().filter(|_| rests).map(|rule| &rule.checks);
    let Some(names) = names.filter(|names| !names.is_empty()) else {
        let why = "no rule needs a check for this change";
        return (leaf("checks", title, RuleState::NotApplicable, why), Vec::new());
    };
    let success = ["success".to_owned()];
    let (mut rule, missing) = passed(names, &success, facts);
    "trivial.dependencies.checks".clone_into(&mut rule.from);
    (rule, missing)
}

/// Whether each of these checks ended, on the head, as one of `conclusions` says. What is missing or runs did not.
pub(super) fn passed(names: &[String], conclusions: &[String], facts: &Facts) -> Found {
    let mut rule = leaf("checks", "Checks on the head", RuleState::Satisfied, "");
    let listed: Vec<&str> = conclusions.iter().map(String::as_str).collect();
    let (mut missing, mut open) = (Vec::new(), Vec::new());
    for name in names {
        let found = conclusion(name, &facts.checks, &listed);
        rule.seen.push(format!("{name}: {}", found.as_deref().unwrap_or("not reported")));
        if found.as_deref().is_none_or(|word| !listed.contains(&word)) {
            missing.push(check(name, found.as_deref()));
            open.push(name.as_str());
        }
    }
    let passed = words::len(names).saturating_sub(words::len(&missing));
    rule.why = format!("{passed} of {} passed on {}", names.len(), facts.head.short());
    if !open.is_empty() {
        rule.state = RuleState::Unsatisfied;
        rule.remedy = format!("Wait for {}, or run it again", open.join(", "));
    }
    (rule, missing)
}

fn check(name: &str, found: Option<&str>) -> Missing {
    Missing {
        kind: "check".to_owned(),
        need: 1,
        why: format!("{name}: {}", found.unwrap_or("not reported")),
        ..Missing::default()
    }
}
