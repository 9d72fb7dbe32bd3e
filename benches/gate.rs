//! A repeated question to the gate against an axum handler that does one SQLite point read: the same process, the
//! same pool of readers, the same load over 16 connections, in turns.
//!
//! Fails if the gate answers less than half as often, or if its 99th percentile is over three times as long.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path as Segment, State};
use axum::routing::get;
use axum::{Json, Router};
use countersign::app::{App, Caller, Role, TokenRequest};
use countersign::clock::Clock;
use countersign::store::Db;
use serde_json::json;
use sqlx::SqlitePool;
use tokio::sync::watch;

mod load;
use load::{Load, Outcome, Requests, Spread, median};

const CONNECTIONS: usize = 16;
const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(800);
const REACH: f64 = 0.5;
const REACH_P99: f64 = 3.0;

fn main() -> Outcome<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let floor = runtime.block_on(floor(folder.path()))?;
    let (product, token, sha) = runtime.block_on(product(folder.path()))?;
    let path = format!("/api/v1/gate?repo=acme/payments&sha={sha}&purpose=merge");
    let (_, answer) = runtime.block_on(load::get(product, &path, &token))?;
    let (_, row) = runtime.block_on(load::get(floor, "/point/1", &token))?;
    println!("answer            {} bytes; the floor's {} bytes", answer.len(), row.len());
    let question = Requests::Same(Arc::new(load::get_request(&path, &token)), ROUND);
    let point = Requests::Same(Arc::new(load::get_request("/point/1", &token)), ROUND);
    let (mut floors, mut products) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let (a, b) = (
            load::send(floor, CONNECTIONS, &point, 200)?,
            load::send(product, CONNECTIONS, &question, 200)?,
        );
        // The first round warms up.
        if round > 0 {
            floors.push(a);
            products.push(b);
        }
    }
    Ok(compare(&floors, &products))
}

fn compare(floors: &[Load], products: &[Load]) -> ExitCode {
    let figures = |name: &str, loads: &[Load]| {
        let rate = median(loads.iter().map(Load::rate).collect()).unwrap_or_default();
        let of = |permille| {
            median(loads.iter().map(|load| load.permille(permille)).collect()).unwrap_or_default()
        };
        let (p50, p99) = (of(500), of(990));
        println!("{name:<17} {rate:>8.0} a second   p50 {p50:>9.1?}   p99 {p99:>9.1?}");
    };
    figures("point read", floors);
    figures("gate, repeated", products);
    // Pair by pair, so that what else the machine does meets both.
    let pairs = || floors.iter().zip(products);
    let p99 = |load: &Load| load.permille(990).as_secs_f64();
    let rate = Spread::of(pairs().map(|(floor, product)| product.rate() / floor.rate()));
    let tail = Spread::of(pairs().map(|(floor, product)| p99(product) / p99(floor)));
    println!("ratio             {rate} of the throughput, p99 {tail} times as long");
    if rate.median >= REACH && tail.median <= REACH_P99 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// The floor: a row by its primary key, from a pool opened as the product opens it.
async fn floor(folder: &Path) -> Outcome<SocketAddr> {
    let file = folder.join("floor.db");
    let Db::Sqlite { writer, readers, .. } =
        Db::open(&format!("sqlite:{}", file.display())).await?
    else {
        return Err("not SQLite".into());
    };
    sqlx::query("create table point (id integer primary key, body text not null) strict")
        .execute(&writer)
        .await?;
    sqlx::query("insert into point (id, body) values (1, $1)")
        .bind(json!({ "pass": true, "state": "pass" }).to_string())
        .execute(&writer)
        .await?;
    let router = Router::new().route("/point/{id}", get(point)).with_state(readers);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn point(
    State(pool): State<SqlitePool>,
    Segment(id): Segment<i64>,
) -> Result<String, Json<()>> {
    let row: (String,) = sqlx::query_as("select body from point where id = $1")
        .bind(id)
        .fetch_one(&pool)
        .await
        .map_err(|_| Json(()))?;
    Ok(row.0)
}

/// The product: a repository with a pull request, a token for it, and the question asked once.
async fn product(folder: &Path) -> Outcome<(SocketAddr, String, String)> {
    let git = folder.join("payments.git-work");
    let (base, head) = repository(&git)?;
    let repository = format!(
        "[[repository]]\nsource = \"github\"\nname = \"acme/payments\"\nclone_url = \"file://{}\"\nid = \"7\"\n",
        git.display()
    );
    let app = App::open(load::config(folder, &repository)?, Clock::system()).await?;
    let request =
        TokenRequest { name: "bench".to_owned(), role: Role::Ci, repo: None, lasts: None };
    let token = app.create_token(&Caller::operator(), request).await?.secret;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let serving = app.clone();
    tokio::spawn(async move {
        let _stop = stop;
        countersign::web::serve(listener, serving, stopped).await
    });
    let body = pull_request(&base, &head).to_string();
    let delivery = load::delivery("pull_request", "d-1", body.as_bytes())?;
    let each = Requests::Each(Arc::new(vec![delivery]));
    tokio::task::spawn_blocking(move || load::send(address, 1, &each, 202)).await??;
    app.work_until_idle().await;
    Ok((address, token, head))
}

fn pull_request(base: &str, head: &str) -> serde_json::Value {
    let repo = json!({ "id": 7, "full_name": "acme/payments", "default_branch": "main" });
    let user = json!({ "id": 11, "login": "m.ortiz", "type": "User" });
    json!({
        "action": "opened", "number": 1, "repository": repo, "sender": user,
        "pull_request": {
            "id": 1, "number": 1, "title": "PAY-1 Round half to even", "body": null, "state": "open", "draft": false,
            "merged": false, "user": user, "labels": [], "html_url": "https://github.example/acme/payments/pull/1",
            "created_at": "2026-11-20T10:00:00Z", "updated_at": "2026-11-20T10:00:00Z",
            "head": { "ref": "topic", "sha": head, "repo": repo },
            "base": { "ref": "main", "sha": base, "repo": repo },
        },
    })
}

/// A repository with a branch: the commits of both.
fn repository(at: &Path) -> Outcome<(String, String)> {
    std::fs::create_dir_all(at.join("src"))?;
    let git = |words: &[&str]| -> Outcome<String> {
        let done = Command::new("git")
            .arg("-C")
            .arg(at)
            .args(["-c", "user.name=M. Ortiz", "-c", "user.email=m.ortiz@example.org"])
            .args(words)
            .output()?;
        if done.status.success() {
            return Ok(String::from_utf8(done.stdout)?.trim().to_owned());
        }
        Err(format!("git {words:?}: {}", String::from_utf8_lossy(&done.stderr)).into())
    };
    git(&["init", "--quiet", "-b", "main"])?;
    std::fs::write(at.join("src/round.rs"), "pub fn round() {}\n")?;
    git(&["add", "."])?;
    git(&["commit", "--quiet", "-m", "Begin"])?;
    let base = git(&["rev-parse", "HEAD"])?;
    git(&["checkout", "--quiet", "-b", "topic"])?;
    std::fs::write(at.join("src/round.rs"), "pub fn round() -> u8 { 0 }\n")?;
    git(&["commit", "--quiet", "-am", "PAY-1 Round half to even"])?;
    let head = git(&["rev-parse", "HEAD"])?;
    git(&["update-ref", "refs/pull/1/head", &head])?;
    git(&["checkout", "--quiet", "main"])?;
    Ok((base, head))
}
