//! A team backs a role: who was in it when, though deliveries about that carry no time and can be sent again.

use std::time::Duration;

use axum::http::StatusCode;
use countersign::cli::demo::forge::{Delivery, Proposal, PullId, Way};
use countersign::domain::Oid;
use countersign::policy::State;
use serde_json::Value;

use crate::both;
use crate::harness::rest::Rest;
use crate::harness::town::{POLICY, REPO, Town, done, receive};
use crate::harness::{Kind, noon};

const TEAM: &str = "acme/architects";

const ORGANISATION: &str = "
version: 1
roles:
  architect: [{ team: acme/architects, scopes: [\"*\"] }]
";

/// A town whose architects are a team, and its REST API if it is asked.
async fn town(kind: Kind, with_token: bool) -> (Town, Rest) {
    let rest = Rest::start().await;
    let api = with_token.then(|| rest.url.clone());
    (Town::asking(kind, ORGANISATION, POLICY, api).await, rest)
}

/// A proposal that needs an architect.
fn proposal(town: &mut Town, name: &str) -> PullId {
    let text = format!("fn {name}() {{}}\n");
    let proposal = Proposal::new(name, name).file("src/lib.rs", &text);
    done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal))
}

fn head(town: &mut Town, pull: &PullId) -> Oid {
    done(done(town.forge.pull(pull)).head())
}

/// Somebody approves, all arrives, and the gate is asked.
async fn approved_by(town: &mut Town, login: &str, pull: &PullId) -> (State, String) {
    town.forge.later(2);
    done(done(town.forge.pull(pull)).approve(login));
    town.arrive().await;
    let head = head(town, pull);
    let answer = town.may_merge(head).await;
    let change = town.change(pull.number).await;
    let why = change["approvals"][0]["why"].as_str().unwrap_or_default().to_owned();
    (answer.state, why)
}

/// The same bytes, rightly signed as they were, under an id that was never used.
fn again(old: &Delivery, id: &str) -> Delivery {
    let mut new = old.clone();
    let key =
        new.headers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("x-github-delivery"));
    id.clone_into(&mut key.expect("an id").1);
    new
}

/// Time passes, the members are read, and all that follows is done.
async fn read(town: &mut Town, rest: &Rest) {
    rest.show(&town.forge);
    town.forge.later(3);
    town.world.clock.set(town.forge.now());
    town.world.app.ask_for_rosters().await.expect("queued");
    town.world.app.work_until_idle().await;
}

/// Entries of a kind.
async fn entries(town: &Town, kind: &str) -> Vec<Value> {
    let (mut found, mut index) = (Vec::new(), 0);
    while let Ok((_, bytes)) = town.world.app.entry(&town.world.operator(), index).await {
        let entry: Value = serde_json::from_slice(&bytes).expect("JSON");
        if entry["kind"] == kind {
            found.push(entry);
        }
        index += 1;
    }
    found
}

both!(an_old_added_that_is_sent_again_brings_nobody_back, |kind| async move {
    let (mut town, _) = town(kind, false).await;
    done(town.forge.join(TEAM, "arch3"));
    town.arrive().await;
    let captured = town.sent.last().expect("the delivery").clone();
    let first = proposal(&mut town, "first");
    let (state, why) = approved_by(&mut town, "arch3", &first).await;
    assert_eq!(state, State::Approved, "{why}");

    done(town.forge.leave(TEAM, "arch3"));
    town.arrive().await;
    town.forge.later(10);
    town.world.clock.set(town.forge.now());
    receive(&town.world, &again(&captured, "00000000-0000-4000-8000-000000000001"))
        .await
        .expect("kept: it is rightly signed");
    let second = proposal(&mut town, "second");
    let (state, why) = approved_by(&mut town, "arch3", &second).await;
    assert_eq!(state, State::Pending);
    assert!(
        why.contains("by a delivery that carries no time and may be an old one")
            && why.contains("has not confirmed it"),
        "{why}"
    );
    let head = head(&mut town, &second);
    assert_eq!(town.may_merge(head).await.missing[0].who, Vec::<String>::new());
});

both!(with_a_roster_an_old_added_is_a_hint_that_is_answered, |kind| async move {
    let (mut town, rest) = town(kind, true).await;
    done(town.forge.join(TEAM, "arch1"));
    done(town.forge.join(TEAM, "arch3"));
    rest.show(&town.forge);
    town.arrive().await;
    let captured = town.sent.last().expect("the delivery").clone();
    done(town.forge.leave(TEAM, "arch3"));
    rest.show(&town.forge);
    town.arrive().await;
    rest.asked();
    town.forge.later(10);
    town.world.clock.set(town.forge.now());
    receive(&town.world, &again(&captured, "00000000-0000-4000-8000-000000000002"))
        .await
        .expect("kept");
    town.world.app.work_until_idle().await;
    assert_eq!(
        rest.asked(),
        ["/orgs/acme/teams/architects", "/organizations/501/team/7000/members"],
        "the hint was not followed, or not by ids"
    );
    let pull = proposal(&mut town, "first");
    let (state, why) = approved_by(&mut town, "arch3", &pull).await;
    assert_eq!(state, State::Pending, "{why}");

    // Whoever really comes back is found by the same question.
    done(town.forge.join(TEAM, "arch3"));
    rest.show(&town.forge);
    town.arrive().await;
    let pull = proposal(&mut town, "second");
    let (state, why) = approved_by(&mut town, "arch3", &pull).await;
    assert_eq!(state, State::Approved, "{why}");
});

both!(who_joined_while_nobody_listened_is_found_by_the_roster, |kind| async move {
    let (mut town, rest) = town(kind, true).await;
    done(town.forge.join(TEAM, "arch3"));
    town.forge.take_deliveries();
    let early = proposal(&mut town, "early");
    let (state, why) = approved_by(&mut town, "arch3", &early).await;
    assert_eq!(state, State::Pending, "{why}");

    read(&mut town, &rest).await;
    let pull = proposal(&mut town, "late");
    let (state, why) = approved_by(&mut town, "arch3", &pull).await;
    assert_eq!(state, State::Approved, "{why}");
    let head = head(&mut town, &early);
    assert_eq!(
        town.may_merge(head).await.state,
        State::Pending,
        "it was said before that was known"
    );

    let found = entries(&town, "team.roster").await;
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["name"], TEAM, "{:#}", found[0]);
    assert_eq!(found[0]["joined"].as_u64(), Some(1));
    read(&mut town, &rest).await;
    assert_eq!(entries(&town, "team.roster").await.len(), 1, "nothing new was written again");
});

both!(who_left_while_the_delivery_was_lost_holds_nothing_from_then_on, |kind| async move {
    let (mut town, rest) = town(kind, true).await;
    done(town.forge.join(TEAM, "arch1"));
    done(town.forge.join(TEAM, "arch3"));
    rest.show(&town.forge);
    town.arrive().await;
    let landed = proposal(&mut town, "landed");
    done(done(town.forge.pull(&landed)).approve("arch3"));
    done(done(town.forge.pull(&landed)).merge("dev2", Way::Squash));
    let open = proposal(&mut town, "open");
    let (state, why) = approved_by(&mut town, "arch3", &open).await;
    assert_eq!(state, State::Approved, "{why}");

    done(town.forge.leave(TEAM, "arch3"));
    town.forge.take_deliveries();
    read(&mut town, &rest).await;
    let now = head(&mut town, &open);
    assert_eq!(
        town.may_merge(now).await.state,
        State::Stale,
        "it has to be held until the landing"
    );
    let late = proposal(&mut town, "late");
    let (state, why) = approved_by(&mut town, "arch3", &late).await;
    assert_eq!((state, why.as_str()), (State::Pending, "does not hold architect for all scopes"));
    let change = town.change(landed.number).await;
    assert_eq!(change["state"], "approved", "what landed before stays what it was: {change:#}");
    let found = entries(&town, "team.roster").await;
    let left = &found.last().expect("an entry")["left"];
    assert_eq!(left.as_u64(), Some(1), "{left}");
});

both!(a_roster_that_cannot_be_read_makes_nobody_an_approver, |kind| async move {
    let (mut town, rest) = town(kind, true).await;
    done(town.forge.join(TEAM, "arch3"));
    town.forge.take_deliveries();
    let pull = proposal(&mut town, "first");
    town.arrive().await;
    for (status, says) in [
        (None, "has no team acme/architects, or the token may not see it"),
        (Some(StatusCode::UNAUTHORIZED), "refuses the token"),
        (Some(StatusCode::BAD_GATEWAY), "status 502"),
    ] {
        rest.fail(status);
        town.forge.later(10);
        town.world.clock.set(town.forge.now());
        town.world.app.ask_for_rosters().await.expect("queued");
        town.world.app.work_until_idle().await;
        let stuck = town.world.app.unfinished_work().await.expect("jobs");
        assert!(
            stuck.len() == 1 && stuck[0].contains(says) && stuck[0].contains("which backs a role"),
            "{stuck:?}"
        );
        let warnings = town.world.app.ready().await.expect("it is ready all the same");
        assert_eq!(
            warnings,
            [
                "1 of the teams that back a role could not be read; `countersign doctor` says which and why"
            ]
        );
        let operator = town.world.operator();
        let looked = town.world.app.read_roster(&operator, "github", TEAM).await;
        assert!(looked.expect_err("it cannot").to_string().contains(says));
        let head = head(&mut town, &pull);
        assert_eq!(town.may_merge(head).await.state, State::Pending);
    }
    assert_eq!(entries(&town, "team.roster").await, Vec::<Value>::new());
    rest.fail(None);
    town.forge.later(10);
    read(&mut town, &rest).await;
    assert_eq!(town.world.app.unfinished_work().await.expect("jobs"), Vec::<String>::new());
    assert_eq!(town.world.app.ready().await.expect("ready"), Vec::<String>::new());
    let (state, why) = approved_by(&mut town, "arch3", &pull).await;
    assert_eq!(state, State::Approved, "{why}");
});

both!(a_removal_counts_at_once_whatever_the_roster_says, |kind| async move {
    let (mut town, rest) = town(kind, true).await;
    done(town.forge.join(TEAM, "arch3"));
    rest.show(&town.forge);
    town.arrive().await;
    done(town.forge.leave(TEAM, "arch3"));
    // The API still answers what was before: the model is not shown again.
    town.arrive().await;
    let pull = proposal(&mut town, "first");
    let (state, why) = approved_by(&mut town, "arch3", &pull).await;
    assert_eq!(state, State::Pending, "{why}");
    assert!(why.contains("has not confirmed it"), "{why}");
    let found = entries(&town, "team.roster").await;
    assert!(!found.is_empty(), "it was asked and answered");
});

both!(work_goes_on_while_the_clock_ticks, |kind| async move {
    let (mut town, rest) = town(kind, true).await;
    done(town.forge.join(TEAM, "arch3"));
    town.forge.take_deliveries();
    rest.show(&town.forge);
    // Longer than the interval at which the worker looks at other things (5 s), asked at its start.
    rest.slow(Duration::from_secs(3));
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let app = town.world.app.clone();
    let worker = tokio::spawn(async move { app.work(stopped).await });
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if !entries(&town, "team.roster").await.is_empty() {
            break;
        }
    }
    stop.send(true).expect("it runs");
    worker.await.expect("it ended");
    assert_eq!(entries(&town, "team.roster").await.len(), 1, "a tick broke the job off");
    assert!(noon() <= town.forge.now());
});
