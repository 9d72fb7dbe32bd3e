//! INI files into the tree: sections with keys, and keys before the first section.
//!
//! There is no standard here either. What readers dispute is refused (continuation lines, keys without a value, names
//! that differ in letter case only) or ambiguous (comments after a value, `:` for `=`, a backslash at the end).

use std::rc::Rc;

use super::plain;
use super::tree::{Budget, Entry, Fault, Key, Node};

/// The one document of an INI text.
pub(super) fn parse(text: &str) -> Result<Vec<Rc<Node>>, Fault> {
    let (mut root, mut budget) = (Section::default(), Budget::default());
    let mut sections: Vec<Section> = Vec::new();
    for line in plain::lines(text) {
        let (at, line) = line?;
        let body = line.trim();
        if body.is_empty() || body.starts_with([';', '#']) {
            continue;
        }
        let section = sections.last_mut().unwrap_or(&mut root);
        if line.starts_with(char::is_whitespace) && !(section.entries.is_empty()) {
            let why = "an indented line: some readers take it for more of the value above";
            return Err(Fault::new("unparsable", at, why));
        }
        if body.starts_with('[') {
            budget.spend((1, 0), 2, at)?;
            sections.push(Section::named(body, at)?);
        } else {
            budget.spend((1, 0), 3, at)?;
            section.entries.push(entry(body, at)?);
        }
    }
    let mut entries = root.entries;
    for Section { name, at, entries: of_section } in sections {
        refuse_twins(&of_section)?;
        let value = Rc::new(Node::map(of_section, at)?);
        entries.push(Entry { key: key(name, at), value });
    }
    refuse_twins(&entries)?;
    Ok(vec![Rc::new(Node::map(entries, 0)?)])
}

#[derive(Default)]
struct Section {
    name: String,
    at: usize,
    entries: Vec<Entry>,
}

impl Section {
    fn named(line: &str, at: usize) -> Result<Self, Fault> {
        let name = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(str::trim);
        match name {
            Some(name) if !name.is_empty() && !name.contains(['[', ']']) => {
                Ok(Self { name: name.to_owned(), at, entries: Vec::new() })
            }
            _ => Err(Fault::new(
                "unparsable",
                at,
                "a section is a name in brackets, alone on its line",
            )),
        }
    }
}

fn key(text: String, at: usize) -> Key {
    Key { text, type_name: "string", ambiguous: None, at }
}

fn entry(line: &str, at: usize) -> Result<Entry, Fault> {
    let split = line.find(['=', ':']).and_then(|place| line.split_at_checked(place));
    let Some((name, rest)) = split.filter(|(name, _)| !name.trim().is_empty()) else {
        return Err(Fault::new(
            "unparsable",
            at,
            "a line that is neither a section nor `key = value`",
        ));
    };
    let raw = rest.get(1..).unwrap_or_default().trim();
    let disputed = rest.starts_with(':') || is_disputed(raw);
    let (inner, quoted) = unquoted(raw);
    let mut value = Node::scalar(plain::value(inner), at, disputed.then(|| raw.to_owned()));
    value.quoted = quoted;
    value.template = raw.contains("%(");
    Ok(Entry { key: key(name.trim().to_owned(), at), value: Rc::new(value) })
}

/// Whether a value holds what some readers take for a comment or a continuation.
fn is_disputed(value: &str) -> bool {
    value.starts_with([';', '#'])
        || value.ends_with('\\')
        || [" ;", " #", "\t;", "\t#"].iter().any(|mark| value.contains(mark))
}

/// Some readers take quotes around a value off, some keep them.
fn unquoted(value: &str) -> (&str, bool) {
    let within = |quote: char| {
        let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote)).then_some(inner)
    };
    within('"').or_else(|| within('\'')).map_or((value, false), |inner| (inner, true))
}

/// Names that differ in letter case only are one name for some readers and two for others.
fn refuse_twins(entries: &[Entry]) -> Result<(), Fault> {
    let mut seen = std::collections::BTreeSet::new();
    match entries.iter().find(|entry| !seen.insert(entry.key.text.to_lowercase())) {
        None => Ok(()),
        Some(entry) => {
            let why = format!("the name `{}` is there twice, letter case aside", entry.key.text);
            Err(Fault::new("duplicate_key", entry.key.at, why))
        }
    }
}
