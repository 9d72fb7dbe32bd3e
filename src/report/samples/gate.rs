//! The gate in every state, and a deploy.

use super::change::{decision, files, trivial_files};
use super::lists::deploy_row;
use super::rules::{opinions, rules_blocked, rules_passing, trivial_rules};
use super::{HOSTILE, oid, receipt, time};
use crate::domain::Class;
use crate::policy::decision::{Missing, State};
use crate::report::attribution::Attribution;
use crate::report::decision::{DecisionPage, GateChange, PolicyRefs, Purpose, answer};
use crate::report::deploy::{AttributedCommit, DeployPage, EntryRow};
use crate::report::population::DeployRow;
use crate::report::prose::Prose;
use crate::report::refs::{DeployKind, DeployStatus, Link};

pub(super) fn gate_changes() -> Vec<GateChange> {
    let one = |number: u64, title: &str, class, state| GateChange {
        label: number.to_string(),
        title: title.into(),
        href: format!("/changes/chg_{number}"),
        class,
        state,
        why: String::new(),
    };
    vec![
        one(1211, "Retry policy for failed payouts", Class::Significant, State::Pending),
        one(1209, "Raise worker replicas", Class::Trivial, State::AutoApproved),
        one(1208, HOSTILE, Class::Trivial, State::AutoApproved),
    ]
}

/// A blocked gate.
#[must_use]
pub fn decision_blocked() -> DecisionPage {
    let missing = vec![
        Missing {
            kind: "approval".into(),
            role: Some("architect".into()),
            scope: Some("payments".into()),
            have: 0,
            need: 1,
            who: vec!["m.ortiz".into(), "j.halvorsen".into(), "k.mori".into()],
            why: "`src/payments/period.rs` and 1 other file match rule “money”. There was 1 approval, of other content: j.halvorsen approved `c2a7e1904d`.".into(),
            ..Missing::default()
        },
        Missing { kind: "ticket".into(), role: None, scope: None, have: 0, need: 1, who: Vec::new(), why: "Changes that are not trivial need a ticket of project PAY. Looked in the title, the branch name, the commits and the links made by hand.".into(), ..Missing::default() },
    ];
    DecisionPage {
        id: "dec_01jc81fz3a".into(),
        purpose: Purpose::Deploy,
        environment: Some("production".into()),
        service: Some("payments".into()),
        repo: "acme/payments".into(),
        sha: oid("5d80fe21b7"),
        pull: Some(Link::new(
            "acme/payments#1211",
            "https://forge.acme.example/acme/payments/pull/1211",
        )),
        asked_by: Some("ci-payments".into()),
        decided_at: time("2026-11-20 14:00:00"),
        expires_at: Some(time("2026-11-20 14:10:00")),
        state: State::Pending,
        rollout: None,
        set_aside: false,
        until: None,
        class: Some(Class::Significant),
        answer: answer(State::Pending, &missing),
        missing,
        rules: rules_blocked(),
        opinions: opinions(),
        classification: None,
        changes: gate_changes(),
        attribution: Some(Attribution {
            total: 4,
            landed: 3,
            plumbing: 1,
            ..Attribution::default()
        }),
        policy: PolicyRefs {
            organisation: Some(
                "sha256:3b8e00000000000000000000000000000000000000000000000000000000041c0".into(),
            ),
            repository: Some(
                "sha256:a91d000000000000000000000000000000000000000000000000000000077f2".into(),
            ),
            base: Some("main@4be1c07a92".into()),
        },
        terminal: terminal(),
        json_href: Some("/api/v1/decisions/dec_01jc81fz3a".into()),
        attestations_href: Some("/api/v1/decisions/dec_01jc81fz3a/attestations".into()),
        again_href: Some("/decisions/dec_01jc81fz3a".into()),
        receipt: Some(receipt()),
    }
}

pub(super) fn terminal() -> Vec<String> {
    [
        "$ countersign gate \\",
        "    --repo acme/payments --sha 5d80fe21b7 \\",
        "    --environment production",
        "blocked  pending · significant · production",
        "missing  approval  architect, scope payments   0 of 1",
        "         who: m.ortiz, j.halvorsen, k.mori",
        "missing  ticket    PAY, In progress or In review",
        "page     /decisions/dec_01jc81fz3a",
        "exit     1",
    ]
    .map(str::to_owned)
    .into()
}

/// The gate in a state, with what belongs to it.
#[must_use]
pub fn decision_in(state: State) -> DecisionPage {
    if state == State::Pending {
        return decision_blocked();
    }
    let trivial = state == State::AutoApproved;
    let files = if trivial { trivial_files() } else { files() };
    DecisionPage {
        state,
        until: matches!(state, State::EmergencyOpen | State::Frozen)
            .then(|| time("2026-11-20 18:40:00")),
        answer: answer(state, &[]),
        class: (!matches!(state, State::UnknownCommit | State::Error))
            .then(|| decision(state, &files, Vec::new(), "").classification.class),
        missing: Vec::new(),
        rules: match state {
            State::AutoApproved => trivial_rules(),
            State::UnknownCommit | State::PolicyInvalid | State::Unmatched => Vec::new(),
            state if state.passes() => rules_passing(),
            _ => rules_blocked(),
        },
        classification: trivial.then(|| decision(state, &files, Vec::new(), "").classification),
        opinions: if trivial { Vec::new() } else { opinions() },
        changes: Vec::new(),
        attribution: None,
        terminal: Vec::new(),
        receipt: None,
        ..decision_blocked()
    }
}

/// A deploy that brought commits which belong to no change.
#[must_use]
pub fn deploy() -> DeployPage {
    let commit =
        |start: &str, subject: &str, bucket: &str, change: Option<&str>| AttributedCommit {
            commit: oid(start),
            subject: subject.into(),
            author: "T. Lindqvist".into(),
            bucket: bucket.into(),
            change: change.map(|id| Link::new(id, format!("/changes/{id}"))),
        };
    DeployPage {
        row: DeployRow {
            status: DeployStatus::Succeeded,
            ..deploy_row(5, DeployKind::Forward, "webhooks", State::Unaccounted)
        },
        repo: "acme/webhooks".into(),
        finished: Some(time("2026-10-31 11:41:17")),
        artifact: Some(
            "sha256:5ac9e210774398bd0c6f21d4b8e03f976a15d2c840be917aee0358f1c76d2b94".into(),
        ),
        declared: None,
        previous: Some(Link::new("dep_7388", "/deploys/dep_7388")),
        source: Some(Link::new(
            "deployment 91 at github",
            "https://forge.acme.example/acme/webhooks/deployments/91",
        )),
        verdict: Prose::from("It went out although ")
            .strong("1 commit belongs to no change")
            .text(" and the gate had not passed."),
        attribution: Attribution {
            total: 4,
            landed: 2,
            direct: 1,
            plumbing: 1,
            ..Attribution::default()
        },
        commits: vec![
            commit("0165debbc6", "Merge pull request 912", "plumbing", Some("chg_912")),
            commit("b81e0c55f3", HOSTILE, "direct", None),
            commit(
                "c2a7e1904d",
                "Accept webhooks from the second region",
                "landed",
                Some("chg_912"),
            ),
            commit("c2a7e1904e", "", "landed", Some("chg_912")),
        ],
        commits_shown_of: 4,
        changes: gate_changes(),
        withdrawn: Vec::new(),
        decision: Some(Link::new("dec_01jc81fz3a", "/decisions/dec_01jc81fz3a")),
        entries: vec![EntryRow {
            index: 47_826,
            kind: "deploy.succeeded".into(),
            occurred: time("2026-10-31 01:25:10"),
            received: Some(time("2026-10-31 01:25:11")),
            what: Prose::marked("`0165debbc6` of webhooks is in production"),
        }],
    }
}
