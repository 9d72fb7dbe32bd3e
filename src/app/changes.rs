//! Changes: judged, and kept as the unit of audit. A change is judged anew when something about it moved.

use serde::{Deserialize, Serialize};

mod keep;

pub(crate) use self::keep::{Judgement, KeepChange, entry_of};
pub(super) use self::keep::{Why, explained};
use super::judge::Subject;
use super::{App, AppError, Command, Unit, project};
use crate::domain::fact::Facts;
use crate::domain::pull_request::PullRequest;
use crate::domain::{Oid, Time, id};
use crate::policy::Decision;
use crate::policy::deploy::ChangeOutcome;
use crate::store::changes::{self, ChangeRow};
use crate::store::repositories::Repository;
use crate::store::{self, aggregates};

/// What is kept of a change beside its columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeBody {
    /// What it was judged by.
    pub facts: Facts,
    /// The judgement.
    pub decision: Decision,
    /// When it was made.
    pub judged_at: Time,
    /// Where the repository layer of the policy was read.
    pub policy_base: String,
    /// Digest of the organisation layer.
    pub organisation: String,
    /// Digest of the repository layer.
    pub repository: Option<String>,
}

/// The id of a change: of a pull request, or of a commit that landed without one.
#[must_use]
pub(crate) fn change_id(repo: &str, subject: &Subject) -> String {
    match subject {
        Subject::Pull(number) => id::derived("chg", &[repo, "pull", &number.to_string()]),
        Subject::Direct(commit) => id::derived("chg", &[repo, "commit", &commit.to_string()]),
    }
}

/// A kept change as a deploy sees it.
pub(crate) fn outcome(row: &ChangeRow) -> Result<ChangeOutcome, AppError> {
    let body = body(row)?;
    let landed_sha = row.landed_sha.as_deref().and_then(|sha| sha.parse().ok());
    Ok(ChangeOutcome {
        id: row.id.clone(),
        pull: row.pull,
        title: row.title.clone(),
        class: body.decision.classification.class,
        state: body.decision.state,
        why: body.decision.summary,
        missing: body.decision.missing,
        integrity: body
            .facts
            .landing
            .map_or(crate::domain::fact::Integrity::Unknown, |landing| landing.integrity),
        landed_sha,
    })
}

/// What is kept of a change beside its columns.
pub(crate) fn body(row: &ChangeRow) -> Result<ChangeBody, AppError> {
    Ok(store::json("change", "body", &row.id, &row.body)?)
}

impl App {
    /// Judges a change now and keeps the judgement.
    pub(crate) async fn judge_and_keep(
        &self,
        repo: &Repository,
        subject: &Subject,
    ) -> Result<(), AppError> {
        let now = self.clock().now();
        let judged = self.judge(repo, subject, now).await?;
        let reviewed = judged.facts.opinions.iter().filter_map(|opinion| opinion.commit);
        let seen = std::iter::once(judged.facts.head).chain(reviewed).collect();
        self.keep_commits(repo, seen).await?;
        self.writer().submit(KeepChange::of(repo, subject, judged, now)?).await
    }

    /// The work that follows when something about a pull request moved.
    pub(crate) async fn refresh_change(&self, key: &str) -> Result<(), AppError> {
        let Some((repo, number)) = key.rsplit_once('#') else { return Ok(()) };
        let Ok(number) = number.parse() else { return Ok(()) };
        let mut tx = self.db().read().await?;
        let repo = store::repositories::by_id(&mut tx, repo).await?;
        let pull: Option<PullRequest> = aggregates::get(&mut tx, "pull_request", key).await?;
        drop(tx);
        match (repo, pull) {
            (Some(repo), Some(pull)) if repo.configured && pull.head().is_some() => {
                self.judge_and_keep(&repo, &Subject::Pull(number)).await
            }
            // Without a mirror nothing can be judged; without a head nothing is there yet.
            _ => Ok(()),
        }
    }

    /// The work that follows when a push names who wrote a commit that landed without a pull request.
    pub(crate) async fn refresh_direct(&self, key: &str) -> Result<(), AppError> {
        let Some((repo, commit)) = key.rsplit_once('@') else { return Ok(()) };
        let Ok(commit) = commit.parse() else { return Ok(()) };
        let mut tx = self.db().read().await?;
        let known =
            changes::get(&mut tx, &change_id(repo, &Subject::Direct(commit))).await?.is_some();
        let repo = store::repositories::by_id(&mut tx, repo).await?;
        drop(tx);
        match repo {
            Some(repo) if known => self.judge_and_keep(&repo, &Subject::Direct(commit)).await,
            _ => Ok(()),
        }
    }

    /// After a fetch: every pull request whose landing is not known yet, or that could not be read before.
    pub(crate) async fn refresh_landings(&self, repo: &str) -> Result<(), AppError> {
        let mut tx = self.db().read().await?;
        let Some(repo) = store::repositories::by_id(&mut tx, repo).await? else { return Ok(()) };
        drop(tx);
        let queued = self.list_groups(&repo).await?;
        let mut tx = self.db().read().await?;
        let pulls: Vec<(String, PullRequest)> =
            aggregates::under(&mut tx, "pull_request", &project::pull_key_prefix(&repo.id)).await?;
        let mut due = Vec::new();
        for (_, pull) in pulls {
            let row = changes::by_pull(&mut tx, &repo.id, pull.number).await?;
            let settled = row.as_ref().is_some_and(|row| {
                let landed = !pull.merged() || row.landed_sha.is_some();
                let same_head = pull.head().is_some_and(|head| head.to_string() == row.head);
                let news = row.landed_sha.as_ref().is_some_and(|landed| queued.contains(landed));
                landed && same_head && row.state != "error" && !lacks_a_name(row) && !news
            });
            if !settled && pull.head().is_some() {
                due.push(pull.number);
            }
        }
        drop(tx);
        for number in due {
            self.judge_and_keep(&repo, &Subject::Pull(number)).await?;
        }
        self.writer().submit(Enqueue { kind: "deploys", key: repo.id }).await
    }

    /// After a project became known: every pull request is read for its keys again.
    pub(crate) async fn relink(&self) -> Result<(), AppError> {
        let mut tx = self.db().read().await?;
        let pulls: Vec<(String, PullRequest)> =
            aggregates::under(&mut tx, "pull_request", "rep_").await?;
        drop(tx);
        for (key, _) in pulls {
            self.writer().submit(Enqueue { kind: "change", key }).await?;
        }
        Ok(())
    }

    /// A change that landed without a pull request, judged and kept.
    pub(crate) async fn direct_change(
        &self,
        repo: &Repository,
        commit: Oid,
    ) -> Result<ChangeRow, AppError> {
        let subject = Subject::Direct(commit);
        let id = change_id(&repo.id, &subject);
        let mut tx = self.db().read().await?;
        let row = changes::get(&mut tx, &id).await?;
        drop(tx);
        if let Some(row) = row.filter(|row| !lacks_a_name(row)) {
            return Ok(row);
        }
        self.judge_and_keep(repo, &subject).await?;
        let mut tx = self.db().read().await?;
        changes::get(&mut tx, &id)
            .await?
            .ok_or_else(|| AppError::internal("a change that was kept is gone", &id))
    }
}

/// Whether a change does not pass while somebody who wrote a part is nobody known: a push may name them since.
fn lacks_a_name(row: &ChangeRow) -> bool {
    let nobody = |body: &ChangeBody| {
        body.facts
            .commits
            .iter()
            .flat_map(|commit| [&commit.author, &commit.committer])
            .any(|signature| signature.person.is_none())
    };
    let passes = matches!(row.state.as_str(), "approved" | "auto_approved");
    !passes && body(row).is_ok_and(|body| nobody(&body))
}

/// Asks for work.
pub(crate) struct Enqueue {
    pub(crate) kind: &'static str,
    pub(crate) key: String,
}

impl Command for Enqueue {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let now = unit.now().micros();
        unit.enqueue(self.kind, &self.key, now);
        Ok(())
    }
}
