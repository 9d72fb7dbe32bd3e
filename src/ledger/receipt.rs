//! Receipts: one entry's proof in one small file that needs nothing else but the ledger's public key
//! (C2SP tlog-proof).

use std::fmt;
use std::str::FromStr;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::epoch::{EpochError, Epochs};
use super::key::VerifierKey;
use super::note::MAX_NOTE;
use super::tree::{Hash, MAX_PROOF, ProofError, leaf_hash, verify_inclusion};
use super::{base64_decode, base64_encode, canonical_number};

/// The first line, which names the format.
const HEAD: &str = "c2sp.org/tlog-proof@v1";

/// A proof that an entry stands in the ledger: what is in the file, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What the ledger's application put beside; we write none.
    pub extra: Option<Vec<u8>>,
    /// The entry's index.
    pub index: u64,
    /// The inclusion proof, the leaf's sibling first.
    pub proof: Vec<Hash>,
    /// The signed checkpoint that the proof leads to.
    pub checkpoint: String,
}

/// Why a receipt is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// The file is not of the form.
    #[error("line {line} of the receipt: {need}")]
    Form {
        /// The line, from 1.
        line: usize,
        /// What is needed there.
        need: &'static str,
    },
    /// The checkpoint in it is not in order.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The checkpoint in it is not of the key of its size.
    #[error(transparent)]
    Epoch(#[from] EpochError),
    /// The entry is not the one at this place in that ledger.
    #[error("the entry is not the ledger's entry {index}: {why}")]
    Proof {
        /// The index in the receipt.
        index: u64,
        /// What the proof lacks.
        why: ProofError,
    },
}

impl Receipt {
    /// Checks that these bytes are the entry at the receipt's index in the ledger that `key` names, under
    /// a checkpoint that this key signed. Gives that checkpoint.
    pub fn verify(&self, entry: &[u8], key: &VerifierKey) -> Result<Checkpoint, ReceiptError> {
        let keys = std::slice::from_ref(key);
        let checkpoint = Checkpoint::open(self.checkpoint.as_bytes(), key.name(), keys)?;
        self.proves(entry, &checkpoint)?;
        Ok(checkpoint)
    }

    /// The same where the ledger's key was rotated: the checkpoint has to be of the key of its size.
    pub fn verify_in(&self, entry: &[u8], epochs: &Epochs) -> Result<Checkpoint, ReceiptError> {
        let checkpoint = epochs.open(self.checkpoint.as_bytes())?;
        self.proves(entry, &checkpoint)?;
        Ok(checkpoint)
    }

    /// Checks the same against a checkpoint that was opened before; the one in the receipt is not looked at.
    pub fn proves(&self, entry: &[u8], checkpoint: &Checkpoint) -> Result<(), ReceiptError> {
        let leaf = leaf_hash(entry);
        verify_inclusion(self.index, checkpoint.size, &leaf, &self.proof, &checkpoint.root)
            .map_err(|why| ReceiptError::Proof { index: self.index, why })
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", base64_encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for Receipt {
    type Err = ReceiptError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = |line, need| ReceiptError::Form { line, need };
        if text.len() > 2 * MAX_NOTE {
            return Err(form(1, "a receipt has less than 2,000,000 bytes"));
        }
        let (above, checkpoint) = text
            .split_once("\n\n")
            .ok_or(form(1, "an empty line parts the proof from the checkpoint"))?;
        let mut lines = above.split('\n').enumerate().map(|(at, line)| (at + 1, line)).peekable();
        if lines.next().is_none_or(|(_, line)| line != HEAD) {
            return Err(form(1, "`c2sp.org/tlog-proof@v1` is needed"));
        }
        let extra = lines.next_if(|(_, line)| line.starts_with("extra "));
        let extra = extra.map(|(at, line)| {
            let value = line.strip_prefix("extra ").and_then(base64_decode);
            value.ok_or(form(at, "`extra ` and base64"))
        });
        let index = lines.next().and_then(|(_, line)| line.strip_prefix("index "));
        let index = index.and_then(canonical_number);
        let index =
            index.ok_or(form(2 + usize::from(extra.is_some()), "`index ` and a decimal number"))?;
        let proof: Vec<Hash> = lines
            .map(|(at, line)| Hash::from_base64(line).ok_or(form(at, "a hash, 32 bytes in base64")))
            .collect::<Result<_, _>>()?;
        if proof.len() > MAX_PROOF {
            return Err(form(3 + MAX_PROOF, "a proof has at most 63 hashes"));
        }
        Ok(Self { extra: extra.transpose()?, index, proof, checkpoint: checkpoint.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::key::tests::{VKEY, key};
    use crate::ledger::vectors::{leaf_hashes, leaves, mth, prove_inclusion};

    fn receipt(index: u64) -> Receipt {
        let hashes = leaf_hashes();
        let checkpoint = Checkpoint::new("ledger.example/acme", 8, mth(&hashes)).sign(&key());
        Receipt {
            extra: None,
            index,
            proof: prove_inclusion(&hashes, index),
            checkpoint: checkpoint.expect("signed"),
        }
    }

    fn vkey() -> VerifierKey {
        VKEY.parse().expect("a key")
    }

    #[test]
    fn a_receipt_proves_its_entry_and_no_other() {
        for (index, entry) in leaves().iter().enumerate() {
            let text = receipt(index as u64).to_string();
            let read: Receipt = text.parse().expect("it reads back");
            assert_eq!(read, receipt(index as u64));
            assert_eq!(read.verify(entry, &vkey()).map(|checkpoint| checkpoint.size), Ok(8));
            for (other, entry) in leaves().iter().enumerate() {
                assert_eq!(read.verify(entry, &vkey()).is_ok(), other == index);
            }
        }
    }

    #[test]
    fn the_file_has_the_published_form() {
        let text = receipt(5).to_string();
        assert_eq!(text.lines().next(), Some("c2sp.org/tlog-proof@v1"));
        assert_eq!(text.lines().nth(1), Some("index 5"));
        assert_eq!(text.lines().nth(5), Some(""));
        assert_eq!(text.lines().nth(6), Some("ledger.example/acme"));
        assert_eq!(text.lines().nth(4), Some("037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc="));
    }

    #[test]
    fn a_flipped_bit_anywhere_is_refused() {
        let (text, entry) = (receipt(5).to_string(), &leaves()[5]);
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let verified = String::from_utf8(bytes)
                .ok()
                .and_then(|text| text.parse::<Receipt>().ok())
                .and_then(|receipt| receipt.verify(entry, &vkey()).ok());
            assert_eq!(verified, None, "byte {at}");
        }
    }

    #[test]
    fn files_that_are_no_receipt_are_refused_with_their_line() {
        let good = receipt(5).to_string();
        let extra = good.replace("index 5", "extra AAE=\nindex 5");
        assert_eq!(extra.parse::<Receipt>().map(|read| read.extra), Ok(Some(vec![0, 1])));
        assert_eq!(extra.parse::<Receipt>().map(|read| read.to_string()), Ok(extra));
        for (text, bad) in [
            (String::new(), 1),
            (good.replace("@v1", "@v2"), 1),
            (good.replace("index 5", "index 05"), 2),
            (good.replace("index 5", "index -5"), 2),
            (good.replace("index 5\n", ""), 2),
            (good.replace("index 5", "extra !\nindex 5"), 2),
            (good.replace("index 5", "extra AAE=\nindeks 5"), 3),
            (good.replace("index 5\n", "index 5\nAAAA\n"), 3),
            (
                good.replace(
                    "index 5\n",
                    &format!(
                        "index 5\n{}",
                        format!("{}\n", Hash::new([0; 32]).to_base64()).repeat(61)
                    ),
                ),
                66,
            ),
        ] {
            let error = text.parse::<Receipt>().expect_err("refused");
            assert!(
                matches!(error, ReceiptError::Form { line, .. } if line == bad),
                "{text}: {error}"
            );
        }
    }
}
