mod configuration;
mod files;
mod laws;
mod whole;

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
    Facts { pull: Some(Pull::bare(1, "")), files, ..Facts::bare("acme/payments", "main", oid()) }
}

fn judge(files: Vec<FileChange>) -> Classification {
    classify(&example(), &facts(files))
}

fn class(files: Vec<FileChange>) -> Class {
    judge(files).class
}
