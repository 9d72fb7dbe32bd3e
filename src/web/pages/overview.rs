//! The overview: is this period under control?

use askama::Template;

use crate::report::overview::{LOOKED_AT, OverviewPage};
use crate::report::refs::Severity;
use crate::web::components as c;
use crate::web::components::{Frame, filters};

#[derive(Template)]
#[template(path = "pages/overview.html")]
struct View<'a> {
    frame: &'a Frame,
    page: &'a OverviewPage,
}

impl View<'_> {
    /// What the margin of a printed page says it is.
    fn print_title(&self) -> String {
        format!("overview, {}", self.page.scope)
    }
}

/// The page as HTML.
pub fn render(frame: &Frame, page: &OverviewPage) -> Result<String, askama::Error> {
    View { frame, page }.render_with_values(frame)
}
