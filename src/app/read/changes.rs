//! Changes and tickets as JSON.

use serde_json::{Value, json};

use super::{Page, Wanted, cursor, is_full};
use crate::app::changes::{ChangeBody, body};
use crate::app::{Action, App, AppError, Caller, links};
use crate::domain::Time;
use crate::store::changes::ChangeRow;
use crate::store::landed::Filter;
use crate::store::{self, Tx};

impl App {
    /// Landed changes, newest first.
    pub async fn changes(&self, caller: &Caller, wanted: &Wanted) -> Result<Page, AppError> {
        caller.may(Action::Read, None)?;
        let (from, until) = wanted.period()?;
        let (limit, window) = (wanted.limit()?, wanted.window()?);
        let repo = match &wanted.repo {
            Some(name) => Some(self.repository(name).await?.id),
            None => None,
        };
        let filter =
            Filter { repo, class: wanted.class.clone(), state: wanted.state.clone(), from, until };
        let mut tx = self.db().read().await?;
        let rows = store::landed::list(&mut tx, &filter, &window).await?;
        let next = is_full(rows.len(), limit)
            .then(|| rows.last().map(|row| cursor(row.sort_at, &row.id)))
            .flatten();
        let mut items = Vec::new();
        for row in &rows {
            items.push(self.change_json(&mut tx, row, u64::MAX).await?);
        }
        Ok(Page { items, next })
    }

    /// One change.
    pub async fn change(&self, caller: &Caller, id: &str) -> Result<Value, AppError> {
        caller.may(Action::Read, None)?;
        let mut tx = self.db().read().await?;
        let row = store::changes::get(&mut tx, id).await?;
        let row = row.ok_or_else(|| AppError::NotFound(format!("there is no change `{id}`")))?;
        self.change_json(&mut tx, &row, u64::MAX).await
    }

    /// The change of a pull request.
    pub async fn change_of_pull(
        &self,
        caller: &Caller,
        repo: &str,
        number: u64,
    ) -> Result<Value, AppError> {
        caller.may(Action::Read, None)?;
        let repo = self.repository(repo).await?;
        let mut tx = self.db().read().await?;
        let row = store::changes::by_pull(&mut tx, &repo.id, number).await?;
        let row = row.ok_or_else(|| {
            AppError::NotFound(format!("{}#{number} is not known or not judged yet", repo.name))
        })?;
        self.change_json(&mut tx, &row, u64::MAX).await
    }

    /// The id of a pull request's change.
    pub async fn change_id_of_pull(
        &self,
        caller: &Caller,
        repo: &str,
        number: u64,
    ) -> Result<String, AppError> {
        caller.may(Action::Read, None)?;
        let repo = self.repository(repo).await?;
        let mut tx = self.db().read().await?;
        let row = store::changes::by_pull(&mut tx, &repo.id, number).await?;
        row.map(|row| row.id).ok_or_else(|| {
            AppError::NotFound(format!("{}#{number} is not known or not judged yet", repo.name))
        })
    }

    /// A change with its decisions and deploys of the ledger's first `size` entries; links and exceptions as of now.
    pub(crate) async fn change_json(
        &self,
        tx: &mut Tx,
        row: &ChangeRow,
        size: u64,
    ) -> Result<Value, AppError> {
        let body = body(row)?;
        let repo = store::repositories::by_id(tx, &row.repo).await?;
        let mut deploys = store::deploys::with_change(tx, &row.id).await?;
        deploys.retain(|deploy| deploy.ledger_index.is_none_or(|index| index < size));
        let exceptions = store::exceptions::about(tx, &format!("change:{}", row.id)).await?;
        let mut decisions = store::decisions::about(tx, &row.repo, &row.head).await?;
        decisions.retain(|decision| decision.ledger_index < size);
        let last = decisions.last();
        let links = match row.pull {
            Some(pull) => store::links::by_pull(tx, &row.repo, pull).await?,
            None => Vec::new(),
        };
        let tickets: Vec<_> =
            links.iter().filter(|link| link.live).map(|link| &link.ticket).collect();
        Ok(json!({
            "id": row.id,
            "repo": repo.map(|repo| repo.name),
            "repo_id": row.repo,
            "pull": row.pull,
            "title": row.title,
            "branch": row.branch,
            "head": row.head,
            "class": row.class,
            "why": body.decision.classification.why,
            "state": row.state,
            "pass": body.decision.passes(),
            "summary": body.decision.summary,
            "tickets": tickets,
            "links": links.iter().map(|link| json!({ "id": link.id, "ticket": link.ticket, "live": link.live })).collect::<Vec<_>>(),
            "authors": authors(&body),
            "landed": landed(row, &body),
            "approvals": approvals(&body),
            "missing": body.decision.missing,
            "rules": body.decision.rules,
            "files": body.decision.classification.files,
            "deploys": deploys.iter().map(|deploy| json!({
                "id": deploy.id, "environment": deploy.environment, "service": deploy.service,
                "status": deploy.status, "at": Time::from_micros(deploy.started_at),
            })).collect::<Vec<_>>(),
            "exceptions": exceptions.iter().map(|exception| &exception.kind).collect::<Vec<_>>(),
            "decision": last.map(|decision| &decision.id),
            "ledger": decisions.iter().map(|decision| decision.ledger_index).collect::<Vec<_>>(),
            "url": self.url(&format!("/changes/{}", row.id)),
        }))
    }

    /// A ticket by a key it has or had.
    pub async fn ticket(&self, caller: &Caller, key: &str) -> Result<Value, AppError> {
        caller.may(Action::Read, None)?;
        let mut tx = self.db().read().await?;
        let ticket = links::ticket_of(&mut tx, key).await?;
        let ticket = ticket
            .ok_or_else(|| AppError::NotFound(format!("no tracker told us of a ticket `{key}`")))?;
        let linked = store::links::by_ticket(&mut tx, key).await?;
        let mut pulls = Vec::new();
        for link in linked.iter().filter(|link| link.live) {
            let repo = store::repositories::by_id(&mut tx, &link.repo).await?;
            pulls.push(
                json!({ "repo": repo.map(|repo| repo.name), "pull": link.pull, "link": link.id }),
            );
        }
        let now = ticket.now.as_ref().map(|now| &now.value);
        Ok(json!({
            "id": ticket.id,
            "key": ticket.key(),
            "former_keys": ticket.former_keys(),
            "project": now.map(|now| &now.project),
            "type": now.and_then(|now| now.kind.as_ref()),
            "title": now.map(|now| &now.title),
            "status": ticket.status().map(|status| &status.status),
            "category": ticket.status().and_then(|status| status.category.as_ref()),
            "history": ticket.statuses,
            "created_at": ticket.created_at,
            "deleted_at": ticket.deleted_at,
            "pulls": pulls,
        }))
    }
}

/// Everybody who wrote: authors and co-authors by person, else by name.
pub(crate) fn authors(body: &ChangeBody) -> Vec<String> {
    let mut names: Vec<String> = body
        .facts
        .commits
        .iter()
        .filter(|commit| !commit.clean_update_merge)
        .flat_map(|commit| std::iter::once(&commit.author).chain(&commit.co_authors))
        .map(|signature| {
            signature
                .person
                .as_ref()
                .map_or_else(|| signature.name.clone(), |person| person.0.clone())
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

fn landed(row: &ChangeRow, body: &ChangeBody) -> Value {
    let Some(sha) = &row.landed_sha else { return Value::Null };
    json!({
        "sha": sha,
        "how": row.landed_how,
        "at": row.landed_at.and_then(Time::from_micros),
        "by": row.landed_by,
        "integrity": row.integrity,
        "evidence": body.facts.landing.as_ref().map(|landing| &landing.evidence),
        "altered": body.facts.landing.as_ref().map(|landing| &landing.altered),
    })
}

fn approvals(body: &ChangeBody) -> Vec<Value> {
    body.decision
        .opinions
        .iter()
        .map(|opinion| {
            json!({
                "id": opinion.id, "by": opinion.by, "role": opinion.role, "verdict": opinion.verdict,
                "by_comment": opinion.by_comment, "commit": opinion.commit,
                "at": opinion.at, "basis": opinion.basis, "counts": opinion.counts, "why": opinion.why,
            })
        })
        .collect()
}
