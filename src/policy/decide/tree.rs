//! Requirements that nest: what each part came to, and what the parts come to together (sem 5).

use super::combine;
use super::conditions::{self, leaf};
use super::holds::{Change, holds, means};
use super::needs::{Need, Of};
use super::tally::{Room, Tally};
use crate::policy::approvals::Owned;
use crate::policy::condition::When;
use crate::policy::decision::{Classification, Missing, Rule, RuleState};
use crate::policy::requirement::{AlsoRule, Demand, Requirement};
use crate::policy::words;

/// The end of the id of a rule that checks fill and no person.
pub(super) const CHECKS: &str = ".checks";
/// Parts of which a title names each; of more it says how many.
const TITLED: usize = 4;

/// A requirement of this change.
#[derive(Debug)]
pub(super) enum Node {
    /// People have to say yes.
    Approval(Box<Need>, Option<String>),
    /// Checks have to have passed.
    Checks(Checks),
    /// Parts, as `all` or `any`.
    Group(Group),
}

/// Checks that have to have passed.
#[derive(Debug)]
pub(super) struct Checks {
    id: String,
    name: Option<String>,
    names: Vec<String>,
    conclusions: Vec<String>,
    from: String,
    why: String,
}

/// Parts of a requirement.
#[derive(Debug)]
pub(super) struct Group {
    id: String,
    name: Option<String>,
    any: bool,
    parts: Vec<Node>,
    from: String,
    why: String,
}

/// The requirement of an entry, if its condition holds; else why it says nothing.
pub(super) fn of(place: usize, rule: &AlsoRule, change: &Change<'_>) -> Result<Node, String> {
    let why = holds(&rule.when, change)?;
    let files = named(&rule.when, change.class);
    Ok(node(format!("also[{place}]"), &rule.needs, &why, &files))
}

/// The files that a condition names; a condition that names none is about the whole change.
fn named(when: &When, class: &Classification) -> Owned {
    if when.files.is_empty() {
        return Owned::Everything;
    }
    let named = class.files.iter().map(|file| &file.path);
    Owned::Files(named.filter(|path| means(when, path)).cloned().collect())
}

fn node(id: String, needs: &Requirement, why: &str, files: &Owned) -> Node {
    let why = match &needs.description {
        Some(said) => format!("{}: {why}", words::open_ended(said)),
        None => why.to_owned(),
    };
    let (name, from) = (needs.name.clone(), needs.from.clone());
    let approval = |of: Of, count: u64| {
        let need = Need {
            id: id.clone(),
            of,
            count: count.max(1),
            from: from.clone(),
            why: why.clone(),
            files: files.clone(),
        };
        Node::Approval(Box::new(need), name.clone())
    };
    match &needs.what {
        Demand::Role { role, scope, count } => {
            let scope = scope.clone().unwrap_or_else(|| "*".to_owned());
            approval(Of::Role { role: role.clone(), scope }, *count)
        }
        Demand::People { people, count } => {
            approval(Of::People(people.iter().cloned().collect()), *count)
        }
        Demand::Checks { checks, conclusions } => Node::Checks(Checks {
            id: format!("{id}{CHECKS}"),
            name,
            names: checks.clone(),
            conclusions: conclusions.clone(),
            from,
            why,
        }),
        Demand::All(parts) | Demand::Any(parts) => {
            let word = needs.what.word();
            let below = parts.iter().enumerate();
            let parts = below
                .map(|(place, part)| node(format!("{id}.{word}[{place}]"), part, &why, files))
                .collect();
            Node::Group(Group { id, name, any: word == "any", parts, from, why })
        }
    }
}

impl Node {
    /// Every approval in it.
    pub(super) fn approvals(&self) -> Vec<&Need> {
        match self {
            Self::Approval(need, _) => vec![need],
            Self::Checks(_) => Vec::new(),
            Self::Group(group) => group.parts.iter().flat_map(Self::approvals).collect(),
        }
    }
}

/// What a requirement came to.
#[derive(Debug)]
pub(super) struct Judged {
    pub rule: Rule,
    pub missing: Vec<Missing>,
    /// It would be enough if what lapsed still counted.
    pub was_enough: bool,
}

/// Judges a whole requirement.
pub(super) fn judge(node: &Node, room: &Room<'_>) -> Judged {
    match node {
        Node::Approval(need, name) => {
            let tally = Tally::of(need, room);
            let was_enough = tally.was_enough();
            let (mut rule, missing) = tally.finish(room);
            rule.title = titled(name.as_deref(), &rule.title);
            Judged { rule, missing: missing.into_iter().collect(), was_enough }
        }
        Node::Checks(checks) => checks.judge(room),
        Node::Group(group) => group.judge(room),
    }
}

impl Checks {
    fn judge(&self, room: &Room<'_>) -> Judged {
        let title = titled(self.name.as_deref(), &format!("Checks: {}", self.names.join(", ")));
        let (mut rule, missing) = conditions::passed(&self.names, &self.conclusions, room.facts);
        rule.id.clone_from(&self.id);
        rule.from.clone_from(&self.from);
        rule.title = title;
        rule.why = format!("{}; {}", self.why, rule.why);
        let was_enough = rule.state == RuleState::Satisfied;
        Judged { rule, missing, was_enough }
    }
}

impl Group {
    fn judge(&self, room: &Room<'_>) -> Judged {
        let parts: Vec<Judged> = self.parts.iter().map(|part| judge(part, room)).collect();
        let states: Vec<RuleState> = parts.iter().map(|part| part.rule.state).collect();
        let state = if self.any { combine::any(&states) } else { combine::all(&states) };
        let was_enough = if self.any {
            parts.iter().any(|part| part.was_enough)
        } else {
            parts.iter().all(|part| part.was_enough)
        };
        let mut missing = Vec::new();
        let mut rule = leaf(&self.id, &self.title(&parts), state, self.why.clone());
        rule.from.clone_from(&self.from);
        self.word().clone_into(&mut rule.of);
        if state == RuleState::Unsatisfied && self.any {
            rule.remedy = ways(&parts);
        }
        for part in parts {
            rule.rules.push(part.rule);
            missing.extend(part.missing);
        }
        if state == RuleState::Satisfied {
            // The other ways are no longer asked.
            missing.clear();
        }
        for one in missing.iter_mut().filter(|_| self.any) {
            one.one_of.clone_from(&self.id);
        }
        Judged { rule, missing, was_enough }
    }

    fn word(&self) -> &'static str {
        if self.any { "any" } else { "all" }
    }

    fn title(&self, parts: &[Judged]) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let titles: Vec<&str> = parts.iter().map(|part| part.rule.title.as_str()).collect();
        match titles.len() {
            1..=TITLED => titles.join(if self.any { ", or " } else { ", and " }),
            _ if self.any => "One of several ways".to_owned(),
            _ => "Several requirements".to_owned(),
        }
    }
}

fn titled(name: Option<&str>, title: &str) -> String {
    name.map_or_else(|| title.to_owned(), |name| format!("{name}: {title}"))
}

/// What each way would take, in one sentence: any of them is enough.
fn ways(parts: &[Judged]) -> String {
    let open = parts.iter().map(|part| way(&part.rule)).filter(|way| !way.is_empty());
    open.collect::<Vec<_>>().join("; or ")
}

fn way(rule: &Rule) -> String {
    if !rule.remedy.is_empty() || rule.rules.is_empty() {
        return rule.remedy.clone();
    }
    let parts = rule.rules.iter().filter(|part| part.state == RuleState::Unsatisfied);
    parts.map(way).filter(|way| !way.is_empty()).collect::<Vec<_>>().join(", and ")
}

/// Whether a person was asked by this rule: somewhere in it stands an approval; and where it holds, one that holds.
pub(super) fn rests_on_people(rule: &Rule) -> bool {
    if rule.rules.is_empty() {
        return !rule.id.ends_with(CHECKS);
    }
    let holds = rule.state == RuleState::Satisfied;
    let parts = rule.rules.iter().filter(|part| !holds || part.state == RuleState::Satisfied);
    parts.into_iter().any(rests_on_people)
}
