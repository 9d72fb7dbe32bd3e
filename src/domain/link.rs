//! Which tickets a pull request belongs to: findings in its texts, and what people say about them.
//!
//! Every assertion and retraction is a fact. What a person says wins over what was found: an unlinked ticket
//! stays unlinked however often its key is found again, until a person links it again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Time;
use super::fold::Latest;
use super::ticket_key::Place;

/// The links of one pull request; the key is `(repo id, number)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Links {
    /// The repository's immutable id.
    pub repo: String,
    /// The pull request's number.
    pub number: u64,
    /// By ticket key.
    pub tickets: BTreeMap<String, Link>,
}

/// All that was said about one ticket of one pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Found in, or gone from, a text: by place.
    pub found: BTreeMap<Place, Latest<Finding>>,
    /// What a person said last.
    pub said: Option<Latest<Statement>>,
}

/// A key stands in a text, or does so no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It stands only where it may mean nothing: in code, in an address, in the quoted title of a revert.
    Weak,
    /// It stands there.
    Strong,
    /// It stands there no longer.
    Gone,
}

/// A person links or unlinks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// `true`: it belongs to the ticket; `false`: it does not.
    pub linked: bool,
    /// Who says so.
    pub by: String,
    /// Why.
    pub why: String,
}

/// One fact about one link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertion {
    /// The ticket's key.
    pub ticket: String,
    /// When: the source's moment of the text, or ours of the statement.
    pub at: Time,
    /// What is said.
    pub what: Assert,
}

/// What an assertion says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assert {
    /// By reading a text.
    Found(Place, Finding),
    /// By a person.
    Said(Statement),
}

impl Links {
    /// No link was asserted yet.
    #[must_use]
    pub fn new(repo: &str, number: u64) -> Self {
        Self { repo: repo.to_owned(), number, tickets: BTreeMap::new() }
    }

    /// Takes in one assertion. Within one moment unlinking wins over linking.
    pub fn apply(&mut self, assertion: &Assertion) {
        let link = self.tickets.entry(assertion.ticket.clone()).or_default();
        let at = Some(assertion.at);
        match &assertion.what {
            Assert::Found(place, finding) => {
                let mut slot = link.found.remove(place);
                Latest::keep(&mut slot, Latest { at, rank: *finding as u8, value: *finding });
                if let Some(kept) = slot {
                    link.found.insert(*place, kept);
                }
            }
            Assert::Said(statement) => {
                let rank = u8::from(!statement.linked);
                Latest::keep(&mut link.said, Latest { at, rank, value: statement.clone() });
            }
        }
    }

    /// The tickets it belongs to, each with where its key was found.
    pub fn linked(&self) -> impl Iterator<Item = (&str, Vec<&'static str>)> {
        self.tickets
            .iter()
            .filter(|(_, link)| link.holds())
            .map(|(ticket, link)| (ticket.as_str(), link.found_in()))
    }

    /// Keys that were found weakly only: shown, never counted.
    #[must_use]
    pub fn weak(&self) -> BTreeSet<&str> {
        let weak = |link: &Link| !link.holds() && link.said.is_none() && link.has(Finding::Weak);
        self.tickets.iter().filter(|(_, l)| weak(l)).map(|(key, _)| key.as_str()).collect()
    }
}

impl Link {
    /// It counts: a person said so last, or nobody said anything and a text holds the key.
    #[must_use]
    pub fn holds(&self) -> bool {
        match &self.said {
            Some(said) => said.value.linked,
            None => self.has(Finding::Strong),
        }
    }

    fn has(&self, finding: Finding) -> bool {
        self.found.values().any(|found| found.value == finding)
    }

    /// Where it was found, in words; `manual` if a person linked it.
    #[must_use]
    pub fn found_in(&self) -> Vec<&'static str> {
        let found = self.found.iter().filter(|(_, found)| found.value != Finding::Gone);
        let manual = self.said.as_ref().filter(|said| said.value.linked).map(|_| "manual");
        found.map(|(place, _)| place.as_str()).chain(manual).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fold::testing::{at, every_order_and_duplication_ends_alike};

    fn found(place: Place, finding: Finding, minute: u32) -> Assertion {
        Assertion {
            ticket: "PAY-7".to_owned(),
            at: at(minute),
            what: Assert::Found(place, finding),
        }
    }

    fn said(linked: bool, minute: u32) -> Assertion {
        let statement = Statement { linked, by: "ada".to_owned(), why: "wrong key".to_owned() };
        Assertion { ticket: "PAY-7".to_owned(), at: at(minute), what: Assert::Said(statement) }
    }

    fn fold(assertions: &[Assertion]) -> Links {
        let mut links = Links::new("186853002", 7);
        for assertion in assertions {
            links.apply(assertion);
        }
        links
    }

    #[test]
    fn an_unlinked_ticket_stays_unlinked_until_a_person_links_it_again() {
        let mut told = vec![found(Place::Title, Finding::Strong, 1)];
        let count = |told: &[Assertion]| {
            every_order_and_duplication_ends_alike(told, fold);
            fold(told).linked().count()
        };
        assert_eq!(count(&told), 1);
        told.push(said(false, 2));
        told.push(found(Place::Body, Finding::Strong, 3));
        assert_eq!(count(&told), 0);
        told.push(said(true, 4));
        assert_eq!(count(&told), 1);
        let links = fold(&told);
        assert_eq!(links.linked().next(), Some(("PAY-7", vec!["title", "body", "manual"])));
    }

    #[test]
    fn a_key_that_left_the_text_no_longer_links_and_a_weak_one_never_did() {
        let told = [
            found(Place::Title, Finding::Strong, 1),
            found(Place::Body, Finding::Weak, 1),
            found(Place::Title, Finding::Gone, 2),
        ];
        let links = fold(&told);
        assert_eq!((links.linked().count(), links.weak()), (0, ["PAY-7"].into()));
    }
}
