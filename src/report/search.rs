//! What a search found, by kind, or where it looked.

use super::refs::Link;
use crate::domain::{Class, Time};
use crate::policy::decision::State;

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its page.
    pub link: Link,
    /// What it is, in a line; may be hostile.
    pub what: String,
    /// Why it was found, where that is not plain: `wrote, approved`.
    pub why: String,
    /// When, in its own terms: landed, started, decided.
    pub at: Option<Time>,
    /// Its class.
    pub class: Option<Class>,
    /// Its state.
    pub state: Option<State>,
}

/// Hits of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `Changes`.
    pub kind: &'static str,
    /// What was found, in order.
    pub hits: Vec<Hit>,
    /// There are more than are shown.
    pub more: bool,
}

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// What was asked for, invisible characters written out; may be hostile.
    pub query: String,
    /// What was found, without empty groups.
    pub groups: Vec<Group>,
    /// What is known of it that has no page: a ticket without a change.
    pub notes: Vec<String>,
    /// Where it looked, each a line.
    pub looked: Vec<String>,
}

impl SearchPage {
    /// How many are shown.
    #[must_use]
    pub fn shown(&self) -> u64 {
        self.groups.iter().map(|group| group.hits.len() as u64).sum()
    }

    /// Some kind has more than are shown.
    #[must_use]
    pub fn more(&self) -> bool {
        self.groups.iter().any(|group| group.more)
    }

    /// The page of the one thing that was found.
    #[must_use]
    pub fn only(&self) -> Option<&str> {
        let mut hits = self.groups.iter().flat_map(|group| &group.hits);
        let first = hits.next().filter(|_| !self.more())?;
        hits.next().is_none().then_some(first.link.href.as_str())
    }
}
