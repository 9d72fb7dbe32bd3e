//! `.env` files into the tree.
//!
//! There is no standard: shells, Docker, Compose and a library for every language read them differently, and some
//! put values of their own environment in. So this reads only what all of them agree on. A value is ambiguous where
//! they do not (`#` or a blank in it, a backslash, a quote inside): it is compared, and a change of it proves
//! nothing. Quotes around a whole value are kept by `docker run --env-file`, so putting them there or taking them
//! away is a change.

use std::rc::Rc;

use super::plain;
use super::tree::{Budget, Entry, Fault, Key, Node};

/// The one document of a `.env` text.
pub(super) fn parse(text: &str) -> Result<Vec<Rc<Node>>, Fault> {
    let (mut entries, mut budget) = (Vec::new(), Budget::default());
    for line in plain::lines(text) {
        let (at, line) = line?;
        let body = line.trim_start();
        if body.is_empty() || body.starts_with('#') {
            continue;
        }
        budget.spend((1, 0), 2, at)?;
        entries.push(entry(body, at + (line.len() - body.len()))?);
    }
    Ok(vec![Rc::new(Node::map(entries, 0)?)])
}

fn entry(line: &str, at: usize) -> Result<Entry, Fault> {
    let unparsable = |why: &str| Fault::new("unparsable", at, why);
    let Some((left, right)) = line.split_once('=') else {
        return Err(unparsable("a line that is neither NAME=value nor a comment"));
    };
    let name = left.strip_prefix("export ").map_or(left, str::trim_start);
    if !is_name(name) {
        return Err(unparsable(
            "a name is letters, digits, `_`, `-` and `.`, without a blank before `=`",
        ));
    }
    let key = Key { text: name.to_owned(), type_name: "string", ambiguous: None, at };
    Ok(Entry { key, value: Rc::new(node(right, at + left.len() + 1)?) })
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

fn node(raw: &str, at: usize) -> Result<Node, Fault> {
    let text = raw.trim_end();
    let quote = text.chars().next().filter(|first| matches!(first, '"' | '\''));
    let (inner, literal) = match quote {
        None => (text, false),
        Some(quote) => (unquoted(text, quote, at)?, quote == '\''),
    };
    let disputed: &[char] = if literal { &['\\', '\''] } else { &['\\', '"', '\'', '`', '#'] };
    let blank = quote.is_none() && inner.contains(char::is_whitespace);
    let ambiguous = blank || inner.contains(disputed);
    let mut node = Node::scalar(plain::value(inner), at, ambiguous.then(|| text.to_owned()));
    node.quoted = quote.is_some();
    node.template = !literal && inner.contains('$');
    Ok(node)
}

/// What stands between the quotes, which must be the first and last character.
fn unquoted(text: &str, quote: char, at: usize) -> Result<&str, Fault> {
    let inner = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    inner.filter(|inner| !inner.contains(quote)).ok_or_else(|| {
        let why = "a quoted value that does not end with its line, or with something after it";
        Fault::new("unparsable", at, why)
    })
}
