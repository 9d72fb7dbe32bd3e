//! What an entry binds by digest, held against the row that stands on it.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::difference::Compare;
use crate::app::AppError;
use crate::app::erase::Redactions;
use crate::domain::id;
use crate::ledger::entry::Opened;
use crate::ledger::sealed::Document;
use crate::store::changes::ChangeRow;
use crate::store::deploys::DeployRow;
use crate::store::{Tx, decisions};

/// A digest, and what is kept under it (zstd); `None`: nothing.
pub(super) type Bound = (String, Option<Vec<u8>>);

/// What an entry binds as `kept`.
pub(super) async fn bound(tx: &mut Tx, entry: &Opened) -> Result<Bound, AppError> {
    let digest = entry.body.get("kept").and_then(|kept| kept.as_str()).unwrap_or("none");
    Ok((digest.to_owned(), decisions::snapshot(tx, digest).await?))
}

impl Compare {
    /// Compares a row with that in what its entry binds; gives the digest that was found.
    pub(super) fn bound<T: DeserializeOwned, R: PartialEq + Serialize>(
        &mut self,
        ((digest, kept), erased): (Bound, &Redactions),
        row_of: fn(&T) -> &R,
        row: &R,
    ) -> String {
        let Some(kept) = kept else {
            self.differs("kept", "nothing", &digest);
            return digest;
        };
        let bytes = zstd::stream::decode_all(kept.as_slice()).unwrap_or_default();
        match serde_json::from_slice::<Document<T>>(&bytes) {
            Ok(told) => self.value("row", row, row_of(&told.is)),
            Err(error) => self.differs("kept", error, "a judgement"),
        }
        erased.was(id::sha256(&bytes))
    }
}

impl ChangeRow {
    /// As its entry binds it: before it had a place in the ledger.
    pub(super) fn as_told(&self) -> Self {
        Self { ledger_index: None, ..self.clone() }
    }
}

impl DeployRow {
    /// As its entry binds it: before it had a place in the ledger.
    pub(super) fn as_told(&self) -> Self {
        Self { ledger_index: None, ..self.clone() }
    }
}
