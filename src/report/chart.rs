//! Charts as numbers: where each bar stands, what each axis says. Lengths begin at zero, four fills at most.

use super::words::count;
use crate::domain::Class;

/// Deploys of one day by their highest class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// `2026-10-01`.
    pub date: String,
    /// It is a Saturday or a Sunday.
    pub weekend: bool,
    /// Deploys that brought nothing new or trivial changes only, then routine, significant, critical.
    pub by_class: [u64; 4],
}

impl Day {
    /// All deploys of the day.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_class.iter().sum()
    }
}

/// A rectangle with its fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rect {
    /// Left.
    pub x: u64,
    /// Top.
    pub y: u64,
    /// Width.
    pub width: u64,
    /// Height.
    pub height: u64,
    /// `c1` … `c4`.
    pub fill: &'static str,
}

/// A word on an axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// Where.
    pub at: u64,
    /// What it says.
    pub text: String,
}

/// Stacked columns, one a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// Width of the drawing.
    pub width: u64,
    /// Height with the words under the axis.
    pub height: u64,
    /// The base line.
    pub base: u64,
    /// Rectangles.
    pub rects: Vec<Rect>,
    /// Values on the left: `at` is the height.
    pub values: Vec<Tick>,
    /// Days under the axis: `at` is the middle of the column.
    pub days: Vec<Tick>,
    /// Shaded weekends.
    pub weekends: Vec<Rect>,
}

/// As wide as the sheet at 1440 px, so that letters keep their size there.
const WIDTH: u64 = 800;
const LEFT: u64 = 28;
const TOP: u64 = 10;
const BASE: u64 = 190;
/// Room that a full date needs under the axis, so that no two touch.
const DATE: u64 = 66;

/// The drawing of a row of days; empty of no days.
#[must_use]
pub fn columns(days: &[Day]) -> Columns {
    let highest = days.iter().map(Day::total).max().unwrap_or(0);
    let Some(number) = std::num::NonZeroU64::new(days.len() as u64) else {
        return Columns::default();
    };
    let step = step_for(highest);
    let top = highest.div_ceil(step).max(1) * step;
    let left = |place: u64| LEFT + place * (WIDTH - LEFT) / number;
    let mut chart = Columns { width: WIDTH, height: BASE + 24, base: BASE, ..Columns::default() };
    let mut free_from = 0;
    for (place, day) in (0_u64..).zip(days) {
        let (x, end) = (left(place), left(place + 1));
        let width = (end - x).saturating_sub(2).max(1);
        stack(day, x, width, top, &mut chart.rects);
        if day.weekend {
            chart.weekends.push(Rect {
                x,
                y: TOP,
                width: end - x,
                height: BASE - TOP,
                fill: "weekend",
            });
        }
        if x >= free_from && x + DATE <= WIDTH {
            chart.days.push(Tick {
                at: x,
                text: if free_from == 0 { day.date.clone() } else { short(&day.date) },
            });
            free_from = x + if free_from == 0 { DATE + 20 } else { DATE };
        }
    }
    chart.values = (0..=top / step)
        .map(|line| Tick { at: BASE - line * step * (BASE - TOP) / top, text: count(line * step) })
        .collect();
    chart
}

/// A step that gives two to five lines and reads as a round number.
fn step_for(highest: u64) -> u64 {
    let mut step = 1;
    let mut twice = true;
    let mut half = false;
    while highest.div_ceil(step) > 4 {
        // 1, 2, 5, 10, 20, 50, …
        (step, twice, half) = match (twice, half) {
            (true, false) => (step * 2, false, true),
            (_, true) => (step / 2 * 5, false, false),
            _ => (step * 2, true, false),
        };
    }
    step
}

fn short(date: &str) -> String {
    date.get(5..).unwrap_or(date).to_owned()
}

fn stack(day: &Day, x: u64, width: u64, top: u64, out: &mut Vec<Rect>) {
    let mut below = 0;
    let level = |sum: u64| BASE - sum * (BASE - TOP) / top;
    for (number, fill) in day.by_class.iter().zip(["c1", "c2", "c3", "c4"]) {
        // A bar that is too small to see still has one unit, inside the drawing.
        let y = level(below + number).min(level(below).saturating_sub(1)).max(TOP);
        let height = level(below) - y;
        if *number > 0 {
            out.push(Rect { x, y, width, height: height.saturating_sub(1).max(1), fill });
        }
        below += number;
    }
}

/// Totals over all days by class, in order, with the class's fill.
#[must_use]
pub fn class_totals(days: &[Day]) -> Vec<(Class, u64, &'static str)> {
    Class::ALL
        .into_iter()
        .zip(["c1", "c2", "c3", "c4"])
        .enumerate()
        .map(|(place, (class, fill))| {
            (class, days.iter().filter_map(|day| day.by_class.get(place)).sum(), fill)
        })
        .collect()
}

/// Deploys of all days.
#[must_use]
pub fn total(days: &[Day]) -> u64 {
    days.iter().map(Day::total).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn steps_are_round() {
        let steps: Vec<u64> = [0, 3, 8, 20, 41, 100, 999].map(step_for).into();
        assert_eq!(steps, [1, 1, 2, 5, 20, 50, 500]);
    }

    #[test]
    fn no_days_are_no_chart() {
        assert!(columns(&[]).rects.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_bar_stands_inside_the_drawing_and_on_the_base(
            counts in proptest::collection::vec(proptest::array::uniform4(0_u64..90), 1..60),
        ) {
            let days: Vec<Day> = counts
                .iter()
                .map(|by_class| Day { date: "2026-10-01".into(), weekend: false, by_class: *by_class })
                .collect();
            let chart = columns(&days);
            for rect in &chart.rects {
                prop_assert!(rect.y >= TOP && rect.y + rect.height <= BASE && rect.x + rect.width <= WIDTH, "{rect:?}");
            }
            let drawn = counts.iter().flatten().filter(|number| **number > 0).count();
            prop_assert_eq!(chart.rects.len(), drawn);
        }
    }
}
