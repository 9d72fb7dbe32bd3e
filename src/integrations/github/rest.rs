//! GitHub's REST answers, as far as they are used, and their way into the same words as its deliveries.

use serde::Deserialize;

use super::super::payload::{Id, Text, real};
use super::payload::{User, account, belongs};
use crate::domain::event::{RepoRef, ReviewEvent};
use crate::domain::{Account, Oid, Time};

/// A commit of a pull request with the accounts that GitHub itself maps (sem 3: identity).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullCommit {
    /// Its id.
    pub sha: Oid,
    /// The author's account; `None`: the address maps to nobody.
    pub author: Option<Account>,
    /// The committer's account; `None`: the address maps to nobody.
    pub committer: Option<Account>,
    /// GitHub made the commit itself for its author, and says that its own signature on it holds.
    pub by_source: bool,
}

/// The account in whose name GitHub commits what is done in its pages, or by an app over its API.
const WEB_FLOW: &str = "web-flow";

#[derive(Debug, Deserialize)]
pub(super) struct Commit {
    sha: Oid,
    #[serde(default, rename = "commit")]
    detail: Detail,
    #[serde(default)]
    author: Option<User>,
    #[serde(default)]
    committer: Option<User>,
}

#[derive(Debug, Default, Deserialize)]
struct Detail {
    #[serde(default)]
    verification: Option<Verification>,
}

/// What GitHub says of a commit's signature.
#[derive(Debug, Default, Deserialize)]
struct Verification {
    #[serde(default)]
    verified: bool,
}

impl From<Commit> for PullCommit {
    fn from(commit: Commit) -> Self {
        let verified = commit.detail.verification.is_some_and(|said| said.verified);
        let committer = account(commit.committer);
        let by_source = verified && committer.as_ref().is_some_and(|who| who.login == WEB_FLOW);
        Self { sha: commit.sha, author: account(commit.author), committer, by_source }
    }
}

/// A team, and the ids by which its members are asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Team {
    pub(super) id: Id,
    pub(super) organization: Organization,
}

#[derive(Debug, Deserialize)]
pub(super) struct Organization {
    pub(super) id: Id,
}

/// A review as a list shows it: the state in upper case, no time of change.
#[derive(Debug, Deserialize)]
pub(super) struct Review {
    id: Id,
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    author_association: Option<Text>,
    #[serde(default)]
    body: Option<Text>,
    state: Text,
    #[serde(default)]
    commit_id: Option<Oid>,
    #[serde(default)]
    submitted_at: Option<Time>,
}

impl Review {
    /// As an event; `None`: it is not submitted yet, and so does not exist.
    pub(super) fn event(self, repo: &RepoRef, number: u64) -> Option<ReviewEvent> {
        let state = self.state.0.to_lowercase();
        if state == "pending" {
            return None;
        }
        Some(ReviewEvent {
            repo: repo.clone(),
            number,
            action: "listed".to_owned(),
            review: self.id.0,
            by: account(self.user),
            member: belongs(self.author_association),
            state,
            commit: self.commit_id.and_then(real),
            base: None,
            submitted_at: self.submitted_at,
            moment: self.submitted_at?,
            body: Text::or_empty(self.body),
        })
    }
}
