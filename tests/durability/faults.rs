//! At every system call on the database's files between a request and its answer, one after the other: the process is
//! killed there, the call fails as on a broken disk, the call fails as on a full one. What was acknowledged is there
//! afterwards, whatever the call. `strace` does it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;

use super::child::{Manner, Service};
use super::driver::{Driver, Say};
use super::judge::Judge;

/// More calls than any delivery makes.
const MOST: u32 = 400;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The calls by which SQLite and the service reach files. `strace` counts each of them by itself, in each thread.
const CALLS: [&str; 17] = [
    "openat",
    "read",
    "pread64",
    "write",
    "pwrite64",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "lseek",
    "fstat",
    "newfstatat",
    "statx",
    "unlink",
    "rename",
    "mmap",
    "fcntl",
];
/// Locks: the kernel holds them in memory, so no disk can fail them.
const LOCKS: &str = "fcntl";

/// `strace`, attached to a service.
pub(crate) struct Tracer(Child);

impl Tracer {
    /// From now on something happens at the nth such call of a thread on one of the database's files.
    async fn attach(
        service: &Service,
        folder: &Path,
        (call, what): (&str, &str),
        nth: u32,
    ) -> Self {
        let mut command = strace(folder);
        for name in ["countersign.db", "countersign.db-wal", "countersign.db-shm"] {
            command.arg("-P").arg(folder.join(name));
        }
        let inject = format!("inject={call}:{what}:when={nth}");
        command.args(["-e", &format!("trace={call}"), "-e", &inject]);
        Self::start(command, service).await
    }

    /// From now on the service believes that whatever it flushes is flushed, and nothing is.
    pub(crate) async fn never_flushes(service: &Service, folder: &Path) -> Self {
        let mut command = strace(folder);
        let flushes = "fsync,fdatasync,sync_file_range";
        command.args(["-e", &format!("trace={flushes}")]);
        command.args(["-e", &format!("inject={flushes}:retval=0")]);
        Self::start(command, service).await
    }

    async fn start(mut command: Command, service: &Service) -> Self {
        command.args(["-p", &service.id().to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut tracer = command.spawn().expect("strace runs: install the package strace");
        for _ in 0..400 {
            if is_traced(service.id()) {
                return Self(tracer);
            }
            let ended = tracer.try_wait().expect("its state");
            assert!(ended.is_none(), "strace cannot attach; does the machine forbid ptrace?");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("strace did not attach");
    }

    /// Whether what it was to do has happened.
    fn has_struck(folder: &Path) -> bool {
        let report = std::fs::read_to_string(folder.join("strace")).unwrap_or_default();
        report.contains("INJECTED") || report.contains("killed by SIGKILL")
    }

    /// Lets go of the service; the kernel does, when the tracer is gone. One that is asked to end waits for what it traces.
    pub(crate) fn detach(mut self) {
        self.0.kill().expect("killed");
        self.0.wait().expect("gone");
    }
}

/// `strace` with a report in a folder.
fn strace(folder: &Path) -> Command {
    let report = folder.join("strace");
    let _ = std::fs::remove_file(&report);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(&report);
    command
}

/// Whether every thread of a process is traced.
fn is_traced(process: u32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else { return false };
    threads.flatten().all(|thread| {
        let status = std::fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        status
            .lines()
            .any(|line| line.strip_prefix("TracerPid:").is_some_and(|tracer| tracer.trim() != "0"))
    })
}

/// A folder with a service that has kept something, and who sends to it.
struct Scene {
    folder: TempDir,
    _elsewhere: TempDir,
    driver: Driver,
    judge: Judge,
}

impl Scene {
    async fn new() -> Self {
        let (folder, elsewhere) =
            (TempDir::new().expect("a folder"), TempDir::new().expect("another"));
        let mut driver = Driver::new(elsewhere.path());
        let mut service = Service::start(folder.path()).await;
        driver.send(service.address, 10).await;
        service.has_signed().await;
        service.kill();
        let judge = Judge::new(folder.path());
        Self { folder, _elsewhere: elsewhere, driver, judge }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    async fn faults(&mut self) -> Vec<String> {
        self.judge.judge(&self.driver.new_since_last_time()).await
    }

    /// One delivery; an answer that does not come is a failure of the test.
    async fn one(&mut self, service: &Service) -> Say {
        timeout(PATIENCE, self.driver.one(service.address)).await.expect("an answer in time")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_call_on_its_files_it_has_what_it_acknowledged() {
    let mut scene = Scene::new().await;
    let mut service = Service::start_as(scene.path(), Manner::Still).await;
    let mut struck = BTreeMap::new();
    for call in CALLS {
        for nth in 1..MOST {
            let tracer =
                Tracer::attach(&service, scene.path(), (call, "signal=SIGKILL"), nth).await;
            let said = scene.one(&service).await;
            let ended = said == Say::Nothing || service.has_ended().await;
            tracer.detach();
            if !ended {
                assert_eq!(said, Say::Acknowledged, "nothing was done to it");
                break;
            }
            service.kill();
            assert_eq!(
                scene.faults().await,
                Vec::<String>::new(),
                "killed at {call} {nth}: {said:?}"
            );
            service = Service::start_as(scene.path(), Manner::Still).await;
            scene.driver.send_again(service.address).await;
            struck.insert(call, nth);
        }
    }
    service.kill();
    assert_eq!(scene.faults().await, Vec::<String>::new());
    println!("killed at each of {struck:?}");
    assert!(struck["pwrite64"] > 10 && struck["fsync"] > 0 && struck["fcntl"] > 0, "{struck:?}");
}

/// Each call of a delivery fails once, with an error; afterwards all is as it was, without a restart.
async fn fails_with(error: &str) {
    let mut scene = Scene::new().await;
    let mut service = Service::start_as(scene.path(), Manner::Still).await;
    let (mut struck, mut refused) = (BTreeMap::new(), 0);
    let error = format!("error={error}");
    for call in CALLS.into_iter().filter(|call| *call != LOCKS) {
        for nth in 1..MOST {
            let tracer = Tracer::attach(&service, scene.path(), (call, &error), nth).await;
            let said = scene.one(&service).await;
            let has_struck = Tracer::has_struck(scene.path());
            tracer.detach();
            match &said {
                Say::Acknowledged => {}
                Say::Refused(503, _) => refused += 1,
                other => panic!("{error} at {call} {nth}: {other:?}"),
            }
            assert!(!service.has_ended().await, "{error} at {call} {nth} ended the service");
            service.is_ready().await;
            scene.driver.send_again(service.address).await;
            if !has_struck {
                break;
            }
            struck.insert(call, nth);
        }
    }
    service.kill();
    assert_eq!(scene.faults().await, Vec::<String>::new());
    println!("{error} at each of {struck:?}, {refused} times refused");
    assert!(
        struck["pwrite64"] > 10 && struck["fsync"] > 0 && refused > 10,
        "{struck:?}, {refused}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_at_any_call_is_a_503_and_nothing_acknowledged_is_lost() {
    fails_with("EIO").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_at_any_call_is_a_503_and_nothing_acknowledged_is_lost() {
    fails_with("ENOSPC").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_a_service_that_acknowledges_before_it_keeps_is_found_out() {
    let mut scene = Scene::new().await;
    let mut service = Service::start_as(scene.path(), Manner::Hasty).await;
    let tracer = Tracer::attach(&service, scene.path(), ("pwrite64", "signal=SIGKILL"), 3).await;
    assert_eq!(scene.one(&service).await, Say::Acknowledged);
    while !service.has_ended().await {}
    tracer.detach();
    let faults = scene.faults().await;
    let lost = faults.iter().any(|fault| fault.ends_with("was acknowledged and is not there"));
    assert!(lost, "{faults:?}");
}
