//! What a change was at the commits that somebody reviewed, by the policy in force now (sem 4): an approval does not
//! outlive a rise of the class or a new scope, and `owned_paths` asks which files it was needed for.

use std::collections::BTreeMap;

use super::holds::Change;
use super::needs::{self, Need, Needs};
use crate::domain::fact::{Facts, Opinion, Reviewed};
use crate::domain::{Class, Oid, Time};
use crate::policy::approvals::{Judged, Owned, untouched};
use crate::policy::classify::classify_then;
use crate::policy::model::Policy;

/// The change at each reviewed commit that had other content than the head.
#[derive(Debug)]
pub(super) struct Earlier<'a>(BTreeMap<Oid, Then<'a>>);

#[derive(Debug)]
struct Then<'a> {
    reviewed: &'a Reviewed,
    class: Class,
    needs: Needs,
}

impl<'a> Earlier<'a> {
    /// Classifies each of them; `instant` and `unknown` as in [`needs::of`].
    pub(super) fn of(policy: &Policy, facts: &'a Facts, instant: Time, unknown: bool) -> Self {
        let then = facts.reviewed.iter().map(|reviewed| {
            let files = facts.files_at(reviewed);
            let class = classify_then(policy, facts, &files);
            let change = Change { facts, class: &class, files: &files, instant };
            let needs = needs::of(policy, &change, unknown);
            (reviewed.commit, Then { reviewed, class: class.class, needs })
        });
        Self(then.collect())
    }

    /// Class and scopes at each.
    pub(super) fn judged(&self) -> BTreeMap<Oid, Judged> {
        let judged = |then: &Then<'_>| Judged { class: then.class, scopes: then.needs.scopes() };
        self.0.iter().map(|(commit, then)| (*commit, judged(then))).collect()
    }

    /// Why an approval of other content does not count for a need by its files (sem 4.5); `None`: it does.
    pub(super) fn touched(&self, need: &Need, opinion: &Opinion, stale: &str) -> Option<String> {
        let Some(then) = opinion.commit.and_then(|commit| self.0.get(&commit)) else {
            return Some(stale.to_owned());
        };
        let before = then.needs.like(need).map(|need| &need.files);
        let owned: Vec<&Owned> = before.chain([&need.files]).collect();
        match untouched(then.reviewed, &owned) {
            Ok(()) => None,
            Err(None) => Some(stale.to_owned()),
            Err(Some(path)) => Some(format!("{stale}; it was needed for {path}, which differs")),
        }
    }
}
