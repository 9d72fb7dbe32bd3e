//! What the verifier accepts and what it names.

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
    let rows =
        entries.into_iter().zip(0..).map(|(entry, index)| (index, entry.bytes, entry.leaf_hash));
    Stored { entries: rows.collect(), tiles, heads, head: (size, mth(&hashes)) }
}

/// Every fault found, as `countersign verify` would print them.
fn faults(stored: &Stored) -> Vec<String> {
    let one_by_one = found(stored, &mut |verifier, entries| {
        let each = entries.iter().map(|(index, bytes, hash)| verifier.push(*index, bytes, hash));
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
    assert_eq!(found[1], "the checkpoint over 582 entries has another root than the entries give");
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
    assert_eq!(faults(&stored)[0], "entry 1: not canonical: unexpected character or end at byte 6");
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
