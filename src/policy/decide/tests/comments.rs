//! Approval by comment (sem 4): the whole first line is the exact command, and edited comments do not count.

use proptest::prelude::*;

use crate::domain::AccountKind;
use crate::policy::decision::State;
use crate::policy::model::Commands;
use crate::policy::testkit::{Story, why};

fn commands() -> Commands {
    Commands { approve: Some("/approve".to_owned()), veto: Some("/veto".to_owned()) }
}

fn story() -> Story {
    Story::significant()
        .architect("arch1")
        .architect("arch2")
        .with(|story| story.effective.policy.approval.comments = Some(commands()))
}

#[test]
fn case_47_a_comment_that_is_no_command_leaves_an_approval_as_it_is() {
    for approved in [story().approves("arch1"), story().says("arch1", "/approve")] {
        let plain = approved.clone().comments("arch1");
        assert_eq!(plain.state(), State::Approved);
        let chat = approved.says("arch1", "Thanks, merging on Monday");
        let decision = chat.decide();
        assert_eq!((decision.state, decision.opinions.len()), (State::Approved, 1));
    }
}

#[test]
fn case_49_an_approval_that_somebody_else_edited_is_ignored_and_says_so() {
    let decision = story().says("arch1", "/approve").edited("arch2", "/approve").decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(
        why(&decision, "arch1"),
        "by comment: edited by arch2 on 2026-10-14 18:40:00 UTC; an edited comment does not count"
    );
}

#[test]
fn case_50_a_comment_edited_into_an_approval_is_ignored_and_says_so() {
    let decision = story().says("arch1", "wait").edited("arch1", "/approve").decide();
    assert_eq!(decision.state, State::Pending);
    assert!(why(&decision, "arch1").contains("edited by arch1"), "{decision:?}");
    assert!(!decision.opinions[0].counts && decision.opinions[0].by_comment);
}

#[test]
fn an_approval_by_comment_counts_like_any_other() {
    let decision = story().says("arch1", "/approve").decide();
    assert_eq!(decision.state, State::Approved);
    assert_eq!(decision.opinions[0].basis.as_deref(), Some("same_commit"));
    assert_eq!(why(&decision, "arch1"), "by comment: took no part in writing");
    let by_author = story().architect("dev1").says("dev1", "/approve").decide();
    assert!(why(&by_author, "dev1").contains("excluded from approving"), "{by_author:?}");
    let by_bot = story().says("arch1", "/approve").which(|said| said.kind = AccountKind::Bot);
    assert_eq!(by_bot.state(), State::Pending);
    let no_head = story().says("arch1", "/approve").which(|said| said.commit = None).decide();
    assert!(why(&no_head, "arch1").contains("which commit was the head"), "{no_head:?}");
    assert!(!no_head.state.passes());
}

#[test]
fn nothing_like_the_command_is_the_command() {
    for line in ["/Approve", "approve", "/approved", "/approve please", "not /approve yet", ""] {
        let decision = story().says("arch1", line).decide();
        assert_eq!((decision.state, decision.opinions.len()), (State::Pending, 0), "{line}");
    }
}

#[test]
fn where_no_command_is_named_no_comment_is_an_opinion() {
    let off =
        |story: Story| story.with(|story| story.effective.policy.approval.comments = None).decide();
    let decision = off(story().says("arch1", "/approve"));
    assert_eq!((decision.state, decision.opinions.len()), (State::Pending, 0));
    let decision = off(story().approves("arch1").says("arch2", "/veto"));
    assert_eq!((decision.state, decision.opinions.len()), (State::Approved, 1));
}

#[test]
fn a_veto_by_comment_stands_until_its_author_approves_whoever_edits_or_deletes_it() {
    let vetoed = || story().approves("arch2").says("arch1", "/veto");
    assert_eq!(vetoed().state(), State::Rejected);
    for undone in [vetoed().edited("dev1", "/approve"), vetoed().deleted("dev1")] {
        let decision = undone.decide();
        assert_eq!(decision.state, State::Rejected);
        let why = why(&decision, "arch1");
        assert!(why.contains("by dev1") && why.ends_with("which ends no veto"), "{why}");
    }
    assert_eq!(vetoed().deleted("arch1").approves("arch1").state(), State::Approved);
    assert_eq!(vetoed().says("arch1", "/approve").state(), State::Approved);
    let tampered = vetoed().says("arch1", "/approve").edited("dev1", "/approve");
    assert_eq!(tampered.state(), State::Rejected, "an edited approval takes no veto back");
    let withdrawn = vetoed().says("arch1", "/approve").deleted("arch1");
    assert_eq!(withdrawn.state(), State::Rejected, "nor does one that is gone");
}

#[test]
fn the_latest_opinion_of_a_person_wins_across_reviews_and_comments() {
    let by_review = story().says("arch1", "/approve").vetoes("arch1");
    assert_eq!(by_review.state(), State::Rejected);
    let by_comment = story().approves("arch1").says("arch1", "/veto");
    assert_eq!(by_comment.state(), State::Rejected);
    let gone = story().approves("arch1").says("arch1", "/approve").deleted("arch1");
    assert_eq!(gone.state(), State::Pending, "what was withdrawn revives no older approval");
    assert_eq!(gone.clone().edited("dev2", "hm").state(), State::Pending, "edited before or not");
    assert_eq!(gone.approves("arch1").state(), State::Approved);
}

/// A comment: by whom, its line, what it was edited into, whether it was deleted.
type Remark = (&'static str, &'static str, Option<&'static str>, bool);

fn remarks() -> impl Strategy<Value = Vec<Remark>> {
    let line = || prop::sample::select(vec!["/approve", "/veto", "fine", "/approve!"]);
    let who = prop::sample::select(vec!["arch1", "arch2", "dev1"]);
    prop::collection::vec((who, line(), prop::option::of(line()), any::<bool>()), 0..5)
}

fn remark(story: Story, (who, line, edit, deleted): &Remark) -> Story {
    let story = story.says(who, line);
    let story = edit.map_or(story.clone(), |into| story.edited("dev1", into));
    if *deleted { story.deleted("dev1") } else { story }
}

proptest! {
    #[test]
    fn editing_and_deleting_comments_never_lets_anything_out(remarks in remarks(), place in 0..5_usize) {
        let told = |remarks: &[Remark]| remarks.iter().fold(story(), remark).decide();
        let after = told(&remarks);
        let mut before = remarks.clone();
        for (at, remark) in before.iter_mut().enumerate() {
            if at == place {
                (remark.2, remark.3) = (None, false);
            }
        }
        let before = told(&before);
        prop_assert!(!after.passes() || before.passes());
        prop_assert!(before.state != State::Rejected || after.state == State::Rejected);
    }

    #[test]
    fn the_order_and_doubling_of_comments_in_the_facts_change_nothing(remarks in remarks(), turn in 0..5_usize) {
        let mut story = remarks.iter().fold(story(), remark);
        let decision = story.decide();
        let all = &mut story.facts.opinions;
        let by = turn.min(all.len());
        all.rotate_left(by);
        let again = all.clone();
        all.extend(again);
        prop_assert_eq!(story.decide(), decision);
    }
}
