//! On which basis an approval of one commit counts for another (sem 4). No clock has a say.
//!
//! `owned_paths` is the one basis that is not of the approval alone: it holds or not for each thing that its author was
//! needed for, and so it is asked again for each of them ([`untouched`]).

use std::collections::BTreeSet;

use super::Standing;
use crate::domain::RepoPath;
use crate::domain::fact::{Elsewhere, Facts, Opinion, Reviewed};
use crate::policy::model::Staleness;

/// Tree proofs that git can find between two commits, in the order in which they are looked for.
const PROOFS: [&str; 2] = ["clean_rebase", "clean_update_merge"];

/// A comment names no commit, and the heads do not tell it.
const NO_HEAD: &str = "nobody can tell which commit was the head when it was written, so nobody can tell what was approved";

/// The first basis that holds and that the policy lets count; else the sentence that names what made it stale.
pub(super) fn of(opinion: &Opinion, facts: &Facts, allowed: Staleness) -> Standing {
    let Some(commit) = opinion.commit else {
        return Standing::Lapsed(match &opinion.comment {
            Some(_) => NO_HEAD.to_owned(),
            None => "its source names no commit, so nobody can tell what was approved".to_owned(),
        });
    };
    if let Some(elsewhere) = &opinion.elsewhere {
        return aimed_elsewhere(elsewhere, facts, allowed);
    }
    if commit == facts.head {
        return Standing::Yes("same_commit");
    }
    let Some((basis, reach)) = proven(opinion, facts) else {
        let stale = overtaken(opinion, facts);
        let known = facts.reviewed.iter().any(|then| then.commit == commit);
        return match allowed {
            Staleness::OwnedPaths if known => Standing::ByFiles(stale),
            _ => Standing::Lapsed(stale),
        };
    };
    if allowed >= reach {
        return Standing::Yes(basis);
    }
    Standing::Lapsed(format!(
        "approved other content: {} holds, but the policy counts {} at most; {}",
        basis,
        allowed.as_str(),
        overtaken(opinion, facts)
    ))
}

/// An approval for another branch was of another change, even at the same commit: it counts only where the proposal
/// brought exactly the same there (sem 4).
fn aimed_elsewhere(elsewhere: &Elsewhere, facts: &Facts, allowed: Staleness) -> Standing {
    let same = elsewhere.fingerprint.as_ref().is_some_and(|then| *then == facts.fingerprint);
    if same && !facts.files.is_empty() && allowed >= Staleness::SameDelta {
        return Standing::Yes("same_delta");
    }
    let branch = elsewhere.branch.as_deref().unwrap_or("another branch");
    Standing::Lapsed(format!(
        "approved it for {branch}; it goes to {} now, and that is not proven to be the same change",
        facts.branch
    ))
}

/// Which files somebody was needed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owned {
    /// The change as a whole.
    Everything,
    /// Those that raised the requirement. Never empty: nobody is needed for nothing (P6).
    Files(BTreeSet<RepoPath>),
}

/// `owned_paths` (sem 4.5): whether the files that an approver was needed for, at the reviewed commit or at the head,
/// are the same at both by status, mode and id on either side. Else the first that is not, by path.
pub fn untouched<'a>(then: &'a Reviewed, owned: &[&Owned]) -> Result<(), Option<&'a RepoPath>> {
    let is_owned = |path: &RepoPath| {
        owned.iter().any(|owned| match owned {
            Owned::Everything => true,
            Owned::Files(files) => files.is_empty() || files.contains(path),
        })
    };
    if owned.is_empty() || then.differs.is_empty() {
        // Facts that say nothing prove nothing (P2, P6).
        return Err(None);
    }
    match then.differs.iter().find(|path| is_owned(path)) {
        Some(path) => Err(Some(path)),
        None => Ok(()),
    }
}

fn proven(opinion: &Opinion, facts: &Facts) -> Option<(&'static str, Staleness)> {
    let same = opinion.fingerprint.as_deref().is_some_and(|then| {
        !then.is_empty() && then == facts.fingerprint && !facts.files.is_empty()
    });
    if same {
        return Some(("same_delta", Staleness::SameDelta));
    }
    PROOFS
        .into_iter()
        .find(|name| opinion.proofs.iter().any(|proof| proof == name))
        .map(|name| (name, Staleness::CleanRebase))
}

fn overtaken(opinion: &Opinion, facts: &Facts) -> String {
    let by = opinion.overtaken_by.unwrap_or(facts.head);
    format!("approved other content: commit {} made it stale", by.short())
}
