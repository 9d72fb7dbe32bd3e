//! Whether an allow entry takes a key change (sem 2.2.5).

use std::cmp::Ordering;

use crate::domain::{KeyChange, KeyOp, Value};
use crate::policy::keys::is_templated;
use crate::policy::model::{Allow, SemverStep};

use super::decimal::Decimal;
use super::step::rise;

/// `Ok`: taken, and how far inside; `Err`: why not. The key is known to match.
pub(super) fn judge(entry: &Allow, change: &KeyChange) -> Result<String, String> {
    let default = [KeyOp::Replace];
    let ops = if entry.ops.is_empty() { &default[..] } else { entry.ops.as_slice() };
    if !ops.contains(&change.op) {
        let allowed: Vec<&str> = ops.iter().map(|op| op_name(*op)).collect();
        return Err(format!("{}, and only {} is allowed", op_name(change.op), allowed.join(", ")));
    }
    let templated = [&change.old, &change.new]
        .into_iter()
        .flatten()
        .any(|value| matches!(value, Value::String(text) if is_templated(text)));
    if templated && !entry.templated {
        return Err("its value holds a template".to_owned());
    }
    let mut notes = Vec::new();
    if let Some(new) = &change.new {
        of_value(entry, change.old.as_ref(), new, &mut notes)?;
    }
    Ok(if notes.is_empty() { op_name(change.op).to_owned() } else { notes.join(", ") })
}

fn of_value(
    entry: &Allow,
    old: Option<&Value>,
    new: &Value,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    if let Some(wanted) = &entry.value_type
        && !is_type(new, wanted)
    {
        return Err(format!("it is {}, not {wanted}", new.type_name()));
    }
    if let Some(allowed) = &entry.one_of {
        let text = scalar(new)?;
        if !allowed.iter().any(|value| value == text) {
            return Err(format!("`{}` is none of {}", clip(text), allowed.join(", ")));
        }
        notes.push(format!("one of {}", allowed.join(", ")));
    }
    if let Some(pattern) = &entry.regex {
        let text = scalar(new)?;
        if !pattern.matches(text) {
            return Err(format!("`{}` does not match `{}`", clip(text), pattern.as_str()));
        }
        notes.push(format!("matches `{}`", pattern.as_str()));
    }
    range(entry, new, notes)?;
    movement(entry, old, new, notes)?;
    if let Some(step) = entry.semver {
        notes.push(semver(step, old, new)?);
    }
    if entry.digest_pinned {
        if !is_pinned(scalar(new)?) {
            return Err("it is not pinned by digest".to_owned());
        }
        notes.push("pinned by digest".to_owned());
    }
    Ok(())
}

fn range(entry: &Allow, new: &Value, notes: &mut Vec<String>) -> Result<(), String> {
    if let Some(min) = entry.min
        && compare(number(new)?, min)? == Ordering::Less
    {
        return Err(format!("{} is less than {min}", scalar(new)?));
    }
    if let Some(max) = entry.max
        && compare(number(new)?, max)? == Ordering::Greater
    {
        return Err(format!("{} is more than {max}", scalar(new)?));
    }
    match (entry.min, entry.max) {
        (Some(min), Some(max)) => notes.push(format!("{min} to {max}")),
        (Some(min), None) => notes.push(format!("at least {min}")),
        (None, Some(max)) => notes.push(format!("at most {max}")),
        (None, None) => {}
    }
    Ok(())
}

fn movement(
    entry: &Allow,
    old: Option<&Value>,
    new: &Value,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    if entry.max_delta.is_none() && entry.max_delta_pct.is_none() {
        return Ok(());
    }
    let old = old.ok_or("there is no value before to measure from")?;
    let (before, after) = (number(old)?, number(new)?);
    if let Some(limit) = entry.max_delta {
        let distance = after.distance(before).ok_or(TOO_LONG)?;
        if compare(distance, limit)? == Ordering::Greater {
            return Err(format!("it moves by more than {limit}"));
        }
        notes.push(format!("by at most {limit}"));
    }
    if let Some(limit) = entry.max_delta_pct {
        let shown = after
            .percent_from(before)
            .ok_or("the value before is 0, so no per cent can be told")?;
        let percent = Decimal::of(limit).ok_or(TOO_LONG)?;
        if !after.within_percent(before, percent).ok_or(TOO_LONG)? {
            return Err(format!("{shown}, more than {limit} %"));
        }
        notes.push(format!("by at most {limit} %: {shown}"));
    }
    Ok(())
}

const TOO_LONG: &str = "the number is too long to be compared exactly";

fn compare(number: Decimal, limit: f64) -> Result<Ordering, String> {
    let limit = Decimal::of(limit).ok_or(TOO_LONG)?;
    number.compare(limit).ok_or_else(|| TOO_LONG.to_owned())
}

fn number(value: &Value) -> Result<Decimal, String> {
    match value {
        Value::Int(text) | Value::Float(text) => {
            Decimal::parse(text).ok_or_else(|| TOO_LONG.to_owned())
        }
        other => Err(format!("it is {}, not a number", other.type_name())),
    }
}

fn is_type(value: &Value, wanted: &str) -> bool {
    value.type_name() == wanted
        || (wanted == "number" && matches!(value, Value::Int(_) | Value::Float(_)))
}

fn scalar(value: &Value) -> Result<&str, String> {
    match value {
        Value::Null => Ok("null"),
        Value::Bool(true) => Ok("true"),
        Value::Bool(false) => Ok("false"),
        Value::Int(text) | Value::Float(text) | Value::String(text) | Value::Timestamp(text) => {
            Ok(text)
        }
        other => Err(format!("it is a {}, not one value", other.type_name())),
    }
}

fn semver(step: SemverStep, old: Option<&Value>, new: &Value) -> Result<String, String> {
    let old = scalar(old.ok_or("there is no version before")?)?;
    rise(step, old, scalar(new)?).map(|step| format!("a {step} step"))
}

fn is_pinned(text: &str) -> bool {
    let digest = text.rsplit_once('@').map_or(text, |(_, digest)| digest);
    digest.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
    })
}

/// The word of an operation in sentences.
pub(super) fn op_name(op: KeyOp) -> &'static str {
    match op {
        KeyOp::Add => "added",
        KeyOp::Remove => "removed",
        KeyOp::Replace => "replaced",
        KeyOp::TypeChange => "changed in type",
        KeyOp::Reorder => "reordered",
    }
}

/// A text short enough for a sentence.
pub(super) fn clip(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: SemverStep, old: &str, new: &str) -> bool {
        semver(step, Some(&Value::String(old.to_owned())), &Value::String(new.to_owned())).is_ok()
    }

    #[test]
    fn versions_rise_within_their_step() {
        for (old, new) in [("v1.2.3", "v1.2.4"), ("1.2.9", "1.2.10"), ("0.3.1", "0.3.2")] {
            assert!(
                step(SemverStep::Patch, old, new) && step(SemverStep::Minor, old, new),
                "{old} {new}"
            );
        }
        assert!(
            step(SemverStep::Minor, "1.2.3", "1.10.0")
                && !step(SemverStep::Patch, "1.2.3", "1.3.0")
        );
        for (old, new) in [
            ("1.2.3", "1.2.2"),
            ("1.2.3", "2.0.0"),
            ("1.2.3", "v1.2.4"),
            ("0.2.3", "0.3.0"),
            ("1.2.3", "1.2.4-rc1"),
            ("1.2", "1.3"),
            ("1.2.3", "1.02.4"),
            ("1.2.3", "1.2.3"),
            ("1.2.3", "1.2.3.4"),
        ] {
            assert!(!step(SemverStep::Minor, old, new), "{old} {new}");
        }
    }

    #[test]
    fn a_digest_pins_only_in_full() {
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert!(
            is_pinned(&format!("acme/app@sha256:{hex}")) && is_pinned(&format!("sha256:{hex}"))
        );
        assert!(!is_pinned("acme/app:v1") && !is_pinned("acme/app@sha256:e3b0") && !is_pinned(hex));
    }
}
