//! The overview's charts, each an answer: a title that names the measure, a sentence with the finding, the numbers as
//! a table, and the rows behind it (interface 3.4).

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::Class;
use crate::report::attribution::{Segment, Term, bar};
use crate::report::chart::{Columns, Day, class_totals, columns};
use crate::report::overview::{LOOKED_FOR, OverviewPage, ServiceRow, SourceRow, open_finding};
use crate::report::population::Outcomes;
use crate::report::strips;
use crate::report::waits::{self, WaitRow, Waits};
use crate::web::components as c;
use crate::web::components::filters;

/// `chart-bars`: deploys per day, stacked by highest class.
#[derive(Debug, Clone, Template)]
#[template(path = "components/chart_bars.html")]
pub struct Bars<'a> {
    days: &'a [Day],
    chart: Columns,
    classes: Vec<(Class, u64, &'static str)>,
    finding: String,
    rows_href: &'a str,
}
impl HtmlSafe for Bars<'_> {}

/// How much, and how heavy?
#[must_use]
pub fn chart_bars(page: &OverviewPage) -> Bars<'_> {
    Bars {
        days: &page.days,
        chart: columns(&page.days),
        classes: class_totals(&page.days),
        finding: busiest(&page.days),
        rows_href: &page.population_href,
    }
}

/// The busiest day and how many days had none.
fn busiest(days: &[Day]) -> String {
    let idle = days.iter().filter(|day| day.total() == 0).count() as u64;
    match days.iter().max_by_key(|day| day.total()) {
        None => "No day of this scope has a deploy. Widen the period.".into(),
        Some(most) => format!(
            "The most on one day: {} on {}. {} without a deploy.",
            c::n(most.total()),
            most.date,
            c::plural(idle, "day", "days")
        ),
    }
}

/// A bar of outcomes, against the longest of its table.
#[derive(Debug, Clone, Template)]
#[template(path = "components/outcome_bar.html")]
pub struct OutcomeBar {
    segments: Vec<Segment>,
}
impl HtmlSafe for OutcomeBar {}

/// Outcomes as a bar of up to 200 units, as long as `most` would be.
#[must_use]
pub fn outcome_bar(outcomes: &Outcomes, most: &u64) -> OutcomeBar {
    let terms: Vec<Term> = outcomes
        .parts()
        .into_iter()
        .map(|(number, word, fill)| Term { number, word, fill, bad: false })
        .collect();
    let width = 200 * outcomes.total() / (*most).max(1);
    OutcomeBar { segments: bar(&terms, width.max(8)) }
}

/// `chart-outcome`: how changes got through, by service, as a table with a bar in it.
#[derive(Debug, Clone, Template)]
#[template(path = "components/chart_outcome.html")]
pub struct Outcome<'a> {
    page: &'a OverviewPage,
    most: u64,
    finding: String,
}
impl HtmlSafe for Outcome<'_> {}

/// How did it get through?
#[must_use]
pub fn chart_outcome(page: &OverviewPage) -> Outcome<'_> {
    let totals = page.services.iter().map(|row| row.outcomes.total());
    Outcome {
        page,
        most: totals.max().unwrap_or(0),
        finding: outcomes(&page.services, &page.outcomes),
    }
}

/// How many services have a change that does not pass, and how many passed by themselves.
fn outcomes(services: &[ServiceRow], all: &Outcomes) -> String {
    if all.total() == 0 {
        return "No deploy of this scope brought a change.".into();
    }
    let with = services.iter().filter(|row| row.outcomes.not_passing > 0).count() as u64;
    let held = match with {
        0 => "Every change that went out passes.".to_owned(),
        _ => format!(
            "{} in {}.",
            c::plural(all.not_passing, "change does not pass", "changes do not pass"),
            c::plural(with, "service", "services")
        ),
    };
    format!("{} passed by rule. {held}", c::share(all.by_rule, all.total()))
}

/// `chart-units`: open exceptions, a square each.
#[derive(Debug, Clone, Template)]
#[template(path = "components/chart_units.html")]
pub struct Units<'a> {
    page: &'a OverviewPage,
    finding: String,
}
impl HtmlSafe for Units<'_> {}

/// Squares that are drawn for one age of one kind; the number says the rest.
const SQUARES: u64 = 12;

/// What is open, how bad, how old?
#[must_use]
pub fn chart_units(page: &OverviewPage) -> Units<'_> {
    Units { page, finding: open_finding(page) }
}

/// `chart-wait`: waits for an architect, by scope.
#[derive(Debug, Clone, Template)]
#[template(path = "components/chart_wait.html")]
pub struct Wait<'a> {
    rows: &'a [WaitRow],
    chart: Waits,
    finding: String,
    rows_href: &'a str,
}
impl HtmlSafe for Wait<'_> {}

/// Do people wait?
#[must_use]
pub fn chart_wait(page: &OverviewPage) -> Wait<'_> {
    Wait {
        rows: &page.waits,
        chart: waits::drawing(&page.waits),
        finding: waits::finding(&page.waits),
        rows_href: &page.changes_href,
    }
}

/// Units of a strip in its drawing.
const STRIP: u64 = 300;

/// `chart-strips`: a strip for each source over the period, its silences cut out.
#[derive(Debug, Clone, Template)]
#[template(path = "components/chart_strips.html")]
pub struct Strips<'a> {
    sources: Vec<(&'a SourceRow, Vec<(u64, u64)>, Vec<(u64, u64)>)>,
    ends: Option<(String, String)>,
    finding: String,
}
impl HtmlSafe for Strips<'_> {}

/// Could something be missing?
#[must_use]
pub fn chart_strips(page: &OverviewPage) -> Strips<'_> {
    let strips: Vec<_> = page.sources.iter().map(|row| (row.id.as_str(), &row.strip)).collect();
    let drawn = |row: &'_ SourceRow| {
        let period = page.period?;
        let ground: Vec<_> = row.strip.ground(period).into_iter().collect();
        Some((strips::bars(&ground, period, STRIP), row.strip.bars(period, STRIP)))
    };
    let row = |row| {
        let (ground, bars) = drawn(row).unwrap_or_default();
        (row, ground, bars)
    };
    Strips {
        sources: page.sources.iter().map(row).collect(),
        ends: page.period.map(|period| (strips::date(period.first), strips::date(period.last))),
        finding: crate::report::words::visible(&strips::finding(&strips)),
    }
}
