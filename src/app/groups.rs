//! A merge queue's groups: their commits are listed once the mirror has them, so that a landing finds its group.

use std::collections::BTreeSet;

use super::rebuild::Fields;
use super::{App, AppError, Command, Unit, fields};
use crate::domain::Oid;
use crate::git::GitError;
use crate::git::landing::queue::{self, Group};
use crate::store::groups::{self, GroupRow};
use crate::store::repositories::Repository;

pub(super) struct ListGroup {
    repo: String,
    head: String,
    commits: Vec<String>,
}

impl ListGroup {
    /// As its entry and what that binds tell it.
    pub(super) fn of_entry(entry: &Fields<'_>, commits: Vec<String>) -> Result<Self, AppError> {
        Ok(Self { repo: entry.get("repo")?, head: entry.get("head")?, commits })
    }
}

impl Command for ListGroup {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let kept = unit.keep_evidence(&self.commits).await?;
        let body = serde_json::json!({
            "repo": self.repo, "head": self.head, "commits": self.commits.len(), "kept": kept,
        });
        unit.record("group.listed", fields(body))?;
        for commit in &self.commits {
            groups::put_commit(unit.tx(), &self.repo, commit, &self.head).await?;
        }
        unit.moved(&self.repo);
        Ok(())
    }
}

/// A kept group as git reads it.
pub(crate) fn group(row: &GroupRow) -> Option<Group> {
    Some(Group { base: row.base.parse().ok()?, head: row.head.parse().ok()? })
}

impl App {
    /// Lists the commits of every group whose objects have come: those that were listed just now.
    pub(crate) async fn list_groups(
        &self,
        repo: &Repository,
    ) -> Result<BTreeSet<String>, AppError> {
        let mut tx = self.db().read().await?;
        let unlisted: Vec<Group> =
            groups::unlisted(&mut tx, &repo.id).await?.iter().filter_map(group).collect();
        drop(tx);
        if unlisted.is_empty() {
            return Ok(BTreeSet::new());
        }
        let lines = self.in_mirror(repo, move |mirror| {
            let line = |group: Group| Ok((group.head, queue::line(mirror, &group)?));
            unlisted.into_iter().map(line).collect::<Result<Vec<(Oid, Vec<Oid>)>, GitError>>()
        });
        let mut listed = BTreeSet::new();
        for (head, line) in lines.await?.into_iter().filter(|(_, line)| !line.is_empty()) {
            let commits: Vec<String> = line.iter().map(ToString::to_string).collect();
            listed.extend(commits.iter().cloned());
            let repo = repo.id.clone();
            self.writer().submit(ListGroup { repo, head: head.to_string(), commits }).await?;
        }
        Ok(listed)
    }
}
