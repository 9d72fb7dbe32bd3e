//! The facts of a change, from what git says and what the sources told: people first, since everything else names them.

use super::asked::{Asked, FromGit};
use super::{Judged, said};
use crate::app::people::People;
use crate::app::{App, AppError, disowned, links, overrides};
use crate::domain::check::Checks;
use crate::domain::fact::{Check, Commit, Driver, Drove, Facts, Pull};
use crate::domain::link::Links;
use crate::domain::pull_request::PullRequest;
use crate::domain::{Account, AccountKind, Oid, Signature};
use crate::store::repositories::Repository;
use crate::store::{self, Tx, aggregates};

impl App {
    /// Fills the facts in: people first, since everything else names them.
    pub(super) async fn gather(
        &self,
        repo: &Repository,
        judged: &mut Judged,
        from_git: Option<FromGit>,
    ) -> Result<(), AppError> {
        let mut tx = self.db().read().await?;
        let organisation = &judged.effective.organisation;
        let people = People::load(&mut tx, &repo.source, organisation).await?;
        let facts = &mut judged.facts;
        facts.grants = people.grants(organisation);
        facts.pull = judged.pull.as_ref().map(|pull| pull_facts(pull, &people));
        facts.checks = checks(&mut tx, repo, facts.head).await?;
        if let Some(pull) = &judged.pull {
            facts.overrides = overrides::of_pull(&mut tx, &repo.id, pull.number).await?;
            facts.disowned = disowned::of_pull(&mut tx, &repo.id, pull.number).await?;
        }
        if let Some(now) = judged.pull.as_ref().and_then(|pull| pull.now.as_ref()) {
            judged.title.clone_from(&now.value.title);
        }
        let Some(from_git) = from_git else { return Ok(()) };
        facts.landing = from_git.landed.as_ref().map(|landed| landed.landing.clone());
        name_landing(facts, judged.pull.as_ref(), &people);
        facts.fingerprint = from_git.facts.fingerprint;
        facts.files = from_git.facts.files;
        facts.commits = name_commits(&mut tx, repo, &people, from_git.facts.commits).await?;
        if judged.pull.is_none() {
            judged.title = from_git.title;
        }
        judged.tree = Some(from_git.tree);
        judged.committed_at = from_git.committed_at;
        judged.landed = from_git.landed;
        let Some(pull) = &judged.pull else { return Ok(()) };
        facts.opinions = said::opinions(pull, &people, &from_git.opinions);
        for opinion in &mut facts.opinions {
            opinion.elsewhere = from_git.elsewhere.get(&opinion.id).cloned();
        }
        facts.reviewed = from_git.opinions.into_values().filter_map(|at| at.other).collect();
        judged.links = self.links_of(&mut tx, repo, pull, from_git.messages).await?;
        if let Some(links) = &judged.links {
            let at = facts.landing.as_ref().and_then(|landing| landing.at);
            facts.tickets = links::tickets(&mut tx, links, at).await?;
        }
        Ok(())
    }

    async fn links_of(
        &self,
        tx: &mut Tx,
        repo: &Repository,
        pull: &PullRequest,
        messages: Vec<String>,
    ) -> Result<Option<Links>, AppError> {
        let Some(now) = &pull.now else { return Ok(None) };
        let texts = links::Texts {
            title: now.value.title.clone(),
            branch: now.value.head_branch.clone(),
            body: now.value.body.clone(),
            messages,
            repo: repo.name.clone(),
        };
        let known = store::tickets::projects(tx).await?;
        let said = links::said(tx, &repo.id, pull.number).await?;
        Ok(Some(links::found(&texts, &known, said, now.at)))
    }
}

/// Facts before anything is known but what is judged.
pub(super) fn no_facts(repo: &Repository, asked: &Asked, errors: Vec<String>) -> Facts {
    Facts { errors, ..Facts::bare(&repo.name, &asked.branch, asked.head) }
}

/// When and by whom it landed, as the source says.
fn name_landing(facts: &mut Facts, pull: Option<&PullRequest>, people: &People) {
    let said = pull.and_then(|pull| pull.landed.as_ref()).map(|landed| &landed.value);
    if let (Some(landing), Some(said)) = (facts.landing.as_mut(), said) {
        landing.at = said.at.or(landing.at);
        landing.by = said.by.as_ref().map(|account| people.of_account(account));
    }
}

/// The proposal as a fact.
fn pull_facts(pull: &PullRequest, people: &People) -> Pull {
    let now = pull.now.as_ref().map(|now| &now.value);
    let opener = pull.opener.as_ref().map(|opener| &opener.value);
    let mut pushers: Vec<_> =
        pull.pushers().iter().map(|account| people.of_account(account)).collect();
    pushers.sort();
    pushers.dedup();
    let driver = |(how, account): &(Drove, Account)| Driver {
        person: people.of_account(account),
        how: *how,
    };
    let mut drivers: Vec<Driver> = pull.drivers.iter().map(driver).collect();
    drivers.sort();
    drivers.dedup();
    Pull {
        number: pull.number,
        title: now.map(|now| now.title.clone()).unwrap_or_default(),
        opener: opener.map(|account| people.of_account(account)),
        opener_is_bot: opener.is_some_and(|account| account.kind == AccountKind::Bot),
        pushers,
        pushed_by_unknown: pull.pushed_by_unknown(),
        drivers,
        labels: now.map(|now| now.labels.clone()).unwrap_or_default(),
        draft: now.is_some_and(|now| now.draft),
    }
}

/// The latest checks on a commit.
async fn checks(tx: &mut Tx, repo: &Repository, head: Oid) -> Result<Vec<Check>, AppError> {
    let fold: Option<Checks> =
        aggregates::get(tx, "checks", &format!("{}@{head}", repo.id)).await?;
    let mut checks: Vec<Check> = fold
        .iter()
        .flat_map(Checks::outcomes)
        .map(|(name, _, conclusion)| Check {
            name: name.to_owned(),
            conclusion: conclusion.map(str::to_owned),
        })
        .collect();
    checks.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(checks)
}

/// Says who wrote the commits: the source's own mapping first, then the organisation's (contract).
async fn name_commits(
    tx: &mut Tx,
    repo: &Repository,
    people: &People,
    mut commits: Vec<Commit>,
) -> Result<Vec<Commit>, AppError> {
    for commit in &mut commits {
        let said = store::accounts::of_commit(tx, &repo.id, &commit.id.to_string()).await?;
        commit.by_source = said.by_source;
        let named = |signature: &Signature, said: Option<&str>| {
            people.signature(&signature.name, &signature.email, said)
        };
        let same = commit.author.email == commit.committer.email;
        let committer = said.committer.or_else(|| said.author.clone().filter(|_| same));
        commit.author = named(&commit.author, said.author.as_deref());
        commit.committer = named(&commit.committer, committer.as_deref());
        for co_author in &mut commit.co_authors {
            *co_author = people.co_author(&co_author.name, &co_author.email);
        }
    }
    Ok(commits)
}
