//! Counts opinions towards needs: one person once in each (sem 3).

use std::collections::BTreeSet;

use super::earlier::Earlier;
use super::needs::{Need, Of};
use crate::domain::fact::{Facts, Opinion};
use crate::domain::{Person, Time};
use crate::policy::approvals::{Excluded, Held, Standing, Weighed, held, holders, holds_any};
use crate::policy::decision::{Missing, Rule, RuleState};
use crate::policy::model::Organisation;
use crate::policy::words;

/// What counting needs to know beside the need.
#[derive(Debug)]
pub(super) struct Room<'a> {
    pub facts: &'a Facts,
    pub organisation: &'a Organisation,
    pub excluded: &'a Excluded,
    pub weighed: &'a [Weighed<'a>],
    pub earlier: &'a Earlier<'a>,
    pub as_of: Time,
}

impl Room<'_> {
    /// Until when a role has to be held for an approval: the landing, or now, and never before the approval itself.
    pub(super) fn end(&self, opinion: &Opinion) -> Time {
        let end = self.facts.landing.as_ref().and_then(|landing| landing.at).unwrap_or(self.as_of);
        end.max(opinion.at)
    }
}

/// A need and who fills it.
#[derive(Debug)]
pub(super) struct Tally<'a> {
    pub need: &'a Need,
    /// People who said yes to this content and may.
    pub have: BTreeSet<&'a Person>,
    /// People who said a yes that counted once: other content, or the role is gone.
    pub lapsed: BTreeSet<&'a Person>,
    /// What was seen.
    pub seen: Vec<String>,
}

/// What one opinion is worth for one need.
pub(super) enum Worth {
    /// It counts; how the role was held, in words.
    Counts(String),
    /// It counted, and why it does not now.
    Lapsed(String),
    /// It never did; why.
    Nothing(String),
}

/// What an opinion is worth for a need.
pub(super) fn worth(need: &Need, vote: &Weighed<'_>, room: &Room<'_>) -> Worth {
    let stale = match &vote.standing {
        Standing::Yes(_) => None,
        Standing::ByFiles(why) => room.earlier.touched(need, vote.opinion, why),
        Standing::Lapsed(why) => Some(why.clone()),
        Standing::Veto => return Worth::Nothing("a veto".to_owned()),
        Standing::Overridden(why) | Standing::VetoKept(why) | Standing::Nothing(why) => {
            return Worth::Nothing(why.clone());
        }
    };
    let held = match hold(need, vote.opinion, room) {
        Held::Never => {
            return Worth::Nothing(lacks(need, vote.opinion) + &doubt(need, vote.opinion, room));
        }
        Held::Lost(at) => {
            let why = format!(
                "approver_no_longer_eligible: {} since {}",
                lacks(need, vote.opinion),
                at.to_seconds_text()
            );
            return Worth::Lapsed(stale.unwrap_or(why));
        }
        Held::Throughout(words) => words,
    };
    stale.map_or(Worth::Counts(held), Worth::Lapsed)
}

fn hold(need: &Need, opinion: &Opinion, room: &Room<'_>) -> Held {
    match (&need.of, &opinion.by) {
        (_, None) => Held::Never,
        (Of::Peers, Some(person)) => peer(person, opinion, room),
        (Of::People(people), Some(person)) => {
            let named = people.contains(person).then(|| Held::Throughout("by name".to_owned()));
            named.unwrap_or(Held::Never)
        }
        (Of::Role { role, scope }, Some(person)) => {
            held(&room.facts.grants, person, (role, scope), opinion.at, room.end(opinion))
        }
    }
}

/// A peer belongs to the repository by its source's word, or is somebody whom the organisation file names, under
/// `people` or by a role held at that time. Silence is no word (sem 11.2).
fn peer(person: &Person, opinion: &Opinion, room: &Room<'_>) -> Held {
    let named = room.organisation.people.iter().any(|entry| entry.user == person.0)
        || holds_any(&room.facts.grants, person, opinion.at);
    match opinion.member {
        _ if named => Held::Throughout("peer, named by the organisation".to_owned()),
        Some(true) => Held::Throughout("peer".to_owned()),
        Some(false) | None => Held::Never,
    }
}

fn lacks(need: &Need, opinion: &Opinion) -> String {
    match &need.of {
        Of::Peers => {
            let source = match opinion.member {
                Some(_) => "the source counts them as an outsider",
                None => "the source does not say that they belong to the repository",
            };
            format!("no peer: {source}, and the organisation file names them nowhere")
        }
        Of::People(_) => "is none of those who are named".to_owned(),
        Of::Role { role, scope } if scope == "*" => format!("does not hold {role} for all scopes"),
        Of::Role { role, scope } => format!("does not hold {role} for {scope}"),
    }
}

/// Why a role that somebody said this person has does not count; empty where nobody did.
fn doubt(need: &Need, opinion: &Opinion, room: &Room<'_>) -> String {
    let (Of::Role { role, .. }, Some(person)) = (&need.of, &opinion.by) else {
        return String::new();
    };
    let mut grants = room.facts.grants.iter();
    let found = grants
        .find(|grant| grant.doubt.is_some() && grant.role == *role && grant.person == *person);
    found.and_then(|grant| grant.doubt.as_ref()).map(|why| format!(": {why}")).unwrap_or_default()
}

impl<'a> Tally<'a> {
    /// Counts.
    pub(super) fn of(need: &'a Need, room: &'a Room<'a>) -> Self {
        let mut tally =
            Self { need, have: BTreeSet::new(), lapsed: BTreeSet::new(), seen: Vec::new() };
        for vote in room.weighed {
            let Some(person) = &vote.opinion.by else { continue };
            match worth(need, vote, room) {
                Worth::Counts(held) => {
                    tally.have.insert(person);
                    tally.seen.push(yes(vote, &held, room));
                }
                Worth::Lapsed(why) => {
                    tally.lapsed.insert(person);
                    tally.seen.push(format!("{}: {why}", vote.opinion.name));
                }
                Worth::Nothing(_) => {}
            }
        }
        tally.seen.insert(0, tally.sum());
        tally
    }

    fn sum(&self) -> String {
        let verb = if self.have() == 1 { "counts" } else { "count" };
        let stale = self.lapsed.difference(&self.have).count();
        let stale = if stale == 0 { String::new() } else { format!("; {stale} stale") };
        format!("{} of {} {verb}{stale}", self.have(), self.need.count)
    }

    /// How many there are.
    pub(super) fn have(&self) -> u64 {
        u64::try_from(self.have.len()).unwrap_or(0)
    }

    /// Whether that is enough.
    pub(super) fn enough(&self) -> bool {
        self.have() >= self.need.count
    }

    /// Whether it would be enough if what lapsed still counted.
    pub(super) fn was_enough(&self) -> bool {
        u64::try_from(self.have.union(&self.lapsed).count()).unwrap_or(0) >= self.need.count
    }

    /// Who else could say yes now, sorted.
    pub(super) fn who(&self, room: &Room<'_>) -> Vec<String> {
        let everybody: BTreeSet<Person> = match &self.need.of {
            Of::Role { role, scope } => {
                holders(&room.facts.grants, role, scope, room.as_of).into_iter().cloned().collect()
            }
            Of::People(people) => people.clone(),
            Of::Peers => known(room),
        };
        everybody
            .into_iter()
            .filter(|person| !room.excluded.contains(person) && !self.have.contains(person))
            .map(|person| person.0)
            .collect()
    }

    /// Its rule, and what is missing.
    pub(super) fn finish(self, room: &Room<'_>) -> (Rule, Option<Missing>) {
        let title = title(self.need);
        let enough = self.enough();
        let who = if enough { Vec::new() } else { self.who(room) };
        let missing = (!enough).then(|| self.missing(&who));
        let rule = Rule {
            id: self.need.id.clone(),
            title,
            from: self.need.from.clone(),
            state: if enough { RuleState::Satisfied } else { RuleState::Unsatisfied },
            why: self.need.why.clone(),
            remedy: if enough { String::new() } else { self.remedy(&who, room) },
            seen: self.seen,
            of: String::new(),
            rules: Vec::new(),
        };
        (rule, missing)
    }

    fn missing(&self, who: &[String]) -> Missing {
        let (role, scope) = match &self.need.of {
            Of::Role { role, scope } => (Some(role.clone()), Some(scope.clone())),
            Of::People(_) => (None, None),
            Of::Peers => (Some("peer".to_owned()), None),
        };
        let nobody = who.is_empty() && self.need.of != Of::Peers;
        Missing {
            kind: "approval".to_owned(),
            role,
            scope,
            have: self.have(),
            need: self.need.count,
            who: who.iter().take(NAMED).cloned().collect(),
            who_more: beyond(who),
            one_of: String::new(),
            why: if nobody { "no_eligible_approver".to_owned() } else { self.need.why.clone() },
        }
    }

    fn remedy(&self, who: &[String], room: &Room<'_>) -> String {
        let short = self.need.count.saturating_sub(self.have());
        match (&self.need.of, who) {
            (Of::Role { role, scope }, []) => nobody(role, scope, room),
            (Of::People(people), []) => nobody_named(people, room),
            (Of::Peers, []) => {
                "Ask somebody who belongs to the repository and took no part in writing".to_owned()
            }
            (_, who) => {
                let number = if short == 1 { "one".to_owned() } else { words::thousands(short) };
                let few = words::len(who) < short && self.need.of != Of::Peers;
                let more = if few { "; there are no more who may" } else { "" };
                let named: Vec<String> = who.iter().take(NAMED).cloned().collect();
                let others = match beyond(who) {
                    0 => String::new(),
                    others => format!(" and {} more", words::thousands(others)),
                };
                format!("Ask {number} of: {}{others}{more}", named.join(", "))
            }
        }
    }
}

/// People the organisation names, and holders of any role now: whom a page can offer as peers.
fn known(room: &Room<'_>) -> BTreeSet<Person> {
    let listed = room.organisation.people.iter().map(|person| Person(person.user.clone()));
    let holders = room.facts.grants.iter().filter(|grant| grant.doubt.is_none());
    listed.chain(holders.map(|grant| grant.person.clone())).collect()
}

/// People whom a sentence names; of more it says how many.
const NAMED: usize = 20;

fn beyond(who: &[String]) -> u64 {
    words::len(who.get(NAMED..).unwrap_or_default())
}

/// Everybody who is named took part.
fn nobody_named(people: &BTreeSet<Person>, room: &Room<'_>) -> String {
    let took_part = people.iter().map(|person| match room.excluded.get(person) {
        Some(why) => format!("{person} ({why})"),
        None => format!("{person} (counted already)"),
    });
    let took_part = words::and_list(&took_part.collect::<Vec<_>>());
    format!("Name somebody else in the policy, because nobody of those named is free: {took_part}")
}

/// Everybody eligible took part, or nobody holds the role: it is never optional (sem 3).
fn nobody(role: &str, scope: &str, room: &Room<'_>) -> String {
    let took_part: Vec<String> = holders(&room.facts.grants, role, scope, room.as_of)
        .into_iter()
        .filter_map(|person| room.excluded.get(person).map(|why| format!("{person} ({why})")))
        .collect();
    let because = if took_part.is_empty() {
        format!("nobody else holds it{}", for_scope(scope))
    } else {
        format!(
            "of those who hold it{}, {} took part",
            for_scope(scope),
            words::and_list(&took_part)
        )
    };
    format!(
        "Grant {role} to somebody who took no part, because {because}: \
         countersign role grant PERSON {role} --scope '{scope}'"
    )
}

fn for_scope(scope: &str) -> String {
    if scope == "*" { String::new() } else { format!(" for {scope}") }
}

/// People whom a title names.
const TITLED: usize = 5;

/// `1 architect, scope payments`.
pub(super) fn title(need: &Need) -> String {
    match &need.of {
        Of::Peers => words::count(need.count, "peer"),
        Of::People(people) => {
            let all: Vec<&str> = people.iter().map(|person| person.0.as_str()).collect();
            match all.as_slice() {
                [one] => format!("approval of {one}"),
                all if all.len() <= TITLED => format!("{} of {}", need.count, all.join(", ")),
                all => format!("{} of {} people by name", need.count, all.len()),
            }
        }
        Of::Role { role, scope } if role.contains('@') && scope == "*" => {
            format!("{} of {role}", need.count)
        }
        Of::Role { role, scope } if scope == "*" => words::count(need.count, role),
        Of::Role { role, scope } => format!("{}, scope {scope}", words::count(need.count, role)),
    }
}

/// On which basis a yes counts, where it does.
pub(super) fn basis(vote: &Weighed<'_>) -> Option<&'static str> {
    match vote.standing {
        Standing::Yes(basis) => Some(basis),
        Standing::ByFiles(_) => Some("owned_paths"),
        _ => None,
    }
}

fn yes(vote: &Weighed<'_>, held: &str, room: &Room<'_>) -> String {
    let basis = basis(vote).unwrap_or_default();
    let commit = vote.opinion.commit.map(|commit| commit.short()).unwrap_or_default();
    let late = room.facts.landing.as_ref().and_then(|landing| landing.at);
    let late =
        if late.is_some_and(|at| at < vote.opinion.at) { ", after it had landed" } else { "" };
    format!("{} ({held}) approved {commit}: {basis}{late}", vote.opinion.name)
}
