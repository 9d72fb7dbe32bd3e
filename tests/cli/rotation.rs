//! `countersign ledger rotate-key`: right, twice, with the wrong key's file, beside a service that runs.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Stdio};

use crate::world::{folder, run};

const ROTATE: [&str; 4] = ["ledger", "rotate-key", "--reason", "an administrator has left"];

fn value<'o>(out: &'o str, label: &str) -> &'o str {
    let line = out.lines().find_map(|line| line.strip_prefix(label));
    line.unwrap_or_else(|| panic!("no {label}: {out}")).trim()
}

/// A folder with a ledger that the service has signed, and its key.
fn signed(folder: &Path) -> String {
    assert_eq!(run(folder, &["token", "create", "--role", "ci", "x"]).0, 0);
    stop(serve(folder));
    let (code, out, err) = run(folder, &["verify"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(!out.contains("signed   0 checkpoints"), "the service signs when it ends: {out}");
    value(&out, "key ").to_owned()
}

/// The service, ready.
fn serve(folder: &Path) -> Child {
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("serve")
        .env_clear()
        .env("COUNTERSIGN__SERVER__LISTEN", "127.0.0.1:0")
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.expect("it runs");
    let mut log = BufReader::new(child.stderr.take().expect("its log"));
    let mut said = String::new();
    while !said.contains("key of the ledger") {
        assert!(log.read_line(&mut said).expect("a line") > 0, "it ended early: {said}");
    }
    // Whoever does not read on stops the service when the pipe is full.
    std::thread::spawn(move || log.read_to_string(&mut said));
    child
}

fn stop(mut child: Child) {
    let told = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(told.expect("kill runs").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_rotation_says_what_to_do_next_and_can_be_done_again() {
    let folder = folder();
    let first = signed(folder.path());
    let mut keys = vec![first];
    for _ in 0..2 {
        let (code, out, err) = run(folder.path(), &ROTATE);
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        assert_eq!(value(&out, "old "), keys[keys.len() - 1]);
        assert!(value(&out, "former ").ends_with(": destroy it"), "{out}");
        assert_eq!(value(&out, "file "), "countersign.key");
        keys.push(value(&out, "new ").to_owned());
    }
    let (code, out, _) = run(folder.path(), &["verify"]);
    assert_eq!((code, value(&out, "key ")), (0, keys[2].as_str()), "{out}");
    for (reason, says) in [("", "a reason is needed"), ("  ", "a reason is needed")] {
        let (code, _, err) = run(folder.path(), &["ledger", "rotate-key", "--reason", reason]);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains(says), "{err}");
    }
}

#[test]
fn a_key_file_that_is_not_the_ledgers_rotates_nothing() {
    let folder = folder();
    let first = signed(folder.path());
    let file = folder.path().join("countersign.key");
    let own = std::fs::read(&file).expect("the key");
    let other = self::folder();
    run(other.path(), &["token", "create", "--role", "ci", "x"]);
    let foreign = std::fs::read(other.path().join("countersign.key")).expect("a key");
    let refused = |code, says: &str| {
        let (ended, out, err) = run(folder.path(), &ROTATE);
        assert_eq!((ended, out.as_str()), (code, ""), "{err}");
        assert!(err.contains(says) && !err.contains("panicked"), "`{says}` is not in: {err}");
    };
    // Another ledger's, before any rotation: the head that was signed last tells.
    std::fs::write(&file, &foreign).expect("written");
    refused(3, "the last signed head in countersign.key.head cannot be trusted");
    std::fs::write(&file, "no key\n").expect("written");
    refused(2, "not an Ed25519 private key in PKCS#8 PEM form");
    assert!(!folder.path().join("countersign.key.next").exists(), "a key was made for nothing");
    // Where the new key cannot be put, nothing is recorded.
    std::fs::write(&file, &own).expect("written");
    std::fs::create_dir(folder.path().join("countersign.key.next")).expect("made");
    refused(3, "countersign.key.next: Is a directory");
    std::fs::remove_dir(folder.path().join("countersign.key.next")).expect("removed");
    // What was refused changed nothing: the key is the one that it was, and none waits.
    let (code, out, err) = run(folder.path(), &ROTATE);
    assert_eq!((code, value(&out, "old ")), (0, first.as_str()), "{err}");
    // The former key in its place again, and another ledger's.
    for wrong in [own, foreign] {
        std::fs::write(&file, wrong).expect("written");
        refused(3, "Nothing is signed until countersign.key holds that key");
        let (code, out, _) = run(folder.path(), &["verify"]);
        assert_eq!(code, 1, "{out}");
    }
}

#[test]
fn a_service_that_runs_ends_with_a_checkpoint_of_the_new_key() {
    let folder = folder();
    let first = signed(folder.path());
    let service = serve(folder.path());
    let (code, out, err) = run(folder.path(), &ROTATE);
    assert_eq!(code, 0, "{err}");
    let (old, new) = (value(&out, "old ").to_owned(), value(&out, "new ").to_owned());
    assert_eq!(old, first);
    stop(service);
    let head = std::fs::read_to_string(folder.path().join("countersign.key.head")).expect("a head");
    let known = [new.parse().expect("a key")];
    let opened = countersign::ledger::checkpoint::Checkpoint::open(
        head.as_bytes(),
        "localhost/countersign",
        &known,
    );
    assert!(opened.is_ok(), "{opened:?}: {head}");
    let (code, out, _) = run(folder.path(), &["verify"]);
    assert_eq!((code, value(&out, "key ")), (0, new.as_str()), "{out}");
}
