//! Where the policy says so, an approval is of the files its author was needed for, and not of the rest (sem 4.5).

use countersign::cli::demo::forge::{Proposal, PullId, Work};
use countersign::domain::Oid;
use countersign::policy::State;

use crate::both;
use crate::harness::Kind;
use crate::harness::town::{ORGANISATION, POLICY, REPO, Town, done};

/// Both layers let an approval reach as far as `reach`.
async fn town(kind: Kind, reach: &str) -> Town {
    let organisation = ORGANISATION
        .replace("staleness_at_most: clean_rebase", &format!("staleness_at_most: {reach}"));
    let policy = format!("{POLICY}approval: {{ staleness: {reach} }}\n");
    Town::with(kind, &organisation, &policy).await
}

/// A change of payments that `arch2`, who answers for payments alone, is asked to approve.
fn proposed(town: &mut Town) -> PullId {
    let proposal =
        Proposal::new("refund", "Refunds").file("src/payments/refund.rs", "fn refund() { 1 }\n");
    done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal))
}

fn push(town: &mut Town, pull: &PullId, path: &str, text: &str) -> Oid {
    town.forge.later(2);
    let work = Work::new(&format!("Touch {path}")).file(path, text);
    done(done(town.forge.pull(pull)).push("dev1", work))
}

async fn basis(town: &Town) -> Option<String> {
    town.change(1).await["approvals"][0]["basis"].as_str().map(str::to_owned)
}

both!(an_approval_of_payments_outlives_a_change_of_the_guide_where_the_policy_says_so, |kind| {
    async move {
        for (reach, state) in [("owned_paths", State::Approved), ("clean_rebase", State::Stale)] {
            let mut town = town(kind, reach).await;
            let pull = proposed(&mut town);
            done(done(town.forge.pull(&pull)).approve("arch2"));
            town.arrive().await;
            let head = push(&mut town, &pull, "docs/guide.md", "# Guide to refunds\n");
            town.arrive().await;
            let answer = town.may_merge(head).await;
            assert_eq!(answer.state, state, "{reach}: {}", answer.summary);
            let counts = state == State::Approved;
            assert_eq!(basis(&town).await, counts.then(|| reach.to_owned()));

            let head = push(&mut town, &pull, "src/payments/refund.rs", "fn refund() { 2 }\n");
            town.arrive().await;
            let answer = town.may_merge(head).await;
            assert_eq!(answer.state, State::Stale, "{reach}: {}", answer.summary);
            let why = town.change(1).await["approvals"][0]["why"].to_string();
            assert_eq!(why.contains("src/payments/refund.rs"), counts, "{why}");
        }
    }
});

both!(a_commit_that_needs_somebody_else_too_makes_an_approval_of_owned_paths_stale, |kind| {
    async move {
        let mut town = town(kind, "owned_paths").await;
        let pull = proposed(&mut town);
        done(done(town.forge.pull(&pull)).approve("arch2"));
        let head = push(&mut town, &pull, "src/lib.rs", "// more\n");
        town.arrive().await;
        let answer = town.may_merge(head).await;
        assert!(!answer.pass, "{}", answer.summary);
        let why = town.change(1).await["approvals"][0]["why"].to_string();
        assert!(why.contains("before it touched scope *"), "{why}");
    }
});

both!(
    a_reviewed_commit_is_kept_through_a_force_push_and_one_that_never_came_proves_nothing,
    |kind| {
        async move {
            for (came, state) in [(true, State::Approved), (false, State::Stale)] {
                let mut town = town(kind, "owned_paths").await;
                let pull = proposed(&mut town);
                done(done(town.forge.pull(&pull)).approve("arch2"));
                if came {
                    town.arrive().await;
                }
                let work = Work::new("Elsewhere").file("README.md", "# Payments, again\n");
                done(done(town.forge.repo(REPO)).push_directly("dev2", "main", work));
                push(&mut town, &pull, "docs/guide.md", "# Guide to refunds\n");
                let head = done(done(town.forge.pull(&pull)).rebase("dev1"));
                town.arrive().await;
                let answer = town.may_merge(head).await;
                assert_eq!(answer.state, state, "{}", answer.summary);
                let expected = came.then(|| "owned_paths".to_owned());
                assert_eq!(basis(&town).await, expected);
            }
        }
    }
);
