//! What a person or a program reads: results on standard output, everything else on standard error.
//!
//! Nothing here panics. Whoever reads may stop reading (a closed pipe): then the rest is not written, and the exit code
//! is the same as if it had been.

use std::io::{ErrorKind, Write};

use super::exit::Failure;
use crate::report::words::visible;

/// Bold.
pub(super) const STRONG: &str = "\u{1b}[1m";
/// For what is missing or waits.
pub(super) const AMBER: &str = "\u{1b}[33m";
/// For what is refused.
pub(super) const RED: &str = "\u{1b}[31m";
/// For what passes.
pub(super) const GREEN: &str = "\u{1b}[32m";
/// For labels.
pub(super) const DIM: &str = "\u{1b}[2m";
/// Back to plain.
pub(super) const PLAIN: &str = "\u{1b}[0m";

/// Writes a result and a line end. Colours are taken out where standard output is no terminal.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let done = writeln!(out, "{text}").and_then(|()| out.flush());
    match done {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::undone(format!("the result could not be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Tells the person at the terminal something that is no result.
pub(super) fn note(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// A text of others for one line of a terminal: control and invisible characters are written out, and cannot act.
pub(super) fn foreign(text: &str) -> String {
    visible(&text.replace(['\n', '\t', '\r'], " "))
}

/// The same over several lines.
pub(super) fn foreign_lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// A label in a column of nine and its text.
pub(super) fn row(style: &str, label: &str, text: &str) -> String {
    let room = " ".repeat(9_usize.saturating_sub(label.len()).max(1));
    let label = if label.is_empty() { String::new() } else { format!("{style}{label}{PLAIN}") };
    format!("{label}{room}{text}")
}
