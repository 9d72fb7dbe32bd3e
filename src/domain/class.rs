//! The class of a change: what the policy makes of its content.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Size of care, in order: the class of a change is the maximum over its files (sem 2).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Proven harmless by a rule and by its content; passes by itself.
    Trivial,
    /// Needs what the policy asks of ordinary work, usually one peer.
    Routine,
    /// Needs an architect.
    Significant,
    /// Needs an architect, and no repository can lower it.
    Critical,
}

impl Class {
    /// All classes, lowest first.
    pub const ALL: [Self; 4] = [Self::Trivial, Self::Routine, Self::Significant, Self::Critical];

    /// The word used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trivial => "trivial",
            Self::Routine => "routine",
            Self::Significant => "significant",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Class {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|class| class.as_str() == text).ok_or_else(|| {
            format!("`{text}` is no class: trivial, routine, significant or critical")
        })
    }
}
