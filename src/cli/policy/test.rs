//! `countersign policy test CASES`.

use std::path::PathBuf;

use clap::Args;

use super::{layer, read, rendered};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::out::{self, GREEN, PLAIN, RED, foreign};
use crate::clock::Clock;
use crate::domain::{FileChange, RepoPath, Side, Time};
use crate::policy::file::{read_organisation, read_repository};
use crate::policy::layers::from_bytes;
use crate::policy::model::Effective;
use crate::policy::testcase::{self, Blob, Case};
use crate::policy::{self, content, keys};

/// What stands for the policy's place in a case.
const BASE: &str = "main@case";
/// Git's mode of a submodule: its commit is no text here.
const SUBMODULE: u32 = 0o160_000;

/// Arguments of `countersign policy test`.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct TestArgs {
    /// A file of cases
    cases: PathBuf,
    /// The repository's policy; by default there is none
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The organisation's policy; by default the built-in one binds
    #[arg(long, value_name = "FILE")]
    org: Option<PathBuf>,
}

/// Runs every case.
pub(super) fn run(args: &TestArgs) -> Outcome {
    let bytes = read(&args.cases)?;
    let name = args.cases.display().to_string();
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::usage(format!("{name}: it is no UTF-8")))?;
    let cases = testcase::parse(text).map_err(|error| {
        let (line, column) = (error.line, error.column);
        Failure::usage(format!("{name}:{line}:{column}: {}", foreign(&error.message)))
    })?;
    let Some(effective) = effective(args)? else { return Ok(Exit::Blocked) };
    let now = Clock::system().now();
    let mut failed = 0_usize;
    for case in &cases {
        let title = foreign(&case.name);
        if let Err(why) = judge(case, &effective, now) {
            failed += 1;
            let why = foreign(&why);
            out::say(&format!("{RED}FAILED{PLAIN}  {title} ({name}:{}): {why}", case.line))?;
        } else {
            out::say(&format!("{GREEN}passed{PLAIN}  {title}"))?;
        }
    }
    out::say(&format!("{} passed, {failed} failed", cases.len() - failed))?;
    Ok(if failed == 0 { Exit::Done } else { Exit::Blocked })
}

/// Both layers as one policy. A file that is refused is shown, and no case is run against a half.
fn effective(args: &TestArgs) -> Result<Option<Effective>, Failure> {
    let (organisation, repository) = (layer(args.org.as_deref())?, layer(args.policy.as_deref())?);
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

fn judge(case: &Case, effective: &Effective, now: Time) -> Result<(), String> {
    let facts = testcase::facts_of(case, now, change);
    let classification = policy::classify(effective, &facts);
    let decision = policy::decide(effective, &facts, &classification, now);
    testcase::compare(&case.expect, &decision)
}

/// The change of one path, as git would tell it.
fn change(path: &RepoPath, old: Option<&Blob>, new: Option<&Blob>) -> FileChange {
    let side = |blob: &Blob| Side { mode: blob.mode, oid: blob.oid };
    let mode = |blob: Option<&Blob>| blob.map(|blob| blob.mode);
    let (before, after) = (bytes(old), bytes(new));
    let is_plain = |blob: Option<&Blob>| blob.is_none_or(|blob| blob.mode & 0o170_000 == 0o100_000);
    FileChange {
        path: path.clone(),
        old: old.map(side),
        new: new.map(side),
        renamed: None,
        content: content::scan(before, after, mode(old), mode(new)),
        keys: (is_plain(old) && is_plain(new)).then(|| keys::diff(path, before, after)).flatten(),
    }
}

fn bytes(blob: Option<&Blob>) -> Option<&[u8]> {
    blob.filter(|blob| blob.mode != SUBMODULE).map(|blob| blob.bytes.as_slice())
}
