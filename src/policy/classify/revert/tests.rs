use super::super::classify_at;
use super::super::tests::{add, delete, edit, example, facts};
use super::*;
use crate::domain::fact::{Integrity, Landing, LandingKind};
use crate::domain::revert::Trees;
use crate::domain::{FileChange, Oid};
use crate::policy::Effective;
use crate::policy::decision::State;

const DAY: i64 = crate::domain::DAY;

fn oid(digit: char) -> Oid {
    digit.to_string().repeat(40).parse().expect("an object id")
}

fn day(number: i64) -> Time {
    let start: Time = "2026-10-01T12:00:00Z".parse().expect("a time");
    Time::from_micros(start.micros() + number * DAY).expect("a time")
}

fn policy() -> Effective {
    let mut effective = example();
    effective.policy.reverts = Some(Duration::from_hours(7 * 24));
    effective
}

/// The exact reversal of a landing of day 0 that held these files.
fn exact(files: Vec<FileChange>) -> Reverted {
    Reverted {
        landing: oid('a'),
        parent: oid('b'),
        how: LandingKind::Squash,
        pull: 12,
        at: Some(day(0)),
        trees: Trees { landed: oid('1'), parent: oid('2'), base: oid('3'), result: oid('4') },
        outcome: Outcome::Exact,
        files,
        is_revert: None,
        emergency: false,
    }
}

/// A change of one source file that takes a landing of the same file back.
fn reverting(how: impl FnOnce(&mut Reverted)) -> Facts {
    let mut one = exact(vec![edit("src/lib.rs", "a\n", "b\n")]);
    how(&mut one);
    Facts { reverts: vec![one], ..facts(vec![edit("src/lib.rs", "b\n", "a\n")]) }
}

fn judged(facts: &Facts) -> Classification {
    classify_at(&policy(), facts, day(2))
}

fn why_not(facts: &Facts) -> String {
    let found = judged(facts);
    assert!(found.class >= Class::Significant, "{found:?}");
    let proof = found.revert.expect("an answer");
    assert!(!proof.holds, "{proof:?}");
    assert!(proof.seen[0].contains("does not pass by itself"), "{proof:?}");
    proof.why
}

#[test]
fn an_exact_revert_is_trivial_and_says_by_which_trees() {
    let found = judged(&reverting(|_| ()));
    assert_eq!(found.class, Class::Trivial);
    assert_eq!(found.why, "it is the exact revert of aaaaaaaaaa (#12)");
    assert_eq!(found.files[0].class, Class::Significant, "the file stays what it is");
    let proof = found.exact_revert().expect("a proof");
    assert!(proof.seen[0].contains("gives exactly tree 4444444444"), "{proof:?}");
    assert!(proof.seen[1].contains("within 7d"), "{proof:?}");
}

#[test]
fn an_exact_revert_is_decided_automatically_and_until_when() {
    let mut facts = reverting(|_| ());
    facts.commits =
        vec![crate::policy::testkit::commit('f', crate::policy::testkit::signature("dev1"))];
    let found = judged(&facts);
    let decision = crate::policy::decide(&policy(), &facts, &found, day(2));
    assert_eq!(decision.state, State::AutoApproved, "{decision:#?}");
    assert_eq!(
        decision.summary,
        "Trivial, and proven so: it is the exact revert of aaaaaaaaaa (#12)."
    );
    let until = decision.holds_until.expect("the end of the window");
    assert!(until > day(7) && classify_at(&policy(), &facts, until).class == Class::Significant);
    let last = Time::from_micros(until.micros() - 1).expect("a time");
    assert_eq!(classify_at(&policy(), &facts, last).class, Class::Trivial);
}

#[test]
fn a_revert_outside_the_window_is_an_ordinary_change() {
    let facts = reverting(|_| ());
    let found = classify_at(&policy(), &facts, day(8));
    assert_eq!(found.class, Class::Significant);
    assert!(found.revert.expect("an answer").why.ends_with("longer ago than 7d"));
    assert!(why_not(&reverting(|one| one.at = None)).contains("nobody told when"));
    assert!(why_not(&reverting(|one| one.at = Some(day(3)))).contains("after this"));
}

#[test]
fn a_revert_that_landed_in_time_stays_so() {
    let landing = |at| Landing {
        commit: oid('c'),
        how: LandingKind::Squash,
        integrity: Integrity::Intact,
        at: Some(at),
        by: None,
        evidence: Vec::new(),
        altered: Vec::new(),
    };
    let landed = |at| Facts { landing: Some(landing(at)), ..reverting(|_| ()) };
    assert_eq!(classify_at(&policy(), &landed(day(3)), day(400)).class, Class::Trivial);
    assert_eq!(classify_at(&policy(), &landed(day(9)), day(10)).class, Class::Significant);
}

#[test]
fn no_window_no_automatic_revert() {
    let found = classify_at(&example(), &reverting(|_| ()), day(2));
    assert_eq!((found.class, found.revert), (Class::Significant, None));
}

#[test]
fn case_106_a_title_without_the_tree_proves_nothing() {
    let why = why_not(&reverting(|one| one.outcome = Outcome::Differs(vec!["src/x.rs".into()])));
    assert_eq!(why, "taking that landing back gives another tree, in src/x.rs");
    let why = why_not(&reverting(|one| one.outcome = Outcome::Conflict(vec!["src/lib.rs".into()])));
    assert_eq!(why, "taking that landing back meets a conflict, in src/lib.rs");
}

#[test]
fn case_107_a_revert_of_a_revert_is_a_new_change() {
    let why = why_not(&reverting(|one| one.is_revert = Some("its tree takes b (#11) back".into())));
    assert!(why.contains("is itself a revert"), "{why}");
}

#[test]
fn a_landing_that_held_a_migration_the_policy_or_something_critical_is_not_taken_back_unseen() {
    for (path, what) in [
        ("db/migrations/1.sql", "a migration"),
        (".countersign.yml", "a critical file"),
        (".countersign/tests/a.yml", "a file of the policy"),
        ("CODEOWNERS", "who must review"),
        ("iam/admin.yaml", "a critical file"),
        (".GitHub/x.md", "not what it seems"),
    ] {
        let held = vec![edit("src/lib.rs", "a\n", "b\n"), add(path, "x\n")];
        // Also where somebody else has taken that part away already.
        let rest = Facts {
            reverts: vec![exact(held.clone())],
            ..facts(vec![edit("src/lib.rs", "b\n", "a\n")])
        };
        let why = why_not(&rest);
        assert!(why.contains(what), "{path}: {why}");
        let whole = Facts {
            reverts: vec![exact(held)],
            ..facts(vec![edit("src/lib.rs", "b\n", "a\n"), delete(path)])
        };
        why_not(&whole);
    }
}

#[test]
fn an_emergency_fix_is_not_taken_back_unseen_even_where_its_files_are_trivial() {
    assert!(why_not(&reverting(|one| one.emergency = true)).contains("emergency fix"));
    let mut one = exact(vec![edit("README.md", "a\n", "b\n")]);
    one.emergency = true;
    let docs = Facts { reverts: vec![one], ..facts(vec![edit("README.md", "b\n", "a\n")]) };
    assert_eq!(judged(&docs).class, Class::Significant);
    assert_eq!(classify_at(&example(), &docs, day(2)).class, Class::Significant);
}

#[test]
fn a_direct_push_an_empty_change_and_a_file_too_many_are_no_reverts() {
    let direct = Facts { pull: None, ..reverting(|_| ()) };
    assert!(why_not(&direct).contains("without a pull request"));
    let empty = Facts { files: Vec::new(), ..reverting(|_| ()) };
    assert_eq!(judged(&empty).class, Class::Routine);
    let mut more = reverting(|_| ());
    more.files.push(edit("src/other.rs", "a\n", "b\n"));
    assert!(why_not(&more).contains("held no change of src/other.rs"));
}

#[test]
fn what_stands_against_one_of_two_equal_landings_stands_against_both() {
    let mut facts = reverting(|_| ());
    let mut older = facts.reverts[0].clone();
    (older.landing, older.is_revert) = (oid('d'), Some("its title says so".to_owned()));
    facts.reverts.push(older);
    assert!(why_not(&facts).contains("itself a revert"));
}

#[test]
fn what_is_trivial_anyway_needs_no_other_proof_and_limits_do_not_bind_a_revert() {
    let one = exact(vec![edit("README.md", "a\n", "b\n")]);
    let docs = Facts { reverts: vec![one], ..facts(vec![edit("README.md", "b\n", "a\n")]) };
    let found = judged(&docs);
    assert_eq!((found.class, found.revert), (Class::Trivial, None));
    let long = "x\n".repeat(500);
    let large = Facts {
        reverts: vec![exact(vec![add("src/lib.rs", &long)])],
        ..facts(vec![edit("src/lib.rs", &long, "")])
    };
    let found = judged(&large);
    assert_eq!((found.class, found.limits), (Class::Trivial, Vec::new()));
}

#[test]
fn facts_and_classes_without_a_revert_keep_the_bytes_that_they_had() {
    let plain = facts(vec![edit("README.md", "a\n", "b\n")]);
    let json = serde_json::to_string(&plain).expect("JSON");
    for word in ["reverts", "generated", "types"] {
        assert!(!json.contains(word), "{word}");
    }
    assert_eq!(serde_json::from_str::<Facts>(&json).expect("facts"), plain);
    let found = serde_json::to_string(&judged(&plain)).expect("JSON");
    assert!(!found.contains("revert"), "{found}");
    let taken = reverting(|_| ());
    let json = serde_json::to_string(&taken).expect("JSON");
    assert_eq!(serde_json::from_str::<Facts>(&json).expect("facts"), taken);
}
