//! Approval by comment: the exact line of somebody who may, about the head of that moment, and never edited.

use countersign::app::{Caller, OverrideRequest, Role};
use countersign::cli::demo::forge::{Delivery, Proposal, PullId, Work};
use countersign::domain::Oid;
use countersign::domain::id;
use countersign::policy::State;
use reqwest::Method;
use serde_json::{Value, json};

use crate::both;
use crate::harness::Kind;
use crate::harness::server::Server;
use crate::harness::town::cookie;
use crate::harness::town::{ORGANISATION, POLICY, REPO, Town, done, receive};

const COMMANDS: &str = "approval: { comments: { approve: /approve, veto: /veto } }\n";

/// An organisation that takes comments, and a change by `dev1` that needs an architect.
async fn town(kind: Kind) -> (Town, PullId) {
    let organisation = format!(
        "{ORGANISATION}{COMMANDS}people:\n  - {{ user: helen, emails: [helen@acme.example] }}\n"
    );
    let mut town = Town::with(kind, &organisation, POLICY).await;
    let proposal = Proposal::new("x", "X").file("src/payments/refund.rs", "fn refund() { 3 }\n");
    let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
    (town, pull)
}

fn head(town: &mut Town, pull: &PullId) -> Oid {
    done(done(town.forge.pull(pull)).head())
}

fn say(town: &mut Town, pull: &PullId, by: &str, text: &str) -> u64 {
    done(done(town.forge.pull(pull)).say(by, text))
}

fn push(town: &mut Town, pull: &PullId, text: &str) -> Oid {
    let work = Work::new("More").file("src/payments/refund.rs", text);
    done(done(town.forge.pull(pull)).push("dev1", work))
}

/// The opinions on the change, as the API tells them.
async fn opinions(town: &Town) -> Vec<Value> {
    town.change(1).await["approvals"].as_array().expect("a list").clone()
}

both!(an_approval_by_comment_counts_and_is_shown_as_one, |kind| async move {
    let (mut town, pull) = town(kind).await;
    say(&mut town, &pull, "dev2", "Looks good to me, /approve it somebody");
    say(&mut town, &pull, "dev1", "/approve");
    say(&mut town, &pull, "arch1", "/approve later");
    town.arrive().await;
    let at = head(&mut town, &pull);
    assert_eq!(town.may_merge(at).await.state, State::Pending);
    say(&mut town, &pull, "arch1", "/approve\r\n\r\nNice work.");
    town.arrive().await;
    let answer = town.may_merge(at).await;
    assert_eq!((answer.state, answer.pass), (State::Approved, true), "{}", answer.summary);
    let told = opinions(&town).await;
    assert_eq!(told.len(), 2, "only what holds the command is an opinion: {told:?}");
    assert_eq!((&told[0]["by"], &told[0]["counts"]), (&json!("dev1"), &json!(false)));
    let counted = &told[1];
    assert_eq!((&counted["by"], &counted["verdict"]), (&json!("arch1"), &json!("approve")));
    assert_eq!((&counted["by_comment"], &counted["basis"]), (&json!(true), &json!("same_commit")));
    assert!(counted["id"].as_str().is_some_and(|id| id.starts_with("comment:")), "{counted}");

    let server = Server::start(&town.world).await;
    let change = town.change(1).await["id"].as_str().expect("an id").to_owned();
    let page = server.request(Method::GET, &format!("/changes/{change}"));
    let cookie = cookie(&town, &server, "helen", Role::Auditor).await;
    let page = page.header("cookie", cookie);
    let text = page.send().await.expect("an answer").text().await.expect("a page");
    assert!(text.contains("by comment: took no part in writing"), "{text}");
});

both!(a_comment_is_no_opinion_where_the_organisation_does_not_say_so, |kind| async move {
    let policy = format!("{POLICY}{COMMANDS}");
    for policy in [POLICY, &policy] {
        let mut town = Town::with(kind, ORGANISATION, policy).await;
        let proposal = Proposal::new("x", "X").file("docs/guide.md", "# New\n");
        let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
        say(&mut town, &pull, "arch1", "/approve");
        say(&mut town, &pull, "arch1", "/veto");
        town.arrive().await;
        assert_eq!(opinions(&town).await, Vec::<Value>::new());
        let at = head(&mut town, &pull);
        let answer = town.may_merge(at).await;
        let expected = if policy == POLICY { State::AutoApproved } else { State::PolicyInvalid };
        assert_eq!(answer.state, expected, "{}", answer.summary);
    }
});

both!(case_49_50_an_edited_comment_does_not_count_and_who_edited_it_is_said, |kind| async move {
    let (mut town, pull) = town(kind).await;
    let at = head(&mut town, &pull);
    let approval = say(&mut town, &pull, "arch1", "/approve");
    town.arrive().await;
    assert_eq!(town.may_merge(at).await.state, State::Approved);
    done(done(town.forge.pull(&pull)).edit(approval, "dev2", "/approve\n\nwith a word more"));
    let chat = say(&mut town, &pull, "arch1", "hm");
    done(done(town.forge.pull(&pull)).edit(chat, "arch1", "/approve"));
    town.arrive().await;
    let answer = town.may_merge(at).await;
    assert_eq!(answer.state, State::Pending, "{}", answer.summary);
    let told = opinions(&town).await;
    assert_eq!(told.len(), 2, "{told:?}");
    for (opinion, editor) in told.iter().zip(["dev2", "arch1"]) {
        let why = opinion["why"].as_str().unwrap_or_default();
        assert!(why.contains(&format!("edited by {editor} on 2026-")), "{opinion}");
        assert_eq!(opinion["counts"], false);
    }
});

both!(a_comment_is_about_the_head_of_its_moment, |kind| async move {
    let (mut town, pull) = town(kind).await;
    let first = head(&mut town, &pull);
    town.forge.later(2);
    say(&mut town, &pull, "arch1", "/approve");
    town.forge.later(2);
    let second = push(&mut town, &pull, "fn refund() { 4 }\n");
    town.arrive().await;
    assert_eq!(town.may_merge(second).await.state, State::Stale);
    assert_eq!(opinions(&town).await[0]["commit"], json!(first.to_string()));
    town.forge.later(2);
    say(&mut town, &pull, "arch1", "/approve");
    town.arrive().await;
    assert_eq!(town.may_merge(second).await.state, State::Approved);
});

both!(
    a_veto_by_comment_outlives_its_comment_and_an_administrator_overrides_it,
    |kind| async move {
        let (mut town, pull) = town(kind).await;
        let at = head(&mut town, &pull);
        say(&mut town, &pull, "arch1", "/approve");
        let veto = say(&mut town, &pull, "arch2", "/veto");
        done(done(town.forge.pull(&pull)).unsay(veto, "dev1"));
        town.arrive().await;
        assert_eq!(town.may_merge(at).await.state, State::Rejected);
        let told = opinions(&town).await;
        let why = told[1]["why"].as_str().unwrap_or_default();
        assert!(why.contains("deleted by dev1, which ends no veto"), "{told:?}");
        let request = OverrideRequest {
            change: town.change(1).await["id"].as_str().expect("an id").to_owned(),
            veto: format!("comment:{veto}"),
            reason: "the scanner took a test key for a real one".to_owned(),
        };
        let app = town.world.app.clone();
        app.override_veto(&Caller::administrator("helen"), request).await.expect("overridden");
        town.world.app.work_until_idle().await;
        assert_eq!(town.may_merge(at).await.state, State::Approved);
    }
);

/// Deliveries in an order that the seed makes, the last one first come twice.
fn disorder(deliveries: &[Delivery], seed: u64) -> Vec<Delivery> {
    let mut other = deliveries.to_vec();
    other.sort_by_key(|one| id::sha256(format!("{seed}{}", id::sha256(&one.body)).as_bytes()));
    other.extend(deliveries.iter().step_by(2).cloned().collect::<Vec<_>>());
    other
}

both!(comments_and_pushes_in_any_order_lead_to_the_same_opinions, |kind| async move {
    let mut expected: Option<(State, Vec<Value>)> = None;
    for seed in 0..4 {
        let (mut town, pull) = town(kind).await;
        town.forge.later(1);
        say(&mut town, &pull, "arch1", "/approve");
        town.forge.later(1);
        push(&mut town, &pull, "fn refund() { 4 }\n");
        let edited = say(&mut town, &pull, "arch2", "/approve");
        done(done(town.forge.pull(&pull)).edit(edited, "dev1", "never mind"));
        let last = push(&mut town, &pull, "fn refund() { 5 }\n");
        town.forge.later(1);
        say(&mut town, &pull, "arch1", "/approve");
        let mut deliveries = town.forge.take_deliveries();
        if seed > 0 {
            deliveries = disorder(&deliveries, seed);
        }
        for delivery in &deliveries {
            receive(&town.world, delivery).await.expect("kept");
        }
        town.world.clock.set(town.forge.now());
        town.world.app.work_until_idle().await;
        let found = (town.may_merge(last).await.state, opinions(&town).await);
        assert_eq!(found.0, State::Approved, "seed {seed}: {:?}", found.1);
        assert_eq!(expected.get_or_insert(found.clone()), &found, "seed {seed}");
    }
});
