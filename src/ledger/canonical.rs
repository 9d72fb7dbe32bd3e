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
    if let Err(error) = std::str::from_utf8(bytes) {
        return Err(NotCanonical { at: error.valid_up_to(), what: What::Utf8 });
    }
    let mut scan = Scan { bytes, at: 0, depth: 0 };
    if scan.peek() != Some(b'{') {
        return Err(scan.wrong(What::NotObject));
    }
    scan.object(&mut field)?;
    if scan.at == bytes.len() { Ok(()) } else { Err(scan.wrong(What::Unexpected)) }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

/// A key or string as written, without its quotes.
#[derive(Clone, Copy)]
struct Text<'a> {
    raw: &'a [u8],
    escaped: bool,
}

impl<'a> Scan<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn wrong(&self, what: What) -> NotCanonical {
        NotCanonical { at: self.at, what }
    }

    fn eat(&mut self, byte: u8) -> Result<(), NotCanonical> {
        if self.peek() != Some(byte) {
            return Err(self.wrong(What::Unexpected));
        }
        self.at += 1;
        Ok(())
    }

    fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    fn value(&mut self) -> Result<(), NotCanonical> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.object(&mut |_, _| ()),
            Some(b'[') => self.array(),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            Some(b'n') => self.word(b"null"),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => Err(self.wrong(What::Unexpected)),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), NotCanonical> {
        if !self.bytes.get(self.at..).unwrap_or_default().starts_with(word) {
            return Err(self.wrong(What::Unexpected));
        }
        self.at += word.len();
        Ok(())
    }

    fn descend(&mut self) -> Result<(), NotCanonical> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.wrong(What::TooDeep)) } else { Ok(()) }
    }

    fn object(&mut self, field: &mut dyn FnMut(&'a [u8], &'a [u8])) -> Result<(), NotCanonical> {
        self.descend()?;
        self.eat(b'{')?;
        let mut before: Option<Text<'a>> = None;
        while self.peek() != Some(b'}') {
            if before.is_some() {
                self.eat(b',')?;
            }
            let start = self.at;
            let key = self.string()?;
            let order = before.map_or(Ordering::Less, |before| before.order(key));
            match order {
                Ordering::Less => before = Some(key),
                Ordering::Equal => {
                    return Err(NotCanonical { at: start, what: What::DuplicateKey });
                }
                Ordering::Greater => return Err(NotCanonical { at: start, what: What::KeyOrder }),
            }
            self.eat(b':')?;
            let start = self.at;
            self.value()?;
            field(key.raw, self.since(start));
        }
        self.depth -= 1;
        self.eat(b'}')
    }

    fn array(&mut self) -> Result<(), NotCanonical> {
        self.descend()?;
        self.eat(b'[')?;
        let mut first = true;
        while self.peek() != Some(b']') {
            if !first {
                self.eat(b',')?;
            }
            first = false;
            self.value()?;
        }
        self.depth -= 1;
        self.eat(b']')
    }

    fn number(&mut self) -> Result<(), NotCanonical> {
        let start = self.at;
        let mut value = 0_i64;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let digits = self.at;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            value = value.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        let text = self.since(digits);
        let zero_first = text.first() == Some(&b'0') && (text.len() > 1 || digits > start);
        let more = matches!(self.peek(), Some(b'.' | b'e' | b'E' | b'+' | b'-'));
        if text.is_empty() || zero_first || more {
            return Err(NotCanonical { at: start, what: What::Number });
        }
        if value > MAX_INTEGER {
            return Err(NotCanonical { at: start, what: What::Range });
        }
        Ok(())
    }

    fn string(&mut self) -> Result<Text<'a>, NotCanonical> {
        self.eat(b'"')?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.skip_plain();
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.wrong(What::Escape)),
                None => return Err(self.wrong(What::Unexpected)),
            }
        }
        let raw = self.since(start);
        self.at += 1;
        Ok(Text { raw, escaped })
    }

    /// Goes on to the next quote, backslash or control character, eight bytes at a time.
    fn skip_plain(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (words, tail) = rest.as_chunks::<8>();
        for (count, word) in words.iter().enumerate() {
            let special = special_bytes(u64::from_le_bytes(*word));
            if special != 0 {
                self.at += count * 8 + (special.trailing_zeros() / 8) as usize;
                return;
            }
        }
        let plain = tail.iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count();
        self.at += words.len() * 8 + plain;
    }

    /// `\" \\ \b \t \n \f \r`, and `\u00xx` in lower case for the other control characters.
    fn escape(&mut self) -> Result<(), NotCanonical> {
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        let length = match rest {
            [b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r', ..] => 2,
            [b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
            | [b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => 6,
            _ => return Err(self.wrong(What::Escape)),
        };
        self.at += length;
        Ok(())
    }
}

/// Marks the top bit of each byte that is a quote, a backslash or below 0x20. Bytes above the first one
/// marked may be marked wrongly (a borrow runs upwards), so only the lowest mark counts.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let zero_bytes = |word: u64| word.wrapping_sub(ONES) & !word;
    let quote = zero_bytes(word ^ (ONES * 0x22));
    let backslash = zero_bytes(word ^ (ONES * 0x5c));
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (quote | backslash | control) & HIGHS
}

impl Text<'_> {
    /// The order of RFC 8785: by UTF-16 code units of the text that is meant.
    fn order(self, other: Self) -> Ordering {
        if self.escaped || other.escaped {
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
