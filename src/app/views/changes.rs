//! Every landed change of the scope, with its evidence in columns.

use super::population::{field, hidden, pager};
use super::{Listed, exception, moment, oid, tickets};
use crate::app::changes::{ChangeBody, body};
use crate::app::{Action, App, AppError, Caller, read};
use crate::domain::Class;
use crate::domain::fact::Landing;
use crate::policy::State;
use crate::report::changes::{
    ApprovalCell, ChangeRow, ChangeSorts, ChangesPage, DeployCell, LandingCell,
};
use crate::report::list::{Filters, Order, Sort};
use crate::report::population::Outcomes;
use crate::store::changes::{self as rows, Filter};
use crate::store::{self, Tx};

const PATH: &str = "/changes";

impl App {
    /// The changes.
    pub async fn changes_page(
        &self,
        caller: &Caller,
        wanted: &Listed,
    ) -> Result<ChangesPage, AppError> {
        caller.may(Action::Read, None)?;
        let mut tx = self.db().read().await?;
        let ledger_size = crate::app::ledger::stored_head(&mut tx).await?.size();
        let scope = Filter { from: wanted.from, until: wanted.until, ..Filter::default() };
        let (here, _) = rows::count(&mut tx, &scope).await?;
        let matching = Filter {
            class: wanted.filter("class"),
            state: wanted.filter("decision"),
            ..scope.clone()
        };
        let (of, _) = rows::count(&mut tx, &matching).await?;
        let mut outcomes = Outcomes::default();
        for (class, state, count) in rows::groups(&mut tx, scope.from, scope.until).await? {
            let fits =
                |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|w| w == value);
            if fits(&matching.class, &class) && fits(&matching.state, &state) {
                for _ in 0..count {
                    outcomes.add(super::state(&state));
                }
            }
        }
        let found = rows::list(&mut tx, &matching, wanted.place(), wanted.size).await?;
        let mut page = Vec::new();
        for row in &found {
            page.push(change_row(&mut tx, row, wanted.environment.as_deref()).await?);
        }
        let last = found.last().map(|row| (row.sort_at, row.id.as_str()));
        Ok(ChangesPage {
            here,
            outcomes,
            filters: filters(wanted),
            sorts: ChangeSorts { landed: Sort { order: Some(Order::Descending), href: None } },
            pager: pager(wanted, PATH, (page.len(), of), last, ledger_size),
            rows: page,
            exports: Vec::new(),
        })
    }
}

fn filters(wanted: &Listed) -> Filters {
    let states = State::ALL.iter().map(|state| (state.as_str(), state.words()));
    let classes = Class::ALL.iter().map(|class| (class.as_str(), class.as_str()));
    Filters {
        action: PATH.to_owned(),
        hidden: hidden(wanted),
        fields: vec![
            field(wanted, PATH, ("class", "Class"), classes),
            field(wanted, PATH, ("decision", "State"), states),
        ],
        clear_href: wanted.without_filters().href(PATH, &[], None),
    }
}

/// The landing as a cell.
pub(super) fn landing_cell(landing: &Landing) -> LandingCell {
    LandingCell {
        commit: landing.commit,
        how: landing.how,
        integrity: landing.integrity,
        at: landing.at,
        by: landing.by.as_ref().map(|by| by.0.clone()),
    }
}

/// How a change landed, also of one without a pull request, whose facts name no landing.
pub(super) fn landing(
    row: &rows::ChangeRow,
    body: &ChangeBody,
) -> Result<Option<Landing>, AppError> {
    if let Some(landing) = &body.facts.landing {
        return Ok(Some(landing.clone()));
    }
    let Some(sha) = &row.landed_sha else { return Ok(None) };
    let at = row.landed_at.map(|at| moment("change", &row.id, at)).transpose()?;
    Ok(Some(crate::app::judge::direct_landing(oid(sha)?, at)))
}

async fn change_row(
    tx: &mut Tx,
    row: &rows::ChangeRow,
    environment: Option<&str>,
) -> Result<ChangeRow, AppError> {
    let body = body(row)?;
    let repo = store::repositories::by_id(tx, &row.repo).await?;
    let deploys = store::deploys::with_change(tx, &row.id).await?;
    let deploy = deploys
        .iter()
        .filter(|deploy| deploy.status == "succeeded")
        .find(|deploy| environment.is_none_or(|wanted| deploy.environment == wanted));
    let counting: Vec<_> = body.decision.opinions.iter().filter(|opinion| opinion.counts).collect();
    let exceptions = store::exceptions::about(tx, &format!("change:{}", row.id)).await?;
    let decision = &body.decision;
    let heaviest = decision
        .classification
        .files
        .iter()
        .find(|file| file.class == decision.classification.class);
    Ok(ChangeRow {
        id: row.id.clone(),
        href: format!("/changes/{}", row.id),
        title: row.title.clone(),
        repo: repo.map_or_else(|| row.repo.clone(), |repo| repo.name),
        pull: row.pull,
        class: decision.classification.class,
        rule: heaviest.map(|file| file.rule.clone()).unwrap_or_default(),
        tickets: tickets(tx, &row.repo, row.pull).await?,
        authors: read::changes::authors(&body),
        state: decision.state,
        overridden: crate::report::rules::overridden(&decision.rules),
        approval: counting.first().map(|opinion| ApprovalCell {
            by: opinion.by.clone(),
            role: opinion.role.clone(),
            at: opinion.at,
            commit: opinion.commit,
            more: counting.len() as u64 - 1,
        }),
        landing: landing(row, &body)?.as_ref().map(landing_cell),
        deploy: match deploy {
            Some(deploy) => Some(DeployCell {
                environment: deploy.environment.clone(),
                at: moment("deploy", &deploy.id, deploy.started_at)?,
                href: format!("/deploys/{}", deploy.id),
            }),
            None => None,
        },
        exceptions: exceptions.iter().map(exception).collect(),
        index: deploy.and_then(|deploy| deploy.ledger_index),
    })
}
