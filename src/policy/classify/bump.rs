//! The dependency proof of a whole change (sem 2.4): content, then people, then checks. The first thing that fails is
//! named; what could not be told has failed.

use std::collections::BTreeSet;

use crate::domain::dependency::{DependencyDiff, Ecosystem, Part, VersionChange};
use crate::domain::fact::{Check, Commit, Drove, Facts, Pull};
use crate::domain::{Class, FileChange, Person, RepoPath, Signature};
use crate::policy::checks::conclusion;
use crate::policy::model::{Dependencies, Policy, SemverStep};
use crate::policy::words;

use super::allow::clip;
use super::builtin;
use super::file::Finding;
use super::step::rise;

/// What the proof came to: the bump in words, or the first thing that failed.
pub(super) type Proof = Result<String, String>;

/// The proof of a change as it is now. `None`: the policy has no such rule, or the change touches no dependency.
pub(super) fn judge(policy: &Policy, facts: &Facts) -> Option<Proof> {
    let rule = asked(policy, &facts.files)?;
    Some(content(policy, rule, &facts.files).and_then(|bump| {
        let by = people(rule, facts)?;
        let passed =
            checks(rule, &facts.checks).map_err(|why| format!("{bump}, by {by}: {why}"))?;
        Ok(format!("{bump}, by {by}, {passed}"))
    }))
}

/// The proof of other content, by the content alone: what a change was when somebody looked at it. Who had written it
/// and which checks had passed by then is taken for granted. That makes its class lower than it may have been, never
/// higher, so that no approval outlives a rise.
pub(super) fn judge_then(policy: &Policy, files: &[FileChange]) -> Option<Proof> {
    asked(policy, files).map(|rule| content(policy, rule, files))
}

fn asked<'a>(policy: &'a Policy, files: &[FileChange]) -> Option<&'a Dependencies> {
    let rule = policy.trivial.dependencies.as_ref()?;
    files.iter().any(builtin::is_dependency_file).then_some(rule)
}

/// What the proof says of one of its files.
pub(super) fn finding(proof: &Proof) -> Finding {
    match proof {
        Ok(bump) => Finding {
            class: Class::Trivial,
            kind: Some("dependency"),
            rule: "trivial.dependencies".to_owned(),
            scope: None,
            why: bump.clone(),
        },
        Err(why) => {
            let why = format!("it says what other code is used, and no bump is proven: {why}");
            Finding::built_in(Class::Significant, "dependency", why)
        }
    }
}

fn content(policy: &Policy, rule: &Dependencies, files: &[FileChange]) -> Proof {
    let kinds = policy.trivial.kinds.as_deref();
    if kinds.is_some_and(|kinds| !kinds.iter().any(|kind| kind == "dependencies")) {
        return Err("the organisation lets no dependency be trivial".to_owned());
    }
    let place = place(parts(files)?)?;
    let asked = asked_for(&place.manifests)?;
    let moved = place.lock.map(locked).transpose()?;
    if let (Some(asked), Some(moved), Some((path, _))) = (asked, moved, place.lock) {
        same(asked, moved, path)?;
    }
    // The lock says what ran before; a record of digests may not.
    let bump = moved.filter(|moved| moved.from.is_some()).or(asked).ok_or("no version changes")?;
    let step = rise_of(rule.step, bump)?;
    let changes = place.lock.map(|(_, lock)| lock.changes.as_slice()).unwrap_or_default();
    for change in asked.into_iter().chain(changes).filter(|change| change.is_rise()) {
        rise_of(rule.step, change)?;
    }
    let version = |text: Option<&str>| clip(text.unwrap_or_default());
    let (from, to) = (version(bump.from.as_deref()), version(bump.to.as_deref()));
    Ok(format!("{} {from} → {to}, {step}", clip(&bump.name)))
}

type File<'a> = (&'a RepoPath, &'a DependencyDiff);

/// The files of a bump: manifests, or one that is its own lock; and the lock beside them.
struct Place<'a> {
    manifests: Vec<File<'a>>,
    lock: Option<File<'a>>,
}

/// Every file is a manifest or lock of one ecosystem that nothing speaks against.
fn parts(files: &[FileChange]) -> Result<Vec<File<'_>>, String> {
    let mut parts: Vec<File<'_>> = Vec::new();
    for file in files {
        let Some(diff) = &file.dependency else {
            return Err(if builtin::is_dependency_file(file) {
                format!(
                    "{} is no manifest or lock that is compared; an architect has to look",
                    file.path
                )
            } else {
                format!(
                    "{} changes too, and a bump changes a manifest and its lock alone",
                    file.path
                )
            });
        };
        if let Some((_, first)) = parts.first()
            && first.ecosystem != diff.ecosystem
        {
            let (one, other) = (first.ecosystem.as_str(), diff.ecosystem.as_str());
            return Err(format!("{one} and {other} change at once; propose them one by one"));
        }
        if let Some(doubt) = diff.doubts.first() {
            return Err(format!("{}: {doubt}", file.path));
        }
        parts.push((&file.path, diff));
    }
    Ok(parts)
}

/// One place: a file that is its own lock; one lock, with manifests beside it or, in a workspace, below it; or a lock
/// alone that tells what is direct, where the manifest allowed the new version already.
fn place(parts: Vec<File<'_>>) -> Result<Place<'_>, String> {
    let is_lock = |file: &File<'_>| matches!(file.1.part, Part::Lock | Part::Record);
    let (locks, manifests): (Vec<_>, Vec<_>) = parts.into_iter().partition(is_lock);
    let wholes = manifests.iter().filter(|(_, diff)| diff.part == Part::Whole).count();
    match (wholes, locks.as_slice(), manifests.as_slice()) {
        (1, [], [_]) | (0, [_], [_, ..]) => {}
        (0, [(_, lock)], []) if lock.part == Part::Lock => {}
        (0, [_], []) => return Err("no manifest asks for what changes".to_owned()),
        (0, [], _) => {
            let why = "its lock does not change with it, so nobody can tell what it brings";
            return Err(why.to_owned());
        }
        _ => return Err("manifests or locks of several places change at once".to_owned()),
    }
    let lock = locks.into_iter().next();
    for (path, diff) in &manifests {
        let Some((lock, _)) = lock else { break };
        let (home, folder) = (folder(lock), folder(path));
        let workspace = diff.ecosystem != Ecosystem::Go && folder.starts_with(home);
        if folder != home && !workspace {
            return Err(format!("{path} is in another place than {lock}"));
        }
    }
    Ok(Place { manifests, lock })
}

/// The folder of a file with the `/` that ends it; empty at the top.
fn folder(path: &RepoPath) -> &[u8] {
    let all = path.as_bytes();
    all.get(..all.len() - path.file_name().len()).unwrap_or_default()
}

/// The one version that manifests ask for anew, if there are any. Several manifests of a workspace ask for the same.
fn asked_for<'a>(manifests: &[File<'a>]) -> Result<Option<&'a VersionChange>, String> {
    let mut all: BTreeSet<&VersionChange> = BTreeSet::new();
    for (path, diff) in manifests {
        if diff.changes.is_empty() {
            return Err(format!("{path} changes, and no version in it does"));
        }
        all.extend(&diff.changes);
    }
    if manifests.is_empty() { Ok(None) } else { one(&all).map(Some) }
}

fn one<'a>(all: &BTreeSet<&'a VersionChange>) -> Result<&'a VersionChange, String> {
    let mut rest = all.iter();
    match (rest.next(), rest.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err("no direct dependency changes".to_owned()),
        (Some(a), Some(b)) if a.name == b.name => {
            Err(format!("`{}` changes in several ways at once", clip(&a.name)))
        }
        (Some(a), Some(b)) => {
            let (a, b) = (clip(&a.name), clip(&b.name));
            let count = words::thousands(all.len() as u64);
            Err(format!(
                "{count} direct dependencies change at once, {a} and {b} first; propose them one by one"
            ))
        }
    }
}

fn rise_of(step: SemverStep, change: &VersionChange) -> Proof {
    let version = |text: &Option<String>| text.clone().unwrap_or_default();
    rise(step, &version(&change.from), &version(&change.to))
        .map(str::to_owned)
        .map_err(|why| format!("{}: {why}", clip(&change.name)))
}

/// The one direct dependency that a lock moves.
fn locked((path, lock): File<'_>) -> Result<&VersionChange, String> {
    let direct: BTreeSet<&VersionChange> = lock.changes.iter().filter(|one| one.direct).collect();
    one(&direct).map_err(|why| format!("{path}: {why}"))
}

/// The lock brings what the manifest asks for.
fn same(asked: &VersionChange, moved: &VersionChange, lock: &RepoPath) -> Result<(), String> {
    if moved.name == asked.name && moved.to == asked.to {
        return Ok(());
    }
    let told = |one: &VersionChange| {
        format!("{} {}", clip(&one.name), clip(one.to.as_deref().unwrap_or("nothing")))
    };
    Err(format!("the manifest asks for {}, and {lock} brings {}", told(asked), told(moved)))
}

/// Everybody who had a part is a listed bot, as the source tells it: names and addresses in commits are written by
/// anybody, so it counts who opened the proposal and who pushed to it as well.
fn people(rule: &Dependencies, facts: &Facts) -> Result<String, String> {
    let pull = facts.pull.as_ref().ok_or("it landed without a pull request")?;
    opened(rule, pull)?;
    if facts.commits.is_empty() {
        return Err("no commit of it is known".to_owned());
    }
    let mut by = BTreeSet::new();
    for commit in &facts.commits {
        for signature in people_of(commit) {
            by.insert(bot(rule, signature).ok_or_else(|| {
                let name = clip(&signature.name);
                format!("{name} took part in {}, and is no listed bot", commit.id.short())
            })?);
        }
    }
    Ok(by.into_iter().collect::<Vec<_>>().join(", "))
}

fn opened(rule: &Dependencies, pull: &Pull) -> Result<(), String> {
    if !pull.opener_is_bot || !pull.opener.as_ref().is_some_and(|opener| is_listed(rule, opener)) {
        return Err("it was not opened by a listed bot".to_owned());
    }
    if let Some(driver) = pull.drivers.iter().find(|driver| driver.how == Drove::Opened) {
        return Err(format!("{} opened it through a bot", clip(&driver.person.0)));
    }
    if let Some(pusher) = pull.pushers.iter().find(|pusher| !is_listed(rule, pusher)) {
        return Err(format!("{} pushed to it, and is no listed bot", clip(&pusher.0)));
    }
    if pull.pushed_by_unknown {
        return Err("nobody knows who pushed to it".to_owned());
    }
    Ok(())
}

fn people_of(commit: &Commit) -> impl Iterator<Item = &Signature> {
    std::iter::once(&commit.author).chain(commit.maker()).chain(&commit.co_authors)
}

/// The bot that a signature is, if it is a listed one.
fn bot<'a>(rule: &Dependencies, signature: &'a Signature) -> Option<&'a str> {
    let person = signature.person.as_ref().filter(|person| is_listed(rule, person))?;
    signature.bot.then_some(person.0.as_str())
}

fn is_listed(rule: &Dependencies, person: &Person) -> bool {
    rule.bots.iter().any(|bot| bot.eq_ignore_ascii_case(&person.0))
}

/// Every listed check has passed, and there is one: nothing is proven by a check that nobody names (P6).
fn checks(rule: &Dependencies, checks: &[Check]) -> Proof {
    if rule.checks.is_empty() {
        return Err("the policy names no check that has to pass".to_owned());
    }
    for name in &rule.checks {
        let found = conclusion(name, checks, &["success"]);
        if found.as_deref() != Some("success") {
            let found = found.as_deref().unwrap_or("has not reported");
            return Err(format!("wait for the check {name}, which has to pass: {found}"));
        }
    }
    let noun = if rule.checks.len() == 1 { "check" } else { "checks" };
    Ok(format!("{noun} {} passed", rule.checks.join(", ")))
}

#[cfg(test)]
mod tests;
