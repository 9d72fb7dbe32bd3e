//! One writer, group commit. Whatever has queued goes into one transaction, with a savepoint a command; one
//! fsync carries the whole batch, and everybody is answered after the commit.
//!
//! A command that fails takes back its own work and nobody else's. A command that panics is a command that
//! fails. A commit error is ambiguous (sem 11.8): the connection is thrown away, and nobody is told "kept". While
//! batches fail the service is not ready; it asks by itself whether writing works again.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::future::Future;

mod again;
mod batches;
mod evidence;
mod seen;

pub use self::batches::{Writer, Writes};
pub(super) use self::evidence::Document;
use super::AppError;
use crate::domain::{Account, Time};
use crate::ledger::entry::{Entry, Sealed};
use crate::ledger::sealed::Secret;
use crate::ledger::tree::Frontier;
use crate::store::deliveries::{self, DeliveryState};
use crate::store::jobs;
use crate::store::repositories::Repository;
use crate::store::{self, Db, Tx};

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
