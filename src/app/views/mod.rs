//! What pages show, from what is kept: one file a page. Reads only; the words and sums are made in `report`.

mod change;
pub mod changes;
mod decision;
mod deploy;
mod entry;
mod excerpt;
mod ledger;
mod listed;
mod overview;
mod policy;
pub mod population;
mod search;

pub use listed::{Columns, Listed, Turn, USUAL_SIZE, decoded, encoded};

use crate::app::{App, AppError};
use crate::domain::{Oid, Time};
use crate::ledger::checkpoint::Checkpoint;
use crate::policy::State;
use crate::policy::deploy::{Buckets, ChangeOutcome};
use crate::report::attribution::Attribution;
use crate::report::decision::GateChange;
use crate::report::entry::{CheckpointRef, ProofState, ReceiptView};
use crate::report::refs::{ExceptionRef, Link, Severity, TicketRef};
use crate::store::exceptions::ExceptionRow;
use crate::store::{self, Tx};

fn moment(table: &'static str, row: &str, micros: i64) -> Result<Time, AppError> {
    Ok(store::time(table, "time", row, micros)?)
}

fn state(text: &str) -> State {
    State::ALL.into_iter().find(|state| state.as_str() == text).unwrap_or(State::Error)
}

fn oid(text: &str) -> Result<Oid, AppError> {
    text.parse().map_err(|error| AppError::internal("a stored commit", &error))
}

fn attribution(buckets: &Buckets) -> Attribution {
    Attribution {
        total: buckets.total,
        landed: buckets.landed,
        direct: buckets.direct,
        exempt: buckets.exempt,
        plumbing: buckets.plumbing,
        pre_ledger: buckets.pre_ledger,
        unresolved: buckets.unresolved,
    }
}

/// `1211`, or the short commit of a change without a pull request.
fn gate_label(id: &str, pull: Option<u64>, landed: Option<&str>) -> String {
    let commit = || landed.and_then(|sha| sha.get(..10)).unwrap_or(id).to_owned();
    pull.map_or_else(commit, |pull| pull.to_string())
}

fn gate_change(change: &ChangeOutcome) -> GateChange {
    let landed = change.landed_sha.map(|commit| commit.to_string());
    GateChange {
        label: gate_label(&change.id, change.pull, landed.as_deref()),
        title: change.title.clone(),
        href: format!("/changes/{}", change.id),
        class: change.class,
        state: change.state,
        why: change.why.clone(),
    }
}

fn severity(text: &str) -> Severity {
    match text {
        "high" => Severity::High,
        "medium" => Severity::Medium,
        _ => Severity::Low,
    }
}

/// What an exception is about (`change:chg_…`), linked where it has a page.
fn about(subject: &str) -> Link {
    let (noun, id) = subject.split_once(':').unwrap_or(("", subject));
    let href = match noun {
        "change" => format!("/changes/{id}"),
        "deploy" => format!("/deploys/{id}"),
        "decision" => format!("/decisions/{id}"),
        "delivery" => format!("/api/v1/deliveries/{id}"),
        _ => String::new(),
    };
    Link::new(subject.replacen(':', " ", 1), href)
}

fn exception(row: &ExceptionRow) -> ExceptionRef {
    let body: serde_json::Value = serde_json::from_str(&row.body).unwrap_or_default();
    ExceptionRef {
        kind: row.kind.clone(),
        severity: severity(&row.severity),
        title: body.get("title").and_then(|title| title.as_str()).unwrap_or_default().to_owned(),
        href: None,
        opened_at: Time::from_micros(row.opened_at),
        state: row.state.clone(),
    }
}

/// The live tickets of a pull request.
async fn tickets(tx: &mut Tx, repo: &str, pull: Option<u64>) -> Result<Vec<TicketRef>, AppError> {
    let Some(pull) = pull else { return Ok(Vec::new()) };
    let mut tickets = Vec::new();
    for link in store::links::by_pull(tx, repo, pull).await? {
        if link.live {
            let exists = !store::tickets::by_key(tx, &link.ticket).await?.is_empty();
            // A search for the key leads to everything that is linked to it.
            let href = exists.then(|| format!("/search?q={}", encoded(&link.ticket)));
            tickets.push(TicketRef { key: link.ticket, href, exists });
        }
    }
    Ok(tickets)
}

impl App {
    /// The receipt of an entry, with its proof checked now.
    async fn receipt_view(&self, index: u64) -> Result<ReceiptView, AppError> {
        let operator = crate::app::Caller::operator();
        let (kind, bytes) = self.entry(&operator, index).await?;
        let leaf = crate::ledger::tree::leaf_hash(&bytes);
        let mut tx = self.db().read().await?;
        let size = super::ledger::stored_head(&mut tx).await?.size();
        let epochs = self.epochs(&mut tx).await;
        drop(tx);
        let receipt = match epochs {
            Ok(epochs) => self.receipt(&operator, index).await.map(|receipt| (receipt, epochs)),
            Err(error) => Err(error),
        };
        let (proof, checkpoint) = match receipt {
            Ok((receipt, epochs)) => match receipt.verify_in(&bytes, &epochs) {
                Ok(head) => (
                    ProofState::Holds(receipt.proof.len() as u64),
                    self.checkpoint_ref(&head).await?,
                ),
                Err(_) => (ProofState::DoesNotHold, None),
            },
            Err(error) => (ProofState::NotChecked(error.to_string()), None),
        };
        Ok(ReceiptView {
            index,
            kind,
            href: format!("/ledger/{index}"),
            ledger_size: size,
            leaf_hash: format!("sha256:{leaf}"),
            checkpoint,
            proof,
            downloads: vec![Link::new("Receipt", format!("/api/v1/ledger/receipts/{index}"))],
            command: vec![
                "curl -H \"Authorization: Bearer $COUNTERSIGN_TOKEN\" \\".to_owned(),
                format!("  {}", self.url(&format!("/api/v1/ledger/receipts/{index}"))),
            ],
        })
    }

    async fn checkpoint_ref(&self, head: &Checkpoint) -> Result<Option<CheckpointRef>, AppError> {
        let mut tx = self.db().read().await?;
        let recent = store::ledger::recent_checkpoints(&mut tx, 50).await?;
        let signed = recent.iter().find(|(size, _, _)| store::unsigned(*size) == head.size);
        Ok(signed.and_then(|(_, _, at)| {
            Some(CheckpointRef {
                origin: head.origin.clone(),
                size: head.size,
                root: head.root.to_base64(),
                at: Time::from_micros(*at)?,
            })
        }))
    }

    /// The last checkpoint, read.
    pub(crate) async fn last_checkpoint(
        &self,
        tx: &mut Tx,
    ) -> Result<Option<(CheckpointRef, String)>, AppError> {
        let Some((_, note, at)) = store::ledger::latest_checkpoint(tx).await? else {
            return Ok(None);
        };
        // Where the key's epochs are not in order the ledger is read-only; its pages go on.
        let Some(head) =
            self.epochs(tx).await.ok().and_then(|epochs| epochs.open(note.as_bytes()).ok())
        else {
            return Ok(None);
        };
        let at = moment("checkpoint", "latest", at)?;
        let root = head.root.to_base64();
        Ok(Some((CheckpointRef { origin: head.origin, size: head.size, root, at }, note)))
    }
}

/// From which record a page was read, and every environment and service for the scope's form.
#[derive(Debug, Clone)]
pub struct Record {
    /// Entries.
    pub ledger_size: u64,
    /// The last checkpoint.
    pub checkpoint: Option<CheckpointRef>,
    /// Digest of the organisation file; `None`: there is none.
    pub policy: Option<String>,
    /// When the whole ledger was last verified, and whether it held.
    pub verified: Option<(Time, bool)>,
    /// Environment and service.
    pub places: Vec<(String, String)>,
}

impl App {
    /// What the seal of a page says.
    pub async fn record(&self, caller: &crate::app::Caller) -> Result<Record, AppError> {
        caller.may(crate::app::Action::Read, None)?;
        let mut tx = self.db().read().await?;
        Ok(Record {
            ledger_size: super::ledger::stored_head(&mut tx).await?.size(),
            checkpoint: self.last_checkpoint(&mut tx).await?.map(|(checkpoint, _)| checkpoint),
            policy: self.config().organisation.as_ref().map(|_| self.organisation().digest()),
            verified: Self::last_verification(&mut tx).await?.map(|(at, _, holds, _)| (at, holds)),
            places: store::population::places(&mut tx).await?,
        })
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Time {
        self.clock().now()
    }
}
