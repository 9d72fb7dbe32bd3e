//! What log and witness say to each other (C2SP tlog-witness), and how a witness judges: pure, so that the same words
//! serve the one who asks and the one who answers. When and where a witness keeps what it cosigned is not decided here.

use std::fmt;
use std::str::FromStr;

use super::canonical_number;
use super::checkpoint::{Checkpoint, CheckpointError};
use super::key::VerifierKey;
use super::note::Note;
use super::tree::{Hash, MAX_PROOF, MAX_SIZE, ProofError, empty_root, verify_consistency};

/// The most bytes of a request: a proof of 63 lines, and a checkpoint with many signatures.
pub const MAX_REQUEST: usize = 64 * 1024;

/// The content type of the answer 409, whose body is the recorded size.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// The body of `POST …/add-checkpoint`: read, not yet believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the log believes the witness to have recorded.
    pub old: u64,
    /// The proof that the tree of that size is the beginning of the new one.
    pub proof: Vec<Hash>,
    /// The signed checkpoint.
    pub checkpoint: String,
}

/// What a witness has recorded of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// Entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Why a witness does not cosign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 400: the request is not of the form.
    #[error("line {line}: {need}")]
    Form {
        /// The line, from 1.
        line: usize,
        /// What is needed there.
        need: &'static str,
    },
    /// 400: what should be a checkpoint is none.
    #[error("{0}")]
    Checkpoint(CheckpointError),
    /// 400: the tree would shrink.
    #[error("the old size {old} is larger than the checkpoint's, {size}")]
    Shrinks {
        /// The old size in the request.
        old: u64,
        /// The checkpoint's.
        size: u64,
    },
    /// 404: nobody told the witness of this log.
    #[error("this witness knows no log `{0}`")]
    Unknown(String),
    /// 403: no key that is trusted for the log signed it, or one of them did not make its signature.
    #[error("{0}")]
    Untrusted(CheckpointError),
    /// 409: the log believes something else to be recorded.
    #[error("this witness has recorded a tree of {0} entries")]
    Stale(u64),
    /// 422: the new tree does not contain the recorded one.
    #[error("the tree of {size} entries does not contain the recorded one of {old}: {why}")]
    Inconsistent {
        /// Entries of the recorded tree.
        old: u64,
        /// Entries of the new one.
        size: u64,
        /// What the proof lacks.
        why: ProofError,
    },
}

impl Refusal {
    /// The HTTP status that the protocol gives it.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Form { .. } | Self::Checkpoint(_) | Self::Shrinks { .. } => 400,
            Self::Untrusted(_) => 403,
            Self::Unknown(_) => 404,
            Self::Stale(_) => 409,
            Self::Inconsistent { .. } => 422,
        }
    }
}

impl AddCheckpoint {
    /// The origin in the checkpoint, by which the witness looks up what it recorded.
    pub fn origin(&self) -> Result<String, Refusal> {
        self.unverified().map(|checkpoint| checkpoint.origin)
    }

    fn unverified(&self) -> Result<Checkpoint, Refusal> {
        let read = Note::parse(self.checkpoint.as_bytes()).map_err(CheckpointError::from);
        read.and_then(|note| note.text().parse()).map_err(Refusal::Checkpoint)
    }

    /// Judges the request in the order of the specification: is the log known, did one of its keys sign, may the tree
    /// grow from what is recorded (`None`: nothing was cosigned yet), and is it proven. `trusted` are the keys of all
    /// logs. Gives the checkpoint that may be cosigned once it is recorded.
    pub fn judge(
        &self,
        trusted: &[VerifierKey],
        recorded: Option<Recorded>,
    ) -> Result<Checkpoint, Refusal> {
        let origin = self.origin()?;
        if !trusted.iter().any(|key| key.name() == origin) {
            return Err(Refusal::Unknown(origin));
        }
        let checkpoint = Checkpoint::open(self.checkpoint.as_bytes(), &origin, trusted)
            .map_err(Refusal::Untrusted)?;
        let (old, size) = (self.old, checkpoint.size);
        if old > size {
            return Err(Refusal::Shrinks { old, size });
        }
        let recorded = recorded.unwrap_or(Recorded { size: 0, root: empty_root() });
        if recorded.size != old {
            return Err(Refusal::Stale(recorded.size));
        }
        verify_consistency(old, size, &recorded.root, &checkpoint.root, &self.proof)
            .map_err(|why| Refusal::Inconsistent { old, size, why })?;
        Ok(checkpoint)
    }
}

impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", hash.to_base64()))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for AddCheckpoint {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let form = |line, need| Refusal::Form { line, need };
        if text.len() > MAX_REQUEST {
            return Err(form(1, "a request has at most 65,536 bytes"));
        }
        let (above, checkpoint) = text
            .split_once("\n\n")
            .ok_or(form(1, "an empty line parts the proof from the checkpoint"))?;
        let mut lines = above.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old = old.and_then(canonical_number).filter(|old| *old <= MAX_SIZE);
        let old = old.ok_or(form(1, "`old ` and the size that the witness has recorded"))?;
        let proof: Vec<Hash> = (2..)
            .zip(lines)
            .map(|(at, line)| Hash::from_base64(line).ok_or(form(at, "a hash, 32 bytes in base64")))
            .collect::<Result<_, _>>()?;
        if proof.len() > MAX_PROOF {
            return Err(form(2 + MAX_PROOF, "a proof has at most 63 hashes"));
        }
        Ok(Self { old, proof, checkpoint: checkpoint.to_owned() })
    }
}

/// Reads the body of the answer 409: the recorded size and a line feed.
#[must_use]
pub fn read_size(body: &str) -> Option<u64> {
    body.strip_suffix('\n').and_then(canonical_number).filter(|size| *size <= MAX_SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::SigningKey;
    use crate::ledger::key::tests::{VKEY, key};
    use crate::ledger::vectors::{leaf_hashes, mth, numbered, prove_consistency};

    fn root(size: usize) -> Hash {
        mth(&numbered(size))
    }

    fn request(old: u64, size: u64) -> AddCheckpoint {
        let hashes = numbered(usize::try_from(size).expect("small"));
        let checkpoint = Checkpoint::new("ledger.example/acme", size, mth(&hashes));
        AddCheckpoint {
            old,
            proof: prove_consistency(&hashes, old),
            checkpoint: checkpoint.sign(&key()).expect("signed"),
        }
    }

    fn judged(request: &AddCheckpoint, recorded: Option<(u64, Hash)>) -> Result<u64, u16> {
        let keys = [VKEY.parse().expect("a key")];
        let recorded = recorded.map(|(size, root)| Recorded { size, root });
        let judged = request.judge(&keys, recorded);
        judged.map(|checkpoint| checkpoint.size).map_err(|refusal| refusal.status())
    }

    #[test]
    fn a_request_reads_back_from_its_text() {
        for request in [request(0, 0), request(0, 7), request(5, 8), request(8, 8)] {
            assert_eq!(request.to_string().parse(), Ok(request));
        }
        let text = request(5, 8).to_string();
        for (bad, line) in [
            (text.replace("old 5", "old 05"), 1),
            (text.replace("old 5", "old -5"), 1),
            (text.replace("old 5", "new 5"), 1),
            (text.replacen("old 5\n", "old 5\n\u{20}", 1), 2),
            (text.replacen("old 5\n", &format!("old 5\n{}", "AAAA\n".repeat(2)), 1), 2),
            ("old 5\n".to_owned(), 1),
            (String::new(), 1),
            ("x".repeat(MAX_REQUEST + 1), 1),
        ] {
            let read = bad.parse::<AddCheckpoint>();
            assert!(matches!(read, Err(Refusal::Form { line: at, .. }) if at == line), "{read:?}");
        }
        let many = root(1).to_base64() + "\n";
        let many = text.replacen("old 5\n", &format!("old 5\n{}", many.repeat(64)), 1);
        assert!(many.parse::<AddCheckpoint>().is_err());
    }

    #[test]
    fn a_tree_that_grows_from_what_is_recorded_is_cosigned() {
        assert_eq!(judged(&request(0, 7), None), Ok(7));
        assert_eq!(judged(&request(0, 0), None), Ok(0));
        assert_eq!(judged(&request(5, 8), Some((5, root(5)))), Ok(8));
        assert_eq!(judged(&request(8, 8), Some((8, root(8)))), Ok(8));
        assert_eq!(judged(&request(0, 5), Some((0, root(0)))), Ok(5));
    }

    #[test]
    fn each_row_of_the_table_of_refusals_is_given() {
        let good = request(5, 8);
        // 404 and 403: whose log it is comes first.
        let other = SigningKey::from_seed("ledger.example/other", &[7; 32]).expect("a key");
        let signed = Checkpoint::new("ledger.example/other", 8, root(8)).sign(&other);
        let stranger = AddCheckpoint { checkpoint: signed.expect("signed"), ..good.clone() };
        assert_eq!(judged(&stranger, Some((5, root(5)))), Err(404));
        let forger = SigningKey::from_seed("ledger.example/acme", &[7; 32]).expect("a key");
        let signed = Checkpoint::new("ledger.example/acme", 8, root(8)).sign(&forger);
        let forged = AddCheckpoint { checkpoint: signed.expect("signed"), ..good.clone() };
        assert_eq!(judged(&forged, Some((5, root(5)))), Err(403));
        let touched = good.checkpoint.replacen("\n8\n", "\n9\n", 1);
        let touched = AddCheckpoint { checkpoint: touched, ..good.clone() };
        assert_eq!(judged(&touched, Some((5, root(5)))), Err(403));
        // 400: nonsense, or a tree that shrinks, whatever is recorded.
        let nothing = AddCheckpoint { checkpoint: "nothing\n".to_owned(), ..good.clone() };
        assert_eq!(judged(&nothing, None), Err(400));
        let shrinks = AddCheckpoint { old: 9, proof: Vec::new(), ..good.clone() };
        assert_eq!(judged(&shrinks, Some((9, root(9)))), Err(400));
        // 409: with the recorded size.
        assert_eq!(judged(&good, Some((6, root(6)))), Err(409));
        assert_eq!(judged(&good, None), Err(409));
        let keys = [VKEY.parse().expect("a key")];
        let recorded = Recorded { size: 12, root: root(12) };
        assert_eq!(good.judge(&keys, Some(recorded)), Err(Refusal::Stale(12)));
        // 422: a wrong proof, too much of one, or the same size with another root.
        assert_eq!(judged(&good, Some((5, root(6)))), Err(422));
        let short = AddCheckpoint { proof: good.proof[1..].to_vec(), ..good.clone() };
        assert_eq!(judged(&short, Some((5, root(5)))), Err(422));
        let same = request(8, 8);
        assert_eq!(judged(&same, Some((8, mth(&leaf_hashes())))), Err(422));
        let more = AddCheckpoint { proof: vec![root(1)], ..request(0, 8) };
        assert_eq!(judged(&more, None), Err(422));
    }

    #[test]
    fn the_body_of_409_is_a_number_and_a_line_feed() {
        assert_eq!((read_size("0\n"), read_size("50\n")), (Some(0), Some(50)));
        for bad in ["", "50", "050\n", "50\n\n", "-1\n", "99999999999999999999\n"] {
            assert_eq!(read_size(bad), None, "{bad:?}");
        }
    }
}
