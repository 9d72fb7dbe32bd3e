//! The decision about a merge queue's group: may these proposals land together (sem 7)? Every one of them has to pass in
//! its own right, as it stands now: a group is judged, not waved through because its members were once.

use super::{DeployDecision, DeployFacts, Requirements, decide};
use crate::domain::Time;
use crate::policy::decision::{Rule, RuleState};
use crate::policy::model::{Effective, Environment};

/// Rules that speak of places and not of content.
const OF_PLACES: [&str; 5] = ["history", "order", "earlier", "freeze", "emergency"];

/// Decides about a group. `facts` are those of a deploy that brings exactly the group's commits in; nothing that an
/// organisation allows for deploys of direct commits holds here.
#[must_use]
pub fn decide_group(effective: &Effective, facts: &DeployFacts, as_of: Time) -> DeployDecision {
    let mut effective = effective.clone();
    effective.organisation.deny_unaccounted = true;
    let environment = Environment {
        name: "the merge queue".to_owned(),
        all_changes_pass: true,
        integrity: true,
        rollback_window: None,
        after: Vec::new(),
    };
    let required = Requirements { names: Vec::new(), environment };
    let mut decision = decide(&effective, facts, &required, as_of);
    decision.rules.retain(|rule| !OF_PLACES.contains(&rule.id.as_str()));
    decision.rules.iter_mut().for_each(in_words_of_a_queue);
    decision
}

fn in_words_of_a_queue(rule: &mut Rule) {
    if rule.state != RuleState::Unsatisfied {
        return;
    }
    let remedy = match rule.id.as_str() {
        "accounted" => {
            "Take the group apart: its commits have to be open pull requests, merged by machine at their heads"
        }
        "changes" | "vetoes" => "Settle what is named, or take it out of the queue",
        "landings" => {
            "Take the proposal out of the queue and update it: the queue made other content of it"
        }
        _ => return,
    };
    remedy.clone_into(&mut rule.remedy);
}
