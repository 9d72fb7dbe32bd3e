//! Programs of others read our ledger: `openssl`, and Python's `cryptography`, `rfc8785` and `pymerkle` with the formats written
//! from C2SP's specifications.

use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::app::gate::Asked;
use countersign::app::{Caller, Role};
use countersign::ledger::key::VerifierKey;
use countersign::ledger::tree::{Frontier, leaf_hash};
use serde_json::Value;
use tempfile::TempDir;

use super::bundle::busy_town;
use super::bundle_outside::{HINT, shown};
use crate::harness::Kind;
use crate::harness::town::{REPO, Town};
use crate::harness::witness::{Running, witnessed};

/// What `openssl` says of an Ed25519 signature (docs/verification.md, "Checking it without Countersign").
fn openssl(folder: &Path, key: &VerifierKey, message: &[u8], signature: &[u8]) -> Output {
    // The 12 bytes before an Ed25519 key in its DER form (RFC 8410).
    let der = [b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", key.public_bytes().as_slice()];
    for (name, bytes) in
        [("key.der", der.concat().as_slice()), ("message", message), ("signature", signature)]
    {
        std::fs::write(folder.join(name), bytes).expect("written");
    }
    Command::new("openssl")
        .args(["pkeyutl", "-verify", "-pubin", "-inkey", "key.der", "-keyform", "DER", "-rawin"])
        .args(["-in", "message", "-sigfile", "signature"])
        .current_dir(folder)
        .output()
        .expect("openssl runs: install openssl (3.0 or newer), or run tests/run")
}

fn key_of(town: &Town) -> VerifierKey {
    town.world.app.verifier_key().parse().expect("a key")
}

/// The gate's statement about a head, as the answer carries it.
async fn gate_statement(town: &Town, sha: &str) -> Value {
    let asked = Asked {
        repo: Some(REPO.to_owned()),
        sha: Some(sha.to_owned()),
        purpose: Some("merge".to_owned()),
        nonce: Some("n0nce-of-this-asking".to_owned()),
        ..Asked::default()
    };
    let ci = Caller { name: "ci".to_owned(), role: Role::Ci, repo: None, person: false };
    let told = town.world.app.gate(&ci, &asked).await.expect("an answer");
    let answer: Value = serde_json::from_str(&told.json).expect("JSON");
    answer["statement"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn openssl_verifies_a_checkpoint_and_a_gate_statement() {
    let town = busy_town(Kind::Sqlite).await;
    let (key, folder) = (key_of(&town), TempDir::new().expect("a folder"));
    let note = town.world.app.checkpoint(&Caller::operator()).await.expect("signed");
    let (text, below) = note.rsplit_once("\n\n").expect("a note");
    let line = below.trim_end().rsplit(' ').next().expect("a signature");
    let of_note = STANDARD.decode(line).expect("base64")[4..].to_vec();

    let head = town.change(3).await["head"].as_str().expect("a head").to_owned();
    let envelope = gate_statement(&town, &head).await;
    let text_of = |value: &Value| value.as_str().expect("text").to_owned();
    let kind = text_of(&envelope["payloadType"]);
    let payload = STANDARD.decode(text_of(&envelope["payload"])).expect("base64");
    let said: Value = serde_json::from_slice(&payload).expect("JSON");
    assert_eq!(said["predicate"]["nonce"], "n0nce-of-this-asking");
    // The pre-authentication encoding, as DSSE's protocol writes it.
    let mut pae = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    pae.extend(&payload);
    let of_statement = text_of(&envelope["signatures"][0]["sig"]);
    let of_statement = STANDARD.decode(of_statement).expect("base64");

    for (what, message, signature) in [
        ("checkpoint", format!("{text}\n").into_bytes(), of_note),
        ("statement", pae, of_statement),
    ] {
        let told = openssl(folder.path(), &key, &message, &signature);
        assert!(told.status.success(), "{what}: {}", shown(&told));
        assert!(shown(&told).contains("Signature Verified Successfully"), "{}", shown(&told));
        let mut other = message.clone();
        other[10] ^= 1;
        assert!(!openssl(folder.path(), &key, &other, &signature).status.success(), "{what}");
        let mut other = signature.clone();
        other[40] ^= 1;
        assert!(!openssl(folder.path(), &key, &message, &other).status.success(), "{what}");
    }
}

/// Everything of a town that the script reads.
async fn written(town: &Town, witnesses: &[&Running], folder: &Path) -> (u64, usize) {
    let (app, operator) = (&town.world.app, Caller::operator());
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("written");
    let note = app.checkpoint(&operator).await.expect("signed");
    let size: u64 = note.lines().nth(1).expect("a size").parse().expect("a number");
    let mut entries = Vec::new();
    for index in 0..size {
        entries.extend(app.entry(&operator, index).await.expect("an entry").1);
        entries.push(b'\n');
    }
    let mut statements = Vec::new();
    for number in 1..=3 {
        let change = town.change(number).await;
        let decision = change["decision"].as_str().expect("a decision");
        let made = app.attestations(&operator, decision).await.expect("attestations");
        for envelope in [made.summary, made.record] {
            statements.push(serde_json::to_string(&envelope).expect("JSON"));
        }
        let head = change["head"].as_str().expect("a head");
        if number == 3 {
            statements.push(gate_statement(town, head).await.to_string());
        }
    }
    for index in [0, size / 2, size - 1] {
        let receipt = app.receipt(&operator, index).await.expect("a receipt");
        put(&format!("receipt-{index}"), receipt.to_string().as_bytes());
    }
    let mut large = Frontier::new();
    for number in 0..65_537_u64 {
        large.append(leaf_hash(number.to_string().as_bytes()));
    }
    put("large", format!("65537 {}\n", large.root()).as_bytes());
    put("vkey", app.verifier_key().as_bytes());
    put("checkpoint", note.as_bytes());
    put("entries", &entries);
    let keys: Vec<&str> = witnesses.iter().map(|one| one.key.as_str()).collect();
    put("witnesses", format!("{}\n", keys.join("\n")).as_bytes());
    put("statements", format!("{}\n", statements.join("\n")).as_bytes());
    (size, statements.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn libraries_of_others_write_the_same_bytes_and_accept_every_signature() {
    let Town { world, forge, sent } = busy_town(Kind::Sqlite).await;
    let logs = [world.app.verifier_key()];
    let one = Running::start("witness.example/one", &logs, &world.clock).await;
    let two = Running::start("witness.example/two", &logs, &world.clock).await;
    let world = witnessed(world, &[&one, &two]).await;
    let town = Town { world, forge, sent };
    let folder = TempDir::new().expect("a folder");
    let (size, statements) = written(&town, &[&one, &two], folder.path()).await;

    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/outside/bin/python");
    assert!(python.exists(), "{} is missing: {HINT}", python.display());
    let read = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outside/ledger.py"))
        .arg(folder.path())
        .output()
        .expect("python runs");
    assert!(read.status.success(), "{}\n{HINT}", shown(&read));
    let told = [
        "checkpoints 4".to_owned(),
        "cosignatures 8".to_owned(),
        format!("rfc8785 {size}"),
        format!("statements {statements}"),
        "pymerkle 65537".to_owned(),
        "vectors 8".to_owned(),
    ];
    assert_eq!(shown(&read).lines().collect::<Vec<_>>(), told);
    assert!(size > 20 && statements == 7);
}
