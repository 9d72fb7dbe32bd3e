//! The lines that made a change's class, read from the mirror: bytes are capped, and secrets are left out in `report`.

use crate::app::App;
use crate::app::changes::ChangeBody;
use crate::domain::file::{DiffLine, FileChange, Kind};
use crate::domain::{Class, Oid};
use crate::git::{self, GitError};
use crate::report::excerpt::{Excerpt, MOST, Source, excerpt};
use crate::store::repositories::Repository;

/// Bytes of one side above which a file is not excerpted.
const CAP: u64 = 512 * 1024;
/// Files that are read for one page.
const FILES: usize = 6;

/// A file to read.
struct Wanted {
    path: String,
    old: Option<Oid>,
    new: Option<Oid>,
    configuration: bool,
    around: Option<u64>,
}

/// A file with its texts and what differs.
struct Read {
    wanted: Wanted,
    old: String,
    new: String,
    lines: Vec<DiffLine>,
    changed: u64,
}

impl App {
    /// At most [`MOST`] lines of the files that have the class of the change, and why there are none where there
    /// should be some. A trivial change needs none: its key changes are the evidence.
    pub(super) async fn excerpts(
        &self,
        repo: Option<&Repository>,
        body: &ChangeBody,
    ) -> (Vec<Excerpt>, String) {
        let class = body.decision.classification.class;
        let Some(repo) = repo.filter(|repo| repo.configured && class != Class::Trivial) else {
            return (Vec::new(), String::new());
        };
        let wanted = wanted(body, class);
        if wanted.is_empty() {
            return (
                Vec::new(),
                "None of the files that made the class has lines to show.".to_owned(),
            );
        }
        let read =
            self.in_mirror(repo, move |repo| wanted.into_iter().map(|w| read(repo, w)).collect());
        let read: Vec<Read> = match read.await {
            Ok(read) => read,
            Err(error) => {
                tracing::info!(%error, "an excerpt could not be read");
                let why = "The mirror does not have the objects of this change now, so no lines are shown.";
                return (Vec::new(), why.to_owned());
            }
        };
        (within_budget(&read), String::new())
    }
}

fn wanted(body: &ChangeBody, class: Class) -> Vec<Wanted> {
    let heavy = body.decision.classification.files.iter().filter(|file| file.class == class);
    let facts = heavy.filter_map(|file| body.facts.files.iter().find(|one| one.path == file.path));
    facts.filter(|file| is_readable(file)).take(FILES).map(Wanted::of).collect()
}

fn is_readable(file: &FileChange) -> bool {
    let content = &file.content;
    let plain = |kind| matches!(kind, Kind::File | Kind::Executable);
    [file.old, file.new].iter().flatten().all(|side| plain(side.kind()))
        && !content.binary
        && !content.missing
        && !content.lfs
        && content.old_size.max(content.new_size) <= CAP
}

/// Endings of configuration beside the formats that are compared by key.
const CONFIGURATION: [&str; 14] = [
    ".yaml",
    ".yml",
    ".json",
    ".jsonc",
    ".toml",
    ".env",
    ".properties",
    ".ini",
    ".cfg",
    ".conf",
    ".tf",
    ".tfvars",
    ".xml",
    ".tpl",
];

impl Wanted {
    fn of(file: &FileChange) -> Self {
        let path = file.path.to_string();
        let lower = path.to_lowercase();
        let name = lower.rsplit('/').next().unwrap_or_default();
        let configuration = file.keys.is_some()
            || name.starts_with(".env")
            || CONFIGURATION.iter().any(|ending| lower.ends_with(ending));
        Self {
            configuration,
            path,
            old: file.old.map(|side| side.oid),
            new: file.new.map(|side| side.oid),
            around: file.content.deceptive.as_ref().map(|found| found.line),
        }
    }
}

fn read(repo: &git::Repo, wanted: Wanted) -> Result<Read, GitError> {
    let blob = |oid: Option<Oid>| oid.map_or(Ok(Vec::new()), |oid| repo.blob(oid, CAP));
    let (old, new) = (blob(wanted.old)?, blob(wanted.new)?);
    let (lines, changed) = git::excerpt::lines(&old, &new)?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(Read { wanted, old: text(old), new: text(new), lines, changed })
}

/// The files in order, until the lines of a page are used up.
fn within_budget(read: &[Read]) -> Vec<Excerpt> {
    let mut left = MOST;
    let mut excerpts = Vec::new();
    for file in read {
        let source = Source {
            path: &file.wanted.path,
            old: &file.old,
            new: &file.new,
            configuration: file.wanted.configuration,
            around: file.wanted.around,
            lines: &file.lines,
            changed: file.changed,
        };
        let found = if left > 0 { excerpt(&source, left) } else { None };
        left -= found.as_ref().map_or(0, |found| found.lines.len());
        excerpts.extend(found);
    }
    excerpts
}
