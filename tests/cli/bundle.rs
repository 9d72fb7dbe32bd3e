//! Bundles: made beside the service, checked without it.

use std::path::Path;

use crate::world::{folder, run, told};

#[test]
fn a_bundle_is_made_beside_the_service_and_checked_without_it() {
    let folder = folder();
    let (code, _, err) = run(folder.path(), &["demo", "--once", "--dir", "town"]);
    assert_eq!(code, 0, "{err}");
    let town = folder.path().join("town");
    let period = ["bundle", "--from", "2026-10-01", "--to", "2026-11-30", "-o", "b.zip"];
    let (code, out, err) = run(&town, &period);
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("file     b.zip\nholds    "), "{out}");
    let key = out.lines().find_map(|line| line.strip_prefix("key      ")).expect("the key");
    let first = std::fs::read(town.join("b.zip")).expect("a file");
    assert_eq!(run(&town, &period).0, 0);
    assert!(std::fs::read(town.join("b.zip")).expect("a file") == first, "made again, it differs");
    let left = std::fs::read_dir(&town).expect("a folder").flatten();
    let left: Vec<_> = left.map(|one| one.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".part")), "{left:?}");

    // From here on there is the file and the key, and nothing else.
    let bare = self::folder();
    std::fs::copy(town.join("b.zip"), bare.path().join("b.zip")).expect("copied");
    let (code, out, err) = run(bare.path(), &["verify", "b.zip", "--key", key]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.contains("\nnot      that nothing was left out: "), "{out}");
    assert!(out.ends_with(&format!("\nholds    under the key {key}\n")), "{out}");
    let (code, out, _) = run(bare.path(), &["verify", "b.zip"]);
    assert_eq!(code, 3, "whose it is was not told: {out}");
    assert!(out.contains("\nUNANCHORED the key came with the bundle"), "{out}");
    let python = python_verifier(bare.path(), &["--key", key]);
    assert!(python.1.ends_with(&format!("\nholds    under the key {key}\n")), "{}", python.1);
    assert_eq!(python.0, 0);

    let mut touched = first;
    let middle = touched.len() / 2;
    touched[middle] ^= 1;
    std::fs::write(bare.path().join("b.zip"), touched).expect("written");
    let (code, out, _) = run(bare.path(), &["verify", "b.zip", "--key", key]);
    assert_eq!(code, 1, "{out}");
    assert!(out.starts_with("at       ") && out.contains("\nbroken   "), "{out}");
    let (code, out, _) = python_verifier(bare.path(), &["--key", key]);
    assert_eq!(code, 1, "{out}");

    for (arguments, says) in [
        (vec!["bundle", "-o", "x.zip"], "--change <ID>|--sample <FILE>|--from <D>"),
        (vec!["bundle", "--from", "2026-10-01", "-o", "x.zip"], "--to <D>"),
        (
            vec!["bundle", "--from", "2026-10-02", "--to", "2026-10-01", "-o", "x.zip"],
            "the period ends before",
        ),
    ] {
        let (code, _, err) = run(&town, &arguments);
        assert_eq!(code, 2, "{arguments:?}: {err}");
        assert!(err.contains(says), "{arguments:?}: {err}");
    }
    let (code, _, err) = run(&town, &["bundle", "--change", "chg_x", "-o", "x.zip"]);
    assert_eq!((code, err.as_str()), (3, "error: there is no change `chg_x`\n"));
    assert!(!town.join("x.zip").exists());
}

#[test]
fn a_sample_that_was_drawn_is_bundled_from_its_file() {
    let folder = folder();
    let (code, _, err) = run(folder.path(), &["demo", "--once", "--dir", "town"]);
    assert_eq!(code, 0, "{err}");
    let town = folder.path().join("town");
    let write = |text: &str| std::fs::write(town.join("drawn.txt"), text).expect("written");
    let make = ["bundle", "--sample", "drawn.txt", "-o", "s.zip"];
    write("# drawn on 2026-11-30\n\nchg_x\n");
    let (code, _, err) = run(&town, &make);
    assert_eq!((code, err.as_str()), (3, "error: there is no change `chg_x`\n"));
    write("# nothing was drawn\n");
    let (code, _, err) = run(&town, &make);
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("a sample has 1 to 10000 changes; these are 0"), "{err}");
    let (code, _, err) = run(&town, &["bundle", "--sample", "nope", "-o", "s.zip"]);
    assert_eq!(code, 3, "{err}");
    assert!(err.contains("nope cannot be read") && !town.join("s.zip").exists(), "{err}");
}

/// The Python verifier as an auditor starts it.
pub fn python_verifier(folder: &Path, more: &[&str]) -> (i32, String, String) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/src/app/bundle/verify/verify.py");
    let mut python = std::process::Command::new("python3");
    let python = python.args(["-I", "-S", "-B", script, "b.zip"]).args(more);
    told(
        &python
            .current_dir(folder)
            .output()
            .expect("python3 runs: install python3, or run tests/run"),
    )
}
