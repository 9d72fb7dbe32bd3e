//! Sentences that more than one room of the policy needs: counts, lists, names (interface 1.2).

/// `1 file`, `2 files`; thousands with a comma.
pub(super) fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(number))
}

/// `2,946`.
pub(super) fn thousands(number: u64) -> String {
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

/// A length as `u64`; a length that does not fit is as large as can be, so that no count comes out too small.
pub(super) fn len<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn and_list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// The sentence without its final stop, so that it may go on.
pub(super) fn open_ended(sentence: &str) -> &str {
    sentence.trim_end_matches('.')
}

/// The same sentence, its first letter large.
pub(super) fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_read_as_the_interface_writes_them() {
        assert_eq!(
            [0, 7, 999, 1000, 2946, 1_234_567].map(thousands),
            ["0", "7", "999", "1,000", "2,946", "1,234,567"].map(str::to_owned)
        );
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(0, "file"), "0 files");
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(and_list(&names), "a, b and c");
        assert_eq!(and_list(&names[..2]), "a and b");
        assert_eq!(capital("m. Ortiz"), "M. Ortiz");
    }
}
