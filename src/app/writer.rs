//! One writer, group commit. Whatever has queued goes into one transaction, with a savepoint a command; one
//! fsync carries the whole batch, and everybody is answered after the commit.
//!
//! A command that fails takes back its own work and nobody else's. A command that panics is a command that
//! fails. A commit error is ambiguous (sem 11.8): the connection is thrown away, and nobody is told "kept".

use std::collections::BTreeSet;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};

use super::AppError;
use crate::clock::Clock;
use crate::domain::Time;
use crate::ledger::entry::{Entry, Sealed};
use crate::ledger::tree::Frontier;
use crate::store::{self, Db, Tx};

/// Commands in one transaction at the most: a batch should stay well under a second.
const BATCH: usize = 256;
/// Commands that may wait; more senders than that wait for a place.
const QUEUE: usize = 1024;

/// Something that writes. It runs inside a savepoint of the writer's transaction.
pub trait Command: Send + 'static {
    /// What the caller gets, after the commit.
    type Out: Send + 'static;

    /// Does it. An error takes back everything it wrote.
    fn run(&mut self, unit: &mut Unit) -> impl Future<Output = Result<Self::Out, AppError>> + Send;
}

/// The open transaction, with the ledger entries that will be appended at its end.
#[derive(Debug)]
pub struct Unit {
    tx: Tx,
    now: Time,
    frontier: Frontier,
    entries: Vec<(String, Sealed)>,
    moved: BTreeSet<String>,
}

/// A place to come back to.
struct Mark {
    entries: usize,
    moved: BTreeSet<String>,
}

impl Unit {
    async fn begin(db: &Db, now: Time) -> Result<Self, AppError> {
        let mut tx = db.begin().await?;
        let (size, frontier) = store::ledger::lock_head(&mut tx).await?;
        let frontier = frontier
            .parse::<Frontier>()
            .ok()
            .filter(|frontier| frontier.size() == size)
            .ok_or_else(|| AppError::internal("the ledger's head cannot be read", &size))?;
        Ok(Self { tx, now, frontier, entries: Vec::new(), moved: BTreeSet::new() })
    }

    /// The transaction.
    pub fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// When this batch began: the time of everything that is received in it.
    #[must_use]
    pub fn now(&self) -> Time {
        self.now
    }

    /// The index that the next entry will have.
    #[must_use]
    pub fn next_index(&self) -> u64 {
        self.frontier.size() + self.entries.len() as u64
    }

    /// Writes an entry into the ledger; it stands there once the batch is committed. Returns its index.
    pub fn record(
        &mut self,
        kind: &str,
        body: serde_json::Map<String, serde_json::Value>,
    ) -> Result<u64, AppError> {
        let index = self.next_index();
        let sealed = Entry::seal(kind, self.now, body)
            .map_err(|error| AppError::internal("an entry cannot be written", &error))?;
        self.entries.push((kind.to_owned(), sealed));
        Ok(index)
    }

    /// Says that facts of a scope (a repository's id, or everywhere) moved: remembered answers are asked anew.
    pub fn moved(&mut self, scope: &str) {
        self.moved.insert(scope.to_owned());
    }

    /// Runs a part that may fail without the rest: its writes and entries are taken back, the error returned.
    pub async fn attempt<T, F>(&mut self, part: F) -> Result<Result<T, AppError>, AppError>
    where
        F: AsyncFnOnce(&mut Self) -> Result<T, AppError>,
    {
        let mark = self.mark().await?;
        match part(self).await {
            Ok(value) => {
                self.tx.release().await?;
                Ok(Ok(value))
            }
            Err(error) => {
                self.back_to(mark).await?;
                Ok(Err(error))
            }
        }
    }

    async fn mark(&mut self) -> Result<Mark, AppError> {
        self.tx.savepoint().await?;
        Ok(Mark { entries: self.entries.len(), moved: self.moved.clone() })
    }

    async fn back_to(&mut self, mark: Mark) -> Result<(), AppError> {
        self.entries.truncate(mark.entries);
        self.moved = mark.moved;
        Ok(self.tx.rollback_to_savepoint().await?)
    }

    /// Appends the entries, moves the head and the counters.
    async fn seal(&mut self) -> Result<(), AppError> {
        for scope in std::mem::take(&mut self.moved) {
            store::versions::bump(&mut self.tx, &scope).await?;
        }
        if self.entries.is_empty() {
            return Ok(());
        }
        for (kind, sealed) in std::mem::take(&mut self.entries) {
            let index = self.frontier.size();
            store::ledger::append(
                &mut self.tx,
                index,
                &kind,
                &sealed.bytes,
                sealed.leaf_hash.as_bytes(),
            )
            .await?;
            for complete in self.frontier.append(sealed.leaf_hash) {
                store::ledger::add_hash(
                    &mut self.tx,
                    complete.level,
                    complete.index,
                    complete.hash.as_bytes(),
                )
                .await?;
            }
        }
        let (size, frontier) = (self.frontier.size(), self.frontier.to_string());
        store::ledger::set_head(&mut self.tx, size, &frontier).await?;
        Ok(())
    }
}

/// A command whose type is forgotten, with its caller.
trait Work: Send {
    fn run<'a>(
        &'a mut self,
        unit: &'a mut Unit,
    ) -> Pin<Box<dyn Future<Output = Result<(), AppError>> + Send + 'a>>;
    fn fail(&mut self, error: AppError);
    fn answer(self: Box<Self>, fate: &Result<(), AppError>);
}

struct Pending<C: Command> {
    command: C,
    out: Option<Result<C::Out, AppError>>,
    reply: oneshot::Sender<Result<C::Out, AppError>>,
}

impl<C: Command> Work for Pending<C> {
    fn run<'a>(
        &'a mut self,
        unit: &'a mut Unit,
    ) -> Pin<Box<dyn Future<Output = Result<(), AppError>> + Send + 'a>> {
        Box::pin(async move {
            let out = self.command.run(unit).await?;
            self.out = Some(Ok(out));
            Ok(())
        })
    }

    fn fail(&mut self, error: AppError) {
        self.out = Some(Err(error));
    }

    fn answer(self: Box<Self>, fate: &Result<(), AppError>) {
        let answer = match (self.out, fate) {
            // Refused before the commit: true whatever became of the batch.
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(out)), Ok(())) => Ok(out),
            (_, Err(error)) => Err(error.clone()),
            (None, Ok(())) => Err(AppError::Unavailable("it was not tried".to_owned())),
        };
        let _ = self.reply.send(answer);
    }
}

/// Hands commands to the one writer task.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Box<dyn Work>>,
    /// Why nothing may be written, if so.
    closed: Option<String>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("closed", &self.closed).finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the writer task. With `closed` it refuses everything with that reason.
    #[must_use]
    pub fn start(db: Db, clock: Clock, closed: Option<String>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(write(db, clock, waiting));
        Self { queue, closed }
    }

    /// Why nothing may be written, if so.
    #[must_use]
    pub fn closed(&self) -> Option<&str> {
        self.closed.as_deref()
    }

    /// Runs a command and waits for the commit.
    pub async fn submit<C: Command>(&self, command: C) -> Result<C::Out, AppError> {
        if let Some(reason) = &self.closed {
            return Err(AppError::ReadOnly(reason.clone()));
        }
        let (reply, answer) = oneshot::channel();
        let stopped = || AppError::Unavailable("the service is stopping".to_owned());
        self.queue
            .send(Box::new(Pending { command, out: None, reply }))
            .await
            .map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

async fn write(db: Db, clock: Clock, mut waiting: mpsc::Receiver<Box<dyn Work>>) {
    let mut batch: Vec<Box<dyn Work>> = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let fate = write_batch(&db, clock.now(), &mut batch).await;
        if fate == Err(AppError::Ambiguous) {
            tracing::error!("a commit failed; the writer's connection is thrown away");
            db.forget_writer().await;
        }
        for work in batch.drain(..) {
            work.answer(&fate);
        }
    }
}

async fn write_batch(db: &Db, now: Time, batch: &mut [Box<dyn Work>]) -> Result<(), AppError> {
    let mut unit = Unit::begin(db, now).await?;
    for work in batch {
        let mark = unit.mark().await?;
        let done = AssertUnwindSafe(work.run(&mut unit)).catch_unwind().await;
        let done = done.unwrap_or_else(|_| Err(AppError::internal("a command panicked", &"")));
        match done {
            Ok(()) => unit.tx.release().await?,
            Err(error) => {
                work.fail(error);
                // Fails where the database gave the whole transaction up (a full disk): nothing was kept.
                unit.back_to(mark).await?;
            }
        }
    }
    unit.seal().await?;
    unit.tx.commit().await.map_err(|error| {
        tracing::error!(%error, "commit");
        AppError::Ambiguous
    })
}
