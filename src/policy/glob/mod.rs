//! Path globs: `*` and `?` stay inside a segment, `**` crosses; the whole path, case-sensitive (sem 2.1).
//!
//! Our own, because a glob comes from whoever proposes a policy: no expression is compiled, nothing is backtracked but
//! the last star and the last `**`, and what braces amount to is bounded before it is written out.

mod matching;
#[cfg(test)]
mod tests;
mod written_out;

use self::matching::Alternatives;
use crate::domain::RepoPath;

/// A glob that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob {
    text: String,
    alternatives: Alternatives,
    /// The same as file systems read them that ignore case; none where it is the same.
    folded: Option<Alternatives>,
}

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
        let alternatives =
            written_out::alternatives(text).map_err(|why| format!("`{text}` is no glob: {why}"))?;
        let folded =
            (!is_plain(text)).then(|| Alternatives::new(written_out::folded(&alternatives)));
        let alternatives = Alternatives::new(alternatives);
        Ok(Self { text: text.to_owned(), alternatives, folded })
    }

    /// Whether it has no letter that could be spelled otherwise: of a path that is plain too it has no twin.
    pub(crate) fn is_plain(&self) -> bool {
        is_plain(&self.text)
    }

    /// Whether a path matches that differs only in letter case and in how Unicode spells it; the path comes folded, in
    /// small letters. For twins of protected paths (sem 2.1), never to allow.
    #[must_use]
    pub(crate) fn matches_folded(&self, path: &str) -> bool {
        self.folded.as_ref().unwrap_or(&self.alternatives).match_any(path)
    }

    /// Whether the whole path matches. A path that is no UTF-8 matches nothing here; such files are significant anyway (sem 2.1).
    #[must_use]
    pub fn matches(&self, path: &RepoPath) -> bool {
        self.alternatives.may_match(path.as_bytes())
            && path.as_str().is_some_and(|text| self.matches_text(text))
    }

    /// The same for names of branches and repositories.
    #[must_use]
    pub fn matches_text(&self, text: &str) -> bool {
        self.alternatives.match_any(text)
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
}
