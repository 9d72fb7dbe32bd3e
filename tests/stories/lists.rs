//! An auditor turns the pages of a list while the world goes on: nothing is skipped, nothing repeated, every total is exact, and
//! the same address shows the same rows later.

use countersign::app::Caller;
use countersign::cli::demo::forge::Work;
use countersign::domain::Oid;
use countersign::store::Db;
use reqwest::header::LOCATION;
use reqwest::{Method, StatusCode};
use scraper::{Html, Selector};

use crate::both;
use crate::harness::Kind;
use crate::harness::server::Server;
use crate::harness::town::{REPO, Town, done};
use crate::pages::{Browser, all, links, sign_in};

/// So many deploys of three services to production, newest last; every other brings a commit that nobody reviewed.
async fn busy(kind: Kind, deploys: usize) -> Town {
    let mut town = Town::new(kind).await;
    for number in 0..deploys {
        deploy(&mut town, number);
    }
    town.arrive().await;
    town
}

fn deploy(town: &mut Town, number: usize) -> Oid {
    let service = ["payments", "cards", "ledger"][number % 3];
    let tip = if number.is_multiple_of(2) {
        let work = Work::new("Quick").file("src/lib.rs", &format!("// {number}\n"));
        done(done(town.forge.repo(REPO)).push_directly("dev1", "main", work))
    } else {
        done(done(town.forge.repo(REPO)).tip("main"))
    };
    done(done(town.forge.repo(REPO)).deploy(service, "production", tip, "ops1"));
    tip
}

/// One page of a list as it is read.
struct Read {
    rows: Vec<String>,
    body: String,
    page: Html,
}

async fn read(browser: &Browser<'_>, path: &str) -> Read {
    let (status, _, text) = browser.open(path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {text}");
    let page = Html::parse_document(&text);
    let link = Selector::parse("tbody th a[href]").expect("a selector");
    // Every link carries the scope on; a row is what stands before it.
    let path = |href: &str| href.split('?').next().unwrap_or(href).to_owned();
    let rows = page.select(&link).filter_map(|link| link.value().attr("href")).map(path);
    Read { rows: rows.collect(), body: all(&page, "table").join(""), page }
}

impl Read {
    /// The address behind a button of the pager.
    fn button(&self, name: &str) -> Option<String> {
        let selector = Selector::parse(".pager .turn a").expect("a selector");
        let found = self
            .page
            .select(&selector)
            .find(|link| link.text().collect::<String>().split(' ').next() == Some(name));
        found.and_then(|link| link.value().attr("href")).map(str::to_owned)
    }

    fn says(&self, words: &str) -> bool {
        let text = self.page.root_element().text().collect::<String>();
        text.split_whitespace().collect::<Vec<_>>().join(" ").contains(words)
    }

    /// The seal's address, without the host.
    fn sealed(&self) -> String {
        let url = all(&self.page, ".seal .url").join("");
        let path = url.split_once("/population").or_else(|| url.split_once("/changes"));
        let (_, query) = path.expect("a list");
        let list = if url.contains("/population") { "/population" } else { "/changes" };
        format!("{list}{query}")
    }
}

both!(turning_pages_neither_skips_nor_repeats_while_rows_come_in, |kind| async move {
    let mut town = busy(kind, 7).await;
    let server = Server::start(&town.world).await;
    let browser = sign_in(&town, &server).await;
    let mut wanted: Vec<String> = town.deploys().await.iter().map(path_of).collect();
    wanted.reverse();
    let first = read(&browser, "/population?size=2").await;
    assert!(first.button("First").is_none() && first.button("Previous").is_none());
    let (mut seen, mut next, mut pages) = (first.rows.clone(), first.button("Next"), vec![]);
    for number in 7.. {
        let Some(path) = next else { break };
        assert!(number < 20, "the list does not end");
        deploy(&mut town, number);
        town.arrive().await;
        let page = read(&browser, &path).await;
        assert!(page.says("of 7, newest first"), "the count is not as of the first page");
        assert!(page.says("Read the list as it is now"), "nothing says that there are newer rows");
        seen.extend(page.rows.clone());
        next = page.button("Next");
        pages.push((path, page));
    }
    assert_eq!(seen, wanted);

    for (path, page) in &pages {
        assert_eq!(read(&browser, path).await.body, page.body, "{path} shows other rows now");
    }
    let mut back = vec![];
    let mut previous = first.button("Last");
    while let Some(path) = previous {
        let page = read(&browser, &path).await;
        back.splice(0..0, page.rows.clone());
        previous = page.button("Previous");
    }
    assert_eq!(back, wanted, "backwards the list is another");
    let now = read(&browser, "/population").await;
    assert!(now.rows.len() > 7 && !now.says("Read the list as it is now"));
});

fn path_of(deploy: &serde_json::Value) -> String {
    format!("/deploys/{}", deploy["id"].as_str().expect("an id"))
}

both!(the_same_address_shows_a_deploy_as_it_was_then, |kind| async move {
    let mut town = busy(kind, 3).await;
    let server = Server::start(&town.world).await;
    let browser = sign_in(&town, &server).await;
    let tip = done(done(town.forge.repo(REPO)).tip("main"));
    let begun = done(done(town.forge.repo(REPO)).begin_deploy("cards", "production", tip, "ops1"));
    town.arrive().await;
    let then = read(&browser, "/population?result=started").await;
    assert!(then.says("1 of 4 match"), "{}", then.body);
    let address = then.sealed();
    assert!(address.contains("ledger=") && address.contains("from=") && address.contains("to="));

    done(town.forge.report(begun, "failure"));
    town.arrive().await;
    let now = read(&browser, "/population?result=started").await;
    assert!(now.says("0 of 4 match"), "{}", now.body);
    let later = read(&browser, &address).await;
    assert_eq!(later.body, then.body);
    assert!(later.says("1 of 4 match"));
    assert_eq!(later.sealed(), address, "the address of the seal is its own");

    let changes = read(&browser, "/changes").await;
    let address = changes.sealed();
    deploy(&mut town, 4);
    town.arrive().await;
    let now = read(&browser, "/changes").await;
    assert_eq!(now.rows.len(), changes.rows.len() + 1);
    assert_eq!(read(&browser, &address).await.body, changes.body);
});

both!(columns_with_an_index_sort_and_say_so, |kind| async move {
    let town = busy(kind, 7).await;
    let server = Server::start(&town.world).await;
    let browser = sign_in(&town, &server).await;
    let newest = read(&browser, "/population").await;
    let sorted = |page: &Read, order: &str| all(&page.page, &format!("th[aria-sort={order}]"));
    assert_eq!(sorted(&newest, "descending"), ["Started, UTC ↓"]);
    let oldest = links(&newest.page, "/population?sort=started");
    let oldest = read(&browser, oldest.first().expect("a head that is a link")).await;
    assert_eq!(sorted(&oldest, "ascending"), ["Started, UTC ↑"]);
    let mut turned = newest.rows.clone();
    turned.reverse();
    assert_eq!(oldest.rows, turned);
    assert_eq!(links(&oldest.page, "/population").first().map(String::as_str), Some("/population"));

    let services = |page: &Read| all(&page.page, "tbody .c-service .wide");
    let by_service = read(&browser, "/population?size=2&sort=service").await;
    assert_eq!(sorted(&by_service, "ascending"), ["Service ↑"]);
    assert!(by_service.says("services from A to Z"));
    let (mut names, mut next) = (services(&by_service), by_service.button("Next"));
    while let Some(path) = next {
        let page = read(&browser, &path).await;
        names.extend(services(&page));
        next = page.button("Next");
    }
    let mut ordered = services(&newest);
    ordered.sort();
    assert_eq!(names, ordered);
    let last = read(&browser, &by_service.button("Last").expect("a last page")).await;
    assert_eq!(services(&last), ordered[6..]);
    let down = read(&browser, "/population?sort=-service").await;
    ordered.reverse();
    assert_eq!(services(&down), ordered);

    let (status, _, text) = browser.open("/population?sort=deployer").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text.contains("no list is sorted by `deployer`; there is started, service"), "{text}");
    for wrong in ["ledger=999999", "ledger=x", "below=x", "below=1.a&page=last", "size=many"] {
        let (status, _, text) = browser.open(&format!("/population?from=2026-10-01&{wrong}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}: {text}");
    }
});

both!(a_list_has_one_address_and_an_active_filter_is_seen, |kind| async move {
    let town = busy(kind, 4).await;
    let server = Server::start(&town.world).await;
    let browser = sign_in(&town, &server).await;
    let form = "/population?from=2026-10-01&to=&result=&kind=baseline&size=24&sort=-started&class=";
    let asked = server.request(Method::GET, form).header("cookie", &browser.cookie);
    let moved = asked.send().await.expect("an answer");
    assert_eq!(moved.status(), StatusCode::SEE_OTHER);
    assert_eq!(moved.headers()[LOCATION], "/population?from=2026-10-01&kind=baseline");
    let page = read(&browser, "/population?from=2026-10-01&kind=baseline").await;
    assert!(page.says("3 of 4 match the filters below"), "{}", page.body);
    assert_eq!(all(&page.page, ".chip.is-set").len(), 1);
    assert!(links(&page.page, "/population").contains(&"/population?from=2026-10-01".to_owned()));
    let (_, _, text) = browser.open("/population?from=2026-10-01&kind=baseline&ledger=0").await;
    assert!(text.contains("0 of 0"), "at size 0 nothing was there");
});

both!(a_counter_that_is_wrong_is_found_and_counted_anew, |kind| async move {
    let town = busy(kind, 4).await;
    let app = &town.world.app;
    let db = Db::open(&town.world.config.database_url.0).await.expect("it opens");
    let operator = Caller::operator();
    assert_eq!(app.wrong_totals(&operator).await.expect("a recount"), 0);
    for wrong in [
        "update deploy_total set deploys = deploys + 1 where span = 0",
        "update change_total set changes = changes + 1 where span = 0",
        "update delivery_total set deliveries = deliveries + 1",
    ] {
        let before = app.wrong_totals(&operator).await.expect("a recount");
        execute(&db, wrong).await;
        assert!(app.wrong_totals(&operator).await.expect("a recount") > before, "{wrong}");
    }
    execute(&db, "delete from change_total where span = 1").await;
    app.recount(&operator).await.expect("counted anew");
    assert_eq!(app.wrong_totals(&operator).await.expect("a recount"), 0);
});

async fn execute(db: &Db, sql: &str) {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    match db {
        Db::Sqlite { writer, .. } => _ = sqlx::query(sql).execute(writer).await.expect("done"),
        Db::Postgres(pool) => _ = sqlx::query(sql).execute(pool).await.expect("done"),
    }
}

both!(changes_of_one_repository_are_a_list_with_its_own_totals, |kind| async move {
    let town = busy(kind, 4).await;
    let server = Server::start(&town.world).await;
    let browser = sign_in(&town, &server).await;
    let whole = read(&browser, "/changes").await;
    let own = read(&browser, "/changes?repo=acme%2Fpayments").await;
    assert_eq!(own.rows, whole.rows);
    assert!(own.says(&format!("{0} of {0} match", own.rows.len())), "{}", own.body);
    assert_eq!(all(&own.page, ".chip.is-set").len(), 1, "an active filter is seen");
    let none = read(&browser, "/changes?repo=acme%2Fnobody").await;
    assert!(none.rows.is_empty() && none.says(&format!("0 of {} match", own.rows.len())));
    for (path, names) in [
        ("/changes?repository=acme%2Fpayments", "repo, class, decision"),
        ("/population?state=pending", "result, kind, class, decision"),
    ] {
        let (status, _, text) = browser.open(path).await;
        assert_eq!(
            status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{path}: what shows everything must not look filtered"
        );
        assert!(
            text.contains(&format!("is no filter of this list; its filters are {names}")),
            "{text}"
        );
    }
    let change = links(&own.page, "/changes/chg").first().cloned().expect("a change");
    let (_, _, page) = browser.open(&change).await;
    let back = links(&scraper::Html::parse_document(&page), "/changes?");
    assert!(back.iter().any(|href| href.contains("repo=acme%2Fpayments")), "{back:?}");
});
