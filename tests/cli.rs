//! What the commands promise to whoever runs them: exit codes, exact sentences, and a gate client that no server can
//! talk into a pass.
#![expect(clippy::expect_used, reason = "a test that cannot go on ends here, and says at what")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assert_cmd::Command;
use countersign::clock::Clock;
use countersign::domain::Time;
use countersign::ledger::key::SigningKey;
use countersign::ledger::statement::{Envelope, IN_TOTO};
use serde_json::{Value, json};
use tempfile::TempDir;

const SHA: &str = "5d80fe21b7c0ffee5d80fe21b7c0ffee5d80fe21";
const OTHER: &str = "81d3f6e05bc0ffee81d3f6e05bc0ffee81d3f6e0";

/// The program in a folder, with nothing of this machine's settings.
fn countersign(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env_clear().current_dir(folder).args(arguments).timeout(Duration::from_mins(1));
    command
}

fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    told(&countersign(folder, arguments).output().expect("it runs"))
}

fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code().expect("a code"), text(&output.stdout), text(&output.stderr))
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

// ---------------------------------------------------------------------------------------------- servers

/// Answers each request with raw bytes, made from the request's JSON.
fn serve(answer: impl Fn(&Value, &mut TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || {
                let mut stream = stream;
                let body = request(&stream);
                answer(&body, &mut stream);
            });
        }
    });
    format!("http://{address}")
}

/// Reads one request; its body as JSON, with the request line and the token beside it.
fn request(stream: &TcpStream) -> Value {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length, mut token) = (String::new(), 0, String::new());
    reader.read_line(&mut line).expect("a request line");
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).expect("a header");
        let lower = header.trim().to_lowercase();
        if lower.is_empty() {
            break;
        }
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if lower.starts_with("authorization:") {
            header.trim()["authorization:".len()..].trim().clone_into(&mut token);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    json!({ "line": line.trim(), "token": token, "body": body })
}

/// Sends a whole answer. A client that has gone away is no fault of the server.
fn send(stream: &mut TcpStream, status: &str, kind: &str, body: &str) {
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
}

fn json_server(answer: impl Fn(&Value) -> Value + Send + Sync + 'static) -> String {
    serve(move |asked, stream| {
        send(stream, "200 OK", "application/json", &answer(&asked["body"]).to_string());
    })
}

fn fixed(status: &'static str, kind: &'static str, body: &'static str) -> String {
    serve(move |_, stream| send(stream, status, kind, body))
}

// ---------------------------------------------------------------------------------------------- answers

fn in_seconds(seconds: i64) -> Time {
    let micros = Clock::system().now().micros() + seconds * 1_000_000;
    Time::from_micros(micros).expect("a time")
}

/// The pass that a good server would answer.
fn pass(asked: &Value) -> Value {
    json!({
        "pass": true, "state": "approved", "class": "significant", "purpose": asked["purpose"],
        "repo": asked["repo"], "repo_id": "rep_1", "sha": asked["sha"], "tree": null,
        "environment": asked["environment"], "service": asked["service"], "pull": null,
        "decision": "dec_1", "decided_at": in_seconds(-1), "summary": "An architect approved it.",
        "policy": { "organisation": "sha256:00", "repository": null, "base": "main@0000000000" },
        "rules": [], "missing": [], "changes": [], "ledger": { "index": 3 },
        "url": "http://localhost/decisions/dec_1", "nonce": asked["nonce"], "expires_at": in_seconds(60),
    })
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed("localhost/countersign", &[seed; 32]).expect("a key")
}

/// What a good server signs for its answer.
fn statement(answer: &Value) -> Value {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": answer["repo"], "digest": { "gitCommit": answer["sha"] } }],
        "predicateType": "urn:countersign:gate:v1",
        "predicate": {
            "repository": answer["repo_id"], "repo": answer["repo"], "sha": answer["sha"], "tree": null,
            "purpose": answer["purpose"], "environment": answer["environment"], "service": answer["service"],
            "pull": answer["pull"], "policy": answer["policy"], "decision": answer["decision"],
            "state": answer["state"], "pass": answer["pass"], "nonce": answer["nonce"],
            "told_at": answer["decided_at"], "expires_at": answer["expires_at"],
        },
    })
}

fn signed(mut answer: Value, statement: &Value, key: &SigningKey) -> Value {
    let envelope = Envelope::sign(IN_TOTO, statement.to_string().as_bytes(), key);
    let fields = answer.as_object_mut().expect("an object");
    let envelope = serde_json::to_value(envelope).expect("an envelope");
    fields.insert("statement".to_owned(), envelope);
    answer
}

fn gate(server: &str, more: &[&str]) -> (i32, String, String) {
    let folder = folder();
    let base = ["gate", "--repo", "acme/payments", "--sha", SHA, "--environment", "production"];
    let arguments: Vec<&str> = base.iter().chain(more).copied().collect();
    let mut command = countersign(folder.path(), &arguments);
    command.env("COUNTERSIGN_TIMEOUT", "3").env("COUNTERSIGN_SERVER", server);
    told(&command.output().expect("it runs"))
}

/// Whatever it is, it is undecided and says nothing on standard output; the sentence says why.
fn undecided(server: &str, more: &[&str], says: &str) {
    let (code, out, err) = gate(server, more);
    assert_eq!((code, out.as_str()), (3, ""), "{err}");
    assert!(err.starts_with("error: not decided, and so no pass: "), "{err}");
    assert!(err.contains(says), "`{says}` is not in: {err}");
}

// ---------------------------------------------------------------------------------------------- the gate

#[test]
fn a_pass_about_exactly_what_was_asked_ends_with_0() {
    let (code, out, err) = gate(&json_server(pass), &[]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_eq!(
        out,
        "passed   approved · significant · production\n\
         because  An architect approved it.\n\
         page     http://localhost/decisions/dec_1\n\
         exit     0\n"
    );
}

#[test]
fn a_blocked_commit_ends_with_1_and_says_what_is_missing_and_what_to_do() {
    let server = json_server(|asked| {
        let mut answer = pass(asked);
        answer["pass"] = false.into();
        answer["state"] = "pending".into();
        answer["missing"] = json!([
            { "kind": "approval", "role": "architect", "scope": "payments", "have": 0, "need": 1,
              "who": ["m.ortiz", "k.mori"], "why": "0 of 1 counts" },
            { "kind": "ticket", "have": 0, "need": 1, "who": [], "why": "no ticket of PAY is linked" },
        ]);
        answer["rules"] = json!([
            { "id": "ticket", "title": "Ticket", "from": "organisation: floor", "state": "unsatisfied", "why": "",
              "seen": [], "remedy": "Put a key such as PAY-668 in the title\u{1b}[2J" },
        ]);
        answer
    });
    let (code, out, _) = gate(&server, &[]);
    assert_eq!(code, 1);
    assert_eq!(
        out,
        "blocked  pending · significant · production\n\
         missing  approval  architect, scope payments   0 of 1\n         \
         who: m.ortiz, k.mori\n\
         missing  ticket    no ticket of PAY is linked\n\
         do       Put a key such as PAY-668 in the title⟨U+001B⟩[2J\n\
         page     http://localhost/decisions/dec_1\n\
         exit     1\n"
    );
    let (code, out, _) = gate(&server, &["--wait", "1s"]);
    assert_eq!(code, 4, "{out}");
    assert!(out.ends_with("exit     4\n"), "{out}");
}

#[test]
fn what_is_not_enforced_ends_with_0_and_a_word_on_standard_error() {
    let not_enforced = |mode: &'static str, state: &'static str, pass: bool| {
        json_server(move |asked| {
            let mut answer = self::pass(asked);
            answer["state"] = state.into();
            answer["pass"] = pass.into();
            answer["would_pass"] = (state == "approved").into();
            answer["enforced"] = false.into();
            answer["rollout"] = mode.into();
            answer["missing"] = json!([
                { "kind": "approval", "role": "architect", "have": 0, "need": 1, "who": ["m.ortiz"], "why": "0 of 1" },
            ]);
            answer
        })
    };
    let (code, out, err) = gate(&not_enforced("observe", "pending", true), &[]);
    assert_eq!(code, 0);
    assert_eq!(
        err,
        "note: acme/payments is only observed: pending does not block yet; enforced, it would\n"
    );
    assert_eq!(
        out,
        "observed pending · significant · production\n\
         missing  approval  architect   0 of 1\n         \
         who: m.ortiz\n\
         rollout  the rollout here is `observe`: pending is recorded and does not block\n\
         page     http://localhost/decisions/dec_1\n\
         exit     0\n"
    );
    // A no that does not block is not waited for, and JSON has the same words beside it.
    let began = Instant::now();
    let server = not_enforced("warn", "rejected", true);
    let (code, out, err) = gate(&server, &["--wait", "50s", "--format", "json"]);
    assert!(began.elapsed() < Duration::from_secs(40), "it waited");
    let answer: Value = serde_json::from_str(&out).expect("JSON and nothing else");
    assert_eq!((code, &answer["pass"], &answer["state"]), (0, &json!(true), &json!("rejected")));
    assert_eq!(
        err,
        "warning: acme/payments is not enforced yet: rejected does not block today and will once it is. \
         What it needs: approval (architect)\n"
    );
    let (code, out, err) = gate(&not_enforced("observe", "approved", true), &[]);
    assert_eq!((code, err.as_str()), (0, ""), "what passes by itself needs no warning");
    assert!(out.starts_with("passed   approved"), "{out}");
    let (code, out, err) = gate(&not_enforced("observe", "unknown_commit", false), &[]);
    assert_eq!((code, err.as_str()), (1, ""), "{out}");
}

#[test]
fn a_rollout_that_contradicts_itself_is_no_pass() {
    let table = [
        json!({ "state": "pending", "enforced": false, "would_pass": false }),
        json!({ "state": "pending", "rollout": "observe" }),
        json!({ "state": "pending", "rollout": "observe", "enforced": false }),
        json!({ "state": "pending", "rollout": "observe", "enforced": false, "would_pass": true }),
        json!({ "state": "pending", "rollout": "observe", "enforced": true, "would_pass": false }),
        json!({ "state": "pending", "rollout": "enforce", "enforced": false, "would_pass": false }),
        json!({ "state": "pending", "rollout": "off", "enforced": false, "would_pass": false }),
        json!({ "state": "unknown_commit", "rollout": "observe", "enforced": false, "would_pass": false }),
        json!({ "state": "error", "rollout": "warn", "enforced": false, "would_pass": false }),
        json!({ "state": "approved", "enforced": false }),
        json!({ "state": "approved", "would_pass": false }),
        json!({ "pass": false, "state": "pending", "rollout": "observe", "enforced": false, "would_pass": false }),
    ];
    for fields in table {
        let server = json_server(move |asked| {
            let mut answer = pass(asked);
            for (field, value) in fields.as_object().expect("an object") {
                answer[field] = value.clone();
            }
            answer
        });
        undecided(&server, &[], "the answer contradicts itself");
    }
}

#[test]
fn a_rollout_counts_only_if_it_is_signed() {
    let vkey = key(1).verifier().to_string();
    let observed = |asked: &Value| {
        let mut answer = pass(asked);
        for (field, value) in [
            ("state", json!("pending")),
            ("enforced", json!(false)),
            ("would_pass", json!(false)),
            ("rollout", json!("observe")),
        ] {
            answer[field] = value;
        }
        answer
    };
    let told = move |rollout: Value| {
        json_server(move |asked| {
            let answer = observed(asked);
            let mut statement = statement(&answer);
            statement["predicate"]["rollout"] = rollout.clone();
            signed(answer, &statement, &key(1))
        })
    };
    assert_eq!(gate(&told(json!("observe")), &["--key", &vkey]).0, 0);
    for other in [json!("warn"), Value::Null] {
        undecided(&told(other), &["--key", &vkey], "is about another rollout");
    }
}

#[test]
fn waiting_ends_as_soon_as_it_passes() {
    let asked_before = std::sync::atomic::AtomicBool::new(false);
    let server = json_server(move |asked| {
        let mut answer = pass(asked);
        if !asked_before.swap(true, std::sync::atomic::Ordering::SeqCst) {
            answer["pass"] = false.into();
            answer["state"] = "pending".into();
            answer["retry_after"] = 1.into();
        }
        answer
    });
    assert_eq!(gate(&server, &["--wait", "20s"]).0, 0);
}

#[test]
fn no_answer_is_no_pass() {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    undecided(&format!("http://{port}"), &[], "refused");
    undecided(
        &fixed("500 Internal Server Error", "text/plain", "oh"),
        &[],
        "the server answered 500",
    );
    undecided(&fixed("204 No Content", "application/json", ""), &[], "the server answered 204");
    undecided(&fixed("200 OK", "application/json", ""), &[], "no answer of a gate");
    undecided(&fixed("200 OK", "text/html", "<h1>pass: true</h1>"), &[], "no answer of a gate");
    undecided(&fixed("200 OK", "application/json", "{\"pass\": tr"), &[], "no answer of a gate");
    undecided(&fixed("200 OK", "application/json", "{\"pass\": true}"), &[], "no answer of a gate");
    undecided(&fixed("200 OK", "application/json", "true"), &[], "no answer of a gate");
    undecided(
        &fixed(
            "401 Unauthorized",
            "application/problem+json",
            "{\"detail\":\"this token is unknown\"}",
        ),
        &["--token", "wrong"],
        "the server answered 401: this token is unknown",
    );
    undecided(&fixed("403 Forbidden", "text/plain", ""), &[], "403: this token may not do that");
}

#[test]
fn a_redirect_is_not_followed_even_to_a_pass() {
    let good = json_server(pass);
    let server = serve(move |_, stream| {
        let _ = write!(
            stream,
            "HTTP/1.1 307 Temporary Redirect\r\nlocation: {good}/api/v1/gate\r\ncontent-length: 0\r\n\
             connection: close\r\n\r\n"
        );
    });
    undecided(&server, &[], "the server answered 307, a redirect, and none is followed");
}

#[test]
fn a_pass_in_another_status_is_no_pass() {
    for status in ["201 Created", "202 Accepted", "206 Partial Content", "404 Not Found"] {
        let server = serve(move |asked, stream| {
            send(stream, status, "application/json", &pass(&asked["body"]).to_string());
        });
        undecided(&server, &[], &status[..3]);
    }
}

#[test]
fn a_server_that_hangs_or_drips_is_given_up_in_time() {
    let hang = serve(|_, _| std::thread::sleep(Duration::from_secs(30)));
    let drip = serve(|asked, stream| {
        let body = pass(&asked["body"]).to_string();
        let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
        for byte in body.bytes() {
            if stream.write_all(&[byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    let cut = serve(|asked, stream| {
        let body = pass(&asked["body"]).to_string();
        let _ =
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len() + 9);
    });
    let endless = serve(|_, stream| {
        let _ = write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        while stream.write_all(&[b' '; 8192]).is_ok() {}
    });
    for (server, says) in [
        (&hang, "gave no whole answer within 3 s"),
        (&drip, "gave no whole answer within 3 s"),
        (&cut, "end of file before message length reached"),
        (&endless, "answered with more than 1 MiB"),
    ] {
        let began = Instant::now();
        undecided(server, &[], says);
        assert!(began.elapsed() < Duration::from_secs(20), "{says}: {:?}", began.elapsed());
    }
}

#[test]
fn a_pass_about_something_else_is_no_pass() {
    for (field, value, says) in [
        ("sha", json!(OTHER), "about another commit"),
        ("repo", json!("acme/other"), "about another repository"),
        ("environment", json!("staging"), "about another environment"),
        ("environment", json!("production "), "about another environment"),
        ("environment", Value::Null, "about another environment"),
        ("service", json!("ledger"), "about another service"),
        ("purpose", json!("merge"), "about another purpose"),
        ("nonce", json!("0123456789abcdef0123456789abcdef"), "about another nonce"),
        ("nonce", Value::Null, "no answer of a gate"),
        ("expires_at", json!(in_seconds(-1)), "the answer expired at"),
        ("expires_at", Value::Null, "no answer of a gate"),
        ("pass", json!("true"), "no answer of a gate"),
        ("pass", json!(1), "no answer of a gate"),
        ("state", json!("pending"), "contradicts itself"),
        ("state", json!("APPROVED"), "no answer of a gate"),
    ] {
        let server = json_server(move |asked| {
            let mut answer = pass(asked);
            answer[field] = value.clone();
            answer
        });
        undecided(&server, &[], says);
    }
}

#[test]
fn a_field_given_twice_is_no_answer() {
    let server = serve(|asked, stream| {
        let mut answer = pass(&asked["body"]).to_string();
        answer.pop();
        answer.push_str(",\"pass\":true}");
        send(stream, "200 OK", "application/json", &answer);
    });
    undecided(&server, &[], "no answer of a gate");
}

#[test]
fn with_a_key_only_a_signed_pass_passes() {
    let vkey = key(1).verifier().to_string();
    let key_given = ["--key", vkey.as_str()];
    let good = json_server(|asked| signed(pass(asked), &statement(&pass(asked)), &key(1)));
    let server = json_server(|asked| {
        let answer = pass(asked);
        let statement = statement(&answer);
        signed(answer, &statement, &key(1))
    });
    assert_eq!(gate(&server, &key_given).0, 0);
    assert_eq!(gate(&good, &key_given).0, 0, "times apart from the signed ones do not matter");
    undecided(&json_server(pass), &key_given, "has no signed statement");
    let forged = json_server(|asked| signed(pass(asked), &statement(&pass(asked)), &key(2)));
    undecided(&forged, &key_given, "no valid signature of `localhost/countersign`");
    let changed = json_server(|asked| {
        let mut answer = signed(pass(asked), &statement(&pass(asked)), &key(1));
        let other = signed(pass(asked), &json!({ "pass": true }), &key(1));
        answer["statement"]["payload"] = other["statement"]["payload"].clone();
        answer
    });
    undecided(&changed, &key_given, "no valid signature");
    let typed = json_server(|asked| {
        let answer = pass(asked);
        let text = statement(&answer).to_string();
        let envelope = Envelope::sign("text/plain", text.as_bytes(), &key(1));
        let mut answer = answer;
        answer["statement"] = serde_json::to_value(envelope).expect("an envelope");
        answer
    });
    undecided(&typed, &key_given, "not `application/vnd.in-toto+json`");
}

#[test]
fn a_valid_signature_about_something_else_is_worth_nothing() {
    let vkey = key(1).verifier().to_string();
    for (field, value, says) in [
        ("sha", json!(OTHER), "about another commit"),
        ("repo", json!("acme/other"), "about another repository"),
        ("purpose", json!("merge"), "about another purpose"),
        ("environment", json!("staging"), "about another environment"),
        ("service", json!("ledger"), "about another service"),
        ("nonce", json!("earlier"), "about another nonce"),
        ("decision", json!("dec_2"), "about another decision"),
        ("state", json!("auto_approved"), "about another state"),
        ("pass", json!(false), "is no pass"),
        ("pass", json!("true"), "none of a gate"),
        ("expires_at", json!(in_seconds(-1)), "the signed statement expired at"),
    ] {
        let server = json_server(move |asked| {
            let answer = pass(asked);
            let mut statement = statement(&answer);
            statement["predicate"][field] = value.clone();
            signed(answer, &statement, &key(1))
        });
        undecided(&server, &["--key", &vkey], says);
    }
    for (pointer, value) in [
        ("/subject/0/digest/gitCommit", json!(OTHER)),
        ("/subject", json!([])),
        ("/predicateType", json!("https://slsa.dev/provenance/v1")),
        ("/_type", json!("https://in-toto.io/Statement/v0.1")),
    ] {
        let server = json_server(move |asked| {
            let answer = pass(asked);
            let mut statement = statement(&answer);
            *statement.pointer_mut(pointer).expect("it is there") = value.clone();
            signed(answer, &statement, &key(1))
        });
        undecided(&server, &["--key", &vkey], "the signed statement");
    }
}

#[test]
fn json_never_says_pass_where_the_exit_code_does_not() {
    let (code, out, _) = gate(&json_server(pass), &["--format", "json"]);
    let answer: Value = serde_json::from_str(&out).expect("JSON and nothing else");
    assert_eq!((code, &answer["pass"]), (0, &json!(true)));
    let server = json_server(|asked| {
        let mut answer = pass(asked);
        answer["sha"] = OTHER.into();
        answer
    });
    let (code, out, _) = gate(&server, &["--format", "json"]);
    let answer: Value = serde_json::from_str(&out).expect("JSON and nothing else");
    assert_eq!((code, &answer["pass"], &answer["state"]), (3, &json!(false), &json!("error")));
}

#[test]
fn the_token_is_sent_and_the_nonce_is_new_each_time() {
    let nonces = Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    let seen = Arc::clone(&nonces);
    let server = serve(move |asked, stream| {
        assert_eq!(asked["line"], "POST /api/v1/gate HTTP/1.1");
        let nonce = asked["body"]["nonce"].as_str().expect("a nonce").to_owned();
        assert_eq!(nonce.len(), 32);
        seen.lock().expect("a lock").insert(nonce);
        let status = if asked["token"] == "Bearer cs_1" { "200 OK" } else { "401 Unauthorized" };
        send(stream, status, "application/json", &pass(&asked["body"]).to_string());
    });
    for _ in 0..3 {
        assert_eq!(gate(&server, &["--token", "cs_1"]).0, 0);
    }
    assert_eq!(nonces.lock().expect("a lock").len(), 3);
    assert_eq!(gate(&server, &[]).0, 3);
}

#[test]
fn a_commit_that_is_not_the_head_any_more_is_blocked() {
    let server = fixed(
        "409 Conflict",
        "application/problem+json",
        "{\"type\":\"urn:countersign:stale_sha\",\"detail\":\"the head is 81d3f6e05b\"}",
    );
    let (code, out, err) = gate(&server, &[]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert_eq!(err, "error: blocked: the server answered 409: the head is 81d3f6e05b\n");
}

// ---------------------------------------------------------------------------------------------- misuse

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

// ---------------------------------------------------------------------------------------------- policies

#[test]
fn codeowners_become_a_policy_and_what_they_cannot_say_is_shown_with_its_line() {
    let folder = folder();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    write("CODEOWNERS", "/src/ @acme/core\n!/docs/ @acme/docs\n/docs/ lee@acme.example\n");
    write("org.yml", "version: 1\npeople: [{ user: lee, emails: [lee@acme.example] }]\n");
    let import = ["policy", "import", "CODEOWNERS", "--org", "org.yml"];
    let (code, out, err) = run(folder.path(), &import);
    assert_eq!(code, 1, "a line was left out");
    assert!(
        err.contains("error[CS0141]: GitHub knows no negation with `!`\n --> CODEOWNERS:2:1"),
        "{err}"
    );
    assert!(err.ends_with("error: 1 thing to look at; the rest was imported\n"), "{err}");
    assert!(
        out.contains("# organisation file: the roles that it needs\nversion: 1\nroles:\n"),
        "{out}"
    );

    write("CODEOWNERS", "/src/ @acme/core\n/docs/ lee@acme.example\n");
    let part = |only: &str| run(folder.path(), &[&import[..], &["--only", only]].concat());
    let (code, policy, err) = part("policy");
    assert_eq!((code, err.as_str()), (0, ""));
    write(".countersign.yml", &policy);
    let (code, out, _) = run(folder.path(), &["policy", "check", ".countersign.yml"]);
    assert_eq!(code, 0, "{out}");
    let (_, roles, _) = part("roles");
    assert!(roles.contains("  \"lee@acme.example\":\n    - { user: \"lee\" }\n"), "{roles}");

    write("org.yml", "version: 2\n");
    let (code, out, err) = run(folder.path(), &import);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("the organisation file is refused"), "{err}");
    std::fs::write(folder.path().join("CODEOWNERS"), b"\xff").expect("written");
    assert_eq!(run(folder.path(), &["policy", "import", "CODEOWNERS"]).0, 3);
}

#[test]
fn a_typo_in_a_policy_is_shown_with_its_place_and_the_word_that_was_meant() {
    let folder = folder();
    std::fs::write(folder.path().join(".countersign.yml"), "version: 1\naproval:\n  by: []\n")
        .expect("written");
    let (code, out, err) = run(folder.path(), &["policy", "check", ".countersign.yml"]);
    assert_eq!((code, err.as_str()), (1, ""));
    assert_eq!(
        out,
        "error[CS0110]: unknown key `aproval`\n \
         --> .countersign.yml:2:1\n  \
         |\n\
         2 | aproval:\n  \
         | ^^^^^^^ aproval\n  \
         |\n  \
         = help: did you mean `approval`?\n\n\
         .countersign.yml: a repository's policy; it is refused (1 error, 0 warnings)\n"
    );
    std::fs::write(folder.path().join("good.yml"), "version: 1\ndefault: significant\n")
        .expect("written");
    let (code, out, _) = run(folder.path(), &["policy", "check", "good.yml"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "good.yml: a repository's policy; it holds (0 errors, 0 warnings)\n")
    );
    let (code, out, err) = run(folder.path(), &["policy", "check", "absent.yml", "good.yml"]);
    assert_eq!(code, 2);
    assert_eq!(err, "error: absent.yml: No such file or directory (os error 2)\n");
    assert!(out.starts_with("good.yml: "), "the others are still checked: {out}");
}

#[test]
fn cases_pass_and_fail_each_on_its_line() {
    let folder = folder();
    let cases = "- name: code is significant\n  head: { src/a.rs: \"fn main() {}\\n\" }\n  expect: { class: significant, pass: false }\n\
                 - name: code is trivial\n  head: { src/a.rs: \"fn main() {}\\n\" }\n  expect: { class: trivial }\n";
    std::fs::write(folder.path().join("cases.yml"), cases).expect("written");
    let (code, out, err) = run(folder.path(), &["policy", "test", "cases.yml"]);
    assert_eq!((code, err.as_str()), (1, ""));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines[0], "passed  code is significant");
    assert!(
        lines[1].starts_with(
            "FAILED  code is trivial (cases.yml:4): class is significant, not trivial: "
        ),
        "{out}"
    );
    assert_eq!(lines[2..], ["1 passed, 1 failed"]);

    std::fs::write(folder.path().join("cases.yml"), "- name: x\n  head: { a: b }\n  expct: {}\n")
        .expect("written");
    let (code, out, err) = run(folder.path(), &["policy", "test", "cases.yml"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with("error: cases.yml:3:"), "{err}");

    std::fs::write(folder.path().join("bad.yml"), "aproval: {}\n").expect("written");
    std::fs::write(folder.path().join("cases.yml"), cases).expect("written");
    let (code, out, err) =
        run(folder.path(), &["policy", "test", "cases.yml", "--policy", "bad.yml"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.ends_with("error: the policy is refused; no case was run\n"), "{err}");
}

#[test]
fn a_repository_tests_its_own_policy_by_the_cases_it_names() {
    let folder = folder();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    };
    write(".countersign.yml", "version: 1\ndefault: significant\n");
    let (code, out, err) = run(folder.path(), &["policy", "test", "--repo", "."]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("it names no cases; add them as `tests:"), "{err}");

    write(".countersign.yml", "version: 1\ntests: [\"checks/**/*.yml\"]\n");
    let (code, _, err) = run(folder.path(), &["policy", "test", "--repo", "."]);
    assert_eq!(code, 2);
    assert!(err.contains("no file matches `tests` (checks/**/*.yml)"), "{err}");

    let case = |class: &str| {
        format!("- name: code is {class}\n  head: {{ a.rs: x }}\n  expect: {{ class: {class} }}\n")
    };
    write("checks/a/code.yml", &case("significant"));
    write("checks/b.yml", &case("trivial"));
    write("other.yml", "not a case");
    let (code, out, err) = run(folder.path(), &["policy", "test", "--repo", "."]);
    assert_eq!((code, err.as_str()), (1, ""));
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(
        (lines.len(), lines[0], lines[2]),
        (3, "passed  code is significant", "1 passed, 1 failed")
    );
    assert!(lines[1].starts_with("FAILED  code is trivial (./checks/b.yml:1): "), "{out}");
}

#[test]
fn both_schemas_are_json() {
    for kind in ["repository", "organisation"] {
        let (code, out, _) = run(folder().path(), &["policy", "schema", kind]);
        let schema: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!((code, &schema["additionalProperties"]), (0, &json!(false)));
    }
}

/// A repository with a change on top of `base`, made by the git program: the new head's id.
fn clone_with_a_change(folder: &Path) -> String {
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git")
            .args([
                "-c",
                "user.name=Dev",
                "-c",
                "user.email=dev1@example.org",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .current_dir(folder)
            .output()
            .expect("git runs");
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    git(&["init", "-q", "-b", "main"]);
    std::fs::write(folder.join("values.yaml"), "replicas: 2\n").expect("written");
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "First"]);
    git(&["tag", "base"]);
    std::fs::write(folder.join("values.yaml"), "replicas: 3\n").expect("written");
    // A policy on the head has no say about the head.
    std::fs::write(folder.join(".countersign.yml"), "version: 1\n").expect("written");
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "More replicas"]);
    git(&["rev-parse", "HEAD"])
}

#[test]
fn a_change_is_explained_by_the_policy_of_its_base() {
    let folder = folder();
    let head = clone_with_a_change(folder.path());
    let explain = ["policy", "explain", "--repo", ".", "--base", "base", "--head", "main"];
    let (code, out, err) = run(folder.path(), &explain);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with(&format!("change   {} on base@", &head[..10])), "{out}");
    assert!(out.contains("\nFiles\n") && out.contains("values.yaml"), "{out}");
    assert!(out.contains("repository none"), "the head's policy has no say: {out}");
    assert!(out.contains("\nRules\n"), "{out}");
    assert!(out.contains("\nKeys of values.yaml\n") && out.contains("replicas"), "{out}");
    let (code, out, _) = run(folder.path(), &[&explain[..], &["--format", "json"]].concat());
    let told: Value = serde_json::from_str(&out).expect("JSON and nothing else");
    assert_eq!((code, &told["head"]), (0, &json!(head)));
    assert_eq!(told["decision"]["classification"]["class"], "critical", "it touches the policy");
    let (code, _, err) = run(
        folder.path(),
        &["policy", "explain", "--repo", ".", "--base", "nowhere", "--head", "main"],
    );
    assert_eq!((code, err.as_str()), (2, "error: `nowhere` names no commit here\n"));
    let git = |arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        let done = git.args(arguments).current_dir(folder.path()).status();
        assert!(done.expect("git runs").success());
    };
    git(&["init", "-q", "--object-format=sha256", "other"]);
    let other = ["policy", "explain", "--repo", "other", "--base", "main", "--head", "main"];
    let (code, out, err) = run(folder.path(), &other);
    assert_eq!((code, out.as_str()), (3, ""));
    assert!(err.contains("its object ids are SHA-256, which this version does not read"), "{err}");
}

// ---------------------------------------------------------------------------------------------- the database

#[test]
fn a_fresh_ledger_verifies_and_a_missing_one_does_not() {
    let folder = folder();
    let (code, out, err) = run(folder.path(), &["verify"]);
    assert_eq!((code, out.as_str()), (3, ""));
    assert_eq!(
        err,
        "error: there is no database at countersign.db; name the service's configuration with --config FILE\n"
    );
    assert!(!folder.path().join("countersign.db").exists(), "nothing was made by looking");

    let (code, secret, err) =
        run(folder.path(), &["token", "create", "--role", "ci", "--expires", "90d", "ci-payments"]);
    assert_eq!(code, 0, "{err}");
    assert!(secret.starts_with("cs_") && secret.trim().len() == 46, "{secret}");
    assert!(err.contains("of role ci; its secret follows and is not shown again"), "{err}");

    let (code, out, err) = run(folder.path(), &["verify"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("size     ") && out.contains("\nroot     "), "{out}");
    assert!(out.ends_with("\nholds    every entry is what was recorded\n"), "{out}");
}

#[test]
fn a_ledger_behind_its_signed_head_does_not_hold_and_says_why() {
    let folder = folder();
    run(folder.path(), &["token", "create", "--role", "ci", "x"]);
    let pem = std::fs::read_to_string(folder.path().join("countersign.key")).expect("a key");
    let key = SigningKey::from_pem("localhost/countersign", &pem).expect("a key");
    let root = countersign::ledger::tree::Frontier::new().root();
    let head = countersign::ledger::checkpoint::Checkpoint::new("localhost/countersign", 999, root);
    let note = head.sign(&key).expect("a note");
    std::fs::write(folder.path().join("countersign.key.head"), note).expect("written");
    let (code, out, _) = run(folder.path(), &["verify"]);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("\nclosed   the database's ledger has "), "{out}");
    assert!(out.ends_with("\nbroken   1 fault found\n"), "{out}");
    let (code, _, err) = run(folder.path(), &["token", "create", "--role", "ci", "y"]);
    assert_eq!(code, 3, "nothing is written: {err}");
}

#[test]
fn a_ledger_is_replayed_and_rebuilt_and_what_nothing_recorded_is_named() {
    let folder = folder();
    run(folder.path(), &["token", "create", "--role", "ci", "x"]);
    let (code, out, err) = run(folder.path(), &["verify", "--replay"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("\nreplay   0 decisions, 0 changes, 0 deploys made again\n"), "{out}");
    assert!(out.ends_with("\nequal    everything is what comes of what was recorded\n"), "{out}");
    let (code, _, err) = run(folder.path(), &["verify", "--last", "3"]);
    assert_eq!(code, 2, "{err}");

    let (code, out, err) = run(folder.path(), &["rebuild", "--into", "sqlite:other.db"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("not rebuilt: token: only digests of secrets are kept"), "{out}");
    assert!(
        out.ends_with("\nequal    the original is what was recorded, and nothing else\n"),
        "{out}"
    );
    let (code, out, err) = run(folder.path(), &["rebuild", "--into", "sqlite:other.db"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(
        err.starts_with("error: --into: the database is not empty (`ledger_entry` has "),
        "{err}"
    );

    let insert = "insert into ticket_project (project) values ('FORGED')";
    let database = format!("sqlite:{}", folder.path().join("countersign.db").display());
    let forge = async {
        let db = countersign::store::Db::open(&database).await.expect("opens");
        let countersign::store::Db::Sqlite { writer, .. } = &db else { panic!("not SQLite") };
        sqlx::query(insert).execute(writer).await.expect("inserted");
        db.close().await;
    };
    tokio::runtime::Runtime::new().expect("a runtime").block_on(forge);
    let (code, out, _) = run(folder.path(), &["rebuild", "--into", "sqlite:third.db"]);
    assert_eq!(code, 1, "{out}");
    let named = "\ndiffers  ticket_project FORGED: follows from nothing that was recorded\n";
    assert!(out.contains(named) && out.ends_with("\nunequal  1 row differs\n"), "{out}");
}

#[test]
fn a_bundle_is_made_beside_the_service_and_checked_without_it() {
    let folder = folder();
    let (code, _, err) = run(folder.path(), &["demo", "--once", "--dir", "town"]);
    assert_eq!(code, 0, "{err}");
    let town = folder.path().join("town");
    let period = ["bundle", "--from", "2026-10-01", "--to", "2026-11-30", "-o", "b.zip"];
    let (code, out, err) = run(&town, &period);
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("file     b.zip\nholds    "), "{out}");
    let key = out.lines().find_map(|line| line.strip_prefix("key      ")).expect("the key");
    let first = std::fs::read(town.join("b.zip")).expect("a file");
    assert_eq!(run(&town, &period).0, 0);
    assert!(std::fs::read(town.join("b.zip")).expect("a file") == first, "made again, it differs");
    let left = std::fs::read_dir(&town).expect("a folder").flatten();
    let left: Vec<_> = left.map(|one| one.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".part")), "{left:?}");

    // From here on there is the file and the key, and nothing else.
    let bare = self::folder();
    std::fs::copy(town.join("b.zip"), bare.path().join("b.zip")).expect("copied");
    let (code, out, err) = run(bare.path(), &["verify", "b.zip", "--key", key]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("\nnot      that nothing was left out: "), "{out}");
    assert!(out.ends_with(&format!("\nholds    under the key {key}\n")), "{out}");
    let (code, out, _) = run(bare.path(), &["verify", "b.zip"]);
    assert_eq!(code, 3, "whose it is was not told: {out}");
    assert!(out.contains("\nUNANCHORED the key came with the bundle"), "{out}");
    let python = python_verifier(bare.path(), key);
    assert!(python.1.ends_with(&format!("\nholds    under the key {key}\n")), "{}", python.1);
    assert_eq!(python.0, 0);

    let mut touched = first;
    let middle = touched.len() / 2;
    touched[middle] ^= 1;
    std::fs::write(bare.path().join("b.zip"), touched).expect("written");
    let (code, out, _) = run(bare.path(), &["verify", "b.zip", "--key", key]);
    assert_eq!(code, 1, "{out}");
    assert!(out.starts_with("at       ") && out.contains("\nbroken   "), "{out}");
    let (code, out, _) = python_verifier(bare.path(), key);
    assert_eq!(code, 1, "{out}");

    for (arguments, says) in [
        (vec!["bundle", "-o", "x.zip"], "--change <ID>|--from <D>"),
        (vec!["bundle", "--from", "2026-10-01", "-o", "x.zip"], "--to <D>"),
        (
            vec!["bundle", "--from", "2026-10-02", "--to", "2026-10-01", "-o", "x.zip"],
            "the period ends before",
        ),
    ] {
        let (code, _, err) = run(&town, &arguments);
        assert_eq!(code, 2, "{arguments:?}: {err}");
        assert!(err.contains(says), "{arguments:?}: {err}");
    }
    let (code, _, err) = run(&town, &["bundle", "--change", "chg_x", "-o", "x.zip"]);
    assert_eq!((code, err.as_str()), (3, "error: there is no change `chg_x`\n"));
    assert!(!town.join("x.zip").exists());
}

/// The Python verifier as an auditor starts it.
fn python_verifier(folder: &Path, key: &str) -> (i32, String, String) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/app/bundle/verify/verify.py");
    let mut python = std::process::Command::new("python3");
    let python = python.args(["-I", "-S", "-B", script, "b.zip", "--key", key]);
    told(
        &python
            .current_dir(folder)
            .output()
            .expect("python3 runs: install python3, or run tests/run"),
    )
}

#[test]
fn a_token_is_listed_without_its_secret_and_revoked_once() {
    let folder = folder();
    let (_, secret, _) = run(folder.path(), &["token", "create", "--role", "reader", "audit"]);
    let (code, out, _) = run(folder.path(), &["token", "list"]);
    assert_eq!(code, 0);
    assert!(out.contains("audit") && out.contains("reader") && out.contains("valid"), "{out}");
    assert!(!out.contains(secret.trim()));
    let id =
        out.split_whitespace().find(|word| word.starts_with("tok_")).expect("an id").to_owned();
    let (code, out, _) = run(folder.path(), &["token", "revoke", &id]);
    assert_eq!((code, out), (0, format!("{id} is revoked\n")));
    let (code, _, err) = run(folder.path(), &["token", "revoke", &id]);
    assert_eq!((code, err), (3, format!("error: there is no token `{id}` that is not revoked\n")));
}

#[test]
fn a_sign_in_link_is_printed_alone() {
    let folder = folder();
    let (code, out, err) = run(folder.path(), &["sign-in", "h.brandt"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("http://127.0.0.1:8480/sign-in/"), "{out}");
    assert_eq!(out.lines().count(), 1);
    assert!(err.contains("signs h.brandt in once, as auditor, within the next hour:"), "{err}");
}

#[test]
fn a_link_needs_a_repository_that_is_known() {
    let folder = folder();
    run(folder.path(), &["token", "create", "--role", "ci", "x"]);
    let (code, _, err) = run(folder.path(), &["link", "acme/payments#42", "PAY-7"]);
    assert_eq!(code, 3);
    assert_eq!(
        err,
        "error: there is no repository `acme/payments` here; add it to the configuration as [[repository]]\n"
    );
}

#[test]
fn a_baseline_goes_to_a_server_that_is_named_with_its_reason() {
    let folder = folder();
    let server = serve(|asked, stream| {
        let good = asked["line"] == "POST /api/v1/baselines HTTP/1.1"
            && asked["token"] == "Bearer cs_1"
            && asked["body"]
                == json!({ "repo": "acme/payments", "service": "payments", "environment": "production",
                           "sha": SHA, "reason": "it ran before" });
        let (status, body) = if good {
            ("201 Created", "{\"id\":\"bas_1\"}")
        } else {
            ("422 Unprocessable Content", "{\"detail\":\"reason: say why\"}")
        };
        send(stream, status, "application/json", body);
    });
    let base = ["baseline", "--repo", "acme/payments", "--service", "payments"];
    let rest = ["--environment", "production", "--sha", SHA];
    let at = ["--server", &server, "--token", "cs_1"];
    let with = |reason: &'static str| [&base[..], &rest, &at, &["--reason", reason]].concat();
    let (code, out, err) = run(folder.path(), &with("it ran before"));
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (0, "payments in production: 5d80fe21b7 is the baseline\n", "")
    );
    let (code, out, err) = run(folder.path(), &with("otherwise"));
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(err.contains("reason: say why"), "{err}");
    let (code, _, err) = run(folder.path(), &with(" "));
    assert_eq!(
        (code, err.as_str()),
        (2, "error: --reason: say how you know that this commit runs there\n")
    );
    run(folder.path(), &["token", "create", "--role", "ci", "x"]);
    let local = [&base[..], &rest, &["--reason", "it ran before"]].concat();
    let (code, _, err) = run(folder.path(), &local);
    assert_eq!(
        (code, err.as_str()),
        (
            3,
            "error: there is no repository `acme/payments` here; add it to the configuration as [[repository]]\n"
        )
    );
}

#[test]
fn an_override_says_who_and_needs_a_repository_that_is_known() {
    let folder = folder();
    run(folder.path(), &["token", "create", "--role", "ci", "x"]);
    let with = |by: &'static str| {
        let reason = "the scanner took a test key for a real one";
        ["veto", "override", "acme/payments#42", "90", "--by", by, "--reason", reason]
    };
    let (code, out, err) = run(folder.path(), &with(" "));
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(err, "error: --by: say who overrides the veto\n");
    let (code, _, err) = run(folder.path(), &with("helen"));
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("acme/payments"), "{err}");
}

#[test]
fn a_disowned_trailer_says_who_and_needs_a_repository_that_is_known() {
    let folder = folder();
    run(folder.path(), &["token", "create", "--role", "ci", "x"]);
    let with = |by: &'static str| {
        let reason = "I never saw this branch before";
        ["authors", "disown", "acme/payments#42", SHA, "--by", by, "--reason", reason]
    };
    let (code, out, err) = run(folder.path(), &with(" "));
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(err, "error: --by: say who disowns the trailer\n");
    let (code, _, err) = run(folder.path(), &with("helen"));
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("acme/payments"), "{err}");
}

#[test]
fn links_go_to_a_server_that_is_named() {
    let folder = folder();
    let server = serve(|asked, stream| {
        let good = match asked["line"].as_str().expect("a line") {
            "POST /api/v1/links HTTP/1.1" => {
                asked["body"]
                    == json!({ "repo": "acme/payments", "pull": 42, "ticket": "PAY-7", "reason": "" })
            }
            line => {
                line == "DELETE /api/v1/links?repo=acme%2Fpayments&pull=42&ticket=PAY-7&reason=by+mistake HTTP/1.1"
            }
        };
        let status = if good { "200 OK" } else { "422 Unprocessable Content" };
        send(stream, status, "application/json", "{\"id\":\"lnk_1\"}");
    });
    let (code, out, err) =
        run(folder.path(), &["link", "acme/payments#42", "PAY-7", "--server", &server]);
    assert_eq!((code, out.as_str()), (0, "acme/payments#42 is linked to PAY-7\n"), "{err}");
    let unlink =
        ["unlink", "acme/payments#42", "PAY-7", "--reason", "by mistake", "--server", &server];
    let (code, out, err) = run(folder.path(), &unlink);
    assert_eq!(
        (code, out.as_str()),
        (0, "acme/payments#42 is no longer linked to PAY-7\n"),
        "{err}"
    );
    let html = fixed("200 OK", "text/html", "<p>signed in</p>");
    let (code, _, err) =
        run(folder.path(), &["link", "acme/payments#42", "PAY-7", "--server", &html]);
    assert_eq!(
        (code, err.as_str()),
        (3, "error: what the server sent is no answer of Countersign\n")
    );
}

#[test]
fn the_configuration_is_named_before_or_after_the_command_and_refused_whole() {
    let folder = folder();
    std::fs::write(
        folder.path().join("c.toml"),
        "[server]\nlisten = \"127.0.0.1:0\"\nlissten = 1\n",
    )
    .expect("written");
    for arguments in [["--config", "c.toml", "doctor"], ["doctor", "--config", "c.toml"]] {
        let (code, out, _) = run(folder.path(), &arguments);
        assert_eq!(code, 1);
        assert!(
            out.contains("problem  configuration") && out.contains("did you mean `listen`?"),
            "{out}"
        );
    }
    let (code, out, err) = run(folder.path(), &["serve", "--config", "c.toml"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with("error: the configuration is refused\n"), "{err}");
}

#[test]
fn the_doctor_names_what_is_wrong_and_what_to_do() {
    let folder = folder();
    let (code, out, _) = run(folder.path(), &["doctor"]);
    assert_eq!(code, 0, "{out}");
    assert!(!folder.path().join("countersign.db").exists(), "nothing was made by looking");
    std::fs::write(
        folder.path().join("countersign.toml"),
        "[policy]\norganisation = \"organisation.yml\"\n\n[[source]]\nid = \"github\"\nkind = \"github\"\nsecret = { env = \"NO_SUCH\" }\n",
    )
    .expect("written");
    std::fs::write(folder.path().join("countersign.key"), "no key").expect("written");
    let (code, out, _) = run(folder.path(), &["doctor"]);
    assert_eq!(code, 1, "{out}");
    for says in [
        "problem  source github            the environment variable NO_SUCH is not set; a secret is to come from it",
        "problem  organisation             organisation.yml: No such file or directory (os error 2); write it, or take \
         policy.organisation out of the configuration",
        "run: chmod 600 countersign.key",
    ] {
        assert!(out.contains(says), "`{says}` is not in:\n{out}");
    }
}

#[test]
fn the_service_starts_and_stops_in_order() {
    use std::process::{Command, Stdio};
    let folder = folder();
    let child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("serve")
        .env_clear()
        .env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0")
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.expect("it runs");
    let mut log = BufReader::new(child.stderr.take().expect("its log"));
    let mut said = String::new();
    while !said.contains("key of the ledger") {
        assert!(log.read_line(&mut said).expect("a line") > 0, "it ended early: {said}");
    }
    let stopped = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(stopped.expect("kill runs").success());
    let mut rest = String::new();
    log.read_to_string(&mut rest).expect("its last words");
    assert_eq!(child.wait().expect("it ends").code(), Some(0), "{said}{rest}");
    assert!(rest.contains("stopped"), "{rest}");
}

#[test]
fn a_starter_policy_comes_from_a_repositorys_own_history() {
    let folder = folder();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=Ann", "-c", "user.email=ann@acme.example"];
        let output = Command::new("git")
            .current_dir(folder.path())
            .args(identity)
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(output.status.success(), "git {arguments:?}");
    };
    let commit = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
        git(&["add", "-A"]);
        git(&["commit", "-q", "-m", "x"]);
    };
    git(&["init", "-q", "-b", "main"]);
    let (code, _, err) = run(folder.path(), &["policy", "suggest", "."]);
    assert_eq!(code, 3);
    assert!(err.contains("the repository has no commit yet"), "{err}");

    std::fs::create_dir(folder.path().join("deploy")).expect("made");
    for replicas in 1..=5 {
        commit("deploy/web.yaml", &format!("replicas: {replicas}\n"));
        commit("main.rs", &format!("fn main() {{ {replicas} }}\n"));
    }
    let (code, out, err) = run(folder.path(), &["policy", "suggest", "."]);
    assert_eq!(code, 0, "{err}");
    assert!(
        out.contains("allow: [{ key: 'replicas', type: int, min: 1, max: 5, max_delta_pct: 100 }]"),
        "{out}"
    );
    assert!(
        err.contains("1 rule from 10 landings")
            && err.contains("4 of them, 40.0 %, would have passed"),
        "{err}"
    );
    std::fs::write(folder.path().join("own.yml"), &out).expect("written");
    let (code, _, err) = run(folder.path(), &["policy", "check", "own.yml"]);
    assert_eq!((code, err.as_str()), (0, ""), "what is proposed is a policy");

    let (code, out, err) = run(folder.path(), &["policy", "suggest", ".", "--least", "9"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains("nothing is proposed"), "{err}");
    let (code, _, err) = run(folder.path(), &["policy", "suggest", ".", "--branch", "nope"]);
    assert_eq!(code, 2);
    assert!(err.contains("there is no branch `nope`"), "{err}");
}
