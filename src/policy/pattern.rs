//! Regular expressions in a policy: whole value, linear time, bounded size.

use regex::{Regex, RegexBuilder};

/// A compiled expression that must match a whole value.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Pattern {
    /// Compiled size in bytes above which an expression is refused.
    const SIZE_LIMIT: usize = 1 << 20;

    /// Reads an expression; the error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bounded = |text: &str| {
            RegexBuilder::new(text).size_limit(Self::SIZE_LIMIT).nest_limit(50).build()
        };
        // Alone first: `a)|(b` would close the group that makes the whole value count.
        bounded(text)
            .and_then(|_| bounded(&format!("^(?:{text})$")))
            .map(|regex| Self { text: text.to_owned(), regex })
            .map_err(|error| format!("`{text}` is no regular expression that can be used: {error}"))
    }

    /// Whether the whole value matches.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        self.regex.is_match(value)
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
    fn only_the_whole_value_counts_and_no_expression_escapes_that() {
        let pattern = Pattern::parse(r"v\d+|latest").expect("a pattern");
        assert!(pattern.matches("v12") && pattern.matches("latest"));
        assert!(!pattern.matches("xv12") && !pattern.matches("v12x") && !pattern.matches("v12\n"));
        assert!(Pattern::parse("a)|(b").is_err());
        assert!(Pattern::parse(&"(a{1000}){1000}".repeat(3)).is_err());
    }
}
