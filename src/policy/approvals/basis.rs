//! On which basis an approval of one commit counts for another (sem 4). No clock has a say.

use crate::domain::fact::{Facts, Opinion};
use crate::policy::model::Staleness;

/// Tree proofs that git can find between two commits, in the order in which they are looked for.
const PROOFS: [&str; 2] = ["clean_rebase", "clean_update_merge"];

/// The first basis that holds and that the policy lets count; else the sentence that names what made it stale.
pub(super) fn of(
    opinion: &Opinion,
    facts: &Facts,
    allowed: Staleness,
) -> Result<&'static str, String> {
    let Some(commit) = opinion.commit else {
        return Err("its source names no commit, so nobody can tell what was approved".to_owned());
    };
    if commit == facts.head {
        return Ok("same_commit");
    }
    let Some((basis, reach)) = proven(opinion, facts) else {
        return Err(overtaken(opinion, facts));
    };
    if allowed >= reach {
        return Ok(basis);
    }
    Err(format!(
        "approved other content: {} holds, but the policy counts {} at most; {}",
        basis,
        allowed.as_str(),
        overtaken(opinion, facts)
    ))
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
