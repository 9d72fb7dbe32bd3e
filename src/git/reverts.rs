//! Whether a change takes a landing back exactly, told by trees and never by titles (sem 2.3).
//!
//! For the landing M with the branch's tip P before it, taking M back means `merge_trees(ancestor M, ours base, theirs P)`
//! without a conflict. That is held against the change twice: at the base that its author started from it must give the
//! head's tree, and at the branch's tip what merging the head there gives. Where nothing landed in between both are one.
//! What a message says names the landing to speak of where no tree fits, and nothing more.

use std::collections::{BTreeSet, HashMap, HashSet};

use git2::Oid as GitOid;

use crate::domain::fact::LandingKind;
use crate::domain::revert::{Outcome, Reverted, Trees};
use crate::domain::{Oid, RepoPath, Time};

use super::GitError;
use super::diff::{Differ, RawChange};
use super::error::{from_git, to_git};
use super::facts::{Readers, file_changes};
use super::repo::Repo;
use super::trees::{AutoMerge, merge_bases, merge_commits, merge_trees};

/// Landings of a branch, newest first, that a change is held against.
pub const SEARCH_LIMIT: usize = 200;
/// Commits of the branch's own line, from the base down, among which these landings are looked for.
const LINE_LIMIT: usize = 5_000;
/// Paths kept of a change that is no exact reversal.
const SHOWN: usize = 5;

/// A landing that may be taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The commit that landed.
    pub landing: Oid,
    /// Every commit that came in with it.
    pub brought: BTreeSet<Oid>,
    /// Its pull request.
    pub pull: u64,
    /// That one's title: a hint.
    pub title: String,
    /// In which way it landed.
    pub how: LandingKind,
    /// When, as its source says.
    pub at: Option<Time>,
    /// It went out under an emergency.
    pub emergency: bool,
}

/// The landings that `head` takes back exactly on a branch whose tip is `base_tip`; where there is none, the one that
/// its messages name, with why it is not. `candidates` are newest first; those over [`SEARCH_LIMIT`] are left out.
pub fn find(
    repo: &Repo,
    base_tip: Oid,
    head: Oid,
    candidates: &[Candidate],
    readers: Readers<'_>,
) -> Result<Vec<Reverted>, GitError> {
    let Some(change) = Change::of(repo, to_git(base_tip)?, to_git(head)?)? else {
        return Ok(Vec::new());
    };
    let named = named(repo, to_git(base_tip)?, to_git(head)?)?;
    let mut search = Search::new(repo, change.base, candidates)?;
    let (mut exact, mut spoken_of) = (Vec::new(), Vec::new());
    for at in 0..search.landings.len() {
        let is_named = search.is_named(at, &named);
        if !is_named && !search.covers(at, &change.paths)? {
            continue;
        }
        match search.held_against(at, &change)? {
            Some(found) if found.outcome == Outcome::Exact => exact.push((at, found)),
            Some(found) if is_named => spoken_of.push(found),
            _ => {}
        }
    }
    if exact.is_empty() {
        spoken_of.truncate(1);
        return Ok(spoken_of);
    }
    exact.into_iter().map(|(at, found)| search.completed(at, found, readers)).collect()
}

/// The change as trees: what its author made of the base, and what it makes of the branch's tip.
struct Change {
    base: GitOid,
    base_tree: GitOid,
    head_tree: GitOid,
    tip_tree: GitOid,
    result: GitOid,
    paths: BTreeSet<Vec<u8>>,
}

impl Change {
    /// `None`: it has not one base, does not merge by machine, or changes nothing (P6).
    fn of(repo: &Repo, tip: GitOid, head: GitOid) -> Result<Option<Self>, GitError> {
        let bases = merge_bases(repo, tip, head)?;
        let [base] = bases.as_slice() else { return Ok(None) };
        let tree = |commit: GitOid| repo.commit(commit).map(|commit| commit.tree);
        let (base_tree, head_tree, tip_tree) = (tree(*base)?, tree(head)?, tree(tip)?);
        let AutoMerge::Tree(result) = merge_commits(repo, tip, head, false)? else {
            return Ok(None);
        };
        let paths = paths(&Differ::new(repo)?.trees(Some(base_tree), Some(head_tree))?);
        let changes = !paths.is_empty() && result != tip_tree;
        Ok(changes.then_some(Self { base: *base, base_tree, head_tree, tip_tree, result, paths }))
    }
}

fn paths(changes: &[RawChange]) -> BTreeSet<Vec<u8>> {
    changes.iter().map(|change| change.path.clone()).collect()
}

/// A candidate with its trees.
struct Place<'c> {
    said: &'c Candidate,
    /// How far below the change's base it lies, on the branch's own line.
    depth: usize,
    parent: GitOid,
    parent_tree: GitOid,
    tree: GitOid,
    /// Found when it is asked for.
    changes: Option<Vec<RawChange>>,
}

struct Search<'r, 'c> {
    repo: &'r Repo,
    differ: Differ<'r>,
    /// Newest first, each on the branch's own line below the change's base.
    landings: Vec<Place<'c>>,
}

impl<'r, 'c> Search<'r, 'c> {
    fn new(repo: &'r Repo, base: GitOid, candidates: &'c [Candidate]) -> Result<Self, GitError> {
        let latest = candidates.iter().take(SEARCH_LIMIT);
        let wanted: Vec<(GitOid, &Candidate)> = latest
            .map(|said| Ok((to_git(said.landing)?, said)))
            .collect::<Result<_, GitError>>()?;
        let line = line(repo, base, &wanted)?;
        let mut landings = Vec::new();
        for (at, said) in wanted {
            let Some(depth) = line.get(&at).copied() else { continue };
            let Some(parent) = before(repo, said, at)? else { continue };
            landings.push(Place {
                said,
                depth,
                parent,
                parent_tree: repo.commit(parent)?.tree,
                tree: repo.commit(at)?.tree,
                changes: None,
            });
        }
        Ok(Self { repo, differ: Differ::new(repo)?, landings })
    }

    fn is_named(&self, at: usize, named: &BTreeSet<Oid>) -> bool {
        self.landings.get(at).is_some_and(|place| {
            named.contains(&place.said.landing) || !named.is_disjoint(&place.said.brought)
        })
    }

    /// What a landing held.
    fn changes(&mut self, at: usize) -> Result<&[RawChange], GitError> {
        let Some(place) = self.landings.get_mut(at) else { return Ok(&[]) };
        if place.changes.is_none() {
            place.changes = Some(self.differ.trees(Some(place.parent_tree), Some(place.tree))?);
        }
        Ok(place.changes.as_deref().unwrap_or_default())
    }

    /// Whether a landing held all of these paths: otherwise something taken from it cannot be all that differs.
    fn covers(&mut self, at: usize, wanted: &BTreeSet<Vec<u8>>) -> Result<bool, GitError> {
        let held = self.changes(at)?;
        if held.len() < wanted.len() {
            return Ok(false);
        }
        let held: BTreeSet<&[u8]> = held.iter().map(|change| change.path.as_slice()).collect();
        Ok(wanted.iter().all(|path| held.contains(path.as_slice())))
    }

    /// The change beside what taking this landing back would give.
    fn held_against(&mut self, at: usize, change: &Change) -> Result<Option<Reverted>, GitError> {
        if self.changes(at)?.is_empty() {
            return Ok(None);
        }
        let Some(place) = self.landings.get(at) else { return Ok(None) };
        let mut outcome =
            taken_back(self.repo, place, change.base_tree, change.head_tree, &mut self.differ)?;
        if outcome == Outcome::Exact && change.tip_tree != change.base_tree {
            outcome =
                taken_back(self.repo, place, change.tip_tree, change.result, &mut self.differ)?;
        }
        let said = place.said;
        Ok(Some(Reverted {
            landing: said.landing,
            parent: from_git(place.parent)?,
            how: said.how,
            pull: said.pull,
            at: said.at,
            trees: Trees {
                landed: from_git(place.tree)?,
                parent: from_git(place.parent_tree)?,
                base: from_git(change.tip_tree)?,
                result: from_git(change.result)?,
            },
            outcome,
            files: Vec::new(),
            is_revert: None,
            emergency: said.emergency,
        }))
    }

    /// An exact reversal with what else the policy asks of the landing.
    fn completed(
        &mut self,
        at: usize,
        found: Reverted,
        readers: Readers<'_>,
    ) -> Result<Reverted, GitError> {
        let files = file_changes(self.repo, self.changes(at)?, readers)?;
        Ok(Reverted { files, is_revert: self.is_revert(at)?, ..found })
    }

    /// Why a landing is itself a revert: it says so, or its tree takes an earlier landing back.
    fn is_revert(&mut self, at: usize) -> Result<Option<String>, GitError> {
        let Some(place) = self.landings.get(at) else { return Ok(None) };
        if is_title_of_revert(&place.said.title) {
            return Ok(Some("its title says that it is a revert".to_owned()));
        }
        for commit in place.said.brought.iter().chain([&place.said.landing]) {
            let read = self.repo.read_commit(*commit)?;
            if is_title_of_revert(read.title()) || !shas(&read.message).is_empty() {
                return Ok(Some(format!("commit {} says that it is a revert", commit.short())));
            }
        }
        let (before, after, depth) = (place.parent_tree, place.tree, place.depth);
        let held = paths(self.changes(at)?);
        for earlier in 0..self.landings.len() {
            let is_below = self.landings.get(earlier).is_some_and(|other| other.depth > depth);
            if !is_below || !self.covers(earlier, &held)? {
                continue;
            }
            let Some(place) = self.landings.get(earlier) else { continue };
            if taken_back(self.repo, place, before, after, &mut self.differ)? == Outcome::Exact {
                let (landing, pull) = (place.said.landing.short(), place.said.pull);
                return Ok(Some(format!("its tree takes {landing} (#{pull}) back")));
            }
        }
        Ok(None)
    }
}

/// Taking a landing back from `ours`, beside the tree that somebody made.
fn taken_back(
    repo: &Repo,
    place: &Place<'_>,
    ours: GitOid,
    made: GitOid,
    differ: &mut Differ<'_>,
) -> Result<Outcome, GitError> {
    let shown = |mut paths: Vec<RepoPath>| {
        paths.truncate(SHOWN);
        paths
    };
    Ok(match merge_trees(repo, place.tree, ours, place.parent_tree)? {
        AutoMerge::Tree(tree) if tree == made => Outcome::Exact,
        AutoMerge::Tree(tree) => {
            let differing = differ.trees(Some(tree), Some(made))?;
            Outcome::Differs(shown(differing.into_iter().map(|c| RepoPath::new(c.path)).collect()))
        }
        AutoMerge::Conflict(paths) => Outcome::Conflict(shown(paths)),
    })
}

/// Where these landings lie on the branch's own line from a commit down.
fn line(
    repo: &Repo,
    from: GitOid,
    wanted: &[(GitOid, &Candidate)],
) -> Result<HashMap<GitOid, usize>, GitError> {
    let mut missing: HashSet<GitOid> = wanted.iter().map(|(at, _)| *at).collect();
    let (mut found, mut at) = (HashMap::new(), Some(from));
    for depth in 0..LINE_LIMIT {
        let Some(commit) = at.filter(|_| !missing.is_empty()) else { break };
        if missing.remove(&commit) {
            found.insert(commit, depth);
        }
        at = repo.commit(commit)?.parents.first().copied();
    }
    Ok(found)
}

/// The branch's tip before a landing: the first commit down its own line that did not come in with it.
fn before(repo: &Repo, said: &Candidate, landing: GitOid) -> Result<Option<GitOid>, GitError> {
    let mut at = landing;
    loop {
        let Some(parent) = repo.commit(at)?.parents.first().copied() else { return Ok(None) };
        if !said.brought.contains(&from_git(parent)?) {
            return Ok(Some(parent));
        }
        at = parent;
    }
}

/// The commits that the change's own messages say it reverts.
fn named(repo: &Repo, base: GitOid, head: GitOid) -> Result<BTreeSet<Oid>, GitError> {
    let mut named = BTreeSet::new();
    for commit in repo.walk(head, &[base])? {
        named.extend(shas(&repo.commit(commit)?.message));
    }
    Ok(named)
}

/// The full ids after `This reverts commit`, in git's own words.
fn shas(message: &str) -> Vec<Oid> {
    let rests = message.match_indices("This reverts commit ");
    rests
        .filter_map(|(at, words)| {
            let rest = message.get(at + words.len()..)?;
            let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
            rest.get(..end)?.parse().ok()
        })
        .collect()
}

/// `Revert "…"`, `revert: …`, `Reverts …`.
fn is_title_of_revert(title: &str) -> bool {
    title.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("revert"))
}

#[cfg(test)]
mod tests;
