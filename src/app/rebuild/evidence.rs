//! What entries bind by digest, read from the original and held against the digest before it is used.

use std::collections::VecDeque;

use serde::de::DeserializeOwned;

use super::Fields;
use crate::app::erase::Redactions;
use crate::app::writer::{Document as Kept, Recorded};
use crate::app::{App, AppError};
use crate::domain::id;
use crate::integrations::Normalised;
use crate::ledger::sealed::{Document, Redacted, commitment};
use crate::store::deliveries::{NewDelivery, Raw};
use crate::store::{self, Tx, decisions, recorded};

/// One state of the original.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    app: &'a App,
    tx: Tx,
    /// The next entry to read.
    next: u64,
    erased: Redactions,
    /// Documents that were read for the command that is done next.
    read: Vec<(String, Kept)>,
}

impl<'a> Evidence<'a> {
    pub(super) async fn of(app: &'a App, mut tx: Tx) -> Result<Self, AppError> {
        let erased = Redactions::read(&mut tx).await?;
        Ok(Self { app, tx, next: 0, erased, read: Vec::new() })
    }

    /// The documents that were read since this was asked last.
    pub(super) fn documents(&mut self) -> Vec<(String, Kept)> {
        std::mem::take(&mut self.read)
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
        if self.erased.was(id::sha256(&bytes)) == digest {
            return Ok(bytes);
        }
        Err(entry.fault(&format!("what is kept as {digest} has another digest")))
    }

    /// What a document says; it is remembered for the command that keeps it again.
    pub(super) async fn document(
        &mut self,
        entry: &Fields<'_>,
        digest: &str,
    ) -> Result<String, AppError> {
        let bytes = self.bytes(entry, digest).await?;
        let document: Document<Box<serde_json::value::RawValue>> =
            serde_json::from_slice(&bytes)
                .map_err(|error| entry.fault(&format!("what is kept as {digest}: {error}")))?;
        let text = document.is.get().to_owned();
        let kept = Kept { digest: digest.to_owned(), bytes };
        self.read.push((id::sha256(text.as_bytes()), kept));
        Ok(text)
    }

    /// A text with its salt within, and the digest by which an entry binds it.
    pub(super) fn text(
        &mut self,
        entry: &Fields<'_>,
        text: &str,
        digest: &str,
    ) -> Result<(), AppError> {
        let now = id::sha256(text.as_bytes());
        if self.erased.was(now.clone()) != digest {
            return Err(entry.fault("what is kept of it has another digest"));
        }
        self.read.push((now, Kept { digest: digest.to_owned(), bytes: Vec::new() }));
        Ok(())
    }

    /// What a person said, if the entry binds that.
    pub(super) async fn said(
        &mut self,
        entry: &Fields<'_>,
    ) -> Result<serde_json::Map<String, serde_json::Value>, AppError> {
        let Some(digest) = entry.get::<Option<String>>("said")? else {
            return Ok(serde_json::Map::new());
        };
        let text = self.document(entry, &digest).await?;
        serde_json::from_str(&text)
            .map_err(|error| entry.fault(&format!("what is kept as {digest}: {error}")))
    }

    /// What the entry of an erasure lists.
    pub(super) async fn erased(&mut self, entry: &Fields<'_>) -> Result<Vec<Redacted>, AppError> {
        self.kept(entry).await
    }

    /// What an entry binds as `kept`.
    pub(super) async fn kept<T: DeserializeOwned>(
        &mut self,
        entry: &Fields<'_>,
    ) -> Result<T, AppError> {
        let digest: String = entry.get("kept")?;
        let text = self.document(entry, &digest).await?;
        serde_json::from_str(&text)
            .map_err(|error| entry.fault(&format!("what is kept as {digest}: {error}")))
    }

    /// The text of a policy; `None`: it is that of no file.
    pub(super) async fn policy(
        &mut self,
        entry: &Fields<'_>,
        digest: &str,
    ) -> Result<Option<Vec<u8>>, AppError> {
        let bytes = decisions::policy(&mut self.tx, digest).await?;
        if bytes.as_ref().is_some_and(|bytes| self.erased.was(id::sha256(bytes)) != digest) {
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
        let body = (delivery.body.as_slice(), delivery.body_sha256.as_str());
        self.whole(entry, body, &delivery.salt)?;
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
        let id: String = entry.get("delivery")?;
        let found = recorded::other_body(&mut self.tx, &id, entry.index()).await?;
        let other =
            found.ok_or_else(|| entry.fault(&format!("the other body of {id} is not kept")))?;
        self.whole(entry, (&other.body, &other.body_sha256), &other.salt)?;
        Ok(NewDelivery {
            id,
            source: entry.get("source")?,
            key: entry.get("key")?,
            event: String::new(),
            action: None,
            headers: String::new(),
            body: other.body,
            body_size: entry.get("size")?,
            body_sha256: other.body_sha256,
            salt: other.salt,
            received_at: other.received_at,
        })
    }

    /// Whether a compressed body has its digest, and an entry binds that.
    fn whole(
        &self,
        entry: &Fields<'_>,
        (body, sha): (&[u8], &str),
        salt: &[u8],
    ) -> Result<(), AppError> {
        let bytes = zstd::stream::decode_all(body);
        let bytes =
            bytes.map_err(|error| entry.fault(&format!("the body of its delivery: {error}")))?;
        let bound = if salt.is_empty() { sha.to_owned() } else { commitment(salt, sha) };
        let told: Option<String> = entry.get("body")?;
        let is_told = told.is_none_or(|told| self.erased.was(bound) == told);
        if id::sha256(&bytes) == sha && is_told {
            return Ok(());
        }
        Err(entry.fault("the body of its delivery is not the one that was received"))
    }
}
