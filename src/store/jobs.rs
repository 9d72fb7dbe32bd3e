//! Work to do after a commit. The same work is queued once; work asked for while it runs, runs again.

use std::collections::BTreeMap;

use super::{StoreError, Tx, on, unsigned};

/// Work that is queued already stays one; asked for while it runs, it runs again.
macro_rules! enqueue {
    ($rows:literal) => {
        concat!(
            "insert into job (id, kind, key, run_at, state) values ", $rows, " \
             on conflict (id) do update set again = case when job.state = 'running' then 1 else job.again end, \
             run_at = case when job.state = 'ready' and job.run_at > excluded.run_at then excluded.run_at else job.run_at end, \
             state = case when job.state = 'parked' then 'ready' else job.state end"
        )
    };
}

const ENQUEUE: &str = enqueue!("($1, $2, $3, $4, 'ready')");
const ENQUEUE_8: &str = enqueue!(
    "($1, $2, $3, $4, 'ready'), ($5, $6, $7, $8, 'ready'), ($9, $10, $11, $12, 'ready'), ($13, $14, $15, $16, 'ready'), \
     ($17, $18, $19, $20, 'ready'), ($21, $22, $23, $24, 'ready'), ($25, $26, $27, $28, 'ready'), ($29, $30, $31, $32, 'ready')"
);
const CLAIM: &str = "update job set state = 'running', attempts = attempts + 1 where id = \
     (select id from job where state = 'ready' and run_at <= $1 \
      order by run_at, case kind when 'delivery' then 0 when 'fetch' then 1 when 'relink' then 2 when 'authors' then 3 when 'roster' then 3 \
      when 'landings' then 4 when 'change' then 5 when 'direct' then 5 else 6 end, id limit 1) and state = 'ready' returning id, kind, key, attempts";
const DONE: &str = "delete from job where id = $1 and again = 0";
const AGAIN: &str = "update job set state = 'ready', again = 0, attempts = 0, error = null, run_at = $2 where id = $1 and again = 1";
const RETRY: &str =
    "update job set state = 'ready', again = 0, run_at = $2, error = $3 where id = $1";
const PARK: &str = "update job set state = 'parked', error = $2 where id = $1";
const RECOVER: &str = "update job set state = 'ready' where state = 'running'";
const COUNTS: &str = "select state, count(*) from job group by state";
const FAILING: &str =
    "select key, error from job where kind = $1 and error is not null order by key";
const UNFINISHED: &str = "select id, state, coalesce(error, '') from job order by id";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] =
    &[ENQUEUE, ENQUEUE_8, CLAIM, DONE, AGAIN, RETRY, PARK, RECOVER, COUNTS, FAILING, UNFINISHED];

/// A claimed job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Kind and key.
    pub id: String,
    /// What to do.
    pub kind: String,
    /// To what.
    pub key: String,
    /// Which try this is, from 1.
    pub attempts: u64,
}

/// Work to queue, each kind and key once, to run not before an instant (microseconds).
pub type Queue = BTreeMap<(String, String), i64>;

/// Queues work, in as few statements as there can be.
pub async fn enqueue_all(tx: &mut Tx, queue: &Queue) -> Result<(), StoreError> {
    let rows: Vec<(String, &str, &str, i64)> = queue
        .iter()
        .map(|((kind, key), at)| (format!("{kind}:{key}"), kind.as_str(), key.as_str(), *at))
        .collect();
    let (eights, rest) = rows.as_chunks::<8>();
    let eights = eights.iter().map(|eight| (ENQUEUE_8, eight.as_slice()));
    for (sql, rows) in eights.chain(rest.chunks(1).map(|one| (ENQUEUE, one))) {
        on!(tx, |conn| {
            let mut query = sqlx::query(sql);
            for (id, kind, key, at) in rows {
                query = query.bind(id).bind(*kind).bind(*key).bind(*at);
            }
            query.execute(conn).await.map(|_| ())
        })?;
    }
    Ok(())
}

/// Takes the next job that is due. Of those that became due together, what others rest on comes first: nothing is
/// judged before it was fetched, nothing attributed before it was judged.
pub async fn claim(tx: &mut Tx, now: i64) -> Result<Option<Job>, StoreError> {
    let row: Option<(String, String, String, i64)> =
        on!(tx, |conn| sqlx::query_as(CLAIM).bind(now).fetch_optional(conn).await)?;
    Ok(row.map(|(id, kind, key, attempts)| Job { id, kind, key, attempts: unsigned(attempts) }))
}

/// Ends a job well; it is queued again if it was asked for meanwhile.
pub async fn done(tx: &mut Tx, id: &str, now: i64) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(DONE).bind(id).execute(conn).await.map(|_| ()))?;
    on!(tx, |conn| sqlx::query(AGAIN).bind(id).bind(now).execute(conn).await.map(|_| ()))?;
    Ok(())
}

/// Puts a job back, to be tried again at an instant.
pub async fn retry(tx: &mut Tx, id: &str, run_at: i64, error: &str) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(RETRY)
        .bind(id)
        .bind(run_at)
        .bind(error)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Sets a job aside for a person.
pub async fn park(tx: &mut Tx, id: &str, error: &str) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(PARK).bind(id).bind(error).execute(conn).await.map(|_| ()))?;
    Ok(())
}

/// After a restart: what was running is ready again. Jobs are idempotent.
pub async fn recover(tx: &mut Tx) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(RECOVER).execute(conn).await.map(|_| ()))?;
    Ok(())
}

/// How many jobs are in each state.
pub async fn counts(tx: &mut Tx) -> Result<Vec<(String, i64)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(COUNTS).fetch_all(conn).await)?)
}

/// What work of a kind failed at when it was last tried, and is not done yet: key and error.
pub async fn failing(tx: &mut Tx, kind: &str) -> Result<Vec<(String, String)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(FAILING).bind(kind).fetch_all(conn).await)?)
}

/// Every job that is not done: id, state, the last error.
pub async fn unfinished(tx: &mut Tx) -> Result<Vec<(String, String, String)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(UNFINISHED).fetch_all(conn).await)?)
}
