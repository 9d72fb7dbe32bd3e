//! Stories of `countersign audit`: on histories that the `git` program makes, by the policy that the product has.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser as _;
use countersign::cli::audit::{
    AuditArgs, Classifier, Judged, Lines, Look, PolicyClassifier, Terminal, run, run_with_files,
};
use countersign::domain::fact::Facts;
use countersign::git::facts::Readers;
use serde_json::Value;
use tempfile::TempDir;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    args: AuditArgs,
}

fn args(path: &Path, more: &[&str]) -> AuditArgs {
    let path = path.to_str().expect("a path that is text");
    Line::parse_from(["audit", path].into_iter().chain(more.iter().copied())).args
}

/// Exit code, standard output, standard error.
fn audit(path: &Path, more: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run_with_files(&args(path, more), Terminal::default(), &mut out, &mut err);
    (code, String::from_utf8(out).expect("text"), String::from_utf8(err).expect("text"))
}

fn rows(path: &Path, more: &[&str]) -> Vec<Value> {
    let (code, out, err) = audit(path, &[&["--format", "json"], more].concat());
    assert_eq!(code, 0, "{err}");
    out.lines().map(|line| serde_json::from_str(line).expect("a line is an object")).collect()
}

fn field<'v>(rows: &'v [Value], name: &str) -> Vec<&'v str> {
    rows.iter().map(|row| row[name].as_str().expect("text")).collect()
}

/// A repository and the day of its next commit.
struct Story {
    dir: TempDir,
    day: u32,
}

impl Story {
    fn new() -> Self {
        let story = Self { dir: tempfile::tempdir().expect("a directory"), day: 1 };
        story.git(&["init", "--quiet"]);
        story
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn git(&self, args: &[&str]) {
        let date = format!("2026-03-{:02}T12:00:00Z", self.day);
        let config = ["user.name=Ann", "user.email=ann@example.org", "init.defaultBranch=main"];
        let done = Command::new("git")
            .current_dir(self.path())
            .args(config.iter().flat_map(|one| ["-c", one]))
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_COMMITTER_DATE", &date)
            .env("GIT_AUTHOR_DATE", &date)
            .output()
            .expect("the git program");
        assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// Commits files, one day after the last commit.
    fn commit(&mut self, files: &[(&str, &str)], message: &str) {
        for (name, text) in files {
            let path = self.path().join(name);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.day += 1;
    }

    /// Merges a branch that makes these files.
    fn merge(&mut self, files: &[(&str, &str)], message: &str) {
        self.git(&["checkout", "--quiet", "-b", "work"]);
        self.commit(files, "PAY-3 work\n\nCo-authored-by: Eve <eve@example.org>");
        self.git(&["checkout", "--quiet", "main"]);
        self.git(&["merge", "--quiet", "--no-ff", "-m", message, "work"]);
        self.git(&["branch", "--quiet", "-D", "work"]);
        self.day += 1;
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(".git").join(name);
        std::fs::write(&path, text).expect("written");
        path
    }
}

/// A first commit, a squash, a merge, a commit that names no proposal.
fn four_landings() -> Story {
    let mut story = Story::new();
    story.commit(&[("src/a.rs", "1"), ("README.md", "hello\n")], "PAY-1 start");
    story.commit(&[("README.md", "hello there\n")], "PAY-2: greet better (#4)\n\nFixes #3");
    story.merge(&[("src/b.rs", "2")], "Merge pull request #5 from x/work\n\nAdd b");
    story.commit(&[("README.md", "hello\tall\n")], "=HYPERLINK(\"x\"), \"hurry\"");
    story
}

#[test]
fn every_landing_says_how_it_came_what_it_is_and_why() {
    let story = four_landings();
    let rows = rows(story.path(), &[]);
    assert_eq!(field(&rows, "how"), ["direct?", "merge", "squash?", "direct?"]);
    assert_eq!(field(&rows, "class"), ["significant", "significant", "routine", "significant"]);
    assert_eq!(
        field(&rows, "why"),
        [
            "nothing says that it was proposed, and what lands without a pull request is significant",
            "src/b.rs: no rule matches it, and the default is significant",
            "README.md: the rule docs (built-in) makes it routine",
            "src/a.rs: no rule matches it, and the default is significant",
        ]
    );
    assert_eq!(rows[1]["title"], "Add b");
    assert_eq!(rows[1]["proposal"], 5);
    let authors = serde_json::json!(["Ann <ann@example.org>", "Eve <eve@example.org>"]);
    assert_eq!(rows[1]["authors"], authors);
    assert_eq!(rows[2]["tickets"], serde_json::json!(["PAY-2", "#3"]));
}

#[test]
fn the_table_is_a_line_a_landing_and_csv_guards_what_a_spreadsheet_would_run() {
    let story = four_landings();
    let (code, table, err) = audit(story.path(), &[]);
    assert_eq!((code, table.lines().count()), (0, 5), "{table}");
    assert!(table.lines().nth(3).is_some_and(|line| line.contains("PAY-2 #3")), "{table}");
    assert!(err.starts_with("4 landings on refs/heads/main (3 significant, 1 routine)"), "{err}");
    let (_, csv, _) = audit(story.path(), &["--format", "csv"]);
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let head = reader.headers().expect("a head").clone();
    let at = head.iter().position(|name| name == "title").expect("a title");
    let titles: Vec<String> =
        reader.records().map(|row| row.expect("a row")[at].to_owned()).collect();
    assert_eq!(titles[0], "'=HYPERLINK(\"x\"), \"hurry\"");
    assert_eq!(titles.len(), 4);
    let keys = rows(story.path(), &[]);
    let mut keys: Vec<&String> = keys[0].as_object().expect("an object").keys().collect();
    keys.sort();
    let mut head: Vec<&str> = head.iter().collect();
    head.sort_unstable();
    assert_eq!(keys, head, "JSON and CSV name the same fields");
}

#[test]
fn a_policy_proves_changes_trivial_by_their_keys_and_words() {
    let mut story = Story::new();
    let values = |replicas: u32, image: &str| {
        format!("web:\n  replicas: {replicas}\n  command: [{image}]\n")
    };
    story.commit(&[("deploy/values.yaml", &values(2, "a")), ("docs/a.md", "a\n")], "start (#1)");
    story.commit(&[("deploy/values.yaml", &values(3, "a"))], "more (#2)");
    story.commit(&[("deploy/values.yaml", &values(3, "b"))], "another command (#3)");
    story.commit(&[("docs/a.md", "b\n")], "words (#4)");
    story.commit(&[("docs/a.md", "b\u{202e}\n")], "words that deceive (#5)");
    story.commit(&[("docs/a.md", &"long\n".repeat(40))], "too many words (#6)");
    story.commit(&[("deploy/values.yaml", &values(4, "b"))], "more, by nobody's leave");
    story.commit(&[], "nothing (#8)");
    let policy = story.write(
        "policy.yml",
        "version: 1\ntrivial:\n  max: { lines: 30 }\n  config:\n    - name: scaling\n      files: [\"deploy/*.yaml\"]\n      allow: [{ key: \"**.replicas\", min: 1, max: 5 }]\n  docs: { files: [\"docs/**\"] }\n",
    );
    let rows = rows(story.path(), &["--policy", policy.to_str().expect("text")]);
    let classes = field(&rows, "class");
    let seen: Vec<_> = field(&rows, "title").into_iter().zip(classes).rev().skip(1).collect();
    assert_eq!(
        seen,
        [
            ("more (#2)", "trivial"),
            ("another command (#3)", "significant"),
            ("words (#4)", "trivial"),
            ("words that deceive (#5)", "significant"),
            ("too many words (#6)", "significant"),
            ("more, by nobody's leave", "significant"),
            ("nothing (#8)", "routine"),
        ]
    );
    let why = field(&rows, "why");
    assert!(why[3].contains("U+202E"), "{}", why[3]);
    assert!(why[2].contains("changed lines, more than 30"), "{}", why[2]);
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_repository_is_critical_however_it_came() {
    let mut story = Story::new();
    story.commit(&[("src/a.rs", "1")], "start (#1)");
    std::os::unix::fs::symlink("../../etc", story.path().join("src/z")).expect("a link");
    story.commit(&[("src/a.rs", "2")], "a link beside code");
    let rows = rows(story.path(), &[]);
    assert_eq!(rows[0]["class"], "critical");
    assert!(rows[0]["why"].as_str().is_some_and(|why| why.contains("out of the repository")));
}

/// Reads every byte of every landing.
struct Everything(PolicyClassifier);

impl Classifier for Everything {
    fn look(&self, facts: &Facts) -> Look {
        Look::Read((0..facts.files.len()).collect())
    }
    fn readers(&self, _: Lines) -> Readers<'_> {
        self.0.readers(Lines::Exactly)
    }
    fn classify(&self, facts: &Facts) -> Judged {
        self.0.classify(facts)
    }
}

/// The classes of the newest landings, if every byte is read.
fn classes_with_everything_read(path: &Path, more: &[&str]) -> Vec<String> {
    let args = args(path, &[&["--format", "json"], more].concat());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let classifier = Everything(PolicyClassifier::from_args(&args).expect("policies"));
    assert_eq!(run(&args, &classifier, Terminal::default(), &mut out, &mut err), 0);
    let lines = String::from_utf8(out).expect("text");
    let row = |line| serde_json::from_str::<Value>(line).expect("an object");
    lines.lines().map(|line| row(line)["class"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn bytes_that_stay_unread_change_no_class() {
    let mut story = four_landings();
    story.commit(&[("tests/a.bin", "\0\0")], "a binary among tests (#6)");
    story.commit(&[("tests/big.txt", &"line\n".repeat(1_500))], "many lines (#7)");
    story.commit(&[("docs/crd.md", "x"), ("src/a.rs", "\u{202e}")], "both (#8)");
    let crd =
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: { name: x }\n";
    story.commit(&[("tests/role.yaml", crd)], "rights among tests (#9)");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let policy = story.write(
        "all.yml",
        "version: 1\ndefault: routine\ntrivial:\n  docs: { files: [\"**/*.md\"] }\n  config:\n    - { name: c, files: [\"**/*.json\"], allow: [{ key: \"**\" }] }\n",
    );
    let org = story.write("org.yml", "version: 1\nfloor: { default_class: routine }\n");
    let both = ["--policy", policy.to_str().expect("text"), "--org", org.to_str().expect("text")];
    let mut compared = 0;
    for path in [story.path(), here].into_iter().filter(|path| path.join(".git").exists()) {
        for more in [&[][..], &both[..]] {
            let lazy = rows(path, more);
            assert_eq!(field(&lazy, "class"), classes_with_everything_read(path, more));
            compared += lazy.len();
        }
    }
    assert!(compared >= 16, "{compared}");
    assert_eq!(
        field(&rows(story.path(), &["--since", "main~3"]), "class"),
        ["significant"; 3],
        "rights, deceptive letters, many lines"
    );
}

#[test]
fn since_takes_a_revision_or_a_day() {
    let story = four_landings();
    assert_eq!(rows(story.path(), &["--since", "main~2"]).len(), 2);
    assert_eq!(rows(story.path(), &["--since", "2026-03-04"]).len(), 2);
    assert_eq!(rows(story.path(), &["--since", "2026-03-05T12:00:00Z"]).len(), 1);
    assert_eq!(rows(story.path(), &["--since", "2027-01-01"]).len(), 0);
    assert_eq!(rows(story.path(), &["--branch", "main", "--since", "HEAD"]).len(), 0);
}

#[test]
fn what_cannot_be_used_is_said_with_what_to_do_and_nothing_is_listed() {
    let story = four_landings();
    let nowhere = tempfile::tempdir().expect("a directory");
    let other = nowhere.path().join("sha256");
    let mut init = Command::new("git");
    let made = init.args(["init", "-q", "--object-format=sha256"]).arg(&other).status();
    assert!(made.expect("git runs").success());
    for (path, more, said) in [
        (
            other.as_path(),
            &[][..],
            "sha256: its object ids are SHA-256, which this version does not read: have what is to be judged in a repository with SHA-1 ids (`git init --object-format=sha1`)",
        ),
        (nowhere.path(), &[][..], "no git repository that can be read"),
        (&nowhere.path().join("no"), &[][..], "no git repository that can be read"),
        (story.path(), &["--branch", "nope"][..], "there is no branch `nope`"),
        (story.path(), &["--since", "yesterday"][..], "neither a date such as 2026-01-31"),
        (story.path(), &["--policy", "/nowhere/p.yml"][..], "/nowhere/p.yml: the policy file"),
    ] {
        let (code, out, err) = audit(path, more);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(err.contains(said) && !err.contains("panicked"), "{said} is not in: {err}");
    }
}

#[test]
fn a_slip_in_a_policy_is_shown_with_a_caret_and_both_files_are_heard() {
    let story = four_landings();
    let policy = story.write("p.yml", "version: 1\naproval:\n  peers: { count: 1 }\n");
    let org = story.write("o.yml", "version: 1\nflor: {}\n");
    let both = ["--policy", policy.to_str().expect("text"), "--org", org.to_str().expect("text")];
    let (code, out, err) = audit(story.path(), &both);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    for part in ["did you mean `approval`?", "did you mean `floor`?", "aproval:", "^^^^^", ":2:1"] {
        assert!(err.contains(part), "{part} is not in:\n{err}");
    }
}

#[test]
fn a_repository_that_tries_to_weaken_is_told_so_and_judged_by_the_stricter_rule() {
    let story = four_landings();
    let policy = story.write("p.yml", "version: 1\ndefault: routine\n");
    let (code, out, err) =
        audit(story.path(), &["--policy", policy.to_str().expect("text"), "--format", "json"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.starts_with("warning: repository: `default`, line 2"), "{err}");
    assert!(!out.contains("\"routine\""), "{out}");
}

#[test]
fn empty_repositories_and_shallow_clones_are_listed_as_far_as_they_go() {
    let empty = Story::new();
    let (code, out, err) = audit(empty.path(), &[]);
    assert!(code == 0 && out.is_empty() && err.contains("no commit yet"), "{err}");
    let story = four_landings();
    let url = format!("file://{}", story.path().display());
    story.git(&["clone", "--quiet", "--depth", "3", &url, ".git/shallow-clone"]);
    let clone = story.path().join(".git/shallow-clone");
    let (code, out, err) = audit(&clone, &["--format", "json"]);
    assert_eq!((code, out.lines().count()), (0, 2), "{err}");
    assert!(err.contains("this clone is shallow") && err.contains("--unshallow"), "{err}");
}

#[test]
fn this_repository_is_listed_if_it_is_a_checkout() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !here.join(".git").exists() {
        return;
    }
    let (code, out, err) = audit(here, &["--format", "json"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));
    assert!(!out.is_empty() || err.contains("shallow"), "{err}");
}
