//! Decisions of the gate, made again.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize as _;

use super::difference::{Compare, Difference};
use super::policies::{Found, Key};
use super::{DECISION, Run, Running, begin, end};
use crate::app::AppError;
use crate::app::erase::Redactions;
use crate::app::gate::{Again, Kept, PolicyDigests, again};
use crate::domain::id;
use crate::ledger::entry::{Entry, Opened};
use crate::policy::model::Effective;
use crate::store::decisions::DecisionRow;
use crate::store::recorded::{self, Recorded};

/// Facts are not larger than this, whatever their compressed form claims.
const FACTS_MOST: usize = 256 * 1024 * 1024;

/// One entry, and the rows that stand on it.
struct Work {
    index: u64,
    entry: Result<Opened, String>,
    rows: Vec<(DecisionRow, Option<Vec<u8>>)>,
    policy: Found,
    erased: Arc<Redactions>,
}

impl Run<'_> {
    /// Every decision, in the order of the ledger. The next page is read while one is recomputed.
    pub(super) async fn decisions(&mut self) -> Result<(), AppError> {
        let (mut from, mut running) = (self.first, Running::new());
        loop {
            let work = self.decisions_from(from).await?;
            let Some(last) = work.last().map(|work| work.index) else { break };
            from = last + 1;
            let count = work.len() as u64;
            let before = std::mem::replace(&mut running, begin(work, check));
            self.found.extend(end(before).await?);
            self.found.decisions += count;
            self.step(count);
        }
        self.found.extend(end(running).await?);
        self.without_entry(Recorded::Decisions, "decision").await
    }

    /// A page of entries with all that is kept of them.
    async fn decisions_from(&mut self, from: u64) -> Result<Vec<Work>, AppError> {
        let mut tx = self.app.db().read().await?;
        let entries = self.page(&mut tx, DECISION, from).await?;
        let (Some((first, _)), Some((last, _))) = (entries.first(), entries.last()) else {
            return Ok(Vec::new());
        };
        let mut rows: HashMap<u64, Vec<_>> = HashMap::new();
        for found in recorded::decisions(&mut tx, *first, *last).await? {
            rows.entry(found.0.ledger_index).or_default().push(found);
        }
        let mut work = Vec::with_capacity(entries.len());
        for (index, bytes) in entries {
            let entry = Entry::open(&bytes).map_err(|error| error.to_string());
            let policy = match entry.as_ref().map(key) {
                Ok(Some(key)) => self.policies.of(&mut tx, &key).await?,
                _ => Err("by which policies it was made is not recorded".to_owned()),
            };
            let rows = rows.remove(&index).unwrap_or_default();
            work.push(Work { index, entry, rows, policy, erased: Arc::clone(&self.erased) });
        }
        Ok(work)
    }
}

/// By which policies an entry says that its decision was made.
fn key(entry: &Opened) -> Option<Key> {
    let PolicyDigests { organisation, repository, base } =
        PolicyDigests::deserialize(entry.body.get("policy")?).ok()?;
    Some(Key { organisation, repository, base })
}

fn check(work: Work) -> Vec<Difference> {
    let name = |id: &str| format!("decision {id} of entry {}", work.index);
    let entry = match work.entry {
        Ok(entry) => entry,
        Err(why) => return vec![Difference::new(name("?"), "entry", why, "an entry")],
    };
    let id = entry.body.get("decision").and_then(|id| id.as_str()).unwrap_or("?");
    let mut compare = Compare::of(name(id));
    let mut rows = work.rows.into_iter();
    match rows.next() {
        Some((row, facts)) => {
            let known = (&work.policy, work.erased.as_ref());
            one(&mut compare, &entry, (work.index, &row), facts.as_deref(), known);
        }
        None => compare.differs("row", "no row", "a row"),
    }
    for (other, _) in rows {
        compare.differs("row", format!("also {}", other.id), "one row");
    }
    compare.found
}

fn one(
    compare: &mut Compare,
    entry: &Opened,
    (index, row): (u64, &DecisionRow),
    facts: Option<&[u8]>,
    (policy, erased): (&Found, &Redactions),
) {
    let facts = match facts.map(|facts| zstd::bulk::decompress(facts, capacity(facts))) {
        Some(Ok(facts)) => facts,
        Some(Err(error)) => return compare.differs("facts", error, &row.facts),
        None => return compare.differs("facts", "not kept", &row.facts),
    };
    compare.field("facts", &erased.was(id::sha256(&facts)), &row.facts);
    let body = erased.was(id::sha256(row.body.as_bytes()));
    let stored: Kept = match serde_json::from_str(&row.body) {
        Ok(stored) => stored,
        Err(error) => return compare.differs("body", error, "a decision"),
    };
    match policy {
        Err(why) => compare.differs("policy", why, "its text"),
        Ok(effective) => {
            again_of(compare, entry, (index, row), (&stored, &body), (&facts, effective));
        }
    }
}

fn again_of(
    compare: &mut Compare,
    entry: &Opened,
    (index, row): (u64, &DecisionRow),
    (stored, bound): (&Kept, &str),
    (facts, effective): (&[u8], &Arc<Effective>),
) {
    let made = again(stored, (facts, &row.facts), bound, effective, (entry.at, index));
    let Again { kept, row: columns, entry: fields } = match made {
        Ok(made) => made,
        Err(why) => return compare.differs("facts", why, "a decision"),
    };
    // Byte for byte; what differs is looked for only if something does.
    if row.body != columns.body {
        compare.value("decision", stored, &kept);
    }
    compare.field("row.id", &row.id, &columns.id);
    compare.field("row.repo", &row.repo, &columns.repo);
    compare.field("row.sha", &row.sha, &columns.sha);
    compare.field("row.purpose", &row.purpose, &columns.purpose);
    compare.field("row.environment", &row.environment, &columns.environment);
    compare.field("row.service", &row.service, &columns.service);
    compare.field("row.pull", &row.pull, &columns.pull);
    compare.field("row.state", &row.state, &columns.state);
    compare.field("row.class", &row.class, &columns.class);
    compare.field("row.decided_at", &row.decided_at, &columns.decided_at);
    compare.field("row.facts", &row.facts, &columns.facts);
    compare.field("row.policy", &row.policy, &columns.policy);
    compare.entry(entry, &fields);
}

/// How much room the facts need, as their own header says.
fn capacity(facts: &[u8]) -> usize {
    let said = zstd::zstd_safe::get_frame_content_size(facts).ok().flatten();
    said.and_then(|said| usize::try_from(said).ok()).unwrap_or(FACTS_MOST).min(FACTS_MOST)
}
