//! What holds for every policy and change.

use proptest::prelude::*;

use super::*;

fn any_file() -> impl Strategy<Value = FileChange> {
    let paths = prop_oneof![
        Just("docs/a.md"),
        Just("src/payments/a.rs"),
        Just("tests/a.rs"),
        Just("deploy/a/values-b.yaml"),
        Just("Makefile"),
        Just("db/migrations/1.sql"),
        Just("README.md"),
        Just("iam/a"),
        Just(".GitHub/x"),
    ];
    let texts = prop_oneof![
        Just("replicas: 4\n"),
        Just("replicas: 5\n"),
        Just("image: {tag: v1.0.0}\n"),
        Just("image: {tag: v1.0.1}\n"),
        Just("args: [a]\n"),
        Just("\0"),
        Just("{{"),
    ];
    (paths, texts.clone(), texts).prop_map(|(path, old, new)| edit(path, old, new))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_rules_and_files_never_matters(files in proptest::collection::vec(any_file(), 0..5)) {
        let forwards = example();
        let mut backwards = example();
        let policy = &mut backwards.policy;
        policy.trivial.config.reverse();
        policy.trivial.config.iter_mut().for_each(|rule| rule.allow.reverse());
        policy.routine.reverse();
        policy.significant.reverse();
        policy.always_critical.reverse();
        let mut sorted = files;
        sorted.sort_by(|a, b| a.path.cmp(&b.path));
        sorted.dedup_by(|a, b| a.path == b.path);
        let reversed = sorted.iter().rev().cloned().collect();
        prop_assert_eq!(classify(&forwards, &facts(sorted)), classify(&backwards, &facts(reversed)));
    }

    #[test]
    fn adding_a_file_never_lowers_the_class(files in proptest::collection::vec(any_file(), 1..5), more in any_file()) {
        let before = class(files.clone());
        let after = class(files.into_iter().chain([more]).collect());
        prop_assert!(after >= before);
    }

    #[test]
    fn what_is_trivial_has_every_key_allowed(file in any_file()) {
        let found = judge(vec![file]);
        let allowed = |verdict: &KeyVerdict| verdict.allowed;
        prop_assert!(found.class > Class::Trivial || found.files[0].keys.iter().all(allowed));
    }
}
