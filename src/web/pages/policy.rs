//! The policy of a repository: what applies, and who says so.

use askama::Template;

use crate::report::policy::{PoliciesPage, PolicyPage};
use crate::web::components as c;
use crate::web::components::{Frame, filters};

#[derive(Template)]
#[template(path = "pages/policy.html")]
struct View<'a> {
    frame: &'a Frame,
    page: &'a PolicyPage,
}

impl View<'_> {
    /// What the margin of a printed page says it is.
    fn print_title(&self) -> String {
        format!("policy of {} at {}", self.page.repo, self.page.base)
    }
}

#[derive(Template)]
#[template(path = "pages/policies.html")]
struct List<'a> {
    frame: &'a Frame,
    page: &'a PoliciesPage,
}

impl List<'_> {
    /// What the margin of a printed page says it is.
    fn print_title(&self) -> String {
        format!("policies of {} repositories", self.page.rows.len())
    }
}

/// The page of one repository as HTML.
pub fn render(frame: &Frame, page: &PolicyPage) -> Result<String, askama::Error> {
    View { frame, page }.render_with_values(frame)
}

/// The list of repositories as HTML.
pub fn render_list(frame: &Frame, page: &PoliciesPage) -> Result<String, askama::Error> {
    List { frame, page }.render_with_values(frame)
}
