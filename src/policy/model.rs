//! What a policy says, after reading: plain data that classification and decision work on. How it is read
//! (strictly, with line and column) is in `file`; how two layers become one is in `layers`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::glob::Glob;
use super::keypath::KeyPattern;
use super::requirement::AlsoRule;
use crate::domain::{Class, KeyOp, Time};

/// What both layers may say (contract, "Policy file").
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// What may pass by itself.
    pub trivial: Trivial,
    /// Files of routine class.
    pub routine: Vec<PathRule>,
    /// Files of significant class.
    pub significant: Vec<PathRule>,
    /// Files that no repository lowers (organisation: `floor.always_critical`).
    pub always_critical: Vec<Glob>,
    /// Keys that no rule may allow (organisation: `floor.deny_keys`), beside the built-in ones.
    pub deny_keys: Vec<KeyPattern>,
    /// The class of a file that no rule matches. Never trivial.
    pub default: Class,
    /// Who has to say yes.
    pub approval: Approval,
    /// How long after a landing its exact revert passes by itself; `None`: never.
    pub reverts: Option<Duration>,
    /// Policy test files, globs.
    pub tests: Vec<Glob>,
}

/// Rules by which a change may be trivial.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trivial {
    /// Limits of the whole change.
    pub max: Max,
    /// Configuration, by keys.
    pub config: Vec<ConfigRule>,
    /// Documentation, by path.
    pub docs: Vec<Glob>,
    /// Generated files, by what they are made from.
    pub generated: Vec<GeneratedRule>,
    /// Binary files, by extension and bytes.
    pub binary: Vec<BinaryRule>,
    /// Dependency bumps by a bot.
    pub dependencies: Option<Dependencies>,
    /// Which of `config`, `docs`, `dependencies`, `generated`, `binary` may be trivial at all (organisation: `floor.trivial_ceiling.kinds`).
    pub kinds: Option<Vec<String>>,
}

/// Limits over which a change is significant. `None`: the built-in limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Max {
    /// Files, a rename counted once.
    pub files: Option<u64>,
    /// Key changes over all files.
    pub changed_keys: Option<u64>,
    /// Lines added and deleted.
    pub lines: Option<u64>,
    /// Bytes of the larger side of any file.
    pub bytes: Option<u64>,
}

/// Files that are made from others (sem 2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedRule {
    /// For sentences.
    pub name: String,
    /// The files that are made; the attributes of base have to mark each of them too.
    pub files: Vec<Glob>,
    /// What they are made from.
    pub inputs: Vec<Glob>,
    /// Checks that must have passed on the head.
    pub checks: Vec<String>,
    /// Where it stands.
    pub from: String,
}

/// Binary files whose type a rule lets pass (sem 2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BinaryRule {
    /// For sentences.
    pub name: String,
    /// The files.
    pub files: Vec<Glob>,
    /// Where it stands.
    pub from: String,
}

/// Which keys of which files may change.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfigRule {
    /// For sentences.
    pub name: String,
    /// Files it is about.
    pub files: Vec<Glob>,
    /// What may change in them.
    pub allow: Vec<Allow>,
    /// Where it stands: `repository: trivial.config[0], line 5`.
    pub from: String,
}

/// An allow entry (sem 2.2.5).
#[derive(Debug, Clone, PartialEq)]
pub struct Allow {
    /// The keys.
    pub key: KeyPattern,
    /// Which operations.
    pub ops: Vec<KeyOp>,
    /// The type the value must have; `None`: as before.
    pub value_type: Option<String>,
    /// The values it may have after the change, as canonical text of scalars.
    pub one_of: Option<Vec<String>>,
    /// The whole value after the change must match.
    pub regex: Option<super::pattern::Pattern>,
    /// Least number.
    pub min: Option<f64>,
    /// Greatest number.
    pub max: Option<f64>,
    /// Greatest distance.
    pub max_delta: Option<f64>,
    /// Greatest distance in per cent of the old value.
    pub max_delta_pct: Option<f64>,
    /// A rise of a version within `patch` or `minor`.
    pub semver: Option<SemverStep>,
    /// Must be pinned by digest (`@sha256:…`).
    pub digest_pinned: bool,
    /// Templated values are allowed here.
    pub templated: bool,
}

/// How far a version may rise.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SemverStep {
    /// 1.2.3 to 1.2.4.
    Patch,
    /// 1.2.3 to 1.3.0.
    Minor,
}

/// Dependency bumps by a bot (sem 2.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependencies {
    /// Accounts of the bots.
    pub bots: Vec<String>,
    /// How far a version may rise.
    pub step: SemverStep,
    /// Checks that must have passed on the head.
    pub checks: Vec<String>,
}

/// Files of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathRule {
    /// For sentences.
    pub name: String,
    /// Which files.
    pub files: Vec<Glob>,
    /// The scope it raises; `None`: none, so that a grant with `*` is needed.
    pub scope: Option<String>,
    /// How many approvals its scope needs; `None`: as `approval.architects` says.
    pub count: Option<u64>,
    /// Where it stands.
    pub from: String,
}

/// Who has to say yes.
#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    /// Architects, for significant and critical changes.
    pub architects: RoleRule,
    /// Peers, for changes of at least a class.
    pub peers: Option<PeerRule>,
    /// Further requirements, under conditions; each is needed beside the others.
    pub also: Vec<AlsoRule>,
    /// Tickets.
    pub ticket: Option<TicketRule>,
    /// How far an approval reaches.
    pub staleness: Staleness,
    /// Comments that are opinions; `None`: none is.
    pub comments: Option<Commands>,
}

/// Whole first lines of comments that are opinions (sem 4). At least one is there, and they differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Commands {
    /// A yes.
    pub approve: Option<String>,
    /// A no.
    pub veto: Option<String>,
}

impl Commands {
    /// For sentences: "`/approve` approves, `/veto` vetoes".
    #[must_use]
    pub fn words(&self) -> String {
        let said = |line: &Option<String>, verb: &str| {
            line.as_ref().map(|line| format!("`{line}` {verb}"))
        };
        let parts = [said(&self.approve, "approves"), said(&self.veto, "vetoes")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// So many people of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRule {
    /// The role.
    pub role: String,
    /// How many people.
    pub count: u64,
    /// From which class on.
    pub from_class: Class,
    /// Where it stands.
    pub from: String,
}

/// So many people of no special role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerRule {
    /// How many people.
    pub count: u64,
    /// From which class on.
    pub from_class: Class,
    /// Where it stands.
    pub from: String,
}

/// What is asked of tickets.
#[derive(Debug, Clone)]
pub struct TicketRule {
    /// Whether one is needed.
    pub required: bool,
    /// What its key must look like, whole.
    pub pattern: Option<super::pattern::Pattern>,
    /// Statuses it may have; empty: any.
    pub statuses: Vec<String>,
    /// Where it stands.
    pub from: String,
}

impl PartialEq for TicketRule {
    fn eq(&self, other: &Self) -> bool {
        self.required == other.required
            && self.pattern == other.pattern
            && self.statuses == other.statuses
    }
}

/// How far an approval reaches, strictest first (sem 4).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Staleness {
    /// Only the commit that was looked at.
    SameCommit,
    /// Also a commit with an equal fingerprint.
    SameDelta,
    /// Also a rebase or update from base that the tree proves clean.
    CleanRebase,
    /// Also where the files this approver was needed for are unchanged.
    OwnedPaths,
}

impl Staleness {
    /// The word in the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SameCommit => "same_commit",
            Self::SameDelta => "same_delta",
            Self::CleanRebase => "clean_rebase",
            Self::OwnedPaths => "owned_paths",
        }
    }
}

/// The organisation's own part (contract, "Organisation file").
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Organisation {
    /// Joins accounts and addresses to people.
    pub people: Vec<PersonEntry>,
    /// Roles by name.
    pub roles: BTreeMap<String, Vec<RoleEntry>>,
    /// Emergencies.
    pub emergency: Option<Emergency>,
    /// Environments by name, in file order.
    pub environments: Vec<Environment>,
    /// What happens to a deploy with commits that are no known change; `true`: denied.
    pub deny_unaccounted: bool,
    /// Bots whose direct commits are exempt, and in which files.
    pub exempt: Vec<super::exempt::ExemptRule>,
    /// Freeze windows.
    pub freeze: Vec<Freeze>,
    /// How strictly decisions bind.
    pub rollout: Rollout,
}

/// One person of the organisation file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonEntry {
    /// The name.
    pub user: String,
    /// Addresses in commits.
    pub emails: Vec<String>,
    /// Source id to immutable account id.
    pub accounts: BTreeMap<String, String>,
}

/// A holder of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleEntry {
    /// A person or a team.
    pub holder: Holder,
    /// Scopes.
    pub scopes: Vec<String>,
    /// From when.
    pub from: Option<Time>,
    /// Until when.
    pub until: Option<Time>,
    /// Where it stands: `organisation: roles.architect[0], line 7`.
    pub place: String,
}

/// Who holds a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// One person.
    User(String),
    /// A team of a source, by full name.
    Team(String),
}

/// Emergencies (sem 9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Emergency {
    /// How long at most.
    pub ttl: Duration,
    /// Review within.
    pub review_due: Duration,
    /// Who reviews.
    pub review_role: String,
    /// A second person must agree.
    pub second_person: bool,
    /// No new one while a review is overdue.
    pub block_on_overdue: bool,
}

/// What an environment requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name, exact bytes.
    pub name: String,
    /// `all_changes_pass` (`true`) or `classify_only`.
    pub all_changes_pass: bool,
    /// Landings must be unaltered.
    pub integrity: bool,
    /// How far back a rollback goes without new approval.
    pub rollback_window: Option<Duration>,
    /// Environments that must have had the commit before.
    pub after: Vec<String>,
}

/// A freeze window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// Of which environment.
    pub environment: String,
    /// From.
    pub from: Time,
    /// To.
    pub to: Time,
    /// Why.
    pub reason: String,
}

/// How strictly decisions bind, per repository (sem 6.6).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rollout {
    /// The mode of every repository not named below.
    pub mode: Mode,
    /// Repositories that are only observed.
    pub observe: Vec<Glob>,
    /// Repositories that are only warned.
    pub warn: Vec<Glob>,
    /// Repositories whose decisions bind whatever `mode` says.
    pub enforce: Vec<Glob>,
}

/// How strictly decisions bind.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Decided and recorded; a no that was judged does not block.
    Observe,
    /// The same, and whoever asks is warned.
    Warn,
    /// A no blocks.
    #[default]
    Enforce,
}

/// Both layers as one: what a decision is made by (sem 6.3).
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// The stricter of both, field by field.
    pub policy: Policy,
    /// The organisation's own part.
    pub organisation: Organisation,
    /// Where a repository tried to weaken, or a layer could not be read: `policy_invalid`. Sentences with the field.
    pub invalid: Vec<String>,
    /// `sha256:` of the organisation file's bytes; of the empty text where there is none.
    pub organisation_digest: String,
    /// `sha256:` of the repository file's bytes; `None`: there is none.
    pub repository_digest: Option<String>,
    /// Where the repository layer was read: `main@4be1…`.
    pub base: String,
}
