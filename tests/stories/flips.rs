//! A disk that returns another byte than was written, at hundreds of places of the database's file, one at a time:
//! the service, `countersign verify` or `rebuild` says so, or the place carried no meaning (room that is not in use, headers
//! that are kept with a delivery). Nothing panics, and whatever is signed afterwards is signed over the entries that were
//! there before.
//!
//! `COUNTERSIGN_FLIPS` says at how many places (160).

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use countersign::app::{App, Caller, RecomputeRequest, Role, TokenRequest};
use countersign::cli::demo::forge::{Proposal, Way};
use countersign::clock::Clock;
use countersign::config::Config;
use countersign::ledger::checkpoint::Checkpoint;
use countersign::ledger::key::VerifierKey;
use countersign::ledger::tree::{Frontier, leaf_hash};
use tempfile::TempDir;

use crate::harness::town::{REPO, Town, VALUES, done};
use crate::harness::{Kind, World};

/// So many at the same time.
const AT_ONCE: u64 = 4;

fn flips() -> u64 {
    std::env::var("COUNTERSIGN_FLIPS").map_or(160, |flips| flips.parse().expect("a number"))
}

/// A database at rest, and everything that is known of it.
struct Original {
    world: World,
    bytes: Vec<u8>,
    entries: Vec<Vec<u8>>,
    state: Vec<String>,
}

/// Numbers that look random, the same in every run (splitmix64).
fn random(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

async fn grow(app: &App, entries: usize) -> Result<(), countersign::app::AppError> {
    for number in 0..entries {
        let name = format!("t{number}");
        let request = TokenRequest { name, role: Role::Ci, repo: None, lasts: None };
        app.create_token(&Caller::operator(), request).await?;
    }
    Ok(())
}

impl Original {
    /// A town in which something was judged, merged and deployed, with a ledger of more than one tile.
    async fn new() -> Self {
        let mut town = Town::new(Kind::Sqlite).await;
        let values = VALUES.replace("replicas: 4", "replicas: 6");
        let proposal = Proposal::new("a", "Scale").file("deploy/prod/values-web.yaml", &values);
        let pull = done(done(town.forge.repo(REPO)).open_pull("dev1", &proposal));
        town.arrive().await;
        let head = done(done(town.forge.pull(&pull)).head());
        assert!(town.may_merge(head).await.pass);
        let landed = done(done(town.forge.pull(&pull)).merge("dev1", Way::Merge));
        town.arrive().await;
        done(done(town.forge.repo(REPO)).deploy("payments", "production", landed, "ops1"));
        town.arrive().await;
        grow(&town.world.app, 260).await.expect("it grows");
        town.world.app.checkpoint(&Caller::operator()).await.expect("signed");
        let app = &town.world.app;
        let size =
            app.verify_ledger(&Caller::operator(), |_, _| {}).await.expect("it is read").size;
        let mut entries = Vec::new();
        for index in 0..size {
            entries.push(app.entry(&Caller::operator(), index).await.expect("an entry").1);
        }
        let state = app.state_lines().await.expect("a state");
        app.close().await;
        let bytes = std::fs::read(town.world.folder.path().join("countersign.db")).expect("it");
        Self { world: town.world, bytes, entries, state }
    }

    /// A service over other bytes, with the same key and the same last signed head.
    fn with(&self, bytes: &[u8], folder: &Path) -> (Config, Clock) {
        let database = folder.join("countersign.db");
        std::fs::write(&database, bytes).expect("the database");
        let mut config = self.world.config.clone();
        config.database_url.0 = format!("sqlite:{}", database.display());
        let key = folder.join("countersign.key");
        for tail in ["", ".head"] {
            let from = format!("{}{tail}", config.ledger.signing_key_file.display());
            std::fs::copy(from, format!("{}{tail}", key.display())).expect("copied");
        }
        config.ledger.signing_key_file = key;
        (config, self.world.clock.clone())
    }

    /// What is said about other bytes; empty: nothing is.
    async fn said_of(&self, bytes: &[u8]) -> Vec<String> {
        let folder = TempDir::new().expect("a folder");
        let (config, clock) = self.with(bytes, folder.path());
        let app = match App::open(config, clock).await {
            Ok(app) => app,
            Err(error) => return vec![error.to_string()],
        };
        let said = self.said_by(&app).await;
        self.signs_only_what_was_there(&app).await;
        app.close().await;
        said
    }

    /// As operators look: the service at its start, `verify`, `verify --replay`, `rebuild`. Where all of them say nothing,
    /// what follows from the deliveries is the same.
    async fn said_by(&self, app: &App) -> Vec<String> {
        let operator = Caller::operator();
        let mut said: Vec<String> =
            app.ready().await.err().map(|why| why.to_string()).into_iter().collect();
        match app.verify_ledger(&operator, |_, _| {}).await {
            Ok(found) => said.extend(found.faults),
            Err(error) => said.push(error.to_string()),
        }
        if !said.is_empty() {
            return said;
        }
        match app.recompute(&operator, RecomputeRequest::default(), |_, _| {}).await {
            Ok(again) if again.holds() && again.undone.is_empty() => {}
            Ok(again) => return vec![format!("{:?} {:?}", again.differences, again.undone)],
            Err(error) => return vec![error.to_string()],
        }
        let same = app.state_lines().await.is_ok_and(|state| state == self.state);
        let into = TempDir::new().expect("a folder");
        let into = format!("sqlite:{}", into.path().join("again.db").display());
        match app.rebuild(&operator, &into, |_, _| {}).await {
            Ok(again) if again.holds() => assert!(same, "NOBODY SAID that the state is another"),
            Ok(again) => said.push(format!("{:?} {:?}", again.differences, again.stopped)),
            Err(error) => said.push(error.to_string()),
        }
        said
    }

    /// Grows by an entry and signs: refused, or over the entries that were there before.
    async fn signs_only_what_was_there(&self, app: &App) {
        let _ = grow(app, 1).await;
        let Ok(note) = app.checkpoint(&Caller::operator()).await else { return };
        let key: VerifierKey = app.verifier_key().parse().expect("a key");
        let head = Checkpoint::open(note.as_bytes(), key.name(), std::slice::from_ref(&key));
        let head = head.expect("it is signed");
        let mut tree = Frontier::new();
        for bytes in &self.entries {
            tree.append(leaf_hash(bytes));
        }
        for index in tree.size()..head.size {
            let (_, bytes) = app.entry(&Caller::operator(), index).await.expect("a new entry");
            tree.append(leaf_hash(&bytes));
        }
        assert_eq!((head.size, head.root), (tree.size(), tree.root()), "SIGNED OVER A BAD TREE");
    }

    fn flipped(&self, at: usize, by: u8) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes[at] ^= by;
        bytes
    }

    /// A place of the file where something stands: most of a small file is room for more.
    fn somewhere(&self, seed: u64) -> usize {
        let places = (0..).map(|next| random(seed * 1000 + next) >> 16);
        let mut places = places.map(|place| usize::try_from(place).expect("64 bits"));
        let found = places.find(|place| self.bytes[place % self.bytes.len()] != 0);
        found.expect("not all is empty") % self.bytes.len()
    }

    /// Where some bytes stand in the file.
    fn place(&self, of: &[u8]) -> usize {
        self.bytes.windows(of.len()).position(|window| window == of).expect("it is in the file")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flipped_byte_anywhere_in_the_file_is_told_or_means_nothing() {
    let original = Arc::new(Original::new().await);
    assert_eq!(original.said_of(&original.bytes).await, Vec::<String>::new(), "nothing is wrong");
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|lane| {
            let original = Arc::clone(&original);
            tokio::spawn(async move {
                let mut said = BTreeMap::new();
                for seed in (0..flips()).filter(|seed| seed % AT_ONCE == lane) {
                    let at = original.somewhere(seed + 1);
                    let by = u8::try_from(random(seed + 1) & 0xff).expect("a byte").max(1);
                    // On a thread of its own: a panic is told with its place.
                    let (of, bytes) = (Arc::clone(&original), original.flipped(at, by));
                    let here = tokio::runtime::Handle::current();
                    let all = move || here.block_on(of.said_of(&bytes));
                    let found = tokio::task::spawn_blocking(all).await;
                    let found = found.unwrap_or_else(|why| panic!("byte {at} by {by:#x}: {why}"));
                    said.insert(at, found);
                }
                said
            })
        })
        .collect();
    let mut said = BTreeMap::new();
    for task in tasks {
        said.extend(task.await.expect("a lane"));
    }
    let told = said.values().filter(|lines| !lines.is_empty()).count();
    for line in said.values().flatten() {
        for leaked in ["select ", "insert ", "$1", "panicked"] {
            assert!(!line.to_lowercase().contains(leaked), "`{leaked}` in {line}");
        }
    }
    println!("{told} of {} places were told, the others carried no meaning", said.len());
    assert!(told * 2 > said.len(), "only {told} of {} were told", said.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn control_a_flip_in_an_entry_a_hash_and_a_checkpoint_is_told_with_its_place() {
    let original = Original::new().await;
    let (size, entry) = (original.entries.len(), &original.entries[100]);
    let mut tile = Frontier::new();
    let leaves: Vec<_> = original.entries[..256].iter().map(|bytes| leaf_hash(bytes)).collect();
    for leaf in &leaves {
        tile.append(*leaf);
    }
    let note = format!("ledger.example/test\n{size}\n");
    for (place, named) in [
        (original.place(entry) + 30, "entry 100"),
        (original.place(leaves[77].as_bytes()) + 5, "entry 77"),
        (original.place(tile.root().as_bytes()) + 9, "hash 0 of tile level 1"),
        (original.place(note.as_bytes()) + note.len() + 3, "the checkpoint of size"),
    ] {
        let said = original.said_of(&original.flipped(place, 0x04)).await;
        assert!(said.iter().any(|line| line.contains(named)), "no `{named}` in {said:?}");
    }
}
