//! Deploys, attributed again: from the commits in the mirror and the landings on record to buckets and changes (sem 8).

use std::sync::Arc;

use super::bound::bound;
use super::changes::subject;
use super::difference::{Compare, Difference};
use super::policies::{Found, Key};
use super::{ATTRIBUTED, Run};
use crate::app::attribution::{Attributed, Look, Target};
use crate::app::deploys::{DeployBody, body, entry_of};
use crate::app::{App, AppError};
use crate::domain::{Class, Time};
use crate::ledger::entry::Entry;
use crate::policy::decide_deploy;
use crate::policy::model::Effective;
use crate::store::deploys::DeployRow;
use crate::store::recorded::Recorded;
use crate::store::{self, Tx};

/// Deploys that could not be attributed are named up to so many.
const UNDONE: usize = 100;

impl Run<'_> {
    /// Every deploy as it is attributed now.
    pub(super) async fn deploys(&mut self) -> Result<(), AppError> {
        for kind in ATTRIBUTED {
            let mut from = self.first;
            loop {
                let mut tx = self.app.db().read().await?;
                let entries = self.page(&mut tx, kind, from).await?;
                let Some((last, _)) = entries.last() else { break };
                from = last + 1;
                for (index, bytes) in entries {
                    let id = subject(&bytes, "deploy");
                    if let Some(row) = store::deploys::get(&mut tx, &id).await? {
                        self.deploy(&mut tx, (index, &bytes), row).await?;
                    } else {
                        let name = format!("deploy {id} of entry {index}");
                        self.found.extend([Difference::new(name, "row", "no row", "a row")]);
                    }
                    self.step(1);
                }
            }
        }
        self.without_entry(Recorded::Deploys, "deploy").await
    }

    /// One, if its row stands on this entry; a later one supersedes it.
    async fn deploy(
        &mut self,
        tx: &mut Tx,
        (index, bytes): (u64, &[u8]),
        row: DeployRow,
    ) -> Result<(), AppError> {
        let mut compare = Compare::of(format!("deploy {} of entry {index}", row.id));
        let stands = row.ledger_index.unwrap_or_default();
        if stands != index {
            if stands < index {
                compare.differs("row", format!("of entry {stands}"), "of this entry");
            }
            self.found.extend(compare.found);
            return Ok(());
        }
        self.found.deploys += 1;
        let (Ok(entry), Ok(kept)) = (Entry::open(bytes), body(&row)) else {
            compare.differs("body", "unreadable", "an attribution");
            self.found.extend(compare.found);
            return Ok(());
        };
        let told = bound(tx, &entry).await?;
        let digest = compare.bound((told, &self.erased), |row: &DeployRow| row, &row.as_told());
        compare.entry(&entry, &entry_of(&row, &kept, &digest));
        let key = Key {
            organisation: kept.organisation.clone(),
            repository: None,
            base: "organisation".to_owned(),
        };
        match self.policy(tx, &key).await? {
            Err(why) => compare.differs("policy", why, "its text"),
            Ok(effective) => {
                let undone = attributed(self.app, tx, &mut compare, (&row, &kept), &effective);
                let undone = Box::pin(undone).await?;
                let room = self.found.undone.len() < UNDONE;
                self.found.undone.extend(undone.filter(|_| room));
            }
        }
        self.found.extend(compare.found);
        Ok(())
    }

    async fn policy(&mut self, tx: &mut Tx, key: &Key) -> Result<Found, AppError> {
        self.policies.of(tx, key).await
    }
}

/// Compares; gives why it could not, if so.
async fn attributed(
    app: &App,
    tx: &mut Tx,
    compare: &mut Compare,
    (row, kept): (&DeployRow, &DeployBody),
    effective: &Arc<Effective>,
) -> Result<Option<String>, AppError> {
    let (Some(began), Ok(sha)) = (Time::from_micros(row.started_at), row.sha.parse()) else {
        compare.differs("row.sha", &row.sha, "a commit, with an instant");
        return Ok(None);
    };
    let decision = decide_deploy(effective, &kept.facts, began);
    compare.value("decision", &kept.decision, &decision);
    compare.field("row.state", &row.state.as_str(), &decision.state.as_str());
    compare.field("row.kind", &row.kind.as_str(), &kept.facts.kind.as_str());
    compare.field("row.class", &row.class.as_deref(), &decision.class.map(Class::as_str));
    let previous = kept.facts.previous.map(|previous| previous.to_string());
    compare.field("row.previous", &row.previous, &previous);
    let Some(repo) = store::repositories::by_id(tx, &row.repo).await? else {
        compare.differs("row.repo", &row.repo, "a repository on record");
        return Ok(None);
    };
    let target = Target {
        service: row.service.clone(),
        environment: row.environment.clone(),
        sha,
        at: Some((began, row.id.clone())),
    };
    let again = app.attribute(&repo, &target, effective, Look::Only).await?;
    let Attributed { facts, reach, .. } = again;
    if let Some(why) = facts.errors.first().filter(|_| kept.facts.errors.is_empty()) {
        return Ok(Some(format!("deploy {}: {why}", row.id)));
    }
    compare.value("attribution", &kept.facts, &facts);
    compare.value("reach", &kept.reach, &reach);
    Ok(None)
}
