//! At the end of every story each entry of its ledger is checked against the published schema of its kind.

use std::sync::LazyLock;

use countersign::ledger::schema::KINDS;
use countersign::store::Db;
use serde_json::{Value, json};

use crate::schemas::Validator;

/// The schemas as `GET /api/v1/ledger/schemas` publishes them, which `schemas.rs` compares.
static PUBLISHED: LazyLock<Validator> = LazyLock::new(|| {
    let schemas: serde_json::Map<String, Value> =
        KINDS.iter().map(|kind| (kind.name.to_owned(), kind.schema())).collect();
    Validator::new(&json!({ "schemas": schemas }))
});

/// Checks the ledger of a story when it ends.
pub struct Checked {
    url: String,
}

impl Checked {
    /// The ledger in this database.
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned() }
    }
}

impl Drop for Checked {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let url = self.url.clone();
        // A thread of its own: a story's may belong to a runtime, which must not be blocked on.
        let looked = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(complaints(&url))
        });
        let found = looked.join().expect("the check runs");
        assert_eq!(found, Vec::<String>::new(), "entries that are not what their schema says");
    }
}

/// What is wrong with the entries of a ledger; nothing in one that a story damaged, or took away.
pub async fn complaints(url: &str) -> Vec<String> {
    let file = url.strip_prefix("sqlite:");
    if file.is_some_and(|file| !std::path::Path::new(file).exists()) {
        return Vec::new();
    }
    let Ok(db) = Db::open(url).await else { return Vec::new() };
    let entries = if is_guarded(&db).await { entries(&db).await } else { Vec::new() };
    db.close().await;
    let judged = entries.iter().filter_map(|(index, bytes)| {
        let entry: Value = match serde_json::from_slice(bytes) {
            Ok(entry) => entry,
            Err(error) => return Some(format!("entry {index}: {error}")),
        };
        PUBLISHED.complaint(&entry).map(|why| format!("entry {index}: {why}"))
    });
    judged.collect()
}

/// Whether the ledger still refuses changes: whoever plays somebody with the database's password switches that off.
async fn is_guarded(db: &Db) -> bool {
    let sql = match db {
        Db::Sqlite { .. } => {
            "select count(*) from sqlite_master where type = 'trigger' and name in ('ledger_entry_update', 'ledger_entry_delete')"
        }
        Db::Postgres(_) => {
            "select count(*) from pg_trigger where tgrelid = 'ledger_entry'::regclass and tgname like 'ledger_entry%' and tgenabled = 'O'"
        }
    };
    let (guards,): (i64,) = match db {
        Db::Sqlite { writer, .. } => sqlx::query_as(sql).fetch_one(writer).await,
        Db::Postgres(pool) => sqlx::query_as(sql).fetch_one(pool).await,
    }
    .expect("a number");
    guards == 2
}

/// Every entry; none of a file that a story damaged, which SQLite says by its code 11.
async fn entries(db: &Db) -> Vec<(i64, Vec<u8>)> {
    let sql = "select idx, bytes from ledger_entry order by idx";
    let found = match db {
        Db::Sqlite { writer, .. } => sqlx::query_as(sql).fetch_all(writer).await,
        Db::Postgres(pool) => sqlx::query_as(sql).fetch_all(pool).await,
    };
    match found {
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("11") => Vec::new(),
        found => found.expect("entries"),
    }
}
