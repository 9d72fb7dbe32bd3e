//! Everything that was decided, decided again from what was recorded: decisions of the gate, judgements of changes,
//! attributions of deploys. Each is held against its row, and the row against its entry in the ledger.
//!
//! Entries lead: what an entry tells of has to be there, and what is there has to stand on an entry. Nothing is written,
//! and a page is in memory at a time.

mod bound;
mod changes;
mod decisions;
mod deploys;
mod difference;
mod policies;

use std::num::NonZero;
use std::sync::Arc;

pub use self::difference::Difference;
use self::policies::Policies;
use super::erase::Redactions;
use super::{Action, App, AppError, Caller};
use crate::domain::Time;
use crate::store::recorded::{self, Recorded};
use crate::store::{self, Tx};

/// Entries that are read and recomputed at a time.
const PAGE: i64 = 512;
/// Differences that are kept to be named; the others are counted.
const NAMED: usize = 1000;

/// The kinds of entries of what is recomputed.
pub(super) const DECISION: &str = "decision";
pub(super) const JUDGED: &str = "change.judged";
pub(super) const EXPLAINED: [&str; 2] = ["change.explained", "change.exempted"];
pub(super) const ATTRIBUTED: [&str; 2] = ["deploy.attributed", "deploy.revised"];

/// What is recomputed: everything, or what was recorded from some point on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RecomputeRequest {
    /// From the entry of the decision that is so many from the end.
    pub last: Option<u64>,
    /// From the entry of the first decision made from this instant on.
    pub from: Option<Time>,
}

/// What recomputing found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recomputed {
    /// Decisions of the gate that were made again.
    pub decisions: u64,
    /// Changes that were judged again.
    pub changes: u64,
    /// Deploys that were attributed again.
    pub deploys: u64,
    /// Documents, texts and bodies from which a person was erased: what they were is not made again.
    pub erased: u64,
    /// Where what is kept is not what comes of what was recorded; the first of them.
    pub differences: Vec<Difference>,
    /// How many more there are.
    pub more: u64,
    /// What could not be attributed again, with the reason: the first of them.
    pub undone: Vec<String>,
    /// Jobs that wait: what they will bring up to date may differ until they are done.
    pub waiting: u64,
}

impl Recomputed {
    /// Everything was made again, and is what is kept.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.differences.is_empty() && self.undone.is_empty()
    }

    fn extend(&mut self, found: impl IntoIterator<Item = Difference>) {
        for difference in found {
            if self.differences.len() < NAMED {
                self.differences.push(difference);
            } else {
                self.more += 1;
            }
        }
    }
}

/// A run: what was found so far, the policies that were read, and who is told how far it is.
struct Run<'a> {
    app: &'a App,
    first: u64,
    found: Recomputed,
    policies: Policies,
    erased: Arc<Redactions>,
    done: u64,
    of: u64,
    progress: &'a mut (dyn FnMut(u64, u64) + Send),
}

impl Run<'_> {
    fn step(&mut self, done: u64) {
        self.done += done;
        (self.progress)(self.done, self.of);
    }

    /// The next page of entries of a kind.
    async fn page(
        &self,
        tx: &mut Tx,
        kind: &str,
        from: u64,
    ) -> Result<Vec<(u64, Vec<u8>)>, AppError> {
        Ok(recorded::entries(tx, kind, from, PAGE).await?)
    }

    /// Rows that stand on no entry.
    async fn without_entry(&mut self, what: Recorded, name: &str) -> Result<(), AppError> {
        let mut tx = self.app.db().read().await?;
        let most = store::signed(NAMED as u64);
        let ids = recorded::without_entry(&mut tx, what, most).await?;
        let differences = ids.into_iter().map(|id| {
            Difference::new(format!("{name} {id}"), "entry", "a row", "no entry of the ledger")
        });
        self.found.extend(differences);
        Ok(())
    }
}

impl App {
    /// Makes everything again that was decided, and says where it differs. `progress` is told how many of how many
    /// entries were gone through.
    pub async fn recompute(
        &self,
        caller: &Caller,
        request: RecomputeRequest,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<Recomputed, AppError> {
        caller.may(Action::Administer, None)?;
        let mut tx = self.db().read().await?;
        let first = first(&mut tx, request).await?;
        let mut of = 0;
        for kind in [DECISION, JUDGED].into_iter().chain(ATTRIBUTED) {
            of += recorded::count(&mut tx, kind, first).await?;
        }
        let waiting = store::jobs::unfinished(&mut tx).await?.len() as u64;
        let erased = Arc::new(Redactions::read(&mut tx).await?);
        drop(tx);
        let name = self.config().organisation.as_deref();
        let policies = Policies::named(name, Arc::clone(&erased));
        let found = Recomputed { waiting, erased: erased.len() as u64, ..Recomputed::default() };
        let progress = &mut progress;
        let mut run = Run { app: self, first, found, policies, erased, done: 0, of, progress };
        run.decisions().await?;
        run.changes().await?;
        run.deploys().await?;
        Ok(run.found)
    }
}

/// The entry from which on things are recomputed.
async fn first(tx: &mut Tx, request: RecomputeRequest) -> Result<u64, AppError> {
    let last = match request.last {
        Some(0) => Some(u64::MAX >> 1),
        Some(last) => recorded::last(tx, DECISION, last - 1).await?,
        None => None,
    };
    let since = match request.from {
        Some(from) => Some(recorded::since(tx, from.micros()).await?.unwrap_or(u64::MAX >> 1)),
        None => None,
    };
    Ok(last.unwrap_or(0).max(since.unwrap_or(0)))
}

/// Work that is being done.
type Running = Vec<tokio::task::JoinHandle<Vec<Difference>>>;

/// Begins a part for each piece of work, on as many threads as there are processors.
fn begin<W: Send + 'static>(mut work: Vec<W>, part: fn(W) -> Vec<Difference>) -> Running {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let each = work.len().div_ceil(threads).max(1);
    let mut running = Vec::new();
    while !work.is_empty() {
        let rest = work.split_off(each.min(work.len()));
        let piece = std::mem::replace(&mut work, rest);
        let all = move || piece.into_iter().flat_map(part).collect::<Vec<_>>();
        running.push(tokio::task::spawn_blocking(all));
    }
    running
}

/// What was found, in order.
async fn end(running: Running) -> Result<Vec<Difference>, AppError> {
    let mut found = Vec::new();
    for task in running {
        let done = task.await;
        found.extend(done.map_err(|panic| AppError::internal("recomputing failed", &panic))?);
    }
    Ok(found)
}
