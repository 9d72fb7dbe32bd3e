//! Error pages: what did not work, whether anything was recorded, what to do, an id.

use super::prose::Prose;
use super::refs::Link;

/// A problem in words (RFC 9457 for people).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemPage {
    /// HTTP status.
    pub status: u16,
    /// What did not work: the heading.
    pub title: String,
    /// In a sentence.
    pub what: Prose,
    /// Whether anything was recorded.
    pub recorded: Prose,
    /// What to do, each beginning with a verb.
    pub next: Vec<Prose>,
    /// Links that lead on: the nearest existing object.
    pub links: Vec<Link>,
    /// The id under which it is in the log; `None`: it is not our fault and was not logged.
    pub id: Option<String>,
}

/// The usual page of a status; the caller replaces what it knows better.
#[must_use]
pub fn usual(status: u16) -> ProblemPage {
    let (title, what, next) = words(status);
    ProblemPage {
        status,
        title: title.into(),
        what: what.into(),
        recorded: "Nothing was recorded.".into(),
        next: vec![next.into()],
        links: vec![Link::new("Overview", "/"), Link::new("Population", "/population")],
        id: None,
    }
}

fn words(status: u16) -> (&'static str, &'static str, &'static str) {
    match status {
        400 => (
            "The request cannot be read",
            "A value in the address or the form is not what it should be.",
            "Go back and correct it; what you typed is kept by the browser.",
        ),
        401 => (
            "Not signed in",
            "This page is only for people who are signed in, and your session is missing or over.",
            "Sign in; you come back here afterwards.",
        ),
        403 => (
            "Your role does not allow this",
            "You are signed in, but not in a role that may see or do this.",
            "Ask an administrator of Countersign to grant the role.",
        ),
        404 => (
            "There is nothing at this address",
            "No object here has this id, or it is not yours to see.",
            "Check the address, or search for the id, commit or ticket.",
        ),
        409 => (
            "It moved while you were reading",
            "What you were looking at is not the newest any more.",
            "Read what moved, then decide again.",
        ),
        413 => ("Too large", "The request is larger than the limit.", "Send less at once."),
        429 => (
            "Too many requests",
            "You asked more often than the limit allows.",
            "Wait a minute, then try again.",
        ),
        503 => (
            "The service cannot answer now",
            "The database does not answer.",
            "Try again in a minute. Nothing you sent has to be sent twice: an answer that was given still holds.",
        ),
        _ => (
            "Something went wrong here",
            "The fault is ours, and it is in the log under the id below.",
            "Try again; if it stays, give the id to whoever runs this service.",
        ),
    }
}
