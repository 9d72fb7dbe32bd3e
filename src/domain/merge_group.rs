//! A merge queue's group: several proposals judged as one commit (sem 7).

use serde::{Deserialize, Serialize};

use super::Oid;
use super::event::MergeGroupEvent;

/// One group; the key is `(repo id, head)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MergeGroup {
    /// The repository's immutable id.
    pub repo: String,
    /// The group's commit.
    pub head: Oid,
    /// Full name of the group's ref.
    pub head_ref: String,
    /// What it is built on.
    pub base: Oid,
    /// Full name of the branch.
    pub base_ref: String,
    /// Checks were asked for.
    pub requested: bool,
    /// It is no more, and why: `merged`, `invalidated`, `dequeued`, or `destroyed` where no reason was given.
    pub ended: Option<String>,
}

impl MergeGroup {
    /// From the first event that was told of it.
    #[must_use]
    pub fn new(event: &MergeGroupEvent) -> Self {
        let mut group = Self {
            repo: event.repo.id.clone(),
            head: event.head,
            head_ref: event.head_ref.clone(),
            base: event.base,
            base_ref: event.base_ref.clone(),
            requested: false,
            ended: None,
        };
        group.apply(event);
        group
    }

    /// Takes in what a delivery says. An event of another group changes nothing.
    pub fn apply(&mut self, event: &MergeGroupEvent) {
        if event.repo.id != self.repo || event.head != self.head {
            return;
        }
        match event.action.as_str() {
            "checks_requested" => self.requested = true,
            "destroyed" => {
                let why = event.reason.clone().unwrap_or_else(|| "destroyed".to_owned());
                // Should two reasons be told, the order of arrival must not choose.
                self.ended = self.ended.take().max(Some(why));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fold::testing::{every_order_and_duplication_ends_alike, oid, repo};

    fn told(action: &str, reason: Option<&str>) -> MergeGroupEvent {
        MergeGroupEvent {
            repo: repo(),
            action: action.to_owned(),
            reason: reason.map(str::to_owned),
            head: oid('b'),
            head_ref: "refs/heads/gh-readonly-queue/main/pr-7-a".to_owned(),
            base: oid('a'),
            base_ref: "refs/heads/main".to_owned(),
        }
    }

    #[test]
    fn a_group_ends_once_whatever_comes_first() {
        let life = vec![told("checks_requested", None), told("destroyed", Some("merged"))];
        let fold = |events: &[MergeGroupEvent]| {
            let mut group = MergeGroup::new(&events[0]);
            for event in events {
                group.apply(event);
            }
            group
        };
        every_order_and_duplication_ends_alike(&life, fold);
        let group = fold(&life);
        assert_eq!((group.requested, group.ended.as_deref()), (true, Some("merged")));
    }
}
