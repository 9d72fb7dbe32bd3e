mod ecosystems;
mod fixtures;

use proptest::prelude::*;

use self::fixtures::*;
use crate::domain::fact::{Commit, Driver, Drove};
use crate::domain::file::Side;
use crate::domain::{Class, Person};
use crate::policy::classify::classify_then;

#[test]
fn without_the_rule_or_a_permission_nothing_changes() {
    let none = crate::policy::layers::from_bytes(
        None,
        Some((".countersign.yml", b"version: 1\n")),
        "main",
    );
    let found = cargo().classified(&none);
    assert_eq!(found.class, Class::Significant);
    assert_eq!(found.files[0].why, "it says what other code is used");
    let mut ceiling = policy("patch", "'renovate[bot]'", "ci/test");
    ceiling.policy.trivial.kinds = Some(vec!["docs".to_owned()]);
    let found = cargo().classified(&ceiling);
    assert!(found.why.contains("the organisation lets no dependency be trivial"), "{}", found.why);
}

#[test]
fn a_minor_step_needs_a_policy_that_says_so() {
    let wide = policy("minor", "'renovate[bot]'", "ci/test");
    let minor = cargo().everywhere("1.0.201", "1.1.0");
    assert_eq!(minor.classified(&wide).class, Class::Trivial);
    assert_eq!(cargo().everywhere("1.0.201", "2.0.0").classified(&wide).class, Class::Significant);
    let zero = cargo().before(TOML, "1.0.200", "0.1.0").before(LOCK, "1.0.200", "0.1.0");
    let zero = zero.everywhere("1.0.201", "0.2.0");
    assert_eq!(zero.classified(&wide).class, Class::Significant);
}

#[test]
fn an_empty_list_proves_nothing() {
    let mut nobody = policy("patch", "'renovate[bot]'", "ci/test");
    let rule = nobody.policy.trivial.dependencies.as_mut().expect("the rule");
    rule.bots.clear();
    assert_eq!(cargo().classified(&nobody).class, Class::Significant);
    let mut unchecked = policy("patch", "'renovate[bot]'", "ci/test");
    unchecked.policy.trivial.dependencies.as_mut().expect("the rule").checks.clear();
    let found = cargo().classified(&unchecked);
    assert!(found.why.contains("names no check"), "{}", found.why);
}

#[test]
fn every_file_says_the_bump_and_other_rules_still_hold() {
    let rule = policy("patch", "'renovate[bot]'", "ci/test");
    let found = cargo().classified(&rule);
    for file in &found.files {
        assert_eq!((file.class, file.kind.as_str()), (Class::Trivial, "dependency"));
        assert_eq!(
            file.why,
            "serde 1.0.200 → 1.0.201, patch, by renovate[bot], check ci/test passed"
        );
    }
    let mut strict = rule.clone();
    strict.policy.always_critical =
        vec![crate::policy::glob::Glob::parse("Cargo.*").expect("a glob")];
    assert_eq!(cargo().classified(&strict).class, Class::Critical);
    let mut runs = cargo().facts();
    runs.files[0].new = runs.files[0].new.map(|side| Side { mode: 0o100_755, ..side });
    assert_eq!(crate::policy::classify(&rule, &runs).class, Class::Significant);
}

#[test]
fn only_listed_bots_may_have_had_a_part() {
    let human = || signature("dev1", false);
    let other = || signature("other[bot]", true);
    let posing = || signature(BOT, false);
    let bot = || signature(BOT, true);
    for (author, committer) in [
        (human(), bot()),
        (bot(), human()),
        (other(), bot()),
        (bot(), other()),
        (posing(), bot()),
        (bot(), posing()),
    ] {
        let change = cargo().with(|facts| facts.commits.push(commit(author, committer)));
        change.fails("Renovate took part in 2222222222, and is no listed bot");
    }
    let by_source = |author| Commit { by_source: true, ..commit(author, posing()) };
    let passes = cargo().with(|facts| facts.commits = vec![by_source(bot())]);
    assert_eq!(
        passes.classified(&policy("patch", "'renovate[bot]'", "ci/test")).class,
        Class::Trivial
    );
    cargo().with(|facts| facts.commits = vec![by_source(human())]).fails("no listed bot");
    let nobody = crate::domain::Signature { person: None, ..bot() };
    cargo().with(|facts| facts.commits.push(commit(nobody, bot()))).fails("no listed bot");
    cargo().with(|facts| facts.commits[0].co_authors.push(human())).fails("no listed bot");
    cargo().with(|facts| facts.commits.clear()).fails("no commit");
}

#[test]
fn case_103_whoever_opened_or_pushed_counts_whatever_the_commits_say() {
    let dev = || Person::from("dev1");
    let pull = |change: fn(&mut crate::domain::fact::Pull)| {
        cargo().with(|facts| change(facts.pull.as_mut().expect("a proposal")))
    };
    cargo().with(|facts| facts.pull = None).fails("without a pull request");
    let driver = |how| Driver { person: dev(), how };
    cargo()
        .with(|facts| facts.pull.as_mut().expect("a proposal").drivers.push(driver(Drove::Opened)))
        .fails("dev1 opened it through a bot");
    cargo()
        .with(|facts| facts.pull.as_mut().expect("it").pushers.push(dev()))
        .fails("dev1 pushed to it, and is no listed bot");
    pull(|pull| pull.pushed_by_unknown = true).fails("nobody knows who pushed");
    pull(|pull| pull.opener_is_bot = false).fails("not opened by a listed bot");
    pull(|pull| pull.opener = None).fails("not opened by a listed bot");
    pull(|pull| pull.opener = Some(Person::from("other[bot]"))).fails("not opened by");
}

#[test]
fn only_success_of_every_listed_check_counts() {
    let with = |conclusion: Option<&str>| {
        let check = check("ci/test", conclusion);
        cargo().with(|facts| facts.checks.push(check))
    };
    cargo()
        .with(|facts| facts.checks.clear())
        .fails("wait for the check ci/test, which has to pass: has not reported");
    for conclusion in [None, Some("skipped"), Some("neutral"), Some("failure"), Some("cancelled")] {
        with(conclusion).fails("wait for the check ci/test");
    }
    with(Some("success")).passes("serde");
    let two = policy("patch", "'renovate[bot]'", "ci/test, ci/lint");
    assert_eq!(cargo().classified(&two).class, Class::Significant);
    let both = cargo().with(|facts| facts.checks.push(check("ci/lint", Some("success"))));
    assert!(both.classified(&two).why.ends_with("checks ci/test, ci/lint passed"));
}

#[test]
fn what_it_was_when_somebody_looked_is_told_by_content_alone() {
    let rule = policy("patch", "'renovate[bot]'", "ci/test");
    let now = cargo().with(|facts| facts.checks.clear()).and("src/lib.rs", "a\n", "b\n").facts();
    let then = cargo().facts().files;
    assert_eq!(crate::policy::classify(&rule, &now).class, Class::Significant);
    assert_eq!(classify_then(&rule.policy, &now, &then).class, Class::Trivial);
    assert_eq!(classify_then(&rule.policy, &now, &now.files).class, Class::Significant);
}

#[test]
fn facts_of_before_keep_their_bytes() {
    let mut facts = cargo().facts();
    facts.files.iter_mut().for_each(|file| file.dependency = None);
    let text = serde_json::to_string(&facts).expect("JSON");
    assert!(!text.contains("\"dependency\"") && !text.contains("pushed_by_unknown"), "{text}");
    let with = cargo().facts();
    let text = serde_json::to_string(&with).expect("JSON");
    let back: crate::domain::fact::Facts = serde_json::from_str(&text).expect("facts");
    assert_eq!(back, with);
}

#[test]
fn hostile_nesting_is_refused_and_ends_nothing() {
    let deep = |open: &str| open.repeat((1 << 19) / open.len());
    for (path, text) in [
        (POM, deep("<a>")),
        (POM, format!("<a>{}{}</a>", deep("<b>"), deep("</b>"))),
        (LOCK, format!("version = {}", deep("["))),
        (UV, format!("version = {}", deep("{a="))),
        (PACKAGES, deep("[")),
        (PACKAGES, deep("{\"a\":")),
        (TOML, format!("a = {}", deep("["))),
        (PACKAGES, format!("{{\"lockfileVersion\":3,\"packages\":{{\"{}\":{{}}}}}}", deep("a/"))),
    ] {
        let change = Change::of(&[(path, "", &text)]);
        let (class, why) = change.judged();
        assert_eq!(class, Class::Significant, "{path}: {why}");
    }
}

/// Something that was done to a proposal which passed.
fn meddling() -> impl Strategy<Value = (&'static str, usize, String)> {
    let path = prop_oneof![
        "[a-z]{1,8}\\.(rs|txt|md|js|yml)",
        Just("Cargo.toml.orig".to_owned()),
        Just(".cargo/config.toml".to_owned()),
        Just("build.rs".to_owned()),
        Just("yarn.lock".to_owned()),
        Just("sub/Cargo.lock".to_owned()),
        Just("go.mod".to_owned()),
    ];
    (prop_oneof![Just("file"), Just("commit"), Just("check"), Just("push")], 0..7_usize, path)
}

proptest! {
    /// Adding a file, a commit of somebody else or a push, or removing a check, ends it in every ecosystem.
    #[test]
    fn whatever_is_added_never_makes_it_pass(all in prop::collection::vec(meddling(), 1..4), which in 0..7_usize) {
        let mut change = [cargo, npm, uv, poetry, requirements, go, maven][which]();
        let mut files = 0;
        for (what, place, path) in all {
            match what {
                "file" if change.files.iter().all(|(name, ..)| *name != path) => {
                    change = change.and(&path, "a\n", "b\n");
                    files += 1;
                }
                "commit" => {
                    let by = signature(["dev1", "x[bot]", "renovate", "r@bot", "a", "b", "c"][place], place % 2 == 0);
                    change = change.with(|facts| facts.commits.insert(0, commit(by.clone(), by)));
                }
                "push" => change = change.with(|facts| {
                    facts.pull.as_mut().expect("it").pushers.push(Person::from("dev1"));
                }),
                _ => change = change.with(|facts| facts.checks.clear()),
            }
        }
        let (class, why) = change.judged();
        prop_assert!(class > Class::Trivial, "{files} files: {why}");
    }

    /// Nothing that anybody writes into a lock or a manifest is read for ever, or ends the program.
    #[test]
    fn no_bytes_end_the_comparison(old in any::<Vec<u8>>(), new in ".{0,200}", which in 0..11_usize) {
        let name = ["Cargo.toml", "Cargo.lock", "package.json", "package-lock.json", "pyproject.toml",
            "uv.lock", "poetry.lock", "requirements.txt", "go.mod", "go.sum", "pom.xml"][which];
        let found = crate::policy::dependencies::diff(&name.into(), Some(&old), Some(new.as_bytes()));
        prop_assert!(found.is_some());
    }
}
