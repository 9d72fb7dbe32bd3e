//! Configuration by its keys.

use super::*;

#[test]
fn example_1_a_tag_bump_is_trivial_and_says_by_which_rule() {
    let found = judge(vec![values("image: {tag: v1.4.2}\n", "image: {tag: v1.4.3}\n")]);
    assert_eq!(found.class, Class::Trivial);
    assert_eq!(found.files[0].rule, "image tag bumps");
    assert!(
        found.why.contains("image.tag v1.4.2 → v1.4.3: allowed by image tag bumps"),
        "{}",
        found.why
    );
    assert!(found.files[0].keys[0].allowed);
}

#[test]
fn example_1_a_registry_swap_is_denied_whatever_else_is_allowed() {
    let found = judge(vec![values(
        "image: {repository: acme/a, tag: v1.0.0}\n",
        "image: {repository: evil/a, tag: v1.0.1}\n",
    )]);
    assert_eq!(found.class, Class::Significant);
    assert_eq!(found.files[0].why, "image.repository: built-in deny");
    assert_eq!(found.files[0].rule, "built-in deny: image.repository");
}

#[test]
fn example_1_scaling_stays_within_its_limits() {
    let scale = |old: &str, new: &str| {
        judge(vec![values(&format!("replicas: {old}\n"), &format!("replicas: {new}\n"))])
    };
    let inside = scale("4", "6");
    assert_eq!(inside.class, Class::Trivial);
    assert_eq!(inside.files[0].keys[0].because, "2 to 20, by at most 50 %: +50 %");
    let beyond = scale("4", "9");
    assert_eq!(beyond.class, Class::Significant);
    assert_eq!(beyond.files[0].why, "replicas 4 → 9 is +125 %, more than 50 %");
    for (old, new) in [
        ("4", "\"6\""),
        ("4", "6.0"),
        ("2", "1"),
        ("20", "21"),
        ("0", "2"),
        ("4", "006"),
        ("4", "~"),
        ("4", "[6]"),
    ] {
        assert_eq!(scale(old, new).class, Class::Significant, "{old} to {new}");
    }
}

#[test]
fn example_1_other_rows_of_configuration() {
    assert_eq!(
        class(vec![values("image: {tag: v1.0.0}", "image: {tag: latest}")]),
        Class::Significant
    );
    assert_eq!(class(vec![values("logLevel: info", "logLevel: warn")]), Class::Trivial);
    assert_eq!(class(vec![values("logLevel: info", "logLevel: debug")]), Class::Significant);
    assert_eq!(
        class(vec![values(
            "a: {replicas: 4, image: {tag: v1.0.0}}",
            "a: {replicas: 5, image: {tag: v1.0.1}}"
        )]),
        Class::Trivial
    );
    assert_eq!(
        class(vec![edit("deploy/other.yaml", "replicas: 4", "replicas: 5")]),
        Class::Significant
    );
    assert_eq!(class(vec![edit("README.md", "a\n", "b\n")]), Class::Trivial);
    assert_eq!(
        class(vec![edit("README.md", "a\n", "b\n"), edit("src/lib.rs", "a\n", "b\n")]),
        Class::Significant
    );
    let policy = judge(vec![edit(".countersign.yml", "version: 1\n", "version: 1\n#\n")]);
    assert_eq!((policy.class, policy.files[0].kind.as_str()), (Class::Critical, "policy"));
}

#[test]
fn case_85_a_key_added_elsewhere_is_significant() {
    let found = judge(vec![values("image: {tag: v1.0.0}", "image: {tag: v1.0.1}\nextra: 1\n")]);
    assert_eq!(found.class, Class::Significant);
    assert_eq!(found.files[0].why, "extra added: no rule allows this key");
}

#[test]
fn case_86_a_changed_repository_is_significant() {
    assert_eq!(
        class(vec![values("image: {repository: a}", "image: {repository: b}")]),
        Class::Significant
    );
}

#[test]
fn case_88_no_change_of_keys_is_trivial_where_the_path_is_allowed() {
    let found = judge(vec![values("a: 1\r\nb: 2\r\n", "# note\nb: 2\na: 1\n")]);
    assert_eq!((found.class, found.files[0].keys.len()), (Class::Trivial, 0));
    assert_eq!(
        class(vec![edit("deploy/x.yaml", "a: 1\nb: 2\n", "b: 2\na: 1\n")]),
        Class::Significant
    );
    assert_eq!(class(vec![values("a: [1, 2]", "a: [2, 1]")]), Class::Significant);
}

#[test]
fn case_89_a_directive_is_significant() {
    let found = judge(vec![values("logLevel: info\n", "logLevel: info # checkov:skip=CKV_1\n")]);
    assert_eq!(
        (found.class, found.files[0].rule.as_str()),
        (Class::Significant, "built-in: directive")
    );
}

#[test]
fn case_91_an_anchor_that_reaches_a_denied_key_is_significant() {
    let old = "logLevel: &x info\nargs: [*x]\n";
    assert_eq!(class(vec![values(old, &old.replace("info", "warn"))]), Class::Significant);
}

#[test]
fn case_92_an_ambiguous_value_is_significant_even_where_its_key_is_allowed() {
    assert_eq!(class(vec![values("country: DE", "country: FR")]), Class::Trivial);
    let found = judge(vec![values("country: NO\n", "country: \"NO\"\n")]);
    assert_eq!(
        (found.class, found.files[0].rule.as_str()),
        (Class::Significant, "built-in: type_ambiguous")
    );
    assert_eq!(class(vec![values("country: DE\n", "country: NO\n")]), Class::Significant);
}

#[test]
fn case_94_a_bomb_is_significant() {
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    assert_eq!(class(vec![edit("deploy/a/values-x.json", "1", &deep)]), Class::Significant);
    let large = "a: b\n".repeat(1 << 20);
    assert_eq!(class(vec![values("a: b\n", &large)]), Class::Significant);
}

#[test]
fn a_template_passes_only_where_it_is_allowed_by_name() {
    assert_eq!(class(vec![values("banner: a", "banner: \"${B}\"")]), Class::Trivial);
    assert_eq!(class(vec![values("logLevel: info", "logLevel: \"${B}\"")]), Class::Significant);
    assert_eq!(
        class(vec![values("x: \"{{ y }}\"\nlogLevel: info", "x: \"{{ y }}\"\nlogLevel: warn")]),
        Class::Significant
    );
    assert_eq!(
        class(vec![values(
            "banner: \"{{ y }}\"\nlogLevel: info",
            "banner: \"{{ y }}\"\nlogLevel: warn"
        )]),
        Class::Trivial
    );
}

#[test]
fn a_template_under_a_denied_key_is_never_allowed_by_name() {
    let mut policy = example();
    let any = Allow { templated: true, ..allow("**") };
    policy.policy.trivial.config.push(config("all", &["deploy/**"], vec![any]));
    let judge = |key: &str| {
        let text = |value: u8| format!("{key}: \"${{X}}\"\nother: {value}\n");
        classify(&policy, &facts(vec![values(&text(1), &text(2))])).class
    };
    assert_eq!(judge("name"), Class::Trivial);
    assert_eq!(judge("url"), Class::Significant);
}
