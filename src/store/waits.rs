//! How long changes waited for an architect, by scope.

use super::{StoreError, Tx, on, unsigned};

const DROP: &str = "delete from architect_wait where change = $1";
const PUT: &str =
    "insert into architect_wait (change, scope, decided_at, waited) values ($1, $2, $3, $4)";
/// Of each scope the count, and the waits at which half and nine tenths of its changes were decided (nearest rank).
const SPREAD: &str = "select scope, max(n), max(case when place = (n + 1) / 2 then waited end), max(case when place = (n * 9 + 9) / 10 then waited end) from \
     (select scope, waited, row_number() over (partition by scope order by waited, change) as place, count(*) over (partition by scope) as n \
     from architect_wait where decided_at >= $1 and decided_at < $2) ranked group by scope order by scope";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[DROP, PUT, SPREAD];

/// A wait that ended. Microseconds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait {
    /// The scope that needed an architect; `*`: none by name.
    pub scope: String,
    /// When one decided.
    pub decided_at: i64,
    /// Since it was proposed.
    pub waited: i64,
}

/// Keeps the waits of a change, in place of what was kept before.
pub async fn put(tx: &mut Tx, change: &str, waits: &[Wait]) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(DROP).bind(change).execute(conn).await.map(|_| ()))?;
    for wait in waits {
        on!(tx, |conn| sqlx::query(PUT)
            .bind(change)
            .bind(&wait.scope)
            .bind(wait.decided_at)
            .bind(wait.waited)
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    Ok(())
}

/// The waits of a scope: how many ended, and how long half and nine tenths of them lasted at most, microseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spread {
    /// The scope.
    pub scope: String,
    /// Decisions.
    pub number: u64,
    /// Half waited less, or as long.
    pub median: u64,
    /// Nine of ten waited less, or as long.
    pub ninety: u64,
}

/// The waits that ended in a period, by scope. `until` is excluded.
pub async fn spread(tx: &mut Tx, from: i64, until: i64) -> Result<Vec<Spread>, StoreError> {
    let rows: Vec<(String, i64, i64, i64)> =
        on!(tx, |conn| sqlx::query_as(SPREAD).bind(from).bind(until).fetch_all(conn).await)?;
    let spread = |(scope, number, median, ninety)| Spread {
        scope,
        number: unsigned(number),
        median: unsigned(median),
        ninety: unsigned(ninety),
    };
    Ok(rows.into_iter().map(spread).collect())
}
