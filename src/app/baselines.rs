//! Declaring a baseline: what runs somewhere though no deploy was ever reported (sem 8).
//!
//! It is an administrator's word in the place of a deploy, with a reason and an entry of its own. It lets nothing pass
//! that deploys bring in after it; only the commit declared itself goes out on it, and the rule says on whose word.

use serde::Deserialize;

use super::gate::{default_service, named};
use super::rebuild::Fields;
use super::{Action, App, AppError, Caller, Command, Unit, fields};
use crate::domain::baseline::{Baselines, Declared};
use crate::domain::{Oid, Time, id};
use crate::store::{Tx, aggregates, exceptions};

/// The longest reason, in bytes.
const MAX_REASON: usize = 2000;

/// What is declared, as it comes through a door: text, nothing checked.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineRequest {
    /// The repository's name or id.
    pub repo: Option<String>,
    /// The service; the repository's own name where none is given.
    pub service: Option<String>,
    /// The environment.
    pub environment: Option<String>,
    /// The full commit that runs there.
    pub sha: Option<String>,
    /// From when on: a time, or `now`. Where it is left out: before every deploy that is known.
    pub since: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

/// What was checked of a request.
struct Place {
    service: String,
    environment: String,
    sha: Oid,
    since: Option<Since>,
    reason: String,
}

#[derive(Clone, Copy)]
enum Since {
    Now,
    At(Time),
}

impl BaselineRequest {
    fn place(&self, repo: &str, now: Time) -> Result<Place, AppError> {
        let invalid = |text: &str| AppError::Invalid(text.to_owned());
        let service = named("service", self.service.as_deref())?;
        let environment = named("environment", self.environment.as_deref())?
            .ok_or_else(|| invalid("environment: where does it run? For example `production`"))?;
        let sha = self.sha.as_deref().ok_or_else(|| invalid("sha: which commit runs there?"))?;
        let sha = sha.parse().map_err(|error| AppError::Invalid(format!("sha: {error}")))?;
        let reason = self.reason.as_deref().unwrap_or_default().trim().to_owned();
        if reason.is_empty() || reason.len() > MAX_REASON {
            return Err(AppError::Invalid(format!(
                "reason: say in at most {MAX_REASON} bytes how you know that this commit runs there"
            )));
        }
        Ok(Place {
            service: service.unwrap_or_else(|| default_service(repo)),
            environment,
            sha,
            since: since(self.since.as_deref(), now)?,
            reason,
        })
    }
}

fn since(text: Option<&str>, now: Time) -> Result<Option<Since>, AppError> {
    match text {
        None => Ok(None),
        Some("now") => Ok(Some(Since::Now)),
        Some(text) => {
            let at: Time = text
                .parse()
                .map_err(|error| AppError::Invalid(format!("since: {error}, nor `now`")))?;
            if at > now {
                return Err(AppError::Invalid(format!(
                    "since: {} is yet to come",
                    at.to_seconds_text()
                )));
            }
            Ok(Some(Since::At(at)))
        }
    }
}

/// The key under which the declarations of a service in an environment are kept. Names are hashed: they may hold any byte.
fn key(repo: &str, service: &str, environment: &str) -> String {
    format!("{repo}:{}", id::derived("plc", &[repo, service, environment]))
}

/// Everything declared for a service in an environment.
pub(crate) async fn of(
    tx: &mut Tx,
    repo: &str,
    service: &str,
    environment: &str,
) -> Result<Baselines, AppError> {
    let found = aggregates::get(tx, "baseline", &key(repo, service, environment)).await?;
    Ok(found.unwrap_or_default())
}

pub(super) struct Declare {
    repo: String,
    repo_name: String,
    by: String,
    place: Place,
}

impl Declare {
    /// As its entry tells it.
    pub(super) fn of_entry(entry: &Fields<'_>) -> Result<Self, AppError> {
        let since: Option<Time> = entry.get("since")?;
        let place = Place {
            service: entry.get("service")?,
            environment: entry.get("environment")?,
            sha: entry.get("sha")?,
            since: since.map(Since::At),
            reason: entry.get("why")?,
        };
        let (repo, repo_name) = (entry.get("repo")?, entry.get("repo_name")?);
        Ok(Self { repo, repo_name, by: entry.get("by")?, place })
    }
}

impl Command for Declare {
    type Out = String;

    async fn run(&mut self, unit: &mut Unit) -> Result<String, AppError> {
        let (repo, place) = (&self.repo, &self.place);
        let since = place.since.map(|since| match since {
            Since::Now => unit.now(),
            Since::At(at) => at,
        });
        let declared = Declared {
            since,
            at: unit.now(),
            sha: place.sha,
            by: self.by.clone(),
            reason: place.reason.clone(),
        };
        let mut baselines = of(unit.tx(), repo, &place.service, &place.environment).await?;
        let since = since.map(|since| since.to_string()).unwrap_or_default();
        let sha = place.sha.to_string();
        let id = id::derived("bas", &[repo, &place.service, &place.environment, &since, &sha]);
        if !baselines.declare(declared.clone()) {
            return Ok(id);
        }
        let key = key(repo, &place.service, &place.environment);
        aggregates::put(unit.tx(), "baseline", &key, &baselines).await?;
        let body = serde_json::json!({
            "baseline": id, "repo": repo, "repo_name": self.repo_name, "service": place.service,
            "environment": place.environment, "sha": place.sha, "since": declared.since,
        });
        let said = serde_json::json!({ "by": declared.by, "why": declared.reason });
        unit.record_said("baseline.declared", fields(body), Some(said)).await?;
        if declared.since.is_some() {
            self.open_exception(unit, &id, &declared).await?;
        }
        unit.moved(repo);
        let now = unit.now().micros();
        unit.enqueue("deploys", repo, now);
        Ok(id)
    }
}

impl Declare {
    /// Among deploys that are known, a baseline takes the place of evidence (X48: baseline after onboarding).
    async fn open_exception(
        &self,
        unit: &mut Unit,
        id: &str,
        declared: &Declared,
    ) -> Result<(), AppError> {
        let place = &self.place;
        let exception = exceptions::ExceptionRow {
            id: id::derived("exc", &["X48", "1", id]),
            kind: "X48".to_owned(),
            severity: "medium".to_owned(),
            subject: format!("baseline:{id}"),
            opened_at: unit.now().micros(),
            state: "open".to_owned(),
            body: serde_json::json!({
                "title": "A baseline was declared after onboarding",
                "why": format!(
                    "{} declared {} to run as {} in {}: {}",
                    declared.by, place.sha.short(), place.service, place.environment, declared.reason
                ),
                "rule_version": 1,
                "evidence": [place.sha],
            })
            .to_string(),
        };
        exceptions::open(unit.tx(), &exception).await?;
        Ok(())
    }
}

impl App {
    /// Declares what runs somewhere: the declaration's id. Only an administrator may; the commit must be known here.
    pub async fn declare_baseline(
        &self,
        caller: &Caller,
        request: &BaselineRequest,
    ) -> Result<String, AppError> {
        let repo = request.repo.as_deref().filter(|repo| !repo.is_empty());
        let repo =
            repo.ok_or_else(|| AppError::Invalid("repo: which repository is meant?".to_owned()))?;
        let repo = self.repository(repo).await?;
        caller.may(Action::Administer, Some(&repo.id))?;
        let place = request.place(&repo.name, self.clock().now())?;
        self.fetch_if_missing(&repo, place.sha).await;
        let sha = place.sha;
        if !self.in_mirror(&repo, move |mirror| Ok(mirror.contains(sha))).await? {
            return Err(AppError::Invalid(format!(
                "sha: {} is not in {}; push it, or check the commit",
                sha.short(),
                repo.name
            )));
        }
        let (repo, repo_name) = (repo.id, repo.name);
        let by = caller.name.clone();
        self.writer().submit(Declare { repo, repo_name, by, place }).await
    }
}
