//! The policy as a classifier of landings: read once, strictly, and asked for every landing.
//!
//! The class is the one that the gate gives to the same files. To get there without reading every blob of a history,
//! bytes are read only where they can still change the answer: see [`PolicyClassifier::wanted`].

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::domain::fact::Facts;
use crate::domain::file::{Content, Kind};
use crate::domain::{Class, FileChange, RepoPath};
use crate::git::facts::{Readers, Sides};
use crate::policy::decision::Classification;
use crate::policy::diagnostic::{Diagnostic, render_all};
use crate::policy::file::{OrganisationFile, RepositoryFile, read_organisation, read_repository};
use crate::policy::layers::{Layer, effective};
use crate::policy::{self, Effective};

use super::{AuditArgs, Judged};

/// Bytes read of a policy file: more than its reader takes, so that it can say how much is too much.
const MAX_BYTES: u64 = 4 << 20;

/// Whatever gives files a class: the policy, in the product.
pub trait Classifier {
    /// Positions of the files whose bytes can still change the answer. The content of all others stays unread.
    fn wanted(&self, facts: &Facts) -> Vec<usize>;
    /// How bytes are read.
    fn readers(&self) -> Readers<'_>;
    /// The class of a landing.
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

    fn has_config_rule(&self, path: &RepoPath) -> bool {
        let mut rules = self.effective.policy.trivial.config.iter();
        rules.any(|rule| rule.files.iter().any(|glob| glob.matches(path)))
    }
}

impl Classifier for PolicyClassifier {
    /// Always: files of a configuration rule, which are proven by their keys, and links, whose target may make them
    /// critical. All others only while nothing that the tree alone shows makes the landing significant: bytes raise a
    /// class (deceptive characters, binary files, too many lines), but never beyond significant.
    fn wanted(&self, facts: &Facts) -> Vec<usize> {
        let bare = policy::classify(&self.effective, facts);
        let by_path = |path: &RepoPath| !self.has_config_rule(path);
        let settled = !bare.limits.is_empty()
            || bare.files.iter().any(|one| one.class >= Class::Significant && by_path(&one.path));
        let wants = |file: &FileChange| {
            !settled
                || self.has_config_rule(&file.path)
                || file.new.is_some_and(|side| side.kind() == Kind::Link)
        };
        let files = facts.files.iter().enumerate();
        files.filter(|(_, file)| wants(file)).map(|(at, _)| at).collect()
    }

    fn readers(&self) -> Readers<'_> {
        Readers { scan: &scan, keys: &policy::keys::diff }
    }

    fn classify(&self, facts: &Facts) -> Judged {
        let judged = policy::classify(&self.effective, facts);
        let only_unproposed = facts.pull.is_none() && judged.limits.len() == 1 && is_low(&judged);
        let why = if only_unproposed {
            "nothing says that it was proposed, and what lands without a pull request is significant"
                .to_owned()
        } else {
            judged.why
        };
        Judged { class: judged.class, why }
    }
}

/// No file of it is significant by itself.
fn is_low(judged: &Classification) -> bool {
    judged.files.iter().all(|one| one.class < Class::Significant)
}

/// What the policy sees in bytes; lines are counted exactly, by git.
fn scan(sides: &Sides<'_>) -> Content {
    let (old, new) = (sides.old, sides.new);
    let content = policy::content::scan(
        old.and_then(|(_, bytes)| bytes),
        new.and_then(|(_, bytes)| bytes),
        old.map(|(side, _)| side.mode),
        new.map(|(side, _)| side.mode),
    );
    Content { lines: None, ..content }
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
