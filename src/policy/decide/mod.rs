//! The decision about one change: a pure function of policy, facts, classification and an instant (P4).
//!
//! The rules are combined by `and` (sem 5); the state is the first of these that holds:
//!
//! | state | when |
//! |---|---|
//! | `error` | something could not be read, or a rule could not be told |
//! | `policy_invalid` | a layer is invalid and no holder of the architects' role for all scopes approved this content. Nothing is automatic then, but such an approval still lands a fix (sem 6.5) |
//! | `rejected` | a veto stands |
//! | `unaccounted` | there is no proposal, or what landed differs from it: no person could approve it (sem 2.1, 7) |
//! | `unmatched` | no rule says anything (P6) |
//! | `stale` | nothing is in the way but that approvals were of other content, or that their author has lost the role |
//! | `pending` | something is missing |
//! | `auto_approved` | trivial and proven so, and nobody was asked |
//! | `approved` | everybody who was asked said yes to this content |
//!
//! A draft does not block (case 52). Anybody's veto counts, a bot's too: it stops, it lets nothing out.

pub mod combine;
mod conditions;
mod earlier;
mod holds;
mod needs;
mod rows;
mod summary;
mod tally;
mod ticket;
mod tree;
mod veto;

use crate::domain::Time;
use crate::domain::fact::Facts;
use crate::policy::approvals::{self, Now, Owned};
use crate::policy::decision::{Classification, Decision, Missing, Rule, RuleState, State};
use crate::policy::model::Effective;
use crate::policy::words;

pub(in crate::policy) use conditions::leaf;
use earlier::Earlier;
use holds::Change;
use needs::{Need, Needs, Of};
use tally::{Room, Tally};
use tree::Judged;

/// Decides whether a change may go on. The same input gives the same bytes, whatever the order of opinions,
/// grants, tickets and checks in it.
#[must_use]
pub fn decide(
    effective: &Effective,
    facts: &Facts,
    classification: &Classification,
    as_of: Time,
) -> Decision {
    let facts = &*approvals::understood(effective.policy.approval.comments.as_ref(), facts);
    let excluded = approvals::excluded(facts);
    let unknown = approvals::unattributed(facts);
    let instant = facts.landing.as_ref().and_then(|landing| landing.at).unwrap_or(as_of);
    let change = Change { facts, class: classification, files: &facts.files, instant };
    let needs = needs::of(&effective.policy, &change, !unknown.is_empty());
    let earlier = Earlier::of(&effective.policy, facts, instant, !unknown.is_empty());
    let now = Now {
        class: classification.class,
        scopes: &needs.scopes(),
        staleness: effective.policy.approval.staleness,
        then: &earlier.judged(),
    };
    let weighed = approvals::weigh(facts, &excluded, &now);
    let room = Room {
        facts,
        organisation: &effective.organisation,
        excluded: &excluded,
        weighed: &weighed,
        earlier: &earlier,
        as_of,
    };
    let fix = fix_of_policy(effective);
    let judged = Judge { effective, classification, needs: &needs, fix: &fix, unknown: &unknown };
    let outcome = judged.run(&room);
    let all: Vec<&Need> = needs.iter().chain(fix.iter()).collect();
    let opinions = rows::of(&all, &room);
    let summary = summary::of(&outcome, classification, &opinions, &room);
    Decision {
        state: outcome.state,
        classification: classification.clone(),
        rules: outcome.rules,
        missing: outcome.missing,
        opinions,
        summary,
        holds_until: holds_until(facts, classification, as_of),
    }
}

/// What the rules came to.
#[derive(Debug)]
struct Outcome {
    state: State,
    rules: Vec<Rule>,
    missing: Vec<Missing>,
}

/// An invalid policy is mended by an approval of somebody who answers for everything.
fn fix_of_policy(effective: &Effective) -> Option<Need> {
    let rule = &effective.policy.approval.architects;
    (!effective.invalid.is_empty()).then(|| Need {
        id: "policy[approval]".to_owned(),
        of: Of::Role { role: rule.role.clone(), scope: "*".to_owned() },
        count: rule.count.max(1),
        from: "built-in".to_owned(),
        why: "the policy is invalid, so nothing is automatic".to_owned(),
        files: Owned::Everything,
    })
}

struct Judge<'a> {
    effective: &'a Effective,
    classification: &'a Classification,
    needs: &'a Needs,
    fix: &'a Option<Need>,
    unknown: &'a [String],
}

impl Judge<'_> {
    fn run(&self, room: &Room<'_>) -> Outcome {
        let policy = &self.effective.policy;
        let mut rules = Vec::new();
        let mut missing = Vec::new();
        let mut add = |(rule, more): (Rule, Vec<Missing>)| {
            rules.push(rule);
            missing.extend(more);
        };
        add(conditions::readable(room.facts, self.classification));
        add(self.policy(room));
        add((conditions::proposal(room.facts), Vec::new()));
        add((conditions::proof(self.classification), Vec::new()));
        let further: Vec<Judged> =
            self.needs.also.iter().map(|node| tree::judge(node, room)).collect();
        let was_enough = further.iter().all(|judged| judged.was_enough);
        let first = self.needs.architects.iter().chain(&self.needs.peers);
        let tallies: Vec<Tally<'_>> = first.map(|need| Tally::of(need, room)).collect();
        let was_enough = was_enough && tallies.iter().all(Tally::was_enough);
        for found in self.approvals(tallies, further, room) {
            add(found);
        }
        add(ticket::ticket(policy, room.facts));
        add(conditions::checks(policy, room.facts, self.classification));
        add((veto::veto(room.weighed), Vec::new()));
        add((conditions::landing(room.facts), Vec::new()));
        let state = state(&rules, was_enough);
        Outcome { state, rules, missing }
    }

    fn policy(&self, room: &Room<'_>) -> (Rule, Vec<Missing>) {
        let title = "Policy valid";
        let Some(need) = self.fix else {
            let why = format!("read at {}", self.effective.base);
            return (leaf("policy", title, RuleState::Satisfied, why), Vec::new());
        };
        let (approval, missing) = Tally::of(need, room).finish(room);
        let first = self.effective.invalid.first().cloned().unwrap_or_default();
        let mut valid = leaf("policy[valid]", title, RuleState::Unsatisfied, first.clone());
        valid.seen.clone_from(&self.effective.invalid);
        valid.remedy = format!("Mend the policy: {first}");
        let states = [valid.state, approval.state];
        let mut rule = leaf(
            "policy",
            "Policy valid, or an approval for all scopes",
            combine::any(&states),
            first,
        );
        "any".clone_into(&mut rule.of);
        if rule.state == RuleState::Unsatisfied {
            rule.remedy.clone_from(&approval.remedy);
        }
        rule.rules = vec![valid, approval];
        (rule, missing.into_iter().collect())
    }

    /// Architects as one rule (parts by scope where there are several), peers, further requirements, and attribution.
    fn approvals(
        &self,
        tallies: Vec<Tally<'_>>,
        further: Vec<Judged>,
        room: &Room<'_>,
    ) -> Vec<(Rule, Vec<Missing>)> {
        let mut found: Vec<(Rule, Vec<Missing>)> = tallies
            .into_iter()
            .map(|tally| tally.finish(room))
            .map(|(rule, missing)| (rule, missing.into_iter().collect()))
            .collect();
        let others = found.split_off(self.needs.architects.len());
        let architects = group(found);
        let further = further.into_iter().map(|judged| (judged.rule, judged.missing));
        let mut all: Vec<(Rule, Vec<Missing>)> =
            architects.into_iter().chain(others).chain(further).collect();
        for (id, role, from, why) in &self.needs.idle {
            let rule = leaf(id, &words::capital(role), RuleState::NotApplicable, why.clone());
            all.push((Rule { from: from.clone(), ..rule }, Vec::new()));
        }
        all.sort_by_key(|(rule, _)| place(&rule.id));
        let states: Vec<RuleState> = all.iter().map(|(rule, _)| rule.state).collect();
        all.push((self.attribution(&states, room.facts), Vec::new()));
        all
    }

    /// Every part was written by somebody known, or one more person approved.
    fn attribution(&self, approvals: &[RuleState], facts: &Facts) -> Rule {
        let title = "Every author known";
        if self.unknown.is_empty() {
            let commits = words::count(words::len(&facts.commits), "commit");
            let rule = leaf("attribution", title, RuleState::Satisfied, commits);
            return Rule { seen: disowned(facts).collect(), ..rule };
        }
        let state = match combine::all(approvals) {
            RuleState::NotApplicable => RuleState::Unsatisfied,
            state => state,
        };
        let why = "somebody nobody knows had a part, so it does not pass by itself and needs one more approval";
        let mut rule = leaf("attribution", title, state, why);
        rule.seen = self.unknown.iter().cloned().chain(disowned(facts)).collect();
        if state != RuleState::Satisfied {
            "Join the address to a person in `people` of the organisation file, or get one more approval"
                .clone_into(&mut rule.remedy);
        }
        rule
    }
}

/// The flags on disowned trailers (sem 3).
fn disowned(facts: &Facts) -> impl Iterator<Item = String> {
    approvals::disowned(facts).map(approvals::disowned_words)
}

/// Several scopes become parts of one rule, so that `architects` is always there by that name.
fn group(mut parts: Vec<(Rule, Vec<Missing>)>) -> Option<(Rule, Vec<Missing>)> {
    if parts.len() < 2 {
        let (rule, missing) = parts.pop()?;
        return Some((Rule { id: "architects".to_owned(), ..rule }, missing));
    }
    let states: Vec<RuleState> = parts.iter().map(|(rule, _)| rule.state).collect();
    let mut rule = leaf("architects", "Architects", combine::all(&states), "");
    rule.title = format!("Architects: all of {}", parts.len());
    "each scope that is touched needs its own approval; one person may cover several"
        .clone_into(&mut rule.why);
    "all".clone_into(&mut rule.of);
    let mut missing = Vec::new();
    for (part, more) in parts {
        if rule.remedy.is_empty() {
            rule.remedy.clone_from(&part.remedy);
        }
        rule.rules.push(part);
        missing.extend(more);
    }
    Some((rule, missing))
}

/// Architects, peers, then further requirements in policy order.
fn place(id: &str) -> (u8, usize) {
    match id {
        "architects" => (0, 0),
        "peers" => (1, 0),
        other => {
            let number: String = other.chars().filter(char::is_ascii_digit).collect();
            (2, number.parse().unwrap_or(usize::MAX))
        }
    }
}

/// Rules that decide the state by themselves when they do not hold, first one first.
const DECISIVE: [(&str, State); 4] = [
    ("policy", State::PolicyInvalid),
    ("veto", State::Rejected),
    ("proposal", State::Unaccounted),
    ("landing", State::Unaccounted),
];

fn state(rules: &[Rule], was_enough: bool) -> State {
    let blocked = |rule: &Rule| matches!(rule.state, RuleState::Unsatisfied);
    if rules.iter().any(|rule| rule.state == RuleState::Error) {
        return State::Error;
    }
    for (id, state) in DECISIVE {
        if rules.iter().any(|rule| rule.id == id && blocked(rule)) {
            return state;
        }
    }
    let asked: Vec<&Rule> = rules.iter().filter(|rule| asks_people(rule)).collect();
    let people = combine::all(&asked.iter().map(|rule| rule.state).collect::<Vec<_>>());
    let proof = rules.iter().find(|rule| rule.id == "proof").map(|rule| rule.state);
    let grounds = combine::all(&[people, proof.unwrap_or(RuleState::NotApplicable)]);
    if grounds == RuleState::NotApplicable {
        return State::Unmatched;
    }
    let others =
        rules.iter().any(|rule| blocked(rule) && !asks_people(rule) && rule.id != "attribution");
    match (people, others) {
        (RuleState::Unsatisfied, false) if was_enough => State::Stale,
        (RuleState::Unsatisfied, _) | (_, true) => State::Pending,
        (RuleState::NotApplicable, false) if rules.iter().any(blocked) => State::Pending,
        (RuleState::NotApplicable, false) => State::AutoApproved,
        (_, false) => State::Approved,
    }
}

/// Rules that an approval fills; an invalid policy is one of them (its parts say so).
fn asks_people(rule: &Rule) -> bool {
    let id = rule.id.as_str();
    matches!(id, "architects" | "peers")
        || (id.starts_with("also[") && tree::rests_on_people(rule))
        || (id == "policy" && !rule.rules.is_empty())
}

/// The first instant after `as_of` at which a grant begins or ends, or a landing is too old to be taken back.
fn holds_until(facts: &Facts, class: &Classification, as_of: Time) -> Option<Time> {
    let revert = class.exact_revert().filter(|_| facts.landing.is_none());
    facts
        .grants
        .iter()
        .flat_map(|grant| [grant.from, grant.until])
        .flatten()
        .chain(revert.and_then(|revert| revert.until))
        .filter(|instant| *instant > as_of)
        .min()
}

#[cfg(test)]
mod tests;
