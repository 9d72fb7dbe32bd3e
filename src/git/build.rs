//! Makes real git objects: what a forge does with them. For the demo and for stories that drive the service.
//!
//! The same calls with the same names and times give the same ids. Nothing here is used on repositories of others.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use git2::{Oid as GitOid, Repository, RepositoryInitOptions};

use super::GitError;
use super::error::{from_git, to_git};
use crate::domain::{Oid, Time};

/// Regular files of a tree: path to bytes.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Who did something, and when, as a commit writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// Name.
    pub name: String,
    /// Address.
    pub email: String,
    /// When; git keeps whole seconds.
    pub at: Time,
}

/// What a commit says beside its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Who wrote it.
    pub author: Stamp,
    /// Who made the object.
    pub committer: Stamp,
    /// The message.
    pub message: String,
}

/// A bare repository that is written to.
pub struct Builder {
    git: Repository,
    dir: PathBuf,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Builder {
    /// Makes an empty bare repository in a folder, with `main` as its first branch.
    pub fn init(dir: &Path) -> Result<Self, GitError> {
        let mut options = RepositoryInitOptions::new();
        options.bare(true).mkdir(true).mkpath(true).external_template(false).initial_head("main");
        let git =
            Repository::init_opts(dir, &options).map_err(|error| GitError::NotARepository {
                path: dir.display().to_string(),
                why: error.message().to_owned(),
            })?;
        Ok(Self { git, dir: dir.to_owned() })
    }

    /// Where it is cloned from.
    #[must_use]
    pub fn url(&self) -> String {
        format!("file://{}", self.dir.display())
    }

    /// A commit with exactly these files, on no branch yet.
    pub fn make_commit(
        &self,
        parents: &[Oid],
        files: &Files,
        words: &Words,
    ) -> Result<Oid, GitError> {
        let mut index = git2::Index::new()?;
        for (path, bytes) in files {
            index.add(&entry(path, self.git.blob(bytes)?))?;
        }
        self.write(parents, index.write_tree_to(&self.git)?, words)
    }

    /// The files of a commit's tree; only regular ones.
    pub fn files(&self, commit: Oid) -> Result<Files, GitError> {
        let mut files = Files::new();
        let mut broken = None;
        let tree = self.find(commit)?.tree()?;
        tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
            if entry.kind() == Some(git2::ObjectType::Blob) {
                match self.git.find_blob(entry.id()) {
                    Ok(blob) => {
                        let name = String::from_utf8_lossy(entry.name_bytes());
                        files.insert(format!("{folder}{name}"), blob.content().to_vec());
                    }
                    Err(error) => broken = Some(error),
                }
            }
            git2::TreeWalkResult::Ok
        })?;
        broken.map_or(Ok(files), |error| Err(GitError::from_git(&error)))
    }

    /// The merge commit of a head into a base, with the tree of the automatic merge.
    pub fn merge(&self, base: Oid, head: Oid, words: &Words) -> Result<Oid, GitError> {
        self.write(&[base, head], self.merged(base, head)?, words)
    }

    /// One commit on a base with the tree of merging the head into it.
    pub fn squash(&self, base: Oid, head: Oid, words: &Words) -> Result<Oid, GitError> {
        self.write(&[base], self.merged(base, head)?, words)
    }

    /// The commits of a head that a base has not, made anew on top of it, oldest first; merges are left out.
    /// Authors stay, the committer is who rebases. The new tip.
    pub fn rebase(&self, onto: Oid, head: Oid, committer: &Stamp) -> Result<Oid, GitError> {
        let mut walk = self.git.revwalk()?;
        walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::REVERSE)?;
        walk.push(to_git(head)?)?;
        walk.hide(to_git(onto)?)?;
        let mut tip = onto;
        for id in walk {
            let commit = self.git.find_commit(id?)?;
            if commit.parent_count() != 1 {
                continue;
            }
            let (before, now) = (commit.parent(0)?.tree()?, self.find(tip)?.tree()?);
            let index = self.git.merge_trees(&before, &now, &commit.tree()?, Some(&plain()))?;
            let tree = self.clean(index)?;
            let author = commit.author();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let words = Words {
                author: Stamp {
                    name: text(author.name_bytes()),
                    email: text(author.email_bytes()),
                    at: Time::from_seconds(author.when().seconds()).unwrap_or(committer.at),
                },
                committer: committer.clone(),
                message: text(commit.message_bytes()),
            };
            tip = self.write(&[tip], tree, &words)?;
        }
        Ok(tip)
    }

    /// Whether a commit is an ancestor of another, or the same.
    pub fn reaches(&self, commit: Oid, ancestor: Oid) -> Result<bool, GitError> {
        let (commit, ancestor) = (to_git(commit)?, to_git(ancestor)?);
        Ok(commit == ancestor || self.git.graph_descendant_of(commit, ancestor)?)
    }

    /// What one commit has and another has not, oldest first.
    pub fn between(&self, before: Option<Oid>, after: Oid) -> Result<Vec<Oid>, GitError> {
        let mut walk = self.git.revwalk()?;
        walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::REVERSE)?;
        walk.push(to_git(after)?)?;
        if let Some(before) = before {
            walk.hide(to_git(before)?)?;
        }
        walk.map(|id| from_git(id?)).collect()
    }

    /// What a commit says beside its content, and its tree.
    pub fn words(&self, commit: Oid) -> Result<(Words, Oid), GitError> {
        let commit = self.find(commit)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let stamp = |who: &git2::Signature<'_>| -> Result<Stamp, GitError> {
            let at = Time::from_seconds(who.when().seconds());
            let at =
                at.ok_or_else(|| GitError::Other("a commit has no readable time".to_owned()))?;
            Ok(Stamp { name: text(who.name_bytes()), email: text(who.email_bytes()), at })
        };
        let words = Words {
            author: stamp(&commit.author())?,
            committer: stamp(&commit.committer())?,
            message: text(commit.message_bytes()),
        };
        Ok((words, from_git(commit.tree_id())?))
    }

    /// Points a ref, by full name (`refs/heads/main`, `refs/pull/7/head`), at a commit.
    pub fn set_ref(&self, full_name: &str, commit: Oid) -> Result<(), GitError> {
        self.git.reference(full_name, to_git(commit)?, true, "moved")?;
        Ok(())
    }

    /// Removes a ref, if it is there.
    pub fn delete_ref(&self, full_name: &str) -> Result<(), GitError> {
        match self.git.find_reference(full_name) {
            Ok(mut reference) => Ok(reference.delete()?),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The commit a ref points at; `None`: there is no such ref.
    pub fn tip(&self, full_name: &str) -> Result<Option<Oid>, GitError> {
        match self.git.find_reference(full_name) {
            Ok(reference) => reference.target().map(from_git).transpose(),
            Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn find(&self, commit: Oid) -> Result<git2::Commit<'_>, GitError> {
        let id = to_git(commit)?;
        self.git.find_commit(id).map_err(|error| GitError::about(id, &error))
    }

    fn merged(&self, base: Oid, head: Oid) -> Result<GitOid, GitError> {
        let (ours, theirs) = (self.find(base)?, self.find(head)?);
        self.clean(self.git.merge_commits(&ours, &theirs, Some(&plain()))?)
    }

    fn clean(&self, mut index: git2::Index) -> Result<GitOid, GitError> {
        if index.has_conflicts() {
            let why = "the two sides change the same lines: resolve them in the proposal first";
            return Err(GitError::Other(why.to_owned()));
        }
        Ok(index.write_tree_to(&self.git)?)
    }

    fn write(&self, parents: &[Oid], tree: GitOid, words: &Words) -> Result<Oid, GitError> {
        let stamp = |who: &Stamp| {
            let at = git2::Time::new(who.at.micros().div_euclid(1_000_000), 0);
            git2::Signature::new(&who.name, &who.email, &at)
        };
        let parents: Vec<_> =
            parents.iter().map(|parent| self.find(*parent)).collect::<Result<_, _>>()?;
        let parents: Vec<_> = parents.iter().collect();
        let (author, committer) = (stamp(&words.author)?, stamp(&words.committer)?);
        let tree = self.git.find_tree(tree)?;
        let made = self.git.commit(None, &author, &committer, &words.message, &tree, &parents)?;
        from_git(made)
    }
}

/// Renames are not followed, as in the proofs by tree.
fn plain() -> git2::MergeOptions {
    let mut options = git2::MergeOptions::new();
    options.find_renames(false);
    options
}

fn entry(path: &str, id: GitOid) -> git2::IndexEntry {
    let zero = git2::IndexTime::new(0, 0);
    git2::IndexEntry {
        ctime: zero,
        mtime: zero,
        dev: 0,
        ino: 0,
        mode: 0o100_644,
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(who: &str, seconds: i64) -> Stamp {
        let at = Time::from_seconds(1_700_000_000 + seconds).expect("a time");
        Stamp { name: who.to_owned(), email: format!("{who}@acme.example"), at }
    }

    fn words(who: &str, seconds: i64, message: &str) -> Words {
        let stamp = stamp(who, seconds);
        Words { author: stamp.clone(), committer: stamp, message: message.to_owned() }
    }

    fn files(pairs: &[(&str, &str)]) -> Files {
        pairs.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    fn story(dir: &Path) -> Vec<Oid> {
        let git = Builder::init(dir).expect("a repository");
        let root =
            git.make_commit(&[], &files(&[("a", "1\n")]), &words("ann", 0, "Root")).expect("root");
        let head = git
            .make_commit(&[root], &files(&[("a", "1\n"), ("d/b", "2\n")]), &words("bob", 9, "B"))
            .expect("head");
        let main = git
            .make_commit(&[root], &files(&[("a", "1\n"), ("c", "3\n")]), &words("ann", 5, "C"))
            .expect("main");
        let merge = git.merge(main, head, &words("ann", 10, "Merge")).expect("merge");
        let squash = git.squash(main, head, &words("ann", 10, "Squash")).expect("squash");
        let rebase = git.rebase(main, head, &stamp("bob", 11)).expect("rebase");
        for landed in [merge, squash, rebase] {
            let expected = files(&[("a", "1\n"), ("c", "3\n"), ("d/b", "2\n")]);
            assert_eq!(git.files(landed).expect("files"), expected);
        }
        git.set_ref("refs/pull/7/head", head).expect("a ref");
        assert_eq!(git.tip("refs/pull/7/head"), Ok(Some(head)));
        git.delete_ref("refs/pull/7/head").expect("gone");
        assert_eq!(git.tip("refs/pull/7/head"), Ok(None));
        assert_eq!(git.between(Some(root), merge).map(|all| all.len()), Ok(3));
        vec![root, head, main, merge, squash, rebase]
    }

    #[test]
    fn the_same_story_gives_the_same_ids_in_two_folders() {
        let (one, two) = (tempfile::tempdir().expect("dir"), tempfile::tempdir().expect("dir"));
        assert_eq!(story(&one.path().join("a")), story(&two.path().join("b")));
    }

    #[test]
    fn what_does_not_merge_by_itself_is_refused() {
        let dir = tempfile::tempdir().expect("dir");
        let git = Builder::init(dir.path()).expect("a repository");
        let root =
            git.make_commit(&[], &files(&[("a", "1\n")]), &words("ann", 0, "Root")).expect("root");
        let commit = |text: &str| {
            git.make_commit(&[root], &files(&[("a", text)]), &words("ann", 1, "Edit"))
                .expect("commit")
        };
        let refused = git.merge(commit("2\n"), commit("3\n"), &words("ann", 2, "Merge"));
        assert!(refused.is_err_and(|error| error.to_string().contains("same lines")));
    }
}
