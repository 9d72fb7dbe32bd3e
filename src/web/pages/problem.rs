//! What did not work, in words.

use askama::Template;

use crate::report::problem::ProblemPage;
use crate::web::components as c;
use crate::web::components::{Frame, filters};

#[derive(Template)]
#[template(path = "pages/problem.html")]
struct View<'a> {
    frame: &'a Frame,
    page: &'a ProblemPage,
}

impl View<'_> {
    /// What the margin of a printed page says it is.
    fn print_title(&self) -> String {
        format!("problem {}", self.page.status)
    }
}

/// The page as HTML.
pub fn render(frame: &Frame, page: &ProblemPage) -> Result<String, askama::Error> {
    View { frame, page }.render_with_values(frame)
}
