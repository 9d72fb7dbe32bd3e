//! What is wrong with a file, and where: one value that the terminal, the API and the pages print.

use std::fmt;

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is read; somebody should look at this.
    Warning,
}

/// Bytes of a source, half open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// A place in a source: line and column for people, bytes for excerpts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct At {
    /// From 1.
    pub line: u64,
    /// From 1, in characters.
    pub column: u64,
    /// The bytes.
    pub span: Span,
}

impl At {
    /// The beginning: for what is wrong with a file as a whole.
    pub const START: Self = Self { line: 1, column: 1, span: Span { start: 0, end: 0 } };

    /// The place of a byte range in a source.
    #[must_use]
    pub fn of(source: &str, range: std::ops::Range<usize>) -> Self {
        let before = source.get(..range.start).unwrap_or(source);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count();
        Self {
            line: before.matches('\n').count() as u64 + 1,
            column: column as u64 + 1,
            span: Span { start: range.start, end: range.end },
        }
    }
}

/// The codes, stable: scripts and searches rely on them. `docs/policy.md` has a table of them.
pub mod code {
    /// The bytes are no text, too many, or no regular file.
    pub const UNREADABLE: &str = "CS0101";
    /// Not the grammar of YAML or TOML.
    pub const SYNTAX: &str = "CS0102";
    /// Grammar that is refused on purpose: aliases, tags, merge keys, several documents, too deep, too many nodes.
    pub const REFUSED: &str = "CS0103";
    /// Nothing in it.
    pub const EMPTY_FILE: &str = "CS0104";
    /// A key that is not known here.
    pub const UNKNOWN_KEY: &str = "CS0110";
    /// A key that stands here already.
    pub const DUPLICATE_KEY: &str = "CS0111";
    /// A key that must be there.
    pub const MISSING_KEY: &str = "CS0112";
    /// Another type than the key has.
    pub const WRONG_TYPE: &str = "CS0113";
    /// An empty list, map or text.
    pub const EMPTY: &str = "CS0114";
    /// A word that is none of those known here.
    pub const UNKNOWN_WORD: &str = "CS0115";
    /// No glob.
    pub const BAD_GLOB: &str = "CS0116";
    /// No regular expression that can be used.
    pub const BAD_REGEX: &str = "CS0117";
    /// No pattern over keys.
    pub const BAD_KEY: &str = "CS0118";
    /// No duration.
    pub const BAD_DURATION: &str = "CS0119";
    /// No date or time.
    pub const BAD_TIME: &str = "CS0120";
    /// A number out of its range.
    pub const OUT_OF_RANGE: &str = "CS0121";
    /// Two values that cannot both be meant.
    pub const CONTRADICTION: &str = "CS0122";
    /// A name that refers to nothing.
    pub const UNKNOWN_NAME: &str = "CS0123";
    /// A version of the language that this program does not know.
    pub const UNKNOWN_VERSION: &str = "CS0124";
    /// Text of another form than the key has.
    pub const BAD_TEXT: &str = "CS0125";
    /// A glob that takes in every file.
    pub const TOO_WIDE: &str = "CS0126";
    /// Requirements or conditions inside each other, too deep.
    pub const TOO_DEEP: &str = "CS0127";
    /// A condition that somebody could make go away, and its requirement with it.
    pub const EVADABLE: &str = "CS0128";
    /// An allow entry without any constraint on the value (a warning).
    pub const ANY_VALUE: &str = "CS0130";
    /// A line of a CODEOWNERS file that does not say what somebody meant by it.
    pub const OWNERS_LINE: &str = "CS0140";
    /// A pattern of a CODEOWNERS file that its dialect does not have, or that no glob says exactly.
    pub const OWNERS_PATTERN: &str = "CS0141";
    /// An owner of a CODEOWNERS file whom nobody here can tell.
    pub const OWNERS_UNKNOWN: &str = "CS0142";
}

/// One thing that is wrong, with its place and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// A stable code, such as `CS0110`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// The sentence.
    pub message: String,
    /// The file, as it was named to the reader.
    pub file: String,
    /// The path of the field: `trivial.config[0].allow[1].regex`; empty for the file as a whole.
    pub field: String,
    /// Line from 1; 0 where the value does not stand in a file (an environment variable).
    pub line: u64,
    /// Column from 1, in characters; 0 as above.
    pub column: u64,
    /// The bytes.
    pub span: Span,
    /// What to do; empty where the sentence says it all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub help: String,
}

impl Diagnostic {
    /// An error at a place.
    #[must_use]
    pub fn error(code: &'static str, file: &str, at: At, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            file: file.to_owned(),
            field: String::new(),
            line: at.line,
            column: at.column,
            span: at.span,
            help: String::new(),
        }
    }

    /// The same with the path of its field.
    #[must_use]
    pub fn field(self, field: impl Into<String>) -> Self {
        Self { field: field.into(), ..self }
    }

    /// The same with what to do.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: help.into(), ..self }
    }

    /// Whether the file is refused for it.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// In the manner of rustc: the sentence, the excerpt with carets, the help. `source` is the text that was read; no colours.
    #[must_use]
    pub fn render(&self, source: &str) -> String {
        self.render_with(source, &Renderer::plain())
    }

    /// The same with colours, for a terminal.
    #[must_use]
    pub fn render_styled(&self, source: &str) -> String {
        self.render_with(source, &Renderer::styled())
    }

    fn render_with(&self, source: &str, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let message = annotate_snippets::normalize_untrusted_str(&self.message);
        let mut group = Group::with_title(level.primary_title(message).id(self.code));
        if self.line > 0 {
            let source = source.strip_prefix('\u{feff}').unwrap_or(source);
            let end = floor(source, self.span.end);
            let start = floor(source, self.span.start).min(end);
            let annotation = AnnotationKind::Primary.span(start..end);
            group =
                group.element(Snippet::source(source).path(self.file.as_str()).annotation(
                    annotation.label((!self.field.is_empty()).then_some(&*self.field)),
                ));
        }
        if self.line == 0 {
            group = group.element(Origin::path(self.file.as_str()));
        }
        if !self.help.is_empty() {
            let help = annotate_snippets::normalize_untrusted_str(&self.help);
            group = group.element(Level::HELP.message(help));
        }
        renderer.render(&[group])
    }
}

/// The greatest boundary of a character that is not after `at`.
fn floor(source: &str, at: usize) -> usize {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// One line: `.countersign.yml:3:1: unknown key `aproval` (CS0110); did you mean `approval`?`
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {} ({})", self.message, self.code)?;
        if self.help.is_empty() { Ok(()) } else { write!(f, "; {}", self.help) }
    }
}

/// Every diagnostic rendered in the manner of rustc, an empty line between them.
#[must_use]
pub fn render_all(diagnostics: &[Diagnostic], source: &str) -> String {
    let parts: Vec<_> = diagnostics.iter().map(|one| one.render(source)).collect();
    parts.join("\n\n")
}

/// The nearest of the known words, if it is near enough to be a slip (at most a third of its letters, at least one).
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let folded = word.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|candidate| {
            (strsim::damerau_levenshtein(&folded, &candidate.to_lowercase()), candidate)
        })
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?" where something is near, else what is known.
#[must_use]
pub fn suggestion(word: &str, known: &[&str]) -> String {
    let listed = || known.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", ");
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => String::new(),
        None => format!("known here: {}", listed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_word_and_noise_finds_none() {
        let known = ["approval", "trivial", "default"];
        assert_eq!(nearest("aproval", known), Some("approval"));
        assert_eq!(nearest("Trivial", known), Some("trivial"));
        assert_eq!(nearest("zzz", known), None);
    }

    #[test]
    fn places_count_characters_not_bytes() {
        let at = At::of("ä: 1\nöö: x", 12..13);
        assert_eq!((at.line, at.column, at.span), (2, 5, Span { start: 12, end: 13 }));
    }

    #[test]
    fn a_span_inside_a_character_or_past_the_end_does_not_panic() {
        let at = At { line: 1, column: 1, span: Span { start: 1, end: 99 } };
        let text = Diagnostic::error(code::SYNTAX, "f", at, "no").render("ä");
        assert!(text.contains("error[CS0102]: no"), "{text}");
    }
}
