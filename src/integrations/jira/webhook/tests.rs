//! Jira's deliveries in the shapes of Cloud, Data Center and old Data Centers.

use serde_json::{Value, json};

use super::*;
use crate::integrations::{Interest, natural_key};

fn body() -> Value {
    json!({
        "timestamp": 1_485_797_534_721_i64, "webhookEvent": "jira:issue_updated",
        "issue_event_type_name": "issue_generic",
        "user": {"accountId": "99:b8d8a054", "displayName": "Ada", "accountType": "atlassian"},
        "issue": {"id": "10000", "key": "TEST-1", "fields": {
            "issuetype": {"id": "10101", "name": "Task", "subtask": false},
            "project": {"id": "10000", "key": "ABC"},
            "status": {"id": "3", "name": "In Progress", "statusCategory": {"id": 4, "key": "indeterminate"}},
            "summary": "Fix that", "description": null, "labels": [],
            "created": "2017-01-30T18:30:00.000+0100", "updated": "2017-01-30T18:32:14.716+0100"}},
        "changelog": {"id": "10000", "items": [{"field": "status", "fieldtype": "jira", "from": "10000",
            "fromString": "To Do", "to": "3", "toString": "In Progress"}]},
    })
}

fn told(body: &Value) -> TicketEvent {
    let bytes = body.to_string().into_bytes();
    let normalised = normalise(&event_name(&bytes), &bytes).expect("understood");
    match <[Event; 1]>::try_from(normalised.events) {
        Ok([Event::Ticket(event)]) => event,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_change_of_status_is_read_with_its_time_and_its_place_in_the_history() {
    let event = told(&body());
    assert_eq!(
        (event.id.as_str(), event.key.as_str(), event.project.as_str()),
        ("10000", "TEST-1", "ABC")
    );
    assert_eq!((event.action.as_str(), event.sequence.as_str()), ("status", "10000"));
    assert_eq!(event.status.as_deref(), Some("In Progress"));
    assert_eq!(event.category.as_deref(), Some("indeterminate"));
    assert_eq!(event.moment.to_string(), "2017-01-30T17:32:14.721000Z");
    let created = event.created_at.map(|at| at.to_string());
    assert_eq!(created.as_deref(), Some("2017-01-30T17:30:00.000000Z"));
}

#[test]
fn a_body_that_is_ahead_of_its_change_tells_the_changes_status_and_no_category() {
    let mut body = body();
    body["issue"]["fields"]["status"] =
        json!({"id": "5", "name": "Done", "statusCategory": {"key": "done"}});
    let event = told(&body);
    assert_eq!((event.status.as_deref(), event.category), (Some("In Progress"), None));
}

#[test]
fn a_move_keeps_the_old_key() {
    let mut body = body();
    body["issue"]["key"] = json!("PAY-7");
    body["changelog"]["items"] = json!([
        {"field": "project", "from": "10000", "fromString": "Operations", "to": "10001", "toString": "Payments"},
        {"field": "Key", "from": null, "fromString": "OPS-3", "to": null, "toString": "PAY-7"},
    ]);
    let event = told(&body);
    assert_eq!((event.action.as_str(), event.former_keys), ("moved", vec!["OPS-3".to_owned()]));
    assert_eq!(event.id, "10000");
}

#[test]
fn accounts_are_known_by_the_best_id_that_the_version_has() {
    let by = |user: Value| {
        let mut body = body();
        body["user"] = user;
        told(&body).by.map(|by| (by.id, by.login, by.kind))
    };
    let known = |id: &str, login: &str, kind| Some((id.to_owned(), login.to_owned(), kind));
    let (user, bot) = (AccountKind::User, AccountKind::Bot);
    let cloud = json!({"accountId": "1:a", "displayName": "Ada", "accountType": "app"});
    assert_eq!(by(cloud), known("1:a", "Ada", bot));
    let server = json!({"key": "JIRAUSER10100", "name": "ada", "displayName": "Ada L."});
    assert_eq!(by(server), known("JIRAUSER10100", "Ada L.", user));
    assert_eq!(by(json!({"name": "ada"})), known("ada", "ada", user));
    assert_eq!(by(json!({"displayName": "Somebody"})), None);
    assert_eq!(by(Value::Null), None);
}

#[test]
fn old_and_trimmed_bodies_are_read_as_far_as_they_go() {
    let event = told(&json!({
        "webhookEvent": "jira:issue_deleted", "timestamp": "1485797534721",
        "issue": {"id": 10000, "key": "OLD-9", "self": "https://jira.example.com/rest/api/2/issue/10000"},
    }));
    assert_eq!((event.deleted, event.project.as_str(), event.title.as_str()), (true, "OLD", ""));
    assert_eq!((event.status, event.by, event.action.as_str()), (None, None, "deleted"));
}

#[test]
fn the_digest_of_the_scope_follows_the_description_in_both_its_forms() {
    let scope = |description: Value| {
        let mut body = body();
        body["issue"]["fields"]["description"] = description;
        told(&body).scope
    };
    assert_ne!(scope(json!("a")), scope(json!("b")));
    assert_ne!(scope(json!({"type": "doc", "x": 1})), scope(json!({"type": "doc", "x": 2})));
    assert_eq!(scope(Value::Null), scope(json!("")));
}

#[test]
fn two_webhooks_tell_of_one_change_with_clocks_apart_and_one_natural_key() {
    let mut later = body();
    later["timestamp"] = json!(1_485_797_534_725_i64);
    let key = |body: &Value| natural_key(&Event::Ticket(told(body)), "jira");
    assert_eq!(key(&body()), key(&later));
    later["changelog"]["id"] = json!("10001");
    assert_ne!(key(&body()), key(&later));
}

#[test]
fn other_events_are_of_no_interest_by_name_and_bad_bodies_are_refused() {
    let normalised = normalise("comment_created", b"{}").expect("kept");
    let why = "nothing follows from Jira's event `comment_created`: it is kept, and nothing more";
    assert_eq!(normalised.interest, Interest::None(why.to_owned()));
    let refused =
        |event: &str, body: &[u8]| normalise(event, body).expect_err("refused").to_string();
    assert_eq!(
        refused("", b"{}"),
        "the body has another shape than expected: `webhookEvent`: is missing"
    );
    assert_eq!(
        refused("jira:issue_updated", br#"{"issue":{"id":"1","key":"A-1"}}"#),
        "the body has another shape than expected: `timestamp`: no time is given"
    );
    assert_eq!(
        refused("jira:issue_updated", br#"{"issue":{"id":"","key":"A-1"}}"#),
        "the body has another shape than expected: `issue.id`: invalid value: string \"\", expected an id: a \
         whole number or a text that is not empty"
    );
}
