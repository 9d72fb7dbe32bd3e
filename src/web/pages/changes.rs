//! Every landed change with its evidence in columns.

use askama::Template;

use crate::report::changes::ChangesPage;
use crate::web::components as c;
use crate::web::components::{Frame, filters};

#[derive(Template)]
#[template(path = "pages/changes.html")]
struct View<'a> {
    frame: &'a Frame,
    page: &'a ChangesPage,
}

impl View<'_> {
    /// What the margin of a printed page says it is.
    fn print_title(&self) -> String {
        format!("changes at ledger size {}", self.page.pager.ledger_size)
    }
}

/// The page as HTML.
pub fn render(frame: &Frame, page: &ChangesPage) -> Result<String, askama::Error> {
    View { frame, page }.render_with_values(frame)
}
