//! Nodes of the tree out of stored tiles. A proof needs several of a tile, and neighbours need the same: tiles are read whole,
//! and they and what was folded from them are kept for a while.

use std::collections::HashMap;

use crate::app::AppError;
use crate::ledger::tree::{Hash, Node, Plan, TileRange, inclusion_plan, node_sources};
use crate::store::{self, Tx};

/// Hashes of a tile.
const WIDTH: u64 = 256;
/// Tiles that are kept: some 8 MB.
const KEPT: usize = 1000;
/// Nodes that are kept: some 4 MB.
const FOLDED: usize = 50_000;

/// Hashes of tiles that were read, and nodes between two levels of tiles.
#[derive(Debug, Default)]
pub(crate) struct Tiles {
    read: HashMap<(u8, u64), Vec<Hash>>,
    folded: HashMap<Node, Hash>,
}

impl Tiles {
    /// The proof that the entry stands in the tree of the first `size`.
    pub(crate) async fn inclusion(
        &mut self,
        tx: &mut Tx,
        index: u64,
        size: u64,
    ) -> Result<Vec<Hash>, AppError> {
        let plan = inclusion_plan(index, size).map_err(|error| unmade(&error))?;
        self.folded(tx, &plan).await
    }

    /// What a plan comes to.
    pub(super) async fn folded(&mut self, tx: &mut Tx, plan: &Plan) -> Result<Vec<Hash>, AppError> {
        let mut hashes = Vec::new();
        for node in plan.nodes() {
            hashes.push(self.node(tx, node).await?);
        }
        plan.fold(&hashes).map_err(|error| unmade(&error))
    }

    /// The leaf hash of an entry, as it is stored.
    pub(crate) async fn leaf(&mut self, tx: &mut Tx, index: u64) -> Result<Hash, AppError> {
        self.node(tx, Node { level: 0, index }).await
    }

    pub(super) async fn node(&mut self, tx: &mut Tx, node: Node) -> Result<Hash, AppError> {
        if let Some(hash) = self.folded.get(&node) {
            return Ok(*hash);
        }
        let range = node_sources(node);
        let place = (range.tile_level, range.first / WIDTH);
        if !self.read.contains_key(&place) {
            if self.read.len() >= KEPT {
                self.read.clear();
            }
            self.read.insert(place, read(tx, &range).await?);
        }
        let tile = self.read.get(&place).map(Vec::as_slice).unwrap_or_default();
        let start = usize::try_from(range.first % WIDTH).unwrap_or(usize::MAX);
        let hashes = tile.get(start..start + usize::from(range.count)).unwrap_or_default();
        let hash = node.fold(hashes).map_err(|_| gap(&range))?;
        if range.count > 1 {
            if self.folded.len() >= FOLDED {
                self.folded.clear();
            }
            self.folded.insert(node, hash);
        }
        Ok(hash)
    }
}

/// The tile of a range, as far as it is stored: each hash at its own place.
async fn read(tx: &mut Tx, range: &TileRange) -> Result<Vec<Hash>, AppError> {
    let first = range.first - range.first % WIDTH;
    let rows = store::ledger::tile_hashes(tx, range.tile_level, first, first + WIDTH).await?;
    let hashes: Option<Vec<Hash>> = (first..)
        .zip(&rows)
        .map(|(place, (index, bytes))| {
            Hash::from_slice(bytes).filter(|_| store::unsigned(*index) == place)
        })
        .collect();
    hashes.ok_or_else(|| gap(range))
}

fn gap(range: &TileRange) -> AppError {
    AppError::internal("the ledger's hashes have a gap", &range.first)
}

fn unmade(error: &dyn std::fmt::Display) -> AppError {
    AppError::internal("a proof cannot be made", error)
}
