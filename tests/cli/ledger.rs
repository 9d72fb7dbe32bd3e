//! The ledger: verified, replayed, rebuilt.

use countersign::ledger::key::SigningKey;

use crate::world::{folder, run};

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
