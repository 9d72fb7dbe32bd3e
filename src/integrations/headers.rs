//! Headers of a delivery, without any HTTP library.

/// Names in lower case, values as sent, in the order of the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

/// How often a header was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent<'a> {
    /// Not at all.
    Never,
    /// Once, with this value.
    Once(&'a str),
    /// More than once: which one another reader would believe is unknown.
    Often,
}

impl Headers {
    /// From pairs of name and value. A value that is no text must be left out by the caller, or be kept lossy.
    #[must_use]
    pub fn new<N: AsRef<str>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pair = |(name, value): (N, V)| (name.as_ref().to_ascii_lowercase(), value.into());
        Self(pairs.into_iter().map(pair).collect())
    }

    /// The header of this lower-case name.
    #[must_use]
    pub fn get(&self, name: &str) -> Sent<'_> {
        let mut values = self.0.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (None, _) => Sent::Never,
            (Some(value), None) => Sent::Once(value),
            (Some(_), Some(_)) => Sent::Often,
        }
    }

    /// The value of a header that was sent exactly once.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Sent::Once(value) => Some(value),
            Sent::Never | Sent::Often => None,
        }
    }

    /// All pairs, as they are to be kept.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_without_case_and_a_header_sent_twice_has_no_value() {
        let headers =
            Headers::new([("X-Hub-Signature", "a"), ("x-hub-signature", "b"), ("A", "1")]);
        assert_eq!(headers.get("x-hub-signature"), Sent::Often);
        assert_eq!((headers.one("x-hub-signature"), headers.one("a")), (None, Some("1")));
        assert_eq!(headers.get("b"), Sent::Never);
    }
}
