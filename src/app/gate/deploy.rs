//! The gate before a deploy: everything that it would bring in, each change as it was decided.

use super::answer::Question;
use super::record::Record;
use crate::app::attribution::{Attributed, Look, Target};
use crate::app::{App, AppError};
use crate::domain::{Oid, Time};
use crate::policy::deploy::{DeployDecision, DeployFacts};
use crate::policy::model::Effective;
use crate::policy::{self, State};
use crate::store::repositories::Repository;
use crate::store::versions;

/// What a decision about commits that are brought in rests on.
pub(super) struct Found {
    /// The facts.
    pub(super) facts: DeployFacts,
    /// The tree of the commit, where it is known.
    pub(super) tree: Option<Oid>,
    /// The versions that the facts were read under.
    pub(super) seen: String,
    /// As of when they are judged.
    pub(super) as_of: Time,
}

impl App {
    pub(super) async fn judge_deploy(
        &self,
        repo: &Repository,
        question: &Question,
        environment: &str,
        service: &str,
    ) -> Result<Record, AppError> {
        self.fetch_if_missing(repo, question.sha).await;
        let target = Target {
            service: service.to_owned(),
            environment: environment.to_owned(),
            sha: question.sha,
            at: None,
        };
        let effective = self.effective_for_deploys();
        let (attributed, seen) = self.attribute_as_seen(repo, &target, &effective).await?;
        let now = self.clock().now();
        let decision = policy::decide_deploy(&effective, &attributed.facts, now);
        let found = Found { facts: attributed.facts, tree: attributed.tree, seen, as_of: now };
        self.record_of_deploy(repo, question, &effective, found, decision)
    }

    /// A record of what was decided about commits that are brought in: by a deploy, or by a merge queue's group.
    pub(super) fn record_of_deploy(
        &self,
        repo: &Repository,
        question: &Question,
        effective: &Effective,
        Found { facts, tree, seen, as_of }: Found,
        decision: DeployDecision,
    ) -> Result<Record, AppError> {
        let mut record =
            self.bare(repo, question, effective, decision.state, decision.summary.clone())?;
        record.facts = serde_json::to_string(&facts)
            .map_err(|error| AppError::internal("facts as JSON", &error))?;
        record.seen = seen;
        record.holds_until = decision.holds_until;
        record.fleeting = matches!(decision.state, State::Error | State::UnknownCommit);
        record.kept.answer.tree = tree;
        record.kept.tell_deploy(decision, facts, effective);
        record.kept.as_of = Some(as_of);
        Ok(record)
    }
}

impl App {
    /// Attributes with every change judged anew, and says which versions that saw. The versions are read before the
    /// facts, so that an answer is never remembered as newer than it is; judging moves them, so a second look may be needed.
    async fn attribute_as_seen(
        &self,
        repo: &Repository,
        target: &Target,
        effective: &Effective,
    ) -> Result<(Attributed, String), AppError> {
        let before = self.seen(&repo.id).await?;
        let attributed = Box::pin(self.attribute(repo, target, effective, Look::Fresh)).await?;
        let after = self.seen(&repo.id).await?;
        if before == after {
            return Ok((attributed, before));
        }
        Ok((Box::pin(self.attribute(repo, target, effective, Look::Kept)).await?, after))
    }

    /// What the counters of a repository say now.
    pub(super) async fn seen(&self, repo: &str) -> Result<String, AppError> {
        let mut tx = self.db().read().await?;
        Ok(versions::seen(&mut tx, repo).await?)
    }
}
