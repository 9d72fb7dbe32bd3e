//! A repository that is only read: branches by full name, objects by id, files under a cap.

use std::fmt;
use std::path::Path;

use git2::{ObjectType, Repository, Sort};

use crate::domain::{Oid, RepoPath};
use crate::policy::glob::Glob;

use super::commit::RawCommit;
use super::error::{GitError, from_git, to_git};

/// An open repository. What proofs write (automatic merges) stays in memory and is never stored.
pub struct Repo {
    pub(super) git: Repository,
}

impl fmt::Debug for Repo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repo").field("path", &self.git.path()).finish()
    }
}

impl Repo {
    /// Opens a repository, bare or with a work tree, at exactly this place or its `.git`.
    pub fn open(path: &Path) -> Result<Self, GitError> {
        Repository::open(path).map_err(|error| not_a_repository(path, &error)).and_then(Self::of)
    }

    /// Turns git's own cache of objects off, for this whole process: a walk over a history reads each commit once,
    /// and the trees that are read again have their own small cache.
    pub fn keep_no_cache() {
        git2::opts::enable_caching(false);
        git2::opts::strict_hash_verification(false);
    }

    /// Opens the repository that this place lies in, as the `git` program does.
    pub fn discover(path: &Path) -> Result<Self, GitError> {
        Repository::discover(path)
            .map_err(|error| not_a_repository(path, &error))
            .and_then(Self::of)
    }

    pub(super) fn of(git: Repository) -> Result<Self, GitError> {
        {
            let odb = git.odb()?;
            odb.add_new_mempack_backend(1000)?;
        }
        Ok(Self { git })
    }

    /// Its history was cut (`git clone --depth`): what lies before the cut is unknown.
    #[must_use]
    pub fn is_shallow(&self) -> bool {
        self.git.is_shallow()
    }

    /// The commit a ref points to, by its full name (`refs/heads/main`): short names could mean two things (sem 11.1).
    pub fn resolve_ref(&self, full_name: &str) -> Result<Oid, GitError> {
        let missing = || GitError::NoSuchRef(full_name.to_owned());
        if !full_name.starts_with("refs/") {
            return Err(missing());
        }
        let reference = self.git.find_reference(full_name).map_err(|_| missing())?;
        let commit = reference.peel_to_commit().map_err(|_| missing())?;
        from_git(commit.id())
    }

    /// The commit that a revision means (`v1.2`, `main~3`, a hash). For arguments of people only.
    pub fn revision(&self, text: &str) -> Result<Oid, GitError> {
        self.git
            .revparse_single(text)
            .and_then(|object| object.peel_to_commit())
            .map_err(|_| GitError::NoSuchRevision(text.chars().take(80).collect()))
            .and_then(|commit| from_git(commit.id()))
    }

    /// Full name of the branch that stands for the project: where `origin/HEAD` points, else `HEAD`, else the
    /// only one of `main` and `master`. `None`: there is no commit on any of them.
    #[must_use]
    pub fn default_branch(&self) -> Option<String> {
        let symbolic = |name: &str| {
            let reference = self.git.find_reference(name).ok()?;
            let target = reference.symbolic_target().ok().flatten()?.to_owned();
            self.resolve_ref(&target).ok().map(|_| target)
        };
        symbolic("refs/remotes/origin/HEAD").or_else(|| symbolic("HEAD")).or_else(|| {
            let there = ["refs/heads/main", "refs/heads/master"];
            there.into_iter().find(|name| self.resolve_ref(name).is_ok()).map(str::to_owned)
        })
    }

    /// The commit that `HEAD` means, if there is one.
    #[must_use]
    pub fn head(&self) -> Option<Oid> {
        self.git.head().ok()?.peel_to_commit().ok().and_then(|commit| from_git(commit.id()).ok())
    }

    /// Whether this object is here.
    #[must_use]
    pub fn contains(&self, oid: Oid) -> bool {
        to_git(oid).is_ok_and(|oid| self.git.odb().is_ok_and(|odb| odb.exists(oid)))
    }

    /// Whether `ancestor` is reachable from `commit` (a commit is reachable from itself).
    pub fn reaches(&self, commit: Oid, ancestor: Oid) -> Result<bool, GitError> {
        self.reaches_git(to_git(commit)?, to_git(ancestor)?)
    }

    pub(super) fn reaches_git(
        &self,
        commit: git2::Oid,
        ancestor: git2::Oid,
    ) -> Result<bool, GitError> {
        self.commit(commit)?;
        self.commit(ancestor)?;
        if commit == ancestor {
            return Ok(true);
        }
        self.git
            .graph_descendant_of(commit, ancestor)
            .map_err(|error| GitError::about(commit, &error))
    }

    /// The first branch (by name) that matches one of the globs (`main`, `release/*`) and from which the commit
    /// is reachable.
    pub fn is_reachable_from_protected(
        &self,
        oid: Oid,
        branches: &[Glob],
    ) -> Result<Option<String>, GitError> {
        let wanted = to_git(oid)?;
        self.commit(wanted)?;
        let mut found: Vec<String> = Vec::new();
        for reference in self.git.references_glob("refs/heads/*")? {
            let reference = reference?;
            let (Ok(name), Ok(tip)) = (reference.name(), reference.peel_to_commit()) else {
                continue;
            };
            let short = name.strip_prefix("refs/heads/").unwrap_or(name);
            if branches.iter().any(|glob| glob.matches_text(short))
                && self.reaches_git(tip.id(), wanted)?
            {
                found.push(name.to_owned());
            }
        }
        found.sort();
        Ok(found.into_iter().next())
    }

    /// The bytes of a file at a commit; `None`: no such path. A link, a directory, a submodule and a file over
    /// `cap` bytes are refused (sem 6.5): what a policy file is must be plain.
    pub fn read_file_at(
        &self,
        commit: Oid,
        path: &RepoPath,
        cap: u64,
    ) -> Result<Option<Vec<u8>>, GitError> {
        self.read_file_in(self.commit(to_git(commit)?)?.tree, path, cap)
    }

    /// The same in a tree.
    pub(super) fn read_file_in(
        &self,
        tree: git2::Oid,
        path: &RepoPath,
        cap: u64,
    ) -> Result<Option<Vec<u8>>, GitError> {
        let refused = |why: &str| GitError::Refused { path: path.to_string(), why: why.to_owned() };
        let mut at = tree;
        let mut segments = path.as_bytes().split(|byte| *byte == b'/').peekable();
        while let Some(segment) = segments.next() {
            let tree = self.git.find_tree(at).map_err(|error| GitError::about(at, &error))?;
            let Some(entry) = tree.iter().find(|entry| entry.name_bytes() == segment) else {
                return Ok(None);
            };
            at = entry.id();
            let last = segments.peek().is_none();
            match (entry.filemode(), last) {
                (0o040_000, false) => {}
                (0o100_644 | 0o100_664 | 0o100_755, true) => {
                    return self.blob_git(at, cap, path).map(Some);
                }
                (0o120_000, _) => return Err(refused("a symbolic link, which is not followed")),
                (0o160_000, _) => return Err(refused("a submodule, which is not read")),
                (_, true) => return Err(refused("a directory, not a file")),
                (_, false) => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The files at a commit that are wanted, in order of path, at most so many. What a path's bytes are, a link or a
    /// file, is told when it is read.
    pub fn files_at(
        &self,
        commit: Oid,
        most: usize,
        wanted: impl Fn(&RepoPath) -> bool,
    ) -> Result<Vec<RepoPath>, GitError> {
        let tree = self.commit(to_git(commit)?)?.tree;
        let tree = self.git.find_tree(tree).map_err(|error| GitError::about(tree, &error))?;
        let mut found = Vec::new();
        let walked = tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            if entry.kind() == Some(ObjectType::Blob) {
                let path = RepoPath::new([folder.as_bytes(), entry.name_bytes()].concat());
                if wanted(&path) {
                    found.push(path);
                }
            }
            if found.len() < most { git2::TreeWalkResult::Ok } else { git2::TreeWalkResult::Abort }
        });
        match walked {
            Err(error) if found.len() < most => Err(error.into()),
            _ => Ok(found),
        }
    }

    /// The bytes of a blob, at most `cap` of them.
    pub fn blob(&self, oid: Oid, cap: u64) -> Result<Vec<u8>, GitError> {
        self.blob_git(to_git(oid)?, cap, &RepoPath::from(oid.to_string().as_str()))
    }

    fn blob_git(&self, oid: git2::Oid, cap: u64, path: &RepoPath) -> Result<Vec<u8>, GitError> {
        let odb = self.git.odb()?;
        let (size, kind) = odb.read_header(oid).map_err(|error| GitError::about(oid, &error))?;
        if kind != ObjectType::Blob {
            return Err(GitError::Broken {
                id: oid.to_string(),
                wanted: "blob",
                why: format!("it is a {kind}"),
            });
        }
        if size as u64 > cap {
            return Err(GitError::OverLimit { what: format!("{path} ({size} bytes)"), limit: cap });
        }
        odb.read(oid)
            .map(|object| object.data().to_vec())
            .map_err(|error| GitError::about(oid, &error))
    }

    /// The commit of this id.
    pub fn read_commit(&self, oid: Oid) -> Result<RawCommit, GitError> {
        self.commit(to_git(oid)?)
    }

    pub(super) fn commit(&self, oid: git2::Oid) -> Result<RawCommit, GitError> {
        read_commit(&self.git.odb()?, oid)
    }

    pub(super) fn tree(&self, oid: git2::Oid) -> Result<git2::Tree<'_>, GitError> {
        self.git.find_tree(oid).map_err(|error| GitError::about(oid, &error))
    }

    /// Commits reachable from `from` and from none of `hidden`, over the whole graph, children before parents.
    pub(super) fn walk(
        &self,
        from: git2::Oid,
        hidden: &[git2::Oid],
    ) -> Result<Vec<git2::Oid>, GitError> {
        let mut walk = self.git.revwalk()?;
        walk.set_sorting(Sort::TOPOLOGICAL)?;
        walk.push(from).map_err(|error| GitError::about(from, &error))?;
        for oid in hidden {
            walk.hide(*oid).map_err(|error| GitError::about(*oid, &error))?;
        }
        walk.map(|step| step.map_err(|error| walk_error(&error))).collect()
    }
}

/// A walk that stops early has met a commit that is not there: never "no more commits".
fn walk_error(error: &git2::Error) -> GitError {
    match error.code() {
        git2::ErrorCode::NotFound => GitError::Missing(error.message().to_owned()),
        _ => GitError::from_git(error),
    }
}

pub(super) fn read_commit(odb: &git2::Odb<'_>, oid: git2::Oid) -> Result<RawCommit, GitError> {
    let object = odb.read(oid).map_err(|error| GitError::about(oid, &error))?;
    if object.kind() != ObjectType::Commit {
        let why = format!("it is a {}", object.kind());
        return Err(GitError::Broken { id: oid.to_string(), wanted: "commit", why });
    }
    RawCommit::parse(oid, object.data())
}

pub(super) fn not_a_repository(path: &Path, error: &git2::Error) -> GitError {
    if let Some(format) = GitError::about_format(&path.display().to_string(), error) {
        return format;
    }
    let why = match error.code() {
        git2::ErrorCode::Owner => {
            "it belongs to another user; run this as that user, or add it to git's `safe.directory`"
                .to_owned()
        }
        _ => error.message().to_owned(),
    };
    GitError::NotARepository { path: path.display().to_string(), why }
}
