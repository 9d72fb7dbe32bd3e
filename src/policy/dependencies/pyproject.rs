//! `pyproject.toml`: the standard's tables (PEP 621, PEP 735) and Poetry's. Names are compared as `PyPI` compares them.

use crate::domain::{RepoPath, Segment};

use super::manifest::{Pin, is_version, keys_of, pin};
use super::{Found, manifest as manifests};

/// Two `pyproject.toml`.
pub(super) fn manifest(path: &RepoPath, old: &str, new: &str) -> Found {
    manifests::compare(path, old, new, requirement)
}

fn requirement(path: &[Segment], text: &str) -> Option<Pin> {
    match path {
        [before @ .., Segment::Index(_)] => match keys_of(before)?.as_slice() {
            ["project", "dependencies"]
            | ["project", "optional-dependencies", _]
            | ["dependency-groups", _] => specifier(text),
            _ => None,
        },
        _ => match keys_of(path)?.as_slice() {
            ["tool", "poetry", "dependencies" | "dev-dependencies", rest @ ..]
            | ["tool", "poetry", "group", _, "dependencies", rest @ ..] => poetry(rest, text),
            _ => None,
        },
    }
}

/// Poetry asks for Python itself in the same table.
fn poetry(rest: &[&str], text: &str) -> Option<Pin> {
    match rest {
        [name] | [name, "version"] if *name != "python" => pin(&normal(name), text),
        _ => None,
    }
}

/// `name[extras]>=1.2.3; marker` (PEP 508), of one clause. What is not the version is its frame.
pub(super) fn specifier(text: &str) -> Option<Pin> {
    let (wanted, marker) = text.split_once(';').unwrap_or((text, ""));
    let at = wanted.find(['=', '>', '~', '<', '!', '@', ' '])?;
    let (named, clause) = wanted.split_at(at);
    let clause = clause.trim();
    let (operator, version) = clause.split_at_checked(2)?;
    let version = version.trim();
    let (name, extras) = named.split_once('[').unwrap_or((named, ""));
    let known = matches!(operator, "==" | ">=" | "~=") && is_version(version) && is_name(name);
    known.then(|| Pin {
        name: normal(name),
        frame: format!("[{extras} {operator} ;{}", marker.trim()),
        version: version.to_owned(),
    })
}

fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    !name.is_empty() && name.bytes().all(plain)
}

/// A name as `PyPI` compares it (PEP 503): small letters, and one `-` for every run of `-`, `_` and `.`.
pub(super) fn normal(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for c in name.chars() {
        let c = if matches!(c, '-' | '_' | '.') { '-' } else { c.to_ascii_lowercase() };
        if c != '-' || !normal.ends_with('-') {
            normal.push(c);
        }
    }
    normal
}
