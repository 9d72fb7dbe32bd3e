use super::*;
use crate::domain::file::Content;
use crate::git::facts::Sides;
use crate::git::testkit::{Kit, lines};

fn scan(_: &Sides<'_>) -> Content {
    Content::default()
}

fn found(kit: &Kit, tip: Oid, head: Oid, candidates: &[Candidate]) -> Vec<Reverted> {
    let readers = Readers { scan: &scan, keys: &|_, _, _| None, dependencies: &|_, _, _| None };
    find(&kit.repo, tip, head, candidates, readers).expect("an answer")
}

fn landing(pull: u64, how: LandingKind, commit: Oid, brought: &[Oid]) -> Candidate {
    Candidate {
        landing: commit,
        brought: brought.iter().copied().chain([commit]).collect(),
        pull,
        title: format!("Change {pull}"),
        how,
        at: None,
        emergency: false,
    }
}

fn squash(pull: u64, commit: Oid) -> Candidate {
    landing(pull, LandingKind::Squash, commit, &[])
}

fn is_exact(found: &[Reverted], landing: Oid) -> bool {
    matches!(found, [one] if one.landing == landing && one.outcome == Outcome::Exact)
}

/// `a` with edits at its lines, beside a file that never changes.
fn text(edits: &[(usize, &str)]) -> String {
    lines(edits)
}

fn tree(a: &str) -> [(&str, &str); 2] {
    [("a.rs", a), ("b.rs", "still\n")]
}

/// base, and a landing that edits line 2.
struct Town {
    kit: Kit,
    base: Oid,
    landed: Oid,
}

fn town() -> Town {
    let kit = Kit::new();
    let base = kit.commit(&[], &tree(&text(&[])), "base");
    let landed = kit.commit(&[base], &tree(&text(&[(2, "feature")])), "Feature (#1)");
    Town { kit, base, landed }
}

#[test]
fn the_revert_of_a_squash_is_found_by_its_tree_whatever_it_is_called() {
    let Town { kit, base, landed } = town();
    let head = kit.commit(&[landed], &tree(&text(&[])), "tidy up");
    let all = found(&kit, landed, head, &[squash(1, landed)]);
    assert!(is_exact(&all, landed), "{all:?}");
    assert_eq!(all[0].parent, base);
    assert_eq!(all[0].files.len(), 1);
    assert_eq!(all[0].is_revert, None);
    assert_eq!(all[0].trees.result, kit.repo.read_commit(head).expect("head").tree().expect("id"));
}

#[test]
fn one_line_more_is_no_revert() {
    let Town { kit, landed, .. } = town();
    for extra in [text(&[(30, "sneaked")]), text(&[(2, "line 2 ")])] {
        let head = kit.commit(&[landed], &tree(&extra), "Revert \"Feature (#1)\"");
        assert_eq!(found(&kit, landed, head, &[squash(1, landed)]), []);
    }
    let files = [("a.rs", text(&[])), ("b.rs", "still\n".to_owned()), ("c.rs", "x\n".to_owned())];
    let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let head = kit.commit(&[landed], &files, "Revert \"Feature (#1)\"");
    assert_eq!(found(&kit, landed, head, &[squash(1, landed)]), []);
}

#[test]
fn case_106_a_message_that_names_the_landing_tells_why_it_is_none() {
    let Town { kit, landed, .. } = town();
    let message = format!("Revert \"Feature (#1)\"\n\nThis reverts commit {landed}.\n");
    let head = kit.commit(&[landed], &tree(&text(&[(30, "other")])), &message);
    let all = found(&kit, landed, head, &[squash(1, landed)]);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].outcome, Outcome::Differs(vec!["a.rs".into()]));
    assert_eq!(all[0].files, []);
}

#[test]
fn case_107_a_landing_that_took_another_back_is_itself_a_revert() {
    let Town { kit, landed, .. } = town();
    let quiet = kit.commit(&[landed], &tree(&text(&[])), "tidy up");
    let again = kit.commit(&[quiet], &tree(&text(&[(2, "feature")])), "tidy more");
    // Whichever is told first: what counts is where they lie.
    for candidates in [[squash(2, quiet), squash(1, landed)], [squash(1, landed), squash(2, quiet)]]
    {
        let all = found(&kit, quiet, again, &candidates);
        assert!(is_exact(&all, quiet), "{all:?}");
        let why = all[0].is_revert.as_deref().expect("a reason");
        assert!(why.contains("takes") && why.contains("(#1) back"), "{why}");
    }
    // Where that earlier landing is not on record, its own words still tell.
    let said = kit.commit(&[landed], &tree(&text(&[])), "Revert \"Feature (#1)\"");
    let again = kit.commit(&[said], &tree(&text(&[(2, "feature")])), "tidy more");
    let all = found(&kit, said, again, &[squash(2, said)]);
    assert!(all[0].is_revert.as_deref().is_some_and(|why| why.contains("says")), "{all:?}");
    let titled = Candidate { title: "revert: feature".to_owned(), ..squash(2, quiet) };
    let again = kit.commit(&[quiet], &tree(&text(&[(2, "feature")])), "tidy more");
    assert!(found(&kit, quiet, again, &[titled])[0].is_revert.is_some());
}

#[test]
fn what_landed_in_the_same_file_since_stays() {
    let Town { kit, landed, .. } = town();
    let other = kit.commit(&[landed], &tree(&text(&[(2, "feature"), (30, "other")])), "Other (#2)");
    let candidates = [squash(2, other), squash(1, landed)];
    let head = kit.commit(&[other], &tree(&text(&[(30, "other")])), "tidy up");
    assert!(is_exact(&found(&kit, other, head, &candidates), landed));
    // Taking the other one along is no revert of either.
    let both = kit.commit(&[other], &tree(&text(&[])), "tidy up");
    assert_eq!(found(&kit, other, both, &candidates), []);
}

#[test]
fn what_landed_on_top_of_it_is_a_conflict_that_somebody_has_to_solve() {
    let Town { kit, landed, .. } = town();
    let on_top = kit.commit(&[landed], &tree(&text(&[(2, "feature, better")])), "Better (#2)");
    let message = format!("Revert\n\nThis reverts commit {landed}.");
    let head = kit.commit(&[on_top], &tree(&text(&[])), &message);
    let all = found(&kit, on_top, head, &[squash(2, on_top), squash(1, landed)]);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].outcome, Outcome::Conflict(vec!["a.rs".into()]));
}

#[test]
fn the_branch_may_have_moved_on_where_machines_merge_both() {
    let Town { kit, landed, .. } = town();
    let head = kit.commit(&[landed], &tree(&text(&[])), "tidy up");
    let moved = kit.commit(&[landed], &tree(&text(&[(2, "feature"), (30, "other")])), "Other (#2)");
    let candidates = [squash(2, moved), squash(1, landed)];
    assert!(is_exact(&found(&kit, moved, head, &candidates), landed));
    // Once it was taken back by somebody else, nothing is left to be done.
    let gone = kit.commit(&[landed], &tree(&text(&[])), "Gone (#3)");
    assert_eq!(found(&kit, gone, head, &[squash(3, gone), squash(1, landed)]), []);
    let built_on = kit.commit(&[landed], &tree(&text(&[(2, "feature, better")])), "Better (#2)");
    assert_eq!(found(&kit, built_on, head, &[squash(1, landed)]), []);
}

#[test]
fn the_parent_of_a_merge_is_its_first() {
    let kit = Kit::new();
    let base = kit.commit(&[], &tree(&text(&[])), "base");
    let work = kit.commit(&[base], &tree(&text(&[(2, "one")])), "one");
    let more = kit.commit(&[work], &tree(&text(&[(2, "one"), (5, "two")])), "two");
    let main = kit.commit(&[base], &tree(&text(&[(30, "other")])), "other");
    let merged = text(&[(2, "one"), (5, "two"), (30, "other")]);
    let merge = kit.commit(&[main, more], &tree(&merged), "Merge pull request #1");
    let candidates = [landing(1, LandingKind::Merge, merge, &[work, more])];
    let head = kit.commit(&[merge], &tree(&text(&[(30, "other")])), "tidy up");
    let all = found(&kit, merge, head, &candidates);
    assert!(is_exact(&all, merge) && all[0].parent == main, "{all:?}");
}

#[test]
fn a_rebase_of_three_commits_is_taken_back_whole_or_not_at_all() {
    let kit = Kit::new();
    let base = kit.commit(&[], &tree(&text(&[])), "base");
    let one = kit.commit(&[base], &tree(&text(&[(2, "one")])), "one");
    let two = kit.commit(&[one], &tree(&text(&[(2, "one"), (5, "two")])), "two");
    let three = kit.commit(&[two], &tree(&text(&[(2, "one"), (5, "two"), (9, "three")])), "three");
    let candidates = [landing(1, LandingKind::Rebase, three, &[one, two])];
    let whole = kit.commit(&[three], &tree(&text(&[])), "tidy up");
    let all = found(&kit, three, whole, &candidates);
    assert!(is_exact(&all, three) && all[0].parent == base, "{all:?}");
    let last = kit.commit(&[three], &tree(&text(&[(2, "one"), (5, "two")])), "tidy up");
    assert_eq!(found(&kit, three, last, &candidates), []);
}

#[test]
fn nothing_takes_back_a_landing_without_content_nor_one_of_another_branch() {
    let Town { kit, base, landed } = town();
    let empty = kit.commit(&[landed], &tree(&text(&[(2, "feature")])), "Nothing (#2)");
    let same = kit.commit(&[empty], &tree(&text(&[(2, "feature")])), "Revert \"Nothing\"");
    assert_eq!(found(&kit, empty, same, &[squash(2, empty), squash(1, landed)]), []);
    let elsewhere = kit.commit(&[base], &tree(&text(&[(5, "else")])), "Else (#3)");
    let head = kit.commit(&[landed], &tree(&text(&[])), "tidy up");
    assert_eq!(found(&kit, landed, head, &[squash(3, elsewhere)]), []);
}

#[test]
fn what_is_beyond_the_bound_is_not_looked_for() {
    let Town { kit, landed, .. } = town();
    let head = kit.commit(&[landed], &tree(&text(&[])), "tidy up");
    let mut candidates = vec![squash(9, landed); SEARCH_LIMIT];
    for one in &mut candidates {
        one.landing = head;
    }
    candidates.push(squash(1, landed));
    assert_eq!(found(&kit, landed, head, &candidates), []);
}
