//! Migrations: embedded, forward only, the same versions and names for both databases.

use std::borrow::Cow;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration as Step, MigrationType, Migrator};

use super::{Db, StoreError};

/// One migration with its text for each database.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Its number, from 1.
    pub version: i64,
    /// Its name, as in the file.
    pub name: &'static str,
    /// The text for SQLite.
    pub sqlite: &'static str,
    /// The text for PostgreSQL.
    pub postgres: &'static str,
}

macro_rules! migration {
    ($version:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }
    };
}

/// All of them, in order.
#[must_use]
pub fn migrations() -> &'static [Migration] {
    const ALL: &[Migration] = &[
        migration!(1, "0001_deliveries"),
        migration!(2, "0002_ledger"),
        migration!(3, "0003_sources"),
        migration!(4, "0004_record"),
        migration!(5, "0005_operations"),
        migration!(10, "0010_lists"),
        migration!(30, "0030_reverts"),
        migration!(40, "0040_recompute"),
        migration!(70, "0070_witnesses"),
        migration!(80, "0080_erasure"),
    ];
    ALL
}

/// Brings the database up to date. A file that was edited after it was applied is refused by its checksum.
pub(super) async fn run(db: &Db) -> Result<(), StoreError> {
    let steps = |text: fn(&Migration) -> &'static str| {
        let steps = migrations().iter().map(|migration| {
            Step::new(
                migration.version,
                Cow::Borrowed(migration.name),
                MigrationType::Simple,
                text(migration).into_sql_str(),
                false,
            )
        });
        Migrator::with_migrations(steps.collect())
    };
    let done = match db {
        Db::Sqlite { writer, .. } => steps(|migration| migration.sqlite).run(writer).await,
        Db::Postgres(pool) => steps(|migration| migration.postgres).run(pool).await,
    };
    done.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(error) => StoreError::Database(error),
        sqlx::migrate::MigrateError::ExecuteMigration(error, version) => {
            tracing::error!(%error, version, "a migration failed");
            StoreError::Migration(format!("version {version} failed: {}", super::reason(&error)))
        }
        other => StoreError::Migration(other.to_string()),
    })
}
