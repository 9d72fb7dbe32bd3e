//! Proofs for many entries: neighbours need the same hashes, so tiles that were read are kept for a while.

use std::collections::HashMap;

use crate::app::AppError;
use crate::ledger::tree::{Hash, Node, Plan, TileRange, inclusion_plan, node_sources};
use crate::store::{self, Tx};

/// Hashes of a tile.
const WIDTH: u64 = 256;
/// Tiles that are kept: some 8 MB.
const KEPT: usize = 1000;

/// Hashes of tiles that were read.
#[derive(Debug, Default)]
pub(super) struct Tiles(HashMap<(u8, u64), Vec<Hash>>);

impl Tiles {
    /// The proof that the entry stands in the tree of the first `size`.
    pub(super) async fn inclusion(
        &mut self,
        tx: &mut Tx,
        index: u64,
        size: u64,
    ) -> Result<Vec<Hash>, AppError> {
        let plan: Plan = inclusion_plan(index, size).map_err(|error| unmade(&error))?;
        let mut hashes = Vec::new();
        for node in plan.nodes() {
            hashes.push(self.node(tx, node).await?);
        }
        plan.fold(&hashes).map_err(|error| unmade(&error))
    }

    async fn node(&mut self, tx: &mut Tx, node: Node) -> Result<Hash, AppError> {
        let range = node_sources(node);
        let place = (range.tile_level, range.first / WIDTH);
        if !self.0.contains_key(&place) {
            if self.0.len() >= KEPT {
                self.0.clear();
            }
            self.0.insert(place, read(tx, &range).await?);
        }
        let tile = self.0.get(&place).map(Vec::as_slice).unwrap_or_default();
        let start = usize::try_from(range.first % WIDTH).unwrap_or(usize::MAX);
        let hashes = tile.get(start..start + usize::from(range.count)).unwrap_or_default();
        node.fold(hashes).map_err(|error| unmade(&error))
    }
}

async fn read(tx: &mut Tx, range: &TileRange) -> Result<Vec<Hash>, AppError> {
    let first = range.first - range.first % WIDTH;
    let rows = store::ledger::hashes(tx, range.tile_level, first, first + WIDTH).await?;
    let hashes: Option<Vec<Hash>> = rows.iter().map(|bytes| Hash::from_slice(bytes)).collect();
    hashes.ok_or_else(|| AppError::internal("a stored hash is not 32 bytes", &first))
}

fn unmade(error: &dyn std::fmt::Display) -> AppError {
    AppError::internal("a proof cannot be made", error)
}
