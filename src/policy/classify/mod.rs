//! The class of a change (sem 2.1, 2.2): the maximum over its files, then the limits of the whole.
//!
//! Nothing here lowers: every rule that says something about a file is heard, and the highest class counts, so the
//! order of rules never matters. Trivial is proven: a documentation rule with a format that is not executed, or a
//! configuration rule whose key proof holds, a picture or font that is what its name says, a generated file whose inputs
//! are trivial, or a bot's bump of one dependency (sem 2.4), which is proven for the whole change at once. One thing only
//! stands above the files: that the whole change takes a landing back exactly (sem 2.3).
//!
//! Not judged here, and so significant: LFS pointers.

mod allow;
mod binary;
mod builtin;
mod bump;
mod decimal;
mod deny;
mod file;
mod generated;
mod limits;
mod link;
mod names;
mod proof;
mod revert;
mod step;
mod twin;

use crate::domain::fact::{Check, Facts, LandingKind};
use crate::domain::{Class, FileChange, RepoPath, Time};

use self::file::Beside;
use super::decision::{Classification, FileClass};
use super::model::{Effective, PathRule, Policy};

pub use builtin::{is_documentation, is_migration_path as is_migration};
pub use deny::denied_segment;
pub(super) use limits::Extent;
pub use limits::{DEFAULT_MAX_BYTES, DEFAULT_MAX_FILES, DEFAULT_MAX_KEYS, DEFAULT_MAX_LINES};

/// Classifies a change. The class is the maximum over its files; over a limit of `max`, or landed without a pull
/// request, it is significant at least. A change without files is routine and never passes by itself.
///
/// A change counts as landed directly if its landing says so, or if it has no pull request and no landing that
/// comes from one.
#[must_use]
pub fn classify(effective: &Effective, facts: &Facts) -> Classification {
    let policy = &effective.policy;
    let bump = bump::judge(policy, facts);
    let seen = Seen { bump: bump.as_ref(), checks: Some(&facts.checks) };
    classify_files(policy, &facts.files, seen, is_direct(facts))
}

/// The same with exact reverts (sem 2.3), whose window is counted to the landing of the change, or else to `as_of`.
#[must_use]
pub fn classify_at(effective: &Effective, facts: &Facts, as_of: Time) -> Classification {
    revert::applied(&effective.policy, facts, as_of, classify(effective, facts))
}

/// The same change with other files: what it was when somebody looked at it (sem 4). Which checks had passed there is
/// not known.
pub(in crate::policy) fn classify_then(
    policy: &Policy,
    facts: &Facts,
    files: &[FileChange],
) -> Classification {
    let bump = bump::judge_then(policy, files);
    classify_files(policy, files, Seen { bump: bump.as_ref(), checks: None }, is_direct(facts))
}

fn classify_files(
    policy: &Policy,
    changes: &[FileChange],
    seen: Seen<'_>,
    direct: bool,
) -> Classification {
    let mut files = classes(policy, changes, seen);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut limits = limits::exceeded(&policy.trivial.max, changes);
    if direct {
        limits.push("it landed without a pull request".to_owned());
    }
    let (mut class, mut why) = highest(&files);
    if let Some(limit) = limits.first()
        && class < Class::Significant
    {
        (class, why) = (Class::Significant, limit.clone());
    }
    Classification { class, why, files, limits, revert: None }
}

/// What is known of a change beside its files.
#[derive(Clone, Copy)]
struct Seen<'a> {
    /// What the dependency proof came to, if there is one.
    bump: Option<&'a bump::Proof>,
    /// The checks on the head; `None`: not known, and taken for passed, so that the class comes out lower than it may have
    /// been, never higher, and no approval outlives a rise.
    checks: Option<&'a [Check]>,
}

/// The class of each file. What is generated needs the others first: it is as harmless as what it is made from.
fn classes(policy: &Policy, changes: &[FileChange], seen: Seen<'_>) -> Vec<FileClass> {
    let beside = Beside { bump: seen.bump, around: None };
    let all = |beside| changes.iter().map(move |change| file::classify(policy, change, beside));
    let alone: Vec<FileClass> = all(beside).collect();
    if policy.trivial.generated.is_empty() {
        return alone;
    }
    let around = Some(generated::Around { files: &alone, checks: seen.checks });
    all(Beside { around, ..beside }).collect()
}

/// Whether a path is one that nobody may change unseen: protected by its kind, by the policy, or odd.
#[must_use]
pub fn protects(policy: &Policy, path: &RepoPath) -> bool {
    let Some(text) = path.as_str() else { return true };
    builtin::protected(text).is_some()
        || is_migration(path)
        || !twin::findings(policy, path).is_empty()
        || policy.always_critical.iter().any(|glob| glob.matches(path))
        || path_rules(policy, path).any(|(class, _)| class == Class::Significant)
}

/// The path rules (`significant`, `routine`) that match a path, with the class they give. A file that several rules
/// match raises the scopes of all of them, though [`FileClass`] names the highest one only.
pub fn path_rules<'a>(
    policy: &'a Policy,
    path: &'a RepoPath,
) -> impl Iterator<Item = (Class, &'a PathRule)> {
    let significant = policy.significant.iter().map(|rule| (Class::Significant, rule));
    let routine = policy.routine.iter().map(|rule| (Class::Routine, rule));
    significant.chain(routine).filter(|(_, rule)| rule.files.iter().any(|glob| glob.matches(path)))
}

fn highest(files: &[FileClass]) -> (Class, String) {
    let mut best: Option<&FileClass> = None;
    for file in files {
        if best.is_none_or(|best| file.class > best.class) {
            best = Some(file);
        }
    }
    if let Some(file) = best {
        return (file.class, format!("{}: {}", file.path, file.why));
    }
    let why = "it changes no file; nothing is proven, so it never passes by itself";
    (Class::Routine, why.to_owned())
}

fn is_direct(facts: &Facts) -> bool {
    match facts.landing.as_ref().map(|landing| landing.how) {
        Some(LandingKind::Direct) => true,
        Some(LandingKind::FastForward | LandingKind::Revert) | None => facts.pull.is_none(),
        Some(_) => false,
    }
}

#[cfg(test)]
mod kinds_tests;
#[cfg(test)]
mod tests;
