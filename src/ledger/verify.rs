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
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ledger::entry::{Entry, Sealed};
    use crate::ledger::vectors::mth;

    /// A ledger as a store keeps it.
    #[derive(Clone)]
    struct Stored {
        entries: Vec<(u64, Vec<u8>, Hash)>,
        tiles: Vec<TileHash>,
        heads: Vec<(u64, Hash)>,
        head: (u64, Hash),
    }

    fn sealed(number: u64) -> Sealed {
        let serde_json::Value::Object(body) = json!({"n": number, "who": "m.ortiz"}) else {
            panic!("an object")
        };
        let at = crate::domain::Time::from_seconds(1_700_000_000).expect("a time");
        Entry::seal("test.done", at, body).expect("sealed")
    }

    fn ledger(size: u64) -> Stored {
        let entries: Vec<Sealed> = (0..size).map(sealed).collect();
        let hashes: Vec<Hash> = entries.iter().map(|entry| entry.leaf_hash).collect();
        let (mut frontier, mut tiles, mut heads) = (Frontier::new(), Vec::new(), Vec::new());
        for hash in &hashes {
            tiles.extend(frontier.append(*hash));
            if frontier.size() % 97 == 0 {
                heads.push((frontier.size(), frontier.root()));
            }
        }
        let rows = entries
            .into_iter()
            .zip(0..)
            .map(|(entry, index)| (index, entry.bytes, entry.leaf_hash));
        Stored { entries: rows.collect(), tiles, heads, head: (size, mth(&hashes)) }
    }

    /// Every fault found, as `countersign verify` would print them.
    fn faults(stored: &Stored) -> Vec<String> {
        let one_by_one = found(stored, &mut |verifier, entries| {
            let each =
                entries.iter().map(|(index, bytes, hash)| verifier.push(*index, bytes, hash));
            each.filter_map(Result::err).collect()
        });
        for threads in 1..=4 {
            let threads = NonZero::new(threads).expect("some");
            let pages = found(stored, &mut |verifier, entries| {
                entries.chunks(101).flat_map(|page| verifier.push_all(page, threads)).collect()
            });
            assert_eq!(pages, one_by_one, "{threads} threads find other faults");
        }
        one_by_one
    }

    type Push<'p> = dyn FnMut(&mut Verifier, &[(u64, &[u8], Hash)]) -> Vec<Fault> + 'p;

    fn found(stored: &Stored, push: &mut Push<'_>) -> Vec<String> {
        let mut verifier = Verifier::with_tiles();
        let mut faults = Vec::new();
        for (size, root) in &stored.heads {
            faults.extend(verifier.expect_head(*size, *root).err());
        }
        stored.tiles.iter().for_each(|tile| verifier.expect_tile(*tile));
        let entries =
            stored.entries.iter().map(|(index, bytes, hash)| (*index, bytes.as_slice(), *hash));
        faults.extend(push(&mut verifier, &entries.collect::<Vec<_>>()));
        faults.extend(verifier.finish(stored.head.0, stored.head.1).err());
        faults.iter().map(Fault::to_string).collect()
    }

    #[test]
    fn a_whole_ledger_verifies_and_says_what_was_checked() {
        let stored = ledger(600);
        let mut verifier = Verifier::with_tiles();
        verifier.expect_head(0, crate::ledger::tree::empty_root()).expect("the empty tree's root");
        for (size, root) in &stored.heads {
            verifier.expect_head(*size, *root).expect("announced in time");
        }
        stored.tiles.iter().for_each(|tile| verifier.expect_tile(*tile));
        for (index, bytes, hash) in &stored.entries {
            verifier.push(*index, bytes, hash).expect("in order");
        }
        let summary = verifier.finish(stored.head.0, stored.head.1).expect("verified");
        assert_eq!((summary.heads_checked, summary.tiles_checked), (7, 2));
        assert_eq!(summary.frontier.root(), stored.head.1);
        assert!(faults(&ledger(0)).is_empty());
    }

    #[test]
    fn a_flipped_byte_of_any_entry_is_named_once() {
        let stored = ledger(600);
        for at in 0..600_u64 {
            let index = usize::try_from(at).expect("small");
            let mut verifier = Verifier::new();
            let mut bytes = stored.entries[index].1.clone();
            let flip = index * 7 % bytes.len();
            bytes[flip] ^= 1 << (index % 8);
            let mut found = Vec::new();
            for (place, original, hash) in &stored.entries[..=index] {
                let bytes = if *place == at { &bytes } else { original };
                found.extend(verifier.push(*place, bytes, hash).err());
            }
            let shown: Vec<String> = found.iter().map(Fault::to_string).collect();
            assert_eq!(shown, [format!("entry {at}: its bytes do not match its leaf hash")]);
        }
        let mut one = stored.clone();
        one.entries[300].1[3] ^= 1;
        assert_eq!(faults(&one), ["entry 300: its bytes do not match its leaf hash"]);
    }

    #[test]
    fn an_entry_filed_under_another_kind_is_named() {
        let stored = ledger(3);
        let entries: Vec<_> = stored
            .entries
            .iter()
            .map(|(index, bytes, leaf)| StoredEntry {
                kind: Some(if *index == 1 { "test.undone" } else { "test.done" }),
                ..(*index, bytes.as_slice(), *leaf).into()
            })
            .collect();
        let faults = Verifier::new().push_all(&entries, NonZero::<usize>::MIN);
        let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let said = "entry 1: it is stored under the kind `test.undone`, its bytes say another";
        assert_eq!(shown, [said]);
    }

    #[test]
    fn a_changed_leaf_hash_is_named_and_the_roots_above_it_too() {
        let mut stored = ledger(600);
        stored.entries[599].2 = stored.entries[0].2;
        assert_eq!(
            faults(&stored),
            [
                "entry 599: its bytes do not match its leaf hash",
                "the checkpoint over 600 entries has another root than the entries give",
            ]
        );
    }

    #[test]
    fn an_entry_rewritten_with_its_hash_breaks_the_next_checkpoint() {
        let mut stored = ledger(600);
        let other = sealed(9999);
        stored.entries[500] = (500, other.bytes, other.leaf_hash);
        let found = faults(&stored);
        assert_eq!(found[0], "hash 1 of tile level 1 does not match the entries 256 to 511");
        assert_eq!(
            found[1],
            "the checkpoint over 582 entries has another root than the entries give"
        );
    }

    #[test]
    fn entries_missing_doubled_or_swapped_are_named() {
        let whole = ledger(300);
        let mut stored = whole.clone();
        stored.entries.remove(7);
        assert_eq!(faults(&stored), ["entry 7 is missing", "entry 7 is missing"]);
        let mut stored = whole.clone();
        stored.entries.drain(7..10);
        assert_eq!(faults(&stored)[0], "entries 7 to 9 are missing");
        let mut stored = whole.clone();
        stored.entries.truncate(298);
        stored.heads.clear();
        assert_eq!(faults(&stored), ["entries 298 to 299 are missing"]);
        let mut stored = whole.clone();
        let again = stored.entries[5].clone();
        stored.entries.insert(9, again);
        assert_eq!(faults(&stored), ["entry 5 comes again, or out of order: entry 9 was next"]);
        let mut stored = whole.clone();
        let extra = sealed(300);
        stored.entries.push((300, extra.bytes, extra.leaf_hash));
        assert_eq!(faults(&stored), ["the ledger's head says 300 entries, but there are 301"]);
    }

    #[test]
    fn bytes_that_are_hashed_rightly_but_not_canonical_are_named() {
        let mut stored = ledger(3);
        let loose = b"{\"at\": 1}".to_vec();
        stored.entries[1] = (1, loose.clone(), leaf_hash(&loose));
        assert_eq!(
            faults(&stored)[0],
            "entry 1: not canonical: unexpected character or end at byte 6"
        );
        let old = br#"{"at":"2026-11-20T14:00:00.000000Z","kind":"a","v":9}"#.to_vec();
        stored.entries[1] = (1, old.clone(), leaf_hash(&old));
        assert!(faults(&stored)[0].starts_with("entry 1: key `v`: schema version 9"));
    }

    #[test]
    fn stored_tile_hashes_that_are_wrong_missing_or_too_many_are_named() {
        let whole = ledger(600);
        let mut stored = whole.clone();
        stored.tiles[0].hash = stored.tiles[1].hash;
        assert_eq!(faults(&stored), ["hash 0 of tile level 1 does not match the entries 0 to 255"]);
        let mut stored = whole.clone();
        stored.tiles.remove(1);
        assert_eq!(
            faults(&stored),
            ["hash 1 of tile level 1, over the entries 256 to 511, is missing"]
        );
        let mut stored = whole.clone();
        stored.tiles.push(TileHash { level: 1, index: 2, hash: stored.head.1 });
        assert_eq!(
            faults(&stored),
            ["hash 2 of tile level 1 is stored, but not all entries 512 to 767 exist"]
        );
    }

    #[test]
    fn checkpoints_that_were_changed_forked_or_outlived_their_entries_are_named() {
        let whole = ledger(300);
        let mut stored = whole.clone();
        stored.heads[1].1 = stored.head.1;
        assert_eq!(
            faults(&stored),
            ["the checkpoint over 194 entries has another root than the entries give"]
        );
        let mut stored = whole.clone();
        stored.heads.push((194, stored.head.1));
        assert_eq!(faults(&stored), ["two checkpoints over 194 entries have different roots"]);
        let mut stored = whole.clone();
        stored.heads.push((301, stored.head.1));
        assert_eq!(
            faults(&stored),
            ["a checkpoint over 301 entries was kept, but the ledger has only 300"]
        );
        let mut verifier = Verifier::new();
        let (_, bytes, hash) = &whole.entries[0];
        verifier.push(0, bytes, hash).expect("in order");
        assert_eq!(verifier.expect_head(0, *hash), Err(Fault::Late { size: 0, next: 1 }));
        assert_eq!(verifier.expect_head(1, *hash), Ok(()));
        assert!(matches!(verifier.expect_head(1, whole.head.1), Err(Fault::Head { .. })));
    }
}
