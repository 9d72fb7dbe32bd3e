use super::*;
use crate::git::testkit::{Kit, lines};

/// Main moved on while a proposal of two commits was open.
struct Story {
    kit: Kit,
    base: Oid,
    main: Oid,
    one: Oid,
    head: Oid,
}

const ONE: (usize, &str) = (2, "one");
const TWO: (usize, &str) = (12, "two");
const OTHER: (usize, &str) = (30, "other");

fn story() -> Story {
    let kit = Kit::new();
    let base = kit.commit(&[], &[("a", &lines(&[]))], "base");
    let one = kit.commit_as("bob", &[base], kit.tree(&[("a", &lines(&[ONE]))]), "one");
    let head = kit.commit_as("bob", &[one], kit.tree(&[("a", &lines(&[ONE, TWO]))]), "two");
    let main = kit.commit(&[base], &[("a", &lines(&[OTHER]))], "other");
    Story { kit, base, main, one, head }
}

impl Story {
    fn find(&self, tip: Oid, claimed: Option<Oid>) -> Option<Landed> {
        find(&self.kit.repo, tip, &Proposal { head: self.head, claimed, before: Some(self.main) })
            .expect("found")
    }

    fn commit(&self, parents: &[Oid], edits: &[(usize, &str)]) -> Oid {
        self.kit.commit(parents, &[("a", &lines(edits))], "landed (#1)")
    }
}

fn summary(landed: Option<&Landed>) -> Option<(LandingKind, Integrity, usize)> {
    landed.map(|landed| (landed.landing.how, landed.landing.integrity, landed.commits.len()))
}

#[test]
fn a_merge_is_found_by_its_second_parent_claimed_or_not() {
    let s = story();
    let merge = s.commit(&[s.main, s.head], &[ONE, TWO, OTHER]);
    let tip = s.commit(&[merge], &[ONE, TWO, OTHER, (39, "later")]);
    for claimed in [None, Some(merge)] {
        let landed = s.find(tip, claimed);
        assert_eq!(summary(landed.as_ref()), Some((LandingKind::Merge, Integrity::Intact, 3)));
        assert_eq!(landed.map(|l| l.landing.commit), Some(merge));
    }
}

#[test]
fn a_merge_with_an_edit_of_its_own_is_altered_and_names_the_path() {
    let s = story();
    let tree = s.kit.tree(&[("a", &lines(&[ONE, TWO, OTHER])), ("evil", "x")]);
    let merge = s.kit.commit_as("mal", &[s.main, s.head], tree, "Merge");
    let landed = s.find(merge, Some(merge)).expect("landed");
    assert_eq!(landed.landing.integrity, Integrity::Altered);
    assert_eq!(landed.landing.altered, [RepoPath::from("evil")]);
}

#[test]
fn a_merge_over_a_conflict_is_altered_whatever_its_tree() {
    let s = story();
    let main = s.commit(&[s.base], &[(2, "clash")]);
    let merge = s.commit(&[main, s.head], &[ONE, TWO]);
    let landed = find(&s.kit.repo, merge, &Proposal { head: s.head, claimed: None, before: None })
        .expect("ok")
        .expect("landed");
    assert_eq!(landed.landing.integrity, Integrity::Altered);
    assert!(landed.landing.evidence.iter().any(|said| said.contains("by hand")));
}

#[test]
fn a_squash_is_found_by_its_tree_and_an_altered_one_only_if_it_is_claimed() {
    let s = story();
    let squash = s.commit(&[s.main], &[ONE, TWO, OTHER]);
    for claimed in [None, Some(squash)] {
        assert_eq!(
            summary(s.find(squash, claimed).as_ref()),
            Some((LandingKind::Squash, Integrity::Intact, 1))
        );
    }
    let sneaked = s.commit(&[s.main], &[ONE, TWO, (20, "sneaked"), OTHER]);
    assert_eq!(s.find(sneaked, None), None, "`(#1)` in the message is a hint and never enough");
    assert_eq!(
        summary(s.find(sneaked, Some(sneaked)).as_ref()),
        Some((LandingKind::Squash, Integrity::Altered, 1))
    );
}

#[test]
fn a_rebase_is_found_by_its_steps_and_brings_all_its_commits() {
    let s = story();
    let first = s.commit(&[s.main], &[ONE, OTHER]);
    let last = s.commit(&[first], &[ONE, TWO, OTHER]);
    let tip = s.commit(&[last], &[ONE, TWO, OTHER, (39, "later")]);
    for claimed in [None, Some(last)] {
        let landed = s.find(tip, claimed).expect("landed");
        assert_eq!(summary(Some(&landed)), Some((LandingKind::Rebase, Integrity::Intact, 2)));
        assert_eq!(landed.commits, [last, first]);
    }
}

#[test]
fn a_rebase_with_a_sneaked_line_is_altered_against_the_commit_below_it() {
    let s = story();
    let stamp = |of: Oid| s.kit.repo.read_commit(of).expect("commit").author;
    let replay = |parent: Oid, of: Oid, edits: &[(usize, &str)]| {
        let git = &s.kit.repo.git;
        let author = stamp(of);
        let at = git2::Time::new(author.seconds, 0);
        let who = git2::Signature::new(&author.name, &author.email, &at).expect("who");
        let parent = git.find_commit(to_git(parent).expect("id")).expect("parent");
        let tree = git.find_tree(s.kit.tree(&[("a", &lines(edits))])).expect("tree");
        from_git(git.commit(None, &who, &who, "replayed", &tree, &[&parent]).expect("commit"))
            .expect("id")
    };
    let first = replay(s.main, s.one, &[ONE, OTHER, (20, "sneaked")]);
    let last = replay(first, s.head, &[ONE, TWO, OTHER, (20, "sneaked")]);
    for claimed in [None, Some(last)] {
        let landed = s.find(last, claimed);
        assert_eq!(summary(landed.as_ref()), Some((LandingKind::Rebase, Integrity::Altered, 2)));
    }
}

#[test]
fn a_fast_forward_is_the_head_itself() {
    let s = story();
    let tip = s.commit(&[s.head], &[ONE, TWO, (39, "later")]);
    let landed =
        find(&s.kit.repo, tip, &Proposal { head: s.head, claimed: None, before: Some(s.base) })
            .expect("ok");
    assert_eq!(summary(landed.as_ref()), Some((LandingKind::FastForward, Integrity::Intact, 2)));
}

#[test]
fn a_proposal_whose_commits_came_in_with_another_is_subsumed() {
    let s = story();
    let outer = s.commit(&[s.head], &[ONE, TWO, (16, "outer")]);
    let merge = s.commit(&[s.main, outer], &[ONE, TWO, (16, "outer"), OTHER]);
    let landed = s.find(merge, None).expect("landed");
    assert_eq!((landed.landing.how, landed.landing.commit), (LandingKind::Subsumed, merge));
    assert!(landed.commits.is_empty());
}

#[test]
fn what_has_not_landed_is_not_found_and_a_claim_off_the_branch_is_no_claim() {
    let s = story();
    let unrelated = s.commit(&[s.main], &[OTHER, (20, "x")]);
    assert_eq!(s.find(unrelated, None), None);
    assert_eq!(s.find(unrelated, Some(s.head)), None);
    let before =
        find(&s.kit.repo, s.main, &Proposal { head: s.base, claimed: None, before: Some(s.main) });
    assert_eq!(before, Ok(None), "what the branch had before cannot land again");
}

#[test]
fn an_octopus_is_a_merge_of_unknown_integrity() {
    let s = story();
    let third = s.kit.commit(&[s.base], &[("a", &lines(&[])), ("c", "3")], "third");
    let tree = s.kit.tree(&[("a", &lines(&[ONE, TWO, OTHER])), ("c", "3")]);
    let octopus = s.kit.commit_as("ann", &[s.main, s.head, third], tree, "octopus");
    assert_eq!(
        summary(s.find(octopus, None).as_ref()),
        Some((LandingKind::Merge, Integrity::Unknown, 4))
    );
}

#[test]
fn a_claim_that_only_contains_the_head_is_corrected_by_the_graph() {
    let s = story();
    let merge = s.commit(&[s.main, s.head], &[ONE, TWO, OTHER]);
    let later = s.commit(&[merge], &[ONE, TWO, OTHER, (39, "later")]);
    let landed = s.find(later, Some(later)).expect("landed");
    assert_eq!(summary(Some(&landed)), Some((LandingKind::Merge, Integrity::Intact, 3)));
    assert_eq!(landed.landing.commit, merge);
    let outer = s.commit(&[s.head], &[ONE, TWO, (16, "outer")]);
    let carrier = s.commit(&[s.main, outer], &[ONE, TWO, (16, "outer"), OTHER]);
    let landed = s.find(carrier, Some(carrier)).expect("landed");
    assert_eq!((landed.landing.how, landed.landing.commit), (LandingKind::Subsumed, carrier));
}

#[test]
fn a_group_that_does_not_stand_on_its_base_has_no_line() {
    let s = story();
    let one = s.commit(&[s.main], &[ONE, OTHER]);
    let two = s.commit(&[one], &[ONE, TWO, OTHER]);
    let line = |base, head| queue::line(&s.kit.repo, &queue::Group { base, head }).expect("read");
    assert_eq!(line(s.main, two), [two, one]);
    assert_eq!(line(s.head, two), [], "the head is no ancestor of it");
    assert_eq!(line("12".repeat(20).parse().expect("oid"), two), []);
    assert_eq!(line(two, two), []);
}
