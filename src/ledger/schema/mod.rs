//! What every kind of entry holds, as data, and as JSON Schemas (2020-12) for whoever reads the ledger. A kind and its
//! fields are never changed: what has to be said otherwise is a kind or a version of its own (sem 10).

mod kinds;

use serde_json::{Map, Value, json};

pub use kinds::KINDS;

use super::entry::{RESERVED, VERSION};

/// A kind of entry.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// Its name, in the field `kind`.
    pub name: &'static str,
    /// What it says happened.
    pub says: &'static str,
    /// Its fields beside `v`, `kind` and `at`. All of them are in every entry.
    pub fields: &'static [Field],
}

/// A field of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub shape: Shape,
    /// What it means.
    pub says: &'static str,
}

/// What a value is.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Any text.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// An id of ours, which begins with this prefix and `_`.
    Id(&'static str),
    /// `sha256:` and 64 hexadecimal digits.
    Sha256,
    /// The id of a git object: 40 or 64 hexadecimal digits.
    Oid,
    /// A time with six digits and `Z`.
    Time,
    /// A whole number from 0.
    Whole,
    /// True or false.
    Flag,
    /// A verifier key (C2SP signed-note).
    Key,
    /// Any number of these.
    List(&'static Shape),
    /// This, or null where there is none.
    Maybe(&'static Shape),
    /// An object with exactly these fields.
    Object(&'static [Field]),
}

/// A kind by its name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

impl Kind {
    /// The JSON Schema of its entries.
    #[must_use]
    pub fn schema(&self) -> Value {
        let mut head = Map::new();
        head.insert("v".to_owned(), json!({ "const": VERSION }));
        head.insert("kind".to_owned(), json!({ "const": self.name }));
        head.insert("at".to_owned(), described(Shape::Time, "When it was recorded."));
        let mut schema = object(self.fields, head, RESERVED.to_vec());
        if let Value::Object(schema) = &mut schema {
            let id = format!("urn:countersign:entry:{}:v{VERSION}", self.name);
            schema.insert(
                "$schema".to_owned(),
                "https://json-schema.org/draft/2020-12/schema".into(),
            );
            schema.insert("$id".to_owned(), id.into());
            schema.insert("title".to_owned(), self.name.into());
            schema.insert("description".to_owned(), self.says.into());
        }
        schema
    }

    /// Its part of `docs/entries.md`.
    #[must_use]
    pub fn documentation(&self) -> String {
        let mut lines = vec![format!("### `{}`", self.name), self.says.to_owned(), String::new()];
        lines.push("| field | value | |\n|---|---|---|".to_owned());
        rows("", self.fields, &mut lines);
        lines.join("\n") + "\n"
    }
}

fn rows(above: &str, fields: &[Field], lines: &mut Vec<String>) {
    for field in fields {
        lines.push(format!(
            "| `{above}{}` | {} | {} |",
            field.name,
            field.shape.words(),
            field.says
        ));
        if let Shape::Object(below) = field.shape {
            rows(&format!("{above}{}.", field.name), below, lines);
        }
    }
}

fn object(fields: &[Field], mut known: Map<String, Value>, required: Vec<&str>) -> Value {
    let mut required: Vec<Value> = required.into_iter().map(Value::from).collect();
    for field in fields {
        known.insert(field.name.to_owned(), described(field.shape, field.says));
        required.push(field.name.into());
    }
    json!({ "type": "object", "properties": known, "required": required, "additionalProperties": false })
}

fn described(shape: Shape, says: &str) -> Value {
    let mut schema = shape.schema();
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".to_owned(), says.into());
    }
    schema
}

impl Shape {
    fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Word(words) => json!({ "enum": words }),
            Self::Id(prefix) => {
                json!({ "type": "string", "pattern": format!("^{prefix}_[0-9a-z]+$") })
            }
            Self::Sha256 => json!({ "type": "string", "pattern": "^sha256:[0-9a-f]{64}$" }),
            Self::Oid => json!({ "type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$" }),
            Self::Time => json!({
                "type": "string",
                "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$",
            }),
            Self::Whole => json!({ "type": "integer", "minimum": 0 }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Key => {
                json!({ "type": "string", "pattern": r"^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]+=*$" })
            }
            Self::List(item) => json!({ "type": "array", "items": item.schema() }),
            Self::Maybe(shape) => json!({ "anyOf": [shape.schema(), { "type": "null" }] }),
            Self::Object(fields) => object(fields, Map::new(), Vec::new()),
        }
    }

    fn words(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Word(words) => {
                words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
            }
            Self::Id(prefix) => format!("`{prefix}_…`"),
            Self::Sha256 => "`sha256:…`".to_owned(),
            Self::Oid => "a commit or tree".to_owned(),
            Self::Time => "a time".to_owned(),
            Self::Whole => "a whole number".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Key => "a verifier key".to_owned(),
            Self::List(item) => format!("a list: {}", item.words()),
            Self::Maybe(shape) => format!("{}, or null", shape.words()),
            Self::Object(_) => "an object".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn kinds_stand_once_in_order_and_no_field_twice() {
        let names: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        for kind in KINDS {
            let fields: BTreeSet<&str> = kind.fields.iter().map(|field| field.name).collect();
            assert_eq!(fields.len(), kind.fields.len(), "{}", kind.name);
            assert!(!fields.iter().any(|name| RESERVED.contains(name)), "{}", kind.name);
        }
    }

    #[test]
    fn the_page_of_the_documentation_is_what_the_table_gives() {
        let page = include_str!("../../../docs/entries.md");
        let listed: String =
            KINDS.iter().map(|kind| format!("\n{}", kind.documentation())).collect();
        let (_, after) = page.split_once("<!-- from here on: the table -->\n").expect("the mark");
        assert!(after == listed, "docs/entries.md: below the mark this is needed:\n{listed}");
    }
}
