//! Who took part in a change, by folded name; kept with the change and read by the search.

use super::{StoreError, Tx, on};

const DROP: &str = "delete from change_person where change = $1";
const PUT: &str = "insert into change_person (person, part, change, at) values ($1, $2, $3, $4) on conflict (person, change, part) do nothing";
const OF: &str = "select change, part from change_person where person = $1 \
     and change in (select change from change_person where person = $1 order by at desc, change desc limit $2) order by at desc, change desc, part";

/// For the test that prepares every statement.
pub const STATEMENTS: &[&str] = &[DROP, PUT, OF];

/// What one person did in a change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// Who; compared without case.
    pub person: String,
    /// `opened`, `wrote`, `approved`, `vetoed`, `landed`.
    pub part: &'static str,
}

/// Keeps who took part, in place of what was kept before. `at`: the change's place in lists, microseconds.
pub async fn put(tx: &mut Tx, change: &str, at: i64, parts: &[Part]) -> Result<(), StoreError> {
    forget(tx, change).await?;
    for part in parts {
        on!(tx, |conn| sqlx::query(PUT)
            .bind(part.person.to_lowercase())
            .bind(part.part)
            .bind(change)
            .bind(at)
            .execute(conn)
            .await
            .map(|_| ()))?;
    }
    Ok(())
}

/// Forgets who took part in a change that is no change any more.
pub async fn forget(tx: &mut Tx, change: &str) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(DROP).bind(change).execute(conn).await.map(|_| ()))?;
    Ok(())
}

/// The last `limit` changes in which somebody took part, newest first, a row for each part: `(change, part)`.
pub async fn of(
    tx: &mut Tx,
    person: &str,
    limit: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(OF)
        .bind(person.to_lowercase())
        .bind(limit)
        .fetch_all(conn)
        .await)?)
}
