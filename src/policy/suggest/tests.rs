use super::*;
use crate::domain::Class;
use crate::domain::file::Content;
use crate::domain::{KeyChange, Side};
use crate::policy::file::read_repository;
use crate::policy::layers::from_bytes;
use crate::policy::testkit::oid;
use crate::policy::{content, keys};

/// A file with one text before and another after.
fn edit(path: &str, old: &str, new: &str) -> FileChange {
    let side = |digit| Some(Side { mode: 0o100_644, oid: oid(digit) });
    let path: RepoPath = path.into();
    let (before, after) = (old.as_bytes(), new.as_bytes());
    let mode = Some(0o100_644);
    let content: Content = content::scan(Some(before), Some(after), mode, mode);
    let keys = keys::diff(&path, Some(before), Some(after));
    FileChange {
        path,
        old: side('1'),
        new: side('2'),
        renamed: None,
        content,
        keys,
        dependency: None,
    }
}

fn values(tag: &str, replicas: u32) -> String {
    format!("web:\n  replicas: {replicas}\n  image: {{ repository: acme/web, tag: {tag} }}\n")
}

/// Landings that change replicas and tags in two environments, a level, a secret, free text and prose.
fn history() -> Vec<Vec<FileChange>> {
    let mut landings = Vec::new();
    for number in 1..=6_u32 {
        let place = if number % 2 == 0 { "prod" } else { "stage" };
        let path = format!("deploy/{place}/values-{place}.yaml");
        let tag = |patch: u32| format!("v1.2.{patch}");
        landings.push(vec![edit(&path, &values(&tag(number), 4), &values(&tag(number + 1), 4))]);
        landings.push(vec![edit(
            &path,
            &values("v1.2.0", 4),
            &values("v1.2.0", 4 + number % 3 + 1),
        )]);
        let level = |word: &str| {
            format!(
                "{{\"log\": {{\"level\": \"{word}\"}}, \"motto\": \"we {number}{word}, you?\", \"api_key\": \"{word}{number}\"}}"
            )
        };
        landings.push(vec![edit("config/app.json", &level("info"), &level("debug"))]);
        landings.push(vec![edit("guide/a.md", "one\n", "two\n"), edit("src/a.rs", "a\n", "b\n")]);
    }
    landings
}

fn suggested(least: usize) -> String {
    let mut observed = Observed::default();
    for files in history() {
        observed.add(&files);
    }
    assert_eq!(observed.landings(), 24);
    observed.suggest(least).text
}

#[test]
fn habits_become_rules_and_free_text_does_not() {
    let text = suggested(3);
    for line in [
        "key: 'web.image.tag', semver: patch",
        "key: 'web.replicas', type: int, min: 4, max: 7, max_delta_pct: 80",
        "files: ['deploy/**/values-*.yaml']",
        "key: 'log.level', enum: ['debug', 'info']",
        "docs: { files: ['guide/**/*.md'] }",
        "# 6 landings in 2 files; versions, each a patch rise",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    for never in ["api_key", "motto", "src/"] {
        assert!(!text.contains(never), "{never} is in\n{text}");
    }
    assert_eq!(suggested(7), "version: 1\ndefault: significant\n", "nothing happened seven times");
}

#[test]
fn a_proposal_is_a_policy_under_which_its_own_evidence_passes() {
    let text = suggested(3);
    let read = read_repository(".countersign.yml", text.as_bytes()).expect("a policy");
    assert_eq!(read.warnings, Vec::new());
    let effective = from_bytes(None, Some((".countersign.yml", text.as_bytes())), "main");
    assert_eq!(effective.invalid, Vec::<String>::new());
    let mut facts = crate::policy::testkit::Story::empty(Class::Trivial).facts;
    let mut passed = 0;
    for files in history() {
        facts.files = files;
        passed += u32::from(crate::policy::classify(&effective, &facts).class == Class::Trivial);
    }
    assert_eq!(passed, 12, "tags and replicas; beside the level, free text and a secret changed");
}

#[test]
fn keys_with_odd_names_are_quoted_and_paths_with_odd_names_left_out() {
    let text = |number: u32| format!("\"a.b\":\n  \"it's \\\"x\\\"\": [{{ n: {number} }}]\n");
    let mut observed = Observed::default();
    for number in 1..5 {
        let (old, new) = (text(number), text(number + 1));
        observed.add(&[edit("conf/a.yaml", &old, &new), edit("odd/[x].yaml", &old, &new)]);
    }
    let text = observed.suggest(3).text;
    assert!(read_repository(".countersign.yml", text.as_bytes()).is_ok(), "{text}");
    assert!(text.contains("conf/a.yaml") && !text.contains("[x]"), "{text}");
}

#[test]
fn what_was_added_removed_or_retyped_is_no_habit() {
    let mut observed = Observed::default();
    for number in 1..5 {
        observed.add(&[edit("conf/a.yaml", "a: 1\n", &format!("a: 1\nb: {number}\n"))]);
        observed.add(&[edit("conf/b.yaml", "a: 1\n", &format!("a: x{number}\n"))]);
        let many: Vec<FileChange> =
            (0..30).map(|file| edit(&format!("conf/{file}.yaml"), "a: 1\n", "a: 2\n")).collect();
        observed.add(&many);
    }
    assert_eq!(observed.suggest(3).rules, 0);
}

#[test]
fn values_become_the_narrowest_constraint_that_holds() {
    let text = |text: &str| Value::String(text.to_owned());
    let int = |number: i64| Value::Int(number.to_string());
    let of = |pairs: &[(Value, Value)]| {
        let pairs: Vec<(&Value, &Value)> = pairs.iter().map(|(old, new)| (old, new)).collect();
        Constraint::of(&pairs).map(|constraint| constraint.yaml())
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(of(&[(int(0), int(3))]), some("type: int, min: 0, max: 3"));
    assert_eq!(of(&[(int(-2), int(3))]), some("type: int, min: -2, max: 3, max_delta_pct: 250"));
    assert_eq!(of(&[(text("1.2.3"), text("1.3.0"))]), some("semver: minor"));
    assert_eq!(of(&[(text("1.2.3"), text("2.0.0"))]), None, "a major rise is nobody's habit");
    assert_eq!(
        of(&[(text("main-1a2b3c4"), text("main-9f8e7d6"))]),
        some("regex: 'main-[0-9a-f]{7,40}'")
    );
    assert_eq!(of(&[(text("2026.10.01"), text("2026.11.01"))]), some(r"regex: '\d+\.\d+\.\d+'"));
    assert_eq!(of(&[(text("buy now"), text("buy later!"))]), None);
    assert_eq!(of(&[(text("on"), int(1))]), None);
}

#[test]
fn key_changes_carry_what_is_compared() {
    let change: Vec<KeyChange> = edit("a.yaml", "a: 1\n", "a: 2\n").keys.expect("keys").changes;
    assert_eq!(tail(&change[0].path), Some(vec!["a".to_owned()]));
    assert_eq!(tail(&[Segment::Key("a".to_owned()), Segment::Index(0)]), None);
}
