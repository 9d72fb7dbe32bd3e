//! The population: every deploy of the scope, complete, with a count that is compared with the sources.

use super::attribution::Attribution;
use super::list::{Filters, Pager, Sort};
use super::refs::{DeployKind, DeployStatus, ExceptionRef, TicketRef};
use crate::domain::{Class, Oid, Time};
use crate::policy::decision::State;

/// How a count was compared with what the sources say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// What the sources report.
    pub reported: u64,
    /// When it was compared.
    pub at: Time,
    /// How, in a few words: `824 deliveries, started and finished`.
    pub how: String,
    /// Page that lists the differences; `None` while there is none.
    pub href: Option<String>,
}

/// One deploy in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployRow {
    /// `dep_…`.
    pub id: String,
    /// Its page.
    pub href: String,
    /// The service.
    pub service: String,
    /// The environment.
    pub environment: String,
    /// When it began, by the source's clock.
    pub started: Time,
    /// What became of it.
    pub status: DeployStatus,
    /// How it relates to the one before.
    pub kind: DeployKind,
    /// The commit before; `None`: there was none.
    pub from: Option<Oid>,
    /// The commit deployed.
    pub to: Oid,
    /// Commits brought in.
    pub commits: u64,
    /// Changes brought in.
    pub changes: u64,
    /// Highest class among them; `None`: nothing new.
    pub class: Option<Class>,
    /// The decision it went out on; `None`: none was asked for.
    pub state: Option<State>,
    /// Page of that decision.
    pub decision_href: Option<String>,
    /// Tickets of its changes.
    pub tickets: Vec<TicketRef>,
    /// Who deployed; `None`: the source does not say.
    pub deployer: Option<String>,
    /// What an auditor would raise.
    pub exceptions: Vec<ExceptionRef>,
    /// Ledger index of its last entry.
    pub index: Option<u64>,
}

impl DeployRow {
    /// Highest severity first: the one that stands in the cell.
    #[must_use]
    pub fn worst(&self) -> Option<&ExceptionRef> {
        self.exceptions.iter().min_by_key(|exception| exception.severity)
    }
}

/// How changes got through, as a sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// `auto_approved`.
    pub by_rule: u64,
    /// `approved`.
    pub approved: u64,
    /// `emergency_open`.
    pub emergency: u64,
    /// Every other state.
    pub not_passing: u64,
}

impl Outcomes {
    /// All of them.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_rule + self.approved + self.emergency + self.not_passing
    }

    /// Counts so many more changes in this state.
    pub fn add(&mut self, state: State, count: u64) {
        let bucket = match state {
            State::AutoApproved => &mut self.by_rule,
            State::Approved => &mut self.approved,
            State::EmergencyOpen => &mut self.emergency,
            _ => &mut self.not_passing,
        };
        *bucket += count;
    }

    /// The four, in order, with their words and fills.
    #[must_use]
    pub fn parts(&self) -> [(u64, &'static str, &'static str); 4] {
        [
            (self.by_rule, "passed by rule", "c1"),
            (self.approved, "approved", "c3"),
            (self.emergency, "emergency", "emer"),
            (self.not_passing, "not passing", "un"),
        ]
    }
}

/// What the foot of the table says, over all rows that match and not only this page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeployTotals {
    /// Commits brought in, by bucket.
    pub commits: Attribution,
    /// Changes brought in, by outcome.
    pub outcomes: Outcomes,
}

/// The columns of the population that sort.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeploySorts {
    /// By service.
    pub service: Sort,
    /// By start; the default, newest first.
    pub started: Sort,
}

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PopulationPage {
    /// `production`, or `all environments`.
    pub environment: String,
    /// Deploys in the scope, before filters.
    pub here: u64,
    /// Against the sources; `None`: not compared yet.
    pub compared: Option<Compared>,
    /// Filters.
    pub filters: Filters,
    /// Columns that sort.
    pub sorts: DeploySorts,
    /// The rows of this page.
    pub rows: Vec<DeployRow>,
    /// Totals over every row that matches.
    pub totals: DeployTotals,
    /// Where we are. `pager.of` is the number that matches.
    pub pager: Pager,
    /// Downloads of the same rows (`CSV`, …); empty until they exist.
    pub exports: Vec<super::refs::Link>,
}
