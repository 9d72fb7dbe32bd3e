//! A file as a tree whose every node knows its place. YAML and TOML both become this; everything after reads it.

use std::collections::BTreeMap;

use crate::policy::diagnostic::{At, Diagnostic};

/// A node with its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// What it is.
    pub(crate) value: Value,
    /// The text of a scalar, unquoted; canonical for null and booleans. Empty for lists and maps.
    pub(crate) text: String,
    /// Where it stands.
    pub(crate) at: At,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    /// Nothing.
    Null,
    /// true or false
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction, or a whole one beyond `i64`.
    Float,
    /// Text.
    Text,
    /// Items.
    List(Vec<Node>),
    /// Entries in file order.
    Map(Vec<Entry>),
    /// Something that was reported already; nothing more is said about it.
    Broken,
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: String,
    /// Where the key stands.
    pub(crate) at: At,
    /// Its value.
    pub(crate) node: Node,
}

impl Node {
    /// A scalar or a collection at a place.
    pub(crate) fn new(value: Value, text: impl Into<String>, at: At) -> Self {
        Self { value, text: text.into(), at }
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The value at a path of keys.
    pub(crate) fn at_path(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The entries of a map; none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        if let Value::Map(entries) = &self.value { entries } else { &[] }
    }

    /// The items of a list; none for anything else.
    pub(crate) fn items(&self) -> &[Self] {
        if let Value::List(items) = &self.value { items } else { &[] }
    }

    /// What it is, for sentences.
    pub(crate) fn noun(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Int(_) | Value::Float => "a number",
            Value::Text => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Broken => "something unreadable",
        }
    }

    /// Every path below this node with its line: `approval.ticket.required` to 21.
    pub(crate) fn places(&self) -> BTreeMap<String, u64> {
        let mut places = BTreeMap::new();
        self.collect(&Path::root(), &mut places);
        places
    }

    fn collect(&self, path: &Path, places: &mut BTreeMap<String, u64>) {
        for entry in self.entries() {
            let path = path.key(&entry.key);
            places.insert(path.to_string(), entry.at.line);
            entry.node.collect(&path, places);
        }
        for (index, item) in self.items().iter().enumerate() {
            let path = path.index(index);
            places.insert(path.to_string(), item.at.line);
            item.collect(&path, places);
        }
    }
}

/// The path of a field, for sentences: `trivial.config[0].allow[1].regex`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Path(String);

impl Path {
    /// The whole file.
    pub(crate) fn root() -> Self {
        Self::default()
    }

    /// A key below.
    pub(crate) fn key(&self, key: &str) -> Self {
        if self.0.is_empty() { Self(key.to_owned()) } else { Self(format!("{}.{key}", self.0)) }
    }

    /// An item below.
    pub(crate) fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a value is refused; the place is added by whoever knows it.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    /// The code.
    pub(crate) code: &'static str,
    /// The sentence.
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: String,
}

impl Problem {
    /// A problem without help.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: String::new() }
    }

    /// The same with what to do.
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: help.into(), ..self }
    }
}

/// Diagnostics of one file; whoever mends a hundred has had enough, and a hostile file has thousands.
const MAX_FOUND: usize = 100;

/// Everything found wrong in one file.
#[derive(Debug)]
pub(crate) struct Report {
    file: String,
    found: Vec<Diagnostic>,
}

impl Report {
    /// Nothing found yet.
    pub(crate) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), found: Vec::new() }
    }

    /// A problem at a place of a field.
    pub(crate) fn add(&mut self, at: At, path: &Path, problem: Problem) {
        let Problem { code, message, help } = problem;
        let diagnostic =
            Diagnostic::error(code, &self.file, at, message).field(path.to_string()).help(help);
        self.found.push(diagnostic);
    }

    /// The same, only to be looked at.
    pub(crate) fn warn(&mut self, at: At, path: &Path, problem: Problem) {
        self.add(at, path, problem);
        if let Some(last) = self.found.last_mut() {
            last.severity = crate::policy::diagnostic::Severity::Warning;
        }
    }

    /// Whether something was found that refuses the file.
    pub(crate) fn has_errors(&self) -> bool {
        self.found.iter().any(Diagnostic::is_error)
    }

    /// Everything, in the order of the file, nothing twice.
    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|one| (one.line, one.column, one.code));
        self.found.dedup();
        self.found.truncate(MAX_FOUND);
        self.found
    }
}
