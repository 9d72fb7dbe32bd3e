//! The ledger's rows. Entries and hashes are only ever inserted; triggers refuse anything else.

use super::strays::AnyText;
use super::{StoreError, Tx, on, signed, unsigned};

/// Locks the head: the update takes the row lock in PostgreSQL and the write lock in SQLite.
const LOCK_HEAD: &str = "update ledger_head set size = size where id = 1 returning size, frontier";
const HEAD: &str = "select size, frontier from ledger_head where id = 1";
const SET_HEAD: &str = "update ledger_head set size = $1, frontier = $2 where id = 1";
const APPEND: &str = "insert into ledger_entry (idx, kind, bytes, leaf) values ($1, $2, $3, $4)";
const APPEND_8: &str = "insert into ledger_entry (idx, kind, bytes, leaf) values ($1, $2, $3, $4), ($5, $6, $7, $8), ($9, $10, $11, $12), \
     ($13, $14, $15, $16), ($17, $18, $19, $20), ($21, $22, $23, $24), ($25, $26, $27, $28), ($29, $30, $31, $32)";
const ADD_HASH: &str = "insert into ledger_hash (level, idx, hash) values ($1, $2, $3)";
const ENTRY: &str = "select kind, bytes, leaf from ledger_entry where idx = $1";
const ENTRIES: &str =
    "select idx, kind, bytes, leaf from ledger_entry where idx >= $1 order by idx limit $2";
const LEAVES: &str = "select leaf from ledger_entry where idx >= $1 and idx < $2 order by idx";
const HASHES: &str =
    "select hash from ledger_hash where level = $1 and idx >= $2 and idx < $3 order by idx";
const LEAVES_AT: &str =
    "select idx, leaf from ledger_entry where idx >= $1 and idx < $2 order by idx";
const TILE_HASHES: &str =
    "select idx, hash from ledger_hash where level = $1 and idx >= $2 and idx < $3 order by idx";
const ADD_CHECKPOINT: &str = "insert into checkpoint (size, note, signed_at) values ($1, $2, $3) on conflict (size) do nothing";
const LATEST_CHECKPOINT: &str =
    "select size, note, signed_at from checkpoint order by size desc limit 1";
/// The latest checkpoint below a size that was signed before a moment.
const CHECKPOINT_BEFORE: &str = "select size, note, signed_at from checkpoint where size > 0 and size < $1 and signed_at < $2 order by size desc limit 1";
const CHECKPOINTS: &str = "select size, note, signed_at from checkpoint order by size";
const RECENT_CHECKPOINTS: &str =
    "select size, note, signed_at from checkpoint order by size desc limit $1";
const CHECKPOINTS_BEFORE: &str =
    "select size, note, signed_at from checkpoint where size < $1 order by size desc limit $2";
const CHECKPOINT: &str = "select size, note, signed_at from checkpoint where size = $1";
const ADD_VERIFICATION: &str =
    "insert into verification (finished_at, size, holds, what) values ($1, $2, $3, $4)";
const LATEST_VERIFICATION: &str =
    "select finished_at, size, holds, what from verification order by seq desc limit 1";
const ABOUT_KIND: &str =
    "select idx, bytes from ledger_entry where kind = $1 and idx < $2 order by idx desc limit $3";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[
    LOCK_HEAD,
    HEAD,
    SET_HEAD,
    APPEND,
    APPEND_8,
    ADD_HASH,
    ENTRY,
    ENTRIES,
    LEAVES,
    HASHES,
    LEAVES_AT,
    TILE_HASHES,
    ADD_CHECKPOINT,
    LATEST_CHECKPOINT,
    CHECKPOINT_BEFORE,
    CHECKPOINTS,
    RECENT_CHECKPOINTS,
    CHECKPOINTS_BEFORE,
    CHECKPOINT,
    ADD_VERIFICATION,
    LATEST_VERIFICATION,
    ABOUT_KIND,
];

/// Size and frontier, as stored.
pub type Head = (u64, String);

/// Reads the head and holds it until the transaction ends: writers of several nodes queue here.
pub async fn lock_head(tx: &mut Tx) -> Result<Head, StoreError> {
    let (size, frontier): (i64, String) =
        on!(tx, |conn| sqlx::query_as(LOCK_HEAD).fetch_one(conn).await)?;
    Ok((unsigned(size), frontier))
}

/// Reads the head.
pub async fn head(tx: &mut Tx) -> Result<Head, StoreError> {
    let row: Option<(i64, AnyText)> =
        on!(tx, |conn| sqlx::query_as(HEAD).fetch_optional(conn).await)?;
    let (size, AnyText(frontier)) = row.ok_or_else(|| StoreError::Inconsistent {
        table: "ledger_head",
        column: "size",
        row: "1".to_owned(),
        why: "there is no such row".to_owned(),
    })?;
    Ok((unsigned(size), frontier))
}

/// Moves the head.
pub async fn set_head(tx: &mut Tx, size: u64, frontier: &str) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(SET_HEAD)
        .bind(signed(size))
        .bind(frontier)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Appends an entry at its index.
pub async fn append(
    tx: &mut Tx,
    index: u64,
    kind: &str,
    bytes: &[u8],
    leaf: &[u8],
) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(APPEND)
        .bind(signed(index))
        .bind(kind)
        .bind(bytes)
        .bind(leaf)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// An entry to append.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'a> {
    /// Its index.
    pub index: u64,
    /// Its kind.
    pub kind: &'a str,
    /// Its bytes as they are hashed.
    pub bytes: &'a [u8],
    /// Its leaf hash.
    pub leaf: &'a [u8],
}

/// Appends entries, eight with one statement: a batch's writer spends most of its time waiting for statements.
pub async fn append_all(tx: &mut Tx, entries: &[NewEntry<'_>]) -> Result<(), StoreError> {
    let (eights, rest) = entries.as_chunks::<8>();
    for eight in eights {
        on!(tx, |conn| {
            let mut query = sqlx::query(APPEND_8);
            for new in eight {
                query = query.bind(signed(new.index)).bind(new.kind).bind(new.bytes).bind(new.leaf);
            }
            query.execute(conn).await.map(|_| ())
        })?;
    }
    for new in rest {
        append(tx, new.index, new.kind, new.bytes, new.leaf).await?;
    }
    Ok(())
}

/// Adds the hash of a complete tile.
pub async fn add_hash(tx: &mut Tx, level: u8, index: u64, hash: &[u8]) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(ADD_HASH)
        .bind(i64::from(level))
        .bind(signed(index))
        .bind(hash)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// One entry: kind, bytes, leaf hash.
pub async fn entry(
    tx: &mut Tx,
    index: u64,
) -> Result<Option<(String, Vec<u8>, Vec<u8>)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(ENTRY).bind(signed(index)).fetch_optional(conn).await)?)
}

/// An entry with its index: index, kind, bytes, leaf hash.
pub type EntryRow = (i64, String, Vec<u8>, Vec<u8>);

/// Entries from an index on.
pub async fn entries(tx: &mut Tx, from: u64, limit: i64) -> Result<Vec<EntryRow>, StoreError> {
    let rows: Vec<(i64, AnyText, Vec<u8>, Vec<u8>)> = on!(tx, |conn| sqlx::query_as(ENTRIES)
        .bind(signed(from))
        .bind(limit)
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(|(index, kind, bytes, leaf)| (index, kind.0, bytes, leaf)).collect())
}

/// Hashes of a tile level from an index, before another: level 0 are the leaves.
pub async fn hashes(
    tx: &mut Tx,
    level: u8,
    from: u64,
    before: u64,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let rows: Vec<(Vec<u8>,)> = if level == 0 {
        on!(tx, |conn| sqlx::query_as(LEAVES)
            .bind(signed(from))
            .bind(signed(before))
            .fetch_all(conn)
            .await)?
    } else {
        on!(tx, |conn| sqlx::query_as(HASHES)
            .bind(i64::from(level))
            .bind(signed(from))
            .bind(signed(before))
            .fetch_all(conn)
            .await)?
    };
    Ok(rows.into_iter().map(|(hash,)| hash).collect())
}

/// Stored hashes of a level of tiles with their index: level 0 are the leaves.
pub async fn tile_hashes(
    tx: &mut Tx,
    level: u8,
    from: u64,
    before: u64,
) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    if level == 0 {
        return Ok(on!(tx, |conn| sqlx::query_as(LEAVES_AT)
            .bind(signed(from))
            .bind(signed(before))
            .fetch_all(conn)
            .await)?);
    }
    Ok(on!(tx, |conn| sqlx::query_as(TILE_HASHES)
        .bind(i64::from(level))
        .bind(signed(from))
        .bind(signed(before))
        .fetch_all(conn)
        .await)?)
}

/// A signed checkpoint: size, note, when it was signed in microseconds.
pub type CheckpointRow = (i64, String, i64);

/// Keeps a signed checkpoint; one a size.
pub async fn add_checkpoint(tx: &mut Tx, size: u64, note: &str, at: i64) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(ADD_CHECKPOINT)
        .bind(signed(size))
        .bind(note)
        .bind(at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The latest checkpoint.
pub async fn latest_checkpoint(tx: &mut Tx) -> Result<Option<CheckpointRow>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(LATEST_CHECKPOINT).fetch_optional(conn).await)?)
}

/// The latest checkpoint of fewer entries than `size`, signed before a moment in microseconds.
pub async fn checkpoint_before(
    tx: &mut Tx,
    size: u64,
    before: i64,
) -> Result<Option<CheckpointRow>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(CHECKPOINT_BEFORE)
        .bind(signed(size))
        .bind(before)
        .fetch_optional(conn)
        .await)?)
}

/// Every checkpoint, smallest first.
pub async fn checkpoints(tx: &mut Tx) -> Result<Vec<CheckpointRow>, StoreError> {
    let rows: Vec<(i64, AnyText, i64)> =
        on!(tx, |conn| sqlx::query_as(CHECKPOINTS).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(|(size, note, at)| (size, note.0, at)).collect())
}

/// The latest checkpoints, largest first.
pub async fn recent_checkpoints(tx: &mut Tx, limit: i64) -> Result<Vec<CheckpointRow>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(RECENT_CHECKPOINTS).bind(limit).fetch_all(conn).await)?)
}

/// The checkpoints below a size, largest first.
pub async fn checkpoints_before(
    tx: &mut Tx,
    size: u64,
    limit: i64,
) -> Result<Vec<CheckpointRow>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(CHECKPOINTS_BEFORE)
        .bind(signed(size))
        .bind(limit)
        .fetch_all(conn)
        .await)?)
}

/// The checkpoint of a size.
pub async fn checkpoint(tx: &mut Tx, size: u64) -> Result<Option<CheckpointRow>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(CHECKPOINT).bind(signed(size)).fetch_optional(conn).await)?)
}

/// How a full verification ended: when in microseconds, size, whether it holds (1), the sentence.
pub type VerificationRow = (i64, i64, i64, String);

/// Keeps the result of a full verification.
pub async fn add_verification(
    tx: &mut Tx,
    at: i64,
    size: u64,
    holds: bool,
    what: &str,
) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(ADD_VERIFICATION)
        .bind(at)
        .bind(signed(size))
        .bind(i64::from(holds))
        .bind(what)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The latest result of a full verification.
pub async fn latest_verification(tx: &mut Tx) -> Result<Option<VerificationRow>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(LATEST_VERIFICATION).fetch_optional(conn).await)?)
}

/// The latest entries of a kind before an index.
pub async fn of_kind(
    tx: &mut Tx,
    kind: &str,
    before: u64,
    limit: i64,
) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(ABOUT_KIND)
        .bind(kind)
        .bind(signed(before))
        .bind(limit)
        .fetch_all(conn)
        .await)?)
}
