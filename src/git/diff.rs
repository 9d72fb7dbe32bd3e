//! What differs between two trees, fast: a merge-join over raw tree objects that descends only where ids
//! differ. `diff_tree_to_tree` gives the same answer ten times slower (its iterators join every path).
//!
//! Hostile trees lose nothing: every entry of either side is consumed exactly once, so entries in a wrong
//! order or twice show up as more differences, never as fewer.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

use git2::{ObjectType, Odb, Oid as GitOid};

use crate::domain::{Oid, RepoPath, Side};

use super::GitError;
use super::repo::Repo;

/// Files above which two trees are not compared: a tree of a few kilobytes can name billions of files.
pub const MAX_FILES: usize = 1_000_000;
/// Directories inside one another.
const MAX_DEPTH: usize = 512;
/// Bytes of trees kept for the next comparison, per generation.
const CACHE_BYTES: usize = 16 << 20;
const TREE: u32 = 0o040_000;
/// The id of the empty blob: two empty files are no rename.
const EMPTY_BLOB: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

/// One path that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RawChange {
    /// The path's bytes.
    pub path: Vec<u8>,
    /// Before; `None`: new.
    pub old: Option<Side>,
    /// After; `None`: gone.
    pub new: Option<Side>,
}

/// Compares trees of one repository; keeps the last trees, because the next comparison mostly shares them.
pub struct Differ<'r> {
    odb: Odb<'r>,
    young: HashMap<GitOid, Rc<[u8]>>,
    old: HashMap<GitOid, Rc<[u8]>>,
    young_bytes: usize,
}

impl std::fmt::Debug for Differ<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Differ").field("cached_bytes", &self.young_bytes).finish_non_exhaustive()
    }
}

impl<'r> Differ<'r> {
    /// For this repository.
    pub fn new(repo: &'r Repo) -> Result<Self, GitError> {
        Ok(Self {
            odb: repo.git.odb()?,
            young: HashMap::new(),
            old: HashMap::new(),
            young_bytes: 0,
        })
    }

    /// The paths that differ between two trees, sorted by path. `None` is the empty tree.
    pub(super) fn trees(
        &mut self,
        old: Option<GitOid>,
        new: Option<GitOid>,
    ) -> Result<Vec<RawChange>, GitError> {
        let mut join = Join { found: Vec::new(), prefix: Vec::with_capacity(128) };
        if old != new {
            join.trees(self, old, new, 0)?;
            join.found.sort_unstable();
        }
        Ok(join.found)
    }

    fn tree(&mut self, oid: Option<GitOid>) -> Result<Rc<[u8]>, GitError> {
        let Some(oid) = oid else { return Ok(Rc::from(&b""[..])) };
        if let Some(bytes) = self.young.get(&oid) {
            return Ok(Rc::clone(bytes));
        }
        let bytes = match self.old.remove(&oid) {
            Some(bytes) => bytes,
            None => self.read(oid)?,
        };
        self.young_bytes += bytes.len() + 64;
        if self.young_bytes > CACHE_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = bytes.len() + 64;
        }
        self.young.insert(oid, Rc::clone(&bytes));
        Ok(bytes)
    }

    fn read(&self, oid: GitOid) -> Result<Rc<[u8]>, GitError> {
        let object = self.odb.read(oid).map_err(|error| GitError::about(oid, &error))?;
        if object.kind() != ObjectType::Tree {
            let why = format!("it is a {}", object.kind());
            return Err(GitError::Broken { id: oid.to_string(), wanted: "tree", why });
        }
        Ok(Rc::from(object.data()))
    }
}

/// An entry of a raw tree object, borrowed.
#[derive(Clone, Copy)]
struct Entry<'a> {
    mode: u32,
    name: &'a [u8],
    oid: &'a [u8],
    len: usize,
}

impl Entry<'_> {
    fn is_tree(&self) -> bool {
        self.mode == TREE
    }

    fn side(&self) -> Option<Side> {
        Oid::from_bytes(self.oid).map(|oid| Side { mode: self.mode, oid })
    }

    fn tree(&self) -> Option<GitOid> {
        self.is_tree().then(|| GitOid::from_bytes(self.oid).ok()).flatten()
    }
}

/// The first entry of these bytes; `Err`: they are no entry.
fn entry(bytes: &[u8]) -> Result<Option<Entry<'_>>, GitError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    parse_entry(bytes)
        .map(Some)
        .ok_or_else(|| GitError::Other("a tree object is malformed".to_owned()))
}

fn parse_entry(bytes: &[u8]) -> Option<Entry<'_>> {
    let space = bytes.iter().take(8).position(|byte| *byte == b' ')?;
    let mut mode = 0_u32;
    for digit in bytes.get(..space)? {
        mode = (mode << 3) | u32::from(digit.checked_sub(b'0').filter(|digit| *digit < 8)?);
    }
    let rest = bytes.get(space + 1..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    let name = rest.get(..end).filter(|name| !name.is_empty())?;
    let oid = rest.get(end + 1..end + 21)?;
    Some(Entry { mode, name, oid, len: space + 1 + end + 21 })
}

/// Git's order: byte by byte, a directory as if its name ended in `/`.
fn order(one: &Entry<'_>, two: &Entry<'_>) -> Ordering {
    let shared = one.name.len().min(two.name.len());
    let tail = |entry: &Entry<'_>| match entry.name.get(shared) {
        Some(byte) => *byte,
        None if entry.is_tree() => b'/',
        None => 0,
    };
    one.name
        .get(..shared)
        .cmp(&two.name.get(..shared))
        .then_with(|| tail(one).cmp(&tail(two)))
        .then_with(|| one.name.len().cmp(&two.name.len()))
}

struct Join {
    found: Vec<RawChange>,
    prefix: Vec<u8>,
}

impl Join {
    fn trees(
        &mut self,
        differ: &mut Differ<'_>,
        old: Option<GitOid>,
        new: Option<GitOid>,
        depth: usize,
    ) -> Result<(), GitError> {
        if depth > MAX_DEPTH {
            return Err(GitError::OverLimit {
                what: "the depth of directories".to_owned(),
                limit: MAX_DEPTH as u64,
            });
        }
        let (before, after) = (differ.tree(old)?, differ.tree(new)?);
        let (mut left, mut right) = (&before[..], &after[..]);
        loop {
            let one = entry(left)?;
            if let Some(same) =
                one.and_then(|one| left.get(..one.len)).filter(|same| right.starts_with(same))
            {
                left = left.get(same.len()..).unwrap_or_default();
                right = right.get(same.len()..).unwrap_or_default();
                continue;
            }
            let (one, two) = match (one, entry(right)?) {
                (None, None) => return Ok(()),
                (Some(one), Some(two)) => match order(&one, &two) {
                    Ordering::Less => (Some(one), None),
                    Ordering::Greater => (None, Some(two)),
                    Ordering::Equal => (Some(one), Some(two)),
                },
                either => either,
            };
            left = left.get(one.map_or(0, |one| one.len)..).unwrap_or_default();
            right = right.get(two.map_or(0, |two| two.len)..).unwrap_or_default();
            self.entries(differ, one, two, depth)?;
        }
    }

    /// One name, on one side or on both. Both are directories or neither is: the order keeps them apart.
    fn entries(
        &mut self,
        differ: &mut Differ<'_>,
        old: Option<Entry<'_>>,
        new: Option<Entry<'_>>,
        depth: usize,
    ) -> Result<(), GitError> {
        let Some(name) = old.or(new).map(|entry| entry.name) else { return Ok(()) };
        let before = self.prefix.len();
        self.prefix.extend_from_slice(name);
        if old.or(new).is_some_and(|entry| entry.is_tree()) {
            self.prefix.push(b'/');
            let tree = |entry: Option<Entry<'_>>| entry.and_then(|entry| entry.tree());
            self.trees(differ, tree(old), tree(new), depth + 1)?;
        } else {
            let side = |entry: Option<Entry<'_>>| entry.and_then(|entry| entry.side());
            self.found.push(RawChange {
                path: self.prefix.clone(),
                old: side(old),
                new: side(new),
            });
            if self.found.len() > MAX_FILES {
                return Err(GitError::OverLimit {
                    what: "the number of files that differ".to_owned(),
                    limit: MAX_FILES as u64,
                });
            }
        }
        self.prefix.truncate(before);
        Ok(())
    }
}

impl Repo {
    /// The paths that differ between the trees of two commits, sorted; `None` is the empty tree.
    pub fn changes_between(&self, old: Option<Oid>, new: Oid) -> Result<Vec<RawChange>, GitError> {
        let tree = |oid: Oid| self.read_commit(oid).map(|commit| commit.tree);
        Differ::new(self)?.trees(old.map(tree).transpose()?, Some(tree(new)?))
    }
}

/// Exact renames, for display and size only (sem 1): an addition and a deletion with the same blob, the same
/// file name preferred. Pairs of indexes `(deleted, added)`; each change is in one pair at most.
#[must_use]
pub fn exact_renames(changes: &[RawChange]) -> Vec<(usize, usize)> {
    let mut gone: HashMap<Side, Vec<usize>> = HashMap::new();
    for (at, change) in changes.iter().enumerate() {
        if let (Some(old), None) = (change.old, change.new) {
            gone.entry(old).or_default().push(at);
        }
    }
    let mut pairs = Vec::new();
    let name = |at: usize| {
        changes.get(at).map(|change| RepoPath::new(change.path.as_slice()).file_name().to_vec())
    };
    for (at, change) in changes.iter().enumerate() {
        let (None, Some(new)) = (change.old, change.new) else { continue };
        if new.oid.to_string() == EMPTY_BLOB {
            continue;
        }
        let Some(candidates) = gone.get_mut(&new).filter(|candidates| !candidates.is_empty())
        else {
            continue;
        };
        let wanted = name(at);
        let pick = candidates.iter().position(|old| name(*old) == wanted).unwrap_or(0);
        pairs.push((candidates.remove(pick), at));
    }
    pairs
}

#[cfg(test)]
mod tests;
