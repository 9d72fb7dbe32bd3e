//! State is a fold over entries (sem 10): what was recorded is done again in an empty database, and both are compared.
//!
//! Entries lead. What wrote an entry runs again with what the entry binds: the delivery as it was received, the
//! judgement, roster or mapping that is kept under its digest, or the words of a person that stand in the entry itself.
//! What it records has to be the same entries, byte for byte; then every table is held against the original.

mod commands;
mod evidence;
mod fields;

use std::collections::VecDeque;

use self::evidence::Evidence;
pub(crate) use self::fields::Fields;
use super::writer::Recorded;
use super::{Action, App, AppError, Caller, Unit};
use crate::ledger::entry::Entry;
use crate::store::tables::{self, Differs};
use crate::store::{self, Db, Tx, jobs};

/// Commands in one transaction.
const BATCH: usize = 256;
/// Entries that are at hand, at least, as long as there are: one command writes fewer.
const AT_HAND: usize = 10_000;
/// Differences that are named; the others are counted.
const NAMED: usize = 1000;

/// A row in which both databases differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDiffers {
    /// The table.
    pub table: &'static str,
    /// The row's key.
    pub key: String,
    /// How it differs.
    pub how: String,
}

impl std::fmt::Display for TableDiffers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.table, self.key, self.how)
    }
}

/// How rebuilding ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Entries that were made again.
    pub entries: u64,
    /// Entries in all.
    pub size: u64,
    /// Every compared table: name, rows of the original, its digest, and whether the rebuilt one is the same.
    pub tables: Vec<(&'static str, u64, String, bool)>,
    /// Rows in which they differ; the first of them.
    pub differences: Vec<TableDiffers>,
    /// How many more there are.
    pub more: u64,
    /// Why it went no further, if something recorded does not come of what is kept.
    pub stopped: Option<String>,
}

impl Rebuilt {
    /// Everything was made again, and is the same.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.stopped.is_none() && self.tables.iter().all(|(_, _, _, same)| *same)
    }
}

/// What is recorded again has to be the entry that is there.
pub(super) fn must_be(
    index: u64,
    (kind, bytes): (&str, &[u8]),
    expected: Option<&Recorded>,
) -> Result<(), AppError> {
    let Some((at, there, recorded)) = expected else {
        return Err(AppError::Conflict(format!(
            "entry {index}: `{kind}` is recorded anew, and the ledger ends before it"
        )));
    };
    if (*at, there.as_str(), recorded.as_slice()) == (index, kind, bytes) {
        return Ok(());
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Err(AppError::Conflict(format!(
        "entry {at} is {}, and what is kept makes {}",
        text(recorded),
        text(bytes)
    )))
}

impl App {
    /// Rebuilds everything in an empty database, and compares. `progress` is told how many of how many entries are done.
    pub async fn rebuild(
        &self,
        caller: &Caller,
        into: &str,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Rebuilt, AppError> {
        caller.may(Action::Administer, None)?;
        let target = empty(into).await?;
        // One state of the original from the first entry to the last row, whatever is written meanwhile.
        let mut evidence = Evidence::of(self, self.db().read().await?).await?;
        let (size, _) = store::ledger::head(evidence.tx()).await?;
        let mut found = Rebuilt { size, ..Rebuilt::default() };
        match self.redo_all(&target, &mut evidence, &mut found, &mut progress).await {
            Ok(()) => {
                self.finish(&target, evidence.tx()).await?;
                compare(&target, evidence.tx(), &mut found).await?;
            }
            Err(AppError::Conflict(why)) => found.stopped = Some(why),
            Err(other) => return Err(other),
        }
        target.close().await;
        Ok(found)
    }

    async fn redo_all(
        &self,
        target: &Db,
        evidence: &mut Evidence<'_>,
        found: &mut Rebuilt,
        progress: &mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<(), AppError> {
        let mut ahead = VecDeque::new();
        loop {
            let mut unit = Unit::again(target, ahead).await?;
            for _ in 0..BATCH {
                evidence.fill(unit.expected(), AT_HAND, found.size).await?;
                let Some((index, kind, bytes)) = unit.expected().front().cloned() else { break };
                let entry = Entry::open(&bytes)
                    .map_err(|error| AppError::Conflict(format!("entry {index}: {error}")))?;
                unit.expect_next(entry.at);
                Box::pin(commands::redo(&mut unit, evidence, &Fields::of(index, &entry))).await?;
                if unit.next_index() == index {
                    return Err(AppError::Conflict(format!(
                        "entry {index} (`{kind}`) does not come of what is kept"
                    )));
                }
            }
            found.entries = unit.next_index();
            ahead = unit.finish().await?;
            progress(found.entries, found.size);
            if ahead.is_empty() && found.entries >= found.size {
                return Ok(());
            }
        }
    }

    /// What is signed is taken over; each repository is to be fetched.
    async fn finish(&self, target: &Db, original: &mut Tx) -> Result<(), AppError> {
        let mut tx = target.begin().await?;
        for (size, note, at) in store::ledger::checkpoints(original).await? {
            store::ledger::add_checkpoint(&mut tx, store::unsigned(size), &note, at).await?;
        }
        let mut queue = jobs::Queue::new();
        for repository in store::repositories::all(&mut tx).await? {
            let key = ("fetch".to_owned(), repository.id);
            queue.extend(repository.configured.then_some((key, self.clock().now().micros())));
        }
        jobs::enqueue_all(&mut tx, &queue).await?;
        Ok(tx.commit().await?)
    }
}

/// The database to rebuild in, which has to be empty.
async fn empty(url: &str) -> Result<Db, AppError> {
    let target = Db::open(url).await.map_err(|error| match error {
        store::StoreError::Address(_) => AppError::Invalid(format!("--into: {error}")),
        other => AppError::from(other),
    })?;
    let mut tx = target.read().await?;
    let first = tables::first_with_rows(&mut tx).await?;
    drop(tx);
    match first {
        None => Ok(target),
        Some((table, rows)) => {
            target.close().await;
            Err(AppError::Invalid(format!(
                "--into: the database is not empty (`{table}` has {rows} rows); name a new one: nothing was written"
            )))
        }
    }
}

async fn compare(target: &Db, original: &mut Tx, found: &mut Rebuilt) -> Result<(), AppError> {
    let mut rebuilt = target.read().await?;
    for table in tables::TABLES {
        let whole = table.whole(original).await?;
        let same = whole == table.whole(&mut rebuilt).await?;
        found.tables.push((table.name, whole.rows, whole.to_string(), same));
        if same {
            continue;
        }
        for (key, differs) in table.differences(original, &mut rebuilt).await? {
            if found.differences.len() == NAMED {
                found.more += 1;
                continue;
            }
            let how = match differs {
                Differs::OnlyFirst => "follows from nothing that was recorded".to_owned(),
                Differs::OnlySecond => "is missing".to_owned(),
                Differs::Columns(columns) => format!("another {}", columns.join(", ")),
            };
            found.differences.push(TableDiffers { table: table.name, key, how });
        }
    }
    Ok(())
}
