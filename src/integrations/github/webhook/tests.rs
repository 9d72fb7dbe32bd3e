//! GitHub's deliveries, written by hand for what no example shows. The vendor's own examples are read in
//! `tests/github_examples.rs`.

use serde_json::{Value, json};

use super::*;
use crate::domain::AccountKind;
use crate::integrations::{Interest, natural_key};

const HEAD: &str = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";
const BASE: &str = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e";
const ZERO: &str = "0000000000000000000000000000000000000000";

fn around(own: &Value) -> Value {
    let mut all = json!({
        "repository": {"id": 186_853_002, "full_name": "acme/payments", "default_branch": "main"},
        "organization": {"login": "acme"},
        "sender": {"id": 1, "login": "ada", "type": "User"},
    });
    for (key, value) in own.as_object().expect("an object") {
        all[key] = value.clone();
    }
    all
}

fn told(event: &str, own: &Value) -> Normalised {
    normalise(event, around(own).to_string().as_bytes()).expect("understood")
}

fn refused(event: &str, own: &Value) -> String {
    normalise(event, around(own).to_string().as_bytes()).expect_err("refused").to_string()
}

/// The only event, of this variant.
macro_rules! only {
    ($normalised:expr, $variant:ident) => {
        match <[Event; 1]>::try_from($normalised.events) {
            Ok([Event::$variant(event)]) => event,
            other => panic!("{other:?}"),
        }
    };
}

fn pull(change: &Value) -> Value {
    let mut pull = json!({
        "number": 7, "title": "PAY-7: round half even", "body": null, "state": "open",
        "user": {"id": 1, "login": "ada", "type": "User"},
        "head": {"ref": "feature", "sha": HEAD, "repo": null},
        "base": {"ref": "main", "sha": BASE, "repo": {"id": 186_853_002, "full_name": "acme/payments"}},
        "labels": [{"name": "b"}, {"name": "a"}],
        "merge_commit_sha": "c4295bd74fb0f4fda03689c3df3f2803b658fd85",
        "html_url": "https://github.com/acme/payments/pull/7",
        "created_at": "2026-11-20T14:00:00Z", "updated_at": "2026-11-20T15:00:00+01:00",
    });
    for (key, value) in change.as_object().expect("an object") {
        pull[key] = value.clone();
    }
    pull
}

#[test]
fn a_pull_request_of_a_deleted_fork_is_read_and_its_trial_merge_is_no_landing() {
    let own = json!({"action": "synchronize", "before": BASE, "pull_request": pull(&json!({}))});
    let normalised = told("pull_request", &own);
    assert_eq!(normalised.action.as_deref(), Some("synchronize"));
    let event = only!(normalised, PullRequest);
    assert_eq!((event.head_repo, event.merge_commit, event.merged), (None, None, false));
    assert_eq!(
        (event.labels.join(" "), event.body.as_str(), event.open),
        ("a b".to_owned(), "", true)
    );
    assert_eq!(event.before.map(|before| before.to_string()).as_deref(), Some(BASE));
    assert_eq!(event.moment.to_string(), "2026-11-20T14:00:00.000000Z");
}

#[test]
fn a_merged_pull_request_names_its_commit_and_who_landed_it() {
    let merged = json!({"state": "closed", "merged": true, "merged_at": "2026-11-20T14:00:00Z",
        "merged_by": {"id": 9, "login": "grace", "type": "User"}});
    let event = only!(
        told("pull_request", &json!({"action": "closed", "pull_request": pull(&merged)})),
        PullRequest
    );
    assert!(event.merged && !event.open && event.merge_commit.is_some());
    assert_eq!(event.merged_by.map(|by| by.login).as_deref(), Some("grace"));
}

#[test]
fn only_what_says_user_is_a_person_and_a_missing_account_is_nobody() {
    let kind = |user: Value| {
        let pull = pull(&json!({"user": user}));
        only!(told("pull_request", &json!({"action": "opened", "pull_request": pull})), PullRequest)
            .opener
            .map(|opener| (opener.id, opener.kind))
    };
    let person = json!({"id": "1", "login": "ada", "type": "User"});
    assert_eq!(kind(person), Some(("1".to_owned(), AccountKind::User)));
    for machine in [
        json!({"id": 2, "login": "dependabot[bot]", "type": "Bot"}),
        json!({"id": 2, "login": "renovate[bot]", "type": "User"}),
        json!({"id": 2, "login": "acme", "type": "Organization"}),
        json!({"id": 2, "login": "old", "type": "Mannequin"}),
        json!({"id": 2, "login": "untold"}),
    ] {
        assert_eq!(kind(machine), Some(("2".to_owned(), AccountKind::Bot)));
    }
    assert_eq!(kind(Value::Null), None);
    assert_eq!(kind(json!({"login": "ghost", "id": null})), None);
}

#[test]
fn links_of_other_schemes_are_dropped_and_nul_is_made_visible() {
    let change = json!({"html_url": "javascript:alert(1)", "title": "a\u{0}b"});
    let own = json!({"action": "opened", "pull_request": pull(&change)});
    let event = only!(told("pull_request", &own), PullRequest);
    assert_eq!((event.url, event.title.as_str()), (None, "a\u{fffd}b"));
}

fn review(action: &str, state: &str) -> Value {
    json!({
        "action": action,
        "review": {"id": 90, "user": {"id": 9, "login": "grace", "type": "User"}, "body": null,
            "state": state, "commit_id": HEAD, "submitted_at": "2026-11-20T14:00:00Z"},
        "pull_request": {"number": 7, "updated_at": "2026-11-20T16:00:00Z"},
    })
}

#[test]
fn a_review_is_bound_to_its_commit_and_a_dismissal_has_a_moment_of_its_own() {
    let event = only!(told("pull_request_review", &review("submitted", "APPROVED")), Review);
    assert_eq!((event.state.as_str(), event.number), ("approved", 7));
    assert_eq!(event.commit.map(|commit| commit.to_string()).as_deref(), Some(HEAD));
    assert_eq!(event.moment.to_string(), "2026-11-20T14:00:00.000000Z");
    let event = only!(told("pull_request_review", &review("dismissed", "dismissed")), Review);
    assert_eq!(event.moment.to_string(), "2026-11-20T16:00:00.000000Z");
    let pending = told("pull_request_review", &review("submitted", "pending"));
    assert!(matches!(pending.interest, Interest::None(_)) && pending.events.is_empty());
}

#[test]
fn who_belongs_to_the_repository_is_told_and_silence_or_an_unknown_word_is_no_yes() {
    let member = |association: Value| {
        let mut own = review("submitted", "approved");
        own["review"]["author_association"] = association;
        only!(told("pull_request_review", &own), Review).member
    };
    for inside in ["OWNER", "MEMBER", "COLLABORATOR"] {
        assert_eq!(member(json!(inside)), Some(true), "{inside}");
    }
    let outside = [
        "CONTRIBUTOR",
        "FIRST_TIMER",
        "FIRST_TIME_CONTRIBUTOR",
        "MANNEQUIN",
        "NONE",
        "member",
        "X",
    ];
    for outside in outside {
        assert_eq!(member(json!(outside)), Some(false), "{outside}");
    }
    assert_eq!((member(json!("")), member(Value::Null)), (None, None));
}

#[test]
fn a_push_tells_creation_removal_and_tags_apart() {
    let push = |reference: &str, before: &str, after: &str| {
        let own = json!({"ref": reference, "before": before, "after": after, "forced": false,
            "commits": [], "head_commit": null});
        only!(told("push", &own), Push)
    };
    let made = push("refs/heads/main", ZERO, HEAD);
    assert_eq!((made.before, made.after.is_some(), made.moment), (None, true, None));
    let removed = push("refs/tags/main", HEAD, ZERO);
    assert_eq!((removed.reference.as_str(), removed.after), ("refs/tags/main", None));
}

fn deployment(payload: &Value) -> Value {
    json!({"action": "created", "deployment": {"id": 1, "sha": HEAD, "environment": "production",
        "payload": payload, "creator": null, "created_at": "2026-11-20T14:00:00Z"}})
}

#[test]
fn the_service_of_a_deploy_is_named_by_an_object_payload_only() {
    for (payload, service) in [
        (json!({"service": "payments-api"}), Some("payments-api")),
        (json!({"service": 7}), None),
        (json!({"service": ""}), None),
        (json!("{\"service\":\"payments-api\"}"), None),
        (json!(""), None),
        (Value::Null, None),
        (json!([{"service": "x"}]), None),
    ] {
        let event = only!(told("deployment", &deployment(&payload)), Deployment);
        assert_eq!((event.service.as_deref(), event.by), (service, None), "{payload}");
    }
}

#[test]
fn a_status_repeats_its_deployment() {
    let mut own = deployment(&json!({"service": "api"}));
    own["deployment_status"] =
        json!({"id": 5, "state": "SUCCESS", "created_at": "2026-11-20T14:05:00Z"});
    let event = only!(told("deployment_status", &own), DeploymentStatus);
    assert_eq!(
        (event.state.as_str(), event.deployment.service.as_deref()),
        ("success", Some("api"))
    );
    let text = refused("deployment_status", &deployment(&Value::Null));
    assert_eq!(text, "the body has another shape than expected: `deployment_status`: is missing");
}

fn issue(action: &str, change: &Value) -> Value {
    let mut own = json!({"action": action, "issue": {"id": 444, "number": 12, "title": "Rounding",
        "body": "half even", "state": "open", "created_at": "2026-11-20T14:00:00Z",
        "updated_at": "2026-11-20T14:30:00Z"}});
    for (key, value) in change.as_object().expect("an object") {
        own[key] = value.clone();
    }
    own
}

#[test]
fn an_issue_is_a_ticket_of_its_repository() {
    let event = only!(told("issues", &issue("opened", &json!({}))), Ticket);
    assert_eq!((event.key.as_str(), event.project.as_str()), ("acme/payments#12", "acme/payments"));
    assert_eq!((event.action.as_str(), event.category.as_deref()), ("created", Some("new")));
    assert!(event.scope.starts_with("sha256:"));
}

#[test]
fn an_issue_that_moved_is_gone_here_and_known_there_by_its_old_key() {
    let event = only!(told("issues", &issue("transferred", &json!({}))), Ticket);
    assert_eq!((event.action.as_str(), event.deleted), ("moved", true));
    let changes = json!({"changes": {"old_issue": {"number": 3},
        "old_repository": {"id": 5, "full_name": "acme/old"}}});
    let event = only!(told("issues", &issue("opened", &changes)), Ticket);
    assert_eq!(
        (event.action.as_str(), event.former_keys),
        ("moved", vec!["acme/old#3".to_owned()])
    );
    let mut pull = issue("labeled", &json!({}));
    pull["issue"]["pull_request"] = json!({"url": "https://api.github.com/x"});
    assert!(told("issues", &pull).events.is_empty());
}

#[test]
fn teams_checks_groups_and_rules_are_read() {
    let team = json!({"id": 3, "name": "Architects", "slug": "architects"});
    let member = json!({"id": 9, "login": "grace", "type": "User"});
    let own = json!({"action": "added", "scope": "team", "member": member, "team": team});
    let event = only!(told("membership", &own), Membership);
    assert_eq!((event.team_name.as_str(), event.action.as_str()), ("acme/architects", "added"));
    let own = json!({"action": "removed", "member": null, "team": team});
    assert!(told("membership", &own).events.is_empty());
    let own =
        json!({"action": "deleted", "team": {"id": 3, "name": "Architects", "deleted": true}});
    assert_eq!(only!(told("team", &own), Membership).team_name, "acme/Architects");

    let own = json!({"action": "completed", "check_run": {"id": 4, "head_sha": HEAD, "name": "build",
        "status": "completed", "conclusion": "success", "started_at": "2026-11-20T14:00:00Z",
        "completed_at": "2026-11-20T14:01:00Z", "app": {"slug": "ci", "name": "CI"}}});
    let event = only!(told("check_run", &own), Check);
    assert_eq!((event.app.as_deref(), event.conclusion.as_deref()), (Some("ci"), Some("success")));

    let own = json!({"action": "destroyed", "reason": "merged", "merge_group": {"head_sha": HEAD,
        "head_ref": "refs/heads/gh-readonly-queue/main/pr-7", "base_sha": BASE, "base_ref": "refs/heads/main"}});
    assert_eq!(only!(told("merge_group", &own), MergeGroup).reason.as_deref(), Some("merged"));

    let own = json!({"action": "edited", "repository": null, "repository_ruleset": {"id": 8,
        "name": "main is protected", "target": "branch", "source_type": "Organization",
        "source": "acme", "enforcement": "disabled", "updated_at": "2026-11-20T14:00:00.000Z"}});
    let event = only!(told("repository_ruleset", &own), Protection);
    assert_eq!((event.repo, event.rule.as_str(), event.action.as_str()), (None, "8", "edited"));
}

#[test]
fn any_other_event_is_of_no_interest_by_name_but_must_be_json() {
    let normalised = told("star", &json!({"action": "created", "starred_at": null}));
    let why = "nothing follows from GitHub's event `star`: it is kept, and nothing more".to_owned();
    assert_eq!(normalised.interest, Interest::None(why));
    assert_eq!(normalised.repo.map(|repo| repo.id).as_deref(), Some("186853002"));
    assert!(normalise("star", b"{").is_err());
    assert!(normalise("star", br#"{"repository": 7, "action": {}}"#).is_ok());
}

#[test]
fn each_bad_body_is_refused_with_its_own_sentence() {
    let text = |event: &str, body: &[u8]| normalise(event, body).expect_err("refused").to_string();
    assert_eq!(
        text("push", b"{\"ref\":\"\xff\"}"),
        "the body is not UTF-8: byte 8 begins no character"
    );
    assert_eq!(
        text("push", b"{\n  \"ref\": "),
        "the body is not JSON: EOF while parsing a value (line 2, column 9)"
    );
    assert_eq!(
        text("push", b"payload=%7B%7D"),
        "the body is not JSON: expected value (line 1, column 1); it looks like a form: set the webhook's content \
         type to `application/json`"
    );
    assert!(text("push", "\u{feff}{}".as_bytes()).contains("byte order mark"));
    assert!(text("star", b"{} {}").contains("the body is not JSON: trailing characters"));
    assert_eq!(
        refused(
            "pull_request",
            &json!({"pull_request": pull(&json!({"head": {"ref": "x", "sha": "9f2c"}}))})
        ),
        "the body has another shape than expected: `pull_request.head.sha`: `9f2c` is not a full commit id: \
         40 or 64 hexadecimal digits are needed"
    );
    assert_eq!(
        refused("pull_request", &json!({"action": "opened"})),
        "the body has another shape than expected: `.`: missing field `pull_request`"
    );
    assert_eq!(
        refused(
            "push",
            &json!({"ref": "refs/heads/main", "before": ZERO, "after": HEAD, "repository": null})
        ),
        "the body has another shape than expected: `repository`: is missing, and this event needs it"
    );
    assert_eq!(
        text("", b"{}"),
        "the body has another shape than expected: `X-GitHub-Event`: the header is missing, or was sent more \
         than once"
    );
    assert!(text("push", b"[]").contains("another shape"));
}

#[test]
fn a_decisive_field_that_is_sent_twice_is_refused() {
    let body = format!(
        r#"{{"ref":"refs/heads/main","before":"{ZERO}","after":"{HEAD}","after":"{BASE}",
            "repository":{{"id":1,"full_name":"a/b"}}}}"#
    );
    let error = normalise("push", body.as_bytes()).expect_err("refused").to_string();
    assert!(error.contains("duplicate field `after`"), "{error}");
}

#[test]
fn deliveries_of_two_webhooks_about_one_fact_have_one_natural_key() {
    let key =
        |own: &Value, source| natural_key(&told("pull_request_review", own).events[0], source);
    let mut by_app = review("submitted", "approved");
    by_app["installation"] = json!({"id": 77});
    let by_hook = review("submitted", "approved");
    assert_eq!(key(&by_app, "github"), key(&by_hook, "github"));
    assert!(key(&by_hook, "github").starts_with("github:review:186853002:7:90:submitted:"));
    assert_ne!(key(&by_hook, "github"), key(&by_hook, "ghes"));
    assert_ne!(key(&by_hook, "github"), key(&review("submitted", "commented"), "github"));
}

fn comment(own: &Value, change: &Value) -> Value {
    let mut all = json!({
        "action": "created",
        "issue": {"id": 5, "number": 7, "pull_request": {"url": "x"}},
        "comment": {
            "id": 31, "user": {"id": 2, "login": "grace", "type": "User"}, "body": "/approve\r\n\r\nthanks",
            "author_association": "MEMBER",
            "created_at": "2026-11-20T14:00:00Z", "updated_at": "2026-11-20T14:00:00Z",
        },
    });
    for (key, value) in own.as_object().expect("an object") {
        all[key] = value.clone();
    }
    for (key, value) in change.as_object().expect("an object") {
        all["comment"][key] = value.clone();
    }
    all
}

#[test]
fn a_comment_on_a_pull_request_is_told_by_its_first_line() {
    let event = only!(told("issue_comment", &comment(&json!({}), &json!({}))), Comment);
    assert_eq!((event.number, event.comment.as_str(), event.edited), (7, "31", false));
    assert_eq!(
        (event.line.as_deref(), event.member, event.by_app),
        (Some("/approve"), Some(true), false)
    );
    assert_eq!(event.by.map(|by| by.login).as_deref(), Some("grace"));
    let app = json!({"performed_via_github_app": {"id": 1}, "body": "well, /approve? Not yet! ".repeat(9)});
    let event = only!(told("issue_comment", &comment(&json!({}), &app)), Comment);
    assert_eq!((event.by_app, event.line), (true, None));
}

#[test]
fn a_comment_was_edited_if_the_delivery_or_its_clock_says_so() {
    let edited = json!({"action": "edited"});
    let later = json!({"updated_at": "2026-11-20T14:00:01Z"});
    for told_so in [comment(&edited, &json!({})), comment(&json!({}), &later)] {
        assert!(only!(told("issue_comment", &told_so), Comment).edited);
    }
}

#[test]
fn a_comment_on_an_issue_says_nothing() {
    let issue = json!({"issue": {"id": 5, "number": 7}});
    let nothing = told("issue_comment", &comment(&issue, &json!({})));
    assert!(nothing.events.is_empty());
    assert!(
        refused("issue_comment", &comment(&json!({}), &json!({"created_at": null})))
            .contains("created_at")
    );
}
