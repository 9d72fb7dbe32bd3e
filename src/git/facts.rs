//! The facts of a change (sem 1): its files, its fingerprint and everybody who took part, from the objects
//! themselves and never from a forge's lists, which stop at 3000 files and 250 commits.

use std::collections::BTreeSet;

use git2::{DiffOptions, Oid as GitOid, Patch};
use sha2::{Digest as _, Sha256};

use crate::domain::fact::{Commit, Reviewed};
use crate::domain::file::{Content, Kind, Lines};
use crate::domain::{DependencyDiff, FileChange, KeyDiff, Oid, RepoPath, Side};

use super::GitError;
use super::attributes::Marks;
use super::diff::{Differ, RawChange, exact_renames};
use super::error::{all_from_git, from_git, to_git};
use super::repo::Repo;
use super::trees::{is_clean_update, merge_bases};

/// Bytes of a blob above which it is not read: such a file counts as binary, and its size speaks for itself.
pub const BLOB_CAP: u64 = 16 << 20;
/// Bytes on either side above which lines are not counted.
pub const LINES_CAP: usize = 4 << 20;

/// A file's two sides with their bytes, for whoever judges content. A side without bytes is a submodule or a
/// blob over [`BLOB_CAP`].
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// The path.
    pub path: &'a RepoPath,
    /// Before.
    pub old: Option<(Side, Option<&'a [u8]>)>,
    /// After.
    pub new: Option<(Side, Option<&'a [u8]>)>,
}

/// Says what bytes are, without a rule's opinion. Sizes, lines and missing objects are filled in here.
pub type Scan<'a> = &'a dyn Fn(&Sides<'_>) -> Content;
/// Compares structured configuration; `None`: the file is none.
pub type Keys<'a> = &'a dyn Fn(&RepoPath, Option<&[u8]>, Option<&[u8]>) -> Option<KeyDiff>;

/// Compares manifests and locks of package managers; `None`: the file is none.
pub type Dependencies<'a> =
    &'a dyn Fn(&RepoPath, Option<&[u8]>, Option<&[u8]>) -> Option<DependencyDiff>;

/// What policy knows about bytes, given to git because git knows nothing of formats.
#[derive(Clone, Copy)]
pub struct Readers<'a> {
    /// What the bytes are.
    pub scan: Scan<'a>,
    /// What differs by key.
    pub keys: Keys<'a>,
    /// What differs between manifests or locks.
    pub dependencies: Dependencies<'a>,
}

impl std::fmt::Debug for Readers<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Readers")
    }
}

/// The facts of a change that git knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeFacts {
    /// Where base and head part; several after a criss-cross; none if they share nothing.
    pub merge_bases: Vec<Oid>,
    /// The files, sorted by path. After a criss-cross a path may stand here once for each base it differs from.
    pub files: Vec<FileChange>,
    /// `sha256:…`, see [`fingerprint`].
    pub fingerprint: String,
    /// Every commit of head that base does not have, over the whole graph, children first.
    pub commits: Vec<Commit>,
}

/// The facts of what `head` brings to a branch whose tip is `base_tip` (as it was before the landing). A
/// missing commit or tree is an error; a missing blob is marked in its file.
pub fn change_facts(
    repo: &Repo,
    base_tip: Oid,
    head: Oid,
    readers: Readers<'_>,
) -> Result<ChangeFacts, GitError> {
    let (base, tip) = (to_git(base_tip)?, to_git(head)?);
    let bases = merge_bases(repo, base, tip)?;
    let changes = union(repo, &bases, tip)?;
    let mut files = file_changes(repo, &changes, readers)?;
    let mut marks = Marks::of(repo, repo.commit(base)?.tree);
    for file in &mut files {
        file.content.generated = marks.is_generated(&file.path)?;
    }
    Ok(ChangeFacts {
        files,
        fingerprint: fingerprint(&changes),
        commits: commits(repo, base, tip)?,
        merge_bases: all_from_git(bases)?,
    })
}

/// The facts of one commit that landed without a proposal, against its first parent.
pub fn direct_facts(
    repo: &Repo,
    commit: Oid,
    readers: Readers<'_>,
) -> Result<ChangeFacts, GitError> {
    let at = to_git(commit)?;
    let parents = repo.commit(at)?.parents;
    let bases: Vec<GitOid> = parents.first().copied().into_iter().collect();
    let changes = union(repo, &bases, at)?;
    let ids = repo.walk(at, &bases)?;
    Ok(ChangeFacts {
        files: file_changes(repo, &changes, readers)?,
        fingerprint: fingerprint(&changes),
        commits: ids.into_iter().map(|id| commit_fact(repo, id, None)).collect::<Result<_, _>>()?,
        merge_bases: all_from_git(bases)?,
    })
}

/// The fingerprint of what `head` brings to a branch whose tip is `base_tip`.
pub fn fingerprint_at(repo: &Repo, base_tip: Oid, head: Oid) -> Result<String, GitError> {
    let (base, tip) = (to_git(base_tip)?, to_git(head)?);
    Ok(fingerprint(&union(repo, &merge_bases(repo, base, tip)?, tip)?))
}

/// What a reviewed commit brings to `base_tip`: what an opinion about it was about (sem 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewedFacts {
    /// Of the whole change at that commit.
    pub fingerprint: String,
    /// How it differs from the change at the head; `None`: not at all.
    pub other: Option<Reviewed>,
}

/// The facts of a change at a commit that was reviewed, beside those at its head. A missing object is an error.
pub fn reviewed_facts(
    repo: &Repo,
    base_tip: Oid,
    reviewed: Oid,
    head: &ChangeFacts,
    readers: Readers<'_>,
) -> Result<ReviewedFacts, GitError> {
    let (base, tip) = (to_git(base_tip)?, to_git(reviewed)?);
    let changes = union(repo, &merge_bases(repo, base, tip)?, tip)?;
    let mut files = bare_files(&changes);
    let differs = differing(&files, &head.files);
    files.retain(|file| differs.contains(&file.path));
    read_contents(repo, &mut files, readers)?;
    let other = (!differs.is_empty()).then_some(Reviewed { commit: reviewed, differs, files });
    Ok(ReviewedFacts { fingerprint: fingerprint(&changes), other })
}

/// The paths that two changes do not treat alike.
fn differing(one: &[FileChange], other: &[FileChange]) -> BTreeSet<RepoPath> {
    let (one, other) = (treated(one), treated(other));
    one.symmetric_difference(&other).map(|(path, ..)| (*path).clone()).collect()
}

fn treated(files: &[FileChange]) -> BTreeSet<(&RepoPath, Option<Side>, Option<Side>)> {
    files.iter().map(|file| (&file.path, file.old, file.new)).collect()
}

/// The differences from each base, each distinct one once, sorted.
pub(super) fn union(
    repo: &Repo,
    bases: &[GitOid],
    head: GitOid,
) -> Result<Vec<RawChange>, GitError> {
    let mut differ = Differ::new(repo)?;
    let tree = repo.commit(head)?.tree;
    if bases.is_empty() {
        return differ.trees(None, Some(tree));
    }
    let mut all = BTreeSet::new();
    for base in bases {
        all.extend(differ.trees(Some(repo.commit(*base)?.tree), Some(tree))?);
    }
    Ok(all.into_iter().collect())
}

/// SHA-256 over the sorted tuples of sem 1, as `sha256:…`.
///
/// The bytes hashed: `countersign-fingerprint/v1` and a NUL; the number of tuples as u64; then each tuple:
/// the status (`A` added, `D` deleted, `M` modified, `T` another kind of thing), old path, new path (each its
/// length as u64, then its bytes; empty where that side does not exist), old mode, new mode (u32, 0 where it
/// does not exist), old id, new id (each its length as u64, then its raw bytes; empty where it does not exist).
/// Numbers are big-endian. Tuples are sorted by these bytes. A rename is two tuples.
#[must_use]
pub fn fingerprint(changes: &[RawChange]) -> String {
    use std::fmt::Write as _;
    let mut tuples: Vec<Vec<u8>> = changes.iter().map(tuple).collect();
    tuples.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(b"countersign-fingerprint/v1\0");
    hash.update((tuples.len() as u64).to_be_bytes());
    for tuple in &tuples {
        hash.update(tuple);
    }
    hash.finalize().iter().fold(String::from("sha256:"), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn tuple(change: &RawChange) -> Vec<u8> {
    let status = match (&change.old, &change.new) {
        (None, _) => b'A',
        (_, None) => b'D',
        (Some(old), Some(new)) if old.mode >> 12 == new.mode >> 12 => b'M',
        _ => b'T',
    };
    let mut bytes = vec![status];
    let mut put = |part: &[u8]| {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    };
    put(if change.old.is_some() { &change.path } else { b"" });
    put(if change.new.is_some() { &change.path } else { b"" });
    for side in [&change.old, &change.new] {
        bytes.extend_from_slice(&side.map_or(0, |side| side.mode).to_be_bytes());
    }
    for side in [&change.old, &change.new] {
        let oid = side.map(|side| side.oid);
        let raw = oid.as_ref().map_or(&b""[..], Oid::as_bytes);
        bytes.extend_from_slice(&(raw.len() as u64).to_be_bytes());
        bytes.extend_from_slice(raw);
    }
    bytes
}

/// Raw changes with what their bytes say.
pub fn file_changes(
    repo: &Repo,
    changes: &[RawChange],
    readers: Readers<'_>,
) -> Result<Vec<FileChange>, GitError> {
    let mut files = bare_files(changes);
    read_contents(repo, &mut files, readers)?;
    Ok(files)
}

fn read_contents(
    repo: &Repo,
    files: &mut [FileChange],
    readers: Readers<'_>,
) -> Result<(), GitError> {
    let odb = repo.git.odb()?;
    for file in files {
        let (old, new) =
            (Blob::read(&odb, file.old.as_ref())?, Blob::read(&odb, file.new.as_ref())?);
        let sides = Sides {
            path: &file.path,
            old: file.old.map(|side| (side, old.bytes())),
            new: file.new.map(|side| (side, new.bytes())),
        };
        let mut content = (readers.scan)(&sides);
        (content.old_size, content.new_size) = (old.size, new.size);
        content.missing |= old.missing || new.missing;
        content.binary |= old.over_cap() || new.over_cap();
        if content.lines.is_none() {
            content.lines = lines(file, &content, old.bytes(), new.bytes())?;
        }
        let plain = [file.old, file.new].iter().flatten().all(is_file);
        if plain && !content.missing && !old.over_cap() && !new.over_cap() {
            file.keys = (readers.keys)(&file.path, old.bytes(), new.bytes());
            file.dependency = (readers.dependencies)(&file.path, old.bytes(), new.bytes());
        }
        file.content = content;
    }
    Ok(())
}

/// Raw changes as files whose bytes nobody read: sizes and lines are not known.
#[must_use]
pub fn bare_files(changes: &[RawChange]) -> Vec<FileChange> {
    let mut files: Vec<FileChange> = changes
        .iter()
        .map(|change| FileChange {
            path: RepoPath::new(change.path.as_slice()),
            old: change.old,
            new: change.new,
            renamed: None,
            content: Content::default(),
            keys: None,
            dependency: None,
        })
        .collect();
    for (gone, added) in exact_renames(changes) {
        let path = |at: usize| changes.get(at).map(|change| RepoPath::new(change.path.as_slice()));
        if let Some(file) = files.get_mut(gone) {
            file.renamed = path(added);
        }
        if let Some(file) = files.get_mut(added) {
            file.renamed = path(gone);
        }
    }
    files
}

fn is_file(side: &Side) -> bool {
    matches!(side.kind(), Kind::File | Kind::Executable)
}

/// A blob, or why there are no bytes.
struct Blob<'a> {
    object: Option<git2::OdbObject<'a>>,
    size: u64,
    missing: bool,
}

impl<'a> Blob<'a> {
    fn read(odb: &'a git2::Odb<'_>, at: Option<&Side>) -> Result<Self, GitError> {
        let nothing = Self { object: None, size: 0, missing: false };
        let Some(at) = at.filter(|at| at.kind() != Kind::Submodule) else {
            return Ok(nothing);
        };
        let oid = to_git(at.oid)?;
        let size = match odb.read_header(oid) {
            Ok((bytes, git2::ObjectType::Blob)) => bytes as u64,
            _ => return Ok(Self { missing: true, ..nothing }),
        };
        if size > BLOB_CAP {
            return Ok(Self { size, ..nothing });
        }
        let object = odb.read(oid).ok();
        Ok(Self { missing: object.is_none(), object, size })
    }

    fn bytes(&self) -> Option<&[u8]> {
        self.object.as_ref().map(git2::OdbObject::data)
    }

    fn over_cap(&self) -> bool {
        self.size > BLOB_CAP
    }
}

/// Lines added and deleted, where both sides are text of a size that can be compared quickly.
fn lines(
    file: &FileChange,
    content: &Content,
    old: Option<&[u8]>,
    new: Option<&[u8]>,
) -> Result<Option<Lines>, GitError> {
    let countable = [file.old, file.new].iter().flatten().all(is_file)
        && !content.binary
        && !content.missing
        && [old, new].iter().flatten().all(|bytes| bytes.len() <= LINES_CAP && !bytes.contains(&0));
    if !countable {
        return Ok(None);
    }
    let mut options = DiffOptions::new();
    options.context_lines(0).force_text(true);
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let (_, added, deleted) =
        Patch::from_buffers(old, None, new, None, Some(&mut options))?.line_stats()?;
    Ok(Some(Lines { added: added as u64, deleted: deleted as u64 }))
}

fn commits(repo: &Repo, base: GitOid, head: GitOid) -> Result<Vec<Commit>, GitError> {
    repo.walk(head, &[base])?.into_iter().map(|id| commit_fact(repo, id, Some(base))).collect()
}

fn commit_fact(repo: &Repo, id: GitOid, base: Option<GitOid>) -> Result<Commit, GitError> {
    let read = repo.commit(id)?;
    Ok(Commit {
        id: from_git(id)?,
        author: read.author.signature(),
        committer: read.committer.signature(),
        co_authors: read.co_authors(),
        clean_update_merge: match base {
            Some(base) if read.parents.len() == 2 => is_clean_update(repo, id, base)?,
            _ => false,
        },
        parents: all_from_git(read.parents)?,
        by_source: false,
    })
}

#[cfg(test)]
mod tests;
