//! Exact reverts (sem 2.3): a change that takes a recent landing back, and nothing else, is trivial whatever its files.
//!
//! The trees were merged and compared by git and are facts; here the policy says which landings may be taken back so.
//! Whatever stands against one exact reversal stands against the change: of two landings with the same content nobody
//! can tell which one is meant.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::domain::fact::Facts;
use crate::domain::revert::{Outcome, Reverted};
use crate::domain::{Class, RepoPath, Time};
use crate::policy::decision::{Classification, RevertProof};
use crate::policy::file::leaf::duration_text;
use crate::policy::model::Policy;

use super::{builtin, file, is_direct};

/// The classification with what the revert proof adds to it. `as_of` counts only as long as the change has not landed:
/// what was in time then stays so.
pub(super) fn applied(
    policy: &Policy,
    facts: &Facts,
    as_of: Time,
    mut classification: Classification,
) -> Classification {
    let emergency = facts.reverts.iter().find(|one| is_exact(one) && one.emergency);
    if let Some(fix) = emergency.filter(|_| classification.class < Class::Significant) {
        classification.class = Class::Significant;
        classification.why = format!("it takes back {}, an emergency fix", name(fix));
    }
    // What is trivial by its own rules needs no other proof.
    let window = policy.reverts.filter(|_| classification.class > Class::Trivial);
    let Some(window) = window else { return classification };
    let question = Question { policy, facts, window, end: end(facts, as_of) };
    let Some(proof) = question.answer(&classification) else { return classification };
    if proof.holds {
        classification.class = Class::Trivial;
        classification.why.clone_from(&proof.why);
        classification.limits.clear();
    }
    classification.revert = Some(proof);
    classification
}

fn is_exact(one: &Reverted) -> bool {
    one.outcome == Outcome::Exact
}

fn end(facts: &Facts, as_of: Time) -> Time {
    facts.landing.as_ref().and_then(|landing| landing.at).unwrap_or(as_of)
}

/// `8bbf2d81 (#12)`.
fn name(one: &Reverted) -> String {
    format!("{} (#{})", one.landing.short(), one.pull)
}

struct Question<'a> {
    policy: &'a Policy,
    facts: &'a Facts,
    window: Duration,
    /// When the change landed, else now.
    end: Time,
}

impl Question<'_> {
    /// `None`: nothing is taken back, and nothing says so.
    fn answer(&self, classification: &Classification) -> Option<RevertProof> {
        let exact: Vec<&Reverted> = self.facts.reverts.iter().filter(|one| is_exact(one)).collect();
        let Some(first) = exact.first() else {
            let other = self.facts.reverts.first()?;
            return Some(refused(other, inexact(other)));
        };
        if let Some(why) = self.about_the_change(classification) {
            return Some(refused(first, why));
        }
        let found = exact.iter().find_map(|one| Some((*one, self.about_the_landing(one)?)));
        Some(match found {
            Some((one, why)) => refused(one, why),
            None => self.holds(first, &exact),
        })
    }

    fn holds(&self, first: &Reverted, all: &[&Reverted]) -> RevertProof {
        RevertProof {
            landing: first.landing,
            holds: true,
            why: format!("it is the exact revert of {}", name(first)),
            seen: all.iter().flat_map(|one| self.evidence(one)).collect(),
            until: all.iter().filter_map(|one| self.until(one)).min(),
        }
    }

    fn evidence(&self, one: &Reverted) -> Vec<String> {
        let trees = &one.trees;
        let landed = one.at.map(Time::to_seconds_text).unwrap_or_default();
        vec![
            format!(
                "merging tree {} of {} (before {}) into tree {} of {}, with tree {} as ancestor, gives exactly tree {}",
                trees.parent.short(),
                one.parent.short(),
                name(one),
                trees.base.short(),
                self.facts.branch,
                trees.landed.short(),
                trees.result.short()
            ),
            format!(
                "{} landed at {landed}, within {} ({})",
                name(one),
                duration_text(self.window),
                one.how.as_str()
            ),
        ]
    }

    /// The first instant at which the landing is too old.
    fn until(&self, one: &Reverted) -> Option<Time> {
        let window = i64::try_from(self.window.as_micros()).ok()?;
        Time::from_micros(one.at?.micros().checked_add(window)?.checked_add(1)?)
    }

    /// What stands against the change itself.
    fn about_the_change(&self, classification: &Classification) -> Option<String> {
        if is_direct(self.facts) {
            return Some("it landed without a pull request".to_owned());
        }
        if self.facts.files.is_empty() {
            return Some("it changes no file".to_owned());
        }
        let critical = classification.files.iter().find(|file| file.class == Class::Critical);
        critical.map(|file| format!("{} is critical: {}", file.path, file.why))
    }

    /// What stands against a landing that the trees say is taken back.
    fn about_the_landing(&self, one: &Reverted) -> Option<String> {
        if one.emergency {
            return Some(format!("{} was an emergency fix", name(one)));
        }
        if let Some(why) = &one.is_revert {
            return Some(format!(
                "{} is itself a revert, and what it took away would come back: {why}",
                name(one)
            ));
        }
        self.too_old(one).or_else(|| self.held(one)).or_else(|| self.beyond(one))
    }

    fn too_old(&self, one: &Reverted) -> Option<String> {
        let Some(at) = one.at else {
            return Some(format!("nobody told when {} landed", name(one)));
        };
        let landed = format!("{} landed at {}", name(one), at.to_seconds_text());
        if at > self.end {
            return Some(format!("{landed}, which is after this"));
        }
        let in_time = self.until(one).is_some_and(|until| self.end < until);
        let window = duration_text(self.window);
        (!in_time).then(|| format!("{landed}, longer ago than {window}"))
    }

    /// What a landing held that is not taken back without a look: a migration, the policy, owners, critical files.
    fn held(&self, one: &Reverted) -> Option<String> {
        if one.files.is_empty() {
            return Some(format!("what {} held is not known", name(one)));
        }
        one.files.iter().find_map(|changed| {
            let judged = file::classify(self.policy, changed, file::Beside::default());
            let what = if builtin::is_migration_path(&changed.path) {
                "a migration"
            } else if judged.class == Class::Critical {
                "a critical file"
            } else if changed.content.missing {
                "a file that cannot be read"
            } else {
                match kind(&changed.path) {
                    Some("policy") => "a file of the policy",
                    Some("owners") => "a file that says who must review",
                    _ if judged.kind == "path" => "a path that is not what it seems",
                    _ => return None,
                }
            };
            Some(format!("{} held {}, {what}", name(one), changed.path))
        })
    }

    /// Facts that do not fit together prove nothing: every file of the change is one that the landing held.
    fn beyond(&self, one: &Reverted) -> Option<String> {
        let held: BTreeSet<&RepoPath> = one.files.iter().map(|file| &file.path).collect();
        let other = self.facts.files.iter().find(|file| !held.contains(&file.path))?;
        Some(format!("{} held no change of {}", name(one), other.path))
    }
}

fn kind(path: &RepoPath) -> Option<&'static str> {
    builtin::protected(path.as_str()?).map(|(kind, _, _)| kind)
}

fn refused(one: &Reverted, why: String) -> RevertProof {
    RevertProof {
        landing: one.landing,
        holds: false,
        seen: vec![format!("as a revert of {} it does not pass by itself: {why}", name(one))],
        why,
        until: None,
    }
}

fn inexact(one: &Reverted) -> String {
    let (what, paths) = match &one.outcome {
        Outcome::Exact => return String::new(),
        Outcome::Differs(paths) => ("taking that landing back gives another tree", paths),
        Outcome::Conflict(paths) => ("taking that landing back meets a conflict", paths),
    };
    match paths.first() {
        Some(path) => format!("{what}, in {path}"),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests;
