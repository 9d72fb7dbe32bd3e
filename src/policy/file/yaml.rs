//! YAML, the strict part that a policy needs: one document of maps, lists and scalars under limits. Aliases, anchors,
//! merge keys, tags and directives are refused, because a reader who overlooks one reads another policy.

use std::collections::BTreeMap;

use granit_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span as YamlSpan, StrInput};

use super::node::{Entry, Node, Path, Problem, Report, Value};
use crate::policy::diagnostic::{At, Span, code};

/// Bytes of a file (sem 6.5).
pub(crate) const MAX_BYTES: usize = 256 * 1024;
/// Lists and maps inside each other.
const MAX_DEPTH: usize = 32;
/// Keys, values, lists and maps together.
const MAX_NODES: usize = 20_000;

/// The reader stopped; why is in the report.
struct Stopped;

/// Reads the one document of a text. `None`: nothing further can be said, and the report says why.
pub(crate) fn read(text: &str, report: &mut Report) -> Option<Node> {
    let options = granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
    };
    let parser = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader { text, parser, report, nodes: 0 };
    reader.document().ok()
}

struct Reader<'a, 'r> {
    text: &'a str,
    parser: Parser<'a, StrInput<'a>>,
    report: &'r mut Report,
    nodes: usize,
}

/// The entries of one map so far.
#[derive(Default)]
struct Entries {
    all: Vec<Entry>,
    /// On which line each key stands: a map may have thousands.
    lines: BTreeMap<String, u64>,
}

impl Entries {
    fn push(&mut self, entry: Entry) {
        self.lines.insert(entry.key.clone(), entry.at.line);
        self.all.push(entry);
    }
}

impl<'a> Reader<'a, '_> {
    fn next(&mut self) -> Result<(Event<'a>, At), Stopped> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                let at = place(span);
                Ok((event, at))
            }
            Some(Err(error)) => {
                self.syntax(&error);
                Err(Stopped)
            }
            None => Ok((Event::StreamEnd, At::START)),
        }
    }

    fn syntax(&mut self, error: &ScanError) {
        let at = place(YamlSpan::empty(*error.marker()));
        let sentence = format!("this is no YAML: {}", error.kind());
        self.report.add(at, &Path::root(), Problem::new(code::SYNTAX, sentence));
    }

    fn refuse(&mut self, at: At, message: impl Into<String>, help: &str) {
        self.report.add(at, &Path::root(), Problem::new(code::REFUSED, message).help(help));
    }

    fn document(&mut self) -> Result<Node, Stopped> {
        let root = loop {
            match self.next()? {
                (Event::StreamEnd, _) => {
                    let help = "write at least `version: 1`";
                    let problem = Problem::new(code::EMPTY_FILE, "the file is empty").help(help);
                    self.report.add(At::START, &Path::root(), problem);
                    return Err(Stopped);
                }
                (event, at) if event.is_node() => break self.node(event, at, 1)?,
                _ => {}
            }
        };
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(root),
                (Event::DocumentStart(..), at) => {
                    self.refuse(at, "a second document", "keep one document in the file");
                    return Err(Stopped);
                }
                _ => {}
            }
        }
    }

    /// One node and everything in it. The depth is limited, so this recursion is.
    fn node(&mut self, event: Event<'a>, at: At, depth: usize) -> Result<Node, Stopped> {
        self.count(at, depth)?;
        self.properties(&event, at);
        match event {
            Event::Scalar(text, style, ..) => Ok(scalar(&text, style == ScalarStyle::Plain, at)),
            Event::SequenceStart(..) => self.list(at, depth),
            Event::MappingStart(..) => self.map(at, depth),
            _ => {
                self.refuse(at, "an alias", "write the value out where it is meant");
                Ok(Node::new(Value::Broken, "", at))
            }
        }
    }

    fn count(&mut self, at: At, depth: usize) -> Result<(), Stopped> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.refuse(at, format!("more than {MAX_NODES} nodes"), "make the file smaller");
            return Err(Stopped);
        }
        if depth > MAX_DEPTH {
            self.refuse(at, format!("nested more than {MAX_DEPTH} deep"), "no policy is that deep");
            return Err(Stopped);
        }
        Ok(())
    }

    fn properties(&mut self, event: &Event<'a>, at: At) {
        if event.anchor_id().is_some() {
            self.refuse(at, "a value with an anchor", "write the value out where it is meant");
        }
        if event.tag().is_some() {
            self.refuse(at, "a value with a tag", "leave the tag out; the key decides the type");
        }
    }

    fn list(&mut self, start: At, depth: usize) -> Result<Node, Stopped> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, end) => {
                    return Ok(Node::new(Value::List(items), "", self.cover(start, end)));
                }
                (event, at) if event.is_node() => items.push(self.node(event, at, depth + 1)?),
                _ => {}
            }
        }
    }

    fn map(&mut self, start: At, depth: usize) -> Result<Node, Stopped> {
        let mut entries = Entries::default();
        loop {
            let (event, at) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(Node::new(Value::Map(entries.all), "", self.cover(start, at)));
            }
            if !event.is_node() {
                continue;
            }
            let key = self.node(event, at, depth + 1)?;
            let (event, at) = self.next()?;
            let node = self.node(event, at, depth + 1)?;
            self.entry(&mut entries, key, node);
        }
    }

    fn entry(&mut self, entries: &mut Entries, key: Node, node: Node) {
        match key.value {
            Value::Broken => {}
            Value::List(_) | Value::Map(_) | Value::Null => {
                self.refuse(key.at, format!("{} as a key", key.noun()), "a key is text");
            }
            _ if key.text == "<<" => {
                self.refuse(key.at, "a merge key", "write the keys out where they are meant");
            }
            _ => {
                let Node { text: key, at, .. } = key;
                match entries.lines.get(&key) {
                    Some(first) => self.duplicate(&key, at, *first),
                    None => entries.push(Entry { key, at, node }),
                }
            }
        }
    }

    fn duplicate(&mut self, key: &str, at: At, line: u64) {
        let problem = Problem::new(code::DUPLICATE_KEY, format!("`{key}` stands here twice"))
            .help(format!("the first is on line {line}; keep one"));
        self.report.add(at, &Path::root().key(key), problem);
    }

    /// From the start of a collection to its end, without the empty lines after it.
    fn cover(&self, start: At, end: At) -> At {
        let range = start.span.start..end.span.end.max(start.span.start);
        let length = self.text.get(range).map_or(0, |text| text.trim_end().len());
        At { span: Span { start: start.span.start, end: start.span.start + length }, ..start }
    }
}

fn place(span: YamlSpan) -> At {
    let byte = |marker: Marker| marker.byte_offset().unwrap_or_default();
    At {
        line: span.start.line() as u64,
        column: span.start.col() as u64 + 1,
        span: Span { start: byte(span.start), end: byte(span.end) },
    }
}

/// The YAML 1.2 core schema: what a plain scalar is. `NO`, `on` and `012` stay what they are there.
fn scalar(text: &str, plain: bool, at: At) -> Node {
    let (value, text) = match text {
        _ if !plain => (Value::Text, text),
        "" | "~" | "null" | "Null" | "NULL" => (Value::Null, "null"),
        "true" | "True" | "TRUE" => (Value::Bool(true), "true"),
        "false" | "False" | "FALSE" => (Value::Bool(false), "false"),
        _ => (number(text).unwrap_or(Value::Text), text),
    };
    Node::new(value, text, at)
}

fn number(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let starts =
        digits.strip_prefix('.').unwrap_or(digits).starts_with(|c: char| c.is_ascii_digit());
    if !starts || !digits.chars().all(|c| matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-')) {
        return None;
    }
    if let Ok(number) = text.parse() {
        return Some(Value::Int(number));
    }
    text.parse().ok().filter(|number: &f64| number.is_finite()).map(|_| Value::Float)
}
