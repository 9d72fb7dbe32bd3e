//! What holds for every change.

use proptest::prelude::*;

use crate::domain::fact::Verdict;
use crate::domain::{AccountKind, Class};
use crate::policy::testkit::{Story, commit, minute, now, signature, stranger};

const PEOPLE: [&str; 4] = ["dev1", "arch1", "arch2", "peer1"];

#[derive(Debug, Clone)]
struct Said {
    who: usize,
    verdict: Verdict,
    commit: char,
    proven: bool,
    dismissed: bool,
    bot: bool,
}

fn said() -> impl Strategy<Value = Said> {
    (
        0..PEOPLE.len(),
        prop_oneof![
            6 => Just(Verdict::Approve),
            1 => Just(Verdict::Veto),
            1 => Just(Verdict::Comment),
            1 => Just(Verdict::Dismissed),
        ],
        prop_oneof![Just('a'), Just('b'), Just('f'), Just('f')],
        any::<bool>(),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(who, verdict, commit, proven, dismissed, bot)| Said {
            who,
            verdict,
            commit,
            proven,
            dismissed,
            bot,
        })
}

fn say(story: Story, said: &Said) -> Story {
    story.approves_at(PEOPLE[said.who], said.commit).which(|opinion| {
        opinion.verdict = said.verdict;
        if said.proven {
            opinion.proofs.push("clean_rebase".to_owned());
        }
        opinion.dismissed_at = said.dismissed.then(now);
        if said.bot {
            opinion.kind = AccountKind::Bot;
        }
    })
}

fn story() -> impl Strategy<Value = Story> {
    let class = prop_oneof![
        Just(Class::Trivial),
        Just(Class::Routine),
        Just(Class::Significant),
        Just(Class::Critical)
    ];
    let scope = prop_oneof![Just(None), Just(Some("payments"))];
    (class, scope, prop::collection::vec(said(), 0..6), any::<[bool; 5]>()).prop_map(
        |(class, scope, opinions, [peers, unknown, ticket, invalid, ends])| {
            let mut story = Story::empty(class)
                .file("src/a.rs", class, scope)
                .architect("arch1")
                .grant("arch2", "architect", &["payments"]);
            if ends {
                story = story.until(minute(300));
            }
            if peers {
                story = story.peers(1, Class::Routine);
            }
            if unknown {
                story = story.commit(commit('b', stranger()));
            } else {
                story = story.commit(commit('c', signature("dev1")));
            }
            if ticket {
                story = story.needs_ticket().ticket("PAY-1", true, Some("In Review"));
                story = story.ticket("PAY-2", false, None);
            }
            if invalid {
                story.effective.invalid.push("a weak field".to_owned());
            }
            opinions.iter().fold(story, say)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn adding_an_approval_never_takes_a_pass_away(story in story(), mut more in said()) {
        more.verdict = Verdict::Approve;
        more.dismissed = false;
        prop_assert!(!story.decide().passes() || say(story, &more).decide().passes());
    }

    #[test]
    fn adding_a_veto_never_gives_a_pass(story in story(), mut more in said()) {
        more.verdict = Verdict::Veto;
        prop_assert!(!say(story, &more).decide().passes());
    }

    #[test]
    fn the_order_of_the_input_never_matters(story in story(), turn in 0..6_usize) {
        let turned = story.clone().with(|story| {
            let facts = &mut story.facts;
            let by = turn.min(facts.opinions.len());
            facts.opinions.rotate_left(by);
            facts.grants.reverse();
            facts.commits.reverse();
            facts.tickets.reverse();
            facts.files.reverse();
        });
        let bytes = |story: &Story| serde_json::to_string(&story.decide()).expect("json");
        prop_assert_eq!(bytes(&story), bytes(&turned));
    }

    #[test]
    fn a_second_delivery_of_an_opinion_changes_nothing(story in story()) {
        let twice = story.clone().with(|story| {
            let again = story.facts.opinions.clone();
            story.facts.opinions.extend(again);
        });
        prop_assert_eq!(story.decide(), twice.decide());
    }

    #[test]
    fn a_decision_reads_back_from_its_bytes(story in story()) {
        let decision = story.decide();
        let text = serde_json::to_string(&decision).expect("json");
        prop_assert_eq!(serde_json::from_str::<crate::policy::Decision>(&text).expect("read"), decision);
    }

    #[test]
    fn what_passes_lacks_nothing_and_what_does_not_says_why(story in story()) {
        let decision = story.decide();
        prop_assert_eq!(decision.passes() && !decision.missing.is_empty(), false);
        prop_assert!(!decision.summary.is_empty());
    }
}
