//! Checking a proof, word for word after RFC 9162 §2.1.3.2 and §2.1.4.2.
//!
//! A proof does not say for which tree it was made: the size and the root belong together and are
//! signed together (`checkpoint`). What is checked here is that the hashes lead to that root.

use super::{Hash, empty_root, node_hash};

/// The longest proof there can be, in hashes.
pub const MAX_PROOF: usize = 63;

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The entry's index is not below the size.
    #[error("the entry lies beyond the tree")]
    Beyond,
    /// The older tree is larger than the newer.
    #[error("the older tree is larger than the newer")]
    Backwards,
    /// Too few or too many hashes for these sizes.
    #[error("the proof has too few or too many hashes")]
    Length,
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// Checks that the leaf stands at `index` in the tree of `size` entries with this root.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Hash,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Beyond);
    }
    let mut place = Place { first: index, last: size - 1 };
    let mut hash = *leaf;
    for sibling in proof {
        if place.last == 0 {
            return Err(ProofError::Length);
        }
        if place.is_right() {
            hash = node_hash(sibling, &hash);
            place.skip_missing_siblings();
        } else {
            hash = node_hash(&hash, sibling);
        }
        place.up();
    }
    if place.last != 0 {
        return Err(ProofError::Length);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that the tree of `from` entries with root `old` is the beginning of the tree of `to` entries
/// with root `new`.
pub fn verify_consistency(
    from: u64,
    to: u64,
    old: &Hash,
    new: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if from > to {
        return Err(ProofError::Backwards);
    }
    if from == 0 || from == to {
        let expected = if from == 0 { empty_root() } else { *new };
        let same = *old == expected && (to != 0 || *new == expected);
        return match (proof.is_empty(), same) {
            (false, _) => Err(ProofError::Length),
            (true, false) => Err(ProofError::Root),
            (true, true) => Ok(()),
        };
    }
    walk_consistency(from, to, old, new, proof)
}

/// The general case: `0 < from < to`.
fn walk_consistency(
    from: u64,
    to: u64,
    old: &Hash,
    new: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    let (start, rest) = if from.is_power_of_two() {
        (*old, proof)
    } else {
        let (start, rest) = proof.split_first().ok_or(ProofError::Length)?;
        (*start, rest)
    };
    let mut place = Place { first: from - 1, last: to - 1 };
    while place.first & 1 == 1 {
        place.up();
    }
    let (mut old_hash, mut new_hash) = (start, start);
    for sibling in rest {
        if place.last == 0 {
            return Err(ProofError::Length);
        }
        if place.is_right() {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            place.skip_missing_siblings();
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        place.up();
    }
    if place.last != 0 {
        return Err(ProofError::Length);
    }
    if old_hash == *old && new_hash == *new { Ok(()) } else { Err(ProofError::Root) }
}

/// `fn` and `sn` of the RFC: a node's place on its level, and the last place there.
struct Place {
    first: u64,
    last: u64,
}

impl Place {
    /// Whether the sibling stands to the left: a right child, or the edge of an incomplete tree.
    fn is_right(&self) -> bool {
        self.first & 1 == 1 || self.first == self.last
    }

    /// At the edge of an incomplete tree a node without a sibling is its own parent.
    fn skip_missing_siblings(&mut self) {
        while self.first & 1 == 0 && self.first != 0 {
            self.up();
        }
    }

    fn up(&mut self) {
        self.first >>= 1;
        self.last >>= 1;
    }
}

#[cfg(test)]
mod tests {
    use ct_merkle::digest::Output;
    use ct_merkle::mem_backed_tree::MemoryBackedTree;
    use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
    use proptest::prelude::*;
    use sha2::Sha256;

    use super::*;
    use crate::ledger::vectors::{leaves, mth, numbered, prove_consistency, prove_inclusion};

    fn output(hash: Hash) -> Output<Sha256> {
        Output::<Sha256>::from(*hash.as_bytes())
    }

    fn flipped(hash: Hash, bit: usize) -> Hash {
        let mut bytes = *hash.as_bytes();
        bytes[bit / 8 % 32] ^= 1 << (bit % 8);
        Hash::new(bytes)
    }

    /// The proof with one hash changed, removed, doubled, swapped or added.
    fn mutations(proof: &[Hash], bit: usize) -> Vec<Vec<Hash>> {
        let mut all = vec![[proof, &[empty_root()]].concat(), [&[empty_root()], proof].concat()];
        for at in 0..proof.len() {
            let mut changed = proof.to_vec();
            changed[at] = flipped(changed[at], bit);
            let mut shorter = proof.to_vec();
            shorter.remove(at);
            let mut doubled = proof.to_vec();
            doubled.insert(at, proof[at]);
            all.extend([changed, shorter, doubled]);
            if at > 0 {
                let mut swapped = proof.to_vec();
                swapped.swap(at - 1, at);
                all.push(swapped);
            }
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn any_mutation_of_an_inclusion_proof_is_refused(
            size in 1_u64..300, pick in any::<u64>(), other in 0_u64..400, bit in 0_usize..256,
        ) {
            let index = pick % size;
            let hashes = numbered(usize::try_from(size).expect("small"));
            let leaf = hashes[usize::try_from(index).expect("small")];
            let (proof, root) = (prove_inclusion(&hashes, index), mth(&hashes));
            prop_assert_eq!(verify_inclusion(index, size, &leaf, &proof, &root), Ok(()));
            let holds = |index, size, leaf: Hash, proof: &[Hash], root: Hash| {
                verify_inclusion(index, size, &leaf, proof, &root).is_ok()
            };
            prop_assert!(other == index || !holds(other, size, leaf, &proof, root));
            prop_assert!(!holds(index, size * 2, leaf, &proof, root));
            prop_assert!(size < 2 || !holds(index, size / 2, leaf, &proof, root));
            prop_assert!(!holds(index, size, flipped(leaf, bit), &proof, root));
            prop_assert!(!holds(index, size, leaf, &proof, flipped(root, bit)));
            prop_assert!(!holds(index, size, leaf, &proof, empty_root()));
            for mutated in mutations(&proof, bit) {
                prop_assert!(!holds(index, size, leaf, &mutated, root));
            }
        }

        #[test]
        fn any_mutation_of_a_consistency_proof_is_refused(
            to in 2_u64..300, pick in any::<u64>(), bit in 0_usize..256,
        ) {
            let from = 1 + pick % (to - 1);
            let hashes = numbered(usize::try_from(to).expect("small"));
            let old = mth(&hashes[..usize::try_from(from).expect("small")]);
            let (proof, new) = (prove_consistency(&hashes, from), mth(&hashes));
            prop_assert_eq!(verify_consistency(from, to, &old, &new, &proof), Ok(()));
            let holds = |from, to, old: Hash, new: Hash, proof: &[Hash]| {
                verify_consistency(from, to, &old, &new, proof).is_ok()
            };
            prop_assert!(!holds(from, to, new, old, &proof));
            prop_assert!(!holds(to, from, old, new, &proof));
            prop_assert!(!holds(from, to * 2, old, new, &proof));
            prop_assert!(!holds(0, to, old, new, &proof));
            prop_assert!(!holds(from, to, flipped(old, bit), new, &proof));
            prop_assert!(!holds(from, to, old, flipped(new, bit), &proof));
            prop_assert!(!holds(from, to, empty_root(), new, &proof));
            for mutated in mutations(&proof, bit) {
                prop_assert!(!holds(from, to, old, new, &mutated));
            }
        }
    }

    #[test]
    fn the_trivial_consistency_proofs_are_empty_and_nothing_else() {
        let (empty, root) = (empty_root(), mth(&numbered(5)));
        assert_eq!(verify_consistency(0, 5, &empty, &root, &[]), Ok(()));
        assert_eq!(verify_consistency(0, 5, &root, &root, &[]), Err(ProofError::Root));
        assert_eq!(verify_consistency(0, 0, &empty, &empty, &[]), Ok(()));
        assert_eq!(verify_consistency(0, 0, &empty, &root, &[]), Err(ProofError::Root));
        assert_eq!(verify_consistency(5, 5, &root, &root, &[]), Ok(()));
        assert_eq!(verify_consistency(5, 5, &root, &empty, &[]), Err(ProofError::Root));
        assert_eq!(verify_consistency(5, 5, &root, &root, &[root]), Err(ProofError::Length));
        assert_eq!(verify_inclusion(0, 0, &root, &[], &root), Err(ProofError::Beyond));
    }

    #[test]
    fn an_independent_implementation_makes_and_accepts_the_same_proofs() {
        let data: Vec<Vec<u8>> =
            leaves().into_iter().chain((8..37).map(|n| n.to_string().into_bytes())).collect();
        let hashes: Vec<Hash> = data.iter().map(|leaf| super::super::leaf_hash(leaf)).collect();
        let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        for (at, leaf) in data.iter().enumerate() {
            theirs.push(leaf.clone());
            let size = at + 1;
            let ours = &hashes[..size];
            let root = RootHash::<Sha256>::new(output(mth(ours)), size as u64);
            assert_eq!(theirs.root().as_bytes(), root.as_bytes());
            for (index, leaf) in data.iter().enumerate().take(size) {
                let proof = prove_inclusion(ours, index as u64);
                let bytes: Vec<u8> = proof.iter().flat_map(|hash| *hash.as_bytes()).collect();
                assert_eq!(theirs.prove_inclusion(index).as_bytes(), bytes);
                let proof = InclusionProof::<Sha256>::try_from_bytes(bytes).expect("a proof");
                root.verify_inclusion(leaf, index as u64, &proof).expect("it holds");
            }
            for from in 1..size {
                let proof = prove_consistency(ours, from as u64);
                let bytes: Vec<u8> = proof.iter().flat_map(|hash| *hash.as_bytes()).collect();
                assert_eq!(theirs.prove_consistency(size - from).as_bytes(), bytes);
                let old = RootHash::<Sha256>::new(output(mth(&ours[..from])), from as u64);
                let proof = ConsistencyProof::<Sha256>::try_from_bytes(bytes).expect("a proof");
                root.verify_consistency(&old, &proof).expect("it holds");
            }
        }
    }
}
