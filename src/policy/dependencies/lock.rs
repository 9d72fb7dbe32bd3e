//! One model for all locks that hold a graph, and their comparison.
//!
//! What is accepted beside the direct dependency's own version: another version of a package, or the end of one, that
//! the direct dependency needs by itself or through others, by the lock's own graph. A package of a name that the lock
//! did not hold is somebody else's code that nobody looked at, so it is a doubt; so is a second version of one.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::dependency::VersionChange;

use super::Found;

/// A lock: packages, and the projects that it was made for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lock {
    /// Everything beside the packages, as text: equal, or a doubt.
    pub(super) rest: String,
    /// The projects by name.
    pub(super) members: BTreeMap<String, Member>,
    /// What is installed.
    pub(super) packages: BTreeMap<Key, Package>,
}

/// What tells one installed package from another.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// Where it stands: its name, or its folder.
    pub(super) slot: String,
    /// Its version.
    pub(super) version: String,
    /// Registry, and hosts that its files come from.
    pub(super) source: String,
}

/// What something needs: by the names it uses, and by what they come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Needs {
    pub(super) names: BTreeSet<String>,
    pub(super) keys: BTreeSet<Key>,
}

/// A project of the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) needs: Needs,
    /// Everything else about it.
    pub(super) rest: String,
}

/// An installed package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Package {
    /// The name that manifests use.
    pub(super) name: String,
    /// It comes from a registry, under its own name and version.
    pub(super) registry: bool,
    /// Digests of its content, with the algorithm before the first `:` or `-`; empty: none.
    pub(super) digests: BTreeSet<String>,
    /// Installing it runs its code.
    pub(super) runs: bool,
    pub(super) needs: Needs,
    /// Everything else about it that belongs to its version.
    pub(super) rest: String,
}

impl Package {
    fn algorithms(&self) -> BTreeSet<&str> {
        self.digests.iter().filter_map(|text| text.split([':', '-']).next()).collect()
    }
}

/// What changed between two locks.
pub(super) fn compare(old: &Lock, new: &Lock) -> Found {
    let mut found = Found::default();
    if old.rest != new.rest {
        found.doubts.push("something beside its packages changed".to_owned());
    }
    members(old, new, &mut found);
    unmoved(old, new, &mut found);
    let moves = moves(old, new, &mut found);
    reach(old, new, &moves, &mut found);
    for Move { from, to, direct } in moves {
        let name = name_of(old, new, from, to);
        let version = |key: Option<&Key>| key.map(|key| key.version.clone());
        found.changes.push(VersionChange { name, from: version(from), to: version(to), direct });
    }
    found
}

fn members(old: &Lock, new: &Lock, found: &mut Found) {
    if !old.members.keys().eq(new.members.keys()) {
        found.doubts.push("it is for other projects than before".to_owned());
    }
    for (name, after) in &new.members {
        let Some(before) = old.members.get(name) else { continue };
        let title = if name.is_empty() { "the project" } else { name };
        for added in after.needs.names.difference(&before.needs.names) {
            found.doubts.push(format!("`{added}` is a new direct dependency of {title}"));
        }
        for gone in before.needs.names.difference(&after.needs.names) {
            found.doubts.push(format!("`{gone}` is no direct dependency of {title} any more"));
        }
        if before.rest != after.rest {
            found.doubts.push(format!("it says something else about {title} itself"));
        }
    }
}

/// Packages of the same version from the same source must be the same.
fn unmoved(old: &Lock, new: &Lock, found: &mut Found) {
    for (key, after) in &new.packages {
        let Some(before) = old.packages.get(key) else { continue };
        if before.digests != after.digests {
            let why = "its content has another digest, though its version is the same";
            found.doubts.push(format!("`{}` {}: {why}", after.name, key.version));
        }
        let alike = before.needs.names == after.needs.names
            && (&before.name, before.registry, before.runs, &before.rest)
                == (&after.name, after.registry, after.runs, &after.rest);
        if !alike {
            let why = "it is described otherwise, though its version is the same";
            found.doubts.push(format!("`{}` {}: {why}", after.name, key.version));
        }
    }
}

/// A package that has another version, or is gone.
#[derive(Debug, Clone, Copy)]
struct Move<'a> {
    from: Option<&'a Key>,
    to: Option<&'a Key>,
    direct: bool,
}

fn moves<'a>(old: &'a Lock, new: &'a Lock, found: &mut Found) -> Vec<Move<'a>> {
    let mut slots: BTreeMap<&str, (Vec<&Key>, Vec<&Key>)> = BTreeMap::new();
    for key in old.packages.keys().filter(|key| !new.packages.contains_key(key)) {
        slots.entry(&key.slot).or_default().0.push(key);
    }
    for key in new.packages.keys().filter(|key| !old.packages.contains_key(key)) {
        slots.entry(&key.slot).or_default().1.push(key);
    }
    let mut moves = Vec::new();
    for (slot, (gone, came)) in slots {
        let (from, to) = match (gone.as_slice(), came.as_slice()) {
            ([from], [to]) => (Some(*from), Some(*to)),
            ([from], []) => (Some(*from), None),
            ([], [to, ..]) => {
                found.doubts.push(added(old, slot, to));
                continue;
            }
            _ => {
                found.doubts.push(format!("several versions of `{slot}` change"));
                continue;
            }
        };
        if let (Some(from), Some(to)) = (from, to) {
            found.doubts.extend(unlike(old, new, from, to));
        }
        moves.push(Move { from, to, direct: is_direct(old, from) || is_direct(new, to) });
    }
    moves
}

fn added(old: &Lock, slot: &str, key: &Key) -> String {
    // Keys are sorted by their slot first.
    let first = Key { slot: slot.to_owned(), ..Key::default() };
    let known = old.packages.range(first..).next().is_some_and(|(key, _)| key.slot == slot);
    let what = if known { "another version of a package" } else { "a package it did not hold" };
    format!("it adds {what}: `{slot}` {}", key.version)
}

/// Whether a new version is the same package from the same place, checked in the same way.
fn unlike(old: &Lock, new: &Lock, from: &Key, to: &Key) -> Vec<String> {
    let (Some(before), Some(after)) = (old.packages.get(from), new.packages.get(to)) else {
        return Vec::new();
    };
    let mut doubts = Vec::new();
    let mut doubt = |why: String| doubts.push(format!("`{}` {}: {why}", after.name, to.version));
    if from.source != to.source {
        doubt(format!("it comes from {}, and not from {}", to.source, from.source));
    }
    if before.name != after.name {
        doubt(format!("it stands where `{}` did", before.name));
    }
    if !before.registry || !after.registry {
        doubt("it does not come from a registry under its own name and version".to_owned());
    }
    if after.digests.is_empty() {
        doubt("no digest of its content is given".to_owned());
    } else if before.algorithms() != after.algorithms() {
        doubt("its content is not checked in the same way as before".to_owned());
    }
    if after.runs && !before.runs {
        doubt("installing it runs its code now".to_owned());
    }
    doubts
}

fn is_direct(lock: &Lock, key: Option<&Key>) -> bool {
    key.is_some_and(|key| lock.members.values().any(|member| member.needs.keys.contains(key)))
}

/// Everything else that moved must be needed by what moved directly.
fn reach(old: &Lock, new: &Lock, moves: &[Move<'_>], found: &mut Found) {
    let mut direct = moves.iter().filter(|one| one.direct);
    let root = direct.next();
    // Of several the judgement says enough.
    if direct.next().is_some() {
        return;
    }
    let before = root.and_then(|root| root.from).map(|key| closure(old, key)).unwrap_or_default();
    let after = root.and_then(|root| root.to).map(|key| closure(new, key)).unwrap_or_default();
    for one in moves.iter().filter(|one| !one.direct) {
        let needed = one.to.map_or_else(
            || one.from.is_some_and(|key| before.contains(key)),
            |key| after.contains(key),
        );
        if !needed {
            let name = name_of(old, new, one.from, one.to);
            found.doubts.push(format!("`{name}` changes, and the bump does not need it"));
        }
    }
}

/// All that a package needs, itself included.
fn closure<'a>(lock: &'a Lock, root: &'a Key) -> BTreeSet<&'a Key> {
    let (mut seen, mut open) = (BTreeSet::from([root]), vec![root]);
    while let Some(key) = open.pop() {
        let needs = lock.packages.get(key).map(|package| &package.needs.keys);
        open.extend(needs.into_iter().flatten().filter(|key| seen.insert(key)));
    }
    seen
}

fn name_of(old: &Lock, new: &Lock, from: Option<&Key>, to: Option<&Key>) -> String {
    let after = to.and_then(|key| new.packages.get(key));
    let package = after.or_else(|| from.and_then(|key| old.packages.get(key)));
    package.map(|package| package.name.clone()).unwrap_or_default()
}
