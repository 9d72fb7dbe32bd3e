//! How numbers, times, spans and ids are written (interface 1.2). Whole numbers only: nothing is rounded twice.

use crate::domain::Time;

/// The no-break space that stands before `%`.
const NBSP: char = '\u{a0}';
/// Under this many items a share is written as its count only (interface 1.2).
pub const FEW: u64 = 20;

/// `1,038`: thousands with a comma.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `4 commits`, `1 commit`: a count with its noun.
#[must_use]
pub fn plural(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `58.1 %` with one decimal, or `None` of an empty whole. Less than all never reads `100.0 %`, more than
/// none never `0.0 %`.
#[must_use]
pub fn percent(part: u64, whole: u64) -> Option<String> {
    if whole == 0 {
        return None;
    }
    let (part, whole) = (u128::from(part), u128::from(whole));
    let rounded = (part * 2000 + whole) / (whole * 2);
    let tenths = match rounded {
        0 if part > 0 => 1,
        1000.. if part < whole => 999,
        other => other,
    };
    Some(format!("{}.{}{NBSP}%", tenths / 10, tenths % 10))
}

/// `603 of 1,038, 58.1 %`; under twenty items `3 of 14`.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    let counts = format!("{} of {}", count(part), count(whole));
    match percent(part, whole) {
        Some(percent) if whole >= FEW => format!("{counts}, {percent}"),
        _ => counts,
    }
}

/// A span between two stated events: `19 s`, `11 min 52 s`, `4 h 50 min`, `7 d 4 h 7 min`.
#[must_use]
pub fn duration(seconds: u64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    let parts = [(days, "d"), (hours, "h"), (minutes, "min")];
    let mut words: Vec<String> = parts
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number} {unit}"))
        .collect();
    if seconds < 3600 && (rest > 0 || words.is_empty()) {
        words.push(format!("{rest} s"));
    }
    words.join(" ")
}

/// The span from one time to another, and whether it runs backwards.
#[must_use]
pub fn span(from: Time, to: Time) -> (String, bool) {
    let micros = to.micros().saturating_sub(from.micros());
    (duration(micros.unsigned_abs() / 1_000_000), micros < 0)
}

/// How long after it occurred something was received: tenths of a second under ten seconds.
#[must_use]
pub fn delay(occurred: Time, received: Time) -> Delay {
    let micros = received.micros().saturating_sub(occurred.micros());
    let size = micros.unsigned_abs();
    let text = if size < 10_000_000 {
        let tenths = (size + 50_000) / 100_000;
        format!("{}.{} s", tenths / 10, tenths % 10)
    } else {
        duration(size / 1_000_000)
    };
    Delay {
        text: if micros < 0 { format!("{text} before it occurred") } else { text },
        marked: micros < 0 || size > LATE,
    }
}

/// Over five minutes a delay is marked (interface 1.2). Microseconds.
const LATE: u64 = 300_000_000;

/// A delay in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delay {
    /// The words.
    pub text: String,
    /// Over five minutes, or negative: the clocks disagree or the delivery was late.
    pub marked: bool,
}

/// `sha256:3b8e…41c0`: first and last four digits; a text without enough digits stays as it is.
#[must_use]
pub fn short_digest(digest: &str) -> String {
    let (name, digits) = match digest.split_once(':') {
        Some((name, digits)) => (format!("{name}:"), digits),
        None => (String::new(), digest),
    };
    let length = digits.chars().count();
    if length <= 9 {
        return digest.to_owned();
    }
    let first: String = digits.chars().take(4).collect();
    let last: String = digits.chars().skip(length - 4).collect();
    format!("{name}{first}…{last}")
}

/// A digest's digits in groups of four, as receipts write them. The name before the colon is kept.
#[must_use]
pub fn grouped(digest: &str) -> Vec<String> {
    let (name, digits) = digest.split_once(':').unwrap_or(("", digest));
    let all: Vec<char> = digits.chars().collect();
    let mut groups: Vec<String> = all.chunks(4).map(|four| four.iter().collect()).collect();
    if let Some(first) = groups.first_mut()
        && !name.is_empty()
    {
        first.insert_str(0, &format!("{name}:"));
    }
    groups
}

/// `+118 −41`, with a true minus.
#[must_use]
pub fn lines(added: u64, deleted: u64) -> String {
    format!("+{} −{}", count(added), count(deleted))
}

/// Texts joined as in a sentence: `a`, `a and b`, `a, b and c`.
#[must_use]
pub fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Invisible and direction-changing characters written out as `U+202E`, so that text cannot look like other text.
#[must_use]
pub fn visible(text: &str) -> String {
    use std::fmt::Write as _;
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        if is_deceptive(character) {
            let _ = write!(shown, "\u{27e8}U+{:04X}\u{27e9}", u32::from(character));
        } else {
            shown.push(character);
        }
        shown
    })
}

/// Whether a character is written out: invisible, direction-changing, or a control other than newline and tab.
#[must_use]
pub fn is_deceptive(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        || (character.is_control() && !matches!(character, '\n' | '\t'))
}

/// The longest piece of a word that never breaks. Names, ids and commits are shorter.
const PIECE: usize = 18;

/// Cuts a path after `/`, `.`, `_` and `-`, where a long value may wrap, and long pieces wherever they get too long.
#[must_use]
pub fn breakable(text: &str) -> Vec<String> {
    text.split_inclusive(['/', '.', '_', '-']).flat_map(pieces).collect()
}

/// Cuts words that are too long for a column; ordinary words stay whole. The pieces joined are the text.
#[must_use]
pub fn wrapped(text: &str) -> Vec<String> {
    if text.split_whitespace().all(|word| word.chars().count() <= PIECE) {
        return vec![text.to_owned()];
    }
    text.split_inclusive(char::is_whitespace).flat_map(pieces).collect()
}

fn pieces(text: &str) -> Vec<String> {
    let all: Vec<char> = text.chars().collect();
    all.chunks(PIECE).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn thousands_have_a_comma() {
        let written: Vec<String> = [0, 7, 999, 1_000, 48_213, 1_234_567].map(count).into();
        assert_eq!(written, ["0", "7", "999", "1,000", "48,213", "1,234,567"]);
    }

    #[test]
    fn less_than_all_is_never_all_and_more_than_none_never_none() {
        assert_eq!(percent(9_999, 10_000).as_deref(), Some("99.9\u{a0}%"));
        assert_eq!(percent(1, 10_000).as_deref(), Some("0.1\u{a0}%"));
        assert_eq!(percent(0, 10).as_deref(), Some("0.0\u{a0}%"));
        assert_eq!(percent(10, 10).as_deref(), Some("100.0\u{a0}%"));
        assert_eq!(percent(603, 1_038).as_deref(), Some("58.1\u{a0}%"));
        assert_eq!(percent(0, 0), None);
    }

    #[test]
    fn a_share_of_few_is_a_count() {
        assert_eq!(share(3, 14), "3 of 14");
        assert_eq!(share(603, 1_038), "603 of 1,038, 58.1\u{a0}%");
    }

    #[test]
    fn spans_are_written_between_two_events() {
        let written: Vec<String> = [0, 19, 712, 17_400, 619_620, 86_400].map(duration).into();
        assert_eq!(written, ["0 s", "19 s", "11 min 52 s", "4 h 50 min", "7 d 4 h 7 min", "1 d"]);
    }

    #[test]
    fn a_late_or_impossible_delay_is_marked() {
        let at = |seconds| Time::from_seconds(seconds).expect("a time");
        assert_eq!(delay(at(0), at(4)), Delay { text: "4.0 s".into(), marked: false });
        assert!(delay(at(0), at(301)).marked);
        assert_eq!(delay(at(2), at(0)).text, "2.0 s before it occurred");
        assert!(delay(at(2), at(0)).marked);
    }

    #[test]
    fn digests_are_cut_on_the_server_and_grouped_whole() {
        let digest = format!("sha256:3b8e{}41c0", "0".repeat(56));
        assert_eq!(short_digest(&digest), "sha256:3b8e…41c0");
        assert_eq!(grouped(&digest).len(), 16);
        assert_eq!(grouped(&digest).concat(), digest);
        assert_eq!(short_digest("none"), "none");
    }

    #[test]
    fn hidden_characters_are_written_out() {
        assert_eq!(visible("a\u{202e}b"), "a⟨U+202E⟩b");
        assert_eq!(visible("naïve\n"), "naïve\n");
    }

    #[test]
    fn lists_read_as_sentences() {
        let names =
            |list: &[&str]| listed(&list.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>());
        assert_eq!(names(&["a", "b", "c"]), "a, b and c");
        assert_eq!(names(&["a"]), "a");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn cutting_a_text_loses_nothing(text in ".{0,60}") {
            prop_assert_eq!(&breakable(&text).concat(), &text);
            prop_assert_eq!(wrapped(&text).concat(), text);
        }

        #[test]
        fn a_percentage_is_within_half_a_tenth_but_for_the_two_ends(part in 0_u64..5000, whole in 1_u64..5000) {
            let part = part.min(whole);
            let text = percent(part, whole).expect("a whole");
            let tenths: u64 = text.replace(['.', '\u{a0}', '%'], "").parse().expect("digits");
            prop_assert_eq!(tenths == 1000, part == whole);
            prop_assert_eq!(tenths == 0, part == 0);
        }
    }
}
