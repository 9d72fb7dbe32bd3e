//! The fields of an entry, read back as what they were.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::app::AppError;
use crate::ledger::entry::Opened;

/// An entry with its index.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    index: u64,
    entry: &'a Opened,
    /// What the entry binds of who and why.
    said: Map<String, Value>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(index: u64, entry: &'a Opened) -> Self {
        Self { index, entry, said: Map::new() }
    }

    /// With what the entry binds of who and why: read as if it stood in the entry.
    pub(super) fn with(&self, said: Map<String, Value>) -> Self {
        Self { index: self.index, entry: self.entry, said }
    }

    /// Its index.
    pub(super) fn index(&self) -> u64 {
        self.index
    }

    /// The kind of the entry.
    pub(crate) fn kind(&self) -> &str {
        &self.entry.kind
    }

    /// A field; one that is not there is null.
    pub(crate) fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T, AppError> {
        let value = self.entry.body.get(name).or_else(|| self.said.get(name));
        let value = value.cloned().unwrap_or_default();
        serde_json::from_value(value)
            .map_err(|error| self.fault(&format!("its field `{name}` cannot be read: {error}")))
    }

    /// What is wrong with what the entry tells or binds.
    pub(super) fn fault(&self, what: &str) -> AppError {
        AppError::Conflict(format!("entry {} (`{}`): {what}", self.index, self.kind()))
    }
}
