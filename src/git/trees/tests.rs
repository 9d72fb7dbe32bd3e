use super::*;
use crate::git::testkit::{Kit, lines};

/// base0 ← base1 (another file's edit in the same file's tail); a proposal on base0, and its rebase on base1.
fn rebased(new_text: &str) -> (Kit, Oid, Oid, Oid) {
    let kit = Kit::new();
    let base0 = kit.commit(&[], &[("a.py", &lines(&[]))], "base");
    let approved = kit.commit(&[base0], &[("a.py", &lines(&[(2, "    b()")]))], "work");
    let base1 = kit.commit(&[base0], &[("a.py", &lines(&[(30, "moved")]))], "other");
    let head = kit.commit(&[base1], &[("a.py", new_text)], "work");
    (kit, approved, head, base1)
}

#[test]
fn a_clean_rebase_is_proven_by_its_tree() {
    let (kit, approved, head, base) = rebased(&lines(&[(2, "    b()"), (30, "moved")]));
    let proof = clean_rebase(&kit.repo, approved, head, base).expect("proof");
    assert!(proof.holds, "{}", proof.evidence);
}

#[test]
fn a_rebase_with_one_sneaked_line_is_not_clean() {
    let (kit, approved, head, base) =
        rebased(&lines(&[(2, "    b()"), (20, "sneaked"), (30, "moved")]));
    assert!(!clean_rebase(&kit.repo, approved, head, base).expect("proof").holds);
}

#[test]
fn case_8_a_rebase_that_changes_only_indentation_is_not_clean() {
    let (kit, approved, head, base) = rebased(&lines(&[(2, "b()"), (30, "moved")]));
    assert!(!clean_rebase(&kit.repo, approved, head, base).expect("proof").holds);
}

#[test]
fn case_7_a_rebase_over_a_conflict_is_not_clean() {
    let kit = Kit::new();
    let base0 = kit.commit(&[], &[("a", &lines(&[]))], "base");
    let approved = kit.commit(&[base0], &[("a", &lines(&[(2, "mine")]))], "work");
    let base1 = kit.commit(&[base0], &[("a", &lines(&[(2, "theirs")]))], "other");
    let head = kit.commit(&[base1], &[("a", &lines(&[(2, "mine")]))], "work");
    let proof = clean_rebase(&kit.repo, approved, head, base1).expect("proof");
    assert!(!proof.holds && proof.evidence.contains("conflict"), "{}", proof.evidence);
}

/// A proposal that merged base into itself, with this text after the merge.
fn updated(text: &str, extra: &[(&str, &str)]) -> (Kit, Oid, Oid, Oid) {
    let kit = Kit::new();
    let base0 = kit.commit(&[], &[("a", &lines(&[]))], "base");
    let approved = kit.commit(&[base0], &[("a", &lines(&[(2, "mine")]))], "work");
    let base1 = kit.commit(&[base0], &[("a", &lines(&[(30, "theirs")]))], "other");
    let files: Vec<_> = [("a", text)].iter().chain(extra).copied().collect();
    let head = kit.commit(&[approved, base1], &files, "Merge main");
    (kit, approved, head, base1)
}

#[test]
fn an_update_merge_is_clean_only_if_a_machine_would_have_made_it() {
    let good = lines(&[(2, "mine"), (30, "theirs")]);
    let (kit, approved, head, base) = updated(&good, &[]);
    let proof = clean_update_merge(&kit.repo, approved, head, base).expect("proof");
    assert!(proof.holds, "{}", proof.evidence);
    let (kit, approved, head, base) = updated(&good, &[("extra", "case 10")]);
    let proof = clean_update_merge(&kit.repo, approved, head, base).expect("proof");
    assert!(!proof.holds && proof.evidence.contains("not a clean merge"), "{}", proof.evidence);
}

#[test]
fn case_13_a_merge_with_base_as_first_parent_is_no_update() {
    let kit = Kit::new();
    let base0 = kit.commit(&[], &[("a", &lines(&[]))], "base");
    let approved = kit.commit(&[base0], &[("a", &lines(&[(2, "mine")]))], "work");
    let base1 = kit.commit(&[base0], &[("a", &lines(&[(30, "theirs")]))], "other");
    let head =
        kit.commit(&[base1, approved], &[("a", &lines(&[(2, "mine"), (30, "theirs")]))], "Merge");
    assert!(!clean_update_merge(&kit.repo, approved, head, base1).expect("proof").holds);
}

#[test]
fn a_new_commit_hidden_behind_an_update_merge_is_found() {
    let good = lines(&[(2, "mine"), (30, "theirs")]);
    let (kit, approved, head, base) = updated(&good, &[]);
    let more = kit.commit(&[head], &[("a", &good), ("b", "new")], "more");
    assert!(!clean_update_merge(&kit.repo, approved, more, base).expect("proof").holds);
    assert!(!clean_update_merge(&kit.repo, approved, approved, base).expect("proof").holds);
}

#[test]
fn a_squash_is_equal_to_merging_or_it_is_not() {
    let (kit, approved, head, _) = rebased(&lines(&[(2, "    b()"), (30, "moved")]));
    assert!(squash_tree_equal(&kit.repo, head, approved).expect("proof").holds);
    let (kit, approved, head, _) = rebased(&lines(&[(2, "b()"), (30, "moved")]));
    assert!(!squash_tree_equal(&kit.repo, head, approved).expect("proof").holds);
}

#[test]
fn proofs_write_nothing_into_the_repository() {
    let (kit, approved, head, base) = rebased(&lines(&[(2, "    b()"), (30, "moved")]));
    let count = || walk_files(&kit.path().join("objects"));
    let before = count();
    let mirror = crate::git::Repo::open(kit.path()).expect("open");
    assert!(clean_rebase(&mirror, approved, head, base).expect("proof").holds);
    assert_eq!(count(), before);
}

fn walk_files(dir: &std::path::Path) -> usize {
    std::fs::read_dir(dir)
        .expect("dir")
        .map(|e| e.expect("entry").path())
        .map(|p| if p.is_dir() { walk_files(&p) } else { 1 })
        .sum()
}

#[test]
fn case_10_an_update_merge_with_an_edit_beside_it_is_not_clean() {
    let merged = lines(&[(2, "mine"), (30, "theirs")]);
    let sneaked = lines(&[(2, "mine"), (20, "sneaked"), (30, "theirs")]);
    for (text, extra) in [(&merged, vec![("new", "x")]), (&sneaked, vec![])] {
        let (kit, approved, head, base) = updated(text, &extra);
        let proof = clean_update_merge(&kit.repo, approved, head, base).expect("proof");
        assert!(!proof.holds, "{}", proof.evidence);
    }
}

#[test]
fn case_11_a_conflict_that_a_person_resolved_is_no_clean_update() {
    for resolved in ["mine", "theirs", "both"] {
        let kit = Kit::new();
        let base0 = kit.commit(&[], &[("a", &lines(&[]))], "base");
        let approved = kit.commit(&[base0], &[("a", &lines(&[(2, "mine")]))], "work");
        let base1 = kit.commit(&[base0], &[("a", &lines(&[(2, "theirs")]))], "other");
        let head = kit.commit(&[approved, base1], &[("a", &lines(&[(2, resolved)]))], "Merge main");
        let proof = clean_update_merge(&kit.repo, approved, head, base1).expect("proof");
        assert!(!proof.holds, "{resolved}: {}", proof.evidence);
    }
}
