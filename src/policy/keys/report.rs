//! What a comparison has found so far, within bounds.

use crate::domain::file::{Doubt, Format};
use crate::domain::{KeyChange, KeyOp, Segment, Value};

use crate::policy::content::is_deceptive;

use super::secret;
use super::tree::{Node, scalar_text};

/// The side before the change.
pub(super) const OLD: &str = "old";
/// The side after the change.
pub(super) const NEW: &str = "new";

/// Doubts that are kept; one is enough for a file to be no proof.
const MAX_DOUBTS: usize = 20;
/// Bytes of paths and values in the changes that are kept; beyond, a doubt says so.
const MAX_CHANGE_BYTES: usize = 8 << 20;

/// Changes and doubts, with the texts that places are counted in.
pub(super) struct Report<'a> {
    format: Format,
    old: &'a str,
    new: &'a str,
    changes: Vec<KeyChange>,
    doubts: Vec<Doubt>,
    bytes: usize,
    more: usize,
}

impl<'a> Report<'a> {
    pub(super) fn new(format: Format, old: &'a str, new: &'a str) -> Self {
        Self { format, old, new, changes: Vec::new(), doubts: Vec::new(), bytes: 0, more: 0 }
    }

    /// Who disagrees about an ambiguous text of this format.
    pub(super) fn readers(&self) -> &'static str {
        match self.format {
            Format::Yaml => "without quotes is read differently by YAML 1.1 and 1.2",
            Format::Properties => "is read differently as Latin-1 and as UTF-8",
            Format::Dotenv => "is read differently by shells, containers and libraries",
            _ => "is read differently by different readers",
        }
    }

    /// How many changes there are.
    pub(super) fn len(&self) -> usize {
        self.changes.len()
    }

    /// Records a change; an added or new value that looks like a secret is a doubt too.
    pub(super) fn change(
        &mut self,
        path: &[Segment],
        op: KeyOp,
        old: Option<&Node>,
        new: Option<&Node>,
    ) {
        if let Some(node) = new.filter(|_| op != KeyOp::Reorder)
            && node.as_str().is_some_and(secret::looks_secret)
        {
            let why = "a value that looks like a secret".to_owned();
            self.doubt(NEW, "secret", node.at, why, Some(path));
        }
        let text = new.filter(|_| op != KeyOp::Reorder).and_then(Node::as_str).unwrap_or_default();
        if op != KeyOp::Remove
            && let Some(c) = keys(path).chain([text]).find_map(deceptive)
        {
            let why =
                format!("a key or value with U+{:04X}, which makes it look like another", c as u32);
            self.doubt(NEW, "deceptive", new.map_or(0, |node| node.at), why, Some(path));
        }
        let (old, new) = (old.map(Node::value), new.map(Node::value));
        let size =
            |value: &Option<Value>| value.as_ref().map_or(0, |value| scalar_text(value).len());
        let segments: usize = path.iter().map(segment_size).sum();
        let before = self.bytes;
        self.bytes = before.saturating_add(segments + size(&old) + size(&new) + 64);
        if self.bytes <= MAX_CHANGE_BYTES {
            self.changes.push(KeyChange { path: path.to_vec(), op, old, new });
        } else if before <= MAX_CHANGE_BYTES {
            self.doubt(NEW, "too_large", 0, "more changes than can be listed".to_owned(), None);
        }
    }

    /// Records a doubt at a byte offset of a side's text.
    pub(super) fn doubt(
        &mut self,
        side: &str,
        kind: &str,
        at: usize,
        why: String,
        key: Option<&[Segment]>,
    ) {
        // That it is infrastructure raises the class by itself, so the first such doubt is kept behind any number of others.
        let counts_alone =
            kind == "infrastructure" && !self.doubts.iter().any(|doubt| doubt.kind == kind);
        if self.doubts.len() >= MAX_DOUBTS && !counts_alone {
            self.more += 1;
            return;
        }
        let (line, column) = place(if side == OLD { self.old } else { self.new }, at);
        let (kind, side) = (kind.to_owned(), side.to_owned());
        let doubt = Doubt { kind, side, line, column, why, at: key.map(<[Segment]>::to_vec) };
        if !self.doubts.contains(&doubt) {
            self.doubts.push(doubt);
        }
    }

    /// Everything, sorted.
    pub(super) fn finish(mut self) -> (Vec<KeyChange>, Vec<Doubt>) {
        if self.more > 0 {
            let why = format!("{} further doubts are not listed", self.more);
            let (kind, side) = ("more".to_owned(), NEW.to_owned());
            self.doubts.push(Doubt { kind, side, line: 0, column: 0, why, at: None });
        }
        self.changes.sort_by(|a, b| a.path.cmp(&b.path).then(a.op.cmp(&b.op)));
        self.doubts.sort();
        (self.changes, self.doubts)
    }
}

/// The names in a path.
fn keys(path: &[Segment]) -> impl Iterator<Item = &str> {
    path.iter().filter_map(|segment| match segment {
        Segment::Key(text) => Some(text.as_str()),
        Segment::Index(_) | Segment::Document(_) => None,
    })
}

/// The first character that shows nothing, or changes how others are shown; however it is written in the file.
fn deceptive(text: &str) -> Option<char> {
    text.chars().find(|c| !matches!(c, '\n' | '\r') && is_deceptive(*c))
}

fn segment_size(segment: &Segment) -> usize {
    match segment {
        Segment::Key(text) | Segment::Document(text) => text.len() + 32,
        Segment::Index(_) => 32,
    }
}

/// Line and column from 1; both 0 in an empty text.
fn place(text: &str, at: usize) -> (u64, u64) {
    if text.is_empty() {
        return (0, 0);
    }
    let before = text.get(..at).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() as u64 + 1, line.chars().count() as u64 + 1)
}
