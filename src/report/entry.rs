//! One ledger entry on a page: decoded, as stored, its hash, its proof.

use super::prose::Prose;
use super::refs::Link;
use crate::domain::Time;

/// A checkpoint by its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointRef {
    /// The ledger's name in it.
    pub origin: String,
    /// Entries under it.
    pub size: u64,
    /// Root hash, base64 as checkpoints write it.
    pub root: String,
    /// When it was signed.
    pub at: Time,
}

/// What checking the proof said, when the page was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofState {
    /// It leads from the leaf to the root, by this many hashes.
    Holds(u64),
    /// It does not.
    DoesNotHold,
    /// It was not checked, and why: the sentence.
    NotChecked(String),
}

/// The receipt of an entry, on any detail page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptView {
    /// The entry's index.
    pub index: u64,
    /// Its kind in a word: `landing`.
    pub kind: String,
    /// Its page.
    pub href: String,
    /// Entries in the ledger when the page was made.
    pub ledger_size: u64,
    /// The leaf hash in full, hexadecimal.
    pub leaf_hash: String,
    /// The checkpoint the proof leads to; `None`: not yet under one.
    pub checkpoint: Option<CheckpointRef>,
    /// What checking said.
    pub proof: ProofState,
    /// Downloads: receipt, bundle.
    pub downloads: Vec<Link>,
    /// The command that checks it offline, line by line; empty until there is one.
    pub command: Vec<String>,
}

/// One field of the entry, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name in words.
    pub name: String,
    /// Its value.
    pub value: Prose,
}

/// What stands beside the ledger about who and why, bound by the entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its digest in the entry.
    pub digest: String,
    /// What it says; empty: it is missing, or was changed.
    pub fields: Vec<Field>,
    /// The entry of the erasure that left this of it.
    pub erased_by: Option<u64>,
}

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryPage {
    /// Its kind in full: `change.landed`.
    pub kind: String,
    /// When it occurred, by the source's clock.
    pub occurred: Time,
    /// When we received it; `None`: it is our own.
    pub received: Option<Time>,
    /// What it says, decoded.
    pub fields: Vec<Field>,
    /// Who did it and why, as far as the entry binds that; `None`: it binds nothing of the kind.
    pub said: Option<Said>,
    /// The stored bytes as text, exactly: not indented, not sorted again. Canonical JSON is UTF-8.
    pub bytes: String,
    /// What the entry's schema is called.
    pub schema: String,
    /// Hashes of the inclusion proof, hexadecimal, leaf to root.
    pub path: Vec<String>,
    /// The entry it takes the place of.
    pub supersedes: Option<u64>,
    /// The entry that takes its place.
    pub superseded_by: Option<u64>,
    /// The same in the other place: what it is about.
    pub subject: Option<Link>,
    /// The entry before, and after.
    pub neighbours: (Option<Link>, Option<Link>),
    /// Index, hash, proof.
    pub receipt: ReceiptView,
}
