//! The gate before a merge queue moves a branch: the head of a group that lands several proposals at once (sem 7).
//!
//! A group passes if everything that it brings to the branch is exactly its open proposals, merged by machine at the
//! heads they have now, and every one of them passes as it stands now. Who made the group, and what its members were
//! told before, counts for nothing.

use std::collections::BTreeSet;

use super::answer::Question;
use super::deploy::Found;
use super::record::Record;
use crate::app::attribution::counted;
use crate::app::changes::change_id;
use crate::app::judge::Subject;
use crate::app::{App, AppError, project};
use crate::domain::Oid;
use crate::domain::fact::LandingKind;
use crate::domain::pull_request::PullRequest;
use crate::git::buckets::{LandedChange, attribute};
use crate::git::landing::Landed;
use crate::git::landing::queue::{self, Group};
use crate::git::{self, GitError, hints, range};
use crate::policy::State;
use crate::policy::deploy::{Buckets, ChangeOutcome, DeployFacts, DeployKind, decide_group};
use crate::store::repositories::Repository;
use crate::store::{self, aggregates, groups};

/// What a group brings to its branch, as git tells it.
#[derive(Debug, Clone)]
struct Brought {
    group: Group,
    commits: Vec<Oid>,
    /// Numbers that the messages name: where to look first, and no more.
    hinted: BTreeSet<u64>,
}

/// A proposal that is in the group beyond doubt.
#[derive(Debug, Clone)]
struct Member {
    number: u64,
    landed: Landed,
}

impl App {
    /// The branch for which a queue made this commit: its source told of it, or the mirror has the queue's ref.
    pub(super) async fn branch_of_group(
        &self,
        repo: &Repository,
        sha: Oid,
    ) -> Result<Option<String>, AppError> {
        let mut tx = self.db().read().await?;
        let told = groups::by_head(&mut tx, &repo.id, &sha.to_string()).await?;
        drop(tx);
        match told {
            Some(told) => Ok(Some(told.branch)),
            None if sha.is_sha_256() => Ok(None),
            None => self.in_mirror(repo, move |mirror| queue::branch_of(mirror, sha)).await,
        }
    }

    pub(super) async fn judge_group(
        &self,
        repo: &Repository,
        question: &Question,
        branch: &str,
    ) -> Result<Record, AppError> {
        let seen = self.seen(&repo.id).await?;
        let mut facts = no_facts(repo, question, branch);
        match Box::pin(self.fill(repo, &mut facts, branch)).await {
            Ok(()) => {}
            Err(AppError::Unavailable(why)) => facts.errors.push(why),
            Err(other) => return Err(other),
        }
        let effective = self.effective_for_deploys();
        let as_of = self.clock().now();
        let decision = decide_group(&effective, &facts, as_of);
        let sha = question.sha;
        let tree = self.in_mirror(repo, move |mirror| mirror.read_commit(sha)?.tree()).await.ok();
        self.record_of_deploy(
            repo,
            question,
            &effective,
            Found { facts, tree, seen, as_of },
            decision,
        )
    }

    /// What the group brings, its members, and how each is judged now.
    async fn fill(
        &self,
        repo: &Repository,
        facts: &mut DeployFacts,
        branch: &str,
    ) -> Result<(), AppError> {
        let (sha, of) = (facts.sha, branch.to_owned());
        let told = self.base_of_group(repo, sha).await?;
        let brought = self.in_mirror(repo, move |mirror| brought(mirror, &of, sha, told)).await?;
        facts.previous = Some(brought.group.base);
        let first = self.likely(repo, &brought).await?;
        let mut members = self.members(repo, branch, &brought, first.clone()).await?;
        let mut buckets = self.buckets_of(repo, &brought, &members).await?;
        if buckets.direct > 0 {
            let mut tx = self.db().read().await?;
            let all = store::changes::not_landed(&mut tx, &repo.id, branch).await?;
            drop(tx);
            let rest = all.into_iter().filter(|number| !first.contains(number)).collect();
            members.extend(self.members(repo, branch, &brought, rest).await?);
            buckets = self.buckets_of(repo, &brought, &members).await?;
        }
        facts.buckets = buckets;
        for member in members {
            // What comes in with another is judged with it; a veto against it stands all the same.
            let subsumed = member.landed.landing.how == LandingKind::Subsumed;
            let outcome = self.judged_member(repo, member).await?;
            if !subsumed || outcome.state == State::Rejected {
                facts.changes.push(outcome);
            }
        }
        Ok(())
    }

    async fn base_of_group(&self, repo: &Repository, sha: Oid) -> Result<Option<Oid>, AppError> {
        let mut tx = self.db().read().await?;
        let told = groups::by_head(&mut tx, &repo.id, &sha.to_string()).await?;
        Ok(told.and_then(|told| told.base.parse().ok()))
    }

    /// Proposals to look at first: whose head is among the commits, or whose number a message names.
    async fn likely(
        &self,
        repo: &Repository,
        brought: &Brought,
    ) -> Result<BTreeSet<u64>, AppError> {
        let mut numbers = brought.hinted.clone();
        let mut tx = self.db().read().await?;
        for commit in &brought.commits {
            let of_head = store::pulls::by_head(&mut tx, &repo.id, &commit.to_string()).await?;
            numbers.extend(of_head);
        }
        Ok(numbers)
    }

    /// Which of these proposals the group lands, at the heads they have now.
    async fn members(
        &self,
        repo: &Repository,
        branch: &str,
        brought: &Brought,
        numbers: BTreeSet<u64>,
    ) -> Result<Vec<Member>, AppError> {
        let mut candidates = Vec::new();
        let mut tx = self.db().read().await?;
        for number in numbers {
            let key = project::pull_key(&repo.id, number);
            let pull: Option<PullRequest> = aggregates::get(&mut tx, "pull_request", &key).await?;
            let head = pull.filter(|pull| may_be_member(pull, branch)).and_then(|pull| pull.head());
            candidates.extend(head.map(|head| (number, head)));
        }
        drop(tx);
        let group = brought.group;
        self.in_mirror(repo, move |mirror| found(mirror, &group, candidates)).await
    }

    async fn buckets_of(
        &self,
        repo: &Repository,
        brought: &Brought,
        members: &[Member],
    ) -> Result<Buckets, AppError> {
        let range = range::Range {
            relation: range::Relation::Forward,
            brought_in: brought.commits.clone(),
            taken_out: Vec::new(),
            equivalent: Vec::new(),
        };
        let known: Vec<LandedChange> = members
            .iter()
            .map(|member| LandedChange {
                change: change_id(&repo.id, &Subject::Pull(member.number)),
                landing: member.landed.landing.commit,
                commits: member.landed.commits.clone(),
                // A queue forms for a protected branch.
                protected: true,
            })
            .collect();
        let total = range.brought_in.len();
        let put = move |mirror: &git::Repo| attribute(mirror, &range, &known, None);
        Ok(counted(total, &self.in_mirror(repo, put).await?))
    }

    async fn judged_member(
        &self,
        repo: &Repository,
        member: Member,
    ) -> Result<ChangeOutcome, AppError> {
        let subject = Subject::Pull(member.number);
        let judged = self.judge(repo, &subject, self.clock().now()).await?;
        Ok(ChangeOutcome {
            id: change_id(&repo.id, &subject),
            pull: Some(member.number),
            title: judged.title,
            class: judged.decision.classification.class,
            state: judged.decision.state,
            why: judged.decision.summary,
            missing: judged.decision.missing,
            integrity: member.landed.landing.integrity,
            landed_sha: Some(member.landed.landing.commit),
        })
    }
}

/// Open, or landed since; and aimed at this branch.
fn may_be_member(pull: &PullRequest, branch: &str) -> bool {
    let aimed = pull.now.as_ref().is_some_and(|now| now.value.base_branch == branch);
    aimed && (pull.open() || pull.merged())
}

fn no_facts(repo: &Repository, question: &Question, branch: &str) -> DeployFacts {
    let service = format!("merge queue of {branch}");
    DeployFacts::of(&repo.name, question.sha, &service, "", DeployKind::Forward)
}

/// Everything that the branch has not: a group may stand on groups before it, and a queue may ask about the last alone.
/// Of a group that has landed: what it brought to its base.
fn brought(
    mirror: &git::Repo,
    branch: &str,
    sha: Oid,
    told: Option<Oid>,
) -> Result<Brought, GitError> {
    let tip = mirror.resolve_ref(&format!("refs/heads/{branch}"))?;
    let landed = mirror.reaches(tip, sha)?;
    let base = told.filter(|base| landed && mirror.contains(*base)).unwrap_or(tip);
    let commits = range::brought_in(mirror, Some(base), sha)?;
    let mut hinted = BTreeSet::new();
    for commit in &commits {
        let read = mirror.read_commit(*commit)?;
        let merge = read.parents()?.len() > 1;
        hinted.extend(hints::hint(&read.message, merge).and_then(|hint| hint.number));
    }
    Ok(Brought { group: Group { base, head: sha }, commits, hinted })
}

fn found(
    mirror: &git::Repo,
    group: &Group,
    candidates: Vec<(u64, Oid)>,
) -> Result<Vec<Member>, GitError> {
    let mut members = Vec::new();
    for (number, head) in candidates.into_iter().filter(|(_, head)| mirror.contains(*head)) {
        let proposal = git::landing::Proposal { head, claimed: None, before: None };
        if let Some(landed) = queue::within(mirror, group, &proposal)? {
            members.push(Member { number, landed });
        }
    }
    Ok(members)
}
