//! Whether a condition holds for a change. Where a fact is not known it does: unknown never means "not needed" (P2).

use std::collections::BTreeSet;

use crate::domain::fact::{Facts, Grant};
use crate::domain::{FileChange, Person, RepoPath, Signature, Time};
use crate::policy::approvals::held_role_at;
use crate::policy::checks::conclusion;
use crate::policy::classify::Extent;
use crate::policy::condition::{Size, When};
use crate::policy::decision::Classification;
use crate::policy::glob::Glob;
use crate::policy::words;

/// A change, as conditions look at it: at its head, or at a commit that somebody reviewed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'a> {
    pub facts: &'a Facts,
    pub class: &'a Classification,
    pub files: &'a [FileChange],
    /// When it landed, or now: roles of authors are those of then.
    pub instant: Time,
}

/// Whether every part that is given holds; either way the sentence.
pub(super) fn holds(when: &When, change: &Change<'_>) -> Result<String, String> {
    let mut reasons = Vec::new();
    let parts = [
        files,
        only_files,
        labels,
        branches,
        class,
        authors,
        only_authors,
        size,
        not_passed,
        draft,
        all,
        any,
        not,
    ];
    for part in parts {
        reasons.extend(part(when, change)?);
    }
    if reasons.is_empty() {
        reasons.push("every change needs it".to_owned());
    }
    Ok(reasons.join("; "))
}

/// What one part of a condition says: nothing, a reason, or why it does not hold.
type Part = Result<Option<String>, String>;

fn files(when: &When, change: &Change<'_>) -> Part {
    if when.files.is_empty() {
        return Ok(None);
    }
    let mut paths = change.class.files.iter().map(|file| &file.path);
    let except = if when.except.is_empty() {
        String::new()
    } else {
        format!(" but not {}", globs(&when.except))
    };
    match paths.find(|path| means(when, path)) {
        Some(path) => Ok(Some(format!("{path} is touched"))),
        None => Err(format!("no file under {}{except} is touched", globs(&when.files))),
    }
}

/// Of no files, none matches (case 71); nor does a path that is no text.
fn only_files(when: &When, change: &Change<'_>) -> Part {
    if when.only_files.is_empty() {
        return Ok(None);
    }
    let inside = |path: &RepoPath| when.only_files.iter().any(|glob| glob.matches(path));
    let list = globs(&when.only_files);
    if change.class.files.is_empty() {
        return Err(format!("no file is touched, so none under {list}"));
    }
    match change.class.files.iter().find(|file| !inside(&file.path)) {
        Some(file) => Err(format!("{} is not under {list}", file.path)),
        None => Ok(Some(format!("only files under {list} are touched"))),
    }
}

fn labels(when: &When, change: &Change<'_>) -> Part {
    if when.labels.is_empty() {
        return Ok(None);
    }
    let there = change.facts.pull.as_ref().map(|pull| pull.labels.as_slice()).unwrap_or_default();
    match when.labels.iter().find(|label| there.contains(label)) {
        Some(label) => Ok(Some(format!("label {label} is there"))),
        None => Err(format!("no label of {} is there", when.labels.join(", "))),
    }
}

fn branches(when: &When, change: &Change<'_>) -> Part {
    let branch = &change.facts.branch;
    if when.branches.is_empty() {
        Ok(None)
    } else if when.branches.iter().any(|glob| glob.matches_text(branch)) {
        Ok(Some(format!("it goes to branch {branch}")))
    } else {
        Err(format!("branch {branch} is not {}", globs(&when.branches)))
    }
}

fn class(when: &When, change: &Change<'_>) -> Part {
    let class = change.class.class;
    match when.class {
        None => Ok(None),
        Some(least) if class < least => Err(format!("the change is {class}, not {least}")),
        Some(_) => Ok(Some(format!("the change is {class}"))),
    }
}

/// Somebody nobody knows may be anybody, and a role held once is enough.
fn authors(when: &When, change: &Change<'_>) -> Part {
    let Some(wanted) = &when.authors else { return Ok(None) };
    let part = Participants::of(change.facts);
    if let Some(address) = part.unknown.first() {
        return Ok(Some(format!("{address} took part, and nobody knows who that is")));
    }
    if wanted.bots && part.bot {
        return Ok(Some("a bot took part".to_owned()));
    }
    let had = |person: &Person, role: &String| {
        let grants = &change.facts.grants;
        grants.iter().any(|grant| grant.person == *person && grant.role == *role)
    };
    let found = part.people.iter().find(|person| {
        wanted.people.contains(person) || wanted.roles.iter().any(|role| had(person, role))
    });
    match found {
        Some(person) => Ok(Some(format!("{person} took part"))),
        None => Err(format!("nobody of {} took part", wanted.words())),
    }
}

/// Somebody nobody knows is outside, and a role has to be held when it lands.
fn only_authors(when: &When, change: &Change<'_>) -> Part {
    let Some(wanted) = &when.only_authors else { return Ok(None) };
    let part = Participants::of(change.facts);
    if let Some(address) = part.unknown.first() {
        return Err(format!("{address} took part, and nobody knows who that is"));
    }
    if part.bot && !wanted.bots {
        return Err("a bot took part".to_owned());
    }
    let grants: &[Grant] = &change.facts.grants;
    let has = |person: &Person, role: &String| held_role_at(grants, person, role, change.instant);
    let outside = part.people.iter().find(|person| {
        !wanted.people.contains(person) && !wanted.roles.iter().any(|role| has(person, role))
    });
    match outside {
        Some(person) => Err(format!("{person} took part, who is none of {}", wanted.words())),
        None => Ok(Some(format!("only {} took part", wanted.words()))),
    }
}

fn size(when: &When, change: &Change<'_>) -> Part {
    let Some(size) = &when.size else { return Ok(None) };
    let Size { files_over, lines_over, keys_over } = size;
    let extent = Extent::of(change.files);
    let limits = [
        ("file", extent.files, files_over),
        ("changed line", extent.lines, lines_over),
        ("changed key", extent.keys, keys_over),
    ];
    let given =
        limits.into_iter().filter_map(|(noun, count, limit)| Some((noun, count, (*limit)?)));
    let mut within = Vec::new();
    for (noun, count, limit) in given {
        let sentence =
            format!("{}, {} at most", words::count(count, noun), words::thousands(limit));
        if count > limit {
            return Ok(Some(sentence.replace(" at most", " is the limit")));
        }
        within.push(sentence);
    }
    match extent.uncounted.filter(|_| lines_over.is_some()) {
        Some(path) => Ok(Some(format!("nobody counted the lines of {path}"))),
        None => Err(format!("it has {}", within.join("; "))),
    }
}

/// Anything but a success of every run by that name: what has not reported has not passed (case 62).
fn not_passed(when: &When, change: &Change<'_>) -> Part {
    let mut ended = when
        .not_passed
        .iter()
        .map(|name| (name, conclusion(name, &change.facts.checks, &["success"])));
    if when.not_passed.is_empty() {
        return Ok(None);
    }
    match ended.find(|(_, found)| found.as_deref() != Some("success")) {
        Some((name, found)) => {
            Ok(Some(format!("{name}: {}", found.as_deref().unwrap_or("not reported"))))
        }
        None => Err(format!("{} passed", words::and_list(&when.not_passed))),
    }
}

fn draft(when: &When, change: &Change<'_>) -> Part {
    let is_draft = change.facts.pull.as_ref().is_some_and(|pull| pull.draft);
    match (when.draft, is_draft) {
        (false, _) => Ok(None),
        (true, true) => Ok(Some("it is still a draft".to_owned())),
        (true, false) => Err("it is no draft".to_owned()),
    }
}

fn all(when: &When, change: &Change<'_>) -> Part {
    let found: Result<Vec<String>, String> =
        when.all.iter().map(|part| holds(part, change)).collect();
    found.map(|reasons| (!reasons.is_empty()).then(|| reasons.join("; ")))
}

fn any(when: &When, change: &Change<'_>) -> Part {
    let mut against = Vec::new();
    for part in &when.any {
        match holds(part, change) {
            Ok(why) => return Ok(Some(why)),
            Err(why) => against.push(why),
        }
    }
    if against.is_empty() { Ok(None) } else { Err(against.join("; ")) }
}

fn not(when: &When, change: &Change<'_>) -> Part {
    let Some(part) = &when.not else { return Ok(None) };
    match holds(part, change) {
        Ok(why) => Err(why),
        Err(why) => Ok(Some(why)),
    }
}

/// Whether `files` and `except` mean a path. A path that is no text matches no glob; so that nobody slips past a rule
/// with such a name, every rule is taken to mean it (P2).
pub(super) fn means(when: &When, path: &RepoPath) -> bool {
    any_glob(&when.files, path) && !when.except.iter().any(|glob| glob.matches(path))
}

/// Whether a glob matches, or the path is no text.
pub(super) fn any_glob(globs: &[Glob], path: &RepoPath) -> bool {
    path.as_str().is_none() || globs.iter().any(|glob| glob.matches(path))
}

/// Globs in a sentence: as many as a line holds.
fn globs(globs: &[Glob]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<&str> = globs.iter().take(SHOWN).map(Glob::as_str).collect();
    match globs.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Who opened, pushed, wrote or committed it, is behind the bot that opened it, or is named as a co-author. Never empty: where nobody is known, somebody
/// unknown took part.
#[derive(Debug, Default)]
struct Participants {
    people: BTreeSet<Person>,
    bot: bool,
    unknown: Vec<String>,
}

impl Participants {
    fn of(facts: &Facts) -> Self {
        let mut found = Self::default();
        if let Some(pull) = &facts.pull {
            found.bot |= pull.opener_is_bot;
            let opener = pull.opener.iter().filter(|_| !pull.opener_is_bot);
            let drivers = pull.drivers.iter().map(|driver| &driver.person);
            found.people.extend(opener.chain(&pull.pushers).chain(drivers).cloned());
            if pull.opener.is_none() && !pull.opener_is_bot {
                found.unknown.push("whoever opened it".to_owned());
            }
        }
        for commit in facts.commits.iter().filter(|commit| !commit.clean_update_merge) {
            for signature in
                [&commit.author, &commit.committer].into_iter().chain(&commit.co_authors)
            {
                found.add(signature);
            }
        }
        if found.people.is_empty() && !found.bot && found.unknown.is_empty() {
            found.unknown.push("somebody".to_owned());
        }
        found.unknown.sort();
        found
    }

    fn add(&mut self, signature: &Signature) {
        match &signature.person {
            _ if signature.bot => self.bot = true,
            Some(person) => drop(self.people.insert(person.clone())),
            None => self.unknown.push(crate::policy::approvals::address(signature)),
        }
    }
}
