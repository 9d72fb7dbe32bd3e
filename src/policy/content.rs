//! What the bytes of a changed file say, without a rule's opinion (sem 2.1): size, binary or not, LFS pointer,
//! its type, deceptive characters, where a link points.

use crate::domain::RepoPath;
use crate::domain::file::{Content, Deceptive, Lines, Types};

use super::types;

const LINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;
/// Bytes above which a blob is no LFS pointer.
const LFS_MAX_BYTES: usize = 1024;

/// Looks at both sides; a side is `None`, bytes and mode, where the path does not exist. A mode without bytes is
/// `missing`, unless it is a submodule.
///
/// `lines` is an upper bound (everything between the common beginning and end); who has counted them exactly, as
/// the git room has, puts its count in.
#[must_use]
pub fn scan(
    old: Option<&[u8]>,
    new: Option<&[u8]>,
    old_mode: Option<u32>,
    new_mode: Option<u32>,
) -> Content {
    let lacks = |mode: Option<u32>, bytes: Option<&[u8]>| {
        mode.is_some_and(|mode| mode != SUBMODULE) && bytes.is_none()
    };
    let is_text = |mode: Option<u32>| !matches!(mode, Some(LINK | SUBMODULE));
    let (before, after) = (old.unwrap_or_default(), new.unwrap_or_default());
    let text = is_text(old_mode) && is_text(new_mode);
    let binary =
        (is_text(old_mode) && before.contains(&0)) || (is_text(new_mode) && after.contains(&0));
    Content {
        lines: (text && !binary).then(|| line_bound(before, after)),
        old_size: before.len() as u64,
        new_size: after.len() as u64,
        binary,
        types: if binary && text { shown(old, new) } else { Types::default() },
        generated: false,
        lfs: is_lfs(before) || is_lfs(after),
        deceptive: if is_text(new_mode) && !binary { deceptive(before, after) } else { None },
        link_target: new.filter(|_| new_mode == Some(LINK)).map(RepoPath::new),
        missing: lacks(old_mode, old) || lacks(new_mode, new),
    }
}

/// The types of both sides.
fn shown(old: Option<&[u8]>, new: Option<&[u8]>) -> Types {
    let of = |side: Option<&[u8]>| side.and_then(types::by_bytes).map(str::to_owned);
    Types { old: of(old), new: of(new) }
}

/// Lines between the common beginning and the common end: never fewer than a line-by-line comparison finds.
#[must_use]
pub fn line_bound(old: &[u8], new: &[u8]) -> Lines {
    let before: Vec<&[u8]> = old.split_inclusive(|b| *b == b'\n').collect();
    let after: Vec<&[u8]> = new.split_inclusive(|b| *b == b'\n').collect();
    let head = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
    let shorter = before.len().min(after.len()) - head;
    let tail = before
        .iter()
        .rev()
        .zip(after.iter().rev())
        .take(shorter)
        .take_while(|(a, b)| a == b)
        .count();
    Lines {
        added: (after.len() - head - tail) as u64,
        deleted: (before.len() - head - tail) as u64,
    }
}

fn is_lfs(bytes: &[u8]) -> bool {
    bytes.len() <= LFS_MAX_BYTES
        && (bytes.starts_with(b"version https://git-lfs.github.com/spec/")
            || bytes.starts_with(b"version https://hawser.github.com/spec/"))
}

/// The first deceptive line of `new` that `old` does not have at the same turn. A byte order mark at the very
/// beginning of both is none.
fn deceptive(old: &[u8], new: &[u8]) -> Option<Deceptive> {
    const BOM: &[u8] = "\u{feff}".as_bytes();
    let (old, new) = match (old.strip_prefix(BOM), new.strip_prefix(BOM)) {
        (Some(old), Some(new)) => (old, new),
        _ => (old, new),
    };
    let before: Vec<&[u8]> = deceptive_lines(old).map(|(_, line, _)| line).collect();
    let after: Vec<(u64, &[u8], String)> = deceptive_lines(new).collect();
    let head = before.iter().zip(&after).take_while(|(a, (_, b, _))| *a == b).count();
    let rest = before.len().min(after.len()) - head;
    let tail = before
        .iter()
        .rev()
        .zip(after.iter().rev())
        .take(rest)
        .take_while(|(a, (_, b, _))| *a == b)
        .count();
    if after.len() - tail <= head {
        return None;
    }
    let (line, _, what) = after.get(head)?;
    Some(Deceptive { line: *line, character: what.clone() })
}

fn deceptive_lines(bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8], String)> {
    (1_u64..).zip(bytes.split(|b| *b == b'\n')).filter_map(|(number, line)| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        odd(line).map(|what| (number, line, what))
    })
}

/// What in a line makes it look like another: a character, or bytes that each reader shows in its own way.
fn odd(line: &[u8]) -> Option<String> {
    line.utf8_chunks().find_map(|chunk| {
        let character = chunk.valid().chars().find(|c| is_deceptive(*c));
        let bytes = || (!chunk.invalid().is_empty()).then(|| "bytes that are no UTF-8".to_owned());
        character.map(|c| format!("U+{:04X}", c as u32)).or_else(bytes)
    })
}

/// Whether a character shows nothing, or changes how others are shown: controls but tab, format characters (Cf of
/// Unicode 16), line separators, blank letters, and the variation selectors that hide text.
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{17b4}'..='\u{17b5}' | '\u{2800}' | '\u{1d159}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}' | '\u{8e2}'
            | '\u{115f}'..='\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}'
            | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Option<u32> = Some(0o100_644);

    fn text(old: &str, new: &str) -> Content {
        scan(Some(old.as_bytes()), Some(new.as_bytes()), FILE, FILE)
    }

    #[test]
    fn a_nul_byte_on_either_side_is_binary() {
        assert!(scan(Some(b"a\0"), Some(b"a"), FILE, FILE).binary);
        assert!(scan(None, Some(b"\x7fELF\0"), None, FILE).binary);
        assert!(!text("a", "b").binary);
    }

    #[test]
    fn a_deceptive_character_is_found_in_added_lines_only() {
        let found = text("a\nb\n", "a\nb\u{202e}c\n").deceptive.expect("deceptive");
        assert_eq!((found.line, found.character.as_str()), (2, "U+202E"));
        assert_eq!(text("x\u{200b}\nold\n", "x\u{200b}\nnew\n").deceptive, None);
        assert_eq!(text("a", "caf\u{e9} \u{1f600}\t\r\n").deceptive, None);
        let latin = scan(Some(b"a\n"), Some(b"a\ncaf\xe9\n"), FILE, FILE).deceptive.expect("odd");
        assert_eq!((latin.line, latin.character.as_str()), (2, "bytes that are no UTF-8"));
        assert_eq!(scan(Some(b"\xe9\na"), Some(b"\xe9\nb"), FILE, FILE).deceptive, None);
        for c in [
            '\u{34f}',
            '\u{2800}',
            '\u{2066}',
            '\u{200d}',
            '\u{2060}',
            '\u{7}',
            '\u{e0041}',
            '\u{ad}',
        ] {
            assert!(text("", &format!("{c}")).deceptive.is_some(), "{:04X}", c as u32);
        }
    }

    #[test]
    fn a_byte_order_mark_is_deceptive_unless_it_was_there() {
        assert_eq!(text("\u{feff}a", "\u{feff}b").deceptive, None);
        assert!(text("a", "\u{feff}a").deceptive.is_some());
        assert!(text("\u{feff}a", "\u{feff}b\u{feff}").deceptive.is_some());
    }

    #[test]
    fn links_and_pointers_are_told() {
        let link = scan(None, Some(b"../../etc"), None, Some(LINK));
        assert_eq!(link.link_target, Some(RepoPath::from("../../etc")));
        assert_eq!(link.lines, None);
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
        assert!(text("", pointer).lfs);
        assert!(scan(None, None, None, FILE).missing);
        assert!(!scan(None, None, None, Some(SUBMODULE)).missing);
    }

    #[test]
    fn the_bound_on_lines_counts_what_changed() {
        assert_eq!(text("a\nb\nc\n", "a\nx\ny\nc\n").lines, Some(Lines { added: 2, deleted: 1 }));
        assert_eq!(text("a\na\n", "a\n").lines, Some(Lines { added: 0, deleted: 1 }));
        assert_eq!(text("a\n", "a\n").lines, Some(Lines::default()));
    }
}
