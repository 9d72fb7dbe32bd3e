//! Fetching over https by the `git` program.
//!
//! Measures against a hostile server or repository (sem 11.12): only https and only to the configured host, no
//! redirects, no other protocol, no configuration but ours, no hooks, no submodules, no tags, objects checked as
//! they arrive, nothing asked on a terminal, the token in the environment and bound to the host (never in the
//! arguments, which every user of the machine can read), a cap on the bytes of any file written and on the memory of
//! each process, a timeout after which the whole process group is killed, and a minimum version.

use std::fmt;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base64::Engine as _;

use super::GitError;

mod said;

/// The oldest `git` program that is used: older ones have known holes against hostile servers.
pub const MINIMUM_GIT: (u32, u32, u32) = (2, 47, 3);
/// Bytes of the program's messages that are kept.
const OUTPUT_CAP: u64 = 16 << 10;
/// How a certificate begins in a PEM file.
const CERTIFICATE: &[u8] = b"-----BEGIN CERTIFICATE-----";
/// Environment of the operator that reaches the program: proxies and certificate stores.
const PASSED_ON: [&str; 8] = [
    "PATH",
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
];

/// What to fetch and how far to go.
#[derive(Clone)]
pub struct FetchSpec {
    /// `https://host/path` or `file:///path`, as configured; never taken from a payload (sem 11.6).
    pub url: String,
    /// The host that `https` must go to, with a port if it has one; `None`: that of the configured address itself.
    pub host: Option<String>,
    /// A token, or `user:token` where the source wants a certain user name.
    pub token: Option<String>,
    /// What becomes what.
    pub refspecs: Vec<String>,
    /// The `git` program, for https.
    pub git_binary: PathBuf,
    /// When to stop an https fetch. A `file://` fetch is not stopped.
    pub timeout: Duration,
    /// Bytes of the largest file (pack) that an https fetch may write.
    pub max_bytes: u64,
    /// Bytes of memory that each process of an https fetch may take for itself: a server may announce refs for ever.
    pub max_memory: u64,
    /// Refs of the mirror above which a fetch fails.
    pub max_refs: u64,
    /// The authorities that an https server's certificate may come from, as PEM; `None`: those of the machine.
    pub ca_file: Option<PathBuf>,
}

impl fmt::Debug for FetchSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token.as_ref().map(|_| "(secret)");
        f.debug_struct("FetchSpec")
            .field("url", &self.url)
            .field("token", &token)
            .finish_non_exhaustive()
    }
}

impl FetchSpec {
    /// Branches and proposal heads of this address, with the usual limits: ten minutes, 8 GiB, 4 GiB of
    /// memory, 500,000 refs.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            host: None,
            token: None,
            refspecs: ["+refs/heads/*:refs/heads/*", "+refs/pull/*/head:refs/pull/*/head"]
                .map(str::to_owned)
                .to_vec(),
            git_binary: PathBuf::from("git"),
            timeout: Duration::from_mins(10),
            max_bytes: 8 << 30,
            max_memory: 4 << 30,
            max_refs: 500_000,
            ca_file: None,
        }
    }

    /// How this address is fetched, if it is one that may be.
    pub(super) fn transport(&self) -> Result<Transport, GitError> {
        let bad =
            |why: &str| GitError::BadUrl { url: without_user(&self.url), why: why.to_owned() };
        if self.url.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(bad("it contains white space or control characters"));
        }
        if let Some(path) = self.url.strip_prefix("file://") {
            return if path.starts_with('/') {
                Ok(Transport::Local)
            } else {
                Err(bad("`file://` needs an absolute path: file:///path"))
            };
        }
        let Some(rest) = self.url.strip_prefix("https://") else {
            return Err(bad("only https:// and file:// addresses are fetched"));
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if host.contains('@') {
            return Err(bad("credentials belong into `token`, not into the address"));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
        if host.is_empty() || host.starts_with('-') || !host.chars().all(plain) {
            return Err(bad("its host is not a host name"));
        }
        match &self.host {
            Some(wanted) if !wanted.eq_ignore_ascii_case(host) => {
                Err(bad(&format!("its host is not the configured one, {wanted}")))
            }
            _ => Ok(Transport::Https),
        }
    }

    /// `https://host/`, to which the token is bound.
    fn origin(&self) -> String {
        let host = self.url.trim_start_matches("https://").split('/').next().unwrap_or_default();
        format!("https://{host}/")
    }

    /// The token as the header carries it.
    fn credentials(&self) -> Option<String> {
        let token = self.token.as_ref()?;
        let pair =
            if token.contains(':') { token.clone() } else { format!("x-access-token:{token}") };
        Some(base64::engine::general_purpose::STANDARD.encode(pair))
    }
}

/// By which way an address is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    /// In process, from the local disk.
    Local,
    /// By the `git` program.
    Https,
}

fn without_user(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!(
            "{}://…{}",
            &url.get(..scheme).unwrap_or_default(),
            url.get(at..).unwrap_or_default()
        ),
        _ => url.to_owned(),
    }
}

/// Fetches by the program; the error says what it said, and what to do. What a fetch that failed has left half written
/// is removed.
pub(super) fn by_program(dir: &Path, spec: &FetchSpec) -> Result<(), GitError> {
    let home = dir.join("countersign-home");
    std::fs::create_dir_all(&home)
        .map_err(|error| GitError::Program(format!("{}: {error}", home.display())))?;
    check_version(spec)?;
    check_authorities(spec)?;
    let fetched = run(dir, &home, spec);
    if fetched.is_err() {
        remove_leftovers(dir);
    }
    fetched
}

fn run(dir: &Path, home: &Path, spec: &FetchSpec) -> Result<(), GitError> {
    let mut child = command(dir, home, spec).spawn().map_err(|error| {
        GitError::Program(format!("`{}` could not be started: {error}", spec.git_binary.display()))
    })?;
    let said = listen(&mut child);
    let status = wait(&mut child, spec.timeout).ok_or_else(|| GitError::TimedOut {
        url: spec.url.clone(),
        seconds: spec.timeout.as_secs(),
    })?;
    if status.success() {
        return Ok(());
    }
    let said = said.recv_timeout(Duration::from_secs(2)).unwrap_or_default();
    Err(said::understood(spec, status, &said))
}

/// A process that was killed cannot tidy up: half a pack may be as large as the limit, and the next try makes another.
fn remove_leftovers(dir: &Path) {
    let entries = std::fs::read_dir(dir.join("objects/pack")).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"tmp_")) {
        let _ = std::fs::remove_file(entry.path());
    }
}

/// The whole command: limits by `sh` (what is over the limit of a file is told in words, not by a signal), then `git` with an argument vector; nothing is ever spliced into the script.
fn command(dir: &Path, home: &Path, spec: &FetchSpec) -> Command {
    let (blocks, kibibytes) = ((spec.max_bytes / 512).max(1), (spec.max_memory >> 10).max(1));
    let mut command = Command::new("sh");
    command
        .args([
            "-c",
            "trap '' XFSZ && ulimit -f \"$1\" && ulimit -d \"$2\" && shift 2 && exec \"$@\"",
            "sh",
        ])
        .args([blocks.to_string(), kibibytes.to_string()])
        .arg(&spec.git_binary);
    for setting in [
        "protocol.allow=never",
        "protocol.https.allow=always",
        "http.followRedirects=false",
        "http.lowSpeedLimit=1000",
        "http.lowSpeedTime=60",
        "core.hooksPath=/dev/null",
        "core.fsmonitor=false",
        "core.askPass=",
        "credential.helper=",
        "fetch.fsckObjects=true",
        "fetch.recurseSubmodules=false",
        "fetch.unpackLimit=1",
        "transfer.bundleURI=false",
        "gc.auto=0",
        "maintenance.auto=false",
    ] {
        command.args(["-c", setting]);
    }
    command.arg("--git-dir").arg(dir);
    command.args([
        "fetch",
        "--quiet",
        "--prune",
        "--no-tags",
        "--no-write-fetch-head",
        "--no-auto-gc",
        "--no-recurse-submodules",
    ]);
    command.arg("--").arg(&spec.url).args(&spec.refspecs);
    environment(&mut command, home);
    if let Some(file) = &spec.ca_file {
        command.env("GIT_SSL_CAINFO", file);
    }
    if let Some(credentials) = spec.credentials() {
        command.env("GIT_CONFIG_COUNT", "1");
        command.env("GIT_CONFIG_KEY_0", format!("http.{}.extraHeader", spec.origin()));
        command.env("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {credentials}"));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
    command
}

fn environment(command: &mut Command, home: &Path) {
    command.env_clear();
    command.envs(
        PASSED_ON.iter().filter_map(|name| std::env::var_os(name).map(|value| (*name, value))),
    );
    command.env("HOME", home).env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "").env("LC_ALL", "C");
}

/// Reads what the program says, up to a cap, beside us; it may never end if a grandchild keeps the pipe.
fn listen(child: &mut Child) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    if let Some(mut pipe) = child.stderr.take() {
        std::thread::spawn(move || {
            let mut said = Vec::new();
            let _ = (&mut pipe).take(OUTPUT_CAP).read_to_end(&mut said);
            let _ = send.send(String::from_utf8_lossy(&said).into_owned());
            let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        });
    }
    receive
}

/// `None`: it was not ready in time and was killed, with everything it had started.
fn wait(child: &mut Child, timeout: Duration) -> Option<std::process::ExitStatus> {
    let started = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if started.elapsed() < timeout => {
                std::thread::sleep(Duration::from_millis(20));
            }
            _ => {
                let group = child.id().to_string();
                let _ = Command::new("sh")
                    .args(["-c", "kill -s KILL -- \"-$1\"", "sh", &group])
                    .stderr(Stdio::null())
                    .status();
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    }
}

/// Whether the `git` program of a fetch is there and new enough to meet hostile servers; the error says what to do.
pub fn check_version(spec: &FetchSpec) -> Result<(), GitError> {
    let name = spec.git_binary.display();
    let mut command = Command::new(&spec.git_binary);
    environment(&mut command, Path::new("/nonexistent"));
    let output = command.arg("--version").stdin(Stdio::null()).output().map_err(|error| {
        GitError::Program(format!("`{name}` could not be started ({error}); fetching over https needs the git program: install it, or name it"))
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    let (major, minor, patch) = MINIMUM_GIT;
    match version(&text) {
        Some(found) if found >= MINIMUM_GIT => Ok(()),
        _ => Err(GitError::Program(format!(
            "`{name}` says `{}`; fetching over https needs git {major}.{minor}.{patch} or newer, because older ones have known holes against hostile servers: install a newer one, or name it",
            text.trim().chars().take(80).collect::<String>()
        ))),
    }
}

/// Whether the file of authorities can be read, if one is named: the program would only say that nobody is trusted.
pub fn check_authorities(spec: &FetchSpec) -> Result<(), GitError> {
    let Some(file) = &spec.ca_file else { return Ok(()) };
    let why = match std::fs::read(file) {
        Ok(bytes) if bytes.windows(CERTIFICATE.len()).any(|at| at == CERTIFICATE) => return Ok(()),
        Ok(_) => "it holds no certificate".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(GitError::Program(format!(
        "`git.ca_file` cannot be used: {why}; name a PEM file with the certificates of your authorities, readable by this user"
    )))
}

/// `git version 2.47.3` and its kin (`2.39.5 (Apple Git-154)`, `2.50.0.windows.1`).
fn version(text: &str) -> Option<(u32, u32, u32)> {
    let mut parts = text.strip_prefix("git version ")?.split_whitespace().next()?.split('.');
    let mut number = || parts.next().map_or(Some(0), |part| part.split('-').next()?.parse().ok());
    Some((number()?, number()?, number()?))
}

#[cfg(test)]
mod tests;
