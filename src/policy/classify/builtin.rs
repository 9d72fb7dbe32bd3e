//! Kinds of files that a path tells, with the class that no repository lowers (sem 2.1).

use crate::domain::{Class, FileChange, RepoPath};

use super::file::Finding;
use super::names::{is_build, is_ci, is_container, is_hook, is_infrastructure, is_migration};

/// What the path says about the change, exact spelling of names; twins are found elsewhere.
pub(super) fn by_path(change: &FileChange) -> Option<Finding> {
    let path = change.path.as_str()?;
    let (kind, class, why) = if is_migration(path) {
        match (change.old.is_some(), change.new.is_some()) {
            (false, _) => ("migration", Class::Significant, "a new database migration"),
            (true, true) => {
                ("migration", Class::Critical, "a database migration that exists was edited")
            }
            (true, false) => {
                ("migration", Class::Critical, "a database migration that exists was deleted")
            }
        }
    } else {
        protected(path)?
    };
    Some(Finding::built_in(class, kind, why))
}

/// The protected kind of a path: its name, the least class and why. `None`: no protected path.
pub(super) fn protected(path: &str) -> Option<(&'static str, Class, &'static str)> {
    let Parts { folders, name, lower } = Parts::of(path);
    let extension = lower.rsplit_once('.').map_or("", |(_, extension)| extension);
    let significant = |kind, why| Some((kind, Class::Significant, why));
    if let Some(found) = policy(path) {
        return Some(found);
    }
    if matches!(lower.as_str(), "codeowners" | "owners" | "owners_aliases") {
        return significant("owners", "it says who must review");
    }
    if is_ci(&folders, &lower) {
        return significant("ci", "it is CI configuration");
    }
    if matches!(name, ".gitattributes" | ".gitmodules" | ".gitconfig" | ".lfsconfig") {
        return significant("git", "it changes how git treats other files");
    }
    if is_hook(&folders, &lower) {
        return significant("hook", "a hook runs on other machines");
    }
    if is_container(&lower) {
        return significant("dockerfile", "it builds an image");
    }
    if is_dependency(&lower, extension) {
        return significant("dependency", "it says what other code is used");
    }
    if is_build(&folders, &lower, extension) {
        return significant("build", "a build script runs code");
    }
    if is_infrastructure(&folders, &lower, extension) {
        return significant("infrastructure", "it is infrastructure or rights");
    }
    None
}

/// Protected names that another spelling could be taken for; lower case.
pub(super) const PROTECTED_NAMES: [&str; 24] = [
    ".countersign",
    ".countersign.yml",
    ".countersign.yaml",
    ".github",
    ".gitlab",
    ".gitlab-ci.yml",
    ".gitattributes",
    ".gitmodules",
    ".git",
    ".circleci",
    ".buildkite",
    ".travis.yml",
    ".husky",
    ".githooks",
    ".ci",
    "codeowners",
    "owners",
    "dockerfile",
    "jenkinsfile",
    "makefile",
    "azure-pipelines.yml",
    "bitbucket-pipelines.yml",
    ".gitlab-ci.yaml",
    "migrations",
];

struct Parts<'a> {
    folders: Vec<&'a str>,
    name: &'a str,
    lower: String,
}

impl<'a> Parts<'a> {
    fn of(path: &'a str) -> Self {
        let mut folders: Vec<&str> = path.split('/').collect();
        let name = folders.pop().unwrap_or_default();
        Self { folders, name, lower: name.to_ascii_lowercase() }
    }
}

fn policy(path: &str) -> Option<(&'static str, Class, &'static str)> {
    if path.starts_with(".countersign/tests/") {
        return Some(("policy", Class::Significant, "it tests the policy"));
    }
    let critical = matches!(path, ".countersign.yml" | ".countersign.yaml")
        || path.starts_with(".countersign/");
    critical.then_some(("policy", Class::Critical, "it is the policy that judges changes"))
}

/// Whether its path makes the change one of dependencies, and of nothing worse.
pub(super) fn is_dependency_file(change: &FileChange) -> bool {
    by_path(change).is_some_and(|finding| finding.kind == Some("dependency"))
}

fn is_dependency(name: &str, extension: &str) -> bool {
    const NAMES: [&str; 41] = [
        "cargo.toml",
        "cargo.lock",
        "package.json",
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "pnpm-workspace.yaml",
        "bun.lock",
        "bun.lockb",
        "deno.json",
        "deno.lock",
        "go.mod",
        "go.sum",
        "go.work",
        "go.work.sum",
        "pyproject.toml",
        "poetry.lock",
        "pdm.lock",
        "uv.lock",
        "pipfile",
        "pipfile.lock",
        "environment.yml",
        "constraints.txt",
        "gemfile",
        "gemfile.lock",
        "composer.json",
        "composer.lock",
        "pom.xml",
        "gradle.lockfile",
        "libs.versions.toml",
        "mix.exs",
        "mix.lock",
        "pubspec.yaml",
        "pubspec.lock",
        "package.resolved",
        "podfile",
        "podfile.lock",
        "chart.yaml",
        "chart.lock",
        "packages.lock.json",
    ];
    const MORE: [&str; 9] = [
        ".npmrc",
        ".yarnrc",
        ".yarnrc.yml",
        ".terraform.lock.hcl",
        "renovate.json",
        "dependabot.yml",
        "flake.lock",
        "packages.config",
        "conan.lock",
    ];
    NAMES.contains(&name)
        || MORE.contains(&name)
        || (name.starts_with("requirements") && matches!(extension, "txt" | "in"))
        || matches!(extension, "gemspec" | "csproj" | "fsproj" | "vbproj" | "cabal" | "nuspec")
}

/// Infrastructure that is significant unless the key proof holds: values of variables, not what is made of them.
pub(super) fn needs_proof(path: &RepoPath) -> bool {
    path.file_name().to_ascii_lowercase().ends_with(b".tfvars")
}

/// Whether a path is that of a database migration (sem 2.1); a path that is no text is taken for one.
#[must_use]
pub fn is_migration_path(path: &RepoPath) -> bool {
    path.as_str().is_none_or(is_migration)
}

/// Whether a path's format is documentation that nothing executes. MDX, notebooks, HTML and SVG are not (sem 2.1).
#[must_use]
pub fn is_documentation(path: &RepoPath) -> bool {
    documents(&lower_name(path))
}

fn lower_name(path: &RepoPath) -> String {
    let mut name = String::from_utf8_lossy(path.file_name()).into_owned();
    name.make_ascii_lowercase();
    name
}

fn documents(name: &str) -> bool {
    match name.rsplit_once('.') {
        Some((_, extension)) => matches!(
            extension,
            "md" | "markdown"
                | "mkd"
                | "rst"
                | "txt"
                | "adoc"
                | "asciidoc"
                | "org"
                | "textile"
                | "rdoc"
        ),
        None => matches!(
            name,
            "readme"
                | "license"
                | "licence"
                | "notice"
                | "authors"
                | "changelog"
                | "contributing"
                | "copying"
                | "changes"
        ),
    }
}

/// The kind of file for display, where no rule gives one.
pub(super) fn kind_of(path: &RepoPath) -> &'static str {
    let name = lower_name(path);
    if documents(&name) {
        return "documentation";
    }
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "yaml" | "yml" | "json" | "jsonc" | "toml" | "ini" | "properties" | "env" | "tfvars"
        | "conf" | "cfg" | "xml" => "configuration",
        _ => "code",
    }
}
