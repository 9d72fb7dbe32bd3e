//! What must hold between the keys of a policy; each rule says where it does not.

use super::leaf;
use super::node::{Node, Path, Problem, Report, Value};
use super::tables::VERSION;
use crate::policy::diagnostic::code;

/// The version is one that this program reads.
pub(super) fn version(node: &Node, path: &Path, report: &mut Report) {
    let Some(version) = node.get("version") else { return };
    if matches!(version.value, Value::Int(number) if number != VERSION) {
        let message = format!("version {} of the language is not known", version.text);
        let problem = Problem::new(code::UNKNOWN_VERSION, message)
            .help(format!("this program reads version {VERSION}: write `version: {VERSION}`"));
        report.add(version.at, &path.key("version"), problem);
    }
}

/// There is a command, and the two are not the same.
pub(super) fn comments(node: &Node, path: &Path, report: &mut Report) {
    match (node.get("approve"), node.get("veto")) {
        (None, None) => {
            let problem = Problem::new(code::EMPTY, "no command is named").help(
                "name `approve: \"/approve\"`, `veto: \"/veto\"` or both; or leave `comments` out",
            );
            report.add(node.at, path, problem);
        }
        (Some(approve), Some(veto)) if approve.text == veto.text => {
            let message = format!("`{}` would be a yes and a no", veto.text);
            report.add(veto.at, &path.key("veto"), Problem::new(code::CONTRADICTION, message));
        }
        _ => {}
    }
}

/// The constraints of an allow entry can be met, and there is one.
pub(super) fn allow(node: &Node, path: &Path, report: &mut Report) {
    let number = |key: &str| node.get(key).and_then(leaf::number);
    if let (Some(min), Some(max), Some(at)) = (number("min"), number("max"), node.get("max"))
        && min > max
    {
        let message = format!("`max` ({max}) is below `min` ({min}): no value fits");
        report.add(at.at, &path.key("max"), Problem::new(code::CONTRADICTION, message));
    }
    let numeric = ["min", "max", "max_delta", "max_delta_pct"];
    if let Some(kind) = node.get("type").filter(|kind| !matches!(&*kind.text, "int" | "float"))
        && let Some(limit) = numeric.iter().find(|key| node.get(key).is_some())
    {
        let message = format!("`{limit}` limits a number, but `type` is `{}`", kind.text);
        report.add(kind.at, &path.key("type"), Problem::new(code::CONTRADICTION, message));
    }
    let constraints = ["type", "enum", "regex", "semver", "digest_pinned"];
    let constrained = constraints.iter().chain(&numeric).any(|key| node.get(key).is_some());
    let removes_only = node.get("ops").is_some_and(|ops| {
        let words = ["remove", "reorder"];
        !ops.items().is_empty() && ops.items().iter().all(|op| words.contains(&&*op.text))
    });
    if !constrained && !removes_only {
        let problem = Problem::new(code::ANY_VALUE, "this key may take any value of its type")
            .help("say what it may become: `enum`, `regex`, `type`, `min`, `max`, `semver`");
        report.warn(node.at, path, problem);
    }
}
