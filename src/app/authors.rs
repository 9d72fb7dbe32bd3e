//! Asks the source who wrote the commits of a pull request: its own mapping comes before any address (contract).
//! Without a token for its API nothing is asked, and the addresses and pushes have to do.

use serde::{Deserialize, Serialize};

use super::rebuild::Fields;
use super::{App, AppError, Command, Unit, fields};
use crate::config::SourceKind;
use crate::domain::Account;
use crate::domain::event::RepoRef;
use crate::integrations::github::client::{GitHub, PullCommit, http_client};
use crate::store::accounts::{self, CommitAccounts};
use crate::store::{self, aggregates};

/// What is kept under, by pull request: the digest of what was last said.
const KIND: &str = "authors";

/// A commit with who wrote and who committed it, by the source's own mapping.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapped {
    sha: String,
    author: Option<Account>,
    committer: Option<Account>,
    /// The source made it itself for its author.
    by_source: bool,
}

pub(super) struct KeepAuthors {
    repo: String,
    source: String,
    key: String,
    commits: Vec<Mapped>,
}

impl KeepAuthors {
    /// As its entry and what that binds tell it.
    pub(super) fn of_entry(entry: &Fields<'_>, commits: Vec<Mapped>) -> Result<Self, AppError> {
        let (repo, source) = (entry.get("repo")?, entry.get("source")?);
        Ok(Self { repo, source, key: entry.get("key")?, commits })
    }

    async fn put(&self, unit: &mut Unit) -> Result<(), AppError> {
        for commit in &self.commits {
            for account in [&commit.author, &commit.committer].into_iter().flatten() {
                accounts::put(unit.tx(), &self.source, account).await?;
            }
            let id = |account: &Option<Account>| account.as_ref().map(|account| account.id.clone());
            let said = CommitAccounts {
                author: id(&commit.author),
                committer: id(&commit.committer),
                by_source: commit.by_source,
            };
            accounts::put_commit(unit.tx(), &self.repo, &commit.sha, &said).await?;
        }
        Ok(())
    }
}

impl Command for KeepAuthors {
    type Out = ();

    /// What says the same as last time is no news.
    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let known: Option<String> = aggregates::get(unit.tx(), KIND, &self.key).await?;
        let kept = unit.keep_evidence(&self.commits).await?;
        if known.as_ref() != Some(&kept) {
            aggregates::put(unit.tx(), KIND, &self.key, &kept).await?;
            let body = serde_json::json!({
                "repo": self.repo, "source": self.source, "key": self.key, "commits": self.commits.len(), "kept": kept,
            });
            unit.record("commits.mapped", fields(body))?;
            self.put(unit).await?;
        }
        unit.moved(&self.repo);
        let now = unit.now().micros();
        unit.enqueue("change", &self.key, now);
        Ok(())
    }
}

impl App {
    /// The work that follows when a pull request has a new head.
    pub(crate) async fn refresh_authors(&self, key: &str) -> Result<(), AppError> {
        let Some((repo, number)) = key.rsplit_once('#') else { return Ok(()) };
        let Ok(number) = number.parse() else { return Ok(()) };
        let mut tx = self.db().read().await?;
        let repo = store::repositories::by_id(&mut tx, repo).await?;
        drop(tx);
        let Some(repo) = repo else { return Ok(()) };
        let Some(github) = self.github(&repo.source)? else { return Ok(()) };
        let named = RepoRef {
            id: repo.external_id.clone().unwrap_or_default(),
            name: repo.name.clone(),
            default_branch: None,
        };
        let commits = github.pull_commits(&named, number).await.map_err(|error| {
            AppError::Unavailable(format!("{}#{number}: its authors: {error}", repo.name))
        })?;
        let mapped = |commit: PullCommit| Mapped {
            sha: commit.sha.to_string(),
            author: commit.author,
            committer: commit.committer,
            by_source: commit.by_source,
        };
        let keep = KeepAuthors {
            repo: repo.id,
            source: repo.source,
            key: key.to_owned(),
            commits: commits.commits.into_iter().map(mapped).collect(),
        };
        self.writer().submit(keep).await
    }

    /// The API of a source, where we may ask it.
    pub(super) fn github(&self, source: &str) -> Result<Option<GitHub>, AppError> {
        let Some(source) = self.config().source(source) else { return Ok(None) };
        let token = source.credentials.token();
        let (SourceKind::Github, Some(token)) = (source.kind, token) else { return Ok(None) };
        let token = token
            .resolve()
            .map_err(|error| AppError::Unavailable(format!("{}: {error}", source.id)))?;
        let api = source.api_url.as_deref().unwrap_or("https://api.github.com");
        let unavailable = |error| AppError::Unavailable(format!("{}: {error}", source.id));
        let http = http_client().map_err(unavailable)?;
        GitHub::connect(api, token.expose(), http).map(Some).map_err(unavailable)
    }
}
