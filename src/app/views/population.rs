//! Every deploy of the scope, with totals over all of them.

use super::{Columns, Listed, moment, oid, state};
use crate::app::deploys::body;
use crate::app::{Action, App, AppError, Caller};
use crate::domain::Class;
use crate::policy::State;
use crate::report::attribution::Attribution;
use crate::report::list::{Choice, Filter, Filters};
use crate::report::population::{DeployRow, DeploySorts, DeployTotals, Outcomes, PopulationPage};
use crate::report::refs::{DeployKind, DeployStatus, TicketRef};
use crate::store::deploys::{self as rows, Tally};
use crate::store::list::Place;
use crate::store::population::{self as lists, Column};
use crate::store::{self, Tx};

const PATH: &str = "/population";
/// What the population is sorted by.
pub const COLUMNS: &Columns = &[("started", true), ("service", false)];

/// The rows that a list asks for.
pub(super) fn filter(wanted: &Listed, with_filters: bool) -> lists::Filter {
    let of = |name: &str| if with_filters { wanted.filter(name) } else { None };
    lists::Filter {
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
        remove_href: chosen.map(|_| wanted.href(path, &[(name, "")])),
    }
}

/// What a form carries on unseen: the scope and what the list is read by.
pub(super) fn hidden(wanted: &Listed) -> Vec<(String, String)> {
    let scope = if wanted.ledger.is_some() { &wanted.whole_scope } else { &wanted.scope };
    let pairs = scope.split('&').filter_map(|pair| pair.split_once('='));
    let pairs = pairs.map(|(name, value)| (name.to_owned(), super::decoded(value)));
    pairs.chain(wanted.carried()).collect()
}

impl App {
    /// The population.
    pub async fn population_page(
        &self,
        caller: &Caller,
        wanted: &Listed,
    ) -> Result<PopulationPage, AppError> {
        caller.may(Action::Read, None)?;
        let order = wanted.ordered(COLUMNS)?;
        wanted.has_only(&["result", "kind", "class", "decision"])?;
        let mut tx = self.db().read().await?;
        let entries = crate::app::ledger::stored_head(&mut tx).await?.size();
        let sizes = (wanted.read_at(entries)?, entries);
        let matching = filter(wanted, true);
        let column = if order.column == 0 { Column::Started } else { Column::Service };
        let as_of = wanted.window(order, 0, sizes).size;
        let here = lists::totals(&mut tx, &filter(wanted, false), as_of).await?.deploys;
        let tally = lists::totals(&mut tx, &matching, as_of).await?;
        let window = wanted.window(order, tally.deploys, sizes);
        let found = lists::list(&mut tx, &matching, column, &window).await?;
        let found = wanted.in_order(found);
        let mut page = Vec::new();
        for row in &found {
            page.push(deploy_row(&mut tx, row).await?);
        }
        let place = |row: &rows::DeployRow| Place {
            at: row.started_at,
            id: row.id.clone(),
            service: if column == Column::Service { row.service.clone() } else { String::new() },
        };
        let ends = found.first().map(place).zip(found.last().map(place));
        Ok(PopulationPage {
            environment: wanted.environment.clone().unwrap_or_else(|| "all".to_owned()),
            here,
            compared: None,
            filters: filters(wanted),
            sorts: DeploySorts {
                started: wanted.sort(PATH, COLUMNS, order, 0),
                service: wanted.sort(PATH, COLUMNS, order, 1),
            },
            pager: wanted.pager(PATH, order, (page.len(), tally.deploys), ends, sizes),
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
        clear_href: wanted.without_filters().href(PATH, &[]),
    }
}

/// A deploy as the population shows it.
pub(super) async fn deploy_row(tx: &mut Tx, row: &rows::DeployRow) -> Result<DeployRow, AppError> {
    let body = body(row)?;
    let tickets = store::links::of_deploy(tx, &row.id).await?;
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
        commits: body.facts.buckets.total,
        changes: body.facts.changes.len() as u64,
        class: body.decision.class,
        state: Some(state(&row.state)),
        decision_href: None,
        tickets: tickets
            .into_iter()
            .map(|(key, exists)| TicketRef { key, href: None, exists })
            .collect(),
        deployer: row.deployer.clone(),
        exceptions: exceptions.iter().map(super::exception).collect(),
        index: row.ledger_index,
    })
}
