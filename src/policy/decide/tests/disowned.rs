//! A co-author trailer that the named person disowned excludes nobody, and is flagged (sem 3).

use proptest::prelude::*;

use crate::domain::Class;
use crate::domain::fact::{Commit, Disowned};
use crate::policy::approvals::excluded;
use crate::policy::decision::State;
use crate::policy::testkit::{Story, commit, minute, oid, person, rule, signature, why};

/// A commit of `dev1` whose message names these as co-authors.
fn naming(digit: char, people: &[&str]) -> Commit {
    let mut written = commit(digit, signature("dev1"));
    written.co_authors.extend(people.iter().map(|name| signature(name)));
    written
}

fn said(digit: char, by: &str) -> Disowned {
    let why = "I never saw this branch".to_owned();
    Disowned { commit: oid(digit), by: person(by), at: minute(300), why }
}

fn story(commits: Vec<Commit>, disowned: Vec<Disowned>) -> Story {
    Story::significant().architect("arch1").architect("arch2").approves("arch1").with(|story| {
        story.facts.commits.extend(commits);
        story.facts.disowned = disowned;
    })
}

#[test]
fn a_trailer_that_is_disowned_excludes_nobody_and_is_flagged() {
    let before = story(vec![naming('b', &["arch1"])], Vec::new());
    assert_eq!(before.state(), State::Pending);
    let decision = story(vec![naming('b', &["arch1"])], vec![said('b', "arch1")]).decide();
    assert_eq!(decision.state, State::Approved);
    let flag = "co-author trailer of bbbbbbbbbb disowned by arch1 on 2026-10-14 17:00:00 UTC: I never saw this branch";
    assert_eq!(why(&decision, "arch1"), format!("took no part in writing; {flag}"));
    assert_eq!(rule(&decision.rules, "attribution").seen, [flag]);
}

#[test]
fn whatever_else_excludes_them_still_does() {
    let author = commit('c', signature("arch1"));
    let mut committer = commit('c', signature("dev1"));
    committer.committer = signature("arch1");
    let other_trailer = naming('c', &["arch1"]);
    for (part, says) in [
        (author, "author of cccccccccc"),
        (committer, "committer of cccccccccc"),
        (other_trailer, "co-author of cccccccccc"),
    ] {
        let story = story(vec![naming('b', &["arch1"]), part], vec![said('b', "arch1")]);
        let decision = story.decide();
        assert_eq!(decision.state, State::Pending, "{says}");
        let sentence = why(&decision, "arch1");
        assert!(sentence.starts_with(&format!("{says}: excluded from approving")), "{sentence}");
        assert!(sentence.contains("; co-author trailer of bbbbbbbbbb disowned"), "{sentence}");
    }
    let mut own = commit('b', signature("arch1"));
    own.co_authors.push(signature("arch1"));
    let story = story(vec![own], vec![said('b', "arch1")]);
    assert_eq!(story.state(), State::Pending, "the author of it who is named in it as well");
    for part in 0..2 {
        let story = super_story(part);
        assert_eq!(story.state(), State::Pending);
    }
}

/// `arch1` opened it, or pushed to it, beside the trailer.
fn super_story(part: u8) -> Story {
    story(vec![naming('b', &["arch1"])], vec![said('b', "arch1")]).with(|story| {
        let pull = story.facts.pull.as_mut().expect("a pull request");
        match part {
            0 => pull.opener = Some(person("arch1")),
            _ => pull.pushers.push(person("arch1")),
        }
    })
}

#[test]
fn it_is_bound_to_that_commit_and_that_person() {
    let others = story(vec![naming('b', &["arch1", "arch2"])], vec![said('b', "arch2")]);
    let decision = others.decide();
    assert_eq!(decision.state, State::Pending, "arch2 spoke for nobody but arch2");
    assert_eq!(why(&decision, "arch1"), "co-author of bbbbbbbbbb: excluded from approving");
    let pushed_again = story(vec![naming('c', &["arch1"])], vec![said('b', "arch1")]).decide();
    assert_eq!(pushed_again.state, State::Pending, "the same trailer in another commit");
    assert!(rule(&pushed_again.rules, "attribution").seen.is_empty(), "b is no part of it now");
}

#[test]
fn a_condition_on_authors_still_sees_whom_the_trailer_names() {
    use crate::policy::condition::{Authors, When};
    let authors = Authors { people: vec![person("arch1")], ..Authors::default() };
    let when = When { authors: Some(authors), ..When::default() };
    let story = story(vec![naming('b', &["arch1"])], vec![said('b', "arch1")]);
    assert_eq!(story.also(when, "security").state(), State::Pending);
}

#[test]
fn facts_without_one_keep_their_bytes() {
    let facts = Story::of(Class::Trivial).facts;
    let text = serde_json::to_string(&facts).expect("facts");
    assert!(!text.contains("disowned"), "{text}");
    assert_eq!(serde_json::from_str::<crate::domain::fact::Facts>(&text).expect("facts"), facts);
}

proptest! {
    /// Whatever is disowned by whom: nobody else's exclusion is touched, and nothing but a trailer is undone.
    #[test]
    fn only_the_own_trailers_are_undone(
        trailers in prop::collection::vec((0_usize..3, 0_usize..3), 0..8),
        sayings in prop::collection::vec((0_usize..3, 0_usize..3), 0..8),
    ) {
        const NAMES: [&str; 3] = ["ann", "ben", "dev1"];
        const COMMITS: [char; 3] = ['b', 'c', 'd'];
        let commits = COMMITS.iter().enumerate().map(|(at, digit)| {
            let named = trailers.iter().filter(|(commit, _)| *commit == at);
            naming(*digit, &named.map(|(_, name)| NAMES[*name]).collect::<Vec<_>>())
        });
        let disowned: Vec<Disowned> =
            sayings.iter().map(|(commit, name)| said(COMMITS[*commit], NAMES[*name])).collect();
        let mut facts = story(commits.collect(), disowned).facts;
        let found = excluded(&facts);
        for (place, name) in NAMES.iter().enumerate() {
            let left = trailers.iter().any(|part| part.1 == place && !sayings.contains(part));
            prop_assert_eq!(found.contains(&person(name)), left || *name == "dev1", "{}", name);
        }
        facts.disowned.reverse();
        prop_assert_eq!(excluded(&facts), found);
    }
}
