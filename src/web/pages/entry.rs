//! One entry: its bytes and its proof.

use askama::Template;

use crate::report::entry::EntryPage;
use crate::report::entry::ProofState;
use crate::web::components as c;
use crate::web::components::{Frame, filters};

#[derive(Template)]
#[template(path = "pages/entry.html")]
struct View<'a> {
    frame: &'a Frame,
    page: &'a EntryPage,
}

impl View<'_> {
    /// What the margin of a printed page says it is.
    fn print_title(&self) -> String {
        format!("ledger entry {}", self.page.receipt.index)
    }
}

/// The page as HTML.
pub fn render(frame: &Frame, page: &EntryPage) -> Result<String, askama::Error> {
    View { frame, page }.render_with_values(frame)
}
