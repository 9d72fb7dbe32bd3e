//! What a pattern of a dialect means, in our globs; and which globs can have no path in common.

use super::Dialect;

/// The globs that together match what the pattern matches; the error says why it cannot be said, and what to do.
pub(super) fn globs(pattern: &str, dialect: Dialect) -> Result<Vec<String>, (String, String)> {
    match dialect {
        Dialect::Github => github(pattern),
        Dialect::Gitlab => gitlab(pattern),
    }
}

type Refused = (String, String);

fn refuse<T>(message: impl Into<String>, help: &str) -> Result<T, Refused> {
    Err((message.into(), help.to_owned()))
}

/// Like gitignore, but without negation, classes and escapes. A name matches a file or all that is in a folder of that
/// name; `*` as the last part matches files only, so `docs/*` is no nested one.
fn github(pattern: &str) -> Result<Vec<String>, Refused> {
    let rewrite = "write the pattern without it";
    if pattern.starts_with('!') {
        return refuse("GitHub knows no negation with `!`", "a line without owners owns nothing");
    }
    if pattern.contains(['[', ']']) {
        return refuse("GitHub knows no character ranges `[ ]`", rewrite);
    }
    if pattern.starts_with("\\#") {
        return refuse("GitHub cannot escape `#` at the beginning", rewrite);
    }
    if pattern.contains('#') {
        return refuse("what GitHub makes of `#` inside a pattern is not documented", rewrite);
    }
    let text = unescaped(pattern)?;
    let mut parts: Vec<&str> = text.split('/').collect();
    let folder = parts.len() > 1 && parts.last() == Some(&"");
    if folder {
        parts.pop();
    }
    if parts.first() == Some(&"") {
        parts.remove(0);
    } else if parts.len() == 1 && parts != ["**"] {
        parts.insert(0, "**");
    }
    if folder && parts.last() == Some(&"**") {
        return refuse("`**/` at the end", "write `**` for all below, `*/` for what is in folders");
    }
    if folder {
        parts.push("**");
    }
    let whole = joined(&parts, pattern)?;
    match parts.last() {
        _ if whole == "**/*" => Ok(vec!["**".to_owned()]),
        Some(&"**" | &"*") => Ok(vec![whole]),
        _ => Ok(vec![format!("{whole}/**"), whole]),
    }
}

/// `fnmatch` on the whole path, dots included. Without a leading `/` it stands at any depth; with a trailing one it is
/// all below; otherwise it matches files alone, never what is in a folder of that name.
fn gitlab(pattern: &str) -> Result<Vec<String>, Refused> {
    if pattern == "*" {
        return Ok(vec!["**".to_owned()]);
    }
    let literal = match pattern.strip_prefix("\\#") {
        Some(rest) => format!("#{rest}"),
        None => pattern.to_owned(),
    };
    let text = unescaped(&literal)?;
    if text.contains(['[', ']']) {
        let help = "write one line for each of the characters";
        return refuse("a set of characters `[ ]` has no exact counterpart here", help);
    }
    let mut parts: Vec<&str> = text.split('/').collect();
    if parts.first() == Some(&"") {
        parts.remove(0);
    } else {
        parts.insert(0, "**");
    }
    if parts.last() == Some(&"") {
        parts.pop();
        parts.push("**");
    } else if parts.last() == Some(&"**") {
        // At the end, two stars are no more than one.
        parts.pop();
        parts.push("*");
    }
    Ok(vec![joined(&parts, pattern)?])
}

/// Blanks without their backslash; any other escape is refused.
fn unescaped(pattern: &str) -> Result<String, Refused> {
    let text = pattern.replace("\\ ", " ");
    if text.contains('\\') {
        return refuse("an escape of anything but a blank", "write the pattern without `\\`");
    }
    Ok(text)
}

/// The parts as one glob: what is special to us alone is escaped, several `**` in a row are one, and stars inside a
/// name are one star.
fn joined(parts: &[&str], pattern: &str) -> Result<String, Refused> {
    if parts.is_empty() || parts.contains(&"") {
        return refuse(
            format!("`{pattern}` has an empty part, and so matches nothing"),
            "write one `/` between names",
        );
    }
    if pattern.contains("***") {
        return refuse("three stars in a row", "`*` stays inside a folder, `**` crosses folders");
    }
    let mut whole: Vec<String> = Vec::new();
    for part in parts {
        let part = if *part == "**" { (*part).to_owned() } else { name(part) };
        if part != "**" || whole.last().is_none_or(|last| last != "**") {
            whole.push(part);
        }
    }
    Ok(whole.join("/"))
}

fn name(part: &str) -> String {
    let mut text = String::with_capacity(part.len());
    for letter in part.chars() {
        match letter {
            '*' if text.ends_with('*') => {}
            '{' | '}' => text.extend(['[', letter, ']']),
            other => text.push(other),
        }
    }
    text
}

/// Whether no path can match both. A "no" proves nothing: it only makes a longer list.
pub(super) fn disjoint(one: &str, other: &str) -> bool {
    let (a, b): (Vec<&str>, Vec<&str>) = (one.split('/').collect(), other.split('/').collect());
    if longest(&a).is_some_and(|most| most < least(&b))
        || longest(&b).is_some_and(|most| most < least(&a))
    {
        return true;
    }
    let plain = |part: &&str| !part.contains(WILD);
    let heads = a.iter().zip(&b).take_while(|(x, y)| plain(x) && plain(y));
    if heads.into_iter().any(|(x, y)| x != y) {
        return true;
    }
    let (Some(a), Some(b)) = (a.last(), b.last()) else { return false };
    let (a, b) = (tail(a), tail(b));
    !a.ends_with(b) && !b.ends_with(a)
}

/// How many names a path has at least that matches these parts; `**` at the end is one or more, elsewhere none or more.
fn least(parts: &[&str]) -> usize {
    let named = parts.iter().filter(|part| **part != "**").count();
    named + usize::from(parts.last() == Some(&"**"))
}

/// How many at most, if there is a limit.
fn longest(parts: &[&str]) -> Option<usize> {
    (!parts.contains(&"**")).then_some(parts.len())
}

const WILD: [char; 4] = ['*', '?', '[', ']'];

/// What every name that a part matches ends with.
fn tail(part: &str) -> &str {
    part.rsplit(WILD).next().unwrap_or_default()
}
