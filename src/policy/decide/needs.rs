//! What a change needs: architects for each scope that its files raise, peers, further requirements, and one more where somebody wrote a part whom nobody knows.
//!
//! No class passes for lack of a rule. A change that is not trivial and that neither `approval.architects` nor
//! `approval.peers` speaks of needs the architects of `approval.architects` all the same.

use std::collections::{BTreeMap, BTreeSet};

use super::holds::{Change, any_glob};
use super::tree::{self, Node};
use crate::domain::{Class, Person};
use crate::policy::approvals::Owned;
use crate::policy::decision::{Classification, FileClass};
use crate::policy::model::{PathRule, Policy};
use crate::policy::requirement::{Demand, Requirement};
use crate::policy::words;

/// Who can fill a need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Of {
    /// Holders of a role for a scope; `*`: no scope.
    Role { role: String, scope: String },
    /// People by name.
    People(BTreeSet<Person>),
    /// Any person who belongs to the repository and took no part in writing.
    Peers,
}

/// So many people have to say yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    /// The id of its rule.
    pub id: String,
    /// Who.
    pub of: Of,
    /// How many different people; never 0 (P6).
    pub count: u64,
    /// Where it comes from.
    pub from: String,
    /// Why this change needs it.
    pub why: String,
    /// Which files raised it.
    pub files: Owned,
}

/// Everything a change needs, and the rules that speak of other changes.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// One for each scope, sorted by scope.
    pub architects: Vec<Need>,
    /// At most one.
    pub peers: Vec<Need>,
    /// Further requirements, in policy order.
    pub also: Vec<Node>,
    /// Rules that say nothing about this change: id, what they ask, where it comes from, why not.
    pub idle: Vec<(String, String, String, String)>,
}

impl Needs {
    /// Every approval, in the order of the rules.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Need> {
        let also = self.also.iter().flat_map(Node::approvals);
        self.architects.iter().chain(&self.peers).chain(also)
    }

    /// The needs that the same people fill.
    pub(super) fn like(&self, other: &Need) -> impl Iterator<Item = &Need> {
        self.iter().filter(|need| need.of == other.of)
    }

    /// The scopes of all roles that are needed, sorted; `*` where there is none.
    pub(super) fn scopes(&self) -> Vec<String> {
        let mut scopes: Vec<String> = self
            .iter()
            .filter_map(|need| match &need.of {
                Of::Role { scope, .. } => Some(scope.clone()),
                Of::Peers | Of::People(_) => None,
            })
            .collect();
        scopes.sort();
        scopes.dedup();
        scopes
    }
}

/// What `policy` needs for this change; `unknown`: some commit maps to nobody known.
pub(super) fn of(policy: &Policy, change: &Change<'_>, unknown: bool) -> Needs {
    let mut needs = Needs::default();
    let class = change.class;
    peers(policy, class, &mut needs);
    architects(policy, class, unknown, &mut needs);
    for (place, rule) in policy.approval.also.iter().enumerate() {
        match tree::of(place, rule, change) {
            Ok(node) => needs.also.push(node),
            Err(why) => {
                let id = format!("also[{place}]");
                needs.idle.push((id, asked(&rule.needs), rule.needs.from.clone(), why));
            }
        }
    }
    if unknown {
        raise(&mut needs);
    }
    needs
}

fn peers(policy: &Policy, class: &Classification, needs: &mut Needs) {
    let Some(rule) = &policy.approval.peers else { return };
    if class.class < rule.from_class {
        let why =
            format!("the change is {}; peers are asked from {} on", class.class, rule.from_class);
        needs.idle.push(("peers".to_owned(), "peer".to_owned(), rule.from.clone(), why));
        return;
    }
    needs.peers.push(Need {
        id: "peers".to_owned(),
        of: Of::Peers,
        count: rule.count.max(1),
        from: rule.from.clone(),
        why: format!("the change is {}: {}", class.class, class.why),
        files: Owned::Everything,
    });
}

fn architects(policy: &Policy, class: &Classification, unknown: bool, needs: &mut Needs) {
    let rule = &policy.approval.architects;
    let base = rule.count.max(1);
    let asked = class.class >= rule.from_class;
    let otherwise_nobody = needs.peers.is_empty() && (class.class > Class::Trivial || unknown);
    if !asked && !otherwise_nobody {
        let why = format!("the change is {}; needed from {} on", class.class, rule.from_class);
        needs.idle.push(("architects".to_owned(), rule.role.clone(), rule.from.clone(), why));
        return;
    }
    // Where nobody else is asked, a trivial change by somebody unknown needs one approval in all: none and one more.
    let base = if class.class == Class::Trivial && !asked { 0 } else { base };
    for (scope, raised) in scopes(policy, class, base) {
        let id = match scope.as_str() {
            "*" => "architects".to_owned(),
            name => format!("architects[{name}]"),
        };
        needs.architects.push(Need {
            id,
            of: Of::Role { role: rule.role.clone(), scope },
            count: raised.count,
            why: raised.why(class),
            files: raised.owned(),
            from: raised.from.unwrap_or_else(|| rule.from.clone()),
        });
    }
}

/// What raised a scope.
#[derive(Debug)]
struct Raised<'a> {
    count: u64,
    from: Option<String>,
    files: Vec<&'a FileClass>,
}

impl Raised<'_> {
    fn owned(&self) -> Owned {
        match self.files.as_slice() {
            [] => Owned::Everything,
            files => Owned::Files(files.iter().map(|file| file.path.clone()).collect()),
        }
    }

    fn why(&self, class: &Classification) -> String {
        let Some(first) = self.files.first() else {
            return class.why.clone();
        };
        let others = words::len(&self.files).saturating_sub(1);
        match others {
            0 => first.why.clone(),
            more => {
                format!(
                    "{}; so do {} more",
                    words::open_ended(&first.why),
                    words::count(more, "file")
                )
            }
        }
    }
}

/// Each scope with how many people it needs. A file that rules of the policy name raises the scope of each of
/// them; any other file, and one that something else made critical, raises the scope of what classified it.
fn scopes<'a>(
    policy: &Policy,
    class: &'a Classification,
    base: u64,
) -> BTreeMap<String, Raised<'a>> {
    let least = class.class.min(Class::Significant);
    let mut found: BTreeMap<String, Raised<'a>> = BTreeMap::new();
    for file in class.files.iter().filter(|file| file.class >= least) {
        let rules: Vec<&PathRule> =
            policy.significant.iter().filter(|rule| any_glob(&rule.files, &file.path)).collect();
        for rule in &rules {
            add(&mut found, rule.scope.as_ref(), rule.count.unwrap_or(base).max(base), file)
                .from
                .get_or_insert_with(|| rule.from.clone());
        }
        let raised_above = file.class > Class::Significant && file.scope.is_none();
        if rules.is_empty() || raised_above || file.scope.is_some() {
            add(&mut found, file.scope.as_ref(), base, file);
        }
    }
    if found.is_empty() {
        found.insert("*".to_owned(), Raised { count: base, from: None, files: Vec::new() });
    }
    found
}

fn add<'m, 'a>(
    found: &'m mut BTreeMap<String, Raised<'a>>,
    scope: Option<&String>,
    count: u64,
    file: &'a FileClass,
) -> &'m mut Raised<'a> {
    let scope = scope.map_or("*", String::as_str).to_owned();
    let raised =
        found.entry(scope).or_insert_with(|| Raised { count, from: None, files: Vec::new() });
    raised.count = raised.count.max(count);
    if raised.files.last().is_none_or(|last| last.path != file.path) {
        raised.files.push(file);
    }
    raised
}

/// What a requirement that says nothing about this change would ask, for its title.
fn asked(needs: &Requirement) -> String {
    if let Some(name) = &needs.name {
        return name.clone();
    }
    match &needs.what {
        Demand::Role { role, .. } => role.clone(),
        Demand::People { .. } => "people by name".to_owned(),
        Demand::Checks { checks, .. } => format!("checks: {}", checks.join(", ")),
        Demand::Any(_) => "one of several ways".to_owned(),
        Demand::All(_) => "several requirements".to_owned(),
    }
}

/// One more approval, from those who are asked in the first place: architects, else peers.
fn raise(needs: &mut Needs) {
    let asked = if needs.architects.is_empty() { &mut needs.peers } else { &mut needs.architects };
    for need in asked {
        need.count = need.count.saturating_add(1);
    }
}
