//! What wrote each kind of entry, and how it is done again.

use super::Fields;
use super::evidence::Evidence;
use crate::app::changes::{Judgement, KeepChange, Why, body, explained};
use crate::app::deploys::KeepDeploy;
use crate::app::gate::{Kept, Record};
use crate::app::intake::{ApplyAgain, KeepDelivery};
use crate::app::organisation::NotePolicy;
use crate::app::writer::Recorded;
use crate::app::{
    AppError, Command, Unit, authors, baselines, disowned, erase, groups, links, overrides,
    register, rosters,
};
use crate::ledger::entry::Entry;
use crate::ledger::sealed::ERASURE;
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
            let row = evidence.kept(entry).await?;
            unit.kept_then(evidence.documents());
            run(unit, KeepDeploy::of_kept(row)?).await
        }
        "decision" => decision(unit, evidence, entry).await,
        "team.roster" => {
            let members = evidence.kept(entry).await?;
            unit.kept_then(evidence.documents());
            run(unit, rosters::KeepRoster::of_entry(entry, members)?).await
        }
        "commits.mapped" => {
            let commits = evidence.kept(entry).await?;
            unit.kept_then(evidence.documents());
            run(unit, authors::KeepAuthors::of_entry(entry, commits)?).await
        }
        ERASURE => {
            let list = evidence.erased(entry).await?;
            let said = evidence.said(entry).await?;
            unit.kept_then(evidence.documents());
            run(unit, erase::Again::of_entry(&entry.with(said), list)?).await
        }
        "group.listed" => {
            let commits = evidence.kept(entry).await?;
            unit.kept_then(evidence.documents());
            run(unit, groups::ListGroup::of_entry(entry, commits)?).await
        }
        _ => {
            let words = evidence.said(entry).await?;
            said(unit, evidence, &entry.with(words)).await
        }
    }
}

/// What people said, and what is not done again.
async fn said(
    unit: &mut Unit,
    evidence: &mut Evidence<'_>,
    entry: &Fields<'_>,
) -> Result<(), AppError> {
    unit.kept_then(evidence.documents());
    match entry.kind() {
        "link.said" | "unlink.said" => run(unit, links::Say::of_entry(entry)?).await,
        "veto.overridden" => run(unit, overrides::SetAside::of_entry(entry)?).await,
        "coauthor.disowned" => run(unit, disowned::Disown::of_entry(entry)?).await,
        "baseline.declared" => run(unit, baselines::Declare::of_entry(entry)?).await,
        "erasure.requested" => run(unit, erase::Request::of_entry(entry)?).await,
        "erasure.withdrawn" => run(unit, erase::Withdraw::of_entry(entry)?).await,
        // Of secrets only digests are kept, and no entry holds one.
        "token.created" | "token.revoked" | "session.began" => unit.take_over().await,
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
        let bound = entry.get("body")?;
        return run(unit, KeepDelivery::of_kept(other, bound, Err(String::new()), None)).await;
    }
    let id: String = entry.get("delivery")?;
    let (delivery, said) = evidence.delivery(entry, &id).await?;
    if entry.kind() == "delivery" {
        let failed = set_aside(unit, evidence, entry, &id).await?;
        unit.kept_then(evidence.documents());
        let bound = entry.get("body")?;
        return run(unit, KeepDelivery::of_kept(delivery, bound, said, failed)).await;
    }
    evidence.said(entry).await?;
    unit.kept_then(evidence.documents());
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
async fn set_aside(
    unit: &mut Unit,
    evidence: &mut Evidence<'_>,
    entry: &Fields<'_>,
    delivery: &str,
) -> Result<Option<String>, AppError> {
    let Some((_, kind, bytes)) = unit.expected().get(1) else { return Ok(None) };
    let next = Entry::open(bytes).map_err(|error| entry.fault(&error.to_string()))?;
    let next = Fields::of(entry.index() + 1, &next);
    if kind != "delivery.set_aside" || next.get::<String>("delivery")? != delivery {
        return Ok(None);
    }
    let said = evidence.said(&next).await?;
    next.with(said).get("why").map(Some)
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
    links_said(unit, evidence, entry).await?;
    run(unit, KeepChange::of_kept(judgement, policies)).await
}

/// What people said of the links that begin or end to stand with a judgement: the entries after its own bind it.
async fn links_said(
    unit: &mut Unit,
    evidence: &mut Evidence<'_>,
    entry: &Fields<'_>,
) -> Result<(), AppError> {
    let kinds = ["link.asserted", "link.retracted"];
    let after: Vec<Recorded> = unit
        .expected()
        .iter()
        .skip(1)
        .take_while(|(_, kind, _)| kinds.contains(&kind.as_str()))
        .cloned()
        .collect();
    for (index, _, bytes) in after {
        let link = Entry::open(&bytes).map_err(|error| entry.fault(&error.to_string()))?;
        evidence.said(&Fields::of(index, &link)).await?;
    }
    unit.kept_then(evidence.documents());
    Ok(())
}

async fn decision(
    unit: &mut Unit,
    evidence: &mut Evidence<'_>,
    entry: &Fields<'_>,
) -> Result<(), AppError> {
    let (id, digest): (String, String) = (entry.get("decision")?, entry.get("facts")?);
    let facts = evidence.document(entry, &digest).await?;
    let row = crate::store::decisions::get(evidence.tx(), &id).await?;
    let row = row.ok_or_else(|| entry.fault(&format!("the decision {id} is not kept")))?;
    evidence.text(entry, &row.body, &entry.get::<String>("kept")?)?;
    unit.kept_then(evidence.documents());
    let kept: Kept = serde_json::from_str(&row.body)
        .map_err(|error| entry.fault(&format!("the decision {id}: {error}")))?;
    let policy = kept.answer.policy.clone();
    let (organisation, repository) = (policy.organisation, policy.repository);
    let policies = evidence.policies(entry, &organisation, repository.as_deref()).await?;
    run(unit, Record::of_kept(kept, (&digest, facts), policies)).await
}
