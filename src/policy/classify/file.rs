//! The class of one file: everything that is said about it is heard, and the highest class counts.

use std::cmp::Ordering;

use crate::domain::file::Kind;
use crate::domain::{Class, FileChange};
use crate::policy::decision::{FileClass, KeyVerdict};
use crate::policy::model::Policy;

use super::generated::Around;
use super::{binary, builtin, bump, generated, link, path_rules, proof, twin};

/// Something that is said about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) class: Class,
    /// What kind of file it makes it; `None`: as its path says.
    pub(super) kind: Option<&'static str>,
    pub(super) rule: String,
    pub(super) scope: Option<String>,
    pub(super) why: String,
}

impl Finding {
    pub(super) fn built_in(class: Class, kind: &'static str, why: impl Into<String>) -> Self {
        let rule = format!("built-in: {kind}");
        Self { class, kind: Some(kind), rule, scope: None, why: why.into() }
    }

    pub(super) fn rule(class: Class, rule: impl Into<String>, why: impl Into<String>) -> Self {
        Self { class, kind: None, rule: rule.into(), scope: None, why: why.into() }
    }
}

/// What the class of a file depends on beside it.
#[derive(Clone, Copy, Default)]
pub(super) struct Beside<'a> {
    /// What the dependency proof of the whole change came to, if there is one.
    pub(super) bump: Option<&'a bump::Proof>,
    /// The change around it; without it nothing is taken for generated.
    pub(super) around: Option<Around<'a>>,
}

/// The class of one file.
pub(super) fn classify(policy: &Policy, change: &FileChange, beside: Beside<'_>) -> FileClass {
    let (mut findings, keys) = trivial(policy, change);
    findings.extend(made(policy, change, beside.around));
    let shown = shown(policy, change);
    let is_shown = shown.as_ref().is_some_and(|finding| finding.kind == Some("binary"));
    findings.extend(shown);
    let bump = beside.bump.filter(|_| builtin::is_dependency_file(change)).map(bump::finding);
    let by_path = builtin::by_path(change).filter(|_| bump.is_none());
    findings.extend(bump);
    findings.extend(by_path_rules(policy, change));
    if findings.is_empty() {
        let class = policy.default.max(Class::Routine);
        findings.push(Finding::rule(
            class,
            "default",
            format!("no rule matches it, and the default is {class}"),
        ));
    }
    findings.extend(by_path);
    findings.extend(by_content(change, is_shown));
    findings.extend(link::findings(policy, change));
    findings.extend(twin::findings(policy, &change.path));
    let reason = findings
        .into_iter()
        .reduce(|best, next| if order(&next, &best) == Ordering::Greater { next } else { best });
    // There is always one: the default stands in where nothing else speaks.
    let reason = reason.unwrap_or_else(|| Finding::rule(Class::Critical, "default", "no rule"));
    FileClass {
        path: change.path.clone(),
        class: reason.class,
        kind: reason.kind.unwrap_or_else(|| builtin::kind_of(&change.path)).to_owned(),
        rule: reason.rule,
        scope: reason.scope,
        why: reason.why,
        keys,
    }
}

/// Which of two findings speaks for the file: the higher class, then what tells more, then the first by its text, so that
/// the order of rules never matters.
fn order(one: &Finding, other: &Finding) -> Ordering {
    let (class, rank) = (one.class.cmp(&other.class), rank(one).cmp(&rank(other)));
    let text = || other.rule.cmp(&one.rule).then_with(|| other.why.cmp(&one.why));
    class.then(rank).then_with(text).then_with(|| other.scope.cmp(&one.scope))
}

/// Among findings of one class: a rule with a scope tells most, then a path that is not what it seems, then what is
/// built in, then the rest.
fn rank(finding: &Finding) -> u8 {
    match finding {
        Finding { scope: Some(_), .. } => 4,
        Finding { kind: Some("path"), .. } => 3,
        Finding { kind: Some(_), .. } => 2,
        Finding { rule, .. } if rule == "default" => 0,
        _ => 1,
    }
}

/// What the rules of `trivial` say: documentation, and configuration by its keys.
fn trivial(policy: &Policy, change: &FileChange) -> (Vec<Finding>, Vec<KeyVerdict>) {
    let mut findings = Vec::new();
    if let Some(glob) = policy.trivial.docs.iter().find(|glob| glob.matches(&change.path)) {
        let rule = format!("docs: {}", glob.as_str());
        findings.push(if !permitted(policy, "docs") {
            ceiling(policy, rule, "documentation")
        } else if builtin::is_documentation(&change.path) {
            Finding::rule(Class::Trivial, rule, "documentation that is not executed")
        } else {
            let why = "it matches a documentation rule, but its format may be executed";
            Finding::rule(Class::Significant, rule, why)
        });
    }
    let (proof, keys) = proof::judge(policy, change);
    if proof.is_none() && builtin::needs_proof(&change.path) {
        let why = "it sets infrastructure, and no rule proves its keys";
        findings.push(Finding::built_in(Class::Significant, "infrastructure", why));
    }
    if let Some(proof) = proof {
        findings.push(if permitted(policy, "config") {
            proof
        } else {
            ceiling(policy, proof.rule, "configuration")
        });
    }
    (findings, keys)
}

/// What the rules about generated files say.
fn made(policy: &Policy, change: &FileChange, around: Option<Around<'_>>) -> Option<Finding> {
    let found = generated::judge(policy, change, around?)?;
    Some(if permitted(policy, "generated") {
        found
    } else {
        ceiling(policy, found.rule, "generated file")
    })
}

/// What the rules about binary files say.
fn shown(policy: &Policy, change: &FileChange) -> Option<Finding> {
    let found = binary::judge(policy, change)?;
    Some(if permitted(policy, "binary") {
        found
    } else {
        ceiling(policy, found.rule, "binary file")
    })
}

/// Whether the organisation lets this kind of proof be used.
fn permitted(policy: &Policy, kind: &str) -> bool {
    let kinds = policy.trivial.kinds.as_deref();
    kinds.is_none_or(|kinds| kinds.iter().any(|name| name == kind))
}

fn ceiling(policy: &Policy, rule: String, kind: &str) -> Finding {
    let why = format!("the organisation lets no {kind} be trivial");
    Finding::rule(policy.default.max(Class::Routine), rule, why)
}

fn by_path_rules(policy: &Policy, change: &FileChange) -> Vec<Finding> {
    let mut findings: Vec<Finding> = path_rules(policy, &change.path)
        .map(|(class, rule)| Finding {
            class,
            kind: None,
            rule: rule.name.clone(),
            scope: rule.scope.clone(),
            why: format!("the rule {} ({}) makes it {class}", rule.name, rule.from),
        })
        .collect();
    if let Some(glob) = policy.always_critical.iter().find(|glob| glob.matches(&change.path)) {
        let why = format!("the organisation makes `{}` critical", glob.as_str());
        findings.push(Finding::rule(Class::Critical, "floor: always_critical", why));
    }
    findings
}

/// What modes and bytes say, whatever the path; `shown`: a rule has looked at what type of binary file it is.
fn by_content(change: &FileChange, shown: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut significant =
        |kind, why: String| found.push(Finding::built_in(Class::Significant, kind, why));
    let kinds = (change.old.map(|side| side.kind()), change.new.map(|side| side.kind()));
    let either = |kind: Kind| kinds.0 == Some(kind) || kinds.1 == Some(kind);
    if either(Kind::Submodule) {
        significant("submodule", "a submodule points to other code".to_owned());
    }
    if either(Kind::Other) {
        significant("mode", "its mode is none that git writes".to_owned());
    }
    match (change.old, change.new) {
        (Some(old), Some(new)) if old.mode != new.mode => {
            significant(
                "mode",
                format!("its mode changed from {:06o} to {:06o}", old.mode, new.mode),
            );
        }
        (None, Some(new)) if new.kind() == Kind::Executable => {
            significant("mode", "a new file that may be executed".to_owned());
        }
        _ => {}
    }
    let content = &change.content;
    if content.missing {
        significant(
            "missing",
            "its content is not in the mirror, so nothing is known of it".to_owned(),
        );
    }
    if content.lfs {
        significant("lfs", "a Git LFS pointer: the content is elsewhere".to_owned());
    }
    if content.binary && !shown {
        significant("binary", "a binary file cannot be read by rules".to_owned());
    }
    if let Some(deceptive) = &content.deceptive {
        let why = format!(
            "line {} holds {}, which makes text look like other text",
            deceptive.line, deceptive.character
        );
        significant("deceptive", why);
    }
    found
}
