//! Entries by their indexes, those that stand together with one statement. Each is compared with the leaf hash that is
//! stored beside it, which is the one that proofs are made for.

use crate::app::AppError;
use crate::ledger::tree::leaf_hash;
use crate::store::ledger::EntryRow;
use crate::store::{self, Tx};

/// Entries that are read at once.
pub(super) const AT_ONCE: usize = 256;
/// How much more may be read than is asked for: a row that is passed by costs less than a statement.
const SPREAD: u64 = 4;

/// The entries of these indexes, which are in order: index and bytes.
pub(super) async fn read(tx: &mut Tx, indexes: &[u64]) -> Result<Vec<(u64, Vec<u8>)>, AppError> {
    let (Some(first), Some(last)) = (indexes.first(), indexes.last()) else {
        return Ok(Vec::new());
    };
    let span = last - first + 1;
    let mut found = Vec::with_capacity(indexes.len());
    if span > SPREAD * indexes.len() as u64 {
        for index in indexes {
            found.push((*index, one(tx, *index).await?));
        }
        return Ok(found);
    }
    let limit = i64::try_from(span).unwrap_or(i64::MAX);
    for row in store::ledger::entries(tx, *first, limit).await? {
        let index = store::unsigned(row.0);
        if indexes.binary_search(&index).is_ok() {
            found.push((index, whole(row)?));
        }
    }
    if found.len() == indexes.len() {
        return Ok(found);
    }
    Err(AppError::internal("an entry is missing", &format!("from {first} to {last}")))
}

/// The bytes of one entry.
pub(super) async fn one(tx: &mut Tx, index: u64) -> Result<Vec<u8>, AppError> {
    let row = store::ledger::entry(tx, index).await?;
    let (kind, bytes, leaf) =
        row.ok_or_else(|| AppError::internal("an entry is missing", &index))?;
    whole((store::signed(index), kind, bytes, leaf))
}

fn whole((index, _, bytes, leaf): EntryRow) -> Result<Vec<u8>, AppError> {
    if leaf_hash(&bytes).as_bytes().as_slice() == leaf {
        return Ok(bytes);
    }
    let why =
        format!("entry {index} does not have the hash that is stored; run `countersign verify`");
    Err(AppError::ReadOnly(why))
}
