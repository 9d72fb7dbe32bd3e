//! Comments that are more than comments: directives of tools, templates, secrets (sem 2.2.3).
//!
//! A comment begins with a mark of its format and ends with its line, so the rest of every line from its first mark
//! contains every comment there is; of a comment over several lines every line is one. Where a mark stands inside a
//! text, too much is looked at, never too little.

use crate::domain::file::Format;

use super::report::{NEW, OLD, Report};
use super::{looks_secret, template};

/// Words by which a comment speaks to a tool, lower case.
const DIRECTIVES: [&str; 13] = [
    "noqa",
    "nosec",
    "checkov:skip",
    "tfsec:",
    "yamllint",
    "eslint-disable",
    "type: ignore",
    "syntax=",
    "nolint",
    "nosemgrep",
    "trivy:ignore",
    "kics-scan",
    "gitleaks:allow",
];

/// The rest of a line from its first `#`, and what it stands at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Comment<'a> {
    text: &'a str,
    /// The text before the line's first colon, or that of the next line that is no comment.
    about: &'a str,
    at: usize,
}

/// Looks at the comments of both sides.
pub(super) fn examine(format: Format, old: &str, new: &str, report: &mut Report<'_>) {
    let (before, after) = (comments(format, old), comments(format, new));
    directives(&before, &after, report);
    for (side, comments) in [(OLD, &before), (NEW, &after)] {
        for comment in comments.iter().filter(|comment| template::is_templated(comment.text)) {
            let why = "a comment holds a template".to_owned();
            report.doubt(side, "templated", comment.at, why, None);
        }
    }
    let known: std::collections::BTreeSet<&str> =
        before.iter().map(|comment| comment.text).collect();
    for comment in after.iter().filter(|comment| !known.contains(comment.text)) {
        if looks_secret(comment.text) {
            let why = "a comment that looks like it holds a secret".to_owned();
            report.doubt(NEW, "secret", comment.at, why, None);
        }
    }
}

fn directives(old: &[Comment<'_>], new: &[Comment<'_>], report: &mut Report<'_>) {
    let pick = |comments: &[Comment<'_>]| -> Vec<(String, String, usize)> {
        let mut all: Vec<_> = comments
            .iter()
            .filter(|comment| is_directive(comment.text))
            .map(|comment| {
                (comment.text.trim().to_owned(), comment.about.trim().to_owned(), comment.at)
            })
            .collect();
        all.sort();
        all
    };
    let (before, after) = (pick(old), pick(new));
    let same =
        |a: &(String, String, usize), b: &(String, String, usize)| (&a.0, &a.1) == (&b.0, &b.1);
    let common = before.iter().zip(&after).take_while(|(a, b)| same(a, b)).count();
    let (side, found) = match (before.get(common), after.get(common)) {
        (_, Some(found)) => (NEW, found),
        (Some(found), None) => (OLD, found),
        (None, None) => return,
    };
    let why = format!(
        "a comment that speaks to a tool was added, removed or changed: `{}`",
        shown(&found.0)
    );
    report.doubt(side, "directive", found.2, why, None);
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

fn is_directive(text: &str) -> bool {
    let text: String = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    DIRECTIVES.iter().any(|word| text.contains(word)) || text.contains("type:ignore")
}

/// What begins a comment that ends with its line.
fn marks(format: Format) -> &'static [&'static str] {
    match format {
        Format::Json => &[],
        Format::JsonWithComments => &["//", "/*"],
        Format::Tfvars => &["#", "//", "/*"],
        Format::Properties => &["#", "!"],
        Format::Ini => &["#", ";"],
        Format::Yaml | Format::Toml | Format::Dotenv => &["#"],
    }
}

fn comments(format: Format, text: &str) -> Vec<Comment<'_>> {
    let mut found: Vec<Comment<'_>> = Vec::new();
    let (mut at, mut waiting, mut inside) = (0, 0, false);
    for line in text.split('\n') {
        let first = marks(format).iter().filter_map(|mark| line.find(mark)).min();
        let hash = if inside { Some(0) } else { first };
        inside = opens_block(format, line, inside);
        let content = line.get(..hash.unwrap_or(line.len())).unwrap_or(line);
        let about = content.split([':', '=']).next().unwrap_or_default();
        if !content.trim().is_empty() {
            for comment in found.iter_mut().skip(waiting) {
                comment.about = about;
            }
            waiting = found.len();
        }
        if let Some(rest) = hash.and_then(|hash| line.get(hash..)) {
            found.push(Comment { text: rest, about, at: at + content.len() });
            if !content.trim().is_empty() {
                waiting = found.len();
            }
        }
        at += line.len() + 1;
    }
    found
}

/// Whether a comment over several lines is open after a line; some `/*` that stands in a text may open one too.
fn opens_block(format: Format, line: &str, inside: bool) -> bool {
    if !marks(format).contains(&"/*") {
        return false;
    }
    match (line.rfind("/*"), line.rfind("*/")) {
        (Some(opened), Some(closed)) => opened > closed,
        (Some(_), None) => true,
        (None, Some(_)) => false,
        (None, None) => inside,
    }
}
