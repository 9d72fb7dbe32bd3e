//! Manifests in TOML and JSON, by their keys: everything must be equal but the version in one requirement.

use crate::domain::{KeyChange, KeyOp, RepoPath, Segment, Value};
use crate::policy::keypath::display_path;
use crate::policy::keys;

use super::{Found, direct};

/// A requirement of one version: the name, all that is not the version, and the version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pin {
    pub(super) name: String,
    pub(super) frame: String,
    pub(super) version: String,
}

/// Reads the requirement that stands at a key; `None`: none stands there, or it is not of one version.
pub(super) type Read = fn(&[Segment], &str) -> Option<Pin>;

/// Compares two manifests by their keys. Templates elsewhere in the file are no doubt here: what holds them is equal
/// on both sides, or it is a change that is none of a version.
pub(super) fn compare(path: &RepoPath, old: &str, new: &str, read: Read) -> Found {
    let Some(diff) = keys::diff(path, Some(old.as_bytes()), Some(new.as_bytes())) else {
        return Found::doubt("its format cannot be compared by keys");
    };
    let mut found = Found::default();
    for doubt in diff.doubts.iter().filter(|doubt| doubt.kind != "templated") {
        found.doubts.push(match doubt.line {
            0 => doubt.why.clone(),
            line => format!("{} (line {line})", doubt.why),
        });
    }
    for change in &diff.changes {
        match version(change, read) {
            Ok(version) => found.changes.push(version),
            Err(why) => found.doubts.push(format!("{}: {why}", display_path(&change.path))),
        }
    }
    found
}

fn version(
    change: &KeyChange,
    read: Read,
) -> Result<crate::domain::dependency::VersionChange, &'static str> {
    const ELSE: &str = "it changed, and it is not the version of a dependency";
    let (KeyOp::Replace, Some(Value::String(old)), Some(Value::String(new))) =
        (change.op, &change.old, &change.new)
    else {
        return Err(ELSE);
    };
    let old = read(&change.path, old).ok_or(ELSE)?;
    let new = read(&change.path, new).ok_or(ELSE)?;
    if old.name != new.name {
        return Err("one dependency stands where another did");
    }
    if old.frame != new.frame {
        return Err("more than the version of its requirement changed");
    }
    Ok(direct(&new.name, &old.version, &new.version))
}

/// `^1.2.3`, `~1.2.3`, `=1.2.3`, `>=1.2.3` or `1.2.3`: one version with or without an operator.
pub(super) fn pin(name: &str, requirement: &str) -> Option<Pin> {
    let text = requirement.trim();
    let at = text.find(|c: char| c.is_ascii_alphanumeric())?;
    let (operator, version) = text.split_at(at);
    let operator = operator.trim();
    let known = matches!(operator, "" | "^" | "~" | "=" | "==" | "~=" | ">=");
    (known && is_version(version)).then(|| Pin {
        name: name.to_owned(),
        frame: operator.to_owned(),
        version: version.to_owned(),
    })
}

/// One word that begins with a digit, so neither a range nor a tag; its form is judged later.
pub(super) fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+' | b'!'))
}

/// The path as keys; `None` where a position stands in it.
pub(super) fn keys_of(path: &[Segment]) -> Option<Vec<&str>> {
    path.iter()
        .map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Index(_) | Segment::Document(_) => None,
        })
        .collect()
}
