//! A pull request as the sum of all that was said about it, whatever the order (sem 4, 7, 10).
//!
//! Every delivery carries the whole state at its moment, so most fields are last-writer-wins. What must not be
//! forgotten is kept as sets: heads and who pushed them, branches it was aimed at, reviews, comments, that it landed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::comment::Comment;
use super::event::{CommentEvent, PullRequestEvent, RepoRef, ReviewEvent, ReviewedBase};
use super::fact::{Drove, Verdict};
use super::fold::{Latest, earliest, latest};
use super::{Account, AccountKind, Oid, Time};

/// One pull request of one repository; the key is `(repo id, number)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    /// The repository's immutable id.
    pub repo: String,
    /// Its number.
    pub number: u64,
    /// The newest state that was told; `None`: only reviews were seen yet.
    pub now: Option<Latest<Now>>,
    /// Who opened it, under the newest name that was told.
    pub opener: Option<Latest<Account>>,
    /// People behind it where no person opened it, and how that was told. Never forgotten.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub drivers: BTreeSet<(Drove, Account)>,
    /// When it was opened.
    pub opened_at: Option<Time>,
    /// Every head that was seen.
    pub heads: BTreeMap<Oid, Head>,
    /// Every branch it was ever aimed at.
    pub bases: BTreeSet<String>,
    /// How it landed. Once told, never untold.
    pub landed: Option<Latest<Landed>>,
    /// Reviews by the source's id.
    pub reviews: BTreeMap<String, Review>,
    /// Comments by the source's id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub comments: BTreeMap<String, Comment>,
}

/// What changes freely while a pull request lives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Where, under the newest name.
    pub repo: RepoRef,
    /// Title.
    pub title: String,
    /// Description.
    pub body: String,
    /// Open or closed.
    pub open: bool,
    /// Draft.
    pub draft: bool,
    /// Head branch.
    pub head_branch: String,
    /// Repository of the head; `None`: it is gone.
    pub head_repo: Option<RepoRef>,
    /// Branch it goes to.
    pub base_branch: String,
    /// That branch's commit as the source saw it.
    pub base: Oid,
    /// Labels, sorted.
    pub labels: Vec<String>,
    /// Where a person reads it.
    pub url: Option<String>,
}

/// A head over time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// First moment at which it was told.
    pub first_seen: Option<Time>,
    /// Last moment at which it was told.
    pub last_seen: Option<Time>,
    /// Last moment at which a push replaced it.
    pub replaced_at: Option<Time>,
    /// Who pushed it, as far as `synchronize` told.
    pub pushers: BTreeSet<Account>,
    /// A push of it named no account: somebody unknown, who is not exempt from anything.
    pub pushed_by_unknown: bool,
}

/// How the source says it landed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landed {
    /// As which commit.
    pub commit: Option<Oid>,
    /// When.
    pub at: Option<Time>,
    /// Who did it.
    pub by: Option<Account>,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// What it says, or said before it was dismissed.
    pub said: Option<Latest<Said>>,
    /// Whether its author belonged to the repository, as it was told first: when they wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub membership: Option<Membership>,
    /// Where the pull request went when it was written, as it was told first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<(Time, ReviewedBase)>,
    /// When it was dismissed, told by the dismissal itself.
    pub dismissed_at: Option<Time>,
    /// Earliest moment at which it was told as dismissed by anything else (a later edit, a list).
    pub seen_dismissed: Option<Time>,
}

/// Whether somebody belonged to a repository, and when that was told. Of two that were told for one moment the lesser
/// counts: an outsider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Membership {
    /// The moment.
    pub at: Time,
    /// They did.
    pub member: bool,
}

/// The words of a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Who; `None`: the account is gone or unknown.
    pub by: Option<Account>,
    /// `approved`, `changes_requested`, `commented`; `dismissed` where what it said before is unknown.
    pub state: String,
    /// The commit it is about.
    pub commit: Option<Oid>,
    /// When it was submitted.
    pub submitted_at: Option<Time>,
    /// Text.
    pub body: String,
}

impl PullRequest {
    /// Nothing is known yet but the key.
    #[must_use]
    pub fn new(repo: &str, number: u64) -> Self {
        Self {
            repo: repo.to_owned(),
            number,
            now: None,
            opener: None,
            drivers: BTreeSet::new(),
            opened_at: None,
            heads: BTreeMap::new(),
            bases: BTreeSet::new(),
            landed: None,
            reviews: BTreeMap::new(),
            comments: BTreeMap::new(),
        }
    }

    /// Takes in what a delivery says. An event of another pull request changes nothing.
    pub fn apply(&mut self, event: &PullRequestEvent) {
        if event.repo.id != self.repo || event.number != self.number {
            return;
        }
        let at = Some(event.moment);
        let rank = rank(event);
        Latest::keep(&mut self.now, Latest { at, rank, value: Now::of(event) });
        if let Some(opener) = &event.opener {
            Latest::keep(&mut self.opener, Latest { at, rank: 0, value: opener.clone() });
        }
        earliest(&mut self.opened_at, event.created_at);
        self.bases.insert(event.base_branch.clone());
        self.see_head(event);
        self.drivers.extend(drivers(event));
        if event.merged {
            let value = Landed {
                commit: event.merge_commit,
                at: event.merged_at,
                by: event.merged_by.clone(),
            };
            let rank = u8::from(value.commit.is_some());
            Latest::keep(&mut self.landed, Latest { at, rank, value });
        }
    }

    fn see_head(&mut self, event: &PullRequestEvent) {
        let at = Some(event.moment);
        let head = self.heads.entry(event.head).or_default();
        earliest(&mut head.first_seen, at);
        latest(&mut head.last_seen, at);
        if event.action != "synchronize" {
            return;
        }
        match &event.sender {
            Some(sender) => {
                head.pushers.insert(sender.clone());
            }
            None => head.pushed_by_unknown = true,
        }
        if let Some(before) = event.before.filter(|before| *before != event.head) {
            latest(&mut self.heads.entry(before).or_default().replaced_at, at);
        }
    }

    /// Takes in what a delivery says about a review. A pending review does not exist (sem 4).
    pub fn apply_review(&mut self, event: &ReviewEvent) {
        if event.repo.id != self.repo || event.number != self.number || event.state == "pending" {
            return;
        }
        let review = self.reviews.entry(event.review.clone()).or_insert(Review {
            said: None,
            membership: None,
            base: None,
            dismissed_at: None,
            seen_dismissed: None,
        });
        review.apply(event);
    }

    /// Takes in what a delivery says about a comment.
    pub fn apply_comment(&mut self, event: &CommentEvent) {
        if event.repo.id == self.repo && event.number == self.number {
            self.comments.entry(event.comment.clone()).or_default().apply(event);
        }
    }

    /// The head now: the one told last; within one moment, one that no push replaced.
    #[must_use]
    pub fn head(&self) -> Option<Oid> {
        let last = self.heads.values().filter_map(|head| head.last_seen).max()?;
        let told_last = |head: &Head| head.last_seen == Some(last);
        let standing = |head: &Head| head.replaced_at != Some(last);
        self.heads
            .iter()
            .filter(|(_, head)| told_last(head))
            .max_by_key(|(oid, head)| (standing(head), **oid))
            .map(|(oid, _)| *oid)
    }

    /// It landed.
    #[must_use]
    pub fn merged(&self) -> bool {
        self.landed.is_some()
    }

    /// It is open: not closed, and not landed.
    #[must_use]
    pub fn open(&self) -> bool {
        self.landed.is_none() && self.now.as_ref().is_some_and(|now| now.value.open)
    }

    /// Everybody who is known to have pushed to it.
    #[must_use]
    pub fn pushers(&self) -> BTreeSet<Account> {
        self.heads.values().flat_map(|head| head.pushers.iter().cloned()).collect()
    }

    /// Whether somebody pushed to it and nobody knows who: a push that named no account, or a head, beside the one it
    /// was opened with, of which no push was told.
    #[must_use]
    pub fn pushed_by_unknown(&self) -> bool {
        let untold = self.heads.values().filter(|head| head.pushers.is_empty()).count();
        untold > 1 || self.heads.values().any(|head| head.pushed_by_unknown)
    }

    /// Reviews in the order in which votes count: `(submitted_at, id)` (sem 4).
    #[must_use]
    pub fn votes(&self) -> Vec<(&str, &Review)> {
        let mut votes: Vec<_> = self.reviews.iter().map(|(id, r)| (id.as_str(), r)).collect();
        votes.sort_by_key(|(id, review)| (review.submitted_at(), super::fold::counted(id)));
        votes
    }
}

/// Who is behind a proposal that no person opened, as far as this event tells (sem 3). Every event says who opened it, so
/// the order of events does not matter; where one does not say, it may have been a bot.
fn drivers(event: &PullRequestEvent) -> Vec<(Drove, Account)> {
    let is_person = |account: &Account| account.kind == AccountKind::User;
    if event.opener.as_ref().is_some_and(is_person) {
        return Vec::new();
    }
    let by_opener = event.sender == event.opener;
    let how = match event.action.as_str() {
        "opened" => Some(Drove::Opened),
        "reopened" => Some(Drove::Reopened),
        "ready_for_review" => Some(Drove::Readied),
        _ => None,
    };
    let actor = how.and_then(|how| Some((how, event.sender.as_ref()?)));
    // Whom a person assigns later is asked to look at it.
    let assigns = event.action == "opened" || (event.action == "assigned" && by_opener);
    let assigned = event.assigned.iter().filter(|_| assigns);
    let found = actor.into_iter().chain(assigned.map(|account| (Drove::Assigned, account)));
    found.filter(|(_, who)| is_person(who)).map(|(how, who)| (how, who.clone())).collect()
}

/// Between facts of one moment (GitHub's clock ticks in seconds): opening comes first, closing last.
fn rank(event: &PullRequestEvent) -> u8 {
    match event.action.as_str() {
        "opened" => 0,
        "closed" => 2,
        _ => 1,
    }
}

impl Now {
    fn of(event: &PullRequestEvent) -> Self {
        Self {
            repo: event.repo.clone(),
            title: event.title.clone(),
            body: event.body.clone(),
            open: event.open,
            draft: event.draft,
            head_branch: event.head_branch.clone(),
            head_repo: event.head_repo.clone(),
            base_branch: event.base_branch.clone(),
            base: event.base,
            labels: event.labels.clone(),
            url: event.url.clone(),
        }
    }
}

impl Review {
    fn apply(&mut self, event: &ReviewEvent) {
        let dismissed = event.state == "dismissed" || event.action == "dismissed";
        if event.action == "dismissed" {
            earliest(&mut self.dismissed_at, Some(event.moment));
        } else if dismissed {
            earliest(&mut self.seen_dismissed, Some(event.moment));
        }
        if let Some(told) = event.member.map(|member| Membership { at: event.moment, member }) {
            self.membership = Some(self.membership.map_or(told, |first| first.min(told)));
        }
        if let Some(told) = event.base.clone().map(|base| (event.moment, base)) {
            self.base = Some(self.base.take().map_or(told.clone(), |first| first.min(told)));
        }
        let value = Said {
            by: event.by.clone(),
            state: event.state.clone(),
            commit: event.commit,
            submitted_at: event.submitted_at,
            body: event.body.clone(),
        };
        // What a dismissed review says is that it was dismissed: older than anything it said before.
        let at = (!dismissed).then_some(event.moment);
        Latest::keep(&mut self.said, Latest { at, rank: state_rank(&event.state), value });
    }

    /// Yes, no or neither, as it was before any dismissal.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self.said.as_ref().map(|said| said.value.state.as_str()) {
            Some("approved") => Verdict::Approve,
            Some("changes_requested") => Verdict::Veto,
            Some("dismissed") => Verdict::Dismissed,
            _ => Verdict::Comment,
        }
    }

    /// Since when it is dismissed.
    #[must_use]
    pub fn dismissed(&self) -> Option<Time> {
        self.dismissed_at.or(self.seen_dismissed)
    }

    /// When it was submitted.
    #[must_use]
    pub fn submitted_at(&self) -> Option<Time> {
        self.said.as_ref().and_then(|said| said.value.submitted_at)
    }
}

/// Within one moment a veto beats an approval, and an approval a comment (P3).
fn state_rank(state: &str) -> u8 {
    match state {
        "changes_requested" => 2,
        "approved" => 1,
        _ => 0,
    }
}

mod head_at;
#[cfg(test)]
mod tests;
