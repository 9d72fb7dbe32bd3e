//! A proposal that stands on another one: whichever way both land, each commit came to `main` with exactly one change, and
//! that is the same for every order in which it was told.

use countersign::cli::demo::forge::{Delivery, Proposal, PullId, Way, Work};
use countersign::domain::id;
use countersign::policy::State;
use serde_json::Value;

use crate::both;
use crate::harness::town::{REPO, Town, done, receive};
use crate::harness::{Kind, World, assert_same_state};

const A: &str = "fn a() {}\n";
const B: &str = "fn b() {}\n";

/// The ways in which a proposal `a` and another, `b`, that stands on it reach `main`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stack {
    /// `b` is merged into `a`, then `a` lands.
    IntoTheOther(Way),
    /// `a` lands, `b` is aimed at `main` and lands as it is.
    Retargeted(Way),
    /// `a` lands, `b` is rebased onto it and lands.
    Rebased(Way),
    /// Both go to `main`; `b`, which carries `a` along, lands first.
    UpperFirst,
}

/// Both as proposals.
fn opened(town: &mut Town, base_of_b: &str) -> (PullId, PullId) {
    let a = Proposal::new("a", "A").file("src/a.rs", A);
    let a = done(done(town.forge.repo(REPO)).open_pull("dev1", &a));
    let b = Proposal::new("b", "B").onto(base_of_b).grown_from("a");
    let b = b.work(Work::new("B").file("src/b.rs", B));
    let b = done(done(town.forge.repo(REPO)).open_pull("dev2", &b));
    (a, b)
}

fn land(town: &mut Town, pull: &PullId, way: Way) {
    town.forge.later(5);
    done(done(town.forge.pull(pull)).approve("arch1"));
    town.forge.later(5);
    done(done(town.forge.pull(pull)).merge("ops1", way));
}

fn tell(town: &mut Town, stack: Stack) {
    let (a, b) = opened(town, if stack == Stack::UpperFirst { "main" } else { "a" });
    match stack {
        Stack::IntoTheOther(way) => {
            land(town, &b, way);
            land(town, &a, Way::Merge);
        }
        Stack::Retargeted(way) => {
            land(town, &a, way);
            done(done(town.forge.pull(&b)).retarget("dev2", "main"));
            land(town, &b, Way::Merge);
        }
        Stack::Rebased(way) => {
            land(town, &a, way);
            done(done(town.forge.pull(&b)).retarget("dev2", "main"));
            done(done(town.forge.pull(&b)).rebase("dev2"));
            land(town, &b, Way::Squash);
        }
        Stack::UpperFirst => {
            land(town, &b, Way::Merge);
            land(town, &a, Way::Merge);
        }
    }
}

/// Numbers of the proposals that a deploy brought, with what it counts.
fn brought(deploy: &Value) -> (Vec<u64>, Vec<u64>) {
    let changes = deploy["changes"].as_array().expect("a list");
    let mut pulls: Vec<u64> = changes.iter().filter_map(|change| change["pull"].as_u64()).collect();
    pulls.sort_unstable();
    let names = ["total", "landed", "direct", "exempt", "plumbing", "pre_ledger", "unresolved"];
    let counts = names.iter().map(|name| deploy["commits"][name].as_u64().expect("a number"));
    (pulls, counts.collect())
}

async fn story(kind: Kind, stack: Stack, pulls: &[u64], commits: u64) {
    let mut town = Town::new(kind).await;
    let base = done(done(town.forge.repo(REPO)).tip("main"));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", base, "ops1"));
    tell(&mut town, stack);
    let tip = done(done(town.forge.repo(REPO)).tip("main"));
    town.forge.later(5);
    done(done(town.forge.repo(REPO)).deploy("payments", "production", tip, "ops1"));
    town.forge.later(5);
    done(done(town.forge.repo(REPO)).deploy("payments", "production", base, "ops1"));
    town.arrive().await;
    let deploys = town.deploys().await;
    let all = [commits, commits, 0, 0, 0, 0, 0].to_vec();
    assert_eq!(brought(&deploys[1]), (pulls.to_vec(), all), "{stack:?}: {:#}", deploys[1]);
    assert_eq!(deploys[1]["state"], "approved", "{stack:?}: {:#}", deploys[1]["changes"]);
    let withdrawn = deploys[2]["withdrawn"].as_array().map(Vec::len);
    assert_eq!(withdrawn, Some(pulls.len()), "{stack:?}: {:#}", deploys[2]);
    for seed in 0..if kind == Kind::Sqlite { 4 } else { 1 } {
        let other = in_another_order(&town, kind, seed).await;
        let when = format!("{stack:?}, seed {seed}");
        assert_same_state(&town.world.app, &other.app, &when).await;
    }
}

/// The same, told in another order, some of it twice, with work in between.
async fn in_another_order(town: &Town, kind: Kind, seed: u64) -> World {
    let other = World::with(kind, town.world.setup.clone()).await;
    other.clock.set(town.forge.now());
    let mut deliveries: Vec<&Delivery> = town.sent.iter().collect();
    deliveries.sort_by_key(|one| id::sha256(format!("{seed}{}", id::sha256(&one.body)).as_bytes()));
    for (number, delivery) in deliveries.iter().chain(deliveries.iter().step_by(3)).enumerate() {
        receive(&other, delivery).await.expect("kept");
        if number % 4 == 0 {
            other.app.work_until_idle().await;
        }
    }
    other.app.work_until_idle().await;
    let stuck = other.app.unfinished_work().await.expect("jobs");
    assert_eq!(stuck, Vec::<String>::new(), "seed {seed}");
    other
}

both!(a_proposal_that_was_merged_into_another_comes_in_with_that_one, |kind| async move {
    story(kind, Stack::IntoTheOther(Way::Merge), &[1], 4).await;
    story(kind, Stack::IntoTheOther(Way::Squash), &[1], 3).await;
});

both!(a_proposal_that_was_aimed_at_main_brings_what_the_one_below_did_not, |kind| async move {
    story(kind, Stack::Retargeted(Way::Merge), &[1, 2], 4).await;
    story(kind, Stack::Retargeted(Way::Squash), &[1, 2], 4).await;
});

both!(a_proposal_that_was_rebased_brings_its_own, |kind| async move {
    story(kind, Stack::Rebased(Way::Squash), &[1, 2], 2).await;
    story(kind, Stack::Rebased(Way::Merge), &[1, 2], 3).await;
});

both!(the_upper_proposal_may_land_first, |kind| async move {
    story(kind, Stack::UpperFirst, &[1, 2], 4).await;
});

both!(
    case_20_an_approval_of_the_upper_proposal_alone_does_not_let_both_into_main,
    |kind| async move {
        let mut town = Town::new(kind).await;
        let (_, b) = opened(&mut town, "a");
        done(done(town.forge.pull(&b)).approve("arch1"));
        town.forge.later(5);
        done(done(town.forge.pull(&b)).retarget("dev2", "main"));
        town.arrive().await;
        let head = done(done(town.forge.pull(&b)).head());
        let answer = town.may_merge(head).await;
        assert_eq!((answer.state, answer.pass), (State::Stale, false), "{}", answer.summary);
        let why = town.change(2).await["approvals"][0]["why"].to_string();
        assert!(why.contains("approved it for a; it goes to main now"), "{why}");
        done(done(town.forge.pull(&b)).approve("arch1"));
        town.arrive().await;
        assert!(town.may_merge(head).await.pass, "approved as what it brings to main");
    }
);

both!(
    an_approval_stays_when_the_proposal_below_has_landed_and_the_change_is_the_same,
    |kind| async move {
        let mut town = Town::new(kind).await;
        let (a, b) = opened(&mut town, "a");
        done(done(town.forge.pull(&b)).approve("arch1"));
        land(&mut town, &a, Way::Merge);
        done(done(town.forge.pull(&b)).retarget("dev2", "main"));
        town.arrive().await;
        let head = done(done(town.forge.pull(&b)).head());
        let answer = town.may_merge(head).await;
        assert_eq!((answer.state, answer.pass), (State::Approved, true), "{}", answer.summary);
        assert_eq!(town.change(2).await["approvals"][0]["basis"], "same_delta");
    }
);
