//! A ticket as the sum of all that was told about it: what it is called now and was called before, its status at
//! any time, and whether its scope was edited later (X07). Its identity is the source's id, never its key.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Time;
use super::event::TicketEvent;
use super::fold::{Latest, counted, earliest};

/// One ticket; the key is the source's immutable id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// The source's id.
    pub id: String,
    /// The newest state that was told.
    pub now: Option<Latest<Now>>,
    /// Every key it was ever told to have.
    pub keys: BTreeSet<String>,
    /// Every status that was told, in the order of the source.
    pub statuses: BTreeSet<StatusAt>,
    /// When it was created.
    pub created_at: Option<Time>,
    /// Since when it is gone. Ids are never used again, so this is never untold.
    pub deleted_at: Option<Time>,
    /// Digests of its scope, over time.
    pub scopes: BTreeSet<ScopeAt>,
}

/// What changes freely while a ticket lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Its key.
    pub key: String,
    /// Its project's key.
    pub project: String,
    /// `Story`, `Bug`, …
    pub kind: Option<String>,
    /// One line.
    pub title: String,
    /// Where a person reads it.
    pub url: Option<String>,
}

/// A status that held at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusAt {
    /// When.
    pub at: Time,
    /// Orders changes within one moment.
    pub sequence: String,
    /// By name.
    pub status: String,
    /// `new`, `indeterminate`, `done`; `None`: the delivery did not say.
    pub category: Option<String>,
}

impl StatusAt {
    fn order(&self) -> (Time, (usize, &str), &str, Option<&str>) {
        (self.at, counted(&self.sequence), &self.status, self.category.as_deref())
    }
}

impl Ord for StatusAt {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order()).then_with(|| self.sequence.cmp(&other.sequence))
    }
}

impl PartialOrd for StatusAt {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The digest of title and description at a moment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ScopeAt {
    /// When.
    pub at: Time,
    /// `sha256:…`.
    pub scope: String,
}

impl Ticket {
    /// Nothing is known yet but the id.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            now: None,
            keys: BTreeSet::new(),
            statuses: BTreeSet::new(),
            created_at: None,
            deleted_at: None,
            scopes: BTreeSet::new(),
        }
    }

    /// Takes in what a delivery says. An event of another ticket changes nothing.
    pub fn apply(&mut self, event: &TicketEvent) {
        if event.id != self.id {
            return;
        }
        let value = Now {
            key: event.key.clone(),
            project: event.project.clone(),
            kind: event.kind.clone(),
            title: event.title.clone(),
            url: event.url.clone(),
        };
        let rank = rank(&event.action);
        Latest::keep(&mut self.now, Latest { at: Some(event.moment), rank, value });
        self.keys.insert(event.key.clone());
        self.keys.extend(event.former_keys.iter().cloned());
        if let Some(status) = &event.status {
            self.statuses.insert(StatusAt {
                at: event.moment,
                sequence: event.sequence.clone(),
                status: status.clone(),
                category: event.category.clone(),
            });
        }
        earliest(&mut self.created_at, event.created_at);
        self.scopes.insert(ScopeAt { at: event.moment, scope: event.scope.clone() });
        if event.deleted {
            earliest(&mut self.deleted_at, Some(event.moment));
        }
    }

    /// The key it has now.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.now.as_ref().map(|now| now.value.key.as_str())
    }

    /// Keys it had before, sorted.
    #[must_use]
    pub fn former_keys(&self) -> Vec<&str> {
        self.keys.iter().map(String::as_str).filter(|key| Some(*key) != self.key()).collect()
    }

    /// The status that held at a time; `None`: nothing was told for a time so early.
    #[must_use]
    pub fn status_at(&self, time: Time) -> Option<&StatusAt> {
        self.statuses.iter().rev().find(|status| status.at <= time)
    }

    /// The status told last.
    #[must_use]
    pub fn status(&self) -> Option<&StatusAt> {
        self.statuses.last()
    }

    /// The digest of its scope at a time.
    #[must_use]
    pub fn scope_at(&self, time: Time) -> Option<&str> {
        self.scopes.iter().rev().find(|scope| scope.at <= time).map(|scope| scope.scope.as_str())
    }

    /// It was there at a time: created or first told by then, and not yet gone.
    #[must_use]
    pub fn exists_at(&self, time: Time) -> bool {
        let told = self.scopes.first().map(|scope| scope.at);
        let begun = [self.created_at, told].into_iter().flatten().min();
        begun.is_some_and(|begun| begun <= time) && self.deleted_at.is_none_or(|gone| gone > time)
    }
}

/// Within one moment: creation first, a move last.
fn rank(action: &str) -> u8 {
    match action {
        "created" => 0,
        "moved" => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fold::testing::{at, every_order_and_duplication_ends_alike};

    fn told(action: &str, minute: u32, sequence: &str, status: &str) -> TicketEvent {
        TicketEvent {
            id: "10000".to_owned(),
            key: if action == "moved" { "PAY-7" } else { "OPS-3" }.to_owned(),
            project: if action == "moved" { "PAY" } else { "OPS" }.to_owned(),
            action: action.to_owned(),
            moment: at(minute),
            sequence: sequence.to_owned(),
            kind: Some("Bug".to_owned()),
            title: "Rounding".to_owned(),
            scope: format!("sha256:{}", u8::from(minute > 30)),
            status: Some(status.to_owned()),
            category: None,
            created_at: Some(at(1)),
            former_keys: Vec::new(),
            deleted: action == "deleted",
            by: None,
            url: None,
        }
    }

    fn life() -> Vec<TicketEvent> {
        vec![
            told("created", 1, "", "To Do"),
            told("status", 10, "9", "In Progress"),
            told("status", 10, "10", "Review"),
            told("moved", 40, "11", "Review"),
            TicketEvent { key: "PAY-7".to_owned(), ..told("deleted", 50, "", "Review") },
        ]
    }

    fn fold(events: &[TicketEvent]) -> Ticket {
        let mut ticket = Ticket::new("10000");
        for event in events {
            ticket.apply(event);
        }
        ticket
    }

    #[test]
    fn every_order_of_deliveries_ends_in_the_same_ticket() {
        every_order_and_duplication_ends_alike(&life(), fold);
    }

    #[test]
    fn its_status_at_a_time_follows_the_sequence_within_a_moment() {
        let ticket = fold(&life());
        let name = |minute| ticket.status_at(at(minute)).map(|status| status.status.as_str());
        assert_eq!(name(0), None);
        assert_eq!(name(5), Some("To Do"));
        assert_eq!(name(10), Some("Review"), "10 comes after 9");
    }

    #[test]
    fn a_moved_ticket_is_known_by_its_old_key_and_a_deleted_one_is_gone_from_then_on() {
        let ticket = fold(&life());
        assert_eq!((ticket.key(), ticket.former_keys()), (Some("PAY-7"), vec!["OPS-3"]));
        assert!(ticket.exists_at(at(49)) && !ticket.exists_at(at(50)) && !ticket.exists_at(at(0)));
        assert_ne!(ticket.scope_at(at(20)), ticket.scope_at(at(40)));
    }
}
