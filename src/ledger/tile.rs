//! Tiles: the tree in files of 256 hashes that never change, and bundles of the entries themselves
//! (C2SP tlog-tiles). Paths have one text each; any other is refused.

use std::fmt;
use std::str::FromStr;

use super::canonical::MAX_BYTES;
use super::tree::{Hash, MAX_SIZE};
use super::{canonical_number, excerpt};

/// Hashes or entries in a full tile.
pub const FULL: u16 = 256;

/// The highest level of tiles that a tree of [`MAX_SIZE`] entries has.
const MAX_LEVEL: u8 = 6;

/// A tile by its path below the ledger's prefix: `tile/L/N`, `tile/entries/N`, each with `.p/W` where it
/// is partial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TilePath {
    /// What is in it.
    pub kind: TileKind,
    /// Which tile of its level, from 0.
    pub index: u64,
    /// How many hashes or entries, 1 to [`FULL`].
    pub width: u16,
}

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TileKind {
    /// Hashes: of level 0 the leaf hashes, of level `l` the roots over 256^`l` entries.
    Hashes(u8),
    /// The entries themselves.
    Entries,
}

/// Why a path names no tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the path of a tile such as tile/0/x001/067, tile/1/000.p/8 or tile/entries/000"
)]
pub struct BadTilePath(pub String);

impl TilePath {
    /// The first hash or entry in it, counted on its level.
    #[must_use]
    pub fn first(self) -> u64 {
        self.index * u64::from(FULL)
    }

    /// Whether all of it is final in a tree of `size` entries, so that it may be served for ever.
    #[must_use]
    pub fn is_within(self, size: u64) -> bool {
        let level = match self.kind {
            TileKind::Hashes(level) => u32::from(level),
            TileKind::Entries => 0,
        };
        let complete = size.checked_shr(8 * level).unwrap_or(0);
        self.first() + u64::from(self.width) <= complete
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes(level) => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        let groups = self.index.checked_ilog(1000).unwrap_or(0);
        for group in (1..=groups).rev() {
            write!(f, "x{:03}/", self.index / 1000_u64.pow(group) % 1000)?;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.width < FULL { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

impl FromStr for TilePath {
    type Err = BadTilePath;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).ok_or_else(|| BadTilePath(excerpt(text, 80)))
    }
}

fn read(text: &str) -> Option<TilePath> {
    let (kind, rest) = text.strip_prefix("tile/")?.split_once('/')?;
    let kind = match kind {
        "entries" => TileKind::Entries,
        level => {
            let level = u8::try_from(canonical_number(level)?).ok()?;
            TileKind::Hashes(Some(level).filter(|level| *level <= MAX_LEVEL)?)
        }
    };
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => (index, u16::try_from(canonical_number(width)?).ok()?),
        None => (rest, FULL),
    };
    let path = TilePath { kind, index: read_index(index)?, width };
    // A width of 256 is written without `.p`, and an index has one way to be grouped.
    (width > 0 && path.to_string() == text).then_some(path)
}

fn read_index(text: &str) -> Option<u64> {
    let digits = text.replace("/x", "").replace(['x', '/'], "");
    let plain = digits.len() <= 18 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let index = if plain { digits.parse().ok()? } else { return None };
    (index <= MAX_SIZE / u64::from(FULL)).then_some(index)
}

/// The bytes of a tile of hashes.
#[must_use]
pub fn encode_hashes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// Why entries do not make a bundle, or bytes are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// An entry that does not fit.
    #[error("entry {at} of the bundle has {len} bytes, 65535 are allowed")]
    TooLarge {
        /// Its place in the bundle, from 0.
        at: usize,
        /// Its bytes.
        len: usize,
    },
    /// The bytes end within an entry.
    #[error("the bundle ends within entry {0}")]
    CutOff(usize),
    /// More or fewer entries than its path says.
    #[error("the bundle has {have} entries instead of {need}")]
    Count {
        /// Entries its path says.
        need: u16,
        /// Entries in it; counted up to one more than that.
        have: usize,
    },
}

/// An entry bundle: each entry after its length as a big-endian unsigned 16-bit number.
pub fn encode_entries<'a>(
    entries: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<u8>, BundleError> {
    let mut bundle = Vec::new();
    for (at, entry) in entries.into_iter().enumerate() {
        let len = u16::try_from(entry.len())
            .ok()
            .filter(|len| usize::from(*len) <= MAX_BYTES)
            .ok_or(BundleError::TooLarge { at, len: entry.len() })?;
        bundle.extend_from_slice(&len.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    Ok(bundle)
}

/// The entries of a bundle, of which there must be exactly `width`.
pub fn decode_entries(bundle: &[u8], width: u16) -> Result<Vec<&[u8]>, BundleError> {
    let (mut rest, mut entries) = (bundle, Vec::new());
    while !rest.is_empty() && entries.len() <= usize::from(width) {
        let cut_off = BundleError::CutOff(entries.len());
        let Some((length, after)) = rest.split_first_chunk::<2>() else { return Err(cut_off) };
        let length = usize::from(u16::from_be_bytes(*length));
        let Some((entry, after)) = after.split_at_checked(length) else { return Err(cut_off) };
        entries.push(entry);
        rest = after;
    }
    let have = entries.len();
    if have == usize::from(width) {
        Ok(entries)
    } else {
        Err(BundleError::Count { need: width, have })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::id;
    use crate::ledger::vectors::numbered;

    #[test]
    fn the_published_tiles_have_the_known_digests() {
        let entries: Vec<String> = (0..256).map(|number| number.to_string()).collect();
        assert_eq!(
            id::sha256(&encode_hashes(&numbered(256))),
            "sha256:b9704a8bfbee2c61185ceb38904a49f3f703c81e194b5b2ccdc254c2bdaaa62b"
        );
        let bundle = encode_entries(entries.iter().map(String::as_bytes)).expect("a bundle");
        assert_eq!(
            id::sha256(&bundle),
            "sha256:94693d5c6d6a0355ec07bac8214516c1ce6a5100b0588f226fd95f26571157d7"
        );
        let read = decode_entries(&bundle, 256).expect("its entries");
        assert!(read.into_iter().eq(entries.iter().map(String::as_bytes)));
    }

    #[test]
    fn a_bundle_with_a_wrong_length_or_count_is_refused() {
        let bundle = encode_entries([b"ab".as_slice(), b"", b"c"]).expect("a bundle");
        assert_eq!(bundle, b"\0\x02ab\0\0\0\x01c");
        assert_eq!(decode_entries(&bundle, 3), Ok(vec![b"ab".as_slice(), b"", b"c"]));
        assert_eq!(decode_entries(&bundle, 2), Err(BundleError::Count { need: 2, have: 3 }));
        assert_eq!(decode_entries(&bundle, 4), Err(BundleError::Count { need: 4, have: 3 }));
        assert_eq!(decode_entries(&bundle[..8], 3), Err(BundleError::CutOff(2)));
        assert_eq!(decode_entries(&bundle[..7], 3), Err(BundleError::CutOff(2)));
        let large = vec![b'x'; 65_536];
        assert_eq!(
            encode_entries([b"".as_slice(), &large]),
            Err(BundleError::TooLarge { at: 1, len: 65_536 })
        );
        assert!(encode_entries([&large[1..]]).is_ok());
    }

    #[test]
    fn paths_are_grouped_as_the_specification_says() {
        for (text, kind, index, width) in [
            ("tile/0/x001/x234/067", TileKind::Hashes(0), 1_234_067, 256),
            ("tile/entries/x001/x234/067", TileKind::Entries, 1_234_067, 256),
            ("tile/0/000", TileKind::Hashes(0), 0, 256),
            ("tile/1/000.p/3", TileKind::Hashes(1), 0, 3),
            ("tile/0/273.p/112", TileKind::Hashes(0), 273, 112),
            ("tile/entries/x001/000.p/255", TileKind::Entries, 1000, 255),
            ("tile/6/999", TileKind::Hashes(6), 999, 256),
        ] {
            let path = TilePath { kind, index, width };
            assert_eq!(path.to_string(), text);
            assert_eq!(text.parse(), Ok(path));
        }
    }

    #[test]
    fn paths_that_are_not_canonical_are_refused() {
        for text in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/00/000",
            "tile/7/000",
            "tile/-1/000",
            "tile/+1/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/00",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x001",
            "tile/0/x001/x000",
            "tile/0/x1/000",
            "tile/0/X001/000",
            "tile/0/x001/000/",
            "/tile/0/000",
            "tile/0/x001x000",
            "tile/0/x001//000",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/08",
            "tile/0/000.p/",
            "tile/0/000.p",
            "tile/0/000.p/1.p/1",
            "tile/0/000.p/+1",
            "tile/entries/0/000",
            "tile/data/000",
            "tile/0/../000",
            "tile/0/é00",
            "tile/0/000 ",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert!(text.parse::<TilePath>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_what_the_tree_has_is_served() {
        let within = |text: &str, size| text.parse::<TilePath>().map(|path| path.is_within(size));
        for (text, size, served) in [
            ("tile/0/000.p/1", 0, false),
            ("tile/0/000.p/1", 1, true),
            ("tile/0/000", 255, false),
            ("tile/0/000", 256, true),
            ("tile/1/000.p/1", 255, false),
            ("tile/1/000.p/1", 256, true),
            ("tile/0/273.p/112", 70_000, true),
            ("tile/0/273.p/113", 70_000, false),
            ("tile/1/001.p/17", 70_000, true),
            ("tile/1/001.p/18", 70_000, false),
            ("tile/2/000.p/1", 70_000, true),
            ("tile/3/000.p/1", 70_000, false),
            ("tile/entries/273.p/112", 70_000, true),
            ("tile/entries/274.p/1", 70_000, false),
        ] {
            assert_eq!(within(text, size), Ok(served), "{text} of {size}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_path_reads_back(level in 0_u8..=6, index in 0..=MAX_SIZE / 256, width in 1_u16..=256) {
            for kind in [TileKind::Hashes(level), TileKind::Entries] {
                let path = TilePath { kind, index, width };
                prop_assert_eq!(path.to_string().parse(), Ok(path));
            }
        }
    }
}
