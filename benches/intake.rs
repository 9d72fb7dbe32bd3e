//! Signed `pull_request` deliveries of real size over 64 connections, each durable before it is acknowledged, against
//! the same requests kept raw with group commit by an axum handler: the same process, the same settings of SQLite
//! (`synchronous=FULL`), the same disk, in turns.
//!
//! The product checks the signature, parses, compresses, keeps, applies and writes the ledger. Fails if it takes fewer
//! than half as many a second, or if it commits once per request.

#![recursion_limit = "256"]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use countersign::app::App;
use countersign::clock::Clock;
use countersign::store::Db;
use sqlx::SqlitePool;
use tokio::sync::{mpsc, oneshot, watch};

#[path = "load/github.rs"]
mod github;
#[expect(dead_code, reason = "asking with a token is for the other benchmarks")]
mod load;
use load::{Load, Outcome, Requests, Spread, median};

const CONNECTIONS: usize = 64;
const ROUNDS: u64 = 15;
const DELIVERIES: u64 = 1500;
const BATCH: usize = 256;
const REACH: f64 = 0.5;
/// A commit for so few deliveries is as good as a commit for each.
const BATCH_AT_LEAST: f64 = 4.0;

fn main() -> Outcome<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // On the disk of the build and not in memory: it is the fsync that is measured.
    let folder = tempfile::tempdir_in(disk()?)?;
    let floor = runtime.block_on(floor(folder.path()))?;
    let working = std::env::var_os("COUNTERSIGN_BENCH_WORKER").is_some();
    let (product, app) = runtime.block_on(product(folder.path(), working))?;
    println!("body              {} bytes", github::pull_request(1).to_string().len());
    let (mut floors, mut products) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let requests = deliveries(round)?;
        let a = load::send(floor, CONNECTIONS, &requests, 202)?;
        let b = load::send(product, CONNECTIONS, &requests, 202)?;
        // The first round warms up.
        if round > 0 {
            floors.push(a);
            products.push(b);
        }
    }
    let writes = app.writes();
    let batch = ratio(writes.commands, writes.batches);
    let ratio = compare(&floors, &products);
    println!("ratio             {ratio} of the throughput");
    println!("batch             {batch:.1} deliveries a commit in the mean");
    runtime.block_on(app.close());
    let size =
        |name: &str| std::fs::metadata(folder.path().join(name)).map_or(0, |file| file.len());
    println!(
        "database          {} MB; the floor's {} MB",
        size("countersign.db") >> 20,
        size("floor.db") >> 20
    );
    let reached = ratio.median >= REACH && batch >= BATCH_AT_LEAST;
    Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn disk() -> Outcome<PathBuf> {
    let disk = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&disk)?;
    Ok(disk)
}

fn ratio(a: u64, b: u64) -> f64 {
    let small = |n: u64| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    small(a) / small(b.max(1))
}

fn compare(floors: &[Load], products: &[Load]) -> Spread {
    let figures = |name: &str, loads: &[Load]| {
        let rate = median(loads.iter().map(Load::rate).collect()).unwrap_or_default();
        let of = |permille| {
            median(loads.iter().map(|load| load.permille(permille)).collect()).unwrap_or_default()
        };
        println!("{name:<17} {rate:>8.0} a second   p50 {:>9.1?}   p99 {:>9.1?}", of(500), of(990));
    };
    figures("kept raw", floors);
    figures("intake", products);
    // Pair by pair, so that what else the machine does meets both.
    let pairs = floors.iter().zip(products);
    Spread::of(pairs.map(|(floor, product)| product.rate() / floor.rate()))
}

/// Distinct deliveries of distinct pull requests, signed.
fn deliveries(round: u64) -> Outcome<Requests> {
    let mut all = Vec::new();
    for number in round * DELIVERIES..(round + 1) * DELIVERIES {
        let key = format!("{:08x}-8f2a-11f0-9c5e-{number:012x}", number.wrapping_mul(0x9e37_79b9));
        let body = github::pull_request(number + 1).to_string();
        all.push(load::delivery("pull_request", &key, body.as_bytes())?);
    }
    Ok(Requests::Each(Arc::new(all)))
}

/// What waits to be kept raw.
struct Waiting {
    id: String,
    body: Bytes,
    kept: oneshot::Sender<()>,
}

/// The floor: bodies as they came, under the sender's id, one transaction for whatever has queued.
async fn floor(folder: &Path) -> Outcome<SocketAddr> {
    let file = folder.join("floor.db");
    let Db::Sqlite { writer, .. } = Db::open(&format!("sqlite:{}", file.display())).await? else {
        return Err("not SQLite".into());
    };
    sqlx::query("create table raw (id text primary key, body blob not null) strict")
        .execute(&writer)
        .await?;
    let (queue, waiting) = mpsc::channel(1024);
    tokio::spawn(keep(writer, waiting));
    let router = Router::new()
        .route("/hooks/{source}", post(receive))
        .layer(DefaultBodyLimit::disable())
        .with_state(queue);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn receive(
    State(queue): State<mpsc::Sender<Waiting>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let id = headers.get("x-github-delivery").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let (kept, answer) = oneshot::channel();
    if queue.send(Waiting { id: id.to_owned(), body, kept }).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    match answer.await {
        Ok(()) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn keep(pool: SqlitePool, mut waiting: mpsc::Receiver<Waiting>) -> Result<(), sqlx::Error> {
    let mut batch = Vec::with_capacity(BATCH);
    while waiting.recv_many(&mut batch, BATCH).await > 0 {
        let mut tx = pool.begin_with("begin immediate").await?;
        for one in &batch {
            sqlx::query("insert into raw (id, body) values ($1, $2)")
                .bind(&one.id)
                .bind(one.body.as_ref())
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        for one in batch.drain(..) {
            let _ = one.kept.send(());
        }
    }
    Ok(())
}

async fn product(folder: &Path, working: bool) -> Outcome<(SocketAddr, App)> {
    let app = App::open(load::config(folder, "")?, Clock::system()).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    if working {
        let (app, stopped) = (app.clone(), stopped.clone());
        tokio::spawn(async move { app.work(stopped).await });
    }
    let serving = app.clone();
    tokio::spawn(async move {
        let _stop = stop;
        countersign::web::serve(listener, serving, stopped).await
    });
    Ok((address, app))
}
