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

/// How large a change is.
#[derive(Debug)]
pub(in crate::policy) struct Extent<'a> {
    /// Files, a rename counted once.
    pub files: u64,
    /// Key changes over all files.
    pub keys: u64,
    /// Lines added and deleted.
    pub lines: u64,
    /// Bytes of the larger side of any file.
    pub bytes: u64,
    /// The first text whose lines nobody counted.
    pub uncounted: Option<&'a RepoPath>,
}

impl<'a> Extent<'a> {
    /// Measures.
    pub(in crate::policy) fn of(files: &'a [FileChange]) -> Self {
        let present: BTreeSet<&RepoPath> =
            files.iter().filter(|file| file.new.is_some()).map(|file| &file.path).collect();
        // The half of a rename where the path is gone counts with its other half, if that is in the change.
        let is_old_half = |file: &FileChange| {
            file.new.is_none() && file.renamed.as_ref().is_some_and(|other| present.contains(other))
        };
        let keys: usize =
            files.iter().filter_map(|file| file.keys.as_ref()).map(|keys| keys.changes.len()).sum();
        let lines = files.iter().filter_map(|file| file.content.lines);
        let bytes = files.iter().map(|file| file.content.old_size.max(file.content.new_size));
        Self {
            files: files.iter().filter(|file| !is_old_half(file)).count() as u64,
            keys: keys as u64,
            lines: lines.fold(0_u64, |sum, lines| {
                sum.saturating_add(lines.added).saturating_add(lines.deleted)
            }),
            bytes: bytes.max().unwrap_or_default(),
            uncounted: files.iter().find(|file| is_uncounted(file)).map(|file| &file.path),
        }
    }
}

/// The limits that a change passes, one sentence each.
pub(super) fn exceeded(max: &Max, files: &[FileChange]) -> Vec<String> {
    let extent = Extent::of(files);
    let checks = [
        ("files", extent.files, max.files.unwrap_or(DEFAULT_MAX_FILES)),
        ("changed keys", extent.keys, max.changed_keys.unwrap_or(DEFAULT_MAX_KEYS)),
        ("changed lines", extent.lines, max.lines.unwrap_or(DEFAULT_MAX_LINES)),
        ("bytes in one file", extent.bytes, max.bytes.unwrap_or(DEFAULT_MAX_BYTES)),
    ];
    let mut sentences: Vec<String> = checks
        .into_iter()
        .filter(|(_, count, limit)| count > limit)
        .map(|(what, count, limit)| format!("{count} {what}, more than {limit}"))
        .collect();
    if let Some(path) = extent.uncounted {
        sentences.push(format!("{path}: nobody counted its lines"));
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
