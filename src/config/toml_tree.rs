//! TOML as the tree that the tables check.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::policy::diagnostic::{At, code};
use crate::policy::file::node::{Entry, Node, Path, Problem, Report, Value};

/// Reads a text. Mistakes of grammar are in the report; what could be read is in the tree.
pub(super) fn read(text: &str, report: &mut Report) -> Node {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let at = At::of(text, error.span().unwrap_or(0..0));
        let message = format!("this is no TOML: {}", error.message().trim_end());
        report.add(at, &Path::root(), Problem::new(code::SYNTAX, message));
    }
    map(table.get_ref(), text, At::START)
}

fn map(table: &DeTable<'_>, text: &str, at: At) -> Node {
    let entry = |key: &Spanned<_>, value: &Spanned<_>| Entry {
        key: AsRef::<str>::as_ref(key.get_ref()).to_owned(),
        at: At::of(text, key.span()),
        node: node(value, text),
    };
    let entries = table.iter().map(|(key, value)| entry(key, value)).collect();
    Node::new(Value::Map(entries), "", at)
}

fn node(value: &Spanned<DeValue<'_>>, text: &str) -> Node {
    let at = At::of(text, value.span());
    match value.get_ref() {
        DeValue::String(one) => Node::new(Value::Text, one.as_ref(), at),
        DeValue::Boolean(one) => Node::new(Value::Bool(*one), one.to_string(), at),
        DeValue::Integer(one) => match i64::from_str_radix(one.as_str(), one.radix()) {
            Ok(number) => Node::new(Value::Int(number), number.to_string(), at),
            Err(_) => Node::new(Value::Float, one.as_str(), at),
        },
        DeValue::Float(one) => Node::new(Value::Float, one.as_str(), at),
        DeValue::Datetime(one) => Node::new(Value::Text, one.to_string(), at),
        DeValue::Array(items) => {
            let items = items.iter().map(|item| node(item, text)).collect();
            Node::new(Value::List(items), "", at)
        }
        DeValue::Table(table) => map(table, text, at),
    }
}
