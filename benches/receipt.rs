//! Receipts at random places of a ledger of 10,000,000 entries, asked for as the service is asked, in turns with the same
//! of a ledger of 10,000: how long they take, and how many statements and rows they read. Every receipt is checked against
//! its entry and the ledger's key.
//!
//! Entries are small, so that ten million fit on a disk; kind, bytes, leaf hashes, tiles and checkpoint are real, and the
//! whole ledger is verified when it was filled. The databases are filled below `target/bench` by the functions of the
//! store, are kept for the next run, and take minutes and some 1.5 GB the first time.
//!
//! Fails if the median takes 5 ms, or if rows or statements grow by more than three levels of tiles account for.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use countersign::app::{App, Caller};
use countersign::clock::Clock;
use countersign::domain::{Time, id};
use countersign::ledger::key::VerifierKey;
use countersign::ledger::{Entry, Frontier};
use countersign::store::ledger::NewEntry;
use countersign::store::{self, Db};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

#[expect(dead_code, reason = "the load is for the other benchmarks")]
mod load;
use load::{Outcome, Spread};

/// Unless [`FEWER`] says otherwise.
const MANY: u64 = 10_000_000;
/// The variable that asks for fewer leaves than ten million, where nobody has the minutes that filling takes.
const FEWER: &str = "COUNTERSIGN_BENCH_LEAVES";
const FEW: u64 = 10_000;
/// Which fill it is: another one fills anew.
const FILL: u32 = 1;
/// Entries in one transaction of the fill.
const CHUNK: u64 = 100_000;
/// Receipts that are timed.
const RECEIPTS: u64 = 2_000;
/// Receipts of which the reads are counted.
const COUNTED: u64 = 200;
const TIME: Duration = Duration::from_millis(5);
/// Rows that a level of tiles can cost a proof: 1 + 2 + … + 128.
const ROWS_A_LEVEL: u64 = 255;
/// Rows beside the proof: the entry, the checkpoints, the key's rotations, the witnesses.
const ROWS_BESIDE: u64 = 32;

fn main() -> Outcome<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let many = std::env::var(FEWER).map_or(Ok(MANY), |number| number.parse())?;
    runtime.block_on(run(many))
}

async fn run(leaves: u64) -> Outcome<ExitCode> {
    let few = Ledger::open(FEW).await?;
    let many = Ledger::open(leaves).await?;
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..RECEIPTS + 20 {
        for (ledger, times) in [&few, &many].into_iter().zip(&mut times) {
            let took = ledger.receipt(round).await?;
            // The first ones warm up.
            if round >= 20 {
                times.push(took);
            }
        }
    }
    let [of_few, of_many] = &times;
    let ratio = Spread::of(
        of_few.iter().zip(of_many).map(|(few, many)| many.as_secs_f64() / few.as_secs_f64()),
    );
    let mut reached = true;
    tracing::subscriber::set_global_default(Counting)?;
    for (ledger, mut times) in [few, many].into_iter().zip(times) {
        times.sort_unstable();
        let of = |permille| times.get(times.len() * permille / 1000).copied().unwrap_or_default();
        let (statements, rows) = ledger.reads().await?;
        println!(
            "{:>9} leaves   median {:>9.1?}   p99 {:>9.1?}   {statements} statements and {rows} rows at the most",
            ledger.leaves,
            of(500),
            of(990),
        );
        let most = u64::from(ledger.leaves.ilog2().div_ceil(8)) * ROWS_A_LEVEL + ROWS_BESIDE;
        reached &= of(500) < TIME && rows <= most && statements < most;
        ledger.app.close().await;
    }
    println!("ratio             {ratio}");
    Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A service with so many entries.
struct Ledger {
    leaves: u64,
    app: App,
    key: VerifierKey,
}

impl Ledger {
    async fn open(leaves: u64) -> Outcome<Self> {
        let folder = filled(leaves).await?;
        let app = App::open(load::config(&folder, "")?, Clock::system()).await?;
        app.checkpoint(&Caller::operator()).await?;
        let key = app.verifier_key().parse()?;
        Ok(Self { leaves, app, key })
    }

    /// How long a receipt takes at a place that looks like chance and is the same in every run.
    async fn receipt(&self, number: u64) -> Outcome<Duration> {
        let index = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) % self.leaves;
        let operator = Caller::operator();
        let began = Instant::now();
        let receipt = self.app.receipt(&operator, index).await?;
        let took = began.elapsed();
        let (_, bytes) = self.app.entry(&operator, index).await?;
        let head = receipt.verify(&bytes, &self.key)?;
        if receipt.index != index || head.size < self.leaves {
            return Err(format!("entry {index}: the receipt is of another").into());
        }
        Ok(took)
    }

    /// The most statements and rows that a receipt reads, as the driver tells them.
    async fn reads(&self) -> Outcome<(u64, u64)> {
        let (mut statements, mut rows) = (0, 0);
        for number in 0..COUNTED {
            let index = (number + 1).wrapping_mul(0xD1B5_4A32_D192_ED03) % self.leaves;
            STATEMENTS.store(0, Ordering::SeqCst);
            ROWS.store(0, Ordering::SeqCst);
            self.app.receipt(&Caller::operator(), index).await?;
            statements = statements.max(STATEMENTS.load(Ordering::SeqCst));
            rows = rows.max(ROWS.load(Ordering::SeqCst));
        }
        if rows < u64::from(self.leaves.ilog2()) {
            return Err(
                format!("only {rows} rows were counted: the driver does not tell them").into()
            );
        }
        Ok((statements, rows))
    }
}

static STATEMENTS: AtomicU64 = AtomicU64::new(0);
static ROWS: AtomicU64 = AtomicU64::new(0);

/// Adds up what the driver says of each statement when it is done.
struct Counting;

impl Visit for Counting {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "rows_returned" {
            STATEMENTS.fetch_add(1, Ordering::SeqCst);
            ROWS.fetch_add(value, Ordering::SeqCst);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

impl Subscriber for Counting {
    fn enabled(&self, of: &Metadata<'_>) -> bool {
        of.target().starts_with("sqlx::query")
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Self);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The folder of a database with so many entries; filled now if it is not there, or was made by other migrations.
async fn filled(leaves: u64) -> Outcome<PathBuf> {
    let texts: String = store::migrations().iter().map(|migration| migration.sqlite).collect();
    let made_by = id::sha256(texts.as_bytes()).split_off("sha256:".len());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!(
        "target/bench/receipt-{leaves}-{FILL}-{}",
        made_by.get(..12).unwrap_or(&made_by)
    ));
    let done = folder.join("filled");
    if done.exists() {
        return Ok(folder);
    }
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let began = Instant::now();
    let db = Db::open(&load::config(&folder, "")?.database_url.0).await?;
    fill(&db, leaves).await?;
    db.close().await;
    let app = App::open(load::config(&folder, "")?, Clock::system()).await?;
    app.checkpoint(&Caller::operator()).await?;
    let found = app.verify_ledger(&Caller::operator(), |_, _| {}).await?;
    app.close().await;
    if let Some(fault) = found.faults.first() {
        return Err(format!("the filled ledger does not hold: {fault}").into());
    }
    std::fs::write(done, "")?;
    println!("filled with {leaves} entries and verified in {:.0?}", began.elapsed());
    Ok(folder)
}

async fn fill(db: &Db, leaves: u64) -> Outcome<()> {
    let mut frontier = Frontier::new();
    while frontier.size() < leaves {
        let first = frontier.size();
        let mut entries = Vec::new();
        for index in first..(first + CHUNK).min(leaves) {
            entries.push(Entry::seal("bench", at(index)?, Map::from_iter([number(index)]))?);
        }
        let rows: Vec<_> = (first..)
            .zip(&entries)
            .map(|(index, sealed)| NewEntry {
                index,
                kind: "bench",
                bytes: &sealed.bytes,
                leaf: sealed.leaf_hash.as_bytes(),
            })
            .collect();
        let mut tx = db.begin().await?;
        store::ledger::append_all(&mut tx, &rows).await?;
        for sealed in &entries {
            for tile in frontier.append(sealed.leaf_hash) {
                store::ledger::add_hash(&mut tx, tile.level, tile.index, tile.hash.as_bytes())
                    .await?;
            }
        }
        store::ledger::set_head(&mut tx, frontier.size(), &frontier.to_string()).await?;
        tx.commit().await?;
    }
    Ok(())
}

fn number(index: u64) -> (String, Value) {
    ("number".to_owned(), index.into())
}

/// When an entry of the fill was recorded: a second apart, from 2024 on.
fn at(index: u64) -> Outcome<Time> {
    let micros = 1_704_067_200_000_000 + i64::try_from(index)? * 1_000_000;
    Time::from_micros(micros).ok_or_else(|| "no time".into())
}
