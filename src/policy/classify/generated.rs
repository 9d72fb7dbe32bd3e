//! Generated files (sem 2.1): trivial only if base marks them, all that they are made from in the change is trivial, and
//! the named checks passed on the head. That a file is what its inputs give, no rule can see: the check has to.

use crate::domain::fact::Check;
use crate::domain::{Class, FileChange, RepoPath};
use crate::policy::checks::conclusion;
use crate::policy::decision::FileClass;
use crate::policy::glob::Glob;
use crate::policy::model::{GeneratedRule, Policy};

use super::file::Finding;

/// The change around a file: every file as it is without this proof, and the checks on the head; `None`: not known, and
/// taken for passed.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) files: &'a [FileClass],
    pub(super) checks: Option<&'a [Check]>,
}

/// What the rules say of a file; each that names it has to hold. `None`: none is about it.
pub(super) fn judge(policy: &Policy, change: &FileChange, around: Around<'_>) -> Option<Finding> {
    let about = policy.trivial.generated.iter().filter(|rule| any(&rule.files, &change.path));
    let mut rules: Vec<&GeneratedRule> = about.collect();
    rules.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    let refused = |why| Finding::built_in(Class::Significant, "generated", why);
    if !change.content.generated {
        let why = "a rule takes it for generated, but `.gitattributes` on base does not mark it";
        return Some(refused(why.to_owned()));
    }
    let mut checks: Vec<&str> = Vec::new();
    for rule in &rules {
        if let Some(why) = against(rule, around) {
            return Some(refused(why));
        }
        checks.extend(rule.checks.iter().map(String::as_str));
    }
    checks.sort_unstable();
    checks.dedup();
    let why = format!(
        "generated: marked on base, all its inputs in the change are trivial, and {} passed",
        checks.join(", ")
    );
    let kind = Some("generated");
    Some(Finding { kind, ..Finding::rule(Class::Trivial, names.join(", "), why) })
}

/// What stands against one rule. Of no input it is not known why the file changed (P6).
fn against(rule: &GeneratedRule, around: Around<'_>) -> Option<String> {
    let mut inputs = around.files.iter().filter(|file| any(&rule.inputs, &file.path)).peekable();
    if inputs.peek().is_none() {
        return Some("generated, but nothing that it is made from is in the change".to_owned());
    }
    if let Some(input) = inputs.find(|file| file.class > Class::Trivial) {
        return Some(format!("generated, but its input {} is {}", input.path, input.class));
    }
    let open = rule.checks.iter().find(|name| !around.checks.is_none_or(|all| passed(name, all)));
    match open {
        Some(name) => Some(format!("generated, but {name} has not passed on the head")),
        None if rule.checks.is_empty() => Some("generated, but no check is named".to_owned()),
        None => None,
    }
}

/// Every check of that name succeeded, and there is one (sem 11.2).
fn passed(name: &str, checks: &[Check]) -> bool {
    conclusion(name, checks, &["success"]).as_deref() == Some("success")
}

fn any(globs: &[Glob], path: &RepoPath) -> bool {
    globs.iter().any(|glob| glob.matches(path))
}
