//! The snapshot a decision is made of. All input is gathered first, hashed and stored; deciding is a pure
//! function of it (P4): the same facts give the same bytes for ever.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::revert::Reverted;
use super::{AccountKind, FileChange, Oid, Person, RepoPath, Signature, Time};

/// Everything about one change that a policy may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The repository's name, for globs of the organisation and for sentences.
    pub repo: String,
    /// The branch it goes to, full name without `refs/heads/`.
    pub branch: String,
    /// The commit that is judged: the head of the proposal, or the landed commit of a direct change.
    pub head: Oid,
    /// SHA-256 over the sorted file changes (sem 1).
    pub fingerprint: String,
    /// How the change was proposed; `None`: it landed without a pull request.
    pub pull: Option<Pull>,
    /// The files, sorted by path.
    pub files: Vec<FileChange>,
    /// Every commit between merge base and head, over the whole graph.
    pub commits: Vec<Commit>,
    /// Opinions in order of `(at, id)`.
    pub opinions: Vec<Opinion>,
    /// What the change was at each commit that somebody reviewed and where it was another one, by commit. A
    /// reviewed commit whose objects are gone has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviewed: Vec<Reviewed>,
    /// Landings of the branch that the change takes back by its tree, or that it says it takes back (sem 2.3).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reverts: Vec<Reverted>,
    /// Vetoes that an administrator set aside, by veto.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
    /// `Co-authored-by` trailers that the named person disowned, by commit and person (sem 3).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disowned: Vec<Disowned>,
    /// Who held which role, over time, resolved to people.
    pub grants: Vec<Grant>,
    /// Linked tickets.
    pub tickets: Vec<Ticket>,
    /// Latest completed or running checks on the head.
    pub checks: Vec<Check>,
    /// How it landed, if it has.
    pub landing: Option<Landing>,
    /// Something could not be read: nothing may pass (P2). Sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

impl Facts {
    /// Facts of a change of which nothing is known but where it goes and what its commit is.
    #[must_use]
    pub fn bare(repo: &str, branch: &str, head: Oid) -> Self {
        Self {
            repo: repo.to_owned(),
            branch: branch.to_owned(),
            head,
            fingerprint: String::new(),
            pull: None,
            files: Vec::new(),
            commits: Vec::new(),
            opinions: Vec::new(),
            reviewed: Vec::new(),
            reverts: Vec::new(),
            overrides: Vec::new(),
            disowned: Vec::new(),
            grants: Vec::new(),
            tickets: Vec::new(),
            checks: Vec::new(),
            landing: None,
            errors: Vec::new(),
        }
    }
}

/// The proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Who opened it.
    pub opener: Option<Person>,
    /// The opener is a bot or app.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opener_is_bot: bool,
    /// Who pushed to it.
    pub pushers: Vec<Person>,
    /// Somebody pushed to it of whom the source did not say who it was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pushed_by_unknown: bool,
    /// People behind the bot that opened it, each with how that is known; sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drivers: Vec<Driver>,
    /// Labels, sorted.
    pub labels: Vec<String>,
    /// Still a draft.
    pub draft: bool,
}

impl Pull {
    /// A proposal that nobody is known of.
    #[must_use]
    pub fn bare(number: u64, title: &str) -> Self {
        Self {
            number,
            title: title.to_owned(),
            opener: None,
            opener_is_bot: false,
            pushers: Vec::new(),
            pushed_by_unknown: false,
            drivers: Vec::new(),
            labels: Vec::new(),
            draft: false,
        }
    }
}

/// Somebody on whose behalf a bot acted, as far as the source tells (sem 3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Driver {
    /// Who.
    pub person: Person,
    /// How that is known.
    pub how: Drove,
}

/// What tells that a person is behind a bot's proposal. Who pushed to it is among the pushers, whoever opened it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drove {
    /// It was opened by their act.
    Opened,
    /// They opened it again.
    Reopened,
    /// They said that it is ready.
    Readied,
    /// The bot opened it assigned to them, or assigned them itself.
    Assigned,
}

/// A commit of the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its id.
    pub id: Oid,
    /// Its parents.
    pub parents: Vec<Oid>,
    /// Who wrote it.
    pub author: Signature,
    /// Who made the commit object.
    pub committer: Signature,
    /// `Co-authored-by` trailers.
    pub co_authors: Vec<Signature>,
    /// A two-parent merge of base whose tree equals the automatic merge: excludes nobody (sem 3).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clean_update_merge: bool,
    /// The source itself made the commit for its author, and says that its own signature holds: in its pages, or for a
    /// bot over its API. Then the committer is nobody beside the author (sem 2.4: verified where the source tells).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_source: bool,
}

impl Commit {
    /// Who made the commit object, where that is somebody.
    #[must_use]
    pub fn maker(&self) -> Option<&Signature> {
        (!self.by_source).then_some(&self.committer)
    }
}

/// What a person says about exact content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    /// The source's id of it; with `at` it makes the order total.
    pub id: String,
    /// Who; `None`: the account maps to nobody.
    pub by: Option<Person>,
    /// Name for sentences.
    pub name: String,
    /// Person or machine.
    pub kind: AccountKind,
    /// Whether the source counted them among those who belong to the repository when they said it; `None`: it did
    /// not say, which is no yes (sem 11.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<bool>,
    /// What.
    pub verdict: Verdict,
    /// The commit that was looked at.
    pub commit: Option<Oid>,
    /// The change's fingerprint at that commit, where the objects are known.
    pub fingerprint: Option<String>,
    /// Which tree proofs hold between that commit and the head (`clean_rebase`, `clean_update_merge`), found by git.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<String>,
    /// The first commit after the one looked at, which made it stale if no basis holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overtaken_by: Option<Oid>,
    /// It was given for another branch than the change goes to now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Elsewhere>,
    /// When it was submitted, by the source's clock.
    pub at: Time,
    /// Dismissed by somebody since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismissed_at: Option<Time>,
    /// It is a comment: which opinion it is, and whether it is one, the policy's commands say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Said>,
}

/// What a comment said, of those whose first line could be a command.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its first line as it was written; `None`: nobody knows, or it could be no command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
    /// The newest edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Edited>,
    /// It was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Deleted>,
}

/// An edit of a comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edited {
    /// Who; `None`: nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Person>,
    /// When.
    pub at: Time,
    /// What its first line became, if that could be a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
}

/// A deletion of a comment. Sources tell no time of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deleted {
    /// Who; `None`: nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Person>,
}

/// An opinion of what a proposal brings to another branch: it was aimed elsewhere since (sem 4: retargeted).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// That branch; `None`: one of several, and nobody can tell which.
    pub branch: Option<String>,
    /// The fingerprint of what it brought there, where the objects are known.
    pub fingerprint: Option<String>,
}

/// What a change was at a commit that somebody reviewed, told by how it differs from what it is at the head
/// (sem 4: `owned_paths`, and whether class or scopes have grown since).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    /// The commit.
    pub commit: Oid,
    /// Paths that the change does not treat alike at both: another status, mode or id on either side, or a
    /// path that it touches in one only. Never empty.
    pub differs: BTreeSet<RepoPath>,
    /// The files of the change at that commit under those paths, sorted by path.
    pub files: Vec<FileChange>,
}

/// A veto that an administrator set aside with a reason (sem 4). It is bound to that veto: another one stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Override {
    /// The id of the opinion.
    pub veto: String,
    /// Who set it aside.
    pub by: Person,
    /// When, by our clock.
    pub at: Time,
    /// Why.
    pub why: String,
}

/// A `Co-authored-by` that the named person says is not theirs (sem 3). It is bound to that commit: the same trailer in
/// another one stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disowned {
    /// The commit whose message has the trailer.
    pub commit: Oid,
    /// Whom it names, and who disowns it.
    pub by: Person,
    /// When, by our clock.
    pub at: Time,
    /// Why.
    pub why: String,
}

/// Yes, no, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Yes to this content.
    Approve,
    /// No; it stays until its author takes it back.
    Veto,
    /// No opinion.
    Comment,
    /// A review that was dismissed; it never revives an older one.
    Dismissed,
}

/// A role held by a person, in scopes, between two dates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// `architect`, `security`, …
    pub role: String,
    /// Who.
    pub person: Person,
    /// Scope names, or `*`.
    pub scopes: Vec<String>,
    /// From when; `None`: always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Time>,
    /// Until when; `None`: still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// Where it comes from: `organisation file, line 7`, `team acme/platform-architects`.
    pub source: String,
    /// Why it does not count though somebody said so; then it has no scopes, and so covers nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

/// A linked ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Its key.
    pub key: String,
    /// It exists in its tracker, as far as we were told.
    pub exists: bool,
    /// Its status by name; `None`: unknown.
    pub status: Option<String>,
    /// `new`, `indeterminate` or `done`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Where the key was found: `title`, `branch`, `commit`, `trailer`, `body`, `manual`.
    pub found_in: Vec<String>,
}

/// A check on the head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// `success`, `failure`, `neutral`, `skipped`, …; `None`: has not completed.
    pub conclusion: Option<String>,
}

/// How a proposal reached its branch (sem 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landing {
    /// The commit on the branch.
    pub commit: Oid,
    /// In which way.
    pub how: LandingKind,
    /// Does its tree equal the automatic merge of the approved head?
    pub integrity: Integrity,
    /// When, by the source's clock or the commit's.
    pub at: Option<Time>,
    /// Who landed it.
    pub by: Option<Person>,
    /// What was seen, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Where the trees differ, if altered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub altered: Vec<RepoPath>,
}

/// The ways in which a change reaches its branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LandingKind {
    /// A merge commit whose second parent is the head.
    Merge,
    /// One commit with the tree of merging the head.
    Squash,
    /// The last n commits reproduce the proposal's steps.
    Rebase,
    /// The branch moved to the head itself.
    FastForward,
    /// By a merge queue, possibly with others.
    Queue,
    /// Its commits came in through another proposal.
    Subsumed,
    /// Without a proposal.
    Direct,
    /// A revert made on the branch.
    Revert,
}

impl Facts {
    /// The files of the change as it was at a reviewed commit, sorted by path.
    #[must_use]
    pub fn files_at(&self, then: &Reviewed) -> Vec<FileChange> {
        let same = self.files.iter().filter(|file| !then.differs.contains(&file.path));
        let mut files: Vec<FileChange> = same.chain(&then.files).cloned().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }
}

impl LandingKind {
    /// The word used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Squash => "squash",
            Self::Rebase => "rebase",
            Self::FastForward => "fast_forward",
            Self::Queue => "queue",
            Self::Subsumed => "subsumed",
            Self::Direct => "direct",
            Self::Revert => "revert",
        }
    }
}

/// Whether what landed is what was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Integrity {
    /// The trees are equal.
    Intact,
    /// They differ: a deploy that contains it is blocked.
    Altered,
    /// It could not be told.
    Unknown,
}

impl Integrity {
    /// The word used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Altered => "altered",
            Self::Unknown => "unknown",
        }
    }
}
