//! Wrong arguments, help, and a reader who stops reading.

use crate::policy::clone_with_a_change;
use crate::world::{SHA, countersign, folder, json_server, pass, run, told};

#[test]
fn misuse_ends_with_2_and_says_what_is_needed() {
    let folder = folder();
    let at = "http://127.0.0.1:9";
    let gate = ["gate", "--repo", "a/b", "--sha", SHA];
    let deploy = ["gate", "--repo", "a/b", "--sha", SHA, "--environment", "production"];
    let with = |base: &[&'static str], more: &[&'static str]| [base, more].concat();
    for (arguments, says) in [
        (
            with(&gate, &[]),
            "--environment: where is it to go? For example --environment production",
        ),
        (with(&deploy, &[]), "which server is asked? Give --server URL, or set COUNTERSIGN_SERVER"),
        (
            with(&deploy, &["--server", "ftp://x"]),
            "--server `ftp://x`: an http:// or https:// address is needed",
        ),
        (
            with(&deploy, &["--server", "https://u:p@x"]),
            "--server: a name or password does not belong in the address; use --token",
        ),
        (
            with(&deploy, &["--server", at, "--key", " "]),
            "the key is empty; give --key VKEY, or unset COUNTERSIGN_KEY",
        ),
        (
            with(&deploy, &["--server", at, "--token", ""]),
            "the token is empty; give --token TOKEN or set COUNTERSIGN_TOKEN (a missing secret of a pipeline is often an \
             empty variable)",
        ),
        (
            with(&gate, &["--purpose", "merge", "--environment", "production"]),
            "--environment and --service are only for --purpose deploy",
        ),
        (
            with(&deploy, &["--pull", "4"]),
            "--pull is only for --purpose merge; a deploy is about every change that it brings",
        ),
        (
            vec!["unlink", "a/b#4", "PAY-7", "--reason", " "],
            "--reason: say why the link is retracted",
        ),
        (
            vec!["verify", "bundle.zip", "--key", "a+b+c"],
            "--key: `a+b+c` is not a verifier key of the form NAME+ID+BASE64",
        ),
        (
            vec!["sign-in", "h.brandt", "--role", "ci"],
            "--role ci: pipelines use tokens; `countersign token create` makes one",
        ),
        (vec!["token", "create", "--role", "ci", " "], "name: a token needs a name"),
    ] {
        let (code, out, err) = run(folder.path(), &arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.ends_with(&format!("error: {says}\n")), "{arguments:?}: {err}");
    }
}

#[test]
fn what_the_arguments_themselves_forbid_ends_with_2() {
    let folder = folder();
    for (arguments, says) in [
        (vec![], "Usage: countersign"),
        (vec!["replay"], "unrecognized subcommand 'replay'"),
        (vec!["gate"], "--repo <R>"),
        (
            vec!["gate", "--repo", "a/b", "--sha", SHA, "--wait", "soon"],
            "a duration such as 90s, 10m or 1h is needed",
        ),
        (
            vec!["gate", "--repo", "a/b", "--sha", SHA, "--purpose", "ship"],
            "possible values: merge, deploy",
        ),
        (
            vec!["link", "a/b", "PAY-7"],
            "a repository and a number such as acme/payments#42 are needed",
        ),
        (vec!["unlink", "a/b#4", "PAY-7"], "--reason <TEXT>"),
        (vec!["veto", "override", "a/b#4", "90"], "--reason <TEXT>"),
        (
            vec!["veto", "override", "a/b", "90", "--by", "x", "--reason", "y"],
            "a repository and a number such as acme/payments#42 are needed",
        ),
        (vec!["authors", "disown", "a/b#4", SHA], "--reason <TEXT>"),
        (vec!["policy", "check"], "<FILE>..."),
        (vec!["policy", "test"], "<CASES>..."),
        (vec!["policy", "test", "--repo", ".", "x.yml"], "cannot be used with"),
        (vec!["policy", "explain", "--repo", "."], "--base <REV>"),
        (vec!["policy", "replay"], "--policy <FILE>"),
        (vec!["policy", "replay", "--policy", "x.yml"], "--repo <R>"),
        (
            vec!["policy", "replay", "--org", "x.yml", "--since", "yesterday"],
            "`yesterday` is neither a date such as 2026-10-31 nor a time",
        ),
        (vec!["policy", "replay", "--org", "x.yml", "--last", "0"], "0 is not in 1.."),
        (vec!["policy", "replay", "--org", "nowhere.yml"], "nowhere.yml: No such file"),
        (vec!["policy", "import"], "<CODEOWNERS>"),
        (vec!["policy", "import", "absent"], "absent: No such file or directory"),
        (vec!["policy", "import", "x", "--dialect", "gitea"], "possible values: github, gitlab"),
        (vec!["policy", "import", "x", "--only", "people"], "possible values: policy, roles"),
        (vec!["policy", "schema", "team"], "possible values: repository, organisation"),
        (vec!["token", "create", "x"], "--role <R>"),
        (
            vec!["token", "create", "--role", "boss", "x"],
            "`boss` is no role: one of reader, engineer, ci, auditor, admin is needed",
        ),
        (
            vec!["token", "create", "--role", "ci", "--expires", "0s", "x"],
            "more than nothing is needed",
        ),
        (vec!["token", "revoke"], "<ID>"),
        (vec!["sign-in"], "<PERSON>"),
        (vec!["doctor", "me"], "unexpected argument 'me'"),
    ] {
        let (code, out, err) = run(folder.path(), &arguments);
        assert_eq!((code, out.as_str()), (2, ""), "{arguments:?}: {err}");
        assert!(err.contains(says), "{arguments:?}: {err}");
    }
}

#[test]
fn an_abbreviated_commit_is_looked_up_in_the_clone_or_refused() {
    let folder = folder();
    let (code, _, err) = run(
        folder.path(),
        &["gate", "--repo", "a/b", "--sha", "5d80fe2", "--environment", "production"],
    );
    assert_eq!(code, 2);
    assert!(
        err.starts_with(
            "error: --sha `5d80fe2` is not a full commit id (40 or 64 hexadecimal digits), and it could not be looked up here:"
        ),
        "{err}"
    );
    let head = clone_with_a_change(folder.path());
    let server = json_server(pass);
    let mut command = countersign(
        folder.path(),
        &["gate", "--repo", "a/b", "--sha", &head[..10], "--environment", "production"],
    );
    let (code, out, err) =
        told(&command.env("COUNTERSIGN_SERVER", server).output().expect("it runs"));
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn help_lists_no_command_that_does_nothing() {
    let (code, out, _) = run(folder().path(), &["--help"]);
    assert_eq!(code, 0);
    for later in ["openapi", "report", "role ", "backfill", "deploy "] {
        assert!(!out.contains(&format!("\n  {later}")), "{later}");
    }
    assert!(out.contains("\n  countersign serve --config countersign.toml\n"));
}

#[test]
fn a_reader_who_stops_reading_is_no_fault() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .args(["policy", "schema", "organisation"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}
