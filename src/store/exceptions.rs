//! Exceptions: what an auditor would raise.

use super::{StoreError, Tx, on};

const OPEN: &str = "insert into exception (id, kind, severity, subject, opened_at, state, body) values ($1, $2, $3, $4, $5, 'open', $6) on conflict (id) do nothing";
const ABOUT: &str = "select id, kind, severity, subject, opened_at, state, body from exception where subject = $1 order by kind, id";
const GROUPS: &str = "select kind, severity, state, count(*) from exception group by kind, severity, state order by kind, severity, state";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[OPEN, ABOUT, GROUPS];

/// An exception as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionRow {
    /// Our id, derived from kind, rule version and subject: no duplicate on re-evaluation.
    pub id: String,
    /// `X50`.
    pub kind: String,
    /// `high`, `medium`, `low`.
    pub severity: String,
    /// What it is about: `delivery:…`, `change:…`, `repository:…`.
    pub subject: String,
    /// When it was opened, microseconds.
    pub opened_at: i64,
    /// `open`, …
    pub state: String,
    /// Title, sentence, rule version and inputs, JSON.
    pub body: String,
}

/// Opens an exception; `false`: it is open already.
pub async fn open(tx: &mut Tx, exception: &ExceptionRow) -> Result<bool, StoreError> {
    let rows = on!(tx, |conn| sqlx::query(OPEN)
        .bind(&exception.id)
        .bind(&exception.kind)
        .bind(&exception.severity)
        .bind(&exception.subject)
        .bind(exception.opened_at)
        .bind(&exception.body)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Exceptions about a subject.
pub async fn about(tx: &mut Tx, subject: &str) -> Result<Vec<ExceptionRow>, StoreError> {
    let rows: Vec<(String, String, String, String, i64, String, String)> =
        on!(tx, |conn| sqlx::query_as(ABOUT).bind(subject).fetch_all(conn).await)?;
    Ok(rows
        .into_iter()
        .map(|(id, kind, severity, subject, opened_at, state, body)| ExceptionRow {
            id,
            kind,
            severity,
            subject,
            opened_at,
            state,
            body,
        })
        .collect())
}

/// Counts by kind, severity and state.
pub async fn groups(tx: &mut Tx) -> Result<Vec<(String, String, String, i64)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(GROUPS).fetch_all(conn).await)?)
}
