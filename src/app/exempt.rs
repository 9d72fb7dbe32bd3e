//! Gathers what is known of direct commits, and lets the policy say which of them a bot was allowed to make (sem 8).

use super::changes::{Why, change_id, explained};
use super::judge::Subject;
use super::{App, AppError, Command, Unit};
use crate::domain::{Account, Oid, RepoPath};
use crate::git::{self, GitError};
use crate::policy::exempt::{DirectCommit, Exemption, exemption};
use crate::policy::model::Effective;
use crate::store::repositories::Repository;
use crate::store::{self, Tx};

/// Git's mode of a file that is neither run nor followed.
const PLAIN: u32 = 0o100_644;

/// A change that was taken for a direct one before it was known that a bot was allowed to make it.
struct NoChange {
    repo: String,
    exemption: Exemption,
}

impl Command for NoChange {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let why = Why::Rule(self.exemption.rule.clone());
        explained(unit, &self.repo, self.exemption.commit, &why).await
    }
}

impl App {
    /// Which of these direct commits are exempt, in a fixed order.
    pub(crate) async fn exemptions(
        &self,
        repo: &Repository,
        effective: &Effective,
        commits: &[Oid],
    ) -> Result<Vec<Exemption>, AppError> {
        if effective.organisation.exempt.is_empty() || commits.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = commits.to_vec();
        let read = self.in_mirror(repo, move |mirror| {
            wanted.iter().map(|commit| read(mirror, *commit)).collect::<Result<Vec<_>, _>>()
        });
        let mut commits = read.await?;
        let mut tx = self.db().read().await?;
        let accounts = store::accounts::of_source(&mut tx, &repo.source).await?;
        for commit in &mut commits {
            self.name(&mut tx, repo, &accounts, commit).await?;
        }
        let mut found: Vec<Exemption> =
            commits.iter().filter_map(|commit| exemption(effective, &repo.name, commit)).collect();
        found.sort();
        Ok(found)
    }

    /// Who wrote and pushed it, by the source's own words.
    async fn name(
        &self,
        tx: &mut Tx,
        repo: &Repository,
        accounts: &[Account],
        commit: &mut DirectCommit,
    ) -> Result<(), AppError> {
        let sha = commit.id.to_string();
        let told = store::accounts::of_commit(tx, &repo.id, &sha).await?;
        commit.author = told.author.and_then(|said| account(accounts, &said));
        commit.committer = told.committer.and_then(|said| account(accounts, &said));
        for (reference, id) in store::accounts::pushers_of(tx, &repo.id, &sha).await? {
            let branch = reference.strip_prefix("refs/heads/").unwrap_or_default();
            if branch == self.default_branch(repo) || self.is_protected(repo, branch) {
                commit.pushed_by.extend(account(accounts, &id));
            }
        }
        Ok(())
    }

    /// An exempt commit is no change; one that was taken for one goes.
    pub(crate) async fn no_changes(
        &self,
        repo: &Repository,
        exempted: &[Exemption],
    ) -> Result<(), AppError> {
        for exemption in exempted {
            let id = change_id(&repo.id, &Subject::Direct(exemption.commit));
            if self.change_row(&id).await?.is_some() {
                let exemption = exemption.clone();
                self.writer().submit(NoChange { repo: repo.id.clone(), exemption }).await?;
            }
        }
        Ok(())
    }
}

/// The account that a source's word means: an id, or `@login` where exactly one account ever had it.
fn account(accounts: &[Account], said: &str) -> Option<Account> {
    let Some(login) = said.strip_prefix('@') else {
        return accounts.iter().find(|account| account.id == said).cloned();
    };
    let mut named = accounts.iter().filter(|account| account.login.eq_ignore_ascii_case(login));
    let only = named.next().cloned();
    only.filter(|_| named.next().is_none())
}

fn read(mirror: &git::Repo, id: Oid) -> Result<DirectCommit, GitError> {
    let parents = mirror.read_commit(id)?.parents()?;
    let plain = |side: Option<crate::domain::Side>| side.is_none_or(|side| side.mode == PLAIN);
    let files = mirror
        .changes_between(parents.first().copied(), id)?
        .into_iter()
        .map(|change| {
            let there = change.new.is_some() && plain(change.new) && plain(change.old);
            (RepoPath::new(change.path), there)
        })
        .collect();
    let parents = parents.len();
    Ok(DirectCommit { id, parents, author: None, committer: None, pushed_by: Vec::new(), files })
}
