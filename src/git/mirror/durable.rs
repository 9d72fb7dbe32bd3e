//! What libgit2 writes reaches the disk when the system likes, and after a power cut a ref may name what is not there. So
//! new packs are flushed before refs name them, and a new mirror before it is used. (The `git` program does it itself.)
//!
//! What cannot be flushed is not an error of a fetch: a mirror is a copy, and its disk says so elsewhere.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

fn folder(mirror: &Path) -> PathBuf {
    mirror.join("objects/pack")
}

fn files(folder: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

/// The packs that are there, with their indexes.
pub(super) fn packs(mirror: &Path) -> BTreeSet<PathBuf> {
    files(&folder(mirror)).collect()
}

/// Flushes the packs that came since.
pub(super) fn flush_packs(mirror: &Path, before: &BTreeSet<PathBuf>) {
    let new: Vec<PathBuf> = packs(mirror).difference(before).cloned().collect();
    if !new.is_empty() {
        for file in &new {
            flush(file);
        }
        flush(&folder(mirror));
    }
}

/// Flushes a new mirror: a dozen small files, the folders, and the one that it was made in.
pub(super) fn flush_all(mirror: &Path) {
    flush_tree(mirror);
    if let Some(parent) = mirror.parent() {
        flush(parent);
    }
}

fn flush_tree(at: &Path) {
    for entry in files(at) {
        if entry.is_dir() { flush_tree(&entry) } else { flush(&entry) }
    }
    flush(at);
}

/// Removes refs that a power cut left without a word: nobody can read one, and nothing could be fetched for it. The fetch
/// brings it back; a commit that was kept stays without its ref, because nothing here ever collects what no ref names.
pub(super) fn forget_torn_refs(mirror: &Path) {
    forget_torn(&mirror.join("refs"));
}

fn forget_torn(at: &Path) {
    for entry in files(at) {
        match std::fs::symlink_metadata(&entry) {
            Ok(found) if found.is_dir() => forget_torn(&entry),
            Ok(found) if found.is_file() && found.len() == 0 => {
                tracing::warn!(at = %entry.display(), "an empty ref of a mirror is removed");
                let _ = std::fs::remove_file(&entry);
            }
            _ => {}
        }
    }
}

fn flush(at: &Path) {
    if let Err(error) = File::open(at).and_then(|file| file.sync_all()) {
        tracing::warn!(%error, at = %at.display(), "a part of a mirror could not be flushed to the disk");
    }
}
