//! What git knows of the commits that somebody reviewed: the tree proofs between each and the head, and what the change
//! was there (sem 4).

use std::collections::BTreeMap;

use super::{readers, said};
use crate::domain::Oid;
use crate::domain::event::ReviewedBase;
use crate::domain::fact::{Elsewhere, Reviewed};
use crate::domain::pull_request::PullRequest;
use crate::git::facts::ChangeFacts;
use crate::git::{self, GitError};

/// What the objects prove about an opinion given at an older commit.
#[derive(Debug, Clone, Default)]
pub(super) struct ProvedAt {
    pub(super) fingerprint: Option<String>,
    pub(super) proofs: Vec<String>,
    pub(super) overtaken_by: Option<Oid>,
    pub(super) other: Option<Reviewed>,
}

/// A change at its head, to which reviewed commits are held.
pub(super) struct AtHead<'a> {
    pub(super) repo: &'a git::Repo,
    pub(super) head: Oid,
    pub(super) base_tip: Oid,
    pub(super) facts: &'a ChangeFacts,
}

impl AtHead<'_> {
    /// Everything about each reviewed commit. Objects that are gone prove nothing, and so nothing counts by them.
    pub(super) fn prove(&self, reviewed: &[Oid]) -> Result<BTreeMap<Oid, ProvedAt>, GitError> {
        let mut proved = BTreeMap::new();
        for commit in reviewed {
            let found = match self.proved_at(*commit) {
                Err(error) if error.missing().is_some() => self.gone(),
                found => found?,
            };
            proved.insert(*commit, found);
        }
        Ok(proved)
    }

    fn gone(&self) -> ProvedAt {
        ProvedAt { overtaken_by: Some(self.head), ..ProvedAt::default() }
    }

    fn proved_at(&self, reviewed: Oid) -> Result<ProvedAt, GitError> {
        let Self { repo, head, base_tip, facts } = *self;
        if !repo.contains(reviewed) {
            return Ok(self.gone());
        }
        let mut proofs = Vec::new();
        if git::trees::clean_rebase(repo, reviewed, head, base_tip)?.holds {
            proofs.push("clean_rebase".to_owned());
        }
        if git::trees::clean_update_merge(repo, reviewed, head, base_tip)?.holds {
            proofs.push("clean_update_merge".to_owned());
        }
        let then = git::facts::reviewed_facts(repo, base_tip, reviewed, facts, readers())?;
        Ok(ProvedAt {
            fingerprint: Some(then.fingerprint),
            proofs,
            overtaken_by: self.first_after(reviewed)?,
            other: then.other,
        })
    }

    /// Children first, so the last one that the reviewed commit does not have is the first that came after it.
    fn first_after(&self, reviewed: Oid) -> Result<Option<Oid>, GitError> {
        let mut first = None;
        for commit in &self.facts.commits {
            if commit.id != reviewed && !self.repo.reaches(reviewed, commit.id)? {
                first = Some(commit.id);
            }
        }
        Ok(first)
    }
}

/// A review that was written while the proposal went to another branch, or nobody can tell to which.
#[derive(Debug, Clone)]
pub(super) struct AimedElsewhere {
    id: String,
    commit: Option<Oid>,
    base: Option<ReviewedBase>,
}

/// The reviews and comments of a pull request that were not of what it brings to `branch`. One that says nothing of its base was, if
/// the pull request never went anywhere else.
pub(super) fn aimed_elsewhere(pull: &PullRequest, branch: &str) -> Vec<AimedElsewhere> {
    let moved = pull.bases.iter().any(|base| base != branch);
    let reviews = pull.reviews.iter().filter(|(_, review)| match &review.base {
        Some((_, base)) => base.branch != branch,
        None => moved,
    });
    let reviews = reviews.map(|(id, review)| AimedElsewhere {
        id: id.clone(),
        commit: review.said.as_ref().and_then(|said| said.value.commit),
        base: review.base.as_ref().map(|(_, base)| base.clone()),
    });
    // A comment does not say where the pull request went.
    let comments = said::comments(pull).filter(|_| moved);
    let comments = comments.map(|(id, comment)| AimedElsewhere {
        id,
        commit: said::about(pull, comment),
        base: None,
    });
    reviews.chain(comments).collect()
}

/// What each of them was about, by the id of the review.
pub(super) fn elsewhere(
    repo: &git::Repo,
    aimed: &[AimedElsewhere],
) -> Result<BTreeMap<String, Elsewhere>, GitError> {
    let mut found = BTreeMap::new();
    for review in aimed {
        let fingerprint = match (&review.base, review.commit) {
            (Some(base), Some(commit)) => {
                match git::facts::fingerprint_at(repo, base.commit, commit) {
                    Err(error) if error.missing().is_some() => None,
                    print => Some(print?),
                }
            }
            _ => None,
        };
        let branch = review.base.as_ref().map(|base| base.branch.clone());
        found.insert(review.id.clone(), Elsewhere { branch, fingerprint });
    }
    Ok(found)
}
