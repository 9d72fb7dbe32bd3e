//! Which landings a change may take back (sem 2.3): the latest of its branch from the record, held against its trees by
//! git. Asked only where the policy has a window, or where a landing was an emergency fix.

use std::collections::BTreeSet;

use super::readers;
use crate::app::changes::change_id;
use crate::app::{App, AppError};
use crate::domain::fact::{Facts, LandingKind};
use crate::domain::revert::Reverted;
use crate::domain::{Oid, Time};
use crate::git::reverts::{Candidate, SEARCH_LIMIT, find};
use crate::policy::model::Effective;
use crate::store::landings::{self, LandedRow};
use crate::store::repositories::Repository;

use super::Subject;

impl App {
    /// What the trees say. Where they cannot be read nothing is taken back, and the change has its ordinary class.
    pub(super) async fn reverted(
        &self,
        repo: &Repository,
        effective: &Effective,
        facts: &Facts,
        base_tip: Oid,
    ) -> Result<Vec<Reverted>, AppError> {
        let Some(pull) = &facts.pull else { return Ok(Vec::new()) };
        let own = change_id(&repo.id, &Subject::Pull(pull.number));
        let mut tx = self.db().read().await?;
        let limit = SEARCH_LIMIT as u64;
        let rows = landings::latest(&mut tx, (&repo.id, &facts.branch), &own, limit).await?;
        drop(tx);
        let asked = |row: &LandedRow| effective.policy.reverts.is_some() || row.emergency;
        if !rows.iter().any(asked) {
            return Ok(Vec::new());
        }
        let candidates: Vec<Candidate> = rows.iter().filter_map(candidate).collect();
        let head = facts.head;
        let found = self
            .in_mirror(repo, move |mirror| find(mirror, base_tip, head, &candidates, readers()));
        match found.await {
            // A landing that was an emergency fix raises the class, so not knowing is no answer.
            Err(AppError::Unavailable(why)) if !rows.iter().any(|row| row.emergency) => {
                tracing::info!(%why, repo = %repo.name, "no landing could be held against a change");
                Ok(Vec::new())
            }
            found => found,
        }
    }
}

/// A landing that brought no commit of its own (it came in with another) has no trees of its own.
fn candidate(row: &LandedRow) -> Option<Candidate> {
    let how: LandingKind = serde_json::from_value(row.how.clone().into()).ok()?;
    let brought: BTreeSet<Oid> = row.brought.iter().filter_map(|sha| sha.parse().ok()).collect();
    if brought.is_empty() || how == LandingKind::Subsumed {
        return None;
    }
    Some(Candidate {
        landing: row.sha.parse().ok()?,
        brought,
        pull: row.pull,
        title: row.title.clone(),
        how,
        at: row.at.and_then(Time::from_micros),
        emergency: row.emergency,
    })
}
