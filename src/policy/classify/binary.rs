//! Binary files that a rule may let pass (sem 2.1): by their extension **and** by what their bytes show on both sides.
//! What the bytes show is found in `policy::types`; here it is held against the name.

use crate::domain::FileChange;
use crate::domain::{Class, RepoPath};
use crate::policy::model::{BinaryRule, Policy};
use crate::policy::types;

use super::file::Finding;

/// What the rules of `trivial.binary` say of a file. `None`: none is about it.
pub(super) fn judge(policy: &Policy, change: &FileChange) -> Option<Finding> {
    let mut names: Vec<&str> = policy
        .trivial
        .binary
        .iter()
        .filter(|rule| is_about(rule, &change.path))
        .map(|rule| rule.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return None;
    }
    Some(match shown(change) {
        Ok(kind) => {
            let why = format!("{kind} by its name and by its bytes");
            let kind = Some("binary");
            Finding { kind, ..Finding::rule(Class::Trivial, names.join(", "), why) }
        }
        Err(why) => Finding::built_in(Class::Significant, "binary", why),
    })
}

fn is_about(rule: &BinaryRule, path: &RepoPath) -> bool {
    rule.files.iter().any(|glob| glob.matches(path))
}

/// The type that name and bytes agree on, with an article; or where they do not.
fn shown(change: &FileChange) -> Result<&'static str, String> {
    let wanted = change
        .path
        .as_str()
        .and_then(types::by_name)
        .ok_or("a binary file of an extension that no rule can let pass")?;
    let types = &change.content.types;
    for (side, exists, found) in [
        ("before the change", change.old.is_some(), types.old.as_deref()),
        ("after the change", change.new.is_some(), types.new.as_deref()),
    ] {
        if exists && found != Some(wanted.name) {
            let found = match found {
                None => "are not those of one whole file of that type".to_owned(),
                Some(other) => format!("are those of {other}"),
            };
            return Err(format!("its name says {}, but its bytes {side} {found}", wanted.shown));
        }
    }
    Ok(wanted.shown)
}
