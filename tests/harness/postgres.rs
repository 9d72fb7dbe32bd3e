//! A throwaway PostgreSQL under `target/`: started by the first test that needs it, as an ordinary user, on
//! a free port. Without the binaries the tests fail and say so.
//!
//! Test programs that run at the same time share it: each holds a shared lock on `in-use` for as long as it lives. The
//! watchdog of the run that started the server stops it when that run is over *and* nobody holds the lock; whoever comes
//! while it stops waits for the lock, and starts another.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

#[path = "postgres/programs.rs"]
mod programs;

use programs::{INSTALL, as_user, as_user_words, binaries, free_port, make_cluster, run};

/// The file that a program locks while it uses the server.
const IN_USE: &str = "in-use";

/// A new, empty database on the throwaway server: its address.
pub fn fresh_database() -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let server = server();
    let number = COUNTER.fetch_add(1, Ordering::SeqCst);
    let name = format!("test_{}_{number}", std::process::id());
    let made = server.psql("postgres", &format!("create database {name}"));
    assert!(made.status.success(), "create database: {}", String::from_utf8_lossy(&made.stderr));
    format!("postgres://tester@127.0.0.1:{}/{name}", server.port)
}

/// Writes a database into a file, as an operator backs it up.
pub fn dump(url: &str, file: &Path) {
    let file = file.display().to_string();
    tool("pg_dump", &["-Fc", "-d", url, "-f", &file]);
}

/// Puts a database back to what a file says, whoever uses it.
pub fn restore(url: &str, file: &Path) {
    let (server, name) = (server(), url.rsplit('/').next().expect("a name"));
    for sql in [format!("drop database {name} with (force)"), format!("create database {name}")] {
        let done = server.psql("postgres", &sql);
        assert!(done.status.success(), "{sql}: {}", String::from_utf8_lossy(&done.stderr));
    }
    tool("pg_restore", &["-d", url, &file.display().to_string()]);
}

fn tool(name: &str, words: &[&str]) {
    let done = Command::new(server().bin.join(name)).args(words).output().expect(INSTALL);
    assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
}

struct Server {
    port: u16,
    bin: PathBuf,
}

impl Server {
    fn psql(&self, database: &str, sql: &str) -> Output {
        Command::new(self.bin.join("psql"))
            .args([
                "-X",
                "-q",
                "-t",
                "-A",
                "-h",
                "127.0.0.1",
                "-p",
                &self.port.to_string(),
                "-U",
                "tester",
            ])
            .args(["-d", database, "-c", sql])
            .output()
            .expect("psql runs")
    }
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let bin = binaries().expect(INSTALL);
        let home = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("postgres");
        fs::create_dir_all(&home).expect("a folder under target");
        use_it(&home);
        let lock = fs::File::create(home.join("lock")).expect("a lock file");
        lock.lock().expect("the lock");
        if let Some(server) = running(&home, &bin) {
            return server;
        }
        start(&home, &bin)
    })
}

/// Says that the server is needed until this process ends, however it ends.
fn use_it(home: &Path) {
    let open = fs::OpenOptions::new().create(true).append(true).open(home.join(IN_USE));
    let file = open.expect("a lock file");
    file.lock_shared().expect("the shared lock");
    // Never closed: the system lets go of it with the process.
    std::mem::forget(file);
}

fn running(home: &Path, bin: &Path) -> Option<Server> {
    let noted = fs::read_to_string(home.join("port")).ok()?;
    let (port, data) = noted.trim().split_once(' ')?;
    let server = Server { port: port.parse().ok()?, bin: bin.to_owned() };
    // Another tree's server may have the port by now: ours is known by its folder.
    let told = server.psql("postgres", "show data_directory");
    (String::from_utf8_lossy(&told.stdout).trim() == data).then_some(server)
}

/// Folders of servers that are gone and left them behind: a machine that was switched off, a watchdog that was ended.
fn clear_away(home: &Path) {
    for folder in fs::read_dir(home).expect("the folder").flatten().map(|entry| entry.path()) {
        let pid = fs::read_to_string(folder.join("postmaster.pid")).unwrap_or_default();
        let pid = pid.lines().next().map(str::trim).filter(|pid| !pid.is_empty());
        let alive = pid.is_some_and(|pid| Path::new("/proc").join(pid).exists());
        if folder.is_dir() && !alive {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

fn start(home: &Path, bin: &Path) -> Server {
    clear_away(home);
    let data = home.join(format!("data-{}", std::process::id()));
    make_cluster(bin, &data);
    let data_text = data.display().to_string();
    let port = free_port();
    let options = format!(
        "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c max_connections=300 \
         -c shared_buffers=64MB -c wal_level=minimal -c max_wal_senders=0"
    );
    let log = data.join("log").display().to_string();
    run(as_user(&bin.join("pg_ctl"))
        .args(["-D", &data_text, "-w", "-t", "60", "-l", &log, "-o", &options, "start"])
        .stdout(Stdio::null()));
    fs::write(home.join("port"), format!("{port} {data_text}")).expect("the port is noted");
    watch(home, bin, &data);
    Server { port, bin: bin.to_owned() }
}

/// Stops the server and removes its data when the test runner (our parent) is gone and no test program uses it.
fn watch(home: &Path, bin: &Path, data: &Path) {
    let script = format!(
        "while kill -0 {runner} 2>/dev/null; do sleep 1; done; exec 9>>'{home}/{IN_USE}'; flock -x 9; \
         {stop} -D '{data}' -m immediate stop 9>&-; rm -rf '{data}'",
        home = home.display(),
        runner = std::os::unix::process::parent_id(),
        stop = as_user_words(&bin.join("pg_ctl")).join(" "),
        data = data.display(),
    );
    let watchdog = Command::new("setsid")
        .args(["sh", "-c", &script])
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    // It outlives this process on purpose, so nobody here waits for it.
    std::mem::forget(watchdog.expect("the watchdog starts"));
}
