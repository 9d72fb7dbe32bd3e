//! PostgreSQL's programs as Debian installs them, run as somebody whom they accept.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// What to say when there is no server to start.
pub(crate) const INSTALL: &str = "PostgreSQL's server binaries are needed for the tests: `apt-get install postgresql-15`, or run tests/run";

/// Where Debian keeps the binaries of the newest version that is installed.
pub(crate) fn binaries() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| entry.ok().map(|entry| entry.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists() && bin.join("pg_ctl").exists())
        .collect();
    found.sort();
    found.pop()
}

/// PostgreSQL refuses to run as root: which user to be instead; `None`: we are an ordinary one.
pub(crate) fn ordinary_user() -> Option<&'static str> {
    let me = Command::new("id").arg("-u").output().expect("id runs");
    (String::from_utf8_lossy(&me.stdout).trim() == "0").then_some("postgres")
}

pub(crate) fn as_user_words(program: &Path) -> Vec<String> {
    let program = program.display().to_string();
    match ordinary_user() {
        Some(user) => ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", &program]
            .map(str::to_owned)
            .into(),
        None => vec![program],
    }
}

pub(crate) fn as_user(program: &Path) -> Command {
    let words = as_user_words(program);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).current_dir("/").stdin(Stdio::null());
    command
}

pub(crate) fn run(command: &mut Command) {
    let done = command.stderr(Stdio::piped()).output().expect(INSTALL);
    assert!(
        done.status.success(),
        "{command:?}: {}\n{INSTALL}",
        String::from_utf8_lossy(&done.stderr)
    );
}

pub(crate) fn free_port() -> u16 {
    // Bound and let go: nobody else takes it in the moment between, or the start fails and says so.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    std::thread::sleep(Duration::from_millis(1));
    listener.local_addr().expect("its address").port()
}

/// Makes an empty cluster in a folder, with the superuser `tester`, who needs no password.
pub(crate) fn make_cluster(bin: &Path, data: &Path) {
    fs::create_dir_all(data).expect("a data folder");
    if let Some(user) = ordinary_user() {
        run(Command::new("chown").args(["-R", user, &data.display().to_string()]));
    }
    fs::set_permissions(data, fs::Permissions::from_mode(0o700)).expect("permissions");
    run(as_user(&bin.join("initdb"))
        .args(["-D", &data.display().to_string(), "-U", "tester", "-A", "trust"])
        .args(["-E", "UTF8", "--locale=C"]));
}
