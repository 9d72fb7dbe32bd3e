//! Asks the source who wrote the commits of a pull request: its own mapping comes before any address (contract).
//! Without a token for its API nothing is asked, and the addresses and pushes have to do.

use super::{App, AppError, Command, Unit};
use crate::config::SourceKind;
use crate::domain::Account;
use crate::domain::event::RepoRef;
use crate::integrations::github::client::{GitHub, PullCommits, http_client};
use crate::store::accounts::{self, CommitAccounts};
use crate::store::repositories::Repository;
use crate::store::{self};

struct KeepAuthors {
    repo: Repository,
    key: String,
    commits: PullCommits,
}

impl Command for KeepAuthors {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        for commit in &self.commits.commits {
            for account in [&commit.author, &commit.committer].into_iter().flatten() {
                accounts::put(unit.tx(), &self.repo.source, account).await?;
            }
            let id = |account: &Option<Account>| account.as_ref().map(|account| account.id.clone());
            let said = CommitAccounts {
                author: id(&commit.author),
                committer: id(&commit.committer),
                by_source: commit.by_source,
            };
            let sha = commit.sha.to_string();
            accounts::put_commit(unit.tx(), &self.repo.id, &sha, &said).await?;
        }
        unit.moved(&self.repo.id);
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
        let keep = KeepAuthors { repo, key: key.to_owned(), commits };
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
