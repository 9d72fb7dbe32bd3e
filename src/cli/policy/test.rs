//! `countersign policy test`: cases of a file, or those that a repository's own policy names.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{layer, read, rendered};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::out::{self, GREEN, PLAIN, RED, foreign};
use crate::clock::Clock;
use crate::domain::RepoPath;
use crate::policy::file::{read_organisation, read_repository};
use crate::policy::glob::Glob;
use crate::policy::layers::from_bytes;
use crate::policy::model::Effective;
use crate::policy::testcase::{self, Case};

/// What stands for the policy's place in a case.
const BASE: &str = "main@case";
/// The policy of a repository.
const OWN: &str = ".countersign.yml";

/// Arguments of `countersign policy test`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Examples:
  countersign policy test cases.yml --policy .countersign.yml --org organisation.yml
  countersign policy test --repo .")]
pub(in crate::cli) struct TestArgs {
    /// Files of cases
    #[arg(required_unless_present = "repo")]
    cases: Vec<PathBuf>,
    /// A working tree: its .countersign.yml is tested, by the cases that its `tests` name
    #[arg(long, value_name = "PATH", conflicts_with_all = ["cases", "policy"])]
    repo: Option<PathBuf>,
    /// The repository's policy; by default there is none
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The organisation's policy; by default the built-in one binds
    #[arg(long, value_name = "FILE")]
    org: Option<PathBuf>,
}

/// Runs every case.
pub(super) fn run(args: &TestArgs) -> Outcome {
    let policy = args.repo.as_ref().map(|repo| repo.join(OWN)).or_else(|| args.policy.clone());
    let mut all = Vec::new();
    if args.repo.is_none() {
        for file in &args.cases {
            all.push((file.clone(), cases_of(file)?));
        }
    }
    let Some(effective) = effective(args.org.as_deref(), policy.as_deref())? else {
        return Ok(Exit::Blocked);
    };
    if let Some(repo) = &args.repo {
        let globs = &effective.policy.tests;
        let files = named(repo, globs)?;
        if files.is_empty() {
            return Err(Failure::usage(none_named(&repo.join(OWN), globs)));
        }
        for file in files {
            let cases = cases_of(&file)?;
            all.push((file, cases));
        }
    }
    let (mut passed, mut failed) = (0_usize, 0_usize);
    for (file, cases) in &all {
        let bad = judge(file, cases, &effective)?;
        failed += bad;
        passed += cases.len() - bad;
    }
    out::say(&format!("{passed} passed, {failed} failed"))?;
    Ok(if failed == 0 { Exit::Done } else { Exit::Blocked })
}

fn cases_of(file: &Path) -> Result<Vec<Case>, Failure> {
    let (bytes, name) = (read(file)?, file.display());
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::usage(format!("{name}: it is no UTF-8")))?;
    testcase::parse(text).map_err(|error| {
        let (line, column) = (error.line, error.column);
        Failure::usage(format!("{name}:{line}:{column}: {}", foreign(&error.message)))
    })
}

/// Prints a line for each case; gives how many failed.
fn judge(file: &Path, cases: &[Case], effective: &Effective) -> Result<usize, Failure> {
    let now = Clock::system().now();
    let mut failed = 0;
    for case in cases {
        let (title, name) = (foreign(&case.name), file.display());
        if let Err(why) = testcase::run(case, effective, now) {
            failed += 1;
            let why = foreign(&why);
            out::say(&format!("{RED}FAILED{PLAIN}  {title} ({name}:{}): {why}", case.line))?;
        } else {
            out::say(&format!("{GREEN}passed{PLAIN}  {title}"))?;
        }
    }
    Ok(failed)
}

fn none_named(policy: &Path, globs: &[Glob]) -> String {
    let policy = policy.display();
    if globs.is_empty() {
        return format!(
            "{policy}: it names no cases; add them as `tests: [\".countersign/tests/*.yml\"]`"
        );
    }
    let globs: Vec<&str> = globs.iter().map(Glob::as_str).collect();
    format!("{policy}: no file matches `tests` ({})", globs.join(", "))
}

/// The plain files of a working tree that the policy names as cases, in order of path.
fn named(repo: &Path, globs: &[Glob]) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: std::io::Error| Failure::undone(format!("{}: {error}", repo.display()));
    let (mut found, mut folders) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(repo.join(&folder)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (path, kind) = (folder.join(entry.file_name()), entry.file_type().map_err(failed)?);
            let named =
                |glob: &Glob| path.to_str().is_some_and(|text| glob.matches(&RepoPath::from(text)));
            if kind.is_dir() && entry.file_name() != ".git" {
                folders.push(path);
            } else if kind.is_file() && globs.iter().any(named) {
                found.push(repo.join(path));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Both layers as one policy. A file that is refused is shown, and no case is run against a half.
fn effective(org: Option<&Path>, policy: Option<&Path>) -> Result<Option<Effective>, Failure> {
    let (organisation, repository) = (layer(org)?, layer(policy)?);
    let mut refused = false;
    if let Some((name, bytes)) = &organisation
        && let Err(diagnostics) = read_organisation(name, bytes)
    {
        out::note(&rendered(&diagnostics, bytes));
        refused = true;
    }
    if let Some((name, bytes)) = &repository
        && let Err(diagnostics) = read_repository(name, bytes)
    {
        out::note(&rendered(&diagnostics, bytes));
        refused = true;
    }
    if refused {
        out::note("error: the policy is refused; no case was run");
        return Ok(None);
    }
    let effective = from_bytes(
        organisation.as_ref().map(|(name, bytes)| (name.as_str(), bytes.as_slice())),
        repository.as_ref().map(|(name, bytes)| (name.as_str(), bytes.as_slice())),
        BASE,
    );
    for complaint in &effective.invalid {
        out::note(&format!("warning: {}", foreign(complaint)));
    }
    Ok(Some(effective))
}
