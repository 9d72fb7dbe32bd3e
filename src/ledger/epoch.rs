//! Epochs of the ledger's key. A rotation is a signed note, kept in an entry: both the old and the new key sign which
//! entry it is. Checkpoints that cover the entry are the new key's, all before it the old key's, and nothing else is
//! believed: a stolen old key signs nothing that counts for what came after it.

use std::str::FromStr;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::key::{KeyError, SigningKey, VerifierKey};
use super::note::{Note, NoteError};
use super::{canonical_number, excerpt};

/// The kind of the entry that a rotation stands in; the note is its field `note`.
pub const KIND: &str = "ledger.key_rotated";

/// The first line of what is signed. No checkpoint begins like this and goes on with `origin `.
const HEAD: &str = "countersign/key-rotation/v1";

/// A change of the ledger's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The entry that it stands in.
    pub index: u64,
    /// The key until then.
    pub old: VerifierKey,
    /// The key from then on.
    pub new: VerifierKey,
}

/// A key, and the sizes of the checkpoints that it signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    /// The key.
    pub key: VerifierKey,
    /// The smallest size.
    pub from: u64,
    /// The largest size, which is the index of the rotation that ended it; `None`: it lasts.
    pub until: Option<u64>,
}

/// Every key that the ledger had, oldest first: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epochs {
    former: Vec<Rotation>,
    current: VerifierKey,
}

/// Why a rotation, or a checkpoint of some epoch, is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EpochError {
    /// The note is not of the form.
    #[error("line {line} of the key rotation: {need}")]
    Form {
        /// The line, from 1.
        line: usize,
        /// What is needed there.
        need: &'static str,
    },
    /// A key in it cannot be read.
    #[error("the key rotation: {0}")]
    Key(#[from] KeyError),
    /// The note around it is not in order.
    #[error("the key rotation: {0}")]
    Note(#[from] NoteError),
    /// Only one of the two keys signed.
    #[error("the key rotation has to be signed by both keys, the old and the new")]
    OneSigned,
    /// The keys are of another ledger, or the same.
    #[error("a key rotation needs two keys of the same ledger: {old}, {new}")]
    Keys {
        /// The old key.
        old: String,
        /// The new key.
        new: String,
    },
    /// The rotations do not lead from key to key.
    #[error(
        "the key rotation of entry {index} begins with the key {have}; the key then was {need}"
    )]
    Broken {
        /// Its entry.
        index: u64,
        /// The old key in it.
        have: String,
        /// The key of the rotation before it.
        need: String,
    },
    /// The last rotation leads to another key than the one in use.
    #[error("since entry {index} the ledger's key is {need}; the key here is {have}")]
    NotCurrent {
        /// The entry of the last rotation.
        index: u64,
        /// The key in use.
        have: String,
        /// The key that the rotation names.
        need: String,
    },
    /// A checkpoint that the key of its size did not sign.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A checkpoint that a key of another epoch signed.
    #[error(
        "the checkpoint of {size} entries is signed by {have}; the ledger's key at that size is {need}"
    )]
    OtherEpoch {
        /// Its size.
        size: u64,
        /// The key that signed.
        have: String,
        /// The key that should have.
        need: String,
    },
}

impl Rotation {
    /// Signs the change from one key to another in the entry `index`, by both keys. Gives the note that the entry keeps.
    pub fn sign(index: u64, old: &SigningKey, new: &SigningKey) -> Result<String, EpochError> {
        let rotation = Self { index, old: old.verifier().clone(), new: new.verifier().clone() };
        rotation.check_keys()?;
        let text = rotation.text();
        let mut note = Note::sign(&text, old)?;
        for signature in Note::sign(&text, new)?.signatures() {
            note.add(signature.clone())?;
        }
        Ok(note.to_string())
    }

    fn text(&self) -> String {
        let origin = self.old.name();
        let (index, old, new) = (self.index, &self.old, &self.new);
        format!("{HEAD}\norigin {origin}\nindex {index}\nold {old}\nnew {new}\n")
    }

    fn check_keys(&self) -> Result<(), EpochError> {
        if self.old.name() == self.new.name() && self.old.public_bytes() != self.new.public_bytes()
        {
            return Ok(());
        }
        Err(EpochError::Keys { old: self.old.to_string(), new: self.new.to_string() })
    }
}

impl FromStr for Rotation {
    type Err = EpochError;

    /// Reads a note, and refuses it unless both keys signed exactly this.
    fn from_str(signed: &str) -> Result<Self, EpochError> {
        let form = |line, need| EpochError::Form { line, need };
        let note = Note::parse(signed.as_bytes())?;
        let lines: Vec<&str> = note.text().split('\n').collect();
        let [HEAD, _, index, old, new, ""] = lines.as_slice() else {
            return Err(form(1, "`countersign/key-rotation/v1`, and origin, index, old and new"));
        };
        let index = index.strip_prefix("index ").and_then(canonical_number);
        let old = old.strip_prefix("old ").ok_or(form(4, "`old ` and a verifier key"))?;
        let new = new.strip_prefix("new ").ok_or(form(5, "`new ` and a verifier key"))?;
        let rotation = Self {
            index: index.ok_or(form(3, "`index ` and the index of an entry"))?,
            old: old.parse()?,
            new: new.parse()?,
        };
        rotation.check_keys()?;
        if rotation.text() != note.text() {
            return Err(form(2, "`origin ` and the name of both keys"));
        }
        match note.verify(&[rotation.old.clone(), rotation.new.clone()])?.len() {
            2 => Ok(rotation),
            _ => Err(EpochError::OneSigned),
        }
    }
}

impl Epochs {
    /// The epochs that rotations make, in the order of the ledger. They have to lead to the key in use, which is known
    /// from elsewhere: so nobody who can write the ledger alone puts keys of their own before it.
    pub fn of(rotations: Vec<Rotation>, current: &VerifierKey) -> Result<Self, EpochError> {
        for pair in rotations.windows(2) {
            let [before, after] = pair else { continue };
            if before.new != after.old || before.index >= after.index {
                let (have, need) = (after.old.to_string(), before.new.to_string());
                return Err(EpochError::Broken { index: after.index, have, need });
            }
        }
        match rotations.last() {
            Some(last) if last.new != *current => Err(EpochError::NotCurrent {
                index: last.index,
                have: current.to_string(),
                need: last.new.to_string(),
            }),
            _ => Ok(Self { former: rotations, current: current.clone() }),
        }
    }

    /// The key in use.
    #[must_use]
    pub fn current(&self) -> &VerifierKey {
        &self.current
    }

    /// The key that signs checkpoints of this size.
    #[must_use]
    pub fn key_of(&self, size: u64) -> &VerifierKey {
        let rotation = self.former.iter().find(|rotation| size <= rotation.index);
        rotation.map_or(&self.current, |rotation| &rotation.old)
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn all(&self) -> Vec<Epoch> {
        let mut from = 0;
        let mut epochs = Vec::with_capacity(self.former.len() + 1);
        for rotation in &self.former {
            let (key, until) = (rotation.old.clone(), Some(rotation.index));
            epochs.push(Epoch { key, from, until });
            from = rotation.index + 1;
        }
        epochs.push(Epoch { key: self.current.clone(), from, until: None });
        epochs
    }

    /// Reads a signed checkpoint of this ledger, which the key of its size has to have signed.
    pub fn open(&self, signed: &[u8]) -> Result<Checkpoint, EpochError> {
        let note = Note::parse(signed).map_err(CheckpointError::from)?;
        let size = note.text().parse::<Checkpoint>()?.size;
        let key = self.key_of(size);
        let opened = Checkpoint::open(signed, key.name(), std::slice::from_ref(key));
        let keys = self.all();
        let other = keys.iter().find(|epoch| {
            let known = std::slice::from_ref(&epoch.key);
            epoch.key != *key && note.verify(known).is_ok()
        });
        match (opened, other) {
            (Err(CheckpointError::Note(NoteError::NobodyKnown(_))), Some(other)) => {
                let (have, need) = (other.key.to_string(), key.to_string());
                Err(EpochError::OtherEpoch { size, have, need: excerpt(&need, 400) })
            }
            (opened, _) => Ok(opened?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::vectors::{mth, numbered};

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed("ledger.example/acme", &[seed; 32]).expect("a key")
    }

    fn rotation(index: u64, old: u8, new: u8) -> Rotation {
        Rotation::sign(index, &key(old), &key(new)).expect("signed").parse().expect("it reads back")
    }

    fn checkpoint(size: usize, seed: u8) -> String {
        let root = mth(&numbered(size));
        Checkpoint::new("ledger.example/acme", size as u64, root).sign(&key(seed)).expect("signed")
    }

    #[test]
    fn every_checkpoint_is_believed_by_the_key_of_its_size_alone() {
        let rotations = vec![rotation(10, 1, 2), rotation(20, 2, 3)];
        let epochs = Epochs::of(rotations, key(3).verifier()).expect("epochs");
        let sizes: Vec<_> = epochs.all().iter().map(|epoch| (epoch.from, epoch.until)).collect();
        assert_eq!(sizes, [(0, Some(10)), (11, Some(20)), (21, None)]);
        for size in 0..30 {
            let of = match size {
                0..=10 => 1,
                11..=20 => 2,
                _ => 3,
            };
            for seed in 1..=4 {
                let opened = epochs.open(checkpoint(size, seed).as_bytes());
                assert_eq!(opened.is_ok(), seed == of, "size {size} by key {seed}: {opened:?}");
                let known = (1..=3).contains(&seed) && seed != of;
                let told = matches!(opened, Err(EpochError::OtherEpoch { .. }));
                assert_eq!(told, known, "size {size} by key {seed}: {opened:?}");
            }
        }
    }

    #[test]
    fn a_rotation_is_believed_only_if_both_keys_signed_exactly_it() {
        let signed = Rotation::sign(10, &key(1), &key(2)).expect("signed");
        assert_eq!(signed.parse(), Ok(rotation(10, 1, 2)));
        let other = Rotation::sign(11, &key(1), &key(2)).expect("signed");
        let lines: Vec<&str> = signed.split_inclusive('\n').collect();
        let one = lines[..lines.len() - 1].concat();
        assert_eq!(one.parse::<Rotation>(), Err(EpochError::OneSigned));
        let moved = signed.replacen("index 10", "index 11", 1);
        assert!(matches!(moved.parse::<Rotation>(), Err(EpochError::Note(_))));
        let half = format!("{one}{}", other.split_inclusive('\n').next_back().expect("a line"));
        assert!(half.parse::<Rotation>().is_err());
        for at in 0..signed.len() {
            let mut bytes = signed.clone().into_bytes();
            bytes[at] ^= 1;
            let read = String::from_utf8(bytes).ok().map(|text| text.parse::<Rotation>());
            assert!(!matches!(read, Some(Ok(_))), "byte {at}");
        }
        assert!(matches!(Rotation::sign(1, &key(1), &key(1)), Err(EpochError::Keys { .. })));
        let stranger = SigningKey::from_seed("ledger.example/other", &[9; 32]).expect("a key");
        assert!(matches!(Rotation::sign(1, &key(1), &stranger), Err(EpochError::Keys { .. })));
    }

    #[test]
    fn rotations_have_to_lead_to_the_key_in_use() {
        let of = |rotations: Vec<Rotation>, current: u8| {
            Epochs::of(rotations, key(current).verifier()).map(|epochs| epochs.all().len())
        };
        assert_eq!(of(Vec::new(), 1), Ok(1));
        assert_eq!(of(vec![rotation(10, 1, 2)], 2), Ok(2));
        assert!(matches!(of(vec![rotation(10, 1, 2)], 1), Err(EpochError::NotCurrent { .. })));
        let broken = vec![rotation(10, 1, 2), rotation(20, 3, 4)];
        assert!(matches!(of(broken, 4), Err(EpochError::Broken { index: 20, .. })));
        let backwards = vec![rotation(20, 1, 2), rotation(10, 2, 3)];
        assert!(matches!(of(backwards, 3), Err(EpochError::Broken { index: 10, .. })));
    }
}
