//! The ledger as a service. Here is what all of it needs: the key with its epochs, the stored tree, proofs from it.

mod checkpoints;
mod read;
mod rotate;
mod start;
mod tiles;
mod verify;

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

pub use checkpoints::{CheckpointView, CheckpointsView};
pub use rotate::Rotated;
pub(crate) use start::check_at_start;
pub(crate) use tiles::Tiles;
pub use verify::Verification;

use super::{App, AppError, keyfile};
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::entry::Entry;
use crate::ledger::epoch::{self, Epochs, Rotation};
use crate::ledger::key::SigningKey;
use crate::ledger::tree::{Frontier, Hash, Plan, consistency_plan, root_plan};
use crate::store::{self, Tx};

/// The key that signs, where the last signed head is kept, and the turn to sign.
#[derive(Debug)]
pub struct Signer {
    key: RwLock<Arc<SigningKey>>,
    /// Rotations that led to the key in use. It moves before the key does.
    rotations: AtomicUsize,
    key_file: PathBuf,
    turn: Mutex<()>,
}

impl Signer {
    /// A signer with the key of a file.
    #[must_use]
    pub fn new(key: SigningKey, key_file: PathBuf) -> Self {
        Self {
            key: RwLock::new(Arc::new(key)),
            rotations: AtomicUsize::new(0),
            key_file,
            turn: Mutex::new(()),
        }
    }

    /// The key in use.
    #[must_use]
    pub fn key(&self) -> Arc<SigningKey> {
        Arc::clone(&self.key.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Rotations that this process knows of. A transaction that begins later finds as many, or the ledger was changed.
    pub(crate) fn known_rotations(&self) -> usize {
        self.rotations.load(Ordering::SeqCst)
    }

    /// The head that was signed last, with its note, from beside the key.
    fn last_head(&self, epochs: &Epochs) -> Result<Option<(String, Checkpoint)>, AppError> {
        let note = keyfile::read_head(&self.key_file)
            .map_err(|error| AppError::Unavailable(error.to_string()))?;
        let Some(note) = note else { return Ok(None) };
        let head = epochs
            .open(note.as_bytes())
            .map_err(|error| AppError::ReadOnly(format!("the last signed head: {error}")))?;
        Ok(Some((note, head)))
    }

    /// The epochs that the ledger's rotations make. Where another process rotated the key, its file holds the new one.
    pub(crate) async fn epochs(&self, tx: &mut Tx) -> Result<Epochs, AppError> {
        let rotations = rotations(tx).await?;
        let count = rotations.len();
        if Epochs::of(rotations.clone(), self.key().verifier()).is_err()
            && let Some(last) = rotations.last()
        {
            self.follow(last, count)?;
        }
        let epochs = Epochs::of(rotations, self.key().verifier()).map_err(|error| {
            AppError::ReadOnly(format!(
                "{error}. Nothing is signed until {} holds that key",
                self.key_file.display()
            ))
        })?;
        if self.rotations.fetch_max(count, Ordering::SeqCst) > count {
            let what = "the ledger's key was rotated a moment ago; ask again";
            return Err(AppError::Unavailable(what.to_owned()));
        }
        Ok(epochs)
    }

    /// Takes the key of the last rotation into use, if its file is there.
    fn follow(&self, last: &Rotation, count: usize) -> Result<(), AppError> {
        let origin = self.key().name().to_owned();
        let key = keyfile::after_rotation(&self.key_file, &origin, &last.new)
            .map_err(|error| AppError::Unavailable(error.to_string()))?;
        if let Some(key) = key {
            tracing::info!(key = %key.verifier(), "the ledger's key was rotated; the new one is in use");
            self.rotations.fetch_max(count, Ordering::SeqCst);
            *self.key.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
        }
        Ok(())
    }
}

/// The rotations that the ledger holds, in order, each checked by itself.
async fn rotations(tx: &mut Tx) -> Result<Vec<Rotation>, AppError> {
    /// More than anybody rotates by hand.
    const MOST: i64 = 10_000;
    let mut rotations = Vec::new();
    for (index, bytes) in
        store::ledger::of_kind(tx, epoch::KIND, i64::MAX.unsigned_abs(), MOST).await?
    {
        let refused = |why: String| {
            AppError::ReadOnly(format!(
                "entry {index} should rotate the ledger's key: {why}. Nothing is signed until `countersign verify` holds"
            ))
        };
        let entry = Entry::open(&bytes).map_err(|error| refused(error.to_string()))?;
        let note = entry.body.get("note").and_then(|note| note.as_str()).unwrap_or_default();
        let rotation: Rotation = note.parse().map_err(|error| refused(format!("{error}")))?;
        if i64::try_from(rotation.index).ok() != Some(index) || entry.kind != epoch::KIND {
            return Err(refused(format!("what both keys signed is entry {}", rotation.index)));
        }
        rotations.push(rotation);
    }
    rotations.reverse();
    Ok(rotations)
}

/// Size and root of the stored tree.
pub(crate) async fn stored_head(tx: &mut Tx) -> Result<Frontier, AppError> {
    let (size, frontier) = store::ledger::head(tx).await?;
    frontier
        .parse::<Frontier>()
        .ok()
        .filter(|frontier| frontier.size() == size)
        .ok_or_else(|| AppError::internal("the ledger's head cannot be read", &size))
}

pub(crate) async fn folded(tx: &mut Tx, plan: &Plan) -> Result<Vec<Hash>, AppError> {
    Tiles::default().folded(tx, plan).await
}

/// The proof that the tree of `from` entries is the beginning of the one of `to`.
pub(crate) async fn consistency(tx: &mut Tx, from: u64, to: u64) -> Result<Vec<Hash>, AppError> {
    let plan = consistency_plan(from, to)
        .map_err(|error| AppError::internal("a proof cannot be made", &error))?;
    folded(tx, &plan).await
}

/// The frontier that the stored hashes give for a size, whatever the head says.
pub(crate) async fn frontier_at(tx: &mut Tx, size: u64) -> Result<Frontier, AppError> {
    let (mut tiles, mut peaks) = (Tiles::default(), Vec::new());
    for needed in root_plan(size).nodes() {
        peaks.push(tiles.node(tx, needed).await?);
    }
    Frontier::from_peaks(size, peaks)
        .map_err(|error| AppError::internal("the ledger's hashes do not fit", &error))
}

impl App {
    /// The ledger's public key, as a C2SP verifier key.
    #[must_use]
    pub fn verifier_key(&self) -> String {
        self.signer().key().verifier().to_string()
    }

    /// Every key that the ledger had.
    pub(crate) async fn epochs(&self, tx: &mut Tx) -> Result<Epochs, AppError> {
        self.signer().epochs(tx).await
    }
}
