//! What the tests of this room share: published vectors, and the tree by its recursive definition.

use super::tree::{Hash, consistency_plan, inclusion_plan, leaf_hash, node_hash};

/// Roots of the published eight leaves, sizes 0 to 8.
pub(crate) const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// The published leaf hashes.
const LEAF_HASHES: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
    "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
    "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
    "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
];

/// The published eight leaves.
pub(crate) fn leaves() -> Vec<Vec<u8>> {
    vec![
        vec![],
        vec![0x00],
        vec![0x10],
        vec![0x20, 0x21],
        vec![0x30, 0x31],
        (0x40..=0x43).collect(),
        (0x50..=0x57).collect(),
        (0x60..=0x6f).collect(),
    ]
}

/// Their hashes, checked against the published ones.
pub(crate) fn leaf_hashes() -> Vec<Hash> {
    let hashes: Vec<Hash> = leaves().iter().map(|leaf| leaf_hash(leaf)).collect();
    assert!(hashes.iter().map(Hash::to_string).eq(LEAF_HASHES));
    hashes
}

/// Leaf hashes of the decimal numbers from 0.
pub(crate) fn numbered(count: usize) -> Vec<Hash> {
    (0..count).map(|number| leaf_hash(number.to_string().as_bytes())).collect()
}

pub(crate) fn hex(text: &str) -> Hash {
    text.parse().expect("a hash")
}

/// `MTH` by its recursive definition.
pub(crate) fn mth(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => super::tree::empty_root(),
        [one] => *one,
        many => {
            let (left, right) = many.split_at(many.len().next_power_of_two() / 2);
            node_hash(&mth(left), &mth(right))
        }
    }
}

/// `PATH` by its recursive definition.
pub(crate) fn inclusion_proof(index: usize, hashes: &[Hash]) -> Vec<Hash> {
    if hashes.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = hashes.split_at(hashes.len().next_power_of_two() / 2);
    let (mut path, sibling) = if index < left.len() {
        (inclusion_proof(index, left), mth(right))
    } else {
        (inclusion_proof(index - left.len(), right), mth(left))
    };
    path.push(sibling);
    path
}

/// An inclusion proof by our plan, its hashes taken from the whole tree.
pub(crate) fn prove_inclusion(hashes: &[Hash], index: u64) -> Vec<Hash> {
    carry_out(&inclusion_plan(index, hashes.len() as u64).expect("a plan"), hashes)
}

/// A consistency proof by our plan, its hashes taken from the whole tree.
pub(crate) fn prove_consistency(hashes: &[Hash], from: u64) -> Vec<Hash> {
    carry_out(&consistency_plan(from, hashes.len() as u64).expect("a plan"), hashes)
}

fn carry_out(plan: &super::tree::Plan, hashes: &[Hash]) -> Vec<Hash> {
    let found: Vec<Hash> = plan
        .nodes()
        .map(|node| {
            let (width, at) = (1 << node.level, usize::try_from(node.index).expect("small"));
            mth(&hashes[at * width..(at + 1) * width])
        })
        .collect();
    plan.fold(&found).expect("as many hashes as nodes")
}
