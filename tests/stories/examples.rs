//! GitHub's own examples, signed by GitHub's own library, posted to the real server: every one is kept, and the state
//! they leave is the same for every order, with duplicates.

use std::collections::BTreeMap;
use std::process::Command;

use countersign::app::Role;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use crate::both;
use crate::harness::server::{Server, token};
use crate::harness::{SECRET, World, assert_same_state};

#[derive(Debug, Clone, Deserialize)]
struct Example {
    id: String,
    event: String,
    body: String,
    signature: String,
}

/// The events from which something follows; everything else is kept and named as of no interest.
const CLAIMED: [&str; 12] = [
    "pull_request",
    "pull_request_review",
    "push",
    "issues",
    "deployment",
    "deployment_status",
    "check_run",
    "merge_group",
    "membership",
    "team",
    "branch_protection_rule",
    "repository_ruleset",
];

fn examples() -> Vec<Example> {
    let signed = Command::new("node")
        .args(["tests/outside/sign.mjs", SECRET])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("node runs: install nodejs, or run tests/run");
    assert!(
        signed.status.success(),
        "{}\nrun tests/run, or: npm ci --prefix tests/outside",
        String::from_utf8_lossy(&signed.stderr)
    );
    let text = String::from_utf8(signed.stdout).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("an example")).collect()
}

/// Another order, always the same one: by a hash of the id.
fn shuffled(examples: &[Example]) -> Vec<Example> {
    let mut other = examples.to_vec();
    other.sort_by_key(|example| countersign::domain::id::sha256(example.id.as_bytes()));
    let twice: Vec<Example> = other.iter().step_by(7).cloned().collect();
    other.extend(twice);
    other
}

async fn post(server: &Server, examples: &[Example]) -> BTreeMap<String, usize> {
    let mut states = BTreeMap::new();
    for example in examples {
        let answer = server
            .deliver_signed(
                &example.event,
                &example.id,
                example.body.as_bytes(),
                &example.signature,
            )
            .await;
        let status = answer.status();
        let answer: Value = answer.json().await.expect("JSON");
        if status == StatusCode::OK {
            assert_eq!(answer["duplicate"], true, "{}", example.id);
            continue;
        }
        assert_eq!(status, StatusCode::ACCEPTED, "{}: {answer}", example.id);
        let state = answer["state"].as_str().expect("a state").to_owned();
        assert_ne!(state, "set_aside", "{}: {answer}", example.id);
        if state == "applied" {
            assert!(CLAIMED.contains(&example.event.as_str()), "{}", example.id);
        }
        *states.entry(state).or_default() += 1;
    }
    states
}

both!(every_example_is_kept_and_any_order_leaves_the_same_state, |kind| async move {
    let examples = examples();
    assert!(examples.len() > 700, "only {} examples", examples.len());

    let world = World::new(kind).await;
    let server = Server::start(&world).await;
    let states = post(&server, &examples).await;
    assert_eq!(states.values().sum::<usize>(), examples.len());
    assert!(states["applied"] > 150, "{states:?}");
    world.app.work_until_idle().await;

    let other = World::new(kind).await;
    let second = Server::start(&other).await;
    post(&second, &shuffled(&examples)).await;
    other.app.work_until_idle().await;
    assert_same_state(&world.app, &other.app, "shuffled and doubled").await;

    let reader = token(&world, Role::Reader).await;
    let mut kept = 0;
    let mut path = "/api/v1/deliveries?limit=500".to_owned();
    loop {
        let page: Value = server.get(&path, &reader).await.json().await.expect("JSON");
        kept += page["items"].as_array().map_or(0, Vec::len);
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/deliveries?limit=500&cursor={next}");
    }
    assert_eq!(kept, examples.len(), "not every example was kept");
    let found = world.app.verify_ledger(&world.operator(), |_, _| {}).await.expect("verifies");
    assert_eq!(found.faults, Vec::<String>::new());
});
