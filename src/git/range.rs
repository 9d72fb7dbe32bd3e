//! What a deploy brings in and takes out (sem 8), over the whole graph.

use std::collections::{HashMap, HashSet};

use git2::Oid as GitOid;

use crate::domain::Oid;

use super::GitError;
use super::diff::{Differ, RawChange};
use super::error::{all_from_git, from_git, to_git};
use super::facts::fingerprint;
use super::repo::Repo;
use super::trees::{AutoMerge, merge_trees};

/// Pairs of commits on diverged sides that are compared by merging, at most.
const EQUIVALENCE_TRIES: usize = 20_000;

/// How a deployed commit stands to the one deployed before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Relation {
    /// There was none before.
    Baseline,
    /// The previous one is an ancestor.
    Forward,
    /// The new one is an ancestor of the previous.
    Rollback,
    /// The same commit.
    Redeploy,
    /// Neither is an ancestor of the other.
    Diverged {
        /// Where they part; none if they share nothing.
        merge_bases: Vec<Oid>,
    },
    /// A commit is not in the repository: unresolved, to be retried (sem 8).
    Unknown {
        /// The commit that is not there.
        missing: Oid,
    },
}

/// What a deploy changes on its environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The relation.
    pub relation: Relation,
    /// Commits brought in, children first. For a baseline: the whole history.
    pub brought_in: Vec<Oid>,
    /// Commits taken out, children first.
    pub taken_out: Vec<Oid>,
    /// Diverged only: commits on both sides with the same effect, `(in the new, in the previous)`; they stand in
    /// neither list.
    pub equivalent: Vec<(Oid, Oid)>,
}

/// How `new` stands to `previous`.
pub fn relation(repo: &Repo, previous: Option<Oid>, new: Oid) -> Result<Relation, GitError> {
    // An id of another format is in no mirror, and pushing it would not help.
    to_git(new)?;
    if let Some(missing) =
        [Some(new), previous].into_iter().flatten().find(|oid| !repo.contains(*oid))
    {
        return Ok(Relation::Unknown { missing });
    }
    let Some(previous) = previous else { return Ok(Relation::Baseline) };
    if previous == new {
        return Ok(Relation::Redeploy);
    }
    if repo.reaches(new, previous)? {
        return Ok(Relation::Forward);
    }
    if repo.reaches(previous, new)? {
        return Ok(Relation::Rollback);
    }
    let bases = super::trees::merge_bases(repo, to_git(previous)?, to_git(new)?)?;
    Ok(Relation::Diverged { merge_bases: all_from_git(bases)? })
}

/// The whole comparison. A missing object on the way is an error, never a shorter list.
pub fn between(repo: &Repo, previous: Option<Oid>, new: Oid) -> Result<Range, GitError> {
    let relation = relation(repo, previous, new)?;
    let mut range =
        Range { relation, brought_in: Vec::new(), taken_out: Vec::new(), equivalent: Vec::new() };
    match &range.relation {
        Relation::Unknown { .. } | Relation::Redeploy => {}
        Relation::Baseline | Relation::Forward => {
            range.brought_in = brought_in(repo, previous, new)?;
        }
        Relation::Rollback => range.taken_out = taken_out(repo, previous, new)?,
        Relation::Diverged { .. } => {
            range.brought_in = brought_in(repo, previous, new)?;
            range.taken_out = taken_out(repo, previous, new)?;
            range.equivalent = equivalent(repo, &range.brought_in, &range.taken_out)?;
            let (ours, theirs): (HashSet<Oid>, HashSet<Oid>) =
                range.equivalent.iter().copied().unzip();
            range.brought_in.retain(|oid| !ours.contains(oid));
            range.taken_out.retain(|oid| !theirs.contains(oid));
        }
    }
    Ok(range)
}

/// `new ^previous`: every commit that the new one has and the previous one has not.
pub fn brought_in(repo: &Repo, previous: Option<Oid>, new: Oid) -> Result<Vec<Oid>, GitError> {
    let hidden: Vec<GitOid> = previous.map(to_git).transpose()?.into_iter().collect();
    all_from_git(repo.walk(to_git(new)?, &hidden)?)
}

/// `previous ^new`: every commit that is no longer there.
pub fn taken_out(repo: &Repo, previous: Option<Oid>, new: Oid) -> Result<Vec<Oid>, GitError> {
    previous.map_or(Ok(Vec::new()), |previous| brought_in(repo, Some(new), previous))
}

/// A commit with one parent, as a step from tree to tree.
struct Step {
    id: GitOid,
    before: GitOid,
    after: GitOid,
    changes: Vec<RawChange>,
}

fn steps(repo: &Repo, ids: &[Oid]) -> Result<Vec<Step>, GitError> {
    let mut differ = Differ::new(repo)?;
    let mut steps = Vec::new();
    for id in ids {
        let id = to_git(*id)?;
        let commit = repo.commit(id)?;
        let [parent] = commit.parents.as_slice() else { continue };
        let before = repo.commit(*parent)?.tree;
        let changes = differ.trees(Some(before), Some(commit.tree))?;
        if !changes.is_empty() {
            steps.push(Step { id, before, after: commit.tree, changes });
        }
    }
    Ok(steps)
}

/// Commits on two sides that do the same: equal fingerprints, or the same paths and the one, carried to where
/// the other stands by an automatic merge, gives exactly the other's tree. Each commit is in one pair at most.
pub fn equivalent(repo: &Repo, ours: &[Oid], theirs: &[Oid]) -> Result<Vec<(Oid, Oid)>, GitError> {
    let (ours, theirs) = (steps(repo, ours)?, steps(repo, theirs)?);
    let mut by_print: HashMap<String, Vec<usize>> = HashMap::new();
    let mut by_paths: HashMap<Vec<&[u8]>, Vec<usize>> = HashMap::new();
    for (at, step) in theirs.iter().enumerate() {
        by_print.entry(fingerprint(&step.changes)).or_default().push(at);
        by_paths.entry(paths(step)).or_default().push(at);
    }
    let (mut used, mut pairs, mut tries) = (HashSet::new(), Vec::new(), 0);
    for step in &ours {
        let exact = by_print.get(&fingerprint(&step.changes)).into_iter().flatten();
        let mut twin = exact.copied().find(|at| !used.contains(at));
        for at in by_paths.get(&paths(step)).into_iter().flatten().copied() {
            if twin.is_some() || tries >= EQUIVALENCE_TRIES {
                break;
            }
            tries += 1;
            let Some(other) = theirs.get(at).filter(|_| !used.contains(&at)) else { continue };
            let carried = merge_trees(repo, step.before, other.before, step.after)?;
            twin = (carried == AutoMerge::Tree(other.after)).then_some(at);
        }
        if let Some(other) = twin.and_then(|at| theirs.get(at).map(|other| (at, other))) {
            used.insert(other.0);
            pairs.push((from_git(step.id)?, from_git(other.1.id)?));
        }
    }
    Ok(pairs)
}

fn paths(step: &Step) -> Vec<&[u8]> {
    step.changes.iter().map(|change| change.path.as_slice()).collect()
}

#[cfg(test)]
mod tests;
