//! What a file's path, kind and bytes say.

use super::*;

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
fn rights_in_a_routine_folder_are_infrastructure() {
    let role = "apiVersion: v1\nkind: ClusterRole\nmetadata: {name: x}\nlevel: 1\n";
    let found = judge(vec![edit("tests/x.yaml", role, &role.replace("level: 1", "level: 2"))]);
    assert_eq!(
        (found.class, found.files[0].rule.as_str()),
        (Class::Significant, "built-in: infrastructure")
    );
}
