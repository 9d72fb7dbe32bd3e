//! Where two values differ, by field.

use std::fmt::Display;

use serde::Serialize;
use serde_json::Value;

use crate::ledger::entry::Opened;

/// Differences of one thing that are named: the first tell what happened.
const OF_ONE: usize = 20;
/// Characters of a value that are shown.
const SHOWN: usize = 120;

/// A field in which what is kept is not what comes of what was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The thing: `decision dec_…`.
    pub of: String,
    /// The field: `answer.rules[0].state`.
    pub field: String,
    /// What is kept.
    pub kept: String,
    /// What comes of what was recorded.
    pub again: String,
}

impl Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { of, field, kept, again } = self;
        write!(f, "{of}: {field}: kept is {kept}, recomputed is {again}")
    }
}

impl Difference {
    pub(super) fn new(
        of: impl Into<String>,
        field: &str,
        kept: impl Display,
        again: impl Display,
    ) -> Self {
        Self {
            of: of.into(),
            field: field.to_owned(),
            kept: shortened(&kept.to_string()),
            again: shortened(&again.to_string()),
        }
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let head: String = text.chars().take(SHOWN).collect();
    format!("{head}…")
}

/// Collects the differences of one thing.
#[derive(Debug)]
pub(super) struct Compare {
    of: String,
    pub(super) found: Vec<Difference>,
}

impl Compare {
    pub(super) fn of(of: impl Into<String>) -> Self {
        Self { of: of.into(), found: Vec::new() }
    }

    /// Says that a field differs.
    pub(super) fn differs(&mut self, field: &str, kept: impl Display, again: impl Display) {
        if self.found.len() < OF_ONE {
            self.found.push(Difference::new(self.of.clone(), field, kept, again));
        }
    }

    /// Compares two simple values.
    pub(super) fn field<T: PartialEq + std::fmt::Debug>(
        &mut self,
        field: &str,
        kept: &T,
        again: &T,
    ) {
        if kept != again {
            self.differs(field, format!("{kept:?}"), format!("{again:?}"));
        }
    }

    /// Compares two values field by field, if they differ at all.
    pub(super) fn value<T: PartialEq + Serialize>(&mut self, field: &str, kept: &T, again: &T) {
        if kept == again {
            return;
        }
        let json = |value: &T| serde_json::to_value(value).unwrap_or_default();
        let before = self.found.len();
        self.json(field, &json(kept), &json(again));
        if self.found.len() == before {
            self.differs(field, "another value", "the same as JSON");
        }
    }

    /// Compares the fields of an entry with those that it has to have.
    pub(super) fn entry(&mut self, entry: &Opened, again: &serde_json::Map<String, Value>) {
        let names: std::collections::BTreeSet<&String> =
            entry.body.keys().chain(again.keys()).collect();
        for name in names {
            let of = |map: &serde_json::Map<String, Value>| map.get(name).cloned();
            let (kept, again) = (of(&entry.body), of(again));
            self.json(
                &format!("entry.{name}"),
                &kept.unwrap_or_default(),
                &again.unwrap_or_default(),
            );
        }
    }

    fn json(&mut self, at: &str, kept: &Value, again: &Value) {
        match (kept, again) {
            (kept, again) if kept == again => {}
            (Value::Object(kept), Value::Object(again)) => {
                let names: std::collections::BTreeSet<&String> =
                    kept.keys().chain(again.keys()).collect();
                for name in names {
                    let of = |map: &serde_json::Map<String, Value>| map.get(name).cloned();
                    let (kept, again) = (of(kept), of(again));
                    let at = format!("{at}.{name}");
                    self.json(&at, &kept.unwrap_or_default(), &again.unwrap_or_default());
                }
            }
            (Value::Array(kept), Value::Array(again)) if kept.len() == again.len() => {
                for (place, (kept, again)) in kept.iter().zip(again).enumerate() {
                    self.json(&format!("{at}[{place}]"), kept, again);
                }
            }
            (kept, again) => self.differs(at, kept, again),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_field_that_differs_is_named_with_both_values() {
        let mut compare = Compare::of("decision dec_1");
        let (kept, again) = (
            json!({"state": "approved", "rules": [{"id": "a", "state": "satisfied"}], "same": 1}),
            json!({"state": "pending", "rules": [{"id": "a", "state": "error"}], "same": 1, "new": 2}),
        );
        compare.value("answer", &kept, &again);
        let said: Vec<String> = compare.found.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "decision dec_1: answer.new: kept is null, recomputed is 2",
                "decision dec_1: answer.rules[0].state: kept is \"satisfied\", recomputed is \"error\"",
                "decision dec_1: answer.state: kept is \"approved\", recomputed is \"pending\"",
            ]
        );
        compare = Compare::of("x");
        compare.value("answer", &kept, &kept);
        assert_eq!(compare.found, []);
    }

    #[test]
    fn of_one_thing_the_first_differences_are_enough() {
        let many = |value: u64| (0..1000).map(|_| json!(value)).collect::<Vec<_>>();
        let mut compare = Compare::of("x");
        compare.value("list", &many(1), &many(2));
        assert_eq!(compare.found.len(), OF_ONE);
    }
}
