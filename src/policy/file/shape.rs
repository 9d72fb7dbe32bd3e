//! The form of a file as data. One table serves the reader, its suggestions, the JSON Schema and the tests of the
//! documentation, so that they cannot say different things.

use super::leaf;
use super::node::{Node, Path, Problem, Report, Value};
use crate::policy::diagnostic::{code, suggestion};

/// What may stand at a key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Text that is not empty.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// true or false
    Flag,
    /// A whole number within limits.
    Count(i64, i64),
    /// Any number.
    Number,
    /// A number above nothing.
    Positive,
    /// A scalar of any type.
    Scalar,
    /// A value with its own reader.
    Leaf(&'static Leaf),
    /// Items, at least one.
    List(&'static Shape),
    /// Known keys.
    Record(&'static Record),
    /// The same, in a record that occurs in itself; with its name in a schema. How deep is the record's own rule.
    Again(&'static str, fn() -> &'static Record),
    /// Free keys, at least one, each of the same form.
    Named(&'static Shape),
    /// Text, or a map of known keys.
    TextOr(&'static Record),
}

/// Text with its own reader.
#[derive(Debug)]
pub(crate) struct Leaf {
    /// For sentences: `a glob`.
    pub(crate) noun: &'static str,
    /// Reads it, for its errors.
    pub(crate) check: fn(&str) -> Result<(), Problem>,
    /// A regular expression for the JSON Schema; empty: none.
    pub(crate) pattern: &'static str,
}

/// A map of known keys.
#[derive(Debug)]
pub(crate) struct Record {
    /// What it is, one sentence.
    pub(crate) about: &'static str,
    /// Its keys, in the order in which people write them.
    keys: &'static [Key],
    /// More keys, where another record has the first ones too.
    further: &'static [Key],
    /// Keys that people look for here, and the file where they belong.
    elsewhere: Option<(&'static [Key], &'static str)>,
    /// What must hold between its keys.
    rule: Option<fn(&Node, &Path, &mut Report)>,
}

/// A known key.
#[derive(Debug)]
pub(crate) struct Key {
    /// The key.
    pub(crate) name: &'static str,
    /// What stands there.
    pub(crate) shape: Shape,
    /// It must be there.
    pub(crate) required: bool,
    /// What it says, one sentence.
    pub(crate) about: &'static str,
    /// An example, as JSON; empty: none.
    pub(crate) example: &'static str,
}

/// A key that may be left out.
pub(crate) const fn key(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, required: false, about, example: "" }
}

/// A key that must be there.
pub(crate) const fn required(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key { name, shape, required: true, about, example: "" }
}

impl Key {
    /// The same with an example, as JSON.
    pub(crate) const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }
}

impl Record {
    /// A record whose keys stand for themselves.
    pub(crate) const fn new(about: &'static str, keys: &'static [Key]) -> Self {
        Self { about, keys, further: &[], elsewhere: None, rule: None }
    }

    /// The same with what must hold between its keys.
    pub(crate) const fn rule(self, rule: fn(&Node, &Path, &mut Report)) -> Self {
        Self { rule: Some(rule), ..self }
    }

    /// The same with more keys.
    pub(crate) const fn further(self, further: &'static [Key]) -> Self {
        Self { further, ..self }
    }

    /// The same with keys that people look for here, and where they belong.
    pub(crate) const fn elsewhere(self, keys: &'static [Key], place: &'static str) -> Self {
        Self { elsewhere: Some((keys, place)), ..self }
    }

    /// All keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static Key> {
        self.keys.iter().chain(self.further)
    }

    /// Whether a key of this name stands anywhere in it.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.keys()
            .any(|key| key.name == name || key.shape.record().is_some_and(|one| one.knows(name)))
    }

    fn advice(&self, unknown: &str) -> String {
        match self.elsewhere {
            Some((keys, place)) if keys.iter().any(|key| key.name == unknown) => {
                format!("`{unknown}` belongs in {place}")
            }
            _ => suggestion(unknown, &self.names()),
        }
    }

    fn names(&self) -> Vec<&'static str> {
        self.keys().map(|key| key.name).collect()
    }
}

impl Shape {
    /// For sentences.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Text | Self::Word(_) => "text",
            Self::Flag => "true or false",
            Self::Count(..) => "a whole number",
            Self::Number | Self::Positive => "a number",
            Self::Scalar => "a single value",
            Self::Leaf(leaf) => leaf.noun,
            Self::List(_) => "a list",
            Self::Record(_) | Self::Again(..) | Self::Named(_) => "a map",
            Self::TextOr(_) => "text or a map",
        }
    }

    /// The record in it, if there is one that was not met on the way.
    pub(crate) fn record(self) -> Option<&'static Record> {
        match self {
            Self::Record(record) | Self::TextOr(record) => Some(record),
            Self::List(item) | Self::Named(item) => item.record(),
            _ => None,
        }
    }

    /// Everything that is wrong with a node, into the report.
    pub(crate) fn check(self, node: &Node, path: &Path, report: &mut Report) {
        match (self, &node.value) {
            (_, Value::Broken)
            | (Self::Flag, Value::Bool(_))
            | (Self::Number, Value::Int(_) | Value::Float)
            | (
                Self::Scalar,
                Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float | Value::Text,
            ) => {}
            (Self::Text | Self::TextOr(_), Value::Text) => {
                if node.text.trim().is_empty() {
                    report.add(node.at, path, Problem::new(code::EMPTY, "the text is empty"));
                }
            }
            (Self::Word(words), Value::Text) => check_word(node, words, path, report),
            (Self::Leaf(leaf), Value::Text) => {
                if let Err(problem) = (leaf.check)(&node.text) {
                    report.add(node.at, path, problem);
                }
            }
            (Self::Count(least, most), Value::Int(_) | Value::Float) => {
                check_count(node, (least, most), path, report);
            }
            (Self::Positive, Value::Int(_) | Value::Float) => {
                if leaf::number(node).is_none_or(|number| number <= 0.0) {
                    let sentence = format!("`{}` is not above 0", node.text);
                    report.add(node.at, path, Problem::new(code::OUT_OF_RANGE, sentence));
                }
            }
            (Self::List(item), Value::List(items)) => check_list(node, *item, items, path, report),
            (Self::Record(record) | Self::TextOr(record), Value::Map(_)) => {
                record.check(node, path, report);
            }
            (Self::Again(_, record), Value::Map(_)) => record().check(node, path, report),
            (Self::Named(each), Value::Map(_)) => check_named(node, *each, path, report),
            _ => wrong_type(self, node, path, report),
        }
    }
}

fn wrong_type(shape: Shape, node: &Node, path: &Path, report: &mut Report) {
    let message = format!("expected {}, found {}", shape.noun(), node.noun());
    let help = match (shape, &node.value) {
        (Shape::List(_), Value::Null | Value::Map(_)) => "begin each item with `- `".to_owned(),
        (Shape::List(_), _) => format!("write a list: `[\"{}\"]`", node.text),
        // The value may be a secret, so it is not repeated.
        (Shape::TextOr(_), Value::Bool(_) | Value::Int(_) | Value::Float) => {
            "put it in quotes".to_owned()
        }
        (
            Shape::Text | Shape::Word(_) | Shape::Leaf(_),
            Value::Bool(_) | Value::Int(_) | Value::Float,
        ) => format!("put it in quotes: `\"{}\"`", node.text),
        (Shape::Flag | Shape::Count(..) | Shape::Number | Shape::Positive, Value::Text) => {
            "write it without quotes".to_owned()
        }
        _ => String::new(),
    };
    report.add(node.at, path, Problem::new(code::WRONG_TYPE, message).help(help));
}

fn check_word(node: &Node, words: &[&str], path: &Path, report: &mut Report) {
    if !words.contains(&node.text.as_str()) {
        let message = format!("`{}` is not one of the words known here", node.text);
        let help = suggestion(&node.text, words);
        report.add(node.at, path, Problem::new(code::UNKNOWN_WORD, message).help(help));
    }
}

fn check_count(node: &Node, (least, most): (i64, i64), path: &Path, report: &mut Report) {
    if let Value::Int(number) = node.value
        && (least..=most).contains(&number)
    {
        return;
    }
    let range = match (least, most) {
        (i64::MIN, i64::MAX) => String::new(),
        (_, i64::MAX) => format!(" from {least} on"),
        _ => format!(" from {least} to {most}"),
    };
    let message = format!("`{}` is no whole number{range}", node.text);
    report.add(node.at, path, Problem::new(code::OUT_OF_RANGE, message));
}

fn check_list(node: &Node, item: Shape, items: &[Node], path: &Path, report: &mut Report) {
    if items.is_empty() {
        let problem = Problem::new(code::EMPTY, "the list is empty")
            .help("an empty list says nothing; leave the key out, or name what is meant");
        report.add(node.at, path, problem);
    }
    for (index, one) in items.iter().enumerate() {
        item.check(one, &path.index(index), report);
    }
}

fn check_named(node: &Node, each: Shape, path: &Path, report: &mut Report) {
    if node.entries().is_empty() {
        let problem = Problem::new(code::EMPTY, "the map is empty").help("leave the key out");
        report.add(node.at, path, problem);
    }
    for entry in node.entries() {
        let path = path.key(&entry.key);
        if entry.key.trim().is_empty() {
            report.add(entry.at, &path, Problem::new(code::EMPTY, "the name is empty"));
        }
        each.check(&entry.node, &path, report);
    }
}

impl Record {
    fn check(&self, node: &Node, path: &Path, report: &mut Report) {
        for entry in node.entries() {
            let path = path.key(&entry.key);
            if let Some(key) = self.keys().find(|key| key.name == entry.key) {
                key.shape.check(&entry.node, &path, report);
            } else {
                let message = format!("unknown key `{}`", entry.key);
                let problem = Problem::new(code::UNKNOWN_KEY, message);
                report.add(entry.at, &path, problem.help(self.advice(&entry.key)));
            }
        }
        for key in self.keys().filter(|key| key.required && node.get(key.name).is_none()) {
            let message = format!("the key `{}` is missing", key.name);
            let help = if key.example.is_empty() {
                key.about.to_owned()
            } else {
                format!("{} Such as: `{}: {}`", key.about, key.name, key.example)
            };
            report.add(node.at, path, Problem::new(code::MISSING_KEY, message).help(help));
        }
        if let Some(rule) = self.rule {
            rule(node, path, report);
        }
    }
}
