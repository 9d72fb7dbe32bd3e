//! Who checks a bundle asks for witnesses: those whose keys they brought have to have cosigned its checkpoint. Both verifiers
//! say the same.

use countersign::app::{Caller, Role, TokenRequest};
use countersign::ledger::bundle::{self, Checked, Fault, Quorum, Trust};
use countersign::ledger::cosignature::{Cosigner, WitnessKey};
use countersign::ledger::key::{SigningKey, VerifierKey};
use countersign::ledger::note::{Note, NoteSignature};

use super::bundle::{busy_town, made, period};
use crate::both;
use crate::harness::python::Verifier;
use crate::harness::town::Town;
use crate::harness::witness::{Running, witnessed};
use crate::harness::{Kind, archive};

/// A bundle of a town whose last checkpoint these witnesses cosigned.
async fn cosigned(kind: Kind) -> (Town, [Running; 2], Vec<u8>) {
    let Town { world, forge, sent } = busy_town(kind).await;
    let logs = [world.app.verifier_key()];
    let one = Running::start("witness.example/one", &logs, &world.clock).await;
    let two = Running::start("witness.example/two", &logs, &world.clock).await;
    let world = witnessed(world, &[&one, &two]).await;
    let town = Town { world, forge, sent };
    let request = TokenRequest { name: "new".to_owned(), role: Role::Ci, repo: None, lasts: None };
    town.world.app.create_token(&Caller::operator(), request).await.expect("a token");
    town.world.app.checkpoint(&Caller::operator()).await.expect("signed");
    let bytes = made(&town, period(), None).await.expect("made");
    (town, [one, two], bytes)
}

fn keys(texts: &[&str]) -> Vec<WitnessKey> {
    texts.iter().map(|text| text.parse().expect("a witness's key")).collect()
}

fn checked(
    bytes: &[u8],
    key: &str,
    witnesses: &[&str],
    need: Option<usize>,
) -> Result<Checked, Fault> {
    let (key, keys): (VerifierKey, _) = (key.parse().expect("a key"), keys(witnesses));
    let witnesses = Quorum::new(&keys, need).expect("a quorum");
    bundle::check(bytes, &Trust { key: Some(&key), older: None, witnesses })
}

/// The bundle with another note as its checkpoint, everywhere where it stands, signed by whoever has the ledger's key.
fn with_note(town: &Town, bytes: &[u8], change: impl Fn(&mut Note)) -> Vec<u8> {
    let pem = std::fs::read_to_string(town.world.folder.path().join("countersign.key"));
    let secret = SigningKey::from_pem("ledger.example/test", &pem.expect("the key"));
    let mut files = archive::list(bytes);
    let place = files.iter().position(|(name, _)| name == "tlog/checkpoint").expect("a file");
    let old = String::from_utf8(files[place].1.clone()).expect("text");
    let mut note = Note::parse(old.as_bytes()).expect("a note");
    change(&mut note);
    for (name, bytes) in &mut files {
        if name == "tlog/checkpoint" || name.starts_with("proofs/") {
            let text = String::from_utf8(bytes.clone()).expect("text");
            *bytes = text.replace(&old, &note.to_string()).into_bytes();
        }
    }
    archive::signed(files, &secret.expect("a key"))
}

both!(witnesses_that_are_asked_for_have_to_have_cosigned_the_checkpoint, |kind| async move {
    let (town, [one, two], bytes) = cosigned(kind).await;
    let key = town.world.app.verifier_key();
    let never = SigningKey::from_seed("witness.example/three", &[3; 32]).expect("a key");
    let never = Cosigner::new(never).expect("a witness").verifier().to_string();
    let at = u64::try_from(town.world.clock.now().micros() / 1_000_000).expect("after 1970");
    let (both, three) = ([one.key.as_str(), &two.key], [one.key.as_str(), &never, &two.key]);
    let mut python = Verifier::start(&bytes);

    let found = checked(&bytes, &key, &both, None).expect("it holds").witnessed;
    let seen = [("witness.example/one".to_owned(), at), ("witness.example/two".to_owned(), at)];
    assert_eq!((found.seen.as_slice(), found.need), (seen.as_slice(), 2));
    assert!(found.is_enough() && found.absent.is_empty());
    let at = at.to_string();
    let told = python.check_witnessed(&bytes, &key, &both);
    assert_eq!(told, Ok(vec![at.clone(), at.clone()]));

    let found = checked(&bytes, &key, &three, None).expect("it holds").witnessed;
    assert!(!found.is_enough(), "one of the three never saw it");
    assert_eq!(found.absent, ["witness.example/three"]);
    assert!(checked(&bytes, &key, &three, Some(2)).expect("it holds").witnessed.is_enough());
    let told = python.check_witnessed(&bytes, &key, &three);
    assert_eq!(told, Ok(vec![at.clone(), "absent".to_owned(), at]));
});

#[tokio::test(flavor = "multi_thread")]
async fn not_even_the_ledgers_key_makes_a_witness() {
    let (town, [one, two], bytes) = cosigned(Kind::Sqlite).await;
    let key = town.world.app.verifier_key();
    let both = [one.key.as_str(), &two.key];
    let mut python = Verifier::start(&bytes);
    // Signed anew without a change, it is the same: what follows is refused for what was changed.
    assert!(with_note(&town, &bytes, |_| ()) == bytes);

    let without = with_note(&town, &bytes, |note| {
        note.retain(|line| line.name != "witness.example/two");
    });
    let found = checked(&without, &key, &both, None).expect("it holds").witnessed;
    assert_eq!((found.is_enough(), found.absent), (false, vec!["witness.example/two".to_owned()]));
    let told = python.check_witnessed(&without, &key, &both).expect("it holds");
    assert_eq!(told[1], "absent");

    // One witness twice is one.
    let doubled = with_note(&town, &without, |note| {
        note.add(note.signatures()[1].clone()).expect("room");
    });
    assert!(!checked(&doubled, &key, &both, None).expect("it holds").witnessed.is_enough());
    let told = python.check_witnessed(&doubled, &key, &both).expect("it holds");
    assert_eq!(told[1], "absent");

    // Every single bit of a cosignature: its time and its signature. (Of the name and the id: it is of somebody else.)
    let line = Note::parse(&archive::files(&bytes)["tlog/checkpoint"]).expect("a note");
    let of_two = |line: &&NoteSignature| line.name == "witness.example/two";
    let line = line.signatures().iter().find(of_two).expect("its line").clone();
    assert_eq!(line.signature.len(), 72);
    for bit in (0..72 * 8).step_by(7) {
        let forged = with_note(&town, &bytes, |note| {
            let mut line = line.clone();
            line.signature[bit / 8] ^= 1 << (bit % 8);
            note.retain(|one| one.name != line.name);
            note.add(line).expect("room");
        });
        let fault = checked(&forged, &key, &both, Some(1)).expect_err("forged");
        assert_eq!((fault.place.as_str(), fault.undecided), ("tlog/checkpoint", false), "{bit}");
        let said = python.check_witnessed(&forged, &key, &both).expect_err("Python accepted");
        assert!(said.starts_with("tlog/checkpoint: "), "bit {bit}: {said}");
        // Who does not ask for that witness does not care.
        assert!(checked(&forged, &key, &both[..1], None).expect("holds").witnessed.is_enough());
    }
    // The cosignature of another checkpoint of the same ledger, and one that was cut short.
    let other = "ledger.example/test\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    let stranger = SigningKey::from_seed("witness.example/one", &[7; 32]).expect("a key");
    let stranger = Cosigner::new(stranger).expect("a witness");
    let mut short = line.clone();
    short.signature.truncate(64);
    let mut same_id = stranger.cosign(other, 1_763_640_000);
    (same_id.name, same_id.id) = (line.name.clone(), line.id);
    for wrong in [short, same_id] {
        let forged = with_note(&town, &bytes, |note| note.add(wrong.clone()).expect("room"));
        let fault = checked(&forged, &key, &both, None).expect_err("forged");
        assert_eq!(fault.place, "tlog/checkpoint");
        let said = python.check_witnessed(&forged, &key, &both).expect_err("Python accepted");
        assert!(said.starts_with("tlog/checkpoint: "), "{said}");
    }
}

both!(after_a_rotation_bundles_are_made_under_the_new_key, |kind| async move {
    let town = busy_town(kind).await;
    let operator = Caller::operator();
    let done = town.world.app.rotate_key(&operator, "somebody left").await.expect("rotated");
    let early = made(&town, period(), None).await.expect_err("nothing is signed by it yet");
    assert!(early.to_string().contains("nothing was signed by the new key yet"), "{early}");
    town.world.app.checkpoint(&operator).await.expect("signed");
    let bytes = made(&town, period(), None).await.expect("made");
    let found = checked(&bytes, &done.new, &[], None).expect("it holds");
    assert_eq!(found.manifest.previous, None, "the older ones are the former key's");
    assert!(checked(&bytes, &done.old, &[], None).is_err());
    assert_eq!(Verifier::start(&bytes).check(&bytes, &done.new), Ok(()));
});
