//! YAML into the tree: anchors and merge keys are expanded, counted before they are (sem 2.2.1, 2.2.2).

use std::collections::HashMap;
use std::collections::btree_map::{BTreeMap, Entry as Slot};
use std::rc::Rc;

use granit_parser::{Event, Parser, ScalarStyle, Span, Tag};

use crate::domain::Value;

use super::scalar;
use super::tree::{Budget, Entry, Fault, Key, Node, NodeKind, scalar_text};

/// Tags of templates that are kept as part of the value; every other tag outside the core schema is refused.
const TEMPLATE_TAGS: [&str; 19] = [
    "And",
    "Base64",
    "Cidr",
    "Condition",
    "Equals",
    "FindInMap",
    "ForEach",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Ref",
    "Select",
    "Split",
    "Sub",
];

/// The documents of a stream.
pub(super) fn parse(text: &str) -> Result<Vec<Rc<Node>>, Fault> {
    let options = granit_parser::options! { emit_comments: false, disallow_directives: true };
    let mut builder = Builder::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(0);
            Fault::new(
                "unparsable",
                at,
                format!("it is no YAML that can be read: {}", error.info()),
            )
        })?;
        builder.event(event, &span)?;
    }
    Ok(builder.documents)
}

/// A collection that has begun.
struct Frame {
    at: usize,
    anchor: usize,
    tag: Option<String>,
    of: Kind,
}

enum Kind {
    Sequence(Vec<Rc<Node>>),
    Map { entries: Vec<Entry>, merges: Vec<Rc<Node>>, key: Option<Key> },
}

#[derive(Default)]
struct Builder {
    documents: Vec<Rc<Node>>,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Rc<Node>>,
    budget: Budget,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), Fault> {
        let at = span.start.byte_offset().unwrap_or(0);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.budget.spend((1, text.len()), self.frames.len() + 1, at)?;
                let node = scalar_node(&text, style, tag.as_deref(), at)?;
                self.complete(Rc::new(node), anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                let tag = collection_tag(tag.as_deref(), "seq", at)?;
                self.open(Frame { at, anchor, tag, of: Kind::Sequence(Vec::new()) })
            }
            Event::MappingStart(_, anchor, tag) => {
                let tag = collection_tag(tag.as_deref(), "map", at)?;
                let of = Kind::Map { entries: Vec::new(), merges: Vec::new(), key: None };
                self.open(Frame { at, anchor, tag, of })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(id) => self.alias(id, at),
            Event::UnresolvedAlias(name) => {
                Err(Fault::new("unparsable", at, format!("the alias `{name}` has no anchor")))
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, frame: Frame) -> Result<(), Fault> {
        self.budget.spend((1, 0), self.frames.len() + 1, frame.at)?;
        self.frames.push(frame);
        Ok(())
    }

    /// The size of what an alias stands for is known: it is paid for before it is used.
    fn alias(&mut self, id: usize, at: usize) -> Result<(), Fault> {
        let Some(target) = self.anchors.get(&id).cloned() else {
            return Err(Fault::new("unparsable", at, "an alias inside its own anchor"));
        };
        let depth = self.frames.len().saturating_add(target.height);
        self.budget.spend((target.nodes, target.bytes), depth, at)?;
        self.place(target)
    }

    fn close(&mut self) -> Result<(), Fault> {
        let Some(Frame { at, anchor, tag, of }) = self.frames.pop() else { return Ok(()) };
        let node = match of {
            Kind::Sequence(items) => Node::sequence(items, at),
            Kind::Map { entries, merges, .. } => merged(entries, &merges, at)?,
        };
        let node = match tag {
            None => node,
            Some(tag) => {
                self.budget.spend((1, tag.len()), self.frames.len() + 1 + node.height, at)?;
                templated_collection(tag, node)?
            }
        };
        self.complete(Rc::new(node), anchor)
    }

    fn complete(&mut self, node: Rc<Node>, anchor: usize) -> Result<(), Fault> {
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.place(node)
    }

    fn place(&mut self, node: Rc<Node>) -> Result<(), Fault> {
        match self.frames.last_mut().map(|frame| &mut frame.of) {
            None => self.documents.push(node),
            Some(Kind::Sequence(items)) => items.push(node),
            Some(Kind::Map { entries, merges, key }) => match key.take() {
                None => *key = Some(key_of(&node)?),
                Some(key) if key.ambiguous.as_deref() == Some("<<") => {
                    if !merges.is_empty() {
                        return Err(Fault::new(
                            "duplicate_key",
                            key.at,
                            "the merge key `<<` is there twice in one map",
                        ));
                    }
                    merges.push(node);
                }
                Some(key) => entries.push(Entry { key, value: node }),
            },
        }
        Ok(())
    }
}

fn key_of(node: &Node) -> Result<Key, Fault> {
    match &node.kind {
        NodeKind::Scalar(value) if !node.template => Ok(Key {
            text: if *value == Value::Null {
                "null".to_owned()
            } else {
                scalar_text(value).to_owned()
            },
            type_name: value.type_name(),
            ambiguous: node.ambiguous.clone(),
            at: node.at,
        }),
        _ => Err(Fault::new(
            "structural",
            node.at,
            "a key that is itself a map, a sequence or a template",
        )),
    }
}

/// Explicit keys win over merged ones, an earlier merged map over a later one.
fn merged(entries: Vec<Entry>, merges: &[Rc<Node>], at: usize) -> Result<Node, Fault> {
    let own = Node::map(entries, at)?;
    let (Some(merge), NodeKind::Map(entries)) = (merges.first(), &own.kind) else { return Ok(own) };
    let sources: Vec<&Rc<Node>> = match &merge.kind {
        NodeKind::Sequence(items) => items.iter().collect(),
        _ => vec![merge],
    };
    let mut all: BTreeMap<String, Entry> =
        entries.iter().map(|entry| (entry.key.text.clone(), entry.clone())).collect();
    for source in sources {
        let NodeKind::Map(theirs) = &source.kind else {
            return Err(Fault::new("structural", at, "a merge key `<<` whose value is no map"));
        };
        for entry in theirs {
            if let Slot::Vacant(slot) = all.entry(entry.key.text.clone()) {
                slot.insert(entry.clone());
            }
        }
    }
    Node::map(all.into_values().collect(), at)
}

fn scalar_node(
    text: &str,
    style: ScalarStyle,
    tag: Option<&Tag>,
    at: usize,
) -> Result<Node, Fault> {
    let Some(tag) = tag else {
        if style != ScalarStyle::Plain {
            return Ok(Node::scalar(Value::String(text.to_owned()), at, None));
        }
        let ambiguous = scalar::is_ambiguous(text).then(|| text.to_owned());
        return Ok(Node::scalar(scalar::resolve(text), at, ambiguous));
    };
    if let Some(name) = template_tag(tag) {
        let mut node = Node::scalar(Value::String(format!("!{name} {text}")), at, None);
        node.template = true;
        return Ok(node);
    }
    let value = match (tag.core_suffix(), scalar::resolve(text)) {
        (Some("str"), _) => Value::String(text.to_owned()),
        (None, _) if is_nonspecific(tag) => Value::String(text.to_owned()),
        (Some("float"), Value::Int(digits)) => Value::Float(digits),
        (Some(name), value) if name == value.type_name() => value,
        (Some(name), _) => {
            return Err(Fault::new(
                "unparsable",
                at,
                format!("the value is no {name}, as its tag says"),
            ));
        }
        (None, _) => return Err(unknown_tag(tag, at)),
    };
    Ok(Node::scalar(value, at, None))
}

/// `None`: an ordinary collection; `Some`: the template tag it has.
fn collection_tag(tag: Option<&Tag>, expected: &str, at: usize) -> Result<Option<String>, Fault> {
    match tag {
        None => Ok(None),
        Some(tag) if is_nonspecific(tag) || tag.core_suffix() == Some(expected) => Ok(None),
        Some(tag) => match template_tag(tag) {
            Some(name) => Ok(Some(format!("!{name}"))),
            None => Err(unknown_tag(tag, at)),
        },
    }
}

/// `!If [a, b]` is read as the map `{"!If": [a, b]}`.
fn templated_collection(tag: String, node: Node) -> Result<Node, Fault> {
    let at = node.at;
    let key = Key { text: tag, type_name: "string", ambiguous: None, at };
    let mut map = Node::map(vec![Entry { key, value: Rc::new(node) }], at)?;
    map.template = true;
    Ok(map)
}

fn template_tag(tag: &Tag) -> Option<&str> {
    (tag.handle() == "!").then(|| tag.suffix()).filter(|name| TEMPLATE_TAGS.contains(name))
}

fn is_nonspecific(tag: &Tag) -> bool {
    matches!(tag.parts(), ("!", "") | ("", "!"))
}

fn unknown_tag(tag: &Tag, at: usize) -> Fault {
    Fault::new(
        "unknown_tag",
        at,
        format!("the tag `{}` is unknown, so the value's meaning is too", tag.original()),
    )
}
