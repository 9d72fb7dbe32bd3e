//! A merge queue lands several proposals in one push: each is found by its own commit, and a group is judged, never
//! waved through.

use countersign::cli::demo::forge::{Group, Proposal, PullId, Way, Work};
use countersign::domain::id;
use countersign::policy::State;

use crate::both;
use crate::harness::town::{REPO, Town, done, receive};
use crate::harness::{Kind, World, assert_same_state};

const WAYS: [Way; 3] = [Way::Merge, Way::Squash, Way::Rebase];

/// A town where something is deployed, with three approved proposals of two commits each.
async fn three(kind: Kind) -> (Town, Vec<PullId>) {
    let mut town = Town::new(kind).await;
    let base = done(done(town.forge.repo(REPO)).tip("main"));
    done(done(town.forge.repo(REPO)).deploy("payments", "production", base, "ops1"));
    let pulls = ["a", "b", "c"].map(|name| open(&mut town, name)).to_vec();
    for pull in &pulls {
        done(done(town.forge.pull(pull)).approve("arch1"));
    }
    town.arrive().await;
    (town, pulls)
}

fn open(town: &mut Town, name: &str) -> PullId {
    let file = |part: &str| format!("src/payments/{name}{part}.rs");
    let proposal = Proposal::new(name, &format!("Add {name}"))
        .work(Work::new(&format!("{name} one")).file(&file("1"), "fn one() {}\n"))
        .work(Work::new(&format!("{name} two")).file(&file("2"), "fn two() {}\n"));
    done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal))
}

async fn queued(town: &mut Town, pulls: &[PullId], way: Way) -> Group {
    town.forge.later(10);
    let pulls: Vec<&PullId> = pulls.iter().collect();
    let group = done(done(town.forge.repo(REPO)).queue("dev2", &pulls, way));
    town.arrive().await;
    group
}

async fn landed(town: &mut Town, group: &Group) {
    done(done(town.forge.repo(REPO)).land(group));
    town.arrive().await;
}

/// Each proposal came with the group, by this commit, unaltered.
async fn each_came_by_its_own(town: &Town, group: &Group) {
    for (pull, commit) in &group.members {
        let change = town.change(pull.number).await;
        let landed = &change["landed"];
        assert_eq!(landed["how"], "queue", "{change:#}");
        assert_eq!(landed["integrity"], "intact", "{change:#}");
        assert_eq!(landed["sha"], commit.to_string(), "{change:#}");
        let evidence = landed["evidence"].to_string();
        assert!(evidence.contains(&format!("group {}", group.head.short())), "{evidence}");
        assert_eq!(change["state"], "approved");
    }
}

both!(a_group_passes_and_each_proposal_lands_by_its_own_commit, |kind| async move {
    for way in WAYS {
        let (mut town, pulls) = three(kind).await;
        let group = queued(&mut town, &pulls, way).await;
        let answer = town.may_merge(group.head).await;
        assert_eq!(answer.state, State::Approved, "{way:?}: {answer:#?}");
        let numbers: Vec<_> = answer.changes.iter().filter_map(|change| change.pull).collect();
        assert_eq!(numbers, [1, 2, 3], "{way:?}");
        landed(&mut town, &group).await;
        each_came_by_its_own(&town, &group).await;
        let deploy = town.may_deploy(group.head).await;
        assert_eq!(deploy.state, State::Approved, "{way:?}: {}", deploy.summary);
        done(done(town.forge.repo(REPO)).deploy("payments", "production", group.head, "ops1"));
        town.arrive().await;
        let deploys = town.deploys().await;
        let commits = &deploys[1]["commits"];
        let brought = match way {
            Way::Merge => 9,
            Way::Squash => 3,
            _ => 6,
        };
        assert_eq!((&commits["total"], &commits["landed"]), (&brought.into(), &brought.into()));
        assert_eq!(deploys[1]["changes"].as_array().map(Vec::len), Some(3), "{way:?}");
    }
});

both!(one_proposal_that_does_not_pass_holds_the_whole_group, |kind| async move {
    let (mut town, mut pulls) = three(kind).await;
    pulls.push(open(&mut town, "d"));
    let group = queued(&mut town, &pulls, Way::Squash).await;
    let answer = town.may_merge(group.head).await;
    assert_eq!((answer.state, answer.pass), (State::Pending, false), "{}", answer.summary);
    assert!(answer.missing[0].why.starts_with("#4 Add d:"), "{:?}", answer.missing);
    done(done(town.forge.pull(&pulls[3])).approve("arch1"));
    town.arrive().await;
    assert_eq!(town.may_merge(group.head).await.state, State::Approved);
    // Somebody takes it back after the group was made: what passed before counts for nothing.
    done(done(town.forge.pull(&pulls[1])).request_changes("arch2", "not like this"));
    town.arrive().await;
    let answer = town.may_merge(group.head).await;
    assert_eq!((answer.state, answer.pass), (State::Rejected, false), "{}", answer.summary);
    assert!(answer.summary.contains("#2 Add b"), "{}", answer.summary);
});

both!(a_group_is_exactly_its_proposals_at_the_heads_they_have_now, |kind| async move {
    for way in WAYS {
        let (mut town, pulls) = three(kind).await;
        let group = queued(&mut town, &pulls, way).await;
        let sneaked = Work::new("Add c (#3)").file("src/payments/evil.rs", "fn evil() {}\n");
        let more = done(done(town.forge.repo(REPO)).replace(&group, sneaked));
        town.arrive().await;
        let answer = town.may_merge(more.head).await;
        assert_eq!((answer.state, answer.pass), (State::Unaccounted, false), "{way:?}");
        assert!(town.may_merge(group.head).await.pass, "{way:?}: the group without it");
        let work = Work::new("Later").file("src/payments/b3.rs", "fn three() {}\n");
        done(done(town.forge.pull(&pulls[1])).push("dev1", work));
        town.arrive().await;
        let answer = town.may_merge(group.head).await;
        assert!(!answer.pass, "{way:?}: #2 has another head now: {}", answer.summary);
    }
});

/// A queue that builds a squash on a stale base reverts the proposal before it, while every check stays green.
fn reverting(town: &mut Town, pulls: &[PullId]) -> Group {
    let good: Vec<&PullId> = pulls.iter().take(1).collect();
    let group = done(done(town.forge.repo(REPO)).queue("dev2", &good, Way::Squash));
    let work = Work::new("Add b (#2)")
        .file("src/payments/b1.rs", "fn one() {}\n")
        .file("src/payments/b2.rs", "fn two() {}\n")
        .without("src/payments/a1.rs");
    let mut both = done(done(town.forge.repo(REPO)).replace(&group, work));
    both.members.push((pulls[1].clone(), both.head));
    both
}

both!(a_queue_that_reverts_a_proposal_is_noticed_before_and_after, |kind| async move {
    let (mut town, pulls) = three(kind).await;
    let group = reverting(&mut town, &pulls);
    town.arrive().await;
    let answer = town.may_merge(group.head).await;
    assert_eq!((answer.state, answer.pass), (State::Unaccounted, false), "{}", answer.summary);
    landed(&mut town, &group).await;
    assert_eq!(town.change(1).await["landed"]["integrity"], "intact");
    let change = town.change(2).await;
    let landed = &change["landed"];
    assert_eq!((&landed["how"], &landed["integrity"]), (&"queue".into(), &"altered".into()));
    assert_eq!(landed["altered"][0], "src/payments/a1.rs", "{landed:#}");
    let answer = town.may_deploy(group.head).await;
    assert_eq!((answer.state, answer.pass), (State::Unaccounted, false), "{}", answer.summary);
});

both!(
    a_source_that_names_the_group_for_every_proposal_is_corrected_by_the_trees,
    |kind| async move {
        for way in WAYS {
            let (mut town, pulls) = three(kind).await;
            let group = queued(&mut town, &pulls, way).await;
            let mut said = group.clone();
            said.members.iter_mut().for_each(|member| member.1 = group.head);
            landed(&mut town, &said).await;
            each_came_by_its_own(&town, &group).await;
        }
    }
);

both!(what_comes_in_with_another_is_subsumed_and_counted_once, |kind| async move {
    let (mut town, pulls) = three(kind).await;
    let outer = Proposal::new("outer", "Add outer")
        .grown_from("a")
        .file("src/payments/outer.rs", "fn outer() {}\n");
    let outer = done(done(town.forge.repo(REPO)).open_pull("dev1", &outer));
    done(done(town.forge.pull(&outer)).approve("arch1"));
    town.arrive().await;
    let group = queued(&mut town, &[outer.clone(), pulls[1].clone()], Way::Merge).await;
    let answer = town.may_merge(group.head).await;
    assert_eq!(answer.state, State::Approved, "{}", answer.summary);
    // A veto against what is carried along stands.
    done(done(town.forge.pull(&pulls[0])).request_changes("arch2", "no"));
    town.arrive().await;
    assert_eq!(town.may_merge(group.head).await.state, State::Rejected);
    town.forge.later(1);
    done(done(town.forge.pull(&pulls[0])).approve("arch2"));
    // The forge marks the inner one as merged too, by the commit that brought it.
    let mut said = group.clone();
    said.members.push((pulls[0].clone(), group.members[0].1));
    landed(&mut town, &said).await;
    let inner = town.change(1).await;
    assert_eq!(inner["landed"]["how"], "subsumed", "{inner:#}");
    assert_eq!(inner["landed"]["sha"], group.members[0].1.to_string());
    each_came_by_its_own(&town, &group).await;
    done(done(town.forge.repo(REPO)).deploy("payments", "production", group.head, "ops1"));
    town.arrive().await;
    let deploy = &town.deploys().await[1];
    let numbers: Vec<_> =
        deploy["changes"].as_array().expect("changes").iter().map(|c| &c["pull"]).collect();
    assert_eq!(numbers, [2, 4], "{deploy:#}");
    assert_eq!(deploy["commits"]["total"], deploy["commits"]["landed"], "{deploy:#}");
});

both!(a_group_on_another_group_is_judged_with_it, |kind| async move {
    let (mut town, pulls) = three(kind).await;
    let first = queued(&mut town, &[pulls[0].clone(), pulls[1].clone()], Way::Squash).await;
    done(done(town.forge.pull(&pulls[0])).request_changes("arch2", "no"));
    let work = Work::new("Add c (#3)")
        .file("src/payments/c1.rs", "fn one() {}\n")
        .file("src/payments/c2.rs", "fn two() {}\n");
    let second = done(done(town.forge.repo(REPO)).replace(&first, work));
    town.arrive().await;
    let answer = town.may_merge(second.head).await;
    assert_eq!(answer.state, State::Rejected, "the branch would get #1 too: {}", answer.summary);
    assert_eq!(answer.changes.len(), 3);
});

both!(a_group_is_known_by_its_ref_where_no_delivery_told_of_it, |kind| async move {
    let (mut town, pulls) = three(kind).await;
    town.forge.later(1);
    let all: Vec<&PullId> = pulls.iter().collect();
    let group = done(done(town.forge.repo(REPO)).queue("dev2", &all, Way::Rebase));
    let lost = town.forge.take_deliveries();
    assert!(lost.iter().any(|delivery| delivery.event() == "merge_group"));
    assert_eq!(town.may_merge(group.head).await.state, State::Approved);
    let stray = Work::new("Stray").file("src/stray.rs", "fn stray() {}\n");
    let stray = done(done(town.forge.repo(REPO)).push_directly("dev1", "main", stray));
    town.arrive().await;
    let answer = town.may_merge(stray).await;
    assert_eq!((answer.state, answer.pass), (State::Unaccounted, false), "it is in no queue");
});

both!(a_queue_in_any_order_leaves_the_same_record, |kind| async move {
    let (mut town, pulls) = three(kind).await;
    let dropped = queued(&mut town, &pulls[..2], Way::Squash).await;
    done(done(town.forge.repo(REPO)).dissolve(&dropped, "invalidated"));
    let group = queued(&mut town, &pulls, Way::Squash).await;
    landed(&mut town, &group).await;
    done(done(town.forge.repo(REPO)).deploy("payments", "production", group.head, "ops1"));
    town.arrive().await;
    each_came_by_its_own(&town, &group).await;
    let rounds = if kind == Kind::Sqlite { 6 } else { 2 };
    for seed in 0..rounds {
        let other = World::with(kind, town.world.setup.clone()).await;
        other.clock.set(town.forge.now());
        let mut sent = town.sent.clone();
        sent.sort_by_key(|one| id::sha256(format!("{seed}{}", id::sha256(&one.body)).as_bytes()));
        for (number, delivery) in sent.iter().enumerate() {
            receive(&other, delivery).await.expect("kept");
            if number % 4 == 0 {
                other.app.work_until_idle().await;
            }
        }
        other.app.work_until_idle().await;
        assert_same_state(&town.world.app, &other.app, &format!("seed {seed}")).await;
    }
});
