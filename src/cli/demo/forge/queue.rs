//! The merge queue: several pull requests made into one group, and the group landed in one push.

use super::pulls::{PullId, Way};
use super::{Account, Forge, ForgeError, RepoHandle, payload};
use crate::domain::Oid;

/// A group of the queue.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its commit, which a pipeline asks the gate about.
    pub head: Oid,
    /// What it is built on.
    pub base: Oid,
    /// The branch it is for.
    pub branch: String,
    /// Its pull requests in order, each with the commit that lands it.
    pub members: Vec<(PullId, Oid)>,
    pub(super) reference: String,
    pub(super) by: Account,
}

impl RepoHandle<'_> {
    /// Makes a group for `main` out of pull requests in this order, and asks for checks.
    pub fn queue(&mut self, by: &str, pulls: &[&PullId], way: Way) -> Result<Group, ForgeError> {
        let by = self.forge.who(by)?;
        let base = self.tip("main")?;
        let (mut head, mut members, mut last) = (base, Vec::new(), 0);
        for pull in pulls {
            let state = self.forge.pull_state(pull)?.clone();
            head = self.forge.made(&self.name, &state, (&by, way), head)?;
            members.push(((*pull).clone(), head));
            last = state.number;
        }
        let branch = format!("gh-readonly-queue/main/pr-{last}-{base}");
        self.forge.move_branch(&self.name, &branch, Some(head), &by)?;
        let reference = format!("refs/heads/{branch}");
        let group = Group { head, base, branch: "main".to_owned(), members, reference, by };
        self.forge.tell_group(&self.name, &group, ("checks_requested", None))?;
        Ok(group)
    }

    /// The same with a commit put in the place of the group's: what a queue that errs, or somebody else, would make.
    pub fn replace(&mut self, group: &Group, work: super::Work) -> Result<Group, ForgeError> {
        let head = self.forge.make(&self.name, group.head, &group.by, &[work])?;
        self.forge.move_branch(&self.name, short(group), Some(head), &group.by)?;
        let group = Group { head, ..group.clone() };
        self.forge.tell_group(&self.name, &group, ("checks_requested", None))?;
        Ok(group)
    }

    /// Moves the branch to the group in one push and closes its pull requests as merged.
    pub fn land(&mut self, group: &Group) -> Result<(), ForgeError> {
        self.forge.move_branch(&self.name, &group.branch, Some(group.head), &group.by)?;
        for (pull, landed) in &group.members {
            self.forge.close_merged(pull, *landed, &group.by)?;
        }
        self.dissolve(group, "merged")
    }

    /// Ends a group.
    pub fn dissolve(&mut self, group: &Group, reason: &str) -> Result<(), ForgeError> {
        self.forge.move_branch(&self.name, short(group), None, &group.by)?;
        self.forge.tell_group(&self.name, group, ("destroyed", Some(reason)))
    }
}

impl Forge {
    fn tell_group(
        &mut self,
        repo: &str,
        group: &Group,
        happened: (&str, Option<&str>),
    ) -> Result<(), ForgeError> {
        let body = payload::merge_group(self.repository(repo)?, group, happened);
        self.send_github("merge_group", &body);
        Ok(())
    }
}

fn short(group: &Group) -> &str {
    group.reference.strip_prefix("refs/heads/").unwrap_or(&group.reference)
}
