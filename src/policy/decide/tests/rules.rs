//! The rules and the state they come to (sem 5, 6, 7).

use crate::domain::Class;
use crate::domain::fact::Integrity;
use crate::policy::condition::When;
use crate::policy::decision::{RuleState, State};
use crate::policy::model::{Dependencies, PersonEntry, SemverStep};
use crate::policy::testkit::{Story, glob, minute, rule, why};

#[test]
fn a_trivial_change_passes_by_rule() {
    let decision = Story::of(Class::Trivial).decide();
    assert_eq!(decision.state, State::AutoApproved);
    assert_eq!(decision.summary, "Trivial, and proven so: the only file matches a rule.");
    assert!(decision.missing.is_empty());
}

#[test]
fn case_56_where_no_rule_says_anything_it_is_unmatched_and_blocked() {
    let nothing = Story::empty(Class::Trivial);
    assert_eq!(nothing.state(), State::Unmatched);
    let vetoed = nothing.vetoes("arch1");
    assert_eq!(vetoed.state(), State::Rejected);
}

#[test]
fn case_71_commits_without_a_diff_never_pass_by_themselves() {
    let story = Story::empty(Class::Routine).peers(1, Class::Routine);
    assert_eq!(story.state(), State::Pending);
    assert_eq!(story.approves("dev2").state(), State::Approved);
}

#[test]
fn a_routine_change_needs_its_peers() {
    let story = Story::of(Class::Routine).peers(1, Class::Routine).architect("arch1");
    let decision = story.decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(decision.missing[0].role.as_deref(), Some("peer"));
    assert_eq!(decision.missing[0].who, ["arch1"]);
    let approved = story.clone().approves("dev2").decide();
    assert_eq!(approved.state, State::Approved);
    assert_eq!(approved.opinions[0].role.as_deref(), Some("peer"));
    assert_eq!(story.approves("dev1").state(), State::Pending);
}

#[test]
fn a_peer_belongs_to_the_repository_or_is_named_by_the_organisation() {
    let said = |member| {
        let story = Story::of(Class::Routine).peers(1, Class::Routine).approves("dev9");
        story.which(|opinion| opinion.member = member)
    };
    assert_eq!(said(Some(true)).state(), State::Approved);
    for (member, because) in [
        (Some(false), "the source counts them as an outsider"),
        (None, "the source does not say that they belong to the repository"),
    ] {
        let decision = said(member).decide();
        assert_eq!(decision.state, State::Pending);
        let expected = format!("no peer: {because}, and the organisation file names them nowhere");
        assert_eq!(why(&decision, "dev9"), expected);
        assert_eq!(
            (decision.opinions[0].role.as_ref(), decision.opinions[0].counts),
            (None, false)
        );
        let listed = said(member).with(|story| {
            let dev9 = PersonEntry { user: "dev9".to_owned(), ..PersonEntry::default() };
            story.effective.organisation.people.push(dev9);
        });
        assert_eq!(listed.state(), State::Approved);
        let holder = said(member).grant("dev9", "security", &["payments"]);
        assert_eq!(holder.state(), State::Approved);
        assert_eq!(holder.until(minute(0)).state(), State::Pending, "the role had ended");
    }
}

#[test]
fn whoever_holds_the_role_that_is_asked_for_need_not_belong_to_the_repository() {
    let story = Story::significant().architect("arch1").approves("arch1");
    assert_eq!(story.which(|opinion| opinion.member = Some(false)).state(), State::Approved);
}

#[test]
fn a_routine_change_without_a_rule_for_peers_needs_an_architect() {
    let story = Story::of(Class::Routine).architect("arch1");
    assert_eq!(story.clone().approves("dev2").state(), State::Pending);
    assert_eq!(story.approves("arch1").state(), State::Approved);
}

#[test]
fn an_architect_counts_as_a_peer_too() {
    let story = Story::significant().peers(1, Class::Routine).architect("arch1");
    assert_eq!(story.approves("arch1").state(), State::Approved);
}

#[test]
fn a_count_of_zero_still_needs_somebody() {
    let story = Story::significant()
        .with(|story| story.effective.policy.approval.architects.count = 0)
        .architect("arch1");
    assert_eq!(story.state(), State::Pending);
}

#[test]
fn a_migration_needs_as_many_of_its_scope_as_its_rule_says() {
    let story = Story::empty(Class::Significant)
        .file("db/migrations/1.sql", Class::Significant, Some("data"))
        .rule("db/migrations/**", Some("data"), Some(2))
        .grant("arch1", "architect", &["data"])
        .architect("arch2")
        .approves("arch1");
    let decision = story.decide();
    assert_eq!(decision.state, State::Pending);
    let missing = &decision.missing[0];
    assert_eq!((missing.scope.as_deref(), missing.have, missing.need), (Some("data"), 1, 2));
    assert_eq!(rule(&decision.rules, "architects").title, "2 architects, scope data");
    assert_eq!(story.approves("arch2").state(), State::Approved);
}

#[test]
fn a_file_that_is_critical_beyond_its_rule_needs_somebody_for_all_scopes() {
    let story = Story::empty(Class::Critical)
        .file("iam/roles.tf", Class::Critical, None)
        .rule("iam/**", Some("infra"), None)
        .grant("arch1", "architect", &["infra"])
        .approves("arch1");
    let decision = story.decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(decision.missing[0].scope.as_deref(), Some("*"));
}

#[test]
fn security_is_needed_beside_an_architect_where_its_files_are_touched() {
    let when = When { files: vec![glob("src/auth/**")], ..When::default() };
    let story = Story::empty(Class::Significant)
        .file("src/auth/login.rs", Class::Significant, None)
        .also(when.clone(), "security")
        .architect("arch1")
        .grant("sec1", "security", &["*"])
        .approves("arch1");
    let decision = story.decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(decision.missing[0].role.as_deref(), Some("security"));
    assert_eq!((decision.missing[0].have, decision.missing[0].need), (0, 1));
    assert_eq!(story.approves("sec1").state(), State::Approved);
    let elsewhere = Story::significant().also(when, "security").architect("arch1");
    let decision = elsewhere.approves("arch1").decide();
    assert_eq!(decision.state, State::Approved);
    let also = rule(&decision.rules, "also[0]");
    assert_eq!(also.state, RuleState::NotApplicable);
    assert_eq!(also.why, "no file under src/auth/** is touched");
}

#[test]
fn a_path_that_is_no_text_slips_past_no_rule() {
    let when = When { files: vec![glob("src/auth/**")], ..When::default() };
    let story = Story::significant().also(when, "security").architect("arch1").approves("arch1");
    let hidden = story.with(|story| {
        let path = crate::domain::RepoPath::new(&b"src/auth/\xff.rs"[..]);
        story.facts.files[0].path = path.clone();
        story.class.files[0].path = path;
    });
    assert_eq!(hidden.state(), State::Pending);
}

#[test]
fn case_65_a_label_asks_for_more_and_never_for_less() {
    let labelled = |story: Story| {
        story.with(|story| {
            if let Some(pull) = &mut story.facts.pull {
                pull.labels = vec!["hotfix".to_owned()];
            }
        })
    };
    assert_eq!(labelled(Story::significant()).state(), State::Pending);
    let when = When { labels: vec!["hotfix".to_owned()], ..When::default() };
    let story = Story::significant().also(when, "security").architect("arch1").approves("arch1");
    assert_eq!(story.state(), State::Approved);
    assert_eq!(labelled(story).state(), State::Pending);
}

#[test]
fn a_change_without_its_ticket_waits_even_if_it_is_trivial() {
    let story = Story::of(Class::Trivial).needs_ticket();
    let decision = story.decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(decision.missing[0].kind, "ticket");
    assert!(decision.missing[0].why.starts_with("missing_ticket"));
    assert_eq!(
        rule(&decision.rules, "ticket").remedy,
        "Put a key such as PAY-1 in the title, or run: countersign link acme/payments#42 PAY-1"
    );
    assert_eq!(story.ticket("PAY-7", true, Some("In progress")).state(), State::AutoApproved);
}

#[test]
fn a_ticket_counts_only_if_it_exists_looks_right_and_is_in_a_permitted_status() {
    let story = Story::of(Class::Trivial).needs_ticket();
    let with = |key: &str, exists, status| {
        let decision = story.clone().ticket(key, exists, status).decide();
        (decision.state, rule(&decision.rules, "ticket").seen.join(";"))
    };
    for (key, exists, status, seen) in [
        ("PAY-7", false, Some("In Progress"), "PAY-7 does not exist, found in title"),
        ("OPS-7", true, Some("In Progress"), r"OPS-7 does not match PAY-\d+"),
        ("PAY-7", true, Some("Done"), "PAY-7 is Done (permitted: In Progress, In Review)"),
        ("PAY-7", true, None, "the status of PAY-7 is unknown (permitted: In Progress, In Review)"),
    ] {
        assert_eq!(with(key, exists, status), (State::Pending, seen.to_owned()));
    }
    let closed = story.ticket("PAY-7", true, Some("Done")).decide();
    assert_eq!(rule(&closed.rules, "ticket").remedy, "Move PAY-7 to In Progress or In Review");
}

#[test]
fn a_stale_approval_and_a_missing_ticket_are_both_named_and_it_waits() {
    let story = Story::significant().needs_ticket().architect("arch1").approves_at("arch1", 'a');
    let decision = story.decide();
    assert_eq!(decision.state, State::Pending);
    let kinds: Vec<&str> = decision.missing.iter().map(|missing| missing.kind.as_str()).collect();
    assert_eq!(kinds, ["approval", "ticket"]);
    assert_eq!(decision.summary, "2 things are missing: 1 architect; Ticket.");
}

#[test]
fn case_62_64_only_success_of_the_latest_run_passes_a_check() {
    let bump = Story::of(Class::Trivial).with(|story| {
        "dependency".clone_into(&mut story.class.files[0].kind);
        story.effective.policy.trivial.dependencies = Some(Dependencies {
            bots: vec!["renovate[bot]".to_owned()],
            step: SemverStep::Patch,
            checks: vec!["ci/test".to_owned()],
        });
    });
    assert_eq!(bump.state(), State::Pending);
    for conclusion in [None, Some("skipped"), Some("neutral"), Some("failure")] {
        let decision = bump.clone().check("ci/test", conclusion).decide();
        assert_eq!(decision.state, State::Pending, "{conclusion:?}");
        assert_eq!(decision.missing[0].kind, "check");
    }
    let passed = bump.check("ci/test", Some("success"));
    assert_eq!(passed.state(), State::AutoApproved);
    assert_eq!(passed.check("ci/test", Some("failure")).state(), State::Pending);
}

#[test]
fn what_could_not_be_read_is_an_error_whoever_approved() {
    let story = Story::significant().architect("arch1").approves("arch1");
    let failed = story.clone().with(|story| story.facts.errors.push("A blob is gone.".to_owned()));
    let decision = failed.decide();
    assert_eq!(decision.state, State::Error);
    assert_eq!(decision.missing[0].kind, "objects");
    let gone = story.clone().with(|story| story.facts.files[0].content.missing = true);
    assert_eq!(gone.state(), State::Error);
    let unjudged = story.clone().with(|story| story.class.files.clear());
    assert_eq!(unjudged.state(), State::Error);
    let nobody = story.with(|story| story.facts.commits.clear());
    assert_eq!(nobody.state(), State::Error);
}

#[test]
fn a_trivial_class_over_a_file_that_is_not_is_an_error() {
    let story = Story::empty(Class::Trivial).file("src/x.rs", Class::Significant, None);
    assert_eq!(story.state(), State::Error);
}

#[test]
fn case_110_112_with_an_invalid_policy_nothing_is_automatic_but_an_architect_lands_a_fix() {
    let invalid = "repository: `trivial.max.files` exceeds the floor";
    let broken = |story: Story| {
        story.with(|story| story.effective.invalid.push(invalid.to_owned())).architect("arch1")
    };
    let trivial = broken(Story::of(Class::Trivial)).decide();
    assert_eq!(trivial.state, State::PolicyInvalid);
    assert_eq!(trivial.summary, invalid);
    let scoped = broken(Story::of(Class::Trivial)).grant("arch2", "architect", &["payments"]);
    assert_eq!(scoped.approves("arch2").state(), State::PolicyInvalid);
    for class in [Class::Trivial, Class::Critical] {
        let fixed = broken(Story::of(class)).approves("arch1").decide();
        assert_eq!(fixed.state, State::Approved, "{class}");
        assert_eq!(rule(&fixed.rules, "policy[valid]").state, RuleState::Unsatisfied);
    }
    assert_eq!(broken(Story::significant()).approves("arch1").vetoes("x").state(), State::Rejected);
}

#[test]
fn case_118_what_landed_without_a_pull_request_is_unaccounted_whoever_approves() {
    let direct = Story::significant()
        .architect("arch1")
        .approves("arch1")
        .landed(Integrity::Unknown)
        .with(|story| story.facts.pull = None);
    let decision = direct.decide();
    assert_eq!(decision.state, State::Unaccounted);
    assert_eq!(decision.summary, "Commit ffffffffff reached main without a pull request.");
}

#[test]
fn case_116_an_altered_landing_is_unaccounted() {
    let story = Story::significant().architect("arch1").approves("arch1");
    assert_eq!(story.clone().landed(Integrity::Intact).state(), State::Approved);
    assert_eq!(story.clone().landed(Integrity::Unknown).state(), State::Approved);
    let altered = story.landed(Integrity::Altered).with(|story| {
        if let Some(landing) = &mut story.facts.landing {
            landing.altered = vec!["src/a.rs".into(), "src/b.rs".into()];
        }
    });
    let decision = altered.decide();
    assert_eq!(decision.state, State::Unaccounted);
    assert_eq!(
        decision.summary,
        "Landing 1111111111 differs from what was proposed in src/a.rs and 1 file more."
    );
}

#[test]
fn an_approval_after_the_landing_counts_and_says_so() {
    let story = Story::significant()
        .architect("arch1")
        .landed(Integrity::Intact)
        .approves("arch1")
        .which(|opinion| opinion.at = crate::policy::testkit::minute(200));
    let decision = story.decide();
    assert_eq!(decision.state, State::Approved);
    assert!(decision.summary.contains("after it had landed"), "{}", decision.summary);
}

#[test]
fn the_reason_of_an_architect_rule_names_the_file_and_the_remedy_the_people() {
    let story = Story::significant().architect("m.ortiz").architect("k.mori");
    let decision = story.decide();
    let architects = rule(&decision.rules, "architects");
    assert_eq!(architects.why, "src/ledger.rs is code (significant by default)");
    assert_eq!(architects.remedy, "Ask one of: k.mori, m.ortiz");
    assert_eq!(architects.seen, ["0 of 1 count"]);
    assert_eq!(decision.missing[0].who, ["k.mori", "m.ortiz"]);
    assert_eq!(decision.summary, "1 thing is missing: 1 architect.");
}

#[test]
fn an_approval_of_a_trivial_change_is_shown_and_not_needed() {
    let decision = Story::of(Class::Trivial).approves("arch1").decide();
    assert_eq!(decision.state, State::AutoApproved);
    assert_eq!(why(&decision, "arch1"), "took no part in writing; no approval is needed");
}

#[test]
fn it_says_until_when_it_holds() {
    let end = crate::policy::testkit::minute(900);
    let story = Story::significant().architect("arch1").until(end);
    assert_eq!(story.decide().holds_until, Some(end));
}
