//! A starter policy from a repository's own history: which keys of which files change often, and within what (the
//! `policy suggest` command). Pure: changes in, the text of a `.countersign.yml` out.
//!
//! Nothing is proposed that the built-in deny would stop, nothing of free text, nothing that was added or removed, and
//! nothing that could take in every file. A proposal is no permission: somebody reads it, and an organisation's floor
//! still holds.

mod paths;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use self::values::Constraint;
use super::classify::{denied_segment, is_documentation};
use super::keypath::KeyPattern;
use crate::domain::file::KeyDiff;
use crate::domain::{FileChange, KeyOp, RepoPath, Segment, Value};

/// Rules for configuration in a proposal at the most: what nobody reads to the end is not judged.
const MOST_RULES: usize = 12;
/// Landings with more files than this tell nothing of what passes by itself.
pub const MOST_FILES: usize = 20;

/// What changed in one landing, of one key.
#[derive(Debug, Clone)]
struct Step {
    landing: usize,
    path: Vec<Segment>,
    old: Value,
    new: Value,
}

/// What a history shows, landing by landing.
#[derive(Debug, Default)]
pub struct Observed {
    landings: usize,
    steps: BTreeMap<RepoPath, Vec<Step>>,
    documents: BTreeMap<RepoPath, BTreeSet<usize>>,
}

/// What makes changes one habit: the folder at the top, and the last keys.
type Habit = (Vec<u8>, Vec<String>);

/// A proposal with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The text of the file.
    pub text: String,
    /// How many rules let something pass.
    pub rules: usize,
}

/// One entry of `allow`, with its evidence.
struct Entry {
    key: String,
    constraint: Constraint,
    landings: BTreeSet<usize>,
    files: usize,
    globs: Vec<String>,
}

impl Observed {
    /// Whether a file's bytes say something here: its keys are compared, or it is documentation.
    #[must_use]
    pub fn is_of_interest(path: &RepoPath) -> bool {
        super::keys::format_of(path).is_some()
    }

    /// Takes a landing in. One with many files is counted and not looked at.
    pub fn add(&mut self, files: &[FileChange]) {
        let landing = self.landings;
        self.landings += 1;
        if files.len() > MOST_FILES {
            return;
        }
        for file in files {
            if is_documentation(&file.path) {
                self.documents.entry(file.path.clone()).or_default().insert(landing);
            }
            if let Some(diff) = file.keys.as_ref().filter(|diff| is_sound(file, diff)) {
                let steps = self.steps.entry(file.path.clone()).or_default();
                steps.extend(diff.changes.iter().filter_map(|change| {
                    let (old, new) = (change.old.clone()?, change.new.clone()?);
                    Some(Step { landing, path: change.path.clone(), old, new })
                }));
            }
        }
    }

    /// How many landings were taken in.
    #[must_use]
    pub fn landings(&self) -> usize {
        self.landings
    }

    /// The proposal: what changed in at least `least` landings.
    #[must_use]
    pub fn suggest(&self, least: usize) -> Suggestion {
        let mut entries = self.entries(least);
        entries.sort_by(|a, b| (b.landings.len(), &a.key).cmp(&(a.landings.len(), &b.key)));
        entries.truncate(MOST_RULES);
        let documents = self.documents(least);
        let rules = entries.len() + usize::from(!documents.is_empty());
        Suggestion { text: text(&entries, &documents), rules }
    }

    fn entries(&self, least: usize) -> Vec<Entry> {
        let mut groups: BTreeMap<Habit, Vec<(&RepoPath, &Step)>> = BTreeMap::new();
        for (file, steps) in &self.steps {
            for step in steps.iter().filter(|step| denied_segment(&step.path).is_none()) {
                let Some(tail) = tail(&step.path) else { continue };
                groups.entry((paths::top(file), tail)).or_default().push((file, step));
            }
        }
        groups.into_values().filter_map(|steps| entry(&steps, least)).collect()
    }

    /// Globs of documentation that often changes.
    fn documents(&self, least: usize) -> Vec<String> {
        let mut groups: BTreeMap<Vec<u8>, (BTreeSet<usize>, BTreeSet<RepoPath>)> = BTreeMap::new();
        for (path, landings) in &self.documents {
            let key = [paths::top(path), paths::extension(path)].join(&b'\0');
            let group = groups.entry(key).or_default();
            group.0.extend(landings);
            group.1.insert(path.clone());
        }
        let often = groups.into_values().filter(|(landings, _)| landings.len() >= least);
        often.flat_map(|(_, files)| paths::documents(&files)).collect()
    }
}

/// A file that stood there before and after, whose keys can be believed, and of which only values changed.
fn is_sound(file: &FileChange, diff: &KeyDiff) -> bool {
    file.old.is_some()
        && file.new.is_some()
        && diff.doubts.is_empty()
        && diff.changes.iter().all(|change| change.op == KeyOp::Replace)
}

/// The last keys of a path, by which changes in several places are one habit: `image.tag`, `replicas`. Of a path
/// without a key at its end: none.
fn tail(path: &[Segment]) -> Option<Vec<String>> {
    let keys: Vec<&String> = path
        .iter()
        .filter_map(|segment| match segment {
            Segment::Key(key) => Some(key),
            Segment::Index(_) | Segment::Document(_) => None,
        })
        .collect();
    matches!(path.last(), Some(Segment::Key(_))).then_some(())?;
    let kept = if keys.len() > 2 { 2 } else { 1 };
    Some(keys.iter().rev().take(kept).rev().map(|key| (*key).clone()).collect())
}

fn entry(steps: &[(&RepoPath, &Step)], least: usize) -> Option<Entry> {
    let landings: BTreeSet<usize> = steps.iter().map(|(_, step)| step.landing).collect();
    if landings.len() < least {
        return None;
    }
    let values: Vec<(&Value, &Value)> =
        steps.iter().map(|(_, step)| (&step.old, &step.new)).collect();
    let constraint = Constraint::of(&values)?;
    let key = pattern(steps)?;
    let files: BTreeSet<RepoPath> = steps.iter().map(|(file, _)| (*file).clone()).collect();
    let globs = paths::globs(&files);
    (!globs.is_empty()).then_some(Entry { key, constraint, landings, files: files.len(), globs })
}

/// A key pattern that takes every path of these steps, and says no more than it must.
fn pattern(steps: &[(&RepoPath, &Step)]) -> Option<String> {
    let paths: BTreeSet<Vec<String>> = steps.iter().map(|(_, step)| written(&step.path)).collect();
    let mut paths = paths.into_iter();
    let first = paths.next()?;
    let text = if paths.next().is_none() {
        first.join(".")
    } else {
        let tail = tail(&steps.first()?.1.path)?;
        let tail: Vec<String> = tail.iter().map(|key| quoted(key)).collect();
        format!("**.{}", tail.join("."))
    };
    let text = text.replace(".[*]", "[*]");
    let read = KeyPattern::parse(&text).ok()?;
    steps.iter().all(|(_, step)| read.matches(&step.path)).then_some(text)
}

/// The parts of a path as a pattern writes them; documents of a stream are passed over.
fn written(path: &[Segment]) -> Vec<String> {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Key(key) => Some(quoted(key)),
            Segment::Index(_) => Some("[*]".to_owned()),
            Segment::Document(_) => None,
        })
        .collect()
}

fn quoted(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !key.is_empty() && key.chars().all(plain) {
        return key.to_owned();
    }
    format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The file, each rule below its evidence.
fn text(entries: &[Entry], documents: &[String]) -> String {
    let mut text = String::from("version: 1\n");
    if !entries.is_empty() || !documents.is_empty() {
        text.push_str("trivial:\n  max: { files: 5, changed_keys: 10, lines: 60 }\n");
    }
    if !entries.is_empty() {
        text.push_str("  config:\n");
    }
    for (number, entry) in entries.iter().enumerate() {
        let (landings, files) = (entry.landings.len(), entry.files);
        let times = if landings == 1 { "landing" } else { "landings" };
        let places = if files == 1 { "file" } else { "files" };
        let _ = writeln!(
            text,
            "    # {landings} {times} in {files} {places}; {}",
            entry.constraint.evidence()
        );
        let name = format!("{} {}", number + 1, entry.key);
        let globs: Vec<String> = entry.globs.iter().map(|glob| yaml(glob)).collect();
        let _ = writeln!(text, "    - name: {}", yaml(&name));
        let _ = writeln!(text, "      files: [{}]", globs.join(", "));
        let _ = writeln!(
            text,
            "      allow: [{{ key: {}, {} }}]",
            yaml(&entry.key),
            entry.constraint.yaml()
        );
    }
    if !documents.is_empty() {
        let globs: Vec<String> = documents.iter().map(|glob| yaml(glob)).collect();
        let _ = writeln!(text, "  docs: {{ files: [{}] }}", globs.join(", "));
    }
    text.push_str("default: significant\n");
    text
}

/// A text as YAML, quoted so that nothing in it means anything.
fn yaml(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests;
