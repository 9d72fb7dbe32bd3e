//! Changes, judged again from the facts that are kept with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::bound::{Bound, bound};
use super::difference::{Compare, Difference};
use super::policies::{Found, Key};
use super::{EXPLAINED, JUDGED, Run, begin, end};
use crate::app::AppError;
use crate::app::changes::{ChangeBody, Judgement, body, entry_of};
use crate::app::erase::Redactions;
use crate::ledger::entry::{Entry, Opened};
use crate::policy::model::Effective;
use crate::policy::replay::judge;
use crate::store;
use crate::store::changes::ChangeRow;
use crate::store::recorded::Recorded;

/// A change with the entry that it stands on.
struct Work {
    index: u64,
    entry: Opened,
    row: ChangeRow,
    body: ChangeBody,
    policy: Found,
    kept: Bound,
    erased: Arc<Redactions>,
}

impl Run<'_> {
    /// Every change as it is judged now; what an entry tells of and is not there has to be explained by another.
    pub(super) async fn changes(&mut self) -> Result<(), AppError> {
        let (mut from, mut gone) = (self.first, BTreeSet::new());
        loop {
            let mut tx = self.app.db().read().await?;
            let entries = self.page(&mut tx, JUDGED, from).await?;
            let Some((last, _)) = entries.last() else { break };
            from = last + 1;
            let (count, mut work) = (entries.len() as u64, Vec::new());
            for (index, bytes) in entries {
                let id = subject(&bytes, "change");
                match store::changes::get(&mut tx, &id).await? {
                    None => {
                        gone.insert(id);
                    }
                    Some(row) => {
                        gone.remove(&id);
                        work.extend(self.due(&mut tx, (index, &bytes), row).await?);
                    }
                }
            }
            drop(tx);
            self.found.changes += work.len() as u64;
            let found = end(begin(work, check)).await?;
            self.found.extend(found);
            self.step(count);
        }
        self.explained(gone).await?;
        self.without_entry(Recorded::Changes, "change").await
    }

    /// What is to be judged again, if the row stands on this entry; a later one supersedes it.
    async fn due(
        &mut self,
        tx: &mut store::Tx,
        (index, bytes): (u64, &[u8]),
        row: ChangeRow,
    ) -> Result<Option<Work>, AppError> {
        let stands = row.ledger_index.unwrap_or_default();
        let name = format!("change {} of entry {index}", row.id);
        if stands != index {
            let older = stands < index;
            let told = Difference::new(name, "row", format!("of entry {stands}"), "of this entry");
            self.found.extend(older.then_some(told));
            return Ok(None);
        }
        let (Ok(entry), Ok(body)) = (Entry::open(bytes), body(&row)) else {
            self.found.extend([Difference::new(name, "body", "unreadable", "a judgement")]);
            return Ok(None);
        };
        let key = Key {
            organisation: body.organisation.clone(),
            repository: body.repository.clone(),
            base: body.policy_base.clone(),
        };
        let policy = self.policies.of(tx, &key).await?;
        let kept = bound(tx, &entry).await?;
        let erased = Arc::clone(&self.erased);
        Ok(Some(Work { index, entry, row, body, policy, kept, erased }))
    }

    /// Changes that were judged and are not there any more: an entry has to say what explained them.
    async fn explained(&mut self, mut gone: BTreeSet<String>) -> Result<(), AppError> {
        for kind in EXPLAINED {
            let mut from = self.first;
            while !gone.is_empty() {
                let mut tx = self.app.db().read().await?;
                let entries = self.page(&mut tx, kind, from).await?;
                let Some((last, _)) = entries.last() else { break };
                from = last + 1;
                for (_, bytes) in &entries {
                    gone.remove(&subject(bytes, "change"));
                }
            }
        }
        let missing = gone
            .into_iter()
            .map(|id| Difference::new(format!("change {id}"), "row", "no row", "a row"));
        self.found.extend(missing);
        Ok(())
    }
}

/// What an entry is about, by the name of its field.
pub(super) fn subject(bytes: &[u8], field: &str) -> String {
    let entry = Entry::open(bytes).ok();
    let id = entry.as_ref().and_then(|entry| entry.body.get(field)?.as_str());
    id.unwrap_or("?").to_owned()
}

fn check(work: Work) -> Vec<Difference> {
    let Work { index, entry, row, body, policy, kept, erased } = work;
    let mut compare = Compare::of(format!("change {} of entry {index}", row.id));
    match policy {
        Err(why) => compare.differs("policy", why, "its text"),
        Ok(effective) => judged(&mut compare, &row, &body, &effective),
    }
    let digest =
        compare.bound((kept, &erased), |judgement: &Judgement| &judgement.row, &row.as_told());
    compare.entry(&entry, &entry_of(&row, &digest));
    compare.found
}

fn judged(compare: &mut Compare, row: &ChangeRow, body: &ChangeBody, effective: &Arc<Effective>) {
    let decision = judge(effective, &body.facts, body.judged_at);
    compare.value("decision", &body.decision, &decision);
    compare.field("row.class", &row.class.as_str(), &decision.classification.class.as_str());
    compare.field("row.state", &row.state.as_str(), &decision.state.as_str());
    compare.field("row.branch", &row.branch, &body.facts.branch);
    compare.field("row.head", &row.head, &body.facts.head.to_string());
    let landing = body.facts.landing.as_ref();
    // Of a change that could not be read the landing that was found before stands.
    if let Some(landing) = landing.filter(|_| body.facts.errors.is_empty()) {
        let text = |word: &str| Some(word.to_owned());
        compare.field("row.landed_sha", &row.landed_sha, &Some(landing.commit.to_string()));
        compare.field("row.landed_how", &row.landed_how, &text(landing.how.as_str()));
        compare.field("row.integrity", &row.integrity, &text(landing.integrity.as_str()));
        let by = landing.by.as_ref().map(|by| by.0.clone());
        compare.field("row.landed_by", &row.landed_by, &by);
    }
    if let Some(pull) = &body.facts.pull {
        compare.field("row.title", &row.title, &pull.title);
        compare.field("row.pull", &row.pull, &Some(pull.number));
    }
}
