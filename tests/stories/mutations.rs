//! Thousands of changes by somebody with the database's password, by a seeded generator: whatever is flipped, taken away,
//! doubled or exchanged in any row of the ledger's tables, the verification says no, and says where.
//!
//! What it cannot know is left out here, and said in docs/verification.md: when a checkpoint was signed (its signature does
//! not cover that), and that a cosignature, or a checkpoint without any, was there once.

use std::fmt::Write as _;

use countersign::app::{App, Caller, Role, TokenRequest};
use countersign::store::Db;
use sqlx::AssertSqlSafe;

use super::tampering::without_triggers;
use crate::harness::archive::Seed;
use crate::harness::witness::{Running, witnessed};
use crate::harness::{Kind, World};

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Number,
    Text,
    Bytes,
}

use Type::{Bytes, Number, Text};

/// A table, its columns, and how many of them, from the first, are its key.
#[derive(Debug)]
struct Table {
    name: &'static str,
    columns: &'static [(&'static str, Type)],
    key: usize,
}

/// `checkpoint.signed_at` is not among them, nor `ledger_head.id`, which can only be 1.
const TABLES: [Table; 5] = [
    Table {
        name: "ledger_entry",
        columns: &[("idx", Number), ("kind", Text), ("bytes", Bytes), ("leaf", Bytes)],
        key: 1,
    },
    Table {
        name: "ledger_hash",
        columns: &[("level", Number), ("idx", Number), ("hash", Bytes)],
        key: 2,
    },
    Table { name: "ledger_head", columns: &[("size", Number), ("frontier", Text)], key: 1 },
    Table { name: "checkpoint", columns: &[("size", Number), ("note", Text)], key: 1 },
    Table {
        name: "cosignature",
        columns: &[("size", Number), ("witness", Text), ("line", Text), ("at", Number)],
        key: 2,
    },
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Number(i64),
    Bytes(Vec<u8>),
}

type Row = Vec<Value>;

/// What is done to one or two rows of a table, and words of which some have to be in a fault.
#[derive(Debug)]
struct Change {
    what: String,
    before: Vec<Row>,
    after: Vec<Row>,
    named: Vec<String>,
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(pair).collect()
}

macro_rules! with {
    ($db:expr, |$pool:ident| $body:expr) => {
        match $db {
            Db::Sqlite { writer: $pool, .. } => $body,
            Db::Postgres($pool) => $body,
        }
    };
}

impl Table {
    /// All rows, each value as a number or in hexadecimal.
    async fn rows(&self, db: &Db) -> Vec<Row> {
        let column = |(name, kind): &(&str, Type)| match (kind, db) {
            (Number, _) => format!("cast({name} as text)"),
            (_, Db::Sqlite { .. }) => format!("hex({name})"),
            (Text, Db::Postgres(_)) => format!("encode(convert_to({name}, 'UTF8'), 'hex')"),
            (Bytes, Db::Postgres(_)) => format!("encode({name}, 'hex')"),
        };
        let columns: Vec<String> = self.columns.iter().map(column).collect();
        let order = self.columns[0].0;
        let sql =
            format!("select {} from {} order by {order}", columns.join(" || '|' || "), self.name);
        let read: Vec<(String,)> =
            with!(db, |pool| sqlx::query_as(AssertSqlSafe(sql)).fetch_all(pool).await)
                .expect("rows");
        let value = |(text, (_, kind)): (&str, &(&str, Type))| match kind {
            Number => Value::Number(text.parse().expect("a number")),
            Text | Bytes => Value::Bytes(unhex(text)),
        };
        read.iter().map(|(row,)| row.split('|').zip(self.columns).map(value).collect()).collect()
    }

    fn literal(&self, at: usize, value: &Value, db: &Db) -> String {
        match (value, self.columns[at].1, db) {
            (Value::Number(number), ..) => {
                format!("({number})").replace(&i64::MIN.to_string(), "-9223372036854775807 - 1")
            }
            (Value::Bytes(bytes), Text, Db::Sqlite { .. }) => {
                format!("cast(x'{}' as text)", hex(bytes))
            }
            (Value::Bytes(bytes), _, Db::Sqlite { .. }) => format!("x'{}'", hex(bytes)),
            (Value::Bytes(bytes), Text, Db::Postgres(_)) => {
                format!("convert_from('\\x{}'::bytea, 'UTF8')", hex(bytes))
            }
            (Value::Bytes(bytes), _, Db::Postgres(_)) => format!("'\\x{}'::bytea", hex(bytes)),
        }
    }

    fn is_this(&self, row: &Row, db: &Db) -> String {
        let key = (0..self.key)
            .map(|at| format!("{} = {}", self.columns[at].0, self.literal(at, &row[at], db)));
        key.collect::<Vec<_>>().join(" and ")
    }

    /// Puts rows in the place of others: what is only touched is updated, so that what is not listed stays.
    async fn put(&self, db: &Db, old: &[Row], new: &[Row]) {
        let mut sql = String::new();
        let sets = |row: &Row| {
            let set =
                |at: usize| format!("{} = {}", self.columns[at].0, self.literal(at, &row[at], db));
            (0..self.columns.len()).map(set).collect::<Vec<_>>().join(", ")
        };
        for (old, new) in old.iter().zip(new) {
            let _ = write!(
                sql,
                "update {} set {} where {};",
                self.name,
                sets(new),
                self.is_this(old, db)
            );
        }
        for gone in old.iter().skip(new.len()) {
            let _ = write!(sql, "delete from {} where {};", self.name, self.is_this(gone, db));
        }
        for come in new.iter().skip(old.len()) {
            let mut names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
            let mut values: Vec<String> =
                (0..come.len()).map(|at| self.literal(at, &come[at], db)).collect();
            match self.name {
                "checkpoint" => (names.push("signed_at"), values.push("0".to_owned())),
                "ledger_head" => (names.push("id"), values.push("1".to_owned())),
                _ => ((), ()),
            };
            let (names, values) = (names.join(", "), values.join(", "));
            let _ = write!(sql, "insert into {} ({names}) values ({values});", self.name);
        }
        with!(db, |pool| sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(pool).await.map(|_| ()))
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
    }

    /// How faults name a row.
    fn names(&self, row: &Row) -> Vec<String> {
        let number = |at: usize| match &row[at] {
            Value::Number(number) => *number,
            Value::Bytes(_) => panic!("a number"),
        };
        match self.name {
            "ledger_entry" => {
                let index = number(0);
                vec![
                    format!("entry {index}:"),
                    format!("entry {index} "),
                    format!("entries {index} to "),
                    format!("the index {index},"),
                    format!("to {} are missing", index.wrapping_sub(1)),
                ]
            }
            "ledger_hash" => vec![format!("hash {} of tile level {}", number(1), number(0))],
            "ledger_head" => vec!["the ledger's head".to_owned()],
            _ => vec![format!("of size {}", number(0)), format!("for size {} ", number(0))],
        }
    }
}

/// Another value: a bit flipped, a byte taken away, doubled or exchanged with its neighbour, or everything taken away.
fn touched(value: &Value, kind: Type, db: &Db, seed: &mut Seed) -> (Value, &'static str) {
    let bytes = match value {
        Value::Number(number) => {
            let bit = if seed.below(2) == 0 { seed.below(4) } else { seed.below(64) };
            return (Value::Number(number ^ (1_i64 << bit)), "a bit of a number");
        }
        Value::Bytes(bytes) => bytes,
    };
    loop {
        let mut other = bytes.clone();
        let at = seed.below(bytes.len());
        let what = match seed.below(10) {
            0 => {
                other.remove(at);
                "a byte taken away"
            }
            1 => {
                other.insert(at, other[at]);
                "a byte doubled"
            }
            2 => {
                let end = bytes.len() - 1;
                other.swap(at, end);
                "bytes exchanged"
            }
            3 => {
                other.truncate(at);
                "cut short"
            }
            _ => {
                other[at] ^= 1 << seed.below(8);
                "a bit flipped"
            }
        };
        // PostgreSQL keeps no text that is not UTF-8, and none with a zero in it.
        let kept = kind != Text
            || matches!(db, Db::Sqlite { .. }) && !other.contains(&0)
            || std::str::from_utf8(&other).is_ok_and(|text| !text.contains('\0'));
        if other != *bytes && kept {
            return (Value::Bytes(other), what);
        }
    }
}

/// A change of a table's rows.
fn change(table: &Table, rows: &[Row], db: &Db, seed: &mut Seed) -> Change {
    let row = rows[seed.below(rows.len())].clone();
    let named = table.names(&row);
    let only_grows = ["cosignature", "checkpoint"].contains(&table.name);
    match seed.below(12) {
        0 if !only_grows => {
            Change { what: "a row taken away".to_owned(), before: vec![row], after: vec![], named }
        }
        1 if table.name != "ledger_head" => {
            let mut copy = row.clone();
            // Numbers of a key alone: a text in it says whose the row is.
            let at = seed.below(table.key.min(if table.name == "cosignature" { 1 } else { 2 }));
            loop {
                copy[at] = touched(&row[at], Number, db, seed).0;
                if !rows.iter().any(|one| one[..table.key] == copy[..table.key]) {
                    break;
                }
            }
            let mut named = table.names(&copy);
            named.push("the ledger's head says".to_owned());
            // Between the last entry and one far behind it there is nothing.
            let next = rows.len();
            named.extend([format!("entry {next} is missing"), format!("entries {next} to ")]);
            Change {
                what: "a row doubled".to_owned(),
                before: vec![row.clone()],
                after: vec![row, copy],
                named,
            }
        }
        2 if rows.len() > 1 => {
            let other = rows[seed.below(rows.len())].clone();
            let (mut one, mut two) = (row.clone(), other.clone());
            one[table.key..].swap_with_slice(&mut two[table.key..]);
            if one == row {
                return change(table, rows, db, seed);
            }
            let mut named = [named, table.names(&other)].concat();
            // Entries that fit their hashes are told by the first sealed thing above them.
            named.extend(
                ["hash 0 of tile level 1", "the checkpoint over", "the ledger's head"]
                    .map(str::to_owned),
            );
            Change {
                what: "rows exchanged".to_owned(),
                before: vec![row, other],
                after: vec![one, two],
                named,
            }
        }
        _ => {
            let at = seed.below(table.columns.len());
            let (name, kind) = table.columns[at];
            let mut other = row.clone();
            let (value, what) = touched(&row[at], kind, db, seed);
            other[at] = value;
            if at < table.key && rows.iter().any(|one| one[..table.key] == other[..table.key]) {
                return change(table, rows, db, seed);
            }
            let named = [named, table.names(&other)].concat();
            Change { what: format!("{what}: {name}"), before: vec![row], after: vec![other], named }
        }
    }
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

/// A ledger with checkpoints at these sizes (some more entries than asked for), each cosigned by two, its key rotated once.
async fn ledger(kind: Kind, steps: &[usize]) -> (World, [Running; 2]) {
    let world = World::new(kind).await;
    grow(&world, "first", 1).await;
    world.app.checkpoint(&world.operator()).await.expect("signed");
    world.app.rotate_key(&world.operator(), "for the test").await.expect("rotated");
    let logs = [world.app.verifier_key()];
    let one = Running::start("w.example/one", &logs, &world.clock).await;
    let two = Running::start("w.example/two", &logs, &world.clock).await;
    let world = witnessed(world, &[&one, &two]).await;
    for (step, entries) in steps.iter().enumerate() {
        grow(&world, &format!("s{step}-"), *entries).await;
        world.app.checkpoint(&world.operator()).await.expect("signed");
    }
    (world, [one, two])
}

/// So many changes, each undone before the next; gives how often each table was met.
async fn played(kind: Kind, steps: &[usize], rounds: usize, seed: u64) -> [usize; TABLES.len()] {
    let (world, _witnesses) = ledger(kind, steps).await;
    assert_eq!(faults(&world.app).await, Vec::<String>::new());
    let db = Db::open(&world.config.database_url.0).await.expect("opens");
    without_triggers(&db).await;
    let mut seed = Seed::new(seed);
    let mut all = Vec::new();
    for table in &TABLES {
        all.push(table.rows(&db).await);
    }
    let mut met = [0; TABLES.len()];
    for round in 0..rounds {
        // Entries twice as often as anything else.
        let at = seed.below(TABLES.len() + 1) % TABLES.len();
        let table = if all[at].is_empty() { 0 } else { at };
        let (table, rows) = (&TABLES[table], &all[table]);
        let change = change(table, rows, &db, &mut seed);
        table.put(&db, &change.before, &change.after).await;
        let found = faults(&world.app).await;
        let named = |fault: &String| change.named.iter().any(|name| fault.contains(name.as_str()));
        assert!(
            found.iter().any(named),
            "round {round}, {}, {}: {change:?}\nnothing of that is in {found:?}",
            table.name,
            change.what
        );
        table.put(&db, &change.after, &change.before).await;
        met[TABLES.iter().position(|one| one.name == table.name).expect("it")] += 1;
    }
    assert_eq!(faults(&world.app).await, Vec::<String>::new(), "not everything was put back");
    met
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_the_ledgers_rows_is_found_on_sqlite() {
    let met = played(Kind::Sqlite, &[5, 4], 2000, 1).await;
    assert!(met[0] > 300 && met[2] > 200 && met[3] > 200 && met[4] > 200, "{met:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_ledger_with_tiles_is_found_on_sqlite() {
    let met = played(Kind::Sqlite, &[120, 160], 150, 2).await;
    assert!(met.iter().all(|met| *met > 10), "{met:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_the_ledgers_rows_is_found_on_postgresql() {
    let met = played(Kind::Postgres, &[5, 4], 300, 3).await;
    assert!(met[0] > 50 && met[2] > 30 && met[3] > 30 && met[4] > 30, "{met:?}");
    let met = played(Kind::Postgres, &[130, 150], 100, 4).await;
    assert!(met.iter().all(|met| *met > 5), "{met:?}");
}
