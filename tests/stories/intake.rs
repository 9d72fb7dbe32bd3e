//! What arrived is kept: raw, once, whatever becomes of it. A bad message is refused whole, in words.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::both;
use crate::harness::server::{Server, signature, token};
use crate::harness::{Kind, SECRET, World};
use countersign::app::Role;

/// A pull request of an unconfigured repository, as GitHub sends it, cut to what is read.
fn pull_request(number: u64, title: &str) -> Vec<u8> {
    let repo = json!({ "id": 1_296_269, "full_name": "octo/hello", "default_branch": "main" });
    let user = json!({ "id": 21_031_067, "login": "Codertocat", "type": "User" });
    json!({
        "action": "opened", "number": number, "repository": repo, "sender": user,
        "pull_request": {
            "id": 1, "number": number, "title": title, "body": null, "state": "open", "draft": false, "merged": false,
            "user": user, "labels": [], "html_url": "https://github.com/octo/hello/pull/2",
            "created_at": "2026-11-20T10:00:00Z", "updated_at": "2026-11-20T10:00:00Z",
            "head": { "ref": "topic", "sha": "ec26c3e57ca3a959ca5aad62de7213c562f8c821", "repo": repo },
            "base": { "ref": "main", "sha": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e", "repo": repo },
        },
    })
    .to_string()
    .into_bytes()
}

async fn detail(response: reqwest::Response) -> (StatusCode, String) {
    let status = response.status();
    let text = response.text().await.expect("a body");
    let json: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"));
    (status, json["detail"].as_str().unwrap_or_default().to_owned())
}

both!(a_delivery_is_kept_once_and_answered_after_the_commit, |kind| async move {
    let world = World::new(kind).await;
    let server = Server::start(&world).await;
    let reader = token(&world, Role::Reader).await;
    let body = pull_request(2, "Update the README");
    let first = server.deliver("pull_request", "d-1", &body).await;
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    let first: Value = first.json().await.expect("JSON");
    assert_eq!(first["state"], "applied");
    let again = server.deliver("pull_request", "d-1", &body).await;
    assert_eq!(again.status(), StatusCode::OK);
    assert_eq!(again.json::<Value>().await.expect("JSON")["duplicate"], true);
    let id = first["delivery"].as_str().expect("an id");
    let kept: Value =
        server.get(&format!("/api/v1/deliveries/{id}"), &reader).await.json().await.expect("JSON");
    assert_eq!(kept["body_sha256"], countersign::domain::id::sha256(&body));
    assert_eq!((kept["state"].as_str(), kept["attempts"].as_u64()), (Some("applied"), Some(1)));
    let list: Value = server.get("/api/v1/deliveries", &reader).await.json().await.expect("JSON");
    assert_eq!(list["items"].as_array().map(Vec::len), Some(1));
});

both!(one_id_with_two_bodies_is_an_exception_and_applied_once, |kind| async move {
    let world = World::new(kind).await;
    let server = Server::start(&world).await;
    server.deliver("pull_request", "d-1", &pull_request(2, "One")).await;
    let other = server.deliver("pull_request", "d-1", &pull_request(2, "Two")).await;
    assert_eq!(other.status(), StatusCode::CONFLICT);
    let (_, says) = detail(other).await;
    assert_eq!(
        says,
        "this delivery id came before with another body; both are kept, this one is not applied"
    );
});

both!(a_bad_signature_is_counted_and_applied_nowhere, |kind| async move {
    let world = World::new(kind).await;
    let server = Server::start(&world).await;
    let reader = token(&world, Role::Reader).await;
    let body = pull_request(2, "Forged");
    let right = signature(SECRET, &body);
    let mut flipped = right.clone();
    let last = if flipped.ends_with('0') { "1" } else { "0" };
    flipped.replace_range(flipped.len() - 1.., last);
    for (wrong, says) in [
        (
            flipped.as_str(),
            "the signature does not fit the body: the secrets differ, or the body was changed on the way",
        ),
        (
            signature("another secret", &body).as_str(),
            "the signature does not fit the body: the secrets differ, or the body was changed on the way",
        ),
    ] {
        let (status, text) =
            detail(server.deliver_signed("pull_request", "d-1", &body, wrong).await).await;
        assert_eq!((status, text.as_str()), (StatusCode::FORBIDDEN, says));
    }
    let legacy = server
        .request(Method::POST, "/hooks/github")
        .header("x-github-event", "pull_request")
        .header("x-github-delivery", "d-2")
        .header("x-hub-signature", "sha1=7d38cdd689735b008b3c702edd92eea23791c5f6")
        .body(body.clone())
        .send()
        .await
        .expect("an answer");
    assert_eq!(legacy.status(), StatusCode::FORBIDDEN);
    let list: Value = server.get("/api/v1/deliveries", &reader).await.json().await.expect("JSON");
    assert_eq!(list["items"], json!([]));
    let good = server.deliver("pull_request", "d-1", &body).await;
    assert_eq!(good.status(), StatusCode::ACCEPTED, "a refused message blocked the right one");
});

both!(what_cannot_be_understood_is_kept_and_set_aside, |kind| async move {
    let world = World::new(kind).await;
    let server = Server::start(&world).await;
    let reader = token(&world, Role::Reader).await;
    let truncated = &pull_request(2, "x")[..80];
    for (key, body) in [
        ("utf8", &b"{\"action\":\"\xff\xfe\"}"[..]),
        ("truncated", truncated),
        ("shape", br#"{"action":"opened","number":"two"}"#),
        ("empty", b""),
        ("list", b"[1,2,3]"),
    ] {
        let answer = server.deliver("pull_request", key, body).await;
        assert_eq!(answer.status(), StatusCode::ACCEPTED, "{key}");
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["state"], "set_aside", "{key}");
        let id = answer["delivery"].as_str().expect("an id");
        let kept: Value = server
            .get(&format!("/api/v1/deliveries/{id}"), &reader)
            .await
            .json()
            .await
            .expect("JSON");
        let why = kept["why"].as_str().expect("why");
        assert!(!why.is_empty() && !why.contains("panicked"), "{key}: {why}");
    }
    world.app.work_until_idle().await;
    let found = world.app.verify_ledger(&world.operator(), |_, _| {}).await.expect("verifies");
    assert_eq!(found.faults, Vec::<String>::new());
});

both!(an_unknown_event_is_kept_and_answered_202, |kind| async move {
    let world = World::new(kind).await;
    let server = Server::start(&world).await;
    let answer = server.deliver("star", "d-1", br#"{"action":"created"}"#).await;
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    assert_eq!(answer.json::<Value>().await.expect("JSON")["state"], "no_interest");
});

both!(an_unknown_source_and_too_many_bytes_are_refused, |kind| async move {
    let world = World::new(kind).await;
    let server = Server::start(&world).await;
    let nowhere =
        server.request(Method::POST, "/hooks/gitlub").body("{}").send().await.expect("an answer");
    assert_eq!(
        detail(nowhere).await,
        (
            StatusCode::NOT_FOUND,
            "there is no source `gitlub` here; the configuration's [[source]] ids are the addresses".to_owned()
        )
    );
    let limit = usize::try_from(world.config.limits.body_bytes).expect("a size");
    let (status, says) = detail(server.deliver("push", "big", &vec![b' '; limit + 1]).await).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(says, format!("a delivery may have {limit} bytes at most"));
});

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_gone_is_a_503_in_words_and_nothing_is_acknowledged() {
    let world = World::new(Kind::Sqlite).await;
    let server = Server::start(&world).await;
    world.app.close().await;
    let (status, says) =
        detail(server.deliver("pull_request", "d-1", &pull_request(2, "x")).await).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(says, "the database does not answer: it was closed");
    let ready = server.request(Method::GET, "/readyz").send().await.expect("an answer");
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    let alive = server.request(Method::GET, "/healthz").send().await.expect("an answer");
    assert_eq!(alive.status(), StatusCode::OK);
}

both!(what_cannot_be_applied_is_kept_set_aside_and_applied_later, |kind| async move {
    let world = World::new(kind).await;
    let server = Server::start(&world).await;
    let reader = token(&world, Role::Reader).await;
    server.deliver("pull_request", "d-1", &pull_request(2, "One")).await;
    let db = countersign::store::Db::open(&world.config.database_url.0).await.expect("opens");
    rewrite(&db, "update aggregate set body = '!' || body where kind = 'pull_request'").await;
    let state = async |answer: reqwest::Response| {
        let status = answer.status();
        let answer: Value = answer.json().await.expect("JSON");
        (status, answer["state"].as_str().unwrap_or_default().to_owned())
    };
    let spoilt = server.deliver("pull_request", "d-2", &pull_request(2, "Two")).await;
    assert_eq!(state(spoilt).await, (StatusCode::ACCEPTED, "set_aside".to_owned()));
    let other = server.deliver("pull_request", "d-3", &pull_request(3, "Another")).await;
    assert_eq!(state(other).await, (StatusCode::ACCEPTED, "applied".to_owned()));
    rewrite(&db, "update aggregate set body = substr(body, 2) where kind = 'pull_request' and body like '!%'").await;
    world.app.work_until_idle().await;
    let list: Value = server.get("/api/v1/deliveries", &reader).await.json().await.expect("JSON");
    let states: Vec<_> =
        list["items"].as_array().expect("a list").iter().map(|one| &one["state"]).collect();
    assert_eq!(states, ["applied"; 3]);
    let found = world.app.verify_ledger(&world.operator(), |_, _| {}).await.expect("verifies");
    assert_eq!(found.faults, Vec::<String>::new());
});

async fn rewrite(db: &countersign::store::Db, sql: &'static str) {
    use countersign::store::Db;
    let done = match db {
        Db::Sqlite { writer, .. } => {
            sqlx::query(sql).execute(writer).await.map(|done| done.rows_affected())
        }
        Db::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(|done| done.rows_affected()),
    };
    assert_eq!(done.expect("it runs"), 1);
}
