//! Every landed change of the scope with its evidence in columns: what, approval, landing, deploy.

use super::list::{Filters, Pager, Sort};
use super::population::Outcomes;
use super::refs::{ExceptionRef, Link, TicketRef};
use crate::domain::fact::{Integrity, LandingKind};
use crate::domain::{Class, Oid, Time};
use crate::policy::decision::State;

/// The yes that counts most: of the highest role that was needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalCell {
    /// Who.
    pub by: String,
    /// In which role.
    pub role: Option<String>,
    /// When.
    pub at: Time,
    /// The commit looked at.
    pub commit: Option<Oid>,
    /// How many more count.
    pub more: u64,
}

/// How it reached its branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LandingCell {
    /// The commit on the branch.
    pub commit: Oid,
    /// In which way.
    pub how: LandingKind,
    /// Is it what was approved?
    pub integrity: Integrity,
    /// When.
    pub at: Option<Time>,
    /// Who; `None`: nobody known.
    pub by: Option<String>,
}

/// Where and when it went out first in the environment of the scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployCell {
    /// The environment.
    pub environment: String,
    /// When.
    pub at: Time,
    /// The deploy's page.
    pub href: String,
}

/// One change in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// `chg_…`.
    pub id: String,
    /// Its page.
    pub href: String,
    /// Its title; may be empty or hostile.
    pub title: String,
    /// The repository.
    pub repo: String,
    /// `pull request 1184`; `None`: it landed without one.
    pub pull: Option<u64>,
    /// Its class.
    pub class: Class,
    /// The rule that made it so.
    pub rule: String,
    /// Linked tickets.
    pub tickets: Vec<TicketRef>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// Its state.
    pub state: State,
    /// Rules set aside by somebody entitled.
    pub overridden: u64,
    /// The approval; `None`: none counts.
    pub approval: Option<ApprovalCell>,
    /// The landing; `None`: it is still open.
    pub landing: Option<LandingCell>,
    /// The first deploy; `None`: not deployed.
    pub deploy: Option<DeployCell>,
    /// What an auditor would raise.
    pub exceptions: Vec<ExceptionRef>,
    /// Ledger index of its last entry.
    pub index: Option<u64>,
}

/// Columns that sort.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeSorts {
    /// By landing; the default, newest first.
    pub landed: Sort,
}

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangesPage {
    /// Changes in the scope, before filters.
    pub here: u64,
    /// By outcome, over every row that matches.
    pub outcomes: Outcomes,
    /// Filters.
    pub filters: Filters,
    /// Columns that sort.
    pub sorts: ChangeSorts,
    /// The rows of this page.
    pub rows: Vec<ChangeRow>,
    /// Where we are. `pager.of` is the number that matches.
    pub pager: Pager,
    /// Downloads; empty until they exist.
    pub exports: Vec<Link>,
}
