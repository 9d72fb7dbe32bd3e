//! Rotating the ledger's key: the new key's file first, then the entry that both keys signed, then the new key in its
//! place. Broken off anywhere, the rest is done at the next start, or the next time a checkpoint is signed.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use crate::app::{Action, App, AppError, Caller, Command, Unit, fields, keyfile};
use crate::ledger::epoch::{self, Epoch, Rotation};
use crate::ledger::key::SigningKey;

/// The longest reason, in bytes.
const MAX_REASON: usize = 2000;

/// A rotation that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The entry that says so.
    pub index: u64,
    /// The key until then.
    pub old: String,
    /// The key from then on.
    pub new: String,
    /// Where the new key is.
    pub file: PathBuf,
    /// Where the former key is, to be destroyed by its owner.
    pub former: PathBuf,
}

struct Rotate {
    old: Arc<SigningKey>,
    new: Arc<SigningKey>,
    by: String,
    reason: String,
}

impl Command for Rotate {
    type Out = u64;

    async fn run(&mut self, unit: &mut Unit) -> Result<u64, AppError> {
        // The head is held: nobody rotates between this look and the entry.
        let last = super::rotations(unit.tx()).await?.pop();
        if last.is_some_and(|last| last.new != *self.old.verifier()) {
            let what = "the ledger's key was rotated meanwhile; look at `countersign doctor` before another rotation";
            return Err(AppError::Conflict(what.to_owned()));
        }
        let note = Rotation::sign(unit.next_index(), &self.old, &self.new)
            .map_err(|error| AppError::internal("a rotation cannot be signed", &error))?;
        let body = json!({
            "old": self.old.verifier().to_string(),
            "new": self.new.verifier().to_string(),
            "note": note,
        });
        let said = json!({ "by": self.by, "why": self.reason });
        unit.record_said(epoch::KIND, fields(body), Some(said)).await
    }
}

impl App {
    /// Rotates the ledger's key. Checkpoints that cover the rotation are the new key's; what was signed before stays
    /// verifiable by the old one.
    pub async fn rotate_key(&self, caller: &Caller, reason: &str) -> Result<Rotated, AppError> {
        caller.may(Action::Administer, None)?;
        if reason.trim().is_empty() || reason.len() > MAX_REASON {
            let what = format!("a reason is needed, of at most {MAX_REASON} bytes");
            return Err(AppError::Invalid(what));
        }
        // Before a key is made that nothing would name.
        if let Some(reason) = self.writer().closed() {
            return Err(AppError::ReadOnly(reason.to_owned()));
        }
        let mut tx = self.db().read().await?;
        self.epochs(&mut tx).await?;
        drop(tx);
        let signer = self.signer();
        let old = signer.key();
        let unavailable = |error: keyfile::KeyFileError| AppError::Unavailable(error.to_string());
        let new = keyfile::open_or_make_next(&signer.key_file, old.name()).map_err(unavailable)?;
        let new = Arc::new(new);
        let command = Rotate {
            old: Arc::clone(&old),
            new: Arc::clone(&new),
            by: caller.name.clone(),
            reason: reason.trim().to_owned(),
        };
        let index = self.writer().submit(command).await?;
        let mut tx = self.db().read().await?;
        self.epochs(&mut tx).await?;
        Ok(Rotated {
            index,
            old: old.verifier().to_string(),
            new: new.verifier().to_string(),
            file: signer.key_file.clone(),
            former: keyfile::former_path(&signer.key_file, old.verifier()),
        })
    }

    /// Every key that the ledger had, oldest first, with the sizes of the checkpoints that each signs.
    pub async fn key_epochs(&self, caller: &Caller) -> Result<Vec<Epoch>, AppError> {
        // Public by nature, as the key is: a token of one repository needs it too.
        let _ = caller;
        let mut tx = self.db().read().await?;
        Ok(self.epochs(&mut tx).await?.all())
    }
}
