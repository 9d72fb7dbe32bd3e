//! Types of binary files that a rule may let pass, by extension and by bytes (sem 2.1).
//!
//! The first bytes alone prove little: an archive or a program may stand behind a picture, and readers of ZIP look at the
//! end. So a file has a type here only if it ends where that type says that it ends; then nothing is appended to it. What
//! lies within (metadata, a flaw of a decoder) is not judged. Not here on purpose: SVG, which is text that may hold
//! scripts, and PDF, which may too.
//!
//! Sources: PNG, Third Edition (W3C), 5.2 and 11.2.5 · JPEG, ITU-T T.81, B.1.1.3 · `GIF89a`, 17 and 27 · WebP, RFC 9649, 2.4 ·
//! ICO, `ICONDIR` as in Microsoft's "Icons" · WOFF 1.0 (W3C), 3 · WOFF2 (W3C), 4.1.

/// A type that files may have.
#[derive(Debug, Clone, Copy)]
pub struct FileType {
    /// The word in facts.
    pub name: &'static str,
    /// In a sentence.
    pub shown: &'static str,
    extensions: &'static [&'static str],
    is: fn(&[u8]) -> bool,
}

const TYPES: [FileType; 7] = [
    FileType { name: "png", shown: "a PNG image", extensions: &["png"], is: is_png },
    FileType { name: "jpeg", shown: "a JPEG image", extensions: &["jpg", "jpeg"], is: is_jpeg },
    FileType { name: "gif", shown: "a GIF image", extensions: &["gif"], is: is_gif },
    FileType { name: "webp", shown: "a WebP image", extensions: &["webp"], is: is_webp },
    FileType { name: "ico", shown: "an icon", extensions: &["ico"], is: is_ico },
    FileType { name: "woff", shown: "a WOFF font", extensions: &["woff"], is: is_woff },
    FileType { name: "woff2", shown: "a WOFF2 font", extensions: &["woff2"], is: is_woff2 },
];

/// The type that a path's extension stands for.
#[must_use]
pub fn by_name(path: &str) -> Option<&'static FileType> {
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    let extension = extension.to_ascii_lowercase();
    TYPES.iter().find(|one| one.extensions.contains(&extension.as_str()))
}

/// The type that bytes show from beginning to end.
#[must_use]
pub fn by_bytes(bytes: &[u8]) -> Option<&'static str> {
    TYPES.iter().find(|one| (one.is)(bytes) && !ends_an_archive(bytes)).map(|one| one.name)
}

/// A ZIP archive ends with a record that its readers look for from behind, over a comment of 64 KiB at most: within a
/// picture's own text it would make one file of both.
fn ends_an_archive(bytes: &[u8]) -> bool {
    const RECORD: &[u8] = b"PK\x05\x06";
    const REACH: usize = 22 + 0xffff;
    let from = bytes.len().saturating_sub(REACH);
    bytes.get(from..).is_some_and(|end| end.windows(RECORD.len()).any(|part| part == RECORD))
}

/// Chunks one after another, the last one `IEND`, and nothing behind it.
fn is_png(bytes: &[u8]) -> bool {
    let Some(mut rest) = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") else { return false };
    // The header's 13 bytes and its checksum.
    rest = rest.get(17..).unwrap_or_default();
    loop {
        let (Some(length), Some(kind)) = (big(rest, 0), rest.get(4..8)) else { return false };
        let Some(next) = length.checked_add(12).and_then(|end| rest.get(end..)) else {
            return false;
        };
        if kind == b"IEND" {
            return length == 0 && next.is_empty();
        }
        rest = next;
    }
}

/// Segments up to the first scan; an end marker that stands at the very end and nowhere before it in the scans.
fn is_jpeg(bytes: &[u8]) -> bool {
    let Some(mut rest) = bytes.strip_prefix(b"\xff\xd8") else { return false };
    loop {
        let [0xff, marker, ..] = *rest else { return false };
        let Some(next) = rest.get(2..4).and_then(|length| rest.get(2 + pair(length)..)) else {
            return false;
        };
        match marker {
            // Fill bytes, markers without a length, or an end before there was any scan.
            0xff | 0x00 | 0x01 | 0xd0..=0xd9 => return false,
            0xda => {
                return next
                    .windows(2)
                    .position(|two| two == b"\xff\xd9")
                    .is_some_and(|at| at + 2 == next.len());
            }
            _ => rest = next,
        }
    }
}

/// Blocks one after another, then the trailer and nothing behind it.
fn is_gif(bytes: &[u8]) -> bool {
    if !(bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a")) {
        return false;
    }
    let Some(mut rest) = bytes.get(10).and_then(|flags| bytes.get(13 + colours(*flags)..)) else {
        return false;
    };
    loop {
        rest = match *rest {
            [b';'] => return true,
            [b'!', _, ..] => rest.get(2..).unwrap_or_default(),
            // Place, size and flags of an image, its colours, and the size of its codes.
            [b',', _, _, _, _, _, _, _, _, flags, ..] => {
                rest.get(11 + colours(flags)..).unwrap_or_default()
            }
            _ => return false,
        };
        let Some(next) = behind_blocks(rest) else { return false };
        rest = next;
    }
}

/// Bytes of a table of colours.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// What stands behind blocks that each begin with their length, the last one empty.
fn behind_blocks(mut rest: &[u8]) -> Option<&[u8]> {
    loop {
        let (length, behind) = rest.split_first()?;
        rest = behind.get(usize::from(*length)..)?;
        if *length == 0 {
            return Some(rest);
        }
    }
}

/// A RIFF container of exactly the length that it names.
fn is_webp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF")
        && bytes.get(8..15) == Some(b"WEBPVP8")
        && little(bytes, 4).and_then(|length| length.checked_add(8)) == Some(bytes.len())
}

/// A directory of images that lie behind it, the last of which ends where the file ends; each is a bitmap or a PNG.
fn is_ico(bytes: &[u8]) -> bool {
    let Some([count, 0]) = bytes.strip_prefix(b"\0\0\x01\0").and_then(|rest| rest.get(..2)) else {
        return false;
    };
    let directory = 6 + 16 * usize::from(*count);
    let mut last = 0;
    for entry in 0..usize::from(*count) {
        let at = 6 + 16 * entry;
        let (Some(size), Some(from)) = (little(bytes, at + 8), little(bytes, at + 12)) else {
            return false;
        };
        let image = from.checked_add(size).and_then(|end| bytes.get(from..end));
        let Some(image) = image.filter(|_| from >= directory) else { return false };
        if !image.starts_with(b"\x28\0\0\0") && !is_png(image) {
            return false;
        }
        last = last.max(from + size);
    }
    *count > 0 && last == bytes.len()
}

fn is_woff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"wOFF") && big(bytes, 8) == Some(bytes.len())
}

fn is_woff2(bytes: &[u8]) -> bool {
    bytes.starts_with(b"wOF2") && big(bytes, 8) == Some(bytes.len())
}

/// Two bytes as a length, the larger first.
fn pair(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, byte| (sum << 8) | usize::from(*byte))
}

/// Four bytes as a length, the larger first.
fn big(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..at.checked_add(4)?).map(pair)
}

/// Four bytes as a length, the smaller first.
fn little(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(bytes.iter().rev().fold(0, |sum, byte| (sum << 8) | usize::from(*byte)))
}

/// Small whole files for tests.
#[cfg(test)]
pub(crate) mod samples {
    /// A PNG of one pixel.
    pub(crate) fn png(pixel: u8) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        for (kind, data) in [
            (b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0][..]),
            (b"IDAT", &[pixel, 1, 2, 3]),
            (b"IEND", &[]),
        ] {
            bytes.extend(u32::try_from(data.len()).expect("short").to_be_bytes());
            bytes.extend(kind);
            bytes.extend(data);
            bytes.extend([0; 4]);
        }
        bytes
    }

    pub(super) fn jpeg() -> Vec<u8> {
        b"\xff\xd8\xff\xe0\0\x04ab\xff\xda\0\x03a\x01\x02\xff\x00\x03\xff\xd9".to_vec()
    }

    pub(super) fn gif() -> Vec<u8> {
        let mut bytes = b"GIF89a\x01\0\x01\0\x80\0\0".to_vec();
        bytes.extend([1, 2, 3, 4, 5, 6]);
        bytes.extend(b"!\xf9\x04\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;");
        bytes
    }

    pub(super) fn webp() -> Vec<u8> {
        b"RIFF\x0c\0\0\0WEBPVP8L\0\0\0\0".to_vec()
    }

    pub(super) fn ico() -> Vec<u8> {
        let mut bytes = b"\0\0\x01\0\x01\0\x01\x01\0\0\x01\0\x20\0\x08\0\0\0\x16\0\0\0".to_vec();
        bytes.extend(b"\x28\0\0\0\x01\0\0\0");
        bytes
    }

    pub(super) fn woff(version: [u8; 4]) -> Vec<u8> {
        let mut bytes = version.to_vec();
        bytes.extend(b"\0\x01\0\0\0\0\0\x10\0\0\0\0");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::samples::{gif, ico, jpeg, png, webp, woff};
    use super::*;

    fn whole() -> Vec<(&'static str, Vec<u8>)> {
        vec![
            ("png", png(7)),
            ("jpeg", jpeg()),
            ("gif", gif()),
            ("webp", webp()),
            ("ico", ico()),
            ("woff", woff(*b"wOFF")),
            ("woff2", woff(*b"wOF2")),
        ]
    }

    #[test]
    fn whole_files_show_their_type() {
        for (name, bytes) in whole() {
            assert_eq!(by_bytes(&bytes), Some(name));
            assert_eq!(by_name(&format!("docs/a.{name}")).map(|one| one.name), Some(name));
        }
        assert_eq!(by_name("docs/a.JPG").map(|one| one.name), Some("jpeg"));
        for path in ["docs/a.svg", "docs/a.pdf", "docs/png", "docs/a.png/b", "docs/a.png.exe"] {
            assert!(by_name(path).is_none(), "{path}");
        }
    }

    #[test]
    fn nothing_hides_behind_a_picture() {
        for (name, bytes) in whole() {
            for more in
                [&b"PK\x03\x04 archive PK\x05\x06\0\0"[..], b"\x7fELF", b"\xff\xd9", b";", b"\0"]
            {
                let both = [bytes.as_slice(), more].concat();
                assert_eq!(by_bytes(&both), None, "{name} and {more:?}");
            }
        }
        let mut both = png(7);
        let text = b"\0\0\0\x06tEXtPK\x05\x06ab\0\0\0\0";
        both.splice(33..33, *text);
        assert_eq!(by_bytes(&both), None);
        both[44] = b'X';
        assert_eq!(by_bytes(&both), Some("png"), "without the record it is a picture with a text");
        for program in [
            &b"\x7fELF\x02\0"[..],
            b"MZ\x90\0",
            b"\xcf\xfa\xed\xfe\0",
            b"PK\x03\x04\0",
            b"#!/bin/sh\n\0",
            b"<svg>\0",
        ] {
            assert_eq!(by_bytes(program), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_no_part_of_a_file_is_one(bytes in prop::collection::vec(any::<u8>(), 0..80), cut in 0..60_usize) {
            let _ = by_bytes(&bytes);
            for (name, whole) in whole() {
                let cut = cut % whole.len();
                prop_assert_eq!(by_bytes(&whole[..cut]), None, "{} cut at {}", name, cut);
                let mut mixed = whole[..cut].to_vec();
                mixed.extend(&bytes);
                let _ = by_bytes(&mixed);
            }
        }
    }
}
