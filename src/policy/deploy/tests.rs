//! Deploys: cases of the conformance list by number, and properties (sem 8, 9).

use std::time::Duration;

use proptest::prelude::*;

use super::{
    ChangeOutcome, DeployDecision, DeployFacts, DeployKind, OpenEmergency, RanBefore, Succeeded,
    decide_deploy,
};
use crate::domain::baseline::Declared;
use crate::domain::fact::Integrity;
use crate::domain::{Account, AccountKind, Class, Time};
use crate::policy::decision::{Missing, RuleState, State};
use crate::policy::exempt::Exemption;
use crate::policy::model::{Effective, Environment, Freeze};
use crate::policy::testkit::{self, minute, now, oid, rule};

/// A deploy to production told as a story.
#[derive(Debug, Clone)]
struct Deploy {
    effective: Effective,
    facts: DeployFacts,
}

impl Deploy {
    fn of(kind: DeployKind) -> Self {
        let mut effective = testkit::effective();
        effective.organisation.environments = vec![
            Environment {
                name: "production".to_owned(),
                all_changes_pass: true,
                integrity: true,
                rollback_window: Some(Duration::from_hours(14 * 24)),
                after: Vec::new(),
            },
            Environment {
                name: "staging".to_owned(),
                all_changes_pass: false,
                integrity: false,
                rollback_window: None,
                after: Vec::new(),
            },
        ];
        let facts = DeployFacts {
            previous: Some(oid('a')),
            ..DeployFacts::of("acme/payments", oid('f'), "payments", "production", kind)
        };
        Self { effective, facts }
    }

    fn forward() -> Self {
        Self::of(DeployKind::Forward)
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn brings(self, pull: u64, class: Class, state: State) -> Self {
        self.with(|deploy| {
            deploy.facts.buckets.total += 1;
            deploy.facts.buckets.landed += 1;
            deploy.facts.changes.push(ChangeOutcome {
                id: format!("chg_{pull}"),
                pull: Some(pull),
                title: format!("Change {pull}"),
                class,
                state,
                why: format!("it is {state}"),
                missing: Vec::new(),
                integrity: Integrity::Intact,
                landed_sha: Some(oid('b')),
            });
        })
    }

    fn approved(self, pull: u64) -> Self {
        self.brings(pull, Class::Significant, State::Approved)
    }

    fn direct(self) -> Self {
        self.with(|deploy| {
            deploy.facts.buckets.total += 1;
            deploy.facts.buckets.direct += 1;
            deploy.facts.buckets.direct_commits.push(oid('c'));
        })
    }

    fn to(self, environment: &str) -> Self {
        self.with(|deploy| environment.clone_into(&mut deploy.facts.environment))
    }

    fn last(self, change: impl FnOnce(&mut ChangeOutcome)) -> Self {
        self.with(|deploy| change(deploy.facts.changes.last_mut().expect("a change")))
    }

    /// It ran here at `at` after an architect's yes.
    fn ran_here(self, at: Time) -> Self {
        let before = RanBefore { at, state: State::Approved };
        self.with(|deploy| deploy.facts.last_good = Some(before))
    }

    fn by_rule(self) -> Self {
        self.with(|deploy| {
            let before = deploy.facts.last_good.as_mut().expect("it ran here");
            before.state = State::AutoApproved;
        })
    }

    fn frozen(self, environment: &str) -> Self {
        self.with(|deploy| {
            deploy.effective.organisation.freeze.push(Freeze {
                environment: environment.to_owned(),
                from: minute(500),
                to: minute(700),
                reason: "year end".to_owned(),
            });
        })
    }

    fn emergency(self) -> Self {
        self.with(|deploy| {
            deploy.facts.emergencies.push(OpenEmergency {
                id: "emg_1".to_owned(),
                sha: oid('f'),
                environment: deploy.facts.environment.clone(),
                until: minute(660),
                reason: "payments are down for everybody".to_owned(),
            });
        })
    }

    fn decide(&self) -> DeployDecision {
        decide_deploy(&self.effective, &self.facts, now())
    }

    fn state(&self) -> State {
        self.decide().state
    }
}

#[test]
fn it_passes_if_every_change_passes() {
    let decision =
        Deploy::forward().approved(1).brings(2, Class::Trivial, State::AutoApproved).decide();
    assert_eq!(decision.state, State::Approved);
    assert_eq!(decision.class, Some(Class::Significant));
    assert_eq!(decision.summary, "2 changes, and every one passes.");
    let trivial = Deploy::forward().brings(2, Class::Trivial, State::AutoApproved);
    assert_eq!(trivial.state(), State::AutoApproved);
}

#[test]
fn case_119_one_change_of_five_that_waits_blocks_and_is_named_with_the_role() {
    let missing = Missing {
        kind: "approval".to_owned(),
        role: Some("architect".to_owned()),
        scope: Some("*".to_owned()),
        have: 0,
        need: 1,
        who: vec!["m.ortiz".to_owned()],
        why: "src/ledger.rs is code".to_owned(),
        ..Missing::default()
    };
    let deploy = [1, 2, 3, 4].into_iter().fold(Deploy::forward(), Deploy::approved);
    let decision = deploy
        .brings(5, Class::Significant, State::Pending)
        .last(|change| change.missing.push(missing))
        .decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(decision.summary, "5 changes: 4 pass; #5 Change 5 does not.");
    assert_eq!(decision.missing.len(), 1);
    assert_eq!(decision.missing[0].role.as_deref(), Some("architect"));
    assert_eq!(decision.missing[0].why, "#5 Change 5: src/ledger.rs is code");
}

#[test]
fn a_change_decides_with_its_own_state_the_worst_first() {
    let both =
        |a, b| Deploy::forward().brings(1, Class::Routine, a).brings(2, Class::Routine, b).state();
    let order =
        [State::Error, State::PolicyInvalid, State::Rejected, State::Unaccounted, State::Unmatched];
    for (place, worse) in order.into_iter().enumerate() {
        for better in order[place..].iter().copied().chain([State::Stale, State::Pending]) {
            assert_eq!(both(better, worse), worse, "{worse} and {better}");
        }
    }
    assert_eq!(both(State::Stale, State::Approved), State::Stale);
    assert_eq!(both(State::Stale, State::Pending), State::Pending);
    assert_eq!(both(State::EmergencyOpen, State::Approved), State::Pending);
}

#[test]
fn case_115_a_member_that_was_vetoed_since_blocks() {
    let decision =
        Deploy::forward().approved(1).brings(2, Class::Routine, State::Rejected).decide();
    assert_eq!(decision.state, State::Rejected);
    assert_eq!(rule(&decision.rules, "vetoes").why, "#2 Change 2: it is rejected");
}

#[test]
fn case_116_an_altered_landing_blocks_whatever_was_approved() {
    let altered = Deploy::forward().approved(1).last(|it| it.integrity = Integrity::Altered);
    assert_eq!(altered.state(), State::Unaccounted);
    let relaxed = |deploy: Deploy| {
        deploy.with(|deploy| deploy.effective.organisation.environments[0].integrity = false)
    };
    assert_eq!(relaxed(altered).state(), State::Unaccounted);
    let unknown = Deploy::forward().approved(1).last(|it| it.integrity = Integrity::Unknown);
    assert_eq!(unknown.state(), State::Unaccounted);
    assert_eq!(relaxed(unknown).state(), State::Approved);
}

#[test]
fn case_118_a_direct_commit_blocks_unless_the_organisation_exempts_it() {
    let deploy = Deploy::forward().approved(1).direct();
    let decision = deploy.decide();
    assert_eq!(decision.state, State::Unaccounted);
    assert_eq!(decision.summary, "1 commit belongs to no change.");
    let accounted = rule(&decision.rules, "accounted");
    assert_eq!(
        accounted.seen,
        [
            "2 = 1 landed + 1 direct + 0 exempt + 0 plumbing + 0 pre-ledger + 0 unresolved",
            "direct: cccccccccc"
        ]
    );
    let exempt = deploy.with(|deploy| deploy.effective.organisation.deny_unaccounted = false);
    assert_eq!(exempt.state(), State::Approved);
    assert_eq!(rule(&exempt.decide().rules, "accounted").state, RuleState::Overridden);
    let unresolved = exempt.with(|deploy| {
        deploy.facts.buckets.total += 1;
        deploy.facts.buckets.unresolved += 1;
        deploy.facts.buckets.unresolved_commits.push(oid('d'));
    });
    assert_eq!(unresolved.state(), State::Unaccounted);
    assert_eq!(unresolved.to("staging").state(), State::Unaccounted);
}

#[test]
fn case_121_a_rollback_passes_in_its_window_and_without_a_migration_between() {
    let back = Deploy::of(DeployKind::Rollback);
    assert_eq!(back.state(), State::Pending, "it never passed here");
    let ran = back.clone().ran_here(minute(0));
    let decision = ran.decide();
    assert_eq!(decision.state, State::Approved, "as it passed before");
    assert_eq!(ran.clone().by_rule().state(), State::AutoApproved, "as it passed before");
    assert_eq!(
        decision.summary,
        "A rollback to ffffffffff, which ran here before. It brings nothing in."
    );
    assert_eq!(decision.holds_until, Some(minute(14 * 24 * 60)));
    let migration = ran.clone().with(|deploy| deploy.facts.migration_between = true);
    assert_eq!(migration.state(), State::Pending);
    assert!(migration.decide().summary.starts_with("A database migration lies between"));
    assert_eq!(back.ran_here(minute(-14 * 24 * 60)).state(), State::Pending);
    let unlisted = ran.with(|deploy| deploy.effective.organisation.environments.clear());
    assert_eq!(unlisted.state(), State::Pending, "no window, no rollback without an approval");
}

#[test]
fn a_redeploy_passes_if_the_commit_passed_here() {
    let again = Deploy::of(DeployKind::Redeploy);
    assert_eq!(again.state(), State::Pending);
    let ran = again.ran_here(minute(-100_000));
    assert_eq!(ran.clone().state(), State::Approved);
    assert_eq!(ran.by_rule().state(), State::AutoApproved);
}

#[test]
fn case_122_a_first_deploy_or_a_rewritten_history_never_passes_silently() {
    let older = |deploy: Deploy| {
        deploy.with(|deploy| {
            deploy.facts.buckets.total += 290;
            deploy.facts.buckets.pre_ledger += 290;
        })
    };
    let first = older(Deploy::of(DeployKind::Baseline));
    assert_eq!(first.state(), State::Unmatched);
    assert!(rule(&first.decide().rules, "something").remedy.starts_with("Ask an operator"));
    let declared = first.clone().with(|deploy| {
        deploy.facts.declared = Some(Declared {
            since: None,
            at: minute(1),
            sha: deploy.facts.sha,
            by: "ops1".to_owned(),
            reason: "it ran before".to_owned(),
        });
    });
    let decision = declared.decide();
    assert_eq!(decision.state, State::Approved, "on a person's word, so it did not pass by rule");
    assert_eq!(rule(&decision.rules, "something").state, RuleState::Overridden);
    assert!(decision.summary.contains("ops1 declared"), "{}", decision.summary);
    let other = declared.with(|deploy| {
        deploy.facts.declared.as_mut().expect("declared").sha = oid('d');
    });
    assert_eq!(other.state(), State::Unmatched, "declared for another commit");
    assert_eq!(first.clone().approved(1).state(), State::Approved);
    assert_eq!(first.brings(1, Class::Routine, State::Pending).state(), State::Pending);
    let rewritten = Deploy::of(DeployKind::HistoryRewritten).approved(1);
    assert_eq!(rewritten.state(), State::Unaccounted);
    assert_eq!(Deploy::of(DeployKind::Hotfix).approved(1).state(), State::Approved);
    assert_eq!(Deploy::forward().state(), State::Unmatched, "nothing brought in proves nothing");
}

#[test]
fn a_commit_that_no_mirror_has_is_unknown_even_in_an_emergency() {
    let unknown = Deploy::of(DeployKind::Unresolved);
    assert_eq!(unknown.state(), State::UnknownCommit);
    assert_eq!(unknown.emergency().state(), State::UnknownCommit);
}

#[test]
fn case_127_in_a_freeze_an_approved_change_waits_and_only_an_emergency_passes() {
    let frozen = Deploy::forward().approved(1).frozen("production");
    let decision = frozen.decide();
    assert_eq!(decision.state, State::Frozen);
    assert_eq!(
        decision.summary,
        "Year end freeze until 2026-10-14 23:40:00 UTC. Only an emergency passes."
    );
    assert_eq!(decision.holds_until, Some(minute(700)));
    assert_eq!(frozen.emergency().state(), State::EmergencyOpen);
    assert_eq!(Deploy::forward().approved(1).frozen("staging").state(), State::Approved);
    let unlisted = Deploy::forward().approved(1).frozen("production").to("canary");
    assert_eq!(unlisted.state(), State::Frozen);
    let over = Deploy::forward().approved(1).frozen("production");
    assert_eq!(decide_deploy(&over.effective, &over.facts, minute(700)).state, State::Approved);
    let before = decide_deploy(&over.effective, &over.facts, minute(499));
    assert_eq!((before.state, before.holds_until), (State::Approved, Some(minute(500))));
}

#[test]
fn an_emergency_passes_for_exactly_its_commit_environment_and_time() {
    let blocked = Deploy::forward().brings(1, Class::Critical, State::Rejected);
    let open = blocked.clone().emergency();
    let decision = open.decide();
    assert_eq!(decision.state, State::EmergencyOpen);
    assert!(decision.passes());
    assert_eq!(decision.holds_until, Some(minute(660)));
    assert_eq!(decision.emergency.map(|open| open.id), Some("emg_1".to_owned()));
    assert_eq!(open.clone().to("staging-2").state(), State::Rejected);
    let other = open.clone().with(|deploy| deploy.facts.emergencies[0].sha = oid('e'));
    assert_eq!(other.state(), State::Rejected);
    assert_eq!(decide_deploy(&open.effective, &open.facts, minute(660)).state, State::Rejected);
    let unread = open.with(|deploy| deploy.facts.errors.push("A blob is gone.".to_owned()));
    assert_eq!(unread.state(), State::Error);
}

#[test]
fn environments_that_come_first_must_have_had_the_commit() {
    let ordered = Deploy::forward().approved(1).with(|deploy| {
        deploy.effective.organisation.environments[0].after = vec!["staging".to_owned()];
    });
    let decision = ordered.decide();
    assert_eq!(decision.state, State::Pending);
    assert_eq!(rule(&decision.rules, "order").remedy, "Deploy ffffffffff to staging first");
    assert_eq!(decision.missing[0].kind, "environment");
    let done = ordered.with(|deploy| {
        deploy.facts.succeeded.push(Succeeded { environment: "staging".to_owned(), at: minute(5) });
    });
    assert_eq!(done.state(), State::Approved);
}

#[test]
fn an_environment_that_only_classifies_passes_and_shows_what_it_took() {
    let staging =
        Deploy::forward().brings(1, Class::Critical, State::Pending).direct().to("staging");
    let decision = staging.decide();
    assert_eq!(decision.state, State::Approved);
    assert_eq!(rule(&decision.rules, "changes").state, RuleState::NotApplicable);
    assert_eq!(
        rule(&decision.rules, "changes").seen,
        ["#1 Change 1: pending (critical): it is pending"]
    );
    assert_eq!(staging.frozen("staging").state(), State::Frozen);
}

#[test]
fn an_environment_that_is_not_listed_has_the_requirements_of_production() {
    let deploy = Deploy::forward().brings(1, Class::Routine, State::Pending);
    assert_eq!(deploy.clone().to("qa").state(), State::Pending);
    let no_list = deploy.with(|deploy| deploy.effective.organisation.environments.clear());
    assert_eq!(no_list.to("staging").state(), State::Pending);
}

#[test]
fn a_sum_that_does_not_close_is_an_error() {
    let open = Deploy::forward().approved(1).with(|deploy| deploy.facts.buckets.total = 3);
    assert_eq!(open.state(), State::Error);
    assert!(open.decide().summary.starts_with("The sum does not close: 3 = 1 landed"));
    let unnamed = Deploy::forward().approved(1).with(|deploy| deploy.facts.changes.clear());
    assert_eq!(unnamed.state(), State::Error);
    let unlisted = Deploy::forward().direct().with(|deploy| {
        deploy.facts.buckets.direct_commits.clear();
    });
    assert_eq!(unlisted.state(), State::Error);
    let full = Deploy::of(DeployKind::Rollback).ran_here(minute(1)).approved(1);
    assert_eq!(full.state(), State::Error);
    assert_eq!(open.emergency().state(), State::Error);
}

#[test]
fn with_an_invalid_policy_nothing_goes_out_by_itself() {
    let broken = |deploy: Deploy| {
        deploy.with(|deploy| deploy.effective.invalid.push("a weak field".to_owned())).state()
    };
    let trivial = Deploy::forward().brings(1, Class::Trivial, State::AutoApproved);
    assert_eq!(broken(trivial), State::PolicyInvalid);
    assert_eq!(broken(Deploy::forward().approved(1)), State::Approved);
    assert_eq!(broken(Deploy::of(DeployKind::Rollback).ran_here(minute(1))), State::Approved);
}

#[test]
fn merge_plumbing_and_exempt_bots_bring_no_change_in() {
    let plumbing = Deploy::forward().with(|deploy| {
        deploy.facts.buckets.total = 2;
        deploy.facts.buckets.plumbing = 1;
        deploy.facts.buckets.exempt = 1;
        deploy.facts.buckets.exempted = vec![Exemption {
            commit: "ab".repeat(20).parse().expect("an id"),
            bot: Account {
                id: "7".into(),
                login: "release-bot[bot]".into(),
                kind: AccountKind::Bot,
            },
            files: vec!["CHANGELOG.md".to_owned()],
            rule: "organisation: deploy.exempt[0], line 9".to_owned(),
        }];
    });
    assert_eq!(plumbing.state(), State::AutoApproved);
    let seen = rule(&plumbing.decide().rules, "accounted").seen.clone();
    assert_eq!(
        seen[1],
        "exempt: abababab_: release-bot[bot] wrote and pushed CHANGELOG.md (organisation: deploy.exempt[0], line 9)"
            .replace('_', "ab")
    );
    let unnamed = plumbing.with(|deploy| deploy.facts.buckets.exempted.clear());
    assert_eq!(unnamed.state(), State::Error, "a sum without its commits does not close");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn only_changes_that_pass_pass_and_their_order_never_matters(
        states in prop::collection::vec(prop::sample::select(State::ALL.to_vec()), 1..6),
        turn in 0..6_usize,
    ) {
        let deploy = states.iter().zip(1..).fold(Deploy::forward(), |deploy, (state, pull)| {
            deploy.brings(pull, Class::Routine, *state)
        });
        let decision = deploy.decide();
        let good = |state: &State| matches!(state, State::Approved | State::AutoApproved);
        prop_assert_eq!(decision.passes(), states.iter().all(good));
        prop_assert!(decision.passes() || !decision.missing.is_empty());
        let turned = deploy.with(|deploy| {
            let by = turn.min(deploy.facts.changes.len());
            deploy.facts.changes.rotate_left(by);
        });
        let bytes = |it: &DeployDecision| serde_json::to_string(it).expect("json");
        prop_assert_eq!(bytes(&decision), bytes(&turned.decide()));
    }
}
