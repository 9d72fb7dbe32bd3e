//! The key proof of one file (sem 2.2): every key change is allowed and none denied, and no doubt is left.

use crate::domain::file::Doubt;
use crate::domain::{Class, FileChange, KeyChange, KeyDiff, KeyOp, Value};
use crate::policy::decision::KeyVerdict;
use crate::policy::keypath::display_path;
use crate::policy::model::{Allow, ConfigRule, Policy};

use super::allow::{self, clip, op_name};
use super::deny;
use super::file::Finding;

/// What the configuration rules say of a file, and what became of each key change. `None`: no rule is about it.
pub(super) fn judge(policy: &Policy, change: &FileChange) -> (Option<Finding>, Vec<KeyVerdict>) {
    let rules: Vec<&ConfigRule> = policy
        .trivial
        .config
        .iter()
        .filter(|rule| rule.files.iter().any(|glob| glob.matches(&change.path)))
        .collect();
    let Some(diff) = &change.keys else {
        let finding = rules.first().map(|_| {
            let why = "its format cannot be compared by keys, so nothing is proven";
            Finding::rule(Class::Significant, names(&rules), why)
        });
        return (finding, Vec::new());
    };
    let verdicts: Vec<KeyVerdict> =
        diff.changes.iter().map(|change| verdict(policy, &rules, change)).collect();
    let infrastructure = diff.doubts.iter().find(|doubt| doubt.kind == "infrastructure");
    if rules.is_empty() && infrastructure.is_none() {
        return (None, verdicts);
    }
    (Some(finding(&rules, diff, &verdicts)), verdicts)
}

fn finding(rules: &[&ConfigRule], diff: &KeyDiff, verdicts: &[KeyVerdict]) -> Finding {
    if let Some(refused) = verdicts.iter().find(|verdict| is_denied(verdict)) {
        return Finding::rule(Class::Significant, refused.by.clone(), refusal(refused));
    }
    if let Some(doubt) = diff.doubts.iter().find(|doubt| !is_allowed_by_name(rules, doubt)) {
        return Finding::rule(
            Class::Significant,
            format!("built-in: {}", doubt.kind),
            sentence(doubt),
        );
    }
    if let Some(refused) = verdicts.iter().find(|verdict| !verdict.allowed) {
        return Finding::rule(Class::Significant, names(rules), refusal(refused));
    }
    let why = match verdicts {
        [] => "no key changed: only comments or formatting".to_owned(),
        [one] => format!("{}: allowed by {} ({})", described(&one.change), one.by, one.because),
        [one, rest @ ..] => {
            format!(
                "{}: allowed by {}, and {} more allowed",
                described(&one.change),
                one.by,
                rest.len()
            )
        }
    };
    let mut by: Vec<&str> = verdicts.iter().map(|verdict| verdict.by.as_str()).collect();
    by.sort_unstable();
    by.dedup();
    let rule = if by.is_empty() { names(rules) } else { by.join(", ") };
    Finding::rule(Class::Trivial, rule, why)
}

fn is_denied(verdict: &KeyVerdict) -> bool {
    !verdict.allowed && verdict.by.contains("deny")
}

fn refusal(verdict: &KeyVerdict) -> String {
    if is_denied(verdict) {
        let path = display_path(&verdict.change.path);
        return format!("{path}: {}", verdict.by.split(": ").next().unwrap_or_default());
    }
    let link = if verdict.because.starts_with(['+', '-']) { " is" } else { ":" };
    format!("{}{link} {}", described(&verdict.change), verdict.because)
}

/// The names of rules, sorted, so that their order in the file is not seen.
fn names(rules: &[&ConfigRule]) -> String {
    let mut names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

/// Templates in values may be allowed by name; nothing else may.
fn is_allowed_by_name(rules: &[&ConfigRule], doubt: &Doubt) -> bool {
    doubt.kind == "templated"
        && doubt.at.as_ref().is_some_and(|path| {
            deny::denied_segment(path).is_none()
                && entries(rules).any(|(_, entry)| entry.templated && entry.key.matches(path))
        })
}

fn sentence(doubt: &Doubt) -> String {
    let key = doubt.at.as_ref().map(|path| format!("{}: ", display_path(path))).unwrap_or_default();
    let side = if doubt.side == "old" { " before the change" } else { "" };
    match doubt.line {
        0 => format!("{key}{}", doubt.why),
        line => format!("{key}{} (line {line}{side})", doubt.why),
    }
}

fn entries<'a>(rules: &'a [&ConfigRule]) -> impl Iterator<Item = (&'a ConfigRule, &'a Allow)> {
    rules.iter().flat_map(|rule| rule.allow.iter().map(move |entry| (*rule, entry)))
}

fn verdict(policy: &Policy, rules: &[&ConfigRule], change: &KeyChange) -> KeyVerdict {
    let made = |allowed, by: String, because: String| KeyVerdict {
        change: change.clone(),
        allowed,
        by,
        because,
    };
    if let Some(by) = deny::denies(policy, change) {
        return made(false, by, "no rule may allow this key".to_owned());
    }
    let mut judged: Vec<(bool, &str, String)> = entries(rules)
        .filter(|(_, entry)| entry.key.matches(&change.path))
        .map(|(rule, entry)| match allow::judge(entry, change) {
            Ok(note) => (true, rule.name.as_str(), note),
            Err(why) => (false, rule.name.as_str(), why),
        })
        .collect();
    judged.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| (a.1, &a.2).cmp(&(b.1, &b.2))));
    match judged.into_iter().next() {
        Some((true, rule, note)) => made(true, rule.to_owned(), note),
        Some((false, rule, why)) => made(false, rule.to_owned(), why),
        None => made(false, String::new(), "no rule allows this key".to_owned()),
    }
}

/// A change in words: `replicas 4 → 9`; of nested keys the path.
fn described(change: &KeyChange) -> String {
    let path = display_path(&change.path);
    match (change.op, &change.old, &change.new) {
        (KeyOp::Replace | KeyOp::TypeChange, Some(old), Some(new)) => {
            format!("{path} {} → {}", shown(old), shown(new))
        }
        (op, _, _) => format!("{path} {}", op_name(op)),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::String(text) if looks_like_other_type(text) => format!("\"{}\"", clip(text)),
        Value::Int(text) | Value::Float(text) | Value::Timestamp(text) | Value::String(text) => {
            clip(text)
        }
        Value::Sequence { len, .. } => format!("a sequence of {len}"),
        Value::Map { len, .. } => format!("a map of {len}"),
    }
}

fn looks_like_other_type(text: &str) -> bool {
    text.is_empty() || matches!(text, "true" | "false" | "null") || text.parse::<f64>().is_ok()
}
