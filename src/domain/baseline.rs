//! What an operator declares to run somewhere, so that deploys after it have something before them (sem 8: baseline).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Oid, Time};

/// One declaration. The order is the order in which they count: by the place among the deploys, then by when it was said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Declared {
    /// From when on it counts as what runs there; `None`: before every deploy that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Time>,
    /// When it was declared, by our clock.
    pub at: Time,
    /// The commit.
    pub sha: Oid,
    /// Who declared it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Everything declared for one service in one environment. None is ever removed; a later one of the same place counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baselines {
    /// All of them.
    pub declared: BTreeSet<Declared>,
}

impl Baselines {
    /// Takes one in; `false`: that is what stands in its place already.
    pub fn declare(&mut self, new: Declared) -> bool {
        let standing = self.declared.iter().rfind(|old| old.since == new.since);
        if standing.is_some_and(|old| old.sha == new.sha && old.reason == new.reason) {
            return false;
        }
        self.declared.insert(new)
    }

    /// What counts for a deploy that began at an instant and follows another that began at `after`; of a question,
    /// which is about now, `at` is `None`. A declaration counts if no deploy came between it and this one.
    #[must_use]
    pub fn before(&self, at: Option<Time>, after: Option<Time>) -> Option<&Declared> {
        let came = |declared: &&Declared| declared.since <= at || at.is_none();
        self.declared.iter().rfind(came).filter(|last| after.is_none() || last.since > after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fold::testing::{at, every_order_and_duplication_ends_alike, oid};

    fn declared(since: Option<u32>, said: u32, sha: char) -> Declared {
        Declared {
            since: since.map(at),
            at: at(said),
            sha: oid(sha),
            by: "ops1".to_owned(),
            reason: "it ran before".to_owned(),
        }
    }

    fn fold(all: &[Declared]) -> Baselines {
        let mut baselines = Baselines::default();
        for one in all {
            baselines.declared.insert(one.clone());
        }
        baselines
    }

    #[test]
    fn every_order_of_declarations_ends_alike() {
        let all = [declared(None, 50, 'a'), declared(Some(20), 21, 'b'), declared(None, 55, 'c')];
        every_order_and_duplication_ends_alike(&all, fold);
    }

    #[test]
    fn the_latest_declaration_counts_until_a_deploy_comes_between() {
        let all =
            fold(&[declared(None, 50, 'a'), declared(None, 55, 'b'), declared(Some(20), 21, 'c')]);
        let sha = |began: Option<u32>, after: Option<u32>| {
            all.before(began.map(at), after.map(at)).map(|declared| declared.sha)
        };
        assert_eq!(sha(Some(5), None), Some(oid('b')), "the first deploy, though it was said late");
        assert_eq!(sha(Some(10), Some(5)), None, "a deploy before it came after the declaration");
        assert_eq!(sha(Some(30), Some(10)), Some(oid('c')));
        assert_eq!(sha(Some(20), Some(10)), Some(oid('c')), "from its instant on");
        assert_eq!(sha(Some(40), Some(30)), None);
        assert_eq!(sha(None, Some(10)), Some(oid('c')));
        assert_eq!(sha(None, Some(20)), None, "of one instant the deploy is what was seen");
    }

    #[test]
    fn the_same_word_again_is_no_new_one() {
        let mut baselines = Baselines::default();
        assert!(baselines.declare(declared(None, 1, 'a')));
        assert!(!baselines.declare(declared(None, 2, 'a')));
        assert!(baselines.declare(declared(None, 3, 'b')));
        assert!(baselines.declare(declared(None, 4, 'a')), "taken back to the first");
        assert!(baselines.declare(declared(Some(5), 5, 'a')));
    }
}
