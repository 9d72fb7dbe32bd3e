//! A merge queue lands several proposals in one push (sem 7): which commits of the branch belong to its group, and which
//! of them is a proposal's own.

use crate::domain::Oid;
use crate::domain::fact::{Integrity, LandingKind};
use crate::git::GitError;
use crate::git::error::{from_git, to_git};
use crate::git::repo::Repo;

use super::{Landed, Proposal, find};

/// Commits of a branch's own line that one group brings, at most. A forge's groups hold a hundred proposals.
const LINE: usize = 2_000;
/// What the refs of a queue begin with; then comes the branch, then `/pr-`.
const QUEUE: &str = "refs/heads/gh-readonly-queue/";

/// A group as its source told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Group {
    /// What it is built on.
    pub base: Oid,
    /// Its commit: what the branch is moved to.
    pub head: Oid,
}

/// The commits of a group down the first parents, newest first; empty: its objects are not here, or it does not stand
/// on its base.
pub fn line(repo: &Repo, group: &Group) -> Result<Vec<Oid>, GitError> {
    if !repo.contains(group.base) || !repo.contains(group.head) {
        return Ok(Vec::new());
    }
    let (base, mut at, mut line) = (to_git(group.base)?, to_git(group.head)?, Vec::new());
    while at != base {
        line.push(from_git(at)?);
        match repo.commit(at)?.parents.first() {
            Some(parent) if line.len() < LINE => at = *parent,
            _ => return Ok(Vec::new()),
        }
    }
    Ok(line)
}

/// How a proposal landed with a group that is on the branch; `None`: not with this one. The commit that the source names
/// is believed where it is the proposal, unaltered; else the group is searched for the one that is: a source may name
/// the group's commit for each of its proposals.
pub fn find_queued(
    repo: &Repo,
    tip: Oid,
    proposal: &Proposal,
    group: &Group,
) -> Result<Option<Landed>, GitError> {
    let line = line(repo, group)?;
    if line.is_empty() || !repo.reaches(tip, group.head)? {
        return Ok(None);
    }
    let named = find(repo, tip, &Proposal { before: None, ..*proposal })?;
    let unaltered = named.as_ref().is_some_and(|landed| {
        landed.landing.integrity == Integrity::Intact || landed.landing.how == LandingKind::Subsumed
    });
    let own = if unaltered { None } else { within(repo, group, proposal)? };
    let landed = own.or(named).filter(|landed| line.contains(&landed.landing.commit));
    Ok(landed.map(|landed| queued(landed, group)))
}

/// The commit of a group that is this proposal beyond doubt.
pub fn within(repo: &Repo, group: &Group, proposal: &Proposal) -> Result<Option<Landed>, GitError> {
    let alone = Proposal { head: proposal.head, claimed: None, before: Some(group.base) };
    find(repo, group.head, &alone)
}

fn queued(mut landed: Landed, group: &Group) -> Landed {
    let landing = &mut landed.landing;
    let way = match landing.how {
        LandingKind::Merge => "a merge",
        LandingKind::Squash => "one commit",
        LandingKind::Rebase => "its commits made anew",
        LandingKind::FastForward => "its own commits",
        _ => return landed,
    };
    landing.how = LandingKind::Queue;
    landing.evidence.push(format!(
        "as {way} of the merge queue's group {} on {}, which the branch contains",
        group.head.short(),
        group.base.short()
    ));
    landed
}

/// The branch for which a queue made this commit, as the refs of the mirror tell.
pub fn branch_of(repo: &Repo, head: Oid) -> Result<Option<String>, GitError> {
    let wanted = to_git(head)?;
    for reference in repo.git.references_glob(&format!("{QUEUE}*"))? {
        let reference = reference?;
        if reference.target() != Some(wanted) {
            continue;
        }
        let name = reference.name().ok().and_then(|name| name.strip_prefix(QUEUE));
        if let Some((branch, _)) = name.and_then(|name| name.rsplit_once("/pr-")) {
            return Ok(Some(branch.to_owned()));
        }
    }
    Ok(None)
}
