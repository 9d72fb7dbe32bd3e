//! The demo: every state it promises is there, it is the same every time, and the order in which its deliveries arrive
//! changes nothing.
#![expect(clippy::expect_used, reason = "a test says what it expected")]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

use countersign::app::{App, Caller};
use countersign::cli::demo::forge::Delivery;
use countersign::cli::demo::{Demo, build, post, prepare};
use countersign::clock::Clock;

fn listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8480))
}

async fn demo(folder: &Path) -> Demo {
    build(folder, listen()).await.expect("the demo is built")
}

#[tokio::test]
async fn every_promised_state_is_there_with_the_right_answer_and_the_ledger_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = demo(folder.path()).await;
    let mut states = BTreeSet::new();
    for seen in &demo.seen {
        let (answer, shown) = (&seen.answer, &seen.shown);
        assert_eq!(answer.state.as_str(), shown.state, "{}: {}", shown.what, answer.summary);
        let passes = matches!(shown.state, "approved" | "auto_approved");
        assert_eq!(answer.pass, passes, "{}", shown.what);
        assert!(passes || !answer.summary.is_empty(), "{} says why", shown.what);
        states.insert(answer.state.as_str());
    }
    let promised = [
        "approved",
        "auto_approved",
        "error",
        "frozen",
        "pending",
        "policy_invalid",
        "rejected",
        "stale",
        "unaccounted",
        "unknown_commit",
        "unmatched",
    ];
    assert_eq!(states.into_iter().collect::<Vec<_>>(), promised);
    let found = demo.app.verify_ledger(&Caller::operator(), |_, _| {}).await.expect("verified");
    assert_eq!(found.faults, Vec::<String>::new());
    assert!(found.checkpoints > 0 && found.size > 300, "{found:?}");
    let kinds = deploy_kinds(&demo.app).await;
    for kind in ["baseline", "forward", "rollback", "redeploy", "hotfix"] {
        assert!(kinds.contains(kind), "{kind} is among {kinds:?}");
    }
    demo.app.close().await;
}

async fn deploy_kinds(app: &App) -> BTreeSet<String> {
    let lines = app.state_lines().await.expect("lines");
    lines
        .iter()
        .filter(|line| line.starts_with("deploy "))
        .filter_map(|line| line.split("kind: \"").nth(1)?.split('"').next().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn two_runs_in_two_folders_come_to_the_same_decisions_and_the_same_ledger() {
    let mut ends = Vec::new();
    for _ in 0..2 {
        let folder = tempfile::tempdir().expect("a folder");
        let demo = demo(folder.path()).await;
        let decisions: Vec<String> =
            demo.seen.iter().map(|seen| seen.answer.decision.clone()).collect();
        let found = demo.app.verify_ledger(&Caller::operator(), |_, _| {}).await.expect("verified");
        let digest = demo.app.state_digest().await.expect("a digest");
        ends.push((decisions, found.root.to_string(), found.size, digest));
        demo.app.close().await;
    }
    assert_eq!(ends.first(), ends.last());
}

/// Memberships carry no time of their source, so they are told first and in order, as a team's list is read before
/// work begins; everything else arrives in any order.
fn shuffled(deliveries: &[Delivery], seed: u64) -> (Vec<Delivery>, Vec<Delivery>) {
    let (first, mut rest): (Vec<_>, Vec<_>) =
        deliveries.iter().cloned().partition(|delivery| delivery.event() == "membership");
    let mut state = seed;
    for at in (1..rest.len()).rev() {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).expect("small") % (at + 1);
        rest.swap(at, other);
    }
    (first, rest)
}

/// The objects that the first service has seen: a head that was pushed over is at no ref of the forge any more.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("entries") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[tokio::test]
async fn deliveries_in_any_order_and_twice_come_to_the_same_state() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = demo(&folder.path().join("first")).await;
    let expected = first.app.state_lines().await.expect("lines");
    let forge = folder.path().join("first/forge");
    for seed in [1, 23] {
        let second = folder.path().join(format!("second-{seed}"));
        let config = prepare(&second, &forge, listen()).expect("prepared");
        copy(&folder.path().join("first/mirrors"), &second.join("mirrors"));
        let (before, rest) = shuffled(&first.deliveries, seed);
        let clock = Clock::fixed(before.first().expect("memberships").at);
        let app = App::open(config, clock.clone()).await.expect("opened");
        for delivery in &before {
            clock.set(delivery.at);
            post(&app, delivery).await.expect("posted");
        }
        clock.set(first.clock.now());
        for (at, delivery) in rest.iter().enumerate() {
            post(&app, delivery).await.expect("posted");
            if at % 5 == 0 {
                post(&app, delivery).await.expect("posted again");
            }
            if at % 60 == 59 {
                app.work_until_idle().await;
            }
        }
        app.work_until_idle().await;
        same(&expected, &app.state_lines().await.expect("lines"), seed);
        let digest = app.state_digest().await.expect("a digest");
        assert_eq!(digest, first.app.state_digest().await.expect("a digest"));
        app.close().await;
    }
    first.app.close().await;
}

/// Says what differs, not only that something does.
fn same(expected: &[String], found: &[String], seed: u64) {
    let (one, two): (BTreeSet<_>, BTreeSet<_>) =
        (expected.iter().collect(), found.iter().collect());
    let missing: Vec<_> = one.difference(&two).collect();
    let extra: Vec<_> = two.difference(&one).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "seed {seed}: {} lines differ\n- {missing:#?}\n+ {extra:#?}",
        missing.len().max(extra.len())
    );
}

#[tokio::test]
async fn a_policy_is_tried_on_everything_that_landed() {
    let folder = tempfile::tempdir().expect("a folder");
    demo(folder.path()).await.app.close().await;
    let file = folder.path().join("organisation.yml");
    let organisation = std::fs::read_to_string(&file).expect("a file");
    let strict = organisation.replacen("version: 1\n", "version: 1\ndefault: critical\n", 1);
    std::fs::write(folder.path().join("strict.yml"), strict).expect("written");
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_countersign"))
            .current_dir(folder.path())
            .args(["policy", "replay", "--expect-none"])
            .args(arguments)
            .output()
            .expect("it runs");
        let text = String::from_utf8(output.stdout).expect("text");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), text, said)
    };
    let (code, same, said) = run(&["--org", "organisation.yml"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert!(same.starts_with("0 of 22 verdicts would change"), "{same}");

    let (code, found, said) = run(&["--org", "strict.yml", "--format", "json"]);
    assert_eq!((code, said.as_str()), (Some(1), ""), "--expect-none");
    let found: serde_json::Value = serde_json::from_str(&found).expect("JSON");
    assert_eq!(found["compared"], 22);
    let moved = found["moved"].as_array().expect("a list");
    assert!(!moved.is_empty());
    assert!(moved.iter().all(|one| one["after"]["class"] == "critical"), "{found}");

    let (_, text, _) = run(&["--org", "strict.yml", "--last", "3"]);
    assert!(
        text.contains(" of 3 verdicts would change") && text.contains(" → critical "),
        "{text}"
    );
}
