//! Cosignatures on a bundle's checkpoint (C2SP tlog-cosignature): which of the witnesses that the auditor trusts saw this
//! ledger, and by when.

use std::collections::BTreeSet;

use crate::ledger::cosignature::{CosignatureError, WitnessKey};
use crate::ledger::note::Note;

/// The witnesses that the auditor trusts, and how many of them have to have cosigned. By default nobody is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quorum<'a> {
    keys: &'a [WitnessKey],
    need: usize,
}

/// Why witnesses cannot be asked for like this.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuorumError {
    /// One party would count as two.
    #[error("the witness `{0}` is given twice, or has the key of another")]
    Twice(String),
    /// It could never be reached, or is always.
    #[error("a quorum of {need} of {have} witnesses: it has to be 1 to {have}")]
    Count {
        /// What was asked for.
        need: usize,
        /// The witnesses there are.
        have: usize,
    },
}

/// What a checkpoint shows of the witnesses that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Witnessed {
    /// Those that cosigned it, each with the first time at which it did, in seconds since 1970.
    pub seen: Vec<(String, u64)>,
    /// Those that did not.
    pub absent: Vec<String>,
    /// How many have to.
    pub need: usize,
}

impl<'a> Quorum<'a> {
    /// So many of these witnesses; without a number, all of them.
    pub fn new(keys: &'a [WitnessKey], need: Option<usize>) -> Result<Self, QuorumError> {
        let mut known = BTreeSet::new();
        if let Some(again) = keys.iter().find(|key| !known.insert(key.public_bytes())) {
            return Err(QuorumError::Twice(again.name().to_owned()));
        }
        let (need, have) = (need.unwrap_or(keys.len()), keys.len());
        if need > have || (need == 0 && have > 0) {
            return Err(QuorumError::Count { need, have });
        }
        Ok(Self { keys, need })
    }

    /// Who of them cosigned a checkpoint. A line that says it is of one of them, and is not, refuses it
    /// (C2SP signed-note: "a known key failing").
    pub(super) fn of(&self, note: &Note) -> Result<Witnessed, CosignatureError> {
        let mut found = Witnessed { need: self.need, ..Witnessed::default() };
        for key in self.keys {
            let lines = note.signatures().iter().filter(|line| key.is_named_by(line));
            let times = lines.map(|line| key.verify(note.text(), line));
            match times.collect::<Result<Vec<_>, _>>()?.into_iter().min() {
                Some(first) => found.seen.push((key.name().to_owned(), first)),
                None => found.absent.push(key.name().to_owned()),
            }
        }
        Ok(found)
    }
}

impl Witnessed {
    /// Whether as many cosigned as have to.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.seen.len() >= self.need
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::cosignature::Cosigner;
    use crate::ledger::key::SigningKey;
    use crate::ledger::key::tests::key;

    const TEXT: &str = "ledger.example/acme\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n";

    fn witness(name: &str, seed: u8) -> Cosigner {
        let key = SigningKey::from_seed(name, &[seed; 32]).expect("a key");
        Cosigner::new(key).expect("a witness")
    }

    fn keys(of: &[&Cosigner]) -> Vec<WitnessKey> {
        of.iter().map(|one| one.verifier().clone()).collect()
    }

    #[test]
    fn each_witness_counts_once_and_its_first_time_is_told() {
        let (one, two, three) = (witness("w/1", 1), witness("w/2", 2), witness("w/3", 3));
        let mut note = Note::sign(TEXT, &key()).expect("signed");
        for (by, at) in [(&one, 90), (&one, 70), (&one, 80), (&three, 60)] {
            note.add(by.cosign(TEXT, at)).expect("room");
        }
        let keys = keys(&[&one, &two]);
        let asked = Quorum::new(&keys, None).expect("two");
        let found = asked.of(&note).expect("all fit");
        assert_eq!(found.seen, [("w/1".to_owned(), 70)]);
        assert_eq!((found.absent.as_slice(), found.need), (["w/2".to_owned()].as_slice(), 2));
        assert!(!found.is_enough());
        assert!(Quorum::new(&keys, Some(1)).expect("one").of(&note).expect("fits").is_enough());
        assert!(Quorum::default().of(&note).expect("nobody asked for").is_enough());
        // What another witness signed over another checkpoint, and what is none, under a trusted name.
        let other = one.cosign(&TEXT.replace("\n8\n", "\n9\n"), 70);
        note.add(other).expect("room");
        assert_eq!(asked.of(&note), Err(CosignatureError::Invalid("w/1".to_owned())));
    }

    #[test]
    fn a_quorum_that_counts_one_party_twice_or_can_never_be_is_refused() {
        let (one, two) = (witness("w/1", 1), witness("w/2", 2));
        // The same key under another name has another id, and is the same party.
        let renamed = witness("w/other", 1);
        for twice in [[&one, &one], [&one, &renamed]] {
            let keys = keys(&twice);
            let refused = Quorum::new(&keys, None).expect_err("twice");
            assert_eq!(refused, QuorumError::Twice(twice[1].verifier().name().to_owned()));
        }
        let keys = keys(&[&one, &two]);
        for need in [0, 3, usize::MAX] {
            let refused = Quorum::new(&keys, Some(need)).expect_err("out of range");
            assert_eq!(refused, QuorumError::Count { need, have: 2 });
        }
        assert!(Quorum::new(&[], Some(1)).is_err());
        assert!(Quorum::new(&[], None).is_ok());
    }
}
