//! Terraform's variable files (`*.tfvars`, HCL) into the tree: attributes with values written out.
//!
//! Calls, references, operators, templates and heredocs compute a value elsewhere: the node is a template. Blocks do
//! not belong here.

use std::ops::Range;
use std::rc::Rc;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, Object, ObjectKey};
use hcl_edit::parser;
use hcl_edit::structure::Structure;

use crate::domain::Value;

use super::MAX_NODES;
use super::json;
use super::tree::{Budget, Entry, Fault, Key, Node};

/// The one document of a `.tfvars` text.
pub(super) fn parse(text: &str) -> Result<Vec<Rc<Node>>, Fault> {
    refuse_many(text)?;
    let body = parser::parse_body(text).map_err(|error| {
        let twice = error.message().contains("found redefined");
        let kind = if twice { "duplicate_key" } else { "unparsable" };
        let why = format!("it is no HCL that can be read: {}", error.message());
        Fault::new(kind, error.location().offset(), why)
    })?;
    let mut reader = Reader { text, budget: Budget::default() };
    let mut entries = Vec::new();
    for structure in &body {
        let at = structure.span().map_or(0, |span| span.start);
        let Structure::Attribute(attribute) = structure else {
            return Err(Fault::new(
                "unparsable",
                at,
                "a block: variable files hold `name = value` only",
            ));
        };
        let key = key(attribute.key.as_str().to_owned(), at);
        entries.push(Entry { key, value: Rc::new(reader.node(&attribute.value, at, 2)?) });
    }
    Ok(vec![Rc::new(Node::map(entries, 0)?)])
}

/// Refuses many keys before the parser sees them: it looks each up among all others of its object.
fn refuse_many(text: &str) -> Result<(), Fault> {
    match text.match_indices(['=', ':']).nth(MAX_NODES) {
        None => Ok(()),
        Some((at, _)) => Err(Fault::new("too_large", at, format!("more than {MAX_NODES} keys"))),
    }
}

fn key(text: String, at: usize) -> Key {
    Key { text, type_name: "string", ambiguous: None, at }
}

struct Reader<'a> {
    text: &'a str,
    budget: Budget,
}

impl Reader<'_> {
    /// `near`: a place for what the parser gives none.
    fn node(&mut self, value: &Expression, near: usize, depth: usize) -> Result<Node, Fault> {
        let span = value.span();
        let at = span.as_ref().map_or(near, |span| span.start);
        self.budget.spend((1, 0), depth, at)?;
        let scalar = match value {
            Expression::Object(object) => return self.map(object, at, depth),
            Expression::Array(array) => {
                let items: Result<Vec<_>, Fault> =
                    array.iter().map(|item| self.node(item, at, depth + 1).map(Rc::new)).collect();
                return Ok(Node::sequence(items?, at));
            }
            Expression::Null(_) => Value::Null,
            Expression::Bool(value) => Value::Bool(*value.value()),
            Expression::String(text) => Value::String(text.value().clone()),
            // The parser's number has been rounded; its text has not.
            Expression::Number(_) => {
                json::number(span.and_then(|span| self.text.get(span)).unwrap_or_default())
            }
            _ => return Ok(self.computed(span.unwrap_or(near..near))),
        };
        Ok(Node::scalar(scalar, at, None))
    }

    fn computed(&self, span: Range<usize>) -> Node {
        let written = self.text.get(span.clone()).unwrap_or_default().to_owned();
        let mut node = Node::scalar(Value::String(written), span.start, None);
        node.template = true;
        node
    }

    fn map(&mut self, object: &Object, at: usize, depth: usize) -> Result<Node, Fault> {
        let mut entries = Vec::with_capacity(object.len());
        for (name, value) in object {
            let text = match name {
                ObjectKey::Ident(name) => name.as_str(),
                ObjectKey::Expression(Expression::String(name)) => name.value().as_str(),
                ObjectKey::Expression(_) => {
                    return Err(Fault::new("unparsable", at, "a key that is computed"));
                }
            };
            let value = self.node(value.expr(), at, depth + 1)?;
            entries.push(Entry { key: key(text.to_owned(), value.at), value: Rc::new(value) });
        }
        Node::map(entries, at)
    }
}
