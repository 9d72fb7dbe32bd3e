//! Gathers the facts of a change and has the policy judge them. All input is read first, into one value that is hashed
//! and kept; judging is a pure function of it (P4).

mod asked;
mod gather;
mod reverts;
mod reviewed;
mod said;

use self::asked::{Asked, FromGit};
use self::gather::no_facts;
use super::{App, AppError, mirrors::PolicyAt, project};
use crate::domain::fact::{Facts, Landing};
use crate::domain::link::Links;
use crate::domain::pull_request::PullRequest;
use crate::domain::{Class, Oid, Time};
use crate::git::landing::Landed;
use crate::policy::decision::Classification;
use crate::policy::layers::{Layer, effective};
use crate::policy::model::Effective;
use crate::policy::{self, Decision};
use crate::store::repositories::Repository;
use crate::store::{Tx, aggregates, versions};

pub(crate) use self::asked::readers;

/// What is to be judged.
#[derive(Debug, Clone)]
pub(crate) enum Subject {
    /// A pull request at its head, landed or not.
    Pull(u64),
    /// A commit that landed without one.
    Direct(Oid),
}

/// A judged change with everything it was judged by.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    pub(crate) facts: Facts,
    pub(crate) decision: Decision,
    pub(crate) effective: Effective,
    pub(crate) policies: Vec<(String, Vec<u8>)>,
    pub(crate) tree: Option<Oid>,
    pub(crate) links: Option<Links>,
    pub(crate) landed: Option<Landed>,
    pub(crate) pull: Option<PullRequest>,
    pub(crate) seen: String,
    pub(crate) title: String,
    pub(crate) committed_at: Option<Time>,
}

impl App {
    /// Judges a change as of an instant.
    pub(crate) async fn judge(
        &self,
        repo: &Repository,
        subject: &Subject,
        as_of: Time,
    ) -> Result<Judged, AppError> {
        let mut tx = self.db().read().await?;
        // Before the facts: an answer must not be remembered as newer than it is.
        let seen = versions::seen(&mut tx, &repo.id).await?;
        let pull = match subject {
            Subject::Pull(number) => Some(self.pull(&mut tx, repo, *number).await?),
            Subject::Direct(_) => None,
        };
        let groups = asked::groups_of(&mut tx, repo, pull.as_ref()).await?;
        drop(tx);
        let asked = Asked { groups, ..self.asked(repo, subject, pull.as_ref())? };
        let for_git = asked.clone();
        let (from_git, errors) = match self.read_and_keep(repo, for_git).await {
            Ok(from_git) => (Some(from_git), Vec::new()),
            Err(AppError::Unavailable(why)) => (None, vec![why]),
            Err(other) => return Err(other),
        };
        let (effective, policies) = self.policies(&asked, from_git.as_ref());
        let mut judged = Judged {
            facts: no_facts(repo, &asked, errors),
            decision: undecided(),
            effective,
            policies,
            tree: None,
            links: None,
            landed: None,
            title: String::new(),
            committed_at: None,
            pull,
            seen,
        };
        let base_tip = from_git.as_ref().and_then(|from_git| from_git.base_tip);
        Box::pin(self.gather(repo, &mut judged, from_git)).await?;
        if let Some(base_tip) = base_tip {
            let (effective, facts) = (&judged.effective, &judged.facts);
            let found = Box::pin(self.reverted(repo, effective, facts, base_tip)).await?;
            judged.facts.reverts = found;
        }
        judged.decision = policy::replay::judge(&judged.effective, &judged.facts, as_of);
        Ok(judged)
    }

    /// Reads what git says and keeps the head, so that no force push takes away what was judged (sem 8).
    async fn read_and_keep(&self, repo: &Repository, asked: Asked) -> Result<FromGit, AppError> {
        self.with_mirror(repo, move |mirror| {
            let found = asked.read(mirror.repo())?;
            mirror.keep(asked.head)?;
            Ok(found)
        })
        .await
    }

    /// The policy in force, and its layers' bytes to be kept with the decision.
    fn policies(
        &self,
        asked: &Asked,
        from_git: Option<&FromGit>,
    ) -> (Effective, Vec<(String, Vec<u8>)>) {
        let organisation = self.organisation();
        let policy = from_git.map(|from_git| &from_git.policy);
        let layer = policy.map_or(Layer::Missing, PolicyAt::layer);
        let base = policy.map_or(&asked.policy_branch, |policy| &policy.base);
        let effective = effective(organisation.layer(), layer, base);
        let mut policies = organisation.bytes();
        policies.extend(policy.and_then(|p| Some((p.digest.clone(), p.bytes.clone()?))));
        (effective, policies)
    }

    async fn pull(
        &self,
        tx: &mut Tx,
        repo: &Repository,
        number: u64,
    ) -> Result<PullRequest, AppError> {
        let key = project::pull_key(&repo.id, number);
        let pull = aggregates::get(tx, "pull_request", &key).await?;
        pull.ok_or_else(|| {
            AppError::NotFound(format!("there is no pull request {}#{number} here", repo.name))
        })
    }
}

/// What stands before anything is decided: not a pass.
fn undecided() -> Decision {
    Decision {
        state: policy::State::Error,
        classification: Classification {
            class: Class::Critical,
            why: "nothing is decided yet".to_owned(),
            files: Vec::new(),
            limits: Vec::new(),
            revert: None,
        },
        rules: Vec::new(),
        missing: Vec::new(),
        opinions: Vec::new(),
        summary: String::new(),
        holds_until: None,
    }
}

/// Says that a landing is of this change's own commit: for changes that landed without a pull request.
pub(crate) fn direct_landing(commit: Oid, at: Option<Time>) -> Landing {
    Landing {
        commit,
        how: crate::domain::fact::LandingKind::Direct,
        integrity: crate::domain::fact::Integrity::Unknown,
        at,
        by: None,
        evidence: vec!["it is part of no pull request".to_owned()],
        altered: Vec::new(),
    }
}
