//! What a manifest or a lock file says differently before and after a change, as facts for the dependency proof
//! (sem 2.4).

use serde::{Deserialize, Serialize};

/// A world of packages with its own registries, manifests and locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ecosystem {
    /// `Cargo.toml` and `Cargo.lock`.
    Cargo,
    /// `package.json` and `package-lock.json`.
    Npm,
    /// `pyproject.toml` with `uv.lock` or `poetry.lock`; `requirements*.txt`.
    Python,
    /// `go.mod` and `go.sum`.
    Go,
    /// `pom.xml`.
    Maven,
}

impl Ecosystem {
    /// The word used in sentences.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cargo => "cargo",
            Self::Npm => "npm",
            Self::Python => "python",
            Self::Go => "go",
            Self::Maven => "maven",
        }
    }
}

/// What a file is in its ecosystem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// People write in it what they want; a lock says what that comes to.
    Manifest,
    /// What is installed, to the byte, and which of it the project itself asks for.
    Lock,
    /// What is installed, to the byte; it does not tell which of it the project itself asks for.
    Record,
    /// Both in one: exact versions, and no lock beside it.
    Whole,
}

/// How one manifest or lock differs between the two sides of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DependencyDiff {
    /// Its ecosystem.
    pub ecosystem: Ecosystem,
    /// What it is there.
    pub part: Part,
    /// Versions that changed, sorted; each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<VersionChange>,
    /// Why nothing may be concluded from `changes`: sentences, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
}

/// Another version of one dependency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct VersionChange {
    /// Its name, as its ecosystem compares names.
    pub name: String,
    /// The version before; `None`: it was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The version after; `None`: it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The project itself asks for it; otherwise it came with another dependency.
    pub direct: bool,
}

impl VersionChange {
    /// It was there and is there; what is gone is no longer used, and what was not known rises from nothing.
    #[must_use]
    pub fn is_rise(&self) -> bool {
        self.from.is_some() && self.to.is_some()
    }
}
