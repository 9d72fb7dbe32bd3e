//! A disk that turns read-only in the middle: what is there can be read, nothing is acknowledged, the gate denies
//! and says why, and where it comes back the service goes on by itself.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::child::Service;
use super::disk::{self, Disk};
use super::driver::Driver;
use super::gated::Gated;
use super::judge::Judge;

/// What SQLite says of a disk that takes nothing.
const REASONS: [&str; 3] =
    ["the disk reports an error", "it is read-only", "its file cannot be opened"];

/// Database and log. The index of the log is no file but memory with a name: it stays.
fn files(folder: &Path) -> Vec<PathBuf> {
    ["countersign.db", "countersign.db-wal"].map(|name| folder.join(name)).into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_disk_that_turns_read_only_denies_and_is_read_and_comes_back() {
    let Some(mut disk) = Disk::new("a disk that turns read-only denies") else { return };
    let (folder, elsewhere) = (disk.path(), TempDir::new().expect("another folder"));
    let gated = Gated::prepare(&folder, "sqlite:countersign.db").await;
    let mut driver = Driver::new(elsewhere.path());
    let mut service = Service::start(&folder).await;
    let cookie = gated.sign_in(&folder, &service).await;
    driver.send(service.address, 10).await;
    gated.passes(&service).await;
    assert_eq!(gated.reads(&service, &cookie).await, (200, 200));

    disk::immutable(&files(&folder), true);
    gated.denies(&service, &mut driver, &REASONS).await;
    assert_eq!(gated.reads(&service, &cookie).await, (200, 200), "while nothing can be written");
    disk::immutable(&files(&folder), false);
    service.is_ready().await;
    gated.passes(&service).await;
    driver.send_again(service.address).await;
    driver.send(service.address, 10).await;

    disk.turn_read_only();
    gated.denies(&service, &mut driver, &REASONS).await;
    assert_eq!(gated.reads(&service, &cookie).await, (200, 200), "on a disk that is read-only");
    service.kill();
    disk.switch_on();
    let service = Service::start(&folder).await;
    service.is_ready().await;
    gated.passes(&service).await;
    driver.send_again(service.address).await;
    let faults = Judge::new(&folder).judge(&driver.acknowledged_elsewhere()).await;
    assert_eq!(faults, Vec::<String>::new());
}
