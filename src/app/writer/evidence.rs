//! What entries bind by digest: documents beside the ledger, each with its salt.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Unit;
use crate::app::AppError;
use crate::domain::id;
use crate::ledger::sealed::Secret;
use crate::store;

/// A document as it is kept.
#[derive(Debug, Clone)]
pub(in crate::app) struct Document {
    /// The digest by which entries name it.
    pub digest: String,
    /// Its bytes with the salt; of one that somebody was erased from, what is left.
    pub bytes: Vec<u8>,
}

impl Unit {
    /// What documents are salted by. Made by the first who asks.
    async fn secret(&mut self) -> Result<Secret, AppError> {
        if let Some(secret) = &self.secret {
            return Ok(secret.clone());
        }
        let kept = store::erasures::secret(&mut self.tx).await?;
        let secret = match kept.and_then(|bytes| bytes.try_into().ok()) {
            Some(bytes) => Secret::new(bytes),
            None => self.new_secret().await?,
        };
        self.secret = Some(secret.clone());
        Ok(secret)
    }

    /// Documents are salted by another secret from now on; the one until then is gone.
    pub(in crate::app) async fn new_secret(&mut self) -> Result<Secret, AppError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| AppError::internal("the system gives no random bytes", &error))?;
        self.set_secret(bytes).await
    }

    /// Documents are salted by this secret from now on.
    pub(in crate::app) async fn set_secret(&mut self, bytes: [u8; 32]) -> Result<Secret, AppError> {
        store::erasures::set_secret(&mut self.tx, &bytes).await?;
        let secret = Secret::new(bytes);
        self.secret = Some(secret.clone());
        Ok(secret)
    }

    /// The salt of a text.
    pub(in crate::app) async fn salt(&mut self, text: &str) -> Result<String, AppError> {
        Ok(self.secret().await?.salt(text.as_bytes()))
    }

    /// The salt of a text as bytes.
    pub(in crate::app) async fn salt_bytes(&mut self, text: &str) -> Result<Vec<u8>, AppError> {
        Ok(self.secret().await?.tag(text.as_bytes()).to_vec())
    }

    /// A text of JSON as a document; the same that it was when it is done again.
    pub(in crate::app) async fn document(&mut self, json: &str) -> Result<Document, AppError> {
        if let Some(known) = self.documents.get(&id::sha256(json.as_bytes())) {
            return Ok(known.clone());
        }
        let bytes = self.secret().await?.seal(json).into_bytes();
        Ok(Document { digest: id::sha256(&bytes), bytes })
    }

    /// The digest by which an entry binds a text that has its salt; the same that it was when it is done again.
    pub(in crate::app) fn digest_of(&self, text: &str) -> String {
        let digest = id::sha256(text.as_bytes());
        self.documents.get(&digest).map_or(digest, |known| known.digest.clone())
    }

    /// Keeps a document under its digest.
    pub(in crate::app) async fn keep_document(
        &mut self,
        document: &Document,
    ) -> Result<(), AppError> {
        let body = zstd::bulk::compress(&document.bytes, 3)
            .map_err(|error| AppError::internal("evidence cannot be compressed", &error))?;
        Ok(store::decisions::put_snapshot(&mut self.tx, &document.digest, &body).await?)
    }

    /// Keeps what an entry is made of beside the ledger, under its digest: the entry holds the digest.
    pub(in crate::app) async fn keep_evidence<T: Serialize + Sync>(
        &mut self,
        value: &T,
    ) -> Result<String, AppError> {
        let json = serde_json::to_string(value)
            .map_err(|error| AppError::internal("evidence as JSON", &error))?;
        let document = self.document(&json).await?;
        self.keep_document(&document).await?;
        Ok(document.digest)
    }

    /// Writes an entry about what a person said or did. Who and why stand in a document that the entry binds as `said`;
    /// null: nobody said anything. Returns the entry's index.
    pub(in crate::app) async fn record_said(
        &mut self,
        kind: &str,
        mut body: Map<String, Value>,
        said: Option<Value>,
    ) -> Result<u64, AppError> {
        let digest = match said {
            Some(said) => Some(self.keep_evidence(&said).await?),
            None => None,
        };
        body.insert("said".to_owned(), Value::from(digest));
        self.record(kind, body)
    }

    /// Says which documents the command that is done again kept: they are not sealed anew.
    pub(in crate::app) fn kept_then(&mut self, documents: Vec<(String, Document)>) {
        self.documents = documents.into_iter().collect();
    }
}
