//! Symbolic links: significant, and critical where they lead out of the repository or into a protected path (sem 2.1).

use crate::domain::file::Kind;
use crate::domain::{Class, FileChange, RepoPath};
use crate::policy::model::Policy;

use super::file::Finding;

/// What a link says.
pub(super) fn findings(policy: &Policy, change: &FileChange) -> Option<Finding> {
    let is_link =
        |side: Option<crate::domain::Side>| side.is_some_and(|side| side.kind() == Kind::Link);
    if is_link(change.new) {
        return Some(match critical(policy, change) {
            Some(why) => Finding::built_in(Class::Critical, "link", why),
            None => Finding::built_in(Class::Significant, "link", "a symbolic link"),
        });
    }
    is_link(change.old)
        .then(|| Finding::built_in(Class::Significant, "link", "it was a symbolic link"))
}

fn critical(policy: &Policy, change: &FileChange) -> Option<String> {
    let Some(target) = &change.content.link_target else {
        return Some("a symbolic link whose target is not known".to_owned());
    };
    let (Some(from), Some(to)) = (change.path.as_str(), target.as_str()) else {
        return Some("a symbolic link whose target cannot be read".to_owned());
    };
    let Some(inside) = resolve(from, to) else {
        return Some(format!("a symbolic link to `{target}`, out of the repository"));
    };
    // What lies in a folder is protected by its name too.
    let within = format!("{inside}/-");
    let lower = inside.to_lowercase();
    let protected = inside.is_empty()
        || [&inside, &within, &lower]
            .into_iter()
            .any(|path| super::protects(policy, &RepoPath::from(path.as_str())))
        || lower.split('/').any(|segment| segment == ".git");
    protected.then(|| format!("a symbolic link into the protected path `{target}`"))
}

/// The target as a path of the repository; `None`: out of it. The empty path is the repository itself.
fn resolve(from: &str, to: &str) -> Option<String> {
    if to.is_empty() || to.starts_with(['/', '~']) || to.contains(['\\', ':']) {
        return None;
    }
    let mut segments: Vec<&str> = from.split('/').collect();
    segments.pop();
    for segment in to.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            name => segments.push(name),
        }
    }
    Some(segments.join("/"))
}
