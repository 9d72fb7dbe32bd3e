//! What of a text is not shown, because it looks like a secret: by its value wherever it stands, by its name in
//! configuration, and by its name in code where a quoted value follows. A guess that errs towards hiding.

use crate::policy::keys::looks_secret;

/// Parts of names whose values are not shown (sem 2.2.6).
const WORDS: [&str; 9] =
    ["secret", "passw", "token", "private", "credential", "cert", "apikey", "api_key", "api-key"];
/// Keys whose value belongs to a name beside them: `- name: DB_PASSWORD`, `value: …`.
const VALUES: [&str; 3] = ["value", "default", "data"];
/// How far that name may stand away, in lines.
const BESIDE: usize = 2;

/// Whether a name, such as a key of configuration, is one whose value is not shown.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// For each line of a text, from which byte on it is not shown; `None`: it is shown whole.
#[must_use]
pub fn covers(text: &str, configuration: bool) -> Vec<Option<usize>> {
    let lines: Vec<&str> = text.lines().collect();
    let mut key = false;
    let mut under: Option<usize> = None;
    let mut covers = Vec::with_capacity(lines.len());
    for (place, line) in lines.iter().enumerate() {
        let mut cover = by_value(line, &mut key);
        if configuration {
            cover = first(cover, below(line, &mut under));
            cover = first(cover, by_name(line, &mut under));
            cover = first(cover, beside(&lines, place));
        } else {
            cover = first(cover, quoted_after_name(line));
        }
        covers.push(cover);
    }
    covers
}

fn first(one: Option<usize>, other: Option<usize>) -> Option<usize> {
    one.into_iter().chain(other).min()
}

/// Values that look like secrets by themselves, and everything inside a block of key material.
fn by_value(line: &str, key: &mut bool) -> Option<usize> {
    *key |= line.contains("-----BEGIN");
    if *key {
        *key = !line.contains("-----END");
        return Some(0);
    }
    if !looks_secret(line) {
        return None;
    }
    let words = line.split_inclusive(char::is_whitespace).scan(0, |at, word| {
        let start = *at;
        *at += word.len();
        Some((start, word))
    });
    words.into_iter().find(|(_, word)| looks_secret(word)).map(|(start, _)| start).or(Some(0))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// Lines that stand under a secret name: a block of text, a list, a map.
fn below(line: &str, under: &mut Option<usize>) -> Option<usize> {
    let limit = (*under)?;
    let inside =
        indent(line) > limit || indent(line) == limit && line.trim_start().starts_with("- ");
    if line.trim().is_empty() || inside {
        return Some(indent(line));
    }
    *under = None;
    None
}

/// What follows a secret name and its `:` or `=`.
fn by_name(line: &str, under: &mut Option<usize>) -> Option<usize> {
    let after = after_name(line)?;
    *under = Some(indent(line));
    Some(after)
}

/// The byte behind the `:` or `=` that follows a secret name; quotes and spaces may stand between.
fn after_name(line: &str) -> Option<usize> {
    let lower = line.to_ascii_lowercase();
    let ends =
        WORDS.iter().flat_map(|word| lower.match_indices(word).map(|(at, word)| at + word.len()));
    ends.filter_map(|end| {
        let rest = lower.get(end..)?;
        let name = rest.find(|c: char| !(c.is_alphanumeric() || "_-.]\"'`".contains(c)))?;
        let gap = rest.get(name..)?;
        let sign = gap.trim_start_matches(' ');
        sign.starts_with([':', '=']).then(|| end + name + (gap.len() - sign.len()) + 1)
    })
    .min()
}

/// A `value:` beside a line that names a secret.
fn beside(lines: &[&str], place: usize) -> Option<usize> {
    let line = lines.get(place)?;
    let (name, _) = line.split_once([':', '='])?;
    let name_only = name.trim().trim_start_matches("- ").trim_matches(['"', '\'']);
    if !VALUES.contains(&name_only) {
        return None;
    }
    let near = lines.get(place.saturating_sub(BESIDE)..(place + BESIDE + 1).min(lines.len()))?;
    near.iter().any(|line| is_secret_name(line)).then_some(name.len() + 1)
}

/// A quoted value after a secret name in code.
fn quoted_after_name(line: &str) -> Option<usize> {
    let after = after_name(line)?;
    let quote = line.get(after..)?.find(['"', '\'', '`'])?;
    Some(after + quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, configuration: bool) -> String {
        let covers = covers(text, configuration);
        assert_eq!(covers.len(), text.lines().count());
        text.lines()
            .zip(covers)
            .map(|(line, cover)| line.get(..cover.unwrap_or(line.len())).expect("a boundary"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn configuration_hides_what_a_secret_name_holds() {
        for text in [
            "password: hunter2",
            "db:\n  PASSWORD=hunter2",
            "  \"dbPassword\" : \"hunter2\",",
            "{\"a\":1,\"token\":\"hunter2\"}",
            "secrets:\n  db: hunter2\n  list:\n    - hunter2\nother: 1",
            "tokens:\n- hunter2\n- hunter2\nother: 1",
            "tls_cert: |\n  hunter2\n\n  hunter2\nother: 1",
            "- name: DB_PASSWORD\n  value: hunter2",
            "- value: hunter2\n  name: DB_PASSWORD",
            "[auth]\napi-key = 'hunter2'",
        ] {
            let left = shown(text, true);
            assert!(!left.contains("hunter2"), "{left}");
        }
        let left = shown("secrets:\n  db: x\nother: plain\nreplicas: 4", true);
        assert!(left.contains("other: plain\nreplicas: 4"), "{left}");
        assert_eq!(
            shown("env:\n- name: LEVEL\n  value: info", true),
            "env:\n- name: LEVEL\n  value: info"
        );
    }

    #[test]
    fn code_hides_quoted_values_of_secret_names_and_leaves_the_rest() {
        assert_eq!(shown("let password = \"hunter2\";", false), "let password = ");
        assert_eq!(shown("const token: &str = 'hunter2';", false), "const token: &str = ");
        assert_eq!(shown("let token = lexer.next()?;", false), "let token = lexer.next()?;");
    }

    #[test]
    fn what_looks_like_a_secret_is_hidden_by_whatever_name() {
        assert_eq!(shown("x = AKIAIOSFODNN7EXAMPLE and more", false), "x = ");
        let key = "a\n-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\nb";
        assert_eq!(shown(key, false), "a\n\n\n\nb");
        assert_eq!(shown("image: acme/web:v1.4.2", true), "image: acme/web:v1.4.2");
    }
}
