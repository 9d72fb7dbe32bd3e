//! Compares what is there with what was acknowledged and with what was signed. Trusts nothing that the service keeps
//! about itself: digests, leaves and roots are computed anew, and the tree so far is remembered from restart to restart.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use countersign::domain::id;
use countersign::ledger::checkpoint::Checkpoint;
use countersign::ledger::key::{SigningKey, VerifierKey};
use countersign::ledger::tree::{Frontier, Hash, leaf_hash};
use countersign::store::{self, Db, Tx, deliveries};

use super::child;
use super::driver::Acknowledged;

const PAGE: i64 = 1000;

/// The judge of one folder.
pub(crate) struct Judge {
    folder: PathBuf,
    /// The tree over every entry that was ever seen there.
    frontier: Frontier,
    /// Checkpoints up to this size were compared.
    compared: u64,
    /// Deliveries whose entry was seen.
    recorded: BTreeSet<String>,
}

async fn database(folder: &Path) -> Db {
    Db::open(&child::config(folder).database_url.0).await.expect("the database opens")
}

/// Runs one statement on a folder's database: how the controls spoil it.
pub(crate) async fn execute(folder: &Path, sql: &'static str, id: &str) {
    let db = database(folder).await;
    let writer = if let Db::Sqlite { writer, .. } = &db { Some(writer) } else { None };
    let writer = writer.expect("SQLite");
    let done = sqlx::query(sql).bind(id).execute(writer).await.expect("it runs");
    assert_eq!(done.rows_affected(), 1);
    db.close().await;
}

impl Judge {
    /// A judge who has seen nothing yet.
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            frontier: Frontier::new(),
            compared: 0,
            recorded: BTreeSet::new(),
        }
    }

    /// Everything that is wrong, in words; empty: it holds.
    pub(crate) async fn judge(&mut self, acknowledged: &[Acknowledged]) -> Vec<String> {
        // The head beside the key is read first: the database may only have grown since.
        let config = child::config(&self.folder);
        let pem = std::fs::read_to_string(&config.ledger.signing_key_file).expect("the key");
        let key = SigningKey::from_pem(&config.ledger.origin, &pem).expect("a key");
        let mut head = config.ledger.signing_key_file.into_os_string();
        head.push(".head");
        let mut notes: Vec<String> = std::fs::read_to_string(head).ok().into_iter().collect();
        let db = database(&self.folder).await;
        let mut tx = db.read().await.expect("it reads");
        let mut faults = Vec::new();
        for one in acknowledged {
            faults.extend(compare(&mut tx, one).await.err());
        }
        let stored = store::ledger::checkpoints(&mut tx).await.expect("checkpoints");
        let new = |size: &i64| u64::try_from(*size).is_ok_and(|size| size > self.compared);
        notes.extend(stored.into_iter().filter(|(size, ..)| new(size)).map(|(_, note, _)| note));
        let roots = self.signed(&notes, key.verifier(), &mut faults);
        self.grow(&mut tx, &roots, &mut faults).await;
        drop(tx);
        db.close().await;
        faults
    }

    /// Size and root of every note that was not compared yet.
    fn signed(
        &self,
        notes: &[String],
        key: &VerifierKey,
        faults: &mut Vec<String>,
    ) -> BTreeMap<u64, Hash> {
        let mut roots = BTreeMap::new();
        for note in notes {
            let keys = std::slice::from_ref(key);
            match Checkpoint::open(note.as_bytes(), key.name(), keys) {
                Ok(head) if head.size > self.compared => {
                    if roots.insert(head.size, head.root).is_some_and(|other| other != head.root) {
                        faults.push(format!("two trees of {} entries were signed", head.size));
                    }
                }
                Ok(_) => {}
                Err(error) => faults.push(format!("a checkpoint cannot be opened: {error}")),
            }
        }
        roots
    }

    /// Hashes what came since last time onto the tree, and compares it with what was signed and with the head.
    async fn grow(&mut self, tx: &mut Tx, roots: &BTreeMap<u64, Hash>, faults: &mut Vec<String>) {
        loop {
            let next = self.frontier.size();
            let rows = store::ledger::entries(tx, next, PAGE).await.expect("entries");
            if rows.is_empty() {
                break;
            }
            for (index, kind, bytes, leaf) in rows {
                let hash = leaf_hash(&bytes);
                if u64::try_from(index).ok() != Some(self.frontier.size()) {
                    faults.push(format!("entry {} is missing", self.frontier.size()));
                }
                if leaf != hash.as_bytes() {
                    faults.push(format!("entry {index} has another leaf hash"));
                }
                if kind == "delivery" {
                    let entry: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
                    let delivery = entry["delivery"].as_str().expect("an id").to_owned();
                    if !self.recorded.insert(delivery) {
                        faults.push(format!("entry {index} records a delivery a second time"));
                    }
                }
                self.frontier.append(hash);
                let size = self.frontier.size();
                if roots.get(&size).is_some_and(|root| *root != self.frontier.root()) {
                    faults.push(format!("another tree of {size} entries was signed"));
                }
            }
        }
        let (size, head) = store::ledger::head(tx).await.expect("the head");
        if size != self.frontier.size() || head != self.frontier.to_string() {
            faults
                .push(format!("the head says {size} entries, there are {}", self.frontier.size()));
        }
        for over in roots.keys().filter(|over| **over > self.frontier.size()) {
            faults.push(format!(
                "a head of {over} entries was signed over entries that are not there: {} are",
                self.frontier.size()
            ));
        }
        self.compared = self.frontier.size();
    }
}

/// A delivery is there with the bytes that were sent, and its entry in the ledger names it.
async fn compare(tx: &mut Tx, one: &Acknowledged) -> Result<(), String> {
    let delivery = &one.delivery;
    let raw = deliveries::raw(tx, delivery).await.expect("it reads");
    let raw = raw.ok_or_else(|| format!("{delivery} was acknowledged and is not there"))?;
    let body = zstd::stream::decode_all(raw.body.as_slice()).map_err(|error| error.to_string())?;
    if id::sha256(&body) != one.sha256 {
        return Err(format!("{delivery} is there with another body"));
    }
    let row = deliveries::get(tx, delivery).await.expect("it reads");
    let index = row.map(|row| row.ledger_index).unwrap_or_default();
    let entry = store::ledger::entry(tx, index).await.expect("it reads");
    let named = entry.is_some_and(|(kind, bytes, _)| {
        kind == "delivery" && String::from_utf8_lossy(&bytes).contains(delivery.as_str())
    });
    if named { Ok(()) } else { Err(format!("{delivery} has no entry in the ledger")) }
}
