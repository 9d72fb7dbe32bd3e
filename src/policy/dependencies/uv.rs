//! `uv.lock` (version 1).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::{Table, Value};

use crate::domain::RepoPath;

use super::lock::{Key, Lock, Member, Needs, Package};
use super::pyproject::normal;
use super::{Found, lock as locks};

/// Two `uv.lock`.
pub(super) fn lock(_: &RepoPath, old: &str, new: &str) -> Found {
    Found::of((read(old), read(new)), locks::compare)
}

#[derive(Deserialize)]
struct RawLock {
    version: i64,
    #[serde(default)]
    package: Vec<RawPackage>,
    #[serde(flatten)]
    more: Table,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RawPackage {
    name: String,
    version: Option<String>,
    source: BTreeMap<String, String>,
    #[serde(default)]
    dependencies: Vec<Need>,
    #[serde(default)]
    optional_dependencies: BTreeMap<String, Vec<Need>>,
    #[serde(default)]
    dev_dependencies: BTreeMap<String, Vec<Need>>,
    sdist: Option<Artefact>,
    #[serde(default)]
    wheels: Vec<Artefact>,
    metadata: Option<Value>,
    #[serde(flatten)]
    more: Table,
}

#[derive(Deserialize)]
struct Need {
    name: String,
    version: Option<String>,
    source: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Artefact {
    url: Option<String>,
    hash: Option<String>,
}

fn read(text: &str) -> Result<Lock, String> {
    let raw: RawLock = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    if raw.version != 1 {
        return Err(format!("version {} of the format is not known", raw.version));
    }
    let mut lock = Lock { rest: format!("{:?}", raw.more), ..Lock::default() };
    let mut named: Named<'_> = BTreeMap::new();
    for package in &raw.package {
        named.entry(&package.name).or_default().push(package);
    }
    for package in &raw.package {
        let needs = needs(package, &named)?;
        let twice = if package.is_member() {
            let rest = package.described();
            lock.members.insert(package.name.clone(), Member { needs, rest }).is_some()
        } else {
            lock.packages.insert(package.key(), package.installed(needs)).is_some()
        };
        if twice {
            return Err(format!("`{}` is there twice", package.name));
        }
    }
    Ok(lock)
}

impl RawPackage {
    fn is_member(&self) -> bool {
        ["virtual", "editable", "directory"].iter().any(|kind| self.source.contains_key(*kind))
    }

    fn files(&self) -> impl Iterator<Item = &Artefact> {
        self.sdist.iter().chain(&self.wheels)
    }

    /// The registry, and every host that files come from.
    fn key(&self) -> Key {
        let hosts: BTreeSet<&str> = self.files().map(Artefact::host).collect();
        let source: Vec<String> =
            self.source.iter().map(|(kind, place)| format!("{kind} {place}")).collect();
        Key {
            slot: self.name.clone(),
            version: self.version.clone().unwrap_or_default(),
            source: format!(
                "{} with files of {}",
                source.join(", "),
                Vec::from_iter(hosts).join(", ")
            ),
        }
    }

    /// Without a wheel, installing builds it, which runs its code.
    fn installed(&self, needs: Needs) -> Package {
        let version = self.version.as_deref().unwrap_or_default();
        let own = format!("{}-{}", normal(&self.name), normal(version));
        let checked = self.files().all(|file| file.hash.is_some());
        let digests = self.files().filter_map(|file| file.hash.clone()).filter(|_| checked);
        Package {
            name: normal(&self.name),
            registry: self.source.keys().eq(["registry"])
                && self.files().all(|file| file.is_of(&own)),
            digests: digests.collect(),
            runs: self.wheels.is_empty(),
            needs,
            rest: self.described(),
        }
    }

    /// What belongs to a version. Of the requirements that uv repeats here, `pyproject.toml` is the one to look at.
    fn described(&self) -> String {
        let mut metadata = self.metadata.clone();
        if let Some(value) = &mut metadata {
            without_specifiers(value);
        }
        format!("{metadata:?} {:?}", self.more)
    }
}

impl Artefact {
    fn host(&self) -> &str {
        let url = self.url.as_deref().unwrap_or_default();
        let after = url.find("://").map_or(0, |at| at + 3);
        let end =
            url.get(after..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| after + at);
        url.get(..end).unwrap_or(url)
    }

    /// Whether the file is named after the package and its version, and comes over https.
    fn is_of(&self, own: &str) -> bool {
        let url = self.url.as_deref().unwrap_or_default();
        let file = normal(url.rsplit('/').next().unwrap_or_default());
        url.starts_with("https://")
            && file.strip_prefix(own).is_some_and(|rest| rest.starts_with('-'))
    }
}

fn without_specifiers(value: &mut Value) {
    match value {
        Value::Table(table) => {
            table.remove("specifier");
            table.iter_mut().for_each(|(_, value)| without_specifiers(value));
        }
        Value::Array(items) => items.iter_mut().for_each(without_specifiers),
        _ => {}
    }
}

/// The packages of a name: several where versions differ between systems.
type Named<'a> = BTreeMap<&'a str, Vec<&'a RawPackage>>;

fn needs(package: &RawPackage, named: &Named<'_>) -> Result<Needs, String> {
    let groups = package.optional_dependencies.values().chain(package.dev_dependencies.values());
    let mut needs = Needs::default();
    for need in package.dependencies.iter().chain(groups.flatten()) {
        let all = named.get(need.name.as_str()).into_iter().flatten();
        let found: Vec<&&RawPackage> = all.filter(|one| need.is(one)).collect();
        if found.is_empty() {
            return Err(format!(
                "`{}` needs `{}`, which it does not hold",
                package.name, need.name
            ));
        }
        needs.names.insert(normal(&need.name));
        needs.keys.extend(found.iter().filter(|one| !one.is_member()).map(|one| one.key()));
    }
    Ok(needs)
}

impl Need {
    fn is(&self, package: &RawPackage) -> bool {
        (self.version.is_none() || self.version == package.version)
            && self.source.as_ref().is_none_or(|source| *source == package.source)
    }
}
