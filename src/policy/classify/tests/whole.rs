//! What holds for a change as a whole.

use super::*;

#[test]
fn case_68_thousands_of_files_are_judged_each() {
    for count in [3000, 3001] {
        let mut files: Vec<FileChange> =
            (0..count).map(|n| edit(&format!("docs/{n}.md"), "a", "b")).collect();
        files.push(edit("src/main.rs", "a", "b"));
        let found = judge(files);
        assert_eq!((found.class, found.files.len()), (Class::Significant, count + 1));
        assert!(found.limits[0].contains("files, more than 5"), "{:?}", found.limits);
    }
}

#[test]
fn case_71_an_empty_diff_is_routine_and_never_trivial() {
    let found = judge(Vec::new());
    assert_eq!(found.class, Class::Routine);
    assert!(found.why.contains("no file"));
}

#[test]
fn case_97_an_added_document_is_significant() {
    assert_eq!(
        class(vec![values("logLevel: info\n", "logLevel: info\n---\nlogLevel: info\n")]),
        Class::Significant
    );
}

#[test]
fn case_98_allowed_configuration_beside_code_is_significant() {
    let found = judge(vec![values("replicas: 4", "replicas: 5"), edit("src/a.rs", "a", "b")]);
    assert_eq!(found.class, Class::Significant);
    assert_eq!(found.why, "src/a.rs: no rule matches it, and the default is significant");
}

#[test]
fn limits_make_a_change_significant_and_say_which() {
    let lines = judge(vec![edit("docs/a.md", "", &"x\n".repeat(61))]);
    assert_eq!(
        (lines.class, lines.why.as_str()),
        (Class::Significant, "61 changed lines, more than 60")
    );
    let many = |value: u64| -> String {
        let line = |n: u64| {
            format!(
                "k{n}: {{replicas: {value}}}
"
            )
        };
        (0..11).map(line).collect()
    };
    let keys = judge(vec![values(&many(4), &many(5))]);
    assert_eq!((keys.class, keys.limits.len()), (Class::Significant, 1));
    let mut files: Vec<FileChange> =
        (0..5).map(|n| edit(&format!("docs/{n}.md"), "a", "b")).collect();
    assert_eq!(class(files.clone()), Class::Trivial);
    let mut gone = delete("docs/old.md");
    gone.renamed = Some("docs/0.md".into());
    files.push(gone);
    assert_eq!(class(files.clone()), Class::Trivial, "a rename counts once");
    files.push(edit("docs/9.md", "a", "b"));
    assert_eq!(class(files), Class::Significant);
    let mut uncounted = edit("docs/a.md", "a", "b");
    uncounted.content.lines = None;
    assert_eq!(class(vec![uncounted]), Class::Significant);
}

#[test]
fn a_change_without_a_pull_request_is_significant() {
    let mut direct = facts(vec![edit("README.md", "a", "b")]);
    direct.pull = None;
    let found = classify(&example(), &direct);
    assert_eq!(
        (found.class, found.why.as_str()),
        (Class::Significant, "it landed without a pull request")
    );
    direct.landing = Some(Landing {
        commit: oid(),
        how: LandingKind::Merge,
        integrity: crate::domain::fact::Integrity::Intact,
        at: None,
        by: None,
        evidence: Vec::new(),
        altered: Vec::new(),
    });
    assert_eq!(classify(&example(), &direct).class, Class::Trivial);
}

#[test]
fn what_the_organisation_denies_or_caps_holds() {
    let mut policy = example();
    policy.policy.trivial.config.push(config("all", &["deploy/**"], vec![allow("**")]));
    let judge =
        |policy: &Effective, old: &str, new: &str| classify(policy, &facts(vec![values(old, new)]));
    assert_eq!(judge(&policy, "other: 1", "other: 2").class, Class::Trivial);
    let denied = judge(&policy, "feature_kill_switch: {a: 1}", "feature_kill_switch: {a: 2}");
    assert_eq!(
        (denied.class, denied.files[0].rule.as_str()),
        (Class::Significant, "deny_keys: **.feature_kill_switch")
    );
    for key in ["password", "DB_TOKEN", "tls_cert", "serviceAccountName", "url", "command"] {
        assert_eq!(
            judge(&policy, &format!("{key}: a"), &format!("{key}: b")).class,
            Class::Significant,
            "{key}"
        );
    }
    policy.policy.trivial.kinds = Some(vec!["docs".to_owned()]);
    assert_eq!(judge(&policy, "other: 1", "other: 2").class, Class::Significant);
    assert_eq!(classify(&policy, &facts(vec![edit("README.md", "a", "b")])).class, Class::Trivial);
}

#[test]
fn routine_is_the_maximum_of_what_matches() {
    let mut policy = example();
    policy.policy.routine.push(path_rule("readme", &["README.md"], None));
    assert_eq!(classify(&policy, &facts(vec![edit("README.md", "a", "b")])).class, Class::Routine);
    assert_eq!(class(vec![edit("tests/a.rs", "a", "b")]), Class::Routine);
    policy.policy.significant.push(path_rule("all tests", &["tests/**"], None));
    assert_eq!(
        classify(&policy, &facts(vec![edit("tests/a.rs", "a", "b")])).class,
        Class::Significant
    );
}
