//! The bodies of deliveries, in the shapes that the real senders use.

use serde_json::{Value, json};

use super::comments::Comment;
use super::deploys::Deployment;
use super::pulls::{Pull, Review};
use super::queue::Group;
use super::repos::{Issue, Repository};
use super::tracker::{Item, Ticket};
use super::{Account, Forge, ForgeError, sha};
use crate::domain::{Oid, Time};

const WEB: &str = "https://github.example";

/// Whole seconds with `Z`, as GitHub writes.
fn time(at: Time) -> String {
    at.utc().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn user(account: &Account) -> Value {
    json!({
        "login": account.login, "id": account.id, "node_id": format!("U_{}", account.id),
        "avatar_url": "", "html_url": format!("{WEB}/{}", account.login),
        "type": if account.bot { "Bot" } else { "User" }, "site_admin": false,
    })
}

fn owner(repo: &str) -> &str {
    repo.split('/').next().unwrap_or_default()
}

/// The id of the one organisation.
const ORGANIZATION: u64 = 501;

fn organization(login: &str) -> Value {
    json!({ "login": login, "id": ORGANIZATION, "node_id": "O_501", "description": "" })
}

fn repository(repo: &Repository) -> Value {
    let owner = owner(&repo.name);
    json!({
        "id": repo.id, "node_id": format!("R_{}", repo.id),
        "name": repo.name.rsplit('/').next().unwrap_or_default(), "full_name": repo.name, "private": true,
        "owner": { "login": owner, "id": 501, "type": "Organization" },
        "html_url": format!("{WEB}/{}", repo.name), "clone_url": format!("{WEB}/{}.git", repo.name),
        "fork": false, "archived": false, "default_branch": "main", "visibility": "private",
    })
}

/// What stands around every delivery about a repository.
fn around(repo: &Repository, sender: &Account, own: Value) -> Value {
    let mut body = json!({
        "repository": repository(repo),
        "organization": organization(owner(&repo.name)),
        "sender": user(sender),
    });
    if let (Value::Object(body), Value::Object(own)) = (&mut body, own) {
        body.extend(own);
    }
    body
}

pub(super) fn membership(team: &str, id: u64, action: &str, member: &Account) -> Value {
    let (organization_login, slug) = team.split_once('/').unwrap_or(("", team));
    json!({
        "action": action, "scope": "team", "member": user(member), "sender": user(member),
        "team": {
            "id": id, "node_id": format!("T_{id}"), "name": slug, "slug": slug, "privacy": "closed",
            "permission": "push", "parent": null,
        },
        "organization": organization(organization_login),
    })
}

pub(super) fn merge_group(
    repo: &Repository,
    group: &Group,
    (action, reason): (&str, Option<&str>),
) -> Value {
    let mut own = json!({
        "action": action,
        "merge_group": {
            "head_sha": group.head.to_string(), "head_ref": group.reference,
            "base_sha": group.base.to_string(), "base_ref": format!("refs/heads/{}", group.branch),
        },
    });
    if let (Some(reason), Some(fields)) = (reason, own.as_object_mut()) {
        fields.insert("reason".to_owned(), reason.into());
    }
    around(repo, &group.by, own)
}

/// REST answers about a team, by path: the team by its name, its members by its ids.
pub(super) fn team_answers<'a>(
    name: &str,
    id: u64,
    members: impl Iterator<Item = &'a Account>,
) -> [(String, Value); 2] {
    let (organization_login, slug) = name.split_once('/').unwrap_or(("", name));
    let organization = organization(organization_login);
    let team = json!({ "id": id, "name": slug, "slug": slug, "organization": organization });
    [
        (format!("/orgs/{organization_login}/teams/{slug}"), team),
        (format!("/organizations/{ORGANIZATION}/team/{id}/members"), members.map(user).collect()),
    ]
}

fn pull(repo: &Repository, pull: &Pull, at: Time) -> Value {
    let merged = pull.merged.as_ref();
    let closed = (!pull.open).then(|| time(merged.map_or(at, |(_, at, _)| *at)));
    json!({
        "id": pull.id, "node_id": format!("PR_{}", pull.id), "number": pull.number,
        "html_url": format!("{WEB}/{}/pull/{}", repo.name, pull.number),
        "state": if pull.open { "open" } else { "closed" }, "locked": false,
        "title": pull.title, "body": pull.body, "user": user(&pull.opener),
        "created_at": time(pull.created_at), "updated_at": time(at), "closed_at": closed,
        "merged_at": merged.map(|(_, at, _)| time(*at)),
        "merge_commit_sha": merged.map(|(commit, _, _)| commit.to_string()),
        "merged": merged.is_some(), "merged_by": merged.map(|(_, _, by)| user(by)),
        "draft": pull.draft, "assignees": pull.assignees.iter().map(user).collect::<Vec<_>>(), "requested_reviewers": [], "requested_teams": [],
        "labels": pull.labels.iter().map(|label| json!({ "name": label, "color": "ededed" })).collect::<Vec<_>>(),
        "head": branch(repo, &pull.branch, pull.head), "base": branch(repo, &pull.base, pull.base_sha),
        "author_association": "MEMBER", "auto_merge": null,
    })
}

fn branch(repo: &Repository, name: &str, commit: Oid) -> Value {
    json!({
        "label": format!("{}:{name}", owner(&repo.name)), "ref": name, "sha": commit,
        "repo": repository(repo),
    })
}

pub(super) fn pull_request(
    repo: &Repository,
    state: &Pull,
    action: &str,
    sender: &Account,
    before: Option<Oid>,
    at: Time,
) -> Value {
    let mut own = json!({
        "action": action, "number": state.number, "pull_request": pull(repo, state, at),
    });
    if let (Value::Object(own), Some(before)) = (&mut own, before) {
        own.insert("before".to_owned(), json!(before));
        own.insert("after".to_owned(), json!(state.head));
    }
    if let (Value::Object(own), "assigned", Some(last)) = (&mut own, action, state.assignees.last())
    {
        own.insert("assignee".to_owned(), user(last));
    }
    around(repo, sender, own)
}

pub(super) fn review(
    repo: &Repository,
    state: &Pull,
    review: &Review,
    action: &str,
    sender: &Account,
    at: Time,
) -> Value {
    let own = json!({
        "action": action, "pull_request": pull(repo, state, at),
        "review": {
            "id": review.id, "node_id": format!("PRR_{}", review.id), "user": user(&review.by),
            "body": review.body, "state": review.state, "commit_id": review.commit,
            "submitted_at": time(review.submitted_at), "updated_at": time(at),
            "html_url": format!("{WEB}/{}/pull/{}#pullrequestreview-{}", repo.name, state.number, review.id),
            "author_association": if review.by.member { "MEMBER" } else { "CONTRIBUTOR" },
        },
    });
    around(repo, sender, own)
}

pub(super) fn comment(
    repo: &Repository,
    state: &Pull,
    comment: &Comment,
    action: &str,
    sender: &Account,
) -> Value {
    let page = format!("{WEB}/{}/pull/{}", repo.name, state.number);
    let own = json!({
        "action": action,
        "issue": {
            "id": state.id + 1_000_000, "number": state.number, "title": state.title, "state": "open",
            "user": user(&state.opener), "pull_request": { "html_url": page },
        },
        "comment": {
            "id": comment.id, "node_id": format!("IC_{}", comment.id), "user": user(&comment.by),
            "body": comment.body, "created_at": time(comment.created_at),
            "updated_at": time(comment.updated_at), "performed_via_github_app": null,
            "html_url": format!("{page}#issuecomment-{}", comment.id),
            "author_association": if comment.by.member { "MEMBER" } else { "CONTRIBUTOR" },
        },
    });
    around(repo, sender, own)
}

/// A push to tell of.
#[derive(Debug)]
pub(super) struct Push<'a> {
    pub(super) reference: &'a str,
    pub(super) before: Option<Oid>,
    pub(super) after: Option<Oid>,
    pub(super) forced: bool,
    pub(super) commits: Vec<Value>,
}

pub(super) fn push(repo: &Repository, push: &Push<'_>, by: &Account) -> Value {
    let (before, after) = (sha(push.before), sha(push.after));
    let own = json!({
        "ref": push.reference, "before": before, "after": after, "base_ref": null,
        "created": push.before.is_none(), "deleted": push.after.is_none(), "forced": push.forced,
        "compare": format!("{WEB}/{}/compare/{before:.12}...{after:.12}", repo.name),
        "head_commit": push.commits.last(), "commits": push.commits,
        "pusher": { "name": by.login, "email": by.email },
    });
    around(repo, by, own)
}

/// A commit as a push lists it, with the accounts that the forge maps its addresses to.
pub(super) fn commit(forge: &Forge, repo: &Repository, oid: Oid) -> Result<Value, ForgeError> {
    let (words, tree) = repo.git.words(oid)?;
    let who = |name: &str, email: &str| {
        let known = forge.accounts.values().find(|account| account.email == email);
        let username = match known {
            Some(account) => Some(account.login.as_str()),
            None => (email == "noreply@github.com").then_some("web-flow"),
        };
        let mut who = json!({ "name": name, "email": email });
        if let (Value::Object(who), Some(username)) = (&mut who, username) {
            who.insert("username".to_owned(), json!(username));
        }
        who
    };
    Ok(json!({
        "id": oid, "tree_id": tree, "distinct": true, "message": words.message.trim_end(),
        "timestamp": time(words.committer.at), "url": format!("{WEB}/{}/commit/{oid}", repo.name),
        "author": who(&words.author.name, &words.author.email),
        "committer": who(&words.committer.name, &words.committer.email),
    }))
}

pub(super) fn issue(repo: &Repository, issue: &Issue, action: &str, at: Time) -> Value {
    let own = json!({
        "action": action,
        "issue": {
            "id": issue.id, "node_id": format!("I_{}", issue.id), "number": issue.number,
            "title": issue.title, "body": null, "user": user(&issue.by), "labels": [],
            "state": if issue.open { "open" } else { "closed" }, "comments": 0,
            "created_at": time(issue.created_at), "updated_at": time(at),
            "html_url": format!("{WEB}/{}/issues/{}", repo.name, issue.number),
        },
    });
    around(repo, &issue.by, own)
}

/// A check to tell of.
#[derive(Debug)]
pub(super) struct Check<'a> {
    pub(super) id: u64,
    pub(super) name: &'a str,
    pub(super) commit: Oid,
    pub(super) conclusion: &'a str,
    pub(super) at: Time,
}

pub(super) fn check_run(repo: &Repository, check: &Check<'_>) -> Value {
    let actions = Account {
        id: 41_898_282,
        login: "github-actions[bot]".to_owned(),
        name: "github-actions[bot]".to_owned(),
        email: "41898282+github-actions[bot]@users.noreply.github.com".to_owned(),
        bot: true,
        member: true,
    };
    let own = json!({
        "action": "completed",
        "check_run": {
            "id": check.id, "node_id": format!("CR_{}", check.id), "name": check.name,
            "head_sha": check.commit, "status": "completed", "conclusion": check.conclusion,
            "started_at": time(check.at), "completed_at": time(check.at),
            "app": { "id": 15_368, "slug": "github-actions", "name": "GitHub Actions" },
            "html_url": format!("{WEB}/{}/runs/{}", repo.name, check.id), "pull_requests": [],
        },
    });
    around(repo, &actions, own)
}

fn deployment_object(deployment: &Deployment) -> Value {
    json!({
        "id": deployment.id, "node_id": format!("DE_{}", deployment.id), "sha": deployment.commit,
        "ref": deployment.commit, "task": "deploy", "environment": deployment.environment,
        "original_environment": deployment.environment, "description": null,
        "payload": { "service": deployment.service }, "creator": user(&deployment.by),
        "created_at": time(deployment.created_at), "updated_at": time(deployment.created_at),
        "transient_environment": false, "production_environment": deployment.environment == "production",
    })
}

fn workflow_run(repo: &Repository, deployment: &Deployment) -> Value {
    json!({
        "id": deployment.id, "name": "deploy", "head_sha": deployment.commit,
        "html_url": format!("{WEB}/{}/actions/runs/{}", repo.name, deployment.id),
    })
}

pub(super) fn deployment(repo: &Repository, deployment: &Deployment, _at: Time) -> Value {
    let own = json!({
        "action": "created", "deployment": deployment_object(deployment),
        "workflow": null, "workflow_run": workflow_run(repo, deployment),
    });
    around(repo, &deployment.by, own)
}

pub(super) fn deployment_status(
    repo: &Repository,
    deployment: &Deployment,
    status: u64,
    state: &str,
    at: Time,
) -> Value {
    let own = json!({
        "action": "created", "deployment": deployment_object(deployment),
        "workflow": null, "workflow_run": workflow_run(repo, deployment),
        "deployment_status": {
            "id": status, "node_id": format!("DES_{status}"), "state": state, "description": "",
            "creator": user(&deployment.by), "environment": deployment.environment,
            "created_at": time(at), "updated_at": time(at), "target_url": "", "log_url": "",
        },
    });
    around(repo, &deployment.by, own)
}

/// Jira's form of a time.
fn jira_time(at: Time) -> String {
    at.utc().format("%Y-%m-%dT%H:%M:%S.000+0000").to_string()
}

/// The category and id of a status.
fn category(status: &str) -> (&'static str, &'static str, u64) {
    match status {
        "Done" => ("done", "Done", 10_002),
        "To Do" => ("new", "To Do", 10_000),
        _ => ("indeterminate", "In Progress", 10_001),
    }
}

/// A Jira delivery: the ticket as it stands, with what changed.
pub(super) fn jira(
    ticket: &Ticket,
    event: &str,
    by: &Account,
    (history, items): (u64, &[Item<'_>]),
    at: Time,
) -> Value {
    let project = ticket.key.split('-').next().unwrap_or_default();
    let (category, category_name, status) = category(&ticket.status);
    let person = |account: &Account| {
        json!({
            "accountId": format!("557058:{}", account.id), "displayName": account.name,
            "active": true, "accountType": if account.bot { "app" } else { "atlassian" },
        })
    };
    let items: Vec<Value> = items
        .iter()
        .map(|(field, from, to)| {
            json!({
                "field": field, "fieldtype": "jira", "fieldId": field, "from": null,
                "fromString": from, "to": null, "toString": to,
            })
        })
        .collect();
    let mut body = json!({
        "timestamp": at.micros() / 1000, "webhookEvent": event, "user": person(by),
        "issue": {
            "id": ticket.id.to_string(), "key": ticket.key,
            "self": format!("https://jira.example/rest/api/2/issue/{}", ticket.id),
            "fields": {
                "summary": ticket.title, "description": ticket.text,
                "project": { "id": "100", "key": project, "name": project },
                "issuetype": { "id": "1", "name": ticket.kind, "subtask": false },
                "status": {
                    "id": status.to_string(), "name": ticket.status,
                    "statusCategory": { "id": 4, "key": category, "name": category_name },
                },
                "reporter": person(&ticket.reporter), "priority": { "id": "3", "name": "Medium" },
                "created": jira_time(ticket.created_at), "updated": jira_time(at), "labels": [],
            },
        },
    });
    if let (Value::Object(body), false) = (&mut body, items.is_empty()) {
        let log = json!({ "id": history.to_string(), "items": items });
        body.insert("changelog".to_owned(), log);
        body.insert("issue_event_type_name".to_owned(), json!("issue_generic"));
    }
    body
}
