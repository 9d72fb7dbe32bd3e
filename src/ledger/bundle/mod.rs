//! Bundles: the evidence about one change or a period in one ZIP that is checked without the service (product: "bundle").
//!
//! Which files stand in a bundle, and in which order, follows from its manifest and its entries: [`layout`] says the
//! names, [`mod@zip`] the bytes around the files, [`mod@check`] reads one and believes nothing in it. The same ledger, scope and
//! checkpoint give the same bytes.

pub mod check;
pub mod decided;
mod entries;
pub mod layout;
pub mod unzip;
pub mod witnessed;
pub mod zip;

use serde::{Deserialize, Serialize};

pub use check::{Checked, Fault, Trust, check};
pub use decided::Decided;
pub use witnessed::{Quorum, QuorumError, Witnessed};

/// The value of `format` in the manifest.
pub const FORMAT: &str = "countersign-bundle/v1";
/// The namespace of the signature over `SHA256SUMS`.
pub const NAMESPACE: &str = "countersign-bundle";

/// The most entries of a bundle: whoever checks one keeps a line's hash until its proof comes.
pub const MAX_ENTRIES: usize = 4_000_000;

/// `manifest.json`: what the bundle is about, and how many files follow from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// The ledger's name.
    pub origin: String,
    /// The verifier key of whoever made it. Not to be believed: it comes with the bundle.
    pub key: String,
    /// What was asked for.
    pub scope: Scope,
    /// The checkpoint that every proof leads to.
    pub checkpoint: Head,
    /// The older checkpoint that it is proven to continue; `null`: there is none.
    pub previous: Option<Head>,
    /// Ledger entries, each with a proof.
    pub entries: u64,
    /// Decisions among them, each with two attestations.
    pub decisions: u64,
    /// Erasures among them, each with the list of what it left: where a policy or facts in here are not what they were.
    pub erasures: u64,
    /// Policies that the decisions were made by.
    pub policies: u64,
    /// Facts that the decisions were made of.
    pub facts: u64,
    /// Lines of `report/changes.jsonl`.
    pub changes: u64,
    /// Lines of `report/deploys.jsonl`.
    pub deploys: u64,
}

/// What a bundle is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Scope {
    /// One change, by its id.
    Change(String),
    /// Changes that somebody chose, by their ids, sorted.
    Sample(Vec<String>),
    /// Every deploy that began and every change that landed in a period.
    Period {
        /// From this instant.
        from: String,
        /// Until before this one.
        until: String,
    },
}

/// Size and root of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Entries.
    pub size: u64,
    /// The root, base64.
    pub root: String,
}

impl From<&super::Checkpoint> for Head {
    fn from(checkpoint: &super::Checkpoint) -> Self {
        Self { size: checkpoint.size, root: checkpoint.root.to_base64() }
    }
}
