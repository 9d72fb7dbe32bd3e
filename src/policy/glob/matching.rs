//! Whether a path matches what [`super::written_out`] left of a glob. The time is at most the length of the glob by
//! that of the path: a star that has matched is only tried again while no later one has, and so with `**`.

use super::written_out::{BETWEEN, CLASS, END, FOLDERS, MANY, ONE};

/// The globs without braces that a glob stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alternatives {
    text: Box<str>,
    is_one: bool,
}

impl Alternatives {
    pub(super) fn new(text: String) -> Self {
        Self { is_one: !text.contains(BETWEEN), text: text.into() }
    }

    /// Whether one of them matches the whole path.
    pub(super) fn match_any(&self, path: &str) -> bool {
        let matches = |glob| ends_agree(glob, path.as_bytes()) && whole(glob, path);
        if self.is_one { matches(&self.text) } else { self.text.split(BETWEEN).any(matches) }
    }

    /// Whether that may be, which the ends of a path tell of most.
    pub(super) fn may_match(&self, path: &[u8]) -> bool {
        !self.is_one || ends_agree(&self.text, path)
    }
}

/// Whether the first and the last byte agree, where they are letters.
fn ends_agree(glob: &str, path: &[u8]) -> bool {
    let agree = |sign: Option<&u8>, letter: Option<&u8>| match sign {
        Some(sign) if char::from(*sign) > END => Some(sign) == letter,
        _ => true,
    };
    let glob = glob.as_bytes();
    agree(glob.first(), path.first()) && agree(glob.last(), path.last())
}

/// Segment by segment. `None` is the end: behind it there is no segment, not even an empty one.
fn whole(glob: &str, path: &str) -> bool {
    let (mut glob, mut path) = (Some(glob), Some(path));
    // Behind the last `**`, and from where in the path it was tried last.
    let mut again: Option<(&str, &str)> = None;
    loop {
        let held = match (glob, path) {
            (None, None) => return true,
            (None, Some(_)) | (Some(_), None) => false,
            (Some(here), Some(from)) => match here.strip_prefix(FOLDERS) {
                Some("") => return true,
                Some(behind) if behind.starts_with('/') => {
                    let behind = rest(behind);
                    again = behind.map(|behind| (behind, from));
                    glob = behind;
                    continue;
                }
                _ => segment(first(here), first(from)),
            },
        };
        if held {
            (glob, path) = (glob.and_then(rest), path.and_then(rest));
            continue;
        }
        let Some((behind, from)) = again else { return false };
        let Some(later) = rest(from) else { return false };
        again = Some((behind, later));
        (glob, path) = (Some(behind), Some(later));
    }
}

fn first(path: &str) -> &str {
    path.split_once('/').map_or(path, |(first, _)| first)
}

fn rest(path: &str) -> Option<&str> {
    path.split_once('/').map(|(_, rest)| rest)
}

/// Whether a whole segment matches.
fn segment(mut glob: &str, mut text: &str) -> bool {
    // Behind the last star, and from where in the text it was tried last.
    let mut again: Option<(&str, &str)> = None;
    loop {
        if let Some(behind) = glob.strip_prefix([MANY, FOLDERS]) {
            if behind.is_empty() {
                return true;
            }
            again = Some((behind, text));
            glob = behind;
            continue;
        }
        let mut letters = text.chars();
        let step = match letters.next() {
            None if glob.is_empty() => return true,
            None => return false,
            Some(letter) => step(glob, letter),
        };
        if let Some(behind) = step {
            (glob, text) = (behind, letters.as_str());
            continue;
        }
        let Some((behind, from)) = again else { return false };
        let mut later = from.chars();
        later.next();
        again = Some((behind, later.as_str()));
        (glob, text) = (behind, later.as_str());
    }
}

/// What is left of the glob behind one letter of the text; `None`: it does not match.
fn step(glob: &str, letter: char) -> Option<&str> {
    let mut signs = glob.chars();
    match signs.next()? {
        ONE => Some(signs.as_str()),
        CLASS => class(signs.as_str(), letter),
        sign => (sign == letter).then_some(signs.as_str()),
    }
}

/// The same for a class, from behind the sign that begins it.
fn class(glob: &str, letter: char) -> Option<&str> {
    let (ends, behind) = glob.split_once(END)?;
    let mut ends = ends.chars();
    while let (Some(from), Some(to)) = (ends.next(), ends.next()) {
        if (from..=to).contains(&letter) {
            return Some(behind);
        }
    }
    None
}
