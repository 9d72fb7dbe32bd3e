//! The witness that `countersign witness` is (C2SP tlog-witness): it cosigns checkpoints of other ledgers, each only if it
//! contains the one that it cosigned before.
//!
//! What it cosigned last stands in one file a ledger, outside any database: the checkpoint with the cosignature. It is
//! written (fsync, rename, fsync of the folder) before the answer is given, and one request at a time looks and writes, so
//! that no two answers contradict each other, whatever is broken off.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::{AppError, keyfile};
use crate::clock::Clock;
use crate::config::WitnessServer;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::cosignature::Cosigner;
use crate::ledger::key::VerifierKey;
use crate::ledger::note::Note;
use crate::ledger::witness::{AddCheckpoint, Recorded, Refusal};

/// A witness at work. Only one works in a folder.
#[derive(Debug)]
pub struct Witness {
    cosigner: Cosigner,
    logs: Vec<VerifierKey>,
    folder: PathBuf,
    clock: Clock,
    turn: Mutex<()>,
    /// Held as long as it lives: two processes would each look before the other writes.
    _alone: File,
}

/// Why there is no cosignature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCosigned {
    /// The request is refused, with the status of the protocol.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The witness cannot do its work: nothing was recorded.
    #[error(transparent)]
    Failed(#[from] AppError),
}

/// What was cosigned last, and when.
struct Last {
    recorded: Recorded,
    at: u64,
}

impl Witness {
    /// Opens the key, making one where there is none, and the folder.
    pub fn open(config: &WitnessServer, clock: Clock) -> Result<Self, AppError> {
        let invalid = |what: String| AppError::Invalid(what);
        let name = config.name.as_deref().ok_or_else(|| {
            invalid("`witness.name` is missing: the name that stands in its cosignatures, such as `example.org/witness`".to_owned())
        })?;
        let logs = config
            .logs
            .iter()
            .map(|text| text.parse().map_err(|error| invalid(format!("`witness.logs`: {error}"))));
        let logs: Vec<VerifierKey> = logs.collect::<Result<_, _>>()?;
        if logs.is_empty() {
            let what = "`witness.logs` is empty: list the verifier keys of the ledgers that it cosigns for";
            return Err(invalid(what.to_owned()));
        }
        let key = keyfile::open_or_make(&config.key_file, name)
            .map_err(|error| invalid(error.to_string()))?;
        let cosigner = Cosigner::new(key).map_err(|error| invalid(error.to_string()))?;
        let folder = config.state_dir.clone();
        let alone = alone_in(&folder)?;
        Ok(Self { cosigner, logs, folder, clock, turn: Mutex::new(()), _alone: alone })
    }

    /// Its verifier key, for the owners of the ledgers.
    #[must_use]
    pub fn verifier_key(&self) -> String {
        self.cosigner.verifier().to_string()
    }

    /// Answers `add-checkpoint`: the cosignature line, with its line feed.
    pub fn add_checkpoint(&self, body: &[u8]) -> Result<String, NotCosigned> {
        let text = std::str::from_utf8(body)
            .map_err(|_| Refusal::Form { line: 1, need: "UTF-8 is needed" })?;
        let request: AddCheckpoint = text.parse()?;
        let path = self.path(&hashed(&request.origin()?));
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let last = if self.knows(&request.origin()?) { self.last(&path)? } else { None };
        let checkpoint = request.judge(&self.logs, last.as_ref().map(|last| last.recorded))?;
        let now = u64::try_from(self.clock.now().micros() / 1_000_000).unwrap_or(0).max(1);
        // A clock that was set back does not take back what was said.
        let at = last.map_or(now, |last| now.max(last.at));
        let line = self.cosigner.cosign(&checkpoint.to_string(), at);
        let broken = |error| AppError::internal("a checkpoint that was judged", &error);
        let mut note = Note::parse(request.checkpoint.as_bytes()).map_err(broken)?;
        note.retain(|one| self.logs.iter().any(|key| key.name() == one.name && key.id() == one.id));
        note.add(line.clone()).map_err(broken)?;
        keyfile::write_durably(&path, note.to_string().as_bytes())
            .map_err(|error| AppError::Unavailable(error.to_string()))?;
        Ok(format!("{line}\n"))
    }

    /// The checkpoint that was cosigned last, by the SHA-256 of its origin in hexadecimal; `None`: none.
    pub fn latest(&self, origin: &str) -> Result<Option<String>, AppError> {
        let known = self.logs.iter().any(|key| hashed(key.name()) == origin);
        if known { read(&self.path(origin)) } else { Ok(None) }
    }

    fn knows(&self, origin: &str) -> bool {
        self.logs.iter().any(|key| key.name() == origin)
    }

    fn path(&self, hashed: &str) -> PathBuf {
        self.folder.join(format!("{hashed}.checkpoint"))
    }

    /// What is recorded. A file that does not hold our own cosignature is no record: then nothing is cosigned.
    fn last(&self, path: &PathBuf) -> Result<Option<Last>, AppError> {
        let Some(text) = read(path)? else { return Ok(None) };
        let refused = |why: String| {
            AppError::Unavailable(format!(
                "{}: {why}. Nothing is cosigned for this ledger until the file is restored as it was",
                path.display()
            ))
        };
        let note = Note::parse(text.as_bytes()).map_err(|error| refused(error.to_string()))?;
        let key = self.cosigner.verifier();
        let own = note.signatures().iter().find(|line| key.is_named_by(line));
        let own =
            own.ok_or_else(|| refused("it holds no cosignature of this witness".to_owned()))?;
        let at = key.verify(note.text(), own).map_err(|error| refused(error.to_string()))?;
        let head: Checkpoint = note.text().parse().map_err(|error| refused(format!("{error}")))?;
        if self.path(&hashed(&head.origin)) != *path {
            return Err(refused(format!("it is of the ledger `{}`", head.origin)));
        }
        Ok(Some(Last { recorded: Recorded { size: head.size, root: head.root }, at }))
    }
}

fn read(path: &PathBuf) -> Result<Option<String>, AppError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(AppError::Unavailable(format!("{}: {error}", path.display()))),
    }
}

/// Makes the folder where it is missing, and takes it for this process alone.
fn alone_in(folder: &PathBuf) -> Result<File, AppError> {
    let told = |error: io::Error| AppError::Unavailable(format!("{}: {error}", folder.display()));
    fs::create_dir_all(folder).map_err(told)?;
    let file = File::create(folder.join("lock")).map_err(told)?;
    file.try_lock().map_err(|_| {
        AppError::Unavailable(format!(
            "another witness works in {}: stop it, or set `witness.state_dir`",
            folder.display()
        ))
    })?;
    Ok(file)
}

fn hashed(origin: &str) -> String {
    let digest = crate::domain::id::sha256(origin.as_bytes());
    digest.trim_start_matches("sha256:").to_owned()
}
