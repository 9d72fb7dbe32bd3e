//! Cases that test a policy (contract, "Policy test cases"): reading them, making facts of one, comparing.
//!
//! Names of people are compared without case. A name with an `@` is an address that maps to nobody known; one
//! that ends in `[bot]` is a bot. Beside the keys of the contract a case may say `branch` (default `main`), `labels`, `draft`,
//! `pushers` and `checks` (conclusions by name, `pending` for one that still runs), a commit `update_merge`, and an approval
//! `member` (default `true`), `files` (what stood at the commit under `at`, where that was other than at the head), `proof`,
//! `branch`, `dismissed` and `overridden_by`. Reading is strict: an unknown or duplicate key, an anchor, a tag or a second document is an error
//! with line and column, and a case that expects nothing is refused, because it could not fail.

mod facts;
mod read;
mod run;
#[cfg(test)]
mod tests;

pub use facts::facts_of;
pub use read::parse;
pub use run::{judge, run};

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::fact::Verdict;
use crate::domain::{Class, Oid, RepoPath, Time};
use crate::policy::decision::{Decision, Rule, State};

/// Why a file of cases cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct CaseError {
    /// From 1; 0 where there is none.
    pub line: u64,
    /// From 1, in characters; 0 where there is none.
    pub column: u64,
    /// What is wrong and what to do.
    pub message: String,
}

/// What stands at a path on one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Git's mode: `0o100644`, `0o100755`, `0o120000`, `0o160000`.
    pub mode: u32,
    /// The id: SHA-256 as git computes it for such repositories; for a submodule the commit.
    pub oid: Oid,
    /// The bytes; the target for a link, none for a submodule.
    pub bytes: Vec<u8>,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// Where it begins in its file, from 1.
    pub line: u64,
    /// Files before.
    pub base: BTreeMap<RepoPath, Blob>,
    /// Files after.
    pub head: BTreeMap<RepoPath, Blob>,
    /// Who opened it and, unless `commits` says otherwise, wrote it.
    pub author: String,
    /// Its commits; empty: one by `author`.
    pub commits: Vec<CaseCommit>,
    /// Opinions, in order of time.
    pub approvals: Vec<CaseOpinion>,
    /// Who holds which role.
    pub roles: BTreeMap<String, Vec<CaseGrant>>,
    /// The linked ticket.
    pub ticket: Option<CaseTicket>,
    /// Checks on the head: their conclusions by name; `pending`: none yet.
    pub checks: BTreeMap<String, String>,
    /// The branch it goes to.
    pub branch: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who pushed to it beside its author.
    pub pushers: Vec<String>,
    /// Still a draft.
    pub draft: bool,
    /// What the decision must say.
    pub expect: Expect,
}

/// A commit of a case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseCommit {
    /// Its author; `None`: the case's.
    pub author: Option<String>,
    /// Its committer; `None`: its author.
    pub committer: Option<String>,
    /// People named as co-authors.
    #[serde(default)]
    pub co_authors: Vec<String>,
    /// Its author and committer are a bot.
    #[serde(default)]
    pub bot: bool,
    /// It merges base, and git finds that the merge is the automatic one.
    #[serde(default)]
    pub update_merge: bool,
}

/// An opinion of a case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseOpinion {
    /// Who.
    pub by: String,
    /// What.
    pub state: Verdict,
    /// The commit looked at: `head`, or any other word for an earlier one with other content.
    #[serde(default)]
    pub at: Option<String>,
    /// What stood at the paths that were other at that earlier commit; `None`: the file was not there.
    #[serde(default, deserialize_with = "read::overlay")]
    pub files: BTreeMap<RepoPath, Option<Blob>>,
    /// Whether the source counts them among those who belong to the repository.
    #[serde(default = "yes")]
    pub member: bool,
    /// What git proves between the earlier commit and the head.
    #[serde(default)]
    pub proof: Option<CaseProof>,
    /// The branch it was given for, where that is not the one it goes to now.
    #[serde(default)]
    pub branch: Option<String>,
    /// Somebody dismissed it since.
    #[serde(default)]
    pub dismissed: bool,
    /// The administrator who set this veto aside.
    #[serde(default)]
    pub overridden_by: Option<String>,
}

/// What git proves of an earlier commit (sem 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseProof {
    /// The change is the same, on whatever base.
    SameDelta,
    /// The head is what a rebase makes of it.
    CleanRebase,
    /// All that came since are automatic merges of base.
    CleanUpdateMerge,
}

fn yes() -> bool {
    true
}

/// A role of a case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseGrant {
    /// Who.
    pub user: String,
    /// Scopes; all of them where it does not say.
    #[serde(default = "every_scope")]
    pub scopes: Vec<String>,
    /// From when: a date, or a time with its zone.
    #[serde(default, deserialize_with = "read::instant")]
    pub from: Option<Time>,
    /// Until when.
    #[serde(default, deserialize_with = "read::instant")]
    pub until: Option<Time>,
}

fn every_scope() -> Vec<String> {
    vec!["*".to_owned()]
}

/// The linked ticket of a case.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseTicket {
    /// Its key.
    pub key: String,
    /// Its status; `None`: unknown.
    #[serde(default)]
    pub status: Option<String>,
}

/// What a decision must say; only what is given is compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The class.
    #[serde(default)]
    pub class: Option<Class>,
    /// The state.
    #[serde(default)]
    pub state: Option<State>,
    /// Whether it passes.
    #[serde(default)]
    pub pass: Option<bool>,
    /// A text that must stand in one of the reasons.
    #[serde(default)]
    pub reason_contains: Option<String>,
}

impl Expect {
    /// Whether it expects nothing at all.
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares; the error names everything that differs, with what was found and why.
pub fn compare(expect: &Expect, decision: &Decision) -> Result<(), String> {
    let mut wrong = Vec::new();
    let class = decision.classification.class;
    if let Some(wanted) = expect.class.filter(|wanted| *wanted != class) {
        wrong.push(format!("class is {class}, not {wanted}: {}", decision.classification.why));
    }
    if let Some(wanted) = expect.state.filter(|wanted| *wanted != decision.state) {
        wrong.push(format!("state is {}, not {wanted}: {}", decision.state, decision.summary));
    }
    if let Some(wanted) = expect.pass.filter(|wanted| *wanted != decision.passes()) {
        wrong.push(format!("pass is {}, not {wanted}: {}", decision.passes(), decision.summary));
    }
    if let Some(text) = &expect.reason_contains {
        let reasons = reasons(decision);
        if !reasons.iter().any(|reason| reason.contains(text.as_str())) {
            let first = &decision.classification.why;
            wrong.push(format!(
                "none of {} reasons contains `{text}`; the first is: {first}",
                reasons.len()
            ));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
}

/// Every sentence of a decision.
fn reasons(decision: &Decision) -> Vec<&str> {
    let class = &decision.classification;
    let mut all = vec![class.why.as_str(), decision.summary.as_str()];
    all.extend(class.limits.iter().map(String::as_str));
    for file in &class.files {
        all.extend([file.why.as_str(), file.rule.as_str()]);
        all.extend(file.keys.iter().flat_map(|key| [key.by.as_str(), key.because.as_str()]));
    }
    rules(&decision.rules, &mut all);
    all.extend(decision.missing.iter().map(|missing| missing.why.as_str()));
    all.extend(decision.opinions.iter().map(|opinion| opinion.why.as_str()));
    all
}

fn rules<'a>(tree: &'a [Rule], all: &mut Vec<&'a str>) {
    for rule in tree {
        all.extend([rule.title.as_str(), rule.why.as_str(), rule.remedy.as_str()]);
        all.extend(rule.seen.iter().map(String::as_str));
        rules(&rule.rules, all);
    }
}
