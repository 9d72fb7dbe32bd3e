//! The one rule by which facts that arrive in any order, twice, or late become one state (sem 10).
//!
//! A fold is *commutative* and *idempotent*: the state after a set of events is a function of the set. The tool
//! for values of which only the newest counts is [`Latest`]: the greater of two by the source's moment, then by
//! rank, then by content. The content decides ties only so that every machine decides them alike.

use serde::{Deserialize, Serialize};

use super::Time;

/// A value with the moment at which its source says it held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latest<T> {
    /// The source's moment; `None` is older than every other.
    pub at: Option<Time>,
    /// Decides between facts of one moment: the greater wins.
    pub rank: u8,
    /// The value.
    pub value: T,
}

impl<T: Serialize + PartialEq> Latest<T> {
    /// Puts `new` in `slot` if it is the later one. Any order of calls with the same values ends alike.
    pub fn keep(slot: &mut Option<Self>, new: Self) {
        if slot.as_ref().is_none_or(|old| new.supersedes(old)) {
            *slot = Some(new);
        }
    }

    fn supersedes(&self, old: &Self) -> bool {
        match (self.at, self.rank).cmp(&(old.at, old.rank)) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal => {
                self.value != old.value && text(&self.value) > text(&old.value)
            }
        }
    }
}

/// Field by field in the order of the struct: the same on every machine.
fn text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Lowers `slot` to `new` if that is earlier.
pub fn earliest(slot: &mut Option<Time>, new: Option<Time>) {
    if let Some(new) = new {
        *slot = Some(slot.map_or(new, |old| old.min(new)));
    }
}

/// Raises `slot` to `new` if that is later.
pub fn latest(slot: &mut Option<Time>, new: Option<Time>) {
    *slot = (*slot).max(new);
}

/// The order of ids that sources count upwards: `9` before `10`. Other ids: by length, then as text.
#[must_use]
pub fn counted(id: &str) -> (usize, &str) {
    let digits = id.trim_start_matches('0');
    (digits.len(), digits)
}

#[cfg(test)]
pub(crate) mod testing {
    //! What every fold is held to.

    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    /// Applies random shuffles with duplicates of the events; every result must equal the first.
    pub(crate) fn every_order_and_duplication_ends_alike<E, S>(
        events: &[E],
        fold: impl Fn(&[E]) -> S,
    ) where
        E: Clone + std::fmt::Debug,
        S: PartialEq + std::fmt::Debug,
    {
        let expected = fold(events);
        let doubled: Vec<E> = events.iter().chain(events).cloned().collect();
        let shuffles = (0..=events.len(), Just(doubled)).prop_flat_map(|(extra, all)| {
            let keep = all.len() / 2 + extra;
            // The first half holds every event once; what is cut off is duplicates only.
            let kept: Vec<_> = all.into_iter().take(keep).collect();
            Just(kept).prop_shuffle()
        });
        let mut runner = TestRunner::new(Config { cases: 64, ..Config::default() });
        let run = runner.run(&shuffles, |events| {
            prop_assert_eq!(&fold(&events), &expected);
            Ok(())
        });
        assert!(run.is_ok(), "{run:?}");
    }

    /// A commit id made of one repeated digit.
    pub(crate) fn oid(digit: char) -> crate::domain::Oid {
        digit.to_string().repeat(40).parse().expect("an id")
    }

    /// A moment within one hour.
    pub(crate) fn at(minute: u32) -> crate::domain::Time {
        format!("2026-11-20T14:{minute:02}:00Z").parse().expect("a time")
    }

    /// A person's account.
    pub(crate) fn person(id: &str, login: &str) -> crate::domain::Account {
        crate::domain::Account {
            id: id.to_owned(),
            login: login.to_owned(),
            kind: crate::domain::AccountKind::User,
        }
    }

    /// The repository of the tests.
    pub(crate) fn repo() -> crate::domain::event::RepoRef {
        crate::domain::event::RepoRef {
            id: "186853002".to_owned(),
            name: "acme/payments".to_owned(),
            default_branch: Some("main".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{at, every_order_and_duplication_ends_alike};
    use super::*;

    #[test]
    fn facts_of_one_moment_end_alike_in_every_order() {
        let told = |at, rank, value: &str| Latest { at, rank, value: value.to_owned() };
        let facts = [
            told(None, 9, "z"),
            told(Some(at(1)), 1, "z"),
            told(Some(at(2)), 0, "z"),
            told(Some(at(2)), 1, "a"),
            told(Some(at(2)), 1, "b"),
            told(Some(at(2)), 1, "c"),
        ];
        let fold = |facts: &[Latest<String>]| {
            let mut slot = None;
            for fact in facts {
                Latest::keep(&mut slot, fact.clone());
            }
            slot
        };
        every_order_and_duplication_ends_alike(&facts, fold);
        assert_eq!(fold(&facts).map(|kept| kept.value).as_deref(), Some("c"));
    }

    #[test]
    fn counted_ids_compare_as_numbers() {
        assert!(counted("9") < counted("10"));
        assert!(counted("10002") > counted("10001"));
    }
}
