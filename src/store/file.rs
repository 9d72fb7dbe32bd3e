//! The file of an embedded database, and whether it is still the one that was opened. A process goes on writing into a
//! file that somebody moved, deleted or replaced, and what it writes is found by nobody afterwards.

use std::path::{Path, PathBuf};

use super::StoreError;

/// A database file as it was when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseFile {
    path: PathBuf,
    identity: Option<Identity>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    number: u64,
}

impl DatabaseFile {
    /// The file that stands at a path now.
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), identity: identity(path) }
    }

    /// Whether it and its log are still where they were. One look at the folder: some microseconds.
    pub(super) fn is_in_place(&self) -> Result<(), StoreError> {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        if identity(&self.path) == self.identity && Path::new(&log).exists() {
            return Ok(());
        }
        Err(StoreError::Moved(self.path.display().to_string()))
    }
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let found = std::fs::metadata(path).ok()?;
    Some(Identity { device: found.dev(), number: found.ino() })
}

/// Elsewhere an open file can neither be moved nor deleted.
#[cfg(not(unix))]
fn identity(path: &Path) -> Option<Identity> {
    std::fs::metadata(path).ok().map(|_| Identity { device: 0, number: 0 })
}
