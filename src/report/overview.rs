//! The overview: is this period under control, and where must I look?

use super::attribution::Attribution;
use super::chart::Day;
use super::population::{Compared, Outcomes};
use super::prose::Prose;
use super::refs::{ExceptionRef, Link, Severity};
use super::strips::{Run, Strip};
use super::waits::WaitRow;
use crate::domain::Time;

/// One service in the table of outcomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRow {
    /// Its name.
    pub name: String,
    /// The population of this service.
    pub href: String,
    /// Deploys in the scope.
    pub deploys: u64,
    /// Changes that those brought in, by outcome.
    pub outcomes: Outcomes,
}

/// Open exceptions of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenKind {
    /// `X01`.
    pub kind: String,
    /// How bad.
    pub severity: Severity,
    /// What it says.
    pub title: String,
    /// How many are open, by age: under 7 days, 7 to 14, over 14.
    pub ages: [u64; 3],
}

/// A source and whether it kept talking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRow {
    /// Its id.
    pub id: String,
    /// Deliveries kept in the period.
    pub deliveries: u64,
    /// The last one; `None`: never.
    pub last: Option<Time>,
    /// Deliveries set aside because they could not be applied.
    pub set_aside: u64,
    /// Deliveries refused for a bad signature, ever.
    pub refused: u64,
    /// Days with and without deliveries.
    pub strip: Strip,
}

/// A number of the period before, to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// `September`.
    pub name: String,
    /// Deploys then.
    pub deploys: u64,
    /// Changes then.
    pub changes: u64,
}

/// Emergencies of the period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Emergencies {
    /// All.
    pub total: u64,
    /// Reviewed afterwards.
    pub reviewed: u64,
    /// Not reviewed in time.
    pub overdue: u64,
}

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverviewPage {
    /// `production, October 2026`.
    pub scope: String,
    /// The sentence that names what does not add up; [`finding`] makes the usual one.
    pub finding: Prose,
    /// Deploys of the scope.
    pub deploys: u64,
    /// Of them, without any exception.
    pub clean_deploys: u64,
    /// Against the sources; `None`: not compared yet.
    pub compared: Option<Compared>,
    /// Commits brought in.
    pub commits: Attribution,
    /// Changes brought in.
    pub outcomes: Outcomes,
    /// The period before.
    pub before: Option<Before>,
    /// Emergencies.
    pub emergencies: Emergencies,
    /// Policy in force, in a sentence.
    pub policy: Prose,
    /// Deploys by day and highest class.
    pub days: Vec<Day>,
    /// Outcomes by service.
    pub services: Vec<ServiceRow>,
    /// Waits for an architect that ended in the period, by scope.
    pub waits: Vec<WaitRow>,
    /// Open exceptions by kind.
    pub open: Vec<OpenKind>,
    /// When the oldest open exception was opened, and its kind.
    pub oldest: Option<(Time, String)>,
    /// Open ones, worst and then oldest first, at most as many as a page holds: the subject and the exception.
    pub first: Vec<(Link, ExceptionRef)>,
    /// Sources.
    pub sources: Vec<SourceRow>,
    /// The days of the period that have begun; `None`: none of them, or nothing was ever delivered.
    pub period: Option<Run>,
    /// The population of this scope.
    pub population_href: String,
    /// Its changes.
    pub changes_href: String,
    /// Nothing is here yet: the commands that fill it, line by line. Empty otherwise.
    pub first_run: Vec<String>,
}

impl OverviewPage {
    /// Open exceptions of a severity.
    #[must_use]
    pub fn open_of(&self, severity: Severity) -> u64 {
        self.open.iter().filter(|kind| kind.severity == severity).map(OpenKind::total).sum()
    }

    /// All open exceptions.
    #[must_use]
    pub fn open_total(&self) -> u64 {
        self.open.iter().map(OpenKind::total).sum()
    }
}

impl OpenKind {
    /// All ages.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.ages.iter().sum()
    }
}

/// The predicates that are looked at so far: what is not listed here is not known to be absent.
pub const LOOKED_FOR: &str = "Looked for so far: one delivery id with two bodies (X50), a repository whose name another \
    took over (X44). The other predicates are not judged yet.";

/// Predicates that are looked at so far, of how many.
pub const LOOKED_AT: (u64, u64) = (2, 58);

/// The finding over open exceptions, with its empty state.
#[must_use]
pub fn open_finding(page: &OverviewPage) -> String {
    use super::words::plural;
    match &page.oldest {
        None => format!(
            "No exceptions are open in {} ({} looked at). Widen the period.",
            page.scope,
            plural(page.deploys, "deploy was", "deploys were")
        ),
        Some((at, kind)) => format!(
            "{} open, of {}. The oldest is {kind}, opened {}.",
            super::words::count(page.open_total()),
            plural(page.open.len() as u64, "kind", "kinds"),
            at.to_date_text()
        ),
    }
}

/// The usual sentence: how much, whether it is complete, and what belongs to no change.
#[must_use]
pub fn finding(deploys: u64, services: u64, commits: &Attribution, outcomes: &Outcomes) -> Prose {
    use super::words::plural;
    let start = Prose::from(format!(
        "{} of {}. ",
        plural(deploys, "deploy", "deploys"),
        plural(services, "service", "services")
    ));
    let loose = commits.direct + commits.unresolved;
    let prose = match loose {
        0 => start.text("Every commit belongs to a change or to a bucket that needs none"),
        number => start.strong(format!(
            "{} that {} to no change",
            plural(number, "commit was deployed", "commits were deployed"),
            if number == 1 { "belongs" } else { "belong" }
        )),
    };
    match outcomes.not_passing {
        0 => prose.text("; every change passes."),
        number => prose
            .text("; ")
            .strong(format!("{} not pass", plural(number, "change does", "changes do")))
            .text("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_loose_commit_in_a_thousand_is_in_the_first_sentence() {
        let commits = Attribution { total: 1000, landed: 999, direct: 1, ..Attribution::default() };
        let words =
            finding(412, 14, &commits, &Outcomes { approved: 9, ..Outcomes::default() }).plain();
        assert_eq!(
            words,
            "412 deploys of 14 services. 1 commit was deployed that belongs to no change; every change passes."
        );
    }
}
