//! The gate's client: exit codes, exact sentences, and no server talks it into a pass.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value;
use serde_json::json;

use crate::world::{OTHER, fixed, gate, in_seconds, json_server, pass, send, serve, undecided};

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
