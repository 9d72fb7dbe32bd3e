//! Which hashes a root or a proof needs, worked out without reading any: the store fetches them, and
//! the plan folds what was fetched into the proof.

use super::hash::fold_right;
use super::{Hash, TILE_HEIGHT, node_hash};

/// A complete subtree: its root covers the entries `index · 2^level ..  (index + 1) · 2^level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    /// The power of two of its size; 0 is a leaf.
    pub level: u32,
    /// Its place among the subtrees of that size, from 0.
    pub index: u64,
}

/// Neighbouring hashes of one level of tiles (level 0: leaf hashes) that make up one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileRange {
    /// The level of tiles: 0 is the leaf hashes.
    pub tile_level: u8,
    /// The first hash's index on that level.
    pub first: u64,
    /// How many: a power of two, at most 128. All of them lie in one tile.
    pub count: u16,
}

/// The hashes of a proof in its order; each is one complete subtree, or several that fold into one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    parts: Vec<Vec<Node>>,
}

/// Why a plan cannot be made or carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The entry is not in the tree.
    #[error("entry {index} is not in a ledger of {size} entries")]
    NotIn {
        /// The entry asked for.
        index: u64,
        /// Entries in the tree.
        size: u64,
    },
    /// The older tree is larger than the newer.
    #[error("a ledger of {from} entries cannot be a beginning of one of {to}")]
    Backwards {
        /// The size that was to be the older.
        from: u64,
        /// The size that was to be the newer.
        to: u64,
    },
    /// Not as many hashes were given as the plan or the node asks for.
    #[error("{need} hashes are needed, {have} were given")]
    Count {
        /// Hashes the plan asks for.
        need: usize,
        /// Hashes given.
        have: usize,
    },
}

impl Plan {
    /// Every complete subtree that is needed, in the order [`Plan::fold`] takes their hashes.
    pub fn nodes(&self) -> impl Iterator<Item = Node> + '_ {
        self.parts.iter().flatten().copied()
    }

    /// The proof (for a [`root_plan`]: the root alone, nothing for the empty tree), from the hashes of
    /// [`Plan::nodes`] in the same order.
    pub fn fold(&self, hashes: &[Hash]) -> Result<Vec<Hash>, PlanError> {
        let need = self.nodes().count();
        if need != hashes.len() {
            return Err(PlanError::Count { need, have: hashes.len() });
        }
        let mut rest = hashes.iter().copied();
        let folded = self.parts.iter().filter_map(|part| {
            fold_right(rest.by_ref().take(part.len()).collect::<Vec<_>>().into_iter())
        });
        Ok(folded.collect())
    }
}

impl Node {
    /// This node's hash from the hashes of its [`node_sources`], left to right.
    pub fn fold(self, hashes: &[Hash]) -> Result<Hash, PlanError> {
        let need = usize::from(node_sources(self).count);
        let wrong = PlanError::Count { need, have: hashes.len() };
        if hashes.len() != need {
            return Err(wrong);
        }
        let mut level = hashes.to_vec();
        while level.len() > 1 {
            level = level
                .chunks(2)
                .filter_map(|pair| match pair {
                    [left, right] => Some(node_hash(left, right)),
                    _ => None,
                })
                .collect();
        }
        level.first().copied().ok_or(wrong)
    }
}

/// Which stored hashes make up a node: those of the highest level of tiles at or below it.
#[must_use]
pub fn node_sources(node: Node) -> TileRange {
    let within = node.level % TILE_HEIGHT;
    TileRange {
        tile_level: u8::try_from(node.level / TILE_HEIGHT).unwrap_or(u8::MAX),
        first: node.index << within,
        count: 1 << within,
    }
}

/// The complete subtrees of a tree of this size, from the left: its frontier.
#[must_use]
pub fn root_plan(size: u64) -> Plan {
    Plan { parts: if size == 0 { Vec::new() } else { vec![range(0, size)] } }
}

/// `PATH(index, D[0:size])` of RFC 6962: the sibling of the leaf first, the child of the root last.
pub fn inclusion_plan(index: u64, size: u64) -> Result<Plan, PlanError> {
    if index >= size {
        return Err(PlanError::NotIn { index, size });
    }
    let (mut start, mut end, mut parts) = (0, size, Vec::new());
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            parts.push(range(middle, end));
            end = middle;
        } else {
            parts.push(range(start, middle));
            start = middle;
        }
    }
    parts.reverse();
    Ok(Plan { parts })
}

/// `PROOF(from, D[0:to])` of RFC 6962; empty where `from` is 0 or equals `to`.
pub fn consistency_plan(from: u64, to: u64) -> Result<Plan, PlanError> {
    if from > to {
        return Err(PlanError::Backwards { from, to });
    }
    let mut parts = Vec::new();
    if from == 0 || from == to {
        return Ok(Plan { parts });
    }
    let (mut start, mut end) = (0, to);
    while from != end {
        let middle = start + split(end - start);
        if from <= middle {
            parts.push(range(middle, end));
            end = middle;
        } else {
            parts.push(range(start, middle));
            start = middle;
        }
    }
    // The old tree's last subtree; the verifier has it already where it is the whole old tree.
    if start != 0 {
        parts.push(range(start, end));
    }
    parts.reverse();
    Ok(Plan { parts })
}

/// The largest power of two below `size`, which is at least 2.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The complete subtrees of the entries `start..end`, where `start` is a multiple of a power of two that
/// is no smaller than the range: what every split of RFC 6962 leaves.
fn range(start: u64, end: u64) -> Vec<Node> {
    let (mut at, mut nodes) = (start, Vec::new());
    while at < end {
        let level = (end - at).ilog2();
        nodes.push(Node { level, index: at >> level });
        at += 1 << level;
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::vectors::{
        hex, inclusion_proof, leaf_hashes, mth, numbered, prove_consistency, prove_inclusion,
    };

    #[test]
    fn the_published_inclusion_proofs_come_out() {
        let (leaf, node) = (leaf_hashes(), leaf_hashes());
        let n01 = node_hash(&node[0], &node[1]);
        let n23 = node_hash(&node[2], &node[3]);
        assert_eq!(
            prove_inclusion(&leaf, 5),
            [
                hex("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
                hex("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
                hex("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
            ]
        );
        assert_eq!(
            prove_inclusion(&leaf, 0),
            [
                leaf[1],
                hex("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
                hex("6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"),
            ]
        );
        assert_eq!(prove_inclusion(&leaf[..3], 2), [n01]);
        assert_eq!(prove_inclusion(&leaf[..5], 1), [leaf[0], n23, leaf[4]]);
        assert_eq!(prove_inclusion(&leaf[..1], 0), []);
    }

    #[test]
    fn the_published_consistency_proofs_come_out() {
        let leaf = leaf_hashes();
        let n23 = hex("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e");
        let n4567 = hex("6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4");
        assert_eq!(prove_consistency(&leaf, 1), [leaf[1], n23, n4567]);
        assert_eq!(
            prove_consistency(&leaf, 6),
            [
                hex("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
                hex("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
                hex("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
            ]
        );
        assert_eq!(prove_consistency(&leaf[..5], 2), [n23, leaf[4]]);
        assert_eq!(prove_consistency(&leaf, 0), []);
        assert_eq!(prove_consistency(&leaf, 8), []);
    }

    #[test]
    fn plans_follow_the_recursive_definition_for_every_small_tree() {
        let hashes = numbered(40);
        for size in 1..=hashes.len() {
            for index in 0..size {
                assert_eq!(
                    prove_inclusion(&hashes[..size], index as u64),
                    inclusion_proof(index, &hashes[..size]),
                    "{index} of {size}"
                );
            }
        }
    }

    #[test]
    fn a_node_is_made_of_hashes_that_lie_in_one_tile() {
        let hashes = numbered(70_000);
        for plan in [inclusion_plan(66_000, 70_000), consistency_plan(300, 70_000)] {
            for node in plan.expect("a plan").nodes() {
                let source = node_sources(node);
                assert!(source.count <= 128);
                assert_eq!(source.first / 256, (source.first + u64::from(source.count) - 1) / 256);
                let width = 256_usize.pow(u32::from(source.tile_level));
                let from = usize::try_from(source.first).expect("small") * width;
                let stored: Vec<Hash> = (0..usize::from(source.count))
                    .map(|at| mth(&hashes[from + at * width..from + (at + 1) * width]))
                    .collect();
                let whole = mth(&hashes[from..from + stored.len() * width]);
                assert_eq!(node.fold(&stored), Ok(whole), "{node:?}");
                assert!(node.fold(&stored[1..]).is_err());
            }
        }
    }

    #[test]
    fn the_root_plan_of_a_tree_is_its_frontier() {
        let plan = root_plan(70_000);
        assert_eq!(plan.nodes().count(), 70_000_u64.count_ones() as usize);
        assert_eq!(root_plan(0).fold(&[]), Ok(vec![]));
        let hashes = numbered(7);
        let peaks = [mth(&hashes[..4]), mth(&hashes[4..6]), hashes[6]];
        assert_eq!(root_plan(7).fold(&peaks), Ok(vec![mth(&hashes)]));
    }

    #[test]
    fn a_plan_beyond_the_tree_says_so() {
        assert_eq!(inclusion_plan(8, 8), Err(PlanError::NotIn { index: 8, size: 8 }));
        assert_eq!(consistency_plan(9, 8), Err(PlanError::Backwards { from: 9, to: 8 }));
        let plan = inclusion_plan(5, 8).expect("a plan");
        assert_eq!(plan.fold(&[]), Err(PlanError::Count { need: 3, have: 0 }));
    }
}
