//! The gate's answer on a page.

use super::{attribution, gate_change};
use crate::app::gate::Kept;
use crate::app::{Action, App, AppError, Caller};
use crate::domain::Time;
use crate::policy::decision::Missing;
use crate::report::decision::{DecisionPage, GateChange, PolicyRefs, Purpose, answer};
use crate::report::refs::Link;

impl App {
    /// The page of a decision.
    pub async fn decision_page(&self, caller: &Caller, id: &str) -> Result<DecisionPage, AppError> {
        caller.may(Action::Read, None)?;
        let (kept, row) = self.decision(caller, id).await?;
        let receipt = self.receipt_view(row.ledger_index).await?;
        let told = &kept.answer;
        let expires = Time::from_micros(told.decided_at.micros() + 600_000_000);
        Ok(DecisionPage {
            id: told.decision.clone(),
            purpose: if told.purpose == "merge" { Purpose::Merge } else { Purpose::Deploy },
            environment: told.environment.clone(),
            service: told.service.clone(),
            repo: told.repo.clone(),
            sha: told.sha,
            pull: told.pull.and_then(|pull| {
                let change = told.changes.first()?;
                Some(Link::new(format!("pull request {pull}"), format!("/changes/{}", change.id)))
            }),
            asked_by: Some(kept.asked_by.clone()).filter(|name| !name.is_empty()),
            decided_at: told.decided_at,
            expires_at: expires,
            state: told.state,
            rollout: told.rollout.clone(),
            set_aside: told.pass && !told.would_pass,
            until: None,
            class: told.class,
            answer: answer(told.state, &told.missing),
            missing: told.missing.clone(),
            rules: told.rules.clone(),
            opinions: kept.decision.as_ref().map(|d| d.opinions.clone()).unwrap_or_default(),
            classification: kept.decision.as_ref().map(|decision| decision.classification.clone()),
            changes: changes(&kept),
            attribution: kept.deploy_facts.as_ref().map(|facts| attribution(&facts.buckets)),
            policy: PolicyRefs {
                organisation: Some(told.policy.organisation.clone()),
                repository: told.policy.repository.clone(),
                base: Some(told.policy.base.clone()),
            },
            terminal: terminal(&kept),
            json_href: Some(format!("/api/v1/decisions/{id}")),
            attestations_href: Some(format!("/api/v1/decisions/{id}/attestations")),
            again_href: None,
            receipt: Some(receipt),
        })
    }
}

fn changes(kept: &Kept) -> Vec<GateChange> {
    if let Some(deploy) = &kept.deploy {
        return deploy.changes.iter().map(gate_change).collect();
    }
    kept.answer
        .changes
        .iter()
        .map(|change| GateChange {
            label: change.pull.map_or_else(|| change.id.clone(), |pull| pull.to_string()),
            title: change.title.clone(),
            href: format!("/changes/{}", change.id),
            class: change.class,
            state: change.state,
            why: change.why.clone(),
        })
        .collect()
}

/// The same answer as `countersign gate` prints it.
fn terminal(kept: &Kept) -> Vec<String> {
    let told = &kept.answer;
    let class = told.class.map_or("no class", crate::domain::Class::as_str);
    let place = told.environment.as_deref().unwrap_or("merge");
    let word = match told.rollout.as_deref() {
        Some("observe") if told.pass && !told.would_pass => "observed",
        Some(_) if told.pass && !told.would_pass => "warned",
        _ if told.pass => "pass",
        _ => "blocked",
    };
    let mut lines = vec![format!("{word:<9}{} · {class} · {place}", told.state)];
    lines.extend(told.missing.iter().flat_map(missing));
    lines.push(format!("page     {}", told.url));
    lines.push(format!("exit     {}", u8::from(!told.pass)));
    lines
}

fn missing(missing: &Missing) -> Vec<String> {
    let by_name = if missing.kind == "approval" { "by name" } else { "" };
    let role = missing.role.as_deref().unwrap_or(by_name);
    let scope =
        missing.scope.as_deref().map(|scope| format!(", scope {scope}")).unwrap_or_default();
    let mut lines = vec![format!(
        "missing  {}  {role}{scope}  {} of {}{}",
        missing.kind,
        missing.have,
        missing.need,
        if missing.one_of.is_empty() { "" } else { " (one of several ways)" }
    )];
    if !missing.who.is_empty() {
        lines.push(format!("         who: {}", missing.who_text()));
    }
    lines
}
