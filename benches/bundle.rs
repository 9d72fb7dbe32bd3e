//! Bundles out of a ledger in which 100,000 changes landed, each with its decision and one deploy for every ten: of one
//! change, of a period with 50, with 1,000 and with all of them; and the check of each. Both are the program's own
//! commands, each in a process of its own: time, size, and the most memory that was resident.
//!
//! One change was proposed, judged, landed and deployed by way of the service; the others are it again under other ids,
//! commits, facts and times, put there by the functions of the store. The database is filled below `target/bench`, is kept
//! for the next run, and takes minutes the first time.
//!
//! Fails if the bundle of 50 takes 5 s, or if any needs more memory than the service may.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use countersign::app::gate::Asked;
use countersign::app::intake::Received;
use countersign::app::{App, Caller, Role};
use countersign::cli::demo::forge::{Forge, Proposal, Secrets, Way};
use countersign::clock::Clock;
use countersign::domain::{Oid, Time, id};
use countersign::integrations::Headers;
use countersign::ledger::{Entry, Frontier};
use countersign::store::changes::ChangeRow;
use countersign::store::decisions::DecisionRow;
use countersign::store::deploys::{DeployRow, Tally};
use countersign::store::ledger::NewEntry;
use countersign::store::{self, Db, Tx};

#[expect(dead_code, reason = "the load is for the other benchmarks")]
mod load;
use load::{Outcome, SECRET};

/// Unless [`FEWER`] says otherwise.
const CHANGES: u64 = 100_000;
/// The variable that asks for fewer changes, where nobody has the minutes that filling takes.
const FEWER: &str = "COUNTERSIGN_BENCH_CHANGES";
const FEW: u64 = 1_000;
const SAMPLES: u64 = 50;
const CHANGES_A_DEPLOY: u64 = 10;
/// Which fill it is: another one fills anew.
const FILL: u32 = 1;
/// Changes in one transaction of the fill.
const CHUNK: u64 = 1_000;
const TIME: Duration = Duration::from_secs(5);
/// What a running service may take.
const MEMORY_KB: u64 = 150_000;
/// How often the memory of a command is looked at.
const LOOK: Duration = Duration::from_millis(5);

const REPO: &str = "acme/payments";
const POLICY: &str = "version: 1\nsignificant:\n  - { name: money, files: [\"src/payments/**\"], scope: payments }\n";
const ORGANISATION: &str =
    "version: 1\nroles:\n  architect:\n    - { user: arch1, scopes: [\"*\"] }\n";

fn main() -> Outcome<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let changes = std::env::var(FEWER).map_or(Ok(CHANGES), |number| number.parse())?;
    let folder = runtime.block_on(filled(changes))?;
    let key = std::fs::read_to_string(folder.join("filled"))?;
    let mut reached = true;
    let one = ["--change".to_owned(), change_id(changes / 2)];
    bundle(&folder, &key, "one change", &one)?;
    for count in [SAMPLES, FEW.min(changes), changes] {
        let period =
            ["--from".to_owned(), at(0)?.to_string(), "--to".to_owned(), at(count)?.to_string()];
        let [made, checked] = bundle(&folder, &key, &format!("{count} changes"), &period)?;
        reached &= count != SAMPLES || made.took < TIME;
        reached &= made.memory < MEMORY_KB && checked.memory < MEMORY_KB;
    }
    Ok(if reached { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How a command went.
struct Ran {
    took: Duration,
    memory: u64,
}

/// Makes a bundle and checks it.
fn bundle(folder: &Path, key: &str, what: &str, scope: &[String]) -> Outcome<[Ran; 2]> {
    let file = folder.join("bundle.zip");
    let _ = std::fs::remove_file(&file);
    let (config, zip) = (folder.join("countersign.toml"), file.display().to_string());
    let mut make = vec!["bundle".to_owned(), "--config".to_owned(), config.display().to_string()];
    make.extend_from_slice(scope);
    make.extend(["-o".to_owned(), zip.clone()]);
    let made = run(&make)?;
    let size = std::fs::metadata(&file)?.len();
    let checked = run(&["verify".to_owned(), zip, "--key".to_owned(), key.to_owned()])?;
    println!(
        "{what:<16} made in {:>9.2?} with {:>7} kB, {:>9} kB large; checked in {:>9.2?} with {:>7} kB",
        made.took,
        made.memory,
        size >> 10,
        checked.took,
        checked.memory
    );
    std::fs::remove_file(&file)?;
    Ok([made, checked])
}

/// Runs the program, and looks how much memory it has.
fn run(args: &[String]) -> Outcome<Ran> {
    let began = Instant::now();
    let mut child =
        Command::new(env!("CARGO_BIN_EXE_countersign")).args(args).stdout(Stdio::null()).spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    loop {
        if let Some(ended) = child.try_wait()? {
            let took = began.elapsed();
            return if ended.success() {
                Ok(Ran { took, memory })
            } else {
                Err(format!("{args:?}: {ended}").into())
            };
        }
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().trim_end_matches("kB").trim().parse().ok());
        memory = peak.unwrap_or(0).max(memory);
        std::thread::sleep(LOOK);
    }
}

/// The folder of a service with so many changes; filled now if it is not there, or was made by other migrations.
async fn filled(changes: u64) -> Outcome<PathBuf> {
    let texts: String = store::migrations().iter().map(|migration| migration.sqlite).collect();
    let made_by = id::sha256(texts.as_bytes()).split_off("sha256:".len());
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!(
        "target/bench/bundle-{changes}-{FILL}-{}",
        made_by.get(..12).unwrap_or(&made_by)
    ));
    let done = folder.join("filled");
    if done.exists() {
        return Ok(folder);
    }
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    let began = Instant::now();
    let more = one_change(&folder).await?;
    let db = Db::open(&load::config(&folder, &more)?.database_url.0).await?;
    fill(&db, changes).await?;
    db.close().await;
    let app = App::open(load::config(&folder, &more)?, Clock::system()).await?;
    app.checkpoint(&Caller::operator()).await?;
    let found = app.verify_ledger(&Caller::operator(), |_, _| {}).await?;
    let key = app.verifier_key();
    app.close().await;
    if let Some(fault) = found.faults.first() {
        return Err(format!("the filled ledger does not hold: {fault}").into());
    }
    std::fs::write(folder.join("countersign.toml"), load::config_text(&more))?;
    std::fs::write(done, key)?;
    println!("filled with {changes} changes, {} entries, in {:.0?}", found.size, began.elapsed());
    Ok(folder)
}

/// One change by way of the service: proposed, approved, asked for, landed, asked for again and deployed. Gives the rest
/// of the configuration.
async fn one_change(folder: &Path) -> Outcome<String> {
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
    let head = forge.pull(&pull)?.head()?;
    ask(&app, head, Asked { purpose: Some("merge".to_owned()), ..Asked::default() }).await?;
    let landed = forge.pull(&pull)?.merge("dev1", Way::Merge)?;
    arrive(&app, &mut forge).await?;
    let service = Some("payments".to_owned());
    let environment = Some("production".to_owned());
    ask(&app, landed, Asked { service, environment, ..Asked::default() }).await?;
    forge.repo(REPO)?.deploy("payments", "production", landed, "ops1")?;
    arrive(&app, &mut forge).await?;
    app.close().await;
    Ok(more)
}

async fn arrive(app: &App, forge: &mut Forge) -> Outcome<()> {
    for delivery in forge.take_deliveries() {
        let headers = Headers::new(delivery.headers.clone());
        app.receive(Received { source: delivery.source, headers, body: delivery.body }).await?;
    }
    app.work_until_idle().await;
    Ok(())
}

async fn ask(app: &App, sha: Oid, asked: Asked) -> Outcome<()> {
    let asked = Asked { repo: Some(REPO.to_owned()), sha: Some(sha.to_string()), ..asked };
    let ci = Caller { name: "ci".to_owned(), role: Role::Ci, repo: None, person: false };
    app.gate(&ci, &asked).await?;
    Ok(())
}

/// What was recorded of one change.
struct Model {
    change: ChangeRow,
    deploy: DeployRow,
    /// With the facts.
    decisions: Vec<(DecisionRow, String)>,
    /// Index, kind and JSON.
    entries: Vec<(u64, String, String)>,
}

impl Model {
    async fn read(db: &Db) -> Outcome<Self> {
        let mut tx = db.read().await?;
        let changes = store::changes::page(&mut tx, "", 100).await?;
        let change = changes.into_iter().find(|change| change.pull.is_some()).ok_or("no change")?;
        let deploys = store::deploys::with_change(&mut tx, &change.id).await?;
        let deploy = deploys.into_iter().next().ok_or("no deploy")?;
        let mut decisions = Vec::new();
        for (row, facts) in store::recorded::decisions(&mut tx, 0, 10_000).await? {
            let facts = zstd::stream::decode_all(facts.ok_or("no facts")?.as_slice())?;
            decisions.push((row, String::from_utf8(facts)?));
        }
        let ids: Vec<&str> = decisions.iter().map(|(row, _)| row.id.as_str()).collect();
        let mut entries = Vec::new();
        for (index, kind, bytes, _) in store::ledger::entries(&mut tx, 0, 10_000).await? {
            let text = String::from_utf8(bytes)?;
            let about = [change.id.as_str(), &deploy.id, "\"pull\":1,"];
            if about.iter().chain(&ids).any(|name| text.contains(name)) {
                entries.push((u64::try_from(index)?, kind, text));
            }
        }
        if decisions.len() != 2 || entries.len() < 4 {
            return Err(format!("{} decisions, {} entries", decisions.len(), entries.len()).into());
        }
        Ok(Self { change, deploy, decisions, entries })
    }
}

fn change_id(number: u64) -> String {
    format!("chg_{number:016}")
}

/// When a change of the fill landed: a minute apart, from 2024 on.
fn at(number: u64) -> Outcome<Time> {
    let micros = 1_704_067_200_000_000 + i64::try_from(number)? * 60_000_000;
    Time::from_micros(micros).ok_or_else(|| "no time".into())
}

/// The model under other names.
struct Again<'a> {
    number: u64,
    at: Time,
    deployed: bool,
    model: &'a Model,
    names: Vec<(String, String)>,
}

impl<'a> Again<'a> {
    fn new(model: &'a Model, number: u64) -> Outcome<Self> {
        let oid = |what: &str| {
            let hex = id::sha256(format!("{what} {number}").as_bytes());
            hex.get(7..47).unwrap_or_default().to_owned()
        };
        let landed = model.change.landed_sha.clone().ok_or("it did not land")?;
        let mut names = vec![
            (model.change.id.clone(), change_id(number)),
            (model.deploy.id.clone(), format!("dep_{number:016}")),
            (model.change.head.clone(), oid("head")),
            (landed, oid("landed")),
            ("\"pull\":1,".to_owned(), format!("\"pull\":{},", number + 2)),
            ("\"number\":1,".to_owned(), format!("\"number\":{},", number + 2)),
        ];
        for (place, (row, facts)) in (0..).zip(&model.decisions) {
            let facts = renamed(facts, &names);
            names.push((row.facts.clone(), id::sha256(facts.as_bytes())));
            names.push((row.id.clone(), format!("dec_{:016}", number * 2 + place)));
        }
        let deployed = number.is_multiple_of(CHANGES_A_DEPLOY);
        Ok(Self { number, at: at(number)?, deployed, model, names })
    }

    fn text(&self, text: &str) -> String {
        renamed(text, &self.names)
    }

    /// Appends what the ledger says of it, and keeps the rows.
    async fn put(&self, tx: &mut Tx, frontier: &mut Frontier) -> Outcome<()> {
        let first = frontier.size();
        let (mut places, mut sealed) = (Vec::new(), Vec::new());
        for (was, kind, text) in &self.model.entries {
            let of_deploy = text.contains(&self.model.deploy.id) || text.contains("\"deploy\"");
            if of_deploy && !self.deployed {
                continue;
            }
            let entry = Entry::open(text.as_bytes())?;
            let body = serde_json::from_str(&self.text(&serde_json::to_string(&entry.body)?))?;
            places.push((*was, first + u64::try_from(places.len())?));
            sealed.push((kind, Entry::seal(kind, self.at, body)?));
        }
        let rows = (first..).zip(&sealed).map(|(index, (kind, sealed))| NewEntry {
            index,
            kind,
            bytes: &sealed.bytes,
            leaf: sealed.leaf_hash.as_bytes(),
        });
        let rows: Vec<_> = rows.collect();
        store::ledger::append_all(tx, &rows).await?;
        for (_, sealed) in &sealed {
            for tile in frontier.append(sealed.leaf_hash) {
                store::ledger::add_hash(tx, tile.level, tile.index, tile.hash.as_bytes()).await?;
            }
        }
        let place = |was: u64| places.iter().find(|(old, _)| *old == was).map(|(_, new)| *new);
        self.put_rows(tx, &place).await
    }

    async fn put_rows(&self, tx: &mut Tx, place: &impl Fn(u64) -> Option<u64>) -> Outcome<()> {
        for (row, facts) in &self.model.decisions {
            let Some(index) = place(row.ledger_index) else { continue };
            let facts = self.text(facts);
            let body = zstd::bulk::compress(facts.as_bytes(), 1)?;
            store::decisions::put_snapshot(tx, &self.text(&row.facts), &body).await?;
            let row = DecisionRow {
                id: self.text(&row.id),
                sha: self.text(&row.sha),
                pull: row.pull.map(|_| self.number + 2),
                decided_at: self.at.micros(),
                facts: self.text(&row.facts),
                body: self.text(&row.body),
                ledger_index: index,
                ..row.clone()
            };
            store::decisions::put(tx, &row).await?;
        }
        let change = &self.model.change;
        let change = ChangeRow {
            id: change_id(self.number),
            pull: Some(self.number + 2),
            head: self.text(&change.head),
            landed_sha: change.landed_sha.as_deref().map(|sha| self.text(sha)),
            landed_at: Some(self.at.micros()),
            opened_at: Some(self.at.micros()),
            sort_at: self.at.micros(),
            body: self.text(&change.body),
            ledger_index: change.ledger_index.and_then(place),
            ..change.clone()
        };
        store::changes::put(tx, &change, None, "").await?;
        let deploy = &self.model.deploy;
        if !self.deployed {
            return Ok(());
        }
        let deploy = DeployRow {
            id: self.text(&deploy.id),
            sha: self.text(&deploy.sha),
            started_at: self.at.micros(),
            finished_at: Some(self.at.micros()),
            decision: deploy.decision.as_deref().map(|id| self.text(id)),
            body: self.text(&deploy.body),
            ledger_index: deploy.ledger_index.and_then(place),
            ..deploy.clone()
        };
        let tally = Tally {
            deploys: 1,
            commits: 1,
            changes: 1,
            landed: 1,
            approved: 1,
            ..Tally::default()
        };
        Ok(store::deploys::put(tx, &deploy, &tally, &[change.id]).await?)
    }
}

fn renamed(text: &str, names: &[(String, String)]) -> String {
    names.iter().fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
}

async fn fill(db: &Db, changes: u64) -> Outcome<()> {
    let model = Model::read(db).await?;
    let mut first = 0;
    while first < changes {
        let mut tx = db.begin().await?;
        let (_, frontier) = store::ledger::lock_head(&mut tx).await?;
        let mut frontier: Frontier = frontier.parse()?;
        for number in first..(first + CHUNK).min(changes) {
            Again::new(&model, number)?.put(&mut tx, &mut frontier).await?;
        }
        store::ledger::set_head(&mut tx, frontier.size(), &frontier.to_string()).await?;
        tx.commit().await?;
        first += CHUNK;
    }
    Ok(())
}
