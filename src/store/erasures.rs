//! Erasures of persons' data, the secret that documents are salted by, and the rewriting of what is kept of a person.

use super::{StoreError, Tx, on, signed, unsigned};

const SECRET: &str = "select secret from document_secret where id = 1";
const SET_SECRET: &str = "insert into document_secret (id, secret) values (1, $1) on conflict (id) do update set secret = excluded.secret";
const PUT: &str = "insert into erasure (id, pseudonym, state, terms, why, requested_by, requested_at, ledger_index) values ($1, $2, 'requested', $3, $4, $5, $6, $7)";
const END: &str = "update erasure set state = $2, terms = null, ended_by = $3, ended_at = $4, documents = $5, deliveries = $6, ledger_index = $7 where id = $1 and state = 'requested'";
const GET: &str = "select id, pseudonym, state, terms, why, requested_by, requested_at, ended_by, ended_at, documents, deliveries, ledger_index from erasure where id = $1";
const ALL: &str = "select id, pseudonym, state, terms, why, requested_by, requested_at, ended_by, ended_at, documents, deliveries, ledger_index from erasure order by requested_at, id";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[SECRET, SET_SECRET, PUT, END, GET, ALL];

/// An erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureRow {
    /// `era_…`.
    pub id: String,
    /// What stands, or will stand, in place of the names.
    pub pseudonym: String,
    /// `requested`, `performed` or `withdrawn`.
    pub state: String,
    /// Whom it names, JSON; none once it ended.
    pub terms: Option<String>,
    /// Why.
    pub why: String,
    /// Who asked for it.
    pub requested_by: String,
    /// When (microseconds).
    pub requested_at: i64,
    /// Who agreed, or withdrew it.
    pub ended_by: Option<String>,
    /// When (microseconds).
    pub ended_at: Option<i64>,
    /// How many documents name the person no more.
    pub documents: Option<u64>,
    /// How many bodies of deliveries name the person no more.
    pub deliveries: Option<u64>,
    /// The entry that says how it stands.
    pub ledger_index: u64,
}

type Flat = (
    String,
    String,
    String,
    Option<String>,
    String,
    String,
    i64,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    i64,
);

fn row(flat: Flat) -> ErasureRow {
    let (id, pseudonym, state, terms, why, requested_by, requested_at, ended_by, ended_at, ..) =
        flat;
    ErasureRow {
        id,
        pseudonym,
        state,
        terms,
        why,
        requested_by,
        requested_at,
        ended_by,
        ended_at,
        documents: flat.9.map(unsigned),
        deliveries: flat.10.map(unsigned),
        ledger_index: unsigned(flat.11),
    }
}

/// The secret that documents are salted by; `None`: there is none yet.
pub async fn secret(tx: &mut Tx) -> Result<Option<Vec<u8>>, StoreError> {
    let row: Option<(Vec<u8>,)> =
        on!(tx, |conn| sqlx::query_as(SECRET).fetch_optional(conn).await)?;
    Ok(row.map(|(secret,)| secret))
}

/// Puts another secret in its place.
pub async fn set_secret(tx: &mut Tx, secret: &[u8]) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(SET_SECRET).bind(secret).execute(conn).await.map(|_| ()))?;
    Ok(())
}

/// Keeps an erasure that was asked for.
pub async fn put(tx: &mut Tx, erasure: &ErasureRow) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PUT)
        .bind(&erasure.id)
        .bind(&erasure.pseudonym)
        .bind(&erasure.terms)
        .bind(&erasure.why)
        .bind(&erasure.requested_by)
        .bind(erasure.requested_at)
        .bind(signed(erasure.ledger_index))
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Ends one that was asked for: its terms are gone.
pub async fn end(tx: &mut Tx, erasure: &ErasureRow) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(END)
        .bind(&erasure.id)
        .bind(&erasure.state)
        .bind(&erasure.ended_by)
        .bind(erasure.ended_at)
        .bind(erasure.documents.map(signed))
        .bind(erasure.deliveries.map(signed))
        .bind(signed(erasure.ledger_index))
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// One erasure.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<ErasureRow>, StoreError> {
    let flat: Option<Flat> =
        on!(tx, |conn| sqlx::query_as(GET).bind(id).fetch_optional(conn).await)?;
    Ok(flat.map(row))
}

/// All of them, in the order in which they were asked for.
pub async fn all(tx: &mut Tx) -> Result<Vec<ErasureRow>, StoreError> {
    let rows: Vec<Flat> = on!(tx, |conn| sqlx::query_as(ALL).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}
