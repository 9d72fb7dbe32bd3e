//! Exact decimal numbers: limits are never missed by rounding.

use std::cmp::Ordering;

/// Digits after the point, and before it, that are compared exactly; a longer number is refused.
const MAX_DIGITS: usize = 18;

/// A number as an integer and a power of ten below it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal {
    units: i128,
    scale: u32,
}

impl Decimal {
    /// Reads plain decimal text; `None`: an exponent, infinity, or more digits than can be compared exactly.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (negative, body) = match text.strip_prefix('-') {
            Some(body) => (true, body),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = body.split_once('.').unwrap_or((body, ""));
        let fraction = fraction.trim_end_matches('0');
        let whole = whole.trim_start_matches('0');
        let digits =
            |text: &str| text.len() <= MAX_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
        if !body.bytes().any(|b| b.is_ascii_digit()) || !digits(whole) || !digits(fraction) {
            return None;
        }
        let joined = format!("{whole}{fraction}");
        let units: i128 = if joined.is_empty() { 0 } else { joined.parse().ok()? };
        let scale = u32::try_from(fraction.len()).ok()?;
        Some(Self { units: if negative { -units } else { units }, scale })
    }

    /// The number that a limit of a policy is written as.
    pub(super) fn of(limit: f64) -> Option<Self> {
        limit.is_finite().then(|| Self::parse(&format!("{limit}"))).flatten()
    }

    fn aligned(self, other: Self) -> Option<(i128, i128, u32)> {
        let scale = self.scale.max(other.scale);
        let raise =
            |number: Self| number.units.checked_mul(10_i128.checked_pow(scale - number.scale)?);
        Some((raise(self)?, raise(other)?, scale))
    }

    /// `None`: too long to compare.
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        self.aligned(other).map(|(a, b, _)| a.cmp(&b))
    }

    /// The distance between two numbers.
    pub(super) fn distance(self, other: Self) -> Option<Self> {
        let (a, b, scale) = self.aligned(other)?;
        Some(Self { units: a.checked_sub(b)?.checked_abs()?, scale })
    }

    /// Whether the distance from `old` is at most so many per cent of it. `None`: `old` is zero, or too long.
    pub(super) fn within_percent(self, old: Self, percent: Self) -> Option<bool> {
        if old.units == 0 {
            return None;
        }
        let distance = self.distance(old)?;
        let (moved, base, _) =
            distance.aligned(Self { units: old.units.checked_abs()?, scale: old.scale })?;
        let moved = moved.checked_mul(100)?.checked_mul(10_i128.checked_pow(percent.scale)?)?;
        Some(moved <= base.checked_mul(percent.units)?)
    }

    /// The change from `old` in per cent, as people read it: `+33.3 %`.
    pub(super) fn percent_from(self, old: Self) -> Option<String> {
        let (now, before, _) = self.aligned(old)?;
        let base = before.checked_abs().filter(|base| *base != 0)?;
        let tenths = now.checked_sub(before)?.checked_mul(1000)?;
        let half = if tenths < 0 { -base / 2 } else { base / 2 };
        let rounded = tenths.checked_add(half)? / base;
        let sign = if rounded < 0 { "-" } else { "+" };
        let (whole, tenth) = (rounded.abs() / 10, rounded.abs() % 10);
        Some(if tenth == 0 {
            format!("{sign}{whole} %")
        } else {
            format!("{sign}{whole}.{tenth} %")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).expect(text)
    }

    #[test]
    fn numbers_are_compared_without_rounding() {
        let order = |a: &str, b: &str| number(a).compare(number(b)).expect("comparable");
        assert_eq!(order("0.1", "0.10"), Ordering::Equal);
        assert_eq!(order("9007199254740993", "9007199254740992"), Ordering::Greater);
        assert_eq!(order("-1.5", "-1.25"), Ordering::Less);
        for text in ["1e3", ".inf", "", "-", ".", "1234567890123456789", "1.2.3"] {
            assert!(Decimal::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn per_cent_are_exact_at_the_border() {
        let within = |old: &str, new: &str, percent: f64| {
            number(new).within_percent(number(old), Decimal::of(percent).expect("per cent"))
        };
        assert_eq!(within("4", "6", 50.0), Some(true));
        assert_eq!(within("4", "6.000001", 50.0), Some(false));
        assert_eq!(within("0.3", "0.33", 10.0), Some(true));
        assert_eq!(within("-4", "-6", 50.0), Some(true));
        assert_eq!(within("0", "1", 50.0), None);
        assert_eq!(number("9").percent_from(number("4")).as_deref(), Some("+125 %"));
        assert_eq!(number("4").percent_from(number("3")).as_deref(), Some("+33.3 %"));
        assert_eq!(number("2").percent_from(number("3")).as_deref(), Some("-33.3 %"));
    }
}
