//! One writer, group commit. Whatever has queued goes into one transaction, with a savepoint a command; one
//! fsync carries the whole batch, and everybody is answered after the commit.
//!
//! A command that fails takes back its own work and nobody else's. A command that panics is a command that
//! fails. A commit error is ambiguous (sem 11.8): the connection is thrown away, and nobody is told "kept". While
//! batches fail the service is not ready; it asks by itself whether writing works again.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};

mod again;
mod evidence;
mod seen;

pub(super) use self::evidence::Document;
use super::AppError;
use crate::clock::Clock;
use crate::domain::{Account, Time};
use crate::ledger::entry::{Entry, Sealed};
use crate::ledger::sealed::Secret;
use crate::ledger::tree::Frontier;
use crate::store::deliveries::{self, DeliveryState};
use crate::store::jobs;
use crate::store::repositories::Repository;
use crate::store::{self, Db, Tx};
use seen::Seen;

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

    /// Whether to run once more after an error or a panic, now that everything was taken back: for a command that can
    /// still do a part. Asked once.
    fn again(&mut self, _error: &AppError) -> bool {
        false
    }
}

/// The open transaction, with the ledger entries that will be appended at its end.
#[derive(Debug)]
pub struct Unit {
    tx: Tx,
    now: Time,
    frontier: Frontier,
    entries: Vec<(String, Sealed)>,
    moved: BTreeSet<String>,
    /// Work that follows, queued at the end: nobody claims it before the commit.
    work: Vec<((String, String), i64)>,
    /// Deliveries kept for the first time: source, when, state.
    new: Vec<(String, Time, DeliveryState)>,
    known: Known,
    /// Whether a place was marked in the transaction.
    marked: bool,
    /// When what is recorded is done again: the entries that have to come of it, in order.
    expected: Option<VecDeque<Recorded>>,
    /// What documents are salted by, once it was asked for.
    secret: Option<Secret>,
    /// Documents that the command that is done again kept then, by the digest of what they say.
    documents: HashMap<String, Document>,
}

/// An entry that was recorded: index, kind and bytes.
pub(super) type Recorded = (u64, String, Vec<u8>);

/// Rows that this batch has read or written already, by source and id there. Good until its end: whoever writes holds the
/// ledger's head, so nobody else writes meanwhile, on no node. Forgotten when anything is taken back.
#[derive(Debug, Default)]
struct Known {
    accounts: HashMap<(String, String), Account>,
    repositories: HashMap<(String, String), Repository>,
}

/// A place to come back to.
struct Mark {
    entries: usize,
    moved: BTreeSet<String>,
    work: usize,
    new: usize,
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
        Ok(Self {
            tx,
            now,
            frontier,
            entries: Vec::new(),
            moved: BTreeSet::new(),
            work: Vec::new(),
            new: Vec::new(),
            known: Known::default(),
            marked: false,
            expected: None,
            secret: None,
            documents: HashMap::new(),
        })
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
        if let Some(expected) = &mut self.expected {
            let next = expected.pop_front();
            super::rebuild::must_be(index, (kind, &sealed.bytes), next.as_ref())?;
        }
        self.entries.push((kind.to_owned(), sealed));
        Ok(index)
    }

    /// What the last entry of a kind says, also one that this batch will append.
    pub(super) async fn last_of(
        &mut self,
        kind: &str,
    ) -> Result<Option<serde_json::Map<String, serde_json::Value>>, AppError> {
        let pending = self.entries.iter().rev().find(|(of, _)| of == kind);
        let bytes = match pending {
            Some((_, sealed)) => Some(sealed.bytes.clone()),
            None => match store::recorded::last(&mut self.tx, kind, 0).await? {
                Some(index) => {
                    store::ledger::entry(&mut self.tx, index).await?.map(|(_, bytes, _)| bytes)
                }
                None => None,
            },
        };
        Ok(bytes.and_then(|bytes| Some(Entry::open(&bytes).ok()?.body)))
    }

    /// Says that facts of a scope (a repository's id, or everywhere) moved: remembered answers are asked anew.
    pub fn moved(&mut self, scope: &str) {
        self.moved.insert(scope.to_owned());
    }

    /// Queues work to be done after the commit, once for a kind and key, not before an instant (microseconds).
    pub fn enqueue(&mut self, kind: &str, key: &str, run_at: i64) {
        self.work.push(((kind.to_owned(), key.to_owned()), run_at));
    }

    /// Counts a delivery that was kept for the first time.
    pub fn count_delivery(&mut self, source: &str, received_at: Time, state: DeliveryState) {
        self.new.push((source.to_owned(), received_at, state));
    }

    /// Keeps an account with the login it was last seen under, unless this batch did so last.
    pub async fn note_account(&mut self, source: &str, account: &Account) -> Result<(), AppError> {
        let key = (source.to_owned(), account.id.clone());
        if self.known.accounts.get(&key) != Some(account) {
            store::accounts::put(&mut self.tx, source, account).await?;
            self.known.accounts.insert(key, account.clone());
        }
        Ok(())
    }

    /// The repository of a forge's id, if this batch has met it.
    pub(super) fn known_repository(&self, source: &str, external: &str) -> Option<&Repository> {
        self.known.repositories.get(&(source.to_owned(), external.to_owned()))
    }

    /// Remembers a repository as it is in the database, until the batch ends.
    pub(super) fn know_repository(&mut self, external: &str, repository: &Repository) {
        let key = (repository.source.clone(), external.to_owned());
        self.known.repositories.insert(key, repository.clone());
    }

    /// Forgets the rows that this batch knows: they were rewritten.
    pub(super) fn forget_rows(&mut self) {
        self.known = Known::default();
    }

    /// Marks the place that is reached; what was written before it is kept, whatever becomes of what follows.
    async fn mark(&mut self) -> Result<Mark, AppError> {
        if self.marked {
            self.tx.next_savepoint().await?;
        } else {
            self.tx.savepoint().await?;
        }
        self.marked = true;
        Ok(Mark {
            entries: self.entries.len(),
            moved: self.moved.clone(),
            work: self.work.len(),
            new: self.new.len(),
        })
    }

    async fn back_to(&mut self, mark: Mark) -> Result<(), AppError> {
        self.entries.truncate(mark.entries);
        self.work.truncate(mark.work);
        self.new.truncate(mark.new);
        self.moved = mark.moved;
        self.known = Known::default();
        Ok(self.tx.rollback_to_savepoint().await?)
    }

    async fn queue_and_count(&mut self) -> Result<(), AppError> {
        let mut queue = jobs::Queue::new();
        for (work, run_at) in self.work.drain(..) {
            let first = queue.entry(work).or_insert(run_at);
            *first = run_at.min(*first);
        }
        jobs::enqueue_all(&mut self.tx, &queue).await?;
        let mut new = deliveries::New::default();
        for (source, received_at, state) in self.new.drain(..) {
            new.count(&source, received_at, state);
        }
        Ok(deliveries::count_new(&mut self.tx, &new).await?)
    }

    /// Appends the entries, moves the head and the counters. `false`: there were none, so that a commit proves nothing
    /// about the disk.
    async fn seal(&mut self) -> Result<bool, AppError> {
        if std::mem::take(&mut self.marked) {
            self.tx.release().await?;
        }
        let wrote = !(self.moved.is_empty() && self.entries.is_empty() && self.work.is_empty());
        for scope in std::mem::take(&mut self.moved) {
            store::versions::bump(&mut self.tx, &scope).await?;
        }
        self.queue_and_count().await?;
        if self.entries.is_empty() {
            return Ok(wrote);
        }
        let entries = std::mem::take(&mut self.entries);
        let rows: Vec<_> = (self.frontier.size()..)
            .zip(&entries)
            .map(|(index, (kind, sealed))| store::ledger::NewEntry {
                index,
                kind,
                bytes: &sealed.bytes,
                leaf: sealed.leaf_hash.as_bytes(),
            })
            .collect();
        store::ledger::append_all(&mut self.tx, &rows).await?;
        for (_, sealed) in &entries {
            for complete in self.frontier.append(sealed.leaf_hash) {
                let hash = complete.hash.as_bytes();
                store::ledger::add_hash(&mut self.tx, complete.level, complete.index, hash).await?;
            }
        }
        let (size, frontier) = (self.frontier.size(), self.frontier.to_string());
        store::ledger::set_head(&mut self.tx, size, &frontier).await?;
        Ok(wrote)
    }
}

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
    pub(super) fn close(&self, reason: &str) {
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
