//! What a delivery says, in our words, whoever sent it.
//!
//! Every event carries a `moment`: a value inside the payload by which a source orders its own facts (never
//! the order of arrival), and a natural key, so that two deliveries of one fact are one fact (sem 10).

use serde::{Deserialize, Serialize};

use super::{Account, Oid, Time};

/// A repository as a payload names it. The id decides; the name is for display (sem 11.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RepoRef {
    /// The source's immutable id.
    pub id: String,
    /// `owner/name`.
    pub name: String,
    /// The default branch, where the payload says.
    pub default_branch: Option<String>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum Event {
    /// A pull request as it now stands, with what just happened to it.
    PullRequest(Box<PullRequestEvent>),
    /// A review was submitted, edited or dismissed.
    Review(ReviewEvent),
    /// Somebody wrote, edited or deleted a comment on a pull request.
    Comment(CommentEvent),
    /// A ref moved.
    Push(PushEvent),
    /// A ticket as it now stands, or that it is gone.
    Ticket(TicketEvent),
    /// Somebody asked for a deploy.
    Deployment(DeploymentEvent),
    /// A deploy has a new status.
    DeploymentStatus(DeploymentStatusEvent),
    /// A check ran on a commit.
    Check(CheckEvent),
    /// A merge queue formed or dissolved a group.
    MergeGroup(MergeGroupEvent),
    /// Somebody joined or left a team; or a team is gone.
    Membership(MembershipEvent),
    /// Protection of branches was changed.
    Protection(ProtectionEvent),
}

/// A pull request's state at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequestEvent {
    /// Where.
    pub repo: RepoRef,
    /// Its number.
    pub number: u64,
    /// `opened`, `synchronize`, `closed`, …
    pub action: String,
    /// The source's `updated_at`.
    pub moment: Time,
    /// When it was opened.
    pub created_at: Option<Time>,
    /// Title.
    pub title: String,
    /// Description.
    pub body: String,
    /// Open (`true`) or closed.
    pub open: bool,
    /// Draft.
    pub draft: bool,
    /// Who opened it.
    pub opener: Option<Account>,
    /// Head commit.
    pub head: Oid,
    /// Head branch.
    pub head_branch: String,
    /// Repository of the head, where it still exists.
    pub head_repo: Option<RepoRef>,
    /// Branch it goes to.
    pub base_branch: String,
    /// The base's commit as the source saw it.
    pub base: Oid,
    /// Labels, sorted.
    pub labels: Vec<String>,
    /// It landed.
    pub merged: bool,
    /// The commit the source says it landed as.
    pub merge_commit: Option<Oid>,
    /// When it landed.
    pub merged_at: Option<Time>,
    /// Who landed it.
    pub merged_by: Option<Account>,
    /// Who did what this event says.
    pub sender: Option<Account>,
    /// Whom it assigns: on `opened` everybody it was opened with, on `assigned` the one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assigned: Vec<Account>,
    /// On `synchronize`: the head before.
    pub before: Option<Oid>,
    /// Where a person reads it.
    pub url: Option<String>,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewEvent {
    /// Where.
    pub repo: RepoRef,
    /// Of which pull request.
    pub number: u64,
    /// `submitted`, `edited`, `dismissed`.
    pub action: String,
    /// The source's id of the review.
    pub review: String,
    /// Who wrote it.
    pub by: Option<Account>,
    /// Whether the source counts them among those who belong to the repository; `None`: it does not say.
    pub member: Option<bool>,
    /// What it says: `approved`, `changes_requested`, `commented`, `dismissed`, in lower case.
    pub state: String,
    /// The commit it is about.
    pub commit: Option<Oid>,
    /// Where the pull request went then, where the source says.
    pub base: Option<ReviewedBase>,
    /// When it was submitted.
    pub submitted_at: Option<Time>,
    /// The order of facts about this review: `updated_at` where given, else `submitted_at`.
    pub moment: Time,
    /// Its text.
    pub body: String,
}

/// Where a pull request went when it was reviewed: a review is of what it brings there (sem 4).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReviewedBase {
    /// The branch.
    pub branch: String,
    /// Its commit as the source saw it.
    pub commit: Oid,
}

/// A comment on a pull request. It names no commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentEvent {
    /// Where.
    pub repo: RepoRef,
    /// On which pull request.
    pub number: u64,
    /// `created`, `edited`, `deleted`.
    pub action: String,
    /// The source's id of the comment.
    pub comment: String,
    /// Who wrote it.
    pub by: Option<Account>,
    /// A program wrote it in that name.
    pub by_app: bool,
    /// Whether the source counts them among those who belong to the repository; `None`: it does not say.
    pub member: Option<bool>,
    /// Its first line now, if that could be a command ([`first_line`](super::comment::first_line)).
    pub line: Option<String>,
    /// It was edited, by now or just now.
    pub edited: bool,
    /// When it was written.
    pub created_at: Time,
    /// The order of facts about this comment: its `updated_at`.
    pub moment: Time,
    /// Who did what this event says.
    pub sender: Option<Account>,
}

/// A ref moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushEvent {
    /// Where.
    pub repo: RepoRef,
    /// Full name: `refs/heads/main`.
    pub reference: String,
    /// Before; `None`: it was made.
    pub before: Option<Oid>,
    /// After; `None`: it was removed.
    pub after: Option<Oid>,
    /// The old commit is no ancestor of the new.
    pub forced: bool,
    /// Who pushed.
    pub by: Option<Account>,
    /// Author and committer accounts that the source itself names, per commit.
    pub commits: Vec<PushedCommit>,
    /// The head commit's time, where given: pushes carry no other clock.
    pub moment: Option<Time>,
}

/// A commit in a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedCommit {
    /// Its id.
    pub id: Oid,
    /// The author's login as the source mapped it.
    pub author_login: Option<String>,
    /// The committer's login.
    pub committer_login: Option<String>,
}

/// A ticket's state at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketEvent {
    /// The source's immutable id of the ticket.
    pub id: String,
    /// Its key now: `PAY-7`, `acme/payments#12`.
    pub key: String,
    /// Project key now: `PAY`, `acme/payments`.
    pub project: String,
    /// `created`, `updated`, `deleted`, `moved`, `status`.
    pub action: String,
    /// The source's clock.
    pub moment: Time,
    /// Orders changes within one moment: Jira's changelog id, else empty.
    pub sequence: String,
    /// Type: `Story`, `Bug`, …
    pub kind: Option<String>,
    /// One line.
    pub title: String,
    /// `sha256:…` over title and description: tells later edits of scope (X07).
    pub scope: String,
    /// Status by name.
    pub status: Option<String>,
    /// `new`, `indeterminate`, `done`.
    pub category: Option<String>,
    /// Created at.
    pub created_at: Option<Time>,
    /// Keys it had before (moves).
    pub former_keys: Vec<String>,
    /// It is gone.
    pub deleted: bool,
    /// Who did it.
    pub by: Option<Account>,
    /// Where a person reads it.
    pub url: Option<String>,
}

/// A deploy was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentEvent {
    /// Where.
    pub repo: RepoRef,
    /// The source's id.
    pub deployment: String,
    /// The commit.
    pub sha: Oid,
    /// Environment by name.
    pub environment: String,
    /// Service, where the payload names one; else the repository stands for it.
    pub service: Option<String>,
    /// Who asked.
    pub by: Option<Account>,
    /// When it was created.
    pub moment: Time,
    /// Where a person reads it.
    pub url: Option<String>,
}

/// A deploy's new status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentStatusEvent {
    /// The deploy it is about, as in [`DeploymentEvent`].
    pub deployment: DeploymentEvent,
    /// The source's id of the status.
    pub status: String,
    /// `success`, `failure`, `error`, `inactive`, `pending`, `queued`, `in_progress`, `waiting`.
    pub state: String,
    /// When it was reported.
    pub moment: Time,
    /// Who reported it.
    pub by: Option<Account>,
}

/// A check's state on a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckEvent {
    /// Where.
    pub repo: RepoRef,
    /// The source's id of this run; a re-run has another.
    pub run: String,
    /// The commit.
    pub sha: Oid,
    /// The check's name.
    pub name: String,
    /// `queued`, `in_progress`, `completed`.
    pub status: String,
    /// `success`, `failure`, …; `None` until it completed.
    pub conclusion: Option<String>,
    /// The app that reports it.
    pub app: Option<String>,
    /// `created`, `completed`, `rerequested`, `requested_action`.
    pub action: String,
    /// Completed, else started.
    pub moment: Option<Time>,
}

/// A merge queue's group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeGroupEvent {
    /// Where.
    pub repo: RepoRef,
    /// `checks_requested` or `destroyed`.
    pub action: String,
    /// Why it was destroyed: `merged`, `invalidated`, `dequeued`.
    pub reason: Option<String>,
    /// The group's commit.
    pub head: Oid,
    /// Full name of the group's ref.
    pub head_ref: String,
    /// What it is built on.
    pub base: Oid,
    /// Full name of the branch.
    pub base_ref: String,
}

/// A change of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembershipEvent {
    /// The source's id of the team.
    pub team: String,
    /// `acme/platform-architects`.
    pub team_name: String,
    /// Who; `None`: the team itself was made, renamed or removed.
    pub member: Option<Account>,
    /// `added`, `removed`, `created`, `edited`, `deleted`.
    pub action: String,
}

/// Protection of branches was changed: evidence that the gate itself was not switched off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectionEvent {
    /// Where; `None`: for the whole organisation.
    pub repo: Option<RepoRef>,
    /// `branch_protection_rule` or `repository_ruleset`.
    pub what: String,
    /// The source's id of the rule.
    pub rule: String,
    /// Its name or pattern.
    pub name: String,
    /// `created`, `edited`, `deleted`.
    pub action: String,
    /// The source's clock.
    pub moment: Option<Time>,
    /// Who.
    pub by: Option<Account>,
}
