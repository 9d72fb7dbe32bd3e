//! Entries of `approval.also` at random, as they would stand in a file.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::file::read_repository;
use super::requirement::AlsoRule;

/// A requirement: keys without a condition.
pub(crate) fn requirement() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        (prop::sample::select(vec!["architect", "security"]), 1..3_u64)
            .prop_map(|(role, count)| json!({ "role": role, "count": count })),
        Just(json!({ "role": "architect", "scope": "payments" })),
        (prop::sample::subsequence(vec!["dev1", "arch1", "peer1"], 1..=3), any::<bool>()).prop_map(
            |(people, all)| json!({ "people": people, "count": if all { people.len() } else { 1 } })
        ),
        prop::sample::subsequence(vec!["ci", "scan"], 1..=2)
            .prop_map(|checks| json!({ "checks": checks })),
        Just(json!({ "checks": ["scan"], "conclusions": ["success", "skipped"] })),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let word = prop::sample::select(vec!["any", "all"]);
        (word, prop::collection::vec(inner, 1..4)).prop_map(|(word, parts)| json!({ word: parts }))
    })
    .boxed()
}

/// A condition; `negated`: one that stands under `not`.
fn condition(depth: u32, negated: bool) -> BoxedStrategy<Value> {
    let growing = prop_oneof![
        Just(json!({ "files": ["src/**"] })),
        Just(json!({ "files": ["**"], "except": ["src/a.rs"] })),
        Just(json!({ "labels": ["risky"] })),
        Just(json!({ "class": "significant" })),
        Just(json!({ "authors": { "people": ["peer1"], "bots": true } })),
        Just(json!({ "size": { "files_over": 1 } })),
        Just(json!({ "not_passed": ["scan"] })),
    ];
    let shrinking = prop_oneof![
        Just(json!({ "only_files": ["src/**"] })),
        Just(json!({ "only_authors": { "people": ["dev1"] } })),
    ];
    let atom = if negated { shrinking.boxed() } else { growing.boxed() };
    let atom = prop_oneof![4 => atom, 1 => Just(json!({ "branches": ["main"] }))].boxed();
    if depth == 0 {
        return atom;
    }
    let same = condition(depth - 1, negated);
    let other = condition(depth - 1, !negated);
    let word = prop::sample::select(vec!["any", "all"]);
    prop_oneof![
        2 => atom,
        1 => (word, prop::collection::vec(same, 1..3)).prop_map(|(word, parts)| json!({ word: parts })),
        1 => other.prop_map(|part| json!({ "not": part })),
    ]
    .boxed()
}

/// A whole entry.
pub(crate) fn entry() -> impl Strategy<Value = Value> {
    (requirement(), condition(2, false)).prop_map(|(mut entry, when)| {
        entry["when"] = when;
        entry
    })
}

/// What a file with these entries says.
pub(crate) fn read(entries: &[Value]) -> Vec<AlsoRule> {
    if entries.is_empty() {
        return Vec::new();
    }
    let text = json!({ "version": 1, "approval": { "also": entries } }).to_string();
    let file = read_repository("x.yml", text.as_bytes());
    file.unwrap_or_else(|errors| panic!("{text}: {errors:?}")).policy.approval.also
}
