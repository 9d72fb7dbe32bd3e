//! A bundle is evidence by itself: made twice it is the same bytes, and whoever holds the ledger's key can check it without the
//! service, by our program or by one Python file. What was touched is refused, with its place.

use std::io::Cursor;

use countersign::app::bundle::{BundleRequest, BundleScope};
use countersign::app::{AppError, Caller, Role};
use countersign::cli::demo::forge::{Proposal, Way};
use countersign::ledger::bundle::{self, Checked, Fault, Trust};
use countersign::ledger::key::{SigningKey, VerifierKey};
use countersign::ledger::statement::{Envelope, IN_TOTO};
use countersign::policy::State;
use serde_json::Value;

use crate::both;
use crate::harness::python::Verifier;
use crate::harness::server::{Server, token};
use crate::harness::town::{REPO, Town, VALUES, done};
use crate::harness::{Kind, archive};

/// One change by rule, one with an architect's approval, one that waits; the first two in production.
pub async fn busy_town(kind: Kind) -> Town {
    let mut town = Town::new(kind).await;
    let scaled = VALUES.replace("replicas: 4", "replicas: 6");
    let trivial =
        Proposal::new("scale", "Scale the web").file("deploy/prod/values-web.yaml", &scaled);
    let significant =
        Proposal::new("refund", "Refunds").file("src/payments/refund.rs", "fn refund() { 1 }\n");
    let waiting = Proposal::new("later", "Later").file("src/lib.rs", "pub mod later;\n");
    let mut landed = None;
    for (proposal, approver) in [(trivial, None), (significant, Some("arch2"))] {
        let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
        if let Some(approver) = approver {
            done(done(town.forge.pull(&pull)).approve(approver));
        }
        town.arrive().await;
        let head = done(done(town.forge.pull(&pull)).head());
        assert!(town.may_merge(head).await.pass);
        landed = Some(done(done(town.forge.pull(&pull)).merge("dev2", Way::Merge)));
        town.arrive().await;
    }
    town.world.app.checkpoint(&Caller::operator()).await.expect("signed");
    town.forge.later(60);
    let sha = landed.expect("two of them");
    town.may_deploy(sha).await;
    done(done(town.forge.repo(REPO)).deploy("payments", "production", sha, "ops1"));
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &waiting));
    town.arrive().await;
    let head = done(done(town.forge.pull(&pull)).head());
    assert_eq!(town.may_merge(head).await.state, State::Pending);
    town.world.app.checkpoint(&Caller::operator()).await.expect("signed");
    town
}

pub fn period() -> BundleScope {
    BundleScope::Period { from: "2026-11-20".to_owned(), to: "2026-11-30".to_owned() }
}

pub async fn made(
    town: &Town,
    scope: BundleScope,
    older: Option<String>,
) -> Result<Vec<u8>, AppError> {
    let mut out = Cursor::new(Vec::new());
    let request = BundleRequest { scope, older };
    town.world.app.bundle(&Caller::operator(), &request, &mut out, |_, _| {}).await?;
    Ok(out.into_inner())
}

fn key_of(town: &Town) -> VerifierKey {
    town.world.app.verifier_key().parse().expect("a key")
}

fn checked(bytes: &[u8], key: &VerifierKey) -> Result<Checked, Fault> {
    bundle::check(bytes, &Trust { key: Some(key), ..Trust::default() })
}

both!(a_bundle_made_twice_is_the_same_bytes_and_both_verifiers_accept_it, |kind| async move {
    let town = busy_town(kind).await;
    let key = key_of(&town);
    let bytes = made(&town, period(), None).await.expect("made");
    assert!(bytes == made(&town, period(), None).await.expect("made"), "made again, it differs");
    let found = checked(&bytes, &key).expect("it holds");
    assert!(found.anchored);
    let manifest = &found.manifest;
    assert_eq!((manifest.changes, manifest.deploys), (2, 1), "{manifest:?}");
    assert_eq!(manifest.decisions, 3, "{manifest:?}");
    assert!(manifest.previous.is_some());
    let mut python = Verifier::start(&bytes);
    assert_eq!(python.check(&bytes, &key.to_string()), Ok(()));
});

both!(a_bundle_of_one_change_tells_its_story_and_no_other, |kind| async move {
    let town = busy_town(kind).await;
    let change = town.change(2).await;
    let id = change["id"].as_str().expect("an id").to_owned();
    let bytes = made(&town, BundleScope::Change(id.clone()), None).await.expect("made");
    let found = checked(&bytes, &key_of(&town)).expect("it holds");
    assert_eq!((found.manifest.changes, found.manifest.deploys), (1, 1));
    let files = archive::files(&bytes);
    let entries = String::from_utf8(files["entries.jsonl"].clone()).expect("text");
    let other = town.change(3).await;
    assert!(entries.contains(&id));
    assert!(!entries.contains(other["id"].as_str().expect("an id")), "{entries}");
    assert!(entries.contains("\"approved\""));
    let row = String::from_utf8(files["report/changes.jsonl"].clone()).expect("text");
    assert!(row.contains("\"by\":\"arch2\""), "{row}");

    let nobody = made(&town, BundleScope::Change("chg_x".to_owned()), None).await;
    assert!(matches!(nobody, Err(AppError::NotFound(_))), "{nobody:?}");
});

both!(an_attestation_claims_what_is_true_and_says_the_same_every_time, |kind| async move {
    let town = busy_town(kind).await;
    let server = Server::start(&town.world).await;
    let reader = token(&town.world, Role::Reader).await;
    let key = key_of(&town);
    for (number, result, levels) in [
        (1, "PASSED", vec!["ORG_SOURCE_TRIVIAL_PROVEN"]),
        (2, "PASSED", vec!["ORG_SOURCE_ARCHITECT_APPROVED"]),
        (3, "FAILED", vec!["FAILED"]),
    ] {
        let change = town.change(number).await;
        let decision = change["decision"].as_str().expect("a decision");
        let path = format!("/api/v1/decisions/{decision}/attestations");
        let body = server.get(&path, &reader).await.text().await.expect("text");
        let again = server.get(&path, &reader).await.text().await.expect("text");
        assert_eq!(body, again, "asked again, the bytes differ");
        let body: Value = serde_json::from_str(&body).expect("JSON");
        let [summary, record] = [0, 1].map(|at| {
            let envelope: Envelope =
                serde_json::from_value(body["items"][at].clone()).expect("an envelope");
            let payload = envelope.open(IN_TOTO, &key).expect("signed");
            serde_json::from_slice::<Value>(&payload).expect("JSON")
        });
        assert_eq!(summary["subject"][0]["digest"]["gitCommit"], change["head"]);
        assert_eq!(summary["predicate"]["resourceUri"], "git+https://github.com/acme/payments");
        assert_eq!(summary["predicate"]["verificationResult"], result);
        assert_eq!(summary["predicate"]["verifiedLevels"], serde_json::json!(levels));
        assert_eq!(record["predicate"]["decision"], decision);
        assert_eq!(record["predicate"]["state"], change["state"]);
    }
});

both!(what_the_auditor_brings_is_compared, |kind| async move {
    let mut town = busy_town(kind).await;
    let (operator, key) = (Caller::operator(), key_of(&town));
    let kept = town.world.app.checkpoint(&operator).await.expect("signed");
    let between = made(&town, period(), None).await.expect("made");
    done(done(town.forge.repo(REPO)).open_pull("dev2", &Proposal::new("x", "X").file("x", "x")));
    town.arrive().await;
    town.world.app.checkpoint(&operator).await.expect("signed");
    town.forge.later(5);
    done(done(town.forge.repo(REPO)).open_pull("dev2", &Proposal::new("y", "Y").file("y", "y")));
    town.arrive().await;
    town.world.app.checkpoint(&operator).await.expect("signed");

    let with = made(&town, period(), Some(kept.clone())).await.expect("made");
    let trust = Trust { key: Some(&key), older: Some(kept.as_bytes()), ..Trust::default() };
    let found = bundle::check(with.as_slice(), &trust).expect("it continues");
    assert_eq!(found.older, found.manifest.previous.map(|head| head.size));
    assert!(bundle::check(between.as_slice(), &trust).expect("the same").older.is_some());
    let without = made(&town, period(), None).await.expect("made");
    let fault = bundle::check(without.as_slice(), &trust).expect_err("no proof from there");
    assert!(fault.undecided && fault.why.contains("--checkpoint"), "{fault}");

    let unanchored = bundle::check(with.as_slice(), &Trust::default()).expect("it holds");
    assert!(!unanchored.anchored);
    let other = countersign::ledger::key::SigningKey::from_seed("ledger.example/test", &[7; 32]);
    let other = other.expect("a key").verifier().clone();
    let fault = checked(&with, &other).expect_err("another key");
    assert_eq!(fault.place, "manifest.json");
    let mut python = Verifier::start(&with);
    assert_eq!(python.check_against(&with, &key.to_string(), &kept), Ok(()));
    let said = python.check_against(&without, &key.to_string(), &kept).expect_err("undecided");
    assert!(said.starts_with("the checkpoint you brought: "), "{said}");
    assert!(python.check(&with, &other.to_string()).is_err());
});

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_take_reports_out_gets_no_bundle() {
    let town = busy_town(Kind::Sqlite).await;
    for role in Role::ALL {
        let caller = Caller { name: "x".to_owned(), role, repo: None, person: true };
        let request = BundleRequest { scope: period(), older: None };
        let made =
            town.world.app.bundle(&caller, &request, Cursor::new(Vec::new()), |_, _| {}).await;
        let may = matches!(role, Role::Auditor | Role::Admin);
        assert_eq!(made.is_ok(), may, "{role:?}");
    }
}

/// Whoever has the ledger's key signs what they like: the sums, and statements that were signed before about something else.
/// What was recorded they cannot change with it.
#[tokio::test(flavor = "multi_thread")]
async fn not_even_the_key_turns_a_valid_statement_into_one_about_something_else() {
    let town = busy_town(Kind::Sqlite).await;
    let key = key_of(&town);
    let bytes = made(&town, period(), None).await.expect("made");
    let pem = std::fs::read_to_string(town.world.folder.path().join("countersign.key"));
    let secret = SigningKey::from_pem(key.name(), &pem.expect("the key")).expect("a key");
    let mut python = Verifier::start(&bytes);
    let mut refused = |place: &str, files: Vec<(String, Vec<u8>)>| {
        let touched = archive::signed(files, &secret);
        let fault = checked(&touched, &key).expect_err("accepted");
        assert!(fault.place.starts_with(place), "{place}: {fault}");
        let said = python.check(&touched, &key.to_string()).expect_err("Python accepted");
        assert!(said.starts_with(place), "{place}: {said}");
    };
    let files = archive::list(&bytes);
    let places = |start: &str, end: &str| -> Vec<usize> {
        let fits = |name: &str| name.starts_with(start) && name.ends_with(end);
        (0..files.len()).filter(|at| fits(&files[*at].0)).collect()
    };
    for kind in [".vsa.dsse.json", ".change-record.dsse.json"] {
        let of_kind = places("attestations/", kind);
        let mut exchanged = files.clone();
        exchanged[of_kind[0]].1.clone_from(&files[of_kind[1]].1);
        refused(&files[of_kind[0]].0, exchanged);
    }
    for (start, by) in [("raw/", "{}"), ("policies/", "version: 1\n")] {
        let at = places(start, "")[0];
        let mut other = files.clone();
        other[at].1 = by.as_bytes().to_vec();
        refused(&files[at].0, other);
    }
    let entries = places("entries.jsonl", "")[0];
    let text = String::from_utf8(files[entries].1.clone()).expect("text");
    let mut other = files.clone();
    other[entries].1 = text.replacen("\"approved\"", "\"rejected\"", 1).into_bytes();
    refused("proofs/", other);
    let mut fewer = files.clone();
    let (_, rest) = text.split_once('\n').expect("lines");
    fewer[entries].1 = rest.as_bytes().to_vec();
    refused("proofs/", fewer);
    let whole = archive::signed(files.clone(), &secret);
    assert!(whole == bytes, "signed again, it is the same");
}

/// Bytes flipped, removed, doubled and exchanged anywhere; and files changed, removed, doubled, exchanged and renamed in an
/// archive that is in order again, with sums that fit and a signature that does not.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_touched_is_refused_by_both_verifiers_with_its_place() {
    let town = busy_town(Kind::Sqlite).await;
    let key = key_of(&town);
    let bytes = made(&town, period(), None).await.expect("made");
    let mut python = Verifier::start(&bytes);
    let mut seed = archive::Seed::new(20_261_121);
    let mut places = std::collections::BTreeSet::new();
    for round in 0..1500 {
        let (what, touched) = archive::touch(&bytes, &mut seed, round);
        if touched == bytes {
            continue;
        }
        let fault = checked(&touched, &key).err().unwrap_or_else(|| panic!("accepted: {what}"));
        assert!(!fault.undecided, "{what}: {fault}");
        let said = python.check(&touched, &key.to_string());
        let said = said.err().unwrap_or_else(|| panic!("Python accepted: {what}"));
        let place = said.split(": ").next().unwrap_or_default();
        let file = |place: &str| place.split(' ').next().unwrap_or_default().to_owned();
        assert_eq!(file(place), file(&fault.place), "{what}\n{said}\n{fault}");
        places.insert(file(place));
    }
    assert!(places.len() > 20, "{places:?}");
}

both!(a_sample_holds_what_was_drawn_and_its_order_does_not_matter, |kind| async move {
    let town = busy_town(kind).await;
    let key = key_of(&town);
    let id = async |number| {
        let change = town.change(number).await;
        change["id"].as_str().expect("an id").to_owned()
    };
    let (first, second, third) = (id(1).await, id(2).await, id(3).await);
    let sample =
        |ids: &[&String]| BundleScope::Sample(ids.iter().map(|id| (*id).clone()).collect());
    let bytes = made(&town, sample(&[&second, &first]), None).await.expect("made");
    let other = made(&town, sample(&[&first, &second, &first]), None).await.expect("made");
    assert!(bytes == other, "the order matters");
    let found = checked(&bytes, &key).expect("it holds");
    assert_eq!((found.manifest.changes, found.manifest.deploys), (2, 1), "{:?}", found.manifest);
    assert_eq!(Verifier::start(&bytes).check(&bytes, &key.to_string()), Ok(()));
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(text.contains(&first) && !text.contains(&third), "more is in it than was drawn");
    let unknown = made(&town, sample(&[&first, &"chg_x".to_owned()]), None).await;
    assert!(unknown.expect_err("unknown").to_string().contains("chg_x"));
    assert!(made(&town, BundleScope::Sample(Vec::new()), None).await.is_err());
});
