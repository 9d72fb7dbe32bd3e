//! Deliveries as JSON, without their bodies.

use serde_json::Value;

use super::{Page, Wanted, is_full};
use crate::app::{Action, App, AppError, Caller};
use crate::store;

impl App {
    /// Deliveries, newest first.
    pub async fn deliveries(&self, caller: &Caller, wanted: &Wanted) -> Result<Page, AppError> {
        caller.may(Action::Read, None)?;
        let limit = wanted.limit()?;
        let before = match &wanted.cursor {
            None => i64::MAX,
            Some(cursor) => cursor.parse().map_err(|_| {
                AppError::Invalid("cursor: take it from `next` of the last page".to_owned())
            })?,
        };
        let mut tx = self.db().read().await?;
        let rows = store::deliveries::list(&mut tx, before, limit).await?;
        let next = is_full(rows.len(), limit)
            .then(|| rows.last().map(|row| row.seq.to_string()))
            .flatten();
        let items = rows.iter().map(value).collect::<Result<_, _>>()?;
        Ok(Page { items, next })
    }

    /// One delivery.
    pub async fn delivery(&self, caller: &Caller, id: &str) -> Result<Value, AppError> {
        caller.may(Action::Read, None)?;
        let mut tx = self.db().read().await?;
        let row = store::deliveries::get(&mut tx, id).await?;
        let row = row.ok_or_else(|| AppError::NotFound(format!("there is no delivery `{id}`")))?;
        value(&row)
    }
}

fn value(row: &store::deliveries::DeliveryRow) -> Result<Value, AppError> {
    serde_json::to_value(row).map_err(|error| AppError::internal("a delivery as JSON", &error))
}
