//! What entries bind by digest, read from the original and held against the digest before it is used.

use std::collections::VecDeque;

use serde::de::DeserializeOwned;

use super::Fields;
use crate::app::writer::Recorded;
use crate::app::{App, AppError};
use crate::domain::id;
use crate::integrations::Normalised;
use crate::store::deliveries::{NewDelivery, Raw};
use crate::store::{self, Tx, decisions, recorded};

/// One state of the original.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    app: &'a App,
    tx: Tx,
    /// The next entry to read.
    next: u64,
}

impl<'a> Evidence<'a> {
    pub(super) fn of(app: &'a App, tx: Tx) -> Self {
        Self { app, tx, next: 0 }
    }

    pub(super) fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Reads entries until so many are at hand.
    pub(super) async fn fill(
        &mut self,
        ahead: &mut VecDeque<Recorded>,
        least: usize,
        size: u64,
    ) -> Result<(), AppError> {
        while ahead.len() < least && self.next < size {
            let page = i64::try_from(least).unwrap_or(i64::MAX);
            let rows = store::ledger::entries(&mut self.tx, self.next, page).await?;
            for (index, kind, bytes, _) in rows {
                let index = store::unsigned(index);
                if index != self.next {
                    return Err(AppError::Conflict(format!("entry {} is missing", self.next)));
                }
                ahead.push_back((index, kind, bytes));
                self.next += 1;
            }
        }
        Ok(())
    }

    /// Bytes that are kept under a digest.
    pub(super) async fn bytes(
        &mut self,
        entry: &Fields<'_>,
        digest: &str,
    ) -> Result<Vec<u8>, AppError> {
        let found = decisions::snapshot(&mut self.tx, digest).await?;
        let found = found.ok_or_else(|| entry.fault(&format!("{digest} is not kept")))?;
        let bytes = zstd::stream::decode_all(found.as_slice())
            .map_err(|error| entry.fault(&format!("what is kept as {digest}: {error}")))?;
        if id::sha256(&bytes) == digest {
            return Ok(bytes);
        }
        Err(entry.fault(&format!("what is kept as {digest} has another digest")))
    }

    /// What an entry binds as `kept`.
    pub(super) async fn kept<T: DeserializeOwned>(
        &mut self,
        entry: &Fields<'_>,
    ) -> Result<T, AppError> {
        let digest: String = entry.get("kept")?;
        let bytes = self.bytes(entry, &digest).await?;
        serde_json::from_slice(&bytes)
            .map_err(|error| entry.fault(&format!("what is kept as {digest}: {error}")))
    }

    /// The text of a policy; `None`: it is that of no file.
    pub(super) async fn policy(
        &mut self,
        entry: &Fields<'_>,
        digest: &str,
    ) -> Result<Option<Vec<u8>>, AppError> {
        let bytes = decisions::policy(&mut self.tx, digest).await?;
        if bytes.as_ref().is_some_and(|bytes| id::sha256(bytes) != digest) {
            return Err(entry.fault(&format!("the policy kept as {digest} has another digest")));
        }
        if bytes.is_none() && digest != id::sha256(b"") {
            return Err(entry.fault(&format!("the policy {digest} is not kept")));
        }
        Ok(bytes)
    }

    /// The texts of both layers, by digest.
    pub(super) async fn policies(
        &mut self,
        entry: &Fields<'_>,
        organisation: &str,
        repository: Option<&str>,
    ) -> Result<Vec<(String, Vec<u8>)>, AppError> {
        let mut policies = Vec::new();
        for digest in [Some(organisation), repository].into_iter().flatten() {
            let bytes = self.policy(entry, digest).await?;
            policies.extend(bytes.map(|bytes| (digest.to_owned(), bytes)));
        }
        Ok(policies)
    }

    /// A delivery as it was received, with what it says.
    pub(super) async fn delivery(
        &mut self,
        entry: &Fields<'_>,
        id: &str,
    ) -> Result<(NewDelivery, Result<Normalised, String>), AppError> {
        let found = recorded::whole(&mut self.tx, id).await?;
        let delivery =
            found.ok_or_else(|| entry.fault(&format!("the delivery {id} is not kept")))?;
        whole(entry, &delivery.body, &delivery.body_sha256)?;
        let raw = Raw {
            source: delivery.source.clone(),
            event: delivery.event.clone(),
            headers: delivery.headers.clone(),
            body: delivery.body.clone(),
            received_at: delivery.received_at,
        };
        let said = self.app.understand(&raw)?;
        Ok((delivery, said))
    }

    /// Another body that came under the id of a delivery.
    pub(super) async fn conflict(&mut self, entry: &Fields<'_>) -> Result<NewDelivery, AppError> {
        let (id, sha): (String, String) = (entry.get("delivery")?, entry.get("sha256")?);
        let found = recorded::other_body(&mut self.tx, &id, &sha).await?;
        let (body, received_at) =
            found.ok_or_else(|| entry.fault(&format!("the other body of {id} is not kept")))?;
        whole(entry, &body, &sha)?;
        Ok(NewDelivery {
            id,
            source: entry.get("source")?,
            key: entry.get("key")?,
            event: String::new(),
            action: None,
            headers: String::new(),
            body,
            body_size: entry.get("size")?,
            body_sha256: sha,
            received_at,
        })
    }
}

/// Whether a compressed body has its digest.
fn whole(entry: &Fields<'_>, body: &[u8], sha: &str) -> Result<(), AppError> {
    let bytes = zstd::stream::decode_all(body);
    let bytes =
        bytes.map_err(|error| entry.fault(&format!("the body of its delivery: {error}")))?;
    if id::sha256(&bytes) == sha {
        return Ok(());
    }
    Err(entry.fault(&format!("the body of its delivery is not the one with {sha}")))
}
