//! Deploys and decisions as JSON.

use serde_json::{Value, json};

use super::{Page, Wanted, cursor, is_full};
use crate::app::deploys::body;
use crate::app::gate::Kept;
use crate::app::{Action, App, AppError, Caller};
use crate::domain::Time;
use crate::store::deploys::DeployRow;
use crate::store::population::{self, Column, Filter};
use crate::store::{self, Tx};

impl App {
    /// Deploys, newest first.
    pub async fn deploys(&self, caller: &Caller, wanted: &Wanted) -> Result<Page, AppError> {
        caller.may(Action::Read, None)?;
        let (from, until) = wanted.period()?;
        let (limit, window) = (wanted.limit()?, wanted.window()?);
        let filter = Filter {
            environment: wanted.environment.clone(),
            service: wanted.service.clone(),
            status: wanted.status.clone(),
            kind: wanted.kind.clone(),
            class: wanted.class.clone(),
            state: wanted.state.clone(),
            from,
            until,
        };
        let mut tx = self.db().read().await?;
        let rows = population::list(&mut tx, &filter, Column::Started, &window).await?;
        let next = is_full(rows.len(), limit)
            .then(|| rows.last().map(|row| cursor(row.started_at, &row.id)))
            .flatten();
        let mut items = Vec::new();
        for row in &rows {
            items.push(self.deploy_json(&mut tx, row).await?);
        }
        Ok(Page { items, next })
    }

    /// One deploy.
    pub async fn deploy(&self, caller: &Caller, id: &str) -> Result<Value, AppError> {
        caller.may(Action::Read, None)?;
        let mut tx = self.db().read().await?;
        let row = store::deploys::get(&mut tx, id).await?;
        let row = row.ok_or_else(|| AppError::NotFound(format!("there is no deploy `{id}`")))?;
        self.deploy_json(&mut tx, &row).await
    }

    pub(crate) async fn deploy_json(
        &self,
        tx: &mut Tx,
        row: &DeployRow,
    ) -> Result<Value, AppError> {
        let body = body(row)?;
        let repo = store::repositories::by_id(tx, &row.repo).await?;
        let exceptions = store::exceptions::about(tx, &format!("deploy:{}", row.id)).await?;
        let change = |change: &crate::policy::deploy::ChangeOutcome| {
            json!({
                "id": change.id, "pull": change.pull, "title": change.title, "class": change.class,
                "state": change.state, "why": change.why,
            })
        };
        let buckets = &body.facts.buckets;
        Ok(json!({
            "id": row.id,
            "service": row.service,
            "environment": row.environment,
            "repo": repo.map(|repo| repo.name),
            "sha": row.sha,
            "previous": row.previous,
            "artifact": null,
            "status": row.status,
            "kind": row.kind,
            "started_at": Time::from_micros(row.started_at),
            "finished_at": row.finished_at.and_then(Time::from_micros),
            "deployer": row.deployer,
            "class": row.class,
            "state": row.state,
            "pass": body.decision.passes(),
            "summary": body.decision.summary,
            "declared": body.facts.declared,
            "decision": row.decision,
            "commits": {
                "total": buckets.total, "landed": buckets.landed, "direct": buckets.direct,
                "exempt": buckets.exempt, "plumbing": buckets.plumbing,
                "pre_ledger": buckets.pre_ledger, "unresolved": buckets.unresolved,
            },
            "exempted": buckets.exempted,
            "changes": body.facts.changes.iter().map(change).collect::<Vec<_>>(),
            "withdrawn": body.facts.withdrawn.iter().map(change).collect::<Vec<_>>(),
            "rules": body.decision.rules,
            "exceptions": exceptions.iter().map(|exception| &exception.kind).collect::<Vec<_>>(),
            "ledger": row.ledger_index.into_iter().collect::<Vec<_>>(),
            "url": self.url(&format!("/deploys/{}", row.id)),
        }))
    }

    /// One decision, as it was answered.
    pub async fn decision_json(&self, caller: &Caller, id: &str) -> Result<Value, AppError> {
        let (kept, _) = self.decision(caller, id).await?;
        serde_json::to_value(&kept.answer)
            .map_err(|error| AppError::internal("an answer as JSON", &error))
    }

    /// One decision with everything that is kept of it, and its row.
    pub(crate) async fn decision(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<(Kept, store::decisions::DecisionRow), AppError> {
        caller.may(Action::Read, None)?;
        let mut tx = self.db().read().await?;
        let row = store::decisions::get(&mut tx, id).await?;
        let row = row.ok_or_else(|| AppError::NotFound(format!("there is no decision `{id}`")))?;
        let kept = store::json("decision", "body", &row.id, &row.body)?;
        Ok((kept, row))
    }
}
