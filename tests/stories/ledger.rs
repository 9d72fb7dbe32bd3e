//! The ledger only grows, anyone with an old checkpoint can prove it, and a restored old copy is noticed.

use countersign::app::{AppError, Caller, Role, TokenRequest};
use countersign::ledger::checkpoint::Checkpoint;
use countersign::ledger::key::VerifierKey;
use countersign::store::Db;

use crate::both;
use crate::harness::{Kind, World};

fn token(name: &str) -> TokenRequest {
    TokenRequest { name: name.to_owned(), role: Role::Ci, repo: None, lasts: None }
}

async fn grow(world: &World, entries: usize) {
    for number in 0..entries {
        let made = world.app.create_token(&world.operator(), token(&format!("t{number}"))).await;
        made.expect("a token");
    }
}

both!(an_entry_is_proven_by_its_receipt_alone, |kind| async move {
    let world = World::new(kind).await;
    grow(&world, 300).await;
    let operator = world.operator();
    let key: VerifierKey = world.app.verifier_key().parse().expect("a key");
    for index in [0, 1, 255, 256, 299] {
        let (_, bytes) = world.app.entry(&operator, index).await.expect("an entry");
        let receipt = world.app.receipt(&operator, index).await.expect("a receipt");
        let read = receipt.to_string().parse::<countersign::ledger::receipt::Receipt>();
        let checkpoint = read.expect("reads back").verify(&bytes, &key).expect("it holds");
        assert!(checkpoint.size > index);
        let mut other = bytes.clone();
        other[10] ^= 1;
        assert!(receipt.verify(&other, &key).is_err(), "a changed entry was proven");
    }
    let missing = world.app.entry(&operator, 9999).await.expect_err("not there");
    assert!(matches!(missing, AppError::NotFound(_)), "{missing}");
});

both!(the_whole_ledger_verifies_and_tiles_serve_it, |kind| async move {
    let world = World::new(kind).await;
    grow(&world, 520).await;
    let operator = world.operator();
    let note = world.app.checkpoint(&operator).await.expect("signed");
    let key: VerifierKey = world.app.verifier_key().parse().expect("a key");
    let head = Checkpoint::open(note.as_bytes(), "ledger.example/test", &[key]).expect("opens");
    let found = world.app.verify_ledger(&operator, |_, _| {}).await.expect("verifies");
    assert_eq!(found.faults, Vec::<String>::new());
    assert_eq!((found.size, found.root), (head.size, head.root));
    assert_eq!(found.tiles, 2);
    assert_eq!(world.app.tile(&operator, "tile/0/000").await.expect("a tile").len(), 8192);
    assert_eq!(world.app.tile(&operator, "tile/1/000.p/2").await.expect("a tile").len(), 64);
    let bundle = world.app.tile(&operator, "tile/entries/001").await.expect("a bundle");
    assert_eq!(
        countersign::ledger::tile::decode_entries(&bundle, 256).expect("entries").len(),
        256
    );
    for path in ["tile/1/000", "tile/0/009", "tile/0/0", "tile/x/000"] {
        assert!(world.app.tile(&operator, path).await.is_err(), "{path}");
    }
});

both!(signers_who_overtake_each_other_keep_each_head_under_its_own_size, |kind| async move {
    let world = World::new(kind).await;
    let operator = world.operator();
    let growing = async {
        for number in 0..60 {
            let made = world.app.create_token(&operator, token(&format!("t{number}"))).await;
            made.expect("a token");
        }
    };
    let signing = || async {
        for _ in 0..60 {
            world.app.checkpoint(&operator).await.expect("signed");
        }
    };
    let signers = async { tokio::join!(signing(), signing(), signing(), signing()) };
    tokio::join!(growing, signers);
    let found = world.app.verify_ledger(&operator, |_, _| {}).await.expect("verifies");
    assert_eq!(found.faults, Vec::<String>::new());
    assert!(found.checkpoints > 10, "only {} checkpoints", found.checkpoints);
});

both!(a_flipped_byte_is_named, |kind| async move {
    let world = World::new(kind).await;
    grow(&world, 30).await;
    world.app.checkpoint(&world.operator()).await.expect("signed");
    tamper(
        &world.config.database_url.0,
        "update ledger_entry set kind = kind, bytes = $1 where idx = 17",
    )
    .await;
    let found = world.app.verify_ledger(&world.operator(), |_, _| {}).await.expect("runs");
    assert!(found.faults.iter().any(|fault| fault.contains("entry 17")), "{:?}", found.faults);
});

/// What somebody with the password of the database could do: switch the triggers off, then change a row.
async fn tamper(url: &str, sql: &'static str) {
    let bytes = b"{\"at\":\"2026-11-20T12:00:00.000000Z\",\"kind\":\"x\",\"v\":1}".to_vec();
    match Db::open(url).await.expect("opens") {
        Db::Sqlite { writer, .. } => {
            sqlx::query("drop trigger ledger_entry_update").execute(&writer).await.expect("drops");
            sqlx::query(sql).bind(bytes).execute(&writer).await.expect("changes");
        }
        Db::Postgres(pool) => {
            sqlx::query("alter table ledger_entry disable trigger all")
                .execute(&pool)
                .await
                .expect("drops");
            sqlx::query(sql).bind(bytes).execute(&pool).await.expect("changes");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_old_copy_starts_read_only_and_says_how_to_go_on() {
    let world = World::new(Kind::Sqlite).await;
    grow(&world, 5).await;
    world.app.close().await;
    let file = world.folder.path().join("countersign.db");
    let copy = world.folder.path().join("copy.db");
    std::fs::copy(&file, &copy).expect("a copy");
    let world = world.restarted().await;
    grow(&world, 5).await;
    world.app.close().await;
    std::fs::copy(&copy, &file).expect("restored");
    for tail in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(world.folder.path().join(format!("countersign.db{tail}")));
    }
    let world = world.restarted().await;
    let refused =
        world.app.create_token(&world.operator(), token("late")).await.expect_err("refused");
    let AppError::ReadOnly(why) = &refused else { panic!("{refused}") };
    assert!(why.contains("an older copy was restored"), "{why}");
    assert!(world.app.ready().await.is_err());
    let signed = world.app.checkpoint(&Caller::operator()).await;
    assert!(signed.is_err(), "it signed a smaller ledger");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_others_may_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new(Kind::Sqlite).await;
    let key = world.folder.path().join("countersign.key");
    world.app.close().await;
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let error = countersign::app::App::open(world.config.clone(), world.clock.clone())
        .await
        .expect_err("refused");
    assert_eq!(
        error.to_string(),
        format!(
            "the ledger's key file {0} may be read by others (mode 0644); run: chmod 600 {0}",
            key.display()
        )
    );
}
