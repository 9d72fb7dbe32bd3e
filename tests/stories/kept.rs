//! A ledger of version 1 as it was written once, kept for ever: whatever becomes of the program, it stays readable and
//! verifiable. Nothing here is made anew; only a new version gets a folder of its own (`write`, below).

use std::path::{Path, PathBuf};

use countersign::ledger::checkpoint::Checkpoint;
use countersign::ledger::cosignature::{Cosigner, WitnessKey};
use countersign::ledger::entry::Entry;
use countersign::ledger::epoch::{self, Epochs, Rotation};
use countersign::ledger::key::SigningKey;
use countersign::ledger::note::{Note, NoteSignature};
use countersign::ledger::receipt::Receipt;
use countersign::ledger::schema::kind;
use countersign::ledger::tile::{decode_entries, encode_hashes};
use countersign::ledger::tree::{Hash, leaf_hash};
use countersign::ledger::verify::Verifier;
use serde_json::Value;

use crate::schemas::Validator;

/// SHA-256 over names and contents of all files of the fixture, in order.
const DIGEST: &str = "sha256:d35daf5c571c35935711c4d1ebd0faa857110a7f4e79bb53dfefef70930ea99e";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories/kept/v1")
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn text(name: &str) -> String {
    String::from_utf8(read(name)).expect("UTF-8")
}

fn names() -> Vec<String> {
    let files = std::fs::read_dir(folder()).expect("the fixture");
    let name = |file: std::io::Result<std::fs::DirEntry>| {
        file.expect("a file").file_name().into_string().expect("UTF-8")
    };
    let mut names: Vec<String> = files.map(name).collect();
    names.sort();
    names
}

/// The entries, from their bundles.
fn entries(size: u64) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    for bundle in 0..size.div_ceil(256) {
        let width = u16::try_from((size - bundle * 256).min(256)).expect("small");
        let bytes = read(&format!("entries-{bundle:03}"));
        let decoded = decode_entries(&bytes, width).expect("a bundle");
        entries.extend(decoded.into_iter().map(<[u8]>::to_vec));
    }
    entries
}

#[test]
fn nobody_touched_the_kept_ledger() {
    let mut all = Vec::new();
    for name in names() {
        all.extend_from_slice(name.as_bytes());
        all.push(0);
        all.extend_from_slice(&read(&name));
    }
    assert_eq!(countersign::domain::id::sha256(&all), DIGEST);
}

#[test]
fn the_kept_ledger_is_read_verified_and_fits_its_schemas() {
    let current: countersign::ledger::VerifierKey = text("key").trim_end().parse().expect("a key");
    let size: u64 = text("checkpoint").lines().nth(1).expect("a size").parse().expect("a number");
    let entries = entries(size);
    let validator =
        Validator::new(&serde_json::from_str::<Value>(&text("schemas.json")).expect("JSON"));
    let mut rotations: Vec<Rotation> = Vec::new();
    for bytes in &entries {
        let opened = Entry::open(bytes).expect("version 1 is read");
        assert_eq!(opened.version, 1);
        // By the schemas as they were published then, which are those of today.
        let entry: Value = serde_json::from_slice(bytes).expect("JSON");
        assert_eq!(validator.complaint(&entry), None);
        assert!(kind(&opened.kind).is_some(), "the kind {} is forgotten", opened.kind);
        if opened.kind == epoch::KIND {
            let note = opened.body["note"].as_str().expect("a note");
            rotations.push(note.parse().expect("both keys signed"));
        }
    }
    let epochs = Epochs::of(rotations, &current).expect("the keys follow each other");
    assert_eq!(epochs.all().len(), 2);
    let mut verifier = Verifier::new();
    let former = epochs.open(&read("checkpoint.former")).expect("by the former key");
    let head = epochs.open(&read("checkpoint")).expect("by the key in use");
    verifier.expect_head(former.size, former.root).expect("announced");
    for (index, bytes) in (0..).zip(&entries) {
        verifier.push(index, bytes, &leaf_hash(bytes)).expect("it holds");
    }
    let verified = verifier.finish(head.size, head.root).expect("it holds");
    assert_eq!(verified.heads_checked, 1);
    for index in [0, 255, 256, size - 1] {
        let receipt: Receipt = text(&format!("receipt-{index}")).parse().expect("a receipt");
        let entry = &entries[usize::try_from(index).expect("small")];
        assert_eq!((receipt.index, receipt.verify_in(entry, &epochs).is_ok()), (index, true));
    }
}

#[test]
fn the_kept_tiles_and_cosignature_are_what_they_were() {
    let size: u64 = text("checkpoint").lines().nth(1).expect("a size").parse().expect("a number");
    let hashes: Vec<Hash> = entries(size).iter().map(|entry| leaf_hash(entry)).collect();
    for (tile, part) in hashes.chunks(256).enumerate() {
        assert!(encode_hashes(part) == read(&format!("tile-0-{tile:03}")), "tile {tile}");
    }
    let key: WitnessKey = text("witness").trim_end().parse().expect("a key");
    let note = Note::parse(&read("checkpoint")).expect("a note");
    let line: &NoteSignature = note.signatures().last().expect("a cosignature");
    assert_eq!(key.verify(note.text(), line), Ok(1_763_640_000));
}

#[test]
fn the_schemas_of_version_1_are_those_that_were_published() {
    let kept: Value = serde_json::from_str(&text("schemas.json")).expect("JSON");
    for (name, schema) in kept["schemas"].as_object().expect("schemas") {
        let now = kind(name).unwrap_or_else(|| panic!("the kind {name} is forgotten")).schema();
        assert_eq!(&now, schema, "{name}: say it by a new kind or a new version");
    }
}

/// Wrote the fixture, and writes that of a next version: `cargo test --test stories kept::write -- --ignored`.
#[tokio::test]
#[ignore = "it makes a fixture; one that is there is kept as it is"]
async fn write() {
    let folder = folder();
    assert!(!folder.exists(), "{} is there and is kept", folder.display());
    std::fs::create_dir_all(&folder).expect("a folder");
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.join(name), bytes).expect("written");
    let home = tempfile::tempdir().expect("a folder");
    let listen = "127.0.0.1:8480".parse().expect("an address");
    let demo = countersign::cli::demo::build(home.path(), listen).await.expect("the demo");
    let (app, operator) = (demo.app, countersign::app::Caller::operator());
    put("checkpoint.former", app.checkpoint(&operator).await.expect("signed").as_bytes());
    app.rotate_key(&operator, "so that a rotation is kept too").await.expect("rotated");
    let note = app.checkpoint(&operator).await.expect("signed");
    let seed = SigningKey::from_seed("witness.example/kept", &[42; 32]).expect("a key");
    let witness = Cosigner::new(seed).expect("a witness");
    let head: Checkpoint =
        Note::parse(note.as_bytes()).expect("a note").text().parse().expect("one");
    let line = witness.cosign(&head.to_string(), 1_763_640_000);
    put("checkpoint", format!("{note}{line}\n").as_bytes());
    put("witness", format!("{}\n", witness.verifier()).as_bytes());
    put("key", format!("{}\n", app.verifier_key()).as_bytes());
    let schemas: serde_json::Map<String, Value> = countersign::ledger::schema::KINDS
        .iter()
        .map(|kind| (kind.name.to_owned(), kind.schema()))
        .collect();
    let schemas = serde_json::json!({ "version": 1, "schemas": schemas });
    put("schemas.json", serde_json::to_string_pretty(&schemas).expect("JSON").as_bytes());
    for index in [0, 255, 256, head.size - 1] {
        let receipt = app.receipt(&operator, index).await.expect("a receipt");
        put(&format!("receipt-{index}"), receipt.to_string().as_bytes());
    }
    for tile in 0..head.size.div_ceil(256) {
        let width = (head.size - tile * 256).min(256);
        let part = if width == 256 { String::new() } else { format!(".p/{width}") };
        for (kind, name) in [("0", "tile-0"), ("entries", "entries")] {
            let path = format!("tile/{kind}/{tile:03}{part}");
            put(&format!("{name}-{tile:03}"), &app.tile(&operator, &path).await.expect("a tile"));
        }
    }
}
