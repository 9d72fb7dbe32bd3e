//! Reading what was recorded, by its entries: for recomputing and rebuilding it.

use super::decisions::{DecisionRow, Flat, row};
use super::deliveries::NewDelivery;
use super::{StoreError, Tx, on, signed, unsigned};
use crate::domain::Time;

const ENTRIES: &str =
    "select idx, bytes from ledger_entry where kind = $1 and idx >= $2 order by idx limit $3";
const COUNT: &str = "select count(*) from ledger_entry where kind = $1 and idx >= $2";
const LAST: &str =
    "select idx from ledger_entry where kind = $1 order by idx desc limit 1 offset $2";
const SINCE: &str = "select min(ledger_index) from decision where decided_at >= $1";
const DECISIONS: &str = "select d.id, d.repo, d.sha, d.purpose, d.environment, d.service, d.pull, d.state, d.class, d.decided_at, d.facts, d.policy, d.body, d.ledger_index, s.body \
     from decision d left join snapshot s on s.digest = d.facts where d.ledger_index >= $1 and d.ledger_index <= $2 order by d.ledger_index, d.id";
const DECISIONS_WITHOUT: &str = "select id from decision d where not exists (select 1 from ledger_entry e where e.idx = d.ledger_index and e.kind = 'decision') order by id limit $1";
const CHANGES_WITHOUT: &str = "select id from change c where not exists (select 1 from ledger_entry e where e.idx = c.ledger_index and e.kind = 'change.judged') order by id limit $1";
const DEPLOYS_WITHOUT: &str = "select id from deploy d where not exists (select 1 from ledger_entry e where e.idx = d.ledger_index and e.kind in ('deploy.attributed', 'deploy.revised')) order by id limit $1";
const WHOLE: &str = "select id, source, key, event, action, headers, body, body_size, body_sha256, salt, received_at from delivery where id = $1";
const OTHER: &str = "select body, body_sha256, salt, received_at from delivery_conflict where delivery = $1 and ledger_index = $2";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[
    ENTRIES,
    COUNT,
    LAST,
    SINCE,
    DECISIONS,
    DECISIONS_WITHOUT,
    CHANGES_WITHOUT,
    DEPLOYS_WITHOUT,
    WHOLE,
    OTHER,
];

/// Entries of a kind from an index on: index and bytes.
pub async fn entries(
    tx: &mut Tx,
    kind: &str,
    from: u64,
    limit: i64,
) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let rows: Vec<(i64, Vec<u8>)> = on!(tx, |conn| sqlx::query_as(ENTRIES)
        .bind(kind)
        .bind(signed(from))
        .bind(limit)
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(|(index, bytes)| (unsigned(index), bytes)).collect())
}

/// How many entries of a kind there are from an index on.
pub async fn count(tx: &mut Tx, kind: &str, from: u64) -> Result<u64, StoreError> {
    let (count,): (i64,) =
        on!(tx, |conn| sqlx::query_as(COUNT).bind(kind).bind(signed(from)).fetch_one(conn).await)?;
    Ok(unsigned(count))
}

/// The index of the entry of a kind that so many others follow; `None`: there are not so many.
pub async fn last(tx: &mut Tx, kind: &str, others: u64) -> Result<Option<u64>, StoreError> {
    let row: Option<(i64,)> = on!(tx, |conn| sqlx::query_as(LAST)
        .bind(kind)
        .bind(signed(others))
        .fetch_optional(conn)
        .await)?;
    Ok(row.map(|(index,)| unsigned(index)))
}

/// The index of the first decision made from an instant on (microseconds); `None`: none was.
pub async fn since(tx: &mut Tx, from: i64) -> Result<Option<u64>, StoreError> {
    let (index,): (Option<i64>,) =
        on!(tx, |conn| sqlx::query_as(SINCE).bind(from).fetch_one(conn).await)?;
    Ok(index.map(unsigned))
}

/// Decisions whose entries are from an index to another, in that order, with their facts as they are kept (zstd); `None`:
/// they are not kept.
pub async fn decisions(
    tx: &mut Tx,
    from: u64,
    to: u64,
) -> Result<Vec<(DecisionRow, Option<Vec<u8>>)>, StoreError> {
    let rows: Vec<WithFacts> = on!(tx, |conn| sqlx::query_as(DECISIONS)
        .bind(signed(from))
        .bind(signed(to))
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(|found| (row(found.0), found.1)).collect())
}

/// A decision's columns and its facts.
struct WithFacts(Flat, Option<Vec<u8>>);

impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for WithFacts
where
    usize: sqlx::ColumnIndex<R>,
    Flat: sqlx::FromRow<'r, R>,
    Option<Vec<u8>>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self(Flat::from_row(row)?, row.try_get(14)?))
    }
}

/// What has to stand on an entry of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// Decisions of the gate.
    Decisions,
    /// Changes as they are judged now.
    Changes,
    /// Deploys as they are attributed now.
    Deploys,
}

/// Ids of rows that stand on no entry of their kind, so many at the most.
pub async fn without_entry(
    tx: &mut Tx,
    what: Recorded,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let statement = match what {
        Recorded::Decisions => DECISIONS_WITHOUT,
        Recorded::Changes => CHANGES_WITHOUT,
        Recorded::Deploys => DEPLOYS_WITHOUT,
    };
    let rows: Vec<(String,)> =
        on!(tx, |conn| sqlx::query_as(statement).bind(limit).fetch_all(conn).await)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

type FlatWhole =
    (String, String, String, String, Option<String>, String, Vec<u8>, i64, String, Vec<u8>, i64);

/// A delivery as it was kept first.
pub async fn whole(tx: &mut Tx, id: &str) -> Result<Option<NewDelivery>, StoreError> {
    let row: Option<FlatWhole> =
        on!(tx, |conn| sqlx::query_as(WHOLE).bind(id).fetch_optional(conn).await)?;
    row.map(|(id, source, key, event, action, headers, body, size, body_sha256, salt, at)| {
        Ok(NewDelivery {
            received_at: super::time("delivery", "received_at", &id, at)?,
            id,
            source,
            key,
            event,
            action,
            headers,
            body,
            body_size: unsigned(size),
            body_sha256,
            salt,
        })
    })
    .transpose()
}

/// Another body that came under the id of a delivery.
#[derive(Debug, Clone)]
pub struct OtherBody {
    /// The body (zstd).
    pub body: Vec<u8>,
    /// `sha256:…` of what it is.
    pub body_sha256: String,
    /// What stands before the digest in what the entry binds.
    pub salt: Vec<u8>,
    /// When it came.
    pub received_at: Time,
}

/// The other body that an entry tells of.
pub async fn other_body(
    tx: &mut Tx,
    id: &str,
    index: u64,
) -> Result<Option<OtherBody>, StoreError> {
    let row: Option<(Vec<u8>, String, Vec<u8>, i64)> = on!(tx, |conn| sqlx::query_as(OTHER)
        .bind(id)
        .bind(signed(index))
        .fetch_optional(conn)
        .await)?;
    row.map(|(body, body_sha256, salt, at)| {
        let received_at = super::time("delivery_conflict", "received_at", id, at)?;
        Ok(OtherBody { body, body_sha256, salt, received_at })
    })
    .transpose()
}
