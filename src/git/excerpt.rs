//! The lines that differ between two texts, with their numbers: for people to read, never for rules.

use git2::{DiffOptions, Patch};

use crate::domain::file::DiffLine;

use super::GitError;

/// Lines before and after each changed one.
const CONTEXT: u32 = 2;
/// Lines told at most: an excerpt needs few, and a hostile file has many.
const MOST: usize = 4_000;

/// The changed lines of two texts with a little around them, in order, at most [`MOST`], and how many changed lines
/// there are altogether.
pub fn lines(old: &[u8], new: &[u8]) -> Result<(Vec<DiffLine>, u64), GitError> {
    let mut options = DiffOptions::new();
    options.context_lines(CONTEXT).force_text(true);
    let patch = Patch::from_buffers(old, None, new, None, Some(&mut options))?;
    let (_, added, deleted) = patch.line_stats()?;
    let mut found = Vec::new();
    for hunk in 0..patch.num_hunks() {
        for place in 0..patch.num_lines_in_hunk(hunk)? {
            if found.len() == MOST {
                return Ok((found, (added + deleted) as u64));
            }
            let line = patch.line_in_hunk(hunk, place)?;
            // Other origins say that a file ends without a newline, which the line itself says too.
            if matches!(line.origin(), ' ' | '+' | '-') {
                found.push(told(line.old_lineno(), line.new_lineno(), line.content()));
            }
        }
    }
    Ok((found, (added + deleted) as u64))
}

fn told(old: Option<u32>, new: Option<u32>, content: &[u8]) -> DiffLine {
    let text = content.strip_suffix(b"\n");
    DiffLine {
        old: old.map(u64::from),
        new: new.map(u64::from),
        ended: text.is_some(),
        text: String::from_utf8_lossy(text.unwrap_or(content)).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lines_come_with_their_numbers_and_two_lines_around_them() {
        let old = b"a\nb\nc\nd\ne\nf\ng\n";
        let new = b"a\nb\nc\nD\ne\nf\ng\nh";
        let (lines, changed) = lines(old, new).expect("a difference");
        assert_eq!(changed, 3);
        let told: Vec<_> = lines.iter().map(|l| (l.old, l.new, l.text.as_str(), l.ended)).collect();
        assert_eq!(
            told,
            [
                (Some(2), Some(2), "b", true),
                (Some(3), Some(3), "c", true),
                (Some(4), None, "d", true),
                (None, Some(4), "D", true),
                (Some(5), Some(5), "e", true),
                (Some(6), Some(6), "f", true),
                (Some(7), Some(7), "g", true),
                (None, Some(8), "h", false),
            ]
        );
    }

    #[test]
    fn a_new_a_gone_and_an_equal_text() {
        let (new, changed) = lines(b"", b"x\n").expect("a difference");
        assert_eq!((new.len(), changed, new[0].old, new[0].new), (1, 1, None, Some(1)));
        let (gone, _) = lines(b"x\n", b"").expect("a difference");
        assert_eq!((gone[0].old, gone[0].new), (Some(1), None));
        assert_eq!(lines(b"x\n", b"x\n").expect("a difference"), (Vec::new(), 0));
        let (odd, _) = lines(b"", b"\xff\n").expect("a difference");
        assert_eq!(odd[0].text, "\u{fffd}");
    }
}
