//! The check at start: a restored old copy of the database, another key or another ledger is noticed before anything is
//! written.

use super::{Signer, frontier_at, stored_head};
use crate::app::{AppError, keyfile};
use crate::store;

/// At start: the store must reach as far as what was signed before, and agree with it; else nothing may be
/// written (sem 11.9). `Some`: why.
pub(crate) async fn check_at_start(
    db: &store::Db,
    signer: &Signer,
) -> Result<Option<String>, AppError> {
    let note = keyfile::read_head(&signer.key_file)
        .map_err(|error| AppError::Unavailable(error.to_string()))?;
    let mut tx = db.read().await?;
    let epochs = match signer.epochs(&mut tx).await {
        Ok(epochs) => epochs,
        Err(AppError::ReadOnly(why)) => return Ok(Some(why)),
        Err(error) => return Err(error),
    };
    let Some(note) = note else { return Ok(None) };
    let head = match epochs.open(note.as_bytes()) {
        Ok(head) => head,
        Err(error) => {
            return Ok(Some(format!(
                "the last signed head in {} cannot be trusted: {error}",
                keyfile::head_path(&signer.key_file).display()
            )));
        }
    };
    let stored = match stored_head(&mut tx).await {
        Err(AppError::Internal(id)) => return Ok(Some(damaged(&id))),
        stored => stored?,
    };
    if stored.size() < head.size {
        return Ok(Some(format!(
            "the database's ledger has {} entries, but a head of {} was signed before: an older copy was \
             restored. Restore a newer one; if the entries are lost for good, keep this database and {} for the \
             auditor, and begin a new ledger: an empty database, another ledger.origin, another signing_key_file",
            stored.size(),
            head.size,
            keyfile::head_path(&signer.key_file).display()
        )));
    }
    let then = match frontier_at(&mut tx, head.size).await {
        Err(AppError::Internal(id)) => return Ok(Some(damaged(&id))),
        then => then?,
    };
    if then.root() != head.root {
        return Ok(Some(format!(
            "the database's ledger differs from the head of {} entries that was signed before; run \
             `countersign verify` to see where",
            head.size
        )));
    }
    Ok(None)
}

/// The stored hashes make no tree. `id` is what the log knows the detail by.
fn damaged(id: &str) -> String {
    format!(
        "the database's ledger is damaged ({id}), or a mixture: was the log (`-wal`) of another copy left beside it? Keep \
         the files, run `countersign verify` to see where, and restore a backup without `-wal` and `-shm`"
    )
}
