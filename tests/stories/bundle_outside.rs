//! Programs of others read our bundles: OpenSSH, coreutils, and Python's libraries for DSSE, in-toto and Merkle trees.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use countersign::app::Caller;
use tempfile::TempDir;

use super::bundle::{busy_town, made, period};
use crate::harness::town::Town;
use crate::harness::{Kind, archive};

pub const HINT: &str = "run tests/run, or: python3 -m venv target/outside && \
                    target/outside/bin/pip install -r tests/outside/requirements.txt";

/// A bundle as an auditor unpacks it, beside the archive.
async fn unpacked() -> (Town, TempDir, PathBuf) {
    let town = busy_town(Kind::Sqlite).await;
    let bytes = made(&town, period(), None).await.expect("made");
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("bundle.zip");
    std::fs::write(&file, &bytes).expect("written");
    for (name, bytes) in archive::list(&bytes) {
        let path = folder.path().join("unpacked").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, bytes).expect("written");
    }
    (town, folder, file)
}

pub fn shown(output: &Output) -> String {
    let both = [output.stdout.as_slice(), &output.stderr].concat();
    String::from_utf8_lossy(&both).into_owned()
}

fn ssh_keygen(folder: &Path, sums: &Path) -> Output {
    Command::new("ssh-keygen")
        .args(["-Y", "verify", "-f", "keys/allowed_signers", "-I", "ledger.example/test"])
        .args(["-n", "countersign-bundle", "-s", "SHA256SUMS.sig"])
        .current_dir(folder)
        .stdin(Stdio::from(std::fs::File::open(sums).expect("the sums")))
        .output()
        .expect("ssh-keygen runs: install openssh-client, or run tests/run")
}

#[tokio::test(flavor = "multi_thread")]
async fn openssh_and_coreutils_check_every_file() {
    let (_town, folder, _) = unpacked().await;
    let folder = folder.path().join("unpacked");
    let sums = Command::new("sha256sum")
        .args(["--strict", "-c", "SHA256SUMS"])
        .current_dir(&folder)
        .output()
        .expect("sha256sum runs");
    assert!(sums.status.success(), "{}", shown(&sums));
    let signed = ssh_keygen(&folder, &folder.join("SHA256SUMS"));
    assert!(signed.status.success(), "{}", shown(&signed));
    assert!(shown(&signed).contains("Good \"countersign-bundle\" signature"), "{}", shown(&signed));
    let other = folder.join("manifest.json");
    assert!(!ssh_keygen(&folder, &other).status.success(), "it accepts anything");
}

#[tokio::test(flavor = "multi_thread")]
async fn libraries_of_others_read_archive_tree_and_attestations() {
    let (town, folder, file) = unpacked().await;
    let operator = Caller::operator();
    let size = town.world.app.verify_ledger(&operator, |_, _| {}).await.expect("runs").size;
    let mut leaves = Vec::new();
    for index in 0..size {
        let (_, bytes) = town.world.app.entry(&operator, index).await.expect("an entry");
        leaves.extend([bytes.as_slice(), b"\n"].concat());
    }
    let entries = folder.path().join("entries");
    std::fs::write(&entries, leaves).expect("written");
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/outside/bin/python");
    assert!(python.exists(), "{} is missing: {HINT}", python.display());
    let read = Command::new(python)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/outside/bundle.py"))
        .arg(&file)
        .arg(town.world.app.verifier_key())
        .arg(&entries)
        .output()
        .expect("python runs");
    assert!(read.status.success(), "{}\n{HINT}", shown(&read));
    let text = shown(&read);
    for client in ["cryptography 1", "securesystemslib 6", "in-toto-attestation 6", "jsonschema 3"]
    {
        assert!(text.contains(client), "{text}");
    }
    let proven = text.lines().find_map(|line| line.strip_prefix("pymerkle ")).expect("a count");
    assert!(proven.parse::<u64>().expect("a number") > 5, "{text}");
}
