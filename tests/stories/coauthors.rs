//! Somebody whom a co-author trailer names disowns it: then it excludes nobody, and everybody sees that they did.

use countersign::app::{AppError, Caller, DisownRequest, Role};
use countersign::cli::demo::forge::{Proposal, PullId, Work};
use countersign::domain::Oid;
use countersign::policy::State;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::both;
use crate::harness::Kind;
use crate::harness::server::{Server, token};
use crate::harness::town::{ORGANISATION, POLICY, REPO, Town, cookie, done, entries};

const REASON: &str = "I never saw this branch; its author put my name there";
const KIND: &str = "coauthor.disowned";

fn part() -> Work {
    Work::new("X").file("src/payments/refund.rs", "fn refund() { 3 }\n")
}

/// A change of `dev1` whose one commit names these as co-authors; `arch1` approved it.
async fn named(kind: Kind, people: &[&str]) -> (Town, PullId) {
    let mut town = Town::with(kind, ORGANISATION, POLICY).await;
    let work = people.iter().fold(part(), |work, login| work.with(login));
    let pull =
        done(done(town.forge.repo(REPO)).open_pull("dev1", &Proposal::new("x", "X").work(work)));
    // Whoever never did anything under their account is nobody whom a name could mean.
    for login in ["arch1", "arch2", "dev2"] {
        done(done(town.forge.pull(&pull)).comment(login, "let me see"));
    }
    done(done(town.forge.pull(&pull)).approve("arch1"));
    town.arrive().await;
    (town, pull)
}

async fn post(server: &Server, cookie: &str, change: &str, body: &Value) -> Response {
    let path = format!("/api/v1/changes/{change}/disowned");
    let request = server.request(Method::POST, &path).header("cookie", cookie);
    let request = request.header("content-type", "application/json").body(body.to_string());
    request.send().await.expect("an answer")
}

async fn id(town: &Town) -> String {
    town.change(1).await["id"].as_str().expect("an id").to_owned()
}

fn head(town: &mut Town, pull: &PullId) -> Oid {
    done(done(town.forge.pull(pull)).head())
}

fn request(change: &str, commit: Oid, reason: &str) -> DisownRequest {
    let (change, commit) = (change.to_owned(), commit.to_string());
    DisownRequest { change, commit, reason: reason.to_owned() }
}

both!(an_architect_disowns_a_trailer_and_then_counts_and_everybody_sees_it, |kind| async move {
    let (mut town, pull) = named(kind, &["arch1", "arch2"]).await;
    let server = Server::start(&town.world).await;
    let (head, change) = (head(&mut town, &pull), id(&town).await);
    let answer = town.may_merge(head).await;
    assert_eq!(answer.state, State::Pending, "a trailer that names every architect stops it");
    let arch1 = cookie(&town, &server, "arch1", Role::Reader).await;
    let body = json!({ "commit": head, "reason": format!("  {REASON} ") });
    let made = post(&server, &arch1, &change, &body).await;
    assert_eq!(made.status(), StatusCode::CREATED);
    let told: Value = serde_json::from_str(&made.text().await.expect("text")).expect("JSON");
    assert_eq!((&told["by"], &told["reason"]), (&json!("arch1"), &json!(REASON)));
    town.world.app.work_until_idle().await;

    let answer = town.may_merge(head).await;
    assert_eq!((answer.state, answer.pass), (State::Approved, true), "{}", answer.summary);
    let flag = format!("co-author trailer of {} disowned by arch1 on 2026-11-20 ", head.short());
    let rule = answer.rules.iter().find(|rule| rule.id == "attribution").expect("the rule");
    assert!(rule.seen[0].starts_with(&flag) && rule.seen[0].ends_with(REASON), "{rule:?}");
    let told = town.change(1).await;
    let rows = told["approvals"].as_array().expect("a list");
    let row = rows.iter().find(|row| row["counts"] == true).expect("it counts");
    assert!(row["why"].as_str().expect("text").contains(&flag), "{row}");
    for path in [format!("/changes/{change}"), format!("/decisions/{}", answer.decision)] {
        let page = server.request(Method::GET, &path).header("cookie", &arch1);
        let text = page.send().await.expect("an answer").text().await.expect("a page");
        assert!(text.contains("disowned by arch1") && text.contains(REASON), "{path}: {text}");
    }

    let mut again = body.clone();
    again["reason"] = json!("said a second time in other words");
    let same = post(&server, &arch1, &change, &again).await;
    let told: Value = serde_json::from_str(&same.text().await.expect("text")).expect("JSON");
    assert_eq!(told["reason"], REASON, "the first word stands");
    assert_eq!(entries(&town, KIND).await, 1);
});

both!(the_same_trailer_in_a_later_commit_has_to_be_disowned_again, |kind| async move {
    let (mut town, pull) = named(kind, &["arch1"]).await;
    let first = head(&mut town, &pull);
    let arch1 = Caller::administrator("arch1");
    let (app, change) = (town.world.app.clone(), id(&town).await);
    app.disown(&arch1, request(&change, first, REASON)).await.expect("disowned");
    let more = Work::new("Y").file("src/payments/refund.rs", "fn refund() { 4 }\n").with("arch1");
    let second = done(done(town.forge.pull(&pull)).push("dev1", more));
    done(done(town.forge.pull(&pull)).approve("arch1"));
    town.arrive().await;
    let answer = town.may_merge(second).await;
    assert!(!answer.pass, "{}", answer.summary);
    app.disown(&arch1, request(&change, second, REASON)).await.expect("disowned");
    app.work_until_idle().await;
    let answer = town.may_merge(second).await;
    assert_eq!(answer.state, State::Approved, "{}; the first commit's stays", answer.summary);
    assert_eq!(entries(&town, KIND).await, 2);
});

both!(nobody_else_disowns_it_and_nothing_but_a_trailer_is_disowned, |kind| async move {
    let (mut town, pull) = named(kind, &["arch1"]).await;
    let server = Server::start(&town.world).await;
    let (head, change) = (head(&mut town, &pull), id(&town).await);
    let body = json!({ "commit": head, "reason": REASON });
    for (person, role, status, says) in [
        ("arch2", Role::Engineer, 404, "names arch2; commits whose trailers do: none"),
        ("dev2", Role::Admin, 404, "names dev2; commits whose trailers do: none"),
        ("dev1", Role::Engineer, 404, "names dev1; commits whose trailers do: none"),
        ("arch1", Role::Auditor, 403, "may not disown co-author trailers"),
        ("arch1", Role::Ci, 403, "may not disown co-author trailers"),
        ("nobody.known", Role::Engineer, 403, "nobody can tell whom a trailer names"),
    ] {
        let cookie = cookie(&town, &server, person, role).await;
        let answer = post(&server, &cookie, &change, &body).await;
        assert_eq!(answer.status().as_u16(), status, "{person} as {role:?}");
        let text = answer.text().await.expect("text");
        assert!(text.contains(says), "{person} as {role:?}: {text}");
    }
    let path = format!("/api/v1/changes/{change}/disowned");
    let token = token(&town.world, Role::Admin).await;
    let by_token = server.request(Method::POST, &path).bearer_auth(token).body(body.to_string());
    let refused = by_token.send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert!(refused.text().await.expect("text").contains("is no person"));
    let arch1 = cookie(&town, &server, "arch1", Role::Engineer).await;
    let elsewhere = server.request(Method::POST, &path).header("cookie", &arch1);
    let elsewhere = elsewhere.header("sec-fetch-site", "cross-site").body(body.to_string());
    assert_eq!(elsewhere.send().await.expect("an answer").status(), StatusCode::FORBIDDEN);
    for (body, status) in [
        (json!({ "commit": head, "reason": "nineteen letters ok" }), 422),
        (json!({ "commit": head, "reason": "x".repeat(2_001) }), 422),
        (json!({ "commit": head.short(), "reason": REASON }), 422),
        (json!({ "commit": "1".repeat(40), "reason": REASON }), 404),
        (json!({ "commit": head }), 422),
    ] {
        let answer = post(&server, &arch1, &change, &body).await;
        assert_eq!(answer.status().as_u16(), status, "{body}");
    }
    assert_eq!(post(&server, &arch1, "chg_x", &body).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(entries(&town, KIND).await, 0);
    assert_eq!(town.may_merge(head).await.state, State::Pending);
});

both!(whoever_disowns_a_trailer_and_pushes_afterwards_is_excluded_as_before, |kind| async move {
    let (mut town, pull) = named(kind, &["arch1"]).await;
    let first = head(&mut town, &pull);
    let (app, change) = (town.world.app.clone(), id(&town).await);
    let operator = app.disown(&Caller::operator(), request(&change, first, REASON)).await;
    assert!(matches!(operator, Err(AppError::Forbidden(_))), "{operator:?}");
    let arch1 = Caller::administrator("arch1");
    app.disown(&arch1, request(&change, first, REASON)).await.expect("disowned");
    let work = Work::new("My part").file("src/payments/refund.rs", "fn refund() { 4 }\n");
    let head = done(done(town.forge.pull(&pull)).push("arch1", work));
    done(done(town.forge.pull(&pull)).approve("arch1"));
    town.arrive().await;
    let answer = town.may_merge(head).await;
    assert_eq!(answer.state, State::Pending, "{}", answer.summary);
});
