//! Checkpoints: the ledger's size and root at a moment, signed (C2SP tlog-checkpoint).

use std::fmt;
use std::str::FromStr;

use super::key::{SigningKey, VerifierKey, is_name};
use super::note::{Note, NoteError};
use super::tree::{Hash, MAX_SIZE};
use super::{canonical_number, excerpt};

/// What a checkpoint says. Its text is what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The ledger's name; also the name of the key that signs.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// Further lines. We write none; those of others are kept.
    pub extensions: Vec<String>,
}

/// Why a checkpoint is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The text is not a checkpoint.
    #[error("line {line} of the checkpoint: {need}")]
    Form {
        /// The line, from 1.
        line: usize,
        /// What is needed there.
        need: &'static str,
    },
    /// It is one of another ledger.
    #[error("the checkpoint is of the ledger `{have}`, not of `{need}`")]
    Origin {
        /// The origin in it.
        have: String,
        /// The origin that was asked for.
        need: String,
    },
    /// The note around it is not in order.
    #[error("the checkpoint: {0}")]
    Note(#[from] NoteError),
}

impl Checkpoint {
    /// A checkpoint without extension lines.
    #[must_use]
    pub fn new(origin: &str, size: u64, root: Hash) -> Self {
        Self { origin: origin.to_owned(), size, root, extensions: Vec::new() }
    }

    /// Signs it with the ledger's key, whose name must be the origin. The text that comes back is what is
    /// kept and published. Whether it is consistent with those signed before is for the caller to know.
    pub fn sign(&self, key: &SigningKey) -> Result<String, CheckpointError> {
        self.of(key.name())?;
        // What does not read back as itself is not signed: an extension with a line feed, for one.
        let text = self.to_string();
        if text.parse().as_ref() != Ok(self) {
            return Err(CheckpointError::Form { line: 4, need: "a line of text without breaks" });
        }
        Ok(Note::sign(&text, key)?.to_string())
    }

    /// Reads a signed checkpoint of `origin`, of which at least one of the keys must have signed.
    pub fn open(
        signed: &[u8],
        origin: &str,
        known: &[VerifierKey],
    ) -> Result<Self, CheckpointError> {
        let note = Note::parse(signed)?;
        let keys: Vec<VerifierKey> =
            known.iter().filter(|key| key.name() == origin).cloned().collect();
        let checkpoint: Self = note.text().parse()?;
        checkpoint.of(origin)?;
        note.verify(&keys)?;
        Ok(checkpoint)
    }

    fn of(&self, origin: &str) -> Result<(), CheckpointError> {
        if self.origin == origin {
            return Ok(());
        }
        let (have, need) = (excerpt(&self.origin, 80), excerpt(origin, 80));
        Err(CheckpointError::Origin { have, need })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, self.root.to_base64())?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = |line, need| CheckpointError::Form { line, need };
        let body = text.strip_suffix('\n').ok_or(form(1, "each line ends with a line feed"))?;
        let mut lines = body.split('\n');
        let origin = lines.next().filter(|origin| is_name(origin));
        let origin = origin.ok_or(form(1, "the ledger's name, without spaces or `+`"))?.to_owned();
        let size = lines.next().and_then(canonical_number).filter(|size| *size <= MAX_SIZE);
        let size = size.ok_or(form(2, "the size as a decimal number without leading zeros"))?;
        let root = lines.next().and_then(Hash::from_base64);
        let root = root.ok_or(form(3, "the root hash, 32 bytes in base64"))?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        match extensions.iter().position(String::is_empty) {
            Some(at) => Err(form(at + 4, "no empty lines")),
            None => Ok(Self { origin, size, root, extensions }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::key::tests::{VKEY, key};
    use crate::ledger::vectors::{ROOTS, hex};

    const ORIGIN: &str = "ledger.example/acme";
    const SIGNED: &str = "ledger.example/acme\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n\n\
        — ledger.example/acme 8djhUSUNwPC/SC7yGlAaO/75/pDDRHad3drImj8iWJVTN2BZ7IIuxp4dzd2SrnVZyUwicvOaUds9CEeYgqjR9y/fvgI=\n";
    const WITNESS: &str = "— witness.example/w1 IDJKvgAAAABlU/EAPElNHnaKEqIPjSMWn6qfbQORAAZh87UdT5A0glOry7QuQx9JhBTjgrKtnn23WruVWycnorFjJKaosamaStxNDg==\n";

    fn open(signed: &str) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::open(signed.as_bytes(), ORIGIN, &[VKEY.parse().expect("a key")])
    }

    #[test]
    fn the_known_checkpoint_comes_out_byte_for_byte() {
        let checkpoint = Checkpoint::new(ORIGIN, 8, hex(ROOTS[8]));
        assert_eq!(checkpoint.sign(&key()).as_deref(), Ok(SIGNED));
        assert_eq!(open(SIGNED), Ok(checkpoint.clone()));
        assert_eq!(open(&format!("{SIGNED}{WITNESS}")), Ok(checkpoint));
    }

    #[test]
    fn a_flipped_bit_anywhere_is_refused() {
        for at in 0..SIGNED.len() {
            let mut bytes = SIGNED.as_bytes().to_vec();
            bytes[at] ^= 1;
            let keys = [VKEY.parse().expect("a key")];
            assert!(Checkpoint::open(&bytes, ORIGIN, &keys).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_checkpoint_of_another_ledger_is_refused_even_with_a_good_signature() {
        let other = SigningKey::from_seed("ledger.example/other", &[7; 32]).expect("a key");
        let signed = Checkpoint::new("ledger.example/other", 8, hex(ROOTS[8])).sign(&other);
        let keys = [other.verifier().clone(), VKEY.parse().expect("a key")];
        let opened = Checkpoint::open(signed.expect("signed").as_bytes(), ORIGIN, &keys);
        assert!(matches!(opened, Err(CheckpointError::Origin { .. })));
        let misnamed = Checkpoint::new(ORIGIN, 8, hex(ROOTS[8])).sign(&other);
        assert!(matches!(misnamed, Err(CheckpointError::Origin { .. })));
        let note = Note::sign(&Checkpoint::new(ORIGIN, 8, hex(ROOTS[8])).to_string(), &other);
        let opened = Checkpoint::open(note.expect("signed").to_string().as_bytes(), ORIGIN, &keys);
        assert!(matches!(opened, Err(CheckpointError::Note(NoteError::NobodyKnown(_)))));
    }

    #[test]
    fn texts_that_are_no_checkpoint_are_refused_with_their_line() {
        let root = hex(ROOTS[8]).to_base64();
        for (text, bad) in [
            (format!("a\n8\n{root}"), 1),
            (format!("\n8\n{root}\n"), 1),
            (format!("a b\n8\n{root}\n"), 1),
            (format!("a\n08\n{root}\n"), 2),
            (format!("a\n-8\n{root}\n"), 2),
            (format!("a\n+8\n{root}\n"), 2),
            (format!("a\n\n{root}\n"), 2),
            (format!("a\n99999999999999999999\n{root}\n"), 2),
            (format!("a\n{}\n{root}\n", MAX_SIZE + 1), 2),
            ("a\n8\n".to_owned(), 3),
            (format!("a\n8\n{}\n", &root[4..]), 3),
            (format!("a\n8\n{root} \n"), 3),
            (format!("a\n8\n{root}\n\n"), 4),
            (format!("a\n8\n{root}\nmore\n\n"), 5),
        ] {
            let error = text.parse::<Checkpoint>().expect_err("refused");
            assert!(
                matches!(error, CheckpointError::Form { line, .. } if line == bad),
                "{text}: {error}"
            );
        }
        let read: Checkpoint =
            format!("a\n0\n{root}\nmore\n").parse().expect("extensions are kept");
        assert_eq!(read.extensions, ["more"]);
        let broken = Checkpoint {
            extensions: vec!["a\nb".to_owned()],
            ..Checkpoint::new(ORIGIN, 8, hex(ROOTS[8]))
        };
        assert!(broken.sign(&key()).is_err());
    }
}
