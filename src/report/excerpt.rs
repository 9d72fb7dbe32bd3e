//! `diff-excerpt`: the lines that made the class, at most twenty, safe to read (interface 3.3).
//!
//! Secret-like values are left out, invisible and bidirectional characters are written out, long lines are cut around
//! what changed, and the changed words of a replaced line are told.

use super::covered::covers;
use super::words::{count, is_deceptive};
use crate::domain::file::DiffLine;

/// Lines of all excerpts of a page together.
pub const MOST: usize = 20;
/// Characters of a line; half of them of a part that did not change.
const LONG: usize = 400;

/// What a piece of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it was.
    Same,
    /// Another word than on the other side.
    Changed,
    /// Written in place of what is not shown as it is: `U+202E`, `24 characters not shown`.
    Mark,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What is read.
    pub text: String,
    /// What it is.
    pub tone: Tone,
}

impl Piece {
    fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }
}

/// A line of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number before.
    pub old: Option<u64>,
    /// Its number after.
    pub new: Option<u64>,
    /// Its text in pieces.
    pub pieces: Vec<Piece>,
    /// Lines that are not shown stand before it.
    pub after_gap: bool,
}

/// The lines of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The path; may be hostile.
    pub path: String,
    /// The lines.
    pub lines: Vec<Line>,
    /// Changed lines of the file.
    pub changed: u64,
}

impl Excerpt {
    /// Changed lines that are shown.
    #[must_use]
    pub fn shown(&self) -> u64 {
        self.lines.iter().filter(|line| line.old.is_none() || line.new.is_none()).count() as u64
    }

    /// `lines 88–95`, after the change; `lines 3–4 before` where all are gone.
    #[must_use]
    pub fn range(&self) -> String {
        let span = |of: fn(&Line) -> Option<u64>| {
            let numbers = || self.lines.iter().filter_map(of);
            numbers().min().zip(numbers().max())
        };
        let words = |(first, last): (u64, u64)| match first == last {
            true => format!("line {}", count(first)),
            false => format!("lines {}–{}", count(first), count(last)),
        };
        span(|line| line.new)
            .map(words)
            .or_else(|| span(|line| line.old).map(|span| format!("{} before", words(span))))
            .unwrap_or_default()
    }
}

/// A file to excerpt.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its path.
    pub path: &'a str,
    /// The text before.
    pub old: &'a str,
    /// The text after.
    pub new: &'a str,
    /// It is configuration: values of secret names are hidden whatever they look like.
    pub configuration: bool,
    /// The line after the change that matters; `None`: the first that changed.
    pub around: Option<u64>,
    /// The differing lines with a little context, and how many changed lines there are.
    pub lines: &'a [DiffLine],
    /// Changed lines of the whole file.
    pub changed: u64,
}

/// At most `budget` lines of a file; `None`: nothing to show.
#[must_use]
pub fn excerpt(source: &Source<'_>, budget: usize) -> Option<Excerpt> {
    let from = start(source, budget);
    let chosen: Vec<&DiffLine> = source.lines.iter().skip(from).take(budget).collect();
    if !chosen.iter().any(|line| line.is_changed()) {
        return None;
    }
    let covered = Covered::of(source);
    let texts: Vec<Vec<Piece>> = chosen.iter().map(|line| covered.pieces(line)).collect();
    let marked = with_changed_words(&chosen, texts);
    let mut last = (0, 0);
    let lines = chosen.iter().zip(marked).enumerate().map(|(place, (line, pieces))| {
        let near = |number: Option<u64>, last: u64| number.is_none_or(|number| number <= last + 1);
        let after_gap = place > 0 && !(near(line.old, last.0) && near(line.new, last.1));
        last = (line.old.unwrap_or(last.0), line.new.unwrap_or(last.1));
        Line { old: line.old, new: line.new, pieces: shortened(pieces), after_gap }
    });
    Some(Excerpt { path: source.path.to_owned(), lines: lines.collect(), changed: source.changed })
}

/// Where the excerpt begins: at the first difference, or a little before the line that matters.
fn start(source: &Source<'_>, budget: usize) -> usize {
    let Some(around) = source.around else { return 0 };
    let at = source.lines.iter().position(|line| line.new == Some(around)).unwrap_or(0);
    if at < budget { 0 } else { at.saturating_sub(budget / 2) }
}

/// From which byte on each line of either side is not shown.
struct Covered {
    old: Vec<Option<usize>>,
    new: Vec<Option<usize>>,
    carriage: bool,
}

impl Covered {
    fn of(source: &Source<'_>) -> Self {
        // A file whose every line ends in CR LF says nothing by it; a stray one is shown.
        let whole = |text: &str| text.split_terminator('\n').all(|line| line.ends_with('\r'));
        Self {
            old: covers(source.old, source.configuration),
            new: covers(source.new, source.configuration),
            carriage: !(whole(source.old) && whole(source.new)),
        }
    }

    fn pieces(&self, line: &DiffLine) -> Vec<Piece> {
        let cover = |side: &[Option<usize>], number: Option<u64>| {
            let place = usize::try_from(number?.checked_sub(1)?).ok()?;
            side.get(place).copied().flatten()
        };
        // What is hidden on one side is hidden on both.
        let from = cover(&self.old, line.old).into_iter().chain(cover(&self.new, line.new)).min();
        let text = line.text.strip_suffix('\r').filter(|_| !self.carriage).unwrap_or(&line.text);
        let (shown, hidden) = match from {
            Some(from) => text.split_at_checked(from).unwrap_or(("", text)),
            None => (text, ""),
        };
        let mut pieces = written_out(shown);
        if !hidden.is_empty() {
            let text = format!("{} characters not shown", count(hidden.chars().count() as u64));
            pieces.push(Piece::new(Tone::Mark, text));
        }
        if !line.ended && line.is_changed() {
            pieces.push(Piece::new(Tone::Mark, "no newline at the end"));
        }
        pieces
    }
}

/// Text with its invisible and direction-changing characters as marks.
fn written_out(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for character in text.chars() {
        if is_deceptive(character) {
            pieces.push(Piece::new(Tone::Mark, format!("U+{:04X}", u32::from(character))));
            continue;
        }
        match pieces.last_mut() {
            Some(last) if last.tone == Tone::Same => last.text.push(character),
            _ => pieces.push(Piece::new(Tone::Same, character)),
        }
    }
    pieces
}

/// Tells the changed words of lines that were replaced one for one.
fn with_changed_words(lines: &[&DiffLine], mut texts: Vec<Vec<Piece>>) -> Vec<Vec<Piece>> {
    let mut at = 0;
    while at < lines.len() {
        let run = |from: usize, test: fn(&DiffLine) -> bool| {
            lines.iter().skip(from).take_while(|line| test(line)).count()
        };
        let gone = run(at, |line| line.new.is_none());
        let added = run(at + gone, |line| line.old.is_none());
        for pair in 0..gone.min(added) {
            let (one, other) = (at + pair, at + gone + pair);
            if let (Some(old), Some(new)) = (texts.get(one), texts.get(other))
                && let Some((old, new)) = compared(old, new)
            {
                texts.splice(one..=one, [old]);
                texts.splice(other..=other, [new]);
            }
        }
        at += (gone + added).max(1);
    }
    texts
}

/// Two lines with what differs between their common beginning and end; `None`: they share too little to be told apart
/// by words.
fn compared(old: &[Piece], new: &[Piece]) -> Option<(Vec<Piece>, Vec<Piece>)> {
    let (one, other) = (tokens(old), tokens(new));
    let same = |(a, b): &(&Piece, &Piece)| a == b;
    let head = one.iter().zip(&other).take_while(same).count();
    let (one_rest, other_rest) = (one.get(head..)?, other.get(head..)?);
    let tail = one_rest.iter().rev().zip(other_rest.iter().rev()).take_while(same).count();
    let size = |tokens: &[Piece]| -> usize {
        tokens.iter().map(|token| token.text.trim().chars().count()).sum()
    };
    let shared = size(one.get(..head)?) + size(one.get(one.len() - tail..)?);
    if shared * 3 < size(&one).max(size(&other)) {
        return None;
    }
    Some((joined(&one, head, tail), joined(&other, head, tail)))
}

fn joined(tokens: &[Piece], head: usize, tail: usize) -> Vec<Piece> {
    let middle = head..tokens.len() - tail;
    let mut pieces: Vec<Piece> = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        let tone = match token.tone {
            Tone::Same if middle.contains(&place) => Tone::Changed,
            tone => tone,
        };
        match pieces.last_mut() {
            Some(last) if last.tone == tone && tone != Tone::Mark => {
                last.text.push_str(&token.text)
            }
            _ => pieces.push(Piece::new(tone, token.text.as_str())),
        }
    }
    pieces
}

/// Words, and every other character by itself.
fn tokens(pieces: &[Piece]) -> Vec<Piece> {
    let mut all: Vec<Piece> = Vec::new();
    for piece in pieces {
        if piece.tone == Tone::Mark {
            all.push(piece.clone());
            continue;
        }
        let mut word = String::new();
        for character in piece.text.chars() {
            if character.is_alphanumeric() || character == '_' {
                word.push(character);
                continue;
            }
            if !word.is_empty() {
                all.push(Piece::new(piece.tone, std::mem::take(&mut word)));
            }
            all.push(Piece::new(piece.tone, character));
        }
        if !word.is_empty() {
            all.push(Piece::new(piece.tone, word));
        }
    }
    all
}

/// A line of hundreds of characters is cut around what changed, and says how much was left out.
fn shortened(pieces: Vec<Piece>) -> Vec<Piece> {
    let length: usize = pieces.iter().map(|piece| piece.text.chars().count()).sum();
    if length <= LONG {
        return pieces;
    }
    let first = pieces.iter().position(|piece| piece.tone == Tone::Changed);
    let mut left = LONG;
    let mut short = Vec::new();
    let mut dropped = 0;
    for (place, piece) in pieces.into_iter().enumerate() {
        let size = piece.text.chars().count();
        let keep = if piece.tone == Tone::Same { LONG / 2 } else { LONG }.min(left);
        left -= keep.min(size);
        if size <= keep {
            short.push(piece);
            continue;
        }
        // Before what changed the end of a piece matters, after it the beginning.
        let end_matters = first.is_some_and(|first| place < first);
        let text: String = if end_matters {
            piece.text.chars().skip(size - keep).collect()
        } else {
            piece.text.chars().take(keep).collect()
        };
        let mark =
            Piece::new(Tone::Mark, format!("{} characters left out", count((size - keep) as u64)));
        match (keep, end_matters) {
            (0, _) => dropped += size,
            (_, true) => short.extend([mark, Piece::new(piece.tone, text)]),
            (_, false) => short.extend([Piece::new(piece.tone, text), mark]),
        }
    }
    if dropped > 0 {
        let text = format!("{} characters left out", count(dropped as u64));
        short.push(Piece::new(Tone::Mark, text));
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(old: u64, new: u64, text: &str) -> DiffLine {
        let number = |n: u64| (n > 0).then_some(n);
        DiffLine { old: number(old), new: number(new), text: text.to_owned(), ended: true }
    }

    fn source<'a>(old: &'a str, new: &'a str, lines: &'a [DiffLine]) -> Source<'a> {
        let changed = lines.iter().filter(|line| line.is_changed()).count() as u64;
        Source { path: "src/a.rs", old, new, configuration: false, around: None, lines, changed }
    }

    fn plain(pieces: &[Piece]) -> String {
        pieces
            .iter()
            .map(|piece| match piece.tone {
                Tone::Same => piece.text.clone(),
                Tone::Changed => format!("[{}]", piece.text),
                Tone::Mark => format!("<{}>", piece.text),
            })
            .collect()
    }

    #[test]
    fn replaced_words_are_told_and_unlike_lines_are_not_compared() {
        let lines = [
            line(1, 1, "fn a() {"),
            line(2, 0, "    let x = convert(self.home_currency);"),
            line(3, 0, "    self.post();"),
            line(0, 2, "    let x = convert(payment.ledger_currency());"),
            line(0, 3, "    entirely_other(words)"),
        ];
        let found = excerpt(&source("", "", &lines), MOST).expect("lines");
        let shown: Vec<String> = found.lines.iter().map(|line| plain(&line.pieces)).collect();
        assert_eq!(shown[1], "    let x = convert([self.home_currency]);");
        assert_eq!(shown[3], "    let x = convert([payment.ledger_currency()]);");
        assert_eq!(shown[2], "    self.post();");
        assert_eq!((found.shown(), found.range().as_str()), (4, "lines 1–3"));
    }

    #[test]
    fn invisible_characters_are_marks_and_a_stray_carriage_return_is_seen() {
        let lines = [line(0, 1, "let a = \"\u{202e}x\u{200b}\";\r"), line(0, 2, "b")];
        let text = "let a = \"\u{202e}x\u{200b}\";\r\nb\n";
        let found = excerpt(&source("", text, &lines), MOST).expect("lines");
        assert_eq!(plain(&found.lines[0].pieces), "let a = \"<U+202E>x<U+200B>\";<U+000D>");
        let lines = [line(0, 1, "a\r")];
        let found = excerpt(&source("b\r\n", "a\r\n", &lines), MOST).expect("lines");
        assert_eq!(plain(&found.lines[0].pieces), "a");
    }

    #[test]
    fn secrets_are_never_in_an_excerpt() {
        let (old, new) = ("db:\n  password: hunter2\n", "db:\n  password: hunter3\n");
        let lines = [
            line(1, 1, "db:"),
            line(2, 0, "  password: hunter2"),
            line(0, 2, "  password: hunter3"),
        ];
        let source = Source { configuration: true, ..source(old, new, &lines) };
        let found = excerpt(&source, MOST).expect("lines");
        let shown: String = found.lines.iter().map(|line| plain(&line.pieces)).collect();
        assert_eq!(
            shown,
            "db:  password:<8 characters not shown>  password:<8 characters not shown>"
        );
    }

    #[test]
    fn at_most_the_budget_is_shown_and_gaps_are_told() {
        let mut lines: Vec<DiffLine> = (1..=30).map(|n| line(0, n, "x")).collect();
        lines.push(line(100, 130, "far"));
        let found = excerpt(&source("", "", &lines), MOST).expect("lines");
        assert_eq!((found.lines.len(), found.shown(), found.changed), (20, 20, 30));
        let around = Source { around: Some(28), ..source("", "", &lines) };
        let found = excerpt(&around, MOST).expect("lines");
        assert!(found.lines.iter().any(|line| line.new == Some(28)));
        assert!(found.lines.last().expect("a line").after_gap);
        assert_eq!(excerpt(&source("", "", &[line(1, 1, "same")]), MOST), None);
    }

    #[test]
    fn a_long_line_is_cut_around_what_changed() {
        let long = |word: &str| format!("{}{word}{}", "a,".repeat(2_000), ",b".repeat(2_000));
        let lines = [line(1, 0, &long("old")), line(0, 1, &long("new"))];
        let found = excerpt(&source("", "", &lines), MOST).expect("lines");
        let shown = plain(&found.lines[1].pieces);
        assert!(shown.contains("[new]") && shown.chars().count() < LONG + 80, "{shown}");
        assert!(shown.starts_with("<3,800 characters left out>"), "{shown}");
    }
}
