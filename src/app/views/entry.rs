//! One entry, its bytes, its proof.

use crate::app::erase::{Redactions, document};
use crate::app::{Action, App, AppError, Caller};
use crate::ledger::entry::Entry;
use crate::ledger::sealed::Document;
use crate::report::entry::{EntryPage, Field, Said};
use crate::report::prose::Prose;
use crate::report::refs::Link;
use serde_json::{Map, Value};

impl App {
    /// The page of an entry.
    pub async fn entry_page(&self, caller: &Caller, index: u64) -> Result<EntryPage, AppError> {
        caller.may(Action::ReadLedger, None)?;
        let (kind, bytes) = self.entry(caller, index).await?;
        let opened = Entry::open(&bytes)
            .map_err(|error| AppError::internal("an entry cannot be read", &error))?;
        let receipt = self.receipt_view(index).await?;
        let path = match self.receipt(caller, index).await {
            Ok(receipt) => receipt.proof.iter().map(ToString::to_string).collect(),
            Err(_) => Vec::new(),
        };
        let received = opened.body.get("received_at").and_then(|at| at.as_str()?.parse().ok());
        let subject = subject(&opened.body);
        let fields = opened
            .body
            .iter()
            .map(|(name, value)| Field { name: name.clone(), value: shown(value) })
            .collect();
        let said = self.said(&opened.body).await?;
        let size = receipt.ledger_size;
        let link = |index: u64| Link::new(format!("entry {index}"), format!("/ledger/{index}"));
        Ok(EntryPage {
            schema: format!("{kind}, version {}", opened.version),
            kind,
            occurred: opened.at,
            received,
            fields,
            said,
            bytes: String::from_utf8_lossy(&bytes).into_owned(),
            path,
            supersedes: None,
            superseded_by: None,
            subject,
            neighbours: (
                index.checked_sub(1).map(link),
                (index + 1 < size).then(|| link(index + 1)),
            ),
            receipt,
        })
    }

    /// Who did it and why, as far as an entry binds that.
    async fn said(&self, body: &Map<String, Value>) -> Result<Option<Said>, AppError> {
        let Some(digest) = body.get("said").and_then(Value::as_str) else { return Ok(None) };
        let mut tx = self.db().read().await?;
        let erased = Redactions::read(&mut tx).await?;
        let found = document(&mut tx, &erased, digest).await.ok();
        let document: Option<Document<Map<String, Value>>> =
            found.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let fields = document.into_iter().flat_map(|document| document.is);
        Ok(Some(Said {
            digest: digest.to_owned(),
            fields: fields.map(|(name, value)| Field { name, value: shown(&value) }).collect(),
            erased_by: erased.of(digest).last().copied(),
        }))
    }
}

fn shown(value: &serde_json::Value) -> Prose {
    match value {
        serde_json::Value::String(text) => Prose::new().code(text.clone()),
        other => Prose::new().code(other.to_string()),
    }
}

/// What an entry is about, where that has a page.
pub(super) fn subject(body: &serde_json::Map<String, serde_json::Value>) -> Option<Link> {
    let of = |field: &str| body.get(field).and_then(serde_json::Value::as_str);
    for (field, path) in [("change", "changes"), ("deploy", "deploys"), ("decision", "decisions")] {
        if let Some(id) = of(field) {
            return Some(Link::new(id, format!("/{path}/{id}")));
        }
    }
    None
}
