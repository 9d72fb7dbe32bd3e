//! The gate: may it go out, and what is missing?

use askama::Template;

use crate::report::decision::DecisionPage;
use crate::report::keys::{KeyTable, table};
use crate::web::components as c;
use crate::web::components::{Frame, filters};

#[derive(Template)]
#[template(path = "pages/decision.html")]
struct View<'a> {
    frame: &'a Frame,
    page: &'a DecisionPage,
    keys: KeyTable,
}

impl View<'_> {
    /// What the margin of a printed page says it is.
    fn print_title(&self) -> String {
        format!("decision {} · {}", self.page.id, self.page.repo)
    }
}

/// The page as HTML.
pub fn render(frame: &Frame, page: &DecisionPage) -> Result<String, askama::Error> {
    View { frame, page, keys: page.classification.as_ref().map(table).unwrap_or_default() }
        .render_with_values(frame)
}
