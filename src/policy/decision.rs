//! The policy's answer: a tree that explains itself. Page, API, terminal and ledger print this one value.

use serde::{Deserialize, Serialize};

use crate::domain::{Class, KeyChange, Oid, RepoPath, Time};

/// The states of a gate (contract, "The gate").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Trivial, with the proof.
    AutoApproved,
    /// What was required is there, for this content.
    Approved,
    /// Something is missing, named.
    Pending,
    /// There were enough approvals, for other content.
    Stale,
    /// A veto stands.
    Rejected,
    /// Allowed ahead of approval, for this commit and environment, until it expires.
    EmergencyOpen,
    /// A freeze window.
    Frozen,
    /// The deploy brings commits that are no known change.
    Unaccounted,
    /// No rule says anything.
    Unmatched,
    /// It could not be decided.
    Error,
    /// No repository here has this commit.
    UnknownCommit,
    /// The policy file is at fault.
    PolicyInvalid,
}

impl State {
    /// Every state, in the order of the contract.
    pub const ALL: [Self; 12] = [
        Self::AutoApproved,
        Self::Approved,
        Self::Pending,
        Self::Stale,
        Self::Rejected,
        Self::EmergencyOpen,
        Self::Frozen,
        Self::Unaccounted,
        Self::Unmatched,
        Self::Error,
        Self::UnknownCommit,
        Self::PolicyInvalid,
    ];

    /// May it go out?
    #[must_use]
    pub fn passes(self) -> bool {
        matches!(self, Self::AutoApproved | Self::Approved | Self::EmergencyOpen)
    }

    /// The machine's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AutoApproved => "auto_approved",
            Self::Approved => "approved",
            Self::Pending => "pending",
            Self::Stale => "stale",
            Self::Rejected => "rejected",
            Self::EmergencyOpen => "emergency_open",
            Self::Frozen => "frozen",
            Self::Unaccounted => "unaccounted",
            Self::Unmatched => "unmatched",
            Self::Error => "error",
            Self::UnknownCommit => "unknown_commit",
            Self::PolicyInvalid => "policy_invalid",
        }
    }

    /// The word on screen (interface 1.1).
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::AutoApproved => "Passed by rule",
            Self::Approved => "Approved",
            Self::Pending => "Waiting",
            Self::Stale => "Stale approval",
            Self::Rejected => "Vetoed",
            Self::EmergencyOpen => "Emergency",
            Self::Frozen => "Frozen",
            Self::Unaccounted => "Unaccounted",
            Self::Unmatched => "No rule matched",
            Self::Error => "Not decided",
            Self::UnknownCommit => "Unknown commit",
            Self::PolicyInvalid => "Policy invalid",
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The state of one rule (sem 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleState {
    /// It holds.
    Satisfied,
    /// It does not.
    Unsatisfied,
    /// It says nothing about this change.
    NotApplicable,
    /// Somebody entitled set it aside, with a reason.
    Overridden,
    /// It could not be told.
    Error,
}

impl RuleState {
    /// The machine's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Satisfied => "satisfied",
            Self::Unsatisfied => "unsatisfied",
            Self::NotApplicable => "not_applicable",
            Self::Overridden => "overridden",
            Self::Error => "error",
        }
    }

    /// The words on screen.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Satisfied => "Satisfied",
            Self::Unsatisfied => "Unsatisfied",
            Self::NotApplicable => "Not applicable",
            Self::Overridden => "Overridden",
            Self::Error => "Error",
        }
    }
}

/// A rule with its state and its reasons, and the rules it is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// A stable name: `architects`, `ticket`, `veto`, `also[0]`, `landing`, `freeze`.
    pub id: String,
    /// For people: `1 architect, scope payments`.
    pub title: String,
    /// Where it comes from: `organisation: floor`, `repository: approval.ticket`.
    pub from: String,
    /// Its state.
    pub state: RuleState,
    /// Why it applies, or why it does not.
    pub why: String,
    /// What was seen, one sentence each, with who, which commit and on which basis.
    pub seen: Vec<String>,
    /// What would change it; empty where it holds. Begins with a verb.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// How the parts count: `all` or `any`; empty for a leaf.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub of: String,
    /// Its parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

/// Something that is missing, by name (contract: `missing`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// `approval`, `ticket`, `check`, `objects`, `change`.
    pub kind: String,
    /// The role, for approvals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The scope, for approvals; `*` where the rule has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// How many there are.
    pub have: u64,
    /// How many are needed.
    pub need: u64,
    /// Who could give it, sorted, the first of them; empty with `why` = `no_eligible_approver` where nobody can.
    pub who: Vec<String>,
    /// How many more could, beyond those in `who`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub who_more: u64,
    /// The sentence.
    pub why: String,
    /// The id of the rule that is enough in any of its ways; empty where this is needed whatever else is there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub one_of: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Missing {
    /// Whether somebody could give it, in a list for people: `a, b and 7 more`; empty where nobody can.
    #[must_use]
    pub fn who_text(&self) -> String {
        match self.who_more {
            0 => self.who.join(", "),
            more => format!("{} and {more} more", self.who.join(", ")),
        }
    }

    /// How many things are missing: what stands in several ways is missing once.
    #[must_use]
    pub fn things(missing: &[Self]) -> u64 {
        let needed = missing.iter().filter(|one| one.one_of.is_empty()).count();
        let mut choices: Vec<&str> =
            missing.iter().map(|one| one.one_of.as_str()).filter(|id| !id.is_empty()).collect();
        choices.sort_unstable();
        choices.dedup();
        u64::try_from(needed + choices.len()).unwrap_or(u64::MAX)
    }
}

/// Why a file has its class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileClass {
    /// The path.
    pub path: RepoPath,
    /// Its class.
    pub class: Class,
    /// `code`, `configuration`, `documentation`, `migration`, `policy`, `ci`, `binary`, `link`, `submodule`, `dependency`, …
    pub kind: String,
    /// The rule that made it so: `scaling`, `money`, `default`, `built-in: ci`.
    pub rule: String,
    /// The scope that rule raised, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The sentence.
    pub why: String,
    /// Key changes with what allowed or denied each; empty where the file has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<KeyVerdict>,
}

/// What became of one key change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyVerdict {
    /// The change.
    pub change: KeyChange,
    /// An allow entry took it and nothing denied it.
    pub allowed: bool,
    /// The rule that allowed it (`scaling`), or that denied it (`built-in deny: image.repository`); empty: no rule.
    pub by: String,
    /// How far inside the constraint: `2 to 20, by at most 50 %: +33.3 %`; or why not.
    pub because: String,
}

/// The classification of a whole change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classification {
    /// The maximum over its files, after limits.
    pub class: Class,
    /// The sentence of the file or limit that made it so.
    pub why: String,
    /// Every file, sorted by path.
    pub files: Vec<FileClass>,
    /// Limits of `max` and the ceiling that were passed, sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// What became of the proof that it takes a landing back exactly (sem 2.3); `None`: nothing says that it does, or
    /// nobody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revert: Option<RevertProof>,
}

/// Whether a change passes as the exact revert of a landing, and why (sem 2.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevertProof {
    /// The landing.
    pub landing: Oid,
    /// It does.
    pub holds: bool,
    /// The sentence.
    pub why: String,
    /// The trees that were compared and when it landed; or what stands against it.
    pub seen: Vec<String>,
    /// The first instant at which that landing is too old for a change that has not landed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

impl Classification {
    /// The proof that it takes a landing back exactly, where it holds.
    #[must_use]
    pub fn exact_revert(&self) -> Option<&RevertProof> {
        self.revert.as_ref().filter(|proof| proof.holds)
    }
}

/// One opinion and whether it counts (page: Approvals; JSON: `approvals`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The source's id of the opinion.
    pub id: String,
    /// Who.
    pub by: String,
    /// The role it counts in; `None`: none.
    pub role: Option<String>,
    /// The role's dates and scopes in words, where it has one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub held: String,
    /// `approve`, `veto`, `comment`, `dismissed`.
    pub verdict: String,
    /// It was given by a comment.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_comment: bool,
    /// The commit looked at.
    pub commit: Option<Oid>,
    /// When.
    pub at: Time,
    /// `same_commit`, `same_delta`, `clean_rebase`, `clean_update_merge`, `owned_paths`; `None`: stale or no yes.
    pub basis: Option<String>,
    /// Whether it counts towards some requirement.
    pub counts: bool,
    /// Why, or why not.
    pub why: String,
}

/// The answer about one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The state.
    pub state: State,
    /// The class with its reasons.
    pub classification: Classification,
    /// Every rule, in policy order.
    pub rules: Vec<Rule>,
    /// Everything missing.
    pub missing: Vec<Missing>,
    /// Every opinion.
    pub opinions: Vec<Counted>,
    /// The sentence of a detail page: "Trivial, and proven so: …".
    pub summary: String,
    /// The first instant after `as_of` at which a date in the facts (a role's end) could change this answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds_until: Option<Time>,
}

impl Decision {
    /// May it go out?
    #[must_use]
    pub fn passes(&self) -> bool {
        self.state.passes()
    }
}
