//! The task that writes: batches of commands out of a queue, each batch one transaction, answers after the commit.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};

use super::seen::Seen;
use super::{Command, Unit};
use crate::app::AppError;
use crate::clock::Clock;
use crate::domain::Time;
use crate::store::Db;

/// Commands in one transaction at the most: a batch should stay well under a second.
const BATCH: usize = 256;
/// Commands that may wait; more senders than that wait for a place.
const QUEUE: usize = 1024;

/// A command whose type is forgotten, with its caller.
trait Work: Send {
    fn run<'a>(
        &'a mut self,
        unit: &'a mut Unit,
    ) -> Pin<Box<dyn Future<Output = Result<(), AppError>> + Send + 'a>>;
    fn again(&mut self, error: &AppError) -> bool;
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

    fn again(&mut self, error: &AppError) -> bool {
        self.command.again(error)
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
    counted: Arc<Counted>,
}

/// How much was written since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writes {
    /// Transactions that were committed.
    pub batches: u64,
    /// Commands in them: over `batches` it says how well the group commit groups.
    pub commands: u64,
}

/// What the writer says about itself.
#[derive(Debug, Default)]
struct Counted {
    batches: AtomicU64,
    commands: AtomicU64,
    /// Why the last batch could not be kept; `None`: it could.
    failing: Mutex<Option<String>>,
    /// Why nothing may be written any more, if so.
    closed: OnceLock<String>,
}

impl Counted {
    fn count(&self, commands: usize) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.commands.fetch_add(commands as u64, Ordering::Relaxed);
    }

    fn fails(&self, why: Option<String>) {
        *self.failing.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }

    fn close(&self, reason: &str) {
        if self.closed.set(reason.to_owned()).is_ok() {
            tracing::error!("NOTHING IS WRITTEN ANY MORE: {reason}");
        }
    }

    fn failing(&self) -> Option<String> {
        self.failing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A batch that was not kept: what its senders are told, and why for the operator.
struct Failed {
    told: AppError,
    why: String,
}

impl From<AppError> for Failed {
    fn from(error: AppError) -> Self {
        Self { why: error.to_string(), told: error }
    }
}

/// The scope of facts that are about nothing but the disk.
const PROBE: &str = "probe";

/// Writes for the sake of writing: whether it works again.
struct Probe;

impl Command for Probe {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        unit.moved(PROBE);
        Ok(())
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("closed", &self.closed()).finish_non_exhaustive()
    }
}

impl Writer {
    /// Starts the writer task. With `closed` it refuses everything with that reason.
    #[must_use]
    pub fn start(db: Db, clock: Clock, closed: Option<String>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let counted = Arc::new(Counted::default());
        tokio::spawn(write(db, clock, waiting, Arc::clone(&counted)));
        let writer = Self { queue, counted };
        if let Some(reason) = closed {
            writer.close(&reason);
        }
        writer
    }

    /// How much was written since the start.
    #[must_use]
    pub fn writes(&self) -> Writes {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Writes { batches: of(&self.counted.batches), commands: of(&self.counted.commands) }
    }

    /// Why nothing may be written, if so.
    #[must_use]
    pub fn closed(&self) -> Option<&str> {
        self.counted.closed.get().map(String::as_str)
    }

    /// Writes nothing any more until the service is started anew, for this reason; the first one stands.
    pub(in crate::app) fn close(&self, reason: &str) {
        self.counted.close(reason);
    }

    /// Whether what is sent is kept. After a batch that was not, it tries again before it answers.
    pub async fn keeps(&self) -> Result<(), AppError> {
        if self.counted.failing().is_none() {
            return Ok(());
        }
        match self.submit(Probe).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.counted.failing().map_or(error, AppError::Unavailable)),
        }
    }

    /// Runs a command and waits for the commit.
    pub async fn submit<C: Command>(&self, command: C) -> Result<C::Out, AppError> {
        if let Some(reason) = self.closed() {
            return Err(AppError::ReadOnly(reason.to_owned()));
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

async fn write(
    db: Db,
    clock: Clock,
    mut waiting: mpsc::Receiver<Box<dyn Work>>,
    counted: Arc<Counted>,
) {
    let mut batch: Vec<Box<dyn Work>> = Vec::with_capacity(BATCH);
    let mut doubtful = false;
    let mut seen = Seen::default();
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        if doubtful {
            doubtful = !forget(&db).await;
        }
        let fate = match write_batch(&db, clock.now(), &mut batch, &mut seen).await {
            Ok(wrote) => {
                counted.count(batch.len());
                if wrote {
                    counted.fails(None);
                }
                Ok(())
            }
            Err(failed) => {
                tracing::error!(why = %failed.why, "a batch was not kept; its connection is thrown away");
                counted.fails(Some(failed.why));
                if let AppError::ReadOnly(reason) = &failed.told {
                    counted.close(reason);
                }
                doubtful = !forget(&db).await;
                Err(failed.told)
            }
        };
        for work in batch.drain(..) {
            work.answer(&fate);
        }
    }
}

/// Whatever failed, nothing on that connection may be believed any more. Where the database is not in its place, a new
/// connection could open another one: then this waits until it is, and gives `false`.
async fn forget(db: &Db) -> bool {
    let in_place = db.is_in_place().is_ok();
    if in_place {
        db.forget_writer().await;
    }
    in_place
}

async fn write_batch(
    db: &Db,
    now: Time,
    batch: &mut [Box<dyn Work>],
    seen: &mut Seen,
) -> Result<bool, Failed> {
    db.is_in_place().map_err(AppError::from)?;
    let mut unit = Unit::begin(db, now).await?;
    seen.check(&mut unit.tx, &unit.frontier).await?;
    for work in batch {
        if let Err(error) = run_alone(&mut unit, work.as_mut()).await? {
            let error = if work.again(&error) {
                run_alone(&mut unit, work.as_mut()).await?.err()
            } else {
                Some(error)
            };
            if let Some(error) = error {
                work.fail(error);
            }
        }
    }
    let wrote = unit.seal().await?;
    // Looked at after the commit as well: what was committed into a file that is gone was not kept.
    let committed = unit.tx.commit().await.and_then(|()| db.is_in_place());
    committed.map_err(|error| Failed { told: AppError::Ambiguous, why: error.to_string() })?;
    seen.committed(unit.frontier);
    Ok(wrote)
}

/// Runs one command in a savepoint of its own. The outer error: the database gave the whole transaction up (a full
/// disk), so nothing is kept of anybody.
async fn run_alone(unit: &mut Unit, work: &mut dyn Work) -> Result<Result<(), AppError>, AppError> {
    let mark = unit.mark().await?;
    let done = AssertUnwindSafe(work.run(unit)).catch_unwind().await;
    let done = done.unwrap_or_else(|_| Err(AppError::internal("a command panicked", &"")));
    if done.is_err() {
        unit.back_to(mark).await?;
    }
    Ok(done)
}
