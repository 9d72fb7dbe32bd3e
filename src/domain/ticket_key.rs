//! Finds ticket keys in titles, branches, messages and descriptions.
//!
//! The scanner only finds *candidates*, generously; [`links`] keeps those whose project is known. `UTF-8` and
//! `SHA-256` look exactly like keys, and a project really named `SHA` is possible: the known list decides.
//! One pass over the text, no regular expression, so a long text costs time in proportion to its length.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

mod weak;

use weak::Weak;

/// Where a key was found, the weightiest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// The pull request's title.
    Title,
    /// Its head branch. Only here are keys expected in lower case.
    Branch,
    /// A trailer of a commit message: `Refs: PAY-7`.
    Trailer,
    /// The rest of a commit message.
    Commit,
    /// The pull request's description.
    Body,
}

impl Place {
    /// The word used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Branch => "branch",
            Self::Trailer => "trailer",
            Self::Commit => "commit",
            Self::Body => "body",
        }
    }
}

/// Something that has the form of a ticket key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// The key in its own form: `PAY-7`, `acme/payments#12`, or `#12` (in the repository of the text).
    pub key: String,
    /// The project: `PAY`, `acme/payments`; empty for `#12`.
    pub project: String,
    /// Where it stands.
    pub place: Place,
    /// It stands where it may mean nothing: code, an address, the quoted title of a revert, or in lower case.
    pub weak: bool,
}

/// A key of a known project, with every place where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The key, with the project as the known list spells it.
    pub key: String,
    /// The project as the known list spells it.
    pub project: String,
    /// Places where it stands firmly.
    pub strong: BTreeSet<Place>,
    /// Places where it stands weakly only.
    pub weak: BTreeSet<Place>,
}

/// Project keys longer than this are no keys.
const MAX_PROJECT: usize = 100;

/// Every candidate in a text, in the order of the text.
#[must_use]
pub fn find(text: &str, place: Place) -> Vec<Candidate> {
    let mut weak = Weak::of(text, place);
    let mut words = Words { text, at: 0, before: None };
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        let candidate = tracker_key(text, &word, place).or_else(|| issue_ref(text, &word, place));
        if let Some(mut candidate) = candidate {
            candidate.weak |= weak.holds(word.start);
            found.push(candidate);
        }
    }
    found
}

/// Candidates of a whole commit message: its last paragraph, if it is made of trailers, counts as such.
#[must_use]
pub fn find_in_message(message: &str) -> Vec<Candidate> {
    let (text, trailers) = split_trailers(message);
    let mut found = find(text, Place::Commit);
    found.extend(find(trailers, Place::Trailer));
    found
}

/// Keeps the candidates whose project is known. `here`: the repository of the text, to which `#12` belongs.
/// Projects of trackers compare in upper case; repositories without case, as forges do.
#[must_use]
pub fn links(candidates: &[Candidate], known: &BTreeSet<String>, here: Option<&str>) -> Vec<Found> {
    let folded: BTreeMap<String, &str> =
        known.iter().map(|project| (project.to_lowercase(), project.as_str())).collect();
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    for candidate in candidates {
        let project = if candidate.project.is_empty() { here } else { Some(&*candidate.project) };
        let Some(project) = project.and_then(|name| folded.get(&name.to_lowercase())) else {
            continue;
        };
        let number = candidate.key.get(candidate.project.len()..).unwrap_or_default();
        let key = format!("{project}{number}");
        let entry = found.entry(key.clone()).or_insert_with(|| Found {
            key,
            project: (*project).to_owned(),
            strong: BTreeSet::new(),
            weak: BTreeSet::new(),
        });
        let places = if candidate.weak { &mut entry.weak } else { &mut entry.strong };
        places.insert(candidate.place);
    }
    let mut found: Vec<_> = found.into_values().collect();
    for link in &mut found {
        link.weak = &link.weak - &link.strong;
    }
    found
}

/// A run of letters, digits and `_`, of any script.
struct Word<'a> {
    start: usize,
    text: &'a str,
    /// The word before this one.
    before: Option<(usize, &'a str)>,
}

struct Words<'a> {
    text: &'a str,
    at: usize,
    before: Option<(usize, &'a str)>,
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<Word<'a>> {
        let rest = self.text.get(self.at..)?;
        let start = self.at + rest.find(is_word)?;
        let rest = self.text.get(start..)?;
        let len = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let text = rest.get(..len)?;
        self.at = start + len;
        let before = self.before.replace((start, text));
        Some(Word { start, text, before })
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `PAY-7`, seen from its number: the word before is the project, and one `-` stands between.
fn tracker_key(text: &str, number: &Word<'_>, place: Place) -> Option<Candidate> {
    let (start, project) = number.before?;
    let between = text.get(start + project.len()..number.start)?;
    if between != "-" || !is_number(number.text) || !is_project(project) {
        return None;
    }
    let after = text.get(number.start + number.text.len()..)?;
    // `CVE-2024-3094` and the version `LIB-1.2` are no keys.
    let mut next = after.chars();
    if matches!(next.next(), Some('-' | '.')) && next.next().is_some_and(|c| c.is_ascii_digit()) {
        return None;
    }
    let compound = follows_upper_case(text.get(..start)?);
    if compound && place != Place::Branch {
        return None;
    }
    let shouted = project.chars().all(|c| !c.is_ascii_lowercase());
    let project = project.to_ascii_uppercase();
    Some(Candidate {
        key: format!("{project}-{}", number.text),
        project,
        place,
        weak: compound || (!shouted && place != Place::Branch),
    })
}

/// `US-ASCII-1`: what follows `US-` is the tail of a compound. `feature-PAY-7` is not one.
fn follows_upper_case(before: &str) -> bool {
    before
        .strip_suffix('-')
        .and_then(|before| before.chars().next_back())
        .is_some_and(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

fn is_project(word: &str) -> bool {
    let mut bytes = word.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && (2..=MAX_PROJECT).contains(&word.len())
}

/// No leading zero, at most ten digits.
fn is_number(word: &str) -> bool {
    word.len() <= 10 && !word.starts_with('0') && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// `#12` or `owner/name#12`, seen from its number.
fn issue_ref(text: &str, number: &Word<'_>, place: Place) -> Option<Candidate> {
    let before = text.get(..number.start)?.strip_suffix('#')?;
    if !is_number(number.text) {
        return None;
    }
    let project = repo_before(before)?;
    let firm = matches!(place, Place::Title | Place::Branch | Place::Trailer);
    let weak = project.is_empty() && !(firm || closes(number.before.map_or("", |(_, word)| word)));
    Some(Candidate {
        key: format!("{project}#{}", number.text),
        project: project.to_owned(),
        place,
        weak,
    })
}

/// `owner/name` at the end of the text; empty if no name stands there; `None` if something else does (`a#12`).
fn repo_before(before: &str) -> Option<&str> {
    // Names are short: looking further back would let a hostile text cost more than its length.
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let len = before.bytes().rev().take(2 * MAX_PROJECT).take_while(|b| part((*b).into())).count();
    let name = before.get(before.len() - len..)?;
    if name.is_empty() {
        return before.chars().next_back().is_none_or(|c| !is_word(c) && c != '#').then_some("");
    }
    let (owner, repo) = name.split_once('/')?;
    let good = |part: &str| !part.is_empty() && !part.contains('/');
    (good(owner) && good(repo)).then_some(name)
}

/// The words with which forges close an issue.
fn closes(word: &str) -> bool {
    const WORDS: [&str; 9] =
        ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"];
    WORDS.iter().any(|closing| word.eq_ignore_ascii_case(closing))
}

/// A message and its trailers: the last paragraph, if each of its lines is `Token: value` or goes on from one.
fn split_trailers(message: &str) -> (&str, &str) {
    let message = message.trim_end();
    let (mut at, mut last) = (0, 0);
    // A line of white space parts paragraphs; messages written in a browser end their lines with CR LF.
    for line in message.split_inclusive('\n') {
        at += line.len();
        if line.trim().is_empty() {
            last = at;
        }
    }
    let Some((text, last)) = message.split_at_checked(last).filter(|(text, _)| !text.is_empty())
    else {
        return (message, "");
    };
    let trailer = |line: &str| {
        let token = line.split_once(": ").map(|(token, _)| token);
        let named = |token: &str| token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        line.starts_with([' ', '\t'])
            || token.is_some_and(|token| !token.is_empty() && named(token))
    };
    if last.lines().all(trailer) { (text, last) } else { (message, "") }
}

#[cfg(test)]
mod tests;
