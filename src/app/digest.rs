//! One digest over everything that follows from what was delivered, without what depends on when and in which order it
//! arrived: two services that were told the same have the same.

use sha2::{Digest as _, Sha256};

use super::{App, AppError, changes, deploys};
use crate::domain::id;
use crate::store::{self, Tx};

/// Rows read at once.
const PAGE: i64 = 500;

impl App {
    /// The digest over folds, changes, deploys and links, as `sha256:…`.
    pub async fn state_digest(&self) -> Result<String, AppError> {
        let mut hash = Sha256::new();
        for line in self.state_lines().await? {
            hash.update((line.len() as u64).to_be_bytes());
            hash.update(line.as_bytes());
        }
        Ok(id::sha256(&hash.finalize()))
    }

    /// What the digest is made of, a line a thing: to see where two services differ.
    pub async fn state_lines(&self) -> Result<Vec<String>, AppError> {
        let mut tx = self.db().read().await?;
        let mut lines = folds(&mut tx).await?;
        lines.extend(of_changes(&mut tx).await?);
        lines.extend(of_deploys(&mut tx).await?);
        lines.extend(of_links(&mut tx).await?);
        Ok(lines)
    }
}

async fn folds(tx: &mut Tx) -> Result<Vec<String>, AppError> {
    let (mut lines, mut after) = (Vec::new(), (String::new(), String::new()));
    loop {
        let page = store::aggregates::page(tx, (&after.0, &after.1), PAGE).await?;
        let Some((kind, key, _)) = page.last() else { return Ok(lines) };
        after = (kind.clone(), key.clone());
        lines.extend(page.iter().map(|(kind, key, body)| format!("{kind} {key} {body}")));
    }
}

/// Columns and facts; not when it was judged, nor at which counters, nor the place in the ledger.
async fn of_changes(tx: &mut Tx) -> Result<Vec<String>, AppError> {
    let (mut lines, mut after) = (Vec::new(), String::new());
    loop {
        let page = store::changes::page(tx, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(lines) };
        after.clone_from(&last.id);
        for row in page {
            let body = changes::body(&row)?;
            let commits = store::changes::commits_of(tx, &row.id).await?;
            let columns =
                store::changes::ChangeRow { body: String::new(), ledger_index: None, ..row };
            let facts = json(&body.facts)?;
            lines.push(format!("change {columns:?} {commits:?} {facts}"));
        }
    }
}

/// Columns and facts; not the place in the ledger.
async fn of_deploys(tx: &mut Tx) -> Result<Vec<String>, AppError> {
    let (mut lines, mut after) = (Vec::new(), String::new());
    loop {
        let page = store::deploys::page(tx, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(lines) };
        after.clone_from(&last.id);
        for row in page {
            let facts = json(&deploys::body(&row)?.facts)?;
            let columns = store::deploys::DeployRow {
                body: String::new(),
                ledger_index: None,
                decision: None,
                ..row
            };
            lines.push(format!("deploy {columns:?} {facts}"));
        }
    }
}

async fn of_links(tx: &mut Tx) -> Result<Vec<String>, AppError> {
    let (mut lines, mut after) = (Vec::new(), String::new());
    loop {
        let page = store::links::page(tx, &after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(lines) };
        after.clone_from(&last.id);
        lines.extend(page.iter().map(|row| format!("link {row:?}")));
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, AppError> {
    serde_json::to_string(value)
        .map_err(|error| AppError::internal("a value cannot be written as JSON", &error))
}
