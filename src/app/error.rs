//! What can go wrong in a use case, by fault: the caller's, upstream's, ours.

use crate::store::StoreError;

/// An error of a use case. Its text may be shown to whoever asked; ours is logged, and shown as an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppError {
    /// Nobody said who asks, or the secret is not (or no longer) one of ours.
    #[error("{0}")]
    Unauthenticated(String),
    /// The one who asks may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// A question about a commit that is not the head any more.
    #[error("{asked} is not the head of its pull request any more; the head is {head}")]
    StaleSha {
        /// The commit that was asked about.
        asked: crate::domain::Oid,
        /// The head now.
        head: crate::domain::Oid,
    },
    /// It stands against what is there.
    #[error("{0}")]
    Conflict(String),
    /// What was asked makes no sense; the text names the field.
    #[error("{0}")]
    Invalid(String),
    /// The database or an outside system does not answer. Nothing was recorded.
    #[error("{0}")]
    Unavailable(String),
    /// The commit failed, and it is not known whether it was kept (sem 11.8). Ask again: nothing is recorded twice.
    #[error("the database failed while it kept this; ask again, nothing is recorded twice")]
    Ambiguous,
    /// The ledger is behind what was signed before, so nothing may be written (sem 11.9).
    #[error("{0}")]
    ReadOnly(String),
    /// A fault of ours.
    #[error("an error of ours; its id is {0}")]
    Internal(String),
}

impl AppError {
    /// A fault of ours: logged here, once, with what is known; the caller sees the id.
    pub fn internal(what: &str, detail: &dyn std::fmt::Display) -> Self {
        let id = crate::domain::id::derived("err", &[what, &detail.to_string()]);
        tracing::error!(problem.id = %id, %detail, "{what}");
        Self::Internal(id)
    }

    /// Whether trying again later may help.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Ambiguous | Self::ReadOnly(_))
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Inconsistent { .. } => {
                Self::internal("the database says what cannot be", &error)
            }
            StoreError::Database(cause) => {
                tracing::warn!(%cause, "database");
                Self::Unavailable(error.to_string())
            }
            _ => Self::Unavailable(error.to_string()),
        }
    }
}
