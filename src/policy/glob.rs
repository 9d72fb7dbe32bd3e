//! Path globs: `*` and `?` stay inside a segment, `**` crosses; the whole path, case-sensitive, linear time.

use globset::{GlobBuilder, GlobMatcher};
use unicode_normalization::UnicodeNormalization as _;

use crate::domain::RepoPath;

/// A compiled glob.
#[derive(Debug, Clone)]
pub struct Glob {
    text: String,
    matcher: GlobMatcher,
    folded: GlobMatcher,
}

impl PartialEq for Glob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Glob {}

impl Glob {
    /// Characters above which a glob is refused.
    const MAX_LENGTH: usize = 1024;

    /// Reads a glob; the error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a glob must not be empty".to_owned());
        }
        if text.chars().count() > Self::MAX_LENGTH {
            return Err(format!("a glob may have {} characters at most", Self::MAX_LENGTH));
        }
        if text.contains("[!") || text.contains("[^") {
            return Err(format!(
                "`{text}`: negated classes are refused, because they would match `/`; list what is meant"
            ));
        }
        let compile = |text: &str, any_case| {
            GlobBuilder::new(text)
                .literal_separator(true)
                .case_insensitive(any_case)
                .build()
                .map(|glob| glob.compile_matcher())
                .map_err(|error| format!("`{text}` is no glob: {}", error.kind()))
        };
        // Compatible characters may be signs of a glob once they are folded; such a text is taken as it is.
        let normal: String = text.nfkc().collect();
        let folded = compile(&normal, true).or_else(|_| compile(text, true))?;
        Ok(Self { text: text.to_owned(), matcher: compile(text, false)?, folded })
    }

    /// Whether it has no letter that could be spelled otherwise: of a path that is plain too it has no twin.
    pub(crate) fn is_plain(&self) -> bool {
        self.text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    }

    /// Whether a path matches that differs only in letter case and in how Unicode spells it (the path in its form NFKC):
    /// for twins of protected paths (sem 2.1), never to allow.
    #[must_use]
    pub(crate) fn matches_folded(&self, path: &str) -> bool {
        self.folded.is_match(path)
    }

    /// Whether the whole path matches. A path that is no UTF-8 matches nothing here; such files are significant anyway (sem 2.1).
    #[must_use]
    pub fn matches(&self, path: &RepoPath) -> bool {
        path.as_str().is_some_and(|text| self.matches_text(text))
    }

    /// The same for names of branches and repositories.
    #[must_use]
    pub fn matches_text(&self, text: &str) -> bool {
        self.matcher.is_match(text)
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_inside_its_segment() {
        let matches =
            |glob: &str, path: &str| Glob::parse(glob).expect("a glob").matches(&path.into());
        assert!(!matches("docs/*", "docs/a/b.md"));
        assert!(matches("docs/**/*.md", "docs/b.md"));
        assert!(matches("docs/**/*.md", "docs/a/b.md"));
        assert!(matches("**/x", "x"));
        assert!(!matches("a?b", "a/b"));
        assert!(!matches("src/**", "SRC/a"));
        assert!(Glob::parse("[!a]b").is_err());
        assert!(Glob::parse("").is_err());
    }
}
