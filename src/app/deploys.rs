//! Deploys: from what the sources report to rows with an attribution. Recomputed whenever an earlier deploy or a landing
//! becomes known; the result is the same for every order of arrival.

use serde::{Deserialize, Serialize};

use super::attribution::{self, Attributed, Look, Reach, Target};
use super::changes;
use super::gate::default_service;
use super::people::People;
use super::{App, AppError, Command, Unit, baselines, fields, project};
use crate::domain::deployment::Deployment;
use crate::domain::{Oid, Time, id};
use crate::policy::deploy::{DeployDecision, DeployFacts};
use crate::policy::{self, State};
use crate::store::deploys::{self, DeployRow};
use crate::store::repositories::Repository;
use crate::store::{self, aggregates};

/// What is kept of a deploy beside its columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeployBody {
    /// What it was judged by.
    pub facts: DeployFacts,
    /// The judgement, as of when it began.
    pub decision: DeployDecision,
    /// Which landings it rests on.
    #[serde(default)]
    pub(crate) reach: Reach,
    /// Digest of the organisation layer by which it was judged.
    #[serde(default)]
    pub organisation: String,
    /// Where a person reads it at its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

pub(super) struct KeepDeploy {
    row: DeployRow,
    body: DeployBody,
}

impl Command for KeepDeploy {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let before = deploys::get(unit.tx(), &self.row.id).await?;
        let columns = |row: DeployRow| DeployRow { ledger_index: None, ..row };
        let known = before.is_some();
        if before.map(columns).as_ref() == Some(&self.row) {
            return Ok(());
        }
        let kind = if known { "deploy.revised" } else { "deploy.attributed" };
        let kept = unit.keep_evidence(&self.row).await?;
        let entry = entry_of(&self.row, &self.body, &kept);
        self.row.ledger_index = Some(unit.record(kind, entry)?);
        unit.moved(&self.row.repo);
        let changes: Vec<String> =
            self.body.facts.changes.iter().map(|change| change.id.clone()).collect();
        Ok(deploys::put(unit.tx(), &self.row, &tally(&self.body.facts), &changes).await?)
    }
}

impl KeepDeploy {
    /// As it was kept before.
    pub(super) fn of_kept(row: DeployRow) -> Result<Self, AppError> {
        let body = body(&row)?;
        Ok(Self { row, body })
    }
}

/// What an entry says of a deploy as it is attributed now; `kept` is the digest of its whole row.
pub(crate) fn entry_of(
    row: &DeployRow,
    body: &DeployBody,
    kept: &str,
) -> serde_json::Map<String, serde_json::Value> {
    let facts = &body.facts;
    let buckets = &facts.buckets;
    fields(serde_json::json!({
        "deploy": row.id, "repo": row.repo, "service": row.service, "environment": row.environment,
        "started_at": Time::from_micros(row.started_at), "sha": row.sha, "previous": row.previous, "status": row.status, "relation": row.kind, "state": row.state,
        "commits": {
            "total": buckets.total, "landed": buckets.landed, "direct": buckets.direct, "exempt": buckets.exempt,
            "plumbing": buckets.plumbing, "pre_ledger": buckets.pre_ledger, "unresolved": buckets.unresolved,
        },
        "changes": facts.changes.len(), "policy": body.organisation,
        "kept": kept,
    }))
}

/// The sums of a deploy.
fn tally(facts: &DeployFacts) -> deploys::Tally {
    let buckets = &facts.buckets;
    let with =
        |state: State| facts.changes.iter().filter(|change| change.state == state).count() as u64;
    deploys::Tally {
        deploys: 1,
        commits: buckets.total,
        changes: facts.changes.len() as u64,
        landed: buckets.landed,
        direct: buckets.direct,
        exempt: buckets.exempt,
        plumbing: buckets.plumbing,
        pre_ledger: buckets.pre_ledger,
        unresolved: buckets.unresolved,
        by_rule: with(State::AutoApproved),
        approved: with(State::Approved),
        emergency: with(State::EmergencyOpen),
    }
}

/// What is kept of a deploy beside its columns.
pub(crate) fn body(row: &DeployRow) -> Result<DeployBody, AppError> {
    Ok(store::json("deploy", "body", &row.id, &row.body)?)
}

/// The id of a deploy.
pub(crate) fn deploy_id(repo: &str, deployment: &str) -> String {
    id::derived("dep", &[repo, deployment])
}

impl App {
    /// Attributes every deploy of a repository whose attribution is not settled, earliest first.
    pub(crate) async fn refresh_deploys(&self, repo: &str) -> Result<(), AppError> {
        let mut tx = self.db().read().await?;
        let Some(repo) = store::repositories::by_id(&mut tx, repo).await? else { return Ok(()) };
        let folds: Vec<(String, Deployment)> =
            aggregates::under(&mut tx, "deployment", &project::deployment_key(&repo.id, ""))
                .await?;
        let organisation = self.organisation();
        let people = People::load(&mut tx, &repo.source, &organisation.organisation()).await?;
        drop(tx);
        let mut folds: Vec<(Time, String, Deployment)> = folds
            .into_iter()
            .filter_map(|(_, fold)| {
                let id = deploy_id(&repo.id, &fold.id);
                Some((fold.started_at()?, id, fold))
            })
            .filter(|(_, _, fold)| fold.request.is_some())
            .collect();
        folds.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        for (started_at, id, fold) in folds {
            Box::pin(self.attribute_deploy(&repo, &people, started_at, id, &fold)).await?;
        }
        Ok(())
    }

    async fn attribute_deploy(
        &self,
        repo: &Repository,
        people: &People,
        started_at: Time,
        id: String,
        fold: &Deployment,
    ) -> Result<(), AppError> {
        let Some(request) = fold.request.as_ref().map(|request| &request.value) else {
            return Ok(());
        };
        let service = request.service.clone().unwrap_or_else(|| default_service(&repo.name));
        let target = Target {
            service: service.clone(),
            environment: request.environment.clone(),
            sha: request.sha,
            at: Some((started_at, id.clone())),
        };
        if self.is_settled(repo, &id, fold, &target).await? {
            return Ok(());
        }
        let effective = self.effective_for_deploys();
        let Attributed { facts, reach, .. } =
            Box::pin(self.attribute(repo, &target, &effective, Look::Kept)).await?;
        let decision = policy::decide_deploy(&effective, &facts, started_at);
        let organisation = effective.organisation_digest;
        let body = DeployBody { facts, decision, reach, organisation, url: request.url.clone() };
        let json = serde_json::to_string(&body)
            .map_err(|error| AppError::internal("a deploy as JSON", &error))?;
        let deployer = request.by.as_ref().map(|by| people.of_account(by).0);
        let row = DeployRow {
            id,
            repo: repo.id.clone(),
            service,
            environment: request.environment.clone(),
            sha: request.sha.to_string(),
            previous: body.facts.previous.map(|previous| previous.to_string()),
            status: fold.state().as_str().to_owned(),
            kind: body.facts.kind.as_str().to_owned(),
            started_at: started_at.micros(),
            finished_at: fold.finished_at().map(Time::micros),
            deployer,
            class: body.decision.class.map(|class| class.as_str().to_owned()),
            state: body.decision.state.as_str().to_owned(),
            decision: None,
            body: json,
            ledger_index: None,
        };
        self.writer().submit(KeepDeploy { row, body }).await
    }

    /// Settled: everything that its attribution rests on is as it was. The report, the deploys before it here and
    /// elsewhere, the landings in its range, and what their changes came to.
    async fn is_settled(
        &self,
        repo: &Repository,
        id: &str,
        fold: &Deployment,
        target: &Target,
    ) -> Result<bool, AppError> {
        let mut tx = self.db().read().await?;
        let Some(row) = deploys::get(&mut tx, id).await? else { return Ok(false) };
        let body = body(&row)?;
        let facts = &body.facts;
        if !facts.errors.is_empty() || facts.buckets.unresolved > 0 || row.kind == "unresolved" {
            return Ok(false);
        }
        let mut earlier =
            deploys::of_key(&mut tx, &repo.id, &target.service, &target.environment).await?;
        earlier.retain(|other| attribution::came_before(other, target.at.as_ref()));
        let of_repo = deploys::of_repo(&mut tx, &repo.id).await?;
        let said = baselines::of(&mut tx, &repo.id, &target.service, &target.environment).await?;
        let before = attribution::before(&earlier, &said, target);
        let same = row.status == fold.state().as_str()
            && row.sha == target.sha.to_string()
            && row.finished_at == fold.finished_at().map(Time::micros)
            && row.started_at == target.at.as_ref().map_or(0, |(at, _)| at.micros())
            && facts.previous == before.sha
            && facts.declared == before.declared
            && facts.last_good == attribution::last_good(&earlier, target.sha)
            && facts.succeeded == attribution::succeeded(&of_repo, target);
        if !same || !body.reach.still(&self.landed_changes(&mut tx, repo).await?) {
            return Ok(false);
        }
        drop(tx);
        let exempted = &facts.buckets.exempted;
        let direct = facts.buckets.direct_commits.iter().copied();
        let commits: Vec<Oid> = direct.chain(exempted.iter().map(|one| one.commit)).collect();
        if self.exemptions(repo, &self.effective_for_deploys(), &commits).await? != *exempted {
            return Ok(false);
        }
        let mut tx = self.db().read().await?;
        for known in facts.changes.iter().chain(&facts.withdrawn) {
            let now = store::changes::get(&mut tx, &known.id).await?;
            if now.as_ref().map(changes::outcome).transpose()?.as_ref() != Some(known) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
