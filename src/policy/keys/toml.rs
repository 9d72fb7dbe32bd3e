//! TOML into the tree. Dotted keys, tables and inline tables are the same tree; the parser refuses a key twice.

use std::rc::Rc;

use ::toml::Spanned;
use ::toml::de::{DeInteger, DeTable, DeValue};

use crate::domain::Value;

use super::tree::{Budget, Entry, Fault, Key, Node};

/// The one document of a TOML text.
pub(super) fn parse(text: &str) -> Result<Vec<Rc<Node>>, Fault> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().trim_end().replace('\n', ", ");
        let kind = if message.contains("duplicate key") { "duplicate_key" } else { "unparsable" };
        Fault::new(kind, at, format!("it is no TOML that can be read: {message}"))
    })?;
    let mut budget = Budget::default();
    Ok(vec![Rc::new(map(table.get_ref(), 0, 1, &mut budget)?)])
}

fn map(table: &DeTable<'_>, at: usize, depth: usize, budget: &mut Budget) -> Result<Node, Fault> {
    budget.spend((1, 0), depth, at)?;
    let mut entries = Vec::new();
    for (name, value) in table {
        let at = name.span().start;
        let text = AsRef::<str>::as_ref(name.get_ref()).to_owned();
        let key = Key { text, type_name: "string", ambiguous: None, at };
        entries.push(Entry { key, value: Rc::new(node(value, depth + 1, budget)?) });
    }
    Node::map(entries, at)
}

fn node(value: &Spanned<DeValue<'_>>, depth: usize, budget: &mut Budget) -> Result<Node, Fault> {
    let at = value.span().start;
    let scalar = match value.get_ref() {
        DeValue::Table(table) => return map(table, at, depth, budget),
        DeValue::Array(items) => {
            budget.spend((1, 0), depth, at)?;
            let items: Result<Vec<_>, Fault> =
                items.iter().map(|item| node(item, depth + 1, budget).map(Rc::new)).collect();
            return Ok(Node::sequence(items?, at));
        }
        DeValue::String(text) => Value::String(text.as_ref().to_owned()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Integer(number) => Value::Int(whole(number)),
        DeValue::Float(number) => {
            Value::Float(number.as_str().replace('_', "").to_ascii_lowercase())
        }
        DeValue::Datetime(time) => Value::Timestamp(time.to_string()),
    };
    budget.spend((1, 0), depth, at)?;
    Ok(Node::scalar(scalar, at, None))
}

/// Decimal digits of a whole number in any of the four notations; one beyond 128 bits stays as it is written.
fn whole(number: &DeInteger<'_>) -> String {
    let digits = number.as_str().replace('_', "");
    i128::from_str_radix(&digits, number.radix()).map_or(digits, |value| value.to_string())
}
