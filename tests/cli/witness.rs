//! A witness beside a ledger, both as commands: what the doctor says, and whether a bundle is believed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};

use crate::bundle::python_verifier;
use crate::world::{folder, run};

/// A witness that runs, its address and its key; it ends with the value.
struct Witness {
    child: Child,
    address: String,
    key: String,
}

impl Witness {
    fn start(folder: &Path, listen: &str, log: &str) -> Self {
        let text = format!(
            "[witness]\nname = \"witness.example/one\"\nlisten = {listen:?}\nlogs = [{log:?}]\n"
        );
        std::fs::write(folder.join("w.toml"), text).expect("written");
        let child = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
            .args(["witness", "--config", "w.toml"])
            .env_clear()
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = child.expect("it runs");
        let mut lines = BufReader::new(child.stderr.take().expect("its words")).lines();
        let mut after = |mark: &str| loop {
            let line = lines.next().expect("it ended early").expect("a line");
            if let Some((_, rest)) = line.split_once(mark) {
                return rest.trim().to_owned();
            }
        };
        let (address, key) = (after("witnesses on "), after("key of the witness "));
        Self { child, address, key }
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_doctor_asks_each_witness_and_a_bundle_is_believed_by_their_keys() {
    let folder = folder();
    assert_eq!(run(folder.path(), &["demo", "--once", "--dir", "town"]).0, 0);
    let town = folder.path().join("town");
    let (_, out, _) = run(&town, &["verify"]);
    let key = out.lines().find_map(|line| line.strip_prefix("key      ")).expect("the key");
    let witness = Witness::start(folder.path(), "127.0.0.1:0", key);
    // A second one that is away, and that nobody could ask: its key is another's.
    let absent = "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X";
    let config = |quorum: u8| {
        let of = |name: &str, url: &str, key: &str| {
            format!("[[ledger.witness]]\nname = {name:?}\nurl = {url:?}\nkey = {key:?}\n")
        };
        let url = format!("http://{}", witness.address);
        let toml = std::fs::read_to_string(town.join("countersign.toml")).expect("a configuration");
        let ledger = format!("[ledger]\nquorum = {quorum}\n");
        let toml = toml.replacen("[ledger]\n", &ledger, 1);
        toml + &of("near", &url, &witness.key) + &of("far", "http://127.0.0.1:1", absent)
    };
    for (quorum, says) in [
        (1, "ok       witnesses                1 of 2 cosign, `ledger.quorum` asks for 1"),
        (2, "problem  witnesses                1 of 2 cosign, `ledger.quorum` asks for 2"),
    ] {
        std::fs::write(town.join("q.toml"), config(quorum)).expect("written");
        let (code, out, err) = run(&town, &["doctor", "--config", "q.toml"]);
        assert_eq!(code, 1, "{out}{err}");
        assert!(
            out.contains("ok       witness near             it cosigned the ledger of "),
            "{out}"
        );
        assert!(out.contains("problem  witness far              it cannot be reached"), "{out}");
        assert!(out.contains(says), "{out}");
    }
    let bundle = ["bundle", "--from", "2026-10-01", "--to", "2026-11-30", "-o", "b.zip"];
    assert_eq!(run(&town, &bundle).0, 0);
    let mut file = std::fs::File::create(town.join("witness.vkey")).expect("a file");
    writeln!(file, "{}", witness.key).expect("written");
    for (more, code) in [
        (vec!["--witness", "witness.vkey"], 0),
        (vec!["--witness", &witness.key, "--witness", absent, "--quorum", "1"], 0),
        (vec!["--witness", "witness.vkey", "--witness", absent], 3),
    ] {
        let ours = run(&town, &[&["verify", "b.zip", "--key", key], &more[..]].concat());
        let theirs = python_verifier(&town, &[&["--key", key], &more[..]].concat());
        assert_eq!((ours.0, theirs.0), (code, code), "{}{}", ours.1, theirs.1);
        // The programs share no code, and say the same of what is not proven, and of witnesses.
        let told = |text: &str| {
            let lines = text.lines().filter(|line| {
                line.starts_with("not ") || line.starts_with("UNW") || line.contains("the witness")
            });
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(told(&ours.1), told(&theirs.1));
        assert!(ours.1.contains("proven   the witness witness.example/one saw that ledger by 20"));
        assert_eq!(ours.1.contains("UNWITNESSED of the 2 witnesses"), code == 3, "{}", ours.1);
    }
}
