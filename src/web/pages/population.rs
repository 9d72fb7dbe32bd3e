//! The population: every deploy, complete.

use askama::Template;

use crate::report::population::PopulationPage;
use crate::report::refs::DeployStatus;
use crate::web::components as c;
use crate::web::components::{Frame, filters};

#[derive(Template)]
#[template(path = "pages/population.html")]
struct View<'a> {
    frame: &'a Frame,
    page: &'a PopulationPage,
}

impl View<'_> {
    /// What the margin of a printed page says it is.
    fn print_title(&self) -> String {
        format!("population, {} deploys", self.page.environment)
    }
}

/// The page as HTML.
pub fn render(frame: &Frame, page: &PopulationPage) -> Result<String, askama::Error> {
    View { frame, page }.render_with_values(frame)
}
