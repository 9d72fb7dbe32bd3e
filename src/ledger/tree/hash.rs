//! SHA-256 with the two prefixes that keep a leaf from being read as a node.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::block_api::compress256;
use sha2::{Digest as _, Sha256};

use crate::ledger::{base64_decode, base64_encode, excerpt};

/// A hash of the tree: 32 bytes. Its text is 64 lower-case hexadecimal digits; C2SP texts use base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; 32]);

/// Why a text or a slice is no hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a hash: 64 lower-case hexadecimal digits are needed")]
pub struct BadHash(pub String);

impl Hash {
    /// From 32 bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// From a slice, as a database row gives it; `None` unless it has 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Base64 with padding, 44 characters, as checkpoints and receipts write it.
    #[must_use]
    pub fn to_base64(self) -> String {
        base64_encode(&self.0)
    }

    /// The inverse of [`Hash::to_base64`]; `None` for any other text.
    #[must_use]
    pub fn from_base64(text: &str) -> Option<Self> {
        if text.len() != 44 {
            return None;
        }
        Self::from_slice(&base64_decode(text)?)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = BadHash;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadHash(excerpt(text, 80));
        let digits: Vec<u8> = text.bytes().map(hex_digit).collect::<Option<_>>().ok_or_else(bad)?;
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit))
            .collect();
        if text.len() == 64 { Self::from_slice(&bytes).ok_or_else(bad) } else { Err(bad()) }
    }
}

/// The value of a lower-case hexadecimal digit.
fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The root of the tree without entries: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Hash {
    Hash(Sha256::digest(b"").into())
}

/// The hash of an entry: `SHA-256(0x00 ‖ bytes)`.
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    prefixed(0x00, bytes)
}

/// The hash of two subtrees: `SHA-256(0x01 ‖ left ‖ right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut input = NODE;
    let places = input.get_mut(1..).and_then(|hashes| hashes.as_chunks_mut::<32>().0.get_mut(..2));
    for (place, hash) in places.into_iter().flatten().zip([left, right]) {
        *place = hash.0;
    }
    let mut state = START;
    compress256(&mut state, input.as_chunks::<BLOCK>().0);
    finished(state)
}

/// The two blocks of a node's hash but for the hashes: the prefix, the one bit after 65 bytes, and the
/// length of 520 bits.
const NODE: [u8; 2 * BLOCK] = {
    let mut blocks = [0; 2 * BLOCK];
    blocks[0] = 0x01;
    blocks[65] = 0x80;
    blocks[126] = 0x02;
    blocks[127] = 0x08;
    blocks
};

/// The initial state of SHA-256 (FIPS 180-4 §5.3.3).
const START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Bytes of a SHA-256 block.
const BLOCK: usize = 64;

/// SHA-256 over one byte and then `bytes`. The hasher that takes its input in pieces would buffer and
/// shift every block by the one byte; a whole ledger is checked a quarter faster without.
fn prefixed(prefix: u8, bytes: &[u8]) -> Hash {
    let Some((head, rest)) = bytes.split_first_chunk::<{ BLOCK - 1 }>() else {
        return buffered(prefix, bytes);
    };
    let mut state = START;
    let mut first = [prefix; BLOCK];
    if let Some((_, to)) = first.split_first_chunk_mut::<1>() {
        to.copy_from_slice(head);
    }
    let (blocks, tail) = rest.as_chunks::<BLOCK>();
    compress256(&mut state, &[first]);
    compress256(&mut state, blocks);

    // The end: the rest, a one bit, zeros, and the length in bits; in one block if it fits, else in two.
    let mut end = [0; 2 * BLOCK];
    let (to, padding) = end.split_at_mut(tail.len());
    to.copy_from_slice(tail);
    padding.iter_mut().take(1).for_each(|byte| *byte = 0x80);
    let used = if tail.len() < BLOCK - 8 { 1 } else { 2 };
    let bits = (bytes.len() as u64 + 1) * 8;
    let (ends, _) = end.as_chunks_mut::<BLOCK>();
    let ends = ends.get_mut(..used).unwrap_or_default();
    if let Some(length) = ends.last_mut().and_then(|block| block.last_chunk_mut::<8>()) {
        *length = bits.to_be_bytes();
    }
    compress256(&mut state, ends);
    finished(state)
}

fn finished(state: [u32; 8]) -> Hash {
    let mut hash = [0; 32];
    let (words, _) = hash.as_chunks_mut::<4>();
    words.iter_mut().zip(state).for_each(|(to, word)| *to = word.to_be_bytes());
    Hash(hash)
}

/// The same for less than a block.
fn buffered(prefix: u8, bytes: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update([prefix]);
    hash.update(bytes);
    Hash(hash.finalize().into())
}

/// The root over hashes of neighbouring subtrees whose sizes fall from left to right, as the peaks of a
/// tree do; `None` for none.
pub(super) fn fold_right(hashes: impl DoubleEndedIterator<Item = Hash>) -> Option<Hash> {
    hashes.rev().reduce(|right, left| node_hash(&left, &right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_one_hexadecimal_and_one_base64_text() {
        let hash = leaf_hash(b"");
        let hex = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        assert_eq!(hash.to_string(), hex);
        assert_eq!(hex.parse(), Ok(hash));
        assert_eq!(Hash::from_base64(&hash.to_base64()), Some(hash));
        for text in [&hex.to_uppercase(), &hex[1..], &format!("{hex}0"), "", &"é".repeat(32)] {
            assert!(text.parse::<Hash>().is_err(), "{text}");
        }
    }

    #[test]
    fn hashing_by_blocks_is_sha256_at_every_length() {
        let bytes: Vec<u8> = (0..65_535_u32).map(|at| at.to_le_bytes()[at as usize % 2]).collect();
        for length in (0..400).chain([1023, 1024, 4095, 65_527, 65_535]) {
            for prefix in [0x00, 0x01] {
                let expected = buffered(prefix, &bytes[..length]);
                assert_eq!(prefixed(prefix, &bytes[..length]), expected, "{length}");
            }
        }
        for at in 0..400 {
            let both = &bytes[at..at + 64];
            let half = |range| Hash::from_slice(&both[range]).expect("32 bytes");
            assert_eq!(node_hash(&half(0..32), &half(32..64)), buffered(0x01, both));
        }
    }

    #[test]
    fn base64_with_stray_bits_or_without_padding_is_no_hash() {
        let text = empty_root().to_base64();
        let stray = text.replace("FU=", "FV=");
        assert_ne!(stray, text);
        for bad in [&text[..43], &stray, &format!("{text}\n"), &text.replace('/', "_")] {
            assert_eq!(Hash::from_base64(bad), None, "{bad}");
        }
    }
}
