//! The pages' handlers: scope and filters from the address, one view each, the frame around it.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use chrono::Datelike as _;

use super::auth::Visitor;
use super::components::filters::with_scope;
use super::components::{Area, Frame, Scope, Seal};
use super::problem::PageProblem;
use super::{assets, pages};
use crate::app::views::{self, Columns, Listed, Turn, USUAL_SIZE, decoded, encoded};
use crate::app::{App, AppError, Caller};
use crate::domain::Time;
use crate::report::list::Choice;

/// The pages' addresses.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/", get(overview))
        .route("/population", get(population))
        .route("/deploys/{id}", get(deploy))
        .route("/changes", get(changes))
        .route("/changes/{id}", get(change))
        .route("/decisions/{id}", get(decision))
        .route("/search", get(search))
        .route("/policy", get(policies))
        .route("/policy/{*name}", get(policy))
        .route("/ledger", get(ledger))
        .route("/ledger/{index}", get(entry))
}

type Answer = Result<Response, PageProblem>;

/// What the address says: scope, filters, place.
struct Address {
    query: BTreeMap<String, String>,
    from: String,
    to: String,
    assumed: bool,
    listed: Listed,
}

/// Parameters that are no filters.
const OWN: [&str; 12] = [
    "from",
    "to",
    "environment",
    "service",
    "size",
    "sort",
    "ledger",
    "above",
    "before",
    "below",
    "page",
    "row",
];

impl Address {
    fn read(app: &App, raw: Option<&str>) -> Result<Self, AppError> {
        let query = parameters(raw.unwrap_or_default());
        let text = |name: &str| query.get(name).cloned().filter(|value| !value.is_empty());
        let assumed = text("from").is_none() && text("to").is_none();
        let (first, last) = quarter(app.now());
        let from = text("from").unwrap_or_else(|| if assumed { first } else { String::new() });
        let to = text("to").unwrap_or_else(|| if assumed { last } else { String::new() });
        let instant = crate::app::read::instant;
        let begins = if from.is_empty() { 0 } else { instant("from", &from)?.0 };
        let ends = if to.is_empty() { i64::MAX } else { instant("to", &to)?.1 };
        let filters = query
            .iter()
            .filter(|(name, _)| !OWN.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let pair = |(name, value): (&str, String)| format!("{name}={}", encoded(&value));
        let joined = |from: Option<String>, to: Option<String>| {
            let all = [("from", from), ("to", to)].into_iter();
            let all = all.chain(["environment", "service"].map(|name| (name, text(name))));
            let pairs = all.filter_map(|(name, value)| Some(pair((name, value?))));
            pairs.collect::<Vec<_>>().join("&")
        };
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let size = number("size", text("size"))?.unwrap_or(USUAL_SIZE);
        let listed = Listed {
            from: begins,
            until: ends,
            environment: text("environment"),
            service: text("service"),
            filters,
            size: size.clamp(1, 500),
            sort: text("sort"),
            turn: Turn::read(
                text("below").as_deref(),
                text("above").as_deref(),
                text("page").as_deref(),
            )?,
            row: number("row", text("row"))?.unwrap_or(1),
            ledger: number("ledger", text("ledger"))?,
            scope: joined(text("from"), text("to")),
            whole_scope: joined(given(&from), given(&to)),
        };
        Ok(Self { query, from, to, assumed, listed })
    }

    /// The one address of this page of a list, if it was asked for by another: sorted, and what is usual left out.
    fn elsewhere(
        &self,
        path: &str,
        columns: &'static Columns,
        raw: Option<&str>,
    ) -> Option<Response> {
        let asked = raw.filter(|raw| !raw.is_empty()).map(|raw| format!("{path}?{raw}"));
        let canonical = self.listed.canonical(path, columns);
        (canonical != asked.unwrap_or_else(|| path.to_owned()))
            .then(|| Redirect::to(&canonical).into_response())
    }

    /// `production, 2026-10-01 to 2026-12-31`.
    fn words(&self) -> String {
        let environment = self.listed.environment.as_deref().unwrap_or("all environments");
        format!("{environment}, {} to {}", self.from, self.to)
    }
}

/// A whole number of the address.
fn number<T: std::str::FromStr>(name: &str, text: Option<String>) -> Result<Option<T>, AppError> {
    let Some(text) = text else { return Ok(None) };
    let read = text.parse().map(Some);
    read.map_err(|_| AppError::Invalid(format!("{name}: `{text}` is no whole number")))
}

/// The current quarter's first and last day.
fn quarter(now: Time) -> (String, String) {
    let now = now.utc();
    let (year, first) = (now.year(), (now.month() - 1) / 3 * 3 + 1);
    let last_day = if first == 1 || first == 10 { 31 } else { 30 };
    (format!("{year}-{first:02}-01"), format!("{year}-{:02}-{last_day}", first + 2))
}

/// A query string's parameters; of one that stands twice the last counts.
fn parameters(raw: &str) -> BTreeMap<String, String> {
    raw.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

fn area(label: &str, path: &str, here: &str) -> Area {
    Area { label: label.to_owned(), href: path.to_owned(), current: label == here, count: None }
}

/// The frame of a page, with its nonce.
async fn frame(
    app: &App,
    caller: &Caller,
    address: &Address,
    (here, path): (&str, &str),
    note: &str,
) -> Result<(Frame, String), AppError> {
    let nonce = pages::nonce();
    let record = app.record(caller).await?;
    let areas = [
        ("Overview", "/"),
        ("Population", "/population"),
        ("Changes", "/changes"),
        ("Policy", "/policy"),
        ("Ledger", "/ledger"),
    ];
    let query: Vec<String> =
        address.query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let whole =
        if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) };
    let frame = Frame {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        base_url: app.url(""),
        path: whole,
        carried: address.listed.carried_on(),
        areas: areas.map(|(label, path)| area(label, path, here)).into(),
        search: Some("/search".to_owned()),
        scope: Some(Scope { note: note.to_owned(), ..scope_of(address, path, &record.places) }),
        login: Some(caller.name.clone()),
        person: format!("{} · {}", caller.name, caller.role.as_str()),
        sign_out: Some("/sign-out".to_owned()),
        nonce: nonce.clone(),
        shown_at: app.now(),
        seal: Some(Seal {
            ledger_size: record.ledger_size,
            checkpoint: record.checkpoint,
            policy: record.policy,
            verified: record.verified,
            data: None,
        }),
        theme: "",
        css: assets::url("countersign.css"),
        js: assets::url("countersign.js"),
    };
    Ok((frame, nonce))
}

/// The seal of a list names the size that its rows were read at, and the address that shows the same rows later.
fn sealed(frame: &mut Frame, listed: &Listed, path: &str, size: u64) {
    frame.path = listed.lasting_address(path, size);
    if let Some(seal) = &mut frame.seal {
        seal.ledger_size = size;
    }
}

fn scope_of(address: &Address, path: &str, places: &[(String, String)]) -> Scope {
    let choices = |all: &str, chosen: Option<&str>, values: Vec<&String>| {
        let mut choices = vec![Choice::new("", all, chosen.is_none())];
        let chosen_of = |value: &str| chosen == Some(value);
        choices.extend(values.into_iter().map(|value| Choice::new(value, value, chosen_of(value))));
        choices
    };
    let unique = |of: fn(&(String, String)) -> &String| {
        let set: std::collections::BTreeSet<&String> = places.iter().map(of).collect();
        set.into_iter().collect::<Vec<_>>()
    };
    let services = unique(|place| &place.1);
    let all = format!("all {}", services.len());
    Scope {
        from: address.from.clone(),
        to: address.to.clone(),
        assumed: address.assumed,
        environments: choices(
            "all environments",
            address.listed.environment.as_deref(),
            unique(|place| &place.0),
        ),
        services: choices(&all, address.listed.service.as_deref(), services),
        action: path.to_owned(),
        hidden: address
            .listed
            .filters
            .clone()
            .into_iter()
            .chain(address.listed.carried())
            .collect(),
        note: String::new(),
    }
}

/// What the scope bar says on a page that shows everything.
const WHOLE: &str = "The ledger is shown whole, whatever the scope";

/// What the scope bar says on a page that looks everywhere.
const ANYWHERE: &str = "A search looks everywhere, whatever the scope";

/// What the scope bar says on a page about the policy.
const IN_FORCE: &str = "The policy in force now, whatever the scope";

/// What the scope bar says on a page about one thing.
fn scope_note(noun: &str, inside: bool) -> String {
    let verb = if inside { "is in" } else { "lies outside the" };
    format!("This {noun} {verb} scope")
}

/// Sends the browser to another page, with the scope.
fn see(path: &str, address: &Address) -> Response {
    Redirect::to(&with_scope(path, &address.listed.carried_on())).into_response()
}

async fn overview(
    State(app): State<App>,
    Visitor(caller): Visitor,
    RawQuery(raw): RawQuery,
) -> Answer {
    let address = Address::read(&app, raw.as_deref())?;
    let page = app.overview_page(&caller, &address.listed, &address.words()).await?;
    let (frame, nonce) = frame(&app, &caller, &address, ("Overview", "/"), "").await?;
    Ok(pages::answer(StatusCode::OK, pages::overview::render(&frame, &page)?, &nonce))
}

async fn population(
    State(app): State<App>,
    Visitor(caller): Visitor,
    RawQuery(raw): RawQuery,
) -> Answer {
    let address = Address::read(&app, raw.as_deref())?;
    let place = ("Population", "/population");
    if let Some(elsewhere) = address.elsewhere(place.1, views::population::COLUMNS, raw.as_deref())
    {
        return Ok(elsewhere);
    }
    let page = app.population_page(&caller, &address.listed).await?;
    let (mut frame, nonce) = frame(&app, &caller, &address, place, "").await?;
    sealed(&mut frame, &address.listed, place.1, page.pager.ledger_size);
    Ok(pages::answer(StatusCode::OK, pages::population::render(&frame, &page)?, &nonce))
}

async fn changes(
    State(app): State<App>,
    Visitor(caller): Visitor,
    RawQuery(raw): RawQuery,
) -> Answer {
    let address = Address::read(&app, raw.as_deref())?;
    let place = ("Changes", "/changes");
    if let Some(elsewhere) = address.elsewhere(place.1, views::changes::COLUMNS, raw.as_deref()) {
        return Ok(elsewhere);
    }
    let page = app.changes_page(&caller, &address.listed).await?;
    let (mut frame, nonce) = frame(&app, &caller, &address, place, "").await?;
    sealed(&mut frame, &address.listed, place.1, page.pager.ledger_size);
    Ok(pages::answer(StatusCode::OK, pages::changes::render(&frame, &page)?, &nonce))
}

async fn change(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let address = Address::read(&app, raw.as_deref())?;
    let page = app.change_page(&caller, &id, &address.listed).await?;
    let path = format!("/changes/{id}");
    let note = scope_note("change", page.in_scope);
    let (frame, nonce) = frame(&app, &caller, &address, ("Changes", &path), &note).await?;
    Ok(pages::answer(StatusCode::OK, pages::change::render(&frame, &page)?, &nonce))
}

async fn deploy(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let address = Address::read(&app, raw.as_deref())?;
    let page = app.deploy_page(&caller, &id).await?;
    let path = format!("/deploys/{id}");
    let place = (Some(page.row.environment.as_str()), Some(page.row.service.as_str()));
    let note = scope_note("deploy", address.listed.holds(page.row.started, &[place]));
    let (frame, nonce) = frame(&app, &caller, &address, ("Population", &path), &note).await?;
    Ok(pages::answer(StatusCode::OK, pages::deploy::render(&frame, &page)?, &nonce))
}

async fn decision(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(id): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let address = Address::read(&app, raw.as_deref())?;
    let page = app.decision_page(&caller, &id).await?;
    let path = format!("/decisions/{id}");
    let place = (page.environment.as_deref(), page.service.as_deref());
    let note = scope_note("decision", address.listed.holds(page.decided_at, &[place]));
    let (frame, nonce) = frame(&app, &caller, &address, ("Changes", &path), &note).await?;
    Ok(pages::answer(StatusCode::OK, pages::decision::render(&frame, &page)?, &nonce))
}

async fn search(
    State(app): State<App>,
    Visitor(caller): Visitor,
    RawQuery(raw): RawQuery,
) -> Answer {
    let address = Address::read(&app, raw.as_deref())?;
    let query = address.query.get("q").map(String::as_str).unwrap_or_default();
    let page = app.search_page(&caller, query).await?;
    if let Some(only) = page.only() {
        return Ok(see(only, &address));
    }
    let (frame, nonce) = frame(&app, &caller, &address, ("", "/search"), ANYWHERE).await?;
    Ok(pages::answer(StatusCode::OK, pages::search::render(&frame, &page)?, &nonce))
}

async fn policies(
    State(app): State<App>,
    Visitor(caller): Visitor,
    RawQuery(raw): RawQuery,
) -> Answer {
    let address = Address::read(&app, raw.as_deref())?;
    let page = app.policies_page(&caller).await?;
    let (frame, nonce) = frame(&app, &caller, &address, ("Policy", "/policy"), IN_FORCE).await?;
    Ok(pages::answer(StatusCode::OK, pages::policy::render_list(&frame, &page)?, &nonce))
}

async fn policy(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(name): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let address = Address::read(&app, raw.as_deref())?;
    let branch = address.query.get("branch").map(String::as_str).filter(|name| !name.is_empty());
    let page = app.policy_page(&caller, &name, branch).await?;
    let path = format!("/policy/{name}");
    let (frame, nonce) = frame(&app, &caller, &address, ("Policy", &path), IN_FORCE).await?;
    Ok(pages::answer(StatusCode::OK, pages::policy::render(&frame, &page)?, &nonce))
}

async fn ledger(
    State(app): State<App>,
    Visitor(caller): Visitor,
    RawQuery(raw): RawQuery,
) -> Answer {
    let address = Address::read(&app, raw.as_deref())?;
    if let Some(index) = address.query.get("index").filter(|index| !index.is_empty()) {
        return Ok(see(&format!("/ledger/{}", encoded(index)), &address));
    }
    let before = address.query.get("before").and_then(|before| before.parse().ok());
    let page = app.ledger_page(&caller, before, &address.listed.scope).await?;
    let (frame, nonce) = frame(&app, &caller, &address, ("Ledger", "/ledger"), WHOLE).await?;
    Ok(pages::answer(StatusCode::OK, pages::ledger::render(&frame, &page)?, &nonce))
}

async fn entry(
    State(app): State<App>,
    Visitor(caller): Visitor,
    Path(index): Path<String>,
    RawQuery(raw): RawQuery,
) -> Answer {
    let address = Address::read(&app, raw.as_deref())?;
    let number = index.parse().map_err(|_| {
        AppError::NotFound(format!("`{index}` is no index of an entry: 0, 1, 2, …"))
    })?;
    let page = app.entry_page(&caller, number).await?;
    let path = format!("/ledger/{number}");
    let note = scope_note("entry", address.listed.holds(page.occurred, &[(None, None)]));
    let (frame, nonce) = frame(&app, &caller, &address, ("Ledger", &path), &note).await?;
    Ok(pages::answer(StatusCode::OK, pages::entry::render(&frame, &page)?, &nonce))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_string_is_read_as_browsers_write_it() {
        let read = parameters("a=1&b=x%20y+z&c=%C3%A9&d=100%25&e=%zz&flag");
        assert_eq!(read["a"], "1");
        assert_eq!(read["b"], "x y z");
        assert_eq!(read["c"], "é");
        assert_eq!(read["d"], "100%");
        assert_eq!(read["e"], "");
        assert_eq!(encoded("x y/é"), "x%20y%2F%C3%A9");
    }

    #[test]
    fn the_current_quarter_has_its_right_days() {
        let of = |text: &str| quarter(text.parse().expect("a time"));
        assert_eq!(of("2026-11-20T12:00:00Z"), ("2026-10-01".to_owned(), "2026-12-31".to_owned()));
        assert_eq!(of("2026-04-01T00:00:00Z"), ("2026-04-01".to_owned(), "2026-06-30".to_owned()));
        assert_eq!(of("2026-09-30T23:59:59Z"), ("2026-07-01".to_owned(), "2026-09-30".to_owned()));
        assert_eq!(of("2026-03-31T00:00:00Z"), ("2026-01-01".to_owned(), "2026-03-31".to_owned()));
    }
}
