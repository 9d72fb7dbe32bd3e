//! Patterns over key paths, matched on segments: `a.b[*].c`, `**.image.tag`, `"quoted.key"` (sem 2.2.4).

use std::fmt;

use crate::domain::Segment;

/// A pattern over key paths.
///
/// Segments are separated by `.`; `[3]` is a position, `[*]` any position, `*` any one segment, `**` any number of
/// segments, also none. A key with other characters than letters, digits and `_-/:@$+~#%` is quoted, with `\"` and `\\`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Key(String),
    Index(u64),
    AnyIndex,
    AnyOne,
    AnyNumber,
}

impl Part {
    fn takes(&self, segment: &Segment) -> bool {
        match (self, segment) {
            (Self::Key(key), Segment::Key(other)) => key == other,
            (Self::Index(index), Segment::Index(other)) => index == other,
            (Self::AnyIndex, Segment::Index(_)) | (Self::AnyOne | Self::AnyNumber, _) => true,
            _ => false,
        }
    }
}

impl KeyPattern {
    /// Characters above which a pattern is refused.
    const MAX_LENGTH: usize = 1024;
    /// Segments above which a pattern is refused.
    const MAX_PARTS: usize = 64;

    /// Reads a pattern; the error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("a key pattern must not be empty".to_owned());
        }
        if text.chars().count() > Self::MAX_LENGTH {
            return Err(format!("a key pattern may have {} characters at most", Self::MAX_LENGTH));
        }
        let parts = Reader { text, rest: text }.parts()?;
        if parts.len() > Self::MAX_PARTS {
            return Err(format!(
                "`{text}`: a key pattern may have {} segments at most",
                Self::MAX_PARTS
            ));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// Whether the whole path matches; documents of a stream are passed over.
    #[must_use]
    pub fn matches(&self, path: &[Segment]) -> bool {
        self.walk(path).last().copied().unwrap_or(false)
    }

    /// Whether the path or some path above it matches: a denied map denies everything in it.
    #[must_use]
    pub fn covers(&self, path: &[Segment]) -> bool {
        self.walk(path).into_iter().any(|matched| matched)
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// For every beginning of the path, the empty one first, whether the pattern matches it. Takes parts times
    /// segments steps: a set of states is moved along the path.
    fn walk(&self, path: &[Segment]) -> Vec<bool> {
        let mut reached = vec![false; self.parts.len() + 1];
        if let Some(first) = reached.first_mut() {
            *first = true;
        }
        self.pass_empty(&mut reached);
        let ends = |reached: &[bool]| reached.last().copied().unwrap_or(false);
        let mut matched = vec![ends(&reached)];
        for segment in path.iter().filter(|segment| !matches!(segment, Segment::Document(_))) {
            let mut next = vec![false; reached.len()];
            for (index, part) in self.parts.iter().enumerate() {
                if reached.get(index) == Some(&true) && part.takes(segment) {
                    let target = if *part == Part::AnyNumber { index } else { index + 1 };
                    if let Some(state) = next.get_mut(target) {
                        *state = true;
                    }
                }
            }
            self.pass_empty(&mut next);
            reached = next;
            matched.push(ends(&reached));
        }
        matched
    }

    /// `**` may stand for nothing.
    fn pass_empty(&self, reached: &mut [bool]) {
        for (index, part) in self.parts.iter().enumerate() {
            if *part == Part::AnyNumber
                && reached.get(index) == Some(&true)
                && let Some(next) = reached.get_mut(index + 1)
            {
                *next = true;
            }
        }
    }
}

impl fmt::Display for KeyPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl Reader<'_> {
    fn parts(mut self) -> Result<Vec<Part>, String> {
        let mut parts = Vec::new();
        loop {
            if !self.rest.starts_with('[') {
                parts.push(self.segment()?);
            } else if !parts.is_empty() {
                return Err(
                    self.error("a `[` follows a key without a dot between: `a[0]`, not `a.[0]`")
                );
            }
            while let Some(rest) = self.rest.strip_prefix('[') {
                self.rest = rest;
                parts.push(self.position()?);
            }
            if self.rest.is_empty() {
                return Ok(parts);
            }
            let Some(rest) = self.rest.strip_prefix('.') else {
                return Err(self.error("a `.` or `[` is expected here"));
            };
            self.rest = rest;
        }
    }

    fn segment(&mut self) -> Result<Part, String> {
        if let Some(rest) = self.rest.strip_prefix('"') {
            self.rest = rest;
            return self.quoted();
        }
        let end = self.rest.find(['.', '[']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        let part = match word {
            "" => return Err(self.error("a key is missing here")),
            "*" => Part::AnyOne,
            "**" => Part::AnyNumber,
            _ if word.contains('*') => {
                return Err(self.error(
                    "a star stands for whole segments only: `*`, `**`; quote a key that has a star",
                ));
            }
            _ if !word.chars().all(is_bare) => {
                return Err(self.error("quote a key with such characters: `\"my key\"`"));
            }
            _ => Part::Key(word.to_owned()),
        };
        self.rest = rest;
        Ok(part)
    }

    fn quoted(&mut self) -> Result<Part, String> {
        let mut key = String::new();
        let mut characters = self.rest.char_indices();
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    self.rest = self.rest.get(at + 1..).unwrap_or_default();
                    return Ok(Part::Key(key));
                }
                '\\' => match characters.next() {
                    Some((_, c @ ('"' | '\\'))) => key.push(c),
                    _ => return Err(self.error("only `\\\"` and `\\\\` may be escaped")),
                },
                c => key.push(c),
            }
        }
        Err(self.error("the quote is not closed"))
    }

    fn position(&mut self) -> Result<Part, String> {
        let Some((inside, rest)) = self.rest.split_once(']') else {
            return Err(self.error("the bracket is not closed"));
        };
        let part = match inside {
            "*" => Part::AnyIndex,
            _ if !inside.is_empty() && inside.bytes().all(|b| b.is_ascii_digit()) => {
                Part::Index(inside.parse().map_err(|_| self.error("the position is too large"))?)
            }
            _ => return Err(self.error("in brackets stands a position or a star: `[0]`, `[*]`")),
        };
        self.rest = rest;
        Ok(part)
    }

    fn error(&self, what: &str) -> String {
        let column = self.text.chars().count() - self.rest.chars().count() + 1;
        format!("`{}` is no key pattern: character {column}: {what}", self.text)
    }
}

fn is_bare(c: char) -> bool {
    c.is_alphanumeric() || "_-/:@$+~#%".contains(c)
}

/// A key path as people read it and as a pattern is written: keys are quoted where they have to be; a document of a
/// stream comes first, with a colon: `apps/v1 Deployment prod/web: spec.replicas`. The path of the root is `(all)`.
#[must_use]
pub fn display_path(path: &[Segment]) -> String {
    let (mut prefix, mut text) = (String::new(), String::new());
    for segment in path {
        let piece = match segment {
            Segment::Document(name) if name.bytes().all(|b| b.is_ascii_digit()) => {
                prefix = format!("document {name}: ");
                continue;
            }
            Segment::Document(name) => {
                prefix = format!("{name}: ");
                continue;
            }
            Segment::Index(index) => format!("[{index}]"),
            Segment::Key(key) if text.is_empty() => quoted(key),
            Segment::Key(key) => format!(".{}", quoted(key)),
        };
        text.push_str(&piece);
    }
    if text.is_empty() {
        text.push_str("(all)");
    }
    prefix + &text
}

fn quoted(key: &str) -> String {
    if !key.is_empty() && key.chars().all(is_bare) {
        return key.to_owned();
    }
    format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(text: &str) -> Segment {
        Segment::Key(text.to_owned())
    }

    fn matches(pattern: &str, path: &[Segment]) -> bool {
        KeyPattern::parse(pattern).expect("a pattern").matches(path)
    }

    #[test]
    fn segments_match_segments() {
        let path = [key("a"), key("b"), Segment::Index(2), key("c")];
        for pattern in [
            "a.b[2].c",
            "a.b[*].c",
            "a.*[*].*",
            "**",
            "**.c",
            "a.**",
            "a.**.c",
            "**.b.**",
            "*.*.*.*",
            "\"a\".b[2].c",
        ] {
            assert!(matches(pattern, &path), "{pattern}");
        }
        for pattern in ["a.b.c", "a.b[1].c", "a", "b.**", "*.*.*", "A.b[2].c", "a.b[2].c.d"] {
            assert!(!matches(pattern, &path), "{pattern}");
        }
    }

    #[test]
    fn a_key_with_a_dot_cannot_forge_a_path() {
        assert!(!matches("image.tag", &[key("image.tag")]));
        assert!(matches("\"image.tag\"", &[key("image.tag")]));
        assert_eq!(
            display_path(&[key("image.tag"), key("a b"), Segment::Index(0)]),
            "\"image.tag\".\"a b\"[0]"
        );
    }

    #[test]
    fn documents_of_a_stream_are_passed_over_and_shown_first() {
        let path = [
            Segment::Document("apps/v1 Deployment prod/web".to_owned()),
            key("spec"),
            key("replicas"),
        ];
        assert!(matches("spec.replicas", &path));
        assert_eq!(display_path(&path), "apps/v1 Deployment prod/web: spec.replicas");
    }

    #[test]
    fn a_denied_map_covers_everything_in_it() {
        let pattern = KeyPattern::parse("**.securityContext").expect("a pattern");
        let path = [key("pod"), key("securityContext"), key("runAsUser")];
        assert!(pattern.covers(&path) && !pattern.matches(&path));
        assert!(!pattern.covers(&[key("pod"), key("image")]));
    }

    #[test]
    fn a_broken_pattern_says_where() {
        for (text, at) in [
            ("a..b", "character 3"),
            (".a", "character 1"),
            ("a.", "character 3"),
            ("a[x]", "character 3"),
            ("a[0", "character 3"),
            ("a*", "character 1"),
            ("a b", "character 1"),
            ("\"a", "character 2"),
            ("a.[0]", "character 3"),
            ("a[0]b", "character 5"),
            ("\"a\"b", "character 4"),
            ("***", "character 1"),
        ] {
            let error = KeyPattern::parse(text).expect_err(text);
            assert!(error.contains(at), "{error}");
        }
        assert!(KeyPattern::parse("").is_err());
        assert!(KeyPattern::parse(&"a.".repeat(600)).is_err());
    }

    #[test]
    fn many_stars_take_bounded_time() {
        let path = vec![key("a"); 64];
        assert!(!matches(&format!("{}b", "**.".repeat(60)), &path));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_shown_path_is_a_pattern_that_matches_it(keys in proptest::collection::vec(any::<String>(), 1..5)) {
            let path: Vec<Segment> = keys.into_iter().map(Segment::Key).collect();
            let text = display_path(&path);
            prop_assume!(text.chars().count() <= 1024);
            prop_assert!(KeyPattern::parse(&text).map_err(TestCaseError::fail)?.matches(&path));
        }

        #[test]
        fn any_text_is_a_pattern_or_an_error(text in any::<String>()) {
            let _ = KeyPattern::parse(&text);
        }
    }
}
