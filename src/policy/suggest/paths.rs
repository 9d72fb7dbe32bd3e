//! Files that change alike, as few globs that take no more than they must.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::RepoPath;

/// The first folder of a path, by which files are kept apart; empty at the root.
pub(super) fn top(path: &RepoPath) -> Vec<u8> {
    let bytes = path.as_bytes();
    let end = bytes.iter().position(|byte| *byte == b'/').unwrap_or(0);
    bytes.get(..end).unwrap_or_default().to_vec()
}

/// What stands after the last dot of a name, the dot included; empty if there is none.
pub(super) fn extension(path: &RepoPath) -> Vec<u8> {
    let name = path.file_name();
    let begin = name.iter().rposition(|byte| *byte == b'.').unwrap_or(name.len());
    name.get(begin..).unwrap_or_default().to_vec()
}

/// Globs that take in every one of these files. Those at the root stand by name.
pub(super) fn globs(files: &BTreeSet<RepoPath>) -> Vec<String> {
    let mut groups: BTreeMap<(Vec<u8>, Vec<u8>), Vec<&str>> = BTreeMap::new();
    for file in files {
        if let Some(text) = file.as_str() {
            groups.entry((top(file), extension(file))).or_default().push(text);
        }
    }
    groups.into_iter().flat_map(|((top, _), files)| glob(&top, &files)).collect()
}

/// The same for documentation: everything with that ending below the folder.
pub(super) fn documents(files: &BTreeSet<RepoPath>) -> Vec<String> {
    let Some(first) = files.first() else { return Vec::new() };
    let (top, ending) = (top(first), extension(first));
    match (std::str::from_utf8(&top), std::str::from_utf8(&ending)) {
        (Ok(top), Ok(ending)) if !top.is_empty() && is_plain(top) && is_plain(ending) => {
            vec![format!("{top}/**/*{ending}")]
        }
        _ => files
            .iter()
            .filter_map(|file| file.as_str())
            .filter(|text| is_plain(text))
            .map(str::to_owned)
            .collect(),
    }
}

fn glob(top: &[u8], files: &[&str]) -> Vec<String> {
    let plain: Vec<&str> = files.iter().copied().filter(|text| is_plain(text)).collect();
    if top.is_empty() || plain.len() < 2 {
        return plain.into_iter().map(str::to_owned).collect();
    }
    let folder =
        |text: &str| text.rsplit_once('/').map_or(String::new(), |(folder, _)| folder.to_owned());
    let name =
        |text: &str| text.rsplit_once('/').map_or(text.to_owned(), |(_, name)| name.to_owned());
    let folders: BTreeSet<String> = plain.iter().map(|text| folder(text)).collect();
    let names: BTreeSet<String> = plain.iter().map(|text| name(text)).collect();
    vec![format!("{}{}", common_folder(&folders), common_name(&names))]
}

/// `deploy/web/`, or `deploy/**/` where they differ.
fn common_folder(folders: &BTreeSet<String>) -> String {
    let mut all = folders.iter();
    let Some(first) = all.next() else { return String::new() };
    if all.next().is_none() {
        return format!("{first}/");
    }
    let parts: Vec<&str> = first.split('/').collect();
    let shared = folders.iter().map(|folder| {
        parts.iter().zip(folder.split('/')).take_while(|(one, other)| **one == *other).count()
    });
    let shared = shared.min().unwrap_or(0);
    let head: Vec<&str> = parts.into_iter().take(shared).collect();
    format!("{}/**/", head.join("/"))
}

/// `values.yaml`, or `values-*.yaml` where they differ.
fn common_name(names: &BTreeSet<String>) -> String {
    let mut all = names.iter();
    let Some(first) = all.next() else { return String::new() };
    if all.next().is_none() {
        return first.clone();
    }
    let ending = first.rfind('.').map_or("", |at| first.get(at..).unwrap_or_default());
    let stems: Vec<&str> =
        names.iter().map(|name| name.strip_suffix(ending).unwrap_or(name)).collect();
    let shared =
        |one: &str, other: &str| one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let stem = stems.first().copied().unwrap_or_default();
    let head = stems.iter().map(|other| shared(stem, other)).min().unwrap_or(0);
    let head: String = stem.chars().take(head).collect();
    format!("{head}*{ending}")
}

/// Whether a path means itself in a glob.
fn is_plain(text: &str) -> bool {
    !text.contains(['*', '?', '[', ']', '{', '}', '!', '\\', '\'', '\n'])
}
