//! Binding and staleness (sem 4).

use crate::domain::Class;
use crate::domain::fact::{Elsewhere, Verdict};
use crate::policy::condition::When;
use crate::policy::decision::{RuleState, State};
use crate::policy::model::Staleness;
use crate::policy::testkit::{Story, commit, glob, oid, rule, signature, why};

fn approved_at(commit: char) -> Story {
    Story::significant().architect("arch1").approves_at("arch1", commit)
}

#[test]
fn case_1_an_approval_of_the_head_counts_by_same_commit() {
    let decision = approved_at('f').decide();
    assert_eq!(decision.state, State::Approved);
    assert_eq!(decision.opinions[0].basis.as_deref(), Some("same_commit"));
    assert_eq!(decision.summary, "arch1 approved this exact content.");
}

#[test]
fn case_2_a_new_commit_makes_it_stale_and_is_named() {
    let decision = approved_at('a').decide();
    assert_eq!(decision.state, State::Stale);
    assert!(!decision.opinions[0].counts);
    assert_eq!(why(&decision, "arch1"), "approved other content: commit ffffffffff made it stale");
    assert_eq!(decision.summary, "arch1 approved aaaaaaaaaa. Commit ffffffffff made it stale.");
    assert_eq!((decision.missing[0].have, decision.missing[0].need), (0, 1));
    assert_eq!(decision.missing[0].who, ["arch1"]);
}

#[test]
fn case_4_the_order_in_which_deliveries_came_changes_nothing() {
    let told = Story::significant().architect("arch1").architect("arch2");
    let in_order = told.clone().approves_at("arch2", 'a').approves("arch1");
    let other = in_order.clone().with(|story| story.facts.opinions.reverse());
    assert_eq!(in_order.decide(), other.decide());
}

#[test]
fn case_5_an_amended_message_keeps_the_approval_by_same_delta() {
    let story = approved_at('a').which(|opinion| opinion.fingerprint = Some("sha256:f".to_owned()));
    let decision = story.decide();
    assert_eq!(decision.state, State::Approved);
    assert_eq!(decision.opinions[0].basis.as_deref(), Some("same_delta"));
    assert_eq!(story.staleness(Staleness::SameCommit).state(), State::Stale);
}

#[test]
fn case_7_8_10_11_13_without_a_proof_of_the_tree_a_rebase_or_update_is_stale() {
    assert_eq!(approved_at('a').state(), State::Stale);
    assert_eq!(approved_at('a').proven("looks_alike").state(), State::Stale);
}

#[test]
fn a_proven_rebase_or_update_counts_as_far_as_the_policy_says() {
    for proof in ["clean_rebase", "clean_update_merge"] {
        let story = approved_at('a').proven(proof);
        assert_eq!(story.state(), State::Approved);
        assert_eq!(story.decide().opinions[0].basis.as_deref(), Some(proof));
        assert_eq!(story.clone().staleness(Staleness::OwnedPaths).state(), State::Approved);
        let strict = story.staleness(Staleness::SameDelta).decide();
        assert_eq!(strict.state, State::Stale);
        assert!(why(&strict, "arch1").contains("the policy counts same_delta at most"));
    }
}

#[test]
fn case_14_a_bot_commit_on_top_keeps_the_approval_only_by_a_proof() {
    assert_eq!(approved_at('a').state(), State::Stale);
    assert_eq!(approved_at('a').proven("clean_update_merge").state(), State::Approved);
}

#[test]
fn case_16_back_to_an_approved_commit_counts_again_but_a_veto_in_between_blocks() {
    let back = approved_at('f').approves_at("arch1", 'a');
    assert_eq!(back.state(), State::Approved);
    assert_eq!(back.clone().architect("arch2").vetoes("arch2").state(), State::Rejected);
    assert_eq!(back.vetoes("arch1").state(), State::Rejected);
}

#[test]
fn case_17_objects_that_are_gone_make_it_stale_without_a_crash() {
    let story = approved_at('a').which(|opinion| {
        opinion.fingerprint = None;
        opinion.overtaken_by = None;
    });
    assert_eq!(story.state(), State::Stale);
    let nameless = approved_at('f').which(|opinion| opinion.commit = None);
    assert_eq!(nameless.state(), State::Stale);
    assert!(why(&nameless.decide(), "arch1").contains("names no commit"));
}

#[test]
fn case_19_an_advancing_base_alone_changes_nothing() {
    let story = approved_at('f').with(|story| story.effective.base = "main@ffff".to_owned());
    assert_eq!(story.state(), State::Approved);
}

#[test]
fn case_20_an_approval_for_another_branch_counts_only_for_exactly_the_same_change() {
    let aimed = |branch: Option<&str>, fingerprint: Option<&str>| {
        approved_at('f').which(|opinion| {
            opinion.elsewhere = Some(Elsewhere {
                branch: branch.map(str::to_owned),
                fingerprint: fingerprint.map(str::to_owned),
            });
        })
    };
    for unproven in [aimed(Some("release"), Some("sha256:e")), aimed(Some("release"), None)] {
        let decision = unproven.proven("clean_rebase").decide();
        assert_eq!(decision.state, State::Stale);
        let said = "approved it for release; it goes to main now, and that is not proven to be the same change";
        assert_eq!(why(&decision, "arch1"), said);
    }
    assert_eq!(aimed(None, None).state(), State::Stale);
    let same = aimed(Some("release"), Some("sha256:f"));
    assert_eq!(same.decide().opinions[0].basis.as_deref(), Some("same_delta"));
    assert_eq!(same.state(), State::Approved);
    assert_eq!(same.staleness(Staleness::SameCommit).state(), State::Stale);
}

#[test]
fn case_22_another_fingerprint_is_other_content_whatever_differs() {
    let story = approved_at('a').which(|opinion| {
        opinion.fingerprint = Some("sha256:f with the executable bit".to_owned());
    });
    assert_eq!(story.state(), State::Stale);
}

/// A change of payments and its guide, by rules that say so; whoever answers for payments approved it at `a`.
fn payments() -> Story {
    Story::empty(Class::Significant)
        .rule("src/payments/**", Some("payments"), None)
        .with(|story| story.effective.policy.trivial.docs.push(glob("docs/**/*.md")))
        .file("src/payments/pay.rs", Class::Significant, Some("payments"))
        .file("docs/guide.md", Class::Trivial, None)
        .grant("arch2", "architect", &["payments"])
        .approves_at("arch2", 'a')
        .staleness(Staleness::OwnedPaths)
}

#[test]
fn an_approval_does_not_outlive_a_rise_of_the_class_or_a_new_scope() {
    let updated = |story: Story| story.proven("clean_update_merge");
    let same = updated(payments().was('a', "docs/guide.md", Some('8')));
    assert_eq!(same.state(), State::Approved);
    let grown = payments().file("src/x.rs", Class::Significant, None).architect("arch2");
    let grown = updated(grown.was('a', "src/x.rs", None)).decide();
    assert_eq!(grown.state, State::Stale);
    assert_eq!(why(&grown, "arch2"), "approved it before it touched scope *");
    let risen = payments().with(|story| story.class.class = Class::Critical);
    let risen = updated(risen.was('a', "docs/guide.md", None)).decide();
    assert_eq!(risen.state, State::Stale);
    assert_eq!(why(&risen, "arch2"), "approved it as significant; it is critical now");
    let fallen = updated(payments().was('a', "src/x.rs", Some('8')));
    assert_eq!(fallen.state(), State::Approved, "less than was approved is needed now");
}

#[test]
fn owned_paths_counts_while_the_files_the_approver_was_needed_for_are_unchanged() {
    for then in [None, Some('8')] {
        let story = payments().was('a', "docs/guide.md", then);
        let decision = story.decide();
        assert_eq!(decision.state, State::Approved, "{}", decision.summary);
        assert_eq!(decision.opinions[0].basis.as_deref(), Some("owned_paths"));
        assert_eq!(
            decision.summary,
            "arch2 approved this; the files that each was needed for are unchanged since."
        );
        let seen = &rule(&decision.rules, "architects").seen;
        assert!(seen[1].ends_with("approved aaaaaaaaaa: owned_paths"), "{seen:?}");
        for stricter in [Staleness::SameCommit, Staleness::SameDelta, Staleness::CleanRebase] {
            let strict = story.clone().staleness(stricter).decide();
            assert_eq!((strict.state, strict.opinions[0].basis.as_ref()), (State::Stale, None));
        }
    }
}

#[test]
fn owned_paths_is_stale_once_a_file_of_the_approver_differs_or_was_dropped() {
    let touched = payments().was('a', "src/payments/pay.rs", Some('8')).decide();
    assert_eq!(touched.state, State::Stale);
    assert_eq!(
        why(&touched, "arch2"),
        "approved other content: commit ffffffffff made it stale; it was needed for src/payments/pay.rs, which differs"
    );
    let dropped = payments().was('a', "src/payments/fee.rs", Some('8')).decide();
    assert_eq!(dropped.state, State::Stale);
    assert!(why(&dropped, "arch2").contains("src/payments/fee.rs"), "{}", why(&dropped, "arch2"));
}

#[test]
fn owned_paths_is_asked_for_each_requirement_by_itself() {
    let story = payments()
        .rule("src/auth/**", Some("auth"), None)
        .file("src/auth/login.rs", Class::Significant, Some("auth"))
        .grant("arch3", "architect", &["auth"])
        .approves_at("arch3", 'a')
        .was('a', "src/auth/login.rs", Some('8'));
    let decision = story.decide();
    assert_eq!(decision.state, State::Stale);
    assert_eq!(rule(&decision.rules, "architects[payments]").state, RuleState::Satisfied);
    assert_eq!(rule(&decision.rules, "architects[auth]").state, RuleState::Unsatisfied);
    assert_eq!(decision.summary, "arch3 approved aaaaaaaaaa. Commit ffffffffff made it stale.");
    assert_eq!(decision.missing.len(), 1);
}

#[test]
fn owned_paths_of_a_rule_by_files_are_those_files_and_of_peers_the_whole_change() {
    let files = When { files: vec![glob("src/payments/**")], ..When::default() };
    let secured = payments().also(files, "security").grant("sec1", "security", &["*"]);
    let secured = secured.approves_at("sec1", 'a').was('a', "docs/guide.md", Some('8'));
    assert_eq!(secured.state(), State::Approved);
    let touched = secured.was('a', "src/payments/pay.rs", Some('8')).decide();
    assert_eq!(rule(&touched.rules, "also[0]").state, RuleState::Unsatisfied);
    let peers = payments().peers(1, Class::Routine).was('a', "docs/guide.md", Some('8'));
    let decision = peers.decide();
    assert_eq!(rule(&decision.rules, "architects").state, RuleState::Satisfied);
    assert_eq!(rule(&decision.rules, "peers").state, RuleState::Unsatisfied);
}

#[test]
fn case_17_owned_paths_of_a_commit_that_is_gone_are_not_known_to_be_the_same() {
    assert_eq!(payments().state(), State::Stale);
    let other = payments().was('b', "docs/guide.md", Some('8'));
    assert_eq!(other.state(), State::Stale, "what is known of another commit says nothing");
}

#[test]
fn no_fingerprint_equals_another_that_is_empty_or_absent() {
    let story = approved_at('a')
        .with(|story| story.facts.fingerprint = String::new())
        .which(|opinion| opinion.fingerprint = Some(String::new()));
    assert_eq!(story.state(), State::Stale);
}

#[test]
fn case_47_a_comment_after_an_approval_changes_nothing() {
    let decision = approved_at('f').comments("arch1").decide();
    assert_eq!(decision.state, State::Approved);
    assert_eq!(why(&decision, "arch1"), "a comment is not an approval");
}

#[test]
fn case_52_an_approval_of_a_draft_counts() {
    let story = approved_at('f').with(|story| {
        if let Some(pull) = &mut story.facts.pull {
            pull.draft = true;
        }
    });
    assert_eq!(story.state(), State::Approved);
}

#[test]
fn case_53_50_49_a_comment_is_never_an_approval() {
    let story = Story::significant().architect("arch1").comments("arch1");
    assert_eq!(story.state(), State::Pending);
}

#[test]
fn case_43_a_dismissed_review_never_revives_an_older_approval() {
    let gone =
        approved_at('f').approves("arch1").which(|opinion| opinion.verdict = Verdict::Dismissed);
    assert_eq!(gone.state(), State::Pending);
    let dismissed = approved_at('f').approves("arch1").dismissed();
    assert_eq!(dismissed.state(), State::Pending);
    assert_eq!(dismissed.approves("arch1").state(), State::Approved);
}

#[test]
fn case_43_a_veto_that_somebody_dismissed_still_stands() {
    let story = approved_at('f').vetoes("arch1").dismissed();
    assert_eq!(story.state(), State::Rejected);
    assert_eq!(story.approves("arch1").state(), State::Approved);
}

#[test]
fn case_44_a_veto_beats_an_approval_and_names_who_can_end_it() {
    let decision = approved_at('f').architect("arch2").vetoes("arch2").decide();
    assert_eq!(decision.state, State::Rejected);
    assert_eq!(decision.summary, "arch2 vetoed this. It stands until arch2 takes it back.");
}

#[test]
fn case_46_nobody_else_ends_a_veto_and_pushes_do_not_either() {
    let story = Story::significant().architect("arch1").architect("arch2").vetoes("arch1");
    let pushed = story.which(|opinion| opinion.commit = Some(oid('a')));
    assert_eq!(pushed.clone().approves("arch2").state(), State::Rejected);
    assert_eq!(pushed.approves("arch1").state(), State::Approved);
}

#[test]
fn a_veto_by_an_account_that_nobody_knows_stands() {
    let story = approved_at('f').vetoes("ghost").which(|opinion| opinion.by = None);
    assert_eq!(story.state(), State::Rejected);
}

#[test]
fn case_46_an_administrator_who_took_no_part_overrides_a_veto_and_it_is_never_relabelled() {
    let vetoed = approved_at('f').architect("arch2").vetoes("arch2");
    let story = vetoed.overridden_by("admin1");
    let decision = story.decide();
    assert_eq!(decision.state, State::Approved);
    let veto = rule(&decision.rules, "veto");
    assert_eq!(veto.state, RuleState::Overridden);
    assert_eq!(veto.why, "the veto of arch2 was overridden by an administrator");
    let said = "overridden by admin1 on 2026-10-14 17:00:00 UTC: the finding was a false alarm";
    assert!(veto.seen[0].ends_with(said), "{veto:?}");
    assert_eq!(why(&decision, "arch2"), said);
    assert_eq!(
        decision.summary,
        "arch1 approved this exact content. The veto of arch2 was overridden by an administrator."
    );
    assert_eq!(story.clone().vetoes("arch2").state(), State::Rejected, "another veto stands");
    assert_eq!(story.vetoes("arch3").state(), State::Rejected);
}

#[test]
fn an_override_alone_approves_nothing_and_one_by_somebody_who_took_part_ends_no_veto() {
    let nobody = Story::significant().architect("arch1").vetoes("arch1").overridden_by("admin1");
    assert_eq!(nobody.state(), State::Pending);
    let own = approved_at('f').architect("arch2").vetoes("arch2").overridden_by("dev1").decide();
    assert_eq!(own.state, State::Rejected);
    assert_eq!(
        why(&own, "arch2"),
        "a veto stands: dev1 overrode it, which nobody may who took part: opened the pull request"
    );
    let later = approved_at('f').architect("arch2").vetoes("arch2").overridden_by("admin1");
    let later = later.commit(commit('b', signature("admin1")));
    assert_eq!(later.state(), State::Rejected, "the administrator wrote a part afterwards");
}

#[test]
fn an_override_is_of_one_veto_and_a_trivial_change_says_so_too() {
    let trivial = Story::of(Class::Trivial).vetoes("arch1");
    let done = trivial.clone().overridden_by("admin1").decide();
    assert_eq!(done.state, State::AutoApproved);
    assert!(done.summary.ends_with("was overridden by an administrator."), "{}", done.summary);
    let other = trivial.overridden_by("admin1");
    let other = other.with(|story| story.facts.overrides[0].veto = "review-9".to_owned());
    assert_eq!(other.state(), State::Rejected);
}
