//! How a proposal reached its branch (sem 7), and whether what landed is what was approved.
//!
//! Ways are tried in a fixed order and the first certain one wins. A number in a message is a hint for people
//! and is not even looked at here.

use std::collections::HashSet;

use git2::Oid as GitOid;

use crate::domain::fact::{Integrity, Landing, LandingKind};
use crate::domain::{Oid, RepoPath};

use super::GitError;
use super::diff::Differ;
use super::error::{all_from_git, from_git, to_git};
use super::facts::union;
use super::repo::Repo;
use super::trees::{AutoMerge, altered, merge_bases, merge_commits};

pub mod queue;
mod steps;
use steps::Steps;

/// Single commits on the branch that are compared with a proposal, oldest first, when its source names none.
pub const SEARCH_LIMIT: usize = 5_000;

/// What is known of a proposal that may have landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    /// Its final head.
    pub head: Oid,
    /// The commit its source says it landed as.
    pub claimed: Option<Oid>,
    /// A tip of the branch from before it landed, if one is known: nothing older can be its landing.
    pub before: Option<Oid>,
}

/// A landing with the commits it brought to its branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// How, where, and whether it is intact.
    pub landing: Landing,
    /// What came in with it, children first; the landing commit is among them.
    pub commits: Vec<Oid>,
}

/// How `proposal` reached the branch whose tip is `tip`; `None`: it has not, as far as its objects tell.
pub fn find(repo: &Repo, tip: Oid, proposal: &Proposal) -> Result<Option<Landed>, GitError> {
    let head = to_git(proposal.head)?;
    repo.commit(head)?;
    let before = proposal.before.map(to_git).transpose()?;
    if let Some(before) = before
        && repo.reaches_git(before, head)?
    {
        return Ok(None);
    }
    let search = Search { repo, tip: to_git(tip)?, head, before };
    if let Some(claimed) = proposal.claimed.map(to_git).transpose()?
        && repo.reaches_git(search.tip, claimed)?
    {
        return search.claimed(claimed).map(Some);
    }
    search.unclaimed()
}

struct Search<'r> {
    repo: &'r Repo,
    tip: GitOid,
    head: GitOid,
    before: Option<GitOid>,
}

/// One landing as it is put together.
struct Found {
    at: GitOid,
    how: LandingKind,
    parent: Option<GitOid>,
    evidence: Vec<String>,
}

impl Search<'_> {
    /// The source names the commit: which kind of landing is it?
    fn claimed(&self, at: GitOid) -> Result<Landed, GitError> {
        let said = format!("the source names {at:.10} as the landing, and the branch contains it");
        let commit = self.repo.commit(at)?;
        if at == self.head {
            return self.fast_forward(vec![said]);
        }
        let first = commit.parents.first().copied();
        let merges_head = commit.parents.iter().skip(1).any(|parent| *parent == self.head);
        if !merges_head && self.repo.reaches_git(at, self.head)? {
            return self.came_before(said);
        }
        if commit.parents.len() > 1 {
            let seen = if merges_head {
                "the final head is among its merged parents"
            } else {
                "it is a merge, but none of its merged parents is the final head"
            };
            let evidence = vec![said, seen.to_owned()];
            return self.finish(Found { at, how: LandingKind::Merge, parent: first, evidence });
        }
        let steps = Steps::of(self.repo, self.tip_base(first)?.as_slice(), self.head)?;
        if let Some(found) =
            steps.rebased_at(self.repo, at)?.or(steps.looks_rebased_at(self.repo, at)?)
        {
            return self.finish(Found { evidence: [vec![said], found.evidence].concat(), ..found });
        }
        self.finish(Found {
            at,
            how: LandingKind::Squash,
            parent: first,
            evidence: vec![said, "it has one parent".to_owned()],
        })
    }

    /// The source names a commit that has the head below it and is no merge of it: it came in before, by itself or
    /// with another.
    fn came_before(&self, said: String) -> Result<Landed, GitError> {
        let hidden: Vec<GitOid> = [Some(self.head), self.before].into_iter().flatten().collect();
        let beyond = self.repo.walk(self.tip, &hidden)?;
        let mut landed = match self.merge_of_head(&beyond)? {
            Some(found) => self.finish(found)?,
            None => self.reachable(&beyond)?,
        };
        landed.landing.evidence.insert(0, said);
        Ok(landed)
    }

    fn tip_base(&self, parent: Option<GitOid>) -> Result<Vec<GitOid>, GitError> {
        parent.map_or(Ok(Vec::new()), |parent| merge_bases(self.repo, parent, self.head))
    }

    /// No commit is named: merge, rebase or squash, fast-forward, subsumed, in this order.
    fn unclaimed(&self) -> Result<Option<Landed>, GitError> {
        let hidden: Vec<GitOid> = [Some(self.head), self.before].into_iter().flatten().collect();
        let beyond = self.repo.walk(self.tip, &hidden)?;
        if let Some(found) = self.merge_of_head(&beyond)? {
            return self.finish(found).map(Some);
        }
        if self.repo.reaches_git(self.tip, self.head)? {
            return self.reachable(&beyond).map(Some);
        }
        let line = self.first_parents(&beyond)?;
        match self.reproduced(&line)? {
            Some(found) => self.finish(found).map(Some),
            None => Ok(None),
        }
    }

    /// The commits of the branch's own line that are not in the proposal, newest first.
    fn first_parents(&self, beyond: &[GitOid]) -> Result<Vec<GitOid>, GitError> {
        let beyond: HashSet<GitOid> = beyond.iter().copied().collect();
        let (mut line, mut at) = (Vec::new(), Some(self.tip));
        while let Some(commit) = at.filter(|commit| beyond.contains(commit)) {
            line.push(commit);
            at = self.repo.commit(commit)?.parents.first().copied();
        }
        Ok(line)
    }

    /// The oldest merge commit that has the final head as a merged parent.
    fn merge_of_head(&self, beyond: &[GitOid]) -> Result<Option<Found>, GitError> {
        for at in beyond.iter().rev() {
            let parents = self.repo.commit(*at)?.parents;
            if parents.iter().skip(1).any(|parent| *parent == self.head) {
                let evidence =
                    vec![format!("{at:.10} is a merge whose merged parent is the final head")];
                return Ok(Some(Found {
                    at: *at,
                    how: LandingKind::Merge,
                    parent: parents.first().copied(),
                    evidence,
                }));
            }
        }
        Ok(None)
    }

    /// The head itself is on the branch: moved there, or brought by somebody else's landing.
    fn reachable(&self, beyond: &[GitOid]) -> Result<Landed, GitError> {
        let line = self.first_parents(beyond)?;
        let below = match line.last() {
            Some(last) => self.repo.commit(*last)?.parents.first().copied(),
            None => Some(self.tip),
        };
        if below == Some(self.head) {
            return self.fast_forward(vec![]);
        }
        let mut by = self.tip;
        for commit in &line {
            if self.repo.reaches_git(*commit, self.head)? {
                by = *commit;
            }
        }
        let evidence =
            vec![format!("the final head came in with {by:.10}, which is no merge of it")];
        let landing =
            self.landing(by, LandingKind::Subsumed, Integrity::Unknown, evidence, Vec::new())?;
        Ok(Landed { landing, commits: Vec::new() })
    }

    fn fast_forward(&self, mut evidence: Vec<String>) -> Result<Landed, GitError> {
        evidence.push("the final head itself is on the branch's own line".to_owned());
        let hidden: Vec<GitOid> = self.before.into_iter().collect();
        let commits =
            if hidden.is_empty() { vec![self.head] } else { self.repo.walk(self.head, &hidden)? };
        if hidden.is_empty() {
            evidence.push(
                "no earlier tip of the branch is known: only the head is attributed".to_owned(),
            );
        }
        let landing = self.landing(
            self.head,
            LandingKind::FastForward,
            Integrity::Intact,
            evidence,
            Vec::new(),
        )?;
        Ok(Landed { landing, commits: all_from_git(commits)? })
    }

    /// The oldest place on the line where the proposal was reproduced, as a rebase or as one commit.
    fn reproduced(&self, line: &[GitOid]) -> Result<Option<Found>, GitError> {
        let bases = merge_bases(self.repo, self.tip, self.head)?;
        let steps = Steps::of(self.repo, &bases, self.head)?;
        let paths: HashSet<Vec<u8>> =
            union(self.repo, &bases, self.head)?.into_iter().map(|change| change.path).collect();
        let mut differ = Differ::new(self.repo)?;
        for at in line.iter().rev().take(SEARCH_LIMIT) {
            let commit = self.repo.commit(*at)?;
            let [parent] = commit.parents.as_slice() else { continue };
            let changed = differ.trees(Some(self.repo.commit(*parent)?.tree), Some(commit.tree))?;
            if changed.is_empty() || !changed.iter().all(|change| paths.contains(&change.path)) {
                continue;
            }
            if let Some(found) = steps.rebased_at(self.repo, *at)? {
                return Ok(Some(found));
            }
            if self.merged_tree(*parent, commit.tree)?.0 == AutoMerge::Tree(commit.tree) {
                // The tail of a rebase with something slipped into its earlier commits has this tree as well.
                let tail = steps.looks_rebased_at(self.repo, *at)?;
                return Ok(Some(tail.unwrap_or_else(|| Found {
                    at: *at,
                    how: LandingKind::Squash,
                    parent: Some(*parent),
                    evidence: vec![format!(
                        "{at:.10} has one parent and the tree of merging the final head into it"
                    )],
                })));
            }
        }
        Ok(None)
    }

    /// The automatic merge of the head into a parent; with renames followed only if the plain one is not the
    /// tree that landed. The flag says whether they were followed.
    fn merged_tree(&self, parent: GitOid, tree: GitOid) -> Result<(AutoMerge, bool), GitError> {
        let plain = merge_commits(self.repo, parent, self.head, false)?;
        if plain == AutoMerge::Tree(tree) {
            return Ok((plain, false));
        }
        let followed = merge_commits(self.repo, parent, self.head, true)?;
        if followed == AutoMerge::Tree(tree) { Ok((followed, true)) } else { Ok((plain, false)) }
    }

    /// Judges integrity and lists the commits.
    fn finish(&self, found: Found) -> Result<Landed, GitError> {
        let commit = self.repo.commit(found.at)?;
        let mut evidence = found.evidence;
        let (integrity, differing) = match found.parent {
            Some(parent) if commit.parents.len() <= 2 => {
                self.integrity(parent, commit.tree, &mut evidence)?
            }
            _ => {
                evidence
                    .push("a merge of more than two parents is not repeated by machine".to_owned());
                (Integrity::Unknown, Vec::new())
            }
        };
        let hidden: Vec<GitOid> = found.parent.into_iter().collect();
        let commits = all_from_git(self.repo.walk(found.at, &hidden)?)?;
        let landing = self.landing(found.at, found.how, integrity, evidence, differing)?;
        Ok(Landed { landing, commits })
    }

    fn integrity(
        &self,
        parent: GitOid,
        tree: GitOid,
        evidence: &mut Vec<String>,
    ) -> Result<(Integrity, Vec<RepoPath>), GitError> {
        let (merged, followed) = self.merged_tree(parent, tree)?;
        if merged == AutoMerge::Tree(tree) {
            let how = if followed { ", renames followed" } else { "" };
            evidence.push(format!(
                "its tree equals the automatic merge of the final head into {parent:.10}{how}"
            ));
            return Ok((Integrity::Intact, Vec::new()));
        }
        let paths = altered(self.repo, &merged, tree)?;
        evidence.push(match merged {
            AutoMerge::Conflict(_) => format!("merging the final head into {parent:.10} meets conflicts, which somebody resolved by hand"),
            AutoMerge::Tree(_) => format!("its tree differs from the automatic merge of the final head into {parent:.10} in {} path(s)", paths.len()),
        });
        Ok((Integrity::Altered, paths))
    }

    fn landing(
        &self,
        at: GitOid,
        how: LandingKind,
        integrity: Integrity,
        evidence: Vec<String>,
        altered: Vec<RepoPath>,
    ) -> Result<Landing, GitError> {
        let at_time = self.repo.commit(at)?.committer.time();
        Ok(Landing {
            commit: from_git(at)?,
            how,
            integrity,
            at: at_time,
            by: None,
            evidence,
            altered,
        })
    }
}

#[cfg(test)]
mod tests;
