//! A change that takes a recent landing back exactly passes by itself, told by its tree and never by its title (sem 2.3).

use countersign::app::gate::Answer;
use countersign::cli::demo::forge::{Proposal, PullId, Way, Work};
use countersign::domain::{Class, Oid};
use countersign::policy::State;

use crate::both;
use crate::harness::Kind;
use crate::harness::town::{ORGANISATION, POLICY, REPO, Town, done};

const BEFORE: &str = "fn refund() {}\n";
const DAY: i64 = 24 * 60;

/// A repository whose landings may be taken back for a week, deployed as it was founded.
async fn town(kind: Kind) -> Town {
    let policy = format!("{POLICY}reverts: {{ window: 7d }}\n");
    let mut town = Town::with(kind, ORGANISATION, &policy).await;
    let mut repo = done(town.forge.repo(REPO));
    let tip = done(repo.tip("main"));
    done(repo.deploy("payments", "production", tip, "ops1"));
    town.arrive().await;
    town
}

/// Three commits to the refunds and beside them, approved and landed.
async fn feature(town: &mut Town, way: Way) -> (PullId, Oid) {
    let step = |number: usize, path: &str| {
        Work::new(&format!("Step {number}")).file(path, &format!("fn refund() {{ {number} }}\n"))
    };
    let proposal = Proposal::new("feature", "Refunds in three steps")
        .work(step(1, "src/payments/refund.rs"))
        .work(step(2, "src/payments/partial.rs"))
        .work(step(3, "src/payments/refund.rs"));
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    town.forge.later(5);
    done(done(town.forge.pull(&pull)).approve("arch1"));
    town.forge.later(5);
    let landed = done(done(town.forge.pull(&pull)).merge("ops1", way));
    town.arrive().await;
    (pull, landed)
}

/// What takes the feature back.
fn back(title: &str) -> Work {
    Work::new(title).file("src/payments/refund.rs", BEFORE).without("src/payments/partial.rs")
}

async fn proposed(town: &mut Town, title: &str, work: Work) -> (PullId, Answer) {
    town.forge.later(5);
    let branch = title.to_lowercase().replace([' ', '"'], "-");
    let proposal = Proposal::new(&branch, title).work(work);
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev2", &proposal));
    town.arrive().await;
    let head = done(done(town.forge.pull(&pull)).head());
    let answer = town.may_merge(head).await;
    (pull, answer)
}

async fn land(town: &mut Town, pull: &PullId) -> Oid {
    town.forge.later(5);
    let landed = done(done(town.forge.pull(pull)).merge("ops1", Way::Squash));
    town.arrive().await;
    landed
}

both!(the_exact_revert_of_a_landing_merges_and_deploys_by_itself, |kind| async move {
    for way in [Way::Merge, Way::Squash, Way::Rebase] {
        let mut town = town(kind).await;
        let (_, landed) = feature(&mut town, way).await;
        let (pull, answer) = proposed(&mut town, "Tidy up", back("Tidy up")).await;
        assert_eq!((answer.state, answer.pass), (State::AutoApproved, true), "{}", answer.summary);
        assert_eq!(answer.class, Some(Class::Trivial));
        let said = format!("it is the exact revert of {} (#1)", landed.short());
        assert!(answer.summary.contains(&said), "{way:?}: {}", answer.summary);
        let proof = answer.rules.iter().find(|rule| rule.id == "proof").expect("the proof");
        assert!(proof.seen[0].contains("gives exactly tree"), "{proof:?}");

        let tip = land(&mut town, &pull).await;
        let change = town.change(pull.number).await;
        assert_eq!(change["state"], "auto_approved", "{change:#}");
        let deploy = town.may_deploy(tip).await;
        assert!(deploy.pass, "{}", deploy.summary);
        // What was in time when it landed stays so.
        town.forge.later(30 * DAY);
        town.world.clock.set(town.forge.now());
        let deploy = town.may_deploy(tip).await;
        assert!(deploy.pass, "{}", deploy.summary);

        // Taking that back again is a new change.
        let again = Work::new("Refunds, again")
            .file("src/payments/refund.rs", "fn refund() { 3 }\n")
            .file("src/payments/partial.rs", "fn refund() { 2 }\n");
        let (_, answer) = proposed(&mut town, "Once more", again).await;
        assert_eq!((answer.state, answer.pass), (State::Pending, false), "{}", answer.summary);
    }
});

both!(a_revert_of_a_revert_is_a_new_change, |kind| async move {
    let mut town = town(kind).await;
    feature(&mut town, Way::Squash).await;
    let (pull, answer) = proposed(&mut town, "Tidy up", back("Tidy up")).await;
    assert!(answer.pass, "{}", answer.summary);
    land(&mut town, &pull).await;
    let again = Work::new("Refunds, again")
        .file("src/payments/refund.rs", "fn refund() { 3 }\n")
        .file("src/payments/partial.rs", "fn refund() { 2 }\n");
    let (_, answer) = proposed(&mut town, "Once more", again).await;
    assert_eq!((answer.state, answer.pass), (State::Pending, false), "{}", answer.summary);
    let proof = answer.rules.iter().find(|rule| rule.id == "proof").expect("the proof");
    assert!(proof.seen[0].contains("is itself a revert"), "{proof:?}");
});

both!(a_title_is_no_tree, |kind| async move {
    let mut town = town(kind).await;
    let (_, landed) = feature(&mut town, Way::Squash).await;
    let title = "Revert \"Refunds in three steps\"";
    let message = format!("{title}\n\nThis reverts commit {landed}.");
    let more = back(&message).file("src/lib.rs", "pub mod payments; // and a line more\n");
    let (_, answer) = proposed(&mut town, title, more).await;
    assert_eq!((answer.state, answer.pass), (State::Pending, false), "{}", answer.summary);
    assert_eq!(answer.class, Some(Class::Significant));
    let proof = answer.rules.iter().find(|rule| rule.id == "proof").expect("the proof");
    assert!(proof.seen[0].contains("gives another tree, in src/lib.rs"), "{proof:?}");
});

both!(what_landed_since_stays_and_what_is_old_is_asked_about, |kind| async move {
    let mut town = town(kind).await;
    feature(&mut town, Way::Squash).await;
    let (pull, first) = proposed(&mut town, "Tidy up", back("Tidy up")).await;
    assert!(first.pass, "{}", first.summary);
    // Another change lands in between: the proposal is judged by what it would make of the branch now.
    let (other, answer) =
        proposed(&mut town, "Guide", Work::new("Guide").file("docs/guide.md", "# A guide\n")).await;
    assert!(answer.pass, "{}", answer.summary);
    land(&mut town, &other).await;
    let head = done(done(town.forge.pull(&pull)).head());
    let still = town.may_merge(head).await;
    assert_eq!(still.state, State::AutoApproved, "{}", still.summary);
    // A week later nobody was asked yet, and now somebody has to be.
    town.forge.later(7 * DAY);
    town.world.clock.set(town.forge.now());
    let late = town.may_merge(head).await;
    assert_eq!((late.state, late.pass), (State::Pending, false), "{}", late.summary);
});

both!(without_a_window_nothing_is_taken_back_unseen, |kind| async move {
    let mut town = Town::new(kind).await;
    feature(&mut town, Way::Squash).await;
    let (_, answer) = proposed(&mut town, "Tidy up", back("Tidy up")).await;
    assert_eq!((answer.state, answer.pass), (State::Pending, false), "{}", answer.summary);
});
