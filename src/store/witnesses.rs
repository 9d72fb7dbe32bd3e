//! Cosignatures, which only grow, and how it stands with each witness that is asked.

use super::strays::AnyText;
use super::{StoreError, Tx, on, signed, unsigned};
use crate::ledger::cosignature::WitnessKey;
use crate::ledger::note::{Note, NoteSignature};

const ADD: &str = "insert into cosignature (size, witness, line, at) values ($1, $2, $3, $4) on conflict (size, witness) do nothing";
const OF_CHECKPOINT: &str =
    "select size, witness, line, at from cosignature where size = $1 order by witness";
const ALL: &str = "select size, witness, line, at from cosignature order by size, witness";
const PUT_STATE: &str = "insert into witness_state (witness, size, asked_at, failures, error) values ($1, $2, $3, $4, $5) \
     on conflict (witness) do update set size = excluded.size, asked_at = excluded.asked_at, failures = excluded.failures, \
     error = excluded.error";
const STATE: &str = "select size, asked_at, failures, error from witness_state where witness = $1";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[ADD, OF_CHECKPOINT, ALL, PUT_STATE, STATE];

/// A cosignature as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignatureRow {
    /// The checkpoint's size.
    pub size: i64,
    /// The witness's key.
    pub witness: String,
    /// The signature line.
    pub line: String,
    /// Its time, in seconds since 1970.
    pub at: i64,
}

impl CosignatureRow {
    /// Checks it against the checkpoint's note; the error says what is wrong.
    pub fn check(&self, note: &str) -> Result<(), String> {
        let key: WitnessKey =
            self.witness.parse().map_err(|error| format!("its key cannot be read: {error}"))?;
        let line: NoteSignature = self.line.parse().map_err(|error| format!("{error}"))?;
        let note = Note::parse(note.as_bytes()).map_err(|error| error.to_string())?;
        let at = key.verify(note.text(), &line).map_err(|error| error.to_string())?;
        if i64::try_from(at).ok() == Some(self.at) {
            Ok(())
        } else {
            Err(format!("its time is {at}, {} is stored", self.at))
        }
    }
}

/// How it stands with a witness.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StateRow {
    /// The largest tree that it cosigned, or says it recorded.
    pub size: u64,
    /// When it was asked last, in microseconds.
    pub asked_at: i64,
    /// How often in a row it did not cosign.
    pub failures: u64,
    /// Why not, the last time; empty: it did.
    pub error: String,
}

/// Keeps a cosignature; the first of a witness for a checkpoint.
pub async fn add(tx: &mut Tx, row: &CosignatureRow) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(ADD)
        .bind(row.size)
        .bind(&row.witness)
        .bind(&row.line)
        .bind(row.at)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

type Row = (i64, AnyText, AnyText, i64);

fn row((size, witness, line, at): Row) -> CosignatureRow {
    CosignatureRow { size, witness: witness.0, line: line.0, at }
}

/// The cosignatures of a checkpoint.
pub async fn of_checkpoint(tx: &mut Tx, size: u64) -> Result<Vec<CosignatureRow>, StoreError> {
    let rows: Vec<Row> =
        on!(tx, |conn| sqlx::query_as(OF_CHECKPOINT).bind(signed(size)).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// All of them, smallest checkpoint first.
pub async fn cosignatures(tx: &mut Tx) -> Result<Vec<CosignatureRow>, StoreError> {
    let rows: Vec<Row> = on!(tx, |conn| sqlx::query_as(ALL).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// Keeps how it stands with a witness.
pub async fn put_state(tx: &mut Tx, witness: &str, state: &StateRow) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PUT_STATE)
        .bind(witness)
        .bind(signed(state.size))
        .bind(state.asked_at)
        .bind(signed(state.failures))
        .bind(&state.error)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// How it stands with a witness; `None`: it was never asked.
pub async fn state(tx: &mut Tx, witness: &str) -> Result<Option<StateRow>, StoreError> {
    let row: Option<(i64, i64, i64, String)> =
        on!(tx, |conn| sqlx::query_as(STATE).bind(witness).fetch_optional(conn).await)?;
    Ok(row.map(|(size, asked_at, failures, error)| StateRow {
        size: unsigned(size),
        asked_at,
        failures: unsigned(failures),
        error,
    }))
}
