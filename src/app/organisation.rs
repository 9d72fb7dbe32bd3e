//! The organisation's layer of the policy: read at start, and again when its file changed.

use std::path::Path;
use std::sync::Arc;

use super::{App, AppError, Command, Unit, fields};
use crate::domain::id;
use crate::policy::built_in;
use crate::policy::diagnostic::Diagnostic;
use crate::policy::file::{OrganisationFile, read_organisation};
use crate::policy::layers::{Layer, effective};
use crate::policy::model::{Effective, Organisation};
use crate::store::{self, versions};

/// The organisation file as it was found.
#[derive(Debug, Default)]
pub(crate) struct OrganisationLayer {
    bytes: Option<Vec<u8>>,
    digest: String,
    read: Option<Result<OrganisationFile, Vec<Diagnostic>>>,
}

impl OrganisationLayer {
    /// Reads it. A file that is configured and not there is refused: absence is never success (sem 11.2).
    pub(crate) fn load(path: Option<&Path>) -> Result<Self, AppError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let bytes = std::fs::read(path).map_err(|error| {
            AppError::Unavailable(format!("the organisation file {}: {error}", path.display()))
        })?;
        Ok(Self {
            digest: id::sha256(&bytes),
            // The name without its folder: it stands in decisions, which must be the same on every machine.
            read: Some(read_organisation(&name_of(path), &bytes)),
            bytes: Some(bytes),
        })
    }

    /// As a layer.
    pub(crate) fn layer(&self) -> Layer<'_, OrganisationFile> {
        self.read.as_ref().map_or(Layer::Missing, |read| Layer::of(read, &self.digest))
    }

    /// Its own part: people, roles, environments. Of an invalid file: nothing.
    pub(crate) fn organisation(&self) -> Organisation {
        match &self.read {
            Some(Ok(file)) => file.organisation.clone(),
            _ => built_in::organisation(),
        }
    }

    /// Its bytes by digest, to be kept with decisions.
    pub(crate) fn bytes(&self) -> Vec<(String, Vec<u8>)> {
        self.bytes.iter().map(|bytes| (self.digest.clone(), bytes.clone())).collect()
    }

    /// Its digest; of the empty text where there is none.
    pub(crate) fn digest(&self) -> String {
        if self.bytes.is_some() { self.digest.clone() } else { id::sha256(b"") }
    }

    /// What is wrong with it, rendered for an operator; empty where nothing is.
    pub(crate) fn complaints(&self) -> String {
        let text = self.bytes.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
        match &self.read {
            Some(Err(diagnostics)) => crate::policy::diagnostic::render_all(diagnostics, &text),
            _ => String::new(),
        }
    }
}

/// The name of a file without its folder.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

pub(super) struct NotePolicy {
    digest: String,
    bytes: Vec<(String, Vec<u8>)>,
}

impl NotePolicy {
    /// As its entry tells it; `None`: there was no file.
    pub(super) fn of_entry(digest: String, bytes: Option<Vec<u8>>) -> Self {
        let bytes = bytes.into_iter().map(|bytes| (digest.clone(), bytes)).collect();
        Self { digest, bytes }
    }
}

impl Command for NotePolicy {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let body = fields(serde_json::json!({ "digest": self.digest }));
        // The file that was in force last; one that comes back is news again.
        if unit.last_of("policy.organisation").await?.is_none_or(|last| last != body) {
            for (digest, bytes) in &self.bytes {
                store::decisions::put_policy(unit.tx(), digest, bytes).await?;
            }
            unit.record("policy.organisation", body)?;
        }
        unit.moved(versions::EVERYWHERE);
        Ok(())
    }
}

impl App {
    /// The effective policy where no repository layer has a say: what environments require.
    pub(crate) fn effective_for_deploys(&self) -> Effective {
        effective(self.organisation().layer(), Layer::Missing, "organisation")
    }

    /// Reads the organisation file again if it changed; its version goes into the ledger.
    pub(crate) async fn refresh_organisation(&self) -> Result<(), AppError> {
        let layer = OrganisationLayer::load(self.config().organisation.as_deref())?;
        if layer.digest() == self.organisation().digest() {
            return Ok(());
        }
        let complaints = layer.complaints();
        if !complaints.is_empty() {
            tracing::error!(
                "the organisation file is refused; nothing passes by itself\n{complaints}"
            );
        }
        let layer = Arc::new(layer);
        self.set_organisation(Arc::clone(&layer));
        self.note_organisation().await?;
        self.ask_for_rosters().await
    }

    /// Writes the version of the organisation file that is in force into the ledger, once.
    pub(crate) async fn note_organisation(&self) -> Result<(), AppError> {
        let layer = self.organisation();
        self.writer().submit(NotePolicy { digest: layer.digest(), bytes: layer.bytes() }).await
    }
}
