//! The policy as a classifier of landings: read once, strictly, and asked for every landing.
//!
//! The class is the one that the gate gives to the same files. To get there without reading every blob of a history,
//! bytes are read only where they can still change the answer: see [`PolicyClassifier::look`].

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::domain::fact::Facts;
use crate::domain::file::{Content, Kind};
use crate::domain::{Class, FileChange, RepoPath, Side};
use crate::git::facts::{Readers, Sides};
use crate::policy::decision::Classification;
use crate::policy::diagnostic::{Diagnostic, render_all};
use crate::policy::file::{OrganisationFile, RepositoryFile, read_organisation, read_repository};
use crate::policy::layers::{Layer, effective};
use crate::policy::{self, Effective};

use super::{AuditArgs, Judged};

/// Bytes read of a policy file: more than its reader takes, so that it can say how much is too much.
const MAX_BYTES: u64 = 4 << 20;
/// Bytes up to which a blob may be a pointer of Git LFS.
const POINTER_BYTES: usize = 1024;

/// What the paths, modes and ids of a landing say, before any byte is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// No byte can change the answer.
    Settled(Judged),
    /// The bytes of the files at these positions can. The content of all others stays unread.
    Read(Vec<usize>),
}

/// How lines are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// As an upper bound, which is cheap.
    AtMost,
    /// As git counts them.
    Exactly,
}

/// Whatever gives files a class: the policy, in the product.
pub trait Classifier: Sync {
    /// The answer without bytes, if they cannot change it.
    fn look(&self, facts: &Facts) -> Look;
    /// How bytes are read.
    fn readers(&self, lines: Lines) -> Readers<'_>;
    /// The class of a landing whose bytes have been read.
    fn classify(&self, facts: &Facts) -> Judged;
}

/// Judges by the effective policy of `--policy` and `--org`, or by the built-in one.
#[derive(Debug)]
pub struct PolicyClassifier {
    effective: Effective,
    /// What is said before the list, for a person: warnings, and where a file tried to weaken.
    notes: String,
}

impl PolicyClassifier {
    /// Reads the files that the arguments name. The error is everything that is wrong with them, with excerpts, for
    /// standard error: the arguments cannot be used (exit code 2).
    pub fn from_args(args: &AuditArgs) -> Result<Self, String> {
        let (mut errors, mut notes) = (Vec::new(), Vec::new());
        let organisation: Option<OrganisationFile> =
            file(args.org.as_deref(), read_organisation, &mut errors);
        let repository: Option<RepositoryFile> =
            file(args.policy.as_deref(), read_repository, &mut errors);
        if !errors.is_empty() {
            return Err(errors.join("\n\n"));
        }
        let warnings = organisation.iter().flat_map(|file| &file.warnings);
        let warnings = warnings.chain(repository.iter().flat_map(|file| &file.warnings));
        notes.extend(warnings.map(|one| format!("warning: {one}")));
        let both = effective(
            organisation.as_ref().map_or(Layer::Missing, Layer::Read),
            repository.as_ref().map_or(Layer::Missing, Layer::Read),
            "",
        );
        notes.extend(both.invalid.iter().map(|one| format!("warning: {one}")));
        Ok(Self { notes: notes.join("\n"), ..Self::new(both) })
    }

    /// By a policy that was read already.
    #[must_use]
    pub fn new(effective: Effective) -> Self {
        Self { effective, notes: String::new() }
    }

    /// By what holds where no file says anything.
    #[must_use]
    pub fn built_in() -> Self {
        Self::new(effective(Layer::Missing, Layer::Missing, ""))
    }

    /// Warnings about the files, a line each; empty if there is nothing to say.
    #[must_use]
    pub fn notes(&self) -> &str {
        &self.notes
    }

    /// Whether a rule proves a file by its bytes: until they are read, what the tree alone shows settles nothing.
    fn is_proven_by_bytes(&self, path: &RepoPath) -> bool {
        let trivial = &self.effective.policy.trivial;
        let config = trivial.config.iter().map(|rule| &rule.files);
        let mut rules = config.chain(trivial.binary.iter().map(|rule| &rule.files));
        rules.any(|files| files.iter().any(|glob| glob.matches(path)))
    }
}

impl Classifier for PolicyClassifier {
    /// Always wanted: files of a configuration or binary rule, which are proven by their bytes, and links, whose target may make
    /// them critical. All others only while nothing that the tree alone shows makes the landing significant: bytes
    /// raise a class (deceptive characters, binary files, too many lines), but never beyond significant.
    fn look(&self, facts: &Facts) -> Look {
        let bare = policy::classify(&self.effective, facts);
        let by_path = |path: &RepoPath| !self.is_proven_by_bytes(path);
        let settled = !bare.limits.is_empty()
            || bare.files.iter().any(|one| one.class >= Class::Significant && by_path(&one.path));
        let wants = |file: &FileChange| {
            !settled
                || self.is_proven_by_bytes(&file.path)
                || file.new.is_some_and(|side| side.kind() == Kind::Link)
        };
        let files = facts.files.iter().enumerate();
        let wanted: Vec<usize> = files.filter(|(_, file)| wants(file)).map(|(at, _)| at).collect();
        if wanted.is_empty() { Look::Settled(judged(facts, bare)) } else { Look::Read(wanted) }
    }

    fn readers(&self, lines: Lines) -> Readers<'_> {
        let scan = match lines {
            Lines::AtMost => &scan_quickly as crate::git::facts::Scan<'_>,
            Lines::Exactly => &scan_for_git_to_count,
        };
        // Who wrote a landing is not in a repository, so no bump is proven.
        Readers { scan, keys: &policy::keys::diff, dependencies: &|_, _, _| None }
    }

    fn classify(&self, facts: &Facts) -> Judged {
        judged(facts, policy::classify(&self.effective, facts))
    }
}

fn judged(facts: &Facts, said: Classification) -> Judged {
    let only_unproposed = facts.pull.is_none() && said.limits.len() == 1 && is_low(&said);
    let why = if only_unproposed {
        "nothing says that it was proposed, and what lands without a pull request is significant"
            .to_owned()
    } else {
        said.why
    };
    Judged { class: said.class, why, over_a_limit: !said.limits.is_empty() }
}

/// No file of it is significant by itself.
fn is_low(judged: &Classification) -> bool {
    judged.files.iter().all(|one| one.class < Class::Significant)
}

/// What the policy sees in bytes.
fn scan(sides: &Sides<'_>, old: Option<&[u8]>, new: Option<&[u8]>) -> Content {
    let mode = |side: Option<(Side, Option<&[u8]>)>| side.map(|(side, _)| side.mode);
    policy::content::scan(old, new, mode(sides.old), mode(sides.new))
}

/// The same without a count of lines: who reads the file counts them then.
fn scan_for_git_to_count(sides: &Sides<'_>) -> Content {
    let (old, new) = (sides.old.and_then(|one| one.1), sides.new.and_then(|one| one.1));
    Content { lines: None, ..scan(sides, old, new) }
}

/// The same as a whole scan, which costs ten times as much, for what most changes are: a few lines of a long text.
/// Lines that both sides begin and end with hold nothing that the change added.
fn scan_quickly(sides: &Sides<'_>) -> Content {
    let (old, new) = (sides.old.and_then(|one| one.1), sides.new.and_then(|one| one.1));
    if let (Some(before), Some(after)) = (old, new)
        && before.len().min(after.len()) > POINTER_BYTES
        && !before.contains(&0)
        && !after.contains(&0)
        && [sides.old, sides.new].iter().flatten().all(|one| one.0.kind() != Kind::Link)
    {
        let (before_middle, after_middle) = middles(before, after);
        let found = scan(sides, Some(before_middle), Some(after_middle));
        // At the beginning of a text, and only there, this is a byte order mark and harmless.
        let begins_oddly = after_middle.starts_with("\u{feff}".as_bytes());
        if found.deceptive.is_none() && !found.lfs && !begins_oddly {
            return found;
        }
    }
    scan(sides, old, new)
}

/// Both without the whole lines that they begin and end with alike.
fn middles<'a>(old: &'a [u8], new: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    const CHUNK: usize = 4096;
    let chunks = old.chunks_exact(CHUNK).zip(new.chunks_exact(CHUNK));
    let start = chunks.take_while(|(a, b)| a == b).count() * CHUNK;
    let rest = |text: &'a [u8]| text.get(start..).unwrap_or_default();
    let alike = rest(old).iter().zip(rest(new)).take_while(|(a, b)| a == b).count();
    let common = old.get(..start + alike).unwrap_or_default();
    let head = common.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (old, new) = (old.get(head..).unwrap_or_default(), new.get(head..).unwrap_or_default());
    let chunks = old.rchunks_exact(CHUNK).zip(new.rchunks_exact(CHUNK));
    let end = chunks.take_while(|(a, b)| a == b).count() * CHUNK;
    let rest = |text: &'a [u8]| text.get(..text.len() - end).unwrap_or_default();
    let alike = rest(old).iter().rev().zip(rest(new).iter().rev()).take_while(|(a, b)| a == b);
    let common = old.get(old.len() - end - alike.count()..).unwrap_or_default();
    // The first line of what is alike may be the end of a longer one.
    let tail = common.iter().position(|byte| *byte == b'\n').map_or(0, |at| common.len() - at - 1);
    (
        old.get(..old.len() - tail).unwrap_or_default(),
        new.get(..new.len() - tail).unwrap_or_default(),
    )
}

/// Reads a policy file, if one is named; what is wrong with it goes to `errors`, with excerpts.
fn file<T>(
    path: Option<&Path>,
    read: fn(&str, &[u8]) -> Result<T, Vec<Diagnostic>>,
    errors: &mut Vec<String>,
) -> Option<T> {
    let path = path?;
    let name = path.display().to_string();
    let mut bytes = Vec::new();
    let opened = File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
    if let Err(error) = opened {
        errors.push(format!("error: {name}: the policy file cannot be read ({error})"));
        return None;
    }
    match read(&name, &bytes) {
        Ok(file) => Some(file),
        Err(diagnostics) => {
            errors.push(render_all(&diagnostics, &String::from_utf8_lossy(&bytes)));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::Oid;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_quick_scan_finds_what_a_whole_one_finds(
            parts in prop::collection::vec((0..6_usize, 0..3_u8), 0..12),
            padding in 0..5_000_usize,
        ) {
            let words = ["a\n", "b", "\u{202e}\n", "\r\n", "\u{feff}", "a\u{200b}"];
            let side = |skipped: u8| {
                let mut text = "x\n".repeat(600);
                let kept = parts.iter().filter(|(_, of)| *of != skipped);
                text.extend(kept.map(|(word, _)| words[*word]));
                text + &"yz\n".repeat(padding)
            };
            let (old, new) = (side(1), side(2));
            let oid = Oid::from_bytes(&[7; 20]).expect("an id");
            let file = Side { mode: 0o100_644, oid };
            let sides = Sides {
                path: &RepoPath::from("a.md"),
                old: Some((file, Some(old.as_bytes()))),
                new: Some((file, Some(new.as_bytes()))),
            };
            let mut whole = scan(&sides, Some(old.as_bytes()), Some(new.as_bytes()));
            let mut quick = scan_quickly(&sides);
            for content in [&mut whole, &mut quick] {
                (content.old_size, content.new_size) = (0, 0);
            }
            prop_assert_eq!(quick, whole);
        }
    }
}
