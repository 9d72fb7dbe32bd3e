//! Who asks, and what they may do. Every use case takes the caller first and asks [`Caller::may`] before
//! anything else, so no door can forget it (sem 11.3).

use serde::{Deserialize, Serialize};

use super::AppError;

/// What a caller is entitled to (contract: "role").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads records, and disowns what is said in their own name.
    Reader,
    /// Reads, and links pull requests to tickets.
    Engineer,
    /// Asks the gate and reports deploys.
    Ci,
    /// Reads everything, reports included; writes nothing but responses.
    Auditor,
    /// Everything that is no person's signature.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Reader, Self::Engineer, Self::Ci, Self::Auditor, Self::Admin];

    /// The word in commands, API and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Engineer => "engineer",
            Self::Ci => "ci",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    /// Whether it includes an action. The one table of rights.
    #[must_use]
    pub fn includes(self, action: Action) -> bool {
        match action {
            Action::Read => self != Self::Ci,
            Action::ReadLedger => true,
            Action::ReadReports => matches!(self, Self::Auditor | Self::Admin),
            Action::AskGate | Action::ReportDeploy => matches!(self, Self::Ci | Self::Admin),
            Action::Link | Action::TryPolicy => matches!(self, Self::Engineer | Self::Admin),
            Action::Disown => matches!(self, Self::Reader | Self::Engineer | Self::Admin),
            Action::OverrideVeto | Action::Administer => self == Self::Admin,
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(|role| role.as_str()).collect();
            format!("`{text}` is no role: one of {} is needed", known.join(", "))
        })
    }
}

/// What somebody may want to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Read changes, deploys, tickets, decisions, deliveries, pages.
    Read,
    /// Read checkpoints, tiles, entries, receipts.
    ReadLedger,
    /// Take reports out.
    ReadReports,
    /// Ask the gate.
    AskGate,
    /// Report a deploy.
    ReportDeploy,
    /// Assert or retract a link.
    Link,
    /// Try a candidate policy on what is recorded.
    TryPolicy,
    /// Set a veto aside.
    OverrideVeto,
    /// Disown a co-author trailer that names oneself.
    Disown,
    /// Make tokens, end other people's sessions, retry what was parked.
    Administer,
}

impl Action {
    /// For the sentence of a refusal.
    fn words(self) -> &'static str {
        match self {
            Self::Read => "read records",
            Self::ReadLedger => "read the ledger",
            Self::ReadReports => "take reports out",
            Self::AskGate => "ask the gate",
            Self::ReportDeploy => "report a deploy",
            Self::Link => "link pull requests to tickets",
            Self::TryPolicy => "try a policy",
            Self::OverrideVeto => "override vetoes",
            Self::Disown => "disown co-author trailers",
            Self::Administer => "administer",
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// A person, or `token NAME`.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Only for this repository's id, if so.
    pub repo: Option<String>,
    /// A person who signed in, not a token.
    pub person: bool,
}

impl Caller {
    /// The operator at the machine itself: who can read the database file may do everything here.
    #[must_use]
    pub fn operator() -> Self {
        Self { name: "operator".to_owned(), role: Role::Admin, repo: None, person: false }
    }

    /// A person who signs by their own name, with the rights of an administrator: whoever may make sign-in links at the
    /// machine could be them anyway, and is recorded as them.
    #[must_use]
    pub fn administrator(name: &str) -> Self {
        Self { name: name.to_owned(), role: Role::Admin, repo: None, person: true }
    }

    /// Whether this caller may do what only a person does; a token never is one (sem 11.5).
    pub fn may_in_person(&self, action: Action) -> Result<(), AppError> {
        self.may(action, None)?;
        if self.person {
            return Ok(());
        }
        Err(AppError::Forbidden(format!(
            "{} is no person; only somebody who is signed in may {}",
            self.name,
            action.words()
        )))
    }

    /// Whether this caller may do this, to a repository where one is concerned. Anything else is denied.
    pub fn may(&self, action: Action, repo: Option<&str>) -> Result<(), AppError> {
        if !self.role.includes(action) {
            let roles: Vec<_> = Role::ALL
                .into_iter()
                .filter(|role| role.includes(action))
                .map(Role::as_str)
                .collect();
            return Err(AppError::Forbidden(format!(
                "{} has the role {} and may not {}; that needs {}",
                self.name,
                self.role.as_str(),
                action.words(),
                roles.join(" or ")
            )));
        }
        match (&self.repo, repo) {
            (Some(own), Some(other)) if own == other => Ok(()),
            (Some(_), _) => Err(AppError::Forbidden(format!(
                "{} is bound to one repository, and this is not it",
                self.name
            ))),
            (None, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(role: Role, repo: Option<&str>) -> Caller {
        Caller { name: "x".to_owned(), role, repo: repo.map(str::to_owned), person: false }
    }

    #[test]
    fn a_token_of_one_repository_reaches_no_other_and_nothing_general() {
        let ci = caller(Role::Ci, Some("rep_a"));
        assert!(ci.may(Action::AskGate, Some("rep_a")).is_ok());
        assert!(ci.may(Action::AskGate, Some("rep_b")).is_err());
        assert!(ci.may(Action::AskGate, None).is_err());
    }

    #[test]
    fn a_refusal_names_the_role_that_is_missing() {
        let error = caller(Role::Reader, None).may(Action::Link, None).expect_err("refused");
        assert_eq!(
            error.to_string(),
            "x has the role reader and may not link pull requests to tickets; that needs engineer or admin"
        );
    }
}
