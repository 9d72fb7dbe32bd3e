//! What a change needs beside architects and peers: requirements that nest (sem 5), as plain data.
//!
//! Only a whole entry has a condition. A condition inside `any` could bring in an easier way out, and a label would
//! then be enough to weaken a rule; so the model has no place for one (case 65).

use super::condition::When;
use crate::domain::Person;

/// How deep requirements and conditions nest (case 59).
pub const MAX_DEPTH: usize = 10;

/// A requirement under a condition: an entry of `approval.also`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlsoRule {
    /// When it is needed.
    pub when: When,
    /// What is needed then.
    pub needs: Requirement,
}

/// Something that must be there, and how people call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// For titles; `None`: its parts name it.
    pub name: Option<String>,
    /// Why somebody wrote it, for sentences.
    pub description: Option<String>,
    /// What.
    pub what: Demand,
    /// Where it stands: `repository: approval.also[0].any[1], line 9`.
    pub from: String,
}

/// What a requirement asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Demand {
    /// So many holders of a role.
    Role {
        /// The role.
        role: String,
        /// The scope a grant must cover; `None`: `*`.
        scope: Option<String>,
        /// How many people.
        count: u64,
    },
    /// So many of these people.
    People {
        /// By name, as the organisation file has them; each once.
        people: Vec<Person>,
        /// How many of them.
        count: u64,
    },
    /// Each of these checks.
    Checks {
        /// By name.
        checks: Vec<String>,
        /// How they may have ended; never empty.
        conclusions: Vec<String>,
    },
    /// Each of them. Never empty.
    All(Vec<Requirement>),
    /// One of them. Never empty.
    Any(Vec<Requirement>),
}

impl Requirement {
    /// This requirement and all below it, each with its path from here: `.any[1].all[0]`, empty for itself.
    pub(crate) fn each(&self) -> Vec<(String, &Self)> {
        let mut all = vec![(String::new(), self)];
        for (place, part) in self.parts().iter().enumerate() {
            let word = self.what.word();
            let below = part.each().into_iter();
            all.extend(below.map(|(path, part)| (format!(".{word}[{place}]{path}"), part)));
        }
        all
    }

    /// What it asks as one would say it: `1 security, scope web` or `(1 security or checks ci)`.
    #[must_use]
    pub fn words(&self) -> String {
        let scoped = |scope: &Option<String>| match scope {
            Some(scope) => format!(", scope {scope}"),
            None => String::new(),
        };
        let each = |parts: &[Self], word: &str| {
            format!("({})", parts.iter().map(Self::words).collect::<Vec<_>>().join(word))
        };
        let what = match &self.what {
            Demand::Role { role, scope, count } => format!("{count} {role}{}", scoped(scope)),
            Demand::People { people, count } => {
                let people: Vec<&str> = people.iter().map(|person| person.0.as_str()).collect();
                format!("{count} of {}", people.join(", "))
            }
            Demand::Checks { checks, .. } => format!("checks {}", checks.join(" and ")),
            Demand::All(parts) => each(parts, " and "),
            Demand::Any(parts) => each(parts, " or "),
        };
        self.name.as_ref().map_or(what.clone(), |name| format!("{name}: {what}"))
    }

    fn parts(&self) -> &[Self] {
        match &self.what {
            Demand::All(parts) | Demand::Any(parts) => parts,
            _ => &[],
        }
    }
}

impl Demand {
    /// `all` or `any`; empty for what has no parts.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::All(_) => "all",
            Self::Any(_) => "any",
            _ => "",
        }
    }
}
