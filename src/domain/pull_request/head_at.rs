//! Which head a pull request had at a moment, for what was said without naming a commit (sem 4: its head at receipt).
//!
//! It is told from the fold and not from what was known when a delivery came in, so that it is the same for every
//! order of arrival. Where the heads do not tell it beyond doubt there is none, and nothing is bound to a guess.

use super::{Head, PullRequest};
use crate::domain::{Oid, Time};

impl PullRequest {
    /// The last head that was told of at or before `at`; `None` where another one may have stood there just then: it
    /// was pushed in that second, it was replaced before by one that nobody told of, an older one came back since, or a
    /// later one is known and nothing says that this one stood until then.
    #[must_use]
    pub fn head_at(&self, at: Time) -> Option<Oid> {
        let begun = |head: &Head| head.first_seen.filter(|seen| *seen <= at);
        let last = self.heads.iter().filter_map(|(oid, head)| Some((begun(head)?, oid, head)));
        let (since, oid, head) = last.max_by_key(|(seen, oid, _)| (*seen, *oid))?;
        let others = || self.heads.iter().filter(|(other, _)| *other != oid).map(|(_, head)| head);
        let replaced = head.replaced_at.is_some_and(|replaced| replaced <= at);
        let raced = since == at && others().any(|other| begun(other).is_some());
        let in_between = others().any(|other| match begun(other) {
            Some(seen) => seen == since || other.last_seen > Some(since),
            // Never told of, or only later: it may have stood there already, unless it was pushed over before.
            None => other.first_seen.is_none() && other.replaced_at > Some(at),
        });
        let followed = others().any(|other| other.first_seen.is_some_and(|seen| seen > at));
        let stood = head.last_seen >= Some(at) || head.replaced_at > Some(at);
        let certain = !replaced && !raced && !in_between && (stood || !followed);
        certain.then_some(*oid)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Told, fold, pull, push, told};
    use crate::domain::fold::testing::{at, every_order_and_duplication_ends_alike, oid, person};

    fn pushed(minute: u32, before: char, head: char) -> Told {
        told(push(minute, before, head, Some(person("1", "ada"))))
    }

    fn pushed_twice() -> Vec<Told> {
        vec![
            told(pull("opened", 0, 'a')),
            pushed(10, 'a', 'b'),
            told(pull("labeled", 15, 'b')),
            pushed(30, 'b', 'c'),
        ]
    }

    #[test]
    fn it_is_the_last_one_pushed_before_in_every_order_of_arrival() {
        let events = pushed_twice();
        let heads = |events: &[Told]| {
            let pull = fold(events);
            [0, 5, 9, 11, 29, 31, 59].map(|minute| pull.head_at(at(minute)))
        };
        let expected = ['a', 'a', 'a', 'b', 'b', 'c', 'c'].map(|head| Some(oid(head)));
        assert_eq!(heads(&events), expected);
        every_order_and_duplication_ends_alike(&events, heads);
    }

    #[test]
    fn a_push_in_the_same_second_leaves_it_open() {
        let pull = fold(&pushed_twice());
        assert_eq!((pull.head_at(at(10)), pull.head_at(at(30))), (None, None));
    }

    #[test]
    fn before_anything_was_told_there_is_none() {
        let late = fold(&[told(pull("labeled", 20, 'b'))]);
        assert_eq!((late.head_at(at(19)), late.head_at(at(21))), (None, Some(oid('b'))));
    }

    #[test]
    fn a_head_that_nobody_told_of_or_that_came_back_leaves_it_open() {
        let lost = fold(&[told(pull("opened", 0, 'a')), pushed(20, 'b', 'c')]);
        assert_eq!(lost.head_at(at(10)), None, "b came in between, nobody knows when");
        assert_eq!(lost.head_at(at(21)), Some(oid('c')));
        let silent = fold(&[told(pull("opened", 0, 'a')), told(pull("labeled", 20, 'c'))]);
        assert_eq!(silent.head_at(at(10)), None, "nobody knows when c was pushed");
        let back = [pushed_twice(), vec![pushed(40, 'c', 'a')]].concat();
        assert_eq!(fold(&back).head_at(at(50)), None);
    }
}
