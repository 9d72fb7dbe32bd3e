//! What the record is, and whether it holds.

use super::entry::subject;
use crate::app::{Action, App, AppError, Caller};
use crate::domain::Time;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::entry::Entry;
use crate::ledger::tree::leaf_hash;
use crate::report::entry::CheckpointRef;
use crate::report::ledger::{LedgerPage, LedgerRow, Verification};
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
        let last = self.last_checkpoint(&mut tx).await?;
        let verification = Self::last_verification(&mut tx).await?;
        let checkpoints = self.former(&store::ledger::recent_checkpoints(&mut tx, 10).await?);
        let first_row = if rows.is_empty() { 0 } else { size - before + 1 };
        let whole =
            if scope.is_empty() { "/ledger".to_owned() } else { format!("/ledger?{scope}") };
        let link = |before: u64| {
            let sign = if scope.is_empty() { String::new() } else { format!("{scope}&") };
            format!("/ledger?{sign}before={before}")
        };
        let (checkpoint, checkpoint_text) =
            last.map_or((None, String::new()), |(c, t)| (Some(c), t));
        Ok(LedgerPage {
            size,
            root: head.root().to_base64(),
            checkpoint,
            checkpoint_text,
            key: self.verifier_key(),
            verification: verification.map(shown),
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

    fn former(&self, rows: &[store::ledger::CheckpointRow]) -> Vec<CheckpointRef> {
        let keys = std::slice::from_ref(self.signer().key().verifier());
        let name = self.signer().key().name();
        rows.iter()
            .filter_map(|(_, note, at)| {
                let head = Checkpoint::open(note.as_bytes(), name, keys).ok()?;
                let root = head.root.to_base64();
                Some(CheckpointRef {
                    origin: head.origin,
                    size: head.size,
                    root,
                    at: Time::from_micros(*at)?,
                })
            })
            .collect()
    }
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
