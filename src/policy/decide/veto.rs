//! The rule that no veto stands.

use super::conditions::leaf;
use crate::policy::approvals::{Standing, Weighed};
use crate::policy::decision::{Rule, RuleState};
use crate::policy::words;

/// No veto stands. A veto survives pushes (sem 4). One that was set aside is overridden, and never satisfied (P5).
pub(super) fn veto(weighed: &[Weighed<'_>]) -> Rule {
    let title = "No veto stands";
    let standing = names(weighed, stands);
    let overridden = names(weighed, is_overridden);
    let (state, why) = match (standing.as_slice(), overridden.as_slice()) {
        ([], []) => return leaf("veto", title, RuleState::Satisfied, "0 vetoes"),
        ([], names) => (
            RuleState::Overridden,
            format!("the veto of {} was overridden by an administrator", words::and_list(names)),
        ),
        (names, _) => (RuleState::Unsatisfied, format!("{} vetoed this", words::and_list(names))),
    };
    let mut rule = leaf("veto", title, state, why);
    rule.seen = weighed.iter().filter_map(seen).collect();
    if state == RuleState::Unsatisfied {
        rule.remedy = format!(
            "Ask {} to approve; nobody else ends a veto, but an administrator who took no part may override it with a reason",
            words::and_list(&standing)
        );
    }
    rule
}

/// Whether a veto stands.
pub(super) fn stands(vote: &Weighed<'_>) -> bool {
    matches!(vote.standing, Standing::Veto | Standing::VetoKept(_))
}

/// Whether a veto was set aside.
pub(super) fn is_overridden(vote: &Weighed<'_>) -> bool {
    matches!(vote.standing, Standing::Overridden(_))
}

/// The names of those whose votes are such, each once, sorted.
pub(super) fn names(weighed: &[Weighed<'_>], such: fn(&Weighed<'_>) -> bool) -> Vec<String> {
    let votes = weighed.iter().filter(|vote| such(vote));
    let mut names: Vec<String> = votes.map(|vote| vote.opinion.name.clone()).collect();
    names.sort();
    names.dedup();
    names
}

fn seen(vote: &Weighed<'_>) -> Option<String> {
    let after = match &vote.standing {
        Standing::Veto => String::new(),
        Standing::VetoKept(why) | Standing::Overridden(why) => format!("; {why}"),
        _ => return None,
    };
    let commit = vote.opinion.commit.map(|commit| commit.short());
    Some(format!(
        "{} vetoed {} on {}{after}",
        vote.opinion.name,
        commit.as_deref().unwrap_or("this"),
        vote.opinion.at.to_seconds_text()
    ))
}
