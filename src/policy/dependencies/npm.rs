//! npm: `package.json`, and `package-lock.json` of version 3 (npm 7 and later). Versions 1 and 2 also hold an older
//! description that other readers take, so they prove nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::{RepoPath, Segment};
use crate::policy::keys::MAX_DEPTH;

use super::lock::{Key, Lock, Member, Needs, Package};
use super::manifest::{Pin, keys_of, pin};
use super::{Found, json, lock as locks, manifest as manifests};

/// Bytes of a folder's name above which a lock is refused: every name in it is looked for upwards.
const MAX_FOLDER: usize = 512;

/// Two `package.json`. `peerDependencies` say what others must have, so they are none of ours.
pub(super) fn manifest(path: &RepoPath, old: &str, new: &str) -> Found {
    manifests::compare(path, old, new, requirement)
}

fn requirement(path: &[Segment], text: &str) -> Option<Pin> {
    match keys_of(path)?.as_slice() {
        ["dependencies" | "devDependencies" | "optionalDependencies", name] => pin(name, text),
        _ => None,
    }
}

/// Two `package-lock.json`.
pub(super) fn lock(_: &RepoPath, old: &str, new: &str) -> Found {
    Found::of((read(old), read(new)), locks::compare)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLock {
    #[serde(rename = "lockfileVersion")]
    lockfile_version: u32,
    name: Option<String>,
    version: Option<String>,
    requires: Option<bool>,
    packages: BTreeMap<String, Entry>,
}

/// What stands at one folder. All that has no field of its own goes to `more`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    version: Option<String>,
    resolved: Option<String>,
    integrity: Option<String>,
    #[serde(default)]
    has_install_script: bool,
    #[serde(default)]
    link: bool,
    #[serde(default)]
    dependencies: BTreeMap<String, String>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, String>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, String>,
    #[serde(default)]
    peer_dependencies: BTreeMap<String, String>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

fn read(text: &str) -> Result<Lock, String> {
    let value = json::parse(text)?;
    let version = value.get("lockfileVersion").and_then(Value::as_u64);
    if version != Some(3) {
        let found = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
        return Err(format!("lockfileVersion is {found}, and only 3 is judged"));
    }
    let raw: RawLock = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let rest = format!("{:?}", (raw.lockfile_version, &raw.name, &raw.version, raw.requires));
    let mut lock = Lock { rest, ..Lock::default() };
    for (folder, entry) in &raw.packages {
        if folder.len() > MAX_FOLDER || folder.matches('/').count() > MAX_DEPTH {
            return Err(format!("a folder of {} bytes is nested too deep", folder.len()));
        }
        let needs = needs(folder, entry, &raw.packages);
        match name_of(folder) {
            None => {
                lock.members.insert(folder.clone(), Member { needs, rest: entry.described() });
            }
            Some(name) => {
                let package = installed(name, folder, entry, needs);
                lock.packages.insert(entry.key(folder), package);
            }
        }
    }
    Ok(lock)
}

/// The name under which a folder is installed; `None`: a project of the repository.
fn name_of(folder: &str) -> Option<&str> {
    match folder.rsplit_once("node_modules/") {
        Some((_, name)) => Some(name),
        None => None,
    }
}

impl Entry {
    fn key(&self, folder: &str) -> Key {
        let version = self.version.clone().unwrap_or_default();
        Key { slot: folder.to_owned(), source: self.source(folder).0, version }
    }

    /// The registry, and whether the address is that of this very package and version there. One that is another
    /// package's is kept whole.
    fn source(&self, folder: &str) -> (String, bool) {
        let address = self.resolved.clone().unwrap_or_default();
        let name = name_of(folder).unwrap_or_default();
        let plain = name.rsplit('/').next().unwrap_or_default();
        let version = self.version.as_deref().unwrap_or_default();
        let registry = address.strip_suffix(&format!("/{name}/-/{plain}-{version}.tgz"));
        match registry {
            Some(registry) if !self.link && registry.starts_with("https://") => {
                (registry.to_owned(), true)
            }
            _ => (address, false),
        }
    }

    /// All but versions, sources and what tells only by whom something is needed.
    fn described(&self) -> String {
        let mut more = self.more.clone();
        more.retain(|key, _| !matches!(key.as_str(), "dev" | "optional" | "devOptional" | "peer"));
        let version = self.version.as_ref().filter(|_| self.link || self.resolved.is_none());
        let parts = (version, self.link, &self.peer_dependencies);
        format!("{parts:?} {}", Value::Object(more))
    }

    fn asked(&self) -> impl Iterator<Item = &String> {
        [&self.dependencies, &self.dev_dependencies, &self.optional_dependencies]
            .into_iter()
            .flat_map(BTreeMap::keys)
    }
}

fn installed(name: &str, folder: &str, entry: &Entry, needs: Needs) -> Package {
    let digests = entry.integrity.as_deref().unwrap_or_default();
    // An alias is installed under another name than its own; `name` says which.
    let aliased = entry.more.contains_key("name");
    Package {
        name: name.to_owned(),
        registry: entry.source(folder).1 && !aliased,
        digests: digests.split_whitespace().map(str::to_owned).collect(),
        runs: entry.has_install_script,
        needs,
        rest: entry.described(),
    }
}

/// The folders that the names come to: the nearest `node_modules` upwards. What is not installed (optional, or for
/// another system) is needed by name alone.
fn needs(folder: &str, entry: &Entry, packages: &BTreeMap<String, Entry>) -> Needs {
    let names: BTreeSet<String> =
        entry.asked().chain(entry.peer_dependencies.keys()).cloned().collect();
    let found = |name: &String| {
        upwards(folder).find_map(|above| {
            let at = format!("{above}node_modules/{name}");
            packages.get(&at).map(|entry| entry.key(&at))
        })
    };
    Needs { keys: names.iter().filter_map(found).collect(), names }
}

/// A folder and those above it, each with the `/` that ends it; the last is the top.
fn upwards(folder: &str) -> impl Iterator<Item = String> {
    let mut open = Some(folder.to_owned());
    std::iter::from_fn(move || {
        let here = open.take()?;
        open = match here.rsplit_once('/') {
            Some((above, _)) => Some(above.to_owned()),
            None if here.is_empty() => None,
            None => Some(String::new()),
        };
        Some(if here.is_empty() { here } else { format!("{here}/") })
    })
}
