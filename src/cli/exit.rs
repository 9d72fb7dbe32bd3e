//! How a command ends: the five exit codes of the contract, and failures with their sentence.

use std::process::ExitCode;

use crate::app::AppError;

/// The exit codes of every command (contract, "Command line").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Exit {
    /// Done, or it passes.
    Done = 0,
    /// Blocked, or the thing checked does not hold.
    Blocked = 1,
    /// Wrong usage.
    Usage = 2,
    /// It could not be decided or done.
    Undone = 3,
    /// Still pending when `--wait` ran out.
    Pending = 4,
}

impl Exit {
    /// The outcome of a command that ends with a code of its own.
    pub(super) fn of(code: u8) -> Self {
        match code {
            0 => Self::Done,
            1 => Self::Blocked,
            2 => Self::Usage,
            _ => Self::Undone,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command did not do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// The code to end with; never [`Exit::Done`].
    pub(super) exit: Exit,
    /// What is wrong and what to do.
    pub(super) text: String,
}

/// What a command comes to.
pub(super) type Outcome = Result<Exit, Failure>;

impl Failure {
    /// The arguments or the environment are at fault.
    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, text: text.into() }
    }

    /// Something else is.
    pub(super) fn undone(text: impl Into<String>) -> Self {
        Self { exit: Exit::Undone, text: text.into() }
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        match error {
            AppError::Invalid(text) => Self::usage(text),
            other => Self::undone(other.to_string()),
        }
    }
}
