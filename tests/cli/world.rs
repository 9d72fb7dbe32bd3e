//! What the tests of the commands share: the program in a folder, servers of all kinds, and what a good one answers.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use assert_cmd::Command;
use countersign::clock::Clock;
use countersign::domain::Time;
use countersign::ledger::key::SigningKey;
use countersign::ledger::statement::Envelope;
use countersign::ledger::statement::IN_TOTO;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

pub const SHA: &str = "5d80fe21b7c0ffee5d80fe21b7c0ffee5d80fe21";

pub const OTHER: &str = "81d3f6e05bc0ffee81d3f6e05bc0ffee81d3f6e0";

/// The program in a folder, with nothing of this machine's settings.
pub fn countersign(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env_clear().current_dir(folder).args(arguments).timeout(Duration::from_mins(1));
    command
}

pub fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    told(&countersign(folder, arguments).output().expect("it runs"))
}

pub fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
    (output.status.code().expect("a code"), text(&output.stdout), text(&output.stderr))
}

pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Answers each request with raw bytes, made from the request's JSON.
pub fn serve(answer: impl Fn(&Value, &mut TcpStream) + Send + Sync + 'static) -> String {
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
pub fn request(stream: &TcpStream) -> Value {
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
pub fn send(stream: &mut TcpStream, status: &str, kind: &str, body: &str) {
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
}

pub fn json_server(answer: impl Fn(&Value) -> Value + Send + Sync + 'static) -> String {
    serve(move |asked, stream| {
        send(stream, "200 OK", "application/json", &answer(&asked["body"]).to_string());
    })
}

pub fn fixed(status: &'static str, kind: &'static str, body: &'static str) -> String {
    serve(move |_, stream| send(stream, status, kind, body))
}

pub fn in_seconds(seconds: i64) -> Time {
    let micros = Clock::system().now().micros() + seconds * 1_000_000;
    Time::from_micros(micros).expect("a time")
}

/// The pass that a good server would answer.
pub fn pass(asked: &Value) -> Value {
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

pub fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed("localhost/countersign", &[seed; 32]).expect("a key")
}

/// What a good server signs for its answer.
pub fn statement(answer: &Value) -> Value {
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

pub fn signed(mut answer: Value, statement: &Value, key: &SigningKey) -> Value {
    let envelope = Envelope::sign(IN_TOTO, statement.to_string().as_bytes(), key);
    let fields = answer.as_object_mut().expect("an object");
    let envelope = serde_json::to_value(envelope).expect("an envelope");
    fields.insert("statement".to_owned(), envelope);
    answer
}

pub fn gate(server: &str, more: &[&str]) -> (i32, String, String) {
    let folder = folder();
    let base = ["gate", "--repo", "acme/payments", "--sha", SHA, "--environment", "production"];
    let arguments: Vec<&str> = base.iter().chain(more).copied().collect();
    let mut command = countersign(folder.path(), &arguments);
    command.env("COUNTERSIGN_TIMEOUT", "3").env("COUNTERSIGN_SERVER", server);
    told(&command.output().expect("it runs"))
}

/// Whatever it is, it is undecided and says nothing on standard output; the sentence says why.
pub fn undecided(server: &str, more: &[&str], says: &str) {
    let (code, out, err) = gate(server, more);
    assert_eq!((code, out.as_str()), (3, ""), "{err}");
    assert!(err.starts_with("error: not decided, and so no pass: "), "{err}");
    assert!(err.contains(says), "`{says}` is not in: {err}");
}
