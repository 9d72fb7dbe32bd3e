//! What a key's values had in common, as a constraint that holds for all of them, or nothing: free text is never
//! proposed.

use std::collections::BTreeSet;

use crate::domain::Value;

/// Different words that still are a choice and no free text.
const MOST_WORDS: usize = 6;
/// Letters of such a word.
const LONGEST_WORD: usize = 24;

/// A constraint with its evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Constraint {
    /// True or false.
    Bool,
    /// Whole numbers: least, greatest, greatest distance in per cent (`None`: it began at zero).
    Int { min: i64, max: i64, percent: Option<u64> },
    /// Versions that rose within a step.
    Semver(&'static str),
    /// Text with a digest.
    Pinned,
    /// Text of one shape.
    Shape(String),
    /// One of a few words.
    Words(BTreeSet<String>),
}

impl Constraint {
    /// What holds for every old and new value; `None`: nothing that may be proposed.
    pub(super) fn of(values: &[(&Value, &Value)]) -> Option<Self> {
        if values.iter().all(|pair| matches!(pair, (Value::Bool(_), Value::Bool(_)))) {
            return Some(Self::Bool);
        }
        if let Some(numbers) = all(values, int) {
            return Some(range(&numbers));
        }
        let texts = all(values, text)?;
        let both = || texts.iter().flat_map(|(old, new)| [*old, *new]);
        if both().all(is_pinned) {
            return Some(Self::Pinned);
        }
        if both().all(|text| version(text).is_some()) {
            return Some(Self::Semver(step(&texts)?));
        }
        let shapes: BTreeSet<String> = both().filter_map(shape).collect();
        if both().all(|text| shape(text).is_some()) && shapes.len() == 1 {
            return shapes.into_iter().next().map(Self::Shape);
        }
        let words: BTreeSet<String> = both().map(str::to_owned).collect();
        let few = words.len() <= MOST_WORDS && words.iter().all(|word| is_word(word));
        few.then_some(Self::Words(words))
    }

    /// The members of an `allow` entry.
    pub(super) fn yaml(&self) -> String {
        match self {
            Self::Bool => "type: bool".to_owned(),
            Self::Int { min, max, percent } => {
                let percent =
                    percent.map_or_else(String::new, |of| format!(", max_delta_pct: {of}"));
                format!("type: int, min: {min}, max: {max}{percent}")
            }
            Self::Semver(step) => format!("semver: {step}"),
            Self::Pinned => "digest_pinned: true".to_owned(),
            Self::Shape(shape) => format!("regex: '{shape}'"),
            Self::Words(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
                format!("enum: [{}]", words.join(", "))
            }
        }
    }

    /// For the comment above a rule.
    pub(super) fn evidence(&self) -> String {
        match self {
            Self::Bool => "true and false".to_owned(),
            Self::Int { min, max, .. } => format!("values {min} to {max}"),
            Self::Semver(step) => format!("versions, each a {step} rise"),
            Self::Pinned => "pinned by digest".to_owned(),
            Self::Shape(_) => "always of this shape".to_owned(),
            Self::Words(words) => format!("one of {} words", words.len()),
        }
    }
}

fn all<'v, T>(
    values: &[(&'v Value, &'v Value)],
    read: impl Fn(&'v Value) -> Option<T>,
) -> Option<Vec<(T, T)>> {
    values.iter().map(|(old, new)| Some((read(old)?, read(new)?))).collect()
}

fn int(value: &Value) -> Option<i64> {
    if let Value::Int(text) = value { text.parse().ok() } else { None }
}

fn text(value: &Value) -> Option<&str> {
    if let Value::String(text) = value { Some(text) } else { None }
}

fn range(numbers: &[(i64, i64)]) -> Constraint {
    let both = || numbers.iter().flat_map(|(old, new)| [*old, *new]);
    let percent = numbers.iter().map(|(old, new)| {
        let distance = new.abs_diff(*old);
        (*old != 0).then(|| distance.saturating_mul(100).div_ceil(old.unsigned_abs()))
    });
    let percent: Option<Vec<u64>> = percent.collect();
    let percent = percent.map(|all| all.into_iter().max().unwrap_or(0).div_ceil(10).max(1) * 10);
    let (min, max) = (both().min().unwrap_or(0), both().max().unwrap_or(0));
    Constraint::Int { min, max, percent }
}

/// `1.2.3` or `v1.2.3`, without leading zeros.
fn version(text: &str) -> Option<[u64; 3]> {
    let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
    let mut part = || {
        let part = parts.next()?;
        let plain = part.bytes().all(|byte| byte.is_ascii_digit());
        (plain && (part == "0" || !part.starts_with('0'))).then(|| part.parse().ok()).flatten()
    };
    let found = [part()?, part()?, part()?];
    parts.next().is_none().then_some(found)
}

/// The step within which at least two of three changes rose: the others would go on asking somebody.
fn step(texts: &[(&str, &str)]) -> Option<&'static str> {
    let within = |minor: bool| {
        let rose = texts.iter().filter(|(old, new)| {
            let (Some(old), Some(new)) = (version(old), version(new)) else { return false };
            let patch = old[..2] == new[..2] && new[2] > old[2];
            patch || (minor && old[0] == new[0] && old[0] > 0 && new[1] > old[1])
        });
        rose.count() * 3 >= texts.len() * 2
    };
    if within(false) { Some("patch") } else { within(true).then_some("minor") }
}

fn is_pinned(text: &str) -> bool {
    text.split_once("sha256:").is_some_and(|(_, digest)| {
        digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Digits as `\d+`, hexadecimal pieces of a commit's length as such, everything else by itself; `None`: it holds
/// neither, or letters that would have to be escaped beyond the usual.
fn shape(text: &str) -> Option<String> {
    if text.is_empty() || text.len() > 80 {
        return None;
    }
    let mut pattern = String::new();
    let mut digits = false;
    for piece in pieces(text) {
        let hex = piece.len() >= 7
            && piece.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if hex && piece.bytes().any(|b| b.is_ascii_alphabetic()) {
            digits = true;
            pattern.push_str("[0-9a-f]{7,40}");
        } else if piece.bytes().all(|byte| byte.is_ascii_digit()) {
            digits = true;
            pattern.push_str(r"\d+");
        } else if piece.chars().all(|c| c.is_ascii_alphanumeric()) {
            pattern.push_str(piece);
        } else if matches!(piece, "-" | "_" | "." | "/" | ":") {
            pattern.push_str(if piece == "." { r"\." } else { piece });
        } else {
            return None;
        }
    }
    digits.then_some(pattern)
}

/// Runs of letters and digits, and what stands between them.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let run = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        let cut = if run == 0 { rest.chars().next().map_or(1, char::len_utf8) } else { run };
        let (piece, after) = rest.split_at(cut);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn is_word(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !text.is_empty() && text.len() <= LONGEST_WORD && text.chars().all(plain)
}
