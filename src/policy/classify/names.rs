//! Which names of folders and files mean what, whatever a policy says (sem 2.1): CI, hooks, containers, build scripts,
//! infrastructure, migrations. Names and extensions come in lower case, folders as they are written: their twins are found elsewhere.

/// Folders in which everything is CI.
const CI_FOLDERS: [&str; 23] = [
    ".github",
    ".gitlab",
    ".gitea",
    ".forgejo",
    ".circleci",
    ".buildkite",
    ".ci",
    ".azure-pipelines",
    "azure-pipelines",
    ".azuredevops",
    ".pipelines",
    ".woodpecker",
    ".drone",
    ".teamcity",
    ".semaphore",
    ".tekton",
    ".builds",
    ".harness",
    ".prow",
    ".kokoro",
    ".zuul.d",
    "zuul.d",
    "bamboo-specs",
];

/// What names of CI files begin with, where they end as configuration does ([`CI_ENDINGS`]).
const CI_STEMS: [&str; 25] = [
    ".gitlab-ci",
    ".travis",
    ".drone",
    ".woodpecker",
    ".cirrus",
    ".appveyor",
    "appveyor",
    "azure-pipelines",
    ".vsts-ci",
    "bitbucket-pipelines",
    "cloudbuild",
    "buildspec",
    "buildkite",
    "pipeline.",
    "codemagic",
    "wercker",
    ".zuul",
    "zuul.",
    "screwdriver",
    ".taskcluster",
    "bitrise",
    "codefresh",
    "codeship-",
    "shippable",
    ".build.",
];

const CI_ENDINGS: [&str; 6] = [".yml", ".yaml", ".json", ".star", ".jsonnet", ".toml"];

/// CI configuration of the systems that read it from the repository.
pub(super) fn is_ci(folders: &[&str], name: &str) -> bool {
    let by_stem = CI_STEMS.iter().any(|stem| name.starts_with(stem))
        && CI_ENDINGS.iter().any(|ending| name.ends_with(ending));
    let by_end = [".gitlab-ci.yml", ".gitlab-ci.yaml", "jenkinsfile"];
    folders.iter().any(|folder| CI_FOLDERS.contains(folder))
        || by_stem
        || name.starts_with("jenkinsfile")
        || by_end.iter().any(|end| name.ends_with(end))
        || matches!(name, "appspec.yml" | "appspec.yaml" | "dagger.json" | "circle.yml")
}

/// Hooks of git, and what sets them up.
pub(super) fn is_hook(folders: &[&str], name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "pre-commit",
        "commit-msg",
        "pre-push",
        "post-checkout",
        "post-merge",
        "prepare-commit-msg",
        "pre-receive",
        "update",
        "post-receive",
        "post-commit",
        "pre-rebase",
        "post-rewrite",
        "post-update",
        "pre-merge-commit",
    ];
    const STEMS: [&str; 5] =
        [".pre-commit-config.", ".pre-commit-hooks.", "lefthook.", ".lefthook.", ".overcommit."];
    folders.iter().any(|folder| matches!(*folder, ".husky" | ".githooks" | ".lefthook" | ".git"))
        || STEMS.iter().any(|stem| name.starts_with(stem))
        || matches!(name, "lefthook-local.yml" | ".huskyrc" | ".huskyrc.json")
        || (NAMES.contains(&name) && folders.iter().any(|folder| folder.ends_with("hooks")))
}

/// What makes an image.
pub(super) fn is_container(name: &str) -> bool {
    const ENDINGS: [&str; 2] = [".dockerfile", ".containerfile"];
    ["dockerfile", "containerfile"].iter().any(|word| name.starts_with(word))
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || matches!(name, ".dockerignore" | ".containerignore" | "docker-bake.json" | "earthfile")
        || name.ends_with(".dockerignore")
}

const BUILD_NAMES: [&str; 52] = [
    "makefile",
    "gnumakefile",
    "build.rs",
    "build.gradle.kts",
    "settings.gradle.kts",
    "gradlew",
    "gradlew.bat",
    "gradle.properties",
    "gradle-wrapper.properties",
    "gradle-wrapper.jar",
    "mvnw",
    "mvnw.cmd",
    "cmakelists.txt",
    "build.xml",
    "build.sbt",
    "rakefile",
    "justfile",
    ".justfile",
    "meson.build",
    "meson_options.txt",
    "build",
    "build.bazel",
    "workspace",
    "workspace.bazel",
    "module.bazel",
    ".bazelrc",
    "buck",
    "setup.py",
    "setup.cfg",
    "noxfile.py",
    "conftest.py",
    "tox.ini",
    "package.swift",
    "build.zig",
    "configure",
    "configure.ac",
    "rust-toolchain",
    "rust-toolchain.toml",
    "sconstruct",
    "sconscript",
    "wscript",
    "snakefile",
    "tiltfile",
    "vagrantfile",
    "fastfile",
    "dangerfile",
    "dodo.py",
    ".tool-versions",
    "mise.toml",
    ".envrc",
    ".gitpod.yml",
    "conanfile.py",
];

const BUILD_STEMS: [&str; 25] = [
    "webpack.config.",
    "vite.config.",
    "vitest.config.",
    "rollup.config.",
    "esbuild.config.",
    "babel.config.",
    ".babelrc",
    "next.config.",
    "nuxt.config.",
    "svelte.config.",
    "astro.config.",
    "postcss.config.",
    "tailwind.config.",
    "jest.config.",
    "playwright.config.",
    "eslint.config.",
    ".eslintrc",
    "gulpfile.",
    "gruntfile.",
    "taskfile.",
    "directory.build.",
    "build.sh",
    "makefile.",
    "goreleaser.",
    ".goreleaser.",
];

/// What runs when something is built, tested or opened.
pub(super) fn is_build(folders: &[&str], name: &str, extension: &str) -> bool {
    let folder = |folder: &&str| matches!(*folder, ".cargo" | ".mvn" | ".devcontainer");
    BUILD_NAMES.contains(&name)
        || BUILD_STEMS.iter().any(|stem| name.starts_with(stem))
        || matches!(
            extension,
            "mk" | "mak" | "gradle" | "cmake" | "bzl" | "bazel" | "nix" | "m4" | "am" | "groovy"
        )
        || name.ends_with(".gradle.kts")
        || folders.iter().any(folder)
        || (folders.contains(&".vscode")
            && matches!(name, "tasks.json" | "launch.json" | "settings.json"))
}

/// What makes infrastructure, or gives rights. What a manifest says by its kind is found in its content.
pub(super) fn is_infrastructure(folders: &[&str], name: &str, extension: &str) -> bool {
    const WORDS: [&str; 11] = [
        "rbac",
        "networkpolicy",
        "network-policy",
        "clusterrole",
        "rolebinding",
        "serviceaccount",
        "cloudformation",
        "iam-",
        "iam.",
        "crd.",
        "-crd",
    ];
    let data = matches!(extension, "yaml" | "yml" | "json");
    let folder = |wanted: &[&str]| {
        let is_one = |folder: &&str| wanted.iter().any(|one| folder.eq_ignore_ascii_case(one));
        folders.iter().any(is_one)
    };
    let template = data || matches!(extension, "tpl" | "gotmpl" | "tmpl");
    matches!(
        extension,
        "tf" | "tofu" | "hcl" | "bicep" | "bicepparam" | "nomad" | "jsonnet" | "libsonnet" | "rego"
    ) || name.ends_with(".tf.json")
        || name.ends_with(".tofu.json")
        || (folder(&["templates"]) && template)
        || folder(&["iam", "rbac", "crds", "crd", "networkpolicies", "terraform", "cloudformation"])
        || (data && WORDS.iter().any(|word| name.contains(word)))
        || (data && (name.starts_with("pulumi.") || name.starts_with("serverless.")))
        || matches!(name, "cdk.json" | "samconfig.toml" | "ansible.cfg")
}

/// Whether a path is that of a database migration; letter case is ignored.
pub(super) fn is_migration(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let folders: Vec<&str> = lower.split('/').collect();
    let (name, folders) = folders.split_last().unwrap_or((&"", &[]));
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let pair = |a: &str, b: &str| folders.windows(2).any(|pair| pair == [a, b]);
    let folder = |folder: &&str| {
        ["migrations", "migration"].iter().any(|word| {
            folder
                .strip_suffix(word)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with(['_', '-', '.']))
        })
    };
    folders.iter().any(folder)
        || pair("db", "migrate")
        || pair("db", "changelog")
        || pair("alembic", "versions")
        || (extension == "sql" && is_versioned(name))
        || name.starts_with("db.changelog")
}

/// Names that tools for migrations give: `V2__x.sql`, `U2__x.sql`, `R__x.sql`, `2_x.up.sql`, `2_x.down.sql`.
fn is_versioned(name: &str) -> bool {
    (name.starts_with(['v', 'u', 'r']) && name.contains("__"))
        || name.ends_with(".up.sql")
        || name.ends_with(".down.sql")
}

#[cfg(test)]
mod tests;
