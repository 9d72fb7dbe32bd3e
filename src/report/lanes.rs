//! Seven lanes on one axis: where every event of a change stands in the picture (interface 3.3). Pure layout.
//!
//! One scale for all lanes. Days may differ in width, by how much happened; inside a day the scale is even.

use super::prose::Prose;
use crate::domain::{DAY, Time};

/// The lanes, always all seven, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The ticket's life.
    Ticket,
    /// Commits and pushes.
    Commits,
    /// Opinions.
    Review,
    /// Checks.
    Checks,
    /// Our decisions and the landing.
    Decision,
    /// Deploys.
    Deploy,
    /// Incidents.
    Incident,
}

impl Lane {
    /// All, top to bottom.
    pub const ALL: [Self; 7] = [
        Self::Ticket,
        Self::Commits,
        Self::Review,
        Self::Checks,
        Self::Decision,
        Self::Deploy,
        Self::Incident,
    ];

    /// The word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ticket => "Ticket",
            Self::Commits => "Commits",
            Self::Review => "Review",
            Self::Checks => "Checks",
            Self::Decision => "Decision",
            Self::Deploy => "Deploy",
            Self::Incident => "Incident",
        }
    }
}

/// What an event's mark says: shape and colour as in interface 2.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventMark {
    /// It happened.
    Plain,
    /// It went well: approved, passed, succeeded.
    Good,
    /// It failed, or a veto: an octagon.
    Bad,
    /// A yes of other content: a square.
    Stale,
    /// It needs attention: a triangle.
    Attention,
}

impl EventMark {
    /// Name of shape and colour.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Stale => "stale",
            Self::Attention => "attention",
        }
    }
}

/// Something that happened to a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, by the source's clock.
    pub occurred: Time,
    /// When we received it; `None`: it is our own.
    pub received: Option<Time>,
    /// Its lane.
    pub lane: Lane,
    /// Who or what did it.
    pub who: String,
    /// What, in the table.
    pub what: Prose,
    /// One to three words for the picture; may be empty.
    pub label: String,
    /// Its mark.
    pub mark: EventMark,
    /// Ledger index.
    pub index: Option<u64>,
}

/// A day on the axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayColumn {
    /// Left edge.
    pub x: i64,
    /// Width.
    pub width: i64,
    /// `Tue 2026-10-06`; empty where there is no room.
    pub label: String,
    /// Shaded.
    pub weekend: bool,
}

/// A mark in the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Number of the event in the table, from 1.
    pub number: usize,
    /// Middle.
    pub x: i64,
    /// Middle.
    pub y: i64,
    /// Shape and colour.
    pub mark: EventMark,
    /// The label with where it begins or ends; `None`: there was no room.
    pub label: Option<Label>,
}

/// A label beside a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where it begins (`start`) or ends (`end`).
    pub x: i64,
    /// Base line of the letters: raised above the lane's line where there is one.
    pub y: i64,
    /// `start` or `end`.
    pub anchor: &'static str,
    /// The words.
    pub text: String,
}

/// A lane's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its word.
    pub name: &'static str,
    /// Its middle.
    pub y: i64,
    /// From its first mark to its last, where it has two.
    pub line: Option<(i64, i64)>,
}

/// A dashed line through all lanes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vertical {
    /// Where.
    pub x: i64,
    /// `landed`, `in production`.
    pub what: &'static str,
    /// When.
    pub at: Time,
}

/// The picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    /// Width.
    pub width: i64,
    /// Height.
    pub height: i64,
    /// Days.
    pub days: Vec<DayColumn>,
    /// Lanes.
    pub rows: Vec<Row>,
    /// Events.
    pub marks: Vec<Mark>,
    /// Landed, in production.
    pub verticals: Vec<Vertical>,
}

/// As wide as the sheet at 1440 px, so that letters keep their size there.
const WIDTH: i64 = 1344;
const LEFT: i64 = 92;
const RIGHT: i64 = 1328;
const TOP: i64 = 34;
const ROW: i64 = 30;
/// Two marks of one lane stand at least this far apart.
const APART: i64 = 17;
/// Width of a letter of a label; a little more than the widest fallback font needs.
const LETTER: i64 = 7;
/// Room for `Tue 2026-10-06`.
const LONG_DATE: i64 = 104;
/// Room for `10-06`.
const SHORT_DATE: i64 = 44;
/// Microseconds of a day.
/// More days than this are not drawn one by one: the picture would only be lines. The table stays.
const MOST_DAYS: i64 = 400;

/// Lays the events out. `None` where there is nothing to draw, or more than a year to squeeze in.
#[must_use]
pub fn lay_out(
    events: &[Event],
    landed: Option<Time>,
    production: Option<Time>,
) -> Option<Drawing> {
    let times = || events.iter().map(|event| event.occurred).chain(landed).chain(production);
    let first = times().min()?.micros().div_euclid(DAY);
    let last = times().max()?.micros().div_euclid(DAY);
    if events.is_empty() || last - first >= MOST_DAYS {
        return None;
    }
    let axis = Axis::new(first, last, &times().collect::<Vec<_>>());
    let marks = place(events, &axis);
    let verticals: Vec<Vertical> = [("landed", landed), ("in production", production)]
        .into_iter()
        .filter_map(|(what, at)| at.map(|at| Vertical { x: axis.x(at), what, at }))
        .collect();
    let rows: Vec<Row> =
        (0_i64..).zip(Lane::ALL).map(|(place, lane)| row(place, lane, events, &marks)).collect();
    let height = TOP + ROW * 7 + 8;
    Some(Drawing {
        width: WIDTH,
        height,
        days: axis.columns(),
        marks: label(events, marks, &rows, &verticals),
        rows,
        verticals,
    })
}

/// The days with their left edges; one more edge than days.
struct Axis {
    first: i64,
    edges: Vec<i64>,
}

impl Axis {
    /// A day weighs 2, and 3 for each event up to 8.
    fn new(first: i64, last: i64, times: &[Time]) -> Self {
        let weight = |day: i64| {
            let events =
                times.iter().filter(|at| at.micros().div_euclid(DAY) == day).count().min(8);
            2 + 3 * i64::try_from(events).unwrap_or(8)
        };
        let total: i64 = (first..=last).map(weight).sum();
        let mut sum = 0;
        let mut edges = vec![LEFT];
        for day in first..=last {
            sum += weight(day);
            edges.push(LEFT + (RIGHT - LEFT) * sum / total.max(1));
        }
        Self { first, edges }
    }

    fn edge(&self, place: i64) -> i64 {
        usize::try_from(place)
            .ok()
            .and_then(|place| self.edges.get(place))
            .copied()
            .unwrap_or(RIGHT)
    }

    fn x(&self, at: Time) -> i64 {
        let place = at.micros().div_euclid(DAY) - self.first;
        let (left, right) = (self.edge(place), self.edge(place + 1));
        let share =
            i128::from(at.micros().rem_euclid(DAY)) * i128::from(right - left) / i128::from(DAY);
        left + i64::try_from(share).unwrap_or(0)
    }

    fn columns(&self) -> Vec<DayColumn> {
        let mut free_from = 0;
        let days = (self.first..).zip(self.edges.iter().zip(self.edges.iter().skip(1)));
        days.map(|(day, (x, right))| {
            let width = right - x;
            let date = Time::from_micros(day * DAY).map(Time::utc);
            let text = |form| date.map_or(String::new(), |date| date.format(form).to_string());
            let (label, room) = if free_from == 0 {
                (text("%a %Y-%m-%d"), LONG_DATE)
            } else if width >= LONG_DATE - 24 {
                (text("%a %m-%d"), 80)
            } else {
                (text("%m-%d"), SHORT_DATE)
            };
            let fits = *x >= free_from && x + room <= RIGHT + 16;
            free_from = if fits { x + room } else { free_from };
            // 1970-01-01 was a Thursday.
            let weekend = matches!((day + 3).rem_euclid(7), 5 | 6);
            DayColumn { x: *x, width, label: if fits { label } else { String::new() }, weekend }
        })
        .collect()
    }
}

/// Marks in order of time; within a lane a mark too near to the one before moves right.
fn place(events: &[Event], axis: &Axis) -> Vec<Mark> {
    let mut last = [i64::MIN / 2; 7];
    let mut marks = Vec::with_capacity(events.len());
    for (number, event) in (1..).zip(events) {
        let lane = Lane::ALL.iter().position(|lane| *lane == event.lane).unwrap_or(0);
        let Some(before) = last.get_mut(lane) else { continue };
        let x = axis.x(event.occurred).max(*before + APART);
        *before = x;
        let y = TOP + ROW * i64::try_from(lane).unwrap_or(0) + ROW / 2;
        marks.push(Mark { number, x, y, mark: event.mark, label: None });
    }
    marks
}

fn row(place: i64, of: Lane, events: &[Event], marks: &[Mark]) -> Row {
    let xs =
        || events.iter().zip(marks).filter(|(event, _)| event.lane == of).map(|(_, mark)| mark.x);
    let life = match (xs().min(), xs().max()) {
        (Some(from), Some(to)) if from < to => Some((from, to)),
        _ => None,
    };
    Row { name: of.as_str(), y: TOP + ROW * place + ROW / 2, line: life }
}

/// Labels stand right of their mark, else left, else nowhere. They never cover a mark, a label or a dashed line.
fn label(
    events: &[Event],
    mut marks: Vec<Mark>,
    rows: &[Row],
    verticals: &[Vertical],
) -> Vec<Mark> {
    let lined = |y: i64| rows.iter().any(|row| row.y == y && row.line.is_some());
    let mut taken: Vec<(i64, i64, i64)> =
        marks.iter().map(|mark| (mark.y, mark.x - 9, mark.x + 9)).collect();
    for (event, mark) in events.iter().zip(&mut marks) {
        let length = LETTER * i64::try_from(event.label.chars().count()).unwrap_or(i64::MAX / 16);
        if length == 0 {
            continue;
        }
        let sides = [
            (mark.x + 11, mark.x + 11 + length, "start"),
            (mark.x - 11 - length, mark.x - 11, "end"),
        ];
        let free = |from: i64, to: i64| {
            from >= LEFT
                && to <= WIDTH
                && taken.iter().all(|(y, a, b)| *y != mark.y || to <= *a || from >= *b)
                && verticals.iter().all(|line| line.x <= from || line.x >= to)
        };
        if let Some((from, to, anchor)) = sides.into_iter().find(|(from, to, _)| free(*from, *to)) {
            let x = if anchor == "start" { from } else { to };
            mark.label = Some(Label {
                x,
                y: mark.y + if lined(mark.y) { -4 } else { 4 },
                anchor,
                text: event.label.clone(),
            });
            taken.push((mark.y, from, to));
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(seconds: i64, lane: Lane, label: &str) -> Event {
        Event {
            occurred: Time::from_seconds(seconds).expect("a time"),
            received: None,
            lane,
            who: "m.ortiz".into(),
            what: Prose::from("approved"),
            label: label.into(),
            mark: EventMark::Plain,
            index: None,
        }
    }

    #[test]
    fn all_seven_lanes_are_there_whatever_happened() {
        let drawing =
            lay_out(&[event(0, Lane::Deploy, "production")], None, None).expect("a drawing");
        assert_eq!(drawing.rows.len(), 7);
        assert_eq!(drawing.rows[0].name, "Ticket");
        assert!(lay_out(&[], None, None).is_none());
    }

    #[test]
    fn saturday_and_sunday_are_shaded() {
        // 2026-10-09 is a Friday.
        let friday = 1_791_504_000;
        let drawing = lay_out(
            &[event(friday, Lane::Ticket, ""), event(friday + 3 * 86_400, Lane::Ticket, "")],
            None,
            None,
        )
        .expect("a drawing");
        let weekend: Vec<bool> = drawing.days.iter().map(|day| day.weekend).collect();
        assert_eq!(weekend, [false, true, true, false]);
        assert!(drawing.days[0].label.starts_with("Fri 2026-10-09"), "{:?}", drawing.days);
    }

    #[test]
    fn ten_years_are_told_by_the_table() {
        assert!(
            lay_out(
                &[event(0, Lane::Ticket, ""), event(315_360_000, Lane::Ticket, "")],
                None,
                None
            )
            .is_none()
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_two_marks_of_a_lane_overlap_and_no_label_covers_a_mark(
            mut times in proptest::collection::vec((0_i64..2_000_000, 0_usize..7, ".{0,14}"), 1..30),
        ) {
            times.sort_by_key(|(at, ..)| *at);
            let events: Vec<Event> = times.iter().map(|(at, lane, label)| event(*at, Lane::ALL[*lane], label)).collect();
            let drawing = lay_out(&events, None, None).expect("a drawing");
            prop_assert_eq!(drawing.marks.len(), events.len());
            for (place, one) in drawing.marks.iter().enumerate() {
                for other in drawing.marks.iter().skip(place + 1).filter(|other| other.y == one.y) {
                    prop_assert!((other.x - one.x).abs() >= APART);
                    if let Some(label) = &one.label {
                        let length = LETTER * i64::try_from(label.text.chars().count()).expect("short");
                        let (from, to) = if label.anchor == "start" { (label.x, label.x + length) } else { (label.x - length, label.x) };
                        prop_assert!(other.x + 9 <= from || other.x - 9 >= to);
                    }
                }
            }
        }
    }
}
