//! Two databases, one text: every statement is prepared on both, the schemas are the same, the ledger only grows.

use std::collections::BTreeMap;

use countersign::store::{Db, migrations, statements};
use sqlx::Row as _;
use tempfile::TempDir;

use crate::both;
use crate::harness::{Kind, database};

async fn open(kind: Kind) -> (Db, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let db = Db::open(&database(kind, folder.path())).await.expect("it opens");
    (db, folder)
}

both!(every_statement_can_be_prepared, |kind| async move {
    let (db, _folder) = open(kind).await;
    let all = statements();
    assert!(all.len() > 60, "only {} statements are listed", all.len());
    for (room, sql) in all {
        db.prepare(sql).await.unwrap_or_else(|error| panic!("{room}: {sql}: {error:?}"));
    }
});

/// SQLite reads a page of a list from an index, in order, in both halves of its history: it never sorts a whole period.
#[tokio::test]
async fn no_list_is_sorted_after_it_was_read() {
    let (db, _folder) = open(Kind::Sqlite).await;
    let Db::Sqlite { writer, .. } = &db else { panic!("SQLite") };
    let lists = statements().into_iter().filter(|(room, sql)| {
        ["population", "landed"].contains(room) && sql.contains("_version where")
    });
    let lists: Vec<_> = lists.map(|(_, sql)| sql).collect();
    assert_eq!(lists.len(), 6);
    for sql in lists {
        let explain = sqlx::AssertSqlSafe(format!("explain query plan {sql}"));
        let plan = sqlx::query(explain).fetch_all(writer).await.expect("a plan");
        let plan: Vec<String> = plan.iter().map(|step| step.get("detail")).collect();
        assert!(plan.iter().any(|step| step.starts_with("MERGE")), "{sql}: {plan:?}");
        assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{sql}: {plan:?}");
    }
}

#[test]
fn every_statement_of_a_file_is_listed_for_the_test_above() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/store");
    let listed: Vec<&str> = statements().iter().map(|(_, sql)| *sql).collect();
    for entry in std::fs::read_dir(folder).expect("the room") {
        let path = entry.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("its text");
        for name in text.lines().filter_map(|line| line.strip_prefix("const ")) {
            let name = name.split(':').next().unwrap_or_default();
            if !text.contains(&format!("const {name}: &str =")) {
                continue;
            }
            let statements = text.split("STATEMENTS: &[&str]").nth(1).unwrap_or_default();
            let statements = statements.split("];").next().unwrap_or_default();
            assert!(
                statements.split([',', '[', ' ', '\n']).any(|word| word == name),
                "{}: {name} is not in STATEMENTS",
                path.display()
            );
        }
    }
    assert!(!listed.is_empty());
}

/// A search walks the few repositories and finds everything else by an index.
#[tokio::test]
async fn a_search_scans_nothing_but_the_repositories() {
    let (db, _folder) = open(Kind::Sqlite).await;
    let Db::Sqlite { writer, .. } = &db else { panic!("SQLite was asked for") };
    let rooms = ["search", "participants"];
    let read = statements()
        .into_iter()
        .filter(|(room, sql)| rooms.contains(room) && sql.starts_with("select"));
    let mut plans = 0;
    for (_, sql) in read {
        let plan = sqlx::query(sqlx::AssertSqlSafe(format!("explain query plan {sql}")));
        for step in plan.fetch_all(writer).await.expect("a plan") {
            let step: String = step.get("detail");
            assert!(
                !step.starts_with("SCAN")
                    || step == "SCAN r"
                    || step.starts_with("SCAN r USING")
                    || step.starts_with("SCAN CONSTANT"),
                "{sql}: {step}"
            );
            plans += 1;
        }
    }
    assert!(plans > 10, "only {plans} steps were read");
}

#[test]
fn migrations_have_the_same_names_in_both_folders() {
    let names = |folder: &str| {
        let folder = format!("{}/migrations/{folder}", env!("CARGO_MANIFEST_DIR"));
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("a file").file_name().into_string().expect("a name"))
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
    let embedded: Vec<String> =
        migrations().iter().map(|migration| format!("{}.sql", migration.name)).collect();
    assert_eq!(names("sqlite"), embedded);
}

/// Table to columns with whether they may be null.
type Schema = BTreeMap<String, BTreeMap<String, bool>>;

async fn schema(db: &Db) -> Schema {
    let mut schema = Schema::new();
    match db {
        Db::Sqlite { writer, .. } => {
            let rows = sqlx::query(
                "select m.name, c.name, c.\"notnull\", c.pk from sqlite_master m join pragma_table_info(m.name) c \
                 where m.type in ('table', 'view') and m.name not like 'sqlite_%' and m.name not like '\\_sqlx%' escape '\\'",
            )
            .fetch_all(writer)
            .await
            .expect("the schema");
            for row in rows {
                let (not_null, key): (i64, i64) = (row.get(2), row.get(3));
                let columns = schema.entry(row.get(0)).or_default();
                columns.insert(row.get(1), not_null == 0 && key == 0);
            }
        }
        Db::Postgres(pool) => {
            let rows = sqlx::query(
                "select table_name::text, column_name::text, is_nullable::text from information_schema.columns \
                 where table_schema = 'public' and table_name not like '\\_sqlx%'",
            )
            .fetch_all(pool)
            .await
            .expect("the schema");
            for row in rows {
                let nullable: String = row.get(2);
                schema.entry(row.get(0)).or_default().insert(row.get(1), nullable == "YES");
            }
        }
    }
    schema
}

#[tokio::test]
async fn both_databases_have_the_same_tables_and_columns() {
    let (sqlite, _a) = open(Kind::Sqlite).await;
    let (postgres, _b) = open(Kind::Postgres).await;
    assert_eq!(schema(&sqlite).await, schema(&postgres).await);
}

both!(the_ledger_refuses_to_be_changed, |kind| async move {
    let (db, _folder) = open(kind).await;
    let mut tx = db.begin().await.expect("begins");
    countersign::store::ledger::append(&mut tx, 0, "test", b"{}", &[0; 32]).await.expect("appends");
    countersign::store::ledger::add_hash(&mut tx, 1, 0, &[0; 32]).await.expect("adds");
    countersign::store::ledger::add_checkpoint(&mut tx, 1, "note", 0).await.expect("adds");
    tx.commit().await.expect("commits");
    for table in ["ledger_entry", "ledger_hash", "checkpoint"] {
        let change = match table {
            "ledger_entry" => "update ledger_entry set kind = 'other'",
            "ledger_hash" => "update ledger_hash set level = 9",
            _ => "update checkpoint set note = 'other'",
        };
        for sql in [change.to_owned(), format!("delete from {table}")] {
            let refused = execute(&db, &sql).await.expect_err("refused");
            assert!(refused.contains("only grows"), "{sql}: {refused}");
        }
    }
});

async fn execute(db: &Db, sql: &str) -> Result<(), String> {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    let done = match db {
        Db::Sqlite { writer, .. } => sqlx::query(sql).execute(writer).await.map(|_| ()),
        Db::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(|_| ()),
    };
    done.map_err(|error| error.to_string())
}

both!(a_savepoint_takes_back_its_own_part_only, |kind| async move {
    let (db, _folder) = open(kind).await;
    let mut tx = db.begin().await.expect("begins");
    countersign::store::versions::bump(&mut tx, "kept").await.expect("bumps");
    tx.savepoint().await.expect("marks");
    countersign::store::versions::bump(&mut tx, "gone").await.expect("bumps");
    tx.rollback_to_savepoint().await.expect("takes back");
    countersign::store::versions::bump(&mut tx, "once").await.expect("bumps");
    tx.next_savepoint().await.expect("keeps, and marks");
    countersign::store::versions::bump(&mut tx, "gone").await.expect("bumps");
    tx.rollback_to_savepoint().await.expect("takes back");
    countersign::store::versions::bump(&mut tx, "last").await.expect("bumps");
    tx.release().await.expect("keeps");
    tx.commit().await.expect("commits");
    let mut tx = db.read().await.expect("reads");
    for kept in ["kept", "once", "last"] {
        assert_eq!(countersign::store::versions::seen(&mut tx, kept).await.expect("seen"), "0.1");
    }
    assert_eq!(countersign::store::versions::seen(&mut tx, "gone").await.expect("seen"), "0.0");
});

both!(a_reader_cannot_write, |kind| async move {
    let (db, _folder) = open(kind).await;
    let mut tx = db.read().await.expect("reads");
    let refused = countersign::store::versions::bump(&mut tx, "x").await.expect_err("refused");
    assert_eq!(refused.to_string(), "the database does not answer: it is read-only");
});

#[tokio::test]
async fn an_address_of_neither_kind_is_refused_without_its_password() {
    let error = Db::open("mysql://me:secret@host/x").await.expect_err("refused");
    assert_eq!(
        error.to_string(),
        "`mysql://me@host/x` is no database address: sqlite:FILE or postgres://USER@HOST/NAME is needed"
    );
}
