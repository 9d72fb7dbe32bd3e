//! Who was in a team when. A role that a forge's team backs is judged by the membership *at the approval* (sem 3).
//!
//! `membership` and `team` deliveries carry no clock of their source. The caller passes the moment at which the
//! **first** delivery of that fact was received, and passes the same one when it applies the fact again; then the
//! state is a fold over a set like every other. Within one moment removal wins: doubt never makes an approver.
//!
//! A signature covers a delivery's bytes and not its id, so an old `added` can be sent again, and says the same as a new
//! one. Hence a delivery makes a member only of somebody who was never seen outside; whoever was seen outside (removed,
//! not in a roster, of a team that is gone) comes back by a roster alone, which is read from the source and cannot be
//! replayed. Until then it is a doubt, and says so. A removal always counts, whoever sends it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::event::MembershipEvent;
use super::fold::Latest;
use super::{Account, Time};

/// A roster read this soon after a removal brings nobody back: the source may answer from a copy that has not heard of it.
const SETTLE: i64 = 60 * 1_000_000;

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

/// Who is in and was, while the changes are gone through in order.
#[derive(Default)]
struct Walk<'a> {
    open: BTreeMap<&'a str, (Account, Time)>,
    spans: Vec<Span>,
    removed: BTreeMap<&'a str, Time>,
    /// The whole team was looked at: who is not open is outside.
    looked: bool,
    doubts: BTreeMap<&'a str, (Account, Time)>,
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
        let walk = self.walk();
        let mut spans = walk.spans;
        let standing =
            walk.open.into_values().map(|(account, from)| Span { account, from, until: None });
        spans.extend(standing);
        spans.sort();
        spans
    }

    /// Who is told to have come back, and since when, where nothing that cannot be replayed confirms it.
    #[must_use]
    pub fn doubts(&self) -> Vec<(Account, Time)> {
        self.walk().doubts.into_values().collect()
    }

    /// When its members were last read from the source; `None`: never.
    #[must_use]
    pub fn read_at(&self) -> Option<Time> {
        let rosters = self.changes.iter().filter(|change| matches!(change.what, What::Roster(_)));
        rosters.map(|change| change.at).next_back()
    }

    fn walk(&self) -> Walk<'_> {
        let mut walk = Walk::default();
        for change in &self.changes {
            match &change.what {
                What::Added(account) => walk.told(account, change.at),
                What::Roster(members) => walk.read(members, change.at),
                What::Removed(account) => {
                    walk.removed.insert(&account.id, change.at);
                    walk.leave(change.at, |id| id == account.id);
                }
                What::Gone => {
                    walk.looked = true;
                    walk.leave(change.at, |_| true);
                }
            }
        }
        walk
    }

    /// Ids of the accounts that were members at a time.
    #[must_use]
    pub fn members_at(&self, time: Time) -> BTreeSet<String> {
        let held = |span: &Span| span.from <= time && span.until.is_none_or(|until| time < until);
        self.spans().into_iter().filter(held).map(|span| span.account.id).collect()
    }
}

impl<'a> Walk<'a> {
    /// A delivery says that somebody joined.
    fn told(&mut self, account: &'a Account, at: Time) {
        let id = account.id.as_str();
        let outside = self.looked || self.removed.contains_key(id);
        if self.open.contains_key(id) {
            return;
        }
        let slot = if outside { &mut self.doubts } else { &mut self.open };
        slot.insert(id, (account.clone(), at));
    }

    /// Exactly these were members.
    fn read(&mut self, members: &'a BTreeSet<Account>, at: Time) {
        self.looked = true;
        let ids: BTreeSet<&str> = members.iter().map(|member| member.id.as_str()).collect();
        self.leave(at, |id| !ids.contains(id));
        for member in members {
            let id = member.id.as_str();
            let settled = |removed: &Time| at.micros() - removed.micros() >= SETTLE;
            if self.removed.get(id).is_none_or(settled) {
                self.doubts.remove(id);
                self.open.entry(id).or_insert_with(|| (member.clone(), at));
            } else if !self.open.contains_key(id) {
                self.doubts.insert(id, (member.clone(), at));
            }
        }
    }

    /// Ends what is open or in doubt for the ids that match. A span of no length never was.
    fn leave(&mut self, at: Time, matches: impl Fn(&str) -> bool) {
        self.doubts.retain(|id, _| !matches(id));
        let spans = &mut self.spans;
        self.open.retain(|id, (account, from)| {
            if !matches(id) {
                return true;
            }
            if *from < at {
                spans.push(Span { account: account.clone(), from: *from, until: Some(at) });
            }
            false
        });
    }
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
        assert_eq!(
            was(20),
            Vec::<String>::new(),
            "ada had left; grace was added and removed at once"
        );
        assert_eq!(was(50), Vec::<String>::new(), "the team is gone");
    }

    #[test]
    fn a_roster_read_from_the_source_opens_and_closes_memberships() {
        let mut team = fold(&[(told("added", Some(person("1", "ada"))), at(1))]);
        team.apply_roster("acme/architects", &[person("2", "grace")], at(5));
        assert_eq!(team.members_at(at(4)), ["1".to_owned()].into());
        assert_eq!(team.members_at(at(5)), ["2".to_owned()].into());
    }

    #[test]
    fn whoever_was_seen_outside_comes_back_by_a_roster_alone() {
        let ada = || person("1", "ada");
        let mut team = fold(&[
            (told("added", Some(ada())), at(1)),
            (told("removed", Some(ada())), at(10)),
            (told("added", Some(ada())), at(20)),
        ]);
        assert_eq!(
            team.members_at(at(30)),
            BTreeSet::new(),
            "the old delivery may have come again"
        );
        assert_eq!(team.doubts(), [(ada(), at(20))]);
        team.apply_roster("acme/architects", &[ada()], at(21));
        assert_eq!(team.doubts(), []);
        assert_eq!(team.members_at(at(21)), ["1".to_owned()].into());
        assert_eq!(team.members_at(at(20)), BTreeSet::new(), "not before it was read");

        let mut absent = Team::new("3253328");
        absent.apply_roster("acme/architects", &[], at(1));
        absent.apply(&told("added", Some(ada())), at(2));
        assert_eq!((absent.members_at(at(3)), absent.doubts().len()), (BTreeSet::new(), 1));
        absent.apply(&told("removed", Some(ada())), at(4));
        assert_eq!(absent.doubts(), [], "a removal answers the doubt");
    }

    #[test]
    fn a_roster_read_just_after_a_removal_does_not_take_it_back() {
        let ada = || person("1", "ada");
        let second = |minute, second: i64| {
            Time::from_micros(at(minute).micros() + second * 1_000_000).expect("a time")
        };
        let mut team =
            fold(&[(told("added", Some(ada())), at(1)), (told("removed", Some(ada())), at(10))]);
        team.apply_roster("acme/architects", &[ada()], second(10, 59));
        assert_eq!(team.members_at(at(12)), BTreeSet::new());
        assert_eq!(team.doubts().len(), 1);
        team.apply_roster("acme/architects", &[ada()], second(11, 0));
        assert_eq!(team.members_at(at(12)), ["1".to_owned()].into());
    }

    #[test]
    fn rosters_and_deliveries_end_alike_in_every_order() {
        type Told = (Option<MembershipEvent>, Vec<Account>, Time);
        let (ada, grace) = (person("1", "ada"), person("2", "grace"));
        let both = vec![ada.clone(), grace.clone()];
        let rosters = [(vec![grace.clone()], 12), (both, 15), (vec![], 40)];
        let mut all: Vec<Told> =
            life().into_iter().map(|(event, at)| (Some(event), Vec::new(), at)).collect();
        all.extend(rosters.into_iter().map(|(members, minute)| (None, members, at(minute))));
        let fold = |all: &[Told]| {
            let mut team = Team::new("3253328");
            for (event, members, at) in all {
                match event {
                    Some(event) => team.apply(event, *at),
                    None => team.apply_roster("acme/architects", members, *at),
                }
            }
            (team.spans(), team.doubts(), team)
        };
        every_order_and_duplication_ends_alike(&all, fold);
    }
}
