//! One deploy: what it brought in.

use askama::Template;

use crate::report::deploy::DeployPage;
use crate::web::components as c;
use crate::web::components::{Frame, filters};

#[derive(Template)]
#[template(path = "pages/deploy.html")]
struct View<'a> {
    frame: &'a Frame,
    page: &'a DeployPage,
}

impl View<'_> {
    /// What the margin of a printed page says it is.
    fn print_title(&self) -> String {
        format!("deploy {} · {}", self.page.row.id, self.page.row.service)
    }
}

/// The page as HTML.
pub fn render(frame: &Frame, page: &DeployPage) -> Result<String, askama::Error> {
    View { frame, page }.render_with_values(frame)
}
