//! One deploy: what it brought in or took out, where each commit comes from, and on which decision it went.

use super::attribution::Attribution;
use super::decision::GateChange;
use super::population::DeployRow;
use super::prose::Prose;
use super::refs::Link;
use crate::domain::{Oid, Time};

/// A commit that the deploy brought in, with its bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributedCommit {
    /// The commit.
    pub commit: Oid,
    /// First line of its message; may be empty or hostile.
    pub subject: String,
    /// Its author as git writes it.
    pub author: String,
    /// `landed`, `direct`, `exempt`, `plumbing`, `pre-ledger` or `unresolved`.
    pub bucket: String,
    /// The change that landed it.
    pub change: Option<Link>,
}

/// A step in the life of the deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// Index in the ledger.
    pub index: u64,
    /// Its kind: `deploy.started`.
    pub kind: String,
    /// When it occurred, by the source's clock.
    pub occurred: Time,
    /// When we received it; `None`: it is our own.
    pub received: Option<Time>,
    /// One line.
    pub what: Prose,
}

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployPage {
    /// What the population says about it.
    pub row: DeployRow,
    /// The repository.
    pub repo: String,
    /// When it ended; `None`: it has not.
    pub finished: Option<Time>,
    /// Digest of what was put there; `None`: not reported.
    pub artifact: Option<String>,
    /// What an operator declared to run there before, where it rests on that.
    pub declared: Option<Prose>,
    /// The deploy it followed.
    pub previous: Option<Link>,
    /// Where the source shows it.
    pub source: Option<Link>,
    /// The verdict in a sentence.
    pub verdict: Prose,
    /// Commits by bucket.
    pub attribution: Attribution,
    /// The commits that make the sum, at most as many as `commits_shown_of` says.
    pub commits: Vec<AttributedCommit>,
    /// All of them.
    pub commits_shown_of: u64,
    /// The changes it brought in.
    pub changes: Vec<GateChange>,
    /// The changes it took out (rollback).
    pub withdrawn: Vec<GateChange>,
    /// The decision it went out on: id and page.
    pub decision: Option<Link>,
    /// Its entries.
    pub entries: Vec<EntryRow>,
}
