//! The sentence that stands under the state (interface 1.1). A person or a rule is its subject.

use std::collections::BTreeSet;

use super::tally::Room;
use super::{Outcome, veto};
use crate::domain::fact::Facts;
use crate::policy::approvals::{Standing, Weighed};
use crate::policy::decision::{Classification, Counted, Rule, RuleState, State};
use crate::policy::words;

pub(super) fn of(
    outcome: &Outcome,
    class: &Classification,
    opinions: &[Counted],
    room: &Room<'_>,
) -> String {
    let sentence = match outcome.state {
        State::AutoApproved => proven(class),
        State::Approved => approved(opinions, room),
        State::Stale => stale(outcome, opinions, room),
        State::Rejected => vetoed(room.weighed),
        State::Pending => pending(outcome),
        State::Unmatched => "No rule of the policy says anything about this change. Ask the owner of the policy to add one.".to_owned(),
        State::PolicyInvalid => why(&outcome.rules, "policy"),
        State::Unaccounted => unaccounted(&outcome.rules),
        _ => format!("{} Nothing passes until it can be told.", error(&outcome.rules)),
    };
    let overridden = veto::names(room.weighed, veto::is_overridden);
    if overridden.is_empty() {
        return sentence;
    }
    let whose = words::and_list(&overridden);
    format!("{sentence} The veto of {whose} was overridden by an administrator.")
}

fn proven(class: &Classification) -> String {
    if let Some(revert) = class.exact_revert() {
        return format!("Trivial, and proven so: {}.", revert.why);
    }
    let files = words::len(&class.files);
    let keys: usize = class.files.iter().map(|file| file.keys.len()).sum();
    let all = |number: u64, noun: &str| match number {
        1 => format!("the only {noun}"),
        _ => format!("all {}", words::count(number, noun)),
    };
    let verb = |number: u64| if number == 1 { "matches" } else { "match" };
    match u64::try_from(keys).unwrap_or(u64::MAX) {
        0 => format!("Trivial, and proven so: {} {} a rule.", all(files, "file"), verb(files)),
        keys => format!(
            "Trivial, and proven so: {} in {} {} an allow rule.",
            all(keys, "key change"),
            all(files, "file"),
            verb(keys)
        ),
    }
}

fn approved(opinions: &[Counted], room: &Room<'_>) -> String {
    let counted = ids_that_count(opinions);
    let votes: Vec<&Weighed<'_>> =
        room.weighed.iter().filter(|vote| counted.contains(vote.opinion.id.as_str())).collect();
    let exact = votes
        .iter()
        .all(|vote| matches!(vote.standing, Standing::Yes("same_commit" | "same_delta")));
    let names = names(&votes);
    let landed = landed(room.facts, &votes);
    if exact {
        format!("{names} approved this exact content{landed}.")
    } else if votes.iter().any(|vote| matches!(vote.standing, Standing::ByFiles(_))) {
        format!(
            "{names} approved this{landed}; the files that each was needed for are unchanged since."
        )
    } else {
        format!(
            "{names} approved this content{landed}; the tree proves that only base was taken in since."
        )
    }
}

fn ids_that_count(opinions: &[Counted]) -> BTreeSet<&str> {
    opinions.iter().filter(|row| row.counts).map(|row| row.id.as_str()).collect()
}

fn landed(facts: &Facts, votes: &[&Weighed<'_>]) -> &'static str {
    let Some(at) = facts.landing.as_ref().and_then(|landing| landing.at) else { return "" };
    if votes.iter().all(|vote| vote.opinion.at <= at) {
        " before it landed"
    } else {
        ", in part after it had landed"
    }
}

fn names(votes: &[&Weighed<'_>]) -> String {
    let names: BTreeSet<String> = votes.iter().map(|vote| vote.opinion.name.clone()).collect();
    words::and_list(&names.into_iter().collect::<Vec<_>>())
}

fn stale(outcome: &Outcome, opinions: &[Counted], room: &Room<'_>) -> String {
    let counted: BTreeSet<&str> = ids_that_count(opinions);
    let lapsed = room.weighed.iter().rev().find(|vote| {
        matches!(vote.standing, Standing::Lapsed(_) | Standing::ByFiles(_))
            && vote.opinion.commit.is_some()
            && !counted.contains(vote.opinion.id.as_str())
    });
    let Some((vote, commit)) = lapsed.and_then(|vote| Some((vote, vote.opinion.commit?))) else {
        let seen = unsatisfied(&outcome.rules).into_iter().find_map(|rule| rule.seen.get(1));
        return seen
            .map_or_else(|| "An approval no longer counts.".to_owned(), |text| format!("{text}."));
    };
    let name = &vote.opinion.name;
    let by = vote.opinion.overtaken_by.filter(|_| vote.opinion.elsewhere.is_none());
    match (by, &vote.standing) {
        (Some(by), _) => {
            format!("{name} approved {}. Commit {} made it stale.", commit.short(), by.short())
        }
        (None, Standing::Lapsed(why)) => format!("{name}: {why}."),
        (None, _) => format!("{name} approved {}.", commit.short()),
    }
}

fn vetoed(weighed: &[Weighed<'_>]) -> String {
    let names = words::and_list(&veto::names(weighed, veto::stands));
    format!("{names} vetoed this. It stands until {names} takes it back.")
}

fn pending(outcome: &Outcome) -> String {
    let open: Vec<&str> = unsatisfied(&outcome.rules)
        .into_iter()
        .filter(|rule| rule.id != "attribution")
        .map(|rule| rule.title.as_str())
        .collect();
    let (things, verb) = match open.len() {
        1 => ("1 thing".to_owned(), "is"),
        number => (format!("{number} things"), "are"),
    };
    format!("{things} {verb} missing: {}.", open.join("; "))
}

fn unaccounted(rules: &[Rule]) -> String {
    let proposal = rules.iter().find(|rule| rule.id == "proposal");
    let id = match proposal.map(|rule| rule.state) {
        Some(RuleState::Unsatisfied) => "proposal",
        _ => "landing",
    };
    words::capital(&format!("{}.", why(rules, id)))
}

fn error(rules: &[Rule]) -> String {
    let rule = rules.iter().find(|rule| rule.state == RuleState::Error);
    rule.map(|rule| rule.seen.first().cloned().unwrap_or_else(|| format!("{}.", rule.why)))
        .unwrap_or_default()
}

fn why(rules: &[Rule], id: &str) -> String {
    rules.iter().find(|rule| rule.id == id).map(|rule| rule.why.clone()).unwrap_or_default()
}

/// The rules without parts that do not hold, in order. What stands under a rule that holds is passed over; a rule that
/// is enough in any of its ways is one thing.
fn unsatisfied(rules: &[Rule]) -> Vec<&Rule> {
    rules
        .iter()
        .filter(|rule| rule.state == RuleState::Unsatisfied)
        .flat_map(|rule| {
            if rule.rules.is_empty() || rule.of == "any" {
                vec![rule]
            } else {
                unsatisfied(&rule.rules)
            }
        })
        .collect()
}
