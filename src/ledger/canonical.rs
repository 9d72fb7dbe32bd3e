//! One pass over an entry's bytes that says whether they are canonical (RFC 8785 under the house rules of
//! sem 10): no white space, keys sorted by UTF-16 units and unique, least escapes, whole numbers only.
//!
//! Nothing is built or written again: verifying a ledger costs little more than hashing it. A property
//! test holds this against an independent writer of RFC 8785.

use std::cmp::Ordering;

/// An entry's most bytes: entry bundles carry the length as an unsigned 16-bit number (sem 10).
pub const MAX_BYTES: usize = 65_535;

/// Objects and arrays in one another. A decision's tree needs about a dozen.
pub const MAX_DEPTH: usize = 64;

/// The largest whole number that every reader of JSON keeps exactly, 2^53 − 1.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// Why bytes are not a canonical JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct NotCanonical {
    /// The offset of the first byte that is wrong, from 0.
    pub at: usize,
    /// What is wrong there.
    pub what: What,
}

/// What is wrong with bytes that should be canonical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum What {
    /// More than [`MAX_BYTES`].
    #[error("more than 65,535 bytes")]
    TooLong,
    /// More than [`MAX_DEPTH`] levels.
    #[error("more than 64 levels")]
    TooDeep,
    /// Not UTF-8.
    #[error("invalid UTF-8")]
    Utf8,
    /// Another character than JSON allows here, white space among them; or the end.
    #[error("unexpected character or end")]
    Unexpected,
    /// The entry is not an object.
    #[error("no object")]
    NotObject,
    /// A key that does not sort after the one before it.
    #[error("key out of order")]
    KeyOrder,
    /// A key that is there twice.
    #[error("duplicate key")]
    DuplicateKey,
    /// A character escaped that need not be, in another way than RFC 8785 says, or not escaped.
    #[error("non-canonical escape")]
    Escape,
    /// A fraction, an exponent, a leading zero or a negative zero.
    #[error("number that is not a canonical whole number")]
    Number,
    /// A whole number beyond ±(2^53 − 1).
    #[error("number beyond ±(2^53 − 1)")]
    Range,
}

/// Checks that the bytes are one canonical JSON object, and hands its own keys (as written, without
/// quotes) with their values' bytes to `field`.
pub fn check<'a>(
    bytes: &'a [u8],
    mut field: impl FnMut(&'a [u8], &'a [u8]),
) -> Result<(), NotCanonical> {
    if bytes.len() > MAX_BYTES {
        return Err(NotCanonical { at: MAX_BYTES, what: What::TooLong });
    }
    let mut scan = Scan { bytes, depth: 0, wrong: None };
    let end = match bytes.first() {
        Some(b'{') => scan.object(0, &mut field),
        _ => scan.fail(0, What::NotObject),
    };
    if let Some(end) = end.filter(|end| *end < bytes.len()) {
        scan.fail::<()>(end, What::Unexpected);
    }
    scan.wrong.map_or(Ok(()), Err)
}

/// Each step takes the place where it starts and gives the one where it ends, so that it stays in a
/// register; `None` once something is wrong, which is kept aside. (Errors handed up through every level
/// made the whole a third slower.)
struct Scan<'a> {
    bytes: &'a [u8],
    depth: usize,
    wrong: Option<NotCanonical>,
}

/// A key as written, without its quotes.
#[derive(Clone, Copy)]
struct Key<'a> {
    raw: &'a [u8],
    escapes: usize,
}

impl<'a> Scan<'a> {
    #[cold]
    fn fail<T>(&mut self, at: usize, what: What) -> Option<T> {
        self.wrong = self.wrong.or(Some(NotCanonical { at, what }));
        None
    }

    #[inline]
    fn peek(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    #[inline]
    fn rest(&self, at: usize) -> &'a [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    #[inline]
    fn between(&self, start: usize, end: usize) -> &'a [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    #[inline]
    fn eat(&mut self, at: usize, byte: u8) -> Option<usize> {
        if self.peek(at) == Some(byte) { Some(at + 1) } else { self.fail(at, What::Unexpected) }
    }

    fn value(&mut self, at: usize) -> Option<usize> {
        match self.peek(at) {
            Some(b'"') => self.string(at).map(|(end, _)| end),
            Some(b'{') => self.object(at, &mut |_: &[u8], _: &[u8]| ()),
            Some(b'[') => self.array(at),
            Some(b't') => self.word(at, b"true"),
            Some(b'f') => self.word(at, b"false"),
            Some(b'n') => self.word(at, b"null"),
            Some(b'-' | b'0'..=b'9') => self.number(at),
            _ => self.fail(at, What::Unexpected),
        }
    }

    fn word(&mut self, at: usize, word: &[u8]) -> Option<usize> {
        if self.rest(at).starts_with(word) {
            Some(at + word.len())
        } else {
            self.fail(at, What::Unexpected)
        }
    }

    fn descend(&mut self, at: usize) -> Option<usize> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { self.fail(at, What::TooDeep) } else { Some(at + 1) }
    }

    fn object<F>(&mut self, at: usize, field: &mut F) -> Option<usize>
    where
        F: FnMut(&'a [u8], &'a [u8]),
    {
        let mut at = self.descend(at)?;
        let mut before: Option<Key<'a>> = None;
        while self.peek(at) != Some(b'}') {
            if before.is_some() {
                at = self.eat(at, b',')?;
            }
            let (end, escapes) = self.string(at)?;
            let key = Key { raw: self.between(at + 1, end - 1), escapes };
            match before.map_or(Ordering::Less, |before| before.order(key)) {
                Ordering::Less => before = Some(key),
                Ordering::Equal => return self.fail(at, What::DuplicateKey),
                Ordering::Greater => return self.fail(at, What::KeyOrder),
            }
            let start = self.eat(end, b':')?;
            at = self.value(start)?;
            field(key.raw, self.between(start, at));
        }
        self.depth -= 1;
        Some(at + 1)
    }

    fn array(&mut self, at: usize) -> Option<usize> {
        let start = self.descend(at)?;
        let mut at = start;
        while self.peek(at) != Some(b']') {
            if at > start {
                at = self.eat(at, b',')?;
            }
            at = self.value(at)?;
        }
        self.depth -= 1;
        Some(at + 1)
    }

    fn number(&mut self, start: usize) -> Option<usize> {
        let digits = start + usize::from(self.peek(start) == Some(b'-'));
        let (mut at, mut value) = (digits, 0_i64);
        while let Some(digit @ b'0'..=b'9') = self.peek(at) {
            value = value.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
            at += 1;
        }
        let zero_first = self.peek(digits) == Some(b'0') && (at > digits + 1 || digits > start);
        let more = matches!(self.peek(at), Some(b'.' | b'e' | b'E' | b'+' | b'-'));
        if at == digits || zero_first || more {
            return self.fail(start, What::Number);
        }
        if value > MAX_INTEGER { self.fail(start, What::Range) } else { Some(at) }
    }

    /// Gives the place after the closing quote, and how many escapes there were.
    #[inline]
    fn string(&mut self, open: usize) -> Option<(usize, usize)> {
        let start = self.eat(open, b'"')?;
        let mut at = self.skip_plain(start);
        if self.peek(at) == Some(b'"') {
            return Some((at + 1, 0));
        }
        let mut escapes = 0;
        loop {
            match self.peek(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escapes += 1;
                    at = self.escape(at)?;
                }
                Some(0x80..) => {
                    at += self.rest(at).iter().take_while(|byte| !byte.is_ascii()).count();
                }
                Some(_) => return self.fail(at, What::Escape),
                None => return self.fail(at, What::Unexpected),
            }
            at = self.skip_plain(at);
        }
        // Outside of strings all is ASCII or refused, so no other place needs this.
        match std::str::from_utf8(self.between(start, at)) {
            Ok(_) => Some((at + 1, escapes)),
            Err(error) => self.fail(start + error.valid_up_to(), What::Utf8),
        }
    }

    /// The next byte that is not plain, looked for eight bytes at a time.
    #[inline]
    fn skip_plain(&self, mut at: usize) -> usize {
        let mut rest = self.rest(at);
        while let Some((chunk, after)) = rest.split_first_chunk::<8>() {
            let marks = marks(u64::from_le_bytes(*chunk));
            if marks != 0 {
                return at + (marks.trailing_zeros() / 8) as usize;
            }
            at += 8;
            rest = after;
        }
        at + rest.iter().take_while(|byte| is_plain(**byte)).count()
    }

    /// `\" \\ \b \t \n \f \r`, and `\u00xx` in lower case for the other control characters.
    fn escape(&mut self, at: usize) -> Option<usize> {
        match self.rest(at + 1) {
            [b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r', ..] => Some(at + 2),
            [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
            | [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => Some(at + 6),
            _ => self.fail(at, What::Escape),
        }
    }
}

/// Whether a byte stands for itself in a string: ASCII, but no quote, backslash or control character.
#[inline]
fn is_plain(byte: u8) -> bool {
    matches!(byte, 0x20..0x80) && byte != b'"' && byte != b'\\'
}

/// Marks the top bit of each byte that is not plain. Only the lowest mark counts: a subtraction that
/// borrows from the next byte may mark that one, too, but it borrows only where a byte is not plain.
#[inline]
fn marks(word: u64) -> u64 {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    let below_space = word.wrapping_sub(EACH * 0x20);
    let quote = (word ^ (EACH * 0x22)).wrapping_sub(EACH);
    let backslash = (word ^ (EACH * 0x5c)).wrapping_sub(EACH);
    (word | below_space | quote | backslash) & (EACH * 0x80)
}

impl Key<'_> {
    /// The order of RFC 8785: by UTF-16 code units of the text that is meant.
    fn order(self, other: Self) -> Ordering {
        if self.escapes + other.escapes > 0 {
            return self.units().cmp(&other.units());
        }
        let differing = self.raw.iter().zip(other.raw).find(|(one, two)| one != two);
        differing.map_or(self.raw.len().cmp(&other.raw.len()), |(one, two)| {
            utf16_rank(*one).cmp(&utf16_rank(*two))
        })
    }

    /// The UTF-16 code units of the text; escapes have been checked.
    fn units(self) -> Vec<u16> {
        let quoted = [b"\"", self.raw, b"\""].concat();
        let text: String = serde_json::from_slice(&quoted).unwrap_or_default();
        text.encode_utf16().collect()
    }
}

/// UTF-8 sorts as UTF-16 does but for one thing: the characters from U+E000 to U+FFFF (first byte EE or
/// EF) come after those above U+FFFF (first byte F0 to F4), which UTF-16 writes as surrogates.
fn utf16_rank(byte: u8) -> u8 {
    if matches!(byte, 0xee | 0xef) { byte + 0x10 } else { byte }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn reason(bytes: &[u8]) -> Option<What> {
        check(bytes, |_, _| ()).err().map(|wrong| wrong.what)
    }

    #[test]
    fn what_is_canonical_passes_and_its_fields_are_handed_over() {
        let text =
            r#"{"\n":[],"a":{"b":-1,"c":[true,false,null,0,9007199254740991]},"é":"\u001f\\"}"#;
        let mut fields = Vec::new();
        check(text.as_bytes(), |key, value| fields.push((key, value))).expect("canonical");
        assert_eq!(fields.len(), 3);
        assert_eq!(fields[0], (br"\n".as_slice(), b"[]".as_slice()));
        assert_eq!(reason(b"{}"), None);
    }

    #[test]
    fn every_departure_from_the_canonical_form_has_its_name() {
        for (text, what) in [
            (r#"{"b":1,"a":2}"#, What::KeyOrder),
            (r#"{"a":1,"a":2}"#, What::DuplicateKey),
            ("{\"\\n\":1,\"\\n\":2}", What::DuplicateKey),
            (r#"{"a": 1}"#, What::Unexpected),
            ("{\"a\":1}\n", What::Unexpected),
            (r#"{"a":1,}"#, What::Unexpected),
            (r#"{,"a":1}"#, What::Unexpected),
            (r#"{"a":[1,]}"#, What::Unexpected),
            (r#"{"a":tru}"#, What::Unexpected),
            (r#"{"a":"b"#, What::Unexpected),
            (r#"{"a""#, What::Unexpected),
            (r#"{"a":1"#, What::Unexpected),
            ("", What::NotObject),
            ("[]", What::NotObject),
            (r#"{"a":"\/"}"#, What::Escape),
            (r#"{"a":"\u0041"}"#, What::Escape),
            (r#"{"a":"\u001F"}"#, What::Escape),
            (r#"{"a":"\u000a"}"#, What::Escape),
            (r#"{"a":"\u0020"}"#, What::Escape),
            (r#"{"a":"\ud83d\ude00"}"#, What::Escape),
            ("{\"a\":\"tab\there\"}", What::Escape),
            (r#"{"a":"\u00"#, What::Escape),
            (r#"{"a":1.0}"#, What::Number),
            (r#"{"a":1e3}"#, What::Number),
            (r#"{"a":-0}"#, What::Number),
            (r#"{"a":01}"#, What::Number),
            (r#"{"a":-}"#, What::Number),
            (r#"{"a":9007199254740992}"#, What::Range),
            (r#"{"a":-9007199254740992}"#, What::Range),
            (r#"{"a":99999999999999999999999999}"#, What::Range),
        ] {
            assert_eq!(reason(text.as_bytes()), Some(what), "{text}");
        }
        assert_eq!(reason(b"{\"a\":\"\xff\"}"), Some(What::Utf8));
        assert_eq!(
            reason(format!("{{\"a\":\"{}\"}}", "x".repeat(65_535)).as_bytes()),
            Some(What::TooLong)
        );
        let deep = |depth| format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(reason(deep(63).as_bytes()), None);
        assert_eq!(reason(deep(64).as_bytes()), Some(What::TooDeep));
        assert_eq!(reason(deep(30_000).as_bytes()), Some(What::TooDeep));
    }

    #[test]
    fn keys_sort_by_utf16_as_the_published_example_does() {
        let keys = ["\\n", "\\r", "1", "</script>", "\u{80}", "ö", "€", "😂", "\u{fb33}"];
        let object = |keys: &[&str]| {
            let fields: Vec<String> = keys.iter().map(|key| format!("\"{key}\":1")).collect();
            format!("{{{}}}", fields.join(","))
        };
        assert_eq!(reason(object(&keys).as_bytes()), None);
        for at in 1..keys.len() {
            let mut swapped = keys;
            swapped.swap(at - 1, at);
            assert_eq!(reason(object(&swapped).as_bytes()), Some(What::KeyOrder), "{at}");
        }
    }

    #[test]
    fn the_published_examples_are_canonical_as_written_by_their_authors() {
        for (input, output) in [
            (
                r#"{"1":{"f":{"f":"hi","F":5},"\n":56},"10":{},"":"empty","a":{},"111":[{"e":"yes","E":"no"}],"A":{}}"#,
                r#"{"":"empty","1":{"\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}"#,
            ),
            (
                r#"{"sin":"ignore locale","pêche":"but","péché":"is wrong","peach":"This"}"#,
                r#"{"peach":"This","péché":"is wrong","pêche":"but","sin":"ignore locale"}"#,
            ),
            ("{\"Unnormalized Unicode\":\"A\\u030a\"}", "{\"Unnormalized Unicode\":\"A\u{30a}\"}"),
        ] {
            assert_eq!(serde_json_canonicalizer::pipe(input).as_deref().ok(), Some(output));
            assert_eq!(reason(output.as_bytes()), None, "{output}");
            assert!(reason(input.as_bytes()).is_some(), "{input}");
        }
    }

    /// Those that clients of others are given too; numbers with fractions are in no entry.
    #[test]
    fn the_published_vectors_are_written_as_published() {
        let vectors = include_str!("../../tests/outside/jcs.json");
        let vectors: Value = serde_json::from_str(vectors).expect("JSON");
        let mut fractions = 0;
        for vector in vectors["vectors"].as_array().expect("vectors") {
            let [from, input, output] =
                ["from", "input", "output"].map(|key| vector[key].as_str().expect("text"));
            let written = serde_json_canonicalizer::pipe(input);
            assert_eq!(written.as_deref().ok(), Some(output), "{from}");
            assert!(reason(input.as_bytes()).is_some(), "{from}: {input}");
            let has_fractions = output.contains("1e-27");
            // An entry is an object, and has whole numbers.
            let is_entry = output.starts_with('{') && !has_fractions;
            assert_eq!(reason(output.as_bytes()).is_none(), is_entry, "{from}");
            fractions += usize::from(has_fractions);
        }
        assert_eq!(fractions, 2);
    }

    fn text() -> impl Strategy<Value = String> {
        let tricky = prop::char::ranges(
            vec![
                '\0'..='\u{7f}',
                '\u{80}'..='\u{900}',
                '\u{d000}'..='\u{d7ff}',
                '\u{e000}'..='\u{ffff}',
                '\u{10000}'..='\u{10ffff}',
                '"'..='"',
                '\\'..='\\',
                '\0'..='\u{1f}',
            ]
            .into(),
        );
        prop::collection::vec(tricky, 0..24).prop_map(String::from_iter)
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-MAX_INTEGER..=MAX_INTEGER).prop_map(Value::from),
            (-20_i64..20).prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((text(), inner), 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_an_independent_writer_makes_is_canonical(value in value(), also in value()) {
            let bytes = serde_json_canonicalizer::to_vec(&json!({"a": value, "b": also})).expect("JSON");
            prop_assert_eq!(check(&bytes, |_, _| ()), Ok(()));
        }

        #[test]
        fn bytes_are_canonical_only_if_an_independent_writer_gives_them_back(
            value in value(), flips in prop::collection::vec((any::<usize>(), any::<u8>()), 1..4),
        ) {
            let mut bytes = serde_json_canonicalizer::to_vec(&json!({"a": value, "b": 1})).expect("JSON");
            for (at, byte) in flips {
                let at = at % bytes.len();
                // Characters that matter are tried more often than the rest.
                bytes[at] = *b"\"\\{}[],:0-1eu /\n".get(usize::from(byte)).unwrap_or(&byte);
            }
            let again = serde_json::from_slice::<Value>(&bytes)
                .ok()
                .and_then(|value| serde_json_canonicalizer::to_vec(&value).ok());
            // RFC 8785 also allows fractions, numbers beyond 2^53 and other values than objects.
            match reason(&bytes) {
                None => prop_assert_eq!(again.as_ref(), Some(&bytes)),
                Some(What::Number | What::Range | What::NotObject) => {}
                Some(_) => prop_assert_ne!(again.as_ref(), Some(&bytes)),
            }
        }

        #[test]
        fn written_in_the_usual_way_it_is_refused_unless_it_is_the_same(value in value()) {
            let value = json!({"a": value, "b": {"c": 1}});
            let canonical = serde_json_canonicalizer::to_vec(&value).expect("JSON");
            for bytes in [serde_json::to_vec(&value), serde_json::to_vec_pretty(&value)] {
                let bytes = bytes.expect("JSON");
                prop_assert_eq!(check(&bytes, |_, _| ()).is_ok(), bytes == canonical);
            }
        }
    }
}
