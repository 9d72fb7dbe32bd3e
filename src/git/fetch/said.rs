//! What the `git` program said when it failed, as one sentence with what to do.
//!
//! Its words are partly the server's: they are cut, made printable, and searched for the token, which a hostile server
//! may send back.

use std::process::ExitStatus;

use crate::git::GitError;

use super::FetchSpec;

/// Characters of the program's words that are told.
const TOLD: usize = 300;
/// What the program says when it wrote more than it may (`ulimit -f`).
const TOO_LARGE: &str = "File too large";

/// What the program says of a repository with SHA-256 ids.
const OTHER_FORMAT: &str = "mismatched algorithms";

/// Words of the program (or of its TLS libraries), and what to do about them. The first that fits is told.
const HINTS: [(&[&str], &str); 6] = [
    (
        &[
            "could not read Username",
            "could not read Password",
            "Authentication failed",
            "error: 401",
            "error: 403",
        ],
        "the server does not let us in: check the `token` of the source; it must be valid and may read this repository",
    ),
    (
        &["not found", "error: 404"],
        "check `clone_url`; a forge also says so of a repository that the `token` of the source may not read",
    ),
    (
        &["certificate", "SSL", "TLS", "CAfile"],
        "the server's certificate is not trusted: for an authority of your own name its certificate in `git.ca_file`",
    ),
    (
        &["error: 30", "redirect"],
        "redirects are not followed: write the address that the server redirects to into `clone_url`",
    ),
    (
        &["Could not resolve host", "Failed to connect", "Connection refused", "timed out"],
        "check that the server can be reached from this machine",
    ),
    (
        &[
            "fsck",
            "index-pack",
            "bad pack",
            "hung up",
            "Out of memory",
            "protocol error",
            "not valid: is this a git repository",
            "invalid",
        ],
        "what the server sent was refused: check that `clone_url` is a git repository, and look at it on the server with `git fsck`",
    ),
];

/// The failure as an error that names the address and what to do.
pub(super) fn understood(spec: &FetchSpec, status: ExitStatus, said: &str) -> GitError {
    if said.contains(TOO_LARGE) {
        let what =
            format!("what `{}` sent in one fetch, in bytes (`git.max_fetch_bytes`),", spec.url);
        return GitError::OverLimit { what, limit: spec.max_bytes };
    }
    if said.contains(OTHER_FORMAT) {
        return GitError::ObjectFormat { what: format!("`{}`", spec.url) };
    }
    let line = said
        .lines()
        .rev()
        .find(|line| line.starts_with("fatal:") || line.starts_with("error:"))
        .or_else(|| said.lines().rev().find(|line| !line.trim().is_empty()))
        .map_or_else(|| status.to_string(), |line| told(spec, line));
    let hint = HINTS.iter().find(|(words, _)| words.iter().any(|word| line.contains(word)));
    let why = hint.map_or_else(|| line.clone(), |(_, hint)| format!("{line}; {hint}"));
    GitError::Unreachable { url: spec.url.clone(), why }
}

/// One line of the program, printable, short, and without the token in any form.
fn told(spec: &FetchSpec, line: &str) -> String {
    let secrets = [spec.token.clone(), spec.credentials()];
    let bare = spec
        .token
        .as_deref()
        .and_then(|token| token.split_once(':'))
        .map(|(_, bare)| bare.to_owned());
    let mut line = line.trim().to_owned();
    for secret in secrets.into_iter().flatten().chain(bare).filter(|secret| !secret.is_empty()) {
        line = line.replace(&secret, "(secret)");
    }
    line.chars().filter(|c| !c.is_control()).take(TOLD).collect()
}
