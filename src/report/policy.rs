//! Which policy holds where, and which line of which file says so.

/// A line of an effective policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLine {
    /// The key, as in a file.
    pub field: String,
    /// What applies.
    pub value: String,
    /// The layer that says so: `organisation`, `repository`, `built-in`.
    pub layer: String,
    /// Where in it: `approval.architects, line 7`; empty for what is built in.
    pub place: String,
}

/// Lines about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyPart {
    /// Its heading.
    pub title: String,
    /// What holds beside them, whatever the files say.
    pub always: String,
    /// Its lines; empty: nothing is said.
    pub lines: Vec<PolicyLine>,
}

/// The policy of one branch of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyPage {
    /// The repository's name.
    pub repo: String,
    /// Where its file was read: `main@4be1c07a92`.
    pub base: String,
    /// How strictly decisions bind: `observe`, `warn`, `enforce`.
    pub mode: String,
    /// Digest of the organisation's layer.
    pub organisation: String,
    /// Digest of the repository's layer; `None`: it has no file.
    pub repository: Option<String>,
    /// What could not be read, or tried to weaken.
    pub invalid: Vec<String>,
    /// The policy itself.
    pub parts: Vec<PolicyPart>,
}

/// A repository in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// Its name.
    pub name: String,
    /// Its policy's page.
    pub href: String,
    /// How strictly decisions bind.
    pub mode: String,
    /// Branches whose file holds for themselves; empty: none is protected.
    pub protected: String,
    /// The branch whose file holds for every other one.
    pub default_branch: String,
}

/// Every repository with its mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoliciesPage {
    /// Digest of the organisation's layer.
    pub organisation: String,
    /// What is wrong with it, as an operator is told; empty: nothing.
    pub complaints: String,
    /// The repositories, by name.
    pub rows: Vec<PolicyRow>,
}
