//! Every table as rows of cells, the same from both databases: for holding two databases against each other.

use std::collections::{BTreeMap, HashMap};

use futures_util::{StreamExt as _, TryStreamExt as _};
use sha2::{Digest as _, Sha256};

use super::{StoreError, Tx, on};

/// A table that can be compared.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// How many of the first columns are its key.
    key: usize,
    rows: &'static str,
}

macro_rules! table {
    ($name:literal, $key:literal, $columns:literal) => {
        Table { name: $name, key: $key, rows: concat!("select ", $columns, " from ", $name) }
    };
}

/// What is the same wherever the same was delivered and recorded: all that follows from the ledger and what its entries
/// bind. Left out are places of our own (`delivery.seq`), clocks of this machine (`repository.fetched_at`), counters that
/// only invalidate (`change.evaluated`), and how facts are compressed (`snapshot.body`; the digest is their name).
pub const TABLES: &[Table] = &[
    table!("ledger_entry", 1, "idx, kind, bytes, leaf"),
    table!("ledger_hash", 2, "level, idx, hash"),
    table!("ledger_head", 1, "id, size, frontier"),
    table!("checkpoint", 1, "size, note, signed_at"),
    table!(
        "delivery",
        1,
        "id, source, key, event, action, headers, body, body_size, body_sha256, salt, received_at, state, why, attempts, ledger_index"
    ),
    table!("delivery_total", 3, "source, day, state, deliveries"),
    table!("delivery_conflict", 2, "delivery, body_sha256, salt, body, received_at, ledger_index"),
    table!("aggregate", 2, "kind, key, body"),
    table!("repository", 1, "id, source, external_id, name, default_branch, configured"),
    table!("account", 2, "source, id, login, folded, kind"),
    table!("commit_account", 2, "repo, sha, author, committer, by_source"),
    table!("commit_pusher", 4, "repo, sha, reference, account"),
    table!("pull_head", 3, "repo, sha, pull"),
    table!("merge_group", 2, "repo, head, base, branch"),
    table!("merge_group_commit", 3, "repo, sha, head"),
    table!("ticket_key", 2, "key, source, ticket"),
    table!("ticket_project", 1, "project"),
    table!(
        "change",
        1,
        "id, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, decision, body, ledger_index"
    ),
    table!(
        "change_past",
        2,
        "id, until, repo, pull, title, branch, head, landed_sha, landed_how, landed_at, landed_by, integrity, class, state, opened_at, sort_at, body, ledger_index"
    ),
    table!("change_commit", 3, "repo, sha, change"),
    table!("change_person", 3, "person, change, part, at"),
    table!("change_total", 5, "span, repo, at, class, state, changes"),
    table!("architect_wait", 2, "change, scope, decided_at, waited"),
    table!("link", 1, "id, repo, pull, ticket, live, body"),
    table!(
        "deploy",
        1,
        "id, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, commits, changes, landed, direct, exempt, plumbing, pre_ledger, unresolved, by_rule, approved, emergency, body, ledger_index"
    ),
    table!(
        "deploy_past",
        2,
        "id, until, repo, service, environment, sha, previous, status, kind, started_at, finished_at, deployer, class, state, decision, commits, changes, landed, direct, exempt, plumbing, pre_ledger, unresolved, by_rule, approved, emergency, body, ledger_index"
    ),
    table!("deploy_change", 2, "deploy, change"),
    table!(
        "deploy_total",
        9,
        "span, wide, environment, service, at, status, kind, class, state, deploys, commits, changes, landed, direct, exempt, plumbing, pre_ledger, unresolved, by_rule, approved, emergency"
    ),
    table!(
        "decision",
        1,
        "id, repo, sha, purpose, environment, service, pull, state, class, decided_at, facts, policy, body, ledger_index"
    ),
    table!("snapshot", 1, "digest"),
    table!("policy_text", 1, "digest, bytes"),
    table!(
        "erasure",
        1,
        "id, pseudonym, state, why, requested_by, requested_at, ended_by, ended_at, documents, deliveries, ledger_index"
    ),
    table!("exception", 1, "id, kind, severity, subject, opened_at, state, body"),
];

/// Tables that follow from nothing that is recorded, and why that is right.
pub const NOT_REBUILT: &[(&str, &str)] = &[
    ("document_secret", "what is sealed from now on is sealed by another"),
    ("token", "only digests of secrets are kept, and entries hold none: make new tokens"),
    ("session", "who was signed in signs in again"),
    ("sign_in_link", "they are made again"),
    ("job", "work that waited is found again by the fetch that is queued for each repository"),
    ("gate_memo", "remembered answers: the next question decides anew"),
    ("cosignature", "what witnesses said of checkpoints: they say it again when they are asked"),
    ("witness_state", "how far each witness was asked: it is asked anew"),
    ("version", "counters that only invalidate remembered answers"),
    ("refused_delivery", "counts of what was refused at the door, of which nothing was kept"),
    ("verification", "when the ledger was verified: verify it again"),
];

const EMPTY: &[(&str, &str)] = &[
    ("ledger_entry", "select count(*) from ledger_entry"),
    ("delivery", "select count(*) from delivery"),
    ("aggregate", "select count(*) from aggregate"),
    ("repository", "select count(*) from repository"),
    ("change", "select count(*) from change"),
    ("deploy", "select count(*) from deploy"),
    ("decision", "select count(*) from decision"),
    ("token", "select count(*) from token"),
    ("session", "select count(*) from session"),
    ("sign_in_link", "select count(*) from sign_in_link"),
    ("policy_text", "select count(*) from policy_text"),
    ("snapshot", "select count(*) from snapshot"),
    ("job", "select count(*) from job"),
    ("refused_delivery", "select count(*) from refused_delivery"),
    ("ticket_project", "select count(*) from ticket_project"),
    ("checkpoint", "select count(*) from checkpoint"),
];

/// The statements of this file, for the test that prepares every one.
pub fn statements() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = TABLES.iter().map(|table| (table.name, table.rows));
    rows.chain(EMPTY.iter().copied())
}

/// The first table with rows in a database that should be new, and how many; `None`: it is empty.
pub async fn first_with_rows(tx: &mut Tx) -> Result<Option<(&'static str, u64)>, StoreError> {
    for (name, statement) in EMPTY {
        let (count,): (i64,) = on!(tx, |conn| sqlx::query_as(*statement).fetch_one(conn).await)?;
        if count > 0 {
            return Ok(Some((name, super::unsigned(count))));
        }
    }
    Ok(None)
}

/// One row: its key as text, and the digest of each other cell by column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cells {
    cells: Vec<(String, Vec<u8>)>,
}

impl Cells {
    fn key(&self, columns: usize) -> String {
        let parts = self.cells.iter().take(columns).map(|(_, bytes)| shown(bytes));
        parts.collect::<Vec<_>>().join(" ")
    }

    /// One digest over the whole row.
    fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for (_, bytes) in &self.cells {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        }
        hash.finalize().into()
    }

    /// The first bytes of the digest of each cell after the key.
    fn marks(&self, key: usize) -> Vec<(String, [u8; 8])> {
        let mark = |bytes: &[u8]| {
            let digest: [u8; 32] = Sha256::digest(bytes).into();
            digest.first_chunk::<8>().copied().unwrap_or_default()
        };
        self.cells.iter().skip(key).map(|(name, bytes)| (name.clone(), mark(bytes))).collect()
    }
}

/// A cell as bytes: what it is, then its value.
fn cell<'r, R: sqlx::Row>(row: &'r R, place: usize) -> Result<Vec<u8>, sqlx::Error>
where
    usize: sqlx::ColumnIndex<R>,
    Option<i64>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<String>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<Vec<u8>>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    let tagged = |tag: u8, bytes: Vec<u8>| [vec![tag], bytes].concat();
    if let Ok(number) = row.try_get::<Option<i64>, _>(place) {
        return Ok(number.map_or_else(|| b"n".to_vec(), |n| tagged(b'i', n.to_be_bytes().to_vec())));
    }
    if let Ok(text) = row.try_get::<Option<String>, _>(place) {
        return Ok(text.map_or_else(|| b"n".to_vec(), |text| tagged(b't', text.into_bytes())));
    }
    let bytes = row.try_get::<Option<Vec<u8>>, _>(place)?;
    Ok(bytes.map_or_else(|| b"n".to_vec(), |bytes| tagged(b'b', bytes)))
}

/// A cell of a key for people.
fn shown(bytes: &[u8]) -> String {
    match bytes {
        [b'i', number @ ..] => number
            .first_chunk::<8>()
            .map_or_else(String::new, |n| i64::from_be_bytes(*n).to_string()),
        [_, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [] => String::new(),
    }
}

impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for Cells
where
    usize: sqlx::ColumnIndex<R>,
    Option<i64>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<String>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    Option<Vec<u8>>: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        use sqlx::Column as _;
        let columns = row.columns().iter().enumerate();
        let cells =
            columns.map(|(place, column)| Ok((column.name().to_owned(), cell(row, place)?)));
        Ok(Self { cells: cells.collect::<Result<_, sqlx::Error>>()? })
    }
}

/// How many rows a table has, and one digest over all of them in any order: the sum of the rows' SHA-256.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Whole {
    /// Its rows.
    pub rows: u64,
    sum: [u64; 4],
}

impl Whole {
    fn add(&mut self, digest: [u8; 32]) {
        self.rows += 1;
        let (parts, _) = digest.as_chunks::<8>();
        let mut carry = 0_u128;
        for (sum, part) in self.sum.iter_mut().zip(parts).rev() {
            let total = u128::from(*sum) + u128::from(u64::from_be_bytes(*part)) + carry;
            *sum = u64::try_from(total & u128::from(u64::MAX)).unwrap_or_default();
            carry = total >> 64;
        }
    }
}

impl std::fmt::Display for Whole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.sum.iter().try_for_each(|part| write!(f, "{part:016x}"))
    }
}

/// Goes through the rows of a table.
async fn each(
    tx: &mut Tx,
    table: &Table,
    mut of: impl FnMut(Cells) + Send,
) -> Result<(), StoreError> {
    on!(tx, |conn| {
        let mut rows = sqlx::query_as::<_, Cells>(table.rows).fetch(conn).boxed();
        while let Some(row) = rows.try_next().await? {
            of(row);
        }
    });
    Ok(())
}

impl Table {
    /// Its rows as one digest.
    pub async fn whole(&self, tx: &mut Tx) -> Result<Whole, StoreError> {
        let mut whole = Whole::default();
        each(tx, self, |row| whole.add(row.digest())).await?;
        Ok(whole)
    }

    /// Where two tables differ: the keys, and of rows that both have the columns; none for a row that only one has, with
    /// whether that is the first.
    pub async fn differences(
        &self,
        one: &mut Tx,
        other: &mut Tx,
    ) -> Result<BTreeMap<String, Differs>, StoreError> {
        let mut known: HashMap<String, Vec<(String, [u8; 8])>> = HashMap::new();
        each(one, self, |row| {
            known.insert(row.key(self.key), row.marks(self.key));
        })
        .await?;
        let mut found = BTreeMap::new();
        each(other, self, |row| {
            let (key, marks) = (row.key(self.key), row.marks(self.key));
            match known.remove(&key) {
                None => {
                    found.insert(key, Differs::OnlySecond);
                }
                Some(before) => {
                    let differ = before.into_iter().zip(marks).filter(|(a, b)| a != b);
                    let columns: Vec<String> = differ.map(|((name, _), _)| name).collect();
                    if !columns.is_empty() {
                        found.insert(key, Differs::Columns(columns));
                    }
                }
            }
        })
        .await?;
        found.extend(known.into_keys().map(|key| (key, Differs::OnlyFirst)));
        Ok(found)
    }
}

/// How a row differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Differs {
    /// Only the first database has it.
    OnlyFirst,
    /// Only the second has it.
    OnlySecond,
    /// In these columns.
    Columns(Vec<String>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_table_is_compared_or_it_is_said_why_not() {
        let texts = crate::store::migrations().iter().map(|migration| migration.sqlite);
        let made: BTreeSet<String> = texts
            .flat_map(|text| text.split("create table ").skip(1))
            .filter_map(|rest| rest.split([' ', '(']).next().map(str::to_owned))
            .collect();
        let compared = TABLES.iter().map(|table| table.name);
        let said = NOT_REBUILT.iter().map(|(name, _)| *name);
        let known: BTreeSet<String> = compared.chain(said).map(str::to_owned).collect();
        assert_eq!(made, known);
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_each_row_does() {
        let whole = |rows: &[u8]| {
            let mut whole = Whole::default();
            for row in rows {
                whole.add(Sha256::digest([*row]).into());
            }
            whole
        };
        assert_eq!(whole(&[1, 2, 3]), whole(&[3, 1, 2]));
        assert_ne!(whole(&[1, 2, 3]), whole(&[1, 2]));
        assert_ne!(whole(&[1, 2, 3]), whole(&[1, 2, 4]));
        assert_ne!(whole(&[1, 1]), whole(&[1]));
    }
}
