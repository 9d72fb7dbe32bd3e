//! The ledger's key file, and the last signed checkpoint kept beside it: outside the database, so that a
//! restored old database is noticed (sem 11.9).

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::ledger::key::{SigningKey, VerifierKey};

/// Why the key or the head beside it cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// Others may read the secret.
    #[error(
        "the ledger's key file {path} may be read by others (mode {mode:04o}); run: chmod 600 {path}"
    )]
    Permissions {
        /// The file.
        path: String,
        /// Its mode.
        mode: u32,
    },
    /// It is no key.
    #[error("the ledger's key file {path}: {why}")]
    Key {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
    /// The disk says no.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
    },
}

fn file_error(path: &Path, error: &io::Error) -> KeyFileError {
    KeyFileError::File { path: path.display().to_string(), why: error.to_string() }
}

/// Reads the key, or makes one with mode 0600 where there is none.
pub(crate) fn open_or_make(path: &Path, origin: &str) -> Result<SigningKey, KeyFileError> {
    match open(path, origin)? {
        Some(key) => Ok(key),
        None => make(path, origin),
    }
}

/// Reads the key; `None`: there is no such file.
fn open(path: &Path, origin: &str) -> Result<Option<SigningKey>, KeyFileError> {
    match fs::read_to_string(path) {
        Ok(pem) => {
            check_mode(path)?;
            let key = SigningKey::from_pem(origin, &pem);
            key.map(Some).map_err(|error| KeyFileError::Key {
                path: path.display().to_string(),
                why: error.to_string(),
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_error(path, &error)),
    }
}

fn check_mode(path: &Path) -> Result<(), KeyFileError> {
    let metadata = fs::metadata(path).map_err(|error| file_error(path, &error))?;
    let mode = metadata.permissions().mode() & 0o7777;
    let others = mode & 0o077;
    if others == 0 {
        return Ok(());
    }
    Err(KeyFileError::Permissions { path: path.display().to_string(), mode })
}

fn make(path: &Path, origin: &str) -> Result<SigningKey, KeyFileError> {
    let key_error = |why: String| KeyFileError::Key { path: path.display().to_string(), why };
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).map_err(|error| key_error(error.to_string()))?;
    let key = SigningKey::from_seed(origin, &seed).map_err(|error| key_error(error.to_string()))?;
    let pem = key.to_pem().map_err(|error| key_error(error.to_string()))?;
    write_durably(path, pem.as_bytes())?;
    Ok(key)
}

/// Where a key that takes over is kept until the ledger says that it did.
#[must_use]
pub(crate) fn next_path(key: &Path) -> PathBuf {
    beside(key, ".next")
}

/// Where a key that was taken over from is kept, for its owner to destroy.
#[must_use]
pub(crate) fn former_path(key: &Path, former: &VerifierKey) -> PathBuf {
    beside(key, &format!(".{}.former", former.id_text()))
}

fn beside(key: &Path, suffix: &str) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The key that is to take over: one of an earlier try, or a new one, with mode 0600.
pub(crate) fn open_or_make_next(path: &Path, origin: &str) -> Result<SigningKey, KeyFileError> {
    open_or_make(&next_path(path), origin)
}

/// The key that the ledger's last rotation names: from its place, or from where it waited, from where it then takes its
/// place. `None`: neither is it. May be called again after it was broken off anywhere, and by two processes at once.
pub(crate) fn after_rotation(
    path: &Path,
    origin: &str,
    named: &VerifierKey,
) -> Result<Option<SigningKey>, KeyFileError> {
    let is_named = |key: &SigningKey| key.verifier() == named;
    let in_place = open(path, origin)?;
    if let Some(former) = in_place.as_ref().filter(|key| !is_named(key))
        && let Some(waiting) = open(&next_path(path), origin)?.filter(is_named)
    {
        take_over(path, former)?;
        return Ok(Some(waiting));
    }
    Ok(open(path, origin)?.filter(is_named))
}

/// The former key is kept under its id first; then the next one takes its place in one step.
fn take_over(path: &Path, former: &SigningKey) -> Result<(), KeyFileError> {
    let pem = former.to_pem().map_err(|error| KeyFileError::Key {
        path: path.display().to_string(),
        why: error.to_string(),
    })?;
    write_durably(&former_path(path, former.verifier()), pem.as_bytes())?;
    let moved = fs::rename(next_path(path), path).and_then(|()| sync_folder(path));
    match moved {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        moved => moved.map_err(|error| file_error(path, &error)),
    }
}

/// Where the last signed checkpoint is kept.
#[must_use]
pub(crate) fn head_path(key: &Path) -> PathBuf {
    beside(key, ".head")
}

/// The last signed checkpoint; `None`: none was signed with this key yet.
pub(crate) fn read_head(key: &Path) -> Result<Option<String>, KeyFileError> {
    let path = head_path(key);
    match fs::read_to_string(&path) {
        Ok(note) => Ok(Some(note)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file_error(&path, &error)),
    }
}

/// Keeps the last signed checkpoint.
pub(crate) fn write_head(key: &Path, note: &str) -> Result<(), KeyFileError> {
    write_durably(&head_path(key), note.as_bytes())
}

/// Writes a file so that it is there whole after a power cut, or not at all: temporary file, fsync, rename,
/// fsync of the folder (security 0.2). Only its owner may read it.
pub(super) fn write_durably(path: &Path, bytes: &[u8]) -> Result<(), KeyFileError> {
    let write = || -> io::Result<()> {
        let temporary = beside(path, ".new");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        sync_folder(path)
    };
    write().map_err(|error| file_error(path, &error))
}

/// A rename is there after a power cut only once its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}
