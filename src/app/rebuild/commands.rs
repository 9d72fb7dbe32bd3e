//! What wrote each kind of entry, and how it is done again.

use super::Fields;
use super::evidence::Evidence;
use crate::app::changes::{Judgement, KeepChange, Why, body, explained};
use crate::app::deploys::KeepDeploy;
use crate::app::gate::{Kept, Record};
use crate::app::intake::{ApplyAgain, KeepDelivery};
use crate::app::organisation::NotePolicy;
use crate::app::{
    AppError, Command, Unit, authors, baselines, disowned, groups, links, overrides, register,
    rosters,
};
use crate::domain::id;
use crate::store::deliveries::Raw;

/// Does again what wrote an entry; the entries that follow from it are consumed with it.
pub(super) async fn redo(
    unit: &mut Unit,
    evidence: &mut Evidence<'_>,
    entry: &Fields<'_>,
) -> Result<(), AppError> {
    match entry.kind() {
        "delivery" | "delivery.conflict" | "delivery.applied" | "delivery.parked" => {
            delivery(unit, evidence, entry).await
        }
        "repository.configured" | "project.known" => {
            run(unit, register::Register::of_entry(entry)?).await
        }
        "policy.organisation" => {
            let digest: String = entry.get("digest")?;
            let bytes = evidence.policy(entry, &digest).await?;
            run(unit, NotePolicy::of_entry(digest, bytes)).await
        }
        "change.judged" => change(unit, evidence, entry).await,
        "change.explained" => {
            let (repo, by): (String, String) = (entry.get("repo")?, entry.get("explained_by")?);
            explained(unit, &repo, entry.get("commit")?, &Why::Change(by)).await
        }
        "change.exempted" => {
            let (repo, rule): (String, String) = (entry.get("repo")?, entry.get("rule")?);
            explained(unit, &repo, entry.get("commit")?, &Why::Rule(rule)).await
        }
        "deploy.attributed" | "deploy.revised" => {
            run(unit, KeepDeploy::of_kept(evidence.kept(entry).await?)?).await
        }
        "decision" => decision(unit, evidence, entry).await,
        "team.roster" => {
            let members = evidence.kept(entry).await?;
            run(unit, rosters::KeepRoster::of_entry(entry, members)?).await
        }
        "commits.mapped" => {
            let commits = evidence.kept(entry).await?;
            run(unit, authors::KeepAuthors::of_entry(entry, commits)?).await
        }
        "group.listed" => {
            let commits = evidence.kept(entry).await?;
            run(unit, groups::ListGroup::of_entry(entry, commits)?).await
        }
        _ => said(unit, entry).await,
    }
}

/// What people said, and what is not done again.
async fn said(unit: &mut Unit, entry: &Fields<'_>) -> Result<(), AppError> {
    match entry.kind() {
        "link.said" | "unlink.said" => run(unit, links::Say::of_entry(entry)?).await,
        "veto.overridden" => run(unit, overrides::SetAside::of_entry(entry)?).await,
        "coauthor.disowned" => run(unit, disowned::Disown::of_entry(entry)?).await,
        "baseline.declared" => run(unit, baselines::Declare::of_entry(entry)?).await,
        // Of secrets only digests are kept, and no entry holds one.
        "token.created" | "token.revoked" | "session.began" => {
            unit.take_over();
            Ok(())
        }
        _ => Err(entry.fault("nothing that is known writes such an entry here")),
    }
}

async fn run<C: Command>(unit: &mut Unit, mut command: C) -> Result<(), AppError> {
    command.run(unit).await.map(|_| ())
}

async fn delivery(
    unit: &mut Unit,
    evidence: &mut Evidence<'_>,
    entry: &Fields<'_>,
) -> Result<(), AppError> {
    if entry.kind() == "delivery.conflict" {
        let other = evidence.conflict(entry).await?;
        return run(unit, KeepDelivery::of_kept(other, Err(String::new()), None)).await;
    }
    let id: String = entry.get("delivery")?;
    let (delivery, said) = evidence.delivery(entry, &id).await?;
    if entry.kind() == "delivery" {
        if delivery.body_sha256 != entry.get::<String>("sha256")? {
            return Err(entry.fault(&format!("the delivery {id} has another digest")));
        }
        let failed = set_aside(unit, &id);
        return run(unit, KeepDelivery::of_kept(delivery, said, failed)).await;
    }
    let raw = Raw {
        source: delivery.source,
        event: delivery.event,
        headers: delivery.headers,
        body: delivery.body,
        received_at: delivery.received_at,
    };
    run(unit, ApplyAgain::of_kept(id, raw, said)).await
}

/// Why a delivery could not be applied when it came: the entry after its own says so.
fn set_aside(unit: &mut Unit, delivery: &str) -> Option<String> {
    let (_, kind, bytes) = unit.expected().get(1)?;
    let next = crate::ledger::entry::Entry::open(bytes).ok()?;
    let of = |name: &str| next.body.get(name)?.as_str();
    (kind == "delivery.set_aside" && of("delivery") == Some(delivery)).then_some(())?;
    of("why").map(str::to_owned)
}

async fn change(
    unit: &mut Unit,
    evidence: &mut Evidence<'_>,
    entry: &Fields<'_>,
) -> Result<(), AppError> {
    let judgement: Judgement = evidence.kept(entry).await?;
    let judged = body(&judgement.row)?;
    let (organisation, repository) = (judged.organisation.as_str(), judged.repository.as_deref());
    let policies = evidence.policies(entry, organisation, repository).await?;
    run(unit, KeepChange::of_kept(judgement, policies)?).await
}

async fn decision(
    unit: &mut Unit,
    evidence: &mut Evidence<'_>,
    entry: &Fields<'_>,
) -> Result<(), AppError> {
    let (id, digest): (String, String) = (entry.get("decision")?, entry.get("facts")?);
    let facts = evidence.bytes(entry, &digest).await?;
    let row = crate::store::decisions::get(evidence.tx(), &id).await?;
    let row = row.ok_or_else(|| entry.fault(&format!("the decision {id} is not kept")))?;
    if id::sha256(row.body.as_bytes()) != entry.get::<String>("kept")? {
        return Err(entry.fault(&format!("the decision {id} is kept with another digest")));
    }
    let kept: Kept = serde_json::from_str(&row.body)
        .map_err(|error| entry.fault(&format!("the decision {id}: {error}")))?;
    let policy = kept.answer.policy.clone();
    let (organisation, repository) = (policy.organisation, policy.repository);
    let policies = evidence.policies(entry, &organisation, repository.as_deref()).await?;
    run(unit, Record::of_kept(kept, facts, policies)).await
}
