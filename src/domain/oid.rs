//! Git object ids. Objects are named by id, never by a short name that could mean two things (sem 11.1).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A full git object id: SHA-1 (40 hexadecimal digits) or SHA-256 (64), always lower case in text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid {
    bytes: [u8; 32],
    len: u8,
}

/// Why a text is no object id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a full commit id: 40 or 64 hexadecimal digits are needed")]
pub struct BadOid(pub String);

impl Oid {
    /// From raw bytes: 20 (SHA-1) or 32 (SHA-256) of them, else `None`.
    #[must_use]
    pub fn from_bytes(raw: &[u8]) -> Option<Self> {
        let len = match raw.len() {
            20 => 20,
            32 => 32,
            _ => return None,
        };
        let mut bytes = [0; 32];
        bytes.get_mut(..raw.len())?.copy_from_slice(raw);
        Some(Self { bytes, len })
    }

    /// The raw bytes: 20 or 32.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }

    /// Whether it is of a repository with SHA-256 ids.
    #[must_use]
    pub fn is_sha_256(&self) -> bool {
        self.len == 32
    }

    /// All zeros: what forges send for "no commit".
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.bytes.iter().all(|byte| *byte == 0)
    }

    /// The ten digits that pages and terminals show (interface 1.2).
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(10).collect()
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.as_bytes() {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Oid {
    type Err = BadOid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadOid(text.chars().take(80).collect());
        if !text.is_ascii() || !matches!(text.len(), 40 | 64) {
            return Err(bad());
        }
        let raw = text
            .as_bytes()
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).ok().and_then(hex_byte))
            .collect::<Option<Vec<u8>>>()
            .ok_or_else(bad)?;
        Self::from_bytes(&raw).ok_or_else(bad)
    }
}

/// One byte from exactly two hexadecimal digits (`+f` is not one, though `from_str_radix` takes it).
fn hex_byte(pair: &str) -> Option<u8> {
    if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    u8::from_str_radix(pair, 16).ok()
}

impl Serialize for Oid {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Oid {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oid_reads_back_from_its_text() {
        for text in ["9f2c41e7d081d3f6e05b4be1c07a92aaaaaaaaaa", &"ab".repeat(32)] {
            assert_eq!(text.parse::<Oid>().map(|oid| oid.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn short_ids_signs_and_upper_case_lengths_are_refused_or_folded() {
        for text in ["", "9f2c41e", &"+f".repeat(20), &"zz".repeat(20), &"é".repeat(20)] {
            assert!(text.parse::<Oid>().is_err(), "{text}");
        }
        assert_eq!("AB".repeat(20).parse::<Oid>().map(|oid| oid.to_string()), Ok("ab".repeat(20)));
    }
}
