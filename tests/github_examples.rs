//! GitHub's own examples, which nobody here wrote: each is understood, or named as of no interest; none is refused.

#![expect(clippy::expect_used, reason = "a test: what breaks here fails it, with these words")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use countersign::domain::check::Checks;
use countersign::domain::deployment::Deployment;
use countersign::domain::event::Event;
use countersign::domain::merge_group::MergeGroup;
use countersign::domain::pull_request::PullRequest;
use countersign::domain::team::Team;
use countersign::domain::ticket::Ticket;
use countersign::domain::{Time, id};
use countersign::integrations::{Interest, SourceKind, natural_key, normalise};
use serde::Deserialize;
use serde_json::Value;

/// The events from which something follows.
const CLAIMED: [&str; 13] = [
    "pull_request",
    "pull_request_review",
    "issue_comment",
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

#[derive(Deserialize)]
struct Kind {
    name: String,
    examples: Vec<Value>,
}

#[derive(Default)]
struct Count {
    applied: usize,
    of_no_interest: usize,
    refused: Vec<String>,
}

fn package() -> PathBuf {
    let path = "tests/outside/node_modules/@octokit/webhooks-examples";
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    assert!(package.is_dir(), "{path} is missing: run tests/run or: npm ci --prefix tests/outside");
    package
}

fn sets() -> BTreeMap<String, Vec<Kind>> {
    let mut sets = BTreeMap::new();
    for entry in std::fs::read_dir(package()).expect("the package can be listed") {
        let entry = entry.expect("an entry");
        let Ok(text) = std::fs::read_to_string(entry.path().join("index.json")) else { continue };
        let kinds = serde_json::from_str(&text).expect("a list of examples");
        sets.insert(entry.file_name().to_string_lossy().into_owned(), kinds);
    }
    sets
}

fn count(set: &str, kinds: &[Kind]) -> Count {
    let mut count = Count::default();
    for kind in kinds {
        for (index, example) in kind.examples.iter().enumerate() {
            let here = format!("{set} {} {index}", kind.name);
            match normalise(SourceKind::GitHub, &kind.name, example.to_string().as_bytes()) {
                Ok(told) if told.interest == Interest::Applied => {
                    assert!(CLAIMED.contains(&kind.name.as_str()), "{here}");
                    assert!(!told.events.is_empty(), "{here}: applied, but says nothing");
                    assert!(
                        told.events.iter().all(|e| natural_key(e, "github").len() > 20),
                        "{here}"
                    );
                    count.applied += 1;
                }
                Ok(told) => {
                    let Interest::None(why) = told.interest else { continue };
                    assert!(!why.is_empty() && told.events.is_empty(), "{here}");
                    let named = why.contains(&format!("`{}`", kind.name));
                    assert!(named || CLAIMED.contains(&kind.name.as_str()), "{here}: {why}");
                    count.of_no_interest += 1;
                }
                Err(refusal) => count.refused.push(format!("{here}: {refusal}")),
            }
        }
    }
    count
}

#[test]
fn every_example_is_understood_or_named_as_of_no_interest() {
    let sets = sets();
    assert!(sets.len() >= 6, "GitHub.com and five versions of the server: {:?}", sets.keys());
    let (mut total, mut refused) = (0, Vec::new());
    for (name, kinds) in &sets {
        let count = count(name, kinds);
        let all = count.applied + count.of_no_interest + count.refused.len();
        println!(
            "{name}: {all} examples, {} applied, {} of no interest, {} refused",
            count.applied,
            count.of_no_interest,
            count.refused.len()
        );
        total += all;
        refused.extend(count.refused);
    }
    assert!(refused.is_empty(), "{} of {total} refused:\n{}", refused.len(), refused.join("\n"));
    assert!(total >= 726, "only {total} examples were found");
}

#[test]
fn what_is_passed_over_among_the_claimed_events_is_exactly_this() {
    let mut passed = BTreeSet::new();
    for kind in sets().into_values().flatten() {
        for example in &kind.examples {
            let told = normalise(SourceKind::GitHub, &kind.name, example.to_string().as_bytes());
            let Ok(Interest::None(why)) = told.map(|told| told.interest) else { continue };
            if CLAIMED.contains(&kind.name.as_str()) {
                passed.insert(format!("{}: {why}", kind.name));
            }
        }
    }
    let expected = [
        "issue_comment: a comment on an issue says nothing about a change",
        "issues: this issue is a pull request, which tells of itself elsewhere",
        "team: which repositories a team may use is not followed",
    ];
    assert_eq!(passed, expected.map(str::to_owned).into());
}

/// Everything that the aggregates make of a list of events, as text.
#[derive(Default)]
struct World {
    pulls: BTreeMap<String, PullRequest>,
    tickets: BTreeMap<String, Ticket>,
    teams: BTreeMap<String, Team>,
    deployments: BTreeMap<String, Deployment>,
    checks: BTreeMap<String, Checks>,
    groups: BTreeMap<String, MergeGroup>,
}

impl World {
    fn apply(&mut self, event: &Event, received: Time) {
        match event {
            Event::PullRequest(e) => self.pull(&e.repo.id, e.number).apply(e),
            Event::Review(e) => self.pull(&e.repo.id, e.number).apply_review(e),
            Event::Comment(e) => self.pull(&e.repo.id, e.number).apply_comment(e),
            Event::Ticket(e) => {
                self.tickets.entry(e.id.clone()).or_insert_with(|| Ticket::new(&e.id)).apply(e);
            }
            Event::Deployment(e) => self.deployment(&e.deployment).apply(e),
            Event::DeploymentStatus(e) => {
                self.deployment(&e.deployment.deployment).apply_status(e);
            }
            Event::Check(e) => {
                let key = format!("{} {}", e.repo.id, e.sha);
                let new = || Checks::new(&e.repo.id, e.sha);
                self.checks.entry(key).or_insert_with(new).apply(e);
            }
            Event::MergeGroup(e) => {
                let key = format!("{} {}", e.repo.id, e.head);
                self.groups.entry(key).or_insert_with(|| MergeGroup::new(e)).apply(e);
            }
            Event::Membership(e) => {
                self.teams
                    .entry(e.team.clone())
                    .or_insert_with(|| Team::new(&e.team))
                    .apply(e, received);
            }
            Event::Push(_) | Event::Protection(_) => {}
        }
    }

    fn pull(&mut self, repo: &str, number: u64) -> &mut PullRequest {
        let key = format!("{repo} {number}");
        self.pulls.entry(key).or_insert_with(|| PullRequest::new(repo, number))
    }

    fn deployment(&mut self, id: &str) -> &mut Deployment {
        self.deployments.entry(id.to_owned()).or_insert_with(|| Deployment::new(id))
    }

    fn digest(&self) -> String {
        let all = (
            &self.pulls,
            &self.tickets,
            &self.teams,
            &self.deployments,
            &self.checks,
            &self.groups,
        );
        id::sha256(&serde_json::to_vec(&all).expect("aggregates have a text form"))
    }
}

#[test]
fn the_examples_shuffled_and_doubled_lead_to_the_same_state() {
    let mut events = Vec::new();
    for kind in sets().into_values().flatten() {
        for example in &kind.examples {
            let told = normalise(SourceKind::GitHub, &kind.name, example.to_string().as_bytes());
            events.extend(told.expect("understood").events);
        }
    }
    // The moment of the first delivery of a fact goes with the fact.
    let mut facts: Vec<(Event, Time)> = (0..)
        .zip(events)
        .filter_map(|(second, event)| Some((event, Time::from_seconds(1_795_000_000 + second)?)))
        .collect();
    let digest = |facts: &[(Event, Time)]| {
        let mut world = World::default();
        for (event, received) in facts {
            world.apply(event, *received);
        }
        assert!(world.pulls.len() > 1 && world.tickets.len() > 1 && !world.teams.is_empty());
        world.digest()
    };
    let expected = digest(&facts);
    facts.extend(facts.clone());
    for round in 0..20 {
        facts.sort_by_cached_key(|(event, at)| {
            id::derived(&round.to_string(), &[&format!("{event:?}{at}")])
        });
        assert_eq!(digest(&facts), expected, "round {round}");
        facts.reverse();
        assert_eq!(digest(&facts), expected, "round {round}, backwards");
    }
}
