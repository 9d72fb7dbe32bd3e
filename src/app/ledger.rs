//! The ledger as a service: checkpoints, tiles, entries, receipts; the check at start; the full verification.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Mutex;

use super::{Action, App, AppError, Caller, Command, Unit, keyfile};
use crate::domain::Time;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::key::SigningKey;
use crate::ledger::receipt::Receipt;
use crate::ledger::tile::{TileKind, TilePath, encode_entries, encode_hashes};
use crate::ledger::tree::{
    Frontier, Hash, Node, Plan, TileHash, inclusion_plan, leaf_hash, node_sources, root_plan,
};
use crate::ledger::verify::Verifier;
use crate::store::ledger::EntryRow;
use crate::store::{self, Tx};

/// Entries read at once when the whole ledger is verified: enough to be fast, little enough to stay small.
const PAGE: i64 = 2000;

/// The key that signs, where the last signed head is kept, and the turn to sign.
#[derive(Debug)]
pub struct Signer {
    key: SigningKey,
    key_file: PathBuf,
    turn: Mutex<()>,
}

impl Signer {
    /// A signer with the key of a file.
    #[must_use]
    pub fn new(key: SigningKey, key_file: PathBuf) -> Self {
        Self { key, key_file, turn: Mutex::new(()) }
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }
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

async fn node(tx: &mut Tx, node: Node) -> Result<Hash, AppError> {
    let range = node_sources(node);
    let before = range.first + u64::from(range.count);
    let rows = store::ledger::hashes(tx, range.tile_level, range.first, before).await?;
    let hashes: Option<Vec<Hash>> = rows.iter().map(|bytes| Hash::from_slice(bytes)).collect();
    hashes
        .and_then(|hashes| node.fold(&hashes).ok())
        .ok_or_else(|| AppError::internal("the ledger's hashes have a gap", &range.first))
}

pub(crate) async fn folded(tx: &mut Tx, plan: &Plan) -> Result<Vec<Hash>, AppError> {
    let mut hashes = Vec::new();
    for needed in plan.nodes() {
        hashes.push(node(tx, needed).await?);
    }
    plan.fold(&hashes).map_err(|error| AppError::internal("a proof cannot be made", &error))
}

/// The frontier that the stored hashes give for a size, whatever the head says.
pub(crate) async fn frontier_at(tx: &mut Tx, size: u64) -> Result<Frontier, AppError> {
    let mut peaks = Vec::new();
    for needed in root_plan(size).nodes() {
        peaks.push(node(tx, needed).await?);
    }
    Frontier::from_peaks(size, peaks)
        .map_err(|error| AppError::internal("the ledger's hashes do not fit", &error))
}

/// At start: the store must reach as far as what was signed before, and agree with it; else nothing may be
/// written (sem 11.9). `Some`: why.
pub(crate) async fn check_at_start(
    db: &store::Db,
    signer: &Signer,
) -> Result<Option<String>, AppError> {
    let note = keyfile::read_head(&signer.key_file)
        .map_err(|error| AppError::Unavailable(error.to_string()))?;
    let Some(note) = note else { return Ok(None) };
    let keys = std::slice::from_ref(signer.key.verifier());
    let head = match Checkpoint::open(note.as_bytes(), signer.key.name(), keys) {
        Ok(head) => head,
        Err(error) => {
            return Ok(Some(format!(
                "the last signed head in {} cannot be trusted: {error}",
                keyfile::head_path(&signer.key_file).display()
            )));
        }
    };
    let mut tx = db.read().await?;
    let stored = stored_head(&mut tx).await?;
    if stored.size() < head.size {
        return Ok(Some(format!(
            "the database's ledger has {} entries, but a head of {} was signed before: an older copy was \
             restored. Restore a newer one; if the entries are lost for good, keep this database and {} for the \
             auditor, and begin a new ledger: an empty database, another ledger.origin, another signing_key_file",
            stored.size(),
            head.size,
            keyfile::head_path(&signer.key_file).display()
        )));
    }
    let then = frontier_at(&mut tx, head.size).await?;
    if then.root() != head.root {
        return Ok(Some(format!(
            "the database's ledger differs from the head of {} entries that was signed before; run \
             `countersign verify` to see where",
            head.size
        )));
    }
    Ok(None)
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

struct KeepVerification {
    size: u64,
    holds: bool,
    what: String,
}

impl Command for KeepVerification {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let at = unit.now().micros();
        let (size, holds) = (self.size, self.holds);
        Ok(store::ledger::add_verification(unit.tx(), at, size, holds, &self.what).await?)
    }
}

/// What a full verification found.
#[derive(Debug, Clone)]
pub struct Verification {
    /// Entries.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// Checkpoints whose root was computed anew.
    pub checkpoints: u64,
    /// Stored tile hashes that were computed anew.
    pub tiles: u64,
    /// Everything that is wrong, with its place; empty: it holds.
    pub faults: Vec<String>,
}

impl App {
    /// The ledger's public key, as a C2SP verifier key.
    #[must_use]
    pub fn verifier_key(&self) -> String {
        self.signer().key.verifier().to_string()
    }

    /// The latest checkpoint, signed now if entries came since the last.
    ///
    /// Signed over committed entries only. Everything that came since the last signed head is hashed again first,
    /// and the new tree must contain the old one.
    pub async fn checkpoint(&self, caller: &Caller) -> Result<String, AppError> {
        caller.may(Action::ReadLedger, None)?;
        self.sign_checkpoint().await
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
        self.check_growth(&mut tx, last.map(|(_, note, _)| note), &stored).await?;
        drop(tx);
        let (size, note) = self.sign_in_turn(&stored)?;
        self.writer().submit(KeepCheckpoint { size, note: note.clone() }).await?;
        Ok(note)
    }

    /// Hashes the entries since the last checkpoint again, onto the tree of that checkpoint.
    async fn check_growth(
        &self,
        tx: &mut Tx,
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
                let keys = std::slice::from_ref(self.signer().key.verifier());
                let head = Checkpoint::open(note.as_bytes(), self.signer().key.name(), keys)
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
        Err(refuse(
            "the entries do not hash to the ledger's head; run `countersign verify`".to_owned(),
        ))
    }

    /// Signs, unless a larger head was signed meanwhile: then it is that one. Keeps the head outside the database
    /// first. Gives the note with the size that it speaks of, which may be larger than what was read.
    fn sign_in_turn(&self, stored: &Frontier) -> Result<(u64, String), AppError> {
        let signer = self.signer();
        let _turn = signer.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let unavailable = |error: keyfile::KeyFileError| AppError::Unavailable(error.to_string());
        if let Some(note) = keyfile::read_head(&signer.key_file).map_err(unavailable)? {
            let keys = std::slice::from_ref(signer.key.verifier());
            let head = Checkpoint::open(note.as_bytes(), signer.key.name(), keys)
                .map_err(|error| AppError::ReadOnly(format!("the last signed head: {error}")))?;
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
        let checkpoint = Checkpoint::new(signer.key.name(), stored.size(), stored.root());
        let note = checkpoint
            .sign(&signer.key)
            .map_err(|error| AppError::internal("a checkpoint cannot be signed", &error))?;
        keyfile::write_head(&signer.key_file, &note).map_err(unavailable)?;
        Ok((checkpoint.size, note))
    }

    /// A tile by its path below `/ledger/` (C2SP tlog-tiles).
    pub async fn tile(&self, caller: &Caller, path: &str) -> Result<Vec<u8>, AppError> {
        caller.may(Action::ReadLedger, None)?;
        let tile: TilePath =
            path.parse().map_err(|error| AppError::NotFound(format!("{error}")))?;
        let mut tx = self.db().read().await?;
        let size = stored_head(&mut tx).await?.size();
        if !tile.is_within(size) {
            return Err(AppError::NotFound(format!(
                "{path} is not complete in a ledger of {size} entries"
            )));
        }
        let (first, width) = (tile.first(), u64::from(tile.width));
        match tile.kind {
            TileKind::Hashes(level) => {
                let rows = store::ledger::hashes(&mut tx, level, first, first + width).await?;
                Ok(rows.concat()).and_then(|bytes: Vec<u8>| {
                    let hashes: Option<Vec<Hash>> =
                        bytes.chunks(32).map(Hash::from_slice).collect();
                    hashes
                        .filter(|hashes| hashes.len() as u64 == width)
                        .map(|hashes| encode_hashes(&hashes))
                        .ok_or_else(|| AppError::internal("a tile has a gap", &path))
                })
            }
            TileKind::Entries => {
                let rows = store::ledger::entries(&mut tx, first, i64::from(tile.width)).await?;
                encode_entries(rows.iter().map(|(_, _, bytes, _)| bytes.as_slice()))
                    .map_err(|error| AppError::internal("entries do not fit a bundle", &error))
            }
        }
    }

    /// One entry: kind and bytes as they are hashed.
    pub async fn entry(&self, caller: &Caller, index: u64) -> Result<(String, Vec<u8>), AppError> {
        caller.may(Action::ReadLedger, None)?;
        let mut tx = self.db().read().await?;
        if let Some((kind, bytes, _)) = store::ledger::entry(&mut tx, index).await? {
            return Ok((kind, bytes));
        }
        let size = stored_head(&mut tx).await?.size();
        Err(AppError::NotFound(format!(
            "there is no entry {index}: the ledger has {size} entries, from 0"
        )))
    }

    /// A receipt for an entry, under a checkpoint that covers it.
    pub async fn receipt(&self, caller: &Caller, index: u64) -> Result<Receipt, AppError> {
        self.entry(caller, index).await?;
        let mut tx = self.db().read().await?;
        let last = store::ledger::latest_checkpoint(&mut tx).await?;
        drop(tx);
        let covered = |size: i64| u64::try_from(size).is_ok_and(|size| size > index);
        let note = match last {
            Some((size, note, _)) if covered(size) => note,
            _ => self.sign_checkpoint().await?,
        };
        let keys = std::slice::from_ref(self.signer().key.verifier());
        let head = Checkpoint::open(note.as_bytes(), self.signer().key.name(), keys)
            .map_err(|error| AppError::internal("the last checkpoint", &error))?;
        let plan = inclusion_plan(index, head.size)
            .map_err(|error| AppError::internal("a proof cannot be made", &error))?;
        let mut tx = self.db().read().await?;
        let proof = folded(&mut tx, &plan).await?;
        Ok(Receipt { extra: None, index, proof, checkpoint: note })
    }

    /// Verifies the whole ledger against its hashes, head and checkpoints, and keeps how it ended. `progress` is told
    /// how many entries of how many were read.
    pub async fn verify_ledger(
        &self,
        caller: &Caller,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Verification, AppError> {
        caller.may(Action::ReadLedger, None)?;
        let found = self.verify_stream(&mut progress).await?;
        if self.writer().closed().is_none() {
            let what = match found.faults.first() {
                None => format!("{} checkpoints, {} tile hashes", found.checkpoints, found.tiles),
                Some(first) => format!("{} faults, the first: {first}", found.faults.len()),
            };
            let keep = KeepVerification { size: found.size, holds: found.faults.is_empty(), what };
            self.writer().submit(keep).await?;
        }
        Ok(found)
    }

    async fn verify_stream(
        &self,
        progress: &mut impl FnMut(u64, u64),
    ) -> Result<Verification, AppError> {
        let mut tx = self.db().read().await?;
        let (size, head) = store::ledger::head(&mut tx).await?;
        let mut verifier = Verifier::with_tiles();
        let mut faults = Vec::new();
        self.announce_checkpoints(&mut tx, &mut verifier, &mut faults).await?;
        loop {
            let from = verifier.next();
            let rows = store::ledger::entries(&mut tx, from, PAGE).await?;
            if rows.is_empty() {
                break;
            }
            announce_tiles(&mut tx, &mut verifier, from, PAGE.unsigned_abs()).await?;
            check_rows(&mut verifier, &rows, &mut faults);
            progress(verifier.next(), size);
        }
        Ok(conclude(verifier, size, &head, faults))
    }

    async fn announce_checkpoints(
        &self,
        tx: &mut Tx,
        verifier: &mut Verifier,
        faults: &mut Vec<String>,
    ) -> Result<(), AppError> {
        let keys = std::slice::from_ref(self.signer().key.verifier());
        for (size, note, _) in store::ledger::checkpoints(tx).await? {
            match Checkpoint::open(note.as_bytes(), self.signer().key.name(), keys) {
                Ok(head) if i64::try_from(head.size).ok() == Some(size) => {
                    faults.extend(
                        verifier.expect_head(head.size, head.root).err().map(|f| f.to_string()),
                    );
                }
                Ok(head) => faults.push(format!(
                    "the checkpoint stored for size {size} is of size {}",
                    head.size
                )),
                Err(error) => faults.push(format!("the checkpoint of size {size}: {error}")),
            }
        }
        Ok(())
    }

    /// When the ledger was last verified: at, size, holds, the sentence.
    pub(crate) async fn last_verification(
        tx: &mut Tx,
    ) -> Result<Option<(Time, u64, bool, String)>, AppError> {
        let row = store::ledger::latest_verification(tx).await?;
        row.map(|(at, size, holds, what)| {
            let at = store::time("verification", "finished_at", "latest", at)?;
            Ok((at, store::unsigned(size), holds != 0, what))
        })
        .transpose()
    }
}

/// Announces the stored tile hashes that become final among the next entries.
async fn announce_tiles(
    tx: &mut Tx,
    verifier: &mut Verifier,
    from: u64,
    count: u64,
) -> Result<(), AppError> {
    for level in 1..=6_u8 {
        let width = 1_u64 << (8 * u32::from(level));
        let (first, before) = (from / width, (from + count) / width);
        if first == before && level > 1 {
            break;
        }
        let rows = store::ledger::hashes(tx, level, first, before).await?;
        for (place, bytes) in (first..).zip(rows) {
            if let Some(hash) = Hash::from_slice(&bytes) {
                verifier.expect_tile(TileHash { level, index: place, hash });
            }
        }
    }
    Ok(())
}

fn check_rows(verifier: &mut Verifier, rows: &[EntryRow], faults: &mut Vec<String>) {
    /// Beyond so many faults the rest is not worth a line each.
    const MOST: usize = 1000;
    let mut found = Vec::new();
    let mut entries = Vec::with_capacity(rows.len());
    for (index, _, bytes, leaf) in rows {
        let index = store::unsigned(*index);
        let stored = Hash::from_slice(leaf).unwrap_or_else(|| {
            found.push(format!("entry {index}: its stored leaf hash is not 32 bytes"));
            leaf_hash(bytes)
        });
        entries.push((index, bytes.as_slice(), stored));
    }
    let threads = std::thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    found.extend(verifier.push_all(&entries, threads).iter().map(ToString::to_string));
    found.truncate(MOST.saturating_sub(faults.len()));
    faults.append(&mut found);
}

fn conclude(verifier: Verifier, size: u64, head: &str, mut faults: Vec<String>) -> Verification {
    let stored = head.parse::<Frontier>().ok().filter(|frontier| frontier.size() == size);
    let Some(stored) = stored else {
        faults.push("the ledger's head cannot be read".to_owned());
        let root = Frontier::new().root();
        return Verification { size, root, checkpoints: 0, tiles: 0, faults };
    };
    let root = stored.root();
    let (checkpoints, tiles) = match verifier.finish(size, root) {
        Ok(done) => {
            if done.frontier != stored {
                faults.push("the ledger's head differs from its entries".to_owned());
            }
            (done.heads_checked, done.tiles_checked)
        }
        Err(fault) => {
            faults.push(fault.to_string());
            (0, 0)
        }
    };
    Verification { size, root, checkpoints, tiles, faults }
}
