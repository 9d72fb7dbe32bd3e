//! Is this period under control, and where must I look?

use super::population::{commits_of, filter, outcomes_of};
use super::{Listed, exception};
use crate::app::{Action, App, AppError, Caller};
use crate::domain::{Class, Time};
use crate::report::chart::Day;
use crate::report::overview::{
    Emergencies, OpenKind, OverviewPage, ServiceRow, SourceRow, finding,
};
use crate::report::population::Outcomes;
use crate::report::prose::Prose;
use crate::report::refs::Severity;
use crate::report::words::short_digest;
use crate::store::list::NOW;
use crate::store::{self, Tx, population as rows};

const DAY: i64 = 24 * 3600 * 1_000_000;
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
        let tally = rows::totals(&mut tx, &filter(wanted, false), NOW).await?;
        let services = services(&mut tx, wanted).await?;
        let sources = self.sources(&mut tx).await?;
        let anything = sources.iter().any(|source| source.deliveries > 0);
        let open = open(&mut tx).await?;
        let (commits, outcomes) = (commits_of(&tally), outcomes_of(&tally));
        let organisation = self.organisation().digest();
        Ok(OverviewPage {
            scope: scope.to_owned(),
            finding: finding(tally.deploys, services.len() as u64, &commits, &outcomes),
            deploys: tally.deploys,
            clean_deploys: tally.deploys,
            compared: None,
            commits,
            outcomes,
            before: None,
            emergencies: Emergencies::default(),
            policy: Prose::new().text("Organisation ").code(short_digest(&organisation)).text("."),
            days: days(&mut tx, wanted).await?,
            services,
            open,
            first: Vec::new(),
            sources,
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

    async fn sources(&self, tx: &mut Tx) -> Result<Vec<SourceRow>, AppError> {
        let health = store::deliveries::health(tx).await?;
        let mut sources = Vec::new();
        for source in &self.config().sources {
            let own = health.iter().filter(|(id, _, _, _)| *id == source.id);
            let count = |wanted: Option<&str>| {
                own.clone()
                    .filter(|(_, state, _, _)| wanted.is_none_or(|wanted| wanted == state))
                    .map(|(_, _, count, _)| store::unsigned(*count))
                    .sum()
            };
            sources.push(SourceRow {
                id: source.id.clone(),
                deliveries: count(None),
                last: own.clone().map(|(_, _, _, at)| *at).max().and_then(Time::from_micros),
                set_aside: count(Some("set_aside")),
                refused: store::deliveries::refused(tx, &source.id).await?,
            });
        }
        Ok(sources)
    }
}

async fn services(tx: &mut Tx, wanted: &Listed) -> Result<Vec<ServiceRow>, AppError> {
    let mut services: Vec<String> = rows::places(tx)
        .await?
        .into_iter()
        .filter(|(environment, _)| wanted.environment.as_ref().is_none_or(|own| own == environment))
        .map(|(_, service)| service)
        .filter(|service| wanted.service.as_ref().is_none_or(|own| own == service))
        .collect();
    services.sort();
    services.dedup();
    let mut all = Vec::new();
    for name in services {
        let own = Listed { service: Some(name.clone()), ..wanted.clone() };
        let tally = rows::totals(tx, &filter(&own, false), NOW).await?;
        if tally.deploys > 0 {
            let outcomes: Outcomes = outcomes_of(&tally);
            let href = wanted.href("/population", &[("service", &name)]);
            all.push(ServiceRow { name, href, deploys: tally.deploys, outcomes });
        }
    }
    Ok(all)
}

async fn days(tx: &mut Tx, wanted: &Listed) -> Result<Vec<Day>, AppError> {
    let environment = wanted.environment.clone().unwrap_or_else(|| "production".to_owned());
    let (from, until) = (wanted.from.div_euclid(DAY), wanted.until.div_euclid(DAY));
    let counts = rows::days(tx, &environment, from, until).await?;
    let (Some(first), Some(last)) = (counts.first(), counts.last()) else { return Ok(Vec::new()) };
    let (first, last) = (first.0.max(last.0 - DAYS), last.0);
    let mut days = Vec::new();
    for day in first..=last {
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

async fn open(tx: &mut Tx) -> Result<Vec<OpenKind>, AppError> {
    let mut kinds = Vec::new();
    for (kind, severity, state, count) in store::exceptions::groups(tx).await? {
        if state != "open" {
            continue;
        }
        let sample = store::exceptions::ExceptionRow {
            id: String::new(),
            kind: kind.clone(),
            severity,
            subject: String::new(),
            opened_at: 0,
            state,
            body: String::new(),
        };
        let severity: Severity = exception(&sample).severity;
        kinds.push(OpenKind {
            title: kind.clone(),
            kind,
            severity,
            ages: [store::unsigned(count), 0, 0],
        });
    }
    Ok(kinds)
}
