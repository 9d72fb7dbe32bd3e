//! Who was in a team when. A role that a forge's team backs is judged by the membership *at the approval* (sem 3).
//!
//! `membership` and `team` deliveries carry no clock of their source. The caller passes the moment at which the
//! **first** delivery of that fact was received, and passes the same one when it applies the fact again; then the
//! state is a fold over a set like every other. Within one moment removal wins: doubt never makes an approver.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::event::MembershipEvent;
use super::fold::Latest;
use super::{Account, Time};

/// One team; the key is the source's immutable id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// The source's id.
    pub id: String,
    /// `acme/platform-architects`, as told last.
    pub name: Option<Latest<String>>,
    /// All that was told.
    pub changes: BTreeSet<Change>,
}

/// What was told at a moment. The order within a moment is: added, roster, removed, gone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    /// When we first heard of it.
    pub at: Time,
    /// What.
    pub what: What,
}

/// A change of a team.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Somebody joined.
    Added(Account),
    /// Exactly these were members, read from the source at that moment.
    Roster(BTreeSet<Account>),
    /// Somebody left.
    Removed(Account),
    /// The team is gone.
    Gone,
}

/// A stretch of membership.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// Who.
    pub account: Account,
    /// From when, inclusive.
    pub from: Time,
    /// Until when, exclusive; `None`: still.
    pub until: Option<Time>,
}

impl Team {
    /// Nothing is known yet but the id.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), name: None, changes: BTreeSet::new() }
    }

    /// Takes in what a delivery says; `at`: when the first delivery of this fact was received.
    pub fn apply(&mut self, event: &MembershipEvent, at: Time) {
        if event.team != self.id {
            return;
        }
        self.name_is(&event.team_name, at);
        let what = match (event.action.as_str(), &event.member) {
            ("added", Some(account)) => What::Added(account.clone()),
            ("removed", Some(account)) => What::Removed(account.clone()),
            ("deleted", None) => What::Gone,
            _ => return,
        };
        self.changes.insert(Change { at, what });
    }

    /// Takes in the full list of members as read from the source at a moment: who was there before any delivery.
    pub fn apply_roster(&mut self, name: &str, members: &[Account], at: Time) {
        self.name_is(name, at);
        let members = members.iter().cloned().collect();
        self.changes.insert(Change { at, what: What::Roster(members) });
    }

    fn name_is(&mut self, name: &str, at: Time) {
        let value = name.to_owned();
        Latest::keep(&mut self.name, Latest { at: Some(at), rank: 0, value });
    }

    /// All memberships, sorted by account; one person may have several.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        let mut open: BTreeMap<&str, (Account, Time)> = BTreeMap::new();
        let mut spans = Vec::new();
        for change in &self.changes {
            match &change.what {
                What::Added(account) => join(&mut open, account, change.at),
                What::Removed(account) => {
                    leave(&mut open, &mut spans, change.at, |id| id == account.id);
                }
                What::Gone => leave(&mut open, &mut spans, change.at, |_| true),
                What::Roster(members) => {
                    let ids: BTreeSet<&str> = members.iter().map(|m| m.id.as_str()).collect();
                    leave(&mut open, &mut spans, change.at, |id| !ids.contains(id));
                    for member in members {
                        join(&mut open, member, change.at);
                    }
                }
            }
        }
        let standing =
            open.into_values().map(|(account, from)| Span { account, from, until: None });
        spans.extend(standing);
        spans.sort();
        spans
    }

    /// Ids of the accounts that were members at a time.
    #[must_use]
    pub fn members_at(&self, time: Time) -> BTreeSet<String> {
        let held = |span: &Span| span.from <= time && span.until.is_none_or(|until| time < until);
        self.spans().into_iter().filter(held).map(|span| span.account.id).collect()
    }
}

fn join<'a>(open: &mut BTreeMap<&'a str, (Account, Time)>, account: &'a Account, at: Time) {
    open.entry(&account.id).or_insert_with(|| (account.clone(), at));
}

/// Ends what is open for the ids that match. A span of no length never was.
fn leave(
    open: &mut BTreeMap<&str, (Account, Time)>,
    spans: &mut Vec<Span>,
    at: Time,
    matches: impl Fn(&str) -> bool,
) {
    open.retain(|id, (account, from)| {
        if !matches(id) {
            return true;
        }
        if *from < at {
            spans.push(Span { account: account.clone(), from: *from, until: Some(at) });
        }
        false
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fold::testing::{at, every_order_and_duplication_ends_alike, person};

    fn told(action: &str, member: Option<Account>) -> MembershipEvent {
        MembershipEvent {
            team: "3253328".to_owned(),
            team_name: "acme/architects".to_owned(),
            member,
            action: action.to_owned(),
        }
    }

    fn life() -> Vec<(MembershipEvent, Time)> {
        let ada = || Some(person("1", "ada"));
        vec![
            (told("added", ada()), at(1)),
            (told("added", ada()), at(2)),
            (told("removed", ada()), at(10)),
            (told("added", ada()), at(20)),
            (told("added", Some(person("2", "grace"))), at(20)),
            (told("removed", Some(person("2", "grace"))), at(20)),
            (told("edited", None), at(25)),
            (told("deleted", None), at(50)),
        ]
    }

    fn fold(events: &[(MembershipEvent, Time)]) -> Team {
        let mut team = Team::new("3253328");
        for (event, at) in events {
            team.apply(event, *at);
        }
        team
    }

    #[test]
    fn every_order_of_deliveries_ends_in_the_same_team() {
        every_order_and_duplication_ends_alike(&life(), fold);
    }

    #[test]
    fn membership_is_known_for_every_time_and_doubt_makes_no_member() {
        let team = fold(&life());
        let was = |minute| team.members_at(at(minute)).into_iter().collect::<Vec<_>>();
        assert_eq!(was(0), Vec::<String>::new());
        assert_eq!(was(5), ["1"]);
        assert_eq!(was(10), Vec::<String>::new());
        assert_eq!(was(20), ["1"], "grace was added and removed at once");
        assert_eq!(was(50), Vec::<String>::new(), "the team is gone");
    }

    #[test]
    fn a_roster_read_from_the_source_opens_and_closes_memberships() {
        let mut team = fold(&[(told("added", Some(person("1", "ada"))), at(1))]);
        team.apply_roster("acme/architects", &[person("2", "grace")], at(5));
        assert_eq!(team.members_at(at(4)), ["1".to_owned()].into());
        assert_eq!(team.members_at(at(5)), ["2".to_owned()].into());
    }
}
