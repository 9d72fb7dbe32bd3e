//! A judgement is kept: its row, what its entry binds, and what follows from it.

use serde::{Deserialize, Serialize};

use super::{ChangeBody, body, change_id, outcome};
use crate::app::judge::{Judged, Subject, direct_landing};
use crate::app::{AppError, Command, Unit, fields, links, traces};
use crate::domain::fact::Landing;
use crate::domain::link::Links;
use crate::domain::pull_request::PullRequest;
use crate::domain::{Oid, Time};
use crate::store;
use crate::store::changes::{self, ChangeRow};
use crate::store::repositories::Repository;

/// Everything that a judgement of a change brought: what its entry binds by digest, and all that is needed to keep it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Judgement {
    /// Its row, without its place in the ledger.
    pub(crate) row: ChangeRow,
    /// The commits that its landing brought; `None`: nothing is known of a landing now.
    commits: Option<Vec<String>>,
    /// The links that were found, with what people said of them.
    links: Option<Links>,
}

/// A judged change to keep.
pub(crate) struct KeepChange {
    repo: String,
    row: ChangeRow,
    seen: String,
    commits: Option<Vec<String>>,
    links: Option<Links>,
    policies: Vec<(String, Vec<u8>)>,
    /// Objects could not be read: nothing is known about its landing now.
    unread: bool,
}

impl KeepChange {
    /// From a judgement.
    pub(crate) fn of(
        repo: &Repository,
        subject: &Subject,
        judged: Judged,
        judged_at: Time,
    ) -> Result<Self, AppError> {
        let landing = match subject {
            Subject::Pull(_) => judged.facts.landing.clone(),
            Subject::Direct(commit) => Some(direct_landing(*commit, judged.committed_at)),
        };
        let opened_at = judged.pull.as_ref().and_then(|pull: &PullRequest| pull.opened_at);
        let landed_at = landing.as_ref().and_then(|landing| landing.at).or(judged.committed_at);
        let unread = !judged.facts.errors.is_empty();
        let body = ChangeBody {
            judged_at,
            policy_base: judged.effective.base,
            organisation: judged.effective.organisation_digest,
            repository: judged.effective.repository_digest,
            decision: judged.decision,
            facts: judged.facts,
        };
        let commits =
            judged.landed.map(|landed| landed.commits.iter().map(ToString::to_string).collect());
        let row =
            row(repo, subject, &judged.title, landing.as_ref(), (opened_at, landed_at), &body)?;
        Ok(Self {
            repo: repo.id.clone(),
            row,
            seen: judged.seen,
            commits,
            links: judged.links,
            policies: judged.policies,
            unread,
        })
    }
}

impl KeepChange {
    /// As it was kept before, with the policies by which it was made.
    pub(in crate::app) fn of_kept(judgement: Judgement, policies: Vec<(String, Vec<u8>)>) -> Self {
        let Judgement { row, commits, links } = judgement;
        let (repo, seen) = (row.repo.clone(), String::new());
        Self { repo, row, seen, commits, links, policies, unread: false }
    }
}

fn row(
    repo: &Repository,
    subject: &Subject,
    title: &str,
    landing: Option<&Landing>,
    (opened_at, landed_at): (Option<Time>, Option<Time>),
    body: &ChangeBody,
) -> Result<ChangeRow, AppError> {
    let sort_at = landing.and(landed_at).or(opened_at).map_or(0, Time::micros);
    Ok(ChangeRow {
        id: change_id(&repo.id, subject),
        repo: repo.id.clone(),
        pull: match subject {
            Subject::Pull(number) => Some(*number),
            Subject::Direct(_) => None,
        },
        title: title.to_owned(),
        branch: body.facts.branch.clone(),
        head: body.facts.head.to_string(),
        landed_sha: landing.map(|landing| landing.commit.to_string()),
        landed_how: landing.map(|landing| landing.how.as_str().to_owned()),
        landed_at: landing.and(landed_at).map(Time::micros),
        landed_by: landing.and_then(|landing| landing.by.as_ref()).map(|by| by.0.clone()),
        integrity: landing.map(|landing| landing.integrity.as_str().to_owned()),
        class: body.decision.classification.class.as_str().to_owned(),
        state: body.decision.state.as_str().to_owned(),
        opened_at: opened_at.map(Time::micros),
        sort_at,
        body: serde_json::to_string(body)
            .map_err(|error| AppError::internal("a change as JSON", &error))?,
        ledger_index: None,
    })
}

/// Whether a judgement says what is kept already: everything but the instant at which it was made. As long as it does,
/// the last entry stands, and what it binds by digest is what is kept.
fn same(before: &ChangeRow, now: &ChangeRow) -> bool {
    let columns =
        |row: &ChangeRow| ChangeRow { body: String::new(), ledger_index: None, ..row.clone() };
    let judged = |row: &ChangeRow, at| body(row).map(|body| ChangeBody { judged_at: at, ..body });
    columns(before) == columns(now)
        && body(now)
            .is_ok_and(|now| judged(before, now.judged_at).is_ok_and(|before| before == now))
}

impl Command for KeepChange {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let before = changes::get(unit.tx(), &self.row.id).await?;
        if self.unread {
            self.keep_landing(before.as_ref());
        }
        let landing_moved = self.brings_others(unit).await?;
        let links_moved = match &self.links {
            Some(links) => links::moved(unit.tx(), &self.repo, links).await?,
            None => false,
        };
        let settled = before.as_ref().is_some_and(|before| same(before, &self.row));
        if !settled || landing_moved || links_moved {
            self.keep_judgement(unit).await?;
        }
        let brought = self.row.landed_sha.is_some();
        let other = || before.as_ref().and_then(|row| outcome(row).ok()) != outcome(&self.row).ok();
        if landing_moved || brought && other() {
            // Deploys that brought it are judged by what it is now.
            let now = unit.now().micros();
            unit.enqueue("deploys", &self.repo, now);
        }
        Ok(())
    }
}

impl KeepChange {
    /// Keeps a judgement that is news, with its entry and the policies by which it was made.
    async fn keep_judgement(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let judgement = Judgement {
            row: self.row.clone(),
            commits: self.commits.clone(),
            links: self.links.clone(),
        };
        let kept = unit.keep_evidence(&judgement).await?;
        let entry = entry_of(&self.row, &kept);
        self.row.ledger_index = Some(unit.record("change.judged", entry)?);
        unit.moved(&self.repo);
        for (digest, bytes) in &self.policies {
            store::decisions::put_policy(unit.tx(), digest, bytes).await?;
        }
        changes::put(unit.tx(), &self.row, None, &self.seen).await?;
        traces::keep(unit.tx(), &self.row, &body(&self.row)?).await?;
        if let Some(links) = &self.links {
            links::keep(unit, &self.repo, links).await?;
        }
        self.keep_commits(unit).await
    }

    /// A landing that was found once is not forgotten because its objects cannot be read just now.
    fn keep_landing(&mut self, before: Option<&ChangeRow>) {
        let Some(before) = before.filter(|before| before.landed_sha.is_some()) else { return };
        let row = &mut self.row;
        row.landed_sha.clone_from(&before.landed_sha);
        row.landed_how.clone_from(&before.landed_how);
        row.landed_by.clone_from(&before.landed_by);
        row.integrity.clone_from(&before.integrity);
        (row.landed_at, row.sort_at) = (before.landed_at, before.sort_at);
    }

    /// Whether the landing brought other commits than are known of it.
    async fn brings_others(&self, unit: &mut Unit) -> Result<bool, AppError> {
        let Some(commits) = &self.commits else { return Ok(false) };
        let mut sorted = commits.clone();
        sorted.sort();
        Ok(changes::commits_of(unit.tx(), &self.row.id).await? != sorted)
    }

    /// Which commits the landing brought, if that is news. Commits that were taken for changes of their own, because
    /// nothing explained them yet, are so no more.
    async fn keep_commits(&self, unit: &mut Unit) -> Result<(), AppError> {
        let Some(commits) = &self.commits else { return Ok(()) };
        if !self.brings_others(unit).await? {
            return Ok(());
        }
        changes::put_commits(unit.tx(), &self.repo, &self.row.id, commits).await?;
        for commit in commits.iter().filter_map(|commit| commit.parse().ok()) {
            explained(unit, &self.repo, commit, &Why::Change(self.row.id.clone())).await?;
        }
        Ok(())
    }
}

/// Why a commit is no change of its own.
pub(in crate::app) enum Why {
    /// It belongs to this change.
    Change(String),
    /// This rule of the policy lets a bot make it.
    Rule(String),
}

/// A commit is no change of its own any more, if it was taken for one.
pub(in crate::app) async fn explained(
    unit: &mut Unit,
    repo: &str,
    commit: Oid,
    why: &Why,
) -> Result<(), AppError> {
    let direct = change_id(repo, &Subject::Direct(commit));
    let is_itself = matches!(why, Why::Change(by) if *by == direct);
    if is_itself || changes::get(unit.tx(), &direct).await?.is_none() {
        return Ok(());
    }
    let (key, by) = match why {
        Why::Change(by) => ("explained_by", by),
        Why::Rule(rule) => ("rule", rule),
    };
    let body = serde_json::json!({ "change": direct, "repo": repo, "commit": commit, key: by });
    let is_exempt = matches!(why, Why::Rule(_));
    let kind = if is_exempt { "change.exempted" } else { "change.explained" };
    let index = unit.record(kind, fields(body))?;
    changes::remove(unit.tx(), &direct, index).await?;
    traces::forget(unit.tx(), &direct).await?;
    unit.moved(repo);
    Ok(())
}

/// What an entry says of a change as it is judged now; `kept` is the digest of the whole [`Judgement`].
pub(crate) fn entry_of(row: &ChangeRow, kept: &str) -> serde_json::Map<String, serde_json::Value> {
    fields(serde_json::json!({
        "change": row.id, "repo": row.repo, "pull": row.pull, "head": row.head, "branch": row.branch,
        "class": row.class, "state": row.state, "kept": kept,
        "landed": row.landed_sha, "how": row.landed_how, "integrity": row.integrity,
        "landed_at": row.landed_at.and_then(Time::from_micros),
    }))
}
