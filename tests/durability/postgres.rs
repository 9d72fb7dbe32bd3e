//! Faults of PostgreSQL under a running service: the server or one of its processes killed, the
//! connection cut around a commit, refused, a database that turns read-only. What was acknowledged is there, nothing is
//! there twice, the gate never passes meanwhile, and the service recovers by itself: it is started once in each test.

use std::time::Duration;

use tempfile::TempDir;

use super::child::{self, Manner, Service};
use super::cluster::Cluster;
use super::disk::Disk;
use super::driver::{Driver, Say};
use super::gated::Gated;
use super::judge::Judge;
use super::proxy::{Cut, Proxy};

/// What is said of a server that is not there, or that just came back.
const AWAY: [&str; 7] = [
    "it cannot be reached",
    "Connection refused",
    "connection broke",
    "ended the connection",
    "starting or stopping",
    "expected to read",
    "Connection reset",
];

struct Scene {
    folder: TempDir,
    _elsewhere: TempDir,
    driver: Driver,
}

impl Scene {
    fn new() -> Self {
        let (folder, elsewhere) =
            (TempDir::new().expect("a folder"), TempDir::new().expect("another"));
        let driver = Driver::new(elsewhere.path());
        Self { folder, _elsewhere: elsewhere, driver }
    }

    async fn faults(&self) -> Vec<String> {
        Judge::new(self.folder.path()).judge(&self.driver.acknowledged_elsewhere()).await
    }
}

fn kills() -> u64 {
    std::env::var("COUNTERSIGN_DATABASE_KILLS").map_or(6, |kills| kills.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_however_often_postgres_is_killed() {
    let (mut scene, cluster) = (Scene::new(), Cluster::new());
    let gated = Gated::prepare(scene.folder.path(), &Cluster::url(cluster.port)).await;
    let mut service = Service::start(scene.folder.path()).await;
    let mut judge = Judge::new(scene.folder.path());
    for number in 0..kills() {
        let long = Duration::from_millis(150 + number.wrapping_mul(0x9e37_79b9) % 400);
        let strike = || {
            if number % 2 == 0 {
                cluster.kill_backend(number);
            } else {
                cluster.kill();
                cluster.start();
            }
        };
        scene.driver.load(service.address, long, strike).await;
        service.is_ready().await;
        gated.passes(&service).await;
        scene.driver.send_again(service.address).await;
        let faults = judge.judge(&scene.driver.new_since_last_time()).await;
        assert_eq!(faults, Vec::<String>::new(), "after kill {number}");
    }
    cluster.kill();
    gated.denies(&service, &mut scene.driver, &AWAY).await;
    cluster.start();
    service.is_ready().await;
    gated.passes(&service).await;
    scene.driver.send_again(service.address).await;
    assert!(!service.has_ended().await, "it ended");
    nothing_is_left_undone(&scene).await;
    assert_eq!(scene.faults().await, Vec::<String>::new());
    println!("{} deliveries were acknowledged", scene.driver.acknowledged_elsewhere().len());
}

/// Cuts the power under the server, and ends what is left of it.
fn cut(disk: &Disk, server: &str) {
    disk.cut();
    std::thread::sleep(Duration::from_millis(50));
    Cluster::kill_server(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_acknowledged_is_lost_when_the_power_of_postgres_is_cut() {
    let Some(mut disk) = Disk::of("what is acknowledged survives a power cut of PostgreSQL", 512)
    else {
        return;
    };
    let (mut scene, cluster) = (Scene::new(), Cluster::within(disk.path().join("cluster")));
    let gated = Gated::prepare(scene.folder.path(), &Cluster::url(cluster.port)).await;
    let mut service = Service::start(scene.folder.path()).await;
    let mut judge = Judge::new(scene.folder.path());
    for number in 0..2 {
        let long = Duration::from_millis(200 + number * 330);
        let server = cluster.server();
        scene.driver.load(service.address, long, || cut(&disk, &server)).await;
        disk.switch_on();
        cluster.start();
        service.is_ready().await;
        gated.passes(&service).await;
        scene.driver.send_again(service.address).await;
        let faults = judge.judge(&scene.driver.new_since_last_time()).await;
        assert_eq!(faults, Vec::<String>::new(), "after cut {number}");
    }
    assert!(!service.has_ended().await, "it ended");
    nothing_is_left_undone(&scene).await;
    service.kill();
    assert_eq!(scene.faults().await, Vec::<String>::new());
    println!("{} deliveries were acknowledged", scene.driver.acknowledged_elsewhere().len());
    drop(cluster);
}

/// A server that does not flush: the service refuses to start over one, so it is told so later.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn control_a_postgres_that_does_not_flush_loses_what_was_acknowledged() {
    let Some(mut disk) = Disk::of("a PostgreSQL that does not flush is found out", 512) else {
        return;
    };
    let (mut scene, cluster) = (Scene::new(), Cluster::within(disk.path().join("cluster")));
    let _gated = Gated::prepare(scene.folder.path(), &Cluster::url(cluster.port)).await;
    let mut service = Service::start(scene.folder.path()).await;
    cluster.psql("checkpoint");
    cluster.psql("alter system set fsync = off");
    cluster.psql("select pg_reload_conf()");
    let server = cluster.server();
    let long = Duration::from_millis(700);
    scene.driver.load(service.address, long, || cut(&disk, &server)).await;
    service.kill();
    disk.switch_on();
    cluster.start();
    // Nobody opens a database that does not flush, the judge neither.
    cluster.psql("alter system reset fsync");
    cluster.psql("select pg_reload_conf()");
    let faults = scene.faults().await;
    assert!(!faults.is_empty(), "nothing was lost: the cut is none");
}

/// Work that was broken off with the database was taken up again, by the service itself.
async fn nothing_is_left_undone(scene: &Scene) {
    let app = super::open(scene.folder.path()).await.expect("it opens beside the service");
    for _ in 0..100 {
        let left = app.unfinished_work().await.expect("jobs");
        if left.iter().all(|job| !job.contains(" is running") && !job.contains(" is ready")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("left undone: {:?}", app.unfinished_work().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_whose_answer_is_lost_is_neither_lost_nor_kept_twice() {
    let (mut scene, cluster) = (Scene::new(), Cluster::new());
    let proxy = Proxy::new(cluster.port).await;
    child::configure(scene.folder.path(), &Cluster::url(proxy.port), "");
    let service = Service::start_as(scene.folder.path(), Manner::Still).await;
    scene.driver.send(service.address, 10).await;
    let rows = || cluster.psql("select count(*) from delivery").parse::<u64>().expect("a number");
    let unsure = "the database failed while it kept this; ask again, nothing is recorded twice";
    let unsure = Say::Refused(503, unsure.to_owned());
    for number in 0..20_u64 {
        let (cut, before) = (if number % 2 == 0 { Cut::After } else { Cut::Before }, rows());
        proxy.cut_next(cut);
        let said = scene.driver.one(service.address).await;
        assert_eq!(proxy.struck(), number + 1);
        // It looks for itself whether it was kept, and answers by that.
        let (kept, says) = match cut {
            Cut::After => (1, Say::Acknowledged),
            _ => (0, unsure.clone()),
        };
        assert_eq!((rows(), said), (before + kept, says), "{cut:?}");
        scene.driver.send_again(service.address).await;
        assert_eq!(rows(), before + 1, "{cut:?}: kept twice, or not");
    }
    // Where it cannot look either, it says that it does not know; sent again, it is taken once.
    let before = rows();
    proxy.cut_next(Cut::AfterForGood);
    assert_eq!(scene.driver.one(service.address).await, unsure);
    assert_eq!(rows(), before + 1, "it was not kept");
    proxy.accept().await;
    service.is_ready().await;
    scene.driver.send_again(service.address).await;
    assert_eq!(rows(), before + 1, "kept twice");
    assert_eq!(scene.faults().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_refuses_connections_or_writes_denies_and_comes_back() {
    let (mut scene, cluster) = (Scene::new(), Cluster::new());
    let proxy = Proxy::new(cluster.port).await;
    let gated = Gated::prepare(scene.folder.path(), &Cluster::url(proxy.port)).await;
    let service = Service::start(scene.folder.path()).await;
    let cookie = gated.sign_in(scene.folder.path(), &service).await;
    scene.driver.send(service.address, 10).await;
    gated.passes(&service).await;

    proxy.refuse();
    gated.denies(&service, &mut scene.driver, &AWAY).await;
    proxy.accept().await;
    service.is_ready().await;
    gated.passes(&service).await;
    scene.driver.send_again(service.address).await;

    for setting in ["on", "off"] {
        cluster.psql(&format!("alter system set default_transaction_read_only = {setting}"));
        cluster.psql("select pg_reload_conf()");
        if setting == "on" {
            gated.denies(&service, &mut scene.driver, &["it is read-only"]).await;
            assert_eq!(gated.reads(&service, &cookie).await, (200, 200));
        }
    }
    service.is_ready().await;
    gated.passes(&service).await;
    scene.driver.send_again(service.address).await;
    nothing_is_left_undone(&scene).await;
    assert_eq!(scene.faults().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn control_a_service_that_acknowledges_before_postgres_keeps_is_found_out() {
    let (mut scene, cluster) = (Scene::new(), Cluster::new());
    child::configure(scene.folder.path(), &Cluster::url(cluster.port), "");
    let mut service = Service::start_as(scene.folder.path(), Manner::Hasty).await;
    scene.driver.load(service.address, Duration::from_millis(300), || cluster.kill()).await;
    service.kill();
    cluster.start();
    let faults = scene.faults().await;
    let lost = faults.iter().any(|fault| fault.ends_with("was acknowledged and is not there"));
    assert!(lost, "{faults:?}");
}
