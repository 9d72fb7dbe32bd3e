//! What the record is, and whether it holds.

use super::entry::subject;
use crate::app::{Action, App, AppError, Caller, WitnessesView};
use crate::domain::Time;
use crate::ledger::entry::Entry;
use crate::ledger::epoch::Epochs;
use crate::ledger::tree::leaf_hash;
use crate::report::entry::CheckpointRef;
use crate::report::ledger::{
    ErasureRow, LedgerPage, LedgerRow, Verification, WitnessRow, Witnesses,
};
use crate::report::list::Pager;
use crate::report::prose::Prose;
use crate::report::refs::Link;
use crate::store::{self};

/// Entries on a page.
const ROWS: u64 = 24;

impl App {
    /// The ledger's page; `before`: entries below this index.
    pub async fn ledger_page(
        &self,
        caller: &Caller,
        before: Option<u64>,
        scope: &str,
    ) -> Result<LedgerPage, AppError> {
        caller.may(Action::ReadLedger, None)?;
        let mut tx = self.db().read().await?;
        let head = crate::app::ledger::stored_head(&mut tx).await?;
        let size = head.size();
        let before = before.unwrap_or(size).min(size);
        let from = before.saturating_sub(ROWS);
        let limit = i64::try_from(before - from).unwrap_or(0);
        let mut rows = Vec::new();
        for (index, kind, bytes, _) in store::ledger::entries(&mut tx, from, limit).await? {
            rows.push(row(store::unsigned(index), kind, &bytes)?);
        }
        rows.reverse();
        let mut last = self.last_checkpoint(&mut tx).await?;
        if let Some((checkpoint, note)) = &mut last {
            *note = self.published(&mut tx, checkpoint.size, std::mem::take(note)).await?;
        }
        let verification = Self::last_verification(&mut tx).await?;
        let recent = store::ledger::recent_checkpoints(&mut tx, 10).await?;
        let epochs = self.epochs(&mut tx).await;
        let checkpoints = epochs.map(|epochs| former(&epochs, &recent)).unwrap_or_default();
        let first_row = if rows.is_empty() { 0 } else { size - before + 1 };
        let whole =
            if scope.is_empty() { "/ledger".to_owned() } else { format!("/ledger?{scope}") };
        let link = |before: u64| {
            let sign = if scope.is_empty() { String::new() } else { format!("{scope}&") };
            format!("/ledger?{sign}before={before}")
        };
        let (checkpoint, checkpoint_text) =
            last.map_or((None, String::new()), |(c, t)| (Some(c), t));
        let erasures = store::erasures::all(&mut tx).await?;
        Ok(LedgerPage {
            erasures: erasures.into_iter().filter_map(erasure).collect(),
            size,
            root: head.root().to_base64(),
            checkpoint,
            checkpoint_text,
            key: self.verifier_key(),
            verification: verification.map(shown),
            witnesses: witnesses(self.witnesses_view(caller).await?),
            checkpoints,
            kinds: Vec::new(),
            pager: Pager {
                newer: None,
                first_row,
                last_row: size - from,
                of: size,
                size: ROWS,
                order: "newest first".to_owned(),
                ledger_size: size,
                first: (before < size).then(|| whole.clone()),
                previous: (before < size).then(|| link((before + ROWS).min(size))),
                next: (from > 0).then(|| link(from)),
                last: (from > 0).then(|| link(ROWS.min(size))),
                sizes: Vec::new(),
            },
            rows,
            downloads: vec![Link::new("Checkpoint", "/ledger/checkpoint")],
        })
    }
}

fn witnesses(view: WitnessesView) -> Option<Witnesses> {
    let rows = view.all.into_iter().map(|one| WitnessRow {
        name: one.name,
        key: one.key,
        size: one.size,
        asked: one.asked_at,
        failing: one.failing,
    });
    let rows: Vec<WitnessRow> = rows.collect();
    let (quorum, witnessed) = (view.quorum as u64, view.witnessed);
    (!rows.is_empty()).then_some(Witnesses { rows, quorum, witnessed })
}

fn former(epochs: &Epochs, rows: &[store::ledger::CheckpointRow]) -> Vec<CheckpointRef> {
    rows.iter()
        .filter_map(|(_, note, at)| {
            let head = epochs.open(note.as_bytes()).ok()?;
            let root = head.root.to_base64();
            let at = Time::from_micros(*at)?;
            Some(CheckpointRef { origin: head.origin, size: head.size, root, at })
        })
        .collect()
}

fn erasure(row: store::erasures::ErasureRow) -> Option<ErasureRow> {
    Some(ErasureRow {
        at: Time::from_micros(row.ended_at.unwrap_or(row.requested_at))?,
        pseudonym: row.pseudonym,
        state: row.state,
        by: row.requested_by,
        agreed: row.ended_by,
        index: row.ledger_index,
        documents: row.documents,
        deliveries: row.deliveries,
    })
}

fn row(index: u64, kind: String, bytes: &[u8]) -> Result<LedgerRow, AppError> {
    let opened = Entry::open(bytes)
        .map_err(|error| AppError::internal("an entry cannot be read", &error))?;
    let about = if let Some(link) = subject(&opened.body) {
        Prose::new().link(link.text, link.href)
    } else {
        let text = |field: &str| opened.body.get(field).and_then(|value| value.as_str());
        let named = text("event").or_else(|| text("ticket")).or_else(|| text("name"));
        Prose::new().text(named.unwrap_or_default())
    };
    Ok(LedgerRow {
        index,
        href: format!("/ledger/{index}"),
        kind,
        occurred: opened.at,
        received: None,
        subject: about,
        leaf_hash: leaf_hash(bytes).to_string(),
    })
}

fn shown((at, size, holds, what): (Time, u64, bool, String)) -> Verification {
    Verification {
        at,
        size,
        holds,
        checked: vec![
            "every entry's bytes against its hash, and their canonical form".to_owned(),
            format!("the tree, its stored hashes and every checkpoint: {what}"),
        ],
        not_checked: vec!["whether something was never recorded".to_owned()],
        failure: (!holds).then_some(what),
    }
}
