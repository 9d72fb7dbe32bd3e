//! Entries of 512 bytes through the one writer, each durable and in the tree before its sender is answered, against the
//! same bytes inserted raw with group commit: the same database, the same settings (`synchronous=FULL`;
//! `synchronous_commit=on`), the same disk and as many senders, in turns.
//!
//! There are two floors: an insert for each entry, which has the reach, and one for eight of them, which is how the writer
//! inserts; that one is told beside. The product takes a savepoint for each command, seals and hashes each entry, and
//! keeps tiles, head and frontier. Fails if it takes fewer than half as many a second, or if it commits once per entry.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use countersign::app::{App, AppError, Caller, Command, Unit, Writer};
use countersign::clock::Clock;
use countersign::ledger::Entry;
use countersign::store::{Db, Tx};
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

#[expect(dead_code, reason = "the load over sockets is for the other benchmarks")]
mod load;
#[path = "../tests/harness/postgres.rs"]
#[expect(
    dead_code,
    clippy::expect_used,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "the throwaway server of the tests, which stops where anything is missing"
)]
mod postgres;
use load::{Outcome, Spread, median};

/// Bytes of an entry as it is hashed.
const BYTES: usize = 512;
const SENDERS: usize = 256;
const ROUNDS: usize = 15;
/// Entries of a round, unless [`FEWER`] says otherwise.
const ENTRIES: usize = 20_000;
/// The variable that asks for fewer.
const FEWER: &str = "COUNTERSIGN_BENCH_ENTRIES";
/// As many as the writer takes into one transaction.
const BATCH: usize = 256;
const REACH: f64 = 0.5;
/// A commit for so few entries is as good as a commit for each.
const BATCH_AT_LEAST: f64 = 4.0;

fn main() -> Outcome<ExitCode> {
    let entries = std::env::var(FEWER).map_or(Ok(ENTRIES), |number| number.parse())?;
    let disk = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&disk)?;
    // On the disk of the build and not in memory: it is the fsync that is measured.
    let folder = tempfile::tempdir_in(disk)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    println!("{entries} entries of {BYTES} bytes a round, {SENDERS} senders");
    let file = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
    let embedded = ["countersign.db", "ones.db", "eights.db"].map(file);
    let mut reached = runtime.block_on(compare("SQLite", &embedded, entries))?;
    let served = [(); 3].map(|()| postgres::fresh_database());
    reached &= runtime.block_on(compare("PostgreSQL", &served, entries))?;
    runtime.block_on(holds(folder.path()))?;
    Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The writer and both floors in turns, each in a database of its own.
async fn compare(name: &str, urls: &[String; 3], entries: usize) -> Outcome<bool> {
    let [ours, ones, eights] = urls;
    let writer = Writer::start(Db::open(ours).await?, Clock::system(), None);
    let [ones, eights] = [Sink::Raw(floor(ones, 1).await?), Sink::Raw(floor(eights, 8).await?)];
    let ledger = Sink::Ledger(writer.clone(), text()?);
    let mut rates = Vec::new();
    for round in 0..=ROUNDS {
        let of_ones = rate(&ones, entries).await?;
        let of_eights = rate(&eights, entries).await?;
        let of_ledger = rate(&ledger, entries).await?;
        // The first round warms up.
        if round > 0 {
            rates.push([of_ones, of_eights, of_ledger]);
        }
    }
    let writes = writer.writes();
    let small = |number: u64| u32::try_from(number).map(f64::from);
    let batch = small(writes.commands)? / small(writes.batches.max(1))?;
    let [of_ones, of_eights, of_ledger] = [0, 1, 2].map(|which| {
        median(rates.iter().filter_map(|round| round.get(which).copied()).collect()).unwrap_or(0.0)
    });
    let ratio = Spread::of(rates.iter().map(|[one, _, ledger]| ledger / one));
    let to_eights = Spread::of(rates.iter().map(|[_, eight, ledger]| ledger / eight));
    println!("{name}");
    println!("  raw, one by one    {of_ones:>8.0} a second");
    println!("  raw, eight at once {of_eights:>8.0} a second");
    println!("  ledger             {of_ledger:>8.0} a second, {batch:.1} a commit in the mean");
    println!("  ratio              {ratio}; to eight at once {to_eights}");
    Ok(ratio.median >= REACH && batch >= BATCH_AT_LEAST)
}

/// Where entries go.
#[derive(Clone)]
enum Sink {
    Ledger(Writer, Arc<str>),
    Raw(mpsc::Sender<Waiting>),
}

/// What waits to be kept raw.
struct Waiting {
    bytes: Vec<u8>,
    kept: oneshot::Sender<()>,
}

impl Sink {
    /// Sends one and waits until it is durable.
    async fn keep(&self, number: usize) -> Outcome<()> {
        match self {
            Self::Ledger(writer, text) => Ok(writer.submit(Append(body(number, text))).await?),
            Self::Raw(queue) => {
                let (kept, answer) = oneshot::channel();
                let bytes = format!("{number:0BYTES$}").into_bytes();
                queue.send(Waiting { bytes, kept }).await.map_err(|_| "the floor ended")?;
                Ok(answer.await?)
            }
        }
    }
}

/// Entries a second, sent by so many at once, each of whom waits for the answer before the next.
async fn rate(sink: &Sink, entries: usize) -> Outcome<f64> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut senders = JoinSet::new();
    let began = Instant::now();
    for _ in 0..SENDERS {
        let (sink, next) = (sink.clone(), Arc::clone(&next));
        senders.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= entries {
                    return Ok(());
                }
                sink.keep(number).await?;
            }
        });
    }
    while let Some(sent) = senders.join_next().await {
        let sent: Outcome<()> = sent?;
        sent?;
    }
    Ok(f64::from(u32::try_from(entries)?) / began.elapsed().as_secs_f64())
}

/// The least there is to record: nothing but the entry.
struct Append(Map<String, Value>);

impl Command for Append {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        unit.record("bench", std::mem::take(&mut self.0)).map(|_| ())
    }
}

/// The fields of an entry.
fn body(number: usize, text: &str) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("number".to_owned(), Value::String(format!("{number:012}")));
    body.insert("text".to_owned(), Value::String(text.to_owned()));
    body
}

/// The text with which an entry has [`BYTES`] when it is sealed.
fn text() -> Outcome<Arc<str>> {
    let now = Clock::system().now();
    let without = Entry::seal("bench", now, body(0, ""))?.bytes.len();
    let text = "An architect approved it. ".repeat(BYTES / 26);
    let text = text.get(..BYTES - without).ok_or("too long")?;
    match Entry::seal("bench", now, body(0, text))?.bytes.len() {
        BYTES => Ok(text.into()),
        other => Err(format!("the entry has {other} bytes").into()),
    }
}

/// Starts a floor that inserts so many with one statement.
async fn floor(url: &str, at_once: usize) -> Outcome<mpsc::Sender<Waiting>> {
    let db = Db::open(url).await?;
    let mut tx = db.begin().await?;
    let table = match &tx {
        Tx::Sqlite(_) => {
            "create table raw (number integer primary key, bytes blob not null) strict"
        }
        Tx::Postgres(_) => "create table raw (number bigint primary key, bytes bytea not null)",
    };
    execute(&mut tx, table, 0, &[]).await?;
    tx.commit().await?;
    let (queue, waiting) = mpsc::channel(1024);
    tokio::spawn(keep(db, waiting, at_once));
    Ok(queue)
}

const ONE: &str = "insert into raw (number, bytes) values ($1, $2)";
const EIGHT: &str = "insert into raw (number, bytes) values ($1, $2), ($3, $4), ($5, $6), ($7, $8), \
     ($9, $10), ($11, $12), ($13, $14), ($15, $16)";

/// One transaction for whatever has queued.
async fn keep(db: Db, mut waiting: mpsc::Receiver<Waiting>, at_once: usize) -> Outcome<()> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut kept = 0;
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let mut tx = db.begin().await?;
        for some in batch.chunks(at_once) {
            if some.len() == 8 {
                execute(&mut tx, EIGHT, kept, some).await?;
                kept += 8;
                continue;
            }
            for one in some {
                execute(&mut tx, ONE, kept, std::slice::from_ref(one)).await?;
                kept += 1;
            }
        }
        tx.commit().await?;
        for one in batch.drain(..) {
            let _ = one.kept.send(());
        }
    }
    Ok(())
}

async fn execute(tx: &mut Tx, sql: &'static str, first: i64, rows: &[Waiting]) -> Outcome<()> {
    macro_rules! run {
        ($tx:expr) => {{
            let mut query = sqlx::query(sql);
            for (number, row) in (first..).zip(rows) {
                query = query.bind(number).bind(&row.bytes);
            }
            query.execute(&mut **$tx).await?;
        }};
    }
    match tx {
        Tx::Sqlite(tx) => run!(tx),
        Tx::Postgres(tx) => run!(tx),
    }
    Ok(())
}

/// What was appended is a ledger: every entry and tile is computed anew.
async fn holds(folder: &Path) -> Outcome<()> {
    let app = App::open(load::config(folder, "")?, Clock::system()).await?;
    let found = app.verify_ledger(&Caller::operator(), |_, _| {}).await?;
    app.close().await;
    match found.faults.first() {
        Some(fault) => Err(fault.clone().into()),
        None => Ok(()),
    }
}
