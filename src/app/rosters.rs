//! Reading from the source who is in the teams that back roles. Deliveries about memberships carry no time and can be
//! sent again, so they are hints; what the source answers when it is asked is an observation with our clock (sem 3).
//!
//! Asked at the start, after each hint, when the organisation file changes, and at an interval. An answer that says
//! nothing new is not kept; a failure keeps nothing, so it never makes an approver.

use std::collections::BTreeSet;

use super::rebuild::Fields;
use super::{Action, App, AppError, Caller, Command, Unit, fields};
use crate::config::SourceKind;
use crate::domain::team::Team;
use crate::domain::{Account, Time};
use crate::integrations::github::client::Roster;
use crate::policy::model::Holder;
use crate::store::{aggregates, versions};

/// The kind of the job; its key is `SOURCE:ORGANISATION/TEAM`.
pub(super) const JOB: &str = "roster";

pub(super) struct KeepRoster {
    source: String,
    name: String,
    roster: Roster,
    /// When the question was sent: whatever is told after that is newer.
    asked_at: Time,
}

impl Command for KeepRoster {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let key = format!("{}:{}", self.source, self.roster.team);
        let found: Option<Team> = aggregates::get(unit.tx(), "team", &key).await?;
        let mut team = found.unwrap_or_else(|| Team::new(&self.roster.team));
        let before = team.members_at(self.asked_at);
        let now: BTreeSet<String> = self.roster.members.iter().map(|m| m.id.clone()).collect();
        let named = team.name.as_ref().is_some_and(|name| name.value == self.name);
        if team.read_at().is_some() && named && before == now {
            return Ok(());
        }
        for member in &self.roster.members {
            unit.note_account(&self.source, member).await?;
        }
        team.apply_roster(&self.name, &self.roster.members, self.asked_at);
        aggregates::put(unit.tx(), "team", &key, &team).await?;
        let kept = unit.keep_evidence(&self.roster.members).await?;
        unit.record("team.roster", self.entry(&before, &now, &kept))?;
        unit.moved(versions::EVERYWHERE);
        Ok(())
    }
}

impl KeepRoster {
    /// As its entry and what that binds tell it.
    pub(super) fn of_entry(entry: &Fields<'_>, members: Vec<Account>) -> Result<Self, AppError> {
        let roster = Roster { team: entry.get("team")?, members };
        let (source, name) = (entry.get("source")?, entry.get("name")?);
        Ok(Self { source, name, roster, asked_at: entry.get("asked_at")? })
    }

    fn entry(
        &self,
        before: &BTreeSet<String>,
        now: &BTreeSet<String>,
        kept: &str,
    ) -> serde_json::Map<String, serde_json::Value> {
        fields(serde_json::json!({
            "source": self.source, "team": self.roster.team, "name": self.name, "asked_at": self.asked_at,
            "members": now.len(), "joined": now.difference(before).count(),
            "left": before.difference(now).count(), "kept": kept,
        }))
    }
}

struct AskFor(Vec<String>);

impl Command for AskFor {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let now = unit.now().micros();
        for key in &self.0 {
            unit.enqueue(JOB, key, now);
        }
        Ok(())
    }
}

impl App {
    /// Every team that backs a role, with each GitHub source whose repositories it is asked about.
    #[must_use]
    pub fn role_teams(&self) -> Vec<(String, String)> {
        let config = self.config();
        let judged = |source: &str| config.repositories.iter().any(|one| one.source == source);
        let sources = config
            .sources
            .iter()
            .filter(|source| source.kind == SourceKind::Github && judged(&source.id));
        let organisation = self.organisation().organisation();
        let teams: BTreeSet<&str> = organisation
            .roles
            .values()
            .flatten()
            .filter_map(|entry| match &entry.holder {
                Holder::Team(name) => Some(name.as_str()),
                Holder::User(_) => None,
            })
            .collect();
        let pairs = sources
            .flat_map(|source| teams.iter().map(|team| (source.id.clone(), (*team).to_owned())));
        pairs.collect()
    }

    /// Queues the reading of every team that backs a role.
    pub async fn ask_for_rosters(&self) -> Result<(), AppError> {
        let asked = self.role_teams().into_iter().filter(|(source, _)| self.may_ask(source));
        let keys: Vec<String> = asked.map(|(source, team)| format!("{source}:{team}")).collect();
        if keys.is_empty() {
            return Ok(());
        }
        self.writer().submit(AskFor(keys)).await
    }

    fn may_ask(&self, source: &str) -> bool {
        self.config().source(source).is_some_and(|source| source.credentials.token().is_some())
    }

    /// The job: reads one team, if it backs a role and its source may be asked.
    pub(crate) async fn refresh_roster(&self, key: &str) -> Result<(), AppError> {
        let Some((source, name)) = key.split_once(':') else { return Ok(()) };
        let mut teams = self.role_teams().into_iter();
        // The name as the organisation file has it, never as a payload does.
        let known = teams.find(|(of, team)| of == source && team.eq_ignore_ascii_case(name));
        match known {
            Some((source, team)) if self.may_ask(&source) => {
                self.read_team(&source, &team).await.map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// Reads a team now, and says what there is: for the operator who looks whether it works.
    pub async fn read_roster(
        &self,
        caller: &Caller,
        source: &str,
        team: &str,
    ) -> Result<String, AppError> {
        caller.may(Action::Administer, None)?;
        if !self.may_ask(source) {
            return Ok(format!(
                "the source {source} has no token: only its deliveries tell of members, and whoever left comes back by none"
            ));
        }
        let members = self.read_team(source, team).await?;
        let logins: Vec<&str> = members.iter().map(|member| member.login.as_str()).collect();
        Ok(format!("{} now: {}", logins.len(), logins.join(", ")))
    }

    async fn read_team(&self, source: &str, team: &str) -> Result<Vec<Account>, AppError> {
        let unavailable = |why: String| {
            AppError::Unavailable(format!(
                "the team {team}, which backs a role, could not be read: {why}; nobody gains the role by it until it is"
            ))
        };
        let Some((organisation, slug)) = team.split_once('/') else {
            return Err(AppError::Invalid(format!(
                "the team `{team}` backs a role, but a team of GitHub is named ORGANISATION/TEAM"
            )));
        };
        let github = self.github(source)?;
        let github = github.ok_or_else(|| unavailable(format!("{source} has no token")))?;
        let asked_at = self.clock().now();
        let roster = github.roster(organisation, slug).await;
        let roster = roster.map_err(|error| unavailable(error.to_string()))?;
        let members = roster.members.clone();
        let (source, name) = (source.to_owned(), team.to_owned());
        self.writer().submit(KeepRoster { source, name, roster, asked_at }).await?;
        Ok(members)
    }
}
