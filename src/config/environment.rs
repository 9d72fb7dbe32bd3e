//! `COUNTERSIGN__SECTION__KEY` over the file. A variable that names no key is an error: a typo must not leave the
//! default in place.

use std::collections::BTreeMap;

use super::tables::{CONFIG, SECTIONS};
use crate::policy::diagnostic::{At, Diagnostic, Span, code, suggestion};
use crate::policy::file::node::{Entry, Node, Path, Problem, Report, Value};
use crate::policy::file::shape::{Record, Shape};

/// What the names of overriding variables begin with.
const PREFIX: &str = "COUNTERSIGN__";
/// A value that stands in no file.
const NOWHERE: At = At { line: 0, column: 0, span: Span { start: 0, end: 0 } };

/// Checks every variable and lays it over the tree; what is wrong with them, each under its own name.
pub(super) fn lay_over(tree: &mut Node, environment: &BTreeMap<String, String>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (name, value) in environment {
        let Some(rest) = name.strip_prefix(PREFIX) else { continue };
        let mut report = Report::new(name);
        match place(rest) {
            Ok((section, key, shape)) => {
                let node = typed(shape, value);
                shape.check(&node, &Path::root(), &mut report);
                set(tree, section, key, node);
            }
            Err(problem) => report.add(NOWHERE, &Path::root(), problem),
        }
        found.extend(report.finish());
    }
    // A variable has no quotes that could be left out.
    for one in found.iter_mut().filter(|one| one.code == code::WRONG_TYPE) {
        one.help.clear();
    }
    found
}

fn place(rest: &str) -> Result<(&'static str, &'static str, Shape), Problem> {
    let lower = rest.to_lowercase();
    let known = || {
        SECTIONS.iter().flat_map(|(section, record)| variables(section, record)).collect::<Vec<_>>()
    };
    let unknown = || {
        let name = format!("{PREFIX}{rest}");
        let (known, message) = (known(), format!("`{name}` names no key of the configuration"));
        let listed: Vec<&str> = known.iter().map(String::as_str).collect();
        Problem::new(code::UNKNOWN_KEY, message).help(suggestion(&name, &listed))
    };
    let (section, key) = lower.split_once("__").ok_or_else(unknown)?;
    if CONFIG.keys().any(|one| one.name == section && matches!(one.shape, Shape::List(_))) {
        let message = format!("`[[{section}]]` is a list; no variable can set a key of it");
        let help = "write it in the file; a secret may come from a variable: `{ env = \"NAME\" }`";
        return Err(Problem::new(code::UNKNOWN_KEY, message).help(help));
    }
    let (section, record) =
        SECTIONS.iter().find(|(name, _)| *name == section).ok_or_else(unknown)?;
    let key = record.keys().find(|one| one.name == key).ok_or_else(unknown)?;
    Ok((section, key.name, key.shape))
}

fn variables(section: &str, record: &Record) -> Vec<String> {
    let name = |key: &str| format!("{PREFIX}{}__{}", section.to_uppercase(), key.to_uppercase());
    record.keys().map(|key| name(key.name)).collect()
}

/// A variable is text; the key says what it means.
fn typed(shape: Shape, text: &str) -> Node {
    let value = match (shape, text) {
        (Shape::Flag, "true") => Value::Bool(true),
        (Shape::Flag, "false") => Value::Bool(false),
        (Shape::Count(..), _) => text.parse().map_or(Value::Text, Value::Int),
        _ => Value::Text,
    };
    Node::new(value, text, NOWHERE)
}

fn set(tree: &mut Node, section: &str, key: &str, node: Node) {
    let Value::Map(sections) = &mut tree.value else { return };
    if !sections.iter().any(|entry| entry.key == section) {
        let empty = Node::new(Value::Map(Vec::new()), "", NOWHERE);
        sections.push(Entry { key: section.to_owned(), at: NOWHERE, node: empty });
    }
    let found = sections.iter_mut().find(|entry| entry.key == section);
    if let Some(Value::Map(keys)) = found.map(|entry| &mut entry.node.value) {
        keys.retain(|entry| entry.key != key);
        keys.push(Entry { key: key.to_owned(), at: NOWHERE, node });
    }
}
