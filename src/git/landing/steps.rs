//! A proposal as steps from tree to tree, to recognise it where it was rebased.

use git2::Oid as GitOid;

use crate::domain::fact::LandingKind;
use crate::git::GitError;
use crate::git::repo::Repo;
use crate::git::trees::{AutoMerge, merge_trees};

use super::Found;

/// The commits of a proposal in the order in which a rebase replays them; merges are left out, as `git rebase`
/// does, and so are commits that change nothing.
pub(super) struct Steps(Vec<Step>);

struct Step {
    before: GitOid,
    after: GitOid,
    /// Author, address and author time: what a rebase keeps even where it changes content.
    who: (String, String, i64),
}

impl Steps {
    pub(super) fn of(repo: &Repo, bases: &[GitOid], head: GitOid) -> Result<Self, GitError> {
        let mut steps = Vec::new();
        for id in repo.walk(head, bases)?.into_iter().rev() {
            let commit = repo.commit(id)?;
            let [parent] = commit.parents.as_slice() else { continue };
            let before = repo.commit(*parent)?.tree;
            if before != commit.tree {
                let who = (commit.author.name, commit.author.email, commit.author.seconds);
                steps.push(Step { before, after: commit.tree, who });
            }
        }
        Ok(Self(steps))
    }

    /// The line of single-parent commits that ends at `at`, as long as the steps, oldest first, each with its
    /// tree and author; with the commit below it.
    fn line(&self, repo: &Repo, at: GitOid) -> Result<Option<(GitOid, Vec<Step>)>, GitError> {
        let (mut line, mut next) = (Vec::new(), at);
        while line.len() < self.0.len() {
            let commit = repo.commit(next)?;
            let [parent] = commit.parents.as_slice() else { return Ok(None) };
            let who = (commit.author.name, commit.author.email, commit.author.seconds);
            line.push(Step { before: repo.commit(*parent)?.tree, after: commit.tree, who });
            next = *parent;
        }
        line.reverse();
        Ok(Some((next, line)))
    }

    /// A rebase of two steps or more that ends here: each commit is its step, carried over without conflict.
    /// (A rebase of one step is a squash to anybody who looks at trees.)
    pub(super) fn rebased_at(&self, repo: &Repo, at: GitOid) -> Result<Option<Found>, GitError> {
        if self.0.len() < 2 {
            return Ok(None);
        }
        let Some((below, line)) = self.line(repo, at)? else { return Ok(None) };
        for (step, landed) in self.0.iter().zip(&line).rev() {
            if merge_trees(repo, step.before, landed.before, step.after)?
                != AutoMerge::Tree(landed.after)
            {
                return Ok(None);
            }
        }
        let evidence = format!(
            "the last {} commits up to {at:.10} reproduce the proposal's steps, tree by tree",
            line.len()
        );
        Ok(Some(Found {
            at,
            how: LandingKind::Rebase,
            parent: Some(below),
            evidence: vec![evidence],
        }))
    }

    /// The commits keep the authors and times of the steps, but not their content. Only believed where the
    /// source itself names the commit; the tree then tells what was altered.
    pub(super) fn looks_rebased_at(
        &self,
        repo: &Repo,
        at: GitOid,
    ) -> Result<Option<Found>, GitError> {
        if self.0.len() < 2 {
            return Ok(None);
        }
        let Some((below, line)) = self.line(repo, at)? else { return Ok(None) };
        if !self.0.iter().zip(&line).all(|(step, landed)| step.who == landed.who) {
            return Ok(None);
        }
        let evidence = format!(
            "the last {} commits up to {at:.10} have the authors and times of the proposal's, but not their trees",
            line.len()
        );
        Ok(Some(Found {
            at,
            how: LandingKind::Rebase,
            parent: Some(below),
            evidence: vec![evidence],
        }))
    }
}
