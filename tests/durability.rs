//! What was acknowledged is there after `kill -9`, a full disk or a broken file, and what was signed is there too.
//!
//! A driver sends deliveries and writes down elsewhere what was acknowledged; the service is a process of its own and
//! is killed in the middle; a judge compares after each restart. Controls show that the judge finds what is missing.
//!
//! `COUNTERSIGN_KILLS` says how often to kill (100), `COUNTERSIGN_CUTS` how often to cut the power (12),
//! `COUNTERSIGN_DATABASE_KILLS` how often to kill PostgreSQL (6). A process kill cannot show what `synchronous=NORMAL` loses: the
//! kernel still has the pages, only a power cut takes them (`power`).

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::format_collect,
    reason = "a test: what breaks here fails it, with these words"
)]

#[path = "durability/child.rs"]
mod child;
#[path = "durability/cluster.rs"]
mod cluster;
#[path = "durability/disk.rs"]
mod disk;
#[path = "durability/driver.rs"]
mod driver;
#[path = "durability/faults.rs"]
mod faults;
#[path = "durability/gated.rs"]
mod gated;
#[path = "durability/judge.rs"]
mod judge;
#[path = "durability/postgres.rs"]
mod postgres;
#[path = "durability/power.rs"]
mod power;
#[path = "harness/postgres/programs.rs"]
mod programs;
#[path = "durability/proxy.rs"]
mod proxy;
#[path = "durability/read_only.rs"]
mod read_only;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use child::Service;
use countersign::app::intake::Receipt;
use countersign::app::{App, AppError, Caller};
use countersign::clock::Clock;
use countersign::store::Db;
use driver::{Driver, Say};
use judge::Judge;
use serde_json::json;
use tempfile::TempDir;

/// Not a test: the service that the tests start as a process of their own, and kill.
#[test]
fn child_service() {
    if let Some(folder) = std::env::var_os(child::FOLDER) {
        child::serve(Path::new(&folder));
    }
}

fn kills() -> u64 {
    std::env::var("COUNTERSIGN_KILLS").map_or(100, |kills| kills.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_however_often_the_service_is_killed() {
    let (folder, elsewhere) = (TempDir::new().expect("a folder"), TempDir::new().expect("another"));
    let mut driver = Driver::new(elsewhere.path());
    let mut judge = Judge::new(folder.path());
    let mut service = Service::start(folder.path()).await;
    for kill in 0..kills() {
        // 200 to 500 ms, another each time, the same in every run.
        let long = Duration::from_millis(200 + kill.wrapping_mul(0x9e37_79b9) % 300);
        driver.load(service.address, long, || service.kill()).await;
        service = Service::start(folder.path()).await;
        service.is_ready().await;
        driver.send_again(service.address).await;
        let faults = judge.judge(&driver.new_since_last_time()).await;
        assert_eq!(faults, Vec::<String>::new(), "after kill {kill}");
    }
    service.kill();
    let all = driver.acknowledged_elsewhere();
    assert_eq!(judge.judge(&all).await, Vec::<String>::new());
    let app = open(folder.path()).await.expect("it opens");
    let found = app.verify_ledger(&Caller::operator(), |_, _| {}).await.expect("it verifies");
    assert_eq!(found.faults, Vec::<String>::new());
    assert!(found.checkpoints as u64 >= kills() / 2, "only {} checkpoints", found.checkpoints);
    assert!(all.len() as u64 >= kills() * 5, "only {} deliveries were acknowledged", all.len());
    println!(
        "{} kills, {} acknowledged deliveries, {} entries, {} checkpoints",
        kills(),
        all.len(),
        found.size,
        found.checkpoints
    );
}

async fn open(folder: &Path) -> Result<App, AppError> {
    App::open(child::config(folder), Clock::system()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_a_service_that_drops_one_commit_in_a_hundred_is_found_out() {
    let (folder, elsewhere) = (TempDir::new().expect("a folder"), TempDir::new().expect("another"));
    let app = open(folder.path()).await.expect("it opens");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let liar = Router::new().route("/hooks/github", post(acknowledge_most)).with_state(app.clone());
    tokio::spawn(async move { axum::serve(listener, liar).await });
    let mut driver = Driver::new(elsewhere.path());
    driver.send(address, 300).await;
    app.close().await;
    let faults = Judge::new(folder.path()).judge(&driver.acknowledged_elsewhere()).await;
    assert_eq!(faults.len(), 3, "{faults:?}");
    for fault in faults {
        assert!(fault.ends_with("was acknowledged and is not there"), "{fault}");
    }
}

/// Acknowledges everything and keeps ninety-nine in a hundred.
async fn acknowledge_most(
    axum::extract::State(app): axum::extract::State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Json<serde_json::Value>) {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let key = headers.get("x-github-delivery").and_then(|key| key.to_str().ok()).expect("a key");
    let id = countersign::domain::id::derived("dlv", &["github", key]);
    if COUNT.fetch_add(1, Ordering::SeqCst) % 100 != 50 {
        let receipt = app.receive(child::received(&headers, &body)).await.expect("kept");
        assert!(matches!(receipt, Receipt::Kept(..)), "{receipt:?}");
    }
    (StatusCode::ACCEPTED, Json(json!({ "delivery": id })))
}

/// What is left of a service that was killed after a few deliveries, all of them still in SQLite's log, with a
/// signed head over them.
struct Early {
    folder: TempDir,
    driver: Driver,
    /// Bytes of the log before the last deliveries.
    size: u64,
    _elsewhere: TempDir,
}

async fn killed_early() -> Early {
    let (folder, elsewhere) = (TempDir::new().expect("a folder"), TempDir::new().expect("another"));
    let mut driver = Driver::new(elsewhere.path());
    let mut service = Service::start(folder.path()).await;
    driver.send(service.address, 10).await;
    service.has_signed().await;
    let size = std::fs::metadata(log(folder.path())).expect("the log").len();
    driver.send(service.address, 5).await;
    service.has_signed().await;
    service.kill();
    Early { folder, driver, size, _elsewhere: elsewhere }
}

fn log(folder: &Path) -> PathBuf {
    folder.join("countersign.db-wal")
}

fn copy(folder: &Path) -> TempDir {
    let copy = TempDir::new().expect("a folder");
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("its type").is_file() {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).expect("a copy");
        }
    }
    copy
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_a_row_that_is_gone_and_a_body_that_differs_are_found_out() {
    let early = killed_early().await;
    let folder = &early.folder;
    let acknowledged = early.driver.acknowledged_elsewhere();
    let faults = Judge::new(copy(folder.path()).path()).judge(&acknowledged).await;
    assert_eq!(faults, Vec::<String>::new(), "a true copy is judged faulty");
    let (gone, other) = (&acknowledged[3], &acknowledged[7]);
    for (sql, id, says) in [
        ("delete from delivery where id = $1", gone, "was acknowledged and is not there"),
        (
            "update delivery set body = (select body from delivery order by seq limit 1) where id = $1",
            other,
            "is there with another body",
        ),
    ] {
        let copy = copy(folder.path());
        judge::execute(copy.path(), sql, &id.delivery).await;
        let faults = Judge::new(copy.path()).judge(&acknowledged).await;
        assert_eq!(faults, vec![format!("{} {says}", id.delivery)]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_a_log_cut_short_is_found_out_and_the_service_refuses_to_write() {
    let early = killed_early().await;
    let copy = copy(early.folder.path());
    let cut =
        std::fs::OpenOptions::new().write(true).open(log(copy.path())).expect("the log opens");
    cut.set_len(early.size).expect("cut");
    let faults = Judge::new(copy.path()).judge(&early.driver.acknowledged_elsewhere()).await;
    let lost = faults.iter().any(|fault| fault.ends_with("was acknowledged and is not there"));
    let signed =
        faults.iter().any(|fault| fault.contains("was signed over entries that are not there"));
    assert!(lost && signed, "{faults:?}");
    let app = open(copy.path()).await.expect("it opens, to be read");
    let refused = app.ready().await.expect_err("not ready");
    let AppError::ReadOnly(why) = &refused else { panic!("{refused}") };
    assert!(why.contains("an older copy was restored"), "{why}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_a_503_in_words_and_needs_no_hand_once_there_is_room() {
    let (folder, elsewhere) = (TempDir::new().expect("a folder"), TempDir::new().expect("another"));
    let mut driver = Driver::new(elsewhere.path());
    let service = Service::start(folder.path()).await;
    driver.send(service.address, 20).await;
    service.is_ready().await;
    // Less than one page: every write to the log of SQLite fails.
    service.may_write_files_up_to(Some(4096));
    let before = driver.acknowledged_elsewhere().len();
    for _ in 0..5 {
        let said = driver.one(service.address).await;
        assert_eq!(
            said,
            Say::Refused(
                503,
                "the database failed while it kept this; ask again, nothing is recorded twice"
                    .to_owned()
            )
        );
    }
    assert_eq!(
        service.get("/readyz").await,
        (503, "the database does not answer: the disk reports an error".to_owned())
    );
    assert_eq!(service.get("/healthz").await.0, 200);
    service.may_write_files_up_to(None);
    service.is_ready().await;
    driver.send_again(service.address).await;
    driver.send(service.address, 20).await;
    let acknowledged = driver.acknowledged_elsewhere();
    assert_eq!(acknowledged.len(), before + 25);
    let faults = Judge::new(folder.path()).judge(&acknowledged).await;
    assert_eq!(faults, Vec::<String>::new());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_at_the_start() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("countersign.db"), b"not a database at all ".repeat(400))
        .expect("junk");
    let error = open(folder.path()).await.expect_err("refused");
    assert_eq!(error.to_string(), "the database does not answer: its file is not a database");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_damaged_in_the_middle_is_a_start_refused_in_words() {
    let folder = TempDir::new().expect("a folder");
    let app = open(folder.path()).await.expect("it opens");
    app.close().await;
    let file = folder.path().join("countersign.db");
    let mut bytes = std::fs::read(&file).expect("its bytes");
    // Every page but the first, which says that it is a database.
    bytes[4096..].fill(0xa5);
    std::fs::write(&file, bytes).expect("damaged");
    let error = open(folder.path()).await.expect_err("refused");
    assert_eq!(error.to_string(), "the database does not answer: its file is damaged");
}

#[tokio::test]
async fn a_database_that_cannot_grow_is_called_a_full_disk() {
    let folder = TempDir::new().expect("a folder");
    let db = Db::open(&child::config(folder.path()).database_url.0).await.expect("it opens");
    let Db::Sqlite { writer, .. } = &db else { panic!("not SQLite") };
    // SQLite then fails with the error that it gives for ENOSPC.
    sqlx::query("pragma max_page_count = 1").execute(writer).await.expect("set");
    let mut tx = db.begin().await.expect("begins");
    let long = "x".repeat(1000);
    let mut refused = None;
    for number in 0..10_000 {
        let scope = format!("{number}{long}");
        if let Err(error) = countersign::store::versions::bump(&mut tx, &scope).await {
            refused = Some(error.to_string());
            break;
        }
    }
    assert_eq!(refused.as_deref(), Some("the database does not answer: the disk is full"));
}
