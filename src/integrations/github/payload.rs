//! GitHub's objects, as far as anything follows from them. Only what is really needed is required: real
//! deliveries lack fields that documentation and other parsers require (`deployment.workflow`, `issue.state`).

use serde::Deserialize;

use super::super::payload::{Id, Text, link, real, time_or_none};
use crate::domain::event::{PullRequestEvent, RepoRef};
use crate::domain::{Account, AccountKind, Oid, Time};

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Repo {
    pub(super) id: Id,
    pub(super) full_name: Text,
    #[serde(default)]
    pub(super) default_branch: Option<Text>,
}

impl From<Repo> for RepoRef {
    fn from(repo: Repo) -> Self {
        Self {
            id: repo.id.0,
            name: repo.full_name.0,
            default_branch: repo.default_branch.map(|branch| branch.0),
        }
    }
}

/// An account. Every field may be missing: such an account is nobody, and nobody is exempt from anything (I-19).
#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    #[serde(default)]
    id: Option<Id>,
    #[serde(default)]
    login: Option<Text>,
    #[serde(default, rename = "type")]
    kind: Option<Text>,
}

/// The account, if it has an id. Only what says `User` is a person.
pub(super) fn account(user: Option<User>) -> Option<Account> {
    let user = user?;
    let id = user.id?.0;
    let login = Text::or_empty(user.login);
    let says_user = user.kind.is_some_and(|kind| kind.0 == "User");
    let person = says_user && !login.ends_with("[bot]");
    let kind = if person { AccountKind::User } else { AccountKind::Bot };
    Some(Account { id, login, kind })
}

/// Whether an `author_association` says that its author belongs to the repository. Whoever once contributed does not,
/// nor does a word that nobody knows; an empty one says nothing.
pub(super) fn belongs(association: Option<Text>) -> Option<bool> {
    match Text::or_empty(association).as_str() {
        "" => None,
        "OWNER" | "MEMBER" | "COLLABORATOR" => Some(true),
        _ => Some(false),
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Label {
    name: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Branch {
    #[serde(rename = "ref")]
    pub(super) name: Text,
    pub(super) sha: Oid,
    #[serde(default)]
    pub(super) repo: Option<Repo>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Pull {
    number: u64,
    title: Text,
    #[serde(default)]
    body: Option<Text>,
    state: Text,
    #[serde(default)]
    draft: Option<bool>,
    #[serde(default)]
    merged: Option<bool>,
    #[serde(default, deserialize_with = "time_or_none")]
    merged_at: Option<Time>,
    #[serde(default)]
    merged_by: Option<User>,
    #[serde(default)]
    merge_commit_sha: Option<Oid>,
    #[serde(default)]
    user: Option<User>,
    head: Branch,
    pub(super) base: Branch,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    assignees: Option<Vec<User>>,
    #[serde(default)]
    html_url: Option<Text>,
    #[serde(default, deserialize_with = "time_or_none")]
    created_at: Option<Time>,
    updated_at: Time,
}

/// What happened to a pull request, beside its state.
#[derive(Debug)]
pub(super) struct Happened {
    pub(super) action: String,
    pub(super) sender: Option<Account>,
    /// On `assigned`: whom.
    pub(super) assignee: Option<Account>,
    pub(super) before: Option<Oid>,
}

impl Happened {
    /// Whom it assigns; `all` are the assignees of the pull request as it stands.
    fn assigned(&mut self, all: Option<Vec<User>>) -> Vec<Account> {
        match self.action.as_str() {
            "opened" => all.into_iter().flatten().filter_map(|user| account(Some(user))).collect(),
            "assigned" => self.assignee.take().into_iter().collect(),
            _ => Vec::new(),
        }
    }
}

impl Pull {
    /// The pull request's state as an event.
    pub(super) fn event(self, repo: RepoRef, mut what: Happened) -> PullRequestEvent {
        let merged = self.merged.unwrap_or(self.merged_at.is_some());
        let mut labels: Vec<_> = self.labels.into_iter().map(|label| label.name.0).collect();
        labels.sort();
        let assigned = what.assigned(self.assignees);
        PullRequestEvent {
            repo,
            number: self.number,
            action: what.action,
            moment: self.updated_at,
            created_at: self.created_at,
            title: self.title.0,
            body: Text::or_empty(self.body),
            open: self.state.0 == "open",
            draft: self.draft.unwrap_or(false),
            opener: account(self.user),
            head: self.head.sha,
            head_branch: self.head.name.0,
            head_repo: self.head.repo.map(RepoRef::from),
            base_branch: self.base.name.0,
            base: self.base.sha,
            labels,
            merged,
            // Before the landing this is the commit of a trial merge, which is on no branch.
            merge_commit: self.merge_commit_sha.and_then(real).filter(|_| merged),
            merged_at: self.merged_at,
            merged_by: account(self.merged_by),
            sender: what.sender,
            assigned,
            before: what.before,
            url: link(self.html_url),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Review {
    pub(super) id: Id,
    #[serde(default)]
    pub(super) user: Option<User>,
    #[serde(default)]
    pub(super) author_association: Option<Text>,
    #[serde(default)]
    pub(super) body: Option<Text>,
    pub(super) state: Text,
    #[serde(default)]
    pub(super) commit_id: Option<Oid>,
    #[serde(default, deserialize_with = "time_or_none")]
    pub(super) submitted_at: Option<Time>,
    #[serde(default, deserialize_with = "time_or_none")]
    pub(super) updated_at: Option<Time>,
}

/// A comment of an issue or a pull request. `updated_at` moves with each edit and with nothing else.
#[derive(Debug, Deserialize)]
pub(super) struct IssueComment {
    pub(super) id: Id,
    #[serde(default)]
    pub(super) user: Option<User>,
    #[serde(default)]
    pub(super) author_association: Option<Text>,
    #[serde(default)]
    pub(super) body: Option<Text>,
    pub(super) created_at: Time,
    #[serde(default, deserialize_with = "time_or_none")]
    pub(super) updated_at: Option<Time>,
    /// Present: a program wrote it, in its own name or in a person's.
    #[serde(default)]
    pub(super) performed_via_github_app: Option<serde::de::IgnoredAny>,
}

/// The pull request as a review's delivery repeats it.
#[derive(Debug, Deserialize)]
pub(super) struct ReviewedPull {
    pub(super) number: u64,
    #[serde(default)]
    pub(super) base: Option<Branch>,
    #[serde(default, deserialize_with = "time_or_none")]
    pub(super) updated_at: Option<Time>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Issue {
    pub(super) id: Id,
    pub(super) number: u64,
    pub(super) title: Text,
    #[serde(default)]
    pub(super) body: Option<Text>,
    #[serde(default)]
    pub(super) state: Option<Text>,
    #[serde(default, deserialize_with = "time_or_none")]
    pub(super) created_at: Option<Time>,
    pub(super) updated_at: Time,
    #[serde(default)]
    pub(super) html_url: Option<Text>,
    #[serde(default, rename = "type")]
    pub(super) kind: Option<Named>,
    /// Present: this is a pull request, shown as an issue.
    #[serde(default)]
    pub(super) pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub(super) name: Text,
}

/// Where an issue came from, in the delivery about the new one.
#[derive(Debug, Deserialize)]
pub(super) struct IssueChanges {
    #[serde(default)]
    pub(super) old_issue: Option<Numbered>,
    #[serde(default)]
    pub(super) old_repository: Option<Repo>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Numbered {
    pub(super) number: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Deployment {
    pub(super) id: Id,
    pub(super) sha: Oid,
    pub(super) environment: Text,
    /// An object, or a text, or nothing.
    #[serde(default)]
    pub(super) payload: serde_json::Value,
    #[serde(default)]
    pub(super) creator: Option<User>,
    pub(super) created_at: Time,
}

#[derive(Debug, Deserialize)]
pub(super) struct DeploymentStatus {
    pub(super) id: Id,
    pub(super) state: Text,
    #[serde(default)]
    pub(super) creator: Option<User>,
    pub(super) created_at: Time,
}

#[derive(Debug, Deserialize)]
pub(super) struct WorkflowRun {
    #[serde(default)]
    pub(super) html_url: Option<Text>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CheckRun {
    pub(super) id: Id,
    pub(super) head_sha: Oid,
    pub(super) name: Text,
    pub(super) status: Text,
    #[serde(default)]
    pub(super) conclusion: Option<Text>,
    #[serde(default, deserialize_with = "time_or_none")]
    pub(super) started_at: Option<Time>,
    #[serde(default, deserialize_with = "time_or_none")]
    pub(super) completed_at: Option<Time>,
    #[serde(default)]
    pub(super) app: Option<App>,
}

#[derive(Debug, Deserialize)]
pub(super) struct App {
    #[serde(default)]
    pub(super) slug: Option<Text>,
    #[serde(default)]
    pub(super) name: Option<Text>,
}

#[derive(Debug, Deserialize)]
pub(super) struct MergeGroup {
    pub(super) head_sha: Oid,
    pub(super) head_ref: Text,
    pub(super) base_sha: Oid,
    pub(super) base_ref: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Team {
    pub(super) id: Id,
    #[serde(default)]
    pub(super) slug: Option<Text>,
    pub(super) name: Text,
}

#[derive(Debug, Deserialize)]
pub(super) struct Organization {
    pub(super) login: Text,
}

/// A branch protection rule or a ruleset.
#[derive(Debug, Deserialize)]
pub(super) struct Rule {
    pub(super) id: Id,
    pub(super) name: Text,
    #[serde(default, deserialize_with = "time_or_none")]
    pub(super) updated_at: Option<Time>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Commit {
    pub(super) id: Oid,
    #[serde(default)]
    pub(super) author: Option<CommitUser>,
    #[serde(default)]
    pub(super) committer: Option<CommitUser>,
    #[serde(default, deserialize_with = "time_or_none")]
    pub(super) timestamp: Option<Time>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CommitUser {
    #[serde(default)]
    pub(super) username: Option<Text>,
}
