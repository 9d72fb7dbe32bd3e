//! What a search found, by kind, or where it looked.

use askama::Template;

use crate::report::search::SearchPage;
use crate::web::components as c;
use crate::web::components::{Frame, filters};

#[derive(Template)]
#[template(path = "pages/search.html")]
struct View<'a> {
    frame: &'a Frame,
    page: &'a SearchPage,
}

impl View<'_> {
    /// What the margin of a printed page says it is.
    fn print_title(&self) -> String {
        format!("search for {}", self.page.query)
    }
}

/// The page as HTML.
pub fn render(frame: &Frame, page: &SearchPage) -> Result<String, askama::Error> {
    View { frame, page }.render_with_values(frame)
}
