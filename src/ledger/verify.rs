//! The check of a whole ledger as a stream: every entry, every stored hash, every checkpoint. Memory
//! holds the tree's frontier and what the caller announced, never the ledger.
//!
//! Use: announce checkpoints ([`Verifier::expect_head`]) and stored tile hashes
//! ([`Verifier::expect_tile`]) at any time before the stream passes them, page by page if there are
//! many; [`Verifier::push`] the entries in order; [`Verifier::finish`] with the stored head.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::thread;

use super::entry::{EntryError, check_entry};
use super::excerpt;
use super::tree::{Frontier, Hash, TileHash, leaf_hash};

/// The streaming check. After a fault it goes on as well as can be: an entry whose bytes are wrong counts
/// with its stored hash, so that one flipped byte is one fault; after a gap the roots can no longer be
/// computed, and [`Verifier::finish`] says so.
#[derive(Debug, Default)]
pub struct Verifier {
    frontier: Frontier,
    next: u64,
    gap: Option<(u64, u64)>,
    heads: BTreeMap<u64, Hash>,
    tiles: BTreeMap<(u8, u64), Hash>,
    tiles_are_stored: bool,
    heads_checked: u64,
    tiles_checked: u64,
}

/// An entry as a store keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredEntry<'a> {
    /// Its index.
    pub index: u64,
    /// The kind that the store files it under, if it does.
    pub kind: Option<&'a str>,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// The leaf hash stored with them.
    pub leaf: Hash,
}

impl<'a> From<(u64, &'a [u8], Hash)> for StoredEntry<'a> {
    fn from((index, bytes, leaf): (u64, &'a [u8], Hash)) -> Self {
        Self { index, kind: None, bytes, leaf }
    }
}

/// What was checked, when nothing was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The tree: its size and root, and the frontier to compare with the stored one.
    pub frontier: Frontier,
    /// Checkpoints whose root was computed anew, the stored head not counted.
    pub heads_checked: u64,
    /// Stored tile hashes that were computed anew.
    pub tiles_checked: u64,
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The bytes were changed, or the hash that is stored with them.
    #[error("entry {index}: its bytes do not match its leaf hash")]
    Leaf {
        /// The entry.
        index: u64,
        /// The hash of the bytes.
        computed: Hash,
        /// The hash stored with them.
        stored: Hash,
    },
    /// The bytes are not an entry as this program writes them.
    #[error("entry {index}: {why}")]
    Entry {
        /// The entry.
        index: u64,
        /// What is wrong with it.
        why: EntryError,
    },
    /// The store files the entry under a kind that is not its own.
    #[error("entry {index}: it is stored under the kind `{stored}`, its bytes say another")]
    Kind {
        /// The entry.
        index: u64,
        /// The kind that is stored beside the bytes.
        stored: String,
    },
    /// Entries that are not there.
    #[error("{}", missing(*first, *last))]
    Missing {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// An entry that came before, or twice.
    #[error("entry {index} comes again, or out of order: entry {next} was next")]
    Order {
        /// The entry.
        index: u64,
        /// The one that should have come.
        next: u64,
    },
    /// A checkpoint or head whose root is another.
    #[error("the checkpoint over {size} entries has another root than the entries give")]
    Head {
        /// Its size.
        size: u64,
        /// The root of the entries.
        computed: Hash,
        /// The root in it.
        stored: Hash,
    },
    /// Two checkpoints over the same size that disagree: the ledger was forked.
    #[error("two checkpoints over {size} entries have different roots")]
    Fork {
        /// Their size.
        size: u64,
    },
    /// A checkpoint was announced after the stream had passed its size: the caller's mistake.
    #[error("the checkpoint over {size} entries came after entry {next} had been read")]
    Late {
        /// Its size.
        size: u64,
        /// Entries read by then.
        next: u64,
    },
    /// A checkpoint over more entries than there are: entries were lost, or an old backup restored.
    #[error("a checkpoint over {size} entries was kept, but the ledger has only {have}")]
    HeadBeyond {
        /// Its size.
        size: u64,
        /// Entries that are there.
        have: u64,
    },
    /// Entries beyond the stored head.
    #[error("the ledger's head says {size} entries, but there are {have}")]
    Beyond {
        /// The head's size.
        size: u64,
        /// Entries that are there.
        have: u64,
    },
    /// A stored tile hash that is another.
    #[error("hash {index} of tile level {level} does not match the entries {}", span(*level, *index))]
    Tile {
        /// The level, from 1.
        level: u8,
        /// Its place there.
        index: u64,
    },
    /// A tile hash that should be stored.
    #[error("hash {index} of tile level {level}, over the entries {}, is missing", span(*level, *index))]
    TileMissing {
        /// The level, from 1.
        level: u8,
        /// Its place there.
        index: u64,
    },
    /// A stored tile hash over entries that are not there.
    #[error("hash {index} of tile level {level} is stored, but not all entries {} exist", span(*level, *index))]
    TileBeyond {
        /// The level, from 1.
        level: u8,
        /// Its place there.
        index: u64,
    },
}

fn missing(first: u64, last: u64) -> String {
    if first == last {
        format!("entry {first} is missing")
    } else {
        format!("entries {first} to {last} are missing")
    }
}

fn span(level: u8, index: u64) -> String {
    let width = 1_u64.checked_shl(8 * u32::from(level)).unwrap_or(u64::MAX);
    let first = index.saturating_mul(width);
    format!("{first} to {}", first.saturating_add(width - 1))
}

impl Verifier {
    /// Checks entries and checkpoints; for a bundle, in which no tile hashes are.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Also checks the stored tile hashes: each must be announced before it becomes final.
    #[must_use]
    pub fn with_tiles() -> Self {
        Self { tiles_are_stored: true, ..Self::default() }
    }

    /// Entries read so far, so the index of the next.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Announces a checkpoint. It is compared when the stream reaches its size.
    pub fn expect_head(&mut self, size: u64, root: Hash) -> Result<(), Fault> {
        if size < self.next {
            return Err(Fault::Late { size, next: self.next });
        }
        if self.heads.get(&size).is_some_and(|known| *known != root) {
            return Err(Fault::Fork { size });
        }
        if size == self.next && self.gap.is_none() {
            return self.compare_head(size, root);
        }
        self.heads.insert(size, root);
        Ok(())
    }

    /// Announces a stored tile hash (level 1 and above).
    pub fn expect_tile(&mut self, tile: TileHash) {
        self.tiles.insert((tile.level, tile.index), tile.hash);
    }

    /// Takes the next entry: its bytes and the leaf hash stored with them.
    pub fn push(&mut self, index: u64, bytes: &[u8], stored: &Hash) -> Result<(), Fault> {
        self.take(index, stored, check_leaf(&(index, bytes, *stored).into()))
    }

    /// Takes the next entries, as [`Verifier::push`] takes them one by one; so many threads look at their bytes. Gives
    /// the faults in order.
    pub fn push_all<'a, E>(&mut self, entries: &[E], threads: NonZero<usize>) -> Vec<Fault>
    where
        E: Copy + Into<StoredEntry<'a>> + Sync,
    {
        let checked = check_leaves(entries, threads);
        let entries = entries.iter().map(|entry| Into::<StoredEntry<'a>>::into(*entry));
        let taken = entries.zip(checked);
        taken.filter_map(|(entry, leaf)| self.take(entry.index, &entry.leaf, leaf).err()).collect()
    }

    fn take(&mut self, index: u64, stored: &Hash, leaf: Result<(), Fault>) -> Result<(), Fault> {
        if index < self.next {
            return Err(Fault::Order { index, next: self.next });
        }
        let gap = (index > self.next).then(|| (self.next, index - 1));
        self.next = index + 1;
        self.gap = self.gap.or(gap);
        let tree = if self.gap.is_none() { self.grow(*stored) } else { Ok(()) };
        if let Some((first, last)) = gap {
            return Err(Fault::Missing { first, last });
        }
        leaf?;
        tree
    }

    /// Compares what was read with the stored head, and makes sure that nothing announced was left over.
    pub fn finish(mut self, size: u64, root: Hash) -> Result<Verified, Fault> {
        let have = self.next;
        if let Some((first, last)) = self.gap {
            return Err(Fault::Missing { first, last });
        }
        if have < size {
            return Err(Fault::Missing { first: have, last: size - 1 });
        }
        if have > size {
            return Err(Fault::Beyond { size, have });
        }
        if let Some((size, _)) = self.heads.pop_first() {
            return Err(Fault::HeadBeyond { size, have });
        }
        if let Some(((level, index), _)) = self.tiles.pop_first() {
            return Err(Fault::TileBeyond { level, index });
        }
        let heads_checked = self.heads_checked;
        self.compare_head(size, root)?;
        let tiles_checked = self.tiles_checked;
        Ok(Verified { frontier: self.frontier, heads_checked, tiles_checked })
    }

    /// Adds a leaf; compares every tile hash that became final and the checkpoint of the new size.
    fn grow(&mut self, leaf: Hash) -> Result<(), Fault> {
        let mut result = Ok(());
        for tile in self.frontier.append(leaf) {
            result = result.and(self.compare_tile(tile));
        }
        let size = self.frontier.size();
        let due = self.heads.first_key_value().is_some_and(|(first, _)| *first == size);
        match if due { self.heads.pop_first() } else { None } {
            Some((size, root)) => result.and(self.compare_head(size, root)),
            None => result,
        }
    }

    fn compare_tile(&mut self, tile: TileHash) -> Result<(), Fault> {
        let TileHash { level, index, hash } = tile;
        match self.tiles.remove(&(level, index)) {
            Some(stored) if stored == hash => {
                self.tiles_checked += 1;
                Ok(())
            }
            Some(_) => Err(Fault::Tile { level, index }),
            None if self.tiles_are_stored => Err(Fault::TileMissing { level, index }),
            None => Ok(()),
        }
    }

    fn compare_head(&mut self, size: u64, stored: Hash) -> Result<(), Fault> {
        let computed = self.frontier.root();
        if computed != stored {
            return Err(Fault::Head { size, computed, stored });
        }
        self.heads_checked += 1;
        Ok(())
    }
}

/// The hash is compared first: it also catches bytes that were changed into another canonical entry.
fn check_leaf(entry: &StoredEntry<'_>) -> Result<(), Fault> {
    let StoredEntry { index, kind, bytes, leaf: stored } = *entry;
    let computed = leaf_hash(bytes);
    if computed != stored {
        return Err(Fault::Leaf { index, computed, stored });
    }
    let own = check_entry(bytes).map_err(|why| Fault::Entry { index, why })?;
    match kind {
        Some(kind) if kind != own => Err(Fault::Kind { index, stored: excerpt(kind, 80) }),
        _ => Ok(()),
    }
}

/// Each leaf by itself: the part of the check that no order binds.
fn check_leaves<'a, E>(entries: &[E], threads: NonZero<usize>) -> Vec<Result<(), Fault>>
where
    E: Copy + Into<StoredEntry<'a>> + Sync,
{
    let check =
        |part: &[E]| -> Vec<_> { part.iter().map(|entry| check_leaf(&(*entry).into())).collect() };
    let mut parts = entries.chunks(entries.len().div_ceil(threads.get()).max(1));
    let own = parts.next().unwrap_or_default();
    thread::scope(|scope| {
        let others: Vec<_> = parts.map(|part| (part, scope.spawn(move || check(part)))).collect();
        let mut all = check(own);
        for (part, other) in others {
            // A thread that panicked said nothing of its part: it is checked here, where the panic would be seen.
            all.extend(other.join().unwrap_or_else(|_| check(part)));
        }
        all
    })
}

#[cfg(test)]
mod tests;
