//! Changes: judged, and kept as the unit of audit. A change is judged anew when something about it moved.

use serde::{Deserialize, Serialize};

use super::judge::{Judged, Subject, direct_landing};
use super::{App, AppError, Command, Unit, fields, links, project, traces};
use crate::domain::fact::{Facts, Landing};
use crate::domain::link::Links;
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
    facts_digest: String,
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
        let json = |error: serde_json::Error| AppError::internal("a change as JSON", &error);
        let facts_digest = id::sha256(&serde_json::to_vec(&judged.facts).map_err(json)?);
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
            facts_digest,
            policies: judged.policies,
            unread,
        })
    }
}

impl KeepChange {
    /// As it was kept before, with the policies by which it was made.
    pub(super) fn of_kept(
        judgement: Judgement,
        policies: Vec<(String, Vec<u8>)>,
    ) -> Result<Self, AppError> {
        let Judgement { row, commits, links } = judgement;
        let facts = serde_json::to_vec(&body(&row)?.facts)
            .map_err(|error| AppError::internal("a change as JSON", &error))?;
        let facts_digest = id::sha256(&facts);
        let (repo, seen) = (row.repo.clone(), String::new());
        Ok(Self { repo, row, seen, commits, links, facts_digest, policies, unread: false })
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
        let entry = entry_of(&self.row, &self.facts_digest, &kept);
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
            explained(unit, &self.repo, commit, &self.row.id).await?;
        }
        Ok(())
    }
}

/// A commit is no change of its own any more, if it was taken for one: `by` explains it.
pub(super) async fn explained(
    unit: &mut Unit,
    repo: &str,
    commit: Oid,
    by: &str,
) -> Result<(), AppError> {
    let direct = change_id(repo, &Subject::Direct(commit));
    if direct == by || changes::get(unit.tx(), &direct).await?.is_none() {
        return Ok(());
    }
    let body = serde_json::json!({
        "change": direct, "repo": repo, "commit": commit, "explained_by": by,
    });
    let index = unit.record("change.explained", fields(body))?;
    changes::remove(unit.tx(), &direct, index).await?;
    traces::forget(unit.tx(), &direct).await?;
    unit.moved(repo);
    Ok(())
}

/// What an entry says of a change as it is judged now; `kept` is the digest of the whole [`Judgement`].
pub(crate) fn entry_of(
    row: &ChangeRow,
    facts: &str,
    kept: &str,
) -> serde_json::Map<String, serde_json::Value> {
    fields(serde_json::json!({
        "change": row.id, "repo": row.repo, "pull": row.pull, "head": row.head, "branch": row.branch,
        "class": row.class, "state": row.state, "facts": facts,
        "kept": kept,
        "landed": row.landed_sha, "how": row.landed_how, "integrity": row.integrity,
        "landed_at": row.landed_at.and_then(Time::from_micros),
    }))
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
