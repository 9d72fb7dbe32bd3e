//! Java's `.properties` into the tree (the format of `java.util.Properties.load`).
//!
//! `a.b.c` is one name in the file and a path to those who read it, so its changes are told as the path `a`, `b`, `c`:
//! the same key path speaks of `application.properties` and of `application.yml`. A letter beyond ASCII that is not
//! written as `\uXXXX` is another one to a reader of Latin-1 than to a reader of UTF-8.

use std::rc::Rc;

use encoding_rs::UTF_8;
use java_properties::{LineContent, PropertiesIter};

use crate::domain::{KeyChange, Segment, file::Doubt};

use super::plain;
use super::tree::{Budget, Entry, Fault, Key, Node};

/// The one document of a `.properties` text.
pub(super) fn parse(text: &str) -> Result<Vec<Rc<Node>>, Fault> {
    let starts: Result<Vec<usize>, Fault> =
        plain::lines(text).map(|line| line.map(|(at, _)| at)).collect();
    let starts = starts?;
    let at_line =
        |number: usize| starts.get(number.saturating_sub(1)).copied().unwrap_or(text.len());
    let mut read = Vec::new();
    for line in PropertiesIter::new_with_encoding(text.as_bytes(), UTF_8) {
        let line = line.map_err(|error| {
            let why = format!("it is no .properties file that can be read: {error}");
            Fault::new("unparsable", error.line_number().map_or(0, at_line), why)
        })?;
        read.push((at_line(line.line_number()), line.consume_content()));
    }
    let mut entries = Vec::new();
    let mut budget = Budget::default();
    let ends: Vec<usize> = read.iter().skip(1).map(|(at, _)| *at).chain([text.len()]).collect();
    for ((at, content), end) in read.into_iter().zip(ends) {
        let LineContent::KVPair(name, value) = content else { continue };
        budget.spend((1, 0), 2, at)?;
        entries.push(entry(name, &value, at, text.get(at..end).unwrap_or_default()));
    }
    Ok(vec![Rc::new(Node::map(entries, 0)?)])
}

fn entry(name: String, value: &str, at: usize, written: &str) -> Entry {
    let disputed = (!written.is_ascii()).then(|| value.to_owned());
    let key = Key { text: name, type_name: "string", ambiguous: None, at };
    let mut node = Node::scalar(plain::value(value), at, disputed);
    node.template = is_filtered(value);
    Entry { key, value: Rc::new(node) }
}

/// `@project.version@`: filled in when the application is built.
fn is_filtered(value: &str) -> bool {
    let mut pieces = value.split('@').skip(1).peekable();
    std::iter::from_fn(|| {
        let piece = pieces.next()?;
        pieces.peek().is_some().then_some(piece)
    })
    .any(|piece| {
        !piece.is_empty()
            && piece.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    })
}

/// Tells names with dots as paths. One to one: the pieces joined by dots are the name again.
pub(super) fn as_paths(changes: &mut [KeyChange], doubts: &mut [Doubt]) {
    for change in changes.iter_mut() {
        change.path = as_path(&change.path);
    }
    for path in doubts.iter_mut().filter_map(|doubt| doubt.at.as_mut()) {
        *path = as_path(path);
    }
    changes.sort_by(|a, b| a.path.cmp(&b.path).then(a.op.cmp(&b.op)));
    doubts.sort();
}

fn as_path(path: &[Segment]) -> Vec<Segment> {
    let pieces = path.iter().flat_map(|segment| match segment {
        Segment::Key(name) => name.split('.').map(|piece| Segment::Key(piece.to_owned())).collect(),
        other => vec![other.clone()],
    });
    pieces.collect()
}
