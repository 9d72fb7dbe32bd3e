//! Somebody else cosigns every checkpoint, so that a ledger that was rewritten with its own key is still found out.

use countersign::app::{App, Role, TokenRequest};
use countersign::domain::Time;
use countersign::ledger::checkpoint::Checkpoint;
use countersign::ledger::cosignature::WitnessKey;
use countersign::ledger::key::VerifierKey;
use countersign::ledger::note::{Note, NoteSignature};
use countersign::ledger::receipt::Receipt;
use reqwest::Method;

use crate::both;
use crate::harness::server::Server;
use crate::harness::witness::{Running, witnessed};
use crate::harness::{Kind, World};

async fn grow(world: &World, name: &str, entries: usize) {
    for number in 0..entries {
        let name = format!("{name}{number}");
        let request = TokenRequest { name, role: Role::Ci, repo: None, lasts: None };
        world.app.create_token(&world.operator(), request).await.expect("a token");
    }
}

/// How many witnesses cosigned a note, each cosignature checked.
fn cosigned(note: &str, keys: &[&str]) -> usize {
    let note = Note::parse(note.as_bytes()).expect("a note");
    let keys = keys.iter().map(|key| key.parse::<WitnessKey>().expect("a key"));
    let fits = |key: &WitnessKey| {
        note.signatures().iter().any(|line| key.verify(note.text(), line).is_ok())
    };
    keys.filter(fits).count()
}

async fn troubles(app: &App) -> Vec<String> {
    app.ready().await.expect("it is ready all the same")
}

/// Some seconds later.
fn later(world: &World, seconds: i64) {
    let at = world.clock.now().micros() + seconds * 1_000_000;
    world.clock.set(Time::from_micros(at).expect("a time"));
}

both!(a_checkpoint_carries_the_cosignatures_and_so_do_receipts, |kind| async move {
    let world = World::new(kind).await;
    let logs = [world.app.verifier_key()];
    let one = Running::start("witness.example/one", &logs, &world.clock).await;
    let two = Running::start("witness.example/two", &logs, &world.clock).await;
    let world = witnessed(world, &[&one, &two]).await;
    let operator = world.operator();
    let key: VerifierKey = world.app.verifier_key().parse().expect("a key");
    for round in 0..4 {
        grow(&world, &format!("r{round}-"), 1 + 90 * round).await;
        let note = world.app.checkpoint(&operator).await.expect("signed");
        assert_eq!(cosigned(&note, &[&one.key, &two.key]), 2, "{note}");
        let head = Checkpoint::open(note.as_bytes(), key.name(), std::slice::from_ref(&key));
        let size = head.expect("the ledger's own signature stands").size;
        assert_eq!(world.app.checkpoint_of(&operator, size).await.as_ref(), Ok(&note));
        let receipt = world.app.receipt(&operator, size - 1).await.expect("a receipt");
        let receipt: Receipt = receipt.to_string().parse().expect("it reads back");
        let (_, entry) = world.app.entry(&operator, size - 1).await.expect("an entry");
        assert_eq!(receipt.verify(&entry, &key).map(|head| head.size), Ok(size));
        assert_eq!(receipt.checkpoint, note);
        assert_eq!(troubles(&world.app).await, Vec::<String>::new());
    }
    let listed = world.app.checkpoints(&operator, None, 50).await.expect("a list");
    assert!(listed.items[..4].iter().all(|one| one.cosigned_by == ["w1", "w2"] && one.holds));
    let found = world.app.verify_ledger(&operator, |_, _| {}).await.expect("verified");
    assert_eq!(found.faults, Vec::<String>::new());
});

both!(
    a_witness_that_is_away_is_shown_waited_for_ever_longer_and_caught_up_with,
    |kind| async move {
        let world = World::new(kind).await;
        let logs = [world.app.verifier_key()];
        let mut witness = Running::start("witness.example/one", &logs, &world.clock).await;
        let world = witnessed(world, &[&witness]).await;
        grow(&world, "a", 3).await;
        world.app.checkpoint(&world.operator()).await.expect("signed");
        witness.end().await;
        grow(&world, "b", 3).await;
        let note = world.app.checkpoint(&world.operator()).await.expect("signed all the same");
        assert_eq!(cosigned(&note, &[&witness.key]), 0);
        let told = troubles(&world.app).await;
        assert!(
            told[0].contains("the witness `w1` does not cosign: it cannot be reached"),
            "{told:?}"
        );
        assert!(told[1].contains("asks for 1 cosignatures, and 0 can be had"), "{told:?}");
        // The receipt of an older entry rests on the checkpoint that was cosigned.
        let receipt = world.app.receipt(&world.operator(), 0).await.expect("a receipt");
        assert_eq!(cosigned(&receipt.checkpoint, &[&witness.key]), 1);

        witness.again(None, &world.clock).await;
        let note = world.app.checkpoint(&world.operator()).await.expect("signed");
        assert_eq!(cosigned(&note, &[&witness.key]), 0, "it was asked again at once");
        later(&world, 2);
        let note = world.app.checkpoint(&world.operator()).await.expect("signed");
        assert_eq!(cosigned(&note, &[&witness.key]), 1);
        assert_eq!(troubles(&world.app).await, Vec::<String>::new());
    }
);

both!(a_ledger_rewritten_with_its_own_key_is_refused_by_the_other_service, |kind| async move {
    // Two services, each with a witness that knows the other's ledger.
    let (a, b) = (World::new(kind).await, World::new(Kind::Sqlite).await);
    let of_a = Running::start("a.example/witness", &[b.app.verifier_key()], &a.clock).await;
    let of_b = Running::start("b.example/witness", &[a.app.verifier_key()], &b.clock).await;
    let (a, b) = (witnessed(a, &[&of_b]).await, witnessed(b, &[&of_a]).await);
    let mut real = String::new();
    for world in [&b, &a] {
        grow(world, "real", 10).await;
        let note = world.app.checkpoint(&world.operator()).await.expect("signed");
        assert_eq!(cosigned(&note, &[&of_a.key, &of_b.key]), 1);
        real = note;
    }
    // Whoever has a's key and machine writes another history, with nothing left of the heads that were signed.
    a.app.close().await;
    let forged = World::new(kind).await;
    forged.app.close().await;
    let from = &a.config.ledger.signing_key_file;
    let to = forged.config.ledger.signing_key_file.clone();
    std::fs::copy(from, &to).expect("the key");
    std::fs::remove_file(to.with_extension("key.head")).expect("the head");
    wipe_checkpoints(&forged.config.database_url.0).await;
    let forged = witnessed(forged, &[&of_b]).await;
    grow(&forged, "forged", 12).await;
    let note = forged.app.checkpoint(&forged.operator()).await.expect("the key signs anything");
    assert_eq!(cosigned(&note, &[&of_b.key]), 0, "the witness cosigned a second history");
    assert!(
        forged
            .app
            .verify_ledger(&forged.operator(), |_, _| {})
            .await
            .expect("it runs")
            .faults
            .is_empty()
    );
    let told = troubles(&forged.app).await;
    assert!(
        told[0].contains("OUR LEDGER IS NOT THE ONE IT SAW") && told[0].contains("422"),
        "{told:?}"
    );
    let page = page(&forged, "/ledger").await;
    assert!(page.contains("OUR LEDGER IS NOT THE ONE IT SAW"), "the page does not show it");
    // The witness still holds what it saw, for everybody to compare; b's ledger goes on.
    let held = reqwest::get(format!(
        "http://{}/{}/checkpoint",
        of_b.address,
        hashed("ledger.example/test")
    ));
    let held = held.await.expect("an answer").text().await.expect("text");
    assert_eq!(held, real);
    grow(&b, "more", 3).await;
    let note = b.app.checkpoint(&b.operator()).await.expect("signed");
    assert_eq!(cosigned(&note, &[&of_a.key]), 1);
});

both!(a_ledger_that_lost_its_end_is_told_so_by_the_witness, |kind| async move {
    let world = World::new(kind).await;
    let witness =
        Running::start("b.example/witness", &[world.app.verifier_key()], &world.clock).await;
    let world = witnessed(world, &[&witness]).await;
    grow(&world, "real", 10).await;
    world.app.checkpoint(&world.operator()).await.expect("signed");
    world.app.close().await;
    let shorter = World::new(kind).await;
    shorter.app.close().await;
    let to = shorter.config.ledger.signing_key_file.clone();
    std::fs::copy(&world.config.ledger.signing_key_file, &to).expect("the key");
    std::fs::remove_file(to.with_extension("key.head")).expect("the head");
    wipe_checkpoints(&shorter.config.database_url.0).await;
    let shorter = witnessed(shorter, &[&witness]).await;
    grow(&shorter, "few", 2).await;
    shorter.app.checkpoint(&shorter.operator()).await.expect("signed");
    let told = troubles(&shorter.app).await;
    assert!(
        told[0].contains("it has cosigned a ledger of ") && told[0].contains("an older copy"),
        "{told:?}"
    );
});

both!(what_only_looks_like_a_cosignature_counts_as_failing, |kind| async move {
    let world = World::new(kind).await;
    let honest = Running::start("w.example/one", &[world.app.verifier_key()], &world.clock).await;
    let stranger = Running::start("w.example/two", &[world.app.verifier_key()], &world.clock).await;
    let note = world.app.checkpoint(&world.operator()).await.expect("signed");
    let asked = format!("old 0\n\n{note}");
    let ask = |to: &Running| {
        let address = format!("http://{}/add-checkpoint", to.address);
        let request = reqwest::Client::new().post(address).body(asked.clone());
        async move { request.send().await.expect("an answer").text().await.expect("text") }
    };
    let (own, foreign) = (ask(&honest).await, ask(&stranger).await);
    let mut line: NoteSignature = own.trim_end().parse().expect("a line");
    line.signature[20] ^= 1;
    let mut world = world;
    for (answer, why) in [
        (foreign, "holds no cosignature of its key"),
        // Of the right key, and of an earlier checkpoint.
        (own.clone(), "does not fit the checkpoint"),
        (format!("{line}\n"), "does not fit the checkpoint"),
        (String::new(), "a line of it is no signature"),
        ("thanks\n".to_owned(), "a line of it is no signature"),
        ("x".repeat(100_000), "more than 64 KiB"),
    ] {
        let liar = axum::Router::new().fallback(move || {
            let answer = answer.clone();
            async move { answer }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, liar).await });
        world.config.ledger.witnesses =
            vec![countersign::config::Witness { url, ..honest.listed("w1") }];
        world.config.ledger.quorum = 1;
        world = world.restarted().await;
        later(&world, 600);
        grow(&world, "t", 1).await;
        let note = world.app.checkpoint(&world.operator()).await.expect("signed");
        assert_eq!(cosigned(&note, &[&honest.key]), 0);
        let told = troubles(&world.app).await;
        assert!(told[0].contains(why), "{why}: {told:?}");
    }
});

/// Takes away what a new ledger signed before anything was in it, as an intruder would.
async fn wipe_checkpoints(url: &str) {
    match countersign::store::Db::open(url).await.expect("opens") {
        countersign::store::Db::Sqlite { writer, .. } => {
            for sql in ["drop trigger checkpoint_delete", "delete from checkpoint"] {
                sqlx::query(sql).execute(&writer).await.expect("done");
            }
        }
        countersign::store::Db::Postgres(pool) => {
            for sql in ["alter table checkpoint disable trigger all", "delete from checkpoint"] {
                sqlx::query(sql).execute(&pool).await.expect("done");
            }
        }
    }
}

fn hashed(origin: &str) -> String {
    countersign::domain::id::sha256(origin.as_bytes()).trim_start_matches("sha256:").to_owned()
}

/// A page as a person sees it who is signed in.
async fn page(world: &World, path: &str) -> String {
    let server = Server::start(world).await;
    let link = world.app.sign_in_link(&world.operator(), "helen.brandt", Role::Auditor).await;
    let link = format!("/sign-in/{}", link.expect("a link"));
    let signed = server.request(Method::POST, &link).send().await.expect("an answer");
    let cookie = signed.headers()["set-cookie"].to_str().expect("text").to_owned();
    let asked = server.request(Method::GET, path).header("cookie", cookie).send();
    asked.await.expect("an answer").text().await.expect("text")
}
