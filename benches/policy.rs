//! The policy engine, one thread: classifying and deciding from ready facts, the key proof of a megabyte of YAML, and a
//! replay of 10,000 landings. Each beside a floor in the same run: writing the facts down as they are kept, parsing both
//! texts, reading the kept changes back. The curves say that cost grows with files and keys and not faster.

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use countersign::app::{App, Caller, Candidate, ChangeBody, ReplayRequest};
use countersign::clock::Clock;
use countersign::domain::fact::Facts;
use countersign::domain::{RepoPath, Time};
use countersign::policy::layers::from_bytes;
use countersign::policy::{Effective, classify, decide, keys};
use countersign::store::changes::ChangeRow;
use countersign::store::{self, Db};
use granit_parser::Parser;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

#[expect(dead_code, reason = "the load is for the other benchmarks")]
mod load;
#[path = "load/repository.rs"]
mod repository;
use load::{Outcome, median};

const ROUNDS: usize = 41;
/// What the issue of the engine asks for.
const DECIDE: Duration = Duration::from_millis(1);
const LARGE: Duration = Duration::from_millis(50);
const PROOF: Duration = Duration::from_millis(100);
const REPLAY: Duration = Duration::from_secs(10);
const LANDINGS: u64 = 10_000;

/// Ten rules, as a service would have them.
const POLICY: &str = r#"version: 1
trivial:
  max: { files: 5, changed_keys: 10, lines: 60 }
  config:
    - { name: tags, files: ["deploy/**/values-*.yaml"], allow: [{ key: "**.image.tag", regex: 'v\d+\.\d+\.\d+' }] }
    - { name: scaling, files: ["deploy/**/values-*.yaml"], allow: [{ key: "**.replicas", type: int, min: 2, max: 20, max_delta_pct: 50 }] }
    - { name: levels, files: ["config/**/*.json"], allow: [{ key: "**.level", enum: [info, warn, error] }] }
    - { name: notes, files: ["config/**/*.yaml"], allow: [{ key: "**", type: string }] }
  docs: { files: ["docs/**/*.md", "guide/**/*.md"] }
routine:
  - { name: tests, files: ["tests/**", "src/**/tests/**"] }
significant:
  - { name: money, files: ["src/payments/**"], scope: payments }
  - { name: sign-in, files: ["src/auth/**", "src/session/**"], scope: identity, count: 2 }
  - { name: migrations, files: ["db/migrations/**"], scope: data }
approval:
  architects: { role: architect, count: 1 }
  also:
    - { when: { files: ["src/auth/**"] }, role: security, count: 1 }
"#;

fn main() -> Outcome<ExitCode> {
    let reached = [decisions()?, proofs()?, replay()?];
    Ok(if reached.iter().all(|one| *one) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn effective() -> Effective {
    from_bytes(None, Some((".countersign.yml", POLICY.as_bytes())), "main")
}

/// The median of product and floor, in turns.
fn turns(mut product: impl FnMut(), mut floor: impl FnMut()) -> (Duration, Duration) {
    let time = |part: &mut dyn FnMut()| {
        let began = Instant::now();
        part();
        began.elapsed()
    };
    let (mut products, mut floors) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS + 3 {
        let (one, other) = (time(&mut product), time(&mut floor));
        if round >= 3 {
            products.push(one);
            floors.push(other);
        }
    }
    (median(products).unwrap_or_default(), median(floors).unwrap_or_default())
}

fn say(what: &str, product: Duration, floor: Duration) {
    let ratio = product.as_secs_f64() / floor.as_secs_f64().max(f64::MIN_POSITIVE);
    println!("{what:<58} {product:>10.1?}   floor {floor:>10.1?}   {ratio:.2} times");
}

fn decisions() -> Outcome<bool> {
    let (effective, mut reached) = (effective(), true);
    for files in [100_u64, 300, 1_000, 3_000, 10_000] {
        let facts = facts(files, 20)?;
        let now = facts.opinions.last().ok_or("an opinion")?.at;
        let judge = || {
            let class = classify(&effective, black_box(&facts));
            black_box(decide(&effective, &facts, &class, now));
        };
        let write = || {
            let bytes = serde_json::to_vec(black_box(&facts)).unwrap_or_default();
            black_box(Sha256::digest(bytes));
        };
        let (product, floor) = turns(judge, write);
        let each = product / u32::try_from(files)?;
        say(&format!("classify and decide {files} files, {each:.1?} a file"), product, floor);
        reached &= (files != 300 || product < DECIDE) && product < LARGE;
    }
    Ok(reached)
}

/// A change of so many files over forty folders, with twenty commits by people and so many approvals.
fn facts(files: u64, approvals: u64) -> Outcome<Facts> {
    let oid = |number: u64| format!("{number:040x}");
    let at =
        |number: u64| format!("2026-10-14T{:02}:{:02}:00.000000Z", 9 + number / 60, number % 60);
    let file = |number: u64| {
        let folders =
            ["src/payments", "src/web", "tests/api", "docs/guide", "src/auth", "lib/core"];
        let folder = folders[usize::try_from(number).unwrap_or(0) % folders.len()];
        let ending = if folder == "docs/guide" { "md" } else { "rs" };
        json!({
            "path": format!("{folder}/part{}/file{number:05}.{ending}", number % 40),
            "old": { "mode": 33188, "oid": oid(number) }, "new": { "mode": 33188, "oid": oid(number + 1) },
            "content": { "lines": { "added": 3, "deleted": 1 }, "old_size": 4000, "new_size": 4100 },
        })
    };
    let person = |name: String| json!({ "name": name, "email": format!("{name}@acme.example"), "person": name, "bot": false });
    let commit = |number: u64| {
        let author = person(format!("dev{}", number % 5));
        json!({ "id": oid(900_000 + number), "parents": [oid(900_001 + number)], "author": author, "committer": author, "co_authors": [] })
    };
    let opinion = |number: u64| {
        let verdict = if number % 3 == 2 { "comment" } else { "approve" };
        json!({ "id": number.to_string(), "by": format!("arch{number}"), "name": format!("arch{number}"), "kind": "user",
            "member": true, "verdict": verdict, "commit": oid(1), "fingerprint": "sha256:00", "at": at(number) })
    };
    let grant = |number: u64| {
        let (role, scopes) = if number.is_multiple_of(4) {
            ("security", json!(["*"]))
        } else {
            ("architect", json!(["*", "payments"]))
        };
        json!({ "role": role, "person": format!("arch{number}"), "scopes": scopes, "source": "organisation: roles" })
    };
    let mut all: Vec<Value> = (0..files).map(file).collect();
    all.sort_by_key(|file| file["path"].as_str().unwrap_or_default().to_owned());
    Ok(serde_json::from_value(json!({
        "repo": "acme/payments", "branch": "main", "head": oid(1), "fingerprint": "sha256:00", "files": all,
        "commits": (0..20).map(commit).collect::<Vec<_>>(),
        "opinions": (0..approvals).map(opinion).collect::<Vec<_>>(),
        "grants": (0..approvals).map(grant).collect::<Vec<_>>(),
        "tickets": [], "checks": [],
        "pull": { "number": 7, "title": "Round half to even", "opener": "dev0", "pushers": ["dev0"], "labels": [], "draft": false },
    }))?)
}

fn proofs() -> Outcome<bool> {
    let mut reached = true;
    let path = RepoPath::from("config/app/values.yaml");
    for kib in [64_usize, 256, 1_024] {
        let (old, new) = (yaml(kib, "before"), yaml(kib, "after!"));
        let prove = || {
            black_box(keys::diff(&path, Some(old.as_bytes()), Some(new.as_bytes())));
        };
        let parse = || {
            for text in [&old, &new] {
                black_box(Parser::new_from_str(text).filter(Result::is_ok).count());
            }
        };
        let found =
            keys::diff(&path, Some(old.as_bytes()), Some(new.as_bytes())).ok_or("a diff")?;
        if !found.doubts.is_empty() || found.changes.is_empty() {
            return Err(format!("the sample proves nothing: {:?}", found.doubts.first()).into());
        }
        let (product, floor) = turns(prove, parse);
        let label = format!("key proof of {kib} KiB of YAML, {} keys changed", found.changes.len());
        say(&label, product, floor);
        reached &= kib != 1_024 || product < PROOF;
    }
    Ok(reached)
}

/// So many KiB of nested keys with words as values, under the limit of nodes; every tenth value differs.
fn yaml(kib: usize, word: &str) -> String {
    use std::fmt::Write as _;
    let size = kib * 1024 - 512;
    let long = "a quiet sentence of plain words ".repeat((size / 90_000).max(1));
    let mut text = String::new();
    let mut number = 0;
    while text.len() + long.len() + 100 < size {
        if number % 20 == 0 {
            let _ = writeln!(text, "part{number}:");
        }
        let value = if number % 10 == 0 { word } else { "always" };
        let _ = writeln!(text, "  note{number}: {long}{value}");
        number += 1;
    }
    text
}

/// Ten thousand landings under a candidate, from a database and a mirror on this machine.
fn replay() -> Outcome<bool> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (row, repository) = kept(folder.path())?;
        let db = Db::open(&load::config(folder.path(), "")?.database_url.0).await?;
        let mut tx = db.begin().await?;
        store::repositories::put(&mut tx, &repository).await?;
        for number in 0..LANDINGS {
            let id = format!("chg_{number:016}");
            let sort_at = row.sort_at + i64::try_from(number)?;
            let row = ChangeRow { id, sort_at, landed_at: Some(sort_at), ..row.clone() };
            store::changes::put(&mut tx, &row, None, "").await?;
        }
        tx.commit().await?;
        db.close().await;
        let app = App::open(load::config(folder.path(), "")?, Clock::system()).await?;
        let candidate = Candidate { organisation: None, repository: Some(POLICY.to_owned()) };
        let repo = Some(repository.name.clone());
        let request = ReplayRequest { candidate, repo, from: None, until: None, limit: None };
        let began = Instant::now();
        let effect = app.replay(&Caller::operator(), request, |_| {}).await?;
        let product = began.elapsed();
        if effect.compared != LANDINGS {
            return Err(format!("{} landings were judged again", effect.compared).into());
        }
        let began = Instant::now();
        for _ in 0..LANDINGS {
            black_box(serde_json::from_str::<ChangeBody>(black_box(&row.body))?);
        }
        say(&format!("replay of {LANDINGS} landings of 4 files"), product, began.elapsed());
        app.close().await;
        Ok(product < REPLAY)
    })
}

/// A landed change as it is kept, and its repository with a mirror whose branch has the policy.
fn kept(folder: &Path) -> Outcome<(ChangeRow, store::repositories::Repository)> {
    let id = "rep_0000000000000007".to_owned();
    let (tree, mirror) = (folder.join("tree"), load::config(folder, "")?.git.mirror_dir.join(&id));
    std::fs::create_dir_all(&tree)?;
    std::fs::write(tree.join(".countersign.yml"), POLICY)?;
    let tree = tree.display().to_string();
    let identity = ["-c", "user.name=Ann", "-c", "user.email=ann@acme.example"];
    git(&["init", "-q", "-b", "main", &tree])?;
    git(&["-C", &tree, "add", "-A"])?;
    git(&[&identity[..], &["-C", &tree, "commit", "-q", "-m", "x"]].concat())?;
    git(&["clone", "-q", "--mirror", &tree, &mirror.display().to_string()])?;
    let repository = repository::repository(&id);
    let facts = facts(4, 2)?;
    let at: Time = facts.opinions.last().ok_or("an opinion")?.at;
    let effective = effective();
    let decision = decide(&effective, &facts, &classify(&effective, &facts), at);
    let class = decision.classification.class.as_str().to_owned();
    let state = decision.state.as_str().to_owned();
    let body = ChangeBody {
        facts,
        decision,
        judged_at: at,
        policy_base: "main".to_owned(),
        organisation: effective.organisation_digest,
        repository: effective.repository_digest,
    };
    let row = ChangeRow {
        id: String::new(),
        repo: id,
        pull: Some(7),
        title: "Round half to even".to_owned(),
        branch: "main".to_owned(),
        head: format!("{:040x}", 1),
        landed_sha: Some(format!("{:040x}", 2)),
        landed_how: Some("squash".to_owned()),
        landed_at: None,
        landed_by: Some("dev0".to_owned()),
        integrity: Some("intact".to_owned()),
        class,
        state,
        opened_at: None,
        sort_at: at.micros(),
        body: serde_json::to_string(&body)?,
        ledger_index: Some(1),
    };
    Ok((row, repository))
}

fn git(arguments: &[&str]) -> Outcome<()> {
    let status = Command::new("git").args(arguments).status()?;
    if status.success() { Ok(()) } else { Err(format!("git {arguments:?}: {status}").into()) }
}
