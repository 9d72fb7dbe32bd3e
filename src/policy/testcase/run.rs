//! Runs one case against a policy.

use super::{Blob, Case, compare, facts_of};
use crate::domain::{FileChange, RepoPath, Side, Time};
use crate::policy::model::Effective;
use crate::policy::{Decision, classify, content, decide, dependencies, keys};

/// Git's mode of a submodule.
const SUBMODULE: u32 = 0o160_000;

/// Judges a case as of an instant; the error says what was expected and what came instead.
pub fn run(case: &Case, effective: &Effective, now: Time) -> Result<(), String> {
    compare(&case.expect, &judge(case, effective, now))
}

/// The decision about a case as of an instant.
#[must_use]
pub fn judge(case: &Case, effective: &Effective, now: Time) -> Decision {
    let facts = facts_of(case, now, change);
    let classification = classify(effective, &facts);
    decide(effective, &facts, &classification, now)
}

/// The change of one path, as git would tell it.
fn change(path: &RepoPath, old: Option<&Blob>, new: Option<&Blob>) -> FileChange {
    let side = |blob: &Blob| Side { mode: blob.mode, oid: blob.oid };
    let mode = |blob: Option<&Blob>| blob.map(|blob| blob.mode);
    let (before, after) = (bytes(old), bytes(new));
    let is_plain = |blob: Option<&Blob>| blob.is_none_or(|blob| blob.mode & 0o170_000 == 0o100_000);
    let plain = is_plain(old) && is_plain(new);
    FileChange {
        path: path.clone(),
        old: old.map(side),
        new: new.map(side),
        renamed: None,
        content: content::scan(before, after, mode(old), mode(new)),
        keys: plain.then(|| keys::diff(path, before, after)).flatten(),
        dependency: plain.then(|| dependencies::diff(path, before, after)).flatten(),
    }
}

fn bytes(blob: Option<&Blob>) -> Option<&[u8]> {
    blob.filter(|blob| blob.mode != SUBMODULE).map(|blob| blob.bytes.as_slice())
}
