//! One change, all evidence.

use askama::Template;

use crate::report::change::ChangePage;
use crate::report::keys::{KeyTable, table};
use crate::web::components as c;
use crate::web::components::{Frame, filters};

#[derive(Template)]
#[template(path = "pages/change.html")]
struct View<'a> {
    frame: &'a Frame,
    page: &'a ChangePage,
    keys: KeyTable,
}

impl View<'_> {
    /// What the margin of a printed page says it is.
    fn print_title(&self) -> String {
        format!("change {} · {}", self.page.id, self.page.repo)
    }
}

/// The page as HTML.
pub fn render(frame: &Frame, page: &ChangePage) -> Result<String, askama::Error> {
    View { frame, page, keys: table(&page.decision.classification) }.render_with_values(frame)
}
