//! What the trees say of a change that may take a landing back (sem 2.3). Facts only: whether it passes by itself is for
//! the policy to say.

use serde::{Deserialize, Serialize};

use super::fact::LandingKind;
use super::{FileChange, Oid, RepoPath, Time};

/// A landing of the same branch, held against the change: is the change its exact reversal?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reverted {
    /// The commit that landed (M).
    pub landing: Oid,
    /// The branch's tip before it (P): its first parent, or that of the first commit of a rebase.
    pub parent: Oid,
    /// In which way it landed.
    pub how: LandingKind,
    /// Its pull request.
    pub pull: u64,
    /// When it landed; `None`: nobody told.
    pub at: Option<Time>,
    /// The trees that were merged and compared.
    pub trees: Trees,
    /// What came of it.
    pub outcome: Outcome,
    /// What the landing held, from P to M; empty unless the change is its exact reversal.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileChange>,
    /// Why the landing is itself a revert, in a sentence; `None`: nothing says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_revert: Option<String>,
    /// It went out under an emergency (sem 9).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub emergency: bool,
}

/// The trees of the proof: `merge_trees(ancestor landed, ours base, theirs parent)` has to be `result`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trees {
    /// Of M.
    pub landed: Oid,
    /// Of P.
    pub parent: Oid,
    /// Of the branch's tip that the change goes onto.
    pub base: Oid,
    /// What the change makes of that tip.
    pub result: Oid,
}

/// What merging the trees came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "paths")]
pub enum Outcome {
    /// Exactly the tree of the change.
    Exact,
    /// Another tree; the first paths in which they differ.
    Differs(Vec<RepoPath>),
    /// People have to decide about these paths, the first ones.
    Conflict(Vec<RepoPath>),
}
