//! A rule tree as rows: parents say their operator in words; a blocked answer puts what is missing first.

use super::words::plural;
use crate::policy::decision::{Rule, RuleState};

/// In which order rules are listed (interface 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleOrder {
    /// As the policy has them: on an answer that passes.
    Policy,
    /// Unsatisfied and error first: on one that does not.
    MissingFirst,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRow {
    /// How deep it stands; 0 is the top.
    pub depth: usize,
    /// Its state.
    pub state: RuleState,
    /// For people.
    pub title: String,
    /// `all of 3`, `any of 2`; empty for a leaf.
    pub of: String,
    /// Which layer and line it comes from.
    pub from: String,
    /// Why it applies or does not.
    pub why: String,
    /// What was seen.
    pub seen: Vec<String>,
    /// What would change it; empty where it holds.
    pub remedy: String,
}

/// The tree as rows, parents before their parts.
#[must_use]
pub fn rows(rules: &[Rule], order: RuleOrder) -> Vec<RuleRow> {
    let mut out = Vec::new();
    push(rules, order, 0, &mut out);
    out
}

fn push(rules: &[Rule], order: RuleOrder, depth: usize, out: &mut Vec<RuleRow>) {
    let mut sorted: Vec<&Rule> = rules.iter().collect();
    if order == RuleOrder::MissingFirst {
        sorted.sort_by_key(|rule| urgency(rule.state));
    }
    for rule in sorted {
        let of = match rule.of.as_str() {
            "" => String::new(),
            word => format!("{word} of {}", rule.rules.len()),
        };
        out.push(RuleRow {
            depth,
            state: rule.state,
            title: rule.title.clone(),
            of,
            from: rule.from.clone(),
            why: rule.why.clone(),
            seen: rule.seen.clone(),
            remedy: rule.remedy.clone(),
        });
        push(&rule.rules, order, depth + 1, out);
    }
}

fn urgency(state: RuleState) -> u8 {
    match state {
        RuleState::Unsatisfied => 0,
        RuleState::Error => 1,
        RuleState::Overridden => 2,
        RuleState::Satisfied => 3,
        RuleState::NotApplicable => 4,
    }
}

/// The rules without parts, in policy order.
#[must_use]
pub fn leaves(rules: &[Rule]) -> Vec<&Rule> {
    rules
        .iter()
        .flat_map(|rule| if rule.rules.is_empty() { vec![rule] } else { leaves(&rule.rules) })
        .collect()
}

/// Rules without parts that somebody entitled set aside.
#[must_use]
pub fn overridden(rules: &[Rule]) -> u64 {
    leaves(rules).iter().filter(|rule| rule.state == RuleState::Overridden).count() as u64
}

/// `7 rules: 4 satisfied, 2 unsatisfied, 1 not applicable`, counting those without parts.
#[must_use]
pub fn tally(rules: &[Rule]) -> String {
    let all = leaves(rules);
    let order = [
        RuleState::Satisfied,
        RuleState::Unsatisfied,
        RuleState::NotApplicable,
        RuleState::Overridden,
        RuleState::Error,
    ];
    let parts: Vec<String> = order
        .into_iter()
        .map(|state| (all.iter().filter(|rule| rule.state == state).count(), state))
        .filter(|(number, _)| *number > 0)
        .map(|(number, state)| format!("{number} {}", state.words().to_lowercase()))
        .collect();
    let head = plural(all.len() as u64, "rule", "rules");
    if parts.is_empty() { head } else { format!("{head}: {}", parts.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: &str, state: RuleState, rules: Vec<Rule>) -> Rule {
        Rule {
            id: id.into(),
            title: id.into(),
            from: "organisation: floor".into(),
            state,
            why: String::new(),
            seen: Vec::new(),
            remedy: String::new(),
            of: if rules.is_empty() { String::new() } else { "all".into() },
            rules,
        }
    }

    #[test]
    fn what_is_missing_comes_first_and_parts_stay_with_their_parent() {
        let tree = [
            rule("veto", RuleState::Satisfied, vec![]),
            rule(
                "approvals",
                RuleState::Unsatisfied,
                vec![
                    rule("peer", RuleState::Satisfied, vec![]),
                    rule("architect", RuleState::Unsatisfied, vec![]),
                ],
            ),
        ];
        let order: Vec<(usize, String)> = rows(&tree, RuleOrder::MissingFirst)
            .into_iter()
            .map(|row| (row.depth, row.title))
            .collect();
        let expected = [(0, "approvals"), (1, "architect"), (1, "peer"), (0, "veto")]
            .map(|(d, t)| (d, t.to_owned()));
        assert_eq!(order, expected);
        assert_eq!(rows(&tree, RuleOrder::Policy)[1].of, "all of 2");
        assert_eq!(tally(&tree), "3 rules: 2 satisfied, 1 unsatisfied");
    }
}
