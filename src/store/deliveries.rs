//! Deliveries: what arrived, raw. Bodies are kept compressed; their digest is over the bytes received.

use std::collections::BTreeMap;

use super::list::{self, Counters};
use super::{StoreError, Tx, on, signed, unsigned};
use crate::domain::{DAY, Time};

const KEEP: &str = "insert into delivery (id, source, key, event, action, headers, body, body_size, body_sha256, received_at, state, why, ledger_index, salt) \
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict (id) do nothing";
const SHA: &str = "select body_sha256 from delivery where id = $1";
const SET_STATE: &str =
    "update delivery set state = $2, why = $3, attempts = attempts + 1 where id = $1";
const GET: &str = "select seq, id, source, key, event, action, body_size, body_sha256, received_at, state, why, attempts, ledger_index from delivery where id = $1";
const LIST: &str = "select seq, id, source, key, event, action, body_size, body_sha256, received_at, state, why, attempts, ledger_index from delivery \
     where seq < $1 order by seq desc limit $2";
const RAW: &str = "select source, event, headers, body, received_at from delivery where id = $1";
const NEXT: &str = "select seq, id from delivery where seq > $1 order by seq limit $2";
const SET_ASIDE: &str =
    "select id from delivery where state = 'set_aside' and attempts < $1 order by seq limit $2";
const CONFLICT: &str = "insert into delivery_conflict (delivery, body_sha256, body, received_at, ledger_index, salt) values ($1, $2, $3, $4, $5, $6) on conflict do nothing";
const REFUSED: &str = "insert into refused_delivery (source, reason, day, count, last_at, last_sha256) values ($1, $2, $3, 1, $4, $5) \
     on conflict (source, reason, day) do update set count = refused_delivery.count + 1, last_at = excluded.last_at, last_sha256 = excluded.last_sha256";
const REFUSED_COUNT: &str =
    "select cast(coalesce(sum(count), 0) as bigint) from refused_delivery where source = $1";
const LAST: &str = "select max(received_at) from delivery where source = $1 and received_at >= $2 and received_at < $3";
const DAYS: &str = "select day, state, deliveries from delivery_total where source = $1 and day >= $2 and day < $3";
const EDGE: &str = "select received_at / 86400000000, state, count(*) from delivery where source = $1 and received_at >= $2 and received_at < $3 group by 1, 2";

/// The counters that these deliveries make.
macro_rules! counted {
    ($which:literal) => {
        concat!(
            "select source, received_at / 86400000000 as day, state, count(*) as deliveries from delivery",
            $which,
            " group by 1, 2, 3"
        )
    };
}

const COUNT: &str = concat!(
    "insert into delivery_total (source, day, state, deliveries) select source, day, state, cast($2 as bigint) * deliveries from (",
    counted!(" where id = $1"),
    ") as counted where true on conflict (source, day, state) do update set deliveries = delivery_total.deliveries + excluded.deliveries"
);
/// The same for new deliveries, of which everything is at hand: their rows, whose bodies are large, are not read again.
const ADD: &str = "insert into delivery_total (source, day, state, deliveries) values ($1, $2, $3, $4) \
     on conflict (source, day, state) do update set deliveries = delivery_total.deliveries + excluded.deliveries";
const TIDY: &str = "delete from delivery_total where deliveries = 0";
const WRONG: &str = concat!(
    "select count(*) from (select * from (select * from delivery_total except ",
    counted!(""),
    ") as only_kept union all select * from (",
    counted!(""),
    " except select * from delivery_total) as only_counted) as differences"
);
const CLEAR: &str = "delete from delivery_total";
const RECOUNT: &str = concat!("insert into delivery_total ", counted!(""));

/// The counters over deliveries.
pub(super) const COUNTERS: Counters =
    Counters { count: COUNT, tidy: TIDY, wrong: WRONG, clear: CLEAR, recount: RECOUNT };

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[
    KEEP,
    SHA,
    SET_STATE,
    GET,
    LIST,
    RAW,
    NEXT,
    SET_ASIDE,
    CONFLICT,
    REFUSED,
    REFUSED_COUNT,
    LAST,
    DAYS,
    EDGE,
    COUNT,
    ADD,
    TIDY,
    WRONG,
    CLEAR,
    RECOUNT,
];

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryState {
    /// Understood and applied.
    Applied,
    /// Kept; it says nothing that concerns us.
    NoInterest,
    /// Kept; applying it failed, and it will be tried again.
    SetAside,
    /// Kept; it failed too often, and waits for a person.
    Parked,
}

impl DeliveryState {
    /// The word in the database, API and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::NoInterest => "no_interest",
            Self::SetAside => "set_aside",
            Self::Parked => "parked",
        }
    }
}

/// A delivery to keep.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// Our id, derived from source and key.
    pub id: String,
    /// The source.
    pub source: String,
    /// The sender's id of it.
    pub key: String,
    /// The sender's name of the event.
    pub event: String,
    /// The action inside it.
    pub action: Option<String>,
    /// Headers as a JSON object.
    pub headers: String,
    /// The body, zstd.
    pub body: Vec<u8>,
    /// Bytes received.
    pub body_size: u64,
    /// `sha256:…` over the bytes received.
    pub body_sha256: String,
    /// What stands before the digest in what the entry binds; none where somebody was erased from the body.
    pub salt: Vec<u8>,
    /// When.
    pub received_at: Time,
}

/// A delivery as lists and pages show it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct DeliveryRow {
    /// Order of arrival.
    #[serde(skip)]
    pub seq: i64,
    /// Our id.
    pub id: String,
    /// The source.
    pub source: String,
    /// The sender's id of it.
    pub key: String,
    /// The sender's name of the event.
    pub event: String,
    /// The action inside it.
    pub action: Option<String>,
    /// Bytes received.
    pub body_size: u64,
    /// `sha256:…` over the bytes received.
    pub body_sha256: String,
    /// When, in microseconds.
    pub received_at: Time,
    /// What became of it.
    pub state: String,
    /// Why, where it is not applied.
    pub why: Option<String>,
    /// How often it was tried.
    pub attempts: u64,
    /// The ledger entry about it.
    pub ledger_index: u64,
}

type Flat = (
    i64,
    String,
    String,
    String,
    String,
    Option<String>,
    i64,
    String,
    i64,
    String,
    Option<String>,
    i64,
    i64,
);

fn row(flat: Flat) -> Result<DeliveryRow, StoreError> {
    let (seq, id, source, key, event, action, size, sha, at, state, why, attempts, index) = flat;
    Ok(DeliveryRow {
        seq,
        received_at: super::time("delivery", "received_at", &id, at)?,
        id,
        source,
        key,
        event,
        action,
        body_size: unsigned(size),
        body_sha256: sha,
        state,
        why,
        attempts: unsigned(attempts),
        ledger_index: unsigned(index),
    })
}

/// Keeps a delivery; `false`: this id is there already.
pub async fn keep(
    tx: &mut Tx,
    new: &NewDelivery,
    state: DeliveryState,
    why: Option<&str>,
    ledger_index: u64,
) -> Result<bool, StoreError> {
    let rows = on!(tx, |conn| sqlx::query(KEEP)
        .bind(&new.id)
        .bind(&new.source)
        .bind(&new.key)
        .bind(&new.event)
        .bind(&new.action)
        .bind(&new.headers)
        .bind(&new.body)
        .bind(signed(new.body_size))
        .bind(&new.body_sha256)
        .bind(new.received_at.micros())
        .bind(state.as_str())
        .bind(why)
        .bind(signed(ledger_index))
        .bind(&new.salt)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// New deliveries by source, day and state.
#[derive(Debug, Default)]
pub struct New(BTreeMap<(String, i64, DeliveryState), i64>);

impl New {
    /// Counts one in.
    pub fn count(&mut self, source: &str, received_at: Time, state: DeliveryState) {
        *self.0.entry((source.to_owned(), received_at.micros() / DAY, state)).or_default() += 1;
    }
}

/// Adds new deliveries to the counters.
pub async fn count_new(tx: &mut Tx, new: &New) -> Result<(), StoreError> {
    for ((source, day, state), deliveries) in &new.0 {
        on!(tx, |conn| sqlx::query(ADD)
            .bind(source)
            .bind(*day)
            .bind(state.as_str())
            .bind(*deliveries)
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    Ok(())
}

/// The digest of the body kept under an id.
pub async fn sha(tx: &mut Tx, id: &str) -> Result<Option<String>, StoreError> {
    let row: Option<(String,)> =
        on!(tx, |conn| sqlx::query_as(SHA).bind(id).fetch_optional(conn).await)?;
    Ok(row.map(|(sha,)| sha))
}

/// Records what became of a delivery after another try.
pub async fn set_state(
    tx: &mut Tx,
    id: &str,
    state: DeliveryState,
    why: Option<&str>,
) -> Result<(), StoreError> {
    COUNTERS.count(tx, id, -1).await?;
    on!(tx, |conn| sqlx::query(SET_STATE)
        .bind(id)
        .bind(state.as_str())
        .bind(why)
        .execute(conn)
        .await
        .map(|_| ()))?;
    COUNTERS.count(tx, id, 1).await?;
    COUNTERS.tidy(tx).await
}

/// One delivery.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<DeliveryRow>, StoreError> {
    let flat: Option<Flat> =
        on!(tx, |conn| sqlx::query_as(GET).bind(id).fetch_optional(conn).await)?;
    flat.map(row).transpose()
}

/// Deliveries before a place, newest first.
pub async fn list(tx: &mut Tx, before: i64, limit: i64) -> Result<Vec<DeliveryRow>, StoreError> {
    let rows: Vec<Flat> =
        on!(tx, |conn| sqlx::query_as(LIST).bind(before).bind(limit).fetch_all(conn).await)?;
    rows.into_iter().map(row).collect()
}

/// What was received: enough to understand it again.
#[derive(Debug, Clone)]
pub struct Raw {
    /// The source.
    pub source: String,
    /// The sender's name of the event.
    pub event: String,
    /// Headers as a JSON object.
    pub headers: String,
    /// The body, zstd.
    pub body: Vec<u8>,
    /// When it was received.
    pub received_at: Time,
}

/// The raw delivery.
pub async fn raw(tx: &mut Tx, id: &str) -> Result<Option<Raw>, StoreError> {
    let row: Option<(String, String, String, Vec<u8>, i64)> =
        on!(tx, |conn| sqlx::query_as(RAW).bind(id).fetch_optional(conn).await)?;
    row.map(|(source, event, headers, body, at)| {
        let received_at = super::time("delivery", "received_at", id, at)?;
        Ok(Raw { source, event, headers, body, received_at })
    })
    .transpose()
}

/// The next ids in order of arrival, for a replay: `(seq, id)`.
pub async fn next(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<(i64, String)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(NEXT).bind(after).bind(limit).fetch_all(conn).await)?)
}

/// Ids that were set aside and not tried too often.
pub async fn set_aside(tx: &mut Tx, tries: u64, limit: i64) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = on!(tx, |conn| sqlx::query_as(SET_ASIDE)
        .bind(signed(tries))
        .bind(limit)
        .fetch_all(conn)
        .await)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Keeps another body that came under an id we have.
pub async fn keep_conflict(
    tx: &mut Tx,
    new: &NewDelivery,
    ledger_index: u64,
) -> Result<bool, StoreError> {
    let rows = on!(tx, |conn| sqlx::query(CONFLICT)
        .bind(&new.id)
        .bind(&new.body_sha256)
        .bind(&new.body)
        .bind(new.received_at.micros())
        .bind(signed(ledger_index))
        .bind(&new.salt)
        .execute(conn)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Counts a refused delivery.
pub async fn count_refused(
    tx: &mut Tx,
    source: &str,
    reason: &str,
    at: Time,
    sha256: &str,
) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(REFUSED)
        .bind(source)
        .bind(reason)
        .bind(at.to_date_text())
        .bind(at.micros())
        .bind(sha256)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// How many deliveries of a source were refused, ever.
pub async fn refused(tx: &mut Tx, source: &str) -> Result<u64, StoreError> {
    let (count,): (i64,) =
        on!(tx, |conn| sqlx::query_as(REFUSED_COUNT).bind(source).fetch_one(conn).await)?;
    Ok(unsigned(count))
}

/// When the last delivery of a source in a period came, microseconds.
pub async fn last(
    tx: &mut Tx,
    source: &str,
    (from, until): (i64, i64),
) -> Result<Option<i64>, StoreError> {
    let (last,): (Option<i64>,) = on!(tx, |conn| sqlx::query_as(LAST)
        .bind(source)
        .bind(from)
        .bind(until)
        .fetch_one(conn)
        .await)?;
    Ok(last)
}

/// Deliveries of a source in a period by day (days since 1970-01-01) and state, in order; what did not come is left out.
/// A day that the period cuts is counted from its rows.
pub async fn days(
    tx: &mut Tx,
    source: &str,
    period: (i64, i64),
) -> Result<Vec<(i64, String, u64)>, StoreError> {
    let cut = list::cut_to_days(period);
    let days = cut.spans.into_iter().map(|(_, first, until)| (DAYS, first, until));
    let parts = days.chain(cut.edges.into_iter().map(|(from, until)| (EDGE, from, until)));
    let mut all: Vec<(i64, String, i64)> = Vec::new();
    for (sql, from, until) in parts {
        let rows: Vec<(i64, String, i64)> = on!(tx, |conn| sqlx::query_as(sql)
            .bind(source)
            .bind(from)
            .bind(until)
            .fetch_all(conn)
            .await)?;
        all.extend(rows);
    }
    all.sort();
    Ok(all.into_iter().map(|(day, state, count)| (day, state, unsigned(count))).collect())
}
