//! The limits of a whole change: `max` (sem 2.1). Over a limit it is significant.

use std::collections::BTreeSet;

use crate::domain::file::Kind;
use crate::domain::{FileChange, RepoPath};
use crate::policy::model::Max;

/// Files where the policy gives no limit.
pub const DEFAULT_MAX_FILES: u64 = 50;
/// Key changes where the policy gives no limit.
pub const DEFAULT_MAX_KEYS: u64 = 100;
/// Lines added and deleted where the policy gives no limit.
pub const DEFAULT_MAX_LINES: u64 = 1000;
/// Bytes of the larger side of a file where the policy gives no limit.
pub const DEFAULT_MAX_BYTES: u64 = 1 << 20;

/// The limits that a change passes, one sentence each.
pub(super) fn exceeded(max: &Max, files: &[FileChange]) -> Vec<String> {
    let present: BTreeSet<&RepoPath> =
        files.iter().filter(|file| file.new.is_some()).map(|file| &file.path).collect();
    // The half of a rename where the path is gone counts with its other half, if that is in the change.
    let is_old_half = |file: &FileChange| {
        file.new.is_none() && file.renamed.as_ref().is_some_and(|other| present.contains(other))
    };
    let counted = files.iter().filter(|file| !is_old_half(file)).count() as u64;
    let keys: usize =
        files.iter().filter_map(|file| file.keys.as_ref()).map(|keys| keys.changes.len()).sum();
    let lines = files
        .iter()
        .filter_map(|file| file.content.lines)
        .fold(0_u64, |sum, lines| sum.saturating_add(lines.added).saturating_add(lines.deleted));
    let bytes = files
        .iter()
        .map(|file| file.content.old_size.max(file.content.new_size))
        .max()
        .unwrap_or_default();
    let checks = [
        ("files", counted, max.files.unwrap_or(DEFAULT_MAX_FILES)),
        ("changed keys", keys as u64, max.changed_keys.unwrap_or(DEFAULT_MAX_KEYS)),
        ("changed lines", lines, max.lines.unwrap_or(DEFAULT_MAX_LINES)),
        ("bytes in one file", bytes, max.bytes.unwrap_or(DEFAULT_MAX_BYTES)),
    ];
    let mut sentences: Vec<String> = checks
        .into_iter()
        .filter(|(_, count, limit)| count > limit)
        .map(|(what, count, limit)| format!("{count} {what}, more than {limit}"))
        .collect();
    if let Some(file) = files.iter().find(|file| is_uncounted(file)) {
        sentences.push(format!("{}: nobody counted its lines", file.path));
    }
    sentences
}

/// Text without a count of lines. Binary files, links and submodules have none, and are significant anyway.
fn is_uncounted(file: &FileChange) -> bool {
    let content = &file.content;
    let is_file = [file.old, file.new]
        .into_iter()
        .flatten()
        .all(|side| matches!(side.kind(), Kind::File | Kind::Executable));
    content.lines.is_none()
        && is_file
        && !content.binary
        && content.old_size.max(content.new_size) > 0
}
