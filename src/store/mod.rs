//! All SQL. One text for both databases: `$1` placeholders, `returning`, `on conflict … do update`; column
//! types are each database's own. One file per noun: its statements, its row, a few functions over [`Tx`].
//!
//! What may not be here: opinions, the network, and the decision when a transaction begins or ends, which
//! is the business of `app`. Times are whole microseconds (`bigint`): both databases keep them exactly.

use std::path::Path;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Postgres, Sqlite, Transaction};

use crate::domain::Time;

mod migrate;

pub mod accounts;
pub mod aggregates;
pub mod changes;
mod damage;
pub mod decisions;
pub mod deliveries;
pub mod deploys;
pub mod erasures;
pub mod exceptions;
pub mod file;
pub mod groups;
pub mod jobs;
pub mod landed;
pub mod landings;
pub mod ledger;
pub mod links;
pub mod list;
pub mod participants;
pub mod personal;
pub mod population;
pub mod pulls;
pub mod recorded;
pub mod repositories;
pub mod search;
pub mod strays;
pub mod tables;
pub mod tickets;
pub mod tokens;
pub mod totals;
pub mod versions;
pub mod waits;
pub mod witnesses;

use file::DatabaseFile;
pub use migrate::{Migration, migrations};

/// How many readers SQLite gets: enough to keep two cores busy, few enough to stay small.
const SQLITE_READERS: u32 = 4;
/// How long a writer waits for another process before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a question waits for a connection to PostgreSQL. A delivery may wait for the batch before it and for its own,
/// and forges give up after ten seconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// Connections to PostgreSQL per node.
const POSTGRES_CONNECTIONS: u32 = 12;
/// The oldest SQLite without the WAL-reset corruption (3.7.0 to 3.51.2).
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// What goes wrong with a database, in words for people; the driver's own text goes to the log only.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is of neither kind.
    #[error("`{0}` is no database address: sqlite:FILE or postgres://USER@HOST/NAME is needed")]
    Address(String),
    /// The database does not answer, or refuses.
    #[error("the database does not answer: {}", reason(.0))]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the database could not be migrated: {0}")]
    Migration(String),
    /// The database is not safe to use as it is set.
    #[error("the database is not safe as it is set: {0}")]
    Unsafe(String),
    /// An embedded database is not the file any more that was opened.
    #[error(
        "the database `{0}` was moved, deleted or replaced while it was open; nothing is kept until the same file is back with its log (`-wal`), or the service is started again with another"
    )]
    Moved(String),
    /// A row says what cannot be.
    #[error("{table}.{column} of row {row} cannot be read: {why}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Which row.
        row: String,
        /// What is wrong.
        why: String,
    },
}

/// A driver's error as a reason without SQL in it.
fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => {
            let text = error.message();
            for (mark, words) in REASONS {
                if text.contains(mark) {
                    return (*words).to_owned();
                }
            }
            "it refused a statement".to_owned()
        }
        sqlx::Error::PoolTimedOut => {
            "it cannot be reached, or no connection became free in time".to_owned()
        }
        sqlx::Error::PoolClosed => "it was closed".to_owned(),
        sqlx::Error::Io(error) => format!("{error}"),
        _ => "the connection broke".to_owned(),
    }
}

/// Marks in the drivers' texts and what they mean to an operator.
const REASONS: &[(&str, &str)] = &[
    ("readonly database", "it is read-only"),
    ("read-only transaction", "it is read-only"),
    ("database or disk is full", "the disk is full"),
    ("No space left", "the disk is full"),
    ("disk I/O error", "the disk reports an error"),
    ("unable to open database file", "its file cannot be opened"),
    ("file is not a database", "its file is not a database"),
    ("malformed", "its file is damaged"),
    ("database is locked", "another process holds it locked"),
    ("no such table", "a table is missing: was it migrated?"),
    ("does not exist", "it does not exist, or a table is missing"),
    ("only grows", "the ledger refuses to be changed"),
    ("authentication failed", "it refuses the password"),
    ("terminating connection", "it ended the connection"),
    ("the database system is", "it is starting or stopping"),
    ("too many clients", "it has no connection left"),
];

impl StoreError {
    /// Whether a unique constraint said no.
    #[must_use]
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error)) if error.is_unique_violation())
    }
}

/// The database of this installation.
#[derive(Debug, Clone)]
pub enum Db {
    /// Embedded: one writer connection, several readers.
    Sqlite {
        /// The one writer.
        writer: SqlitePool,
        /// Readers, which cannot write.
        readers: SqlitePool,
        /// The file that both have open.
        file: DatabaseFile,
    },
    /// PostgreSQL, possibly shared by several nodes.
    Postgres(PgPool),
}

/// A transaction on whichever database this installation uses. Dropping it rolls back; only `commit` keeps.
#[derive(Debug)]
pub enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

/// Runs one query on the connection inside a [`Tx`]; the body is type-checked once per backend.
macro_rules! on {
    ($tx:expr, |$conn:ident| $query:expr) => {
        match $tx {
            $crate::store::Tx::Sqlite(tx) => {
                let $conn = &mut **tx;
                $query
            }
            $crate::store::Tx::Postgres(tx) => {
                let $conn = &mut **tx;
                $query
            }
        }
    };
}
pub(crate) use on;

impl Db {
    /// Opens the database at an address (`sqlite:FILE`, `postgres://…`), checks that it is safe, migrates it.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let db = Self::connect(url).await?;
        db.check_safety().await?;
        migrate::run(&db).await?;
        Ok(db)
    }

    async fn connect(url: &str) -> Result<Self, StoreError> {
        if let Some(file) = url.strip_prefix("sqlite:") {
            return Self::connect_sqlite(Path::new(file.trim_start_matches("//"))).await;
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options: PgConnectOptions =
                url.parse().map_err(|_| StoreError::Address(without_password(url)))?;
            let options = options.options([("synchronous_commit", "on")]);
            let options = silent(options);
            let pool = PgPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS)
                .acquire_timeout(CONNECT_TIMEOUT)
                .connect_with(options)
                .await?;
            return Ok(Self::Postgres(pool));
        }
        Err(StoreError::Address(without_password(url)))
    }

    async fn connect_sqlite(file: &Path) -> Result<Self, StoreError> {
        let options = silent(SqliteConnectOptions::new())
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL on every connection: NORMAL loses acknowledged rows at a power cut (sem 11.8).
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            .foreign_keys(true)
            .statement_cache_capacity(200);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(BUSY_TIMEOUT)
            .connect_with(options.clone())
            .await?;
        // From here on a missing file is a fault, and no new one is made in its place.
        let options = options.create_if_missing(false);
        writer.set_connect_options(options.clone());
        let readers = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            // All at once: one that is opened later could open another file.
            .min_connections(SQLITE_READERS)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(BUSY_TIMEOUT)
            .test_before_acquire(false)
            .connect_with(options.pragma("query_only", "on"))
            .await?;
        Ok(Self::Sqlite { writer, readers, file: DatabaseFile::of(file) })
    }

    /// Refuses a database that would lose what it acknowledged (sem 11.8; security 0.1, 0.8).
    async fn check_safety(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite { writer, readers, .. } => {
                for pool in [writer, readers] {
                    let (level,): (i64,) =
                        sqlx::query_as("pragma synchronous").fetch_one(pool).await?;
                    if level < 2 {
                        return Err(StoreError::Unsafe(format!(
                            "synchronous is {level}, not FULL"
                        )));
                    }
                }
                let (version,): (String,) =
                    sqlx::query_as("select sqlite_version()").fetch_one(writer).await?;
                if parse_version(&version) < OLDEST_SQLITE {
                    return Err(StoreError::Unsafe(format!(
                        "SQLite {version} can corrupt its log; 3.51.3 is needed"
                    )));
                }
                Ok(())
            }
            Self::Postgres(pool) => {
                for (setting, query) in POSTGRES_SAFETY {
                    let (value,): (String,) = sqlx::query_as(*query).fetch_one(pool).await?;
                    if value == "off" {
                        return Err(StoreError::Unsafe(format!("{setting} is off")));
                    }
                }
                Ok(())
            }
        }
    }

    /// Whether what is written now will be found again: an embedded database is still the file that was opened.
    pub fn is_in_place(&self) -> Result<(), StoreError> {
        match self {
            // A closed one says so by itself, and its log is gone with it.
            Self::Sqlite { file, writer, .. } if !writer.is_closed() => file.is_in_place(),
            Self::Sqlite { .. } | Self::Postgres(_) => Ok(()),
        }
    }

    /// Opens a transaction that may write. On SQLite it takes the write lock at once: a deferred
    /// transaction may fail when it upgrades.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("begin immediate").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Opens a transaction that reads one consistent state and cannot write.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await?),
            Self::Postgres(pool) => Tx::Postgres(
                pool.begin_with("begin isolation level repeatable read, read only").await?,
            ),
        })
    }

    /// Which database this is: `sqlite` or `postgres`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// After a commit error nothing on that connection may be believed (sem 11.8): closes the writer's
    /// connections, so that the next transaction opens new ones.
    pub async fn forget_writer(&self) {
        match self {
            Self::Sqlite { writer, .. } => {
                if let Ok(connection) = writer.acquire().await {
                    let _ = sqlx::Connection::close_hard(connection.detach()).await;
                }
            }
            Self::Postgres(pool) => {
                for _ in 0..pool.num_idle() {
                    if let Some(connection) = pool.try_acquire() {
                        let _ = sqlx::Connection::close_hard(connection.detach()).await;
                    }
                }
            }
        }
    }

    /// Takes what was overwritten or removed out of the database's file: free pages and old versions of rows. What backups
    /// and archived logs hold is not in reach.
    pub async fn scrub(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite { writer, .. } => {
                let mut connection = writer.acquire().await?;
                sqlx::query("vacuum").execute(&mut *connection).await?;
                sqlx::query("pragma wal_checkpoint(truncate)").execute(&mut *connection).await?;
            }
            Self::Postgres(pool) => {
                sqlx::query("vacuum full").execute(pool).await?;
            }
        }
        Ok(())
    }

    /// Closes every connection; SQLite then folds its log into the file.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// Prepares a statement without running it: how the tests check every text on both databases.
    pub async fn prepare(&self, sql: &'static str) -> Result<(), StoreError> {
        use sqlx::Executor as _;
        use sqlx::SqlSafeStr as _;
        match self {
            Self::Sqlite { writer, .. } => {
                writer.acquire().await?.prepare(sql.into_sql_str()).await?;
            }
            Self::Postgres(pool) => {
                pool.acquire().await?.prepare(sql.into_sql_str()).await?;
            }
        }
        Ok(())
    }
}

/// What must not be off in PostgreSQL.
const POSTGRES_SAFETY: &[(&str, &str)] = &[
    ("fsync", "select current_setting('fsync')"),
    ("full_page_writes", "select current_setting('full_page_writes')"),
    ("synchronous_commit", "select current_setting('synchronous_commit')"),
];

impl Tx {
    /// Keeps what was written.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }

    /// Runs a statement without parameters: savepoints and the like.
    async fn run(&mut self, sql: &'static str) -> Result<(), StoreError> {
        on!(self, |conn| sqlx::query(sql).execute(conn).await.map(|_| ()))?;
        Ok(())
    }

    /// Marks a place to come back to; a commit keeps what was written since.
    pub async fn savepoint(&mut self) -> Result<(), StoreError> {
        self.run("savepoint countersign").await
    }

    /// Keeps what was written since the last mark, and marks the place that is reached: one message to the database.
    pub async fn next_savepoint(&mut self) -> Result<(), StoreError> {
        const BOTH: &str = "release savepoint countersign; savepoint countersign";
        match self {
            Self::Sqlite(tx) => sqlx::query(BOTH).execute(&mut **tx).await.map(|_| ())?,
            // It prepares one statement at a time.
            Self::Postgres(tx) => sqlx::raw_sql(BOTH).execute(&mut **tx).await.map(|_| ())?,
        }
        Ok(())
    }

    /// Keeps what was written since the last mark, which goes: what follows needs no way back, and a database that keeps
    /// one for it writes every page twice.
    pub async fn release(&mut self) -> Result<(), StoreError> {
        self.run("release savepoint countersign").await
    }

    /// Takes back what was written since the last mark, which stays.
    pub async fn rollback_to_savepoint(&mut self) -> Result<(), StoreError> {
        self.run("rollback to savepoint countersign").await
    }
}

/// `3.51.3` as numbers; anything else counts as old.
fn parse_version(text: &str) -> (u32, u32, u32) {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    (next(), next(), next())
}

/// An address as it may be shown: without a password.
#[must_use]
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((login, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    let user = login.split(':').next().unwrap_or_default();
    format!("{scheme}://{user}@{host}")
}

/// A count from the database, which has no unsigned numbers.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A count for the database, which has no unsigned numbers.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A time from its column.
pub(crate) fn time(
    table: &'static str,
    column: &'static str,
    row: &str,
    micros: i64,
) -> Result<Time, StoreError> {
    Time::from_micros(micros).ok_or_else(|| StoreError::Inconsistent {
        table,
        column,
        row: row.to_owned(),
        why: format!("{micros} is no time"),
    })
}

/// A JSON column as its type.
pub(crate) fn json<T: serde::de::DeserializeOwned>(
    table: &'static str,
    column: &'static str,
    row: &str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Inconsistent {
        table,
        column,
        row: row.to_owned(),
        why: error.to_string(),
    })
}

/// Slow statements would be logged with their text, on the terminal of whoever runs a command too.
fn silent<O: sqlx::ConnectOptions>(options: O) -> O {
    options.disable_statement_logging()
}

/// Every statement of the room, for the test that prepares them on both databases.
#[must_use]
pub fn statements() -> Vec<(&'static str, &'static str)> {
    let rooms: [(&'static str, &'static [&'static str]); 26] = [
        ("accounts", accounts::STATEMENTS),
        ("aggregates", aggregates::STATEMENTS),
        ("changes", changes::STATEMENTS),
        ("decisions", decisions::STATEMENTS),
        ("deliveries", deliveries::STATEMENTS),
        ("deploys", deploys::STATEMENTS),
        ("erasures", erasures::STATEMENTS),
        ("exceptions", exceptions::STATEMENTS),
        ("groups", groups::STATEMENTS),
        ("jobs", jobs::STATEMENTS),
        ("landed", landed::STATEMENTS),
        ("landings", landings::STATEMENTS),
        ("ledger", ledger::STATEMENTS),
        ("links", links::STATEMENTS),
        ("population", population::STATEMENTS),
        ("participants", participants::STATEMENTS),
        ("pulls", pulls::STATEMENTS),
        ("recorded", recorded::STATEMENTS),
        ("repositories", repositories::STATEMENTS),
        ("search", search::STATEMENTS),
        ("strays", strays::STATEMENTS),
        ("tickets", tickets::STATEMENTS),
        ("tokens", tokens::STATEMENTS),
        ("versions", versions::STATEMENTS),
        ("waits", waits::STATEMENTS),
        ("witnesses", witnesses::STATEMENTS),
    ];
    let all = rooms.into_iter().flat_map(|(room, all)| all.iter().map(move |sql| (room, *sql)));
    let personal = personal::statements().map(|sql| ("personal", sql));
    all.chain(tables::statements()).chain(personal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        assert_eq!(without_password("postgres://me:secret@db/x"), "postgres://me@db/x");
        assert_eq!(without_password("postgres://me@db/x"), "postgres://me@db/x");
        assert_eq!(without_password("sqlite:x.db"), "sqlite:x.db");
    }

    #[test]
    fn old_databases_are_told_from_new_ones() {
        assert!(parse_version("3.40.1") < OLDEST_SQLITE);
        assert!(parse_version("3.51.3") >= OLDEST_SQLITE);
        assert!(parse_version("3.52.0") >= OLDEST_SQLITE);
        assert!(parse_version("nonsense") < OLDEST_SQLITE);
    }
}
