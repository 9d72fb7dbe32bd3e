use std::path::Path;
use std::process::Command;

use clap::Parser as _;

use super::*;
use crate::domain::RepoPath;
use crate::domain::fact::Facts;
use crate::domain::file::{Content, KeyDiff};
use crate::git::facts::{Readers, Sides};

/// A reader that has left.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Documentation is trivial if it was read; all else is significant.
struct Docs;

fn scan(_: &Sides<'_>) -> Content {
    Content::default()
}

fn keys(_: &RepoPath, _: Option<&[u8]>, _: Option<&[u8]>) -> Option<KeyDiff> {
    None
}

impl Classifier for Docs {
    fn look(&self, facts: &Facts) -> Look {
        let files = facts.files.iter().enumerate();
        let wanted = files.filter(|(_, file)| file.path.as_bytes().ends_with(b".md"));
        Look::Read(wanted.map(|(at, _)| at).collect())
    }

    fn readers(&self, _: Lines) -> Readers<'_> {
        Readers { scan: &scan, keys: &keys, dependencies: &|_, _, _| None }
    }

    fn classify(&self, facts: &Facts) -> Judged {
        let files = &facts.files;
        let read = files.iter().all(|file| file.content.lines.is_some());
        let class = if read && !files.is_empty() { Class::Trivial } else { Class::Significant };
        Judged { class, why: format!("{} file(s)", files.len()), over_a_limit: false }
    }
}

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    args: AuditArgs,
}

fn audit_of(path: &Path, more: &[&str]) -> (u8, String, String) {
    let path = path.to_string_lossy().into_owned();
    let line = Line::parse_from(["audit", &path].into_iter().chain(more.iter().copied()));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run(&line.args, &Docs, Terminal::default(), &mut out, &mut err);
    (code, String::from_utf8(out).expect("text"), String::from_utf8(err).expect("text"))
}

fn git(dir: &Path, args: &[&str]) {
    let status = Command::new("git")
        .current_dir(dir)
        .args([
            "-c",
            "user.name=Ann",
            "-c",
            "user.email=ann@example.org",
            "-c",
            "init.defaultBranch=main",
        ])
        .args(args)
        .env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z")
        .env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z")
        .status()
        .expect("git");
    assert!(status.success(), "{args:?}");
}

fn commit(dir: &Path, file: &str, text: &str, message: &str) {
    std::fs::write(dir.join(file), text).expect("written");
    git(dir, &["add", "."]);
    git(dir, &["commit", "--quiet", "-m", message]);
}

fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("dir");
    git(dir.path(), &["init", "--quiet"]);
    commit(dir.path(), "a.rs", "1", "PAY-1 start");
    git(dir.path(), &["checkout", "--quiet", "-b", "work"]);
    commit(dir.path(), "b.md", "text\n", "PAY-2 words");
    git(dir.path(), &["checkout", "--quiet", "main"]);
    git(
        dir.path(),
        &[
            "merge",
            "--quiet",
            "--no-ff",
            "-m",
            "Merge pull request #9 from x/work\n\nWords",
            "work",
        ],
    );
    commit(dir.path(), "a.rs", "2", "=PAY-3, \"quick\" (#10)");
    dir
}

#[test]
fn json_is_one_object_a_line_with_documented_keys() {
    let dir = repository();
    let (code, out, err) = audit_of(dir.path(), &["--format", "json"]);
    let rows: Vec<serde_json::Value> =
        out.lines().map(|line| serde_json::from_str(line).expect("json")).collect();
    assert_eq!((code, rows.len()), (0, 3));
    assert_eq!(rows[1]["title"], "Words");
    assert_eq!(
        (&rows[1]["how"], &rows[1]["proposal"], &rows[1]["class"]),
        (&"merge".into(), &9.into(), &"trivial".into())
    );
    assert_eq!(rows[0]["tickets"], serde_json::json!(["PAY-3"]));
    assert_eq!(rows[2]["proposed"], false);
    assert_eq!(rows[0]["at"], "2026-01-02T03:04:05.000000Z");
    assert_eq!(
        err,
        "3 landings on refs/heads/main (2 significant, 1 trivial); 2 of them, 66.6 %, name a proposal\n"
    );
}

#[test]
fn csv_quotes_and_never_starts_a_formula() {
    let dir = repository();
    let (_, out, _) = audit_of(dir.path(), &["--format", "csv"]);
    assert!(out.contains(",\"'=PAY-3, \"\"quick\"\" (#10)\","), "{out}");
    assert_eq!(out.matches("\r\n").count(), 4);
    let mut reader = csv::Reader::from_reader(out.as_bytes());
    assert_eq!(reader.headers().expect("head").len(), 15);
    assert!(reader.records().all(|record| record.is_ok()));
}

#[test]
fn the_table_fits_its_terminal_and_is_plain_in_a_pipe() {
    let dir = repository();
    let (_, plain, _) = audit_of(dir.path(), &[]);
    assert!(plain.lines().count() == 4 && !plain.contains('\u{1b}'), "{plain}");
    for width in [80, 120, 200] {
        let line = Line::parse_from(["audit", &dir.path().to_string_lossy()]);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let terminal = Terminal { width: Some(width), progress: false };
        assert_eq!(run(&line.args, &Docs, terminal, &mut out, &mut err), 0);
        let text = String::from_utf8(out).expect("text");
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
        assert!(widest <= usize::from(width), "{widest} of {width}\n{text}");
    }
}

#[test]
fn since_and_branch_choose_and_what_is_wrong_is_said() {
    let dir = repository();
    let rows = |more: &[&str]| audit_of(dir.path(), more).1.lines().count() - 1;
    assert_eq!(rows(&["--since", "main~1"]), 1);
    assert_eq!(rows(&["--branch", "work"]), 2);
    assert_eq!(audit_of(dir.path(), &["--since", "2026-01-03"]).1, "");
    let (code, _, err) = audit_of(dir.path(), &["--branch", "nope"]);
    assert!(
        code == 2 && err.contains("there is no branch `nope`, neither here nor under origin"),
        "{err}"
    );
    let (code, _, err) = audit_of(dir.path(), &["--since", "yesterday"]);
    assert!(code == 2 && err.contains("neither a date such as 2026-01-31 nor a revision"), "{err}");
    let empty = tempfile::tempdir().expect("dir");
    let (code, _, err) = audit_of(empty.path(), &[]);
    assert!(code == 2 && err.contains("no git repository that can be read"), "{err}");
    git(empty.path(), &["init", "--quiet"]);
    let (code, out, err) = audit_of(empty.path(), &[]);
    assert!(code == 0 && out.is_empty() && err.contains("no commit yet"), "{err}");
}

#[test]
fn a_shallow_clone_and_a_reader_that_leaves_are_no_trouble() {
    let dir = repository();
    let clone = tempfile::tempdir().expect("dir");
    let url = format!("file://{}", dir.path().display());
    git(clone.path(), &["clone", "--quiet", "--depth", "2", &url, "c"]);
    let (code, _, err) = audit_of(&clone.path().join("c"), &[]);
    assert!(
        code == 0
            && err.contains("this clone is shallow: landings at and before its cut are not listed"),
        "{err}"
    );
    let line = Line::parse_from(["audit", &dir.path().to_string_lossy(), "--format", "json"]);
    assert_eq!(run(&line.args, &Docs, Terminal::default(), &mut Gone, &mut Vec::new()), 0);
}
