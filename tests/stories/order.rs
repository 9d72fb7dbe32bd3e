//! A duplicate, a reordering or a restart changes nothing in the final record.

use countersign::cli::demo::forge::{Delivery, Proposal, Way, Work};
use countersign::domain::id;

use crate::both;
use crate::harness::town::{ORGANISATION, POLICY, REPO, Town, done, receive};
use crate::harness::{Kind, World, assert_same_state};

/// A small history with everything that order could confuse.
fn history(town: &mut Town) {
    let base = done(done(town.forge.repo(REPO)).tip("main"));
    done(town.forge.create_ticket("PAY-7", "Story", "Refunds", "dev1"));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", base, "ops1"));
    done(done(town.forge.ticket("PAY-7")).move_to("In Progress", "dev1"));
    let proposal =
        Proposal::new("PAY-7-a", "PAY-7 A").file("src/payments/refund.rs", "fn a() {}\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    done(done(town.forge.pull(&pull)).request_changes("arch1", "smaller"));
    town.forge.later(3);
    done(done(town.forge.pull(&pull)).push("dev1", Work::new("B").file("src/lib.rs", "// b\n")));
    let review = done(done(town.forge.pull(&pull)).approve("arch1"));
    done(done(town.forge.pull(&pull)).approve("arch2"));
    done(done(town.forge.pull(&pull)).dismiss(review, "dev2"));
    done(done(town.forge.pull(&pull)).approve("arch1"));
    let landed = done(done(town.forge.pull(&pull)).merge("dev2", Way::Merge));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", landed, "ops1"));
    let direct = Work::new("Direct").file("src/lib.rs", "// direct\n");
    let tip = done(done(town.forge.repo(REPO)).push_directly("dev2", "main", direct));
    done(done(town.forge.ticket("PAY-7")).move_to("Done", "dev1"));
    let failed =
        done(done(town.forge.repo(REPO)).begin_deploy("payments", "production", tip, "ops1"));
    town.forge.later(4);
    done(town.forge.report(failed, "failure"));
    town.forge.later(30);
    done(done(town.forge.repo(REPO)).deploy("payments", "production", landed, "ops1"));
}

/// Another order with duplicates; the seed makes it.
fn disorder(deliveries: &[Delivery], seed: u64) -> Vec<Delivery> {
    let mut other: Vec<Delivery> = deliveries.to_vec();
    let key = |delivery: &Delivery| {
        id::sha256(format!("{seed}{}", id::sha256(&delivery.body)).as_bytes())
    };
    other.sort_by_key(key);
    let twice: Vec<Delivery> = other.iter().step_by(3).cloned().collect();
    other.extend(twice);
    other
}

both!(any_order_with_duplicates_and_a_restart_leaves_the_same_state, |kind| async move {
    let mut town = Town::with(kind, ORGANISATION, POLICY).await;
    history(&mut town);
    town.arrive().await;
    let attribution: Vec<_> = town
        .deploys()
        .await
        .iter()
        .map(|deploy| {
            (deploy["kind"].clone(), deploy["commits"].clone(), deploy["previous"].clone())
        })
        .collect();
    assert_eq!(attribution.len(), 4);
    let rounds = if kind == Kind::Sqlite { 8 } else { 3 };
    for seed in 0..rounds {
        let setup = town.world.setup.clone();
        let mut other = World::with(kind, setup).await;
        other.clock.set(town.forge.now());
        let deliveries = disorder(&town.sent, seed);
        let half = deliveries.len() / 2;
        for (number, delivery) in deliveries.iter().enumerate() {
            receive(&other, delivery).await.expect("kept");
            if number % 5 == 0 {
                other.app.work_until_idle().await;
            }
            if number == half {
                other = other.restarted().await;
            }
        }
        other.app.work_until_idle().await;
        assert_eq!(
            other.app.unfinished_work().await.expect("jobs"),
            Vec::<String>::new(),
            "seed {seed}"
        );
        assert_same_state(&town.world.app, &other.app, &format!("seed {seed}")).await;
        let wrong = other.app.wrong_totals(&other.operator()).await.expect("a recount");
        assert_eq!(wrong, 0, "seed {seed}: totals that are not what a recount gives");
    }
});
