//! Power cuts: the service's folder lies on a disk of its own, which loses everything that was not flushed. What
//! was acknowledged is there afterwards, and nothing was signed that is not.
//!
//! Two controls: on a disk that only says that it flushed the same service loses what it acknowledged, and the judge
//! finds it; and a writer with `synchronous=NORMAL` loses it on an honest disk, though its database is in order.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use tempfile::TempDir;

use super::child::{Manner, Service};
use super::disk::Disk;
use super::driver::Driver;
use super::faults::Tracer;
use super::judge::Judge;

/// How long a service is left alone with a disk that has no power any more.
const AFTERWARDS: Duration = Duration::from_millis(50);

fn cuts() -> u64 {
    std::env::var("COUNTERSIGN_CUTS").map_or(12, |cuts| cuts.parse().expect("a number"))
}

/// Cuts the power under a service, lets it go on a little without, and ends it.
fn cut(disk: &Disk, service: &mut Service) {
    disk.cut();
    std::thread::sleep(AFTERWARDS);
    service.kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_however_often_the_power_is_cut() {
    let Some(mut disk) = Disk::new("what is acknowledged survives a power cut") else { return };
    let elsewhere = TempDir::new().expect("another folder");
    let mut driver = Driver::new(elsewhere.path());
    let mut judge = Judge::new(&disk.path());
    let mut service = Service::start(&disk.path()).await;
    for number in 0..cuts() {
        // 150 to 550 ms, another each time, the same in every run.
        let long = Duration::from_millis(150 + number.wrapping_mul(0x9e37_79b9) % 400);
        driver.load(service.address, long, || cut(&disk, &mut service)).await;
        disk.switch_on();
        service = Service::start(&disk.path()).await;
        service.is_ready().await;
        driver.send_again(service.address).await;
        let faults = judge.judge(&driver.new_since_last_time()).await;
        assert_eq!(faults, Vec::<String>::new(), "after cut {number}");
    }
    service.kill();
    let all = driver.acknowledged_elsewhere();
    assert_eq!(judge.judge(&all).await, Vec::<String>::new());
    let app = super::open(&disk.path()).await.expect("it opens");
    let found = app.verify_ledger(&countersign::app::Caller::operator(), |_, _| {}).await;
    let found = found.expect("it verifies");
    app.close().await;
    assert_eq!(found.faults, Vec::<String>::new());
    assert!(all.len() as u64 >= cuts() * 5, "only {} deliveries were acknowledged", all.len());
    println!(
        "{} cuts, {} acknowledged deliveries, {} entries, {} checkpoints",
        cuts(),
        all.len(),
        found.size,
        found.checkpoints
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn control_on_a_disk_that_only_says_that_it_flushed_the_loss_is_found() {
    let Some(mut disk) = Disk::new("a disk that does not flush is found out") else { return };
    let elsewhere = TempDir::new().expect("another folder");
    let mut driver = Driver::new(elsewhere.path());
    let mut service = Service::start(&disk.path()).await;
    driver.send(service.address, 10).await;
    service.has_signed().await;
    let tracer = Tracer::never_flushes(&service, elsewhere.path()).await;
    driver.load(service.address, Duration::from_millis(600), || cut(&disk, &mut service)).await;
    tracer.detach();
    disk.switch_on();
    let faults = Judge::new(&disk.path()).judge(&driver.acknowledged_elsewhere()).await;
    let lost = faults.iter().filter(|fault| fault.ends_with("was acknowledged and is not there"));
    assert!(lost.count() > 0, "{faults:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn control_a_writer_that_is_not_set_to_flush_each_commit_loses_some() {
    let Some(mut disk) = Disk::new("`synchronous=NORMAL` loses what was acknowledged") else {
        return;
    };
    let mut lost = 0;
    // Once would nearly always do; that nothing is lost in five is as good as impossible.
    for _ in 0..5 {
        let elsewhere = TempDir::new().expect("another folder");
        let mut driver = Driver::new(elsewhere.path());
        let mut service = Service::start_as(&disk.path(), Manner::Careless).await;
        driver.load(service.address, Duration::from_millis(500), || cut(&disk, &mut service)).await;
        disk.switch_on();
        let pool = careless(&disk.path()).await;
        let (whole,): (String,) = sqlx::query_as("pragma integrity_check")
            .fetch_one(&pool)
            .await
            .expect("it is a database");
        assert_eq!(whole, "ok");
        for one in driver.acknowledged_elsewhere() {
            let kept: Option<(i64,)> = sqlx::query_as("select 1 from kept where id = $1")
                .bind(&one.delivery)
                .fetch_optional(&pool)
                .await
                .expect("it reads");
            lost += u64::from(kept.is_none());
        }
        pool.close().await;
        if lost > 0 {
            println!("{lost} acknowledged rows were lost");
            return;
        }
    }
    panic!("nothing was lost: the cut is none, or a service need not be careful");
}

/// The database of the careless writer: as ours, but for `synchronous`.
pub(crate) async fn careless(folder: &Path) -> SqlitePool {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("careless.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal);
    let pool = SqlitePool::connect_with(options).await.expect("a database");
    sqlx::query("create table if not exists kept (id text primary key)")
        .execute(&pool)
        .await
        .expect("a table");
    pool
}
