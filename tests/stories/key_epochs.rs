//! The ledger's key is rotated: what was signed before stays verifiable, and the former key signs nothing more.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use countersign::app::{App, AppError, Caller, Role, TokenRequest};
use countersign::ledger::checkpoint::Checkpoint;
use countersign::ledger::epoch::Rotation;
use countersign::ledger::key::{SigningKey, VerifierKey};
use countersign::store::Db;
use serde_json::{Value, json};

use crate::both;
use crate::harness::server::{Server, token};
use crate::harness::witness::{Running, witnessed};
use crate::harness::{Kind, World};

const WHY: &str = "an administrator has left";

async fn grow(world: &World, name: &str, entries: usize) {
    for number in 0..entries {
        let name = format!("{name}{number}");
        let request = TokenRequest { name, role: Role::Ci, repo: None, lasts: None };
        world.app.create_token(&world.operator(), request).await.expect("a token");
    }
}

fn key_file(world: &World, suffix: &str) -> PathBuf {
    let mut name = world.config.ledger.signing_key_file.clone().into_os_string();
    name.push(suffix);
    PathBuf::from(name)
}

fn key_of(path: &PathBuf) -> SigningKey {
    let pem = std::fs::read_to_string(path).expect("a key file");
    SigningKey::from_pem("ledger.example/test", &pem).expect("a key")
}

async fn faults(app: &App) -> Vec<String> {
    let operator = countersign::app::Caller::operator();
    app.verify_ledger(&operator, |_, _| {}).await.expect("it runs").faults
}

fn signed_by(note: &str, key: &str) -> bool {
    let key: VerifierKey = key.parse().expect("a key");
    Checkpoint::open(note.as_bytes(), "ledger.example/test", &[key]).is_ok()
}

both!(checkpoints_are_verified_by_the_key_of_their_epoch, |kind| async move {
    let world = World::new(kind).await;
    let operator = world.operator();
    let server = Server::start(&world).await;
    let reader = token(&world, Role::Reader).await;
    let mut keys = vec![world.app.verifier_key()];
    let mut notes = Vec::new();
    for round in 0..3 {
        grow(&world, &format!("r{round}-"), 5).await;
        notes.push(world.app.checkpoint(&operator).await.expect("signed"));
        grow(&world, &format!("late{round}-"), 2).await;
        let done = world.app.rotate_key(&operator, WHY).await.expect("rotated");
        assert_eq!((done.old, done.new.clone()), (keys[round].clone(), world.app.verifier_key()));
        keys.push(done.new);
    }
    grow(&world, "end", 3).await;
    notes.push(world.app.checkpoint(&operator).await.expect("signed"));
    for (at, note) in notes.iter().enumerate() {
        for (of, key) in keys.iter().enumerate() {
            assert_eq!(signed_by(note, key), at == of, "checkpoint {at}, key {of}");
        }
    }
    assert_eq!(faults(&world.app).await, Vec::<String>::new());
    let told = server.get("/api/v1/ledger/keys", &reader).await.json::<Value>().await;
    let told = told.expect("JSON");
    let listed: Vec<&str> = told["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .filter_map(|one| one["key"].as_str())
        .collect();
    assert_eq!(listed, keys);
    assert_eq!(
        told["keys"][0]["until"].as_u64().map(|until| until + 1),
        told["keys"][1]["from"].as_u64()
    );
    let key = server.get("/api/v1/ledger/key", &reader).await.text().await.expect("text");
    assert_eq!(key, format!("{}\n", keys[3]));
    // The rotation is an entry that both keys signed, and its receipt is the new key's.
    let index = told["keys"][0]["rotation"].as_u64().expect("an entry");
    let (kind, entry) = world.app.entry(&operator, index).await.expect("an entry");
    assert_eq!(kind, "ledger.key_rotated");
    let body: Value = serde_json::from_slice(&entry).expect("JSON");
    let rotation: Rotation = body["note"].as_str().expect("a note").parse().expect("both signed");
    assert_eq!((rotation.index, rotation.old.to_string()), (index, keys[0].clone()));
    let said = body["said"].as_str().expect("a digest");
    let document = world.app.document(&operator, said).await.expect("a document");
    assert_eq!(countersign::domain::id::sha256(&document), said);
    let said: Value = serde_json::from_slice(&document).expect("JSON");
    assert_eq!(said["is"], json!({ "by": "operator", "why": WHY }));
    // All of it again after a restart.
    let world = world.restarted().await;
    assert_eq!(world.app.verifier_key(), keys[3]);
    assert_eq!(faults(&world.app).await, Vec::<String>::new());
    assert_eq!(world.app.ready().await, Ok(Vec::new()));
});

both!(a_checkpoint_of_the_former_key_after_its_epoch_is_refused, |kind| async move {
    let world = World::new(kind).await;
    let operator = world.operator();
    grow(&world, "a", 5).await;
    world.app.checkpoint(&operator).await.expect("signed");
    let done = world.app.rotate_key(&operator, WHY).await.expect("rotated");
    grow(&world, "b", 4).await;
    // Whoever has the former key signs a checkpoint of the whole ledger, rightly but for the key.
    let former = key_of(&done.former);
    let found = world.app.verify_ledger(&operator, |_, _| {}).await.expect("it runs");
    let note =
        Checkpoint::new(former.name(), found.size, found.root).sign(&former).expect("signed");
    add_checkpoint(&world, found.size, &note).await;
    let faults = faults(&world.app).await;
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("the checkpoint of size 1"), "{faults:?}");
    assert!(faults[0].contains(&format!("is signed by {}", done.old)), "{faults:?}");
    let listed = world.app.checkpoints(&operator, None, 10).await.expect("a list");
    assert!(!listed.items[0].holds && listed.items[1].holds);
});

both!(a_rotation_that_was_broken_off_is_finished_at_the_next_start, |kind| async move {
    let world = World::new(kind).await;
    grow(&world, "a", 5).await;
    let first = world.app.verifier_key();
    // Broken off before the entry: the key that waits is not in use.
    world.app.close().await;
    let mut seed = [7; 32];
    seed[0] = 1;
    let next = SigningKey::from_seed("ledger.example/test", &seed).expect("a key");
    let waiting = key_file(&world, ".next");
    std::fs::write(&waiting, next.to_pem().expect("PEM")).expect("written");
    std::fs::set_permissions(&waiting, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    let world = world.restarted().await;
    assert_eq!(world.app.verifier_key(), first);
    // The next try takes it; broken off after the entry: the files stand as before.
    let done = world.app.rotate_key(&world.operator(), WHY).await.expect("rotated");
    assert_eq!(done.new, next.verifier().to_string());
    world.app.close().await;
    std::fs::rename(&done.file, &waiting).expect("moved back");
    std::fs::rename(&done.former, &done.file).expect("moved back");
    let world = world.restarted().await;
    assert_eq!(world.app.verifier_key(), done.new);
    assert!(!waiting.exists() && done.former.exists());
    for file in [&done.file, &done.former] {
        let mode = std::fs::metadata(file).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
    grow(&world, "b", 2).await;
    assert_eq!(faults(&world.app).await, Vec::<String>::new());
});

both!(a_service_that_runs_takes_the_new_key_into_use_with_its_next_checkpoint, |kind| async move {
    let world = World::new(kind).await;
    grow(&world, "a", 5).await;
    let before = world.app.checkpoint(&world.operator()).await.expect("signed");
    let beside = App::open(world.config.clone(), world.clock.clone()).await.expect("it opens");
    let done = beside.rotate_key(&world.operator(), WHY).await.expect("rotated");
    assert_eq!(world.app.verifier_key(), done.old, "it was not told yet");
    let after = world.app.checkpoint(&world.operator()).await.expect("signed");
    assert!(signed_by(&before, &done.old) && signed_by(&after, &done.new));
    assert_eq!(world.app.verifier_key(), done.new);
    assert_eq!(faults(&world.app).await, Vec::<String>::new());
});

both!(without_the_new_keys_file_nothing_is_signed_and_it_is_said_why, |kind| async move {
    let world = World::new(kind).await;
    grow(&world, "a", 5).await;
    let done = world.app.rotate_key(&world.operator(), WHY).await.expect("rotated");
    world.app.close().await;
    std::fs::rename(&done.former, &done.file).expect("the former key in its place again");
    std::fs::remove_file(key_file(&world, ".head")).expect("no head either");
    let world = world.restarted().await;
    let refused = world.app.checkpoint(&world.operator()).await.expect_err("refused");
    let AppError::ReadOnly(why) = refused else { panic!("{refused}") };
    assert!(
        why.contains(&format!("since entry {} the ledger's key is", done.index))
            && why.contains("holds that key"),
        "{why}"
    );
    assert!(world.app.ready().await.is_err());
});

both!(a_witness_is_told_of_the_new_key_by_its_owner_and_believes_nobody_else, |kind| async move {
    let world = World::new(kind).await;
    let first = world.app.verifier_key();
    let mut witness =
        Running::start("w.example/w", std::slice::from_ref(&first), &world.clock).await;
    let world = witnessed(world, &[&witness]).await;
    grow(&world, "a", 5).await;
    world.app.checkpoint(&world.operator()).await.expect("signed");
    let done = world.app.rotate_key(&world.operator(), WHY).await.expect("rotated");
    world.app.checkpoint(&world.operator()).await.expect("signed");
    let told = world.app.ready().await.expect("ready all the same");
    assert!(told[0].contains("it does not trust our key") && told[0].contains("403"), "{told:?}");
    witness.again(Some(vec![first, done.new]), &world.clock).await;
    let asked = world.app.ask_witnesses(&world.operator()).await.expect("asked");
    assert_eq!((asked.troubles(), asked.witnessed), (Vec::new(), Some(done.index + 1)));
});

#[tokio::test(flavor = "multi_thread")]
async fn only_an_administrator_rotates_and_says_why() {
    let world = World::new(Kind::Sqlite).await;
    for reason in ["", "  ", &"x".repeat(3000)] {
        let refused = world.app.rotate_key(&world.operator(), reason).await;
        assert!(matches!(refused, Err(AppError::Invalid(_))), "{refused:?}");
    }
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Admin) {
        let caller = Caller { name: "somebody".to_owned(), role, repo: None, person: true };
        let refused = world.app.rotate_key(&caller, WHY).await;
        assert!(matches!(refused, Err(AppError::Forbidden(_))), "{refused:?}");
    }
    assert!(!key_file(&world, ".next").exists(), "a key was made for nothing");
}

/// Puts a checkpoint into the database, past the service.
async fn add_checkpoint(world: &World, size: u64, note: &str) {
    let sql = "insert into checkpoint (size, note, signed_at) values ($1, $2, $3)";
    let (size, at) = (i64::try_from(size).expect("small"), world.clock.now().micros());
    match Db::open(&world.config.database_url.0).await.expect("opens") {
        Db::Sqlite { writer, .. } => {
            sqlx::query(sql).bind(size).bind(note).bind(at).execute(&writer).await.expect("added");
        }
        Db::Postgres(pool) => {
            sqlx::query(sql).bind(size).bind(note).bind(at).execute(&pool).await.expect("added");
        }
    }
}
