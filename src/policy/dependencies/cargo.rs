//! Cargo: `Cargo.toml` and `Cargo.lock` (versions 3 and 4).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::{RepoPath, Segment};

use super::lock::{Key, Lock, Member, Needs, Package};
use super::manifest::{Pin, keys_of, pin};
use super::{Found, lock as locks, manifest as manifests};

/// Two `Cargo.toml`. A version stands in a table of dependencies, of a target or of the workspace too.
pub(super) fn manifest(path: &RepoPath, old: &str, new: &str) -> Found {
    manifests::compare(path, old, new, requirement)
}

fn requirement(path: &[Segment], text: &str) -> Option<Pin> {
    let keys = keys_of(path)?;
    let rest = match keys.as_slice() {
        ["workspace", "dependencies", rest @ ..] => rest,
        ["target", _, table, rest @ ..] | [table, rest @ ..] if is_table(table) => rest,
        _ => return None,
    };
    match rest {
        [name] | [name, "version"] => pin(name, text),
        _ => None,
    }
}

fn is_table(name: &str) -> bool {
    matches!(name, "dependencies" | "dev-dependencies" | "build-dependencies")
}

/// Two `Cargo.lock`.
pub(super) fn lock(_: &RepoPath, old: &str, new: &str) -> Found {
    Found::of((read(old), read(new)), locks::compare)
}

/// Unknown keys are refused: `[[patch.unused]]`, `[metadata]` and what a later version adds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLock {
    version: u32,
    #[serde(default)]
    package: Vec<RawPackage>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPackage {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl RawPackage {
    fn key(&self) -> Key {
        let source = self.source.clone().unwrap_or_default();
        Key { slot: self.name.clone(), version: self.version.clone(), source }
    }
}

fn read(text: &str) -> Result<Lock, String> {
    let raw: RawLock = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    if !matches!(raw.version, 3 | 4) {
        return Err(format!("version {} of the format is not known", raw.version));
    }
    let mut named: BTreeMap<&str, Vec<Key>> = BTreeMap::new();
    for package in &raw.package {
        named.entry(&package.name).or_default().push(package.key());
    }
    let mut lock = Lock { rest: raw.version.to_string(), ..Lock::default() };
    for package in &raw.package {
        let needs = needs(package, &named)?;
        let twice = if package.source.is_none() {
            let member = Member { needs, rest: package.version.clone() };
            lock.members.insert(package.name.clone(), member).is_some()
        } else {
            lock.packages.insert(package.key(), installed(package, needs)).is_some()
        };
        if twice {
            return Err(format!("`{}` {} is there twice", package.name, package.version));
        }
    }
    Ok(lock)
}

fn installed(package: &RawPackage, needs: Needs) -> Package {
    let source = package.source.as_deref().unwrap_or_default();
    let digest = |text: &String| format!("sha256:{text}");
    Package {
        name: package.name.clone(),
        registry: source.starts_with("registry+") || source.starts_with("sparse+"),
        digests: package.checksum.iter().map(digest).collect(),
        runs: false,
        needs,
        rest: String::new(),
    }
}

/// `name`, `name version` or `name version (source)`, as far as it takes to tell one from others. A project that is
/// needed is no package.
fn needs(package: &RawPackage, named: &BTreeMap<&str, Vec<Key>>) -> Result<Needs, String> {
    let mut needs = Needs::default();
    for text in &package.dependencies {
        let mut words = text.splitn(3, ' ');
        let name = words.next().unwrap_or_default();
        let version = words.next();
        let source = words.next().map(|word| word.trim_start_matches('(').trim_end_matches(')'));
        let mut matching = named.get(name).into_iter().flatten().filter(|key| {
            version.is_none_or(|version| version == key.version)
                && source.is_none_or(|source| source == key.source)
        });
        let (Some(key), None) = (matching.next(), matching.next()) else {
            return Err(format!("`{}` needs `{text}`, which is not one package", package.name));
        };
        needs.names.insert(name.to_owned());
        if !key.source.is_empty() {
            needs.keys.insert(key.clone());
        }
    }
    Ok(needs)
}
