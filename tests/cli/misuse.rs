//! The commands around the ledger, used wrongly: the contract's exit codes, a sentence that helps, never a panic or SQL.

use std::path::Path;

use crate::world::{countersign, folder, run, told};

/// A witness's key and a ledger's, well formed and of nobody here.
const WITNESS: &str = "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X";
const STRANGER: &str = "ledger.example/acme+f1d8e151+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
const PERIOD: [&str; 5] = ["bundle", "--from", "2026-10-01", "--to", "2026-11-30"];

/// What was said names the trouble, and shows nothing of the inside.
fn helps(arguments: &[&str], said: &str, says: &str) {
    assert!(said.contains(says), "{arguments:?}: `{says}` is not in:\n{said}");
    for word in ["panicked", "backtrace", "select ", "insert into", "sqlx", "src/"] {
        assert!(!said.contains(word), "{arguments:?}: `{word}` is in:\n{said}");
    }
}

fn ends(folder: &Path, arguments: &[&str], code: i32, says: &str) {
    let (ended, out, err) = run(folder, arguments);
    assert_eq!(ended, code, "{arguments:?}: {out}{err}");
    helps(arguments, &format!("{out}{err}"), says);
}

#[test]
fn a_bundle_that_cannot_be_checked_as_asked_is_told_apart_from_one_that_does_not_hold() {
    let folder = folder();
    let (code, _, err) = run(folder.path(), &["demo", "--once", "--dir", "town"]);
    assert_eq!(code, 0, "{err}");
    let town = folder.path().join("town");
    let (code, out, err) = run(&town, &[&PERIOD[..], &["-o", "b.zip"]].concat());
    assert_eq!(code, 0, "{err}");
    let key = out.lines().find_map(|line| line.strip_prefix("key      ")).expect("the key");
    let whole = std::fs::read(town.join("b.zip")).expect("a bundle");
    for (name, bytes) in [("cut.zip", &whole[..5000]), ("empty.zip", b""), ("text.zip", b"hello\n")]
    {
        std::fs::write(town.join(name), bytes).expect("written");
    }
    std::fs::create_dir(town.join("dir")).expect("made");

    for (arguments, code, says) in [
        (check(key, "dir", &[]), 3, "the archive cannot be read: Is a directory"),
        (check(key, "nope.zip", &[]), 3, "error: nope.zip cannot be read: No such file"),
        (check(key, "cut.zip", &[]), 1, "the archive ends here: it was cut off"),
        (check(key, "empty.zip", &[]), 1, "the archive ends here: it was cut off"),
        (check(key, "text.zip", &[]), 1, "at       manifest.json"),
        (check(key, "b.zip", &["--checkpoint", "nope"]), 3, "error: nope cannot be read"),
        (
            check(key, "b.zip", &["--checkpoint", "text.zip"]),
            3,
            "at       the checkpoint you brought",
        ),
        (
            check(key, "b.zip", &["--witness", key]),
            2,
            "error: --witness: the key has algorithm 0x01",
        ),
        (
            check(key, "b.zip", &["--witness", "a+b+c"]),
            2,
            "--witness: `a+b+c` is not a verifier key",
        ),
        (check(key, "b.zip", &["--witness", "nope"]), 3, "error: nope cannot be read"),
        (check(key, "b.zip", &["--witness", WITNESS, "--witness", WITNESS]), 2, "is given twice"),
        (check(key, "b.zip", &["--witness", WITNESS, "--quorum", "2"]), 2, "a quorum of 2 of 1"),
        (check(key, "b.zip", &["--witness", WITNESS, "--quorum", "0"]), 2, "a quorum of 0 of 1"),
        (check(key, "b.zip", &["--quorum", "1"]), 2, "--witness <VKEY>"),
        (check(key, "b.zip", &["--witness", WITNESS]), 3, "UNWITNESSED of the 1 witness"),
        (check(key, "b.zip", &["--replay"]), 2, "cannot be used with"),
        (vec!["verify", "b.zip", "--key", STRANGER], 1, "the bundle is of the key demo."),
        (vec!["verify", "b.zip", "--key", "a+b+c"], 2, "--key: `a+b+c` is not a verifier key"),
        (vec!["verify", "b.zip", "--key", WITNESS], 2, "--key: the key has algorithm 0x04"),
        (vec!["verify", "b.zip", "--key", "nope"], 3, "error: nope cannot be read"),
        (vec!["verify", "--key", key], 2, "<BUNDLE.zip>"),
    ] {
        ends(&town, &arguments, code, says);
    }
    making_of_bundles(&town);
}

fn check<'a>(key: &'a str, file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["verify", file, "--key", key], more].concat()
}

fn making_of_bundles(town: &Path) {
    let make = |more: &[&'static str]| [&PERIOD[..], more].concat();
    for (arguments, code, says) in [
        (make(&["-o", "nowhere/x.zip"]), 3, "error: nowhere/x.zip cannot be written: No such"),
        (make(&["-o", "b.zip/x.zip"]), 3, "error: b.zip/x.zip cannot be written: Not a directory"),
        (make(&["-o", "dir"]), 3, "error: dir cannot be written: Is a directory"),
        (make(&["-o", "x.zip", "--checkpoint", "nope"]), 3, "error: nope cannot be read"),
        (make(&["-o", "x.zip", "--checkpoint", "text.zip"]), 2, "the checkpoint that was given"),
        (make(&["-o", "x.zip", "--change", "chg_x"]), 2, "cannot be used with"),
        (make(&[]), 2, "--output <FILE.zip>"),
        (
            vec!["bundle", "--from", "yesterday", "--to", "2026-11-30", "-o", "x.zip"],
            2,
            "from: `yesterday` is neither a date such as 2026-10-31 nor a time",
        ),
    ] {
        ends(town, &arguments, code, says);
    }
    let names = std::fs::read_dir(town).expect("a folder").flatten();
    let left: Vec<String> =
        names.map(|one| one.file_name().to_string_lossy().into_owned()).collect();
    assert!(!left.iter().any(|name| name.contains(".part") || name == "x.zip"), "{left:?}");
}

#[test]
fn where_there_is_no_ledger_nothing_is_made_and_it_is_said_what_to_name() {
    let folder = folder();
    for arguments in [
        [&PERIOD[..], &["-o", "x.zip"]].concat(),
        vec!["verify"],
        vec!["rebuild", "--into", "sqlite:x.db"],
        vec!["ledger", "rotate-key", "--reason", "x"],
    ] {
        ends(
            folder.path(),
            &arguments,
            3,
            "there is no database at countersign.db; name the service's",
        );
    }
    let left = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 0, "something was made by looking");
    ends(folder.path(), &["ledger", "rotate-key"], 2, "--reason <TEXT>");
    ends(folder.path(), &["rebuild"], 2, "--into <URL>");
}

#[test]
fn a_database_that_is_down_ends_with_3_and_a_sentence() {
    let folder = folder();
    std::thread::scope(|scope| {
        for (arguments, code) in [
            ([&PERIOD[..], &["-o", "x.zip"]].concat(), 3),
            (vec!["verify"], 3),
            (vec!["rebuild", "--into", "sqlite:x.db"], 3),
            (vec!["ledger", "rotate-key", "--reason", "x"], 3),
            (vec!["doctor"], 1),
        ] {
            let folder = folder.path();
            scope.spawn(move || {
                let mut command = countersign(folder, &arguments);
                let command = command.env("COUNTERSIGN__DATABASE__URL", "postgres://127.0.0.1:1/x");
                let (ended, out, err) = told(&command.output().expect("it runs"));
                assert_eq!(ended, code, "{arguments:?}: {out}{err}");
                helps(&arguments, &format!("{out}{err}"), "the database does not answer: ");
            });
        }
    });
    assert!(!folder.path().join("x.zip").exists());
}

#[test]
fn a_rebuild_goes_into_an_empty_database_that_can_be_made() {
    let folder = folder();
    run(folder.path(), &["token", "create", "--role", "ci", "x"]);
    std::fs::write(folder.path().join("text.db"), "no database\n".repeat(1000)).expect("written");
    for (into, code, says) in [
        ("nonsense", 2, "--into: `nonsense` is no database address: sqlite:FILE or postgres://"),
        ("sqlite:countersign.db", 2, "--into: the database is not empty"),
        ("sqlite:nowhere/x.db", 3, "its file cannot be opened"),
        ("sqlite:text.db", 3, "its file is not a database"),
    ] {
        ends(folder.path(), &["rebuild", "--into", into], code, says);
    }
    ends(folder.path(), &["verify"], 0, "holds    every entry is what was recorded");
}

#[test]
fn a_witness_says_what_it_lacks() {
    let folder = folder();
    std::fs::write(folder.path().join("file"), "").expect("written");
    let name = "name = \"w.example/one\"\nlisten = \"127.0.0.1:0\"\n";
    let logs = format!("logs = [{STRANGER:?}]\n");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("its address");
    for (lines, code, says) in [
        (String::new(), 2, "`witness.name` is missing"),
        (name.to_owned(), 2, "`witness.logs` is empty"),
        (format!("{name}logs = [\"nonsense\"]\n"), 2, "as its owner published it"),
        (format!("{name}logs = [{WITNESS:?}]\n"), 2, "`witness.logs`: the key has algorithm 0x04"),
        (format!("{name}{logs}state_dir = \"file\"\n"), 3, "error: file: "),
        (format!("{name}{logs}key_file = \"file\"\n"), 2, "file may be read by others"),
        (format!("name = \"w x\"\n{logs}"), 2, "a name without spaces"),
        (
            format!("name = \"w.example/one\"\nlisten = \"{taken}\"\n{logs}"),
            3,
            "cannot be listened on",
        ),
    ] {
        std::fs::write(folder.path().join("w.toml"), format!("[witness]\n{lines}"))
            .expect("written");
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(folder.path().join("file"), permissions).expect("a mode");
        ends(folder.path(), &["witness", "--config", "w.toml"], code, says);
    }
}
