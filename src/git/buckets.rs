//! Every commit that a deploy brings in, in exactly one bucket; the sum is shown (sem 8).

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::domain::Oid;

use super::GitError;
use super::error::to_git;
use super::range::{Range, Relation};
use super::repo::Repo;
use super::trees::{AutoMerge, merge_commits};

/// A change that landed, with the commits that came in with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandedChange {
    /// The change's id.
    pub change: String,
    /// The commit on the branch.
    pub landing: Oid,
    /// What it brought, the landing commit among them.
    pub commits: Vec<Oid>,
    /// The branch it landed on is protected. A proposal that was merged into another proposal's branch is not.
    pub protected: bool,
}

/// The buckets. Lists are in the order of the range: children first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Buckets {
    /// By change id.
    pub landed: BTreeMap<String, Vec<Oid>>,
    /// Commits of no known change.
    pub direct: Vec<Oid>,
    /// Merges that add nothing of their own: the tree of the automatic merge.
    pub plumbing: Vec<Oid>,
    /// Older than the ledger, or than a baseline.
    pub pre_ledger: Vec<Oid>,
    /// It could not be told, with the reason; blocks, and is retried.
    pub unresolved: Vec<(Oid, String)>,
}

impl Buckets {
    /// All commits in all buckets: equals the number brought in.
    #[must_use]
    pub fn sum(&self) -> usize {
        self.landed.values().map(Vec::len).sum::<usize>()
            + self.direct.len()
            + self.plumbing.len()
            + self.pre_ledger.len()
            + self.unresolved.len()
    }

    /// The sum in words, for the page and the ledger.
    #[must_use]
    pub fn sentence(&self) -> String {
        let landed: usize = self.landed.values().map(Vec::len).sum();
        format!(
            "{} commits = {landed} landed by {} changes + {} direct + {} merge plumbing + {} before the ledger + {} unresolved",
            self.sum(),
            self.landed.len(),
            self.direct.len(),
            self.plumbing.len(),
            self.pre_ledger.len(),
            self.unresolved.len(),
        )
    }
}

/// Puts every commit of a range in its bucket. `known` are all landings that may matter, in any order: the
/// result does not depend on it. `ledger_from`: commits reachable from here were there before the ledger began.
pub fn attribute(
    repo: &Repo,
    range: &Range,
    known: &[LandedChange],
    ledger_from: Option<Oid>,
) -> Result<Buckets, GitError> {
    let owners = owners(&counting(range), known);
    let older = older(repo, range, ledger_from)?;
    let baseline = range.relation == Relation::Baseline;
    let mut buckets = Buckets::default();
    for oid in &range.brought_in {
        if let Some(change) = owners.get(oid) {
            buckets.landed.entry(change.change.clone()).or_default().push(*oid);
        } else if baseline || older.contains(oid) {
            buckets.pre_ledger.push(*oid);
        } else {
            match adds_nothing(repo, *oid) {
                Ok(true) => buckets.plumbing.push(*oid),
                Ok(false) => buckets.direct.push(*oid),
                Err(error) => buckets.unresolved.push((*oid, error.to_string())),
            }
        }
    }
    Ok(buckets)
}

/// The change that answers for each of these commits, by all landings among them, in any order. The one that brought it
/// to a protected branch comes first: what was merged into a proposal's branch came in with that proposal, and was
/// judged with it. Then the one that landed exactly there, then the one that brought the fewest commits (of proposals
/// that carry each other along, the inner one), then the first by id. A landing that is not among the commits answers
/// for nothing here.
fn owners<'a>(among: &HashSet<Oid>, known: &'a [LandedChange]) -> HashMap<Oid, &'a LandedChange> {
    let mut owners: HashMap<Oid, &LandedChange> = HashMap::new();
    let rank = |change: &'a LandedChange, oid: Oid| {
        let exactly = change.landing == oid;
        (!change.protected, !exactly, change.commits.len(), &change.change, change.landing)
    };
    for change in known.iter().filter(|change| among.contains(&change.landing)) {
        for oid in change.commits.iter().chain([&change.landing]) {
            let owner = owners.entry(*oid).or_insert(change);
            if rank(change, *oid) < rank(owner, *oid) {
                *owner = change;
            }
        }
    }
    owners
}

/// The commits of a range whose landings count: in a baseline only the deployed commit.
fn counting(range: &Range) -> HashSet<Oid> {
    match (&range.relation, range.brought_in.first()) {
        (Relation::Baseline, Some(tip)) => HashSet::from([*tip]),
        _ => range.brought_in.iter().copied().collect(),
    }
}

/// The changes that a range takes out, sorted by id: those that answer for their own landing among what is taken out.
#[must_use]
pub fn withdrawn(range: &Range, known: &[LandedChange]) -> Vec<String> {
    let among: HashSet<Oid> = range.taken_out.iter().copied().collect();
    let owners = owners(&among, known);
    let answers = |change: &&LandedChange| {
        owners.get(&change.landing).is_some_and(|owner| owner.change == change.change)
    };
    let mut withdrawn: Vec<String> = known
        .iter()
        .filter(|change| among.contains(&change.landing))
        .filter(answers)
        .map(|change| change.change.clone())
        .collect();
    withdrawn.sort();
    withdrawn
}

fn older(repo: &Repo, range: &Range, ledger_from: Option<Oid>) -> Result<HashSet<Oid>, GitError> {
    let (Some(from), Some(tip)) = (ledger_from, range.brought_in.first()) else {
        return Ok(HashSet::new());
    };
    let newer: HashSet<git2::Oid> =
        repo.walk(to_git(*tip)?, &[to_git(from)?])?.into_iter().collect();
    let mut older = HashSet::new();
    for oid in &range.brought_in {
        if !newer.contains(&to_git(*oid)?) {
            older.insert(*oid);
        }
    }
    Ok(older)
}

/// A two-parent merge with the tree of the automatic merge.
fn adds_nothing(repo: &Repo, oid: Oid) -> Result<bool, GitError> {
    let commit = repo.read_commit(oid)?;
    let [ours, theirs] = commit.parents.as_slice() else { return Ok(false) };
    Ok(merge_commits(repo, *ours, *theirs, false)? == AutoMerge::Tree(commit.tree))
}

#[cfg(test)]
mod tests;
