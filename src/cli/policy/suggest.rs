//! `countersign policy suggest`: a starter policy from a repository's own history, and how far it would have reached.

use std::path::PathBuf;

use clap::Args;

use crate::app::readers;
use crate::cli::audit;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::out::{self, foreign};
use crate::domain::{Class, FileChange};
use crate::git::diff::RawChange;
use crate::git::facts::{bare_files, file_changes};
use crate::git::history::{History, HistoryLanding, Since};
use crate::git::{GitError, Repo};
use crate::policy;
use crate::policy::classify::is_documentation;
use crate::policy::layers::from_bytes;
use crate::policy::model::Effective;
use crate::policy::suggest::{MOST_FILES, Observed, Suggestion};
use crate::report::words::plural;

/// Arguments of `countersign policy suggest`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The policy goes to standard output, what it would have meant to standard error. Read it before you commit it: it says what
was the custom, not what is safe. Keys that are denied everywhere (secrets, images, commands, hosts, roles) and free text are
never proposed.

Example:
  countersign policy suggest . --since 2025-01-01 > .countersign.yml")]
pub(in crate::cli) struct SuggestArgs {
    /// A local git repository
    path: PathBuf,
    /// The branch; by default where origin/HEAD points, else HEAD
    #[arg(long, value_name = "B")]
    branch: Option<String>,
    /// Leave out what this revision already contains, or what landed before this date (2026-01-31)
    #[arg(long, value_name = "REV|DATE")]
    since: Option<String>,
    /// A rule is proposed for what changed in at least so many landings
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(2..))]
    least: u16,
}

/// Reads the history twice: once to see what changes, once to see what would have passed.
pub(super) fn run(args: &SuggestArgs) -> Outcome {
    Repo::keep_no_cache();
    let repo = Repo::discover(&args.path).map_err(|error| failure(&error))?;
    let found =
        audit::branch_of(&repo, &args.path, args.branch.as_deref()).map_err(Failure::usage)?;
    let Some((branch, tip)) = found else {
        let path = args.path.display();
        return Err(Failure::undone(format!("{path}: the repository has no commit yet")));
    };
    let since = args.since.as_deref().map_or(Ok(Since::Beginning), |text| {
        audit::since_of(&repo, text).map_err(Failure::usage)
    })?;
    let history = History::read(&repo, tip, since, &|_| {}).map_err(|error| failure(&error))?;
    let mut observed = Observed::default();
    history
        .for_each(&mut |landing| observe(&repo, &landing, &mut observed))
        .map_err(|error| failure(&error))?;
    let suggestion = observed.suggest(usize::from(args.least));
    if suggestion.rules == 0 {
        out::note(&format!(
            "{} landings on {}: no key and no document changed alike in {} of them; nothing is proposed",
            observed.landings(),
            foreign(&branch),
            args.least
        ));
        return Ok(Exit::Blocked);
    }
    let reach = reach(&repo, &history, &suggestion).map_err(|error| failure(&error))?;
    out::say(suggestion.text.trim_end())?;
    out::note(&reach.sentence(&branch, suggestion.rules));
    Ok(Exit::Done)
}

fn failure(error: &GitError) -> Failure {
    match error {
        GitError::NotARepository { .. } | GitError::ObjectFormat { .. } => {
            Failure::usage(foreign(&error.to_string()))
        }
        _ => Failure::undone(foreign(&error.to_string())),
    }
}

/// Reads the files of a landing whose keys are compared; of the others their paths are enough.
fn observe(
    repo: &Repo,
    landing: &HistoryLanding,
    observed: &mut Observed,
) -> Result<bool, GitError> {
    let few = landing.files.len() <= MOST_FILES;
    let files = if few { read(repo, &landing.files)? } else { bare_files(&landing.files) };
    observed.add(&files);
    Ok(true)
}

fn read(repo: &Repo, changes: &[RawChange]) -> Result<Vec<FileChange>, GitError> {
    let mut files = bare_files(changes);
    let wanted = |file: &FileChange| Observed::is_of_interest(&file.path);
    let which: Vec<usize> =
        files.iter().enumerate().filter(|(_, file)| wanted(file)).map(|(at, _)| at).collect();
    let raw: Vec<RawChange> = which.iter().filter_map(|at| changes.get(*at).cloned()).collect();
    for (at, read) in which.iter().zip(file_changes(repo, &raw, readers())?) {
        if let Some(file) = files.get_mut(*at) {
            (file.content, file.keys) = (read.content, read.keys);
        }
    }
    Ok(files)
}

/// How far a proposal reaches.
#[derive(Debug, Default)]
struct Reach {
    landings: u64,
    /// Landings of configuration and documentation alone, whatever became of them.
    light: u64,
    passed: u64,
}

impl Reach {
    fn sentence(&self, branch: &str, rules: usize) -> String {
        let share = |part: u64, whole: u64| {
            let permille = (part * 1000).checked_div(whole).unwrap_or(0);
            format!("{}.{} %", permille / 10, permille % 10)
        };
        format!(
            "{} from {} landings on {}: {} of them, {}, would have passed by themselves as proposals; {} changed nothing but configuration and documents",
            plural(rules as u64, "rule", "rules"),
            self.landings,
            foreign(branch),
            self.passed,
            share(self.passed, self.landings),
            self.light,
        )
    }
}

fn reach(repo: &Repo, history: &History<'_>, suggestion: &Suggestion) -> Result<Reach, GitError> {
    let effective = from_bytes(None, Some((".countersign.yml", suggestion.text.as_bytes())), "");
    let mut reach = Reach::default();
    history.for_each(&mut |landing| {
        reach.landings += 1;
        let light = !landing.files.is_empty() && bare_files(&landing.files).iter().all(is_light);
        if light && landing.files.len() <= MOST_FILES {
            reach.light += 1;
            reach.passed += u64::from(passes(repo, &effective, &landing)?);
        }
        Ok(true)
    })?;
    Ok(reach)
}

fn is_light(file: &FileChange) -> bool {
    Observed::is_of_interest(&file.path) || is_documentation(&file.path)
}

/// Whether a landing is trivial under the proposal, had it been proposed.
fn passes(repo: &Repo, effective: &Effective, landing: &HistoryLanding) -> Result<bool, GitError> {
    let mut facts = audit::proposed_facts(landing);
    facts.files = file_changes(repo, &landing.files, readers())?;
    Ok(policy::classify(effective, &facts).class == Class::Trivial)
}
