//! Cases of a policy: reading, facts, comparing.

use super::{Blob, Case, Expect, compare, facts_of, parse};
use crate::domain::file::Content;
use crate::domain::{Class, FileChange, RepoPath, Side};
use crate::policy::decision::{Classification, Decision, FileClass, State};
use crate::policy::testkit::{effective, now};

const CONTRACT: &str = r#"
- name: a registry swap is never trivial
  base: { deploy/a/values-prod.yaml: "image: {repository: acme/a, tag: v1.0.0}\n" }
  head: { deploy/a/values-prod.yaml: "image: {repository: evil/a, tag: v1.0.1}\n" }
  author: dev1                     # default: dev1, a known person without any role
  commits: []                      # optional: [{author: …, committer: …, co_authors: […], bot: true}]
  approvals: [{ by: arch1, state: approve }]   # approve | veto | comment | dismissed
  roles: { architect: [{ user: arch1, scopes: ["*"] }] }
  ticket: { key: PAY-7, status: In Progress }  # optional
  expect: { class: significant, state: approved, pass: true, reason_contains: "image.repository" }
"#;

fn only(text: &str) -> Case {
    parse(text).expect("cases").into_iter().next().expect("a case")
}

fn side(blob: &Blob) -> Side {
    Side { mode: blob.mode, oid: blob.oid }
}

fn build(path: &RepoPath, old: Option<&Blob>, new: Option<&Blob>) -> FileChange {
    FileChange {
        path: path.clone(),
        old: old.map(side),
        new: new.map(side),
        renamed: None,
        content: Content::default(),
        keys: None,
        dependency: None,
    }
}

fn decide(case: &Case) -> Decision {
    let facts = facts_of(case, now(), build);
    let classification = Classification {
        class: Class::Significant,
        why: "built-in deny: image.repository".to_owned(),
        files: facts
            .files
            .iter()
            .map(|file| FileClass {
                path: file.path.clone(),
                class: Class::Significant,
                kind: "code".to_owned(),
                rule: "default".to_owned(),
                scope: None,
                why: "built-in deny: image.repository".to_owned(),
                keys: Vec::new(),
            })
            .collect(),
        limits: Vec::new(),
        revert: None,
    };
    crate::policy::decide(&effective(), &facts, &classification, now())
}

#[test]
fn the_example_of_the_contract_holds() {
    let case = only(CONTRACT);
    assert_eq!((case.name.as_str(), case.line), ("a registry swap is never trivial", 2));
    assert_eq!(compare(&case.expect, &decide(&case)), Ok(()));
}

#[test]
fn what_differs_is_named_with_what_was_found() {
    let decision = decide(&only(CONTRACT));
    let expect = Expect {
        class: Some(Class::Trivial),
        state: Some(State::Pending),
        pass: Some(false),
        reason_contains: Some("image.tag".to_owned()),
    };
    let error = compare(&expect, &decision).expect_err("it differs");
    for part in [
        "class is significant, not trivial: built-in deny: image.repository",
        "state is approved, not pending: arch1 approved this exact content.",
        "pass is true, not false",
        "reasons contains `image.tag`",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

#[test]
fn every_way_of_writing_a_file_is_read() {
    let case = only(
        r#"
- name: files
  base: { same: "x", gone: "y", run: "z" }
  head:
    same: "x"
    gone: null
    run: { text: "z", mode: "100755" }
    link: { symlink: ../up }
    sub: { submodule: 9f2c41e7d081d3f6e05b4be1c07a92aaaaaaaaaa }
    raw: { base64: "AAE=" }
    block: |
      a: 1
  expect: { pass: false }
"#,
    );
    let facts = facts_of(&case, now(), build);
    let paths: Vec<String> = facts.files.iter().map(|file| file.path.to_string()).collect();
    assert_eq!(paths, ["block", "gone", "link", "raw", "run", "sub"]);
    let at = |path: &str| case.head.get(&RepoPath::from(path)).expect("a file");
    assert_eq!(at("raw").bytes, [0, 1]);
    assert_eq!(at("link").mode, 0o120_000);
    assert_eq!(at("sub").oid.short(), "9f2c41e7d0");
    assert_eq!(at("run").mode, 0o100_755);
    assert_eq!(at("block").bytes, b"a: 1\n");
}

#[test]
fn who_wrote_and_who_approved_what_is_told_by_name() {
    let with = |more: &str| {
        decide(&only(&format!(
            "- name: people\n  head: {{ a: x }}\n  roles: {{ architect: [{{ user: Arch1 }}] }}\n{more}\n  expect: {{ pass: true }}\n"
        )))
    };
    let approved = "  approvals: [{ by: arch1, state: approve }]";
    assert_eq!(with(approved).state, State::Approved);
    assert_eq!(with("").state, State::Pending);
    for commits in [
        "  commits: [{ author: arch1 }]",
        "  commits: [{ co_authors: [arch1] }, { author: dev2 }]",
        "  commits: [{ committer: ARCH1 }]",
        "  commits: [{ author: somebody@elsewhere.example }]",
    ] {
        assert_eq!(with(&format!("{approved}\n{commits}")).state, State::Pending, "{commits}");
    }
    let bot = "  commits: [{ author: \"renovate[bot]\", bot: true }]";
    assert_eq!(with(&format!("{approved}\n{bot}")).state, State::Approved);
    assert_eq!(
        with("  approvals: [{ by: arch1, state: approve, at: before }]").state,
        State::Stale
    );
    assert_eq!(
        with("  approvals: [{ by: arch1, state: approve }, { by: dev3, state: veto }]").state,
        State::Rejected
    );
    assert_eq!(with("  approvals: [{ by: \"ci[bot]\", state: approve }]").state, State::Pending);
}

#[test]
fn an_approval_tells_what_stood_at_its_commit_and_whether_its_author_belongs() {
    let case = |approval: &str| {
        only(&format!(
            "- name: then\n  base: {{ b: x }}\n  head: {{ a: x, b: z }}\n  approvals: [{approval}]\n  expect: {{ pass: true }}\n"
        ))
    };
    let then = case("{ by: arch1, state: approve, at: before, files: { a: null, b: y, c: v } }");
    let facts = facts_of(&then, now(), build);
    let [was] = facts.reviewed.as_slice() else { panic!("{:?}", facts.reviewed) };
    assert_eq!(Some(was.commit), facts.opinions[0].commit);
    let differs: Vec<String> = was.differs.iter().map(ToString::to_string).collect();
    assert_eq!(differs, ["a", "b", "c"]);
    let files: Vec<String> = was.files.iter().map(|file| file.path.to_string()).collect();
    assert_eq!(files, ["b", "c"], "there was no a then");
    let plain = facts_of(&case("{ by: arch1, state: approve, member: false }"), now(), build);
    assert_eq!((plain.reviewed.len(), plain.opinions[0].member), (0, Some(false)));
}

#[test]
fn a_role_may_have_dates() {
    let case = only(
        "- name: dates\n  head: { a: x }\n  approvals: [{ by: arch1, state: approve }]\n  roles: { architect: [{ user: arch1, from: 2020-01-01, until: 2021-01-01T00:00:00Z }] }\n  expect: { pass: false }\n",
    );
    assert_eq!(decide(&case).state, State::Pending);
}

#[test]
fn bad_cases_are_refused_with_their_place() {
    for (text, line, part) in [
        ("- name: a\n  haed: { a: x }\n  expect: { pass: true }\n", 2, "haed"),
        ("- name: a\n  name: b\n  head: { a: x }\n  expect: { pass: true }\n", 2, "name"),
        ("- name: a\n  head: { a: x }\n  expect: { sate: pending }\n", 3, "sate"),
        ("- name: a\n  head: { a: x }\n  expect: { state: waiting }\n", 3, "waiting"),
        ("- name: a\n  head: { a: x }\n", 2, "missing field `expect`"),
        ("- name: a\n  head: { a: x }\n  expect: {}\n", 1, "could not fail"),
        ("- name: a\n  expect: { pass: true }\n", 1, "no file"),
        ("- name: a\n  head: { a: 12 }\n  expect: { pass: true }\n", 2, "its text in quotes"),
        (
            "- name: a\n  head: { a: { text: x, symlink: y } }\n  expect: { pass: true }\n",
            2,
            "exactly one",
        ),
        (
            "- name: a\n  head: { a: { text: x, mode: \"777\" } }\n  expect: { pass: true }\n",
            2,
            "100755",
        ),
        (
            "- name: &x a\n  head: { a: *x }\n  expect: { pass: true }\n",
            2,
            "an alias is not allowed here",
        ),
        (
            "- name: a\n  head: { a: x }\n  approvals: [{ by: b, state: approve, files: { a: y } }]\n  expect: { pass: true }\n",
            1,
            "need `at: earlier`",
        ),
        (
            "- name: a\n  head: { a: x }\n  approvals: [{ by: b, state: approve, proof: clean_rebase }]\n  expect: { pass: true }\n",
            1,
            "`at: earlier` or `branch`",
        ),
        (
            "- name: a\n  head: { a: x }\n  approvals: [{ by: b, state: approve, overridden_by: c }]\n  expect: { pass: true }\n",
            1,
            "needs `state: veto`",
        ),
        (
            "- name: a\n  head: { a: x }\n  approvals: [{ by: b, state: approve, at: before, proof: looks_alike }]\n  expect: { pass: true }\n",
            3,
            "looks_alike",
        ),
        ("[]", 1, "no case"),
    ] {
        let error = parse(text).expect_err(text);
        assert_eq!(error.line, line, "{error}");
        assert!(error.column > 0, "{error}");
        assert!(error.message.contains(part), "{part} in {error}");
    }
    assert!(parse(&"#".repeat((1 << 20) + 1)).is_err());
}
