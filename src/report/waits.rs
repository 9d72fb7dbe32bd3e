//! `chart-wait`: how long changes waited for an architect, by scope, on a logarithmic axis.

use super::words::{count, duration, plural};

/// The waits of one scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitRow {
    /// The scope; `*`: none by name.
    pub scope: String,
    /// Decisions.
    pub number: u64,
    /// Half waited as long at most, seconds.
    pub median: u64,
    /// Nine of ten waited as long at most, seconds.
    pub ninety: u64,
}

impl WaitRow {
    /// The scope in words.
    #[must_use]
    pub fn name(&self) -> &str {
        if self.scope == "*" { "without a scope" } else { &self.scope }
    }
}

/// A value on the axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Where, in units of the drawing with one decimal.
    pub x: String,
    /// What it says.
    pub text: String,
}

/// A scope in the drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Its name.
    pub name: String,
    /// The middle of its line.
    pub y: u64,
    /// Where half are.
    pub median: String,
    /// Where nine of ten are.
    pub ninety: String,
    /// Decisions.
    pub number: u64,
}

/// The drawing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waits {
    /// Width.
    pub width: u64,
    /// Height.
    pub height: u64,
    /// Values on the axis.
    pub marks: Vec<Mark>,
    /// Scopes.
    pub bars: Vec<Bar>,
}

/// Round spans for the axis, seconds: each about four times the one before.
const STEPS: [u64; 14] = [
    1,
    5,
    20,
    60,
    300,
    1_800,
    7_200,
    28_800,
    115_200,
    432_000,
    1_728_000,
    6_912_000,
    27_648_000,
    110_592_000,
];
const WIDTH: u64 = 520;
const LEFT: f64 = 130.0;
const RIGHT: f64 = 464.0;
const TOP: u64 = 24;
const ROW: u64 = 27;

/// The drawing of these rows; empty of none.
#[must_use]
pub fn drawing(rows: &[WaitRow]) -> Waits {
    let least = rows.iter().map(|row| row.median.max(1)).min();
    let most = rows.iter().map(|row| row.ninety.max(1)).max();
    let (Some(least), Some(most)) = (least, most) else { return Waits::default() };
    let first = STEPS.iter().rposition(|step| *step <= least).unwrap_or(0);
    let last =
        STEPS.iter().position(|step| *step >= most).unwrap_or(STEPS.len() - 1).max(first + 1);
    let steps = STEPS.get(first..=last).unwrap_or(&STEPS);
    let ends = [steps.first(), steps.last()].map(|end| logarithm(*end.unwrap_or(&1)));
    let x = |seconds: u64| {
        let share = (logarithm(seconds.max(1)) - ends[0]) / (ends[1] - ends[0]).max(f64::EPSILON);
        format!("{:.1}", LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT))
    };
    // Six values at most have room beside each other.
    let every = steps.len().div_ceil(6);
    let marks = steps.iter().enumerate();
    let marks = marks.map(|(place, step)| Mark {
        x: x(*step),
        text: if place % every == 0 { duration(*step) } else { String::new() },
    });
    let bars = (0_u64..).zip(rows).map(|(place, row)| Bar {
        name: row.name().to_owned(),
        y: TOP + 16 + place * ROW,
        median: x(row.median),
        ninety: x(row.ninety),
        number: row.number,
    });
    Waits {
        width: WIDTH,
        height: TOP + 8 + rows.len() as u64 * ROW,
        marks: marks.collect(),
        bars: bars.collect(),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a place in a drawing needs no more than three digits"
)]
fn logarithm(seconds: u64) -> f64 {
    (seconds as f64).ln()
}

/// The finding: who waited longest, and over how many decisions.
#[must_use]
pub fn finding(rows: &[WaitRow]) -> String {
    let total: u64 = rows.iter().map(|row| row.number).sum();
    match rows.iter().max_by_key(|row| row.ninety) {
        None => "No architect decided in this period. Widen the period.".to_owned(),
        Some(longest) => format!(
            "{}. The longest waits: {}, where half waited {} or less and 9 of 10 waited {} or less.",
            plural(total, "decision", "decisions"),
            longest.name(),
            duration(longest.median),
            duration(longest.ninety),
        ),
    }
}

/// All decisions, for the foot of the table.
#[must_use]
pub fn total(rows: &[WaitRow]) -> String {
    count(rows.iter().map(|row| row.number).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(median: u64, ninety: u64) -> WaitRow {
        WaitRow { scope: "payments".to_owned(), number: 3, median, ninety }
    }

    #[test]
    fn the_axis_begins_below_and_ends_above_every_wait() {
        let drawn = drawing(&[row(2_000, 29_000), row(9_000, 110_000)]);
        let said: Vec<&str> = drawn.marks.iter().map(|mark| mark.text.as_str()).collect();
        assert_eq!(said, ["30 min", "2 h", "8 h", "1 d 8 h"]);
        assert_eq!(drawing(&[]), Waits::default());
    }

    #[test]
    fn the_finding_names_the_scope_that_waited_longest() {
        assert_eq!(
            finding(&[row(60, 120)]),
            "3 decisions. The longest waits: payments, where half waited 1 min or less and 9 of 10 waited 2 min or less."
        );
        assert_eq!(finding(&[]), "No architect decided in this period. Widen the period.");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn nothing_is_drawn_outside(waits in proptest::collection::vec((0_u64..200_000_000, 0_u64..200_000_000), 1..8)) {
            let rows: Vec<WaitRow> = waits.iter().map(|(a, b)| row(*a.min(b), *a.max(b))).collect();
            let drawn = drawing(&rows);
            prop_assert!(drawn.marks.len() >= 2);
            for bar in &drawn.bars {
                let (median, ninety): (f64, f64) = (bar.median.parse().expect("a number"), bar.ninety.parse().expect("a number"));
                prop_assert!(LEFT <= median && median <= ninety && ninety <= RIGHT && bar.y < drawn.height);
            }
        }
    }
}
