//! A bare mirror: opened, fetched into, and kept.
//!
//! `file://` is read in this process through libgit2. `https://` is fetched by the `git` program, hardened and
//! stopped at a timeout (see [`super::fetch`]): our libgit2 is built without TLS, because a second TLS stack
//! beside rustls would be one more thing to patch, and the program fixes hostile-server bugs first. What a
//! fetch has received was hashed while it was stored, so reading does not hash it again.

use std::path::{Path, PathBuf};
use std::sync::Once;

use git2::{AutotagOption, Direction, RemoteUpdateFlags, Repository, RepositoryInitOptions};

use crate::domain::Oid;

use super::error::{GitError, to_git};
use super::fetch::{FetchSpec, Transport};
use super::repo::{Repo, not_a_repository};

static READ_WITHOUT_HASHING: Once = Once::new();

/// A bare repository of ours that follows one elsewhere. No alternates, hooks, checkout or submodules.
///
/// Open one per job: the trees that proofs merge stay in the handle's memory until it is dropped.
#[derive(Debug)]
pub struct Mirror {
    repo: Repo,
    dir: PathBuf,
}

impl Mirror {
    /// Opens the mirror in `dir`, or makes an empty one.
    pub fn open_or_init(dir: &Path) -> Result<Self, GitError> {
        READ_WITHOUT_HASHING.call_once(|| git2::opts::strict_hash_verification(false));
        let git = if dir.join("HEAD").exists() {
            Repository::open_bare(dir)
        } else {
            let mut options = RepositoryInitOptions::new();
            options
                .bare(true)
                .mkdir(true)
                .mkpath(true)
                .external_template(false)
                .initial_head("main");
            Repository::init_opts(dir, &options).inspect(|_| durable::flush_all(dir))
        };
        let git = git.map_err(|error| not_a_repository(dir, &error))?;
        if dir.join("objects/info/alternates").exists() {
            let why = "it borrows objects from another repository (objects/info/alternates); make a new mirror";
            return Err(GitError::NotARepository {
                path: dir.display().to_string(),
                why: why.to_owned(),
            });
        }
        Ok(Self { repo: Repo::of(git)?, dir: dir.to_owned() })
    }

    /// The repository, for reading.
    #[must_use]
    pub fn repo(&self) -> &Repo {
        &self.repo
    }

    /// Brings branches and proposal heads up to date, and removes what the source removed. What we judged
    /// before stays, by [`Mirror::keep`].
    pub fn fetch(&self, spec: &FetchSpec) -> Result<(), GitError> {
        durable::forget_torn_refs(&self.dir);
        match spec.transport()? {
            Transport::Local => self.fetch_local(spec)?,
            Transport::Https => super::fetch::by_program(&self.dir, spec)?,
        }
        self.repo.git.odb()?.refresh()?;
        let refs = self.repo.git.references()?.count() as u64;
        if refs > spec.max_refs {
            return Err(GitError::OverLimit {
                what: format!("the number of refs of `{}`", spec.url),
                limit: spec.max_refs,
            });
        }
        self.has_a_branch(spec)
    }

    /// A page of a proxy, read as a list of refs, is a list of none: that is no repository, not one without branches.
    fn has_a_branch(&self, spec: &FetchSpec) -> Result<(), GitError> {
        if self.repo.git.references_glob("refs/heads/*")?.next().is_some() {
            return Ok(());
        }
        Err(GitError::Unreachable {
            url: spec.url.clone(),
            why: "it announced no branch: check that it is a git repository and that somebody pushed to it; the branches of the mirror come back with the next fetch".to_owned(),
        })
    }

    fn fetch_local(&self, spec: &FetchSpec) -> Result<(), GitError> {
        let unreachable = |error: &git2::Error| {
            let why = error.message().to_owned();
            GitError::about_format(&format!("`{}`", spec.url), error)
                .unwrap_or_else(|| GitError::Unreachable { url: spec.url.clone(), why })
        };
        let mut remote =
            self.repo.git.remote_anonymous(&spec.url).map_err(|error| unreachable(&error))?;
        // Pruned before refs are written: a branch `a/b` can only be made where a removed `a` no longer is.
        let fetched = (|| {
            remote.connect(Direction::Fetch)?;
            let before = durable::packs(&self.dir);
            remote.download(&spec.refspecs, None)?;
            // What refs are to name is on the disk before they do: a mirror whose refs are there fetches nothing anew.
            durable::flush_packs(&self.dir, &before);
            remote.prune(None)?;
            remote.update_tips(None, RemoteUpdateFlags::empty(), AutotagOption::None, None)?;
            remote.disconnect()
        })();
        fetched.map_err(|error| unreachable(&error))
    }

    /// Keeps a commit by a ref of our own, so that a force push cannot take away what was judged (sem 8).
    pub fn keep(&self, oid: Oid) -> Result<(), GitError> {
        let commit = to_git(oid)?;
        self.repo.commit(commit)?;
        let name = format!("refs/countersign/keep/{oid}");
        if self.repo.git.find_reference(&name).is_err() {
            self.repo.git.reference(&name, commit, true, "kept")?;
        }
        Ok(())
    }

    /// The tip of a branch by full name (`refs/heads/main`).
    pub fn resolve_branch(&self, full_name: &str) -> Result<Oid, GitError> {
        self.repo.resolve_ref(full_name)
    }
}

mod durable;
#[cfg(test)]
mod tests;
