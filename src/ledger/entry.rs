//! Entries: what happened, as the canonical bytes that are hashed and kept for ever (sem 10).

use serde_json::{Map, Value};

use super::canonical::{self, MAX_BYTES, MAX_DEPTH, MAX_INTEGER, NotCanonical};
use super::excerpt;
use super::tree::{Hash, leaf_hash};
use crate::domain::Time;

/// The version of the entries' schema that is written. Readers accept every version from 1 to this.
pub const VERSION: u32 = 1;

/// The keys that every entry has and no body may bring along.
pub const RESERVED: [&str; 3] = ["v", "kind", "at"];

/// The longest name of a kind, in bytes.
const MAX_KIND: usize = 64;

/// The way to make entries and to read them back. An entry has no other form than its bytes.
#[derive(Debug)]
pub enum Entry {}

/// An entry ready for the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The canonical bytes: these are kept, hashed and served, and never written anew.
    pub bytes: Vec<u8>,
    /// `SHA-256(0x00 ‖ bytes)`.
    pub leaf_hash: Hash,
}

/// An entry read back from its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The schema's version, from 1 to [`VERSION`].
    pub version: u32,
    /// What kind of thing happened, such as `approval.given`.
    pub kind: String,
    /// When it was recorded.
    pub at: Time,
    /// The fields of its kind, without the reserved keys.
    pub body: Map<String, Value>,
}

/// Why an entry cannot be made or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The kind's name is not of the form that is asked for.
    #[error(
        "`{0}` cannot name a kind of entry: lower-case words joined by `.` or `_`, at most 64 characters"
    )]
    Kind(String),
    /// The body has a key that the ledger sets.
    #[error("key `{0}` is set by the ledger; give the field another name")]
    Reserved(&'static str),
    /// A number with a fraction or exponent.
    #[error(
        "key `{0}`: a number with a fraction cannot be hashed the same everywhere; write it as text"
    )]
    Float(String),
    /// A whole number beyond ±(2^53 − 1).
    #[error(
        "key `{0}`: a whole number beyond ±9007199254740991 is read differently by other programs; write it as text"
    )]
    Range(String),
    /// Objects and arrays too deep in one another.
    #[error("key `{0}`: more than 64 levels of objects and arrays")]
    Depth(String),
    /// Too many bytes.
    #[error(
        "the entry has {0} bytes, 65535 are allowed; keep the evidence elsewhere and enter its digest"
    )]
    TooLarge(usize),
    /// The bytes are not what this program would have written.
    #[error("not canonical: {0}")]
    NotCanonical(NotCanonical),
    /// Canonical by one check, but an independent writer gives other bytes.
    #[error("not canonical: written anew, the entry has other bytes")]
    Differs,
    /// A key that every entry has is missing, or its value is not of the right form.
    #[error("key `{key}`: {need}")]
    Head {
        /// The key.
        key: &'static str,
        /// What is needed there.
        need: &'static str,
    },
    /// A schema version of another time.
    #[error("key `v`: schema version {0} is not known to this program, which reads 1 to {VERSION}")]
    Version(String),
}

impl From<NotCanonical> for EntryError {
    fn from(wrong: NotCanonical) -> Self {
        Self::NotCanonical(wrong)
    }
}

impl Entry {
    /// Makes the canonical bytes of an entry: `body` with `v`, `kind` and `at` added.
    pub fn seal(kind: &str, at: Time, mut body: Map<String, Value>) -> Result<Sealed, EntryError> {
        if !is_kind(kind) {
            return Err(EntryError::Kind(excerpt(kind, 80)));
        }
        if let Some(key) = RESERVED.into_iter().find(|key| body.contains_key(*key)) {
            return Err(EntryError::Reserved(key));
        }
        for (key, value) in &body {
            writable(value, key, 2)?;
        }
        body.insert("v".to_owned(), VERSION.into());
        body.insert("kind".to_owned(), kind.into());
        body.insert("at".to_owned(), at.to_string().into());
        let bytes = written(&body)?;
        if bytes.len() > MAX_BYTES {
            return Err(EntryError::TooLarge(bytes.len()));
        }
        check_entry(&bytes)?;
        let leaf_hash = leaf_hash(&bytes);
        Ok(Sealed { bytes, leaf_hash })
    }

    /// Reads an entry, refusing bytes that [`Entry::seal`] would not have written.
    pub fn open(bytes: &[u8]) -> Result<Opened, EntryError> {
        check_entry(bytes)?;
        let mut body: Map<String, Value> =
            serde_json::from_slice(bytes).map_err(|_| EntryError::Differs)?;
        if written(&body)? != bytes {
            return Err(EntryError::Differs);
        }
        let version = body.remove("v").and_then(|version| version.as_u64());
        let version =
            version.and_then(|version| u32::try_from(version).ok()).ok_or_else(no_version)?;
        let kind = take_text(&mut body, "kind")?;
        let text = take_text(&mut body, "at")?;
        match text.parse::<Time>() {
            Ok(at) if at.to_string() == text => Ok(Opened { version, kind, at, body }),
            _ => Err(EntryError::Head { key: "at", need: NEED_TIME }),
        }
    }
}

const NEED_TIME: &str = "a time such as 2026-11-20T14:00:00.000000Z is needed";
const NEED_KIND: &str = "the name of a kind is needed, such as approval.given";

fn no_version() -> EntryError {
    EntryError::Head { key: "v", need: "a whole number, the schema's version, is needed" }
}

/// The cheap check of a whole entry, one pass over its bytes: canonical, and with a head of known form. Gives its kind.
/// [`Entry::open`] also knows whether the time exists.
pub(super) fn check_entry(bytes: &[u8]) -> Result<&str, EntryError> {
    let (mut version, mut kind, mut at) = (None, None, None);
    canonical::check(bytes, |key, value| match key {
        b"v" => version = Some(value),
        b"kind" => kind = Some(value),
        b"at" => at = Some(value),
        _ => {}
    })?;
    check_version(version)?;
    let kind = kind.and_then(unquoted).filter(|kind| is_kind(kind));
    let kind = kind.ok_or(EntryError::Head { key: "kind", need: NEED_KIND })?;
    if !at.is_some_and(is_time) {
        return Err(EntryError::Head { key: "at", need: NEED_TIME });
    }
    Ok(kind)
}

fn check_version(version: Option<&[u8]>) -> Result<(), EntryError> {
    let text = version.and_then(|value| std::str::from_utf8(value).ok()).ok_or_else(no_version)?;
    let known = text.parse::<u32>().is_ok_and(|version| (1..=VERSION).contains(&version));
    if known { Ok(()) } else { Err(EntryError::Version(excerpt(text, 24))) }
}

/// The text of a JSON string that needs no escapes.
fn unquoted(value: &[u8]) -> Option<&str> {
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    std::str::from_utf8(inner).ok()
}

fn is_kind(kind: &str) -> bool {
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.');
    let bytes = kind.as_bytes();
    kind.len() <= MAX_KIND
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.last().is_some_and(|byte| !matches!(byte, b'.' | b'_'))
        && bytes.iter().all(|byte| plain(*byte))
}

/// Whether a JSON string has the shape of a time with six digits and `Z`.
fn is_time(value: &[u8]) -> bool {
    const SHAPE: [u8; 29] = *b"\"0000-00-00T00:00:00.000000Z\"";
    // Of a known length and counted to the end, so that it becomes a few wide instructions.
    <&[u8; 29]>::try_from(value).is_ok_and(|value| {
        let fits = |byte: &u8, shape: &u8| match shape {
            b'0' => byte.is_ascii_digit(),
            _ => byte == shape,
        };
        value.iter().zip(&SHAPE).filter(|(byte, shape)| fits(byte, shape)).count() == SHAPE.len()
    })
}

/// Whether a value can be written canonically; `path` names it in the error.
fn writable(value: &Value, path: &str, depth: usize) -> Result<(), EntryError> {
    let container = value.is_array() || value.is_object();
    if container && depth > MAX_DEPTH {
        return Err(EntryError::Depth(excerpt(path, 200)));
    }
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(whole) if whole.unsigned_abs() <= MAX_INTEGER.unsigned_abs() => Ok(()),
            None if !number.is_u64() => Err(EntryError::Float(excerpt(path, 200))),
            _ => Err(EntryError::Range(excerpt(path, 200))),
        },
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(at, item)| writable(item, &format!("{path}[{at}]"), depth + 1)),
        Value::Object(fields) => fields
            .iter()
            .try_for_each(|(key, item)| writable(item, &format!("{path}.{key}"), depth + 1)),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

fn written(body: &Map<String, Value>) -> Result<Vec<u8>, EntryError> {
    serde_json_canonicalizer::to_vec(body).map_err(|_| EntryError::Differs)
}

fn take_text(body: &mut Map<String, Value>, key: &'static str) -> Result<String, EntryError> {
    match body.remove(key) {
        Some(Value::String(text)) => Ok(text),
        _ => Err(EntryError::Head { key, need: "a text is needed" }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at() -> Time {
        "2026-11-20T14:00:00.5Z".parse().expect("a time")
    }

    fn seal(body: Value) -> Result<Sealed, EntryError> {
        let Value::Object(body) = body else { panic!("an object") };
        Entry::seal("approval.given", at(), body)
    }

    fn message(result: Result<impl std::fmt::Debug, EntryError>) -> String {
        result.expect_err("refused").to_string()
    }

    #[test]
    fn an_entry_is_its_canonical_bytes_and_reads_back() {
        let sealed =
            seal(json!({"who": "m.ortiz", "a": [1, {"z": null, "b": true}]})).expect("sealed");
        assert_eq!(
            String::from_utf8_lossy(&sealed.bytes),
            r#"{"a":[1,{"b":true,"z":null}],"at":"2026-11-20T14:00:00.500000Z","kind":"approval.given","v":1,"who":"m.ortiz"}"#
        );
        assert_eq!(sealed.leaf_hash, leaf_hash(&sealed.bytes));
        let opened = Entry::open(&sealed.bytes).expect("it reads back");
        assert_eq!((opened.version, opened.kind.as_str(), opened.at), (1, "approval.given", at()));
        assert_eq!(
            Value::Object(opened.body),
            json!({"who": "m.ortiz", "a": [1, {"z": null, "b": true}]})
        );
    }

    #[test]
    fn numbers_that_other_programs_read_differently_are_refused_with_their_key() {
        for bad in [json!(1.5), json!(1.0), json!(-0.0), json!(1e300)] {
            let text = message(seal(json!({"rule": [0, {"limit": bad}]})));
            assert!(text.starts_with("key `rule[1].limit`: a number with a fraction"), "{text}");
        }
        for bad in [json!(9_007_199_254_740_992_i64), json!(i64::MIN), json!(u64::MAX)] {
            let text = message(seal(json!({"count": bad})));
            assert!(text.starts_with("key `count`: a whole number beyond"), "{text}");
        }
        for good in [json!(9_007_199_254_740_991_i64), json!(-9_007_199_254_740_991_i64), json!(0)]
        {
            assert!(seal(json!({"count": good})).is_ok());
        }
    }

    #[test]
    fn what_is_too_large_too_deep_or_reserved_is_refused() {
        let text = message(seal(json!({"evidence": "x".repeat(65_535)})));
        assert!(text.contains("65535 are allowed") && text.contains("enter its digest"), "{text}");
        let room = MAX_BYTES - seal(json!({"e": ""})).expect("sealed").bytes.len();
        assert!(seal(json!({"e": "x".repeat(room)})).is_ok());
        assert!(seal(json!({"e": "x".repeat(room + 1)})).is_err());
        let deep = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
        assert!(seal(json!({"a": deep(63)})).is_ok());
        assert!(message(seal(json!({"a": deep(64)}))).contains("64 levels"));
        for key in RESERVED {
            assert_eq!(
                message(seal(json!({key: 1}))),
                format!("key `{key}` is set by the ledger; give the field another name")
            );
        }
        for kind in
            ["", "Approval", "approval given", "approval.", ".a", "1a", "é", &"a".repeat(65)]
        {
            assert!(Entry::seal(kind, at(), Map::new()).is_err(), "{kind}");
        }
    }

    #[test]
    fn bytes_that_were_not_written_by_us_are_refused() {
        let head = r#""at":"2026-11-20T14:00:00.500000Z","kind":"a""#;
        for (text, error) in [
            (format!(r#"{{{head},"v":0}}"#), "schema version 0 is not known"),
            (format!(r#"{{{head},"v":2}}"#), "schema version 2 is not known"),
            (format!(r#"{{{head},"v":"1"}}"#), "is not known"),
            (format!(r"{{{head}}}"), "key `v`: a whole number"),
            (format!(r#"{{{head},"v":1,"v":1}}"#), "duplicate key"),
            (format!(r#"{{{head},"v":1,"w":1.5}}"#), "not canonical: number"),
            (format!(r#"{{"v":1,{head}}}"#), "key out of order"),
            (format!(r#"{{{head}, "v":1}}"#), "not canonical: unexpected character"),
            (r#"{"at":"2026-11-20T14:00:00.500000Z","v":1}"#.to_owned(), "key `kind`"),
            (r#"{"kind":"a","v":1}"#.to_owned(), "key `at`"),
            (r#"{"at":"2026-11-20T14:00:00Z","kind":"a","v":1}"#.to_owned(), "key `at`"),
            (r#"{"at":"2026-13-20T14:00:00.500000Z","kind":"a","v":1}"#.to_owned(), "key `at`"),
            (r#"{"at":"2026-11-20T14:00:00.500000Z","kind":1,"v":1}"#.to_owned(), "key `kind`"),
        ] {
            let shown = message(Entry::open(text.as_bytes()));
            assert!(shown.contains(error), "{text}: {shown}");
        }
        assert!(Entry::open(format!(r#"{{{head},"v":1}}"#).as_bytes()).is_ok());
    }
}
