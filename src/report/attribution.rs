//! Where each commit of a deploy comes from: six buckets, always all six, always in this order (sem 8).

use super::words::count;

/// The commits that a deploy, or a period, brought in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attribution {
    /// How many there are by the range itself, counted apart from the buckets.
    pub total: u64,
    /// Landed by a change.
    pub landed: u64,
    /// On the branch without a proposal.
    pub direct: u64,
    /// By a bot that policy exempts.
    pub exempt: u64,
    /// Merge commits that change nothing by themselves.
    pub plumbing: u64,
    /// From before this ledger.
    pub pre_ledger: u64,
    /// Not told.
    pub unresolved: u64,
}

/// One bucket of a sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// How many.
    pub number: u64,
    /// The bucket's word.
    pub word: &'static str,
    /// Name of its fill and, for `direct` and `unresolved`, of its mark.
    pub fill: &'static str,
    /// Not zero in a bucket that should be empty.
    pub bad: bool,
}

impl Attribution {
    /// The six terms, in order.
    #[must_use]
    pub fn terms(&self) -> Vec<Term> {
        let rows = [
            (self.landed, "landed", "c3"),
            (self.direct, "direct", "un"),
            (self.exempt, "exempt", "c2"),
            (self.plumbing, "plumbing", "c1"),
            (self.pre_ledger, "pre-ledger", "c4"),
            (self.unresolved, "unresolved", "un"),
        ];
        rows.into_iter()
            .map(|(number, word, fill)| Term {
                number,
                word,
                fill,
                bad: fill == "un" && number > 0,
            })
            .collect()
    }

    /// The sum of the buckets.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.terms().iter().map(|term| term.number).sum()
    }

    /// How far the buckets are from the total; 0 when the sum closes.
    #[must_use]
    pub fn difference(&self) -> u64 {
        self.total.abs_diff(self.sum())
    }

    /// `2,946 = 2,614 landed + 4 direct + …`, all terms, zeros included.
    #[must_use]
    pub fn words(&self) -> String {
        let terms: Vec<String> = self
            .terms()
            .iter()
            .map(|term| format!("{} {}", count(term.number), term.word))
            .collect();
        format!("{} = {}", count(self.total), terms.join(" + "))
    }
}

/// A piece of a bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Where it begins.
    pub x: u64,
    /// How wide it is, less the gap of one that parts it from the next.
    pub width: u64,
    /// How many it stands for.
    pub number: u64,
    /// What.
    pub word: String,
    /// Its fill.
    pub fill: &'static str,
    /// Whether the number may be written inside: wide enough, and on a fill that carries text.
    pub label: bool,
}

/// Lays terms out over `width` units. A bucket with 1 of 10,000 still has 3 (interface 3.3).
#[must_use]
pub fn bar(terms: &[Term], width: u64) -> Vec<Segment> {
    let total: u64 = terms.iter().map(|term| term.number).sum();
    if total == 0 {
        return Vec::new();
    }
    let wanted = |term: &Term| {
        let exact = u128::from(width) * u128::from(term.number) / u128::from(total);
        u64::try_from(exact).unwrap_or(width).max(if term.number > 0 { 4 } else { 0 })
    };
    let sizes: Vec<u64> = terms.iter().map(wanted).collect();
    let over = sizes.iter().sum::<u64>().saturating_sub(width);
    let widest = sizes.iter().copied().max().unwrap_or(0);
    let mut x = 0;
    let mut spare = over;
    terms
        .iter()
        .zip(sizes)
        .filter(|(_, size)| *size > 0)
        .map(|(term, size)| {
            let size =
                if size == widest { size - std::mem::take(&mut spare).min(size - 4) } else { size };
            let segment = Segment {
                x,
                width: size - 1,
                number: term.number,
                word: term.word.to_owned(),
                fill: term.fill,
                label: size >= 28 && matches!(term.fill, "c1" | "c3" | "c4"),
            };
            x += size;
            segment
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn month() -> Attribution {
        Attribution {
            total: 2946,
            landed: 2614,
            direct: 4,
            exempt: 38,
            plumbing: 290,
            ..Attribution::default()
        }
    }

    #[test]
    fn a_sum_names_every_bucket_in_order() {
        assert_eq!(
            month().words(),
            "2,946 = 2,614 landed + 4 direct + 38 exempt + 290 plumbing + 0 pre-ledger + 0 unresolved"
        );
        assert_eq!(month().difference(), 0);
    }

    #[test]
    fn a_lost_commit_shows_as_a_difference() {
        assert_eq!(Attribution { total: 3, landed: 2, ..Attribution::default() }.difference(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_bucket_that_holds_something_disappears_from_the_bar(
            landed in 0_u64..100_000, direct in 0_u64..5, exempt in 0_u64..500, plumbing in 0_u64..5000,
        ) {
            let it = Attribution { landed, direct, exempt, plumbing, ..Attribution::default() };
            let segments = bar(&it.terms(), 300);
            for term in it.terms() {
                prop_assert_eq!(term.number > 0, segments.iter().any(|s| s.word == term.word && s.width >= 3));
            }
            prop_assert!(segments.iter().all(|s| s.x + s.width <= 300));
        }
    }
}
