//! Proofs by tree (sem 4): an automatic merge gives exactly this tree, or it does not. Never a patch id, which
//! ignores whitespace and so takes two different Python programs for one.
//!
//! Renames are not followed: what git guesses to be a rename could carry an approved edit into another file.
//! Only a landing may be explained that way, and says so ([`AutoMerge`], `follow_renames`).

use git2::{MergeOptions, Oid as GitOid};

use crate::domain::{Oid, RepoPath};

use super::GitError;
use super::diff::Differ;
use super::error::to_git;
use super::repo::Repo;

/// What merging by machine gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AutoMerge {
    /// A tree.
    Tree(GitOid),
    /// People have to decide about these paths.
    Conflict(Vec<RepoPath>),
}

/// Whether a proof holds, and the sentence to record with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// It holds.
    pub holds: bool,
    /// What was compared and what came out.
    pub evidence: String,
}

fn options(follow_renames: bool) -> MergeOptions {
    let mut options = MergeOptions::new();
    options.find_renames(follow_renames);
    options
}

fn outcome(repo: &Repo, mut index: git2::Index) -> Result<AutoMerge, GitError> {
    if index.has_conflicts() {
        let mut paths = Vec::new();
        for conflict in index.conflicts()? {
            let conflict = conflict?;
            let side = conflict.our.or(conflict.their).or(conflict.ancestor);
            paths.extend(side.map(|entry| RepoPath::new(entry.path)));
        }
        paths.sort();
        paths.dedup();
        return Ok(AutoMerge::Conflict(paths));
    }
    Ok(AutoMerge::Tree(index.write_tree_to(&repo.git)?))
}

/// The three-way merge of trees.
pub(super) fn merge_trees(
    repo: &Repo,
    ancestor: GitOid,
    ours: GitOid,
    theirs: GitOid,
) -> Result<AutoMerge, GitError> {
    let (ancestor, ours, theirs) = (repo.tree(ancestor)?, repo.tree(ours)?, repo.tree(theirs)?);
    let index = repo.git.merge_trees(&ancestor, &ours, &theirs, Some(&options(false)))?;
    outcome(repo, index)
}

/// The automatic merge of two commits; several merge bases are merged first, as git does (criss-cross).
pub(super) fn merge_commits(
    repo: &Repo,
    ours: GitOid,
    theirs: GitOid,
    follow_renames: bool,
) -> Result<AutoMerge, GitError> {
    let find = |oid| repo.git.find_commit(oid).map_err(|error| GitError::about(oid, &error));
    let (ours, theirs) = (find(ours)?, find(theirs)?);
    let index = repo.git.merge_commits(&ours, &theirs, Some(&options(follow_renames)))?;
    outcome(repo, index)
}

/// The merge bases of two commits; none if their histories are unrelated.
pub(super) fn merge_bases(repo: &Repo, one: GitOid, two: GitOid) -> Result<Vec<GitOid>, GitError> {
    repo.commit(one)?;
    repo.commit(two)?;
    match repo.git.merge_bases(one, two) {
        Ok(bases) => {
            let mut bases = bases.to_vec();
            bases.sort();
            Ok(bases)
        }
        Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(Vec::new()),
        Err(error) => Err(GitError::from_git(&error)),
    }
}

/// `clean_rebase` (sem 4.3): merging the approved commit onto the new base gives exactly the new head's tree.
/// `base_tip` is the tip of the base branch that both heads are compared with.
pub fn clean_rebase(
    repo: &Repo,
    approved: Oid,
    head: Oid,
    base_tip: Oid,
) -> Result<Proof, GitError> {
    let (approved_at, head_at, base) = (to_git(approved)?, to_git(head)?, to_git(base_tip)?);
    let (old, new) = (merge_bases(repo, base, approved_at)?, merge_bases(repo, base, head_at)?);
    let ([old], [new]) = (old.as_slice(), new.as_slice()) else {
        let evidence = format!(
            "{} and {} do not have one merge base each with the base branch",
            approved.short(),
            head.short()
        );
        return Ok(Proof { holds: false, evidence });
    };
    let tree = |oid| repo.commit(oid).map(|commit| commit.tree);
    let merged = merge_trees(repo, tree(*old)?, tree(*new)?, tree(approved_at)?)?;
    Ok(compare(
        &merged,
        tree(head_at)?,
        &format!("{} carried from {old:.10} onto {new:.10}", approved.short()),
        head,
    ))
}

fn compare(merged: &AutoMerge, wanted: GitOid, what: &str, head: Oid) -> Proof {
    let (holds, outcome) = match merged {
        AutoMerge::Tree(tree) if *tree == wanted => (true, "gives exactly the tree of"),
        AutoMerge::Tree(_) => (false, "gives another tree than"),
        AutoMerge::Conflict(_) => (false, "meets a conflict, unlike"),
    };
    Proof { holds, evidence: format!("{what} {outcome} {}", head.short()) }
}

/// Whether this commit is a merge of base into the proposal that a machine would have made: two parents, the
/// second on base, the first not, and the tree of the automatic merge (sem 3, 4.4).
pub(super) fn is_clean_update(
    repo: &Repo,
    commit: GitOid,
    base_tip: GitOid,
) -> Result<bool, GitError> {
    let read = repo.commit(commit)?;
    let [ours, theirs] = read.parents.as_slice() else { return Ok(false) };
    if !repo.reaches_git(base_tip, *theirs)? || repo.reaches_git(base_tip, *ours)? {
        return Ok(false);
    }
    Ok(merge_commits(repo, *ours, *theirs, false)? == AutoMerge::Tree(read.tree))
}

/// `clean_update_merge` (sem 4.4): every commit after the approved one, down the first parents to it, is a
/// clean merge of base, and nothing else came in beside commits of base.
pub fn clean_update_merge(
    repo: &Repo,
    approved: Oid,
    head: Oid,
    base_tip: Oid,
) -> Result<Proof, GitError> {
    let (approved_at, head_at, base) = (to_git(approved)?, to_git(head)?, to_git(base_tip)?);
    let new = repo.walk(head_at, &[approved_at, base])?;
    let no = |evidence: String| Ok(Proof { holds: false, evidence });
    if new.is_empty() || !repo.reaches_git(head_at, approved_at)? {
        return no(format!("{} does not follow {} by merges", head.short(), approved.short()));
    }
    for commit in &new {
        if !is_clean_update(repo, *commit, base)? {
            return no(format!("{commit:.10} is not a clean merge of base"));
        }
    }
    let count = new.len();
    Ok(Proof {
        holds: true,
        evidence: format!(
            "{count} clean merge(s) of base lie between {} and {}",
            approved.short(),
            head.short()
        ),
    })
}

/// Whether the tree of `landed` is that of merging `head` into its parent (squash; also any single landing).
pub fn squash_tree_equal(repo: &Repo, landed: Oid, head: Oid) -> Result<Proof, GitError> {
    let commit = repo.read_commit(landed)?;
    let [parent] = commit.parents.as_slice() else {
        return Ok(Proof {
            holds: false,
            evidence: format!("{} has not one parent", landed.short()),
        });
    };
    let merged = merge_commits(repo, *parent, to_git(head)?, false)?;
    Ok(compare(
        &merged,
        commit.tree,
        &format!("merging {} into {parent:.10}", head.short()),
        landed,
    ))
}

/// The paths in which a tree differs from what a machine would have made of it.
pub(super) fn altered(
    repo: &Repo,
    merged: &AutoMerge,
    tree: GitOid,
) -> Result<Vec<RepoPath>, GitError> {
    match merged {
        AutoMerge::Conflict(paths) => Ok(paths.clone()),
        AutoMerge::Tree(expected) => Ok(Differ::new(repo)?
            .trees(Some(*expected), Some(tree))?
            .into_iter()
            .map(|change| RepoPath::new(change.path))
            .collect()),
    }
}

#[cfg(test)]
mod tests;
