//! Bad input and bad luck, each with its exact sentence: nothing is acknowledged that is not kept, nothing is applied
//! that is not signed, and whoever sent it is told what to do.

use countersign::app::{AppError, Caller, Role};
use countersign::store::Db;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::both;
use crate::harness::server::{Server, signature, token};
use crate::harness::{Kind, SECRET, Setup, World};

const ISSUE: &[u8] = br#"{"zen":"Keep it logically awesome."}"#;

async fn said(response: reqwest::Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.expect("a problem");
    (status, body["detail"].as_str().unwrap_or_default().to_owned())
}

both!(each_wrong_signature_is_refused_in_its_own_words, |kind| async move {
    let world = World::new(kind).await;
    let server = Server::start(&world).await;
    let right = signature(SECRET, ISSUE);
    let upper = right.to_uppercase().replace("SHA256", "sha256");
    let mismatch = "the signature does not fit the body: the secrets differ, or the body was changed on the way";
    let malformed = "the signature header must be sent once and be `sha256=` and 64 lower-case hexadecimal digits";
    let table: [(&[(&str, &str)], &str); 7] = [
        (
            &[],
            "no signature was sent: set a secret on the sender's webhook, the same as in the configuration",
        ),
        (
            &[("x-hub-signature", "sha1=7d38cdd689735b008b3c702edd92eea23791c5f6")],
            "wrong algorithm: only HMAC-SHA-256 (`sha256=…`) is taken as a signature",
        ),
        (
            &[("x-hub-signature-256", "sha512=00")],
            "wrong algorithm: only HMAC-SHA-256 (`sha256=…`) is taken as a signature",
        ),
        (&[("x-hub-signature-256", &upper)], malformed),
        (&[("x-hub-signature-256", "sha256=00")], malformed),
        (&[("x-hub-signature-256", &right), ("x-hub-signature-256", &right)], malformed),
        (&[("x-hub-signature-256", &signature("another", ISSUE))], mismatch),
    ];
    for (headers, says) in table {
        let mut request = server.request(Method::POST, "/hooks/github").body(ISSUE.to_vec());
        request = request.header("x-github-event", "ping").header("x-github-delivery", "d-1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = said(request.send().await.expect("an answer")).await;
        assert_eq!(answer, (403, says.to_owned()), "{headers:?}");
    }
    let good = server.deliver("ping", "d-1", ISSUE).await;
    assert_eq!(good.status(), StatusCode::ACCEPTED, "the id is free: nothing of it was kept");
});

both!(each_body_that_cannot_be_read_is_kept_and_says_why, |kind| async move {
    let world = World::new(kind).await;
    let server = Server::start(&world).await;
    let reader = token(&world, Role::Reader).await;
    let shape = "the body has another shape than expected: ";
    for (key, body, why) in [
        (
            "utf8",
            &b"{\"ref\":\"\xff\"}"[..],
            "the body is not UTF-8: byte 8 begins no character".to_owned(),
        ),
        (
            "truncated",
            b"{\n  \"ref\": ",
            "the body is not JSON: EOF while parsing a value (line 2, column 9)".to_owned(),
        ),
        ("empty", b"", "the body is not JSON: EOF while parsing a value (line 1, column 0)".to_owned()),
        (
            "form",
            b"payload=%7B%7D",
            "the body is not JSON: expected value (line 1, column 1); it looks like a form: set the webhook's \
             content type to `application/json`"
                .to_owned(),
        ),
        ("shape", br#"{"ref":7}"#, format!("{shape}`ref`: invalid type: integer `7`, expected a string")),
        ("list", b"[1,2,3]", format!("{shape}`[0]`: invalid type: integer `1`, expected a string")),
    ] {
        let answer = server.deliver("push", key, body).await;
        assert_eq!(answer.status(), StatusCode::ACCEPTED, "{key}");
        let answer: Value = answer.json().await.expect("JSON");
        let id = answer["delivery"].as_str().expect("an id");
        let path = format!("/api/v1/deliveries/{id}");
        let kept: Value = server.get(&path, &reader).await.json().await.expect("JSON");
        assert_eq!((kept["state"].as_str(), kept["why"].as_str()), (Some("set_aside"), Some(&*why)));
    }
});

both!(a_repository_that_cannot_be_reached_is_named_and_nothing_passes, |kind| async move {
    let setup = Setup {
        repositories: "[[repository]]\nsource = \"github\"\nname = \"acme/known\"\n\
                       clone_url = \"file:///nowhere/known.git\"\n"
            .to_owned(),
        ..Setup::default()
    };
    let world = World::with(kind, setup).await;
    let why = "acme/known: `file:///nowhere/known.git` could not be fetched: failed to resolve path \
               '/nowhere/known.git': No such file or directory";
    let fetched = world.app.fetch(&Caller::operator(), "acme/known").await;
    assert_eq!(fetched, Err(AppError::Unavailable(why.to_owned())));
    world.app.work_until_idle().await;
    let stuck = world.app.unfinished_work().await.expect("jobs");
    assert!(stuck.len() == 1 && stuck[0].ends_with(&format!("is ready: {why}")), "{stuck:?}");
    let server = Server::start(&world).await;
    let ci = token(&world, Role::Ci).await;
    let path = "/api/v1/gate?repo=acme/known&sha=9f2c41e7d081d3f6e05b4be1c07a92aaaaaaaaaa&environment=production";
    let answer: Value = server.get(path, &ci).await.json().await.expect("JSON");
    assert_eq!((&answer["pass"], &answer["state"]), (&false.into(), &"unknown_commit".into()));
    assert_eq!(
        answer["summary"],
        "No repository configured here has this commit. Push it, or check the repository."
    );
});

/// Runs a statement on the database of a world beside the service.
async fn beside(pool: &sqlx::PgPool, sql: &'static str) -> i64 {
    let row: Option<(i64,)> = sqlx::query_as(sql).fetch_optional(pool).await.expect("it runs");
    row.map_or(0, |row| row.0)
}

/// A world on PostgreSQL, its server, and another way to its database.
async fn with_pool() -> (World, Server, sqlx::PgPool) {
    let world = World::new(Kind::Postgres).await;
    let Db::Postgres(pool) = Db::open(&world.config.database_url.0).await.expect("opens") else {
        panic!("not PostgreSQL")
    };
    let server = Server::start(&world).await;
    (world, server, pool)
}

const OTHERS: &str = "select count(pg_terminate_backend(pid)) from pg_stat_activity \
     where datname = current_database() and pid <> pg_backend_pid() and application_name <> 'beside'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_in_the_middle_of_a_delivery_is_a_503_and_the_delivery_comes_again() {
    let (world, server, pool) = with_pool().await;
    let mut holds = pool.begin().await.expect("begins");
    sqlx::query("select 1 from ledger_head for update").execute(&mut *holds).await.expect("held");
    let waits = server.deliver("ping", "d-1", ISSUE);
    let ends = async {
        let waiting = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        for _ in 0..200 {
            if beside(&pool, waiting).await > 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        beside(
            &pool,
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        )
        .await
    };
    let (answer, ended) = tokio::join!(waits, ends);
    assert_eq!(ended, 1, "the delivery was not waiting");
    assert_eq!(
        said(answer).await,
        (503, "the database does not answer: it ended the connection".to_owned())
    );
    holds.rollback().await.expect("let go");
    let again = server.deliver("ping", "d-1", ISSUE).await;
    assert_eq!(again.status(), StatusCode::ACCEPTED, "nothing of the first try was kept");
    let found = world.app.verify_ledger(&world.operator(), |_, _| {}).await.expect("verifies");
    assert_eq!(found.faults, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_read_only_is_a_503_in_words_and_needs_no_hand_afterwards() {
    let (_world, server, pool) = with_pool().await;
    for (setting, sure) in [
        (
            "do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$",
            true,
        ),
        (
            "do $$ begin execute format('alter database %I reset default_transaction_read_only', current_database()); end $$",
            false,
        ),
    ] {
        let mut one = pool.acquire().await.expect("a connection");
        sqlx::query("set default_transaction_read_only = off")
            .execute(&mut *one)
            .await
            .expect("set");
        sqlx::query(setting).execute(&mut *one).await.expect("altered");
        sqlx::query(OTHERS).execute(&mut *one).await.expect("ended");
        drop(one);
        let mut last = (0, String::new());
        for try_number in 0..20 {
            let answer = server.deliver("ping", &format!("d-{sure}-{try_number}"), ISSUE).await;
            if answer.status() == StatusCode::ACCEPTED {
                last = (202, String::new());
                break;
            }
            last = said(answer).await;
            if last.1.contains("read-only") && sure {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let expected = if sure {
            (503, "the database does not answer: it is read-only".to_owned())
        } else {
            (202, String::new())
        };
        assert_eq!(last, expected);
        let ready = server.request(Method::GET, "/readyz").send().await.expect("an answer");
        let status = if sure { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
        assert_eq!(ready.status(), status);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_embedded_database_that_is_moved_away_keeps_nothing_until_it_is_back() {
    let world = World::new(Kind::Sqlite).await;
    let server = Server::start(&world).await;
    let first = server.deliver("ping", "d-1", ISSUE).await;
    assert_eq!(first.status(), StatusCode::ACCEPTED);
    let file = world.config.database_url.0.trim_start_matches("sqlite:").to_owned();
    let log = format!("{file}-wal");
    let (away, restored) = (format!("{file}.away"), format!("{file}.copy"));
    std::fs::copy(&file, &restored).expect("copied");

    let move_all = |pairs: &[(&str, &str)]| {
        for (from, to) in pairs {
            std::fs::rename(from, to).expect("moved");
        }
    };
    let refused = async |what: &str| {
        let (status, text) = said(server.deliver("ping", what, ISSUE).await).await;
        let words = format!("the database `{file}` was moved, deleted or replaced");
        assert_eq!((status, text.starts_with(&words)), (503, true), "{what}: {text}");
        let ready = server.request(Method::GET, "/readyz").send().await.expect("an answer");
        assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE, "{what}");
    };
    move_all(&[(&file, &away)]);
    refused("moved").await;
    assert!(!std::path::Path::new(&file).exists(), "an empty database was made in its place");
    move_all(&[(&restored, &file)]);
    refused("replaced by a copy").await;
    move_all(&[(&file, &restored), (&away, &file)]);
    move_all(&[(&log, &away)]);
    refused("without its log").await;
    move_all(&[(&away, &log)]);

    let again = server.deliver("ping", "moved", ISSUE).await;
    assert_eq!(again.status(), StatusCode::ACCEPTED, "nothing of the first try was kept");
    let ready = server.request(Method::GET, "/readyz").send().await.expect("an answer");
    assert_eq!(ready.status(), StatusCode::OK);
    let found = world.app.verify_ledger(&world.operator(), |_, _| {}).await.expect("verifies");
    assert_eq!(found.faults, Vec::<String>::new());
}
