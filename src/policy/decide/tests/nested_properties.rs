//! What holds for every change under every nesting of requirements and conditions.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::domain::Class;
use crate::domain::fact::Verdict;
use crate::policy::arbitrary::{entry, read, requirement};
use crate::policy::testkit::{Story, commit, signature, stranger};

const PEOPLE: [&str; 5] = ["dev1", "arch1", "arch2", "sec1", "peer1"];

fn class() -> impl Strategy<Value = Class> {
    prop::sample::select(vec![Class::Trivial, Class::Routine, Class::Significant, Class::Critical])
}

/// Opinions by person, and whether of the head.
type Said = Vec<(usize, bool)>;

fn story() -> impl Strategy<Value = (Story, Vec<Value>)> {
    let entries = prop::collection::vec(entry(), 0..4);
    let said = prop::collection::vec((0..PEOPLE.len(), prop::bool::weighted(0.8)), 0..6);
    let checks = prop::collection::vec(
        (
            prop::sample::select(vec!["ci", "scan"]),
            prop::sample::select(vec![None, Some("success"), Some("skipped"), Some("failure")]),
        ),
        0..3,
    );
    (class(), entries, said, checks, any::<bool>()).prop_map(
        |(class, entries, said, checks, label)| {
            let mut story = with(bare(class), &said, &entries);
            for (name, conclusion) in checks {
                story = story.check(name, conclusion);
            }
            (if label { labelled(story) } else { story }, entries)
        },
    )
}

fn bare(class: Class) -> Story {
    Story::empty(class)
        .file("src/a.rs", class, None)
        .architect("arch1")
        .grant("arch2", "architect", &["payments"])
        .architect("sec1")
        .grant("sec1", "security", &["*"])
        .grant("peer1", "security", &["*"])
}

fn with(story: Story, said: &Said, entries: &[Value]) -> Story {
    let story = story.with(|story| story.effective.policy.approval.also = read(entries));
    said.iter().fold(story, |story, (who, head)| {
        story.approves_at(PEOPLE[*who], if *head { 'f' } else { 'a' })
    })
}

fn labelled(story: Story) -> Story {
    story.with(|story| {
        if let Some(pull) = &mut story.facts.pull {
            pull.labels = vec!["risky".to_owned()];
        }
    })
}

fn passes(story: &Story) -> bool {
    story.decide().passes()
}

/// The same parts, last first, at every level.
fn turned(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().rev().map(turned).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, value)| (key.clone(), turned(value))).collect())
        }
        other => other.clone(),
    }
}

fn under(story: &Story, entries: &[Value]) -> Story {
    story.clone().with(|story| story.effective.policy.approval.also = read(entries))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_rules_and_of_their_parts_never_matters((story, entries) in story()) {
        let turned: Vec<Value> = entries.iter().rev().map(turned).collect();
        let (one, other) = (story.decide(), under(&story, &turned).decide());
        prop_assert_eq!(one.state, other.state);
        prop_assert_eq!(one.missing.len(), other.missing.len());
    }

    #[test]
    fn adding_an_approval_never_takes_a_pass_away((story, _) in story(), who in 0..PEOPLE.len()) {
        prop_assert!(!passes(&story) || passes(&story.approves(PEOPLE[who])));
    }

    #[test]
    fn adding_a_veto_never_gives_a_pass((story, _) in story(), who in 0..PEOPLE.len()) {
        let vetoed = story.approves(PEOPLE[who]).which(|opinion| opinion.verdict = Verdict::Veto);
        prop_assert!(!passes(&vetoed));
    }

    #[test]
    fn adding_a_rule_never_gives_a_pass((story, mut entries) in story(), more in entry()) {
        entries.push(more);
        prop_assert!(passes(&story) || !passes(&under(&story, &entries)));
    }

    #[test]
    fn nothing_that_an_author_adds_gives_a_pass((story, _) in story(), class in class(), what in 0..5_u8) {
        let before = passes(&story);
        let more = match what {
            0 => labelled(story),
            1 => story.commit(commit('b', signature("peer1"))),
            2 => story.commit(commit('b', stranger())),
            3 => story.with(|story| if let Some(pull) = &mut story.facts.pull { pull.draft = true }),
            _ => story.file("docs/b.md", class, None).with(|story| {
                story.class.class = story.class.class.max(class);
            }),
        };
        prop_assert!(before || !passes(&more));
    }

    #[test]
    fn any_or_all_of_one_is_that_one((story, entries) in story(), one in requirement(), word in 0..2_usize) {
        let wrapped = json!({ (["any", "all"][word]): [one.clone()], "when": { "class": "routine" } });
        let mut plain = one;
        plain["when"] = json!({ "class": "routine" });
        let with = |last: Value| under(&story, &[entries.clone(), vec![last]].concat()).state();
        prop_assert_eq!(with(plain), with(wrapped));
    }

    #[test]
    fn what_does_not_pass_says_what_is_missing_and_what_passes_lacks_nothing((story, _) in story()) {
        let decision = story.decide();
        prop_assert!(decision.passes() == decision.missing.is_empty(), "{:?}", decision);
        prop_assert!(!decision.summary.is_empty());
    }
}
