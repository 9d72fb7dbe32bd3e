//! The gate before a merge: the head of a pull request, judged as it stands.

use super::answer::{Answer, ChangeView, LedgerRef, Question, digests};
use super::record::{Kept, Record};
use crate::app::changes::change_id;
use crate::app::judge::{Judged, Subject};
use crate::app::{App, AppError};
use crate::domain::pull_request::PullRequest;
use crate::domain::{Oid, Time};
use crate::git::GitError;
use crate::policy::State;
use crate::policy::model::Effective;
use crate::store::repositories::Repository;
use crate::store::{self, aggregates};

impl App {
    pub(super) async fn judge_merge(
        &self,
        repo: &Repository,
        question: &Question,
    ) -> Result<Record, AppError> {
        let number = self.pull_of(repo, question).await?;
        self.fetch_if_missing(repo, question.sha).await;
        let Some(number) = number else {
            return match self.branch_of_group(repo, question.sha).await? {
                Some(branch) => self.judge_group(repo, question, &branch).await,
                None => self.no_proposal(repo, question).await,
            };
        };
        let now = self.clock().now();
        let judged = self.judge(repo, &Subject::Pull(number), now).await?;
        let id = change_id(&repo.id, &Subject::Pull(number));
        let change = ChangeView::of(id, number, &judged.title, &judged.decision);
        self.record_of(repo, question, (Some(number), now), judged, change)
    }

    /// The pull request that is meant: the one named, else the one whose head this commit is. A commit that was the head
    /// and is not any more is answered with the head (409 `stale_sha`).
    async fn pull_of(
        &self,
        repo: &Repository,
        question: &Question,
    ) -> Result<Option<u64>, AppError> {
        let mut tx = self.db().read().await?;
        let sha = question.sha.to_string();
        let numbers = match question.pull {
            Some(number) => vec![number],
            None => store::pulls::by_head(&mut tx, &repo.id, &sha).await?,
        };
        let mut stale = None;
        let mut landed = None;
        for number in numbers {
            let key = crate::app::project::pull_key(&repo.id, number);
            let pull: Option<PullRequest> = aggregates::get(&mut tx, "pull_request", &key).await?;
            let Some(pull) = pull else { continue };
            match pull.head() {
                Some(head) if head == question.sha && pull.open() => return Ok(Some(number)),
                Some(head) if head == question.sha => landed = landed.or(Some(number)),
                Some(head) => stale = stale.or(Some(head)),
                None => {}
            }
        }
        match (landed, stale, question.pull) {
            (Some(number), _, _) => Ok(Some(number)),
            (None, Some(head), _) => Err(AppError::StaleSha { asked: question.sha, head }),
            (None, None, Some(number)) => Err(AppError::NotFound(format!(
                "there is no pull request {}#{number} here",
                repo.name
            ))),
            (None, None, None) => Ok(None),
        }
    }

    /// Makes sure that the mirror has a commit, by fetching once; whether it worked shows in the facts.
    pub(in crate::app) async fn fetch_if_missing(&self, repo: &Repository, sha: Oid) {
        let there = self.in_mirror(repo, move |mirror| Ok(mirror.contains(sha))).await;
        if !matches!(there, Ok(true))
            && let Err(error) = self.fetch_mirror(repo).await
        {
            tracing::info!(%error, repo = %repo.name, "the mirror could not be fetched for a question");
        }
    }

    fn record_of(
        &self,
        repo: &Repository,
        question: &Question,
        (pull, as_of): (Option<u64>, Time),
        judged: Judged,
        change: ChangeView,
    ) -> Result<Record, AppError> {
        let facts = serde_json::to_string(&judged.facts)
            .map_err(|error| AppError::internal("facts as JSON", &error))?;
        let fleeting = judged.decision.state == State::Error;
        let mut record = self.bare(
            repo,
            question,
            &judged.effective,
            judged.decision.state,
            judged.decision.summary.clone(),
        )?;
        record.holds_until = judged.decision.holds_until;
        record.kept.answer.tree = judged.tree;
        record.kept.answer.pull = pull;
        record.kept.tell_change(judged.decision, change, &judged.effective);
        record.kept.as_of = Some(as_of);
        Ok(Record { facts, policies: judged.policies, seen: judged.seen, fleeting, ..record })
    }

    /// No pull request has this commit as its head: nothing that could be judged, so nothing that passes.
    async fn no_proposal(
        &self,
        repo: &Repository,
        question: &Question,
    ) -> Result<Record, AppError> {
        let seen = self.seen(&repo.id).await?;
        let sha = question.sha;
        if sha.is_sha_256() {
            let (effective, why) =
                (self.effective_for_deploys(), GitError::sha_256(sha).to_string());
            let mut record = self.bare(repo, question, &effective, State::Error, why)?;
            record.kept.answer.bind(&effective);
            return Ok(record);
        }
        let tree = self
            .in_mirror(repo, move |mirror| {
                if mirror.contains(sha) {
                    mirror.read_commit(sha)?.tree().map(Some)
                } else {
                    Ok(None)
                }
            })
            .await?;
        let (state, summary) = match tree {
            Some(_) => (
                State::Unaccounted,
                format!("{} is the head of no pull request of {}.", sha.short(), repo.name),
            ),
            None => (
                State::UnknownCommit,
                format!(
                    "{} is not in {}. Push it, or check the repository.",
                    sha.short(),
                    repo.name
                ),
            ),
        };
        let effective = self.effective_for_deploys();
        let mut record = self.bare(repo, question, &effective, state, summary)?;
        record.kept.answer.tree = tree;
        record.kept.answer.bind(&effective);
        record.seen = seen;
        Ok(record)
    }

    /// A record of an answer without anything judged, that is still to be bound.
    pub(super) fn bare(
        &self,
        repo: &Repository,
        question: &Question,
        effective: &Effective,
        state: State,
        summary: String,
    ) -> Result<Record, AppError> {
        let facts = serde_json::to_string(&serde_json::json!({
            "repo": repo.id, "sha": question.sha, "state": state,
        }))
        .map_err(|error| AppError::internal("facts as JSON", &error))?;
        let now = self.clock().now();
        Ok(Record {
            question: String::new(),
            holds_until: None,
            kept: Kept {
                salt: None,
                answer: Answer {
                    pass: false,
                    state,
                    enforced: true,
                    would_pass: false,
                    class: None,
                    purpose: question.purpose.as_str().to_owned(),
                    repo: repo.name.clone(),
                    repo_id: repo.id.clone(),
                    sha: question.sha,
                    tree: None,
                    environment: question.purpose.environment().map(str::to_owned),
                    service: question.purpose.service().map(str::to_owned),
                    pull: question.pull,
                    decision: String::new(),
                    decided_at: now,
                    policy: digests(effective),
                    summary,
                    rules: Vec::new(),
                    missing: Vec::new(),
                    changes: Vec::new(),
                    ledger: LedgerRef { index: 0 },
                    url: self.url("/decisions/{decision}"),
                    retry_after: None,
                    rollout: None,
                },
                decision: None,
                deploy: None,
                deploy_facts: None,
                asked_by: String::new(),
                as_of: Some(now),
                resource: None,
            },
            facts,
            policies: self.organisation().bytes(),
            seen: String::new(),
            // A commit that is not there may arrive by another way than a delivery: look again each time.
            fleeting: true,
        })
    }
}
