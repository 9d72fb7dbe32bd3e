//! Pull requests: opened, pushed to, reviewed, landed.

use std::collections::{BTreeMap, BTreeSet};

use super::comments::Comment;
use super::proposal::{Proposal, Work};
use super::{Account, Forge, ForgeError, RepoHandle, payload};
use crate::domain::{Oid, Time};
use crate::git::build::{Stamp, Words};

/// Which pull request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PullId {
    /// The repository's name.
    pub repo: String,
    /// Its number.
    pub number: u64,
}

/// The ways in which a pull request is landed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A merge commit.
    Merge,
    /// One commit.
    Squash,
    /// Its commits made anew on the base.
    Rebase,
    /// The base moved to its head; the head must be on top of the base.
    FastForward,
}

/// A pull request of the model.
#[derive(Debug, Clone)]
pub(super) struct Pull {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) branch: String,
    pub(super) base: String,
    pub(super) base_sha: Oid,
    pub(super) head: Oid,
    pub(super) opener: Account,
    pub(super) open: bool,
    pub(super) draft: bool,
    pub(super) assignees: Vec<Account>,
    pub(super) merged: Option<(Oid, Time, Account)>,
    pub(super) labels: BTreeSet<String>,
    pub(super) created_at: Time,
    pub(super) reviews: BTreeMap<u64, Review>,
    pub(super) comments: BTreeMap<u64, Comment>,
}

/// A review of the model.
#[derive(Debug, Clone)]
pub(super) struct Review {
    pub(super) id: u64,
    pub(super) by: Account,
    pub(super) state: String,
    pub(super) body: String,
    pub(super) commit: Oid,
    pub(super) submitted_at: Time,
}

impl RepoHandle<'_> {
    /// Opens a pull request: the branch is made and pushed, `refs/pull/N/head` follows it.
    pub fn open_pull(&mut self, by: &str, proposal: &Proposal) -> Result<PullId, ForgeError> {
        let by = self.forge.who(by)?;
        let named = |login: &String| self.forge.who(login);
        let assignees = proposal.assignees.iter().map(named).collect::<Result<_, _>>()?;
        let sender = proposal.sender.as_ref().map_or_else(|| Ok(by.clone()), named)?;
        let base_sha = self.tip(&proposal.base)?;
        let from = proposal.from.as_ref().map_or(Ok(base_sha), |branch| self.tip(branch))?;
        let head = self.forge.make(&self.name, from, &by, &proposal.work)?;
        let (id, created_at) = (self.forge.next_id(), self.forge.now());
        let repository = self.forge.repository_mut(&self.name)?;
        let number = repository.next_number();
        repository.git.set_ref(&format!("refs/pull/{number}/head"), head)?;
        let pull = Pull {
            id,
            number,
            title: proposal.title.clone(),
            body: proposal.body.clone(),
            branch: proposal.branch.clone(),
            base: proposal.base.clone(),
            base_sha,
            head,
            opener: by.clone(),
            open: true,
            draft: proposal.draft,
            assignees,
            merged: None,
            labels: BTreeSet::new(),
            created_at,
            reviews: BTreeMap::new(),
            comments: BTreeMap::new(),
        };
        repository.pulls.insert(number, pull);
        self.forge.move_branch(&self.name, &proposal.branch, Some(head), &by)?;
        let id = PullId { repo: self.name.clone(), number };
        self.forge.tell_pull(&id, "opened", &sender, None)?;
        Ok(id)
    }
}

impl Forge {
    pub(super) fn pull_state(&self, pull: &PullId) -> Result<&Pull, ForgeError> {
        let unknown = || ForgeError::Unknown(format!("{}#{}", pull.repo, pull.number));
        self.repository(&pull.repo)?.pulls.get(&pull.number).ok_or_else(unknown)
    }

    pub(super) fn pull_state_mut(&mut self, pull: &PullId) -> Result<&mut Pull, ForgeError> {
        let unknown = || ForgeError::Unknown(format!("{}#{}", pull.repo, pull.number));
        self.repository_mut(&pull.repo)?.pulls.get_mut(&pull.number).ok_or_else(unknown)
    }

    /// The open proposals from a branch that was moved go along with it.
    fn follow(
        &mut self,
        repo: &str,
        branch: &str,
        to: Oid,
        by: &Account,
    ) -> Result<(), ForgeError> {
        let repository = self.repository_mut(repo)?;
        let from = repository.pulls.values_mut().filter(|pull| pull.open && pull.branch == branch);
        let moved: Vec<(u64, Oid)> =
            from.map(|pull| (pull.number, std::mem::replace(&mut pull.head, to))).collect();
        for (number, before) in moved {
            self.repository(repo)?.git.set_ref(&format!("refs/pull/{number}/head"), to)?;
            let pull = PullId { repo: repo.to_owned(), number };
            self.tell_pull(&pull, "synchronize", by, Some(before))?;
        }
        Ok(())
    }

    /// Sends a pull request as it stands now.
    pub(super) fn tell_pull(
        &mut self,
        pull: &PullId,
        action: &str,
        by: &Account,
        before: Option<Oid>,
    ) -> Result<(), ForgeError> {
        let (repository, state) = (self.repository(&pull.repo)?, self.pull_state(pull)?);
        let body = payload::pull_request(repository, state, action, by, before, self.now);
        self.send_github("pull_request", &body);
        Ok(())
    }
}

/// A pull request, to do something with it.
#[derive(Debug)]
pub struct PullHandle<'f> {
    pub(super) forge: &'f mut Forge,
    pub(super) id: PullId,
}

impl PullHandle<'_> {
    fn state(&self) -> Result<&Pull, ForgeError> {
        self.forge.pull_state(&self.id)
    }

    /// The head now.
    pub fn head(&self) -> Result<Oid, ForgeError> {
        Ok(self.state()?.head)
    }

    /// One more commit on its branch.
    pub fn push(&mut self, by: &str, work: Work) -> Result<Oid, ForgeError> {
        let by = self.forge.who(by)?;
        let head = self.forge.make(&self.id.repo, self.state()?.head, &by, &[work])?;
        self.move_head(head, &by)
    }

    /// Its commits made anew on the base's tip, and force-pushed.
    pub fn rebase(&mut self, by: &str) -> Result<Oid, ForgeError> {
        let by = self.forge.who(by)?;
        let (onto, committer) = (self.base_tip()?, self.forge.stamp(&by));
        let repository = self.forge.repository(&self.id.repo)?;
        let head = repository.git.rebase(onto, self.state()?.head, &committer)?;
        self.move_head(head, &by)
    }

    /// The base's tip merged into its branch, by the forge's button.
    pub fn update_from_base(&mut self, by: &str) -> Result<Oid, ForgeError> {
        let by = self.forge.who(by)?;
        let (base, state) = (self.base_tip()?, self.state()?.clone());
        let message = format!("Merge branch '{}' into {}\n", state.base, state.branch);
        let words =
            Words { author: self.forge.stamp(&by), committer: self.forge.web_flow(), message };
        let head = self.forge.repository(&self.id.repo)?.git.merge(state.head, base, &words)?;
        self.move_head(head, &by)
    }

    fn move_head(&mut self, head: Oid, by: &Account) -> Result<Oid, ForgeError> {
        let (before, branch) = (self.state()?.head, self.state()?.branch.clone());
        let (base, number) = (self.base_tip()?, self.id.number);
        let repository = self.forge.repository(&self.id.repo)?;
        repository.git.set_ref(&format!("refs/pull/{number}/head"), head)?;
        self.forge.move_branch(&self.id.repo, &branch, Some(head), by)?;
        let state = self.forge.pull_state_mut(&self.id)?;
        (state.head, state.base_sha) = (head, base);
        self.forge.tell_pull(&self.id, "synchronize", by, Some(before))?;
        Ok(head)
    }

    fn base_tip(&self) -> Result<Oid, ForgeError> {
        self.forge.repository(&self.id.repo)?.branch(&self.state()?.base)
    }

    /// A review that says yes to the head.
    pub fn approve(&mut self, by: &str) -> Result<u64, ForgeError> {
        self.review(by, "approved", "")
    }

    /// A review that says no.
    pub fn request_changes(&mut self, by: &str, why: &str) -> Result<u64, ForgeError> {
        self.review(by, "changes_requested", why)
    }

    /// A review that says neither.
    pub fn comment(&mut self, by: &str, text: &str) -> Result<u64, ForgeError> {
        self.review(by, "commented", text)
    }

    fn review(&mut self, by: &str, state: &str, body: &str) -> Result<u64, ForgeError> {
        let by = self.forge.who(by)?;
        let (id, submitted_at) = (self.forge.next_id(), self.forge.now());
        let pull = self.forge.pull_state_mut(&self.id)?;
        let (state, body, commit) = (state.to_owned(), body.to_owned(), pull.head);
        let review = Review { id, by: by.clone(), state, body, commit, submitted_at };
        pull.reviews.insert(id, review);
        self.tell_review(id, "submitted", &by)?;
        Ok(id)
    }

    /// Somebody takes a review's weight away.
    pub fn dismiss(&mut self, review: u64, by: &str) -> Result<(), ForgeError> {
        let by = self.forge.who(by)?;
        let unknown = || ForgeError::Unknown(format!("review {review}"));
        let pull = self.forge.pull_state_mut(&self.id)?;
        "dismissed".clone_into(&mut pull.reviews.get_mut(&review).ok_or_else(unknown)?.state);
        self.tell_review(review, "dismissed", &by)
    }

    fn tell_review(&mut self, review: u64, action: &str, by: &Account) -> Result<(), ForgeError> {
        let unknown = || ForgeError::Unknown(format!("review {review}"));
        let (repository, pull) = (self.forge.repository(&self.id.repo)?, self.state()?);
        let review = pull.reviews.get(&review).ok_or_else(unknown)?;
        let now = self.forge.now();
        let body = payload::review(repository, pull, review, action, by, now);
        self.forge.send_github("pull_request_review", &body);
        Ok(())
    }

    /// Puts a label on it.
    pub fn label(&mut self, by: &str, label: &str) -> Result<(), ForgeError> {
        let by = self.forge.who(by)?;
        self.forge.pull_state_mut(&self.id)?.labels.insert(label.to_owned());
        self.forge.tell_pull(&self.id, "labeled", &by, None)
    }

    /// Says something else in its title.
    pub fn retitle(&mut self, by: &str, title: &str) -> Result<(), ForgeError> {
        let by = self.forge.who(by)?;
        title.clone_into(&mut self.forge.pull_state_mut(&self.id)?.title);
        self.forge.tell_pull(&self.id, "edited", &by, None)
    }

    /// Closes it without landing it.
    pub fn close(&mut self, by: &str) -> Result<(), ForgeError> {
        let by = self.forge.who(by)?;
        self.forge.pull_state_mut(&self.id)?.open = false;
        self.forge.tell_pull(&self.id, "closed", &by, None)
    }

    /// Opens it again.
    pub fn reopen(&mut self, by: &str) -> Result<(), ForgeError> {
        let by = self.forge.who(by)?;
        self.forge.pull_state_mut(&self.id)?.open = true;
        self.forge.tell_pull(&self.id, "reopened", &by, None)
    }

    /// Says that it is no draft any more.
    pub fn ready(&mut self, by: &str) -> Result<(), ForgeError> {
        let by = self.forge.who(by)?;
        self.forge.pull_state_mut(&self.id)?.draft = false;
        self.forge.tell_pull(&self.id, "ready_for_review", &by, None)
    }

    /// Assigns somebody.
    pub fn assign(&mut self, by: &str, whom: &str) -> Result<(), ForgeError> {
        let (by, whom) = (self.forge.who(by)?, self.forge.who(whom)?);
        self.forge.pull_state_mut(&self.id)?.assignees.push(whom);
        self.forge.tell_pull(&self.id, "assigned", &by, None)
    }

    /// Lands it: the commit on the base.
    pub fn merge(&mut self, by: &str, way: Way) -> Result<Oid, ForgeError> {
        let by = self.forge.who(by)?;
        let state = self.state()?.clone();
        if !state.open {
            return Err(ForgeError::Refused(format!("#{} is closed", state.number)));
        }
        let landed = self.landing(&state, &by, way)?;
        self.forge.move_branch(&self.id.repo, &state.base, Some(landed), &by)?;
        self.forge.close_merged(&self.id, landed, &by)?;
        self.forge.follow(&self.id.repo, &state.base, landed, &by)?;
        Ok(landed)
    }

    /// Aims it at another branch.
    pub fn retarget(&mut self, by: &str, base: &str) -> Result<(), ForgeError> {
        let by = self.forge.who(by)?;
        let base_sha = self.forge.repository(&self.id.repo)?.branch(base)?;
        let state = self.forge.pull_state_mut(&self.id)?;
        (state.base, state.base_sha) = (base.to_owned(), base_sha);
        self.forge.tell_pull(&self.id, "edited", &by, None)
    }

    fn landing(&self, pull: &Pull, by: &Account, way: Way) -> Result<Oid, ForgeError> {
        self.forge.made(&self.id.repo, pull, (by, way), self.base_tip()?)
    }
}

impl Forge {
    /// A pull request is closed as merged, and its branch deleted.
    pub(super) fn close_merged(
        &mut self,
        id: &PullId,
        landed: Oid,
        by: &Account,
    ) -> Result<(), ForgeError> {
        let at = self.now();
        let pull = self.pull_state_mut(id)?;
        let branch = pull.branch.clone();
        pull.open = false;
        pull.merged = Some((landed, at, by.clone()));
        self.tell_pull(id, "closed", by, None)?;
        self.move_branch(&id.repo, &branch, None, by)
    }

    /// The commit that lands a pull request on a base in one of the ways.
    pub(super) fn made(
        &self,
        repo: &str,
        pull: &Pull,
        (by, way): (&Account, Way),
        base: Oid,
    ) -> Result<Oid, ForgeError> {
        let git = &self.repository(repo)?.git;
        let words = |author: &Account, message: String| Words {
            author: self.stamp(author),
            committer: self.web_flow(),
            message,
        };
        let (number, title) = (pull.number, &pull.title);
        match way {
            Way::Merge => {
                let owner = repo.split('/').next().unwrap_or_default();
                let message = format!(
                    "Merge pull request #{number} from {owner}/{}\n\n{title}\n",
                    pull.branch
                );
                Ok(git.merge(base, pull.head, &words(by, message))?)
            }
            Way::Squash => {
                let message = format!("{title} (#{number})\n");
                Ok(git.squash(base, pull.head, &words(&pull.opener, message))?)
            }
            Way::Rebase => Ok(git.rebase(base, pull.head, &self.web_flow())?),
            Way::FastForward if git.reaches(pull.head, base)? => Ok(pull.head),
            Way::FastForward => {
                let why = format!("#{number} is not on top of {}: rebase it first", pull.base);
                Err(ForgeError::Refused(why))
            }
        }
    }

    /// What the forge signs its own commits with.
    pub(super) fn web_flow(&self) -> Stamp {
        let (name, email) = ("GitHub".to_owned(), "noreply@github.com".to_owned());
        Stamp { name, email, at: self.now() }
    }
}
