//! Making a bundle: the evidence about one change or a period, as of the latest checkpoint (auditor's guide: "bundle").
//!
//! What is in scope is told by the tables as they were at the checkpoint's size; then the ledger is read once, and
//! everything that speaks of the scope is cited. Files are written as rows come: in memory stay ids, indexes and
//! digests, never a row; what else grows with the number of files goes to a temporary file. The layout is [`crate::ledger::bundle::layout`]'s.

mod entries;
mod scope;
mod write;

use std::collections::BTreeSet;
use std::io::{self, Seek, Write};

use super::erase::Redactions;
use super::ledger::frontier_at;
use super::read::instant;
use super::{Action, App, AppError, Caller};
use crate::domain::Time;
use crate::ledger::bundle::{Head, Manifest, Scope};
use crate::ledger::checkpoint::Checkpoint;
use crate::store::{self, Tx};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleRequest {
    /// What it is about.
    pub scope: BundleScope,
    /// A checkpoint that the auditor kept: the bundle then proves that the ledger still begins with it.
    pub older: Option<String>,
}

/// Changes of a sample at most: they stand in the manifest.
const MOST: usize = 10_000;

/// What a bundle is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BundleScope {
    /// One change, by its id.
    Change(String),
    /// Changes that an auditor drew, by their ids; in which order does not matter.
    Sample(Vec<String>),
    /// Everything that was deployed or landed in a period; dates or times, a date at the end is included.
    Period {
        /// From.
        from: String,
        /// To.
        to: String,
    },
}

/// A bundle that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundled {
    /// What is in it.
    pub manifest: Manifest,
    /// How many files.
    pub files: u64,
}

/// A signed head with its note.
struct Signed {
    note: String,
    head: Checkpoint,
}

impl App {
    /// Writes a bundle, from the latest checkpoint backwards. The same request, ledger and checkpoint give the same bytes.
    /// `progress` is told how many entries of the ledger of how many were looked at.
    pub async fn bundle(
        &self,
        caller: &Caller,
        request: &BundleRequest,
        out: impl Write + Seek,
        progress: impl FnMut(u64, u64),
    ) -> Result<Bundled, AppError> {
        caller.may(Action::ReadReports, None)?;
        let named = named(&request.scope)?;
        let mut tx = self.db().read().await?;
        let signed = self.last_signed(&mut tx).await?;
        let previous = self.previous(&mut tx, request, &named, &signed.head).await?;
        let scope = self.in_scope(&mut tx, &named, signed.head.size).await?;
        let cited = scope.cited(&mut tx, signed.head.size, progress).await?;
        let erased = Redactions::read(&mut tx).await?;
        let mut job = write::Job { named, signed, previous, scope, cited, erased };
        job.cite_erasures()?;
        self.write_bundle(&mut tx, &job, out).await
    }

    /// The latest checkpoint, of which the stored hashes still give the root.
    async fn last_signed(&self, tx: &mut Tx) -> Result<Signed, AppError> {
        let last = store::ledger::latest_checkpoint(tx).await?.filter(|(size, _, _)| *size > 0);
        let (size, note, _) = last.ok_or_else(|| {
            AppError::Unavailable(
                "no checkpoint was signed yet: the service signs one when it has recorded something (ledger.checkpoint_interval)"
                    .to_owned(),
            )
        })?;
        let size = store::unsigned(size);
        if !self.is_of_this_key(tx, size).await? {
            return Err(AppError::Unavailable(
                "the ledger's key was rotated, and nothing was signed by the new key yet: the service signs a checkpoint \
                 soon (ledger.checkpoint_interval); make the bundle then"
                    .to_owned(),
            ));
        }
        let note = self.published(tx, size, note).await?;
        self.signed(tx, note, "the latest checkpoint").await
    }

    /// A note of this ledger's, if the stored hashes begin with what it says.
    async fn signed(&self, tx: &mut Tx, note: String, what: &str) -> Result<Signed, AppError> {
        let key = self.signer().key();
        let keys = std::slice::from_ref(key.verifier());
        let head = Checkpoint::open(note.as_bytes(), key.name(), keys)
            .map_err(|error| AppError::Invalid(format!("{what}: {error}")))?;
        let (size, _) = store::ledger::head(tx).await?;
        if head.size > size {
            return Err(AppError::Invalid(format!(
                "{what} is of {} entries, the ledger here has {size}",
                head.size
            )));
        }
        if frontier_at(tx, head.size).await?.root() != head.root {
            return Err(AppError::ReadOnly(format!(
                "the ledger's first {} entries are not those of {what}; run `countersign verify`",
                head.size
            )));
        }
        Ok(Signed { note, head })
    }

    /// The older checkpoint: the one that was brought, else the last before the period, else the one before the latest.
    async fn previous(
        &self,
        tx: &mut Tx,
        request: &BundleRequest,
        named: &Named,
        head: &Checkpoint,
    ) -> Result<Option<Signed>, AppError> {
        if let Some(note) = &request.older {
            let older = self.signed(tx, note.clone(), "the checkpoint that was given").await?;
            if older.head.size > head.size {
                return Err(AppError::Invalid(format!(
                    "the checkpoint that was given is of {} entries, the latest here of {}",
                    older.head.size, head.size
                )));
            }
            return Ok(Some(older));
        }
        let before_period = match named.period {
            Some((from, _)) => store::ledger::checkpoint_before(tx, head.size, from).await?,
            None => None,
        };
        let found = match before_period {
            Some(row) => Some(row),
            None => store::ledger::checkpoint_before(tx, head.size, i64::MAX).await?,
        };
        match found {
            // A bundle is checked by one key: what the one before signed would prove nothing under it.
            Some((size, note, _)) if self.is_of_this_key(tx, store::unsigned(size)).await? => {
                let note = self.published(tx, store::unsigned(size), note).await?;
                Ok(Some(self.signed(tx, note, "an older checkpoint").await?))
            }
            _ => Ok(None),
        }
    }

    /// Whether checkpoints of this size are signed by the key in use.
    async fn is_of_this_key(&self, tx: &mut Tx, size: u64) -> Result<bool, AppError> {
        let epochs = self.epochs(tx).await?;
        Ok(epochs.key_of(size) == self.signer().key().verifier())
    }
}

/// The scope as the manifest names it, and the period in microseconds, its end excluded.
struct Named {
    scope: Scope,
    period: Option<(i64, i64)>,
}

fn named(asked: &BundleScope) -> Result<Named, AppError> {
    match asked {
        BundleScope::Change(id) => Ok(Named { scope: Scope::Change(id.clone()), period: None }),
        BundleScope::Sample(ids) => {
            let ids: BTreeSet<&String> = ids.iter().collect();
            if ids.is_empty() || ids.len() > MOST {
                return Err(AppError::Invalid(format!(
                    "a sample has 1 to {MOST} changes; these are {}",
                    ids.len()
                )));
            }
            let scope = Scope::Sample(ids.into_iter().cloned().collect());
            Ok(Named { scope, period: None })
        }
        BundleScope::Period { from, to } => {
            let ((from, _), (_, until)) = (instant("from", from)?, instant("to", to)?);
            if until <= from {
                return Err(AppError::Invalid("to: the period ends before it begins".to_owned()));
            }
            let text = |at| Time::from_micros(at).map(|at| at.to_string()).unwrap_or_default();
            let scope = Scope::Period { from: text(from), until: text(until) };
            Ok(Named { scope, period: Some((from, until)) })
        }
    }
}

impl Signed {
    fn named(&self) -> Head {
        Head::from(&self.head)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn disk(error: io::Error) -> AppError {
    AppError::Unavailable(format!("the bundle cannot be written: {error}"))
}
