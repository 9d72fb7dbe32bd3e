//! What a browser finds in every page.

use std::path::Path;

use crate::samples::{all, css, html_of};

/// Writes every page with its style sheet inside, so that a browser shows it without a server.
fn written() -> std::path::PathBuf {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/pages");
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).expect("a directory");
    let css = css();
    for (name, html) in all() {
        let inlined = html
            .replace("<link rel=\"stylesheet\"", &format!("<style>{css}</style><link rel=\"x\""));
        std::fs::write(dir.join(format!("{name}.html")), inlined).expect("a file");
    }
    dir
}

/// Checklist 1, 3, 4, 5, 17: axe-core in three themes, narrow windows, wide text spacing, Tab, and paper.
#[test]
fn a_browser_finds_no_fault_with_any_page_and_prints_it_with_its_place_in_the_record() {
    let dir = written();
    let looked = std::process::Command::new("node")
        .args(["tests/outside/look.mjs", &dir.display().to_string()])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("node runs: install nodejs, or run tests/run");
    let said = String::from_utf8_lossy(&looked.stdout).into_owned();
    let hint = "run tests/run, or: npm ci --prefix tests/outside, with /usr/bin/chromium installed";
    assert!(looked.status.success(), "{}\n{hint}", String::from_utf8_lossy(&looked.stderr));
    let names: Vec<String> = all().into_iter().map(|(name, _)| name).collect();
    assert_eq!(said.trim(), format!("{{\"looked\":{}}}", names.len()), "faults, one a line");
    for name in names {
        let pdf = dir.join(format!("{name}.pdf"));
        let text = std::process::Command::new("pdftotext")
            .args(["-layout", &pdf.display().to_string(), "-"])
            .output()
            .expect("pdftotext runs: install poppler-utils, or run tests/run");
        let text = String::from_utf8(text.stdout).expect("text");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let pages = text.matches('\u{c}').count();
        for page in [format!("Page 1 of {pages}"), format!("Page {pages} of {pages}")] {
            assert!(words.contains(&page), "{name}: no `{page}`");
        }
        for mark in ["Countersign · ", "shown 2026-11-20 14:06:22 UTC", "Reviewed by", "Workpaper"]
        {
            assert!(words.contains(mark), "{name}: no `{mark}` in {words}");
        }
        let folded = html_of(&name).contains("<details class=\"sheet events-sheet\"");
        assert!(!folded || words.contains("PAY-212 created"), "{name}: a fold is closed on paper");
    }
}
