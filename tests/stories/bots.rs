//! The person behind a bot does not approve what it wrote (sem 3): neither whose act opened the pull request, nor whom
//! the bot assigned, nor who opened it again or said that it is ready.

use countersign::cli::demo::forge::{Proposal, PullId};
use countersign::policy::State;

use crate::both;
use crate::harness::Kind;
use crate::harness::town::{ORGANISATION, POLICY, REPO, Town, done};

const BOT: &str = "copilot-agent[bot]";

fn proposal() -> Proposal {
    Proposal::new("x", "X").file("src/payments/refund.rs", "fn refund() { 3 }\n")
}

/// What the bot opened.
async fn opened(kind: Kind, by: &str, proposal: &Proposal) -> (Town, PullId) {
    let mut town = Town::with(kind, ORGANISATION, POLICY).await;
    town.forge.bot(BOT);
    let pull = done(done(town.forge.repo(REPO)).open_pull(by, proposal));
    (town, pull)
}

/// What the gate says once `arch1` approved it, and why that approval counts or not.
async fn approved(town: &mut Town, pull: &PullId) -> (State, String) {
    done(done(town.forge.pull(pull)).approve("arch1"));
    let head = done(done(town.forge.pull(pull)).head());
    town.arrive().await;
    let answer = town.may_merge(head).await;
    let rows = town.change(1).await["approvals"].clone();
    let row = rows.as_array().and_then(|rows| rows.last().cloned()).expect("a row");
    (answer.state, row["why"].as_str().expect("text").to_owned())
}

both!(whose_act_made_the_bot_open_it_does_not_count, |kind| async move {
    let (mut town, pull) = opened(kind, BOT, &proposal().sent_by("arch1")).await;
    let (state, why) = approved(&mut town, &pull).await;
    assert_eq!(state, State::Pending);
    assert_eq!(why, "opened the pull request through a bot: excluded from approving");
});

both!(whom_the_bot_assigned_does_not_count, |kind| async move {
    for later in [false, true] {
        let first = if later { proposal() } else { proposal().assigned("arch1") };
        let (mut town, pull) = opened(kind, BOT, &first).await;
        if later {
            done(done(town.forge.pull(&pull)).assign(BOT, "arch1"));
        }
        let (state, why) = approved(&mut town, &pull).await;
        assert_eq!(state, State::Pending, "later: {later}");
        let says = "was assigned by the bot that opened the pull request: excluded from approving";
        assert_eq!(why, says);
    }
});

both!(who_opens_it_again_or_says_that_it_is_ready_does_not_count, |kind| async move {
    for ready in [false, true] {
        let first = if ready { proposal().as_draft() } else { proposal() };
        let (mut town, pull) = opened(kind, BOT, &first).await;
        if ready {
            done(done(town.forge.pull(&pull)).ready("arch1"));
        } else {
            done(done(town.forge.pull(&pull)).close("dev1"));
            done(done(town.forge.pull(&pull)).reopen("arch1"));
        }
        let (state, why) = approved(&mut town, &pull).await;
        assert_eq!(state, State::Pending, "ready: {ready}");
        assert!(why.contains("the pull request of a bot"), "{why}");
    }
});

both!(whoever_is_asked_to_review_what_a_bot_opened_counts, |kind| async move {
    let (mut town, pull) = opened(kind, BOT, &proposal()).await;
    done(done(town.forge.pull(&pull)).assign("dev1", "arch1"));
    done(done(town.forge.pull(&pull)).label("arch1", "looked at"));
    assert_eq!(approved(&mut town, &pull).await.0, State::Approved);
});

both!(nobody_is_behind_what_a_person_opened, |kind| async move {
    let (mut town, pull) = opened(kind, "dev1", &proposal().as_draft().assigned("arch1")).await;
    done(done(town.forge.pull(&pull)).ready("arch1"));
    assert_eq!(approved(&mut town, &pull).await.0, State::Approved);
});
