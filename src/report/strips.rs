//! `chart-strips`: on which days of a period each source delivered, with its silences cut out.

use super::words::plural;

/// A run of days, each counted since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first day.
    pub first: i64,
    /// The last day.
    pub last: i64,
}

impl Run {
    /// `2026-10-09 to 2026-10-10`, or one date.
    #[must_use]
    pub fn dates(self) -> String {
        if self.first == self.last {
            return date(self.first);
        }
        format!("{} to {}", date(self.first), date(self.last))
    }

    /// How many days it has.
    #[must_use]
    pub fn days(self) -> u64 {
        u64::try_from(self.last - self.first + 1).unwrap_or(0)
    }
}

/// A day since 1970-01-01 as a date.
#[must_use]
pub fn date(day: i64) -> String {
    let time = crate::domain::Time::from_seconds(day.saturating_mul(86_400));
    time.map(crate::domain::Time::to_date_text).unwrap_or_default()
}

/// What one source did in a period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strip {
    /// Runs of days with deliveries.
    pub talked: Vec<Run>,
    /// Runs of whole days without one, from the first delivery of the period on.
    pub silent: Vec<Run>,
}

impl Strip {
    /// Of the days with deliveries, in order and each once, in a period that ends with `last`.
    #[must_use]
    pub fn of(days: &[i64], last: i64) -> Self {
        let mut strip = Self::default();
        for day in days {
            match strip.talked.last_mut() {
                Some(run) if run.last + 1 == *day => run.last = *day,
                Some(run) => {
                    strip.silent.push(Run { first: run.last + 1, last: day - 1 });
                    strip.talked.push(Run { first: *day, last: *day });
                }
                None => strip.talked.push(Run { first: *day, last: *day }),
            }
        }
        if let Some(run) = strip.talked.last().filter(|run| run.last < last) {
            strip.silent.push(Run { first: run.last + 1, last });
        }
        strip
    }

    /// Days without a delivery.
    #[must_use]
    pub fn silent_days(&self) -> u64 {
        self.silent.iter().map(|run| run.days()).sum()
    }

    /// The longest silence.
    #[must_use]
    pub fn longest(&self) -> Option<Run> {
        self.silent.iter().copied().max_by_key(|run| run.days())
    }

    /// The days in which it could have talked: from its first delivery of the period to the end of `period`.
    #[must_use]
    pub fn ground(&self, period: Run) -> Option<Run> {
        self.talked.first().map(|run| Run { first: run.first, last: period.last })
    }

    /// Bars in a drawing of `width` units over the days of a period: left and width, three units at least.
    #[must_use]
    pub fn bars(&self, period: Run, width: u64) -> Vec<(u64, u64)> {
        bars(&self.talked, period, width)
    }
}

/// Runs of days in a drawing of `width` units: left and width, three units at least.
#[must_use]
pub fn bars(runs: &[Run], period: Run, width: u64) -> Vec<(u64, u64)> {
    let Some(days) = std::num::NonZeroU64::new(period.days()) else { return Vec::new() };
    let at = |day: i64| u64::try_from((day - period.first).max(0)).unwrap_or(0) * width / days;
    runs.iter()
        .map(|run| {
            let (left, right) = (at(run.first), at(run.last + 1).min(width));
            let wide = right.saturating_sub(left).max(3);
            (left.min(width.saturating_sub(wide)), wide)
        })
        .collect()
}

/// The finding over all sources: `(id, strip)`.
#[must_use]
pub fn finding(strips: &[(&str, &Strip)]) -> String {
    let silent: Vec<_> = strips.iter().filter(|(_, strip)| !strip.silent.is_empty()).collect();
    let never = strips.iter().filter(|(_, strip)| strip.talked.is_empty()).count() as u64;
    let of = plural(strips.len() as u64, "source", "sources");
    let mut sentence = match silent
        .iter()
        .filter_map(|(id, s)| Some((*id, s.longest()?)))
        .max_by_key(|(_, run)| run.days())
    {
        None if never == strips.len() as u64 => {
            "No source delivered anything in this period.".to_owned()
        }
        None => {
            "Every source that delivered did so on every day from its first delivery on.".to_owned()
        }
        Some((id, run)) => format!(
            "{} of {of} fell silent for a day or more. The longest silence: {id}, {}.",
            silent.len(),
            plural(run.days(), "day", "days"),
        ),
    };
    if never > 0 && never < strips.len() as u64 {
        sentence.push_str(&format!(" {never} of {of} delivered nothing."));
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silences_are_between_deliveries_and_up_to_the_end() {
        let strip = Strip::of(&[10, 11, 14], 15);
        assert_eq!(strip.talked, [Run { first: 10, last: 11 }, Run { first: 14, last: 14 }]);
        assert_eq!(strip.silent, [Run { first: 12, last: 13 }, Run { first: 15, last: 15 }]);
        assert_eq!((strip.silent_days(), strip.longest()), (3, Some(Run { first: 12, last: 13 })));
        assert_eq!(Strip::of(&[], 15), Strip::default());
    }

    #[test]
    fn bars_stand_inside_the_drawing() {
        let period = Run { first: 1, last: 10 };
        assert_eq!(Strip::of(&[1, 2, 10], 10).bars(period, 100), [(0, 20), (90, 10)]);
        let long = Run { first: 0, last: 9_999 };
        assert_eq!(Strip::of(&[9_999], 9_999).bars(long, 100), [(97, 3)]);
    }

    #[test]
    fn the_finding_says_who_fell_silent() {
        let (steady, gone) = (Strip::of(&[1, 2], 2), Strip::of(&[1], 2));
        assert_eq!(
            finding(&[("github", &steady)]),
            "Every source that delivered did so on every day from its first delivery on."
        );
        assert_eq!(
            finding(&[("github", &steady), ("jira", &gone), ("ci", &Strip::default())]),
            "1 of 3 sources fell silent for a day or more. The longest silence: jira, 1 day. 1 of 3 sources delivered nothing."
        );
        assert_eq!(
            finding(&[("ci", &Strip::default())]),
            "No source delivered anything in this period."
        );
    }
}
