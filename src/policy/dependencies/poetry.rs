//! `poetry.lock` (version 2). It does not say which packages the project itself asks for, so whatever changes counts as
//! asked for: a bump that takes others with it proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::{Table, Value};

use crate::domain::RepoPath;

use super::lock::{Key, Lock, Member, Needs, Package};
use super::pyproject::normal;
use super::{Found, lock as locks};

/// Two `poetry.lock`.
pub(super) fn lock(_: &RepoPath, old: &str, new: &str) -> Found {
    Found::of((read(old), read(new)), locks::compare)
}

#[derive(Deserialize)]
struct RawLock {
    #[serde(default)]
    package: Vec<RawPackage>,
    metadata: Table,
    #[serde(flatten)]
    more: Table,
}

#[derive(Deserialize)]
struct RawPackage {
    name: String,
    version: String,
    #[serde(default)]
    files: Vec<File>,
    #[serde(default)]
    dependencies: BTreeMap<String, Value>,
    source: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    more: Table,
}

#[derive(Deserialize)]
struct File {
    file: String,
    hash: Option<String>,
}

fn read(text: &str) -> Result<Lock, String> {
    let mut raw: RawLock = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    // A digest over the manifest, which is looked at itself.
    raw.metadata.remove("content-hash");
    let format = raw.metadata.get("lock-version").and_then(Value::as_str).unwrap_or_default();
    if !format.starts_with("2.") {
        return Err(format!("lock-version `{format}` is not known"));
    }
    let rest = format!("{:?} {:?}", raw.metadata, raw.more);
    let mut lock = Lock { rest, ..Lock::default() };
    let mut keys = BTreeSet::new();
    for package in &raw.package {
        let key = package.key();
        if lock.packages.insert(key.clone(), package.installed()).is_some() {
            return Err(format!("`{}` is there twice", package.name));
        }
        keys.insert(key);
    }
    let needs = Needs { names: BTreeSet::new(), keys };
    lock.members.insert(String::new(), Member { needs, rest: String::new() });
    Ok(lock)
}

impl RawPackage {
    /// Without a source it comes from the index that the manifest names, or from `PyPI`.
    fn key(&self) -> Key {
        let source =
            self.source.as_ref().map_or_else(|| "the index".to_owned(), |s| format!("{s:?}"));
        Key { slot: normal(&self.name), version: self.version.clone(), source }
    }

    fn installed(&self) -> Package {
        let own = format!("{}-{}-", normal(&self.name), normal(&self.version));
        let named = self.files.iter().all(|file| normal(&file.file).starts_with(&own));
        let checked = self.files.iter().all(|file| file.hash.is_some());
        let hashes = self.files.iter().filter_map(|file| file.hash.clone()).filter(|_| checked);
        let needed = self.dependencies.keys().map(|name| normal(name)).collect();
        Package {
            name: normal(&self.name),
            registry: self.source.is_none() && named,
            digests: hashes.collect(),
            runs: !self.files.iter().any(|file| file.file.strip_suffix(".whl").is_some()),
            needs: Needs { names: needed, keys: BTreeSet::new() },
            rest: format!("{:?}", self.more),
        }
    }
}
