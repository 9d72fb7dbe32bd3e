use super::super::builtin::{is_migration_path, protected};
use crate::domain::RepoPath;

fn kind(path: &str) -> &'static str {
    protected(path).map_or("", |(kind, _, _)| kind)
}

#[test]
fn ci_of_every_common_system_is_known() {
    for path in [
        ".github/dependabot.md",
        ".gitlab/ci/build.yml",
        "a/.gitlab-ci.yml",
        "ci/base.gitlab-ci.yaml",
        "Jenkinsfile.release",
        "deploy.jenkinsfile",
        ".circleci/config.yml",
        "azure-pipelines-nightly.yml",
        ".azuredevops/pr.yml",
        ".travis.yaml",
        ".drone.jsonnet",
        ".drone.star",
        ".buildkite/pipeline.yml",
        "bitbucket-pipelines.yaml",
        ".tekton/push.yaml",
        ".woodpecker.yaml",
        ".cirrus.star",
        "cloudbuild-release.yaml",
        "buildspec.yaml",
        ".builds/linux.yml",
        ".build.yml",
        ".zuul.yaml",
        "zuul.d/jobs.yaml",
        "appspec.yml",
        "bamboo-specs/bamboo.yaml",
    ] {
        assert_eq!(kind(path), "ci", "{path}");
    }
}

#[test]
fn what_runs_elsewhere_is_known() {
    for (wanted, paths) in [
        (
            "dockerfile",
            &[
                "Dockerfile",
                "a/dev.Dockerfile",
                "Containerfile.prod",
                "x.containerfile",
                "docker-bake.json",
            ][..],
        ),
        (
            "hook",
            &[
                ".pre-commit-config.yml",
                ".pre-commit-hooks.yaml",
                "lefthook.toml",
                ".husky/x",
                "tools/git-hooks/post-rewrite",
                ".overcommit.yml",
            ],
        ),
        (
            "build",
            &[
                "Makefile",
                "a/x.MAK",
                "build.sh",
                "a.gradle.kts",
                "vars/deploy.groovy",
                ".envrc",
                ".devcontainer/setup.md",
                ".vscode/tasks.json",
                "next.config.mjs",
                ".mvn/extensions.xml",
                "Taskfile.dist.yml",
            ],
        ),
        (
            "infrastructure",
            &[
                "a.tf",
                "a.tofu",
                "a.tf.json",
                "main.bicepparam",
                "job.nomad",
                "chart/templates/_x.tpl",
                "iam/readme.md",
                "k8s/serviceaccount.yaml",
                "Pulumi.prod.yaml",
                "serverless.yml",
                "policy.rego",
                "x.jsonnet",
                "cloudformation/a.txt",
            ],
        ),
        ("git", &[".gitattributes", "docs/.gitattributes", ".gitmodules", ".lfsconfig"]),
    ] {
        for path in paths {
            assert_eq!(kind(path), wanted, "{path}");
        }
    }
}

#[test]
fn prose_about_them_is_prose() {
    for path in [
        "docs/pipeline.md",
        "docs/build.md",
        "docs/zuul.md",
        "src/update.rs",
        "docs/.build.md",
        "docs/templates/a.md",
    ] {
        assert_eq!(kind(path), "", "{path}");
    }
}

#[test]
fn migrations_are_known_by_their_tools() {
    for path in [
        "db/migrations/1.sql",
        "a/Migrations/1.cs",
        "schema_migrations/1.sql",
        "db/changelog/1.xml",
        "res/db.changelog-master.yaml",
        "sql/V2__x.sql",
        "sql/U2__x.sql",
        "sql/R__view.sql",
        "sql/2_x.up.sql",
        "sql/2_x.down.sql",
    ] {
        assert!(is_migration_path(&RepoPath::from(path)), "{path}");
    }
    for path in
        ["docs/immigration/a.md", "docs/migrations.md", "sql/view.sql", "src/migrationsx/a.rs"]
    {
        assert!(!is_migration_path(&RepoPath::from(path)), "{path}");
    }
}
