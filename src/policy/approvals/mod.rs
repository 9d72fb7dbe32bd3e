//! Which opinions count, and why not: who took part in writing, whose opinion is the latest, for which
//! content it was given, and who held the role (sem 3, 4). Nothing here knows what a policy requires.

mod basis;
pub(in crate::policy) mod comments;
mod exclude;
mod roles;
mod vetoes;

pub use basis::{Owned, untouched};
pub use comments::understood;
pub(super) use exclude::address;
pub use exclude::{Excluded, disowned, disowned_words, excluded, named_as_co_author, unattributed};
pub use roles::held_at;
pub(super) use roles::{Held, held, held_role_at, holders, holds_any};
pub use vetoes::standing as standing_vetoes;

use std::collections::BTreeMap;

use crate::domain::fact::{Facts, Opinion, Verdict};
use crate::domain::{AccountKind, Class, Oid, Person};
use crate::policy::model::Staleness;

/// What a requirement may make of one opinion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// A yes of a person who may give one, for this content; the basis (sem 4).
    Yes(&'static str),
    /// Such a yes, but for other content, where the policy asks only for the files that its author was needed for:
    /// it counts for a requirement whose files are [`untouched`]. The sentence says what else came since.
    ByFiles(String),
    /// Such a yes, but for other content. The sentence says what made it stale.
    Lapsed(String),
    /// A no that nobody but its author ends, or an administrator with a reason.
    Veto,
    /// A no that was overridden by somebody who may not. The sentence says why not.
    VetoKept(String),
    /// A no that an administrator set aside. The sentence says who, when and why.
    Overridden(String),
    /// Nothing that counts. The sentence says why.
    Nothing(String),
}

/// An opinion and its standing.
#[derive(Debug, Clone)]
pub struct Weighed<'a> {
    /// The opinion.
    pub opinion: &'a Opinion,
    /// What it is worth.
    pub standing: Standing,
}

/// What the change is now, for comparing with what it was when an approval was given.
#[derive(Debug)]
pub struct Now<'a> {
    /// The class.
    pub class: Class,
    /// The scopes that are needed, `*` for a requirement without one.
    pub scopes: &'a [String],
    /// How far an approval reaches.
    pub staleness: Staleness,
    /// What the change was at the reviewed commits that had other content.
    pub then: &'a BTreeMap<Oid, Judged>,
}

/// What the policy in force makes of a change as it was when somebody gave an opinion of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Its class then.
    pub class: Class,
    /// The scopes it needed then, `*` for a requirement without one; sorted.
    pub scopes: Vec<String>,
}

/// Weighs every opinion of the facts, in order of `(at, id)`; the order of the input does not matter.
#[must_use]
pub fn weigh<'a>(facts: &'a Facts, excluded: &Excluded, now: &Now<'_>) -> Vec<Weighed<'a>> {
    let mut opinions: Vec<&Opinion> = facts.opinions.iter().collect();
    opinions.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    opinions.dedup();
    let mut weighed = Vec::with_capacity(opinions.len());
    for (place, opinion) in opinions.iter().enumerate() {
        let later = opinions.get(place + 1..).unwrap_or_default();
        let standing = standing(opinion, later, facts, excluded, now);
        weighed.push(Weighed { opinion, standing });
    }
    weighed
}

fn standing(
    opinion: &Opinion,
    later: &[&Opinion],
    facts: &Facts,
    excluded: &Excluded,
    now: &Now<'_>,
) -> Standing {
    match opinion.verdict {
        Verdict::Comment | Verdict::Dismissed => Standing::Nothing(no_opinion(opinion)),
        Verdict::Veto => vetoes::weigh(opinion, later, facts, excluded),
        Verdict::Approve => match refusal(opinion, later, excluded) {
            Some(why) => Standing::Nothing(why),
            None => approval(opinion, facts, now),
        },
    }
}

const DISMISSED: &str = "dismissed; a dismissal never revives an older approval";

/// Why what is neither a yes nor a no is that.
fn no_opinion(opinion: &Opinion) -> String {
    match (&opinion.comment, opinion.verdict) {
        (Some(said), _) => comments::why_not(said),
        (None, Verdict::Dismissed) => DISMISSED.to_owned(),
        (None, _) => "a comment is not an approval".to_owned(),
    }
}

/// Why an approval is worth nothing, whatever its content.
fn refusal(opinion: &Opinion, later: &[&Opinion], excluded: &Excluded) -> Option<String> {
    if opinion.kind != AccountKind::User {
        return Some("bots, apps and tokens never approve".to_owned());
    }
    let Some(person) = &opinion.by else {
        return Some("the account maps to nobody known".to_owned());
    };
    if opinion.dismissed_at.is_some() {
        return Some(DISMISSED.to_owned());
    }
    if let Some(other) = later.iter().find(|other| withdraws(other, person)) {
        return Some(format!(
            "{} gave another opinion on {}, and the latest one wins",
            opinion.name,
            other.at.to_seconds_text()
        ));
    }
    excluded.get(person).map(|why| format!("{why}: excluded from approving"))
}

/// A later yes does not take back an earlier one: a person who approved two commits approved both (case 16).
/// Everything else that is an opinion does.
fn withdraws(other: &Opinion, person: &Person) -> bool {
    other.by.as_ref() == Some(person)
        && match other.verdict {
            Verdict::Comment => false,
            Verdict::Approve => other.dismissed_at.is_some(),
            Verdict::Veto | Verdict::Dismissed => true,
        }
}

fn approval(opinion: &Opinion, facts: &Facts, now: &Now<'_>) -> Standing {
    let then = opinion.commit.and_then(|commit| now.then.get(&commit));
    match (basis::of(opinion, facts, now.staleness), then.and_then(|then| outgrown(then, now))) {
        (Standing::Lapsed(stale), _) => Standing::Lapsed(stale),
        (_, Some(why)) => Standing::Lapsed(why),
        (standing, None) => standing,
    }
}

/// An approval does not outlive a rise of the class or a new scope (sem 4).
fn outgrown(then: &Judged, now: &Now<'_>) -> Option<String> {
    if now.class > then.class {
        return Some(format!("approved it as {}; it is {} now", then.class, now.class));
    }
    let new = now.scopes.iter().find(|scope| !then.scopes.contains(scope))?;
    Some(format!("approved it before it touched scope {new}"))
}
