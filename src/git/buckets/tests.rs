use super::*;
use crate::git::range::between;
use crate::git::testkit::{Kit, lines};

/// base ← [direct] ← merge(pr) ← merge of main's own line (plumbing is tree-neutral).
struct World {
    kit: Kit,
    base: Oid,
    direct: Oid,
    work: Oid,
    merge: Oid,
    tip: Oid,
}

fn world() -> World {
    let kit = Kit::new();
    let base = kit.commit(&[], &[("a", &lines(&[]))], "base");
    let work = kit.commit(&[base], &[("a", &lines(&[(2, "work")]))], "work");
    let direct = kit.commit(&[base], &[("a", &lines(&[(30, "direct")]))], "direct");
    let merge =
        kit.commit(&[direct, work], &[("a", &lines(&[(2, "work"), (30, "direct")]))], "Merge (#1)");
    let local = kit.commit(&[direct], &[("a", &lines(&[(16, "local"), (30, "direct")]))], "local");
    let all = lines(&[(2, "work"), (16, "local"), (30, "direct")]);
    let tip = kit.commit(&[merge, local], &[("a", &all)], "Merge branch main");
    World { kit, base, direct, work, merge, tip }
}

fn change(id: &str, landing: Oid, commits: &[Oid]) -> LandedChange {
    LandedChange { change: id.to_owned(), landing, commits: commits.to_vec(), protected: true }
}

#[test]
fn every_commit_is_in_exactly_one_bucket_whatever_the_order() {
    let w = world();
    let known = [
        change("chg_outer", w.tip, &[w.tip, w.merge, w.work]),
        change("chg_a", w.merge, &[w.merge, w.work]),
        change("chg_elsewhere", "12".repeat(20).parse().expect("oid"), &[w.direct]),
    ];
    let range = between(&w.kit.repo, Some(w.base), w.tip).expect("range");
    let first = attribute(&w.kit.repo, &range, &known, None).expect("buckets");
    assert_eq!(first.sum(), range.brought_in.len());
    assert_eq!(first.landed["chg_a"], [w.merge, w.work]);
    assert_eq!(first.landed["chg_outer"], [w.tip]);
    assert_eq!(first.direct.len(), 2);
    let mut turned = known.to_vec();
    turned.reverse();
    assert_eq!(attribute(&w.kit.repo, &range, &turned, None).expect("buckets"), first);
    assert!(
        first.sentence().starts_with("5 commits = 3 landed by 2 changes + 2 direct"),
        "{}",
        first.sentence()
    );
}

#[test]
fn a_tree_neutral_merge_is_plumbing_and_one_with_an_edit_is_direct() {
    let w = world();
    let range = between(&w.kit.repo, Some(w.base), w.tip).expect("range");
    let buckets =
        attribute(&w.kit.repo, &range, &[change("chg_a", w.merge, &[w.merge, w.work])], None)
            .expect("buckets");
    assert_eq!(buckets.plumbing, [w.tip]);
    let evil = w.kit.commit(&[w.merge, w.direct], &[("evil", "x")], "Merge branch main");
    let range = between(&w.kit.repo, Some(w.merge), evil).expect("range");
    let buckets = attribute(&w.kit.repo, &range, &[], None).expect("buckets");
    assert_eq!(buckets.direct, [evil]);
}

#[test]
fn a_baseline_counts_only_what_lands_exactly_there() {
    let w = world();
    let range = between(&w.kit.repo, None, w.merge).expect("range");
    let known =
        [change("chg_a", w.merge, &[w.merge, w.work]), change("chg_old", w.direct, &[w.direct])];
    let buckets = attribute(&w.kit.repo, &range, &known, None).expect("buckets");
    assert_eq!(buckets.landed.keys().collect::<Vec<_>>(), ["chg_a"]);
    assert_eq!(buckets.pre_ledger.len(), 2);
    assert_eq!(buckets.sum(), 4);
}

#[test]
fn what_was_there_before_the_ledger_began_is_not_called_direct() {
    let w = world();
    let range = between(&w.kit.repo, Some(w.base), w.merge).expect("range");
    let buckets = attribute(&w.kit.repo, &range, &[], Some(w.direct)).expect("buckets");
    assert_eq!(buckets.pre_ledger, [w.direct]);
    assert_eq!(buckets.direct, [w.work]);
    assert_eq!(buckets.plumbing, [w.merge]);
}

#[test]
fn redeploys_and_rollbacks_attribute_nothing() {
    let w = world();
    for (previous, new) in [(w.tip, w.tip), (w.tip, w.base)] {
        let range = between(&w.kit.repo, Some(previous), new).expect("range");
        assert_eq!(attribute(&w.kit.repo, &range, &[], None).expect("buckets").sum(), 0);
    }
}

#[test]
fn what_was_merged_into_a_proposals_branch_came_in_with_that_proposal() {
    let kit = Kit::new();
    let base = kit.commit(&[], &[("x", "0")], "base");
    let a = kit.commit(&[base], &[("x", "0"), ("a", "1")], "a");
    let b = kit.commit(&[a], &[("x", "0"), ("a", "1"), ("b", "1")], "b");
    let into_a = kit.commit(&[a, b], &[("x", "0"), ("a", "1"), ("b", "1")], "Merge b into a");
    let landed = kit.commit(&[base, into_a], &[("x", "0"), ("a", "1"), ("b", "1")], "Merge a");
    let inner = LandedChange { protected: false, ..change("chg_b", into_a, &[into_a, b]) };
    let outer = change("chg_a", landed, &[landed, into_a, b, a]);
    let range = between(&kit.repo, Some(base), landed).expect("range");
    for known in [[inner.clone(), outer.clone()], [outer.clone(), inner.clone()]] {
        let buckets = attribute(&kit.repo, &range, &known, None).expect("buckets");
        assert_eq!(buckets.landed.keys().collect::<Vec<_>>(), ["chg_a"]);
        assert_eq!((buckets.sum(), buckets.landed["chg_a"].len()), (4, 4));
        let back = between(&kit.repo, Some(landed), base).expect("range");
        assert_eq!(withdrawn(&back, &known), ["chg_a"]);
    }
    let both = [LandedChange { protected: true, ..inner.clone() }, outer];
    let buckets = attribute(&kit.repo, &range, &both, None).expect("buckets");
    assert_eq!(buckets.landed["chg_b"], [into_a, b], "landed on a protected branch before");
    let alone = between(&kit.repo, Some(base), into_a).expect("range");
    let buckets = attribute(&kit.repo, &alone, &[inner], None).expect("buckets");
    assert_eq!((&buckets.landed["chg_b"], &buckets.direct), (&vec![into_a, b], &vec![a]));
}
