//! Every deploy of the scope, with totals over all of them.

use super::{Listed, attribution, moment, oid, state, tickets};
use crate::app::deploys::body;
use crate::app::{Action, App, AppError, Caller};
use crate::domain::Class;
use crate::policy::State;
use crate::report::attribution::Attribution;
use crate::report::list::{Choice, Filter, Filters, Order, Pager, Sort};
use crate::report::population::{DeployRow, DeploySorts, DeployTotals, Outcomes, PopulationPage};
use crate::report::refs::{DeployKind, DeployStatus, Link};
use crate::store::deploys::{self as rows, Tally};
use crate::store::{self, Tx};

const PATH: &str = "/population";

/// The rows that a list asks for.
pub(super) fn filter(wanted: &Listed, with_filters: bool) -> rows::Filter {
    let of = |name: &str| if with_filters { wanted.filter(name) } else { None };
    rows::Filter {
        environment: wanted.environment.clone(),
        service: wanted.service.clone(),
        status: of("result"),
        kind: of("kind"),
        class: of("class"),
        state: of("decision"),
        from: wanted.from,
        until: wanted.until,
    }
}

pub(super) fn commits_of(tally: &Tally) -> Attribution {
    Attribution {
        total: tally.commits,
        landed: tally.landed,
        direct: tally.direct,
        exempt: tally.exempt,
        plumbing: tally.plumbing,
        pre_ledger: tally.pre_ledger,
        unresolved: tally.unresolved,
    }
}

pub(super) fn outcomes_of(tally: &Tally) -> Outcomes {
    let passing = tally.by_rule + tally.approved + tally.emergency;
    Outcomes {
        by_rule: tally.by_rule,
        approved: tally.approved,
        emergency: tally.emergency,
        not_passing: tally.changes.saturating_sub(passing),
    }
}

fn choices<'a>(
    words: impl IntoIterator<Item = (&'a str, &'a str)>,
    chosen: Option<&str>,
) -> Vec<Choice> {
    let mut all = vec![Choice::new("", "any", chosen.is_none())];
    all.extend(
        words.into_iter().map(|(value, label)| Choice::new(value, label, chosen == Some(value))),
    );
    all
}

/// A filter of a list.
pub(super) fn field<'a>(
    wanted: &Listed,
    path: &str,
    (name, label): (&str, &str),
    words: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Filter {
    let chosen = wanted.filter(name);
    Filter {
        name: name.to_owned(),
        label: label.to_owned(),
        choices: choices(words, chosen.as_deref()),
        remove_href: chosen.map(|_| wanted.href(path, &[(name, "")], None)),
    }
}

/// What a form carries on unseen.
pub(super) fn hidden(wanted: &Listed) -> Vec<(String, String)> {
    wanted
        .scope
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Where a page of rows stands in the whole.
pub(super) fn pager(
    wanted: &Listed,
    path: &str,
    (shown, of): (usize, u64),
    last: Option<(i64, &str)>,
    ledger_size: u64,
) -> Pager {
    let shown = shown as u64;
    let first_row = if shown == 0 { 0 } else { wanted.row };
    let last_row = first_row + shown.saturating_sub(1);
    let next = last.filter(|_| last_row < of).map(|(at, id)| {
        let before = format!("{at}.{id}");
        let row = (last_row + 1).to_string();
        wanted.href(path, &[("before", &before), ("row", &row)], None)
    });
    let sizes = [24, 50, 100, 500];
    Pager {
        first_row,
        last_row: if shown == 0 { 0 } else { last_row },
        of,
        size: store::unsigned(wanted.size),
        order: "newest first".to_owned(),
        ledger_size,
        first: wanted.before.as_ref().map(|_| wanted.href(path, &[], None)),
        previous: None,
        next,
        last: None,
        sizes: sizes
            .iter()
            .filter(|size| **size != wanted.size)
            .map(|size| Link::new(size.to_string(), wanted.href(path, &[], Some(*size))))
            .collect(),
    }
}

impl App {
    /// The population.
    pub async fn population_page(
        &self,
        caller: &Caller,
        wanted: &Listed,
    ) -> Result<PopulationPage, AppError> {
        caller.may(Action::Read, None)?;
        let mut tx = self.db().read().await?;
        let ledger_size = crate::app::ledger::stored_head(&mut tx).await?.size();
        let here = rows::totals(&mut tx, &filter(wanted, false)).await?.deploys;
        let matching = filter(wanted, true);
        let tally = rows::totals(&mut tx, &matching).await?;
        let found = rows::list(&mut tx, &matching, wanted.place(), wanted.size).await?;
        let mut page = Vec::new();
        for row in &found {
            page.push(deploy_row(&mut tx, row).await?);
        }
        let last = found.last().map(|row| (row.started_at, row.id.as_str()));
        Ok(PopulationPage {
            environment: wanted.environment.clone().unwrap_or_else(|| "all".to_owned()),
            here,
            compared: None,
            filters: filters(wanted),
            sorts: DeploySorts {
                started: Sort { order: Some(Order::Descending), href: None },
                service: Sort::default(),
            },
            pager: pager(wanted, PATH, (page.len(), tally.deploys), last, ledger_size),
            rows: page,
            totals: DeployTotals { commits: commits_of(&tally), outcomes: outcomes_of(&tally) },
            exports: Vec::new(),
        })
    }
}

fn filters(wanted: &Listed) -> Filters {
    let kinds = DeployKind::ALL.iter().map(|kind| (kind.as_str(), kind.words()));
    let results = DeployStatus::ALL.iter().map(|status| (status.as_str(), status.words()));
    let states = State::ALL.iter().map(|state| (state.as_str(), state.words()));
    let classes = Class::ALL.iter().map(|class| (class.as_str(), class.as_str()));
    Filters {
        action: PATH.to_owned(),
        hidden: hidden(wanted),
        fields: vec![
            field(wanted, PATH, ("result", "Result"), results),
            field(wanted, PATH, ("kind", "Kind"), kinds),
            field(wanted, PATH, ("class", "Highest class"), classes),
            field(wanted, PATH, ("decision", "Decision"), states),
        ],
        clear_href: wanted.without_filters().href(PATH, &[], None),
    }
}

/// A deploy as the population shows it.
pub(super) async fn deploy_row(tx: &mut Tx, row: &rows::DeployRow) -> Result<DeployRow, AppError> {
    let body = body(row)?;
    let mut all = Vec::new();
    for change in &body.facts.changes {
        for ticket in tickets(tx, &row.repo, change.pull).await? {
            if !all.contains(&ticket) {
                all.push(ticket);
            }
        }
    }
    let exceptions = store::exceptions::about(tx, &format!("deploy:{}", row.id)).await?;
    Ok(DeployRow {
        id: row.id.clone(),
        href: format!("/deploys/{}", row.id),
        service: row.service.clone(),
        environment: row.environment.clone(),
        started: moment("deploy", &row.id, row.started_at)?,
        status: row.status.parse().unwrap_or(DeployStatus::Started),
        kind: row.kind.parse().unwrap_or(DeployKind::Unresolved),
        from: row.previous.as_deref().map(oid).transpose()?,
        to: oid(&row.sha)?,
        commits: attribution(&body.facts.buckets).total,
        changes: body.facts.changes.len() as u64,
        class: body.decision.class,
        state: Some(state(&row.state)),
        decision_href: None,
        tickets: all,
        deployer: row.deployer.clone(),
        exceptions: exceptions.iter().map(super::exception).collect(),
        index: row.ledger_index,
    })
}
