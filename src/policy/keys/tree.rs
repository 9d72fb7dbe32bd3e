//! The typed tree that every format is read into.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::rc::Rc;

use sha2::{Digest, Sha256};

use crate::domain::Value;

use super::{MAX_DEPTH, MAX_EXPANDED_BYTES, MAX_KEY_BYTES, MAX_NODES};

/// Why a text cannot be read as a tree.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    /// The doubt's word.
    pub(super) kind: &'static str,
    /// Byte offset.
    pub(super) at: usize,
    /// The sentence.
    pub(super) why: String,
}

impl Fault {
    pub(super) fn new(kind: &'static str, at: usize, why: impl Into<String>) -> Self {
        Self { kind, at, why: why.into() }
    }
}

/// A node with its place and its size after alias expansion.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    /// Byte offset in its text.
    pub(super) at: usize,
    /// The plain text, where YAML 1.1 and 1.2 read it differently; two such nodes are equal only if it is.
    pub(super) ambiguous: Option<String>,
    /// Its tag makes it a template (`!Ref`), or something fills it in.
    pub(super) template: bool,
    /// It stands in quotes that some readers of its format keep (`.env`, INI).
    pub(super) quoted: bool,
    /// Nodes in it, itself included; saturating.
    pub(super) nodes: usize,
    /// Bytes of text in it; saturating.
    pub(super) bytes: usize,
    /// Levels in it; 1 for a scalar.
    pub(super) height: usize,
}

#[derive(Debug)]
pub(super) enum NodeKind {
    Scalar(Value),
    Sequence(Vec<Rc<Node>>),
    /// Sorted by key, no key twice.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) value: Rc<Node>,
}

/// A key as text. `1` and `"1"` are the same key here, but a change between them is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) text: String,
    pub(super) type_name: &'static str,
    pub(super) ambiguous: Option<String>,
    pub(super) at: usize,
}

impl Key {
    /// Whether the key was written so that every reader sees the same key.
    pub(super) fn same_form(&self, other: &Self) -> bool {
        self.type_name == other.type_name && self.ambiguous == other.ambiguous
    }
}

impl Node {
    pub(super) fn scalar(value: Value, at: usize, ambiguous: Option<String>) -> Self {
        let bytes = scalar_text(&value).len();
        let kind = NodeKind::Scalar(value);
        Self { kind, at, ambiguous, template: false, quoted: false, nodes: 1, bytes, height: 1 }
    }

    pub(super) fn sequence(items: Vec<Rc<Node>>, at: usize) -> Self {
        let measured = measure(items.iter().map(|item| (0, item.as_ref())));
        Self::collection(NodeKind::Sequence(items), at, measured)
    }

    /// A map of entries in any order; a fault where two have the same key.
    pub(super) fn map(mut entries: Vec<Entry>, at: usize) -> Result<Self, Fault> {
        entries.sort_by(|a, b| a.key.text.cmp(&b.key.text).then(a.key.at.cmp(&b.key.at)));
        if let Some(entry) = entries.iter().find(|entry| entry.key.text.len() > MAX_KEY_BYTES) {
            let why = format!("a key has more than {MAX_KEY_BYTES} bytes");
            return Err(Fault::new("too_large", entry.key.at, why));
        }
        for (entry, next) in entries.iter().zip(entries.iter().skip(1)) {
            if entry.key.text == next.key.text {
                let why = format!("the key `{}` is there twice in one map", next.key.text);
                return Err(Fault::new("duplicate_key", next.key.at, why));
            }
        }
        let measured =
            measure(entries.iter().map(|entry| (entry.key.text.len(), entry.value.as_ref())));
        Ok(Self::collection(NodeKind::Map(entries), at, measured))
    }

    fn collection(
        kind: NodeKind,
        at: usize,
        (nodes, bytes, height): (usize, usize, usize),
    ) -> Self {
        Self { kind, at, ambiguous: None, template: false, quoted: false, nodes, bytes, height }
    }

    /// The value of a key, if this is a map that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        let NodeKind::Map(entries) = &self.kind else { return None };
        let found = entries.binary_search_by(|entry| entry.key.text.as_str().cmp(key)).ok()?;
        entries.get(found).map(|entry| entry.value.as_ref())
    }

    /// The text, if this is a string.
    pub(super) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            NodeKind::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// As a value of a key change; collections by count and digest.
    pub(super) fn value(&self) -> Value {
        match &self.kind {
            NodeKind::Scalar(value) => value.clone(),
            NodeKind::Sequence(items) => {
                Value::Sequence { len: items.len() as u64, digest: self.digest() }
            }
            NodeKind::Map(entries) => {
                Value::Map { len: entries.len() as u64, digest: self.digest() }
            }
        }
    }

    fn digest(&self) -> String {
        let mut form = String::new();
        self.write_canonical(&mut form);
        let mut text = "sha256:".to_owned();
        for byte in Sha256::digest(form.as_bytes()) {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    fn write_canonical(&self, out: &mut String) {
        match &self.kind {
            NodeKind::Scalar(value) => {
                let plain = if self.ambiguous.is_some() { "plain " } else { "" };
                let quoted = if self.quoted { "quoted " } else { "" };
                let _ = write!(out, "{plain}{quoted}{}{:?}", value.type_name(), scalar_text(value));
            }
            NodeKind::Sequence(items) => {
                out.push('[');
                for item in items {
                    item.write_canonical(out);
                    out.push(',');
                }
                out.push(']');
            }
            NodeKind::Map(entries) => {
                out.push('{');
                for Entry { key, value } in entries {
                    let plain = if key.ambiguous.is_some() { "plain " } else { "" };
                    let _ = write!(out, "{plain}{}{:?}:", key.type_name, key.text);
                    value.write_canonical(out);
                    out.push(',');
                }
                out.push('}');
            }
        }
    }

    /// A total order by content; equal means that no reader can tell the two apart.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (&self.kind, &other.kind) {
            (NodeKind::Scalar(a), NodeKind::Scalar(b)) => a
                .type_name()
                .cmp(b.type_name())
                .then_with(|| scalar_text(a).cmp(scalar_text(b)))
                .then_with(|| self.ambiguous.cmp(&other.ambiguous))
                .then_with(|| self.quoted.cmp(&other.quoted)),
            (NodeKind::Sequence(a), NodeKind::Sequence(b)) => {
                first_difference(a.len().cmp(&b.len()), a.iter().zip(b).map(|(a, b)| a.order(b)))
            }
            (NodeKind::Map(a), NodeKind::Map(b)) => first_difference(
                a.len().cmp(&b.len()),
                a.iter().zip(b).map(|(a, b)| {
                    (&a.key.text, a.key.type_name, &a.key.ambiguous)
                        .cmp(&(&b.key.text, b.key.type_name, &b.key.ambiguous))
                        .then_with(|| a.value.order(&b.value))
                }),
            ),
            (a, b) => rank(a).cmp(&rank(b)),
        }
    }
}

fn first_difference(lengths: Ordering, mut items: impl Iterator<Item = Ordering>) -> Ordering {
    lengths.then_with(|| items.find(|order| order.is_ne()).unwrap_or(Ordering::Equal))
}

fn rank(kind: &NodeKind) -> u8 {
    match kind {
        NodeKind::Scalar(_) => 0,
        NodeKind::Sequence(_) => 1,
        NodeKind::Map(_) => 2,
    }
}

fn measure<'a>(children: impl Iterator<Item = (usize, &'a Node)>) -> (usize, usize, usize) {
    children.fold((1_usize, 0_usize, 1_usize), |(nodes, bytes, height), (key, child)| {
        (
            nodes.saturating_add(child.nodes),
            bytes.saturating_add(child.bytes).saturating_add(key),
            height.max(child.height.saturating_add(1)),
        )
    })
}

/// The text of a scalar; empty for null and collections.
pub(super) fn scalar_text(value: &Value) -> &str {
    match value {
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        Value::Int(text) | Value::Float(text) | Value::String(text) | Value::Timestamp(text) => {
            text
        }
        Value::Null | Value::Sequence { .. } | Value::Map { .. } => "",
    }
}

/// What may still be spent on a text: counted before anything is expanded.
#[derive(Debug, Default)]
pub(super) struct Budget {
    nodes: usize,
    bytes: usize,
}

impl Budget {
    /// Spends nodes and bytes at a depth (1: the root).
    pub(super) fn spend(
        &mut self,
        (nodes, bytes): (usize, usize),
        depth: usize,
        at: usize,
    ) -> Result<(), Fault> {
        self.nodes = self.nodes.saturating_add(nodes);
        self.bytes = self.bytes.saturating_add(bytes);
        if depth > MAX_DEPTH {
            return Err(Fault::new(
                "too_deep",
                at,
                format!("nested deeper than {MAX_DEPTH} levels"),
            ));
        }
        if self.nodes > MAX_NODES {
            let why = format!("more than {MAX_NODES} nodes after expanding aliases");
            return Err(Fault::new("too_large", at, why));
        }
        if self.bytes > MAX_EXPANDED_BYTES {
            let why = format!("more than {MAX_EXPANDED_BYTES} bytes after expanding aliases");
            return Err(Fault::new("too_large", at, why));
        }
        Ok(())
    }
}
