//! An older copy of the database under a running configuration: nothing is signed over what is lost, it is said in words,
//! what is there can be read, and whoever kept a checkpoint can tell which ledger goes on with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use countersign::app::{App, AppError, Caller, Role, TokenRequest};
use countersign::config::Config;
use countersign::ledger::checkpoint::Checkpoint;
use countersign::ledger::key::VerifierKey;
use countersign::ledger::tree::{Frontier, Hash, leaf_hash};
use tempfile::TempDir;

use crate::both;
use crate::harness::{Kind, Setup, World, config, postgres};

async fn try_to_grow(app: &App, name: &str, entries: usize) -> Result<(), AppError> {
    for number in 0..entries {
        let name = format!("{name}{number}");
        let request = TokenRequest { name, role: Role::Ci, repo: None, lasts: None };
        app.create_token(&Caller::operator(), request).await?;
    }
    Ok(())
}

async fn grow(app: &App, name: &str, entries: usize) {
    try_to_grow(app, name, entries).await.expect("it grows");
}

/// The root over the first entries, hashed anew, as an outsider does with the entries that are served.
async fn root_of(app: &App, size: u64) -> Hash {
    let mut frontier = Frontier::new();
    for index in 0..size {
        let (_, bytes) = app.entry(&Caller::operator(), index).await.expect("an entry");
        frontier.append(leaf_hash(&bytes));
    }
    frontier.root()
}

fn opened(note: &str, key: &str) -> Checkpoint {
    let key: VerifierKey = key.parse().expect("a key");
    let origin = note.lines().next().expect("an origin").to_owned();
    Checkpoint::open(note.as_bytes(), &origin, &[key]).expect("it is signed")
}

/// Whether the ledger that is served goes on with a checkpoint that somebody kept.
async fn goes_on_with(app: &App, kept: &Checkpoint) -> bool {
    root_of(app, kept.size).await == kept.root
}

fn database(world: &World) -> PathBuf {
    world.folder.path().join("countersign.db")
}

fn beside(file: &Path, tail: &str) -> PathBuf {
    PathBuf::from(format!("{}{tail}", file.display()))
}

/// Backs the database up, the service being stopped.
fn back_up(kind: Kind, world: &World, into: &Path) {
    match kind {
        Kind::Sqlite => drop(std::fs::copy(database(world), into).expect("a copy")),
        Kind::Postgres => postgres::dump(&world.config.database_url.0, into),
    }
}

/// Puts it back as the operations' page says, the service being stopped.
fn put_back(kind: Kind, world: &World, from: &Path) {
    match kind {
        Kind::Sqlite => {
            for tail in ["-wal", "-shm"] {
                let _ = std::fs::remove_file(beside(&database(world), tail));
            }
            std::fs::copy(from, database(world)).expect("restored");
        }
        Kind::Postgres => postgres::restore(&world.config.database_url.0, from),
    }
}

fn head_file(config: &Config) -> PathBuf {
    beside(&config.ledger.signing_key_file, ".head")
}

/// A service whose database was put back to an older copy while it was stopped. Two checkpoints that an outsider kept:
/// one from before the copy, one over entries that are lost.
async fn restored(kind: Kind) -> (World, Checkpoint, Checkpoint) {
    let world = World::new(kind).await;
    let copies = TempDir::new().expect("a folder");
    let copy = copies.path().join("copy");
    let key = world.app.verifier_key();
    grow(&world.app, "early", 7).await;
    let early = world.app.checkpoint(&Caller::operator()).await.expect("signed");
    world.app.close().await;
    back_up(kind, &world, &copy);
    let world = world.restarted().await;
    grow(&world.app, "lost", 9).await;
    let late = world.app.checkpoint(&Caller::operator()).await.expect("signed");
    world.app.close().await;
    put_back(kind, &world, &copy);
    let world = world.restarted().await;
    (world, opened(&early, &key), opened(&late, &key))
}

both!(an_older_copy_signs_nothing_and_says_how_to_go_on_and_is_read, |kind| async move {
    let (world, early, late) = restored(kind).await;
    let app = &world.app;
    let head = std::fs::read_to_string(head_file(&world.config)).expect("the head");
    for refused in [
        try_to_grow(app, "more", 1).await.expect_err("refused"),
        app.checkpoint(&Caller::operator()).await.expect_err("refused"),
        app.ready().await.expect_err("not ready"),
    ] {
        let AppError::ReadOnly(why) = &refused else { panic!("{refused}") };
        for words in [
            format!("has {} entries, but a head of {} was signed before", early.size, late.size),
            "Restore a newer one".to_owned(),
            "begin a new ledger: an empty database, another ledger.origin".to_owned(),
        ] {
            assert!(why.contains(&words), "no `{words}` in {why}");
        }
    }
    let after = std::fs::read_to_string(head_file(&world.config)).expect("the head");
    assert_eq!(after, head, "another head was signed");
    assert!(goes_on_with(app, &early).await, "what is there cannot be read, or is another");
    let found = app.verify_ledger(&Caller::operator(), |_, _| {}).await.expect("it is read");
    assert_eq!((found.faults, found.size), (Vec::new(), early.size));
});

both!(a_new_ledger_begins_beside_the_old_copy_which_is_read_on, |kind| async move {
    let (world, early, _) = restored(kind).await;
    let folder = TempDir::new().expect("a folder");
    let url = crate::harness::database(kind, folder.path());
    let mut new = config(folder.path(), &url, &Setup::default());
    new.ledger.origin = "ledger.example/second".to_owned();
    let app = App::open(new, world.clock.clone()).await.expect("it opens");
    app.ready().await.expect("ready");
    grow(&app, "new", 3).await;
    let note = app.checkpoint(&Caller::operator()).await.expect("signed");
    let checkpoint = opened(&note, &app.verifier_key());
    assert!(goes_on_with(&app, &checkpoint).await);
    assert!(goes_on_with(&world.app, &early).await, "the old copy cannot be read beside it");
});

both!(going_on_under_the_same_name_is_shown_by_whoever_kept_a_checkpoint, |kind| async move {
    let (world, early, late) = restored(kind).await;
    world.app.close().await;
    let head = head_file(&world.config);
    std::fs::rename(&head, beside(&head, ".for-the-auditor")).expect("moved away");
    let world = world.restarted().await;
    world.app.ready().await.expect("ready");
    grow(&world.app, "other", 12).await;
    let note = world.app.checkpoint(&Caller::operator()).await.expect("signed");
    let now = opened(&note, &world.app.verifier_key());
    assert!(now.size > late.size, "{} entries", now.size);
    assert!(goes_on_with(&world.app, &early).await, "the part before the copy is the same");
    assert!(!goes_on_with(&world.app, &late).await, "the lost part is not shown");
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_lost_entries_under_a_running_service_is_noticed_before_the_next_one() {
    // Grown by nobody, or by another node which began over it; which node notices how.
    for (regrown, words) in [(0, "has 4 entries, but"), (20, "has others in their place, but")] {
        let world = World::new(Kind::Postgres).await;
        let (operator, url) = (Caller::operator(), world.config.database_url.0.clone());
        let copies = TempDir::new().expect("a folder");
        let copy = copies.path().join("copy");
        let before = try_size(&world.app).await;
        grow(&world.app, "early", usize::try_from(4 - before).expect("a few")).await;
        postgres::dump(&url, &copy);
        grow(&world.app, "lost", 9).await;
        postgres::restore(&url, &copy);
        if regrown > 0 {
            let other = second_node(&world).await;
            grow(&other, "other", regrown).await;
        }
        // The first answer may be of a connection that broke.
        let mut refused = try_to_grow(&world.app, "more", 1).await.expect_err("refused");
        for _ in 0..20 {
            if matches!(refused, AppError::ReadOnly(_)) {
                break;
            }
            refused = try_to_grow(&world.app, "more", 1).await.expect_err("refused");
        }
        let AppError::ReadOnly(why) = &refused else { panic!("{refused}") };
        assert!(why.contains(words) && why.contains("bring the newer database back"), "{why}");
        assert!(matches!(world.app.checkpoint(&operator).await, Err(AppError::ReadOnly(_))));
        assert!(matches!(world.app.ready().await, Err(AppError::ReadOnly(_))));
        let signed = head_file(&world.config);
        assert!(!signed.exists(), "a head was signed over what was put back");
        world.app.entry(&operator, 3).await.expect("what is there is read");
    }
}

async fn try_size(app: &App) -> u64 {
    let found = app.verify_ledger(&Caller::operator(), |_, _| {}).await.expect("it is read");
    found.size
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_grew_again_behind_the_last_signed_head_is_not_signed() {
    let world = World::new(Kind::Postgres).await;
    let (operator, url) = (Caller::operator(), world.config.database_url.0.clone());
    let copies = TempDir::new().expect("a folder");
    let copy = copies.path().join("copy");
    grow(&world.app, "early", 4).await;
    postgres::dump(&url, &copy);
    grow(&world.app, "lost", 3).await;
    let kept = world.app.checkpoint(&operator).await.expect("signed");
    postgres::restore(&url, &copy);
    // Another node, which has no head of its own, writes on. This one writes nothing meanwhile, and then is to sign.
    let other = second_node(&world).await;
    grow(&other, "other", 20).await;
    let mut refused = world.app.checkpoint(&operator).await.expect_err("refused");
    for _ in 0..20 {
        if matches!(refused, AppError::ReadOnly(_)) {
            break;
        }
        refused = world.app.checkpoint(&operator).await.expect_err("refused");
    }
    let AppError::ReadOnly(why) = &refused else { panic!("{refused}") };
    assert!(why.contains("differs from the head of") && why.contains("signed before"), "{why}");
    let head = std::fs::read_to_string(head_file(&world.config)).expect("the head");
    assert_eq!(opened(&head, &world.app.verifier_key()), opened(&kept, &world.app.verifier_key()));
    assert!(matches!(try_to_grow(&world.app, "x", 1).await, Err(AppError::ReadOnly(_))));
}

/// Another node over the same database, with the same key and a folder of its own.
async fn second_node(world: &World) -> App {
    let folder = TempDir::new().expect("a folder").keep();
    let config = config(&folder, &world.config.database_url.0, &Setup::default());
    std::fs::copy(&world.config.ledger.signing_key_file, &config.ledger.signing_key_file)
        .expect("the key is copied");
    App::open(config, world.clock.clone()).await.expect("the second node opens")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_never_sign_two_heads_for_one_size() {
    let world = World::new(Kind::Postgres).await;
    let other = second_node(&world).await;
    let sign = |app: App, name: &'static str| async move {
        let mut notes = Vec::new();
        for number in 0..40 {
            grow(&app, &format!("{name}{number}"), 1).await;
            notes.push(app.checkpoint(&Caller::operator()).await.expect("signed"));
        }
        notes
    };
    let (mine, theirs) = tokio::join!(sign(world.app.clone(), "a"), sign(other.clone(), "b"));
    let mut heads = BTreeMap::new();
    for note in mine.iter().chain(&theirs) {
        let head = opened(note, &world.app.verifier_key());
        let known = heads.insert(head.size, head.root);
        assert!(known.is_none_or(|known| known == head.root), "two heads for {}", head.size);
        assert!(goes_on_with(&other, &head).await, "a head of {} is of another tree", head.size);
    }
    assert!(heads.len() > 20, "only {} heads", heads.len());
    for app in [&world.app, &other] {
        let found = app.verify_ledger(&Caller::operator(), |_, _| {}).await.expect("verifies");
        assert_eq!(found.faults, Vec::<String>::new());
    }
}

/// What somebody finds who puts an old file back and leaves the log of the newer one beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_file_beside_a_newer_log_is_told_or_whole() {
    let (mut whole, mut told) = (0, 0);
    // The log begins anew after so many writes: then the old file lacks what stood in the log before.
    for grown in [5, 400] {
        let world = World::new(Kind::Sqlite).await;
        let copies = TempDir::new().expect("a folder");
        let (copy, log) = (copies.path().join("copy"), copies.path().join("log"));
        grow(&world.app, "early", 3).await;
        world.app.close().await;
        back_up(Kind::Sqlite, &world, &copy);
        let world = world.restarted().await;
        grow(&world.app, "late", grown).await;
        let note = world.app.checkpoint(&Caller::operator()).await.expect("signed");
        let kept = opened(&note, &world.app.verifier_key());
        std::fs::copy(beside(&database(&world), "-wal"), &log).expect("the log");
        world.app.close().await;
        put_back(Kind::Sqlite, &world, &copy);
        std::fs::copy(&log, beside(&database(&world), "-wal")).expect("left behind");
        match App::open(world.config.clone(), world.clock.clone()).await {
            Err(error) => {
                assert!(error.to_string().ends_with("its file is damaged"), "{error}");
                told += 1;
            }
            Ok(app) => match app.verify_ledger(&Caller::operator(), |_, _| {}).await {
                Ok(found) if found.faults.is_empty() && app.ready().await.is_ok() => {
                    assert!(found.size >= kept.size, "{} entries are lost", kept.size - found.size);
                    assert!(goes_on_with(&app, &kept).await);
                    whole += 1;
                }
                found => {
                    let AppError::ReadOnly(why) = app.ready().await.expect_err("ready") else {
                        panic!("{found:?}")
                    };
                    assert!(why.contains("was the log (`-wal`) of another copy left"), "{why}");
                    let signed = app.checkpoint(&Caller::operator()).await;
                    let signed = signed.map(|note| opened(&note, &app.verifier_key()));
                    assert!(
                        signed.as_ref().is_err() || signed == Ok(kept),
                        "signed {signed:?} though {found:?}"
                    );
                    told += 1;
                }
            },
        }
    }
    assert_eq!((whole, told), (1, 1), "one is the newest, one is a mixture");
}
