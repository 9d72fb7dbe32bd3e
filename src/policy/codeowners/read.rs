//! The lines of a CODEOWNERS file, in either dialect.

use std::collections::BTreeMap;

use super::pattern;
use super::{Dialect, Entry, Owner, Section};
use crate::policy::diagnostic::{At, Diagnostic, Severity, Span, code};

/// Bytes above which GitHub does not load the file.
const MAX_BYTES: usize = 3 << 20;

/// Lines with owners, or without, that are taken over at the most: each becomes a rule of eight nodes or more, and a
/// policy of more than 20,000 nodes is refused.
const MAX_LINES: usize = 2_500;
/// Problems that are named one by one; the others are counted.
const MAX_PROBLEMS: usize = 1_000;

/// A text with the places where its lines begin, each found once.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        Self { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    /// The whole of a line, counted from 1.
    fn at(&self, line: u64) -> At {
        let index = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
        let start = self.starts.get(index).copied().unwrap_or(self.text.len());
        let rest = self.text.get(start..).unwrap_or_default();
        let length = rest.lines().next().unwrap_or_default().len();
        At { line, column: 1, span: Span { start, end: start + length } }
    }
}

/// Something about a line.
#[derive(Debug)]
pub(super) struct Problem {
    pub line: u64,
    pub code: &'static str,
    pub severity: Severity,
    pub message: String,
    pub help: String,
}

impl Problem {
    pub(super) fn at(self, name: &str, lines: &Lines<'_>) -> Diagnostic {
        let at = lines.at(self.line);
        let mut diagnostic = Diagnostic::error(self.code, name, at, self.message).help(self.help);
        diagnostic.severity = self.severity;
        diagnostic
    }
}

/// The sections of a file, and what is wrong with it.
pub(super) fn read(
    name: &str,
    lines: &Lines<'_>,
    dialect: Dialect,
) -> (Vec<Section>, Vec<Diagnostic>) {
    let text = lines.text;
    let mut reader = Reader {
        dialect,
        sections: vec![Section::default()],
        names: BTreeMap::new(),
        taken: 0,
        now: Heading::default(),
        problems: Vec::new(),
        more: 0,
    };
    if text.len() >= MAX_BYTES {
        reader.problem(
            1,
            code::UNREADABLE,
            "the file has 3 MiB or more",
            "GitHub does not load it",
        );
    }
    for (number, line) in (1_u64..).zip(text.lines()) {
        reader.line(number, line.trim());
    }
    reader.counted();
    let mut sections = reader.sections;
    for section in &mut sections {
        settle(section);
    }
    let found = reader.problems.into_iter().map(|problem| problem.at(name, lines)).collect();
    (sections, found)
}

/// A section is optional only if all of its lines are; then it demands nothing.
fn settle(section: &mut Section) {
    let required = section.entries.iter().any(|entry| entry.count > 0);
    for entry in section.entries.iter_mut().filter(|_| required) {
        entry.count = entry.count.max(1);
    }
}

/// What the last heading said about the lines below it.
#[derive(Debug)]
struct Heading {
    section: usize,
    count: u64,
    owners: Vec<Owner>,
}

impl Default for Heading {
    fn default() -> Self {
        Self { section: 0, count: 1, owners: Vec::new() }
    }
}

struct Reader {
    dialect: Dialect,
    sections: Vec<Section>,
    /// Sections by name in small letters.
    names: BTreeMap<String, usize>,
    /// Lines taken over so far.
    taken: usize,
    now: Heading,
    problems: Vec<Problem>,
    /// Problems that are only counted.
    more: usize,
}

impl Reader {
    fn problem(&mut self, line: u64, code: &'static str, message: impl Into<String>, help: &str) {
        if self.problems.len() >= MAX_PROBLEMS {
            self.more += 1;
            return;
        }
        let (message, help) = (message.into(), help.to_owned());
        self.problems.push(Problem { line, code, severity: Severity::Error, message, help });
    }

    /// What was not named line by line.
    fn counted(&mut self) {
        let (over, more) = (self.taken.saturating_sub(MAX_LINES), self.more);
        let mut whole = |message: String, help: &str| {
            let (severity, help) = (Severity::Error, help.to_owned());
            let code = code::OWNERS_LINE;
            self.problems.push(Problem { line: 1, code, severity, message, help });
        };
        if over > 0 {
            let message = format!("{over} lines after the first {MAX_LINES} were not taken over");
            whole(message, "no policy holds so many rules: own whole folders, or split the file");
        }
        if more > 0 {
            let message = format!("{more} more things are wrong, which are not named one by one");
            whole(message, "mend those that are named first");
        }
    }

    fn line(&mut self, number: u64, line: &str) {
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        if self.dialect == Dialect::Gitlab && (line.starts_with('[') || line.starts_with("^[")) {
            return self.heading(number, line);
        }
        self.taken += 1;
        if self.taken > MAX_LINES {
            return;
        }
        let (pattern, rest) = split(line);
        match (self.dialect, pattern.strip_prefix('!')) {
            (Dialect::Gitlab, Some(pattern)) => self.exclusion(number, pattern, rest),
            _ => self.entry(number, pattern, rest),
        }
    }

    fn entry(&mut self, number: u64, pattern: &str, rest: &str) {
        let globs = match pattern::globs(pattern, self.dialect) {
            Ok(globs) => globs,
            Err((message, help)) => {
                let help = match self.dialect {
                    Dialect::Github if pattern.starts_with('[') => {
                        "sections are GitLab's: `--dialect gitlab`".to_owned()
                    }
                    _ => help,
                };
                return self.problem(number, code::OWNERS_PATTERN, message, &help);
            }
        };
        let Some(mut owners) = self.owners(number, rest) else { return };
        if owners.is_empty() && rest.is_empty() {
            owners.clone_from(&self.now.owners);
        }
        if owners.is_empty() && self.dialect == Dialect::Gitlab {
            let help = "GitLab asks nobody for these files, and so does the policy; `!` says so on purpose";
            self.problem(number, code::OWNERS_LINE, "a line that no owner stands on", help);
        }
        let count = self.now.count;
        let entry = Entry { line: number, pattern: pattern.to_owned(), globs, owners, count };
        let dialect = self.dialect;
        let Some(section) = self.sections.get_mut(self.now.section) else { return };
        let twin = section.entries.iter().find(|other| other.globs == entry.globs);
        let twin = twin.filter(|_| dialect == Dialect::Gitlab).map(|twin| twin.line);
        section.entries.push(entry);
        if let Some(twin) = twin {
            let message = format!("the same pattern stands on line {twin} of this section");
            let help = "GitLab documents that the last one counts, but keeps the place of the first: remove one";
            self.problem(number, code::OWNERS_LINE, message, help);
        }
    }

    fn exclusion(&mut self, number: u64, pattern: &str, rest: &str) {
        match pattern::globs(pattern, Dialect::Gitlab) {
            Err((message, help)) => self.problem(number, code::OWNERS_PATTERN, message, &help),
            Ok(globs) => {
                if let Some(section) = self.sections.get_mut(self.now.section) {
                    section.excluded.extend(globs);
                }
                if !rest.is_empty() && !rest.starts_with('#') {
                    let help = "an exclusion has no owners in its section";
                    self.problem(number, code::OWNERS_LINE, "owners after an exclusion", help);
                }
            }
        }
    }

    /// `^[Name][2] @default @owners`.
    fn heading(&mut self, number: u64, line: &str) {
        let optional = line.starts_with('^');
        let named =
            line.trim_start_matches('^').strip_prefix('[').and_then(|it| it.split_once(']'));
        let Some((name, rest)) = named.filter(|(name, _)| !name.trim().is_empty()) else {
            let help = "write `[Name]`; the lines below it stay in the section above";
            return self.problem(
                number,
                code::OWNERS_LINE,
                "a heading without a name or its `]`",
                help,
            );
        };
        let (count, rest) = match rest.strip_prefix('[').map(|rest| rest.split_once(']')) {
            None => (1, rest),
            Some(Some((digits, rest))) => (self.approvals(number, digits), rest),
            Some(None) => (self.approvals(number, rest), ""),
        };
        let owners = self.owners(number, rest.trim()).unwrap_or_default();
        let lower = name.trim().to_lowercase();
        let next = self.sections.len();
        let section = *self.names.entry(lower).or_insert(next);
        if section == next {
            let name = name.trim().to_owned();
            self.sections.push(Section { name, ..Section::default() });
        }
        self.now = Heading { section, count: if optional { 0 } else { count }, owners };
    }

    fn approvals(&mut self, number: u64, digits: &str) -> u64 {
        if let Ok(count @ 1..=100) = digits.parse() {
            return count;
        }
        let message = format!("`[{digits}]` is no number of approvals from 1 to 100");
        self.problem(number, code::OWNERS_LINE, message, "read as 1");
        1
    }

    /// The owners after a pattern or heading; `None`: GitHub would skip the line, and so does this.
    fn owners(&mut self, number: u64, rest: &str) -> Option<Vec<Owner>> {
        let mut owners = Vec::new();
        let mut comment = false;
        for word in rest.split_whitespace() {
            comment |= word.starts_with('#');
            if comment && self.dialect == Dialect::Github {
                break;
            }
            match Owner::read(word.trim_start_matches('#'), self.dialect) {
                Some(owner) => {
                    if comment {
                        let message = format!("`{}` stands in a comment", owner.text());
                        let help = "GitLab knows no comments after a pattern and counts the owners in them; so is it read here";
                        self.problem(number, code::OWNERS_LINE, message, help);
                    }
                    if !owners.contains(&owner) {
                        owners.push(owner);
                    }
                }
                None if comment => {}
                None => {
                    let message = format!("`{word}` names no owner");
                    let help = "`@name`, `@org/team` or an e-mail address";
                    self.problem(number, code::OWNERS_LINE, message, help);
                    if self.dialect == Dialect::Github {
                        return None;
                    }
                }
            }
        }
        owners.sort();
        Some(owners)
    }
}

/// The pattern, up to the first blank without a backslash, and the rest.
fn split(line: &str) -> (&str, &str) {
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        if letter.is_whitespace() && before != '\\' {
            let (pattern, rest) = line.split_at(at);
            return (pattern, rest.trim());
        }
        before = letter;
    }
    (line, "")
}
