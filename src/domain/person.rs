//! People and accounts. Everything is keyed by the source's immutable id; names are for display (sem 3, 11.1).

use std::fmt;

use serde::{Deserialize, Serialize};

/// What stands behind an account. Only people approve (sem 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A human being.
    User,
    /// An app, a bot, a token, an organisation: anything but a human being.
    Bot,
}

/// An account at a source, as a delivery names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Account {
    /// The source's immutable id, as text.
    pub id: String,
    /// The login or display name at that time.
    pub login: String,
    /// Person or machine.
    pub kind: AccountKind,
}

/// One person across all sources: the `user` of the organisation file, or `source:id` where nobody joined
/// the account to one. Compared exactly; joining and case folding of logins happen before.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Person(pub String);

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Person {
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

/// A name and address in a commit, and who that is, if known. Git data never proves a person; it only excludes (sem 11.5).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Signature {
    /// As written in the commit.
    pub name: String,
    /// As written in the commit.
    pub email: String,
    /// The person it maps to; `None`: nobody known.
    pub person: Option<Person>,
    /// The account behind it is a bot.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bot: bool,
}
