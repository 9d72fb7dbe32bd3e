//! The policies by which things were judged, from the texts that were kept with them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::super::AppError;
use super::super::erase::Redactions;
use super::super::mirrors::read_kept;
use super::super::organisation::name_of;
use crate::domain::id;
use crate::policy::diagnostic::Diagnostic;
use crate::policy::file::{OrganisationFile, RepositoryFile, read_organisation};
use crate::policy::layers::{Layer, effective};
use crate::policy::model::Effective;
use crate::store::{Tx, decisions};

/// Policies that are kept at hand; beyond so many they are read again.
const AT_HAND: usize = 256;

/// What the strict reader made of a text.
type Text<T> = Arc<Result<T, Vec<Diagnostic>>>;
/// A policy, or why there is none.
pub(super) type Found = Result<Arc<Effective>, String>;

/// By which policies something was judged: digests of both layers, and where the repository's was read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) organisation: String,
    pub(super) repository: Option<String>,
    pub(super) base: String,
}

/// Policies by their digests.
#[derive(Debug)]
pub(super) struct Policies {
    /// The name of the organisation file, for what is said of an invalid one.
    name: String,
    organisations: HashMap<String, Text<OrganisationFile>>,
    repositories: HashMap<String, Text<RepositoryFile>>,
    known: HashMap<Key, Found>,
    erased: Arc<Redactions>,
}

impl Policies {
    pub(super) fn named(organisation: Option<&Path>, erased: Arc<Redactions>) -> Self {
        Self {
            name: organisation.map(name_of).unwrap_or_default(),
            organisations: HashMap::new(),
            repositories: HashMap::new(),
            known: HashMap::new(),
            erased,
        }
    }

    /// The effective policy of both layers, as it was put together then.
    pub(super) async fn of(&mut self, tx: &mut Tx, key: &Key) -> Result<Found, AppError> {
        if let Some(found) = self.known.get(key) {
            return Ok(found.clone());
        }
        if self.known.len() >= AT_HAND {
            self.known.clear();
            self.organisations.clear();
            self.repositories.clear();
        }
        let found = self.read(tx, key).await?;
        self.known.insert(key.clone(), found.clone());
        Ok(found)
    }

    async fn read(&mut self, tx: &mut Tx, key: &Key) -> Result<Found, AppError> {
        // Without a file the digest is that of no bytes.
        let organisation = if key.organisation == id::sha256(b"") {
            None
        } else {
            let name = &self.name;
            let read = |bytes: &[u8]| read_organisation(name, bytes);
            let known = (&mut self.organisations, self.erased.as_ref());
            match text(tx, known, &key.organisation, read).await? {
                Ok(found) => Some(found),
                Err(why) => return Ok(Err(why)),
            }
        };
        let repository = match &key.repository {
            None => None,
            Some(digest) => {
                let known = (&mut self.repositories, self.erased.as_ref());
                match text(tx, known, digest, read_kept).await? {
                    Ok(found) => Some(found),
                    Err(why) => return Ok(Err(why)),
                }
            }
        };
        let upper = organisation
            .as_deref()
            .map_or(Layer::Missing, |read| Layer::of(read, &key.organisation));
        let digest = key.repository.as_deref().unwrap_or_default();
        let lower = repository.as_deref().map_or(Layer::Missing, |read| Layer::of(read, digest));
        Ok(Ok(Arc::new(effective(upper, lower, &key.base))))
    }
}

/// The text of a digest, read; the error says that it is not kept, or not with these bytes.
async fn text<T>(
    tx: &mut Tx,
    (known, erased): (&mut HashMap<String, Text<T>>, &Redactions),
    digest: &str,
    read: impl Fn(&[u8]) -> Result<T, Vec<Diagnostic>>,
) -> Result<Result<Text<T>, String>, AppError> {
    if let Some(found) = known.get(digest) {
        return Ok(Ok(Arc::clone(found)));
    }
    let Some(bytes) = decisions::policy(tx, digest).await? else {
        return Ok(Err(format!("no text of {digest}")));
    };
    if erased.was(id::sha256(&bytes)) != digest {
        return Ok(Err(format!("other bytes than those of {digest}")));
    }
    let found = Arc::new(read(&bytes));
    known.insert(digest.to_owned(), Arc::clone(&found));
    Ok(Ok(found))
}
