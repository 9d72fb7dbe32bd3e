//! Who may stand behind a pattern.

use super::Dialect;

/// An owner, in lower case: names of accounts and addresses are compared so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// `@name`: an account; in GitLab it may as well be a group.
    Account(String),
    /// `@org/team`, `@group/subgroup`.
    Team(String),
    /// `@@maintainer`: members of the project with that role at GitLab.
    Role(String),
    /// An address.
    Email(String),
}

impl Owner {
    /// Reads a word; `None`: it names nobody in this dialect.
    pub(super) fn read(word: &str, dialect: Dialect) -> Option<Self> {
        let text = word.to_lowercase();
        if let Some(role) = text.strip_prefix("@@") {
            let known = ["developer", "maintainer", "owner"];
            let single = role.strip_suffix('s').unwrap_or(role);
            let is_role = dialect == Dialect::Gitlab && known.contains(&single);
            return is_role.then(|| Self::Role(single.to_owned()));
        }
        if let Some(name) = text.strip_prefix('@') {
            let parts: Vec<&str> = name.split('/').collect();
            let most = if dialect == Dialect::Github { 2 } else { 20 };
            let good = parts.iter().all(|part| is_name(part)) && parts.len() <= most;
            return match (good, parts.len()) {
                (false, _) => None,
                (true, 1) => Some(Self::Account(name.to_owned())),
                (true, _) => Some(Self::Team(name.to_owned())),
            };
        }
        let (local, host) = text.rsplit_once('@')?;
        let good = |part: &str| {
            let known = |c: char| c.is_alphanumeric() || "._-+".contains(c);
            !part.is_empty() && part.chars().all(known)
        };
        (good(local) && good(host) && host.contains('.')).then_some(Self::Email(text))
    }

    /// As it is written.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Account(name) | Self::Team(name) => format!("@{name}"),
            Self::Role(role) => format!("@@{role}"),
            Self::Email(address) => address.clone(),
        }
    }
}

fn is_name(part: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !part.is_empty() && part.chars().all(known)
}
