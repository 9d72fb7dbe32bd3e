//! Tiles, proofs and roots against another program's: the crate `tlog_tiles`, a port of Go's sumdb/tlog.

use countersign::app::{Role, TokenRequest};
use countersign::ledger::tree::{Frontier, leaf_hash, verify_consistency, verify_inclusion};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use sha2::Sha256;
use tlog_tiles::{Error, Hash, HashReader, Tile};

use crate::both;
use crate::harness::World;

/// The hashes as that program stores them.
struct Theirs(Vec<Hash>);

impl HashReader for Theirs {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        Ok(indexes.iter().map(|at| self.0[usize::try_from(*at).expect("small")]).collect())
    }
}

impl Theirs {
    fn append(&mut self, number: u64, entry: &[u8]) {
        let more = tlog_tiles::stored_hashes(number, entry, self).expect("hashes");
        self.0.extend(more);
    }
}

#[test]
fn roots_of_the_published_vectors_are_the_same_in_both() {
    let vectors = [
        (1, "db3426e878068d28d269b6c87172322ce5372b65756d0789001d34835f601c03"),
        (255, "32f85bcaa87d7bcd05728f09e9aeba350ba6a2f733830087f0597682848be5cb"),
        (256, "828515d033c19d8c901f37eccb8aed919667703486f8d2fff1cf7040321c5db1"),
        (257, "1eda049a4351d86f76252bd7ec0b7746ad75b7fa0316ad5f541dbda458a312c4"),
        (1000, "638afa98022925bacfddadb15ef22fd0199c1ac99c2973b6158243d13fce05c2"),
        (70_000, "1a4cdfcb66374a0c0dcbef49acbd4976d13ee864fb3cb241fc943cad04f02f7e"),
    ];
    let (mut ours, mut theirs) = (Frontier::new(), Theirs(Vec::new()));
    for (size, root) in vectors {
        while ours.size() < size {
            let entry = ours.size().to_string();
            theirs.append(ours.size(), entry.as_bytes());
            ours.append(leaf_hash(entry.as_bytes()));
        }
        assert_eq!(ours.root().to_string(), root, "size {size}");
        let their_root = tlog_tiles::tree_hash(size, &theirs).expect("a root");
        assert_eq!(ours.root().as_bytes(), &their_root.0, "size {size}");
    }
}

/// A third program: the crate `ct-merkle`. More leaves than two levels of full tiles have.
#[test]
fn proofs_of_a_third_program_over_more_than_65_536_leaves_are_accepted() {
    const SIZE: usize = 65_537;
    let (mut ours, mut roots) = (Frontier::new(), Vec::new());
    let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for number in 0..SIZE {
        let leaf = number.to_string().into_bytes();
        ours.append(leaf_hash(&leaf));
        roots.push(ours.root());
        theirs.push(leaf);
    }
    let root = ours.root();
    assert_eq!(root.as_bytes(), theirs.root().as_bytes().as_slice());
    let hashes = |bytes: &[u8]| -> Vec<countersign::ledger::tree::Hash> {
        let hash =
            |part: &[u8]| countersign::ledger::tree::Hash::from_slice(part).expect("32 bytes");
        bytes.chunks(32).map(hash).collect()
    };
    let size = SIZE as u64;
    for index in [0, 1, 255, 256, 40_000, 65_535, 65_536] {
        let leaf = leaf_hash(index.to_string().as_bytes());
        let mut proof = hashes(theirs.prove_inclusion(index).as_bytes());
        let holds = |proof: &[_]| verify_inclusion(index as u64, size, &leaf, proof, &root).is_ok();
        assert!(holds(&proof), "entry {index}");
        proof.pop();
        assert!(!holds(&proof), "entry {index}: a shorter proof");
    }
    for from in [1, 256, 40_000, 65_535, 65_536] {
        let proof = hashes(theirs.prove_consistency(SIZE - from).as_bytes());
        let old = roots[from - 1];
        let holds = |old| verify_consistency(from as u64, size, &old, &root, &proof).is_ok();
        assert!(holds(old), "from {from}");
        assert!(!holds(roots[from]), "from {from}: another root");
    }
}

both!(every_tile_and_every_proof_is_what_the_other_program_makes, |kind| async move {
    let world = World::new(kind).await;
    let operator = world.operator();
    let mut theirs = Theirs(Vec::new());
    let mut known = 0;
    for size in [1, 2, 7, 255, 256, 257, 300] {
        for number in known..size {
            let name = format!("t{number}");
            let request = TokenRequest { name, role: Role::Ci, repo: None, lasts: None };
            world.app.create_token(&operator, request).await.expect("a token");
        }
        let note = world.app.checkpoint(&operator).await.expect("signed");
        let size: u64 = note.lines().nth(1).expect("a size").parse().expect("a number");
        for number in known..size {
            let (_, entry) = world.app.entry(&operator, number).await.expect("an entry");
            theirs.append(number, &entry);
        }
        known = size;
        let root = tlog_tiles::tree_hash(size, &theirs).expect("a root");
        assert_eq!(note.lines().nth(2), Some(root.to_string().as_str()), "size {size}");
        for tile in Tile::new_tiles(8, 0, size) {
            let (level, number, width) = (tile.level(), tile.level_index(), tile.width());
            let part = if width == 256 { String::new() } else { format!(".p/{width}") };
            let path = format!("tile/{level}/{number:03}{part}");
            let ours = world.app.tile(&operator, &path).await.expect("a tile");
            assert!(ours == tile.read_data(&theirs).expect("theirs"), "{path} at size {size}");
        }
        for index in [0, size / 3, size / 2, size - 1] {
            let receipt = world.app.receipt(&operator, index).await.expect("a receipt");
            let proof = tlog_tiles::prove_record(size, index, &theirs).expect("a proof");
            let ours: Vec<[u8; 32]> = receipt.proof.iter().map(|hash| *hash.as_bytes()).collect();
            let theirs: Vec<[u8; 32]> = proof.iter().map(|hash| hash.0).collect();
            assert_eq!(ours, theirs, "entry {index} of {size}");
        }
    }
});
