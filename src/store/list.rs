//! Where a page of a list stands, and how a period is cut so that its totals are sums of counters.

use super::{StoreError, Tx, on, unsigned};
use crate::domain::DAY;

/// How long a span of a counter is: a day, then 32 days.
const SPANS: [i64; 2] = [DAY, 32 * DAY];

/// The size of the ledger at which everything counts that is known now.
pub const NOW: i64 = i64::MAX;

/// A place between rows: the last row of one page, or the first of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Time of the row, microseconds.
    pub at: i64,
    /// Its id: every order ends with it, so that it is total.
    pub id: String,
    /// Its service, in the order of services; empty otherwise.
    pub service: String,
}

/// Which rows of a list are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Largest first.
    pub descending: bool,
    /// After this place; `None`: from the beginning.
    pub after: Option<Place>,
    /// So many rows at the most.
    pub limit: i64,
    /// As of this size of the ledger; [`NOW`]: everything.
    pub size: i64,
}

impl Window {
    /// The newest rows that are known now.
    #[must_use]
    pub fn newest(after: Option<Place>, limit: i64) -> Self {
        Self { descending: true, after, limit, size: NOW }
    }

    /// The time and id after which rows are read.
    pub(super) fn from(&self) -> (i64, &str) {
        let end = if self.descending { i64::MAX } else { i64::MIN };
        self.after.as_ref().map_or((end, ""), |place| (place.at, place.id.as_str()))
    }

    /// The part of a period that lies beyond the place, in the order of time: there the index is entered.
    pub(super) fn narrowed(&self, (from, until): Part) -> Part {
        match (&self.after, self.descending) {
            (None, _) => (from, until),
            (Some(place), true) => (from, until.min(place.at.saturating_add(1))),
            (Some(place), false) => (from.max(place.at), until),
        }
    }
}

/// The statements that keep counters with the rows they count. Each counter is what a recount of the rows gives, always.
pub(super) struct Counters {
    /// Adds the row `$1` with the sign `$2`.
    pub(super) count: &'static str,
    /// Drops counters that count nothing any more.
    pub(super) tidy: &'static str,
    /// How many counters are not what a recount gives.
    pub(super) wrong: &'static str,
    /// Drops all.
    pub(super) clear: &'static str,
    /// Counts all rows.
    pub(super) recount: &'static str,
}

impl Counters {
    /// Takes a row into the counters (`1`) or out of them (`-1`), as it is now.
    pub(super) async fn count(&self, tx: &mut Tx, id: &str, sign: i64) -> Result<(), StoreError> {
        let sql = self.count;
        on!(tx, |conn| sqlx::query(sql).bind(id).bind(sign).execute(conn).await.map(|_| ()))?;
        Ok(())
    }

    /// Drops counters that count nothing any more.
    pub(super) async fn tidy(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let sql = self.tidy;
        on!(tx, |conn| sqlx::query(sql).execute(conn).await.map(|_| ()))?;
        Ok(())
    }

    /// How many counters are not what a recount of the rows gives.
    pub(super) async fn wrong(&self, tx: &mut Tx) -> Result<u64, StoreError> {
        let sql = self.wrong;
        let (wrong,): (i64,) = on!(tx, |conn| sqlx::query_as(sql).fetch_one(conn).await)?;
        Ok(unsigned(wrong))
    }

    /// Counts all rows anew.
    pub(super) async fn recount(&self, tx: &mut Tx) -> Result<(), StoreError> {
        for sql in [self.clear, self.recount] {
            on!(tx, |conn| sqlx::query(sql).execute(conn).await.map(|_| ()))?;
        }
        Ok(())
    }
}

/// A part of a period: times from, until (excluded).
pub(super) type Part = (i64, i64);

/// A period as whole spans and what is left over at its ends.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cut {
    /// `(span, first, until)`: numbers of spans whose counters are added.
    pub(super) spans: Vec<(i64, i64, i64)>,
    /// Times whose rows are added one by one: less than a day at each end.
    pub(super) edges: Vec<Part>,
}

/// Cuts a period (microseconds, `until` excluded) into few ranges of spans, the long ones inside, and what is left.
pub(super) fn cut(period: Part) -> Cut {
    let mut cut = Cut::default();
    cut.add(period, &SPANS);
    cut
}

/// Cuts a period into one range of days, and what is left.
pub(super) fn cut_to_days(period: Part) -> Cut {
    let mut cut = Cut::default();
    cut.add(period, &[DAY]);
    cut
}

impl Cut {
    fn add(&mut self, (from, until): Part, spans: &[i64]) {
        let Some((length, shorter)) = spans.split_last() else {
            if from < until {
                self.edges.push((from, until));
            }
            return;
        };
        let first = from.div_euclid(*length) + i64::from(from.rem_euclid(*length) > 0);
        let end = until.div_euclid(*length);
        if first >= end {
            return self.add((from, until), shorter);
        }
        let span = i64::try_from(shorter.len()).unwrap_or(0);
        self.spans.push((span, first, end));
        self.add((from, first.saturating_mul(*length)), shorter);
        self.add((end.saturating_mul(*length), until), shorter);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every time that a cut covers, as parts in order.
    fn covered(cut: &Cut) -> Vec<Part> {
        let length = |span: i64| SPANS[usize::try_from(span).expect("a span")];
        let spans = cut.spans.iter().map(|(span, first, end)| {
            (first.saturating_mul(length(*span)), end.saturating_mul(length(*span)))
        });
        let mut parts: Vec<Part> = spans.chain(cut.edges.iter().copied()).collect();
        parts.sort_unstable();
        parts
    }

    #[test]
    fn whole_days_need_no_rows() {
        let cut = cut((40 * DAY, 110 * DAY));
        assert_eq!(cut.edges, []);
        assert_eq!(cut.spans, [(1, 2, 3), (0, 40, 64), (0, 96, 110)]);
    }

    #[test]
    fn without_a_period_everything_is_counted() {
        let cut = cut((0, i64::MAX));
        assert!(cut.edges.iter().all(|(from, until)| until - from < DAY && *from > 1 << 62));
        assert_eq!(covered(&cut).first().expect("a part").0, 0);
    }

    proptest! {
        #[test]
        fn the_parts_of_a_period_are_the_period(from in -400 * DAY..400 * DAY, long in 0..800 * DAY) {
            let (cut, mut at) = (cut((from, from + long)), from);
            for (begins, ends) in covered(&cut) {
                prop_assert_eq!(begins, at);
                at = ends;
            }
            prop_assert_eq!(at, from + long);
            prop_assert!(cut.edges.iter().all(|(from, until)| until - from < DAY * 2));
            prop_assert!(cut.spans.len() <= 5 && cut.edges.len() <= 2);
        }
    }
}
