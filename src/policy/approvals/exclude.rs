//! Who took part in writing and so may not approve; and commits that nobody can be asked about (sem 3).

use std::collections::BTreeMap;

use crate::domain::fact::{Commit, Disowned, Drove, Facts};
use crate::domain::{Oid, Person, Signature};

/// People who may not approve, each with the reason in words: `co-author of b02d77c1e4`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excluded(BTreeMap<Person, String>);

impl Excluded {
    /// Why this person may not approve; `None`: may.
    #[must_use]
    pub fn get(&self, person: &Person) -> Option<&str> {
        self.0.get(person).map(String::as_str)
    }

    /// Whether this person may not approve.
    #[must_use]
    pub fn contains(&self, person: &Person) -> bool {
        self.0.contains_key(person)
    }

    /// Everybody, by name, with the reason.
    pub fn iter(&self) -> impl Iterator<Item = (&Person, &str)> {
        self.0.iter().map(|(person, why)| (person, why.as_str()))
    }
}

/// Ways of taking part, in the order in which they are told: of several, the first is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Opener,
    Author(Oid),
    CoAuthor(Oid),
    Committer(Oid),
    Pusher,
    Driver(Drove),
}

impl Part {
    fn words(self) -> String {
        match self {
            Self::Opener => "opened the pull request".to_owned(),
            Self::Author(commit) => format!("author of {}", commit.short()),
            Self::CoAuthor(commit) => format!("co-author of {}", commit.short()),
            Self::Committer(commit) => format!("committer of {}", commit.short()),
            Self::Pusher => "pushed to the pull request".to_owned(),
            Self::Driver(how) => drove(how).to_owned(),
        }
    }
}

/// Why somebody counts as the person behind a bot.
fn drove(how: Drove) -> &'static str {
    match how {
        Drove::Opened => "opened the pull request through a bot",
        Drove::Reopened => "opened the pull request of a bot again",
        Drove::Readied => "said that the pull request of a bot is ready",
        Drove::Assigned => "was assigned by the bot that opened the pull request",
    }
}

/// Everybody who took part: opener, pushers, whoever is behind the bot that opened it, and author, committer and co-authors of every commit over the
/// whole graph, except those of a merge from base that git proved to be the automatic one. A co-author trailer that the
/// named person disowned excludes nobody; whatever else they did still does (sem 3).
#[must_use]
pub fn excluded(facts: &Facts) -> Excluded {
    let mut parts: BTreeMap<&Person, Part> = BTreeMap::new();
    let commits = written(facts).flat_map(|commit| parts_of_commit(commit, &facts.disowned));
    for (person, part) in parts_of_pull(facts).chain(commits) {
        parts.entry(person).and_modify(|old| *old = part.min(*old)).or_insert(part);
    }
    Excluded(parts.into_iter().map(|(person, part)| (person.clone(), part.words())).collect())
}

fn parts_of_pull(facts: &Facts) -> impl Iterator<Item = (&Person, Part)> {
    facts.pull.iter().flat_map(|pull| {
        let opener = pull.opener.iter().map(|person| (person, Part::Opener));
        let pushers = pull.pushers.iter().map(|person| (person, Part::Pusher));
        let drivers = pull.drivers.iter().map(|one| (&one.person, Part::Driver(one.how)));
        opener.chain(pushers).chain(drivers)
    })
}

fn parts_of_commit<'a>(
    commit: &'a Commit,
    disowned: &'a [Disowned],
) -> impl Iterator<Item = (&'a Person, Part)> {
    let author = commit.author.person.iter().map(|person| (person, Part::Author(commit.id)));
    let committer = commit.maker().and_then(|signature| signature.person.as_ref());
    let committer = committer.map(|person| (person, Part::Committer(commit.id)));
    let co_authors = trailers(commit)
        .filter(|person| !disowned.iter().any(|said| is_of(said, commit, person)))
        .map(|person| (person, Part::CoAuthor(commit.id)));
    author.chain(committer).chain(co_authors)
}

/// Whom the commit's co-author trailers name, as far as they map to somebody.
fn trailers(commit: &Commit) -> impl Iterator<Item = &Person> {
    commit.co_authors.iter().filter_map(|signature| signature.person.as_ref())
}

fn is_of(said: &Disowned, commit: &Commit, person: &Person) -> bool {
    said.commit == commit.id && said.by == *person
}

/// The commits whose co-author trailers name a person, and which exclude them by it unless they disown it.
#[must_use]
pub fn named_as_co_author(facts: &Facts, person: &Person) -> Vec<Oid> {
    let named = written(facts).filter(|commit| trailers(commit).any(|named| named == person));
    named.map(|commit| commit.id).collect()
}

/// The disowned trailers that are part of this change, by commit and person. One of a commit that is no part of it any
/// more says nothing.
pub fn disowned(facts: &Facts) -> impl Iterator<Item = &Disowned> {
    let stands = |said: &&Disowned| {
        written(facts).any(|commit| trailers(commit).any(|person| is_of(said, commit, person)))
    };
    let mut found: Vec<&Disowned> = facts.disowned.iter().filter(stands).collect();
    found.sort_by_key(|said| (said.commit, &said.by, said.at));
    found.into_iter()
}

/// The flag on a disowned trailer: which commit, who, when and why.
#[must_use]
pub fn disowned_words(said: &Disowned) -> String {
    let (commit, at) = (said.commit.short(), said.at.to_seconds_text());
    format!("co-author trailer of {commit} disowned by {} on {at}: {}", said.by, said.why)
}

/// Who had a part and is nobody known, in words: an author or committer that maps to no person and is no known bot, or
/// whoever made a push of which nobody knows who made it. Such a change never passes by itself and needs one more
/// approval (sem 3): that person cannot be excluded by name, and one of those who approve may be them.
#[must_use]
pub fn unattributed(facts: &Facts) -> Vec<String> {
    let mut found: Vec<String> = written(facts)
        .flat_map(|commit| {
            std::iter::once(&commit.author)
                .chain(commit.maker())
                .filter(|signature| signature.person.is_none() && !signature.bot)
                .map(|signature| {
                    format!("{}: {}: nobody known", commit.id.short(), address(signature))
                })
        })
        .collect();
    found.sort();
    found.dedup();
    if facts.pull.as_ref().is_some_and(|pull| pull.pushed_by_unknown) {
        found.push("a push to the pull request: the source did not say whose".to_owned());
    }
    found
}

/// The commits that people wrote.
fn written(facts: &Facts) -> impl Iterator<Item = &Commit> {
    facts.commits.iter().filter(|commit| !commit.clean_update_merge)
}

/// An address for sentences.
pub(in crate::policy) fn address(signature: &Signature) -> String {
    let raw = if signature.email.is_empty() { &signature.name } else { &signature.email };
    raw.chars().filter(|letter| !letter.is_control()).take(80).collect()
}
