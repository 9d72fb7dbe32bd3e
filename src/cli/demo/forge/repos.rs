//! Repositories: their branches, pushes without a proposal, issues and checks.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::proposal::Work;
use super::pulls::Pull;
use super::{Account, Forge, ForgeError, payload, sha};
use crate::domain::Oid;
use crate::git::build::{Builder, Files, Stamp, Words};

/// A repository of the model.
#[derive(Debug)]
pub(super) struct Repository {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) git: Builder,
    pub(super) pulls: BTreeMap<u64, Pull>,
    pub(super) issues: BTreeMap<u64, Issue>,
    pub(super) numbers: u64,
}

/// An issue of the forge itself.
#[derive(Debug, Clone)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) open: bool,
    pub(super) by: Account,
    pub(super) created_at: crate::domain::Time,
}

impl Repository {
    pub(super) fn next_number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    pub(super) fn branch(&self, name: &str) -> Result<Oid, ForgeError> {
        let tip = self.git.tip(&format!("refs/heads/{name}"))?;
        tip.ok_or_else(|| ForgeError::Unknown(format!("branch `{name}` of {}", self.name)))
    }
}

/// A repository, to do something with it.
#[derive(Debug)]
pub struct RepoHandle<'f> {
    pub(super) forge: &'f mut Forge,
    pub(super) name: String,
}

impl Forge {
    /// Makes a repository with a first commit on `main`, before anybody listens: nothing is sent.
    pub fn found(
        &mut self,
        name: &str,
        files: &[(&str, &str)],
        by: &str,
    ) -> Result<Oid, ForgeError> {
        let by = self.who(by)?;
        let git = Builder::init(&self.dir.join(format!("{}.git", name.replace('/', "+"))))?;
        let files: Files = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
            .collect();
        let stamp = self.stamp(&by);
        let message = "First commit\n".to_owned();
        let words = Words { author: stamp.clone(), committer: stamp, message };
        let root = git.make_commit(&[], &files, &words)?;
        git.set_ref("refs/heads/main", root)?;
        let repository = Repository {
            id: 9_000 + self.repositories.len() as u64,
            name: name.to_owned(),
            git,
            pulls: BTreeMap::new(),
            issues: BTreeMap::new(),
            numbers: 0,
        };
        self.repositories.insert(name.to_owned(), repository);
        self.pass(1);
        Ok(root)
    }

    /// Makes the commits of some work on top of a commit: the new tip.
    pub(super) fn make(
        &self,
        repo: &str,
        on: Oid,
        by: &Account,
        work: &[Work],
    ) -> Result<Oid, ForgeError> {
        let repository = self.repository(repo)?;
        let mut tip = on;
        for work in work {
            let mut files = repository.git.files(tip)?;
            work.apply(&mut files);
            let author = match &work.author {
                Some(login) => self.who(login)?,
                None => by.clone(),
            };
            let author: Stamp = match &work.unknown_author {
                Some((name, email)) => {
                    Stamp { name: name.clone(), email: email.clone(), at: self.now() }
                }
                None => self.stamp(&author),
            };
            let mut message = format!("{}\n", work.message);
            for (at, login) in work.co_authors.iter().enumerate() {
                let who = self.who(login)?;
                let gap = if at == 0 { "\n" } else { "" };
                let _ = writeln!(message, "{gap}Co-authored-by: {} <{}>", who.name, who.email);
            }
            let committer = match work {
                Work { by_forge: true, .. } => self.web_flow(),
                Work { unknown_author: Some(_), .. } => author.clone(),
                _ => self.stamp(by),
            };
            let words = Words { author, committer, message };
            tip = repository.git.make_commit(&[tip], &files, &words)?;
        }
        Ok(tip)
    }

    /// Moves a branch and tells of it.
    pub(super) fn move_branch(
        &mut self,
        repo: &str,
        branch: &str,
        to: Option<Oid>,
        by: &Account,
    ) -> Result<(), ForgeError> {
        let full = format!("refs/heads/{branch}");
        let repository = self.repository(repo)?;
        let before = repository.git.tip(&full)?;
        match to {
            Some(to) => repository.git.set_ref(&full, to)?,
            None => repository.git.delete_ref(&full)?,
        }
        let forced = match (before, to) {
            (Some(before), Some(to)) => !repository.git.reaches(to, before)?,
            _ => false,
        };
        let base = match before {
            Some(before) => Some(before),
            None => repository.git.tip("refs/heads/main")?.filter(|_| branch != "main"),
        };
        let mut commits = Vec::new();
        if let Some(to) = to {
            for oid in repository.git.between(base, to)? {
                commits.push(payload::commit(self, repository, oid)?);
            }
        }
        let push = payload::Push { reference: &full, before, after: to, forced, commits };
        let body = payload::push(repository, &push, by);
        self.send_github("push", &body);
        Ok(())
    }
}

impl RepoHandle<'_> {
    /// Where it is cloned from.
    pub fn url(&self) -> Result<String, ForgeError> {
        Ok(self.forge.repository(&self.name)?.git.url())
    }

    /// The tip of a branch.
    pub fn tip(&self, branch: &str) -> Result<Oid, ForgeError> {
        self.forge.repository(&self.name)?.branch(branch)
    }

    /// The text of a file at the tip of `main`; empty: it is not there.
    pub fn text(&self, path: &str) -> Result<String, ForgeError> {
        let repository = self.forge.repository(&self.name)?;
        let files = repository.git.files(repository.branch("main")?)?;
        Ok(files.get(path).map(|b| String::from_utf8_lossy(b).into_owned()).unwrap_or_default())
    }

    /// Pushes a commit onto a branch without a proposal.
    pub fn push_directly(&mut self, by: &str, branch: &str, work: Work) -> Result<Oid, ForgeError> {
        let by = self.forge.who(by)?;
        let on = self.tip(branch)?;
        let tip = self.forge.make(&self.name, on, &by, &[work])?;
        self.forge.move_branch(&self.name, branch, Some(tip), &by)?;
        Ok(tip)
    }

    /// Makes a branch at a commit.
    pub fn branch(&mut self, by: &str, name: &str, at: Oid) -> Result<(), ForgeError> {
        let by = self.forge.who(by)?;
        self.forge.move_branch(&self.name, name, Some(at), &by)
    }

    /// Points a branch anywhere, as a force push does.
    pub fn force_push(&mut self, by: &str, branch: &str, to: Oid) -> Result<(), ForgeError> {
        let by = self.forge.who(by)?;
        self.forge.move_branch(&self.name, branch, Some(to), &by)
    }

    /// Opens an issue: its number.
    pub fn open_issue(&mut self, by: &str, title: &str) -> Result<u64, ForgeError> {
        let by = self.forge.who(by)?;
        let (id, created_at) = (self.forge.next_id(), self.forge.now());
        let repository = self.forge.repository_mut(&self.name)?;
        let number = repository.next_number();
        let issue = Issue { id, number, title: title.to_owned(), open: true, by, created_at };
        repository.issues.insert(number, issue);
        self.tell_issue(number, "opened")?;
        Ok(number)
    }

    /// Closes an issue.
    pub fn close_issue(&mut self, number: u64) -> Result<(), ForgeError> {
        let unknown = || ForgeError::Unknown(format!("issue #{number}"));
        let repository = self.forge.repository_mut(&self.name)?;
        repository.issues.get_mut(&number).ok_or_else(unknown)?.open = false;
        self.tell_issue(number, "closed")
    }

    fn tell_issue(&mut self, number: u64, action: &str) -> Result<(), ForgeError> {
        let repository = self.forge.repository(&self.name)?;
        let unknown = || ForgeError::Unknown(format!("issue #{number}"));
        let issue = repository.issues.get(&number).ok_or_else(unknown)?;
        let body = payload::issue(repository, issue, action, self.forge.now());
        self.forge.send_github("issues", &body);
        Ok(())
    }

    /// A check completes on a commit.
    pub fn check(&mut self, name: &str, commit: Oid, conclusion: &str) -> Result<(), ForgeError> {
        let id = self.forge.next_id();
        let repository = self.forge.repository(&self.name)?;
        let run = payload::Check { id, name, commit, conclusion, at: self.forge.now() };
        let body = payload::check_run(repository, &run);
        self.forge.send_github("check_run", &body);
        Ok(())
    }

    /// A pull request is told of whose head was never pushed here: as after a forge lost objects.
    pub fn tell_of_lost_head(&mut self, pull: &super::PullId) -> Result<Oid, ForgeError> {
        let digits = sha(None).replacen('0', "f", 1);
        let lost: Oid = format!("{digits:.36}{:04x}", pull.number % 0xffff)
            .parse()
            .map_err(|error| ForgeError::Refused(format!("{error}")))?;
        let before = self.forge.pull_state(pull)?.head;
        let state = self.forge.pull_state_mut(pull)?;
        state.head = lost;
        let by = state.opener.clone();
        self.forge.tell_pull(pull, "synchronize", &by, Some(before))?;
        Ok(lost)
    }
}
