//! What applies where no file says anything. Chosen so that nothing is trivial by assumption (sem 0, P1), and so
//! that `countersign audit` says something sensible about a repository that never heard of it. `docs/policy.md`
//! gives the reasons.

use std::time::Duration;

use super::glob::Glob;
use super::model::{
    Approval, Emergency, Organisation, PathRule, Policy, RoleRule, Rollout, Staleness, Trivial,
};
use crate::domain::Class;

/// Where built-in rules say that they stand.
pub const FROM: &str = "built-in";

/// Tests and prose, of which one look by a colleague is the custom. Code examples in prose are not told apart.
const ROUTINE: [(&str, &[&str]); 2] = [
    ("tests", &["tests/**", "test/**", "**/tests/**", "**/test/**", "**/__tests__/**", "spec/**"]),
    (
        "docs",
        &[
            "docs/**/*.md",
            "docs/**/*.rst",
            "docs/**/*.txt",
            "doc/**/*.md",
            "*.md",
            "*.rst",
            "LICENSE*",
        ],
    ),
];

/// Files that decide who may approve what.
const CRITICAL: [&str; 2] = [".countersign.yml", "**/CODEOWNERS"];

impl Policy {
    /// What applies without any file: everything is significant but tests and prose, which are routine; one
    /// architect; an approval reaches over a clean rebase; no ticket needed; nothing passes by itself.
    #[must_use]
    pub fn built_in() -> Self {
        let rule = |(name, files): &(&str, &[&str])| PathRule {
            name: (*name).to_owned(),
            files: globs(files),
            scope: None,
            count: None,
            from: FROM.to_owned(),
        };
        Self { routine: ROUTINE.iter().map(rule).collect(), ..floor() }
    }
}

/// What a file is laid over: the built-in policy without its path rules, because a file names its own.
#[must_use]
pub fn floor() -> Policy {
    Policy {
        trivial: Trivial::default(),
        routine: Vec::new(),
        significant: Vec::new(),
        always_critical: globs(&CRITICAL),
        deny_keys: Vec::new(),
        default: Class::Significant,
        approval: Approval {
            architects: RoleRule {
                role: "architect".to_owned(),
                count: 1,
                from_class: Class::Significant,
                from: FROM.to_owned(),
            },
            peers: None,
            also: Vec::new(),
            ticket: None,
            staleness: Staleness::CleanRebase,
            comments: None,
        },
        reverts: None,
        tests: Vec::new(),
    }
}

/// The organisation's own part where no file says anything: nobody holds a role, unknown commits are denied,
/// decisions bind, and an emergency has the limits of sem 9.
#[must_use]
pub fn organisation() -> Organisation {
    Organisation {
        emergency: Some(Emergency {
            ttl: Duration::from_hours(4),
            review_due: Duration::from_hours(24),
            review_role: "architect".to_owned(),
            second_person: false,
            block_on_overdue: true,
        }),
        deny_unaccounted: true,
        exempt: Vec::new(),
        rollout: Rollout::default(),
        ..Organisation::default()
    }
}

/// The constants above are globs; a test holds it.
fn globs(texts: &[&str]) -> Vec<Glob> {
    texts.iter().filter_map(|text| Glob::parse(text).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_glob_is_one_and_nothing_is_trivial_by_assumption() {
        let policy = Policy::built_in();
        let read: usize = policy.routine.iter().map(|rule| rule.files.len()).sum();
        assert_eq!(read, ROUTINE.iter().map(|(_, files)| files.len()).sum::<usize>());
        assert_eq!(policy.always_critical.len(), CRITICAL.len());
        assert_eq!(policy.trivial, Trivial::default());
        assert_eq!(policy.default, Class::Significant);
        assert_eq!(policy.reverts, None);
    }
}
