//! A veto stands until its author takes it back, or an administrator who took no part overrides it with a reason.

use countersign::app::{AppError, Caller, OverrideRequest, Role};
use countersign::cli::demo::forge::{Proposal, PullId, Work};
use countersign::policy::State;
use reqwest::header::SET_COOKIE;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::both;
use crate::harness::Kind;
use crate::harness::server::{Server, token};
use crate::harness::town::{ORGANISATION, POLICY, REPO, Town, done};

const REASON: &str = "the scanner took a test key for a real one";

/// A change that `arch1` approves and `arch2` vetoes; the organisation names `helen`, and `dev1` wrote it.
async fn vetoed(kind: Kind) -> (Town, PullId) {
    let organisation =
        format!("{ORGANISATION}people:\n  - {{ user: helen, emails: [helen@acme.example] }}\n");
    let mut town = Town::with(kind, &organisation, POLICY).await;
    let proposal = Proposal::new("x", "X").file("src/payments/refund.rs", "fn refund() { 3 }\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    done(done(town.forge.pull(&pull)).request_changes("arch2", "a key"));
    done(done(town.forge.pull(&pull)).approve("arch1"));
    town.arrive().await;
    (town, pull)
}

/// The change's id, and the ids of its vetoes.
async fn standing(town: &Town) -> (String, Vec<String>) {
    let change = town.change(1).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let approvals = change["approvals"].as_array().expect("a list");
    let vetoes = approvals.iter().filter(|said| said["verdict"] == "veto");
    (text(&change["id"]), vetoes.map(|said| text(&said["id"])).collect())
}

fn request(change: &str, veto: &str, reason: &str) -> OverrideRequest {
    OverrideRequest { change: change.to_owned(), veto: veto.to_owned(), reason: reason.to_owned() }
}

pub(super) async fn cookie(town: &Town, server: &Server, person: &str, role: Role) -> String {
    let link = town.world.app.sign_in_link(&Caller::operator(), person, role).await;
    let path = format!("/sign-in/{}", link.expect("a link"));
    let signed = server.request(Method::POST, &path).send().await.expect("an answer");
    let cookie = signed.headers()[SET_COOKIE].to_str().expect("text");
    cookie.split(';').next().unwrap_or_default().to_owned()
}

async fn post(server: &Server, cookie: &str, change: &str, body: &Value) -> Response {
    let path = format!("/api/v1/changes/{change}/overrides");
    let request = server.request(Method::POST, &path).header("cookie", cookie);
    let request = request.header("content-type", "application/json").body(body.to_string());
    request.send().await.expect("an answer")
}

both!(an_administrator_overrides_a_veto_with_a_reason_and_it_is_shown_as_that, |kind| async move {
    let (mut town, pull) = vetoed(kind).await;
    let server = Server::start(&town.world).await;
    let head = done(done(town.forge.pull(&pull)).head());
    assert_eq!(town.may_merge(head).await.state, State::Rejected);
    let (change, vetoes) = standing(&town).await;
    let helen = cookie(&town, &server, "helen", Role::Admin).await;
    let body = json!({ "veto": vetoes[0], "reason": format!("  {REASON} ") });
    let made = post(&server, &helen, &change, &body).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let told: Value = serde_json::from_str(&made.text().await.expect("text")).expect("JSON");
    assert_eq!((&told["by"], &told["reason"]), (&json!("helen"), &json!(REASON)));
    town.world.app.work_until_idle().await;

    let answer = town.may_merge(head).await;
    assert_eq!((answer.state, answer.pass), (State::Approved, true), "{}", answer.summary);
    let rule = answer.rules.iter().find(|rule| rule.id == "veto").expect("the rule");
    assert_eq!(rule.state.as_str(), "overridden");
    assert!(rule.seen[0].contains("overridden by helen on 2026-11-20"), "{rule:?}");
    assert!(rule.seen[0].ends_with(REASON), "{rule:?}");
    let admin = cookie(&town, &server, "helen", Role::Admin).await;
    let decision = format!("/decisions/{}", answer.decision);
    for path in [format!("/changes/{change}"), decision] {
        let page = server.request(Method::GET, &path).header("cookie", &admin);
        let text = page.send().await.expect("an answer").text().await.expect("a page");
        assert!(text.contains("1 rule overridden") && text.contains(REASON), "{path}: {text}");
    }
    let again = post(&server, &helen, &change, &body).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    assert_eq!(entries(&town, "veto.overridden").await, 1);

    done(done(town.forge.pull(&pull)).request_changes("arch2", "and another key"));
    town.arrive().await;
    let answer = town.may_merge(head).await;
    assert_eq!(answer.state, State::Rejected, "the override was of the first veto");
});

/// How many entries of a kind the ledger has.
async fn entries(town: &Town, kind: &str) -> usize {
    let operator = Caller::operator();
    let app = &town.world.app;
    let size = app.verify_ledger(&operator, |_, _| {}).await.expect("it verifies").size;
    let mut found = 0;
    for index in 0..size {
        let (_, bytes) = app.entry(&operator, index).await.expect("an entry");
        found += usize::from(String::from_utf8_lossy(&bytes).contains(&format!("\"{kind}\"")));
    }
    found
}

both!(a_veto_is_overridden_by_nobody_else_and_for_no_lesser_reason, |kind| async move {
    let (town, _) = vetoed(kind).await;
    let server = Server::start(&town.world).await;
    let (change, vetoes) = standing(&town).await;
    let body = json!({ "veto": vetoes[0], "reason": REASON });
    for (person, role, says) in [
        ("helen", Role::Engineer, "may not override vetoes"),
        ("helen", Role::Auditor, "may not override vetoes"),
        ("dev1", Role::Admin, "dev1 took part in this change (opened the pull request)"),
        ("nobody.known", Role::Admin, "nobody can tell whether they took part"),
    ] {
        let cookie = cookie(&town, &server, person, role).await;
        let answer = post(&server, &cookie, &change, &body).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{person} as {role:?}");
        let text = answer.text().await.expect("text");
        assert!(text.contains(says), "{person} as {role:?}: {text}");
    }
    let path = format!("/api/v1/changes/{change}/overrides");
    let by_token =
        server.request(Method::POST, &path).bearer_auth(token(&town.world, Role::Admin).await);
    let refused = by_token.body(body.to_string()).send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(refused.text().await.expect("text").contains("is no person"));
    let helen = cookie(&town, &server, "helen", Role::Admin).await;
    let elsewhere = server.request(Method::POST, &path).header("cookie", &helen);
    let elsewhere = elsewhere.header("sec-fetch-site", "cross-site").body(body.to_string());
    assert_eq!(elsewhere.send().await.expect("an answer").status(), StatusCode::FORBIDDEN);
    for (body, status) in [
        (json!({ "veto": vetoes[0], "reason": "nineteen letters ok" }), 422),
        (json!({ "veto": vetoes[0], "reason": "x".repeat(2_001) }), 422),
        (json!({ "veto": "4711", "reason": REASON }), 404),
        (json!({ "veto": vetoes[0] }), 422),
    ] {
        let answer = post(&server, &helen, &change, &body).await;
        assert_eq!(answer.status().as_u16(), status, "{body}");
    }
    assert_eq!(post(&server, &helen, "chg_x", &body).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(entries(&town, "veto.overridden").await, 0);
});

both!(an_administrator_who_writes_a_part_afterwards_overrode_nothing, |kind| async move {
    let (mut town, pull) = vetoed(kind).await;
    let (change, vetoes) = standing(&town).await;
    let dev2 = Caller::administrator("dev2");
    let unknown = town.world.app.override_veto(&dev2, request(&change, &vetoes[0], REASON)).await;
    assert!(matches!(unknown, Err(AppError::Forbidden(_))), "{unknown:?}");
    done(done(town.forge.pull(&pull)).comment("dev2", "let me see"));
    town.arrive().await;
    let app = town.world.app.clone();
    app.override_veto(&dev2, request(&change, &vetoes[0], REASON)).await.expect("overridden");
    let work = Work::new("My part").file("src/payments/refund.rs", "fn refund() { 4 }\n");
    let head = done(done(town.forge.pull(&pull)).push("dev2", work));
    done(done(town.forge.pull(&pull)).approve("arch1"));
    town.arrive().await;
    let answer = town.may_merge(head).await;
    assert_eq!(answer.state, State::Rejected, "{}", answer.summary);
});
