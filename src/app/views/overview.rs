//! Is this period under control, and where must I look?

use super::population::{commits_of, filter, outcomes_of};
use super::{Listed, about, exception, severity};
use crate::app::{Action, App, AppError, Caller};
use crate::domain::{Class, DAY, Time};
use crate::report::chart::Day;
use crate::report::overview::{
    Before, Emergencies, OpenKind, OverviewPage, ServiceRow, SourceRow, finding,
};
use crate::report::population::Outcomes;
use crate::report::prose::Prose;
use crate::report::refs::{ExceptionRef, Link};
use crate::report::strips::{Run, Strip};
use crate::report::waits::WaitRow;
use crate::report::words::short_digest;
use crate::store::deploys::Tally;
use crate::store::list::NOW;
use crate::store::{self, Tx, population as rows};

/// Exceptions to look at first.
const FIRST: i64 = 24;
/// Days in the chart at the most.
const DAYS: i64 = 100;

impl App {
    /// The overview.
    pub async fn overview_page(
        &self,
        caller: &Caller,
        wanted: &Listed,
        scope: &str,
    ) -> Result<OverviewPage, AppError> {
        caller.may(Action::Read, None)?;
        let mut tx = self.db().read().await?;
        let scoped = filter(wanted, false);
        let tally = rows::totals(&mut tx, &scoped, NOW).await?;
        let raised = rows::raised(&mut tx, &scoped).await?;
        let services = services(&mut tx, wanted).await?;
        let anything = !store::deliveries::list(&mut tx, i64::MAX, 1).await?.is_empty();
        let (sources, period) = self.sources(&mut tx, wanted).await?;
        let (open, oldest) = open(&mut tx, wanted, self.now()).await?;
        let (commits, outcomes) = (commits_of(&tally), outcomes_of(&tally));
        let organisation = self.organisation().digest();
        Ok(OverviewPage {
            scope: scope.to_owned(),
            finding: finding(tally.deploys, services.len() as u64, &commits, &outcomes),
            deploys: tally.deploys,
            clean_deploys: tally.deploys.saturating_sub(raised),
            compared: None,
            commits,
            outcomes,
            before: before(&mut tx, wanted).await?,
            emergencies: Emergencies::default(),
            policy: Prose::new().text("Organisation ").code(short_digest(&organisation)).text("."),
            days: days(&mut tx, &scoped).await?,
            services,
            waits: waits(&mut tx, wanted).await?,
            open,
            oldest,
            first: first(&mut tx, wanted).await?,
            sources,
            period,
            population_href: wanted.href("/population", &[]),
            changes_href: wanted.href("/changes", &[]),
            first_run: if anything { Vec::new() } else { self.first_run() },
        })
    }

    /// The commands that fill an empty house.
    fn first_run(&self) -> Vec<String> {
        let source = self.config().sources.first().map_or("github", |source| source.id.as_str());
        vec![
            "countersign demo".to_owned(),
            format!("# or point a webhook at {}", self.url(&format!("/hooks/{source}"))),
            "countersign token create --role ci NAME".to_owned(),
        ]
    }

    /// Every source with its deliveries in the period, and the days of the period that have begun.
    async fn sources(
        &self,
        tx: &mut Tx,
        wanted: &Listed,
    ) -> Result<(Vec<SourceRow>, Option<Run>), AppError> {
        let span = (wanted.from, wanted.until);
        let today = self.now().micros().min(wanted.until.saturating_sub(1)).div_euclid(DAY);
        let (mut sources, mut first) = (Vec::new(), None);
        for source in &self.config().sources {
            let days = store::deliveries::days(tx, &source.id, span).await?;
            let last = store::deliveries::last(tx, &source.id, span).await?;
            let aside = days.iter().filter(|(_, state, _)| state == "set_aside");
            let (set_aside, deliveries) = (sum(aside), sum(days.iter()));
            let mut days: Vec<i64> = days.into_iter().map(|(day, _, _)| day).collect();
            days.dedup();
            first = first.into_iter().chain(days.first().copied()).min();
            sources.push(SourceRow {
                id: source.id.clone(),
                deliveries,
                last: last.and_then(Time::from_micros),
                set_aside,
                refused: store::deliveries::refused(tx, &source.id).await?,
                strip: Strip::of(&days, today),
            });
        }
        // A period without a beginning is drawn from the first delivery.
        let begins = if wanted.from > 0 { Some(wanted.from.div_euclid(DAY)) } else { first };
        let period = begins.filter(|begins| first.is_some() && *begins <= today);
        Ok((sources, period.map(|first| Run { first, last: today })))
    }
}

fn sum<'a>(days: impl Iterator<Item = &'a (i64, String, u64)>) -> u64 {
    days.map(|(_, _, count)| count).sum()
}

async fn services(tx: &mut Tx, wanted: &Listed) -> Result<Vec<ServiceRow>, AppError> {
    let found = rows::by_service(tx, &filter(wanted, false)).await?;
    let row = |(name, tally): (String, Tally)| {
        let outcomes: Outcomes = outcomes_of(&tally);
        let href = wanted.href("/population", &[("service", &name)]);
        ServiceRow { name, href, deploys: tally.deploys, outcomes }
    };
    let deployed = found.into_iter().filter(|(_, tally)| tally.deploys > 0);
    let mut all: Vec<ServiceRow> = deployed.map(row).collect();
    all.sort_by(|a, b| (b.outcomes.total(), &a.name).cmp(&(a.outcomes.total(), &b.name)));
    Ok(all)
}

/// The period of the same length before this one; `None` of a period without a beginning or an end.
async fn before(tx: &mut Tx, wanted: &Listed) -> Result<Option<Before>, AppError> {
    let length = wanted.until.saturating_sub(wanted.from);
    let from = wanted.from.saturating_sub(length);
    if wanted.from == 0 || wanted.until == i64::MAX || from <= 0 {
        return Ok(None);
    }
    let earlier = Listed { from, until: wanted.from, ..wanted.clone() };
    let tally = rows::totals(tx, &filter(&earlier, false), NOW).await?;
    let day = |micros: i64| Time::from_micros(micros).map(Time::to_date_text).unwrap_or_default();
    Ok(Some(Before {
        name: format!("{} to {}", day(from), day(wanted.from - 1)),
        deploys: tally.deploys,
        changes: tally.changes,
    }))
}

async fn waits(tx: &mut Tx, wanted: &Listed) -> Result<Vec<WaitRow>, AppError> {
    let spread = store::waits::spread(tx, wanted.from, wanted.until).await?;
    let seconds = |micros: u64| micros / 1_000_000;
    let row = |wait: store::waits::Spread| WaitRow {
        scope: wait.scope,
        number: wait.number,
        median: seconds(wait.median),
        ninety: seconds(wait.ninety),
    };
    Ok(spread.into_iter().map(row).collect())
}

async fn days(tx: &mut Tx, scoped: &rows::Filter) -> Result<Vec<Day>, AppError> {
    let counts = rows::days(tx, scoped, DAYS).await?;
    let (Some(first), Some(last)) = (counts.first(), counts.last()) else { return Ok(Vec::new()) };
    let mut days = Vec::new();
    for day in first.0..=last.0 {
        let Some(at) = Time::from_micros(day * DAY) else { continue };
        let mut by_class = [0; 4];
        for (_, class, count) in counts.iter().filter(|(on, _, _)| *on == day) {
            let place = class
                .as_deref()
                .and_then(|class| Class::ALL.iter().position(|known| known.as_str() == class))
                .unwrap_or(0);
            if let Some(slot) = by_class.get_mut(place) {
                *slot += store::unsigned(*count);
            }
        }
        // 1970-01-01 was a Thursday.
        days.push(Day { date: at.to_date_text(), weekend: matches!(day % 7, 2 | 3), by_class });
    }
    Ok(days)
}

/// Open exceptions by kind and age as of now, and the oldest of them.
async fn open(
    tx: &mut Tx,
    wanted: &Listed,
    now: Time,
) -> Result<(Vec<OpenKind>, Option<(Time, String)>), AppError> {
    let ages = [now.micros() - 14 * DAY, now.micros() - 7 * DAY];
    let found = store::exceptions::open_kinds(tx, ages, wanted.until).await?;
    let oldest = found.iter().min_by_key(|kind| kind.oldest);
    let oldest = oldest.and_then(|kind| Some((Time::from_micros(kind.oldest)?, kind.kind.clone())));
    let mut kinds = Vec::new();
    for kind in found {
        let sample = store::exceptions::get(tx, &kind.sample).await?;
        let sample = sample.as_ref().map(exception);
        let [under_two_weeks, under_one] = kind.since;
        kinds.push(OpenKind {
            title: sample.as_ref().map(|sample| sample.title.clone()).unwrap_or_default(),
            severity: severity(&kind.severity),
            kind: kind.kind,
            ages: [
                under_one,
                under_two_weeks.saturating_sub(under_one),
                kind.number.saturating_sub(under_two_weeks),
            ],
        });
    }
    Ok((kinds, oldest))
}

/// The open exceptions to look at first, with what they are about.
async fn first(tx: &mut Tx, wanted: &Listed) -> Result<Vec<(Link, ExceptionRef)>, AppError> {
    let found = store::exceptions::open_list(tx, wanted.until, FIRST).await?;
    Ok(found.iter().map(|row| (about(&row.subject), exception(row))).collect())
}
