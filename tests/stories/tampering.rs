//! Somebody with the password of the database changes a cell of it: the verification says no, and says where.

use countersign::app::{App, Caller, Role, TokenRequest};
use countersign::store::Db;

use crate::both;
use crate::harness::World;
use crate::harness::witness::{Running, witnessed};

/// A cell, and what has to be in one of the faults when it was changed.
struct Cell {
    table: &'static str,
    column: &'static str,
    place: String,
    named: String,
}

#[derive(Debug, Clone)]
enum Value {
    Bytes(Vec<u8>),
    Text(String),
    Number(i64),
}

impl Value {
    /// Another value of the type: a bit of it flipped, at a place that the seed says.
    fn changed(&self, seed: usize) -> Self {
        match self {
            Self::Bytes(bytes) => {
                let mut bytes = bytes.clone();
                let at = seed * 31 % bytes.len();
                bytes[at] ^= 1 << (seed % 8);
                Self::Bytes(bytes)
            }
            Self::Text(text) => {
                let places: Vec<usize> = text
                    .char_indices()
                    .filter(|(_, c)| c.is_ascii_alphanumeric())
                    .map(|(at, _)| at)
                    .collect();
                let mut bytes = text.clone().into_bytes();
                // The lowest bit of a letter or digit: what comes of it is one, too, or next to one.
                bytes[places[seed * 31 % places.len()]] ^= 1;
                Self::Text(String::from_utf8(bytes).expect("ASCII"))
            }
            Self::Number(number) => Self::Number(number + 1),
        }
    }
}

/// Whoever can change rows can switch the triggers off.
pub async fn without_triggers(db: &Db) {
    for table in ["ledger_entry", "ledger_hash", "checkpoint", "cosignature"] {
        match db {
            Db::Sqlite { writer, .. } => {
                for what in ["update", "delete"] {
                    let sql = format!("drop trigger {table}_{what}");
                    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(writer).await.expect("dropped");
                }
            }
            Db::Postgres(pool) => {
                let sql = format!("alter table {table} disable trigger all");
                sqlx::query(sqlx::AssertSqlSafe(sql)).execute(pool).await.expect("switched off");
            }
        }
    }
}

macro_rules! with {
    ($db:expr, |$pool:ident| $body:expr) => {
        match $db {
            Db::Sqlite { writer: $pool, .. } => $body,
            Db::Postgres($pool) => $body,
        }
    };
}

async fn get(db: &Db, cell: &Cell) -> Value {
    let sql = format!("select {} from {} where {}", cell.column, cell.table, cell.place);
    let safe = || sqlx::AssertSqlSafe(sql.clone());
    match cell.column {
        "bytes" | "leaf" | "hash" => {
            let (found,): (Vec<u8>,) =
                with!(db, |pool| sqlx::query_as(safe()).fetch_one(pool).await).expect("a cell");
            Value::Bytes(found)
        }
        "size" | "at" | "idx" => {
            let (found,): (i64,) =
                with!(db, |pool| sqlx::query_as(safe()).fetch_one(pool).await).expect("a cell");
            Value::Number(found)
        }
        _ => {
            let (found,): (String,) =
                with!(db, |pool| sqlx::query_as(safe()).fetch_one(pool).await).expect("a cell");
            Value::Text(found)
        }
    }
}

async fn set(db: &Db, cell: &Cell, place: &str, value: &Value) {
    let sql = format!("update {} set {} = $1 where {place}", cell.table, cell.column);
    let sql = sqlx::AssertSqlSafe(sql);
    let done = with!(db, |pool| {
        let query = sqlx::query(sql);
        let query = match value {
            Value::Bytes(bytes) => query.bind(bytes.clone()),
            Value::Text(text) => query.bind(text.clone()),
            Value::Number(number) => query.bind(*number),
        };
        query.execute(pool).await.map(|done| done.rows_affected())
    });
    assert_eq!(done.expect("changed"), 1, "{} of {}", cell.column, cell.table);
}

async fn faults(app: &App) -> Vec<String> {
    app.verify_ledger(&Caller::operator(), |_, _| {}).await.expect("it runs").faults
}

async fn grow(world: &World, name: &str, entries: usize) {
    for number in 0..entries {
        let name = format!("{name}{number}");
        let request = TokenRequest { name, role: Role::Ci, repo: None, lasts: None };
        world.app.create_token(&world.operator(), request).await.expect("a token");
    }
}

fn cells(sizes: &[u64]) -> Vec<Cell> {
    let mut cells = Vec::new();
    let mut add = |table, column, place: String, named: String| {
        cells.push(Cell { table, column, place, named });
    };
    for index in [0, 7, 100, 255, 256, 260] {
        for column in ["bytes", "leaf", "kind"] {
            add("ledger_entry", column, format!("idx = {index}"), format!("entry {index}"));
        }
    }
    add(
        "ledger_hash",
        "hash",
        "level = 1 and idx = 0".to_owned(),
        "hash 0 of tile level 1".to_owned(),
    );
    add(
        "ledger_hash",
        "idx",
        "level = 1 and idx = 0".to_owned(),
        "hash 0 of tile level 1".to_owned(),
    );
    add("ledger_head", "size", "id = 1".to_owned(), "head".to_owned());
    add("ledger_head", "frontier", "id = 1".to_owned(), "head".to_owned());
    for size in sizes {
        let named = format!("of size {size}");
        for column in ["note", "size"] {
            add("checkpoint", column, format!("size = {size}"), named.clone());
        }
        for column in ["line", "witness", "at"] {
            add("cosignature", column, format!("size = {size}"), named.clone());
        }
    }
    cells
}

both!(a_changed_cell_is_found_and_its_place_named, |kind| async move {
    let world = World::new(kind).await;
    let witness = Running::start("w.example/w", &[world.app.verifier_key()], &world.clock).await;
    let world = witnessed(world, &[&witness]).await;
    let mut sizes = Vec::new();
    for (name, entries) in [("a", 40), ("b", 150), ("c", 80)] {
        grow(&world, name, entries).await;
        let note = world.app.checkpoint(&world.operator()).await.expect("signed");
        sizes.push(note.lines().nth(1).expect("a size").parse::<u64>().expect("a number"));
    }
    assert_eq!(faults(&world.app).await, Vec::<String>::new());
    let db = Db::open(&world.config.database_url.0).await.expect("opens");
    without_triggers(&db).await;
    for (seed, cell) in cells(&sizes).iter().enumerate() {
        let before = get(&db, cell).await;
        let after = before.changed(seed + 3);
        set(&db, cell, &cell.place, &after).await;
        let found = faults(&world.app).await;
        let named = found.iter().any(|fault| fault.contains(&cell.named));
        assert!(
            named,
            "{} of {} where {}: {before:?} became {after:?}: no `{}` in {found:?}",
            cell.column, cell.table, cell.place, cell.named
        );
        // The row is found again by what it was changed to.
        let place = match (&before, &after) {
            (Value::Number(before), Value::Number(after)) => cell.place.replace(
                &format!("{} = {before}", cell.column),
                &format!("{} = {after}", cell.column),
            ),
            _ => cell.place.clone(),
        };
        set(&db, cell, &place, &before).await;
    }
    assert_eq!(faults(&world.app).await, Vec::<String>::new(), "not everything was put back");
    for (sql, named) in [
        (
            "delete from ledger_hash where level = 1",
            "hash 0 of tile level 1, over the entries 0 to 255, is missing",
        ),
        ("delete from ledger_entry where idx >= 260", "are missing"),
        ("delete from ledger_entry where idx = 33", "entry 33 is missing"),
    ] {
        with!(&db, |pool| sqlx::query(sql).execute(pool).await.map(|_| ())).expect("done");
        let found = faults(&world.app).await;
        assert!(found.iter().any(|fault| fault.contains(named)), "{sql}: {found:?}");
    }
});
