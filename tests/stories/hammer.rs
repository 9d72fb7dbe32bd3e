//! The ledger under load, after Tessera's hammer: writers append, readers check the proof of whatever they are served and
//! that all checkpoints they have ever seen are one growing ledger, while the service is restarted under them. No proof ever
//! fails, and what was acknowledged stands in the next checkpoint.
//!
//! A reader believes nothing but the ledger's key: tiles, receipts and notes come from the service, what they show is
//! worked out here. Controls show that a reader notices what was changed behind the service's back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use countersign::app::{App, AppError, Caller, Role, TokenRequest};
use countersign::ledger::checkpoint::Checkpoint;
use countersign::ledger::key::VerifierKey;
use countersign::ledger::tile::{TileKind, TilePath};
use countersign::ledger::tree::{
    Frontier, Hash, Node, consistency_plan, leaf_hash, node_sources, verify_consistency,
};
use countersign::store::Db;
use tokio::task::JoinSet;

use crate::both;
use crate::harness::archive::Seed;
use crate::harness::{Kind, World};

const WRITERS: usize = 6;
const READERS: usize = 3;
const RESTARTS: u32 = 3;
/// How long the service runs between two restarts.
const RUN: Duration = Duration::from_millis(1200);
/// How much longer it may take until enough was done, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(8);
/// Every so many entries a writer asks for the proof of its own.
const ASKS: u64 = 10;

/// What writers and readers share.
struct Hammer {
    app: Mutex<App>,
    /// Odd while the service is away. What fails then, or meanwhile, has failed for that reason.
    turn: AtomicU64,
    over: AtomicBool,
    key: VerifierKey,
    acknowledged: Mutex<BTreeSet<String>>,
    /// Every root that was ever signed, by its size.
    heads: Mutex<BTreeMap<u64, Hash>>,
    pairs: AtomicU64,
    receipts: AtomicU64,
    proven: AtomicU64,
    faults: Mutex<Vec<String>>,
}

impl Hammer {
    fn new(app: App) -> Self {
        let key = app.verifier_key().parse().expect("a key");
        Self {
            app: Mutex::new(app),
            turn: AtomicU64::new(0),
            over: AtomicBool::new(false),
            key,
            acknowledged: Mutex::default(),
            heads: Mutex::default(),
            pairs: AtomicU64::new(0),
            receipts: AtomicU64::new(0),
            proven: AtomicU64::new(0),
            faults: Mutex::default(),
        }
    }

    fn app(&self) -> App {
        self.app.lock().expect("no panic").clone()
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Whether what was done is worth the name.
    fn has_done_enough(&self) -> bool {
        let (heads, acknowledged) = (
            self.heads.lock().expect("no panic").len(),
            self.acknowledged.lock().expect("no panic").len(),
        );
        let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        acknowledged > 100
            && heads > 8
            && count(&self.pairs) > 20
            && count(&self.receipts) > 10
            && count(&self.proven) > 2
    }

    fn faults(&self) -> Vec<String> {
        self.faults.lock().expect("no panic").clone()
    }

    /// Runs one step of a writer or reader; what goes wrong while the service is there is a fault.
    async fn step<T>(
        &self,
        what: &str,
        step: impl AsyncFnOnce(&App) -> Result<T, Wrong>,
    ) -> Option<T> {
        let turn = self.turn.load(Ordering::SeqCst);
        match step(&self.app()).await {
            Ok(done) => Some(done),
            Err(Wrong::Answer(_)) if turn % 2 == 1 || turn != self.turn.load(Ordering::SeqCst) => {
                tokio::time::sleep(Duration::from_millis(5)).await;
                None
            }
            Err(Wrong::Answer(why) | Wrong::Proof(why)) => {
                self.faults.lock().expect("no panic").push(format!("{what}: {why}"));
                None
            }
        }
    }

    /// The latest checkpoint, by the ledger's key. A size has one root for ever, whoever is told it.
    async fn head(&self, app: &App) -> Result<Checkpoint, Wrong> {
        let note = app.checkpoint(&Caller::operator()).await?;
        let keys = std::slice::from_ref(&self.key);
        let head = Checkpoint::open(note.as_bytes(), self.key.name(), keys).map_err(proof)?;
        let mut heads = self.heads.lock().expect("no panic");
        let root = heads.entry(head.size).or_insert(head.root);
        if *root == head.root {
            return Ok(head);
        }
        Err(Wrong::Proof(format!("two roots were signed for {} entries", head.size)))
    }

    /// The entry at a place, once its receipt has proven it.
    async fn proven(&self, app: &App, index: u64) -> Result<Vec<u8>, Wrong> {
        let (_, bytes) = app.entry(&Caller::operator(), index).await?;
        let receipt = app.receipt(&Caller::operator(), index).await?;
        if receipt.index != index {
            return Err(Wrong::Proof(format!("a receipt for entry {}", receipt.index)));
        }
        receipt.verify(&bytes, &self.key).map_err(proof)?;
        self.receipts.fetch_add(1, Ordering::SeqCst);
        Ok(bytes)
    }
}

/// Why a step did not come to its end.
#[derive(Debug)]
enum Wrong {
    /// The service did not answer.
    Answer(String),
    /// It answered, and what it said does not hold.
    Proof(String),
}

impl From<AppError> for Wrong {
    fn from(error: AppError) -> Self {
        Self::Answer(error.to_string())
    }
}

fn proof(error: impl std::fmt::Display) -> Wrong {
    Wrong::Proof(error.to_string())
}

async fn append(app: &App, name: String) -> Result<String, Wrong> {
    let request = TokenRequest { name, role: Role::Ci, repo: None, lasts: None };
    Ok(app.create_token(&Caller::operator(), request).await?.id)
}

/// Appends until it is over. Now and then it asks for the proof of what was acknowledged last.
async fn write(hammer: &Hammer, writer: usize) {
    let mut number = 0_u64;
    while !hammer.is_over() {
        number += 1;
        let name = format!("{writer}-{number}");
        let Some(id) = hammer.step("append", async |app| append(app, name).await).await else {
            continue;
        };
        hammer.acknowledged.lock().expect("no panic").insert(id.clone());
        if number.is_multiple_of(ASKS) {
            let found = hammer.step("read after write", async |app| stands(hammer, app, &id).await);
            if found.await.is_some() {
                hammer.proven.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
}

/// What was acknowledged stands in the next checkpoint.
async fn stands(hammer: &Hammer, app: &App, id: &str) -> Result<(), Wrong> {
    /// More than all writers append meanwhile.
    const FAR: u64 = 2000;
    let head = hammer.head(app).await?;
    for index in (head.size.saturating_sub(FAR)..head.size).rev() {
        let (_, bytes) = app.entry(&Caller::operator(), index).await?;
        if token(&bytes).as_deref() == Some(id) {
            return hammer.proven(app, index).await.map(|_| ());
        }
    }
    Err(Wrong::Proof(format!("{id} was acknowledged and is not among {} entries", head.size)))
}

/// The token that an entry says was made.
fn token(bytes: &[u8]) -> Option<String> {
    let entry: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    (entry["kind"] == "token.created").then(|| entry["token"].as_str().map(str::to_owned))?
}

/// A reader's memory: every checkpoint it has seen, and hashes of the tree that it worked out.
struct Reader<'a> {
    hammer: &'a Hammer,
    seen: BTreeMap<u64, Hash>,
    nodes: HashMap<Node, Hash>,
    seed: Seed,
}

impl<'a> Reader<'a> {
    fn new(hammer: &'a Hammer, seed: u64) -> Self {
        Self { hammer, seen: BTreeMap::new(), nodes: HashMap::new(), seed: Seed::new(seed) }
    }

    /// A checkpoint, its consistency with every one before, and a receipt from anywhere in it.
    async fn look(&mut self, app: &App) -> Result<(), Wrong> {
        let head = self.hammer.head(app).await?;
        if !self.seen.contains_key(&head.size) {
            for (size, root) in self.seen.clone() {
                self.consistent((size, root), (head.size, head.root), app).await?;
            }
            self.seen.insert(head.size, head.root);
        }
        let size = usize::try_from(head.size).expect("small");
        self.hammer.proven(app, self.seed.below(size) as u64).await.map(|_| ())
    }

    /// That one ledger is the beginning of the other, worked out from tiles.
    async fn consistent(
        &mut self,
        one: (u64, Hash),
        other: (u64, Hash),
        app: &App,
    ) -> Result<(), Wrong> {
        let (old, new) = if one.0 < other.0 { (one, other) } else { (other, one) };
        let plan = consistency_plan(old.0, new.0).map_err(proof)?;
        let mut hashes = Vec::new();
        for node in plan.nodes() {
            hashes.push(self.node(node, new.0, app).await?);
        }
        let path = plan.fold(&hashes).map_err(proof)?;
        verify_consistency(old.0, new.0, &old.1, &new.1, &path)
            .map_err(|error| Wrong::Proof(format!("from {} to {}: {error}", old.0, new.0)))?;
        self.hammer.pairs.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn node(&mut self, node: Node, size: u64, app: &App) -> Result<Hash, Wrong> {
        if let Some(hash) = self.nodes.get(&node) {
            return Ok(*hash);
        }
        let range = node_sources(node);
        let index = range.first / 256;
        let there = (size >> (8 * u32::from(range.tile_level))) - index * 256;
        let width = u16::try_from(there.min(256)).expect("at most 256");
        let path = TilePath { kind: TileKind::Hashes(range.tile_level), index, width };
        let tile = app.tile(&Caller::operator(), &path.to_string()).await?;
        let first = usize::try_from(range.first % 256).expect("small");
        let hashes = tile.chunks(32).skip(first).take(usize::from(range.count));
        let hashes: Vec<Hash> = hashes.filter_map(Hash::from_slice).collect();
        let hash = node.fold(&hashes).map_err(proof)?;
        self.nodes.insert(node, hash);
        Ok(hash)
    }
}

async fn read(hammer: &Hammer, reader: u64) {
    let mut reader = Reader::new(hammer, 20_261_121 + reader);
    while !hammer.is_over() {
        hammer.step("read", async |app| reader.look(app).await).await;
    }
}

/// Lets writers and readers at the service, and restarts it under them.
async fn beat(world: &World, hammer: &'static Hammer) {
    let mut tasks = JoinSet::new();
    for writer in 0..WRITERS {
        tasks.spawn(write(hammer, writer));
    }
    for reader in 0..READERS {
        tasks.spawn(read(hammer, reader as u64));
    }
    for _ in 0..RESTARTS {
        tokio::time::sleep(RUN).await;
        hammer.turn.fetch_add(1, Ordering::SeqCst);
        hammer.app().close().await;
        let app = App::open(world.config.clone(), world.clock.clone()).await.expect("it opens");
        *hammer.app.lock().expect("no panic") = app;
        hammer.turn.fetch_add(1, Ordering::SeqCst);
    }
    let began = Instant::now();
    while began.elapsed() < RUN || (!hammer.has_done_enough() && began.elapsed() < PATIENCE) {
        tokio::time::sleep(RUN / 10).await;
    }
    hammer.over.store(true, Ordering::SeqCst);
    while let Some(done) = tasks.join_next().await {
        done.expect("no panic");
    }
}

/// After the storm: everything that was acknowledged stands there once, every head that was signed is that of the first so
/// many entries, and the service's own check finds nothing.
async fn judge(hammer: &Hammer) {
    let app = hammer.app();
    let found = app.verify_ledger(&Caller::operator(), |_, _| {}).await.expect("verifies");
    assert_eq!(found.faults, Vec::<String>::new());
    let heads = hammer.heads.lock().expect("no panic").clone();
    let acknowledged = hammer.acknowledged.lock().expect("no panic").clone();
    let (mut frontier, mut there) = (Frontier::new(), Vec::new());
    for index in 0..found.size {
        let (_, bytes) = app.entry(&Caller::operator(), index).await.expect("an entry");
        there.extend(token(&bytes));
        frontier.append(leaf_hash(&bytes));
        if let Some(root) = heads.get(&frontier.size()) {
            assert_eq!(frontier.root(), *root, "the head of {} entries", frontier.size());
        }
    }
    let once: BTreeSet<String> = there.iter().cloned().collect();
    assert_eq!(once.len(), there.len(), "a token stands there twice");
    let lost: Vec<_> = acknowledged.difference(&once).collect();
    assert!(lost.is_empty(), "acknowledged and not there: {lost:?}");
    let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
    println!(
        "{} acknowledged, {} heads, {} pairs, {} receipts, {} read after write",
        acknowledged.len(),
        heads.len(),
        count(&hammer.pairs),
        count(&hammer.receipts),
        count(&hammer.proven)
    );
    assert!(hammer.has_done_enough(), "it did not hammer");
}

both!(under_the_hammer_no_proof_ever_fails, |kind| async move {
    let world = World::new(kind).await;
    let hammer: &'static Hammer = Box::leak(Box::new(Hammer::new(world.app.clone())));
    let began = Instant::now();
    beat(&world, hammer).await;
    assert_eq!(hammer.faults(), Vec::<String>::new());
    judge(hammer).await;
    assert_eq!(hammer.turn.load(Ordering::SeqCst), u64::from(2 * RESTARTS));
    println!("{:.1?}", began.elapsed());
});

/// What somebody with the database's password does behind the service's back.
async fn tamper(url: &str, table: &str, sql: &'static str) {
    match Db::open(url).await.expect("opens") {
        Db::Sqlite { writer, .. } => {
            let drop = match table {
                "ledger_hash" => "drop trigger ledger_hash_update",
                _ => "drop trigger ledger_entry_update",
            };
            sqlx::query(drop).execute(&writer).await.expect("drops");
            sqlx::query(sql).bind([7_u8; 32].as_slice()).execute(&writer).await.expect("changes");
        }
        Db::Postgres(pool) => {
            let disable = match table {
                "ledger_hash" => "alter table ledger_hash disable trigger all",
                _ => "alter table ledger_entry disable trigger all",
            };
            sqlx::query(disable).execute(&pool).await.expect("disables");
            sqlx::query(sql).bind([7_u8; 32].as_slice()).execute(&pool).await.expect("changes");
        }
    }
}

/// A ledger that a reader found in order, and one row of which was changed then: what it says of it.
async fn noticed(
    kind: Kind,
    table: &str,
    sql: &'static str,
    places: std::ops::Range<u64>,
) -> Vec<String> {
    const AT_ONCE: usize = 70;
    let world = World::new(kind).await;
    let hammer = Hammer::new(world.app.clone());
    let mut reader = Reader::new(&hammer, 20_261_121);
    for batch in 0..4 {
        let append = |number| append(&world.app, format!("{batch}-{number}"));
        for done in futures_util::future::join_all((0..AT_ONCE).map(append)).await {
            done.expect("appended");
        }
        reader.look(&world.app).await.expect("in order");
    }
    tamper(&world.config.database_url.0, table, sql).await;
    // With the checkpoints that it has seen, but with no hashes of its own any more.
    reader.nodes.clear();
    append(&world.app, "late".to_owned()).await.expect("appended");
    hammer.step("read", async |app| reader.look(app).await).await;
    for index in places {
        hammer.step("read", async |app| hammer.proven(app, index).await).await;
    }
    hammer.faults()
}

/// The entries whose receipts do not lead to the signed head.
fn unproven(faults: &[String]) -> Vec<u64> {
    let mark = "is not the ledger's entry ";
    let place = |fault: &String| {
        let (_, rest) = fault.split_once(mark)?;
        rest.split(':').next()?.parse().ok()
    };
    faults.iter().filter_map(place).collect()
}

both!(control_a_changed_tile_hash_is_noticed_by_the_readers, |kind| async move {
    let sql = "update ledger_hash set hash = $1 where level = 1 and idx = 0";
    let faults = noticed(kind, "ledger_hash", sql, 254..259).await;
    // The hash stands in the proofs of the entries beyond its tile, and in none of its own.
    assert_eq!(unproven(&faults), [256, 257, 258], "{faults:?}");
});

both!(control_a_changed_leaf_hash_is_noticed_by_the_readers, |kind| async move {
    let sql = "update ledger_entry set leaf = $1 where idx = 130";
    let faults = noticed(kind, "ledger_entry", sql, 128..133).await;
    // In the proofs of its neighbours, and not in its own.
    assert_eq!(unproven(&faults), [128, 129, 131, 132], "{faults:?}");
});

both!(control_a_changed_entry_is_noticed_by_the_readers, |kind| async move {
    let sql = "update ledger_entry set bytes = $1 where idx = 130";
    let faults = noticed(kind, "ledger_entry", sql, 128..133).await;
    assert_eq!(unproven(&faults), [130], "{faults:?}");
});
