//! Comparing manifests and locks of package managers (sem 2.4): which version of what changed, and whether anything
//! else did.
//!
//! Each ecosystem is one file or a few that read its formats ([`cargo`], [`npm`], [`pyproject`], [`uv`], [`poetry`],
//! [`requirements`], [`go`], [`maven`]). Manifests in TOML and JSON are compared by their keys ([`manifest`]); locks
//! are read into one model of packages and what they need, and compared there ([`lock`]). A file is looked at by
//! itself; whether manifest and lock say the same is asked by [`classify`](mod@super::classify).
//!
//! Everything that is not a version, or that cannot be read, is a doubt, and a doubt proves nothing.

mod cargo;
mod go;
mod json;
mod lock;
mod manifest;
mod maven;
mod npm;
mod poetry;
mod pyproject;
mod requirements;
mod uv;

use crate::domain::RepoPath;
use crate::domain::dependency::{DependencyDiff, Ecosystem, Part, VersionChange};

use super::keys::MAX_BYTES;

/// Changes of versions and doubts that are kept; beyond, a doubt says so. A bump has one, and what comes with it.
const MOST: usize = 100;

/// What a comparison found.
#[derive(Debug, Default)]
struct Found {
    changes: Vec<VersionChange>,
    doubts: Vec<String>,
}

/// Compares the two texts of one kind of file.
type Compare = fn(&RepoPath, &str, &str) -> Found;

/// Compares the two sides of a manifest or lock; a side is `None` where the path does not exist.
///
/// `None`: the path's name is none of those that are compared. Time and memory are bounded by the size that is read,
/// 1 MiB as for keys (sem 2.2.1); no format here has aliases that could grow.
#[must_use]
pub fn diff(path: &RepoPath, old: Option<&[u8]>, new: Option<&[u8]>) -> Option<DependencyDiff> {
    let (ecosystem, part, compare) = kind_of(path)?;
    let mut found = match (text(old), text(new)) {
        (Ok(old), Ok(new)) => compare(path, old, new),
        (Err(why), _) | (_, Err(why)) => Found::doubt(why),
    };
    found.changes.sort();
    found.changes.dedup();
    found.doubts.sort();
    found.doubts.dedup();
    found.doubts.truncate(MOST);
    if found.changes.len() > MOST {
        let many = format!("{} versions change at once", found.changes.len());
        found = Found::doubt(many);
    }
    Some(DependencyDiff { ecosystem, part, changes: found.changes, doubts: found.doubts })
}

/// By its exact name: another spelling is another file to its package manager.
fn kind_of(path: &RepoPath) -> Option<(Ecosystem, Part, Compare)> {
    let name = std::str::from_utf8(path.file_name()).ok()?;
    Some(match name {
        "Cargo.toml" => (Ecosystem::Cargo, Part::Manifest, cargo::manifest),
        "Cargo.lock" => (Ecosystem::Cargo, Part::Lock, cargo::lock),
        "package.json" => (Ecosystem::Npm, Part::Manifest, npm::manifest),
        "package-lock.json" => (Ecosystem::Npm, Part::Lock, npm::lock),
        "pyproject.toml" => (Ecosystem::Python, Part::Manifest, pyproject::manifest),
        "uv.lock" => (Ecosystem::Python, Part::Lock, uv::lock),
        "poetry.lock" => (Ecosystem::Python, Part::Record, poetry::lock),
        "go.mod" => (Ecosystem::Go, Part::Manifest, go::manifest),
        "go.sum" => (Ecosystem::Go, Part::Record, go::sums),
        "pom.xml" => (Ecosystem::Maven, Part::Whole, maven::pom),
        _ => {
            name.strip_prefix("requirements")?.strip_suffix(".txt")?;
            (Ecosystem::Python, Part::Whole, requirements::pins)
        }
    })
}

fn text(side: Option<&[u8]>) -> Result<&str, String> {
    let bytes = side.ok_or("it is not there on both sides")?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("{} bytes, more than {MAX_BYTES}: it is not read", bytes.len()));
    }
    std::str::from_utf8(bytes).map_err(|_| "it is no UTF-8".to_owned())
}

impl Found {
    fn doubt(why: impl Into<String>) -> Self {
        Self { changes: Vec::new(), doubts: vec![why.into()] }
    }

    /// Two readings into what their comparison says; one that failed is a doubt.
    fn of<T>(
        (old, new): (Result<T, String>, Result<T, String>),
        compare: impl FnOnce(&T, &T) -> Self,
    ) -> Self {
        match (old, new) {
            (Ok(old), Ok(new)) => compare(&old, &new),
            (Err(why), _) => Self::doubt(format!("it could not be read before the change: {why}")),
            (_, Err(why)) => Self::doubt(format!("it cannot be read: {why}")),
        }
    }
}

/// A version that changed, of something the project itself asks for.
fn direct(name: &str, from: &str, to: &str) -> VersionChange {
    let (from, to) = (Some(from.to_owned()), Some(to.to_owned()));
    VersionChange { name: name.to_owned(), from, to, direct: true }
}
