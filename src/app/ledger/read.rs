//! Tiles, entries, receipts: the ledger as others read it (C2SP tlog-tiles, tlog-proof).

use super::{folded, stored_head};
use crate::app::{Action, App, AppError, Caller};
use crate::ledger::receipt::Receipt;
use crate::ledger::tile::{TileKind, TilePath, encode_entries, encode_hashes};
use crate::ledger::tree::{Hash, inclusion_plan};
use crate::store;

/// Checkpoints that are looked through for one with enough cosignatures: witnesses that lag further behind than this are
/// not waited for.
const LOOK_BACK: i64 = 8;

impl App {
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
        let note = match self.covering_checkpoint(index).await? {
            Some(note) => note,
            None => self.sign_checkpoint().await?,
        };
        let mut tx = self.db().read().await?;
        let head = self.epochs(&mut tx).await?.open(note.as_bytes());
        let head = head.map_err(|error| AppError::internal("the last checkpoint", &error))?;
        let plan = inclusion_plan(index, head.size)
            .map_err(|error| AppError::internal("a proof cannot be made", &error))?;
        let proof = folded(&mut tx, &plan).await?;
        let checkpoint = self.published(&mut tx, head.size, note).await?;
        Ok(Receipt { extra: None, index, proof, checkpoint })
    }

    /// The checkpoint for a receipt: the latest with enough cosignatures if it covers the entry, else the latest that
    /// does.
    async fn covering_checkpoint(&self, index: u64) -> Result<Option<String>, AppError> {
        let mut tx = self.db().read().await?;
        let covers = |size: i64| store::unsigned(size) > index;
        let recent = store::ledger::recent_checkpoints(&mut tx, LOOK_BACK).await?;
        for (size, note, _) in recent.iter().take_while(|(size, _, _)| covers(*size)) {
            if self.is_witnessed(&mut tx, store::unsigned(*size), note).await? {
                return Ok(Some(note.clone()));
            }
        }
        let latest = recent.into_iter().next().filter(|(size, _, _)| covers(*size));
        Ok(latest.map(|(_, note, _)| note))
    }
}
