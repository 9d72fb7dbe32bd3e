//! JSON into the tree, as strictly as RFC 8259 and stricter: no name twice, no raw control characters. JSON with
//! comments allows comments and a comma before a closing bracket, nothing else.
//!
//! A number is an `int` if it is written without fraction and exponent, else a `float`; its digits are kept, so
//! `1` to `1.0` is a change of type and nothing is rounded.

use std::rc::Rc;

use jsonc_parser::ast::{self, ObjectPropName, StringLit};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, parse_to_ast};

use crate::domain::Value;

use super::MAX_DEPTH;
use super::tree::{Budget, Entry, Fault, Key, Node};

/// The one document of a JSON text.
pub(super) fn parse(text: &str) -> Result<Vec<Rc<Node>>, Fault> {
    read(text, &strict())
}

/// The one document of a text of JSON with comments.
pub(super) fn parse_with_comments(text: &str) -> Result<Vec<Rc<Node>>, Fault> {
    read(text, &ParseOptions { allow_comments: true, allow_trailing_commas: true, ..strict() })
}

fn read(text: &str, options: &ParseOptions) -> Result<Vec<Rc<Node>>, Fault> {
    refuse_depth(text)?;
    let collect = CollectOptions { comments: CommentCollectionStrategy::Off, tokens: false };
    let parsed = parse_to_ast(text, &collect, options).map_err(|error| {
        let why = format!("it is no JSON that can be read: {}", error.kind());
        Fault::new("unparsable", error.range().start, why)
    })?;
    let Some(root) = parsed.value else {
        return Err(Fault::new("unparsable", 0, "an empty text is no JSON"));
    };
    let mut reader = Reader { text, budget: Budget::default() };
    Ok(vec![Rc::new(reader.node(&root, 1)?)])
}

/// All of the parser's liberties off; its defaults are nearer to JSON5.
fn strict() -> ParseOptions {
    ParseOptions {
        allow_comments: false,
        allow_loose_object_property_names: false,
        allow_trailing_commas: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// Refuses nesting before the recursive parser sees it.
fn refuse_depth(text: &str) -> Result<(), Fault> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            let why = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(Fault::new("too_deep", at, why));
        }
    }
    Ok(())
}

struct Reader<'a> {
    text: &'a str,
    budget: Budget,
}

impl Reader<'_> {
    fn node(&mut self, value: &ast::Value<'_>, depth: usize) -> Result<Node, Fault> {
        let range = value.range();
        let at = range.start;
        self.budget.spend((1, 0), depth, at)?;
        let scalar = match value {
            ast::Value::Object(object) => return self.map(object, depth),
            ast::Value::Array(array) => {
                let items: Result<Vec<_>, Fault> = array
                    .elements
                    .iter()
                    .map(|element| self.node(element, depth + 1).map(Rc::new))
                    .collect();
                return Ok(Node::sequence(items?, at));
            }
            ast::Value::StringLit(literal) => Value::String(self.string(literal)?),
            ast::Value::NumberLit(literal) => number(literal.value),
            ast::Value::BooleanLit(literal) => Value::Bool(literal.value),
            ast::Value::NullKeyword(_) => Value::Null,
        };
        Ok(Node::scalar(scalar, at, None))
    }

    fn map(&mut self, object: &ast::Object<'_>, depth: usize) -> Result<Node, Fault> {
        let mut entries = Vec::with_capacity(object.properties.len());
        for property in &object.properties {
            let ObjectPropName::String(name) = &property.name else {
                return Err(Fault::new(
                    "unparsable",
                    property.range.start,
                    "a name without quotes",
                ));
            };
            let key = Key {
                text: self.string(name)?,
                type_name: "string",
                ambiguous: None,
                at: name.range.start,
            };
            entries.push(Entry { key, value: Rc::new(self.node(&property.value, depth + 1)?) });
        }
        Node::map(entries, object.range.start)
    }

    fn string(&self, literal: &StringLit<'_>) -> Result<String, Fault> {
        let raw = self.text.get(literal.range.start..literal.range.end).unwrap_or("\0");
        if raw.bytes().any(|byte| byte < b' ') {
            let why = "a control character inside a string";
            return Err(Fault::new("control_character", literal.range.start, why));
        }
        Ok(literal.value.clone().into_owned())
    }
}

/// A number as it is written.
pub(super) fn number(text: &str) -> Value {
    if text.contains(['.', 'e', 'E']) {
        Value::Float(text.to_ascii_lowercase())
    } else {
        Value::Int(text.to_owned())
    }
}
