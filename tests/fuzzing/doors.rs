//! Every place where bytes that somebody else wrote are read, as a function of bytes. The targets of `fuzz/` and the
//! bounded run of the test suite go through the same ones. A door must not panic, whatever comes in.

use countersign::domain::RepoPath;
use countersign::domain::file::Segment;
use countersign::policy::codeowners::{self, Dialect};
use countersign::policy::file::{check_file, read_organisation, read_repository};
use countersign::policy::glob::Glob;
use countersign::policy::keypath::KeyPattern;
use countersign::policy::pattern::Pattern;
use countersign::policy::{content, dependencies, keys, layers, testcase};

/// What stands between the two parts of an input that has two.
pub(crate) const BETWEEN: u8 = 0;

/// Above it a file is not added and removed as well: that is less work than changing it, and slow tests are run by nobody.
const ALSO_ALONE: usize = 64 << 10;

/// A name and what is done with the bytes.
pub(crate) type Door = (&'static str, fn(&[u8]));

/// All of them.
pub(crate) const DOORS: [Door; 21] = [
    ("yaml", |bytes| key_diff("a.yaml", bytes)),
    ("json", |bytes| key_diff("a.json", bytes)),
    ("jsonc", |bytes| key_diff("a.jsonc", bytes)),
    ("toml", |bytes| key_diff("a.toml", bytes)),
    ("properties", |bytes| key_diff("a.properties", bytes)),
    ("dotenv", |bytes| key_diff(".env", bytes)),
    ("ini", |bytes| key_diff("a.ini", bytes)),
    ("tfvars", |bytes| key_diff("a.tfvars", bytes)),
    ("cargo_lock", |bytes| dependency("Cargo.lock", bytes)),
    ("package_lock", |bytes| dependency("package-lock.json", bytes)),
    ("uv_lock", |bytes| dependency("uv.lock", bytes)),
    ("poetry_lock", |bytes| dependency("poetry.lock", bytes)),
    ("go_mod", |bytes| dependency("go.mod", bytes)),
    ("pom", |bytes| dependency("pom.xml", bytes)),
    ("requirements", |bytes| dependency("requirements.txt", bytes)),
    ("policy", policy),
    ("codeowners", owners),
    ("cases", cases),
    ("glob", glob),
    ("key_path", key_path),
    ("pattern", pattern),
];

/// Both parts of an input; without the separator both are the whole.
fn parts(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == BETWEEN) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (bytes, bytes),
    }
}

fn key_diff(path: &str, bytes: &[u8]) {
    let (path, (old, new)) = (RepoPath::from(path), parts(bytes));
    let diff = keys::diff(&path, Some(old), Some(new)).expect("a format with keys");
    assert!(old != new || diff.changes.is_empty(), "equal bytes, and yet: {:?}", diff.changes);
    if bytes.len() < ALSO_ALONE {
        drop(keys::diff(&path, None, Some(new)));
        drop(keys::diff(&path, Some(old), None));
        drop(content::scan(Some(old), Some(new), Some(0o100_644), Some(0o100_644)));
    }
}

fn dependency(path: &str, bytes: &[u8]) {
    let (path, (old, new)) = (RepoPath::from(path), parts(bytes));
    dependencies::diff(&path, Some(old), Some(new)).expect("a file of dependencies");
    if bytes.len() < ALSO_ALONE {
        drop(dependencies::diff(&path, None, Some(new)));
    }
}

/// The first part as the organisation's file, the second as a repository's.
fn policy(bytes: &[u8]) {
    let (upper, lower) = parts(bytes);
    let effective =
        layers::from_bytes(Some(("o.yml", upper)), Some((".countersign.yml", lower)), "main@1");
    for refused in [read_organisation("o.yml", upper).err(), read_repository("p.yml", lower).err()]
    {
        let refused = refused.unwrap_or_default();
        let text = String::from_utf8_lossy(upper);
        refused.iter().take(3).for_each(|one| drop(one.render(&text)));
        assert!(
            refused.is_empty() || !effective.invalid.is_empty(),
            "refused, and nothing says so"
        );
    }
    drop(check_file("p.yml", lower));
}

fn owners(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for dialect in [Dialect::Github, Dialect::Gitlab] {
        drop(codeowners::import("CODEOWNERS", &text, dialect, None));
    }
}

fn cases(bytes: &[u8]) {
    let Ok(cases) = testcase::parse(&String::from_utf8_lossy(bytes)) else { return };
    let policy = layers::from_bytes(None, None, "main@1");
    let now = "2026-11-20T12:00:00Z".parse().expect("a time");
    cases.iter().take(5).for_each(|case| drop(testcase::judge(case, &policy, now)));
}

/// A pattern and a path.
fn glob(bytes: &[u8]) {
    let (pattern, path) = parts(bytes);
    if let Ok(glob) = Glob::parse(&String::from_utf8_lossy(pattern)) {
        let _ = glob.matches(&RepoPath::from(&*String::from_utf8_lossy(path)));
    }
}

/// A pattern and a path, whose keys are parted by dots.
fn key_path(bytes: &[u8]) {
    let (pattern, path) = parts(bytes);
    if let Ok(pattern) = KeyPattern::parse(&String::from_utf8_lossy(pattern)) {
        let text = String::from_utf8_lossy(path);
        let path: Vec<Segment> = text.split('.').map(segment).collect();
        assert!(
            !pattern.matches(&path) || pattern.covers(&path),
            "it matches what it does not cover"
        );
    }
}

fn segment(text: &str) -> Segment {
    text.parse().map_or_else(|_| Segment::Key(text.to_owned()), Segment::Index)
}

/// An expression and a value.
fn pattern(bytes: &[u8]) {
    let (pattern, value) = parts(bytes);
    if let Ok(pattern) = Pattern::parse(&String::from_utf8_lossy(pattern)) {
        let _ = pattern.matches(&String::from_utf8_lossy(value));
    }
}
