//! The ledger's head: its size and root, what was checked and when, how to check it oneself.

use super::entry::CheckpointRef;
use super::list::Pager;
use super::prose::Prose;
use super::refs::Link;
use crate::domain::Time;

/// What the last full verification did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// When it ended.
    pub at: Time,
    /// Entries it read.
    pub size: u64,
    /// It holds.
    pub holds: bool,
    /// What was checked.
    pub checked: Vec<String>,
    /// What was not: the page says so.
    pub not_checked: Vec<String>,
    /// Where it failed, if it did.
    pub failure: Option<String>,
}

/// An entry in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Its index.
    pub index: u64,
    /// Its page.
    pub href: String,
    /// Its kind.
    pub kind: String,
    /// When it occurred.
    pub occurred: Time,
    /// When we received it; `None`: it is our own.
    pub received: Option<Time>,
    /// What it is about.
    pub subject: Prose,
    /// Leaf hash, hexadecimal.
    pub leaf_hash: String,
}

/// A witness that is asked to cosign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessRow {
    /// Its name in the configuration.
    pub name: String,
    /// Its verifier key.
    pub key: String,
    /// The largest tree that it cosigned; `None`: none yet.
    pub size: Option<u64>,
    /// When it was asked last.
    pub asked: Option<Time>,
    /// Why it does not cosign, if so.
    pub failing: Option<String>,
}

/// The witnesses, where there are any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnesses {
    /// In the order of the configuration.
    pub rows: Vec<WitnessRow>,
    /// How many have to cosign.
    pub quorum: u64,
    /// The largest of the latest checkpoints that as many cosigned.
    pub witnessed: Option<u64>,
}

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerPage {
    /// Entries now.
    pub size: u64,
    /// Root over all of them, base64.
    pub root: String,
    /// The last signed checkpoint; `None`: none yet.
    pub checkpoint: Option<CheckpointRef>,
    /// Its text, exactly as served; empty: none yet.
    pub checkpoint_text: String,
    /// The verifier key, to compare with the one got from elsewhere.
    pub key: String,
    /// The last full verification; `None`: none yet.
    pub verification: Option<Verification>,
    /// Who is asked to cosign; `None`: nobody.
    pub witnesses: Option<Witnesses>,
    /// Former checkpoints, newest first.
    pub checkpoints: Vec<CheckpointRef>,
    /// Kinds with their counts, all of the ledger.
    pub kinds: Vec<(String, u64)>,
    /// The newest entries, or those of this page.
    pub rows: Vec<LedgerRow>,
    /// Where we are.
    pub pager: Pager,
    /// Downloads: checkpoint, key.
    pub downloads: Vec<Link>,
}
