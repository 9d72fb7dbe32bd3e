//! What erasures put in the place of what entries bind. The list of each is bound by the entry of the erasure itself.

use std::collections::HashMap;

use crate::app::AppError;
use crate::domain::id;
use crate::ledger::entry::Entry;
use crate::ledger::sealed::{Document, ERASURE, Redacted};
use crate::store::{Tx, decisions, recorded};

/// Entries that are read at a time.
const PAGE: i64 = 100;

/// All that was put in place of something.
#[derive(Debug, Default)]
pub(crate) struct Redactions {
    was: HashMap<String, String>,
    /// The entries whose lists name what an entry binds.
    by: HashMap<String, Vec<u64>>,
}

impl Redactions {
    /// Reads the lists of all erasures; each has to be what its entry binds.
    pub(crate) async fn read(tx: &mut Tx) -> Result<Self, AppError> {
        let (mut found, mut from) = (Self::default(), 0);
        loop {
            let entries = recorded::entries(tx, ERASURE, from, PAGE).await?;
            let Some((last, _)) = entries.last() else { return Ok(found) };
            from = last + 1;
            for (index, bytes) in entries {
                for one in list(tx, index, &bytes).await? {
                    found.by.entry(one.was.clone()).or_default().push(index);
                    found.was.insert(one.now, one.was);
                }
            }
        }
    }

    /// The entries of the erasures that touched what an entry binds.
    pub(crate) fn of(&self, was: &str) -> &[u64] {
        self.by.get(was).map_or(&[], Vec::as_slice)
    }

    /// How many things were put in place of others.
    pub(crate) fn len(&self) -> usize {
        self.was.len()
    }

    /// The digest by which an entry binds what has this digest now: another one, if a person was erased from it.
    pub(crate) fn was(&self, now: String) -> String {
        self.was.get(&now).cloned().unwrap_or(now)
    }
}

/// The bytes of a document that an entry binds, or what an erasure left of it.
pub(crate) async fn document(
    tx: &mut Tx,
    erased: &Redactions,
    digest: &str,
) -> Result<Vec<u8>, AppError> {
    let body = decisions::snapshot(tx, digest).await?;
    let body = body.ok_or_else(|| AppError::NotFound(format!("there is no document {digest}")))?;
    let bytes = zstd::stream::decode_all(body.as_slice())
        .map_err(|error| AppError::internal("a document cannot be read", &error))?;
    if erased.was(id::sha256(&bytes)) == digest {
        return Ok(bytes);
    }
    Err(AppError::ReadOnly(format!(
        "what is kept for {digest} was changed; run `countersign verify --replay`"
    )))
}

/// What the entry of an erasure lists.
async fn list(tx: &mut Tx, index: u64, bytes: &[u8]) -> Result<Vec<Redacted>, AppError> {
    let wrong = |why: &str| {
        AppError::Conflict(format!(
            "entry {index}: the list of its erasure {why}; run `countersign verify`"
        ))
    };
    let entry = Entry::open(bytes).map_err(|error| wrong(&error.to_string()))?;
    let digest = entry.body.get("kept").and_then(|kept| kept.as_str()).unwrap_or_default();
    let body = decisions::snapshot(tx, digest).await?.ok_or_else(|| wrong("is not kept"))?;
    let bytes = zstd::stream::decode_all(body.as_slice()).map_err(|_| wrong("cannot be read"))?;
    if id::sha256(&bytes) != digest {
        return Err(wrong("has another digest"));
    }
    let list: Document<Vec<Redacted>> =
        serde_json::from_slice(&bytes).map_err(|_| wrong("cannot be read"))?;
    Ok(list.is)
}
