//! Plain scalars: the core schema of YAML 1.2, and where YAML 1.1 reads something else.

use crate::domain::Value;

/// The value of a plain scalar by the core schema of YAML 1.2.
///
/// Whole numbers become canonical decimal text; numbers with a fraction or exponent keep their digits, so that
/// `1.10` and `1.1` stay different.
pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    if let Some(digits) = int(text) {
        return Value::Int(digits);
    }
    if is_float(text) {
        return Value::Float(text.to_ascii_lowercase());
    }
    Value::String(text.to_owned())
}

/// Whether YAML 1.1 (or a reader into a text field) may see something else than [`resolve`] in a plain scalar.
pub(super) fn is_ambiguous(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "yes", "n", "no", "on", "off", "=", "<<", "-0"];
    if WORDS.contains(&text.to_ascii_lowercase().as_str()) {
        return true;
    }
    match resolve(text) {
        Value::Int(canonical) => canonical != text,
        Value::Float(canonical) => {
            let special = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
            canonical.contains('e')
                || text.starts_with('+')
                || special == ".inf"
                || special == ".nan"
        }
        Value::String(_) => is_old_number(text) || is_old_timestamp(text),
        _ => false,
    }
}

fn all(text: &str, ok: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(ok)
}

fn int(text: &str) -> Option<String> {
    if let Some(octal) =
        text.strip_prefix("0o").filter(|rest| all(rest, |b| matches!(b, b'0'..=b'7')))
    {
        return Some(
            u128::from_str_radix(octal, 8).map_or_else(|_| text.to_owned(), |n| n.to_string()),
        );
    }
    if let Some(hex) = text.strip_prefix("0x").filter(|rest| all(rest, |b| b.is_ascii_hexdigit())) {
        return Some(
            u128::from_str_radix(hex, 16).map_or_else(|_| text.to_owned(), |n| n.to_string()),
        );
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if !all(digits, |b| b.is_ascii_digit()) {
        return None;
    }
    let trimmed = digits.trim_start_matches('0');
    Some(if trimmed.is_empty() { "0".to_owned() } else { format!("{sign}{trimmed}") })
}

fn is_float(text: &str) -> bool {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    if matches!(body, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (mantissa, exponent) = match body.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (body, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let mantissa_ok = match mantissa.split_once('.') {
        Some((whole, fraction)) => {
            digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())
        }
        None => all(mantissa, |b| b.is_ascii_digit()),
    };
    let exponent_ok = exponent.is_none_or(|exponent| {
        all(exponent.strip_prefix(['+', '-']).unwrap_or(exponent), |b| b.is_ascii_digit())
    });
    mantissa_ok && exponent_ok
}

/// Numbers of YAML 1.1 that are text in 1.2: `1_000`, `0b1`, `22:22`, `1_0.5`.
fn is_old_number(text: &str) -> bool {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let Some(first) = body.bytes().next() else { return false };
    if !(first.is_ascii_digit() || first == b'.') {
        return false;
    }
    if let Some(bits) = body.strip_prefix("0b") {
        return all(bits, |b| matches!(b, b'0' | b'1' | b'_'));
    }
    if let Some(hex) = body.strip_prefix("0x") {
        return all(hex, |b| b.is_ascii_hexdigit() || b == b'_');
    }
    let dots = body.bytes().filter(|b| *b == b'.').count();
    dots <= 1
        && body.bytes().any(|b| b == b'_' || b == b':')
        && body.bytes().any(|b| b.is_ascii_digit())
        && body.bytes().all(|b| {
            b.is_ascii_digit() || matches!(b, b'_' | b':' | b'.' | b'e' | b'E' | b'+' | b'-')
        })
}

/// Dates and times of YAML 1.1: four digits, `-`, one or two digits, `-`, one or two digits, and then the end, `T`, `t` or a blank.
fn is_old_timestamp(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(year), Some(month), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let digits = |text: &str| all(text, |b| b.is_ascii_digit());
    let day = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    year.len() == 4
        && digits(year)
        && (1..=2).contains(&month.len())
        && digits(month)
        && (1..=2).contains(&day)
        && rest
            .get(day..)
            .is_some_and(|tail| tail.is_empty() || tail.starts_with(['T', 't', ' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_schema_of_yaml_1_2_decides_the_type() {
        let int = |text: &str| Value::Int(text.to_owned());
        for (text, value) in [
            ("", Value::Null),
            ("~", Value::Null),
            ("True", Value::Bool(true)),
            ("4", int("4")),
            ("-07", int("-7")),
            ("0x1F", int("31")),
            ("0o17", int("15")),
            ("+0", int("0")),
            ("1.10", Value::Float("1.10".to_owned())),
            (".5E3", Value::Float(".5e3".to_owned())),
        ] {
            assert_eq!(resolve(text), value, "{text}");
        }
        for text in [
            "no",
            "on",
            "1.2.3",
            "v1",
            ".",
            "-",
            "1_000",
            "22:22",
            "e3",
            "0x",
            "2001-01-01",
            "nulL",
        ] {
            assert_eq!(resolve(text), Value::String(text.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_yaml_1_1_reads_differently_is_ambiguous() {
        for text in [
            "no",
            "NO",
            "on",
            "yes",
            "off",
            "y",
            "N",
            "012",
            "08",
            "1_000",
            "22:22",
            "190:20:30",
            "190:20:30.15",
            "0o17",
            "0b10",
            "0x1F",
            ".inf",
            "-.INF",
            ".nan",
            "1e3",
            "+1",
            "2001-01-01",
            "2001-1-1T10:00:00Z",
            "2001-12-14 21:59:43.10 -5",
            "685_230.15",
            "<<",
            "=",
        ] {
            assert!(is_ambiguous(text), "{text}");
        }
        for text in [
            "4",
            "-4",
            "0",
            "1.5",
            "true",
            "null",
            "v1.2.3",
            "1.2.3",
            "nginx:1.25",
            "a_b",
            "north",
            "2001-01-01-rc",
        ] {
            assert!(!is_ambiguous(text), "{text}");
        }
    }
}
