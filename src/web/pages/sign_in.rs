//! The way in.

use askama::Template;

use crate::report::sign_in::SignInPage;
use crate::web::components as c;
use crate::web::components::{Frame, filters};

#[derive(Template)]
#[template(path = "pages/sign_in.html")]
struct View<'a> {
    frame: &'a Frame,
    page: &'a SignInPage,
}

impl View<'_> {
    /// What the margin of a printed page says it is.
    fn print_title(&self) -> String {
        format!("sign in to {}", self.page.organisation)
    }
}

/// The page as HTML.
pub fn render(frame: &Frame, page: &SignInPage) -> Result<String, askama::Error> {
    View { frame, page }.render_with_values(frame)
}
