//! Sentences with a little structure: what is strong, what is a machine's word, what is a link.

use super::refs::Link;

/// A piece of a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// As it stands.
    Text(String),
    /// What the eye should meet first.
    Strong(String),
    /// A machine's word: an id, a path, a state.
    Code(String),
    /// Less important.
    Quiet(String),
    /// A link.
    Link(Link),
}

/// A sentence, or several. Text from outside goes in by [`Prose::text`] and is shown as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prose(
    /// The pieces, in order.
    pub Vec<Span>,
);

impl Prose {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Our own sentences (policy, decision) mark a machine's word with backticks: `` `main` `` becomes code.
    /// A backtick without a partner stays a backtick.
    #[must_use]
    pub fn marked(text: &str) -> Self {
        let parts: Vec<&str> = text.split('`').collect();
        if parts.len().is_multiple_of(2) {
            return Self::from(text);
        }
        let spans = parts.into_iter().enumerate().filter(|(_, part)| !part.is_empty());
        Self(
            spans
                .map(
                    |(place, part)| {
                        if place % 2 == 1 {
                            Span::Code(part.into())
                        } else {
                            Span::Text(part.into())
                        }
                    },
                )
                .collect(),
        )
    }

    /// Adds plain text.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.with(Span::Text(text.into()))
    }

    /// Adds strong text.
    #[must_use]
    pub fn strong(self, text: impl Into<String>) -> Self {
        self.with(Span::Strong(text.into()))
    }

    /// Adds a machine's word.
    #[must_use]
    pub fn code(self, text: impl Into<String>) -> Self {
        self.with(Span::Code(text.into()))
    }

    /// Adds quiet text.
    #[must_use]
    pub fn quiet(self, text: impl Into<String>) -> Self {
        self.with(Span::Quiet(text.into()))
    }

    /// Adds a link.
    #[must_use]
    pub fn link(self, text: impl Into<String>, href: impl Into<String>) -> Self {
        self.with(Span::Link(Link::new(text, href)))
    }

    /// Nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words alone, as for a title or an export.
    #[must_use]
    pub fn plain(&self) -> String {
        self.0
            .iter()
            .map(|span| match span {
                Span::Text(text) | Span::Strong(text) | Span::Code(text) | Span::Quiet(text) => {
                    text.as_str()
                }
                Span::Link(link) => link.text.as_str(),
            })
            .collect()
    }

    fn with(mut self, span: Span) -> Self {
        self.0.push(span);
        self
    }
}

impl From<&str> for Prose {
    fn from(text: &str) -> Self {
        Self::new().text(text)
    }
}

impl From<String> for Prose {
    fn from(text: String) -> Self {
        Self::new().text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backticks_mark_a_machines_word_and_a_lone_one_stays() {
        assert_eq!(
            Prose::marked("key `a.b` is denied"),
            Prose::from("key ").code("a.b").text(" is denied")
        );
        assert_eq!(Prose::marked("a ` b"), Prose::from("a ` b"));
        assert_eq!(Prose::marked("no marks").plain(), "no marks");
    }
}
