//! The language: a text becomes a `Policy`, or a list of everything that is wrong with it.
//!
//! `yaml` makes a tree whose nodes know their places, `shape` checks it against the tables (`tables`,
//! `organisation_tables`), `rules` what must hold between keys, and `build` turns what passed into plain data.

mod build;
mod build_organisation;
mod build_requirement;
pub(crate) mod leaf;
pub(crate) mod node;
mod organisation_rules;
mod organisation_tables;
mod requirement_rules;
pub(crate) mod requirement_tables;
mod rules;
pub(crate) mod shape;
pub(crate) mod tables;
mod yaml;

#[cfg(test)]
mod documentation;
#[cfg(test)]
mod requirement_tests;
#[cfg(test)]
mod tests;

pub(crate) use self::yaml::MAX_BYTES;
use std::collections::BTreeMap;

use serde::Serialize;

use self::build::Build;
use self::node::{Node, Path, Report};
use self::shape::{Record, Shape};
use super::diagnostic::{At, Diagnostic, code};
use super::model::{Organisation, Policy, Staleness};
use crate::domain::Class;
use crate::domain::id::sha256;

/// A repository file as read: a whole policy over the built-in one, and what the file itself says.
#[derive(Debug, Clone, PartialEq)]
pub struct RepositoryFile {
    /// The policy that it describes, with built-in values where it says nothing.
    pub policy: Policy,
    /// Every field that the file states, with its line: a value left out is no attempt to weaken.
    pub stated: BTreeMap<String, u64>,
    /// `sha256:` of its bytes.
    pub digest: String,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
}

/// An organisation file as read. Its floor is part of the policy.
#[derive(Debug, Clone, PartialEq)]
pub struct OrganisationFile {
    /// What binds every repository.
    pub policy: Policy,
    /// People, roles, environments, freezes.
    pub organisation: Organisation,
    /// How far a repository may go where that is further than what holds if it says nothing.
    pub limits: Limits,
    /// Every field that the file states, with its line.
    pub stated: BTreeMap<String, u64>,
    /// `sha256:` of its bytes.
    pub digest: String,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
}

/// How far a repository may go (contract, `floor`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The lowest `default`.
    pub default: Class,
    /// The furthest `approval.staleness`.
    pub staleness: Staleness,
}

/// Which of the two files it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// `.countersign.yml` in a repository.
    Repository,
    /// The organisation file.
    Organisation,
}

impl FileKind {
    pub(crate) fn record(self) -> &'static Record {
        match self {
            Self::Repository => &tables::REPOSITORY,
            Self::Organisation => &tables::ORGANISATION,
        }
    }
}

/// What `countersign policy check` says about a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// What it was read as.
    pub kind: FileKind,
    /// Everything found, in the order of the file.
    pub diagnostics: Vec<Diagnostic>,
}

impl CheckReport {
    /// Whether the file would be used.
    #[must_use]
    pub fn passes(&self) -> bool {
        !self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Reads the file of a repository; `name` is for diagnostics. All errors at once (contract; sem 6.5).
pub fn read_repository(name: &str, bytes: &[u8]) -> Result<RepositoryFile, Vec<Diagnostic>> {
    let mut report = Report::new(name);
    let built = tree(bytes, FileKind::Repository, &mut report).map(|tree| {
        let mut build = Build { layer: "repository", report: &mut report };
        (build.policy(&tree), tree.places())
    });
    let refused = report.has_errors();
    let warnings = report.finish();
    match built {
        Some((policy, stated)) if !refused => {
            Ok(RepositoryFile { policy, stated, digest: sha256(bytes), warnings })
        }
        _ => Err(warnings),
    }
}

/// Reads the organisation file; `name` is for diagnostics. All errors at once.
pub fn read_organisation(name: &str, bytes: &[u8]) -> Result<OrganisationFile, Vec<Diagnostic>> {
    let mut report = Report::new(name);
    let built = tree(bytes, FileKind::Organisation, &mut report).map(|tree| {
        let mut build = Build { layer: "organisation", report: &mut report };
        (build.organisation(&tree), tree.places())
    });
    let refused = report.has_errors();
    let warnings = report.finish();
    match built {
        Some(((policy, organisation, limits), stated)) if !refused => {
            let digest = sha256(bytes);
            Ok(OrganisationFile { policy, organisation, limits, stated, digest, warnings })
        }
        _ => Err(warnings),
    }
}

/// Reads either file, told apart by its keys: an organisation file has one that only it may have.
#[must_use]
pub fn check_file(name: &str, bytes: &[u8]) -> CheckReport {
    let kind = kind_of(name, bytes);
    let read = match kind {
        FileKind::Repository => read_repository(name, bytes).map(|file| file.warnings),
        FileKind::Organisation => read_organisation(name, bytes).map(|file| file.warnings),
    };
    CheckReport { kind, diagnostics: read.unwrap_or_else(|errors| errors) }
}

/// What is said of something that is no regular file, such as a symbolic link (sem 6.5).
#[must_use]
pub fn no_regular_file(name: &str, what: &str) -> Vec<Diagnostic> {
    let message = format!("the policy is {what}, not a regular file");
    let diagnostic = Diagnostic::error(code::UNREADABLE, name, At::START, message);
    vec![diagnostic.help("commit the file itself: what a link points to is not part of the review")]
}

fn kind_of(name: &str, bytes: &[u8]) -> FileKind {
    if name.rsplit('/').next() == Some(".countersign.yml") {
        return FileKind::Repository;
    }
    let own = ["people", "roles", "floor", "deploy", "freeze", "rollout", "emergency"];
    let mut unused = Report::new(name);
    let has_one = text(bytes, &mut unused)
        .and_then(|text| yaml::read(text, &mut unused))
        .is_some_and(|tree| own.iter().any(|key| tree.get(key).is_some()));
    if has_one { FileKind::Organisation } else { FileKind::Repository }
}

/// The tree, if it holds against its table.
fn tree(bytes: &[u8], kind: FileKind, report: &mut Report) -> Option<Node> {
    let text = text(bytes, report)?;
    let tree = yaml::read(text, report)?;
    Shape::Record(kind.record()).check(&tree, &Path::root(), report);
    (!report.has_errors()).then_some(tree)
}

fn text<'b>(bytes: &'b [u8], report: &mut Report) -> Option<&'b str> {
    let mut refuse = |at: At, message: String, help: &str| {
        let problem = node::Problem::new(code::UNREADABLE, message).help(help);
        report.add(at, &Path::root(), problem);
        None
    };
    if bytes.len() > yaml::MAX_BYTES {
        let message =
            format!("the file has {} bytes; {} is the most", bytes.len(), yaml::MAX_BYTES);
        return refuse(At::START, message, "make the file smaller");
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let good = std::str::from_utf8(good).unwrap_or_default();
            let at = At::of(good, good.len()..good.len());
            refuse(at, "a byte that is no UTF-8".to_owned(), "save the file as UTF-8")
        }
    }
}
