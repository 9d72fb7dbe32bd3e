//! What git knows of the commits that somebody reviewed: the tree proofs between each and the head, and what the change
//! was there (sem 4).

use std::collections::BTreeMap;

use super::readers;
use crate::domain::Oid;
use crate::domain::fact::Reviewed;
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
