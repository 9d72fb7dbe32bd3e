//! SHA-256 with the two prefixes that keep a leaf from being read as a node.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
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
    let mut hash = Sha256::new();
    hash.update([0x00]);
    hash.update(bytes);
    Hash(hash.finalize().into())
}

/// The hash of two subtrees: `SHA-256(0x01 ‖ left ‖ right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update([0x01]);
    hash.update(left.0);
    hash.update(right.0);
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
    fn base64_with_stray_bits_or_without_padding_is_no_hash() {
        let text = empty_root().to_base64();
        let stray = text.replace("FU=", "FV=");
        assert_ne!(stray, text);
        for bad in [&text[..43], &stray, &format!("{text}\n"), &text.replace('/', "_")] {
            assert_eq!(Hash::from_base64(bad), None, "{bad}");
        }
    }
}
