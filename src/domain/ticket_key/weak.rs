//! The stretches of a text in which a key may mean nothing: code, addresses, the quoted title of a revert.

use std::ops::Range;

use super::Place;

/// Weak stretches in the order of the text, asked in the order of the text.
#[derive(Debug)]
pub(super) struct Weak {
    ranges: std::iter::Peekable<std::vec::IntoIter<Range<usize>>>,
}

impl Weak {
    /// Reads each line of the text once. A branch has no such stretches.
    pub(super) fn of(text: &str, place: Place) -> Self {
        let mut ranges = Vec::new();
        if place != Place::Branch {
            let (mut at, mut fence) = (0, None);
            for line in text.split_inclusive('\n') {
                let here = at..at + line.len();
                match (fence, fence_mark(line)) {
                    (None, Some(mark)) => {
                        fence = Some(mark);
                        ranges.push(here);
                    }
                    (Some(open), mark) => {
                        if mark == Some(open) {
                            fence = None;
                        }
                        ranges.push(here);
                    }
                    (None, None) => in_line(line, at, &mut ranges),
                }
                at += line.len();
            }
        }
        Self { ranges: ranges.into_iter().peekable() }
    }

    /// Does the byte stand in a weak stretch? Positions must not go down from call to call.
    pub(super) fn holds(&mut self, position: usize) -> bool {
        while self.ranges.next_if(|range| range.end <= position).is_some() {}
        self.ranges.peek().is_some_and(|range| range.start <= position)
    }
}

/// `` ` `` or `~` if the line opens or closes a code fence.
fn fence_mark(line: &str) -> Option<u8> {
    let text = line.trim_start_matches(' ');
    let indent = line.len() - text.len();
    let mark = *text.as_bytes().first()?;
    let fenced =
        matches!(mark, b'`' | b'~') && text.bytes().take_while(|b| *b == mark).count() >= 3;
    (indent <= 3 && fenced).then_some(mark)
}

/// Weak stretches of one line: whichever begins first, then the next after its end.
fn in_line(line: &str, offset: usize, ranges: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.is_empty()) {
        let Some((start, end)) = first_in(rest) else { break };
        ranges.push(offset + at + start..offset + at + end);
        at += end;
    }
}

/// The first stretch of a text. Each kind ends at the latest with the line, so nothing is read twice often:
/// what is searched lies behind what was found.
fn first_in(rest: &str) -> Option<(usize, usize)> {
    for (start, c) in rest.char_indices() {
        let tail = rest.get(start..)?;
        let len = match c {
            '`' => tail.get(1..)?.find('`').map(|len| len + 2),
            'h' | 'H' => address(tail),
            'R' | 'r' => revert(tail),
            _ => None,
        };
        match (c, len) {
            (_, Some(len)) => return Some((start, start + len)),
            // A lone backtick: no other will be found in this line.
            ('`', None) => return first_without_code(rest, start + 1),
            _ => {}
        }
    }
    None
}

/// As [`first_in`], behind a backtick that has no partner.
fn first_without_code(rest: &str, from: usize) -> Option<(usize, usize)> {
    rest.char_indices().skip_while(|(start, _)| *start < from).find_map(|(start, c)| {
        let tail = rest.get(start..)?;
        let len = match c {
            'h' | 'H' => address(tail),
            'R' | 'r' => revert(tail),
            _ => None,
        }?;
        Some((start, start + len))
    })
}

/// `http://…` or `https://…` up to white space or a closing bracket or quote.
fn address(tail: &str) -> Option<usize> {
    let scheme = ["https://", "http://"];
    let starts =
        |scheme: &&str| tail.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme));
    scheme.iter().find(|scheme| starts(scheme))?;
    Some(tail.find(|c: char| c.is_whitespace() || "<>\"')]".contains(c)).unwrap_or(tail.len()))
}

/// `Revert "…"` up to the last quote of the line.
fn revert(tail: &str) -> Option<usize> {
    let quoted = tail.get(.."revert \"".len())?;
    if !quoted.eq_ignore_ascii_case("revert \"") {
        return None;
    }
    let end = tail.rfind('"').filter(|end| *end >= quoted.len());
    Some(end.map_or(tail.len(), |end| end + 1))
}
