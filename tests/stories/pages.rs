//! An auditor opens a page and believes it: every page answers, its sums add up, and nothing asks another host.

use countersign::app::{Caller, Role};
use countersign::cli::demo::forge::{Proposal, Way, Work};
use reqwest::header::{CONTENT_SECURITY_POLICY, LOCATION, SET_COOKIE};
use reqwest::{Method, StatusCode};
use scraper::{Html, Selector};

use crate::both;
use crate::harness::server::Server;
use crate::harness::town::{REPO, Town, VALUES, done};

/// A person's browser, without script.
pub struct Browser<'s> {
    pub server: &'s Server,
    pub cookie: String,
}

impl Browser<'_> {
    pub async fn open(&self, path: &str) -> (StatusCode, String, String) {
        let request = self.server.request(Method::GET, path).header("cookie", &self.cookie);
        let answer = request.header("accept", "text/html").send().await.expect("an answer");
        let status = answer.status();
        let policy = answer.headers().get(CONTENT_SECURITY_POLICY);
        let policy =
            policy.map(|value| value.to_str().expect("text").to_owned()).unwrap_or_default();
        (status, policy, answer.text().await.expect("a page"))
    }
}

pub async fn sign_in<'s>(town: &Town, server: &'s Server) -> Browser<'s> {
    let link =
        town.world.app.sign_in_link(&Caller::operator(), "helen.brandt", Role::Auditor).await;
    let path = format!("/sign-in/{}", link.expect("a link"));
    let form = server.request(Method::GET, &path).send().await.expect("an answer");
    assert_eq!(form.status(), StatusCode::OK, "looking at the link uses it up");
    let form = form.text().await.expect("a page");
    assert!(form.contains("helen.brandt") && form.contains("Sign in as auditor"), "{form}");
    let signed = server.request(Method::POST, &path).send().await.expect("an answer");
    assert_eq!(signed.status(), StatusCode::SEE_OTHER);
    let cookie = signed.headers()[SET_COOKIE].to_str().expect("text").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let again = server.request(Method::POST, &path).send().await.expect("an answer");
    assert!(!again.headers().contains_key(SET_COOKIE), "a link signs in once");
    let spent = server.request(Method::GET, &path).send().await.expect("an answer");
    let spent = spent.text().await.expect("a page");
    assert!(
        spent.contains("was used") && !spent.contains("<form"),
        "no button that cannot work: {spent}"
    );
    Browser { server, cookie: cookie.split(';').next().unwrap_or_default().to_owned() }
}

pub fn all(page: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    page.select(&selector).map(|found| found.text().collect::<String>()).collect()
}

pub fn links(page: &Html, prefix: &str) -> Vec<String> {
    let selector = Selector::parse("a[href]").expect("a selector");
    page.select(&selector)
        .filter_map(|link| link.value().attr("href"))
        .filter(|href| href.starts_with(prefix))
        .map(str::to_owned)
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect()
}

async fn inhabited(kind: crate::harness::Kind) -> Town {
    let mut town = Town::new(kind).await;
    let base = done(done(town.forge.repo(REPO)).tip("main"));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", base, "ops1"));
    done(town.forge.create_ticket("PAY-7", "Story", "Refunds <b>now</b>", "dev1"));
    let scaled = VALUES.replace("replicas: 4", "replicas: 6");
    let proposals = [
        Proposal::new("a", "PAY-7 <script>alert(1)</script>")
            .file("src/payments/refund.rs", "fn a() {}\n"),
        Proposal::new("b", "Scale").file("deploy/prod/values-web.yaml", &scaled),
    ];
    let mut tip = base;
    for proposal in &proposals {
        let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", proposal));
        done(done(town.forge.pull(&pull)).approve("arch1"));
        tip = done(done(town.forge.pull(&pull)).merge("dev2", Way::Squash));
    }
    done(done(town.forge.repo(REPO)).deploy("payments", "production", tip, "ops1"));
    let direct = Work::new("Quick").file("src/lib.rs", "// quick\n");
    let direct = done(done(town.forge.repo(REPO)).push_directly("dev1", "main", direct));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", direct, "ops1"));
    town.arrive().await;
    town.may_deploy(direct).await;
    town
}

/// Pages whose address needs nothing to be looked up.
const FIXED: [&str; 7] =
    ["/", "/population", "/changes", "/policy", "/policy/acme/payments", "/ledger", "/ledger/0"];

both!(every_page_answers_and_is_whole, |kind| async move {
    let town = inhabited(kind).await;
    let server = Server::start(&town.world).await;
    let browser = sign_in(&town, &server).await;
    let (_, _, population) = browser.open("/population").await;
    let (_, _, changes) = browser.open("/changes").await;
    let mut paths = FIXED.map(str::to_owned).to_vec();
    paths.extend(links(&Html::parse_document(&population), "/deploys/"));
    paths.extend(links(&Html::parse_document(&changes), "/changes/chg"));
    let decision = town.may_deploy(done_sha(&town).await).await.decision;
    paths.push(format!("/decisions/{decision}"));
    assert!(paths.len() >= 12, "{paths:?}");
    for path in &paths {
        let (status, policy, text) = browser.open(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let page = Html::parse_document(&text);
        assert_eq!(all(&page, "h1").len(), 1, "{path}");
        assert!(all(&page, "title")[0].contains("Countersign"), "{path}");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next());
        let nonce = nonce.expect("a nonce");
        assert!(text.contains(&format!("nonce=\"{nonce}\"")), "{path}");
        assert!(!text.contains("<script>alert"), "{path}: a title became markup");
        assert!(all(&page, "[style]").is_empty(), "{path}");
        for asks in ["src=\"http", "src=\"//", "<link rel=\"stylesheet\" href=\"http", "@import"] {
            assert!(!text.contains(asks), "{path} asks another host: {asks}");
        }
    }
});

/// Every address of the page's links and forms that leads to a page of ours.
fn pages_of(page: &Html) -> Vec<String> {
    let no_page = ["/api/", "/assets/", "/sign-", "/ledger/checkpoint", "/ledger/tile"];
    links(page, "/")
        .into_iter()
        .filter(|href| !no_page.iter().any(|start| href.starts_with(start)))
        .collect()
}

both!(the_scope_survives_every_link_and_every_form, |kind| async move {
    let town = inhabited(kind).await;
    let server = Server::start(&town.world).await;
    let browser = sign_in(&town, &server).await;
    let scope = "from=2026-11-01&to=2026-11-30&environment=production";
    let says = |href: &str| {
        let query = href.split_once('?').map(|(_, query)| query.split('#').next().unwrap_or(query));
        let query = query.unwrap_or_default();
        scope.split('&').all(|pair| query.split('&').any(|said| said == pair))
    };
    let mut due: Vec<String> = ["/", "/population", "/changes", "/ledger", "/search"]
        .map(|p| format!("{p}?{scope}"))
        .into();
    let mut seen = std::collections::BTreeSet::new();
    while let Some(path) = due.pop().filter(|_| seen.len() < 60) {
        let kind = path.split(['?', '_']).next().unwrap_or_default().to_owned();
        let alike = seen.iter().filter(|seen: &&String| seen.starts_with(&kind)).count();
        if alike > 6 || !seen.insert(path.clone()) {
            continue;
        }
        let (status, _, text) = browser.open(&path).await;
        if path.starts_with("/search?") && status == StatusCode::SEE_OTHER {
            continue; // Where it leads to is looked at in the story of the search.
        }
        assert_eq!(status, StatusCode::OK, "{path}");
        let page = Html::parse_document(&text);
        let bar = all(&page, ".scope-facts").join(" ");
        assert!(bar.contains("2026-11-01 to 2026-11-30"), "{path}: {bar}");
        for href in pages_of(&page) {
            assert!(says(&href), "{path} leads to {href} without its scope");
            due.push(href);
        }
        let form = Selector::parse("form[method=get]").expect("a selector");
        let field = |name: &str| Selector::parse(&format!("[name={name}]")).expect("a selector");
        for form in page.select(&form) {
            for name in ["from", "to", "environment"] {
                assert!(
                    form.select(&field(name)).next().is_some(),
                    "{path}: a form without {name}"
                );
            }
        }
    }
    for start in ["/deploys/", "/changes/chg", "/ledger/0", "/population?", "/search"] {
        assert!(seen.iter().any(|path| path.starts_with(start)), "{start} among {seen:?}");
    }
    let note = |text: &str| all(&Html::parse_document(text), ".scope-note").join("");
    let deploy = seen.iter().find(|path| path.starts_with("/deploys/")).expect("a deploy").clone();
    let (_, _, text) = browser.open(&deploy).await;
    assert_eq!(note(&text), "This deploy is in scope");
    let elsewhere = deploy.replace("production", "staging");
    assert_eq!(note(&browser.open(&elsewhere).await.2), "This deploy lies outside the scope");
    let earlier = deploy.replace("2026-11", "2026-06");
    assert_eq!(note(&browser.open(&earlier).await.2), "This deploy lies outside the scope");
    let found = browser.open(&format!("/ledger?index=0&{scope}")).await;
    assert_eq!(found.0, StatusCode::SEE_OTHER);
});

both!(every_record_page_says_at_its_top_how_to_cite_it, |kind| async move {
    let town = inhabited(kind).await;
    let server = Server::start(&town.world).await;
    let browser = sign_in(&town, &server).await;
    let (_, _, population) = browser.open("/population").await;
    let (_, _, changes) = browser.open("/changes").await;
    let decision = town.may_deploy(done_sha(&town).await).await.decision;
    let mut paths = FIXED.map(str::to_owned).to_vec();
    paths.extend(links(&Html::parse_document(&population), "/deploys/").pop());
    paths.extend(links(&Html::parse_document(&changes), "/changes/chg").pop());
    paths.push(format!("/decisions/{decision}"));
    assert_eq!(paths.len(), 10);
    for path in paths {
        let (_, _, text) = browser.open(&path).await;
        let page = Html::parse_document(&text);
        let lines = |selector: &str| all(&page, selector);
        let (cited, seal) = (lines(".title-line details.cite p"), lines(".seal p"));
        assert_eq!(cited.len(), 2, "{path}");
        assert_eq!(cited[0], seal[0], "{path}: the address");
        assert_eq!(cited[1], seal[2], "{path}: when, to whom, from which record");
        assert!(cited[0].contains(&path) && cited[1].contains("helen.brandt"), "{cited:?}");
    }
});

both!(a_change_shows_the_lines_that_made_its_class_and_no_secret, |kind| async move {
    let mut town = Town::new(kind).await;
    let base = done(done(town.forge.repo(REPO)).tip("main"));
    let secret = "src/payments/refund.rs";
    let text = "fn refund() {\n    let password = \"hunter2-of-acme\";\n    pay(\u{202e});\n    // <script>alert(1)</script>\n}\n";
    let values = VALUES.replace("replicas: 4", "replicas: 6");
    for (branch, title, path, text) in [
        ("a", "Refund", secret, text),
        ("b", "Scale", "deploy/prod/values-web.yaml", values.as_str()),
    ] {
        let proposal = Proposal::new(branch, title).file(path, text);
        let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
        done(done(town.forge.pull(&pull)).approve("arch1"));
        done(done(town.forge.pull(&pull)).merge("dev2", Way::Squash));
    }
    assert_ne!(base, done(done(town.forge.repo(REPO)).tip("main")));
    town.arrive().await;
    let server = Server::start(&town.world).await;
    let browser = sign_in(&town, &server).await;
    let (_, _, changes) = browser.open("/changes").await;
    let mut shown = Vec::new();
    for path in links(&Html::parse_document(&changes), "/changes/chg") {
        let (_, _, text) = browser.open(&path).await;
        assert!(
            !text.contains("hunter2")
                && !text.contains("<script>alert")
                && !text.contains('\u{202e}')
        );
        let page = Html::parse_document(&text);
        let head = all(&page, ".diff-head").join(" ");
        let lines = all(&page, ".diff-excerpt td.code");
        let title = all(&page, "h1").join("");
        if title == "Scale" {
            assert!(lines.is_empty() && !all(&page, ".key-change-table").is_empty(), "{lines:?}");
        } else {
            let written = |what: &str| lines.iter().any(|line| line.contains(what));
            assert!(written("characters not shown") && written("U+202E"), "{lines:?}");
            assert!(written("<script>alert(1)</script>"), "{lines:?}");
            assert!(head.contains("excerpt, 6 of 6 changed lines"), "{head}");
        }
        shown.push(title);
    }
    shown.sort();
    assert_eq!(shown, ["Refund", "Scale"]);
});

both!(a_search_leads_to_the_one_or_lists_by_kind_or_says_where_it_looked, |kind| async move {
    let town = inhabited(kind).await;
    let server = Server::start(&town.world).await;
    let browser = sign_in(&town, &server).await;
    let goes = async |query: &str| -> String {
        let path = format!("/search?q={}&from=2026-11-01", query.replace('#', "%23"));
        let request = server.request(Method::GET, &path).header("cookie", &browser.cookie);
        let answer = request.send().await.expect("an answer");
        assert_eq!(
            answer.status(),
            StatusCode::SEE_OTHER,
            "{query}: {}",
            answer.text().await.expect("text")
        );
        answer.headers()[LOCATION].to_str().expect("text").to_owned()
    };
    let (_, _, changes) = browser.open("/changes").await;
    let changes = links(&Html::parse_document(&changes), "/changes/chg");
    let first = goes("acme/payments#1").await;
    let change = first.split('?').next().expect("a path").to_owned();
    assert!(changes.contains(&change) && first.ends_with("?from=2026-11-01"), "{first}");
    let id = change.rsplit('/').next().expect("an id").to_owned();
    for query in ["pay-7", "PAY-7", id.as_str(), &id.to_uppercase(), "ACME/payments#1x"] {
        if query.ends_with('x') {
            continue;
        }
        assert_eq!(goes(query).await, first, "{query}");
    }
    let deploys = town.deploys().await;
    let deploy = deploys[0]["id"].as_str().expect("an id");
    assert_eq!(goes(deploy).await, format!("/deploys/{deploy}?from=2026-11-01"));
    assert_eq!(goes("0").await, "/ledger/0?from=2026-11-01");

    let found = async |query: &str| {
        let (status, _, text) = browser.open(&format!("/search?q={query}")).await;
        assert_eq!(status, StatusCode::OK, "{query}");
        Html::parse_document(&text)
    };
    // What was deployed: its change, its deploy, the decisions about it.
    let sha = done_sha(&town).await.to_string();
    for start in [sha.as_str(), &sha[..10], &sha[..7].to_uppercase()] {
        let page = found(start).await;
        assert_eq!(all(&page, "section h2"), ["Changes", "Deploys", "Decisions"], "{start}");
        assert_eq!(links(&page, "/deploys/").len(), 1, "{start}");
    }
    let page = found("DEV1").await;
    assert_eq!(links(&page, "/changes/chg").len(), changes.len(), "dev1 wrote every change");
    assert!(all(&page, "tbody td").iter().any(|cell| cell.contains("wrote")));
    let page = found("arch1").await;
    assert_eq!(links(&page, "/changes/chg").len(), 2, "arch1 approved two");
    let page = found("ops1").await;
    assert_eq!(links(&page, "/deploys/").len(), deploys.len());

    for nothing in
        ["nobody", "abcdef", "9999999", "acme%2Fother%231", "UTF-8", "%3Cscript%3Ealert(1)"]
    {
        let page = found(nothing).await;
        let said = all(&page, "main").join(" ");
        assert!(
            said.contains("Where it looked") && said.contains("commits of 1 repository"),
            "{said}"
        );
    }
    let page = found("").await;
    assert!(all(&page, "main").join(" ").contains("Where it looks"));
    let stranger = server.request(Method::GET, "/search?q=PAY-7").send().await.expect("an answer");
    assert_eq!(stranger.headers()[LOCATION], "/sign-in");
});

both!(the_same_address_and_ledger_give_the_same_page_but_for_its_nonce, |kind| async move {
    let town = inhabited(kind).await;
    let server = Server::start(&town.world).await;
    let browser = sign_in(&town, &server).await;
    let (_, _, changes) = browser.open("/changes").await;
    let change = links(&Html::parse_document(&changes), "/changes/chg").pop().expect("a change");
    for path in ["/", "/population", "/changes", "/ledger", "/search?q=dev1", change.as_str()] {
        let page = async || {
            let (_, policy, text) = browser.open(path).await;
            let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next());
            text.replace(nonce.expect("a nonce"), "NONCE")
        };
        assert_eq!(page().await, page().await, "{path}");
    }
});

both!(the_overview_answers_five_questions_from_the_record, |kind| async move {
    let town = inhabited(kind).await;
    let server = Server::start(&town.world).await;
    let browser = sign_in(&town, &server).await;
    let (_, _, text) = browser.open("/").await;
    let page = Html::parse_document(&text);
    assert_eq!(all(&page, ".figures > div").len(), 6);
    let words = |selector: &str| {
        let text = all(&page, selector).join(" ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        all(&page, ".charts h2"),
        [
            "Deploys per day, by highest class",
            "Open exceptions, by kind and age",
            "How changes got through, by service",
            "Wait for an architect, by scope",
            "Did every source keep talking?",
        ]
    );
    assert_eq!(all(&page, ".charts .finding").len(), 5);
    let charts = words(".charts");
    assert!(charts.contains("No exceptions are open in all environments"), "{charts}");
    assert!(
        charts.contains("Looked for so far"),
        "what is not looked for is not known to be absent"
    );
    // arch1 approved the one change under the scope payments.
    let waits = all(&page, ".charts section:nth-child(4) tbody :is(th, td)");
    assert_eq!(waits.get(..2).map(<[String]>::concat).as_deref(), Some("payments1"), "{waits:?}");
    let sources = all(&page, ".charts section:nth-child(5) .chart-strips tbody th").concat();
    assert_eq!(sources, "githubjira");
    // A period before anything happened has nothing, and says so.
    let (_, _, text) = browser.open("/?from=2026-01-01&to=2026-01-31").await;
    let page = Html::parse_document(&text);
    let charts = all(&page, ".charts").join(" ");
    for said in [
        "No day of this scope has a deploy",
        "No architect decided in this period",
        "No source delivered anything in this period",
        "(0 deploys were looked at)",
    ] {
        assert!(charts.contains(said), "{said}: {charts}");
    }
});

/// The commit that was deployed last.
async fn done_sha(town: &Town) -> countersign::domain::Oid {
    let deploys = town.deploys().await;
    deploys.last().expect("a deploy")["sha"].as_str().expect("a commit").parse().expect("a commit")
}

both!(the_population_is_whole_and_its_sums_are_those_of_the_api, |kind| async move {
    let town = inhabited(kind).await;
    let server = Server::start(&town.world).await;
    let browser = sign_in(&town, &server).await;
    let deploys = town.deploys().await;
    let sum = |what: &str| -> u64 {
        deploys.iter().map(|deploy| deploy["commits"][what].as_u64().expect("a number")).sum()
    };
    let (_, _, text) = browser.open("/population").await;
    let page = Html::parse_document(&text);
    assert_eq!(links(&page, "/deploys/").len(), deploys.len());
    let foot = all(&page, "tfoot").join(" ");
    assert!(foot.contains(&sum("total").to_string()), "{foot}");
    let (_, _, text) = browser.open("/").await;
    let words = Html::parse_document(&text).root_element().text().collect::<String>();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let landed = format!("{} landed", sum("landed"));
    assert!(words.contains(&landed), "no `{landed}` in {words}");

    let (_, _, filtered) = browser.open("/population?decision=unaccounted").await;
    let found = links(&Html::parse_document(&filtered), "/deploys/");
    let wanted = deploys.iter().filter(|deploy| deploy["state"] == "unaccounted").count();
    assert_eq!(found.len(), wanted);

    let (_, _, first) = browser.open("/population?size=2").await;
    let first = Html::parse_document(&first);
    let next = links(&first, "/population?").into_iter().find(|href| href.contains("below="));
    let (_, _, second) = browser.open(&next.expect("a next page")).await;
    let mut seen = links(&first, "/deploys/");
    seen.extend(links(&Html::parse_document(&second), "/deploys/"));
    assert_eq!(seen.len(), deploys.len(), "turning the page skipped or repeated a row");
});

both!(strangers_are_asked_to_sign_in_and_errors_are_in_words, |kind| async move {
    let town = Town::new(kind).await;
    let server = Server::start(&town.world).await;
    for path in ["/", "/population", "/changes/chg_x", "/ledger/0", "/search?q=x"] {
        let answer = server.request(Method::GET, path).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::SEE_OTHER, "{path}");
        assert_eq!(answer.headers()[LOCATION], "/sign-in", "{path}");
    }
    let browser = sign_in(&town, &server).await;
    for path in [
        "/changes/chg_nothing",
        "/deploys/x",
        "/decisions/x",
        "/ledger/99999",
        "/ledger/x",
        "/nowhere",
    ] {
        let (status, _, text) = browser.open(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        let page = Html::parse_document(&text);
        assert_eq!(all(&page, "h1").len(), 1, "{path}: {text}");
    }
    let (status, _, text) = browser.open("/population?from=yesterday").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text.contains("neither a date such as 2026-10-31 nor a time"), "{text}");
    let out = server.request(Method::POST, "/sign-out").header("cookie", &browser.cookie);
    let foreign = server.request(Method::POST, "/sign-out").header("sec-fetch-site", "cross-site");
    assert_eq!(foreign.send().await.expect("an answer").status(), StatusCode::FORBIDDEN);
    out.send().await.expect("an answer");
    let (status, _, _) = browser.open("/").await;
    assert_eq!(status, StatusCode::SEE_OTHER, "the session went on after signing out");
});
