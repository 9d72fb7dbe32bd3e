//! The ledger: what is the record, and does it hold?

use askama::Template;

use crate::report::ledger::LedgerPage;
use crate::web::components as c;
use crate::web::components::{Frame, filters};

#[derive(Template)]
#[template(path = "pages/ledger.html")]
struct View<'a> {
    frame: &'a Frame,
    page: &'a LedgerPage,
}

impl View<'_> {
    /// What the margin of a printed page says it is.
    fn print_title(&self) -> String {
        format!("ledger, {} entries", self.page.size)
    }
}

/// The page as HTML.
pub fn render(frame: &Frame, page: &LedgerPage) -> Result<String, askama::Error> {
    View { frame, page }.render_with_values(frame)
}
