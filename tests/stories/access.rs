//! One door: every route × role. A new route without a row fails.

use std::collections::BTreeSet;

use countersign::app::Role;
use reqwest::{Method, StatusCode};

use crate::harness::server::{Server, token};
use crate::harness::{Kind, World};

/// Route as in the router, method, a path to ask, and who is let in; `None`: everybody, by other means than a token.
type Row = (&'static str, &'static str, &'static str, Option<&'static [Role]>);

const READERS: &[Role] = &[Role::Reader, Role::Engineer, Role::Auditor, Role::Admin];
const GATE: &[Role] = &[Role::Ci, Role::Admin];
const LINKERS: &[Role] = &[Role::Engineer, Role::Admin];
const ADMINS: &[Role] = &[Role::Admin];
const ALL: &[Role] = &Role::ALL;
const NOBODY: &[Role] = &[];

const SHA: &str = "9f2c41e7d081d3f6e05b4be1c07a92aaaaaaaaaa";

const TABLE: &[Row] = &[
    ("/hooks/{source}", "POST", "/hooks/github", None),
    (
        "/api/v1/gate",
        "GET",
        "/api/v1/gate?repo=acme/known&sha=SHA&environment=production",
        Some(GATE),
    ),
    ("/api/v1/gate", "POST", "/api/v1/gate", Some(GATE)),
    ("/api/v1/links", "POST", "/api/v1/links", Some(LINKERS)),
    (
        "/api/v1/links",
        "DELETE",
        "/api/v1/links?repo=acme/known&pull=1&ticket=PAY-7&reason=x",
        Some(LINKERS),
    ),
    ("/api/v1/baselines", "POST", "/api/v1/baselines", Some(ADMINS)),
    ("/api/v1/changes", "GET", "/api/v1/changes", Some(READERS)),
    ("/api/v1/changes/{id}", "GET", "/api/v1/changes/chg_x", Some(READERS)),
    // Only a person who is signed in as an administrator: `vetoes.rs` tells of them.
    ("/api/v1/changes/{id}/overrides", "POST", "/api/v1/changes/chg_x/overrides", Some(NOBODY)),
    // Only the person whom a trailer names, signed in: `coauthors.rs` tells of them.
    ("/api/v1/changes/{id}/disowned", "POST", "/api/v1/changes/chg_x/disowned", Some(NOBODY)),
    ("/api/v1/erasures", "GET", "/api/v1/erasures", Some(READERS)),
    // Only people who are signed in as administrators: `erasure.rs` tells of them.
    ("/api/v1/erasures", "POST", "/api/v1/erasures", Some(NOBODY)),
    ("/api/v1/erasures/{id}/agree", "POST", "/api/v1/erasures/era_x/agree", Some(NOBODY)),
    ("/api/v1/erasures/{id}/withdraw", "POST", "/api/v1/erasures/era_x/withdraw", Some(NOBODY)),
    ("/api/v1/policy/simulate", "POST", "/api/v1/policy/simulate", Some(LINKERS)),
    ("/api/v1/deploys", "GET", "/api/v1/deploys", Some(READERS)),
    ("/api/v1/deploys/{id}", "GET", "/api/v1/deploys/dep_x", Some(READERS)),
    ("/api/v1/decisions/{id}", "GET", "/api/v1/decisions/dec_x", Some(READERS)),
    (
        "/api/v1/decisions/{id}/attestations",
        "GET",
        "/api/v1/decisions/dec_x/attestations",
        Some(READERS),
    ),
    ("/api/v1/tickets/{*key}", "GET", "/api/v1/tickets/PAY-7", Some(READERS)),
    ("/api/v1/pulls/{owner}/{name}/{number}", "GET", "/api/v1/pulls/acme/known/1", Some(READERS)),
    ("/api/v1/deliveries", "GET", "/api/v1/deliveries", Some(READERS)),
    ("/api/v1/deliveries/{id}", "GET", "/api/v1/deliveries/dlv_x", Some(READERS)),
    ("/api/v1/ledger/entries/{index}", "GET", "/api/v1/ledger/entries/0", Some(ALL)),
    (
        "/api/v1/ledger/documents/{digest}",
        "GET",
        "/api/v1/ledger/documents/sha256:x",
        Some(READERS),
    ),
    ("/api/v1/ledger/receipts/{index}", "GET", "/api/v1/ledger/receipts/0", Some(ALL)),
    ("/api/v1/ledger/key", "GET", "/api/v1/ledger/key", Some(ALL)),
    ("/api/v1/ledger/keys", "GET", "/api/v1/ledger/keys", Some(ALL)),
    ("/api/v1/ledger/schemas", "GET", "/api/v1/ledger/schemas", Some(ALL)),
    ("/api/v1/ledger/checkpoints", "GET", "/api/v1/ledger/checkpoints", Some(ALL)),
    ("/api/v1/ledger/checkpoints/{size}", "GET", "/api/v1/ledger/checkpoints/1", Some(ALL)),
    ("/ledger/checkpoint", "GET", "/ledger/checkpoint", Some(ALL)),
    ("/ledger/tile/{*path}", "GET", "/ledger/tile/0/000.p/1", Some(ALL)),
    // A link is retracted by its id only by those who may link; an unknown id says nothing about the link.
    ("/api/v1/links/{id}", "DELETE", "/api/v1/links/lnk_x?reason=x", None),
    ("/healthz", "GET", "/healthz", None),
    ("/readyz", "GET", "/readyz", None),
    ("/assets/{*path}", "GET", "/assets/x/y", None),
    ("/sign-in", "GET", "/sign-in", None),
    ("/sign-in/{link}", "GET", "/sign-in/x", None),
    ("/sign-out", "POST", "/sign-out", None),
    // Pages are for signed-in people; `pages.rs` walks them.
    ("/", "GET", "/", None),
    ("/population", "GET", "/population", None),
    ("/deploys/{id}", "GET", "/deploys/dep_x", None),
    ("/changes", "GET", "/changes", None),
    ("/changes/{id}", "GET", "/changes/chg_x", None),
    ("/decisions/{id}", "GET", "/decisions/dec_x", None),
    ("/search", "GET", "/search?q=x", None),
    ("/policy", "GET", "/policy", None),
    ("/policy/{*name}", "GET", "/policy/acme/known", None),
    ("/ledger", "GET", "/ledger", None),
    ("/ledger/{index}", "GET", "/ledger/0", None),
];

#[test]
fn every_route_has_a_row() {
    let text = concat!(include_str!("../../src/web/mod.rs"), include_str!("../../src/web/site.rs"));
    let routes: BTreeSet<&str> =
        text.split(".route(").skip(1).filter_map(|rest| rest.split('"').nth(1)).collect();
    let rows: BTreeSet<&str> = TABLE.iter().map(|row| row.0).collect();
    assert_eq!(routes, rows, "routes and rows differ");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_exactly_the_roles_of_its_row() {
    let world = World::with(
        Kind::Sqlite,
        crate::harness::Setup {
            repositories: "[[repository]]\nsource = \"github\"\nname = \"acme/known\"\nclone_url = \"file:///nowhere/known.git\"\n".to_owned(),
            ..Default::default()
        },
    )
    .await;
    let server = Server::start(&world).await;
    for role in Role::ALL {
        let secret = token(&world, role).await;
        for (route, method, path, allowed) in TABLE {
            let Some(allowed) = allowed else { continue };
            let method: Method = method.parse().expect("a method");
            let path = path.replace("SHA", SHA);
            let mut request = server.request(method.clone(), &path).bearer_auth(&secret);
            if *route == "/api/v1/gate" && method == Method::POST {
                request = request.body(format!(
                    "{{\"repo\":\"acme/known\",\"sha\":\"{SHA}\",\"environment\":\"production\"}}"
                ));
            }
            if *route == "/api/v1/links" && method == Method::POST {
                request = request.body(r#"{"repo":"acme/known","pull":1,"ticket":"PAY-7"}"#);
            }
            if *route == "/api/v1/baselines" {
                request = request.body(r#"{"repo":"acme/known"}"#);
            }
            if route.ends_with("/simulate") {
                request = request.body(r#"{"repo":"acme/known","pull":1,"policy":"version: 1\n"}"#);
            }
            if *route == "/api/v1/erasures" && method == Method::POST {
                request =
                    request.body(r#"{"person":"dev1","reason":"a reason of twenty letters"}"#);
            }
            if route.ends_with("/overrides") {
                request = request.body(r#"{"veto":"1","reason":"a reason of twenty letters"}"#);
            }
            if route.ends_with("/disowned") {
                request = request.body(r#"{"commit":"1","reason":"a reason of twenty letters"}"#);
            }
            let status = request.send().await.expect("an answer").status();
            let refused = status == StatusCode::FORBIDDEN;
            assert_ne!(status, StatusCode::UNAUTHORIZED, "{route} {role:?}");
            assert!(
                status.as_u16() < 500 || status == StatusCode::SERVICE_UNAVAILABLE,
                "{route} {role:?}: {status}"
            );
            assert_eq!(refused, !allowed.contains(&role), "{method} {route} as {role:?}: {status}");
        }
    }
    for (route, method, path, allowed) in TABLE {
        if allowed.is_none() {
            continue;
        }
        let method: Method = method.parse().expect("a method");
        for request in [
            server.request(method.clone(), path),
            server.request(method.clone(), path).bearer_auth("cs_unknown"),
            server.request(method, path).header("authorization", "Basic eDp5"),
        ] {
            let status = request.body("{}").send().await.expect("an answer").status();
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{route} without a token");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_or_expired_token_opens_nothing() {
    let world = World::new(Kind::Sqlite).await;
    let server = Server::start(&world).await;
    let request = countersign::app::TokenRequest {
        name: "short".to_owned(),
        role: Role::Reader,
        repo: None,
        lasts: Some(60_000_000),
    };
    let made = world.app.create_token(&world.operator(), request).await.expect("a token");
    assert_eq!(server.get("/api/v1/changes", &made.secret).await.status(), StatusCode::OK);
    let later =
        countersign::domain::Time::from_micros(crate::harness::noon().micros() + 60_000_000);
    world.clock.set(later.expect("a time"));
    assert_eq!(
        server.get("/api/v1/changes", &made.secret).await.status(),
        StatusCode::UNAUTHORIZED
    );
    let other = token(&world, Role::Reader).await;
    let listed = world.app.tokens(&world.operator()).await.expect("tokens");
    let id = listed.iter().find(|token| token.1 == "reader").expect("listed").0.clone();
    world.app.revoke_token(&world.operator(), &id).await.expect("revoked");
    assert_eq!(server.get("/api/v1/changes", &other).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_an_address_does_not_take_is_named_with_those_it_takes() {
    let world = World::new(Kind::Sqlite).await;
    let server = Server::start(&world).await;
    for (method, path, allowed) in
        [(Method::DELETE, "/api/v1/gate", "GET,HEAD,POST"), (Method::GET, "/hooks/github", "POST")]
    {
        let answer = server.request(method.clone(), path).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers()["allow"], allowed);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
        let text = answer.text().await.expect("words");
        assert!(text.contains(&format!("{path} does not take {method}")), "{text}");
    }
}
