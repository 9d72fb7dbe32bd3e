//! The way in: a one-time link opens a page with one button (a form), so that a preview cannot use it up.

use super::prose::Prose;

/// The page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInPage {
    /// Name of the organisation: the first thing to read.
    pub organisation: String,
    /// The form of a valid link; `None`: the page explains how to get one.
    pub form: Option<SignInForm>,
    /// What is wrong with the link that was used, in a sentence; empty: nothing.
    pub trouble: Prose,
    /// How to get a link, line by line: commands.
    pub commands: Vec<String>,
}

/// The one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInForm {
    /// Path it posts to.
    pub action: String,
    /// What it carries unseen: the link's token, where to go afterwards.
    pub hidden: Vec<(String, String)>,
    /// Who will be signed in.
    pub person: String,
    /// In which role.
    pub role: String,
}
