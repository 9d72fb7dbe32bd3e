//! A repository made on the spot: real objects, fixed names and times.

use std::path::Path;

use git2::{Oid as GitOid, Repository, Signature};

use crate::domain::Oid;

use super::error::from_git;
use super::repo::Repo;

pub(super) struct Kit {
    pub(super) dir: tempfile::TempDir,
    pub(super) repo: Repo,
    clock: std::cell::Cell<i64>,
}

impl Kit {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let repo = Repo::of(Repository::init_bare(dir.path()).expect("a repository")).expect("odb");
        // Real files, not the memory that proofs write to: other handles must see them.
        let repo = Repo { git: Repository::open_bare(repo.git.path()).expect("open") };
        Self { dir, repo, clock: std::cell::Cell::new(1_700_000_000) }
    }

    pub(super) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(super) fn blob(&self, bytes: &[u8]) -> GitOid {
        self.repo.git.blob(bytes).expect("blob")
    }

    /// A tree of these files; the mode is octal, `160000` takes the bytes as the hex of a commit.
    pub(super) fn tree_of(&self, files: &[(&[u8], u32, &[u8])]) -> GitOid {
        let mut index = git2::Index::new().expect("index");
        for (path, mode, bytes) in files {
            let id = if *mode == 0o160_000 {
                std::str::from_utf8(bytes).expect("hex").parse().expect("oid")
            } else {
                self.blob(bytes)
            };
            let zero = git2::IndexTime::new(0, 0);
            let entry = git2::IndexEntry {
                ctime: zero,
                mtime: zero,
                dev: 0,
                ino: 0,
                mode: *mode,
                uid: 0,
                gid: 0,
                file_size: 0,
                id,
                flags: 0,
                flags_extended: 0,
                path: path.to_vec(),
            };
            index.add(&entry).expect("entry");
        }
        index.write_tree_to(&self.repo.git).expect("tree")
    }

    pub(super) fn tree(&self, files: &[(&str, &str)]) -> GitOid {
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.as_bytes(), 0o100_644, text.as_bytes()))
            .collect();
        self.tree_of(&files)
    }

    pub(super) fn commit_as(&self, who: &str, parents: &[Oid], tree: GitOid, message: &str) -> Oid {
        self.clock.set(self.clock.get() + 60);
        let at = git2::Time::new(self.clock.get(), 0);
        let who = Signature::new(who, &format!("{who}@example.org"), &at).expect("signature");
        let git = &self.repo.git;
        let parents: Vec<_> = parents
            .iter()
            .map(|id| git.find_commit(super::error::to_git(*id).expect("id")).expect("parent"))
            .collect();
        let parents: Vec<_> = parents.iter().collect();
        let tree = git.find_tree(tree).expect("tree");
        from_git(git.commit(None, &who, &who, message, &tree, &parents).expect("commit"))
            .expect("id")
    }

    pub(super) fn commit(&self, parents: &[Oid], files: &[(&str, &str)], message: &str) -> Oid {
        self.commit_as("ann", parents, self.tree(files), message)
    }

    pub(super) fn branch(&self, name: &str, at: Oid) {
        let at = super::error::to_git(at).expect("id");
        self.repo.git.reference(&format!("refs/heads/{name}"), at, true, "").expect("ref");
    }
}

/// Numbered lines with some replaced: text that merges well because edits lie apart.
pub(super) fn lines(edits: &[(usize, &str)]) -> String {
    (0..40)
        .map(|at| {
            edits
                .iter()
                .find(|(line, _)| *line == at)
                .map_or_else(|| format!("line {at}\n"), |(_, text)| format!("{text}\n"))
        })
        .collect()
}
