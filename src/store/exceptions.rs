//! Exceptions: what an auditor would raise.

use super::{StoreError, Tx, on, unsigned};

const OPEN: &str = "insert into exception (id, kind, severity, subject, opened_at, state, body) values ($1, $2, $3, $4, $5, 'open', $6) on conflict (id) do nothing";
const ABOUT: &str = "select id, kind, severity, subject, opened_at, state, body from exception where subject = $1 order by kind, id";
const GET: &str =
    "select id, kind, severity, subject, opened_at, state, body from exception where id = $1";
/// Open ones, and of them those opened since two moments; one of them stands for its kind's title.
const OPEN_KINDS: &str = "select kind, severity, count(*), cast(coalesce(sum(case when opened_at >= $1 then 1 else 0 end), 0) as bigint), cast(coalesce(sum(case when opened_at >= $2 then 1 else 0 end), 0) as bigint), min(opened_at), min(id) \
     from exception where state = 'open' and opened_at < $3 group by kind, severity order by case severity when 'high' then 0 when 'medium' then 1 else 2 end, kind";
const OPEN_LIST: &str = "select id, kind, severity, subject, opened_at, state, body from exception where state = 'open' and opened_at < $1 order by case severity when 'high' then 0 when 'medium' then 1 else 2 end, opened_at, id limit $2";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[OPEN, ABOUT, GET, OPEN_KINDS, OPEN_LIST];

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

type Flat = (String, String, String, String, i64, String, String);

fn row((id, kind, severity, subject, opened_at, state, body): Flat) -> ExceptionRow {
    ExceptionRow { id, kind, severity, subject, opened_at, state, body }
}

/// Exceptions about a subject.
pub async fn about(tx: &mut Tx, subject: &str) -> Result<Vec<ExceptionRow>, StoreError> {
    let rows: Vec<Flat> =
        on!(tx, |conn| sqlx::query_as(ABOUT).bind(subject).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}

/// One exception.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<ExceptionRow>, StoreError> {
    let flat: Option<Flat> =
        on!(tx, |conn| sqlx::query_as(GET).bind(id).fetch_optional(conn).await)?;
    Ok(flat.map(row))
}

/// Open exceptions of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenKind {
    /// `X50`.
    pub kind: String,
    /// `high`, `medium`, `low`.
    pub severity: String,
    /// How many.
    pub number: u64,
    /// Of them, how many were opened since the earlier and since the later of the two moments asked about.
    pub since: [u64; 2],
    /// When the oldest was opened, microseconds.
    pub oldest: i64,
    /// One of them.
    pub sample: String,
}

/// What is open and was opened before `until`, worst first; `since`: two moments, the earlier one first.
pub async fn open_kinds(
    tx: &mut Tx,
    since: [i64; 2],
    until: i64,
) -> Result<Vec<OpenKind>, StoreError> {
    let rows: Vec<(String, String, i64, i64, i64, i64, String)> =
        on!(tx, |conn| sqlx::query_as(OPEN_KINDS)
            .bind(since[0])
            .bind(since[1])
            .bind(until)
            .fetch_all(conn)
            .await)?;
    let kind = |(kind, severity, number, early, late, oldest, sample)| OpenKind {
        kind,
        severity,
        number: unsigned(number),
        since: [unsigned(early), unsigned(late)],
        oldest,
        sample,
    };
    Ok(rows.into_iter().map(kind).collect())
}

/// Open exceptions that were opened before `until`, worst and then oldest first.
pub async fn open_list(
    tx: &mut Tx,
    until: i64,
    limit: i64,
) -> Result<Vec<ExceptionRow>, StoreError> {
    let rows: Vec<Flat> =
        on!(tx, |conn| sqlx::query_as(OPEN_LIST).bind(until).bind(limit).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(row).collect())
}
