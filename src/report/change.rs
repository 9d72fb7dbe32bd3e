//! One change: all evidence on one page.

use super::attribution::Attribution;
use super::changes::LandingCell;
use super::entry::ReceiptView;
use super::excerpt::Excerpt;
use super::lanes::Event;
use super::prose::Prose;
use super::refs::{ExceptionRef, Link, TicketRef};
use crate::domain::file::Lines;
use crate::domain::{Oid, Time};
use crate::policy::decision::{Decision, FileClass};

/// A file with its class and its size.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRow {
    /// Why it has its class.
    pub class: FileClass,
    /// Lines added and deleted; `None`: not counted (binary, link).
    pub lines: Option<Lines>,
}

/// A ticket at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketState {
    /// Status by name; `None`: not known.
    pub status: Option<String>,
    /// Type by name.
    pub kind: Option<String>,
    /// Digest over title and description.
    pub scope: Option<String>,
}

/// A ticket at start, landing and deploy. `None`: the moment has not come, or nothing was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketMoments {
    /// The ticket.
    pub ticket: TicketRef,
    /// Its title; may be empty or hostile.
    pub title: String,
    /// Where its key was found.
    pub found_in: Vec<String>,
    /// At the first commit, at the landing, at the first deploy.
    pub moments: [Option<TicketState>; 3],
    /// What an auditor would raise about it.
    pub note: Prose,
}

/// An environment the change reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The environment.
    pub environment: String,
    /// Since when.
    pub since: Time,
    /// The deploy that brought it.
    pub deploy: Link,
    /// What the deploy brought in altogether.
    pub attribution: Option<Attribution>,
    /// Taken out again by a rollback.
    pub withdrawn: Option<Link>,
}

/// The page.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangePage {
    /// `chg_…`.
    pub id: String,
    /// Its title; may be empty or hostile.
    pub title: String,
    /// The repository.
    pub repo: String,
    /// Its changes.
    pub repo_href: String,
    /// The proposal, at its source; `None`: it landed without one.
    pub pull: Option<Link>,
    /// The branch.
    pub branch: String,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// Linked tickets, the first of them.
    pub tickets: Vec<TicketMoments>,
    /// How many more are linked.
    pub more_tickets: u64,
    /// The commit that was judged.
    pub head: Oid,
    /// Merge base.
    pub base: Option<Oid>,
    /// The landing; `None`: still open.
    pub landing: Option<LandingCell>,
    /// What was seen of the landing, in sentences.
    pub landing_evidence: Vec<String>,
    /// The decision that stands: state, classes, rules, opinions.
    pub decision: Decision,
    /// Its id and page.
    pub decision_link: Option<Link>,
    /// What it was made for and when: `deploy to production`.
    pub decided_for: String,
    /// When.
    pub decided_at: Time,
    /// Policies read, in a sentence.
    pub policy: Prose,
    /// The files, in order of path, with their sizes.
    pub files: Vec<FileRow>,
    /// The lines that made the class; empty where key changes are the evidence, or nothing can be shown.
    pub excerpts: Vec<Excerpt>,
    /// Why no lines are shown, where they should be. Empty otherwise.
    pub no_excerpt: String,
    /// Everything that happened, in order of time.
    pub events: Vec<Event>,
    /// First arrival in production, for the dashed line.
    pub in_production: Option<Time>,
    /// Where it is.
    pub places: Vec<Place>,
    /// Exceptions about it, with what was answered.
    pub exceptions: Vec<(ExceptionRef, Prose)>,
    /// The landing's entry.
    pub receipt: Option<ReceiptView>,
    /// What its edit of the policy file would do; `None`: it edits none, or has landed.
    pub policy_edit: Option<PolicyEdit>,
    /// Co-author trailers that the named person disowned: commit, who, when, why.
    pub disowned: Vec<String>,
    /// Whether it lies in the scope of the frame.
    pub in_scope: bool,
    /// Downloads and actions: bundle, JSON.
    pub actions: Vec<Link>,
}

/// What an edit of a policy file would do (sem 6.4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyEdit {
    /// What is wrong with the file, as a compiler would say it; empty: nothing.
    pub refused: String,
    /// Where it tries to weaken the organisation's.
    pub invalid: Vec<String>,
    /// How its own cases went, in a sentence.
    pub cases: String,
    /// Cases that fail.
    pub failed: Vec<String>,
    /// How many of the last landings it would judge otherwise, in a sentence.
    pub effect: String,
    /// Those landings.
    pub moved: Vec<MovedRow>,
    /// How many of them are not shown.
    pub more: u64,
}

/// A landing that another policy would judge otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedRow {
    /// The change.
    pub change: Link,
    /// Class and state under the policy in force.
    pub before: String,
    /// The same under the edit.
    pub after: String,
    /// Why.
    pub why: String,
}

impl ChangePage {
    /// Rules set aside by somebody entitled.
    #[must_use]
    pub fn overridden(&self) -> u64 {
        super::rules::overridden(&self.decision.rules)
    }

    /// Opinions that count.
    #[must_use]
    pub fn counted(&self) -> u64 {
        self.decision.opinions.iter().filter(|opinion| opinion.counts).count() as u64
    }

    /// Lines over all files that were counted.
    #[must_use]
    pub fn lines(&self) -> Lines {
        self.files.iter().filter_map(|file| file.lines).fold(Lines::default(), |sum, lines| Lines {
            added: sum.added + lines.added,
            deleted: sum.deleted + lines.deleted,
        })
    }

    /// `4 significant, 2 routine, 3 trivial`, highest first, without zeros.
    #[must_use]
    pub fn classes(&self) -> String {
        let words: Vec<String> = crate::domain::Class::ALL
            .into_iter()
            .rev()
            .map(|class| {
                (self.files.iter().filter(|file| file.class.class == class).count(), class)
            })
            .filter(|(number, _)| *number > 0)
            .map(|(number, class)| format!("{number} {class}"))
            .collect();
        words.join(" · ")
    }

    /// The file that made the class, if one did.
    #[must_use]
    pub fn heaviest(&self) -> Option<&FileRow> {
        let class = self.decision.classification.class;
        self.files.iter().find(|file| file.class.class == class)
    }

    /// How many files have the class of the change.
    #[must_use]
    pub fn heavy_files(&self) -> u64 {
        let class = self.decision.classification.class;
        self.files.iter().filter(|file| file.class.class == class).count() as u64
    }
}
