//! The full verification: every entry, hash, checkpoint and cosignature, anew.

use std::collections::BTreeMap;
use std::num::NonZero;

use super::rotations;
use crate::app::{Action, App, AppError, Caller, Command, Unit};
use crate::domain::Time;
use crate::ledger::epoch::{self, Epochs};
use crate::ledger::tree::{Frontier, Hash, TileHash, leaf_hash};
use crate::ledger::verify::{Fault, StoredEntry, Verifier};
use crate::store::ledger::{CheckpointRow, EntryRow};
use crate::store::witnesses::CosignatureRow;
use crate::store::{self, StoreError, Tx};

/// Entries read at once when the whole ledger is verified: enough to be fast, little enough to stay small.
const PAGE: i64 = 2000;

/// The highest level of tiles: 256⁷ entries are more than any ledger has.
const HIGHEST: u8 = 6;

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
            // Where the head is broken nothing can be written; what was found is told all the same.
            if let Err(error) = self.writer().submit(keep).await {
                tracing::warn!(%error, "how the verification ended could not be kept");
            }
        }
        Ok(found)
    }

    async fn verify_stream(
        &self,
        progress: &mut impl FnMut(u64, u64),
    ) -> Result<Verification, AppError> {
        let rotated = self.signer().known_rotations();
        let damage = self.db().damage().await?;
        let mut faults: Vec<String> =
            damage.iter().map(|line| format!("the database's file is damaged: {line}")).collect();
        let mut tx = self.db().read().await?;
        let (size, head) = match store::ledger::head(&mut tx).await {
            // It is looked at last, and named then.
            Err(StoreError::Inconsistent { .. }) => (0, String::new()),
            head => head?,
        };
        let mut verifier = Verifier::with_tiles();
        let epochs = self.known_epochs(&mut tx, rotated, &mut faults).await?;
        let checkpoints = store::ledger::checkpoints(&mut tx).await?;
        announce_checkpoints(&checkpoints, &epochs, &mut verifier, &mut faults);
        let cosignatures = store::witnesses::cosignatures(&mut tx).await?;
        faults.extend(wrong_cosignatures(&checkpoints, &cosignatures));
        faults.extend(strays(&mut tx).await?);
        loop {
            let from = verifier.next();
            // Somebody gave an entry the largest index there is: the database has no place behind it.
            if i64::try_from(from).is_err() {
                break;
            }
            let rows = store::ledger::entries(&mut tx, from, PAGE).await?;
            if rows.is_empty() {
                break;
            }
            announce_tiles(&mut tx, &mut verifier, from, PAGE.unsigned_abs()).await?;
            check_rows(&mut verifier, &rows, &mut faults);
            progress(verifier.next(), size);
        }
        announce_tiles_beyond(&mut tx, &mut verifier).await?;
        Ok(conclude(verifier, size, &head, faults))
    }

    /// The epochs of the key; where the rotations are not in order that is a fault, and the key in use has to do. So it is
    /// where there are fewer than were known before the transaction began.
    async fn known_epochs(
        &self,
        tx: &mut Tx,
        rotated: usize,
        faults: &mut Vec<String>,
    ) -> Result<Epochs, AppError> {
        let why = match self.epochs(tx).await {
            Err(AppError::ReadOnly(why)) => why,
            Err(AppError::Unavailable(_)) if rotations(tx).await?.len() < rotated => format!(
                "the ledger's key was rotated {rotated} times, and not so many entries of kind `{}` are there",
                epoch::KIND
            ),
            epochs => return epochs,
        };
        faults.push(why);
        let key = self.signer().key();
        Epochs::of(Vec::new(), key.verifier())
            .map_err(|error| AppError::internal("the ledger's key", &error))
    }

    /// When the ledger was last verified: at, size, holds, the sentence.
    pub async fn latest_verification(
        &self,
        caller: &Caller,
    ) -> Result<Option<(Time, u64, bool, String)>, AppError> {
        caller.may(Action::ReadLedger, None)?;
        let mut tx = self.db().read().await?;
        Self::last_verification(&mut tx).await
    }

    /// The same within a transaction.
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

fn announce_checkpoints(
    checkpoints: &[CheckpointRow],
    epochs: &Epochs,
    verifier: &mut Verifier,
    faults: &mut Vec<String>,
) {
    for (size, note, _) in checkpoints {
        match epochs.open(note.as_bytes()) {
            Ok(head) if head.size == store::unsigned(*size) => {
                let fault = verifier.expect_head(head.size, head.root).err();
                faults.extend(fault.map(|fault| fault.to_string()));
            }
            Ok(head) => faults
                .push(format!("the checkpoint stored for size {size} is of size {}", head.size)),
            Err(error) => faults.push(format!("the checkpoint of size {size}: {error}")),
        }
    }
}

/// Cosignatures that do not fit the checkpoint they are stored with.
fn wrong_cosignatures(checkpoints: &[CheckpointRow], rows: &[CosignatureRow]) -> Vec<String> {
    let notes: BTreeMap<i64, &str> =
        checkpoints.iter().map(|(size, note, _)| (*size, note.as_str())).collect();
    let wrong = rows.iter().filter_map(|row| {
        let size = row.size;
        let note = notes.get(&size).copied();
        let why =
            note.map_or(Err("there is no such checkpoint".to_owned()), |note| row.check(note));
        let named = row.witness.chars().take(300).collect::<String>();
        why.err().map(|why| {
            format!("the cosignature of {named} for the checkpoint of size {size}: {why}")
        })
    });
    wrong.collect()
}

/// Announces the stored tile hashes that become final among the next entries.
async fn announce_tiles(
    tx: &mut Tx,
    verifier: &mut Verifier,
    from: u64,
    count: u64,
) -> Result<(), AppError> {
    for level in 1..=HIGHEST {
        let width = 1_u64 << (8 * u32::from(level));
        let (first, before) = (from / width, (from + count) / width);
        if first == before && level > 1 {
            break;
        }
        for (place, bytes) in store::ledger::tile_hashes(tx, level, first, before).await? {
            // What is no hash is no hash of this tile either: its hash stands for it, and will be named.
            let hash = Hash::from_slice(&bytes).unwrap_or_else(|| leaf_hash(&bytes));
            verifier.expect_tile(TileHash { level, index: store::unsigned(place), hash });
        }
    }
    Ok(())
}

/// Announces stored tile hashes over entries that are not there.
async fn announce_tiles_beyond(tx: &mut Tx, verifier: &mut Verifier) -> Result<(), AppError> {
    for level in 1..=HIGHEST {
        let first = verifier.next() >> (8 * u32::from(level));
        for (_, place) in store::strays::hashes_from(tx, level, first).await? {
            let hash = Frontier::new().root();
            verifier.expect_tile(TileHash { level, index: store::unsigned(place), hash });
        }
    }
    Ok(())
}

/// Rows at places that no reader of the ledger asks for.
async fn strays(tx: &mut Tx) -> Result<Vec<String>, AppError> {
    let entries = store::strays::entries(tx).await?;
    let entries = entries
        .iter()
        .map(|index| format!("a row of ledger_entry has the index {index}, which no entry has"));
    let mut faults: Vec<String> = entries.collect();
    for (level, index) in store::strays::hashes(tx, HIGHEST).await? {
        faults.push(format!(
            "a row of ledger_hash is hash {index} of tile level {level}, and there is no such hash"
        ));
    }
    Ok(faults)
}

fn check_rows(verifier: &mut Verifier, rows: &[EntryRow], faults: &mut Vec<String>) {
    /// Beyond so many faults the rest is not worth a line each.
    const MOST: usize = 1000;
    let mut found = Vec::new();
    let mut entries = Vec::with_capacity(rows.len());
    for (index, kind, bytes, leaf) in rows {
        let index = store::unsigned(*index);
        let stored = Hash::from_slice(leaf).unwrap_or_else(|| {
            found.push(format!("entry {index}: its stored leaf hash is not 32 bytes"));
            leaf_hash(bytes)
        });
        entries.push(StoredEntry { index, kind: Some(kind), bytes, leaf: stored });
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
        Err(Fault::Head { .. }) => {
            faults.push("the ledger's head has another root than its entries give".to_owned());
            (0, 0)
        }
        Err(fault) => {
            faults.push(fault.to_string());
            (0, 0)
        }
    };
    Verification { size, root, checkpoints, tiles, faults }
}
