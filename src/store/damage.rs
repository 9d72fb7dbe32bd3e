//! Whether the file of an embedded database is whole: pages, rows, and that each index says what its table says. A disk
//! that returns other bytes than were written is told by nothing else, where no hash stands over them.

use super::{Db, StoreError};

/// Lines that are worth reading.
const ENOUGH: usize = 20;

impl Db {
    /// What is wrong with the file, in SQLite's words; empty: it is whole. PostgreSQL has programs of its own for it.
    pub async fn damage(&self) -> Result<Vec<String>, StoreError> {
        let Self::Sqlite { readers, .. } = self else { return Ok(Vec::new()) };
        // All of it, indexes included: this reads the whole file.
        let check = sqlx::query_as("pragma integrity_check(20)");
        let lines: Vec<(String,)> = check.fetch_all(readers).await?;
        Ok(lines.into_iter().map(|(line,)| line).filter(|line| line != "ok").take(ENOUGH).collect())
    }
}
