//! What can go wrong with a repository, each as a sentence that names the thing and what to do.

use crate::domain::Oid;

/// What to do about a repository whose format is not read.
const OTHER_FORMAT: &str =
    "have what is to be judged in a repository with SHA-1 ids (`git init --object-format=sha1`)";

/// Why git could not answer. None of these may be read as "nothing found" (sem 11.2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// There is no repository at this place.
    #[error("{path}: no git repository that can be read ({why})")]
    NotARepository {
        /// The place.
        path: String,
        /// What git said.
        why: String,
    },
    /// Another object format than SHA-1: libgit2 reads it in an experimental build only, which this is not.
    #[error("{what}: its object ids are SHA-256, which this version does not read: {OTHER_FORMAT}")]
    ObjectFormat {
        /// The repository or the id.
        what: String,
    },
    /// An object that is needed is not there: fetch, then ask again (sem 1).
    #[error("object {0} is not in the repository; fetch it and ask again")]
    Missing(String),
    /// An object has the wrong shape or type.
    #[error("object {id} cannot be read as a {wanted}: {why}")]
    Broken {
        /// Its id.
        id: String,
        /// What it should have been.
        wanted: &'static str,
        /// What is wrong.
        why: String,
    },
    /// No branch or ref of this name.
    #[error("there is no ref `{0}`")]
    NoSuchRef(String),
    /// A revision that names nothing.
    #[error("`{0}` names no commit here")]
    NoSuchRevision(String),
    /// A file that is not read, whatever it says: a link, a directory, too large (sem 6.5).
    #[error("{path}: {why}")]
    Refused {
        /// The path in the tree.
        path: String,
        /// Why.
        why: String,
    },
    /// More than a limit allows.
    #[error("{what} is over the limit of {limit}")]
    OverLimit {
        /// What was counted.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// An address that is not fetched.
    #[error("`{url}` is not fetched: {why}")]
    BadUrl {
        /// The address, without credentials.
        url: String,
        /// Why.
        why: String,
    },
    /// The other side could not be reached or did not answer as a repository.
    #[error("`{url}` could not be fetched: {why}")]
    Unreachable {
        /// The address.
        url: String,
        /// What was said.
        why: String,
    },
    /// It took too long and was stopped.
    #[error("`{url}` was not fetched within {seconds} s; the fetch was stopped")]
    TimedOut {
        /// The address.
        url: String,
        /// The limit in seconds.
        seconds: u64,
    },
    /// The `git` program is missing or too old.
    #[error("{0}")]
    Program(String),
    /// Anything else that git says.
    #[error("git: {0}")]
    Other(String),
}

impl GitError {
    /// From git2, about an object or in general.
    pub(super) fn from_git(error: &git2::Error) -> Self {
        Self::Other(error.message().to_owned())
    }

    /// About an id that is no SHA-1.
    pub fn sha_256(oid: Oid) -> Self {
        Self::ObjectFormat { what: oid.short() }
    }

    /// From git2 while opening a repository or talking to one, if it is the format that is wrong.
    pub(super) fn about_format(what: &str, error: &git2::Error) -> Option<Self> {
        let words = ["object format", "object-format", "oid type", "sha256"];
        let said = error.message().to_lowercase();
        let fits = words.iter().any(|word| said.contains(word));
        fits.then(|| Self::ObjectFormat { what: what.to_owned() })
    }

    /// From git2, while looking for this object.
    pub(super) fn about(id: git2::Oid, error: &git2::Error) -> Self {
        match error.code() {
            git2::ErrorCode::NotFound => Self::Missing(id.to_string()),
            _ => Self::Broken {
                id: id.to_string(),
                wanted: "git object",
                why: error.message().to_owned(),
            },
        }
    }

    /// The object that is missing, if that is what is wrong.
    #[must_use]
    pub fn missing(&self) -> Option<&str> {
        match self {
            Self::Missing(id) => Some(id),
            _ => None,
        }
    }
}

impl From<git2::Error> for GitError {
    fn from(error: git2::Error) -> Self {
        Self::from_git(&error)
    }
}

/// Our id as git2's. SHA-256 ids are not read by this build.
pub(super) fn to_git(oid: Oid) -> Result<git2::Oid, GitError> {
    git2::Oid::from_bytes(oid.as_bytes()).map_err(|_| GitError::sha_256(oid))
}

/// git2's id as ours.
pub(super) fn from_git(oid: git2::Oid) -> Result<Oid, GitError> {
    Oid::from_bytes(oid.as_bytes())
        .ok_or_else(|| GitError::Other(format!("{oid} has an unexpected length")))
}

/// Many of git2's ids as ours.
pub(super) fn all_from_git(ids: impl IntoIterator<Item = git2::Oid>) -> Result<Vec<Oid>, GitError> {
    ids.into_iter().map(from_git).collect()
}
