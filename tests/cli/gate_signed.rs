//! The gate's client: what is not enforced, and what only a signature makes true.

use std::time::Duration;
use std::time::Instant;

use countersign::ledger::statement::Envelope;
use serde_json::Value;
use serde_json::json;

use crate::world::{OTHER, gate, in_seconds, json_server, key, pass, signed, statement, undecided};

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
