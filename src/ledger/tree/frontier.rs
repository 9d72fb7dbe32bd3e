//! The right edge of the tree: all that is needed to append an entry and to know the root.

use std::fmt;
use std::str::FromStr;

use super::hash::fold_right;
use super::{Hash, TILE_HEIGHT, empty_root, node_hash};
use crate::ledger::{base64_decode, base64_encode, canonical_number};

/// The largest tree: indices must fit into an entry's integers (sem 10).
pub const MAX_SIZE: u64 = (1 << 53) - 1;

/// The roots of the complete subtrees that make up a tree, from the largest (left) to the smallest: one
/// for each bit set in the size. Appending costs one hash on average.
///
/// Its text, for a database row, is `SIZE:BASE64`, the base64 over the concatenated hashes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

/// A hash of a tile above the leaves that is final: the root over 256^level entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileHash {
    /// The level of tiles, from 1; the leaf hashes are level 0 and stand with the entries.
    pub level: u8,
    /// Its place on that level, from 0: it covers the entries from `index · 256^level`.
    pub index: u64,
    /// The root over them.
    pub hash: Hash,
}

/// Why a frontier cannot be read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFrontier {
    /// It is not `SIZE:BASE64`.
    #[error("the ledger's frontier is not of the form `SIZE:BASE64`")]
    Form,
    /// The size is beyond [`MAX_SIZE`].
    #[error("a ledger of {0} entries is larger than the format allows")]
    Size(u64),
    /// The number of hashes does not fit the size.
    #[error("a ledger of {size} entries has {need} hashes in its frontier, not {have}")]
    Count {
        /// Entries.
        size: u64,
        /// Hashes that such a tree has.
        need: usize,
        /// Hashes given.
        have: usize,
    },
}

impl Frontier {
    /// The tree without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From a size and its peaks, largest first, as [`super::root_plan`] lists them.
    pub fn from_peaks(size: u64, peaks: Vec<Hash>) -> Result<Self, BadFrontier> {
        let need = size.count_ones() as usize;
        if size > MAX_SIZE {
            return Err(BadFrontier::Size(size));
        }
        if peaks.len() != need {
            return Err(BadFrontier::Count { size, need, have: peaks.len() });
        }
        Ok(Self { size, peaks })
    }

    /// Entries in the tree, and so the index of the next.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the complete subtrees, largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// The root over all entries.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold_right(self.peaks.iter().copied()).unwrap_or_else(empty_root)
    }

    /// Takes the next entry's leaf hash. Gives the tile hashes of level 1 and above that became final
    /// with it, lowest level first: mostly none, one at every 256th entry.
    pub fn append(&mut self, leaf: Hash) -> Vec<TileHash> {
        let mut final_hashes = Vec::new();
        let mut carry = leaf;
        let merges = self.size.trailing_ones();
        self.size += 1;
        for level in 1..=merges {
            let Some(left) = self.peaks.pop() else { break };
            carry = node_hash(&left, &carry);
            if level % TILE_HEIGHT == 0 {
                let index = (self.size >> level) - 1;
                let level = u8::try_from(level / TILE_HEIGHT).unwrap_or(u8::MAX);
                final_hashes.push(TileHash { level, index, hash: carry });
            }
        }
        self.peaks.push(carry);
        final_hashes
    }
}

impl fmt::Display for Frontier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: Vec<u8> = self.peaks.iter().flat_map(|hash| *hash.as_bytes()).collect();
        write!(f, "{}:{}", self.size, base64_encode(&bytes))
    }
}

impl FromStr for Frontier {
    type Err = BadFrontier;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (size, peaks) = text.split_once(':').ok_or(BadFrontier::Form)?;
        let size = canonical_number(size).ok_or(BadFrontier::Form)?;
        let bytes = base64_decode(peaks).ok_or(BadFrontier::Form)?;
        let peaks: Option<Vec<Hash>> = bytes.chunks(32).map(Hash::from_slice).collect();
        Self::from_peaks(size, peaks.ok_or(BadFrontier::Form)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ledger::vectors::{leaves, mth, numbered};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_frontier_agrees_with_the_recursive_definition(size in 0_usize..600) {
            let hashes = numbered(size);
            let mut frontier = Frontier::new();
            for hash in &hashes {
                frontier.append(*hash);
            }
            prop_assert_eq!(frontier.root(), mth(&hashes));
            prop_assert_eq!(frontier.to_string().parse(), Ok(frontier));
        }
    }

    #[test]
    fn the_published_roots_hold_after_every_append() {
        let roots = crate::ledger::vectors::ROOTS;
        let mut frontier = Frontier::new();
        assert_eq!(frontier.root().to_string(), roots[0]);
        for (leaf, root) in leaves().iter().zip(&roots[1..]) {
            frontier.append(super::super::leaf_hash(leaf));
            assert_eq!(frontier.root().to_string(), *root);
        }
    }

    #[test]
    fn large_trees_have_the_known_roots_and_yield_every_tile_hash_once() {
        let known = [
            (1, "db3426e878068d28d269b6c87172322ce5372b65756d0789001d34835f601c03"),
            (255, "32f85bcaa87d7bcd05728f09e9aeba350ba6a2f733830087f0597682848be5cb"),
            (256, "828515d033c19d8c901f37eccb8aed919667703486f8d2fff1cf7040321c5db1"),
            (257, "1eda049a4351d86f76252bd7ec0b7746ad75b7fa0316ad5f541dbda458a312c4"),
            (1000, "638afa98022925bacfddadb15ef22fd0199c1ac99c2973b6158243d13fce05c2"),
            (70000, "1a4cdfcb66374a0c0dcbef49acbd4976d13ee864fb3cb241fc943cad04f02f7e"),
        ];
        let hashes = numbered(70_000);
        let (mut frontier, mut tiles) = (Frontier::new(), Vec::new());
        for hash in &hashes {
            tiles.extend(frontier.append(*hash));
            if let Some((_, root)) = known.iter().find(|(size, _)| *size == frontier.size()) {
                assert_eq!(frontier.root().to_string(), *root);
            }
        }
        let level =
            |level| tiles.iter().filter(|tile| tile.level == level).copied().collect::<Vec<_>>();
        assert_eq!((level(1).len(), level(2).len(), level(3).len()), (273, 1, 0));
        assert!(level(1).iter().map(|tile| tile.index).eq(0..273));
        assert_eq!(level(1)[2].hash, mth(&hashes[512..768]));
        assert_eq!(level(2)[0].hash, mth(&hashes[..65_536]));
    }

    #[test]
    fn a_frontier_row_that_was_touched_is_refused() {
        let mut frontier = Frontier::new();
        for hash in numbered(7) {
            frontier.append(hash);
        }
        let text = frontier.to_string();
        for bad in [
            text.replace("7:", "8:"),
            text.replace("7:", "07:"),
            text.replace("7:", "+7:"),
            text.replace("7:", "7"),
            format!("{text} "),
            text[..text.len() - 4].to_owned(),
            format!("{}:", MAX_SIZE + 1),
            String::new(),
        ] {
            assert!(bad.parse::<Frontier>().is_err(), "{bad}");
        }
        assert_eq!("0:".parse(), Ok(Frontier::new()));
    }
}
