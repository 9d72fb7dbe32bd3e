//! The server with 1,000,000 deliveries in its database: resident memory, start to first answer, and the first 50 rows
//! of the lists, against the same with 10,000 deliveries. One deploy and one change for every ten deliveries: sixty
//! services in three environments, with every class and result.
//!
//! The services run as processes of their own: this binary started again. Both are asked in turn, so that what else the
//! machine does meets both. The databases are filled below `target/bench` by the functions of the store, are kept for the
//! next run, and take a few minutes the first time.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use countersign::app::{App, Caller, ChangeBody, DeployBody, Role, TokenRequest};
use countersign::clock::Clock;
use countersign::domain::fact::{Facts, Integrity};
use countersign::domain::{Class, Oid, Time, id};
use countersign::ledger::{Entry, Frontier};
use countersign::policy::deploy::{Buckets, ChangeOutcome, DeployFacts, DeployKind};
use countersign::policy::layers::{Layer, effective};
use countersign::policy::{State, classify, decide, decide_deploy};
use countersign::store::changes::ChangeRow;
use countersign::store::deliveries::{DeliveryState, NewDelivery};
use countersign::store::deploys::DeployRow;
use countersign::store::{self, Db, Tx};
use serde_json::{Map, Value, json};
use tokio::sync::watch;

#[expect(dead_code, reason = "the load is for the other benchmarks")]
mod load;
#[path = "load/repository.rs"]
mod repository;
use load::{Outcome, median};

/// Unless [`FEWER`] says otherwise.
const MANY: u64 = 1_000_000;
/// The variable that asks for fewer deliveries than a million, where nobody has the minutes that filling takes.
const FEWER: &str = "COUNTERSIGN_BENCH_DELIVERIES";
const FEW: u64 = 10_000;
const DELIVERIES_A_DEPLOY: u64 = 10;
/// Which fill it is: another one fills anew.
const FILL: u32 = 3;
/// Deliveries in one transaction of the fill.
const CHUNK: u64 = 20_000;
const ROUNDS: usize = 40;
const MEMORY_KB: u64 = 150_000;
const START: Duration = Duration::from_secs(1);
const LIST: Duration = Duration::from_millis(100);
const GROWTH: f64 = 1.5;
/// The variable that makes this binary the service; its value is the folder.
const CHILD: &str = "COUNTERSIGN_BENCH_CHILD";

fn main() -> Outcome<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let Some(folder) = std::env::var_os(CHILD) {
        runtime.block_on(serve(Path::new(&folder)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let many = std::env::var(FEWER).map_or(Ok(MANY), |number| number.parse())?;
    let folders = [runtime.block_on(filled(FEW))?, runtime.block_on(filled(many))?];
    println!("{FEW} deliveries, then {many}");
    let reached = runtime.block_on(measure(&folders))?;
    Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is asked for. The period is all that was filled; the default quarter of a page would be empty.
const ASKED: [&str; 7] = [
    "/population?from=2024-01-01&size=50",
    "/population?from=2024-01-01&environment=production&size=50",
    "/population?from=2024-01-01&decision=rejected&size=50",
    "/population?from=2024-01-01&page=last&size=50&sort=service",
    "/changes?from=2024-01-01&size=50",
    "/?from=2024-01-01",
    "/api/v1/deploys?limit=50",
];
/// The one that has a reach; the others are for comparison.
const POPULATION: &str = ASKED[0];

async fn measure(folders: &[PathBuf; 2]) -> Outcome<bool> {
    let mut starts = Vec::new();
    for _ in 0..5 {
        starts.push(Service::start(&folders[1]).await?.started);
    }
    let start = median(starts).unwrap_or_default();
    let [few, many] = [Service::start(&folders[0]).await?, Service::start(&folders[1]).await?];
    let fresh = many.memory("VmRSS:")?;
    let mut reached = start < START;
    for path in ASKED {
        let (few, many, growth) = compare(&few, &many, path).await?;
        println!("{path:<60} {few:>9.1?} then {many:>9.1?}   {growth:.2} times");
        reached &= path != POPULATION || (many < LIST && growth < GROWTH);
    }
    let memory = many.memory("VmHWM:")?;
    println!(
        "with the many: first answer after {start:.1?}; resident {fresh} kB at first, {memory} kB at the most"
    );
    Ok(reached && memory < MEMORY_KB)
}

/// The median answer of each, asked in turn, and the median of how many times longer the second took.
async fn compare(few: &Service, many: &Service, path: &str) -> Outcome<(Duration, Duration, f64)> {
    let (mut of_few, mut of_many, mut growths) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS + 3 {
        let (one, other) = (few.list(path).await?, many.list(path).await?);
        if round >= 3 {
            of_few.push(one);
            of_many.push(other);
            growths.push(other.as_secs_f64() / one.as_secs_f64());
        }
    }
    let of = |times| median(times).unwrap_or_default();
    Ok((of(of_few), of(of_many), median(growths).unwrap_or(f64::INFINITY)))
}

/// A running service.
struct Service {
    child: Child,
    started: Duration,
    address: SocketAddr,
    token: String,
    session: String,
}

impl Service {
    /// Starts it, until it answers that it is ready.
    async fn start(folder: &Path) -> Outcome<Self> {
        let began = Instant::now();
        let mut child = Command::new(std::env::current_exe()?)
            .env(CHILD, folder)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let mut line = || lines.next().ok_or("it ended")?.map_err(|error| error.to_string());
        let address = line()?.parse()?;
        let (status, says) = load::get(address, "/readyz", "none").await?;
        if status != 200 {
            return Err(String::from_utf8_lossy(&says).into_owned().into());
        }
        let started = began.elapsed();
        let (token, session) = (line()?, line()?);
        Ok(Self { child, started, address, token, session })
    }

    fn memory(&self, figure: &str) -> Outcome<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(figure)).unwrap_or_default();
        Ok(line.trim().trim_end_matches("kB").trim().parse()?)
    }

    /// How long one answer takes.
    async fn list(&self, path: &str) -> Outcome<Duration> {
        let cookie = format!("{}\r\ncookie: countersign_session={}", self.token, self.session);
        let token = if path.starts_with("/api") { &self.token } else { &cookie };
        let began = Instant::now();
        let (status, says) = load::get(self.address, path, token).await?;
        let took = began.elapsed();
        if status == 200 { Ok(took) } else { Err(String::from_utf8_lossy(&says).into()) }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The child: what `serve` of the command line does, and then a token and a session on its output.
async fn serve(folder: &Path) -> Outcome<()> {
    let app = App::open(load::config(folder, "")?, Clock::system()).await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    let (stop, stopped) = watch::channel(false);
    let (worker, until) = (app.clone(), stopped.clone());
    tokio::spawn(async move { worker.work(until).await });
    let serving = tokio::spawn(countersign::web::serve(listener, app.clone(), stopped));
    let operator = Caller::operator();
    let request =
        TokenRequest { name: "bench".to_owned(), role: Role::Auditor, repo: None, lasts: None };
    println!("{}", app.create_token(&operator, request).await?.secret);
    let link = app.sign_in_link(&operator, "a.novak", Role::Auditor).await?;
    println!("{}", app.sign_in(&link).await?);
    serving.await??;
    drop(stop);
    Ok(())
}

/// The folder of a database with so many deliveries; filled now if it is not there, or was made by other migrations.
async fn filled(deliveries: u64) -> Outcome<PathBuf> {
    let texts: String = store::migrations().iter().map(|migration| migration.sqlite).collect();
    let made_by = id::sha256(texts.as_bytes()).split_off("sha256:".len());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!(
        "target/bench/server-{deliveries}-{FILL}-{}",
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
    fill(&db, deliveries).await?;
    db.close().await;
    let app = App::open(load::config(&folder, "")?, Clock::system()).await?;
    app.checkpoint(&Caller::operator()).await?;
    let found = app.verify_ledger(&Caller::operator(), |_, _| {}).await?;
    app.close().await;
    if let Some(fault) = found.faults.first() {
        return Err(format!("the filled ledger does not hold: {fault}").into());
    }
    std::fs::write(done, "")?;
    println!("filled with {deliveries} deliveries in {:.0?}", began.elapsed());
    Ok(folder)
}

async fn fill(db: &Db, deliveries: u64) -> Outcome<()> {
    let mut frontier = Frontier::new();
    let (body, of_change) = (deploy_body()?, change_body()?);
    let mut first = 0;
    while first < deliveries {
        let mut tx = db.begin().await?;
        if first == 0 {
            store::repositories::put(&mut tx, &repository::repository(REPOSITORY)).await?;
        }
        for number in first..(first + CHUNK).min(deliveries) {
            delivery(&mut tx, &mut frontier, number).await?;
            if number.is_multiple_of(DELIVERIES_A_DEPLOY) {
                let change = change(number, &of_change);
                store::changes::put(&mut tx, &change, None, "").await?;
                let changes = std::slice::from_ref(&change.id);
                store::deploys::put(&mut tx, &deploy(number, &body), &TALLY, changes).await?;
            }
        }
        store::ledger::set_head(&mut tx, frontier.size(), &frontier.to_string()).await?;
        tx.commit().await?;
        first += CHUNK;
    }
    Ok(())
}

/// When something of the fill happened: a minute apart, from 2024 on.
fn at(number: u64) -> Outcome<Time> {
    let micros = 1_704_067_200_000_000 + i64::try_from(number)? * 60_000_000;
    Time::from_micros(micros).ok_or_else(|| "no time".into())
}

async fn delivery(tx: &mut Tx, frontier: &mut Frontier, number: u64) -> Outcome<()> {
    let key = format!("{number:08x}-8f2a-11f0-9c5e-0242ac120002");
    let body = format!("{{\"action\":\"opened\",\"number\":{number}}}");
    let delivery = NewDelivery {
        id: id::derived("dlv", &["github", &key]),
        source: "github".to_owned(),
        key,
        event: "pull_request".to_owned(),
        action: Some("opened".to_owned()),
        headers: "{\"x-github-event\":\"pull_request\"}".to_owned(),
        body: zstd::bulk::compress(body.as_bytes(), 1)?,
        body_size: body.len() as u64,
        body_sha256: id::sha256(body.as_bytes()),

        salt: vec![0; 16],
        received_at: at(number)?,
    };
    let index = frontier.size();
    store::deliveries::keep(tx, &delivery, DeliveryState::Applied, None, index).await?;
    let mut new = store::deliveries::New::default();
    new.count("github", at(number)?, DeliveryState::Applied);
    store::deliveries::count_new(tx, &new).await?;
    let entry = json!({ "delivery": delivery.id, "source": "github", "sha256": delivery.body_sha256, "size": delivery.body_size });
    let Value::Object(entry) = entry else { return Err("no object".into()) };
    append(tx, frontier, at(number)?, entry).await
}

async fn append(
    tx: &mut Tx,
    frontier: &mut Frontier,
    at: Time,
    entry: Map<String, Value>,
) -> Outcome<()> {
    let sealed = Entry::seal("delivery", at, entry)?;
    let leaf = sealed.leaf_hash;
    store::ledger::append(tx, frontier.size(), "delivery", &sealed.bytes, leaf.as_bytes()).await?;
    for tile in frontier.append(leaf) {
        store::ledger::add_hash(tx, tile.level, tile.index, tile.hash.as_bytes()).await?;
    }
    Ok(())
}

const REPOSITORY: &str = "rep_0000000000000007";

const TALLY: store::deploys::Tally = store::deploys::Tally {
    deploys: 1,
    commits: 3,
    changes: 1,
    landed: 3,
    direct: 0,
    exempt: 0,
    plumbing: 0,
    pre_ledger: 0,
    unresolved: 0,
    by_rule: 0,
    approved: 1,
    emergency: 0,
};

/// One of these, by a number that looks like chance and is the same in every run.
fn one_of(words: &[&str], number: u64, salt: u64) -> String {
    let mixed = (number + salt).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    let place = usize::try_from(mixed).unwrap_or(0) % words.len().max(1);
    words.get(place).copied().unwrap_or_default().to_owned()
}

/// Of a hundred changes one is vetoed.
fn state(number: u64) -> String {
    let rare = number.is_multiple_of(1000);
    if rare { "rejected".to_owned() } else { one_of(&["approved", "auto_approved"], number, 5) }
}

const CLASSES: [&str; 4] = ["trivial", "routine", "significant", "critical"];

fn deploy(number: u64, body: &DeployBody) -> DeployRow {
    let at = at(number).map_or(0, Time::micros);
    let kinds = ["forward", "forward", "forward", "rollback", "redeploy"];
    DeployRow {
        id: format!("dep_{number:016}"),
        repo: "rep_0000000000000007".to_owned(),
        service: format!("service-{}", number / 10 * 7 % 60),
        environment: one_of(&["production", "staging", "test"], number, 1),
        sha: format!("{number:040x}"),
        previous: number.checked_sub(10).map(|previous| format!("{previous:040x}")),
        status: one_of(&["succeeded", "succeeded", "succeeded", "failed"], number, 2),
        kind: one_of(&kinds, number, 3),
        started_at: at,
        finished_at: Some(at + 90_000_000),
        deployer: Some("m.ortiz".to_owned()),
        class: Some(one_of(&CLASSES, number, 4)),
        state: state(number),
        decision: None,
        body: serde_json::to_string(body).unwrap_or_default(),
        ledger_index: Some(number),
    }
}

fn change(number: u64, body: &ChangeBody) -> ChangeRow {
    let at = at(number).map_or(0, Time::micros);
    ChangeRow {
        id: format!("chg_{number:016}"),
        repo: "rep_0000000000000007".to_owned(),
        pull: Some(number),
        title: format!("PAY-{number} Round half to even"),
        branch: "main".to_owned(),
        head: format!("{number:040x}"),
        landed_sha: Some(format!("{number:040x}")),
        landed_how: Some("squash".to_owned()),
        landed_at: Some(at),
        landed_by: Some("m.ortiz".to_owned()),
        integrity: Some("intact".to_owned()),
        class: one_of(&CLASSES, number, 4),
        state: state(number),
        opened_at: Some(at),
        sort_at: at,
        body: serde_json::to_string(body).unwrap_or_default(),
        ledger_index: Some(number),
    }
}

/// What is kept of a change, as the policy that is built in judges it.
fn change_body() -> Outcome<ChangeBody> {
    let facts: Facts = serde_json::from_value(json!({
        "repo": "acme/payments", "branch": "main", "head": "9f2c41e7d081d3f6e05b4be1c07a92aaaaaaaaaa",
        "fingerprint": "sha256:00", "files": [], "commits": [], "opinions": [], "grants": [], "tickets": [], "checks": [],
        "pull": { "number": 7, "title": "Round half to even", "opener": "m.ortiz", "pushers": [], "labels": [], "draft": false },
        "landing": { "commit": "9f2c41e7d081d3f6e05b4be1c07a92aaaaaaaaaa", "how": "squash", "integrity": "intact",
            "at": at(0)?, "by": "m.ortiz", "evidence": ["one parent, and the tree of merging the head"] },
    }))?;
    let effective = effective(Layer::Missing, Layer::Missing, "main");
    let classification = classify(&effective, &facts);
    let decision = decide(&effective, &facts, &classification, at(0)?);
    Ok(ChangeBody {
        facts,
        decision,
        judged_at: at(0)?,
        policy_base: "main".to_owned(),
        organisation: "sha256:00".to_owned(),
        repository: None,
    })
}

/// What is kept of a deploy that brought two changes.
fn deploy_body() -> Outcome<DeployBody> {
    let sha: Oid = "9f2c41e7d081d3f6e05b4be1c07a92aaaaaaaaaa".parse()?;
    let change = |pull: u64, title: &str| ChangeOutcome {
        id: format!("chg_{pull:016}"),
        pull: Some(pull),
        title: title.to_owned(),
        class: Class::Significant,
        state: State::Approved,
        why: "An architect approved this content, and the ticket was open.".to_owned(),
        missing: Vec::new(),
        integrity: Integrity::Intact,
        landed_sha: Some(sha),
    };
    let kind = DeployKind::Forward;
    let facts = DeployFacts {
        previous: Some(sha),
        buckets: Buckets { total: 3, landed: 3, ..Buckets::default() },
        changes: vec![
            change(1, "PAY-1182 Round half to even"),
            change(2, "PAY-1190 Retry the scheme once"),
        ],
        ..DeployFacts::of("acme/payments", sha, "settlement", "production", kind)
    };
    let effective = effective(Layer::Missing, Layer::Missing, "main");
    let decision = decide_deploy(&effective, &facts, at(0)?);
    let body = json!({ "facts": facts, "decision": decision });
    Ok(serde_json::from_value(body)?)
}
