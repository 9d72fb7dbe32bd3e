//! Every component in every state, with hostile text: `/_components`, for development and for tests that look.

use askama::Template;

use crate::domain::Class;
use crate::policy::decision::{RuleState, State};
use crate::report::refs::{DeployStatus, Severity};
use crate::report::samples;
use crate::web::components as c;
use crate::web::components::{Frame, filters};

#[derive(Template)]
#[template(path = "pages/gallery.html")]
struct View<'a> {
    frame: &'a Frame,
    rules: [RuleState; 5],
    severities: [Severity; 3],
    statuses: &'static [DeployStatus],
    hostile: &'static str,
    change: crate::report::change::ChangePage,
    blocked: crate::report::decision::DecisionPage,
    population: crate::report::population::PopulationPage,
    overviews: [crate::report::overview::OverviewPage; 2],
    none: Option<crate::domain::Time>,
}

impl View<'_> {
    /// What the margin of a printed page says it is.
    fn print_title(&self) -> String {
        format!("components of {}", self.frame.version)
    }
}

/// The page as HTML.
pub fn render(frame: &Frame) -> Result<String, askama::Error> {
    View {
        frame,
        rules: [
            RuleState::Satisfied,
            RuleState::Unsatisfied,
            RuleState::NotApplicable,
            RuleState::Overridden,
            RuleState::Error,
        ],
        severities: [Severity::High, Severity::Medium, Severity::Low],
        statuses: DeployStatus::ALL,
        hostile: samples::HOSTILE,
        change: samples::change(),
        blocked: samples::decision_blocked(),
        population: samples::population(),
        overviews: [samples::overview(), samples::first_run()],
        none: None,
    }
    .render_with_values(frame)
}
