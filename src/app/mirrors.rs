//! Mirrors of the configured repositories: fetching as work after a commit, and reading on blocking threads.

use super::{Action, App, AppError, Caller, Command, Unit};
use crate::config;
use crate::domain::{Oid, RepoPath};
use crate::git::fetch::FetchSpec;
use crate::git::{self, GitError, Mirror};
use crate::policy::diagnostic::Diagnostic;
use crate::policy::file::{RepositoryFile, no_regular_file, read_repository};
use crate::policy::glob::Glob;
use crate::policy::layers::Layer;
use crate::store;
use crate::store::repositories::Repository;

/// Where a repository keeps its policy.
pub(crate) const POLICY_FILE: &str = ".countersign.yml";
/// Bytes above which a policy file is invalid (sem 6.5).
const POLICY_LIMIT: u64 = 256 * 1024;

impl From<GitError> for AppError {
    fn from(error: GitError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// A repository's policy as it was found at a commit.
#[derive(Debug, Clone)]
pub(crate) struct PolicyAt {
    /// The bytes; `None`: there is no such file.
    pub(crate) bytes: Option<Vec<u8>>,
    /// `sha256:` of them.
    pub(crate) digest: String,
    /// What the strict reader made of it.
    pub(crate) read: Option<Result<RepositoryFile, Vec<Diagnostic>>>,
    /// `main@4be1…`.
    pub(crate) base: String,
}

impl PolicyAt {
    /// As a layer.
    pub(crate) fn layer(&self) -> Layer<'_, RepositoryFile> {
        self.read.as_ref().map_or(Layer::Missing, |read| Layer::of(read, &self.digest))
    }

    /// Reads the file at the tip of a branch: never from a head, a merge ref or a fork (sem 6.2).
    pub(crate) fn read(repo: &git::Repo, branch: &str, tip: Oid) -> Result<Self, GitError> {
        let base = format!("{branch}@{}", tip.short());
        match repo.read_file_at(tip, &RepoPath::from(POLICY_FILE), POLICY_LIMIT) {
            Ok(None) => Ok(Self { bytes: None, digest: String::new(), read: None, base }),
            Ok(Some(bytes)) if bytes.first() == Some(&0) => {
                Ok(Self::of(&[b"\0", "a binary file".as_bytes()].concat(), base))
            }
            Ok(Some(bytes)) => Ok(Self::of(&bytes, base)),
            // A link, a folder, a file too large: there is a policy, and it is invalid.
            Err(error @ (GitError::Refused { .. } | GitError::OverLimit { .. })) => {
                Ok(Self::of(&[b"\0", error.to_string().as_bytes()].concat(), base))
            }
            Err(error) => Err(error),
        }
    }

    /// From the bytes that are kept with a decision: the file's, or why it is none.
    fn of(bytes: &[u8], base: String) -> Self {
        Self {
            digest: crate::domain::id::sha256(bytes),
            read: Some(read_kept(bytes)),
            bytes: Some(bytes.to_vec()),
            base,
        }
    }
}

/// What the strict reader makes of a repository's policy as it is kept with decisions. A NUL at the beginning, which no
/// policy begins with, says that it was no regular file, and why.
pub(crate) fn read_kept(bytes: &[u8]) -> Result<RepositoryFile, Vec<Diagnostic>> {
    match bytes {
        [0, why @ ..] => Err(no_regular_file(POLICY_FILE, &String::from_utf8_lossy(why))),
        bytes => read_repository(POLICY_FILE, bytes),
    }
}

struct SetFetched {
    repo: String,
    error: Option<String>,
}

impl Command for SetFetched {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let now = unit.now().micros();
        store::repositories::set_fetched(unit.tx(), &self.repo, now, self.error.as_deref()).await?;
        if self.error.is_none() {
            unit.moved(&self.repo);
            unit.enqueue("landings", &self.repo, now);
        }
        Ok(())
    }
}

impl App {
    /// The configuration of a repository, if it has a mirror.
    pub(crate) fn repository_config(&self, repo: &Repository) -> Option<&config::Repository> {
        self.config().repositories.iter().find(|one| {
            one.source == repo.source
                && super::project::repository_id(&one.source, &one.name) == repo.id
        })
    }

    /// The default branch of a repository.
    pub(crate) fn default_branch(&self, repo: &Repository) -> String {
        self.repository_config(repo)
            .map(|config| config.default_branch.clone())
            .or_else(|| repo.default_branch.clone())
            .unwrap_or_else(|| "main".to_owned())
    }

    /// Whether a branch is protected here.
    pub(crate) fn is_protected(&self, repo: &Repository, branch: &str) -> bool {
        let patterns = self.repository_config(repo).map(|config| &config.protected_branches);
        patterns
            .into_iter()
            .flatten()
            .any(|pattern| Glob::parse(pattern).is_ok_and(|glob| glob.matches_text(branch)))
    }

    /// Runs a part that reads a repository's mirror on a blocking thread.
    pub(crate) async fn in_mirror<T, F>(&self, repo: &Repository, part: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&git::Repo) -> Result<T, GitError> + Send + 'static,
    {
        self.with_mirror(repo, move |mirror| part(mirror.repo())).await
    }

    /// The same for a part that also keeps what it judged by refs of our own.
    pub(crate) async fn with_mirror<T, F>(&self, repo: &Repository, part: F) -> Result<T, AppError>
    where
        T: Send + 'static,
        F: FnOnce(&Mirror) -> Result<T, GitError> + Send + 'static,
    {
        let folder = self.config().git.mirror_dir.join(&repo.id);
        let done = tokio::task::spawn_blocking(move || part(&Mirror::open_or_init(&folder)?)).await;
        match done {
            Ok(done) => Ok(done?),
            Err(panic) => Err(AppError::internal("reading a mirror failed", &panic)),
        }
    }

    /// Keeps commits by refs of our own, so that a force push cannot take away what was judged (sem 8). One that is not
    /// there is passed over: there is nothing to keep.
    pub(crate) async fn keep_commits(
        &self,
        repo: &Repository,
        commits: Vec<Oid>,
    ) -> Result<(), AppError> {
        let folder = self.config().git.mirror_dir.join(&repo.id);
        let done = tokio::task::spawn_blocking(move || {
            let mirror = Mirror::open_or_init(&folder)?;
            let mut there = commits.into_iter().filter(|commit| mirror.repo().contains(*commit));
            there.try_for_each(|commit| mirror.keep(commit))
        });
        Ok(done.await.map_err(|panic| AppError::internal("keeping commits failed", &panic))??)
    }

    /// Fetches a repository's mirror and asks for the work that follows.
    pub async fn fetch(&self, caller: &Caller, repo: &str) -> Result<(), AppError> {
        caller.may(Action::Administer, None)?;
        let repo = self.repository(repo).await?;
        self.fetch_mirror(&repo).await
    }

    /// The same as work of our own.
    pub(crate) async fn fetch_mirror(&self, repo: &Repository) -> Result<(), AppError> {
        let Some(config) = self.repository_config(repo) else { return Ok(()) };
        let spec = self.fetch_spec(config)?;
        let folder = self.config().git.mirror_dir.join(&repo.id);
        let turn = self.fetch_turn(&repo.id);
        let _turn = turn.lock().await;
        let done = tokio::task::spawn_blocking(move || Mirror::open_or_init(&folder)?.fetch(&spec))
            .await
            .map_err(|panic| AppError::internal("fetching a mirror failed", &panic))?;
        let error = done.as_ref().err().map(ToString::to_string);
        let name = &repo.name;
        self.writer().submit(SetFetched { repo: repo.id.clone(), error }).await?;
        done.map_err(|error| AppError::Unavailable(format!("{name}: {error}")))
    }

    fn fetch_spec(&self, config: &config::Repository) -> Result<FetchSpec, AppError> {
        let git = &self.config().git;
        let token = self
            .config()
            .source(&config.source)
            .and_then(|source| source.credentials.token())
            .map(crate::config::SecretSource::resolve)
            .transpose()
            .map_err(|error| AppError::Unavailable(format!("{}: {error}", config.source)))?;
        if config.clone_url.starts_with("file:") && !git.allow_file_urls {
            return Err(AppError::Invalid(format!(
                "{}: file:// addresses are switched off (git.allow_file_urls)",
                config.name
            )));
        }
        Ok(FetchSpec {
            token: token.map(|token| token.expose().to_owned()),
            git_binary: git.git_binary.clone(),
            timeout: git.timeout,
            max_bytes: git.max_fetch_bytes,
            ca_file: git.ca_file.clone(),
            ..FetchSpec::new(config.clone_url.as_str())
        })
    }
}
