//! A PostgreSQL of one test's own, which may be killed.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::programs::{INSTALL, as_user, binaries, free_port, make_cluster, run};

/// A running cluster; stopped and removed with the value.
pub(crate) struct Cluster {
    bin: PathBuf,
    data: PathBuf,
    _home: Option<TempDir>,
    pub(crate) port: u16,
}

impl Cluster {
    /// Makes one and starts it.
    pub(crate) fn new() -> Self {
        // Below a folder that the server's user may enter.
        let home = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder under target");
        Self::made(home.path().to_owned(), Some(home))
    }

    /// The same in a folder that the server's user may enter.
    pub(crate) fn within(data: PathBuf) -> Self {
        Self::made(data, None)
    }

    fn made(data: PathBuf, home: Option<TempDir>) -> Self {
        let bin = binaries().expect(INSTALL);
        make_cluster(&bin, &data);
        let cluster = Self { bin, data, _home: home, port: free_port() };
        cluster.start();
        cluster
    }

    /// Starts it, also right after it was killed: then it first recovers.
    pub(crate) fn start(&self) {
        // With the settings that production has: only memory is small.
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={} -c unix_socket_directories='' -c shared_buffers=16MB",
            self.port
        );
        // Where nobody collects what is left of killed processes, their ids stay taken, and this start would take one for
        // a running server.
        let _ = fs::remove_file(self.data.join("postmaster.pid"));
        let data = self.data.display().to_string();
        let log = self.data.join("log").display().to_string();
        run(as_user(&self.bin.join("pg_ctl"))
            .args(["-D", &data, "-w", "-t", "60", "-l", &log, "-o", &options, "start"])
            .stdout(Stdio::null()));
    }

    /// The address of its database, as seen through a port.
    pub(crate) fn url(port: u16) -> String {
        format!("postgres://tester@127.0.0.1:{port}/postgres")
    }

    /// Runs one statement beside everybody.
    pub(crate) fn psql(&self, sql: &str) -> String {
        let done = Command::new(self.bin.join("psql"))
            .args(["-X", "-q", "-t", "-A", "-d", &Self::url(self.port), "-c", sql])
            .env("PGOPTIONS", "-c default_transaction_read_only=off")
            .output()
            .expect("psql runs");
        let says = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{sql}: {says}");
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    /// `kill -9` of one process that serves a client; the server then ends all others, and recovers by itself.
    pub(crate) fn kill_backend(&self, which: u64) {
        let found = self.psql(
            "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
        );
        let pids: Vec<&str> = found.lines().collect();
        if let Some(pid) = pids.get(usize::try_from(which).unwrap_or(0) % pids.len().max(1)) {
            kill(pid);
        }
    }

    /// `kill -9` of the whole server: every process of it.
    pub(crate) fn kill(&self) {
        Self::kill_server(&self.server());
    }

    /// The server's process.
    pub(crate) fn server(&self) -> String {
        let noted = fs::read_to_string(self.data.join("postmaster.pid")).expect("it runs");
        noted.lines().next().expect("its process").trim().to_owned()
    }

    /// The same for a server whose files cannot be read any more.
    pub(crate) fn kill_server(server: &str) {
        let children = children(server);
        kill(server);
        for child in &children {
            kill(child);
        }
        let there = |pid: &String| state(pid).is_some_and(|state| state != 'Z');
        while there(&server.to_owned()) || children.iter().any(there) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.data.display().to_string();
        let _ = as_user(&self.bin.join("pg_ctl"))
            .args(["-D", &data, "-m", "immediate", "-t", "20", "stop"])
            .output();
    }
}

/// Ends a process of the cluster by its id. One that is gone already is as good.
fn kill(pid: &str) {
    let _ = Command::new("kill").args(["-9", pid]).stderr(Stdio::null()).status();
}

/// The fields of a process's state after its name, which may hold blanks.
fn fields(pid: &str) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(')')?.1.split_whitespace().map(str::to_owned).collect())
}

fn state(pid: &str) -> Option<char> {
    fields(pid)?.first()?.chars().next()
}

fn children(of: &str) -> Vec<String> {
    let all = fs::read_dir("/proc").expect("/proc").flatten();
    let ids = all.map(|entry| entry.file_name().to_string_lossy().into_owned());
    ids.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(|id| fields(id).is_some_and(|fields| fields.get(1).is_some_and(|up| up == of)))
        .collect()
}
