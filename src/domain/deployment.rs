//! A deploy as a source reports it: the request and its statuses (sem 8). What it brought in is not known here.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::{DeploymentEvent, DeploymentStatusEvent, RepoRef};
use super::fold::{Latest, counted};
use super::{Account, Oid, Time};

/// One deploy; the key is the source's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The source's id.
    pub id: String,
    /// What was asked for; `None`: nothing was told yet.
    pub request: Option<Latest<Request>>,
    /// Statuses by the source's id.
    pub statuses: BTreeMap<String, Latest<Status>>,
}

/// What was asked for. The source does not change it; only its names may differ between deliveries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Where.
    pub repo: RepoRef,
    /// The commit.
    pub sha: Oid,
    /// Environment by name.
    pub environment: String,
    /// Service, if one was named.
    pub service: Option<String>,
    /// Who asked.
    pub by: Option<Account>,
    /// When it was created.
    pub created_at: Time,
    /// Where a person reads it.
    pub url: Option<String>,
}

/// One status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The source's word.
    pub state: String,
    /// Who reported it.
    pub by: Option<Account>,
}

/// Where a deploy stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeployState {
    /// Asked for, waiting or running; also a state that is not known here (absence is never success).
    Started,
    /// It is, or was, live.
    Succeeded,
    /// It did not come up. Never a baseline (sem 8).
    Failed,
    /// The source itself took it back.
    RolledBack,
}

impl DeployState {
    /// The word used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
        }
    }

    /// From a source's word; `None`: it says nothing about the outcome (`inactive`: superseded by another).
    fn of(word: &str) -> Option<Self> {
        match word {
            "success" => Some(Self::Succeeded),
            "failure" | "error" => Some(Self::Failed),
            "rolled_back" => Some(Self::RolledBack),
            "inactive" => None,
            _ => Some(Self::Started),
        }
    }
}

impl Deployment {
    /// Nothing is known yet but the id.
    #[must_use]
    pub fn new(id: &str) -> Self {
        Self { id: id.to_owned(), request: None, statuses: BTreeMap::new() }
    }

    /// Takes in a request. An event of another deploy changes nothing.
    pub fn apply(&mut self, event: &DeploymentEvent) {
        if event.deployment != self.id {
            return;
        }
        let value = Request {
            repo: event.repo.clone(),
            sha: event.sha,
            environment: event.environment.clone(),
            service: event.service.clone(),
            by: event.by.clone(),
            created_at: event.moment,
            url: event.url.clone(),
        };
        // Among tellings of one request the fuller one wins.
        let rank = u8::from(value.url.is_some()) + u8::from(value.by.is_some());
        Latest::keep(&mut self.request, Latest { at: Some(event.moment), rank, value });
    }

    /// Takes in a status, and the request that it repeats.
    pub fn apply_status(&mut self, event: &DeploymentStatusEvent) {
        if event.deployment.deployment != self.id {
            return;
        }
        self.apply(&event.deployment);
        let value = Status { state: event.state.clone(), by: event.by.clone() };
        let told = Latest { at: Some(event.moment), rank: 0, value };
        let mut slot = self.statuses.remove(&event.status);
        Latest::keep(&mut slot, told);
        if let Some(status) = slot {
            self.statuses.insert(event.status.clone(), status);
        }
    }

    /// Statuses in the source's order: by time, then by id.
    fn ordered(&self) -> Vec<&Latest<Status>> {
        let mut all: Vec<_> = self.statuses.iter().collect();
        all.sort_by_key(|(id, status)| (status.at, counted(id), id.as_str()));
        all.into_iter().map(|(_, status)| status).collect()
    }

    fn outcomes(&self) -> impl Iterator<Item = (DeployState, Option<Time>)> {
        self.ordered()
            .into_iter()
            .filter_map(|status| Some((DeployState::of(&status.value.state)?, status.at)))
    }

    /// Where it stands: the last status that says anything about the outcome.
    #[must_use]
    pub fn state(&self) -> DeployState {
        self.outcomes().last().map_or(DeployState::Started, |(state, _)| state)
    }

    /// The source says that another deploy took its place.
    #[must_use]
    pub fn superseded(&self) -> bool {
        self.ordered().last().is_some_and(|status| status.value.state == "inactive")
    }

    /// When it began: the request, else the first status.
    #[must_use]
    pub fn started_at(&self) -> Option<Time> {
        let asked = self.request.as_ref().map(|request| request.value.created_at);
        asked.or_else(|| self.ordered().first().and_then(|status| status.at))
    }

    /// When it came to the outcome it has now: the first status of the last run of equal ones.
    #[must_use]
    pub fn finished_at(&self) -> Option<Time> {
        let (mut state, mut since) = (DeployState::Started, None);
        for (next, at) in self.outcomes() {
            if next != state {
                (state, since) = (next, at);
            }
        }
        since.filter(|_| state != DeployState::Started)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fold::testing::{at, every_order_and_duplication_ends_alike, oid, repo};

    fn asked(url: Option<&str>) -> DeploymentEvent {
        DeploymentEvent {
            repo: repo(),
            deployment: "1".to_owned(),
            sha: oid('a'),
            environment: "production".to_owned(),
            service: None,
            by: None,
            moment: at(0),
            url: url.map(str::to_owned),
        }
    }

    fn status(id: &str, state: &str, minute: u32) -> DeploymentStatusEvent {
        DeploymentStatusEvent {
            deployment: asked(None),
            status: id.to_owned(),
            state: state.to_owned(),
            moment: at(minute),
            by: None,
        }
    }

    fn fold(events: &[DeploymentStatusEvent]) -> Deployment {
        let mut deployment = Deployment::new("1");
        for event in events {
            deployment.apply_status(event);
        }
        deployment
    }

    fn statuses(states: &[(&str, u32)]) -> Vec<DeploymentStatusEvent> {
        (9..).zip(states).map(|(id, (state, at))| status(&id.to_string(), state, *at)).collect()
    }

    #[test]
    fn every_order_of_statuses_ends_in_the_same_deploy() {
        let life = statuses(&[("queued", 1), ("in_progress", 2), ("success", 2), ("inactive", 9)]);
        every_order_and_duplication_ends_alike(&life, fold);
        let mut early = fold(&life);
        early.apply(&asked(Some("https://ci/1")));
        let mut late = Deployment::new("1");
        late.apply(&asked(Some("https://ci/1")));
        for event in &life {
            late.apply_status(event);
        }
        assert_eq!(early, late);
    }

    #[test]
    fn states_follow_the_last_status_that_speaks_of_the_outcome() {
        use DeployState::{Failed, RolledBack, Started, Succeeded};
        type Row<'a> = (&'a [(&'a str, u32)], DeployState, Option<Time>, bool);
        let table: [Row<'_>; 9] = [
            (&[], Started, None, false),
            (&[("pending", 1), ("waiting", 2)], Started, None, false),
            (&[("in_progress", 1), ("success", 2)], Succeeded, Some(at(2)), false),
            (&[("success", 2), ("success", 5)], Succeeded, Some(at(2)), false),
            (&[("success", 2), ("inactive", 9)], Succeeded, Some(at(2)), true),
            (&[("in_progress", 2), ("failure", 2)], Failed, Some(at(2)), false),
            (&[("error", 3)], Failed, Some(at(3)), false),
            (&[("success", 3), ("rolled_back", 4)], RolledBack, Some(at(4)), false),
            (&[("something_new", 3)], Started, None, false),
        ];
        for (told, state, finished, superseded) in table {
            let deployment = fold(&statuses(told));
            let found = (deployment.state(), deployment.finished_at(), deployment.superseded());
            assert_eq!(found, (state, finished, superseded), "{told:?}");
        }
    }
}
