//! `requirements*.txt`, as pip reads it: exact versions with or without digests, one requirement a line. Which of them
//! the project itself asks for it does not say, so exactly one may change.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::RepoPath;

use super::pyproject::specifier;
use super::{Found, direct};

/// A file by its lines.
#[derive(Debug, Default)]
struct Lines {
    pins: BTreeMap<String, Line>,
    /// Options, addresses, ranges: in order, equal or a doubt.
    others: Vec<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Line {
    version: String,
    frame: String,
    digests: BTreeSet<String>,
}

/// Two `requirements*.txt`.
pub(super) fn pins(_: &RepoPath, old: &str, new: &str) -> Found {
    Found::of((read(old), read(new)), compare)
}

fn read(text: &str) -> Result<Lines, String> {
    let mut lines = Lines::default();
    let joined = text.replace("\r\n", "\n").replace("\\\n", " ");
    for line in joined.lines() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match requirement(line) {
            None => lines.others.push(line.to_owned()),
            Some((name, pin)) => {
                if lines.pins.insert(name.clone(), pin).is_some() {
                    return Err(format!("`{name}` is there twice"));
                }
            }
        }
    }
    Ok(lines)
}

/// `name[extras]==1.2.3 ; marker --hash=sha256:…`; `None`: anything else.
fn requirement(line: &str) -> Option<(String, Line)> {
    let (wanted, options) = match line.find(" --") {
        Some(at) => line.split_at(at),
        None => (line, ""),
    };
    let pin = specifier(wanted).filter(|_| wanted.contains("==") && !wanted.starts_with('-'))?;
    let digests: Option<BTreeSet<String>> = options
        .split_whitespace()
        .map(|option| option.strip_prefix("--hash=").map(str::to_owned))
        .collect();
    Some((pin.name, Line { version: pin.version, frame: pin.frame, digests: digests? }))
}

fn compare(old: &Lines, new: &Lines) -> Found {
    let mut found = Found::default();
    if old.others != new.others {
        found.doubts.push("a line changed that is no exact version".to_owned());
    }
    if !old.pins.keys().eq(new.pins.keys()) {
        found.doubts.push("requirements came or went".to_owned());
    }
    for (name, after) in &new.pins {
        let Some(before) = old.pins.get(name).filter(|before| *before != after) else { continue };
        let mut doubt = |why: &str| found.doubts.push(format!("`{name}`: {why}"));
        if before.frame != after.frame {
            doubt("more than its version changed");
        }
        if before.version == after.version {
            doubt("its content has other digests, though its version is the same");
        }
        if algorithms(before) != algorithms(after) {
            doubt("its content is not checked in the same way as before");
        }
        found.changes.push(direct(name, &before.version, &after.version));
    }
    found
}

fn algorithms(line: &Line) -> BTreeSet<&str> {
    line.digests.iter().filter_map(|digest| digest.split(':').next()).collect()
}
