//! Checkpoints: signed on demand and at an interval, over committed entries only, kept and listed.

use super::{frontier_at, stored_head};
use crate::app::{Action, App, AppError, Caller, Command, Unit, keyfile};
use crate::domain::Time;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::epoch::Epochs;
use crate::ledger::tree::{Frontier, MAX_SIZE, leaf_hash};
use crate::store::{self, Tx};

/// Entries hashed again at once before a checkpoint is signed.
const PAGE: i64 = 2000;

/// Checkpoints in one list at the most.
const MOST_LISTED: u64 = 500;

/// A signed checkpoint in the list of them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CheckpointView {
    /// Entries.
    pub size: u64,
    /// The root over them, base64; empty if its signature does not hold.
    pub root: String,
    /// When it was signed.
    pub signed_at: Time,
    /// Whether the key of its size signed it.
    pub holds: bool,
    /// That key.
    pub key: String,
    /// The witnesses whose cosignature fits it, by their names in the configuration.
    pub cosigned_by: Vec<String>,
    /// Where its note is.
    pub url: String,
}

/// A page of checkpoints.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CheckpointsView {
    /// Largest first.
    pub items: Vec<CheckpointView>,
    /// The cursor of the next page; `None`: this is the last.
    pub next: Option<String>,
}

struct KeepCheckpoint {
    size: u64,
    note: String,
}

impl Command for KeepCheckpoint {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let at = unit.now().micros();
        Ok(store::ledger::add_checkpoint(unit.tx(), self.size, &self.note, at).await?)
    }
}

impl App {
    /// The latest checkpoint, signed now if entries came since the last.
    ///
    /// Signed over committed entries only. Everything that came since the last signed head is hashed again first,
    /// and the new tree must contain the old one.
    ///
    /// With the cosignatures of the witnesses, which are waited for a little.
    pub async fn checkpoint(&self, caller: &Caller) -> Result<String, AppError> {
        caller.may(Action::ReadLedger, None)?;
        let note = self.sign_checkpoint().await?;
        self.wait_for_witnesses().await;
        let mut tx = self.db().read().await?;
        let head = self.epochs(&mut tx).await?.open(note.as_bytes());
        let head = head.map_err(|error| AppError::internal("the last checkpoint", &error))?;
        self.published(&mut tx, head.size, note).await
    }

    /// The checkpoint of a size as it was published, with its cosignatures.
    pub async fn checkpoint_of(&self, caller: &Caller, size: u64) -> Result<String, AppError> {
        caller.may(Action::ReadLedger, None)?;
        let mut tx = self.db().read().await?;
        match store::ledger::checkpoint(&mut tx, size).await? {
            Some((_, note, _)) => self.published(&mut tx, size, note).await,
            None => Err(AppError::NotFound(format!(
                "no checkpoint of {size} entries was signed; `/api/v1/ledger/checkpoints` lists those that were"
            ))),
        }
    }

    /// The checkpoints that were signed, largest first: those below `before`.
    pub async fn checkpoints(
        &self,
        caller: &Caller,
        before: Option<u64>,
        limit: u64,
    ) -> Result<CheckpointsView, AppError> {
        caller.may(Action::ReadLedger, None)?;
        let mut tx = self.db().read().await?;
        let epochs = self.epochs(&mut tx).await?;
        let before = before.unwrap_or(MAX_SIZE + 1);
        let limit = limit.clamp(1, MOST_LISTED);
        let most = i64::try_from(limit + 1).unwrap_or(1);
        let mut rows = store::ledger::checkpoints_before(&mut tx, before, most).await?;
        let more = rows.len() as u64 > limit;
        rows.truncate(usize::try_from(limit).unwrap_or(rows.len()));
        let next = rows.last().filter(|_| more).map(|(size, _, _)| size.to_string());
        let mut items = Vec::with_capacity(rows.len());
        for (size, note, at) in rows {
            let size = store::unsigned(size);
            let head = epochs.open(note.as_bytes());
            items.push(CheckpointView {
                size,
                signed_at: store::time("checkpoint", "signed_at", &size.to_string(), at)?,
                holds: head.is_ok(),
                root: head.map(|head| head.root.to_base64()).unwrap_or_default(),
                key: epochs.key_of(size).to_string(),
                cosigned_by: self.cosigned_by(&mut tx, size, &note).await?,
                url: self.url(&format!("/api/v1/ledger/checkpoints/{size}")),
            });
        }
        Ok(CheckpointsView { items, next })
    }

    /// Signs a checkpoint of what is committed, unless the latest is of the same size.
    pub(crate) async fn sign_checkpoint(&self) -> Result<String, AppError> {
        if let Some(reason) = self.writer().closed() {
            return Err(AppError::ReadOnly(reason.to_owned()));
        }
        let mut tx = self.db().read().await?;
        let stored = stored_head(&mut tx).await?;
        let last = store::ledger::latest_checkpoint(&mut tx).await?;
        if let Some((size, note, _)) = &last
            && u64::try_from(*size).ok() == Some(stored.size())
        {
            return Ok(note.clone());
        }
        let epochs = self.epochs(&mut tx).await?;
        let last = last.map(|(_, note, _)| note);
        check_growth(&mut tx, &epochs, last, &stored).await?;
        self.check_continues(&mut tx, &epochs, &stored).await?;
        drop(tx);
        let (size, note) = self.sign_in_turn(&epochs, &stored)?;
        self.writer().submit(KeepCheckpoint { size, note: note.clone() }).await?;
        Ok(note)
    }

    /// The tree must begin with the last one that was signed, which is kept outside the database: where it does not,
    /// an older copy was put back while the service ran, and grew again. Nothing is written any more then.
    async fn check_continues(
        &self,
        tx: &mut Tx,
        epochs: &Epochs,
        stored: &Frontier,
    ) -> Result<(), AppError> {
        let last = self.signer().last_head(epochs)?;
        let Some((_, head)) = last.filter(|(_, head)| head.size <= stored.size()) else {
            return Ok(());
        };
        if frontier_at(tx, head.size).await?.root() == head.root {
            return Ok(());
        }
        let reason = format!(
            "the database's ledger differs from the head of {} entries that was signed before; nothing is written or \
             signed until the service is started again over a ledger that begins with them",
            head.size
        );
        self.writer().close(&reason);
        Err(AppError::ReadOnly(reason))
    }

    /// Signs, unless a larger head was signed meanwhile: then it is that one. Keeps the head outside the database
    /// first. Gives the note with the size that it speaks of, which may be larger than what was read.
    fn sign_in_turn(&self, epochs: &Epochs, stored: &Frontier) -> Result<(u64, String), AppError> {
        let (signer, key) = (self.signer(), self.signer().key());
        let _turn = signer.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((note, head)) = signer.last_head(epochs)? {
            if head.size == stored.size() && head.root != stored.root() {
                return Err(AppError::ReadOnly(format!(
                    "another ledger of {} entries was signed before",
                    head.size
                )));
            }
            if head.size >= stored.size() {
                return Ok((head.size, note));
            }
        }
        if epochs.key_of(stored.size()) != key.verifier() {
            let what = "the ledger's key was rotated a moment ago; ask again";
            return Err(AppError::Unavailable(what.to_owned()));
        }
        let checkpoint = Checkpoint::new(key.name(), stored.size(), stored.root());
        let note = checkpoint
            .sign(&key)
            .map_err(|error| AppError::internal("a checkpoint cannot be signed", &error))?;
        keyfile::write_head(&signer.key_file, &note)
            .map_err(|error| AppError::Unavailable(error.to_string()))?;
        Ok((checkpoint.size, note))
    }
}

/// Hashes the entries since the last checkpoint again, onto the tree of that checkpoint.
async fn check_growth(
    tx: &mut Tx,
    epochs: &Epochs,
    last: Option<String>,
    stored: &Frontier,
) -> Result<(), AppError> {
    let refuse = |what: String| {
        tracing::error!("{what}");
        AppError::ReadOnly(what)
    };
    let mut frontier = match last {
        None => Frontier::new(),
        Some(note) => {
            let head = epochs
                .open(note.as_bytes())
                .map_err(|error| refuse(format!("the last checkpoint: {error}")))?;
            let then = frontier_at(tx, head.size).await?;
            if then.root() != head.root {
                return Err(refuse(format!(
                    "the ledger's first {} entries are not those that were signed; nothing is signed until \
                     `countersign verify` holds",
                    head.size
                )));
            }
            then
        }
    };
    while frontier.size() < stored.size() {
        let rows = store::ledger::entries(tx, frontier.size(), PAGE).await?;
        for (index, _, bytes, _) in &rows {
            if u64::try_from(*index).ok() != Some(frontier.size()) {
                return Err(refuse(format!("entry {} is missing", frontier.size())));
            }
            frontier.append(leaf_hash(bytes));
        }
        if rows.is_empty() {
            return Err(refuse(format!("entry {} is missing", frontier.size())));
        }
    }
    if frontier.root() == stored.root() {
        return Ok(());
    }
    Err(refuse("the entries do not hash to the ledger's head; run `countersign verify`".to_owned()))
}
