//! Which files the `.gitattributes` of a tree mark as generated (sem 2.1): `linguist-generated`, `gitlab-generated`.
//!
//! libgit2 answers from the work tree, the index or `HEAD`, and adds what the machine's own files say; a mirror needs one
//! tree and nothing else. So the files are read here, and only that much of gitattributes(5) as can be read without a doubt:
//! plain patterns with `*`, `**` and `?`. A file in which anything that could be about these two attributes is of another
//! form (a class, an escape, a quoted or negated pattern, a macro) marks nothing, and neither does anything below it.

use std::collections::HashMap;

use git2::Oid as GitOid;

use crate::domain::RepoPath;
use crate::policy::glob::Glob;

use super::GitError;
use super::repo::Repo;

const FILE: &str = ".gitattributes";
/// Bytes of such a file at most.
const LIMIT: u64 = 256 << 10;
/// Bytes of a line above which git passes it over.
const LINE_LIMIT: usize = 2048;
/// What marks a file as generated, on the two forges that know the word.
const NAMES: [&str; 2] = ["linguist-generated", "gitlab-generated"];

/// What one line says of the files that its pattern matches.
#[derive(Debug, Clone)]
struct Line {
    /// Over the path below the folder of the file; without a slash in the pattern, over the last name.
    glob: Glob,
    by_name: bool,
    /// For each of [`NAMES`] what the line says, if anything.
    says: [Option<bool>; 2],
}

impl Line {
    fn said(&self, at: usize) -> Option<bool> {
        self.says.get(at).copied().flatten()
    }
}

/// The lines of one file in order; `None`: there is something in it that cannot be read.
type Lines = Option<Vec<Line>>;

/// The marks of one tree. Files are read when they are asked for.
pub(super) struct Marks<'r> {
    repo: &'r Repo,
    tree: GitOid,
    /// By folder; the root is the empty path.
    read: HashMap<Vec<u8>, Lines>,
}

impl<'r> Marks<'r> {
    pub(super) fn of(repo: &'r Repo, tree: GitOid) -> Self {
        Self { repo, tree, read: HashMap::new() }
    }

    /// Whether a path is marked: for each of both words the nearest folder that says something counts, and in a file its
    /// last such line. One yes will do, where the other word says no it does not.
    pub(super) fn is_generated(&mut self, path: &RepoPath) -> Result<bool, GitError> {
        let Some(text) = path.as_str() else { return Ok(false) };
        let folders = text.match_indices('/').map(|(at, _)| at);
        let mut marked = [None; 2];
        for end in std::iter::once(0).chain(folders) {
            let folder = text.get(..end).unwrap_or_default();
            let below = text.get(end..).unwrap_or_default().trim_start_matches('/');
            let Some(lines) = self.lines(folder)? else { return Ok(false) };
            for line in lines {
                let subject =
                    if line.by_name { below.rsplit('/').next().unwrap_or(below) } else { below };
                if line.glob.matches_text(subject) {
                    marked = std::array::from_fn(|at| line.said(at).or(marked.get(at).copied()?));
                }
            }
        }
        Ok(marked.contains(&Some(true)) && !marked.contains(&Some(false)))
    }

    fn lines(&mut self, folder: &str) -> Result<&Lines, GitError> {
        if !self.read.contains_key(folder.as_bytes()) {
            let lines = self.read_in(folder)?;
            self.read.insert(folder.as_bytes().to_vec(), lines);
        }
        Ok(self.read.get(folder.as_bytes()).unwrap_or(&None))
    }

    fn read_in(&self, folder: &str) -> Result<Lines, GitError> {
        let path = if folder.is_empty() { FILE.to_owned() } else { format!("{folder}/{FILE}") };
        match self.repo.read_file_in(self.tree, &RepoPath::from(path.as_str()), LIMIT) {
            Ok(None) => Ok(Some(Vec::new())),
            Ok(Some(bytes)) => Ok(std::str::from_utf8(&bytes).ok().and_then(parse)),
            // A link or a submodule on the way, or a file too large: nothing can be told.
            Err(GitError::Refused { .. } | GitError::OverLimit { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The lines that are about the mark; `None`: one cannot be read.
fn parse(text: &str) -> Lines {
    let mut lines = Vec::new();
    for line in text.strip_prefix('\u{feff}').unwrap_or(text).lines() {
        let line = line.trim_matches([' ', '\t', '\r']);
        let speaks = NAMES.iter().any(|name| line.contains(name));
        if line.is_empty() || line.starts_with('#') || !speaks {
            continue;
        }
        if line.len() > LINE_LIMIT {
            return None;
        }
        lines.push(read(line)?);
    }
    Some(lines)
}

fn read(line: &str) -> Option<Line> {
    let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
    let pattern = words.next()?;
    let odd = |c: char| matches!(c, '"' | '[' | ']' | '{' | '}' | '\\' | '!') || c.is_control();
    // A folder's attributes are not those of its files: such a pattern means something else than it seems to.
    if pattern.contains(odd) || pattern.ends_with('/') {
        return None;
    }
    let by_name = !pattern.contains('/');
    let glob = Glob::parse(pattern.strip_prefix('/').unwrap_or(pattern)).ok()?;
    let mut says = [None; 2];
    for word in words {
        let (name, set) = attribute(word)?;
        if let Some(at) = NAMES.iter().position(|known| *known == name) {
            *says.get_mut(at)? = Some(set);
        } else if NAMES.iter().any(|known| name.contains(known)) {
            return None;
        }
    }
    Some(Line { glob, by_name, says })
}

/// The name of an attribute, and whether it is set. A value that is none of git's own words sets nothing.
fn attribute(word: &str) -> Option<(&str, bool)> {
    if let Some(name) = word.strip_prefix(['-', '!']) {
        return (!name.contains('=')).then_some((name, false));
    }
    Some(match word.split_once('=') {
        Some((name, value)) => (name, value == "true"),
        None => (word, true),
    })
}

#[cfg(test)]
mod tests;
