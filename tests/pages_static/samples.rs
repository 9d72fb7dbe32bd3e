//! What the tests of the pages share: every page in its samples, and what to ask of its HTML.

use countersign::policy::decision::State;
use countersign::report::problem;
use countersign::report::samples;
use countersign::web::assets;
use countersign::web::components::Frame;
use countersign::web::pages;
use scraper::ElementRef;
use scraper::Html;
use scraper::Selector;

/// Every page in its samples, by name.
pub fn all() -> Vec<(String, String)> {
    let frame = |path: &str, area: &str| Frame::sample(path, area);
    let mut out = vec![
        (
            "overview",
            pages::overview::render(
                &frame("/?from=2026-10-01&to=2026-10-31&environment=production", "Overview"),
                &samples::overview(),
            ),
        ),
        ("first-run", pages::overview::render(&frame("/", "Overview"), &samples::first_run())),
        (
            "population",
            pages::population::render(
                &frame("/population?from=2026-10-01&to=2026-10-31", "Population"),
                &samples::population(),
            ),
        ),
        (
            "population-empty",
            pages::population::render(
                &frame("/population?status=failed", "Population"),
                &samples::population_empty(),
            ),
        ),
        ("changes", pages::changes::render(&frame("/changes", "Changes"), &samples::changes())),
        (
            "change",
            pages::change::render(&frame("/changes/chg_01ja9x7q4m", "Changes"), &samples::change()),
        ),
        (
            "change-hostile",
            pages::change::render(&frame("/changes/chg_x", "Changes"), &samples::change_hostile()),
        ),
        (
            "change-trivial",
            pages::change::render(
                &frame("/changes/chg_01jb22m8rc", "Changes"),
                &samples::change_trivial(),
            ),
        ),
        (
            "deploy",
            pages::deploy::render(&frame("/deploys/dep_7407", "Population"), &samples::deploy()),
        ),
        (
            "policy",
            pages::policy::render(&frame("/policy/acme/payments", "Policy"), &samples::policy()),
        ),
        ("policies", pages::policy::render_list(&frame("/policy", "Policy"), &samples::policies())),
        ("ledger", pages::ledger::render(&frame("/ledger", "Ledger"), &samples::ledger())),
        ("entry", pages::entry::render(&frame("/ledger/45880", "Ledger"), &samples::entry())),
        ("search", pages::search::render(&frame("/search?q=m.ortiz", ""), &samples::search())),
        (
            "search-nothing",
            pages::search::render(&frame("/search", ""), &samples::search_nothing()),
        ),
        ("sign-in", pages::sign_in::render(&bare("/sign-in"), &samples::sign_in())),
        ("sign-in-used", pages::sign_in::render(&bare("/sign-in"), &samples::sign_in_used())),
        ("components", pages::gallery::render(&frame("/_components", ""))),
    ]
    .into_iter()
    .map(|(name, page)| (name.to_owned(), page.expect("a page renders")))
    .collect::<Vec<_>>();
    out.extend(decisions());
    out.extend(problems());
    out
}

/// The gate in every state.
pub fn decisions() -> Vec<(String, String)> {
    let frame = Frame::sample("/decisions/dec_01jc81fz3a", "");
    let page = |state| {
        pages::decision::render(&frame, &samples::decision_in(state)).expect("a page renders")
    };
    State::ALL.into_iter().map(|state| (format!("decision-{state}"), page(state))).collect()
}

/// Every problem page.
pub fn problems() -> Vec<(String, String)> {
    [400, 401, 403, 404, 409, 413, 429, 500, 503]
        .into_iter()
        .map(|status| {
            let mut page = problem::usual(status);
            page.id = (status >= 500).then(|| "7f3a91".to_owned());
            let html =
                pages::problem::render(&bare("/changes/<script>"), &page).expect("a page renders");
            (format!("problem-{status}"), html)
        })
        .collect()
}

/// A frame of somebody who is not signed in, while the database is away.
pub fn bare(path: &str) -> Frame {
    Frame {
        areas: Vec::new(),
        search: None,
        scope: None,
        login: None,
        person: String::new(),
        seal: None,
        ..Frame::sample(path, "")
    }
}

pub fn select<'a>(html: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    let selector = Selector::parse(selector).expect("a selector");
    html.select(&selector).collect()
}

pub fn text(element: ElementRef<'_>) -> String {
    element.text().collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

pub fn css() -> String {
    let asset = assets::get(&assets::url("countersign.css")).expect("the style sheet");
    String::from_utf8(asset.bytes.into_owned()).expect("text")
}

pub fn html_of(wanted: &str) -> String {
    all().into_iter().find(|(name, _)| name == wanted).map(|(_, html)| html).expect("a page")
}
