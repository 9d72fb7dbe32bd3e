//! The event's own name, independent of the delivery that brought it (sem 10).
//!
//! An organisation's webhook and an app's webhook both tell of one review: two deliveries with two ids, one fact.
//! The key is the source, the kind, the ids of the thing, and a digest of everything that the event says; the
//! same fact says the same, and two edits within one second say different things.

use crate::domain::event::Event;
use crate::domain::id;

/// The key of a fact. `source` is the configured name of the source, so that two servers never share a key.
#[must_use]
pub fn natural_key(event: &Event, source: &str) -> String {
    let (kind, ids) = naming(event);
    if happens_once(event) {
        return format!("{source}:{kind}:{}", ids.join(":"));
    }
    let said = serde_json::to_string(event).unwrap_or_default();
    let digest = id::derived("", &[source, &said]);
    format!("{source}:{kind}:{}:{}", ids.join(":"), digest.trim_start_matches('_'))
}

/// What an event tells of, as an entry names it: source, kind and ids, and nothing that anybody wrote.
#[must_use]
pub fn told_of(event: &Event, source: &str) -> String {
    let (kind, ids) = naming(event);
    format!("{source}:{kind}:{}", ids.join(":"))
}

/// Does [`natural_key`] name one fact for ever? Not for membership: its deliveries carry no clock, so joining,
/// leaving and joining again gives the first key a second time. Use the delivery's key for those.
#[must_use]
pub fn names_one_fact(event: &Event) -> bool {
    !matches!(event, Event::Membership(_))
}

/// The ids alone name the fact: a ticket is made and deleted once, and a tracker numbers its changes. Two webhooks
/// of one Jira tell of one change with clocks some milliseconds apart.
fn happens_once(event: &Event) -> bool {
    let Event::Ticket(ticket) = event else { return false };
    !ticket.sequence.is_empty() || ticket.deleted || ticket.action == "created"
}

fn naming(event: &Event) -> (&'static str, Vec<String>) {
    match event {
        Event::PullRequest(e) => ("pull_request", named(&[&e.repo.id, &e.number, &e.action])),
        Event::Review(e) => ("review", named(&[&e.repo.id, &e.number, &e.review, &e.action])),
        Event::Comment(e) => ("comment", named(&[&e.repo.id, &e.number, &e.comment, &e.action])),
        Event::Push(e) => ("push", named(&[&e.repo.id, &e.reference])),
        Event::Ticket(e) => ("ticket", named(&[&e.id, &e.action, &e.sequence])),
        Event::Deployment(e) => ("deployment", named(&[&e.repo.id, &e.deployment])),
        Event::DeploymentStatus(e) => (
            "deployment_status",
            named(&[&e.deployment.repo.id, &e.deployment.deployment, &e.status]),
        ),
        Event::Check(e) => ("check", named(&[&e.repo.id, &e.sha, &e.run, &e.action])),
        Event::MergeGroup(e) => ("merge_group", named(&[&e.repo.id, &e.head, &e.action])),
        Event::Membership(e) => ("membership", named(&[&e.team, &e.action])),
        Event::Protection(e) => ("protection", named(&[&e.what, &e.rule, &e.action])),
    }
}

fn named(parts: &[&dyn std::fmt::Display]) -> Vec<String> {
    parts.iter().map(ToString::to_string).collect()
}
