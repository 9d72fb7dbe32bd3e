//! Vetoes: which stand, which were taken back, and which an administrator set aside with a reason (sem 4; P5).

use super::{Excluded, Standing};
use crate::domain::fact::{Facts, Opinion, Override, Verdict};

/// What a veto is worth; `later` are the opinions after it.
pub(super) fn weigh(
    veto: &Opinion,
    later: &[&Opinion],
    facts: &Facts,
    excluded: &Excluded,
) -> Standing {
    if ended(veto, later) {
        return Standing::Nothing("a veto that its author took back by approving later".to_owned());
    }
    match facts.overrides.iter().find(|over| over.veto == veto.id) {
        None => Standing::Veto,
        Some(over) => match excluded.get(&over.by) {
            Some(why) => Standing::VetoKept(format!(
                "{} overrode it, which nobody may who took part: {why}",
                over.by
            )),
            None => Standing::Overridden(words(over)),
        },
    }
}

/// The vetoes that stand, by `(at, id)`.
#[must_use]
pub fn standing<'a>(facts: &'a Facts, excluded: &Excluded) -> Vec<&'a Opinion> {
    let mut opinions: Vec<&Opinion> = facts.opinions.iter().collect();
    opinions.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    let mut standing = Vec::new();
    for (place, veto) in opinions.iter().enumerate().filter(|(_, o)| o.verdict == Verdict::Veto) {
        let later = opinions.get(place + 1..).unwrap_or_default();
        let worth = weigh(veto, later, facts, excluded);
        if matches!(worth, Standing::Veto | Standing::VetoKept(_)) {
            standing.push(*veto);
        }
    }
    standing
}

/// Only its author ends a veto, by approving later. Who dismissed a review is not in the facts, so a
/// dismissal ends none; and where nobody knows the author, nobody can be told to be the author.
fn ended(veto: &Opinion, later: &[&Opinion]) -> bool {
    veto.by.is_some()
        && later.iter().any(|other| other.by == veto.by && other.verdict == Verdict::Approve)
}

fn words(over: &Override) -> String {
    format!("overridden by {} on {}: {}", over.by, over.at.to_seconds_text(), over.why)
}
