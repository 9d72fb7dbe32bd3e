//! Which commits and changes a deploy brings in or takes out, and by which rule we know (sem 8).
//!
//! The same for a deploy that happened and for one that a pipeline asks about: the difference is only the instant before
//! which earlier deploys count.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::judge::Subject;
use super::{App, AppError, baselines, changes};
use crate::domain::baseline::{Baselines, Declared};
use crate::domain::{Oid, RepoPath, Time, id};
use crate::git::buckets::{self, LandedChange};
use crate::git::range::{self, Range, Relation};
use crate::git::{self, GitError};
use crate::policy::deploy::{Buckets, DeployFacts, DeployKind, RanBefore, Succeeded};
use crate::policy::model::Effective;
use crate::policy::{self, State};
use crate::store::changes::ChangeRow;
use crate::store::deploys::{self, DeployRow};
use crate::store::repositories::Repository;
use crate::store::{self};

/// How the changes that a deploy brings are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Judged anew first, and kept.
    Fresh,
    /// As they are kept; a direct commit that is not kept as a change yet is judged.
    Kept,
    /// As they are kept, and nothing is written.
    Only,
}

/// A deploy, or a question about one.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) service: String,
    pub(crate) environment: String,
    pub(crate) sha: Oid,
    /// Deploys that began before this instant, or in it with a smaller id, came earlier; `None`: all did.
    pub(crate) at: Option<(Time, String)>,
}

/// What git says about the range of a deploy.
#[derive(Debug)]
struct FromGit {
    range: Range,
    buckets: buckets::Buckets,
    withdrawn: Vec<String>,
    migration: bool,
    tree: Option<Oid>,
    reach: Reach,
}

/// The facts of a deploy with the changes' ids.
#[derive(Debug)]
pub(crate) struct Attributed {
    pub(crate) facts: DeployFacts,
    pub(crate) tree: Option<Oid>,
    pub(crate) reach: Reach,
}

/// Which landings a deploy's attribution rests on, so that a landing that becomes known later reaches exactly the
/// deploys it concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reach {
    /// A landing at one of these commits matters: those brought in (of a baseline its tip) or taken out.
    commits: BTreeSet<Oid>,
    /// Digest of the landings among them, as they were known.
    landings: String,
}

impl Reach {
    fn of(range: &Range, known: &[LandedChange]) -> Self {
        let brought = match range.relation {
            Relation::Baseline => range.brought_in.get(..1).unwrap_or_default(),
            _ => range.brought_in.as_slice(),
        };
        let commits: BTreeSet<Oid> = brought.iter().chain(&range.taken_out).copied().collect();
        let landings = landings_digest(&commits, known);
        Self { commits, landings }
    }

    /// Whether the landings known now are those that were known then.
    pub(crate) fn still(&self, known: &[LandedChange]) -> bool {
        self.landings == landings_digest(&self.commits, known)
    }
}

fn landings_digest(commits: &BTreeSet<Oid>, known: &[LandedChange]) -> String {
    let mut within: Vec<String> = known
        .iter()
        .filter(|landing| commits.contains(&landing.landing))
        .map(|landing| {
            let mut brought: Vec<String> =
                landing.commits.iter().map(ToString::to_string).collect();
            brought.sort();
            let on = if landing.protected { "protected" } else { "other" };
            format!("{} {} {on} {}", landing.change, landing.landing, brought.join(","))
        })
        .collect();
    within.sort();
    id::sha256(within.join("\n").as_bytes())
}

impl App {
    /// Attributes a deploy. The policy says which direct commits are exempt.
    pub(crate) async fn attribute(
        &self,
        repo: &Repository,
        target: &Target,
        effective: &Effective,
        look: Look,
    ) -> Result<Attributed, AppError> {
        let mut tx = self.db().read().await?;
        let of_key =
            deploys::of_key(&mut tx, &repo.id, &target.service, &target.environment).await?;
        let earlier: Vec<DeployRow> =
            of_key.into_iter().filter(|row| came_before(row, target.at.as_ref())).collect();
        let of_repo = deploys::of_repo(&mut tx, &repo.id).await?;
        let landings = self.landed_changes(&mut tx, repo).await?;
        let said = baselines::of(&mut tx, &repo.id, &target.service, &target.environment).await?;
        drop(tx);
        let Before { sha: previous, declared } = before(&earlier, &said, target);
        let sha = target.sha;
        let from_git =
            self.in_mirror(repo, move |mirror| read(mirror, previous, sha, &landings)).await;
        let mut facts = DeployFacts {
            previous,
            declared,
            last_good: last_good(&earlier, sha),
            succeeded: succeeded(&of_repo, target),
            ..DeployFacts::of(
                &repo.name,
                sha,
                &target.service,
                &target.environment,
                DeployKind::Unresolved,
            )
        };
        let mut from_git = match from_git {
            Ok(from_git) => from_git,
            Err(AppError::Unavailable(why)) => {
                facts.errors.push(why);
                return Ok(Attributed { facts, tree: None, reach: Reach::default() });
            }
            Err(other) => return Err(other),
        };
        facts.kind = kind(&from_git.range.relation);
        facts.migration_between = from_git.migration;
        let total = from_git.range.brought_in.len();
        let direct = &mut from_git.buckets.direct;
        let exempted = self.exemptions(repo, effective, direct).await?;
        direct.retain(|commit| !exempted.iter().any(|exempt| exempt.commit == *commit));
        if look != Look::Only {
            self.no_changes(repo, &exempted).await?;
        }
        facts.buckets = counted(total, &from_git.buckets);
        facts.buckets.exempt = exempted.len() as u64;
        facts.buckets.exempted = exempted;
        self.fill_changes(repo, &mut facts, &from_git, look).await?;
        Ok(Attributed { facts, tree: from_git.tree, reach: from_git.reach })
    }

    /// The changes that it brings in and takes out, as they were judged.
    async fn fill_changes(
        &self,
        repo: &Repository,
        facts: &mut DeployFacts,
        from_git: &FromGit,
        look: Look,
    ) -> Result<(), AppError> {
        for change in from_git.buckets.landed.keys() {
            facts.changes.extend(self.outcome_of(repo, change, look == Look::Fresh).await?);
        }
        for commit in &from_git.buckets.direct {
            let row = if look == Look::Only {
                self.change_row(&changes::change_id(&repo.id, &Subject::Direct(*commit))).await?
            } else {
                Some(self.direct_change(repo, *commit).await?)
            };
            facts.changes.extend(row.as_ref().map(changes::outcome).transpose()?);
        }
        for change in &from_git.withdrawn {
            facts.withdrawn.extend(self.outcome_of(repo, change, false).await?);
        }
        Ok(())
    }

    async fn outcome_of(
        &self,
        repo: &Repository,
        change: &str,
        fresh: bool,
    ) -> Result<Option<crate::policy::deploy::ChangeOutcome>, AppError> {
        let Some(row) = self.change_row(change).await? else { return Ok(None) };
        let row = match row.pull {
            Some(number) if fresh => {
                self.judge_and_keep(repo, &Subject::Pull(number)).await?;
                self.change_row(change).await?.unwrap_or(row)
            }
            _ => row,
        };
        Ok(Some(changes::outcome(&row)?))
    }

    /// Every landing of a repository that came through a pull request, with all that it says it brought.
    pub(crate) async fn landed_changes(
        &self,
        tx: &mut store::Tx,
        repo: &Repository,
    ) -> Result<Vec<LandedChange>, AppError> {
        let mut commits: BTreeMap<String, Vec<Oid>> = BTreeMap::new();
        for (sha, change) in store::changes::commits(tx, &repo.id).await? {
            if let Ok(sha) = sha.parse() {
                commits.entry(change).or_default().push(sha);
            }
        }
        let default = self.default_branch(repo);
        let landings = store::changes::landings(tx, &repo.id).await?;
        let known = landings.into_iter().filter_map(|(change, landing, branch)| {
            let landing = landing.parse().ok()?;
            let commits = commits.remove(&change)?;
            let protected = branch == default || self.is_protected(repo, &branch);
            Some(LandedChange { change, landing, commits, protected })
        });
        Ok(known.collect())
    }

    pub(crate) async fn change_row(&self, id: &str) -> Result<Option<ChangeRow>, AppError> {
        let mut tx = self.db().read().await?;
        Ok(store::changes::get(&mut tx, id).await?)
    }
}

/// What ran before a deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Before {
    /// The commit; `None`: nothing is known to have run there.
    pub(crate) sha: Option<Oid>,
    /// The declaration that says so, or that says it of the very commit that is deployed.
    pub(crate) declared: Option<Declared>,
}

/// The latest earlier successful deploy, or what an operator declared after it (sem 8). A function of what is known,
/// not of when it became known. A commit that was declared itself is a baseline: it has nothing before it.
pub(crate) fn before(earlier: &[DeployRow], said: &Baselines, target: &Target) -> Before {
    let previous = earlier.iter().rev().find(|row| row.status == "succeeded");
    let began = previous.and_then(|row| Time::from_micros(row.started_at));
    let declared = said.before(target.at.as_ref().map(|(at, _)| *at), began).cloned();
    let sha = match &declared {
        Some(declared) => Some(declared.sha).filter(|sha| *sha != target.sha),
        None => previous.and_then(|row| row.sha.parse().ok()),
    };
    Before { sha, declared }
}

/// Whether a deploy came before an instant; within one instant the id decides, so that the order is total.
pub(crate) fn came_before(row: &DeployRow, at: Option<&(Time, String)>) -> bool {
    at.is_none_or(|(at, id)| (row.started_at, row.id.as_str()) < (at.micros(), id.as_str()))
}

/// When this commit last succeeded here after a pass that was no emergency.
pub(crate) fn last_good(earlier: &[DeployRow], sha: Oid) -> Option<RanBefore> {
    let sha = sha.to_string();
    earlier.iter().rev().filter(|row| row.status == "succeeded" && row.sha == sha).find_map(|row| {
        let passed = [State::Approved, State::AutoApproved];
        let state = passed.into_iter().find(|state| state.as_str() == row.state)?;
        let at = Time::from_micros(row.finished_at.unwrap_or(row.started_at))?;
        Some(RanBefore { at, state })
    })
}

/// Where else this commit succeeded before.
pub(crate) fn succeeded(of_repo: &[DeployRow], target: &Target) -> Vec<Succeeded> {
    let sha = target.sha.to_string();
    of_repo
        .iter()
        .filter(|row| row.service == target.service && row.environment != target.environment)
        .filter(|row| row.status == "succeeded" && row.sha == sha)
        .filter(|row| came_before(row, target.at.as_ref()))
        .filter_map(|row| {
            let at = Time::from_micros(row.finished_at.unwrap_or(row.started_at))?;
            Some(Succeeded { environment: row.environment.clone(), at })
        })
        .collect()
}

fn read(
    mirror: &git::Repo,
    previous: Option<Oid>,
    sha: Oid,
    landings: &[LandedChange],
) -> Result<FromGit, GitError> {
    let range = range::between(mirror, previous, sha)?;
    let tree = if mirror.contains(sha) { Some(mirror.read_commit(sha)?.tree()?) } else { None };
    let buckets = buckets::attribute(mirror, &range, landings, None)?;
    let withdrawn = buckets::withdrawn(&range, landings);
    let migration = match (&range.relation, previous) {
        (Relation::Rollback | Relation::Diverged { .. }, Some(previous)) => {
            touches_migration(mirror, previous, sha)?
        }
        _ => false,
    };
    let reach = Reach::of(&range, landings);
    Ok(FromGit { range, buckets, withdrawn, migration, tree, reach })
}

/// Whether a database migration lies between two commits.
fn touches_migration(mirror: &git::Repo, from: Oid, to: Oid) -> Result<bool, GitError> {
    let changes = mirror.changes_between(Some(from), to)?;
    let is_migration = |path: &[u8]| policy::classify::is_migration(&RepoPath::new(path));
    Ok(changes.iter().any(|change| is_migration(&change.path)))
}

fn kind(relation: &Relation) -> DeployKind {
    match relation {
        Relation::Baseline => DeployKind::Baseline,
        Relation::Forward => DeployKind::Forward,
        Relation::Rollback => DeployKind::Rollback,
        Relation::Redeploy => DeployKind::Redeploy,
        Relation::Diverged { merge_bases } if merge_bases.is_empty() => {
            DeployKind::HistoryRewritten
        }
        Relation::Diverged { .. } => DeployKind::Hotfix,
        Relation::Unknown { .. } => DeployKind::Unresolved,
    }
}

/// The buckets of so many commits as the policy reads them.
pub(crate) fn counted(total: usize, of: &buckets::Buckets) -> Buckets {
    let number = |count: usize| count as u64;
    let mut direct_commits = of.direct.clone();
    direct_commits.sort();
    let mut unresolved_commits: Vec<Oid> = of.unresolved.iter().map(|(oid, _)| *oid).collect();
    unresolved_commits.sort();
    Buckets {
        total: number(total),
        landed: number(of.landed.values().map(Vec::len).sum()),
        direct: number(of.direct.len()),
        exempt: 0,
        exempted: Vec::new(),
        plumbing: number(of.plumbing.len()),
        pre_ledger: number(of.pre_ledger.len()),
        unresolved: number(of.unresolved.len()),
        direct_commits,
        unresolved_commits,
    }
}
