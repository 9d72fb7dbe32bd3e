//! Who may approve (sem 3).

use crate::domain::fact::{Commit, Driver, Drove};
use crate::domain::{AccountKind, Class};
use crate::policy::decision::{RuleState, State};
use crate::policy::testkit::{Story, commit, minute, oid, person, rule, signature, stranger, why};

fn story() -> Story {
    Story::significant().architect("arch1")
}

#[test]
fn case_23_the_author_does_not_approve_the_own_change() {
    let story = Story::significant().architect("dev1").approves("dev1");
    let decision = story.decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(why(&decision, "dev1"), "opened the pull request: excluded from approving");
}

#[test]
fn case_25_whoever_pushed_a_commit_does_not_count() {
    let decision = story().commit(commit('b', signature("arch1"))).approves("arch1").decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(why(&decision, "arch1"), "author of bbbbbbbbbb: excluded from approving");
    let pushed = story()
        .with(|story| {
            if let Some(pull) = &mut story.facts.pull {
                pull.pushers.push(person("arch1"));
            }
        })
        .approves("arch1");
    assert_eq!(
        why(&pushed.decide(), "arch1"),
        "pushed to the pull request: excluded from approving"
    );
}

#[test]
fn case_26_a_co_author_does_not_count() {
    let mut written = commit('b', signature("dev1"));
    written.co_authors.push(signature("arch1"));
    let decision = story().commit(written).approves("arch1").decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(why(&decision, "arch1"), "co-author of bbbbbbbbbb: excluded from approving");
}

#[test]
fn case_28_author_and_committer_are_excluded_each_for_itself() {
    let mut rebased = commit('b', signature("arch1"));
    rebased.committer = signature("arch2");
    let story = story().architect("arch2").commit(rebased).approves("arch1").approves("arch2");
    let decision = story.decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(why(&decision, "arch2"), "committer of bbbbbbbbbb: excluded from approving");
}

#[test]
fn case_29_commits_of_a_second_parent_exclude_their_authors_too() {
    let mut merge = commit('b', signature("dev1"));
    merge.parents = vec![oid('2'), oid('3')];
    let story = story().commit(merge).commit(commit('3', signature("arch1"))).approves("arch1");
    assert_eq!(story.state(), State::Pending);
}

#[test]
fn a_clean_update_merge_excludes_nobody() {
    let mut update = commit('b', signature("arch1"));
    update.clean_update_merge = true;
    assert_eq!(story().commit(update).approves("arch1").state(), State::Approved);
}

#[test]
fn case_32_an_author_nobody_knows_needs_one_more_approval() {
    let story = story().architect("arch2").commit(commit('b', stranger())).approves("arch1");
    let decision = story.decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!((decision.missing[0].have, decision.missing[0].need), (1, 2));
    assert_eq!(story.approves("arch2").state(), State::Approved);
}

#[test]
fn case_32_an_author_nobody_knows_keeps_a_trivial_change_from_passing_by_itself() {
    let story = Story::of(Class::Trivial).architect("arch1");
    assert_eq!(story.state(), State::AutoApproved);
    let unknown = story.commit(commit('b', stranger()));
    let decision = unknown.decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(decision.missing[0].need, 1);
    assert_eq!(rule(&decision.rules, "attribution").state, RuleState::Unsatisfied);
    assert_eq!(unknown.approves("arch1").state(), State::Approved);
}

#[test]
fn a_push_that_nobody_owns_up_to_keeps_a_trivial_change_from_passing_by_itself() {
    let pushed = |story: Story| {
        story.with(|story| story.facts.pull.as_mut().expect("it").pushed_by_unknown = true)
    };
    let trivial = pushed(Story::of(Class::Trivial).architect("arch1"));
    let decision = trivial.decide();
    assert_eq!(decision.state, State::Pending);
    let seen = &rule(&decision.rules, "attribution").seen;
    assert_eq!(seen, &["a push to the pull request: the source did not say whose"]);
    assert_eq!(trivial.approves("arch1").state(), State::Approved);
    let significant = pushed(story().architect("arch2").approves("arch1"));
    assert_eq!(significant.decide().missing[0].need, 2);
    assert_eq!(significant.approves("arch2").state(), State::Approved);
}

#[test]
fn a_commit_that_the_source_made_for_its_author_is_the_authors_alone() {
    let made =
        |by_source| Commit { committer: stranger(), by_source, ..commit('b', signature("dev2")) };
    assert_eq!(Story::of(Class::Trivial).commit(made(true)).state(), State::AutoApproved);
    assert_eq!(Story::of(Class::Trivial).commit(made(false)).state(), State::Pending);
}

#[test]
fn a_known_bot_is_attributed() {
    let mut bot = stranger();
    bot.bot = true;
    assert_eq!(Story::of(Class::Trivial).commit(commit('b', bot)).state(), State::AutoApproved);
}

#[test]
fn case_34_a_bot_never_approves() {
    let story = story().approves("arch1").which(|opinion| opinion.kind = AccountKind::Bot);
    let decision = story.decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(why(&decision, "arch1"), "bots, apps and tokens never approve");
}

#[test]
fn case_35_a_role_has_to_be_held_until_the_landing() {
    let lost = story().until(minute(50)).approves("arch1");
    let decision = lost.decide();
    assert_eq!(decision.state, State::Stale);
    assert!(why(&decision, "arch1").starts_with("approver_no_longer_eligible"));
    let later = story().until(minute(150)).approves("arch1");
    assert_eq!(later.state(), State::Stale);
    let landed = later.landed(crate::domain::fact::Integrity::Intact);
    assert_eq!(landed.state(), State::Approved, "held until it landed at minute 100");
}

#[test]
fn a_role_that_came_after_the_approval_does_not_count() {
    let story =
        story().with(|story| story.facts.grants[0].from = Some(minute(30))).approves("arch1");
    let decision = story.decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(why(&decision, "arch1"), "does not hold architect for all scopes");
}

#[test]
fn two_grants_in_turn_hold_a_role_throughout_and_a_gap_does_not() {
    let turns = |from| {
        story()
            .until(minute(50))
            .architect("arch1")
            .with(|story| story.facts.grants[1].from = Some(minute(from)))
            .approves("arch1")
    };
    assert_eq!(turns(50).state(), State::Approved);
    assert_eq!(turns(51).state(), State::Stale);
}

#[test]
fn case_37_where_everybody_eligible_took_part_it_waits_and_is_never_optional() {
    let story = story().commit(commit('b', signature("arch1")));
    let decision = story.decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(decision.missing[0].why, "no_eligible_approver");
    assert!(decision.missing[0].who.is_empty());
    let remedy = &rule(&decision.rules, "architects").remedy;
    assert!(remedy.starts_with("Grant architect"), "{remedy}");
    assert!(remedy.contains("arch1 (author of bbbbbbbbbb)"), "{remedy}");
}

#[test]
fn case_38_each_scope_needs_its_own_approval() {
    let story = Story::empty(Class::Significant)
        .file("src/auth/login.rs", Class::Significant, Some("auth"))
        .file("src/payments/pay.rs", Class::Significant, Some("payments"))
        .grant("arch1", "architect", &["payments"])
        .grant("arch2", "architect", &["auth"])
        .approves("arch1");
    let decision = story.decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(decision.missing.len(), 1);
    assert_eq!(decision.missing[0].scope.as_deref(), Some("auth"));
    assert_eq!(decision.missing[0].who, ["arch2"]);
    assert_eq!(rule(&decision.rules, "architects").of, "all");
    assert_eq!(rule(&decision.rules, "architects[payments]").state, RuleState::Satisfied);
    assert_eq!(story.approves("arch2").state(), State::Approved);
}

#[test]
fn one_person_may_cover_several_scopes_and_a_requirement_without_one_needs_all() {
    let two = Story::empty(Class::Significant)
        .file("src/auth/login.rs", Class::Significant, Some("auth"))
        .file("src/payments/pay.rs", Class::Significant, Some("payments"));
    let both = two.clone().grant("arch1", "architect", &["auth", "payments"]).approves("arch1");
    assert_eq!(both.state(), State::Approved);
    let plain = two.file("src/x.rs", Class::Significant, None);
    let scoped = plain.clone().grant("arch1", "architect", &["auth", "payments"]).approves("arch1");
    assert_eq!(scoped.decide().missing[0].scope.as_deref(), Some("*"));
    assert_eq!(plain.architect("arch1").approves("arch1").state(), State::Approved);
}

#[test]
fn case_40_people_are_compared_by_id_not_by_name() {
    let story = story().approves("arch1").which(|opinion| opinion.name = "renamed".to_owned());
    assert_eq!(story.state(), State::Approved);
    let other = self::story().approves("arch2").which(|opinion| opinion.name = "arch1".to_owned());
    assert_eq!(other.state(), State::Pending);
}

#[test]
fn one_person_counts_once() {
    let story = Story::significant()
        .with(|story| story.effective.policy.approval.architects.count = 2)
        .architect("arch1")
        .grant("arch1", "architect", &["payments"])
        .approves("arch1")
        .approves("arch1");
    assert_eq!(story.decide().missing[0].have, 1);
}

#[test]
fn an_account_that_maps_to_nobody_never_approves() {
    let story = story().approves("arch1").which(|opinion| opinion.by = None);
    assert_eq!(story.state(), State::Pending);
}

#[test]
fn for_an_approval_after_the_landing_the_role_has_to_be_held_when_approving() {
    let late = |from| {
        story()
            .landed(crate::domain::fact::Integrity::Intact)
            .with(|story| story.facts.grants[0].from = Some(minute(from)))
            .approves("arch1")
            .which(|opinion| opinion.at = minute(200))
    };
    assert_eq!(late(150).state(), State::Approved);
    assert_eq!(late(250).state(), State::Pending);
}

#[test]
fn the_person_behind_a_bot_does_not_approve_what_it_wrote() {
    for (how, says) in [
        (Drove::Opened, "opened the pull request through a bot"),
        (Drove::Reopened, "opened the pull request of a bot again"),
        (Drove::Readied, "said that the pull request of a bot is ready"),
        (Drove::Assigned, "was assigned by the bot that opened the pull request"),
    ] {
        let story = story().architect("arch2").approves("arch1").with(|story| {
            let pull = story.facts.pull.as_mut().expect("a pull request");
            (pull.opener, pull.opener_is_bot) = (Some(person("copilot[bot]")), true);
            pull.drivers = vec![Driver { person: person("arch1"), how }];
        });
        let decision = story.decide();
        assert_eq!(decision.state, State::Pending, "{how:?}");
        assert_eq!(why(&decision, "arch1"), format!("{says}: excluded from approving"));
        assert_eq!(story.approves("arch2").state(), State::Approved);
    }
}

#[test]
fn facts_of_a_pull_request_without_a_driver_keep_their_bytes() {
    let text = serde_json::to_string(&story().facts).expect("facts");
    assert!(!text.contains("drivers"), "{text}");
}
