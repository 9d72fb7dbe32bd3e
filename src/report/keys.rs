//! Key changes as a table grouped by file, with a sum that closes: the proof that a change is trivial.

use crate::domain::file::{Segment, Value};
use crate::domain::{Class, KeyOp};
use crate::policy::decision::{Classification, KeyVerdict};
use crate::policy::keys::looks_secret;

use super::covered::is_secret_name;
use super::words::{plural, short_digest, visible};

/// One key change in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// The path up to the leaf, with the dot: `router.image.`.
    pub stem: String,
    /// The leaf, set in bold.
    pub leaf: String,
    /// `replace`.
    pub op: &'static str,
    /// Before; `None`: it was not there.
    pub before: Option<String>,
    /// After; `None`: it is gone.
    pub after: Option<String>,
    /// What became of it.
    pub verdict: KeyOutcome,
    /// The rule that took or refused it; empty: none.
    pub by: String,
    /// The constraint and how far inside it, or why not.
    pub because: String,
}

/// What became of a key change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyOutcome {
    /// A rule allows it.
    Allowed,
    /// A rule denies it.
    Denied,
    /// No rule is about it.
    NoRule,
}

/// The key changes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyGroup {
    /// The path.
    pub path: String,
    /// The file's class.
    pub class: Class,
    /// Why.
    pub why: String,
    /// Its rows.
    pub rows: Vec<KeyRow>,
}

/// The table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyTable {
    /// By file, in order of path.
    pub groups: Vec<KeyGroup>,
    /// Rows with an allow rule.
    pub allowed: u64,
    /// Rows that a rule denies.
    pub denied: u64,
    /// Rows without a rule.
    pub without: u64,
}

impl KeyTable {
    /// `4 key changes = 4 allowed + 0 denied + 0 without a rule`.
    #[must_use]
    pub fn sum(&self) -> String {
        let total = self.allowed + self.denied + self.without;
        format!(
            "{} = {} allowed + {} denied + {} without a rule",
            plural(total, "key change", "key changes"),
            self.allowed,
            self.denied,
            self.without
        )
    }
}

/// The table of a classification; empty where no file was compared by key.
#[must_use]
pub fn table(classification: &Classification) -> KeyTable {
    let mut table = KeyTable::default();
    for file in classification.files.iter().filter(|file| !file.keys.is_empty()) {
        let rows: Vec<KeyRow> = file.keys.iter().map(row).collect();
        for row in &rows {
            match row.verdict {
                KeyOutcome::Allowed => table.allowed += 1,
                KeyOutcome::Denied => table.denied += 1,
                KeyOutcome::NoRule => table.without += 1,
            }
        }
        table.groups.push(KeyGroup {
            path: file.path.to_string(),
            class: file.class,
            why: file.why.clone(),
            rows,
        });
    }
    table
}

fn row(verdict: &KeyVerdict) -> KeyRow {
    let change = &verdict.change;
    let (stem, leaf) = split(&change.path);
    let secret = is_secret_name(&stem) || is_secret_name(&leaf);
    KeyRow {
        stem,
        leaf,
        op: op_word(change.op),
        before: change.old.as_ref().map(|value| shown(value, secret)),
        after: change.new.as_ref().map(|value| shown(value, secret)),
        verdict: match (verdict.allowed, verdict.by.is_empty()) {
            (true, _) => KeyOutcome::Allowed,
            (false, false) => KeyOutcome::Denied,
            (false, true) => KeyOutcome::NoRule,
        },
        by: verdict.by.clone(),
        because: verdict.because.clone(),
    }
}

fn op_word(op: KeyOp) -> &'static str {
    match op {
        KeyOp::Add => "add",
        KeyOp::Remove => "remove",
        KeyOp::Replace => "replace",
        KeyOp::TypeChange => "type change",
        KeyOp::Reorder => "reorder",
    }
}

/// The path in text: keys joined by dots, positions in brackets, keys with a dot in quotes, documents before a colon.
fn split(path: &[Segment]) -> (String, String) {
    let mut stem = String::new();
    let mut leaf = String::new();
    for segment in path {
        stem.push_str(&std::mem::take(&mut leaf));
        match segment {
            Segment::Key(key) => {
                if !stem.is_empty() && !stem.ends_with(' ') {
                    stem.push('.');
                }
                let odd = key.is_empty() || key.contains(['.', '"', '[', ']', ' ']);
                leaf = visible(&if odd { format!("{key:?}") } else { key.clone() });
            }
            Segment::Index(place) => leaf = format!("[{place}]"),
            Segment::Document(name) => leaf = format!("{} ", visible(name)),
        }
    }
    (stem, leaf)
}

fn shown(value: &Value, secret: bool) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Int(text) | Value::Float(text) | Value::String(text) | Value::Timestamp(text)
            if secret || looks_secret(text) =>
        {
            let digest = crate::domain::id::sha256(text.as_bytes());
            format!("text of {} bytes, {}", text.len(), short_digest(&digest))
        }
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::Int(text) | Value::Float(text) | Value::String(text) | Value::Timestamp(text) => {
            visible(text)
        }
        Value::Sequence { len, digest } => {
            format!("{}, {}", plural(*len, "item", "items"), short_digest(digest))
        }
        Value::Map { len, digest } => {
            format!("{}, {}", plural(*len, "key", "keys"), short_digest(digest))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_a_dot_cannot_look_like_a_path() {
        let path = ["a", "b.c"].map(|key| Segment::Key(key.into()));
        assert_eq!(split(&path), ("a.".into(), "\"b.c\"".into()));
        let list = [Segment::Key("env".into()), Segment::Index(2), Segment::Key("value".into())];
        assert_eq!(split(&list), ("env[2].".into(), "value".into()));
    }

    #[test]
    fn a_secret_like_value_is_shown_as_length_and_digest() {
        let text = shown(&Value::String("hunter2".into()), is_secret_name("dbPassword"));
        assert!(
            text.starts_with("text of 7 bytes, sha256:") && !text.contains("hunter2"),
            "{text}"
        );
        assert_eq!(shown(&Value::Int("16".into()), false), "16");
        assert!(shown(&Value::Int("4711".into()), true).starts_with("text of 4 bytes"));
        let key = "AKIAIOSFODNN7EXAMPLE";
        assert!(!shown(&Value::String(key.into()), false).contains(key));
    }
}
