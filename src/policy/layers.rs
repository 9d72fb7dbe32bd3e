//! Two layers become one policy: the stricter of both, field by field (sem 6.3).
//!
//! A repository only ever tightens. Where it tries to weaken, the organisation's value applies and `invalid` names
//! the field with both values. What it may add is rules by which changes pass by themselves, within the ceiling.

mod merge;
mod names;
#[cfg(test)]
mod nested_tests;
pub mod sources;
#[cfg(test)]
mod tests;

use self::merge::Merge;
use super::built_in;
use super::diagnostic::Diagnostic;
use super::file::tables::BUILT_IN_ROLES;
use super::file::{Limits, OrganisationFile, RepositoryFile, read_organisation, read_repository};
use super::model::{Effective, Max, Organisation, Policy, Trivial};
use crate::domain::id::sha256;

/// Diagnostics of an unreadable file that are repeated in `invalid`.
const SHOWN: usize = 3;

/// A layer, as it was found.
#[derive(Debug)]
pub enum Layer<'a, T> {
    /// There is no such file.
    Missing,
    /// There is one, and it is refused.
    Invalid {
        /// `sha256:` of its bytes.
        digest: &'a str,
        /// Why.
        diagnostics: &'a [Diagnostic],
    },
    /// It was read.
    Read(&'a T),
}

impl<T> Clone for Layer<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Layer<'_, T> {}

impl<'a, T> Layer<'a, T> {
    /// From what a reader gave; `digest` is of the bytes, for a file that is refused.
    #[must_use]
    pub fn of(read: &'a Result<T, Vec<Diagnostic>>, digest: &'a str) -> Self {
        match read {
            Ok(file) => Self::Read(file),
            Err(diagnostics) => Self::Invalid { digest, diagnostics },
        }
    }
}

/// Both layers as one. `base` says where the repository layer was read: `main@4be1…`.
#[must_use]
pub fn effective(
    organisation: Layer<'_, OrganisationFile>,
    repository: Layer<'_, RepositoryFile>,
    base: &str,
) -> Effective {
    let upper = Upper::of(organisation);
    let lower = match repository {
        Layer::Read(file) => Some(file),
        _ => None,
    };
    let mut merge = Merge { upper, lower, invalid: Vec::new() };
    let mut policy = merge.policy(matches!(organisation, Layer::Missing));
    if let Layer::Invalid { diagnostics, .. } = organisation {
        merge.invalid.extend(refused("organisation file", diagnostics));
        nothing_automatic(&mut policy);
    }
    if let Layer::Invalid { diagnostics, .. } = repository {
        merge.invalid.extend(refused("repository file", diagnostics));
        nothing_automatic(&mut policy);
    }
    Effective {
        policy,
        organisation: merge.upper.organisation,
        invalid: merge.invalid,
        organisation_digest: digest(organisation, |file| &file.digest)
            .unwrap_or_else(|| sha256(b"")),
        repository_digest: digest(repository, |file| &file.digest),
        base: base.to_owned(),
    }
}

/// The same from the bytes of both files, each with its name for diagnostics.
#[must_use]
pub fn from_bytes(
    organisation: Option<(&str, &[u8])>,
    repository: Option<(&str, &[u8])>,
    base: &str,
) -> Effective {
    let upper = organisation.map(|(name, bytes)| (read_organisation(name, bytes), sha256(bytes)));
    let lower = repository.map(|(name, bytes)| (read_repository(name, bytes), sha256(bytes)));
    let upper = upper.as_ref().map_or(Layer::Missing, |(read, digest)| Layer::of(read, digest));
    let lower = lower.as_ref().map_or(Layer::Missing, |(read, digest)| Layer::of(read, digest));
    effective(upper, lower, base)
}

fn digest<T>(layer: Layer<'_, T>, of: impl Fn(&T) -> &String) -> Option<String> {
    match layer {
        Layer::Missing => None,
        Layer::Invalid { digest, .. } => Some(digest.to_owned()),
        Layer::Read(file) => Some(of(file).clone()),
    }
}

/// A layer that cannot be read lets nothing pass by itself, and lowers nothing (sem 6.5).
fn nothing_automatic(policy: &mut Policy) {
    policy.trivial = Trivial { max: policy.trivial.max.clone(), ..Trivial::default() };
    policy.trivial.kinds = Some(Vec::new());
    policy.reverts = None;
    policy.routine.clear();
}

fn refused(what: &str, diagnostics: &[Diagnostic]) -> Vec<String> {
    let errors: Vec<_> = diagnostics.iter().filter(|one| one.is_error()).collect();
    let mut sentences: Vec<_> =
        errors.iter().take(SHOWN).map(|one| format!("{what}: {one}")).collect();
    if errors.len() > SHOWN {
        sentences.push(format!("{what}: {} more errors", errors.len() - SHOWN));
    }
    if sentences.is_empty() {
        sentences.push(format!("{what}: refused"));
    }
    sentences
}

/// The layer that binds: the organisation's, or the built-in one.
struct Upper {
    name: &'static str,
    policy: Policy,
    limits: Limits,
    organisation: Organisation,
    /// Roles that a repository may name; `None`: nobody declared any, so that nothing can be said.
    roles: Option<Vec<String>>,
}

impl Upper {
    fn of(layer: Layer<'_, OrganisationFile>) -> Self {
        if let Layer::Read(file) = layer {
            let declared = file.organisation.roles.keys().cloned();
            let built_in = BUILT_IN_ROLES.iter().map(|role| (*role).to_owned());
            return Self {
                name: "organisation",
                policy: file.policy.clone(),
                limits: file.limits,
                organisation: file.organisation.clone(),
                roles: Some(declared.chain(built_in).collect()),
            };
        }
        let policy = built_in::floor();
        let limits = Limits { default: policy.default, staleness: policy.approval.staleness };
        let organisation = built_in::organisation();
        Self { name: "built-in policy", policy, limits, organisation, roles: None }
    }
}

/// The smaller of both limits, field by field; where one says nothing, the other.
pub(crate) fn least(one: &Max, other: &Max) -> Max {
    let least = |one: Option<u64>, other: Option<u64>| one.into_iter().chain(other).min();
    Max {
        files: least(one.files, other.files),
        changed_keys: least(one.changed_keys, other.changed_keys),
        lines: least(one.lines, other.lines),
        bytes: least(one.bytes, other.bytes),
    }
}
