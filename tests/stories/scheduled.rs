//! The service verifies its ledger by the clock, and says how that ended; a ledger that does not hold is still read.

use std::time::Duration;

use countersign::app::{App, AppError, Role, TokenRequest};
use countersign::domain::Time;
use countersign::store::Db;
use reqwest::{Method, StatusCode};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::tampering::without_triggers;
use crate::both;
use crate::harness::server::{Server, token};
use crate::harness::town::{Town, cookie};
use crate::harness::{Kind, World};

/// The service at work; it stops with the value.
struct Work(watch::Sender<bool>, JoinHandle<()>);

impl Work {
    fn start(app: &App) -> Self {
        let (stop, stopped) = watch::channel(false);
        let app = app.clone();
        Self(stop, tokio::spawn(async move { app.work(stopped).await }))
    }

    async fn end(self) {
        let _ = self.0.send(true);
        self.1.await.expect("it stops in order");
    }
}

/// A town that verifies its ledger each second of its clock.
async fn town(kind: Kind) -> Town {
    let Town { mut world, forge, sent } = Town::new(kind).await;
    world.config.ledger.verify_interval = Duration::from_secs(1);
    let world = world.restarted().await;
    for number in 0..5 {
        let request =
            TokenRequest { name: format!("t{number}"), role: Role::Ci, repo: None, lasts: None };
        world.app.create_token(&world.operator(), request).await.expect("a token");
    }
    Town { world, forge, sent }
}

type Verified = (Time, u64, bool, String);

/// The first verification after a moment of the world's clock.
async fn verified_after(world: &World, moment: Option<Time>) -> Verified {
    for _ in 0..600 {
        let last = world.app.latest_verification(&world.operator()).await.expect("readable");
        match last {
            Some(last) if moment.is_none_or(|moment| last.0 > moment) => return last,
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    panic!("nothing was verified within 30 s")
}

fn later(world: &World, seconds: i64) {
    let at = world.clock.now().micros() + seconds * 1_000_000;
    world.clock.set(Time::from_micros(at).expect("a time"));
}

/// The kind beside an entry changed, by somebody with the database's password; and back.
async fn flip(world: &World, index: u64) {
    let db = Db::open(&world.config.database_url.0).await.expect("opens");
    let of_sqlite = format!(
        "update ledger_entry set kind = case kind when 'forged' then 'token.created' else 'forged' end where idx = {index}"
    );
    let sql = sqlx::AssertSqlSafe(of_sqlite);
    match &db {
        Db::Sqlite { writer, .. } => sqlx::query(sql).execute(writer).await.map(|_| ()),
        Db::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(|_| ()),
    }
    .expect("changed");
}

async fn ready(server: &Server) -> (StatusCode, String) {
    let answer = server.request(Method::GET, "/readyz").send().await.expect("an answer");
    (answer.status(), answer.text().await.expect("text"))
}

async fn page(server: &Server, cookie: &str) -> String {
    let request = server.request(Method::GET, "/ledger").header("cookie", cookie);
    let answer = request.header("accept", "text/html").send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    answer.text().await.expect("a page")
}

both!(the_ledger_is_verified_by_the_clock_and_a_damaged_row_is_shown, |kind| async move {
    let town = town(kind).await;
    let world = &town.world;
    let server = Server::start(world).await;
    let secret = token(world, Role::Reader).await;
    let cookie = cookie(&town, &server, "helen.brandt", Role::Auditor).await;
    let db = Db::open(&world.config.database_url.0).await.expect("opens");
    without_triggers(&db).await;
    let work = Work::start(&world.app);
    let (at, size, holds, _) = verified_after(world, None).await;
    assert!(holds && size >= 5, "the first time at once");
    assert_eq!(ready(&server).await, (StatusCode::OK, "ready\n".to_owned()));
    assert!(page(&server, &cookie).await.contains("It held when it was last verified in full"));
    // The interval runs by the service's clock: until that moves, nothing is verified again.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(verified_after(world, None).await.0, at);

    flip(world, 3).await;
    later(world, 2);
    let (at, _, holds, what) = verified_after(world, Some(at)).await;
    assert!(!holds && what.contains("entry 3: it is stored under the kind `forged`"), "{what}");
    let (status, text) = ready(&server).await;
    assert_eq!(status, StatusCode::OK, "it goes on serving");
    assert!(text.contains("warning: the ledger did not hold when it was verified last"), "{text}");
    assert!(text.contains("entry 3: "), "{text}");
    let shown = page(&server, &cookie).await;
    assert!(shown.contains("It does not hold.") && shown.contains("entry 3"), "{shown}");
    for path in ["/api/v1/ledger/entries/3", "/api/v1/ledger/entries/4", "/ledger/checkpoint"] {
        assert_eq!(server.get(path, &secret).await.status(), StatusCode::OK, "{path}");
    }

    flip(world, 3).await;
    later(world, 2);
    let (_, _, holds, what) = verified_after(world, Some(at)).await;
    assert!(holds, "{what}");
    assert_eq!(ready(&server).await, (StatusCode::OK, "ready\n".to_owned()));
    work.end().await;
});

both!(a_ledger_that_was_changed_starts_read_only_and_says_what_to_do, |kind| async move {
    let Town { world, .. } = town(kind).await;
    let note = world.app.checkpoint(&world.operator()).await.expect("signed");
    let size: u64 = note.lines().nth(1).expect("a size").parse().expect("a number");
    world.app.close().await;
    let db = Db::open(&world.config.database_url.0).await.expect("opens");
    without_triggers(&db).await;
    let sql = "update ledger_entry set leaf = (select leaf from ledger_entry where idx = 2) where idx = 1";
    match &db {
        Db::Sqlite { writer, .. } => sqlx::query(sql).execute(writer).await.map(|_| ()),
        Db::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(|_| ()),
    }
    .expect("changed");
    db.close().await;
    let world = world.restarted().await;
    let refused = world.app.ready().await.expect_err("it is read-only");
    let AppError::ReadOnly(reason) = refused else { panic!("{refused}") };
    assert_eq!(
        reason,
        format!(
            "the database's ledger differs from the head of {size} entries that was signed before; run \
             `countersign verify` to see where"
        )
    );
    let server = Server::start(&world).await;
    let (status, text) = ready(&server).await;
    assert!(!status.is_success() && text.contains("differs from the head of"), "{status}: {text}");
    let (kind_of, _) = world.app.entry(&world.operator(), 0).await.expect("reads go on");
    assert!(!kind_of.is_empty());
    let found = world.app.verify_ledger(&world.operator(), |_, _| {}).await.expect("it runs");
    assert!(found.faults[0].starts_with("entry 1: "), "{:?}", found.faults);
});

both!(a_broken_head_is_told_and_the_service_is_not_ready, |kind| async move {
    let town = town(kind).await;
    let world = &town.world;
    let server = Server::start(world).await;
    let secret = token(world, Role::Reader).await;
    let db = Db::open(&world.config.database_url.0).await.expect("opens");
    let sql = "update ledger_head set frontier = 'nonsense'";
    match &db {
        Db::Sqlite { writer, .. } => sqlx::query(sql).execute(writer).await.map(|_| ()),
        Db::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(|_| ()),
    }
    .expect("changed");
    let found = world.app.verify_ledger(&world.operator(), |_, _| {}).await.expect("it runs");
    assert!(found.faults.iter().any(|fault| fault.contains("the ledger's head cannot be read")));
    let (status, text) = ready(&server).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "nothing can be written: {text}");
    assert_eq!(server.get("/api/v1/ledger/entries/3", &secret).await.status(), StatusCode::OK);
});
