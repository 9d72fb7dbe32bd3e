//! An administrator sets a veto aside, with a reason (product: veto; sem 4). The veto stays in the record, and the rule
//! is overridden, never satisfied (P5).

use std::collections::BTreeMap;

use super::judge::Subject;
use super::people::People;
use super::rebuild::Fields;
use super::{Action, App, AppError, Caller, Command, Unit, fields, project};
use crate::domain::Person;
use crate::domain::fact::{Facts, Opinion, Override};
use crate::policy;
use crate::store::repositories::Repository;
use crate::store::{self, Tx, aggregates};

/// Characters of a reason, at least: as for an emergency (sem 9).
pub const REASON_LEAST: usize = 20;
/// Characters of a reason, at most: it stands in an entry of the ledger whole.
pub const REASON_MOST: usize = 2_000;

/// A veto to set aside.
#[derive(Debug, Clone)]
pub struct OverrideRequest {
    /// The change's id.
    pub change: String,
    /// The veto's id: the source's id of the review, or `comment:` and that of the comment.
    pub veto: String,
    /// Why.
    pub reason: String,
}

/// The vetoes of a pull request that were set aside.
pub(crate) async fn of_pull(
    tx: &mut Tx,
    repo: &str,
    number: u64,
) -> Result<Vec<Override>, AppError> {
    let known = kept(tx, &project::pull_key(repo, number)).await?;
    Ok(known.into_values().collect())
}

async fn kept(tx: &mut Tx, key: &str) -> Result<BTreeMap<String, Override>, AppError> {
    Ok(aggregates::get(tx, "overrides", key).await?.unwrap_or_default())
}

pub(super) struct SetAside {
    repo: String,
    number: u64,
    change: String,
    vetoed_by: String,
    head: crate::domain::Oid,
    veto: String,
    by: Person,
    why: String,
}

impl SetAside {
    /// As its entry tells it.
    pub(super) fn of_entry(entry: &Fields<'_>) -> Result<Self, AppError> {
        Ok(Self {
            repo: entry.get("repo")?,
            number: entry.get("pull")?,
            change: entry.get("change")?,
            vetoed_by: entry.get("vetoed_by")?,
            head: entry.get("head")?,
            veto: entry.get("veto")?,
            by: entry.get("by")?,
            why: entry.get("why")?,
        })
    }
}

impl Command for SetAside {
    type Out = Override;

    async fn run(&mut self, unit: &mut Unit) -> Result<Override, AppError> {
        let key = project::pull_key(&self.repo, self.number);
        let mut known = kept(unit.tx(), &key).await?;
        if let Some(first) = known.get(&self.veto) {
            let (by, at) = (&first.by, first.at.to_seconds_text());
            return Err(AppError::Conflict(format!("{by} overrode this veto on {at}")));
        }
        let over = Override {
            veto: self.veto.clone(),
            by: self.by.clone(),
            at: unit.now(),
            why: self.why.clone(),
        };
        known.insert(self.veto.clone(), over.clone());
        aggregates::put(unit.tx(), "overrides", &key, &known).await?;
        let body = serde_json::json!({
            "change": self.change, "repo": self.repo, "pull": self.number, "head": self.head, "veto": self.veto,
        });
        let said =
            serde_json::json!({ "vetoed_by": self.vetoed_by, "by": self.by, "why": self.why });
        unit.record_said("veto.overridden", fields(body), Some(said)).await?;
        unit.moved(&self.repo);
        let now = unit.now().micros();
        unit.enqueue("change", &key, now);
        Ok(over)
    }
}

impl App {
    /// Sets a veto aside. Only a signed-in administrator may, who took no part in the change; the veto has to stand.
    pub async fn override_veto(
        &self,
        caller: &Caller,
        request: OverrideRequest,
    ) -> Result<Override, AppError> {
        caller.may_in_person(Action::OverrideVeto)?;
        let why = reason(&request.reason, "the veto is overridden")?;
        let (repo, number) = self.proposed(&request.change, "nobody could veto it").await?;
        let judged = self.judge(&repo, &Subject::Pull(number), self.clock().now()).await?;
        let by = self.who_overrides(caller, &repo, &judged.facts).await?;
        let commands = judged.effective.policy.approval.comments.as_ref();
        let facts = policy::approvals::understood(commands, &judged.facts);
        let veto = standing(&facts, &request.veto)?;
        let set_aside = SetAside {
            repo: repo.id,
            number,
            change: request.change,
            vetoed_by: veto.name.clone(),
            head: judged.facts.head,
            veto: request.veto,
            by,
            why,
        };
        self.writer().submit(set_aside).await
    }

    /// The pull request of a change by the change's id, and its repository. `so` is what follows where it has none.
    pub(super) async fn proposed(
        &self,
        change: &str,
        so: &str,
    ) -> Result<(Repository, u64), AppError> {
        let mut tx = self.db().read().await?;
        let row = store::changes::get(&mut tx, change).await?;
        let row =
            row.ok_or_else(|| AppError::NotFound(format!("there is no change `{change}`")))?;
        let repo = store::repositories::by_id(&mut tx, &row.repo).await?;
        repo.zip(row.pull).ok_or_else(|| {
            AppError::NotFound(format!("this change landed without a pull request, so {so}"))
        })
    }

    /// The caller as a person of the repository's source. Whoever cannot be told from others is not let in (P2); `so`
    /// is what cannot be told then.
    pub(super) async fn person_of(
        &self,
        caller: &Caller,
        repo: &Repository,
        so: &str,
    ) -> Result<Person, AppError> {
        let organisation = self.organisation().organisation();
        let mut tx = self.db().read().await?;
        let people = People::load(&mut tx, &repo.source, &organisation).await?;
        people.named(&caller.name).ok_or_else(|| {
            AppError::Forbidden(format!(
                "{} is nobody the organisation file names under `people`, and no login of {}, so nobody can tell {so}",
                caller.name, repo.source
            ))
        })
    }

    /// The caller as a person of the repository's source, who took no part in the change. Whoever cannot be told from
    /// the authors is not let in (P2).
    async fn who_overrides(
        &self,
        caller: &Caller,
        repo: &Repository,
        facts: &Facts,
    ) -> Result<Person, AppError> {
        readable(facts)?;
        let by = self.person_of(caller, repo, "whether they took part").await?;
        match policy::approvals::excluded(facts).get(&by) {
            Some(why) => Err(AppError::Forbidden(format!(
                "{by} took part in this change ({why}); somebody else has to override the veto"
            ))),
            None => Ok(by),
        }
    }
}

/// The veto of that id, if it stands.
fn standing<'a>(facts: &'a Facts, id: &str) -> Result<&'a Opinion, AppError> {
    let standing = policy::approvals::standing_vetoes(facts, &policy::approvals::excluded(facts));
    if let Some(veto) = standing.iter().find(|veto| veto.id == id) {
        return Ok(veto);
    }
    if let Some(over) = facts.overrides.iter().find(|over| over.veto == id) {
        let (by, at) = (&over.by, over.at.to_seconds_text());
        return Err(AppError::Conflict(format!("{by} overrode this veto on {at}")));
    }
    let known: Vec<String> =
        standing.iter().map(|veto| format!("{} by {}", veto.id, veto.name)).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(AppError::NotFound(format!("no veto `{id}` stands on this change; standing: {known}")))
}

/// Nobody takes part in, or keeps out of, what could not be read.
pub(super) fn readable(facts: &Facts) -> Result<(), AppError> {
    match facts.errors.first() {
        Some(why) => Err(AppError::Unavailable(format!("who wrote this cannot be told: {why}"))),
        None => Ok(()),
    }
}

/// A reason of a fair length, without the space around it; `what` is what it says the reason of.
pub(super) fn reason(text: &str, what: &str) -> Result<String, AppError> {
    let text = text.trim();
    match text.chars().count() {
        count if count < REASON_LEAST => Err(AppError::Invalid(format!(
            "reason: at least {REASON_LEAST} characters say why {what}; these are {count}"
        ))),
        count if count > REASON_MOST => Err(AppError::Invalid(format!(
            "reason: at most {REASON_MOST} characters; these are {count}"
        ))),
        _ => Ok(text.to_owned()),
    }
}
