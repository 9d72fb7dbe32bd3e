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

/// A person whose data was erased, or is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureRow {
    /// What stands, or will stand, in place of the names.
    pub pseudonym: String,
    /// `requested`, `performed` or `withdrawn`.
    pub state: String,
    /// When it was performed or withdrawn, else asked for.
    pub at: Time,
    /// Who asked for it.
    pub by: String,
    /// Who agreed, or withdrew it.
    pub agreed: Option<String>,
    /// Its entry.
    pub index: u64,
    /// How many documents name the person no more.
    pub documents: Option<u64>,
    /// How many bodies of deliveries name the person no more.
    pub deliveries: Option<u64>,
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
    /// Whose data was erased, or is to be.
    pub erasures: Vec<ErasureRow>,
    /// The newest entries, or those of this page.
    pub rows: Vec<LedgerRow>,
    /// Where we are.
    pub pager: Pager,
    /// Downloads: checkpoint, key.
    pub downloads: Vec<Link>,
}
