use proptest::prelude::*;

use super::*;
use crate::domain::fact::{Facts, Landing, Pull};
use crate::domain::file::Side;
use crate::domain::{FileChange, KeyOp, Oid};
use crate::policy::decision::KeyVerdict;
use crate::policy::glob::Glob;
use crate::policy::keypath::KeyPattern;
use crate::policy::model::{
    Allow, Approval, ConfigRule, Max, Organisation, PathRule, RoleRule, Staleness, Trivial,
};
use crate::policy::pattern::Pattern;
use crate::policy::{content, dependencies, keys};

const FILE: u32 = 0o100_644;
const LINK: u32 = 0o120_000;

pub(super) fn globs(texts: &[&str]) -> Vec<Glob> {
    texts.iter().map(|text| Glob::parse(text).expect("a glob")).collect()
}

fn allow(key: &str) -> Allow {
    Allow {
        key: KeyPattern::parse(key).expect("a key pattern"),
        ops: vec![KeyOp::Replace],
        value_type: None,
        one_of: None,
        regex: None,
        min: None,
        max: None,
        max_delta: None,
        max_delta_pct: None,
        semver: None,
        digest_pinned: false,
        templated: false,
    }
}

fn config(name: &str, files: &[&str], allow: Vec<Allow>) -> ConfigRule {
    ConfigRule { name: name.to_owned(), files: globs(files), allow, from: "repository".to_owned() }
}

fn path_rule(name: &str, files: &[&str], scope: Option<&str>) -> PathRule {
    PathRule {
        name: name.to_owned(),
        files: globs(files),
        scope: scope.map(str::to_owned),
        count: None,
        from: format!("repository: {name}"),
    }
}

/// Example 1 of the conformance cases, and a routine rule for tests.
pub(super) fn example() -> Effective {
    static EXAMPLE: std::sync::LazyLock<Effective> = std::sync::LazyLock::new(example_1);
    EXAMPLE.clone()
}

fn example_1() -> Effective {
    let values = &["deploy/**/values-*.yaml", "deploy/**/values-*.json"];
    let tag = Allow {
        regex: Some(Pattern::parse(r"v\d+\.\d+\.\d+").expect("a pattern")),
        ..allow("**.image.tag")
    };
    let replicas = Allow {
        value_type: Some("int".to_owned()),
        min: Some(2.0),
        max: Some(20.0),
        max_delta_pct: Some(50.0),
        ..allow("**.replicas")
    };
    let levels = ["info", "warn", "error"].map(str::to_owned).to_vec();
    let level = Allow { one_of: Some(levels), ..allow("**.logLevel") };
    let templated = Allow { templated: true, ..allow("banner") };
    Effective {
        policy: Policy {
            trivial: Trivial {
                max: Max { files: Some(5), changed_keys: Some(10), lines: Some(60), bytes: None },
                config: vec![
                    config("image tag bumps", values, vec![tag]),
                    config("scaling", values, vec![replicas, level, templated, allow("country")]),
                ],
                docs: globs(&[
                    "docs/**/*.md",
                    "README.md",
                    "docs/*.mdx",
                    "docs/*.ipynb",
                    "docs/*.py",
                ]),
                dependencies: None,
                kinds: None,
                ..Trivial::default()
            },
            routine: vec![path_rule("tests", &["tests/**"], None)],
            significant: vec![
                path_rule("money", &["src/payments/**"], Some("payments")),
                path_rule("migrations", &["db/migrations/**"], Some("data")),
            ],
            always_critical: globs(&["iam/**"]),
            deny_keys: vec![KeyPattern::parse("**.feature_kill_switch").expect("a key pattern")],
            default: Class::Significant,
            approval: Approval {
                architects: RoleRule {
                    role: "architect".to_owned(),
                    count: 1,
                    from_class: Class::Significant,
                    from: "built-in".to_owned(),
                },
                peers: None,
                also: Vec::new(),
                ticket: None,
                staleness: Staleness::SameCommit,
                comments: None,
            },
            reverts: None,
            tests: Vec::new(),
        },
        organisation: Organisation::default(),
        invalid: Vec::new(),
        organisation_digest: String::new(),
        repository_digest: None,
        base: "main".to_owned(),
    }
}

pub(super) fn oid() -> Oid {
    "1111111111111111111111111111111111111111".parse().expect("an object id")
}

pub(super) fn change(
    path: &[u8],
    old: Option<(u32, &[u8])>,
    new: Option<(u32, &[u8])>,
) -> FileChange {
    let path = RepoPath::new(path);
    let side = |side: Option<(u32, &[u8])>| side.map(|(mode, _)| Side { mode, oid: oid() });
    let (before, after) = (old.map(|(_, bytes)| bytes), new.map(|(_, bytes)| bytes));
    FileChange {
        old: side(old),
        new: side(new),
        renamed: None,
        content: content::scan(before, after, old.map(|(mode, _)| mode), new.map(|(mode, _)| mode)),
        keys: keys::diff(&path, before, after),
        dependency: dependencies::diff(&path, before, after),
        path,
    }
}

pub(super) fn edit(path: &str, old: &str, new: &str) -> FileChange {
    change(path.as_bytes(), Some((FILE, old.as_bytes())), Some((FILE, new.as_bytes())))
}

pub(super) fn add(path: &str, new: &str) -> FileChange {
    change(path.as_bytes(), None, Some((FILE, new.as_bytes())))
}

pub(super) fn delete(path: &str) -> FileChange {
    change(path.as_bytes(), Some((FILE, b"old\n")), None)
}

fn values(old: &str, new: &str) -> FileChange {
    edit("deploy/a/values-prod.yaml", old, new)
}

pub(super) fn facts(files: Vec<FileChange>) -> Facts {
    Facts {
        repo: "acme/payments".to_owned(),
        branch: "main".to_owned(),
        head: oid(),
        fingerprint: String::new(),
        pull: Some(Pull {
            number: 1,
            title: String::new(),
            opener: None,
            opener_is_bot: false,
            pushers: Vec::new(),
            pushed_by_unknown: false,
            drivers: Vec::new(),
            labels: Vec::new(),
            draft: false,
        }),
        files,
        commits: Vec::new(),
        opinions: Vec::new(),
        reviewed: Vec::new(),
        reverts: Vec::new(),
        overrides: Vec::new(),
        disowned: Vec::new(),
        grants: Vec::new(),
        tickets: Vec::new(),
        checks: Vec::new(),
        landing: None,
        errors: Vec::new(),
    }
}

fn judge(files: Vec<FileChange>) -> Classification {
    classify(&example(), &facts(files))
}

fn class(files: Vec<FileChange>) -> Class {
    judge(files).class
}

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
fn case_67_a_rename_is_judged_on_both_paths() {
    let mut old = delete("auth/guard.rs");
    let mut new = add("docs/guard.md", "old\n");
    (old.renamed, new.renamed) = (Some("docs/guard.md".into()), Some("auth/guard.rs".into()));
    let found = judge(vec![new, old]);
    assert_eq!(found.class, Class::Significant);
    assert_eq!(
        found.files.iter().map(|file| file.class).collect::<Vec<_>>(),
        [Class::Significant, Class::Trivial]
    );
}

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
fn case_73_a_document_that_becomes_a_link_is_significant_or_worse() {
    let link = |path: &str, target: &str| {
        change(path.as_bytes(), Some((FILE, b"text")), Some((LINK, target.as_bytes())))
    };
    assert_eq!(class(vec![link("docs/a.md", "b.md")]), Class::Significant);
    for target in [
        "../../etc/passwd",
        "/etc/passwd",
        "../.github/workflows",
        "../.countersign.yml",
        "../iam",
        "..",
        "../.git/config",
        "C:\\x",
        "../src/payments",
        "../src/payments/pay.rs",
        "../Db/Migrations/1.sql",
        "../NUL",
    ] {
        let found = judge(vec![link("docs/a.md", target)]);
        assert_eq!(
            (found.class, found.files[0].kind.as_str()),
            (Class::Critical, "link"),
            "{target}"
        );
    }
    assert_eq!(class(vec![change(b"docs/a.md", Some((LINK, b"b.md")), None)]), Class::Significant);
}

#[test]
fn case_74_a_submodule_is_significant_even_where_a_rule_allows_its_path() {
    let mut bump = change(b"docs/a.md", None, None);
    (bump.old, bump.new) =
        (Some(Side { mode: 0o160_000, oid: oid() }), Some(Side { mode: 0o160_000, oid: oid() }));
    let found = judge(vec![bump]);
    assert_eq!((found.class, found.files[0].kind.as_str()), (Class::Significant, "submodule"));
}

#[test]
fn case_76_a_binary_with_an_allowed_extension_is_significant() {
    let found = judge(vec![change(b"docs/a.md", None, Some((FILE, b"\x7fELF\x02\0\0")))]);
    assert_eq!((found.class, found.files[0].kind.as_str()), (Class::Significant, "binary"));
}

#[test]
fn case_77_odd_paths_are_judged_without_panic() {
    assert_eq!(class(vec![change(b"docs/a \"b\".md", None, Some((FILE, b"x\n")))]), Class::Trivial);
    for path in [
        &b"docs/caf\xe9.md"[..],
        b"docs/../a.md",
        b"docs/a.md ",
        b"docs./a.md",
        b"",
        b"docs//a.md",
        b"docs/a\nb.md",
        b"docs/\xe2\x80\xaea.md",
        b"docs/.Git/a.md",
    ] {
        let found = judge(vec![change(path, None, Some((FILE, b"x\n")))]);
        assert_eq!(
            (found.class, found.files[0].kind.as_str()),
            (Class::Significant, "path"),
            "{}",
            found.files[0].path
        );
    }
}

#[test]
fn case_79_a_mark_in_gitattributes_makes_nothing_trivial() {
    let found = judge(vec![
        edit(".gitattributes", "", "src/** linguist-generated\n"),
        edit("src/a.rs", "a", "b"),
    ]);
    assert!(found.files.iter().all(|file| file.class == Class::Significant));
}

#[test]
fn case_80_a_star_stays_in_its_folder() {
    let mut policy = example();
    policy.policy.trivial.docs = globs(&["docs/*"]);
    assert_eq!(
        classify(&policy, &facts(vec![add("docs/a/b.md", "x\n")])).class,
        Class::Significant
    );
    assert_eq!(classify(&policy, &facts(vec![add("docs/b.md", "x\n")])).class, Class::Trivial);
}

#[test]
fn case_83_missing_objects_prove_nothing() {
    let mut file = edit("docs/a.md", "a", "b");
    file.content = content::scan(None, None, Some(FILE), Some(FILE));
    assert_eq!(class(vec![file]), Class::Significant);
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
fn case_104_a_new_migration_is_significant_and_an_edited_one_critical() {
    for path in ["db/migrations/1.sql", "app/db/migrate/2_x.rb", "services/a/migrations/3.py"] {
        assert_eq!(class(vec![add(path, "x")]), Class::Significant, "{path}");
        assert_eq!(class(vec![edit(path, "x", "y")]), Class::Critical, "{path}");
        assert_eq!(class(vec![delete(path)]), Class::Critical, "{path}");
    }
    let found = judge(vec![add("db/migrations/1.sql", "x")]);
    assert_eq!(found.files[0].scope.as_deref(), Some("data"));
}

#[test]
fn built_in_kinds_are_not_lowered_by_any_rule() {
    let mut policy = example();
    policy.policy.default = Class::Routine;
    policy.policy.trivial.docs = globs(&["**"]);
    policy.policy.routine = vec![path_rule("all", &["**"], None)];
    for path in [
        "CODEOWNERS",
        ".github/workflows/ci.yml",
        ".gitlab-ci.yml",
        "Jenkinsfile",
        ".circleci/config.yml",
        "azure-pipelines.yml",
        "Dockerfile",
        "app/Dockerfile.prod",
        "Makefile",
        "build.rs",
        "app/build.gradle",
        "CMakeLists.txt",
        ".gitattributes",
        ".gitmodules",
        ".husky/pre-commit",
        "infra/main.tf",
        "main.bicep",
        "chart/templates/web.yaml",
        "rbac.yaml",
        "Cargo.lock",
        "web/package.json",
        "requirements-dev.txt",
        "iam/readme.md",
    ] {
        let found = classify(&policy, &facts(vec![add(path, "x: 1\n")]));
        assert!(found.class >= Class::Significant, "{path}: {}", found.why);
    }
    assert_eq!(classify(&policy, &facts(vec![add("src/x.rs", "x")])).class, Class::Significant);
    assert_eq!(classify(&policy, &facts(vec![add("notes/x.md", "x")])).class, Class::Routine);
}

#[test]
fn a_twin_of_a_protected_path_says_so() {
    for path in [
        ".GitHub/workflows/x.md",
        "codeOwners.",
        ".g\u{456}thub/x.md",
        "Src/Payments/x.md",
        ".Countersign.yml",
    ] {
        let found = judge(vec![add(path, "x\n")]);
        assert!(found.files[0].class >= Class::Significant);
        assert_eq!(found.files[0].kind, "path", "{path}: {}", found.why);
    }
}

#[test]
fn documentation_that_is_executed_is_not_trivial() {
    for path in ["docs/a.mdx", "docs/a.ipynb", "docs/conf.py"] {
        assert_eq!(class(vec![edit(path, "a", "b")]), Class::Significant, "{path}");
    }
}

#[test]
fn deceptive_characters_and_modes_are_significant() {
    let found = judge(vec![edit("docs/a.md", "a\n", "a\nb\u{202e}\n")]);
    assert!(found.why.contains("line 2 holds U+202E"), "{}", found.why);
    let executable = change(b"docs/a.md", Some((FILE, b"a")), Some((0o100_755, b"a")));
    assert_eq!(class(vec![executable]), Class::Significant);
    assert_eq!(
        class(vec![edit("docs/a.md", "a", "version https://git-lfs.github.com/spec/v1\n")]),
        Class::Significant
    );
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

#[test]
fn rights_in_a_routine_folder_are_infrastructure() {
    let role = "apiVersion: v1\nkind: ClusterRole\nmetadata: {name: x}\nlevel: 1\n";
    let found = judge(vec![edit("tests/x.yaml", role, &role.replace("level: 1", "level: 2"))]);
    assert_eq!(
        (found.class, found.files[0].rule.as_str()),
        (Class::Significant, "built-in: infrastructure")
    );
}

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
