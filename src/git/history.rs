//! The landings of a branch in any local clone, as its own line shows them: for `countersign audit`.
//!
//! Git alone knows merges and single commits; whether a single commit was a proposal is only hinted at by its
//! message, so that is said with every landing. Each commit is read once and belongs to the oldest landing that
//! contains it. File changes are compared one landing at a time, so memory does not grow with them.

use std::collections::{HashMap, HashSet};

use git2::Oid as GitOid;

use crate::domain::fact::LandingKind;
use crate::domain::{Oid, Signature, Time};

use super::GitError;
use super::commit::RawCommit;
use super::diff::{Differ, RawChange};
use super::error::{from_git, to_git};
use super::hints::{Hint, hint};
use super::repo::Repo;
use super::tickets::{Projects, candidates, closed_issues};

/// Where a history begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// At the first commit.
    Beginning,
    /// After this commit: what it already contains is left out.
    Commit(Oid),
    /// With the last unbroken run of landings committed at this time or later.
    Time(Time),
}

/// One landing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryLanding {
    /// The commit on the branch.
    pub commit: Oid,
    /// Merge, squash (only hinted at) or direct.
    pub how: LandingKind,
    /// What the message says about a proposal.
    pub hint: Option<Hint>,
    /// In a sentence: how we know how it landed, or that we do not.
    pub how_we_know: String,
    /// First line of the message, or the proposal's title where a merge's message has it.
    pub title: String,
    /// Authors and co-authors of everything that came in, as `Name <address>`, each address once. The author of
    /// a merge commit is not among them, but whom its message names as co-authors are.
    pub authors: Vec<String>,
    /// The committer, as `Name <address>`.
    pub committer: String,
    /// The committer's time.
    pub at: Option<Time>,
    /// Ticket keys of projects that this history speaks of often enough, then issues that it says it closes; each
    /// in order of appearance.
    pub tickets: Vec<String>,
    /// Commits that came in, the landing commit included.
    pub commits: usize,
    /// File changes against the first parent.
    pub files: Vec<RawChange>,
}

/// What is kept of a landing until its files are compared.
struct Kept {
    id: GitOid,
    tree: GitOid,
    merged: Vec<GitOid>,
    hint: Option<Hint>,
    title: String,
    at: Option<Time>,
    author: Vec<u32>,
    committer: u32,
    authors: Vec<u32>,
    keys: Vec<String>,
    issues: Vec<String>,
    commits: usize,
}

/// A branch's landings, without their files.
pub struct History<'r> {
    repo: &'r Repo,
    landings: Vec<Kept>,
    /// The tree below the oldest landing; `None`: there is nothing below.
    below: Option<GitOid>,
    people: People,
    projects: Projects,
    cut: bool,
}

impl std::fmt::Debug for History<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("History").field("landings", &self.landings.len()).finish_non_exhaustive()
    }
}

impl<'r> History<'r> {
    /// Reads the commits of the branch whose tip is `tip`. `progress` is told the number of landings so far.
    pub fn read(
        repo: &'r Repo,
        tip: Oid,
        since: Since,
        progress: &dyn Fn(u64),
    ) -> Result<Self, GitError> {
        let mut history = Self {
            repo,
            landings: Vec::new(),
            below: None,
            people: People::default(),
            projects: Projects::default(),
            cut: false,
        };
        let tip = to_git(tip)?;
        let below = history.read_line(tip, since, progress)?;
        history.below = below.map(|id| repo.commit(id).map(|commit| commit.tree)).transpose()?;
        let inside = match below {
            Some(below) => Some(repo.walk(tip, &[below])?.into_iter().collect::<HashSet<_>>()),
            None => None,
        };
        history.read_merged(inside.as_ref())?;
        Ok(history)
    }

    /// How many landings there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.landings.len()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.landings.is_empty()
    }

    /// The clone is shallow and its cut was met: older landings, and the one at the cut, are not listed.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The branch's own line, newest first; returns the commit below the oldest landing.
    fn read_line(
        &mut self,
        tip: GitOid,
        since: Since,
        progress: &dyn Fn(u64),
    ) -> Result<Option<GitOid>, GitError> {
        let shallow = shallow_boundary(self.repo);
        let odb = self.repo.git.odb()?;
        let inside: Option<HashSet<GitOid>> = match since {
            Since::Commit(from) => {
                Some(self.repo.walk(tip, &[to_git(from)?])?.into_iter().collect())
            }
            _ => None,
        };
        let mut at = Some(tip);
        while let Some(id) = at {
            let commit = super::repo::read_commit(&odb, id)?;
            let outside = inside.as_ref().is_some_and(|inside| !inside.contains(&id));
            let older = matches!(since, Since::Time(from) if commit.committer.time().is_none_or(|time| time < from));
            self.cut = shallow.contains(&id);
            if outside || older || self.cut {
                return Ok(Some(id));
            }
            at = commit.parents.first().copied();
            self.keep(id, &commit);
            if self.landings.len().is_multiple_of(512) {
                progress(self.landings.len() as u64);
            }
        }
        Ok(None)
    }

    fn keep(&mut self, id: GitOid, commit: &RawCommit) {
        let hint = hint(&commit.message, commit.parents.len() > 1);
        let proposed_title = hint.as_ref().and_then(|hint| hint.title.clone());
        self.projects.count(commit.title());
        if let Some(title) = &proposed_title {
            self.projects.count(title);
        }
        let author = self.people.of_commit(commit);
        self.landings.push(Kept {
            id,
            tree: commit.tree,
            merged: commit.parents.iter().skip(1).copied().collect(),
            title: proposed_title.unwrap_or_else(|| commit.title().to_owned()),
            hint,
            at: commit.committer.time(),
            author,
            committer: self.people.intern(&commit.committer.signature()),
            authors: Vec::new(),
            keys: keys(&commit.message),
            issues: closed_issues(&commit.message),
            commits: 1,
        });
    }

    /// What each landing merged: every commit once, for the oldest landing that contains it.
    fn read_merged(&mut self, inside: Option<&HashSet<GitOid>>) -> Result<(), GitError> {
        let odb = self.repo.git.odb()?;
        let shallow = shallow_boundary(self.repo);
        let mut seen: HashSet<GitOid> = self.landings.iter().map(|kept| kept.id).collect();
        for kept in self.landings.iter_mut().rev() {
            let mut open = std::mem::take(&mut kept.merged);
            let merge = !open.is_empty();
            while let Some(id) = open.pop() {
                if inside.is_some_and(|inside| !inside.contains(&id)) || !seen.insert(id) {
                    continue;
                }
                let commit = super::repo::read_commit(&odb, id)?;
                kept.commits += 1;
                self.projects.count(commit.title());
                kept.keys.extend(keys(&commit.message));
                kept.issues.extend(closed_issues(&commit.message));
                // A merge inside the proposal wrote nothing of its own that we could tell from here, but whom its message
                // names beside its author did.
                let wrote = usize::from(commit.parents.len() > 1);
                kept.authors.extend(self.people.of_commit(&commit).into_iter().skip(wrote));
                if !shallow.contains(&id) {
                    open.extend(commit.parents);
                }
            }
            if kept.authors.is_empty() {
                kept.authors.clone_from(&kept.author);
            } else {
                // Whom the message of a merge names beside its author wrote something that came in.
                kept.authors.extend(kept.author.iter().skip(1));
            }
            unique(&mut kept.authors);
            unique(&mut kept.keys);
            unique(&mut kept.issues);
            kept.merged = if merge { vec![GitOid::ZERO_SHA1] } else { Vec::new() };
        }
        Ok(())
    }

    /// Gives each landing with its file changes, newest first, until `each` returns `false`.
    pub fn for_each(
        &self,
        each: &mut dyn FnMut(HistoryLanding) -> Result<bool, GitError>,
    ) -> Result<(), GitError> {
        let mut differ = Differ::new(self.repo)?;
        for (at, kept) in self.landings.iter().enumerate() {
            let below = self.landings.get(at + 1).map_or(self.below, |next| Some(next.tree));
            let files = differ.trees(below, Some(kept.tree))?;
            if !each(self.landing(kept, files)?)? {
                break;
            }
        }
        Ok(())
    }

    /// A merge whose text is the proposal's may say that it closes itself: that is no ticket.
    fn tickets(&self, kept: &Kept) -> Vec<String> {
        let number = kept.hint.as_ref().and_then(|hint| hint.number);
        let itself = number.map(|number| format!("#{number}"));
        let issues = kept.issues.iter().filter(|issue| itself.as_ref() != Some(issue)).cloned();
        self.projects.believed(&kept.keys).into_iter().chain(issues).collect()
    }

    fn landing(&self, kept: &Kept, files: Vec<RawChange>) -> Result<HistoryLanding, GitError> {
        let (how, how_we_know) = how(!kept.merged.is_empty(), kept.hint.as_ref());
        Ok(HistoryLanding {
            commit: from_git(kept.id)?,
            how,
            hint: kept.hint.clone(),
            how_we_know,
            title: kept.title.clone(),
            authors: kept.authors.iter().map(|person| self.people.name(*person)).collect(),
            committer: self.people.name(kept.committer),
            at: kept.at,
            tickets: self.tickets(kept),
            commits: kept.commits,
            files,
        })
    }
}

/// How a commit landed, as far as git alone can tell, and the sentence that says so.
fn how(merge: bool, hint: Option<&Hint>) -> (LandingKind, String) {
    match (merge, hint) {
        (true, Some(hint)) => {
            (LandingKind::Merge, format!("merge commit; the message says {}", hint.words))
        }
        (true, None) => (LandingKind::Merge, "merge commit; no proposal is named".to_owned()),
        (false, Some(hint)) => (
            LandingKind::Squash,
            format!("one parent; the message says {} (a hint, no proof)", hint.words),
        ),
        (false, None) => (
            LandingKind::Direct,
            "one parent and no proposal is named: a direct push, a rebase or a fast-forward"
                .to_owned(),
        ),
    }
}

fn keys(message: &str) -> Vec<String> {
    candidates(message).into_iter().map(|(_, key)| key).collect()
}

fn unique<T: Clone + Eq + std::hash::Hash>(all: &mut Vec<T>) {
    let mut seen = HashSet::new();
    all.retain(|one| seen.insert(one.clone()));
}

/// `Co-authored-by` lines anywhere in a message: a squash quotes the messages of its commits, and their trailers stand
/// in the midst of it then.
fn co_authors(message: &str) -> impl Iterator<Item = Signature> {
    const KEY: &str = "co-authored-by:";
    message.lines().filter_map(|line| {
        let (key, value) = line.trim().split_at_checked(KEY.len())?;
        let (name, rest) = value.split_once('<').unwrap_or((value, ""));
        let email = rest.split('>').next().unwrap_or_default();
        let (name, email) = (name.trim().to_owned(), email.trim().to_owned());
        let said = key.eq_ignore_ascii_case(KEY) && !(name.is_empty() && email.is_empty());
        said.then_some(Signature { name, email, person: None, bot: false })
    })
}

/// The commits at which a shallow clone was cut.
fn shallow_boundary(repo: &Repo) -> HashSet<GitOid> {
    let text = std::fs::read_to_string(repo.git.commondir().join("shallow")).unwrap_or_default();
    text.lines().filter_map(|line| line.trim().parse().ok()).collect()
}

/// People by address; the first name seen with an address is shown.
#[derive(Default)]
struct People {
    names: Vec<String>,
    by_address: HashMap<String, u32>,
}

impl People {
    fn intern(&mut self, who: &Signature) -> u32 {
        let key = if who.email.is_empty() { who.name.clone() } else { who.email.to_lowercase() };
        let next = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        *self.by_address.entry(key).or_insert_with(|| {
            self.names.push(format!("{} <{}>", who.name, who.email));
            next
        })
    }

    fn of_commit(&mut self, commit: &RawCommit) -> Vec<u32> {
        let mut people = vec![self.intern(&commit.author.signature())];
        people.extend(co_authors(&commit.message).map(|who| self.intern(&who)));
        people
    }

    fn name(&self, person: u32) -> String {
        self.names.get(person as usize).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
