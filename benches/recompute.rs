//! Every recorded decision made again, as `countersign verify --replay` does it, against reading and hashing the same
//! facts and the same answers in the same run, in turns.
//!
//! Fails if fewer than 5,000 decisions a second are made again on the processors that are there.

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use countersign::app::gate::{Answer, Asked};
use countersign::app::intake::Received;
use countersign::app::{App, Caller, RecomputeRequest, Role};
use countersign::cli::demo::forge::{Forge, Proposal, PullId, Secrets, Way};
use countersign::clock::Clock;
use countersign::domain::Oid;
use countersign::integrations::Headers;
use countersign::store::Db;
use countersign::store::recorded;
use sha2::{Digest as _, Sha256};

#[expect(dead_code, reason = "the load is for the other benchmarks")]
mod load;
use load::{Outcome, SECRET, median};

const REPO: &str = "acme/payments";
/// Decisions about deploys, each of a service of its own; and about one proposal under as many titles.
const DEPLOYS: u32 = 1_500;
const MERGES: u32 = 500;
const ROUNDS: usize = 5;
/// Decisions a second.
const AIM: f64 = 5_000.0;
/// Rows that the floor reads at a time.
const PAGE: u64 = 512;

const POLICY: &str = "version: 1\nsignificant:\n  - { name: money, files: [\"src/payments/**\"], scope: payments }\n";
const ORGANISATION: &str =
    "version: 1\nroles:\n  architect:\n    - { user: arch1, scopes: [\"*\"] }\n";

fn main() -> Outcome<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let folder = tempfile::tempdir()?;
    runtime.block_on(run(folder.path()))
}

async fn run(folder: &Path) -> Outcome<ExitCode> {
    let app = recorded_town(folder).await?;
    let db = Db::open(&load::config(folder, "")?.database_url.0).await?;
    let (mut products, mut floors, mut decisions) = (Vec::new(), Vec::new(), 0);
    for round in 0..=ROUNDS {
        let began = Instant::now();
        let found =
            app.recompute(&Caller::operator(), RecomputeRequest::default(), |_, _| {}).await?;
        let product = began.elapsed();
        if !found.holds() {
            return Err(format!("what was recorded does not come out the same: {found:#?}").into());
        }
        decisions = found.decisions;
        let floor = read_and_hash(&db, decisions).await?;
        // The first round warms up.
        if round > 0 {
            products.push(product);
            floors.push(floor);
        }
    }
    let (product, floor) =
        (median(products).unwrap_or_default(), median(floors).unwrap_or_default());
    let count = f64::from(u32::try_from(decisions)?);
    let rate = count / product.as_secs_f64();
    println!("decisions         {decisions}");
    println!("made again        {product:.1?}, {rate:.0} a second");
    println!("read and hashed   {floor:.1?}");
    println!("ratio             {:.2}", product.as_secs_f64() / floor.as_secs_f64());
    Ok(if rate >= AIM { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The floor: the same rows in the same order, with SHA-256 over facts and answers; on one thread.
async fn read_and_hash(db: &Db, decisions: u64) -> Outcome<Duration> {
    let began = Instant::now();
    let (mut from, mut read) = (0, 0);
    while read < decisions {
        let mut tx = db.read().await?;
        let rows = recorded::decisions(&mut tx, from, from + PAGE - 1).await?;
        for (row, facts) in rows {
            let facts = zstd::stream::decode_all(facts.ok_or("facts")?.as_slice())?;
            black_box(Sha256::digest(&facts));
            black_box(Sha256::digest(row.body.as_bytes()));
            read += 1;
        }
        from += PAGE;
    }
    Ok(began.elapsed())
}

/// A service in which so many decisions were recorded.
async fn recorded_town(folder: &Path) -> Outcome<App> {
    let secrets = Secrets { github: SECRET.to_owned(), jira: SECRET.to_owned() };
    let outside = folder.join("outside");
    std::fs::create_dir_all(&outside)?;
    let mut forge = Forge::new(&outside, Clock::system().now(), secrets);
    for login in ["dev1", "arch1", "ops1"] {
        forge.person(login, login);
    }
    let files = [(".countersign.yml", POLICY), ("src/payments/a.rs", "fn a() {}\n")];
    forge.found(REPO, &files, "dev1")?;
    let organisation = folder.join("organisation.yml");
    std::fs::write(&organisation, ORGANISATION)?;
    let more = format!(
        "[policy]\norganisation = {:?}\n[[repository]]\nsource = \"github\"\nname = {REPO:?}\nclone_url = {:?}\nprotected_branches = [\"main\"]\n",
        organisation.display().to_string(),
        forge.repo(REPO)?.url()?,
    );
    let app = App::open(load::config(folder, &more)?, Clock::system()).await?;
    let proposal = Proposal::new("a", "A").file("src/payments/a.rs", "fn a() { 1 }\n");
    let pull = forge.repo(REPO)?.open_pull("dev1", &proposal)?;
    forge.pull(&pull)?.approve("arch1")?;
    arrive(&app, &mut forge).await?;
    merges(&app, &mut forge, &pull).await?;
    let landed = forge.pull(&pull)?.merge("dev1", Way::Merge)?;
    arrive(&app, &mut forge).await?;
    for number in 0..DEPLOYS {
        let service = Some(format!("service-{number}"));
        ask(
            &app,
            landed,
            Asked { service, environment: Some("production".to_owned()), ..Asked::default() },
        )
        .await?;
    }
    Ok(app)
}

/// The same proposal under another title each time: other facts, another decision.
async fn merges(app: &App, forge: &mut Forge, pull: &PullId) -> Outcome<()> {
    let head = forge.pull(pull)?.head()?;
    for number in 0..MERGES {
        forge.pull(pull)?.retitle("dev1", &format!("A, for the {number}th time"))?;
        arrive(app, forge).await?;
        ask(app, head, Asked { purpose: Some("merge".to_owned()), ..Asked::default() }).await?;
    }
    Ok(())
}

async fn arrive(app: &App, forge: &mut Forge) -> Outcome<()> {
    for delivery in forge.take_deliveries() {
        let headers = Headers::new(delivery.headers.clone());
        app.receive(Received { source: delivery.source, headers, body: delivery.body }).await?;
    }
    app.work_until_idle().await;
    Ok(())
}

async fn ask(app: &App, sha: Oid, asked: Asked) -> Outcome<Answer> {
    let asked = Asked { repo: Some(REPO.to_owned()), sha: Some(sha.to_string()), ..asked };
    let ci = Caller { name: "ci".to_owned(), role: Role::Ci, repo: None, person: false };
    let told = app.gate(&ci, &asked).await?;
    Ok(serde_json::from_str(&told.json)?)
}
