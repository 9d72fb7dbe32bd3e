//! Use cases. The only place that opens a transaction, and the only place that decides who may do what.

use std::sync::Arc;

pub mod access;
mod caller;
mod error;
mod writer;

pub use caller::{Action, Caller, Role};
pub use error::AppError;
pub use writer::{Command, Unit, Writer};

use crate::clock::Clock;
use crate::store::Db;

/// The service: cheap to clone, the same for every door.
#[derive(Debug, Clone)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    clock: Clock,
    writer: Writer,
}

impl App {
    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.0.writer
    }
}

/// The fields of a ledger entry from a `json!` object; anything else is no field.
pub(crate) fn fields(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    match value {
        serde_json::Value::Object(map) => map,
        _ => serde_json::Map::new(),
    }
}
