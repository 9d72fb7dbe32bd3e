use super::*;
use crate::git::testkit::{Kit, lines};

#[test]
fn every_relation_is_told_apart() {
    let kit = Kit::new();
    let a = kit.commit(&[], &[("a", "1")], "a");
    let b = kit.commit(&[a], &[("a", "2")], "b");
    let c = kit.commit(&[a], &[("a", "3")], "c");
    let absent: Oid = "12".repeat(20).parse().expect("oid");
    let tell = |previous, new| relation(&kit.repo, previous, new).expect("relation");
    assert_eq!(tell(None, b), Relation::Baseline);
    assert_eq!(tell(Some(a), b), Relation::Forward);
    assert_eq!(tell(Some(b), a), Relation::Rollback);
    assert_eq!(tell(Some(b), b), Relation::Redeploy);
    assert_eq!(tell(Some(b), c), Relation::Diverged { merge_bases: vec![a] });
    assert_eq!(tell(Some(a), absent), Relation::Unknown { missing: absent });
    assert_eq!(tell(Some(absent), a), Relation::Unknown { missing: absent });
}

#[test]
fn what_is_brought_in_is_the_whole_graph_and_a_rollback_brings_nothing() {
    let kit = Kit::new();
    let a = kit.commit(&[], &[("a", "1")], "a");
    let side = kit.commit(&[a], &[("a", "1"), ("s", "1")], "side");
    let main = kit.commit(&[a], &[("a", "2")], "main");
    let merge = kit.commit(&[main, side], &[("a", "2"), ("s", "1")], "merge");
    let forward = between(&kit.repo, Some(a), merge).expect("range");
    assert_eq!(forward.brought_in.len(), 3);
    let back = between(&kit.repo, Some(merge), a).expect("range");
    assert!(back.brought_in.is_empty());
    assert_eq!(back.taken_out.len(), 3);
    assert!(between(&kit.repo, Some(a), a).expect("range").brought_in.is_empty());
}

#[test]
fn a_cherry_pick_on_a_diverged_release_is_on_both_sides() {
    let kit = Kit::new();
    let base = kit.commit(&[], &[("a", &lines(&[]))], "base");
    let feature = kit.commit(&[base], &[("a", &lines(&[(30, "feature")]))], "feature");
    let fix = kit.commit(&[feature], &[("a", &lines(&[(30, "feature"), (2, "fix")]))], "fix");
    let picked = kit.commit(&[base], &[("a", &lines(&[(2, "fix")]))], "fix");
    let only = kit.commit(&[picked], &[("a", &lines(&[(2, "fix"), (16, "hot")]))], "hot");
    let range = between(&kit.repo, Some(fix), only).expect("range");
    assert_eq!(range.equivalent, [(picked, fix)]);
    assert_eq!(range.brought_in, [only]);
    assert_eq!(range.taken_out, [feature]);
}

#[test]
fn indentation_makes_a_pick_another_commit() {
    let kit = Kit::new();
    let base = kit.commit(&[], &[("a", &lines(&[]))], "base");
    let fix = kit.commit(&[base], &[("a", &lines(&[(2, "    b()")]))], "fix");
    let other = kit.commit(&[base], &[("a", &lines(&[(2, "b()")]))], "fix");
    assert!(between(&kit.repo, Some(fix), other).expect("range").equivalent.is_empty());
}
