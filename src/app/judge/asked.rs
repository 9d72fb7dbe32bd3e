//! What git is asked about a change, in one go on one thread, and what it says.

use std::collections::{BTreeMap, BTreeSet};

use super::Subject;
use super::reviewed::{self, AimedElsewhere, AtHead, ProvedAt};
use super::said;
use crate::app::mirrors::PolicyAt;
use crate::app::{App, AppError, groups};
use crate::domain::fact::Elsewhere;
use crate::domain::file::Content;
use crate::domain::pull_request::PullRequest;
use crate::domain::{Oid, Side, Time};
use crate::git::facts::{ChangeFacts, Readers, Sides};
use crate::git::landing::Landed;
use crate::git::landing::queue::{Group, find_queued};
use crate::git::{self, GitError};
use crate::policy;
use crate::store::repositories::Repository;
use crate::store::{self, Tx};

/// What git says about it.
#[derive(Debug)]
pub(super) struct FromGit {
    pub(super) facts: ChangeFacts,
    /// The tip of the branch that it goes onto, as it was before it landed; `None`: it has no proposal.
    pub(super) base_tip: Option<Oid>,
    pub(super) policy: PolicyAt,
    pub(super) opinions: BTreeMap<Oid, ProvedAt>,
    /// By the id of the opinion.
    pub(super) elsewhere: BTreeMap<String, Elsewhere>,
    pub(super) landed: Option<Landed>,
    pub(super) tree: Oid,
    pub(super) messages: Vec<String>,
    pub(super) title: String,
    pub(super) committed_at: Option<Time>,
}

/// What git is asked, in one go on one thread.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) branch: String,
    pub(super) policy_branch: String,
    pub(super) head: Oid,
    pub(super) landed: Option<git::landing::Proposal>,
    /// Groups of a merge queue that bring the commit which the source names.
    pub(super) groups: Vec<Group>,
    /// What stands for the tip of a branch that is gone, the first that is there; none where the branch is protected,
    /// which does not go.
    pub(super) once: Vec<Oid>,
    pub(super) direct: bool,
    pub(super) reviewed: Vec<Oid>,
    pub(super) aimed_elsewhere: Vec<AimedElsewhere>,
}

impl App {
    /// What to ask git: which head, which branch, which policy, which reviewed commits.
    pub(super) fn asked(
        &self,
        repo: &Repository,
        subject: &Subject,
        pull: Option<&PullRequest>,
    ) -> Result<Asked, AppError> {
        let default = self.default_branch(repo);
        let Some(pull) = pull else {
            let Subject::Direct(commit) = subject else {
                return Err(AppError::internal("a pull request without its fold", &repo.name));
            };
            return Ok(Asked {
                branch: default.clone(),
                policy_branch: default,
                head: *commit,
                landed: None,
                groups: Vec::new(),
                once: Vec::new(),
                direct: true,
                reviewed: Vec::new(),
                aimed_elsewhere: Vec::new(),
            });
        };
        let head = pull.head().ok_or_else(|| {
            AppError::NotFound(format!("{}#{}: its head is not known yet", repo.name, pull.number))
        })?;
        let branch =
            pull.now.as_ref().map_or_else(|| default.clone(), |now| now.value.base_branch.clone());
        let protected = self.is_protected(repo, &branch);
        let policy_branch = if protected { branch.clone() } else { default };
        let landed = pull.landed.as_ref().map(|landed| git::landing::Proposal {
            head,
            claimed: landed.value.commit,
            before: pull.now.as_ref().map(|now| now.value.base),
        });
        let reviewed: BTreeSet<Oid> = pull
            .reviews
            .values()
            .filter_map(|review| review.said.as_ref().and_then(|said| said.value.commit))
            .chain(said::comments(pull).filter_map(|(_, comment)| said::about(pull, comment)))
            .filter(|commit| *commit != head)
            .collect();
        let reviewed = reviewed.into_iter().collect();
        let groups = Vec::new();
        let claimed = landed.and_then(|landed| landed.claimed);
        let base = pull.now.as_ref().map(|now| now.value.base);
        let once = claimed.into_iter().chain(base).filter(|_| !protected).collect();
        let aimed_elsewhere = reviewed::aimed_elsewhere(pull, &branch);
        Ok(Asked {
            branch,
            policy_branch,
            head,
            landed,
            groups,
            once,
            direct: false,
            reviewed,
            aimed_elsewhere,
        })
    }
}

impl Asked {
    pub(super) fn read(&self, repo: &git::Repo) -> Result<FromGit, GitError> {
        let commit = repo.read_commit(self.head)?;
        if self.direct {
            return self.read_direct(repo, &commit);
        }
        let tip = self.tip(repo)?;
        let landed = match &self.landed {
            Some(proposal) => find_landing(repo, tip, proposal, &self.groups)?,
            None => None,
        };
        let base_tip = match &landed {
            Some(landed) => before_landing(repo, landed)?.unwrap_or(tip),
            None => tip,
        };
        let policy = self.policy(repo, landed.is_some().then_some(base_tip))?;
        let facts = git::facts::change_facts(repo, base_tip, self.head, readers())?;
        let at_head = AtHead { repo, head: self.head, base_tip, facts: &facts };
        let opinions = at_head.prove(&self.reviewed)?;
        let elsewhere = reviewed::elsewhere(repo, &self.aimed_elsewhere)?;
        let messages = facts
            .commits
            .iter()
            .map(|commit| repo.read_commit(commit.id).map(|commit| commit.message))
            .collect::<Result<_, _>>()?;
        Ok(FromGit {
            facts,
            base_tip: Some(base_tip),
            policy,
            opinions,
            elsewhere,
            landed,
            tree: commit.tree()?,
            messages,
            title: commit.title().to_owned(),
            committed_at: commit.committer.time(),
        })
    }

    fn read_direct(
        &self,
        repo: &git::Repo,
        commit: &git::commit::RawCommit,
    ) -> Result<FromGit, GitError> {
        let parent = commit.parents()?.first().copied();
        Ok(FromGit {
            facts: git::facts::direct_facts(repo, self.head, readers())?,
            base_tip: None,
            policy: self.policy(repo, parent)?,
            opinions: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            landed: None,
            tree: commit.tree()?,
            messages: vec![commit.message.clone()],
            title: commit.title().to_owned(),
            committed_at: commit.committer.time(),
        })
    }

    /// The tip of the branch it goes to. A branch of another proposal goes with that one; then the landing that the
    /// source names, or the base it last told of, stands for it.
    fn tip(&self, repo: &git::Repo) -> Result<Oid, GitError> {
        match repo.resolve_ref(&format!("refs/heads/{}", self.branch)) {
            Err(GitError::NoSuchRef(name)) => {
                let once = self.once.iter().copied().find(|commit| repo.contains(*commit));
                once.ok_or(GitError::NoSuchRef(name))
            }
            found => found,
        }
    }

    /// The policy at the base: of what has landed on a protected branch, as it was before it landed; else at the tip of
    /// the branch whose policy holds (sem 6.2).
    fn policy(&self, repo: &git::Repo, before: Option<Oid>) -> Result<PolicyAt, GitError> {
        let at = match before.filter(|_| self.branch == self.policy_branch) {
            Some(before) => before,
            None => repo.resolve_ref(&format!("refs/heads/{}", self.policy_branch))?,
        };
        PolicyAt::read(repo, &self.policy_branch, at)
    }
}

/// The groups of a merge queue that bring the commit which the source names as a landing.
pub(super) async fn groups_of(
    tx: &mut Tx,
    repo: &Repository,
    pull: Option<&PullRequest>,
) -> Result<Vec<Group>, AppError> {
    let landed = pull.and_then(|pull| pull.landed.as_ref()).and_then(|landed| landed.value.commit);
    let Some(landed) = landed else { return Ok(Vec::new()) };
    let rows = store::groups::of_commit(tx, &repo.id, &landed.to_string()).await?;
    Ok(rows.iter().filter_map(groups::group).collect())
}

/// How a proposal landed: with a group of a merge queue, or by itself. The base that its source last named tells a fast-forward's beginning; a base that came after
/// the landing, or is not in the mirror, tells nothing, and the search goes on without it.
fn find_landing(
    repo: &git::Repo,
    tip: Oid,
    proposal: &git::landing::Proposal,
    groups: &[Group],
) -> Result<Option<Landed>, GitError> {
    for group in groups {
        if let Some(landed) = find_queued(repo, tip, proposal, group)? {
            return Ok(Some(landed));
        }
    }
    if proposal.before.is_some_and(|before| repo.contains(before))
        && let Some(landed) = git::landing::find(repo, tip, proposal)?
    {
        return Ok(Some(landed));
    }
    git::landing::find(repo, tip, &git::landing::Proposal { before: None, ..*proposal })
}

/// The branch's tip before a landing: the first commit down the first parents that did not come in with it.
fn before_landing(repo: &git::Repo, landed: &Landed) -> Result<Option<Oid>, GitError> {
    let brought: BTreeSet<Oid> = landed.commits.iter().copied().collect();
    let mut at = landed.landing.commit;
    loop {
        let Some(parent) = repo.read_commit(at)?.parents()?.first().copied() else {
            return Ok(None);
        };
        if !brought.contains(&parent) {
            return Ok(Some(parent));
        }
        at = parent;
    }
}

/// What a file's bytes say, and how its keys differ.
pub(crate) fn readers() -> Readers<'static> {
    Readers { scan: &scan, keys: &policy::keys::diff, dependencies: &policy::dependencies::diff }
}

fn scan(sides: &Sides<'_>) -> Content {
    let mode = |side: Option<(Side, Option<&[u8]>)>| side.map(|(side, _)| side.mode);
    policy::content::scan(
        sides.old.and_then(|(_, bytes)| bytes),
        sides.new.and_then(|(_, bytes)| bytes),
        mode(sides.old),
        mode(sides.new),
    )
}
