//! Where names can stand: every table with texts about people, row by row, to be rewritten when a person is erased.
//! Names of columns are here alone, so that a test can hold them against the tables that there are.

use futures_util::{StreamExt as _, TryStreamExt as _};

use super::{StoreError, Tx, on};

/// A table with texts that can name a person.
#[derive(Debug, Clone, Copy)]
pub struct Personal {
    /// Its name.
    pub name: &'static str,
    /// The columns of its key.
    pub key: &'static [&'static str],
    /// The columns that are rewritten. They may be of the key.
    pub texts: &'static [&'static str],
    read: &'static str,
    write: &'static str,
}

macro_rules! personal {
    ($name:literal, [$($key:literal),+], [$($text:literal),+], $read:literal, $write:literal) => {
        Personal { name: $name, key: &[$($key),+], texts: &[$($text),+], read: $read, write: $write }
    };
}

/// The tables. A key is read as text, whatever it is.
pub const PERSONAL: &[Personal] = &[
    personal!(
        "delivery",
        ["id"],
        ["why"],
        "select id, why from delivery",
        "update delivery set why = $1 where id = $2"
    ),
    personal!(
        "aggregate",
        ["kind", "key"],
        ["body"],
        "select kind, key, body from aggregate",
        "update aggregate set body = $1 where kind = $2 and key = $3"
    ),
    personal!(
        "account",
        ["source", "id"],
        ["id", "login", "folded"],
        "select source, id, id, login, folded from account",
        "update account set id = $1, login = $2, folded = $3 where source = $4 and id = $5"
    ),
    personal!(
        "commit_account",
        ["repo", "sha"],
        ["author", "committer"],
        "select repo, sha, author, committer from commit_account",
        "update commit_account set author = $1, committer = $2 where repo = $3 and sha = $4"
    ),
    personal!(
        "commit_pusher",
        ["repo", "sha", "reference", "account"],
        ["account"],
        "select repo, sha, reference, account, account from commit_pusher",
        "update commit_pusher set account = $1 where repo = $2 and sha = $3 and reference = $4 and account = $5"
    ),
    personal!(
        "change",
        ["id"],
        ["title", "landed_by", "body"],
        "select id, title, landed_by, body from change",
        "update change set title = $1, landed_by = $2, body = $3 where id = $4"
    ),
    personal!(
        "change_past",
        ["id", "until"],
        ["title", "landed_by", "body"],
        "select id, cast(until as text), title, landed_by, body from change_past",
        "update change_past set title = $1, landed_by = $2, body = $3 where id = $4 and cast(until as text) = $5"
    ),
    personal!(
        "change_person",
        ["person", "change", "part"],
        ["person"],
        "select person, change, part, person from change_person",
        "update change_person set person = $1 where person = $2 and change = $3 and part = $4"
    ),
    personal!(
        "link",
        ["id"],
        ["body"],
        "select id, body from link",
        "update link set body = $1 where id = $2"
    ),
    personal!(
        "deploy",
        ["id"],
        ["deployer", "body"],
        "select id, deployer, body from deploy",
        "update deploy set deployer = $1, body = $2 where id = $3"
    ),
    personal!(
        "deploy_past",
        ["id", "until"],
        ["deployer", "body"],
        "select id, cast(until as text), deployer, body from deploy_past",
        "update deploy_past set deployer = $1, body = $2 where id = $3 and cast(until as text) = $4"
    ),
    personal!(
        "decision",
        ["id"],
        ["body"],
        "select id, body from decision",
        "update decision set body = $1 where id = $2"
    ),
    personal!(
        "exception",
        ["id"],
        ["body"],
        "select id, body from exception",
        "update exception set body = $1 where id = $2"
    ),
    personal!(
        "token",
        ["id"],
        ["name"],
        "select id, name from token",
        "update token set name = $1 where id = $2"
    ),
    personal!(
        "session",
        ["hash"],
        ["person"],
        "select hash, person from session",
        "update session set person = $1 where hash = $2"
    ),
    personal!(
        "sign_in_link",
        ["hash"],
        ["person"],
        "select hash, person from sign_in_link",
        "update sign_in_link set person = $1 where hash = $2"
    ),
    personal!(
        "job",
        ["id"],
        ["error"],
        "select id, error from job",
        "update job set error = $1 where id = $2"
    ),
    personal!(
        "repository",
        ["id"],
        ["fetch_error"],
        "select id, fetch_error from repository",
        "update repository set fetch_error = $1 where id = $2"
    ),
    personal!(
        "erasure",
        ["id"],
        ["terms", "why", "requested_by", "ended_by"],
        "select id, terms, why, requested_by, ended_by from erasure",
        "update erasure set terms = $1, why = $2, requested_by = $3, ended_by = $4 where id = $5"
    ),
];

/// Tables of which no text can name a person, and why; beside those of the ledger itself.
pub const IMPERSONAL: &[(&str, &str)] = &[
    ("ledger_entry", "an entry holds no name"),
    ("ledger_hash", "digests"),
    ("ledger_head", "digests"),
    ("checkpoint", "signed heads"),
    ("cosignature", "signed heads"),
    ("witness_state", "of services"),
    ("verification", "names places in the ledger"),
    ("delivery_total", "counts"),
    ("delivery_conflict", "rewritten with the bodies of deliveries"),
    ("refused_delivery", "counts"),
    ("snapshot", "rewritten as documents"),
    ("policy_text", "rewritten as documents"),
    ("document_secret", "random bytes"),
    ("pull_head", "commits"),
    ("merge_group", "commits and branches"),
    ("merge_group_commit", "commits"),
    ("ticket_key", "keys of tickets"),
    ("ticket_project", "keys of projects"),
    ("version", "counters"),
    ("change_commit", "commits"),
    ("change_total", "counts"),
    ("architect_wait", "durations"),
    ("deploy_change", "ids"),
    ("deploy_total", "counts"),
    ("gate_memo", "forgotten whole"),
];

const FORGET: &str = "delete from gate_memo";
const END_SESSIONS: &str = "delete from session where person = $1";
const END_LINKS: &str = "delete from sign_in_link where person = $1";
const BODIES: &str =
    "select id, body, body_sha256, salt from delivery where id > $1 order by id limit $2";
const BODY: &str = "update delivery set body = $2, body_sha256 = $3, salt = $4 where id = $1";
const OTHERS: &str = "select delivery, body, body_sha256, salt from delivery_conflict order by delivery, body_sha256";
const OTHER: &str = "update delivery_conflict set body = $3, body_sha256 = $4, salt = $5 where delivery = $1 and body_sha256 = $2";
const DOCUMENTS: &str =
    "select digest, body from snapshot where digest > $1 order by digest limit $2";
const DOCUMENT: &str = "update snapshot set body = $2 where digest = $1";
const POLICIES: &str =
    "select digest, bytes from policy_text where digest > $1 order by digest limit $2";
const POLICY: &str = "update policy_text set bytes = $2 where digest = $1";

/// For the test that prepares every statement: those of no table.
const STATEMENTS: &[&str] = &[
    FORGET,
    END_SESSIONS,
    END_LINKS,
    BODIES,
    BODY,
    OTHERS,
    OTHER,
    DOCUMENTS,
    DOCUMENT,
    POLICIES,
    POLICY,
];

/// For the test that prepares every statement.
pub fn statements() -> impl Iterator<Item = &'static str> {
    let tables = PERSONAL.iter().flat_map(|table| [table.read, table.write]);
    tables.chain(STATEMENTS.iter().copied())
}

/// A row: the key, then the texts.
struct Texts(Vec<Option<String>>);

impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for Texts
where
    usize: sqlx::ColumnIndex<R>,
    Option<String>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        (0..row.len()).map(|place| row.try_get(place)).collect::<Result<_, _>>().map(Self)
    }
}

impl Personal {
    /// Rewrites its texts where `of` gives other ones; how many rows that were. `of` is told the key and a text.
    pub async fn rewrite(
        &self,
        tx: &mut Tx,
        of: impl Fn(&[String], &str) -> Option<String> + Send + Sync,
    ) -> Result<u64, StoreError> {
        let changed = self.changed(tx, of).await?;
        for (key, texts) in &changed {
            on!(tx, |conn| {
                let texts = texts.iter().fold(sqlx::query(self.write), sqlx::query::Query::bind);
                key.iter().fold(texts, sqlx::query::Query::bind).execute(conn).await.map(|_| ())
            })?;
        }
        Ok(changed.len() as u64)
    }

    /// The rows that have to be otherwise: key and texts.
    async fn changed(
        &self,
        tx: &mut Tx,
        of: impl Fn(&[String], &str) -> Option<String> + Send + Sync,
    ) -> Result<Vec<(Vec<String>, Vec<Option<String>>)>, StoreError> {
        let mut changed = Vec::new();
        on!(tx, |conn| {
            let mut rows = sqlx::query_as::<_, Texts>(self.read).fetch(conn).boxed();
            while let Some(Texts(cells)) = rows.try_next().await? {
                let mut cells = cells.into_iter();
                let key: Vec<String> = cells.by_ref().take(self.key.len()).flatten().collect();
                let before: Vec<Option<String>> = cells.collect();
                let after: Vec<Option<String>> = before
                    .iter()
                    .map(|text| {
                        text.as_ref().map(|text| of(&key, text).unwrap_or_else(|| text.clone()))
                    })
                    .collect();
                if before != after {
                    changed.push((key, after));
                }
            }
        });
        Ok(changed)
    }
}

/// What is kept in compressed form, or as bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Documents that entries bind (zstd), by digest.
    Documents,
    /// Texts of policies, by digest.
    Policies,
}

/// A page of them after a key.
pub async fn page(
    tx: &mut Tx,
    of: Kept,
    after: &str,
    limit: i64,
) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let statement = match of {
        Kept::Documents => DOCUMENTS,
        Kept::Policies => POLICIES,
    };
    Ok(on!(tx, |conn| sqlx::query_as(statement).bind(after).bind(limit).fetch_all(conn).await)?)
}

/// Puts other bytes in place of a document or a policy; it is kept under the same digest.
pub async fn replace(tx: &mut Tx, of: Kept, digest: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let statement = if of == Kept::Policies { POLICY } else { DOCUMENT };
    on!(tx, |conn| sqlx::query(statement)
        .bind(digest)
        .bind(bytes)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// A body (zstd) with the delivery that it is of, its digest and its salt.
pub type Body = (String, Vec<u8>, String, Vec<u8>);

/// A page of the bodies of deliveries after an id.
pub async fn bodies(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<Body>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(BODIES).bind(after).bind(limit).fetch_all(conn).await)?)
}

/// Puts another body in place of a delivery's: nothing is salted any more.
pub async fn replace_body(
    tx: &mut Tx,
    delivery: &str,
    body: &[u8],
    sha256: &str,
) -> Result<(), StoreError> {
    let none: &[u8] = &[];
    on!(tx, |conn| sqlx::query(BODY)
        .bind(delivery)
        .bind(body)
        .bind(sha256)
        .bind(none)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// The other bodies that came under ids of deliveries.
pub async fn other_bodies(tx: &mut Tx) -> Result<Vec<Body>, StoreError> {
    Ok(on!(tx, |conn| sqlx::query_as(OTHERS).fetch_all(conn).await)?)
}

/// Puts another body in place of one of those.
pub async fn replace_other(
    tx: &mut Tx,
    (delivery, was): (&str, &str),
    body: &[u8],
    sha256: &str,
) -> Result<(), StoreError> {
    let none: &[u8] = &[];
    on!(tx, |conn| sqlx::query(OTHER)
        .bind(delivery)
        .bind(was)
        .bind(body)
        .bind(sha256)
        .bind(none)
        .execute(conn)
        .await
        .map(|_| ()))?;
    Ok(())
}

/// Forgets remembered answers, and ends what a person is signed in with.
pub async fn forget(tx: &mut Tx, person: &str) -> Result<(), StoreError> {
    on!(tx, |conn| sqlx::query(FORGET).execute(&mut *conn).await.map(|_| ()))?;
    for statement in [END_SESSIONS, END_LINKS] {
        on!(tx, |conn| sqlx::query(statement).bind(person).execute(&mut *conn).await.map(|_| ()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn of_every_table_it_is_said_where_names_can_stand() {
        let texts = crate::store::migrations().iter().map(|migration| migration.sqlite);
        let made: BTreeSet<&str> = texts
            .flat_map(|text| text.split("create table ").skip(1))
            .filter_map(|rest| rest.split([' ', '(']).next())
            .collect();
        let personal = PERSONAL.iter().map(|table| table.name);
        let known: BTreeSet<&str> =
            personal.chain(IMPERSONAL.iter().map(|(name, _)| *name)).collect();
        assert_eq!(made, known);
    }
}
