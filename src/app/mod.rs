//! Use cases. The only place that opens a transaction, and the only place that decides who may do what.
//!
//! Everything that writes is a [`Command`] for the one [`Writer`]; everything that judges gathers its facts first.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

pub mod access;
pub use access::{MadeToken, TokenRequest};
mod attest;
pub use attest::Attested;
mod attribution;
mod authors;
mod baselines;
pub mod bundle;
mod caller;
mod canary;
mod changes;
mod deploys;
mod digest;
pub mod disowned;
mod erase;
mod error;
mod exempt;
pub mod gate;
mod groups;
pub mod intake;
mod judge;
mod keyfile;
mod ledger;
mod links;
mod mirrors;
mod organisation;
pub mod overrides;
mod people;
mod project;
pub mod read;
mod rebuild;
mod recompute;
mod register;
mod rosters;
mod totals;
mod traces;
pub mod views;
mod whatif;
pub mod witness;
mod witnesses;
mod worker;
mod writer;

pub use baselines::BaselineRequest;
pub use caller::{Action, Caller, Role};
pub use changes::ChangeBody;
pub use deploys::DeployBody;
pub use disowned::DisownRequest;
pub use erase::{ErasureRequest, ErasureView, Terms};
pub use error::AppError;
pub(crate) use judge::readers;
pub use ledger::{CheckpointView, CheckpointsView, Rotated, Signer, Verification};
pub use links::LinkRequest;
pub(crate) use mirrors::PolicyAt;
pub use overrides::OverrideRequest;
pub use rebuild::{Rebuilt, TableDiffers};
pub use recompute::{Difference, RecomputeRequest, Recomputed};
pub use whatif::{Candidate, ReplayRequest, SimulateRequest};
pub use witnesses::{WitnessView, WitnessesView};
pub use writer::{Command, Unit, Writer, Writes};

use crate::clock::Clock;
use crate::config::Config;
use crate::store::{self, Db};
use organisation::OrganisationLayer;

/// The service: cheap to clone, the same for every door.
#[derive(Debug, Clone)]
pub struct App(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: Config,
    db: Db,
    clock: Clock,
    writer: Writer,
    signer: Signer,
    witnesses: witnesses::Witnesses,
    organisation: RwLock<Arc<OrganisationLayer>>,
    fetching: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    canary_passed: AtomicBool,
}

impl App {
    /// Opens the database and the key, checks both, and makes the configuration known.
    pub async fn open(config: Config, clock: Clock) -> Result<Self, AppError> {
        let db = Db::open(&config.database_url.0).await?;
        let key = keyfile::open_or_make(&config.ledger.signing_key_file, &config.ledger.origin)
            .map_err(|error| AppError::Invalid(error.to_string()))?;
        let witnesses = witnesses::Witnesses::of(&config.ledger)?;
        let signer = Signer::new(key, config.ledger.signing_key_file.clone());
        let closed = ledger::check_at_start(&db, &signer).await?;
        if let Some(reason) = &closed {
            tracing::error!("nothing will be written: {reason}");
        }
        let organisation = OrganisationLayer::load(config.organisation.as_deref())?;
        let complaints = organisation.complaints();
        if !complaints.is_empty() {
            tracing::error!(
                "the organisation file is refused; nothing passes by itself\n{complaints}"
            );
        }
        let writer = Writer::start(db.clone(), clock.clone(), closed);
        let app = Self(Arc::new(Inner {
            config,
            db,
            clock,
            writer,
            signer,
            witnesses,
            organisation: RwLock::new(Arc::new(organisation)),
            fetching: Mutex::default(),
            canary_passed: AtomicBool::new(false),
        }));
        if app.writer().closed().is_none() {
            app.register().await?;
            app.note_organisation().await?;
        }
        app.ask_canary();
        Ok(app)
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.0.writer
    }

    /// How much the writer wrote since the start.
    #[must_use]
    pub fn writes(&self) -> Writes {
        self.writer().writes()
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.0.signer
    }

    pub(crate) fn witnesses(&self) -> &witnesses::Witnesses {
        &self.0.witnesses
    }

    pub(crate) fn canary_flag(&self) -> &AtomicBool {
        &self.0.canary_passed
    }

    pub(crate) fn organisation(&self) -> Arc<OrganisationLayer> {
        Arc::clone(&self.0.organisation.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_organisation(&self, layer: Arc<OrganisationLayer>) {
        *self.0.organisation.write().unwrap_or_else(PoisonError::into_inner) = layer;
    }

    /// Whose turn it is to fetch a mirror: one at a time each.
    fn fetch_turn(&self, repo: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.0.fetching.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(repo.to_owned()).or_default())
    }

    /// An address of ours, as people see it.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.config().server.public_url.trim_end_matches('/'))
    }

    /// Where people and programs find a repository: at its forge, never where it is cloned from (which may be a path, or
    /// hold a name and a password).
    pub(crate) fn resource(&self, repo: &store::repositories::Repository) -> Option<String> {
        let source = self.config().sources.iter().find(|source| source.id == repo.source)?;
        let api = source.api_url.as_deref().unwrap_or("https://api.github.com");
        let forge = match api {
            "https://api.github.com" => "https://github.com",
            // GitHub Enterprise Server serves its API below its own host.
            other => other.strip_suffix("/api/v3").unwrap_or(other),
        };
        let github = source.kind == crate::config::SourceKind::Github;
        (github && forge.starts_with("https://")).then(|| format!("git+{forge}/{}", repo.name))
    }

    /// Whether the service can do its work: the database answers and keeps what it is sent, the ledger may grow, the
    /// canary holds. Gives what is amiss all the same.
    pub async fn ready(&self) -> Result<Vec<String>, AppError> {
        self.canary_holds()?;
        if let Some(reason) = self.writer().closed() {
            return Err(AppError::ReadOnly(reason.to_owned()));
        }
        self.db().is_in_place()?;
        let mut tx = self.db().read().await?;
        store::ledger::head(&mut tx).await?;
        let teams = store::jobs::failing(&mut tx, rosters::JOB).await?.len();
        let failed = Self::last_verification(&mut tx).await?.filter(|(_, _, holds, _)| !holds);
        drop(tx);
        self.writer().keeps().await?;
        let mut amiss = self.witnesses_view(&Caller::operator()).await?.troubles();
        amiss.extend(failed.map(|(at, _, _, what)| {
            format!("the ledger did not hold when it was verified last, {at}: {what}")
        }));
        let unread = (teams > 0).then(|| {
            format!("{teams} of the teams that back a role could not be read; `countersign doctor` says which and why")
        });
        amiss.extend(unread);
        Ok(amiss)
    }

    /// Finishes: signs what is committed and closes the database.
    pub async fn close(&self) {
        if let Err(error) = self.sign_checkpoint().await {
            tracing::warn!(%error, "no last checkpoint was signed");
        }
        self.db().close().await;
    }
}

/// The fields of a ledger entry from a `json!` object; anything else is no field.
pub(crate) fn fields(value: serde_json::Value) -> serde_json::Map<String, serde_json::Value> {
    match value {
        serde_json::Value::Object(map) => map,
        _ => serde_json::Map::new(),
    }
}
