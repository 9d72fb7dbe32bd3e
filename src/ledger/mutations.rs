//! Thousands of small changes to everything that is kept or handed out, by a seeded generator: whatever is flipped,
//! removed, doubled or exchanged, the verification says no, and says where.

mod handed_out;

use serde_json::json;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::cosignature::tests::cosigner;
use super::entry::Entry;
use super::epoch::{EpochError, Epochs};
use super::key::tests::key;
use super::note::{Note, NoteSignature};
use super::receipt::Receipt;
use super::tile::{decode_entries, encode_entries};
use super::tree::{Frontier, Hash, TileHash, leaf_hash};
use super::vectors::prove_inclusion;
use super::verify::{StoredEntry, Verifier};

/// Entries: a full tile and some more.
const SIZE: u64 = 290;

/// A small generator (xorshift): the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).expect("fits") % below
    }

    fn flip(&mut self, bytes: &mut [u8]) {
        let at = self.roll(bytes.len());
        bytes[at] ^= 1 << self.roll(8);
    }

    /// Another text, one character off.
    fn flip_text(&mut self, text: &str) -> String {
        loop {
            let mut bytes = text.as_bytes().to_vec();
            self.flip(&mut bytes);
            if let Ok(other) = String::from_utf8(bytes) {
                return other;
            }
        }
    }
}

/// A ledger as a store keeps it.
#[derive(Clone)]
struct Stored {
    rows: Vec<(u64, String, Vec<u8>, Hash)>,
    tiles: Vec<TileHash>,
    checkpoints: Vec<(u64, String)>,
    cosignatures: Vec<(u64, String)>,
}

fn stored() -> Stored {
    let mut stored = Stored {
        rows: Vec::new(),
        tiles: Vec::new(),
        checkpoints: Vec::new(),
        cosignatures: Vec::new(),
    };
    let mut frontier = Frontier::new();
    for number in 0..SIZE {
        let serde_json::Value::Object(body) = json!({ "n": number, "who": "m.ortiz" }) else {
            panic!("an object")
        };
        let at = crate::domain::Time::from_seconds(1_700_000_000).expect("a time");
        let sealed = Entry::seal("test.done", at, body).expect("sealed");
        stored.tiles.extend(frontier.append(sealed.leaf_hash));
        stored.rows.push((number, "test.done".to_owned(), sealed.bytes, sealed.leaf_hash));
        if frontier.size().is_multiple_of(50) || frontier.size() == SIZE {
            let checkpoint = Checkpoint::new(key().name(), frontier.size(), frontier.root());
            let line = cosigner().cosign(&checkpoint.to_string(), 1_700_000_000);
            stored.checkpoints.push((frontier.size(), checkpoint.sign(&key()).expect("signed")));
            stored.cosignatures.push((frontier.size(), line.to_string()));
        }
    }
    stored
}

/// Everything that is wrong, as the full verification finds it.
///
/// Signatures that stand as they were in `whole` are not checked again: that would be most of the work.
fn faults(stored: &Stored, whole: Option<&Stored>, head: &Frontier) -> Vec<String> {
    let mut verifier = Verifier::with_tiles();
    stored.tiles.iter().for_each(|tile| verifier.expect_tile(*tile));
    faults_of(verifier, stored, whole, head)
}

/// The same with a verifier that may have been told less.
fn faults_of(
    mut verifier: Verifier,
    stored: &Stored,
    whole: Option<&Stored>,
    head: &Frontier,
) -> Vec<String> {
    let epochs = Epochs::of(Vec::new(), key().verifier()).expect("one epoch");
    let mut faults = Vec::new();
    for (size, note) in &stored.checkpoints {
        let known = whole.is_some_and(|whole| whole.checkpoints.contains(&(*size, note.clone())));
        let opened = if known { unverified(note) } else { epochs.open(note.as_bytes()) };
        match opened {
            Ok(head) if head.size == *size => {
                faults.extend(
                    verifier.expect_head(head.size, head.root).err().map(|f| f.to_string()),
                );
            }
            Ok(_) => faults.push(format!("the checkpoint over {size} entries is of another size")),
            Err(error) => faults.push(format!("the checkpoint over {size} entries: {error}")),
        }
    }
    for (size, row) in &stored.cosignatures {
        let note = stored.checkpoints.iter().find(|(of, _)| of == size).map(|(_, note)| note);
        let text = note.and_then(|note| Note::parse(note.as_bytes()).ok());
        let line = row.parse::<NoteSignature>().ok();
        let holds = text
            .zip(line)
            .is_some_and(|(note, line)| cosigner().verifier().verify(note.text(), &line).is_ok());
        if !holds {
            faults.push(format!("the cosignature over {size} entries"));
        }
    }
    let entries: Vec<StoredEntry<'_>> = stored
        .rows
        .iter()
        .map(|(index, kind, bytes, leaf)| StoredEntry {
            index: *index,
            kind: Some(kind),
            bytes,
            leaf: *leaf,
        })
        .collect();
    let found = verifier.push_all(&entries, std::num::NonZero::<usize>::MIN);
    faults.extend(found.iter().map(ToString::to_string));
    faults.extend(verifier.finish(head.size(), head.root()).err().map(|fault| fault.to_string()));
    faults
}

fn unverified(note: &str) -> Result<Checkpoint, EpochError> {
    let note = Note::parse(note.as_bytes()).map_err(CheckpointError::from)?;
    Ok(note.text().parse()?)
}

fn head(stored: &Stored) -> Frontier {
    let mut head = Frontier::new();
    for (.., leaf) in &stored.rows {
        head.append(*leaf);
    }
    head
}

/// Changes something; says what, and the words of which one has to be in what is found.
fn mutate(dice: &mut Dice, stored: &mut Stored) -> (&'static str, Vec<String>) {
    let at = dice.roll(stored.rows.len());
    let entry = format!("entry {at}");
    // Where the bytes and the hash fit each other, the first sealed thing above the entry tells.
    let above = |at: usize| {
        let tile = (at < 256).then(|| "hash 0 of tile level 1".to_owned());
        let next = (at as u64 / 50 + 1) * 50;
        tile.into_iter()
            .chain([format!("the checkpoint over {} entries", next.min(SIZE))])
            .collect::<Vec<_>>()
    };
    match dice.roll(14) {
        0 => {
            dice.flip(&mut stored.rows[at].2);
            ("a byte of an entry", vec![entry])
        }
        1 => {
            let mut bytes = *stored.rows[at].3.as_bytes();
            dice.flip(&mut bytes);
            stored.rows[at].3 = Hash::from_slice(&bytes).expect("32 bytes");
            ("a bit of a leaf hash", vec![entry])
        }
        2 => {
            stored.rows[at].1 = dice.flip_text(&stored.rows[at].1.clone());
            ("the kind beside an entry", vec![entry])
        }
        3 => {
            stored.rows.remove(at);
            ("an entry taken away", vec![format!("{entry} is missing"), format!("entries {at} to")])
        }
        4 => {
            let again = stored.rows[at].clone();
            stored.rows.insert((at + 1 + dice.roll(20)).min(stored.rows.len()), again);
            ("an entry twice", vec![format!("{entry} comes again")])
        }
        5 => {
            let other = (at + 1 + dice.roll(stored.rows.len() - 1)) % stored.rows.len();
            let (low, high) = (at.min(other), at.max(other));
            let (mut one, mut two) = (stored.rows[low].clone(), stored.rows[high].clone());
            std::mem::swap(&mut one.0, &mut two.0);
            (stored.rows[low], stored.rows[high]) = (two, one);
            ("two entries exchanged", above(low))
        }
        6 => {
            let cut = dice.roll(stored.rows[at].2.len());
            stored.rows[at].2.truncate(cut);
            ("an entry cut short", vec![entry])
        }
        7 => {
            let (left, right) = (stored.rows[at].2.clone(), b"{\"n\":7}".to_vec());
            let leaf = leaf_hash(&[left.clone(), right.clone()].concat());
            stored.rows[at].2 = [left, right].concat();
            stored.rows[at].3 = leaf;
            ("an entry with more behind it, hashed rightly", vec![entry])
        }
        8 => {
            let text = String::from_utf8(stored.rows[at].2.clone()).expect("UTF-8");
            let other = text.replace("m.ortiz", "dev1").into_bytes();
            stored.rows[at].3 = leaf_hash(&other);
            stored.rows[at].2 = other;
            ("an entry rewritten with its hash", above(at))
        }
        9 => {
            let mut bytes = *stored.tiles[0].hash.as_bytes();
            dice.flip(&mut bytes);
            stored.tiles[0].hash = Hash::from_slice(&bytes).expect("32 bytes");
            ("a bit of a tile hash", vec!["hash 0 of tile level 1".to_owned()])
        }
        10 => {
            let tile = stored.tiles.remove(0);
            let level = 1 + u8::try_from(dice.roll(3)).expect("small");
            let index = 1 + dice.roll(9) as u64;
            stored.tiles.push(TileHash { level, index, hash: tile.hash });
            ("a tile hash in another place", vec!["hash 0 of tile level 1".to_owned()])
        }
        11 => {
            let place = dice.roll(stored.checkpoints.len());
            let (size, note) = &mut stored.checkpoints[place];
            *note = dice.flip_text(note);
            ("a bit of a checkpoint", vec![format!("the checkpoint over {size} entries")])
        }
        12 => {
            let place = dice.roll(stored.cosignatures.len());
            let (size, line) = &mut stored.cosignatures[place];
            *line = dice.flip_text(line);
            ("a bit of a cosignature", vec![format!("the cosignature over {size} entries")])
        }
        _ => {
            let place = dice.roll(stored.checkpoints.len() - 1);
            let other = stored.checkpoints[place + 1].1.clone();
            let size = stored.checkpoints[place].0;
            stored.checkpoints[place].1 = other;
            (
                "a checkpoint in the place of another",
                vec![format!("the checkpoint over {size} entries")],
            )
        }
    }
}

#[test]
fn whatever_is_changed_in_the_store_is_found_and_its_place_named() {
    let whole = stored();
    let head = head(&whole);
    assert_eq!(faults(&whole, None, &head), Vec::<String>::new());
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..400 {
        let mut changed = whole.clone();
        let (what, places) = mutate(&mut dice, &mut changed);
        let found = faults(&changed, Some(&whole), &head);
        let named =
            found.iter().any(|fault| places.iter().any(|place| fault.contains(place.as_str())));
        assert!(named, "round {round}, {what}: none of {places:?} in {found:?}");
    }
}

/// The test above can fail: a verifier that ignores tiles misses what it finds.
#[test]
fn a_verifier_that_ignores_tiles_is_found_out() {
    let whole = stored();
    let head = head(&whole);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut missed = std::collections::BTreeSet::new();
    for _ in 0..400 {
        let mut changed = whole.clone();
        let (what, places) = mutate(&mut dice, &mut changed);
        let found = faults_of(Verifier::new(), &changed, Some(&whole), &head);
        if !found.iter().any(|fault| places.iter().any(|place| fault.contains(place.as_str()))) {
            missed.insert(what);
        }
    }
    let tiles = ["a bit of a tile hash", "a tile hash in another place"];
    assert!(missed.iter().eq(&tiles), "{missed:?}");
}

#[test]
fn whatever_is_changed_in_a_receipt_is_refused() {
    let whole = stored();
    let hashes: Vec<Hash> = whole.rows.iter().map(|row| row.3).collect();
    let (_, note) = whole.checkpoints.last().expect("a checkpoint");
    let mut dice = Dice(0xd1b5_4a32_d192_ed03);
    for round in 0..1500 {
        let at = dice.roll(hashes.len());
        let receipt = Receipt {
            extra: None,
            index: at as u64,
            proof: prove_inclusion(&hashes, at as u64),
            checkpoint: note.clone(),
        };
        let text = receipt.to_string();
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        // The last line is the signature, which may stand twice.
        let (one, two) = (dice.roll(lines.len() - 1), dice.roll(lines.len() - 1));
        let mut entry = whole.rows[at].2.clone();
        let changed = match dice.roll(5) {
            0 => dice.flip_text(&text),
            1 => {
                lines.remove(one);
                lines.concat()
            }
            2 => {
                lines.insert(one, lines[one].clone());
                lines.concat()
            }
            3 if lines[one] != lines[two] => {
                lines.swap(one, two);
                lines.concat()
            }
            _ => {
                dice.flip(&mut entry);
                text.clone()
            }
        };
        let read = changed.parse::<Receipt>();
        let accepted = read.is_ok_and(|receipt| receipt.verify(&entry, key().verifier()).is_ok());
        assert!(!accepted, "round {round}: accepted\n{changed}");
    }
}

#[test]
fn whatever_is_changed_in_a_bundle_gives_other_entries_or_none() {
    let whole = stored();
    let entries: Vec<&[u8]> = whole.rows[..256].iter().map(|row| row.2.as_slice()).collect();
    let bundle = encode_entries(entries.iter().copied()).expect("a bundle");
    let hashes: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    for round in 0..1000 {
        let mut changed = bundle.clone();
        match dice.roll(3) {
            0 => dice.flip(&mut changed),
            1 => changed.truncate(dice.roll(bundle.len())),
            _ => changed.insert(dice.roll(bundle.len()), 0),
        }
        let same = decode_entries(&changed, 256)
            .is_ok_and(|read| read.iter().map(|entry| leaf_hash(entry)).eq(hashes.iter().copied()));
        assert!(!same, "round {round}");
    }
}
