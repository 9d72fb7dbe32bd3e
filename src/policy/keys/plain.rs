//! Values of formats that know text only (`.properties`, `.env`, INI): each gets the type that whoever reads the
//! text will take it for, so that a rule may bound numbers, and `4` to `four` is a change of type.

use crate::domain::Value;

use super::tree::Fault;

/// The value of a text.
pub(super) fn value(text: &str) -> Value {
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ if is_whole(text) => Value::Int(text.to_owned()),
        _ if is_decimal(text) => Value::Float(text.to_owned()),
        _ => Value::String(text.to_owned()),
    }
}

/// Digits without leading zeros or plus sign: the only form that every reader takes for the same number.
fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = !digits.starts_with('0') || (digits == "0" && digits.len() == text.len());
    canonical && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_decimal(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or_default();
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    (unsigned == "0" || is_whole(unsigned))
        && !fraction.is_empty()
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

/// The lines of a text with the byte offset of each, without their ends. A carriage return that ends no line is a
/// fault: some readers end a line there.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Result<(usize, &str), Fault>> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |whole| {
        let start = at;
        at += whole.len();
        let line =
            whole.strip_suffix('\n').map_or(whole, |line| line.strip_suffix('\r').unwrap_or(line));
        match line.find('\r') {
            None => Ok((start, line)),
            Some(found) => {
                let why = "a carriage return inside a line ends it for some readers";
                Err(Fault::new("control_character", start + found, why))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_every_reader_takes_for_a_number_is_one() {
        for whole in ["0", "4", "-4", "10", "12345678901234567890123"] {
            assert_eq!(value(whole), Value::Int(whole.to_owned()));
        }
        for decimal in ["0.5", "-0.5", "1.10", "-12.0"] {
            assert_eq!(value(decimal), Value::Float(decimal.to_owned()));
        }
        for text in [
            "", "-", "+4", "007", "-0", "0x1F", "1e3", "1_000", "4 ", ".5", "5.", "1.2.3", "True",
            "yes",
        ] {
            assert_eq!(value(text), Value::String(text.to_owned()), "{text:?}");
        }
        assert_eq!(value("true"), Value::Bool(true));
    }

    #[test]
    fn lines_know_where_they_begin() {
        let found: Result<Vec<_>, _> = lines("a\r\n\nb").collect();
        assert_eq!(found.expect("lines"), [(0, "a"), (3, ""), (4, "b")]);
        assert!(lines("a\rb\n").any(|line| line.is_err()));
    }
}
