//! Every landed change of the scope, with its evidence in columns.

use super::population::{field, hidden};
use super::{Columns, Listed, exception, moment, oid, tickets};
use crate::app::changes::{ChangeBody, body};
use crate::app::{Action, App, AppError, Caller, read};
use crate::domain::Class;
use crate::domain::fact::Landing;
use crate::policy::State;
use crate::report::changes::{
    ApprovalCell, ChangeRow, ChangeSorts, ChangesPage, DeployCell, LandingCell,
};
use crate::report::list::Filters;
use crate::report::population::Outcomes;
use crate::store::changes as rows;
use crate::store::landed::{self, Filter};
use crate::store::repositories::Repository;
use crate::store::{self, Tx, unsigned};

const PATH: &str = "/changes";
/// What the changes are sorted by.
pub const COLUMNS: &Columns = &[("landed", true)];

impl App {
    /// The changes.
    pub async fn changes_page(
        &self,
        caller: &Caller,
        wanted: &Listed,
    ) -> Result<ChangesPage, AppError> {
        caller.may(Action::Read, None)?;
        let order = wanted.ordered(COLUMNS)?;
        wanted.has_only(&["repo", "class", "decision"])?;
        let mut tx = self.db().read().await?;
        let entries = crate::app::ledger::stored_head(&mut tx).await?.size();
        let sizes = (wanted.read_at(entries)?, entries);
        let scope = Filter { from: wanted.from, until: wanted.until, ..Filter::default() };
        let repositories = store::repositories::all(&mut tx).await?;
        let matching = Filter {
            repo: wanted.filter("repo").map(|name| id_of(&repositories, &name)),
            class: wanted.filter("class"),
            state: wanted.filter("decision"),
            ..scope.clone()
        };
        let as_of = wanted.window(order, 0, sizes).size;
        let here = outcomes(&landed::states(&mut tx, &scope, as_of).await?).total();
        let outcomes = outcomes(&landed::states(&mut tx, &matching, as_of).await?);
        let of = outcomes.total();
        let window = wanted.window(order, of, sizes);
        let found = wanted.in_order(landed::list(&mut tx, &matching, &window).await?);
        let mut page = Vec::new();
        for row in &found {
            page.push(change_row(&mut tx, row, wanted.environment.as_deref(), as_of).await?);
        }
        let ends = found.first().map(landed::place).zip(found.last().map(landed::place));
        Ok(ChangesPage {
            here,
            outcomes,
            filters: filters(wanted, &repositories),
            sorts: ChangeSorts { landed: wanted.sort(PATH, COLUMNS, order, 0) },
            pager: wanted.pager(PATH, order, (page.len(), of), ends, sizes),
            rows: page,
            exports: Vec::new(),
        })
    }
}

/// Counts by state, of which some are taken away again.
fn outcomes(counts: &[(String, i64)]) -> Outcomes {
    let mut by_state = std::collections::BTreeMap::<&str, i64>::new();
    for (state, count) in counts {
        *by_state.entry(state).or_default() += count;
    }
    let mut outcomes = Outcomes::default();
    for (state, count) in by_state {
        outcomes.add(super::state(state), unsigned(count));
    }
    outcomes
}

/// The id of a repository by its name, one of the configuration first; a name that is not here matches nothing.
fn id_of(repositories: &[Repository], name: &str) -> String {
    let named = || repositories.iter().filter(|repo| repo.name == name);
    let found = named().find(|repo| repo.configured).or_else(|| named().next());
    found.map_or_else(|| name.to_owned(), |repo| repo.id.clone())
}

fn filters(wanted: &Listed, repositories: &[Repository]) -> Filters {
    let mut names: Vec<&str> = repositories.iter().map(|repo| repo.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let names = names.into_iter().map(|name| (name, name));
    let states = State::ALL.iter().map(|state| (state.as_str(), state.words()));
    let classes = Class::ALL.iter().map(|class| (class.as_str(), class.as_str()));
    Filters {
        action: PATH.to_owned(),
        hidden: hidden(wanted),
        fields: vec![
            field(wanted, PATH, ("repo", "Repository"), names),
            field(wanted, PATH, ("class", "Class"), classes),
            field(wanted, PATH, ("decision", "State"), states),
        ],
        clear_href: wanted.without_filters().href(PATH, &[]),
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
    as_of: i64,
) -> Result<ChangeRow, AppError> {
    let body = body(row)?;
    let repo = store::repositories::by_id(tx, &row.repo).await?;
    let deploy = store::deploys::first_with_change(tx, &row.id, environment, as_of).await?;
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
        rule: match decision.classification.exact_revert() {
            Some(_) => "reverts".to_owned(),
            None => heaviest.map(|file| file.rule.clone()).unwrap_or_default(),
        },
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
            Some((id, environment, at)) => Some(DeployCell {
                environment,
                at: moment("deploy", &id, at)?,
                href: format!("/deploys/{id}"),
            }),
            None => None,
        },
        exceptions: exceptions.iter().map(exception).collect(),
        index: row.ledger_index,
    })
}
