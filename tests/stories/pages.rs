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

both!(every_page_answers_and_is_whole, |kind| async move {
    let town = inhabited(kind).await;
    let server = Server::start(&town.world).await;
    let browser = sign_in(&town, &server).await;
    let (_, _, population) = browser.open("/population").await;
    let (_, _, changes) = browser.open("/changes").await;
    let mut paths: Vec<String> =
        ["/", "/population", "/changes", "/ledger", "/ledger/0"].map(str::to_owned).into();
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
    for path in ["/", "/population", "/changes/chg_x", "/ledger/0"] {
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
