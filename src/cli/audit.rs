//! `countersign audit PATH`: every landing on a branch of a local clone, without a server or a configuration.
//!
//! What git alone cannot know is said and not guessed: a number in a message is a hint (`how_we_know`), and a landing
//! that names no proposal is judged as a direct push. What classifies is behind [`Classifier`]; it is asked for bytes
//! only where they can change its answer. `docs/audit.md` says how to read the list.

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::domain::{Class, FileChange, Oid, Time};
use crate::git::diff::RawChange;
use crate::git::facts::{Readers, file_changes};
use crate::git::history::{History, HistoryLanding, Since};
use crate::git::{GitError, Repo};

mod classifier;
mod facts;
mod output;

pub use classifier::{Classifier, Lines, Look, PolicyClassifier};
pub(super) use facts::proposed as proposed_facts;
pub use output::Format;
use output::{Output, Row};

/// Arguments of `countersign audit`.
#[derive(Debug, Clone, clap::Args)]
pub struct AuditArgs {
    /// A local git repository
    pub path: PathBuf,
    /// The branch; by default where origin/HEAD points, else HEAD
    #[arg(long, value_name = "B")]
    pub branch: Option<String>,
    /// Leave out what this revision already contains, or what landed before this date (2026-01-31)
    #[arg(long, value_name = "REV|DATE")]
    pub since: Option<String>,
    /// The repository's policy file; by default the built-in policy
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// The organisation's policy file
    #[arg(long, value_name = "FILE")]
    pub org: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// What a classifier says about a landing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The class: the highest of its files, and significant at least if nothing says that it was proposed.
    pub class: Class,
    /// Why, in a sentence.
    pub why: String,
    /// Some limit of the whole change was passed: only an exact count of lines will do.
    pub over_a_limit: bool,
}

/// Where the output goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Columns, if standard output is a terminal.
    pub width: Option<u16>,
    /// Standard error is a terminal: show progress there.
    pub progress: bool,
}

impl Terminal {
    /// What this process has.
    #[must_use]
    pub fn detect() -> Self {
        Self {
            width: io::stdout().is_terminal().then(output::terminal_width),
            progress: io::stderr().is_terminal(),
        }
    }
}

/// The command, on this process's own outputs. The result is its exit code.
#[must_use]
pub fn run_from_args(args: &AuditArgs) -> u8 {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    run_with_files(args, Terminal::detect(), &mut out, &mut io::stderr())
}

/// Reads the policy files that the arguments name, then [`run`]s. A file that is refused is wrong usage: what is wrong
/// with it goes to `err` with excerpts, and nothing is listed.
pub fn run_with_files(
    args: &AuditArgs,
    terminal: Terminal,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let classifier = match PolicyClassifier::from_args(args) {
        Ok(classifier) => classifier,
        Err(errors) => {
            let _ = writeln!(err, "{errors}");
            return 2;
        }
    };
    if !classifier.notes().is_empty() {
        let _ = writeln!(err, "{}", classifier.notes());
    }
    run(args, &classifier, terminal, out, err)
}

/// Runs the command; the exit code is 0 (done), 2 (wrong usage) or 3 (the repository could not be read).
pub fn run(
    args: &AuditArgs,
    classifier: &dyn Classifier,
    terminal: Terminal,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    match audit(args, classifier, terminal, out, err) {
        Ok(()) | Err(Stop::Closed) => 0,
        Err(Stop::Usage(error)) => {
            let _ = writeln!(err, "countersign audit: {error}");
            2
        }
        Err(Stop::Unreadable(error)) => {
            let _ = writeln!(err, "countersign audit: {error}");
            3
        }
    }
}

/// Why it ended early.
enum Stop {
    /// The reader of our output has gone: nobody wants the rest.
    Closed,
    Usage(String),
    Unreadable(String),
}

impl From<GitError> for Stop {
    fn from(error: GitError) -> Self {
        match error {
            GitError::NotARepository { .. }
            | GitError::ObjectFormat { .. }
            | GitError::NoSuchRevision(_) => Self::Usage(error.to_string()),
            _ => Self::Unreadable(error.to_string()),
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Unreadable(format!("the output could not be written: {error}")),
        }
    }
}

fn audit(
    args: &AuditArgs,
    classifier: &dyn Classifier,
    terminal: Terminal,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Stop> {
    Repo::keep_no_cache();
    let repo = Repo::discover(&args.path)?;
    let named = branch_of(&repo, &args.path, args.branch.as_deref()).map_err(Stop::Usage)?;
    let Some((branch, tip)) = named else {
        writeln!(
            err,
            "{}: the repository has no commit yet, so there is nothing to list",
            args.path.display()
        )?;
        return Ok(());
    };
    let since = args.since.as_deref();
    let since = since.map_or(Ok(Since::Beginning), |text| since_of(&repo, text));
    let since = since.map_err(Stop::Usage)?;
    let bar = progress(terminal);
    let history = History::read(&repo, tip, since, &|landings| {
        bar.set_message(format!("{landings} landings"));
    })?;
    bar.set_length(history.len() as u64);
    let mut output = Output::new(args.format, terminal.width, out)?;
    let mut sums = Sums::default();
    judged(&args.path, &history, classifier, &branch, &mut |row| {
        bar.inc(1);
        sums.add(&row);
        Ok(output.row(&row)?)
    })?;
    bar.finish_and_clear();
    output.finish()?;
    if repo.is_shallow() {
        writeln!(
            err,
            "this clone is shallow: {}; `git fetch --unshallow` brings the rest",
            if history.is_cut() {
                "landings at and before its cut are not listed"
            } else {
                "authors of older merges may be missing"
            }
        )?;
    }
    writeln!(err, "{}", sums.sentence(&branch))?;
    Ok(())
}

/// The branch's full name and its tip; `None`: there is no commit at all. The error says what to name instead.
pub(super) fn branch_of(
    repo: &Repo,
    path: &Path,
    named: Option<&str>,
) -> Result<Option<(String, Oid)>, String> {
    let Some(name) = named else {
        let default = repo
            .default_branch()
            .and_then(|name| repo.resolve_ref(&name).ok().map(|tip| (name, tip)));
        return Ok(default.or_else(|| repo.head().map(|tip| ("HEAD".to_owned(), tip))));
    };
    let refs =
        [name.to_owned(), format!("refs/heads/{name}"), format!("refs/remotes/origin/{name}")];
    let found =
        refs.into_iter().find_map(|name| repo.resolve_ref(&name).ok().map(|tip| (name, tip)));
    let none = || {
        format!("{}: there is no branch `{name}`, neither here nor under origin", path.display())
    };
    found.map(Some).ok_or_else(none)
}

/// A date, a time, or else a revision.
pub(super) fn since_of(repo: &Repo, text: &str) -> Result<Since, String> {
    let midnight = format!("{text}T00:00:00Z");
    if let Ok(time) = text.parse::<Time>().or_else(|_| midnight.parse::<Time>()) {
        return Ok(Since::Time(time));
    }
    repo.revision(text).map(Since::Commit).map_err(|_| {
        format!(
            "--since {text}: neither a date such as 2026-01-31 nor a revision of this repository"
        )
    })
}

fn progress(terminal: Terminal) -> ProgressBar {
    let bar = ProgressBar::no_length();
    if !terminal.progress {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}

/// Landings that wait to be judged at the most: enough that neither thread waits for one that is large.
const AHEAD: usize = 64;

/// Gives every landing, judged, newest first. One thread compares trees while another judges what it found; each reads
/// the repository by itself.
fn judged(
    path: &Path,
    history: &History<'_>,
    classifier: &dyn Classifier,
    branch: &str,
    each: &mut dyn FnMut(Row) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let (found, wanted) = mpsc::sync_channel::<HistoryLanding>(AHEAD);
    let (said, rows) = mpsc::channel();
    std::thread::scope(|scope| {
        let judge = scope.spawn(move || -> Result<(), GitError> {
            let repo = Repo::discover(path)?;
            for landing in wanted {
                if said.send(row(&repo, classifier, branch, landing)?).is_err() {
                    break;
                }
            }
            Ok(())
        });
        let mut stopped = None;
        let compared = history.for_each(&mut |landing| {
            let going_on = found.send(landing).is_ok();
            stopped = rows.try_iter().find_map(|row| each(row).err());
            Ok(going_on && stopped.is_none())
        });
        drop(found);
        if stopped.is_none() {
            stopped = rows.iter().find_map(|row| each(row).err());
        }
        drop(rows);
        let judged = judge.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        stopped.map_or(Ok(()), Err)?;
        compared?;
        Ok(judged?)
    })
}

fn row(
    repo: &Repo,
    classifier: &dyn Classifier,
    branch: &str,
    landing: HistoryLanding,
) -> Result<Row, GitError> {
    let mut facts = facts::of(branch, &landing);
    let judged = match classifier.look(&facts) {
        Look::Settled(judged) => judged,
        Look::Read(wanted) => {
            let mut judge = |lines| {
                read(repo, &landing, &wanted, classifier.readers(lines), &mut facts.files)?;
                Ok::<_, GitError>(classifier.classify(&facts))
            };
            let judged = judge(Lines::AtMost)?;
            if judged.over_a_limit { judge(Lines::Exactly)? } else { judged }
        }
    };
    Ok(Row::new(landing, judged, facts.files.len()))
}

/// Fills in what the bytes of some files say.
fn read(
    repo: &Repo,
    landing: &HistoryLanding,
    wanted: &[usize],
    readers: Readers<'_>,
    files: &mut [FileChange],
) -> Result<(), GitError> {
    let raw: Vec<RawChange> =
        wanted.iter().filter_map(|at| landing.files.get(*at).cloned()).collect();
    for (at, read) in wanted.iter().zip(file_changes(repo, &raw, readers)?) {
        if let Some(file) = files.get_mut(*at) {
            file.content = read.content;
            file.keys = read.keys;
        }
    }
    Ok(())
}

/// The figures of the summary.
#[derive(Default)]
struct Sums {
    landings: u64,
    proposed: u64,
    by_class: std::collections::BTreeMap<Class, u64>,
}

impl Sums {
    fn add(&mut self, row: &Row) {
        self.landings += 1;
        self.proposed += u64::from(row.proposed);
        *self.by_class.entry(row.class).or_default() += 1;
    }

    fn sentence(&self, branch: &str) -> String {
        let classes: Vec<String> =
            self.by_class.iter().rev().map(|(class, count)| format!("{count} {class}")).collect();
        let permille = (self.proposed * 1000).checked_div(self.landings).unwrap_or(0);
        let classes =
            if classes.is_empty() { String::new() } else { format!(" ({})", classes.join(", ")) };
        format!(
            "{} landings on {branch}{classes}; {} of them, {}.{} %, name a proposal",
            self.landings,
            self.proposed,
            permille / 10,
            permille % 10
        )
    }
}

#[cfg(test)]
mod tests;
