//! The Merkle tree of RFC 6962: hashes, the frontier that grows it, plans for proofs, and their checks.

mod frontier;
mod hash;
mod plan;
mod proof;

pub use frontier::{BadFrontier, Frontier, MAX_SIZE, TileHash};
pub use hash::{BadHash, Hash, empty_root, leaf_hash, node_hash};
pub use plan::{
    Node, Plan, PlanError, TileRange, consistency_plan, inclusion_plan, node_sources, root_plan,
};
pub use proof::{MAX_PROOF, ProofError, verify_consistency, verify_inclusion};

/// Levels of the tree per level of tiles: a tile is 2⁸ hashes wide.
pub const TILE_HEIGHT: u32 = 8;
