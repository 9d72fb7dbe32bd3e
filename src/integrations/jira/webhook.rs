//! Jira's deliveries in our words: issues that are made, changed, moved and deleted.
//!
//! Cloud and Data Center differ, and old Data Centers differ again: accounts have an `accountId`, or a `key`, or
//! only a `name`; descriptions are text or a document. The issue's `id` is its identity; its key changes when it
//! is moved, and does not always begin with the key of its project.

use serde::Deserialize;

use super::super::normalised::{Normalised, Refusal, lacking, read};
use super::super::payload::{self, Id, Text, time_or_none};
use crate::domain::event::{Event, TicketEvent};
use crate::domain::{Account, AccountKind, Time};

#[derive(Deserialize)]
struct Delivery {
    #[serde(default)]
    timestamp: Option<Millis>,
    #[serde(default)]
    user: Option<User>,
    issue: Issue,
    #[serde(default)]
    changelog: Option<Changelog>,
}

/// Milliseconds since 1970, as a number or as text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Millis {
    Number(i64),
    Text(String),
}

impl Millis {
    fn time(&self) -> Option<Time> {
        let millis = match self {
            Self::Number(millis) => Some(*millis),
            Self::Text(text) => text.parse().ok(),
        };
        Time::from_micros(millis?.checked_mul(1000)?)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    #[serde(default)]
    account_id: Option<Id>,
    #[serde(default)]
    key: Option<Id>,
    #[serde(default)]
    name: Option<Text>,
    #[serde(default)]
    display_name: Option<Text>,
    #[serde(default)]
    account_type: Option<Text>,
}

#[derive(Deserialize)]
struct Issue {
    id: Id,
    key: Text,
    #[serde(default)]
    fields: Option<Fields>,
}

/// Above a size limit Jira leaves fields out.
#[derive(Default, Deserialize)]
struct Fields {
    #[serde(default)]
    summary: Option<Text>,
    #[serde(default)]
    description: serde_json::Value,
    #[serde(default)]
    project: Option<Keyed>,
    #[serde(default)]
    issuetype: Option<Named>,
    #[serde(default)]
    status: Option<Status>,
    #[serde(default, deserialize_with = "time_or_none")]
    created: Option<Time>,
    #[serde(default, deserialize_with = "time_or_none")]
    updated: Option<Time>,
}

#[derive(Deserialize)]
struct Keyed {
    key: Text,
}

#[derive(Deserialize)]
struct Named {
    name: Text,
}

#[derive(Deserialize)]
struct Status {
    #[serde(default)]
    id: Option<Id>,
    name: Text,
    #[serde(default)]
    #[serde(rename = "statusCategory")]
    category: Option<Keyed>,
}

#[derive(Deserialize)]
struct Changelog {
    #[serde(default)]
    id: Option<Id>,
    #[serde(default)]
    items: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    field: Text,
    #[serde(default, rename = "fromString")]
    from_text: Option<Text>,
    #[serde(default)]
    to: serde_json::Value,
    #[serde(default, rename = "toString")]
    to_text: Option<Text>,
}

/// The event that a body names; empty: none. Jira has no header for it.
#[must_use]
pub fn event_name(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Named {
        #[serde(default, rename = "webhookEvent")]
        event: Option<Text>,
    }
    read::<Named>(body).map(|named| Text::or_empty(named.event)).unwrap_or_default()
}

/// Reads a delivery. `event` comes from [`event_name`]. An event that is not listed is of no interest, by name.
pub fn normalise(event: &str, body: &[u8]) -> Result<Normalised, Refusal> {
    let action = match event {
        "jira:issue_created" => "created",
        "jira:issue_updated" => "updated",
        "jira:issue_deleted" => "deleted",
        _ => return unknown(event, body),
    };
    let delivery: Delivery = read(body)?;
    let ticket = ticket(delivery, action)?;
    let action = Some(ticket.action.clone());
    Ok(Normalised::one(None, action, Event::Ticket(ticket)))
}

fn unknown(event: &str, body: &[u8]) -> Result<Normalised, Refusal> {
    read::<serde::de::IgnoredAny>(body)?;
    if event.is_empty() {
        return Err(lacking("webhookEvent", "is missing"));
    }
    let name: String = event.chars().filter(|c| !c.is_control()).take(80).collect();
    let why = format!("nothing follows from Jira's event `{name}`: it is kept, and nothing more");
    Ok(Normalised::nothing(None, None, why))
}

fn ticket(delivery: Delivery, action: &str) -> Result<TicketEvent, Refusal> {
    let (issue, changelog) = (delivery.issue, delivery.changelog);
    let fields = issue.fields.unwrap_or_default();
    let told = delivery.timestamp.as_ref().and_then(Millis::time);
    let moment = told.or(fields.updated);
    let title = Text::or_empty(fields.summary);
    let changes = changelog.as_ref().map_or(&[][..], |log| &log.items);
    let former_keys = former_keys(changes, &issue.key.0);
    let moved = change(changes, "status");
    let (status, category) = status(fields.status, moved);
    let action = match (action, moved) {
        ("updated", _) if !former_keys.is_empty() => "moved",
        ("updated", Some(_)) => "status",
        (other, _) => other,
    };
    Ok(TicketEvent {
        id: issue.id.0,
        project: project(fields.project, &issue.key.0),
        key: issue.key.0,
        action: action.to_owned(),
        moment: moment.ok_or_else(|| lacking("timestamp", "no time is given"))?,
        sequence: changelog.and_then(|log| log.id).map(|id| id.0).unwrap_or_default(),
        kind: fields.issuetype.map(|kind| kind.name.0),
        scope: scope(&title, &fields.description),
        title,
        status,
        category,
        created_at: fields.created,
        former_keys,
        deleted: action == "deleted",
        by: delivery.user.and_then(account),
        url: None,
    })
}

/// The status that this change led to. The issue may have moved on by the time Jira wrote the body: then the name
/// comes from the change, and the category, which the change does not tell, stays unknown.
fn status(now: Option<Status>, moved: Option<&Change>) -> (Option<String>, Option<String>) {
    let led_to = moved.and_then(|change| change.to_text.as_ref());
    let same = |status: &Status| {
        let id = status.id.as_ref().map(|id| id.0.as_str());
        let to = moved.and_then(|change| change.to.as_str());
        led_to.is_none_or(|name| *name == status.name) || (id.is_some() && id == to)
    };
    match now {
        Some(status) if same(&status) => {
            (Some(status.name.0), status.category.map(|category| category.key.0))
        }
        _ => (led_to.map(|name| name.0.clone()), None),
    }
}

fn change<'a>(changes: &'a [Change], field: &str) -> Option<&'a Change> {
    changes.iter().find(|change| change.field.0.eq_ignore_ascii_case(field))
}

/// Keys that the issue had before this change.
fn former_keys(changes: &[Change], now: &str) -> Vec<String> {
    let of_key = changes.iter().filter(|change| change.field.0.eq_ignore_ascii_case("key"));
    let former = of_key.filter_map(|change| change.from_text.as_ref()).map(|text| text.0.clone());
    former.filter(|key| !key.is_empty() && key != now).collect()
}

/// The project as told; only a body without one is read from the key.
fn project(told: Option<Keyed>, key: &str) -> String {
    let of_key = || key.rsplit_once('-').map_or(key, |(project, _)| project).to_owned();
    told.map_or_else(of_key, |project| project.key.0)
}

/// The digest over title and description, which Cloud sends as text and as a document.
fn scope(title: &str, description: &serde_json::Value) -> String {
    let text = match description {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        document => serde_json_canonicalizer::to_string(document).unwrap_or_default(),
    };
    payload::scope(title, &text)
}

/// The account by its immutable id: `accountId` in Cloud, `key` in Data Center, and only where both lack its name.
fn account(user: User) -> Option<Account> {
    let name = user.name.filter(|name| !name.0.is_empty());
    let by_name = name.as_ref().map(|name| name.0.clone());
    let id = user.account_id.or(user.key).map(|id| id.0).or(by_name)?;
    let login = user.display_name.or(name).map(|name| name.0).unwrap_or_default();
    let person =
        user.account_type.is_none_or(|kind| matches!(kind.0.as_str(), "atlassian" | "customer"));
    let kind = if person { AccountKind::User } else { AccountKind::Bot };
    Some(Account { id, login, kind })
}

#[cfg(test)]
mod tests;
