//! What is handed out, with every single change there is: each bit flipped, each byte taken away or doubled, neighbours
//! exchanged, each line taken away, doubled or moved. None of it passes.

use super::{SIZE, Stored, stored};
use crate::ledger::bundle::layout;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::cosignature::tests::cosigner;
use crate::ledger::key::tests::key;
use crate::ledger::note::{Note, NoteSignature};
use crate::ledger::receipt::Receipt;
use crate::ledger::tree::{Hash, verify_consistency};
use crate::ledger::vectors::{mth, prove_consistency, prove_inclusion};

/// Every text that is one change away from this one, with what was done.
fn changes(text: &str) -> Vec<(String, Vec<u8>)> {
    let bytes = text.as_bytes();
    let mut all = Vec::new();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut other = bytes.to_vec();
            other[at] ^= 1 << bit;
            all.push((format!("bit {bit} of byte {at}"), other));
        }
        let mut other = bytes.to_vec();
        other.remove(at);
        all.push((format!("without byte {at}"), other));
        let mut other = bytes.to_vec();
        other.insert(at, bytes[at]);
        all.push((format!("byte {at} twice"), other));
        let mut other = bytes.to_vec();
        other.swap(at, (at + 1) % bytes.len());
        all.push((format!("byte {at} and the next exchanged"), other));
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for at in 0..lines.len() {
        let mut other = lines.clone();
        let line = other.remove(at);
        all.push((format!("without line {at}"), other.concat().into_bytes()));
        for to in 0..lines.len() {
            let mut moved = other.clone();
            moved.insert(to, line);
            all.push((format!("line {at} at {to}"), moved.concat().into_bytes()));
            let mut doubled = lines.clone();
            doubled.insert(to, line);
            all.push((format!("line {at} again at {to}"), doubled.concat().into_bytes()));
        }
    }
    all.retain(|(_, other)| other != bytes);
    all
}

/// Gives how many changes were refused; all of them were, but those that `same` knows.
fn refused(text: &str, holds: impl Fn(&str) -> bool, same: impl Fn(&str) -> bool) -> usize {
    assert!(holds(text), "untouched it does not hold: {text}");
    let mut count = 0;
    for (what, other) in changes(text) {
        let Ok(other) = String::from_utf8(other) else {
            count += 1;
            continue;
        };
        if same(&other) {
            continue;
        }
        assert!(!holds(&other), "{what}: accepted\n{other}");
        count += 1;
    }
    count
}

fn hashes(whole: &Stored) -> Vec<Hash> {
    whole.rows.iter().map(|row| row.3).collect()
}

/// A signature that stands twice says what it says once.
fn signed_twice(note: &str) -> impl Fn(&str) -> bool {
    let line = note.lines().last().unwrap_or_default().to_owned();
    let twice = format!("{note}{line}\n");
    move |other| other.ends_with(&twice)
}

#[test]
fn no_change_of_a_receipt_is_accepted() {
    let whole = stored();
    let (_, note) = whole.checkpoints.last().expect("a checkpoint");
    for index in [0, 137, SIZE - 1] {
        let proof = prove_inclusion(&hashes(&whole), index);
        let receipt = Receipt { extra: None, index, proof, checkpoint: note.clone() }.to_string();
        let entry = &whole.rows[usize::try_from(index).expect("small")].2;
        let holds = |text: &str| {
            let receipt = text.parse::<Receipt>();
            receipt.is_ok_and(|receipt| receipt.verify(entry, key().verifier()).is_ok())
        };
        assert!(refused(&receipt, holds, signed_twice(note)) > 4000, "entry {index}");
    }
}

#[test]
fn no_change_of_a_checkpoint_is_accepted() {
    let whole = stored();
    let (_, note) = whole.checkpoints.last().expect("a checkpoint");
    let known = [key().verifier().clone()];
    let holds = |text: &str| Checkpoint::open(text.as_bytes(), known[0].name(), &known).is_ok();
    assert!(refused(note, holds, signed_twice(note)) > 1500);
}

#[test]
fn no_change_of_a_cosignature_is_accepted() {
    let whole = stored();
    let (_, note) = whole.checkpoints.last().expect("a checkpoint");
    let (_, line) = whole.cosignatures.last().expect("a cosignature");
    let note = Note::parse(note.as_bytes()).expect("a note");
    let holds = |text: &str| {
        let line = text.parse::<NoteSignature>();
        line.is_ok_and(|line| cosigner().verifier().verify(note.text(), &line).is_ok())
    };
    assert!(refused(line, holds, |_| false) > 1000);
}

#[test]
fn no_change_of_a_consistency_proof_is_accepted() {
    let hashes = hashes(&stored());
    for from in [1, 137, 256] {
        let old = mth(&hashes[..usize::try_from(from).expect("small")]);
        let (new, proof) = (mth(&hashes), prove_consistency(&hashes, from));
        let holds = |text: &str| {
            let proof = layout::read_consistency(text.as_bytes());
            proof.is_some_and(|proof| verify_consistency(from, SIZE, &old, &new, &proof).is_ok())
        };
        assert!(refused(&layout::consistency(&proof), holds, |_| false) > 400, "from {from}");
    }
}
