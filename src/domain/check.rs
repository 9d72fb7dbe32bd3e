//! Checks on a commit: the latest run of each, by name and by the app that reports it.
//!
//! The app is part of the key: another app that reports a check of the same name does not overwrite the first.
//! Among runs of one check the one that was *created* last counts, not the one that ended last: an old run that
//! ends late must not hide that a newer one is still going (absence is never success, sem 11.2).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::CheckEvent;
use super::fold::{Latest, counted};
use super::{Oid, Time};

/// All checks of one commit of one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checks {
    /// The repository's immutable id.
    pub repo: String,
    /// The commit.
    pub sha: Oid,
    /// By name, then by app (`""`: the delivery named none), the run that counts.
    pub runs: BTreeMap<String, BTreeMap<String, Run>>,
}

/// A run of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The source's id of the run.
    pub id: String,
    /// What was told of it last.
    pub told: Latest<Told>,
}

/// A run's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// `queued`, `in_progress`, `completed`.
    pub status: String,
    /// The outcome; `None`: none yet.
    pub conclusion: Option<String>,
}

impl Checks {
    /// No check was told yet.
    #[must_use]
    pub fn new(repo: &str, sha: Oid) -> Self {
        Self { repo: repo.to_owned(), sha, runs: BTreeMap::new() }
    }

    /// Takes in what a delivery says. A check on another commit changes nothing.
    pub fn apply(&mut self, event: &CheckEvent) {
        if event.repo.id != self.repo || event.sha != self.sha {
            return;
        }
        let completed = event.status == "completed";
        let value = Told {
            status: event.status.clone(),
            conclusion: event.conclusion.clone().filter(|_| completed),
        };
        let told = Latest { at: event.moment, rank: rank(&event.status), value };
        let new = Run { id: event.run.clone(), told };
        let by_app = self.runs.entry(event.name.clone()).or_default();
        let app = event.app.clone().unwrap_or_default();
        match by_app.get_mut(&app) {
            Some(old) => old.take(new),
            None => drop(by_app.insert(app, new)),
        }
    }

    /// The outcome of every check: name, app, and conclusion, `None` until it completed.
    pub fn outcomes(&self) -> impl Iterator<Item = (&str, &str, Option<&str>)> {
        self.runs.iter().flat_map(|(name, apps)| {
            apps.iter().map(move |(app, run)| {
                (name.as_str(), app.as_str(), run.told.value.conclusion.as_deref())
            })
        })
    }

    /// When a run was told last.
    #[must_use]
    pub fn last_told(&self) -> Option<Time> {
        self.runs.values().flat_map(BTreeMap::values).filter_map(|run| run.told.at).max()
    }
}

impl Run {
    fn take(&mut self, new: Self) {
        let order =
            |run: &Self| (counted(&run.id).0, counted(&run.id).1.to_owned(), run.id.clone());
        match order(&new).cmp(&order(self)) {
            std::cmp::Ordering::Greater => *self = new,
            std::cmp::Ordering::Less => {}
            std::cmp::Ordering::Equal => {
                let mut slot = Some(self.told.clone());
                Latest::keep(&mut slot, new.told);
                if let Some(told) = slot {
                    self.told = told;
                }
            }
        }
    }
}

/// Within one moment a run goes forward only.
fn rank(status: &str) -> u8 {
    match status {
        "completed" => 2,
        "in_progress" => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fold::testing::{at, every_order_and_duplication_ends_alike, oid, repo};

    fn told(run: &str, app: &str, minute: u32, conclusion: Option<&str>) -> CheckEvent {
        CheckEvent {
            repo: repo(),
            run: run.to_owned(),
            sha: oid('a'),
            name: "build".to_owned(),
            status: if conclusion.is_some() { "completed" } else { "in_progress" }.to_owned(),
            conclusion: conclusion.map(str::to_owned),
            app: Some(app.to_owned()),
            action: "created".to_owned(),
            moment: Some(at(minute)),
        }
    }

    fn fold(events: &[CheckEvent]) -> Checks {
        let mut checks = Checks::new("186853002", oid('a'));
        for event in events {
            checks.apply(event);
        }
        checks
    }

    #[test]
    fn a_newer_run_that_is_still_going_hides_an_older_success_in_every_order() {
        let life = vec![
            told("9", "ci", 1, None),
            told("9", "ci", 8, Some("success")),
            told("10", "ci", 4, None),
            told("7", "other", 9, Some("success")),
        ];
        every_order_and_duplication_ends_alike(&life, fold);
        let checks = fold(&life);
        let outcomes: Vec<_> = checks.outcomes().collect();
        assert_eq!(outcomes, [("build", "ci", None), ("build", "other", Some("success"))]);
    }

    #[test]
    fn within_one_second_a_run_completes_and_does_not_go_back() {
        let life = vec![told("9", "ci", 1, None), told("9", "ci", 1, Some("failure"))];
        every_order_and_duplication_ends_alike(&life, fold);
        assert_eq!(fold(&life).outcomes().next(), Some(("build", "ci", Some("failure"))));
    }
}
