//! A person's data is erased by two people, and every proof still verifies (sem 10).

use countersign::app::{App, Caller, ErasureRequest, ErasureView, RecomputeRequest, Role};
use countersign::ledger::bundle::{self, Trust};
use countersign::ledger::{Checkpoint, VerifierKey};
use countersign::store::Db;
use countersign::store::personal::{self, Kept};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::both;
use crate::bundle::{busy_town, made, period};
use crate::harness::python::Verifier;
use crate::harness::server::Server;
use crate::harness::town::{Town, cookie};
use crate::harness::{Kind, database};
use crate::rebuild::{assert_same, eventful, rebuild};

const REASON: &str = "left the company, and asked for it in writing";
/// In none of the organisation's roles.
const PERSON: &str = "dev1";

fn request(person: &str) -> ErasureRequest {
    ErasureRequest { person: person.to_owned(), reason: REASON.to_owned(), ..Default::default() }
}

fn helen() -> Caller {
    Caller::administrator("helen")
}

fn ivan() -> Caller {
    Caller::administrator("ivan")
}

async fn erased(app: &App, person: &str) -> ErasureView {
    let asked = app.request_erasure(&helen(), request(person)).await.expect("asked for");
    app.agree_to_erasure(&ivan(), &asked.erasure).await.expect("done")
}

/// Everything that the database holds, as text: its file, or every row; and what is compressed in it.
async fn everything(town: &Town) -> String {
    let db = Db::open(&town.world.config.database_url.0).await.expect("opens");
    let mut all = match &db {
        Db::Sqlite { writer, .. } => {
            sqlx::query("pragma wal_checkpoint(truncate)").execute(writer).await.expect("folded");
            let url = town.world.config.database_url.0.clone();
            let file = url.trim_start_matches("sqlite:").trim_start_matches("//").to_owned();
            String::from_utf8_lossy(&std::fs::read(file).expect("the database")).into_owned()
        }
        Db::Postgres(pool) => {
            let tables: Vec<(String,)> = sqlx::query_as(
                "select table_name::text from information_schema.tables where table_schema = current_schema()",
            )
            .fetch_all(pool)
            .await
            .expect("the tables");
            let mut all = String::new();
            for (table,) in tables {
                let sql = sqlx::AssertSqlSafe(format!("select t::text from {table} t"));
                let rows: Vec<(String,)> = sqlx::query_as(sql).fetch_all(pool).await.expect("rows");
                for (row,) in rows {
                    all += &row;
                }
            }
            all
        }
    };
    let mut tx = db.read().await.expect("a transaction");
    let text = |body: &[u8]| {
        let bytes = zstd::stream::decode_all(body).expect("compressed");
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let documents = personal::page(&mut tx, Kept::Documents, "", 100_000).await.expect("documents");
    for (_, body) in documents {
        all += &text(&body);
    }
    let bodies = personal::bodies(&mut tx, "", 100_000).await.expect("bodies");
    for (_, body, ..) in bodies {
        all += &text(&body);
    }
    drop(tx);
    db.close().await;
    all
}

async fn size(town: &Town) -> u64 {
    town.world.app.verify_ledger(&Caller::operator(), |_, _| {}).await.expect("verified").size
}

async fn entry(town: &Town, index: u64) -> (String, Value) {
    let (kind, bytes) = town.world.app.entry(&Caller::operator(), index).await.expect("an entry");
    (kind, serde_json::from_slice(&bytes).expect("JSON"))
}

both!(no_entry_names_anybody, |kind| async move {
    let town = eventful(kind).await;
    let people = ["dev1", "dev2", "arch1", "arch2", "arch3", "ops1", "helen", "acme.example"];
    for index in 0..size(&town).await {
        let (kind, body) = entry(&town, index).await;
        let text = body.to_string();
        let named: Vec<_> = people.iter().filter(|person| text.contains(**person)).collect();
        assert!(named.is_empty(), "entry {index} (`{kind}`) names {named:?}: {text}");
    }
});

both!(two_people_erase_a_person_and_nothing_is_left_of_them, |kind| async move {
    let town = eventful(kind).await;
    let app = &town.world.app;
    let before = everything(&town).await;
    for name in [PERSON, "dev1@acme.example"] {
        assert!(before.contains(name), "nothing would be shown: {name} is not there before");
    }
    // The person asked for it, and somebody else did too: neither request may keep the name.
    app.request_erasure(&helen(), request(PERSON)).await.expect("asked for, and left open");
    let own = app.request_erasure(&Caller::administrator(PERSON), request(PERSON)).await;
    let own = own.expect("asked for by the person").erasure;
    let done = app.agree_to_erasure(&ivan(), &own).await.expect("done");
    assert_eq!((done.state.as_str(), done.terms.as_ref()), ("performed", None));
    assert!(done.documents > Some(10) && done.deliveries > Some(10), "{done:?}");
    let after = everything(&town).await;
    for name in [PERSON, "dev1@acme.example"] {
        let at = after.find(name).map(|at| {
            let (from, to) = (at.saturating_sub(120), (at + 120).min(after.len()));
            String::from_utf8_lossy(&after.as_bytes()[from..to]).into_owned()
        });
        assert_eq!(at, None, "{name} is still there");
    }
    assert!(after.contains(&done.pseudonym), "nothing stands in their place");
    // Whoever is not meant stays.
    assert!(after.contains("dev2@acme.example") && after.contains("arch1"), "too much is gone");
    let again = app.request_erasure(&helen(), request(PERSON)).await;
    assert!(again.expect_err("nothing names them").to_string().contains("nothing that is kept"));
});

both!(every_proof_still_verifies_after_an_erasure, |kind| async move {
    let town = eventful(kind).await;
    let (app, operator) = (&town.world.app, Caller::operator());
    let old = app.checkpoint(&operator).await.expect("signed");
    let key: VerifierKey = app.verifier_key().parse().expect("a key");
    let old_size = size(&town).await;
    let mut entries = Vec::new();
    for index in 0..old_size {
        entries.push(entry(&town, index).await);
    }
    let receipt = app.receipt(&operator, 3).await.expect("a receipt");
    let done = erased(app, PERSON).await;

    let whole = app.verify_ledger(&operator, |_, _| {}).await.expect("verified");
    assert!(whole.faults.is_empty(), "{whole:?}");
    for (index, known) in (0..old_size).zip(&entries) {
        assert_eq!(&entry(&town, index).await, known, "an entry was touched");
    }
    let (_, bytes) = app.entry(&operator, 3).await.expect("an entry");
    receipt.verify(&bytes, &key).expect("the receipt of before holds");
    Checkpoint::open(old.as_bytes(), key.name(), std::slice::from_ref(&key))
        .expect("the checkpoint of before holds");
    app.checkpoint(&operator).await.expect("and a new one is signed over more");
    let (told, body) = entry(&town, done.ledger_index).await;
    assert_eq!((told.as_str(), &body["pseudonym"]), ("erasure.performed", &json!(done.pseudonym)));

    let again = app.recompute(&operator, RecomputeRequest::default(), |_, _| {}).await;
    let again = again.expect("recomputed");
    let lines: Vec<String> = again.differences.iter().map(ToString::to_string).collect();
    assert_eq!(lines, Vec::<String>::new());
    assert!(again.holds() && again.erased > 20, "{again:#?}");
});

both!(what_is_left_is_bound_and_makes_the_same_database, |kind| async move {
    let town = eventful(kind).await;
    erased(&town.world.app, PERSON).await;
    let folder = TempDir::new().expect("a folder");
    let other = if kind == Kind::Sqlite { Kind::Postgres } else { Kind::Sqlite };
    let found = rebuild(&town.world.app, &database(other, folder.path())).await;
    assert_same(&found, "after an erasure");
    // What is left is not to be changed either.
    let sql = "update snapshot set body = (select body from snapshot order by digest limit 1) \
               where digest <> (select digest from snapshot order by digest limit 1)";
    crate::replay::behind_its_back(&town, sql.to_owned()).await;
    let (app, operator) = (&town.world.app, Caller::operator());
    let again = app.recompute(&operator, RecomputeRequest::default(), |_, _| {}).await;
    assert!(!again.is_ok_and(|found| found.holds()), "a changed document was not noticed");
});

both!(one_person_alone_erases_nobody, |kind| async move {
    let town = eventful(kind).await;
    let (app, server) = (&town.world.app, Server::start(&town.world).await);
    let post = async |cookie: &str, path: &str, body: Value| {
        let request = server.request(Method::POST, path).header("cookie", cookie);
        let request = request.header("content-type", "application/json").body(body.to_string());
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("text");
        (status, serde_json::from_str::<Value>(&text).expect("JSON"))
    };
    let admin = cookie(&town, &server, "helen", Role::Admin).await;
    let auditor = cookie(&town, &server, "otto", Role::Auditor).await;
    let body = json!({ "person": PERSON, "reason": REASON });
    let (status, _) = post(&auditor, "/api/v1/erasures", body.clone()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, told) = post(&admin, "/api/v1/erasures", body).await;
    assert_eq!((status, &told["state"]), (StatusCode::CREATED, &json!("requested")));
    let texts = told["terms"]["texts"].to_string();
    assert!(texts.contains("dev1@acme.example") && !texts.contains("dev2"), "{texts}");
    let path = format!("/api/v1/erasures/{}/agree", told["erasure"].as_str().expect("an id"));
    let (status, refused) = post(&admin, &path, json!({})).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{refused}");
    assert!(refused.to_string().contains("another administrator has to agree"), "{refused}");
    assert!(everything(&town).await.contains("dev1@acme.example"));
    // Auditors see that it was asked for, and not of whom.
    let list = server.request(Method::GET, "/api/v1/erasures").header("cookie", &auditor);
    let list = list.send().await.expect("an answer").text().await.expect("text");
    assert!(list.contains("requested") && !list.contains(PERSON), "{list}");

    let second = cookie(&town, &server, "ivan", Role::Admin).await;
    let (status, done) = post(&second, &path, json!({})).await;
    assert_eq!((status, &done["state"]), (StatusCode::OK, &json!("performed")), "{done}");
    let (status, _) = post(&second, &path, json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT, "it is done once");
    let asked = app.request_erasure(&helen(), request("dev2")).await.expect("asked for");
    app.withdraw_erasure(&ivan(), &asked.erasure).await.expect("withdrawn");
    let late = app.agree_to_erasure(&ivan(), &asked.erasure).await.expect_err("withdrawn");
    assert!(late.to_string().contains("was withdrawn before"), "{late}");
});

both!(whoever_the_organisation_names_is_not_erased, |kind| async move {
    let town = eventful(kind).await;
    let app = &town.world.app;
    let asked = app.request_erasure(&helen(), request("arch1")).await.expect("asked for");
    let refused = app.agree_to_erasure(&ivan(), &asked.erasure).await.expect_err("refused");
    assert!(refused.to_string().contains("line 6 of the organisation file"), "{refused}");
    let nobody = app.request_erasure(&helen(), request("nobody-known")).await;
    assert!(nobody.expect_err("unknown").to_string().contains("nobody-known"));
    let short = ErasureRequest { reason: "why not".to_owned(), ..request(PERSON) };
    assert!(app.request_erasure(&helen(), short).await.is_err());
    let token = Caller { person: false, ..helen() };
    assert!(app.request_erasure(&token, request(PERSON)).await.is_err());
});

both!(a_bundle_after_an_erasure_holds_and_says_what_is_left, |kind| async move {
    let town = busy_town(kind).await;
    let (app, operator) = (&town.world.app, Caller::operator());
    let key: VerifierKey = app.verifier_key().parse().expect("a key");
    let before = made(&town, period(), None).await.expect("made");
    assert!(String::from_utf8_lossy(&before).contains(PERSON), "nothing would be shown");
    erased(app, PERSON).await;
    let early = made(&town, period(), None).await.expect_err("no checkpoint covers the erasure");
    assert!(
        early.to_string().contains("a person was erased after the latest checkpoint"),
        "{early}"
    );
    app.checkpoint(&operator).await.expect("signed");
    let after = made(&town, period(), None).await.expect("made");
    let trust = Trust { key: Some(&key), ..Trust::default() };
    let found = bundle::check(after.as_slice(), &trust).expect("it holds");
    assert_eq!(found.manifest.erasures, 1);
    assert_eq!(Verifier::start(&after).check(&after, &key.to_string()), Ok(()));
    assert!(!String::from_utf8_lossy(&after).contains(PERSON), "the bundle names the person");
    // What was given away before the erasure is not undone by it, and holds as it did.
    assert_eq!(bundle::check(before.as_slice(), &trust).expect("it holds").manifest.erasures, 0);
    // What is left is bound too: facts of before the erasure under another digest are not taken for them.
    let at = after.windows(7).position(|bytes| bytes == b"\"was\":\"").expect("the list") + 14;
    let mut other = after.clone();
    other[at + 5] ^= 1;
    let fault = bundle::check(other.as_slice(), &trust).expect_err("a changed list");
    assert!(fault.place.starts_with("erased/"), "{fault}");
    let refused = Verifier::start(&after).check(&other, &key.to_string()).expect_err("refused");
    assert!(refused.starts_with("erased/"), "{refused}");
});
