//! The imported policy against the file itself, which is read here without a single glob.

use proptest::prelude::*;

use super::tests::{all_demanded, imported};
use super::*;

/// A line as a test makes it.
#[derive(Debug, Clone)]
enum Line {
    Owned(String, Vec<&'static str>),
    Excluded(String),
    Heading(u8, bool, u64, Vec<&'static str>),
}

fn pattern() -> impl Strategy<Value = String> {
    let part =
        prop::sample::select(vec!["a", "b", "*", "**", "*.x", "a*", "?", "c d", "b*x", "{a}"]);
    (any::<bool>(), prop::collection::vec(part, 1..4), any::<bool>()).prop_map(
        |(root, parts, folder)| {
            let body = parts.join("/").replace(' ', "\\ ");
            let (before, after) = (if root { "/" } else { "" }, if folder { "/" } else { "" });
            format!("{before}{body}{after}")
        },
    )
}

fn some_owners() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(vec!["@a", "@b", "@o/t"], 0..=2)
}

fn path() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "b", "ab", "a.x", "bx", "c d", ".x", "{a}"]);
    prop::collection::vec(part, 1..5).prop_map(|parts| parts.join("/"))
}

/// What is refused is tried by hand above.
fn accepted(dialect: Dialect) -> impl Strategy<Value = String> {
    pattern().prop_filter("refused", move |pattern| super::pattern::globs(pattern, dialect).is_ok())
}

fn line(dialect: Dialect) -> BoxedStrategy<Line> {
    let owned = (accepted(dialect), some_owners())
        .prop_map(|(pattern, owners)| Line::Owned(pattern, owners));
    if dialect == Dialect::Github {
        return owned.boxed();
    }
    let heading = (0..3_u8, any::<bool>(), 1..4_u64, some_owners())
        .prop_map(|(name, optional, count, owners)| Line::Heading(name, optional, count, owners));
    prop_oneof![6 => owned, 1 => pattern().prop_map(Line::Excluded), 2 => heading].boxed()
}

fn written(lines: &[Line]) -> String {
    let text = |line: &Line| match line {
        Line::Owned(pattern, owners) => format!("{pattern} {}\n", owners.join(" ")),
        Line::Excluded(pattern) => format!("!{pattern}\n"),
        Line::Heading(name, optional, count, owners) => {
            let optional = if *optional { "^" } else { "" };
            format!("{optional}[S{name}][{count}] {}\n", owners.join(" "))
        }
    };
    lines.iter().map(text).collect()
}

/// One name against one part, `*` and `?` inside it.
fn fits(part: &[char], name: &[char]) -> bool {
    match (part, name) {
        ([], []) => true,
        (['*', rest @ ..], _) => fits(rest, name) || (!name.is_empty() && fits(part, &name[1..])),
        (['?', rest @ ..], [_, names @ ..]) => fits(rest, names),
        ([letter, rest @ ..], [same, names @ ..]) => letter == same && fits(rest, names),
        _ => false,
    }
}

/// Parts against names; `**` stands for any number of them.
fn walks(parts: &[&str], names: &[&str]) -> bool {
    match (parts, names) {
        ([], []) => true,
        (["**"], names) => !names.is_empty(),
        (["**", rest @ ..], _) => {
            walks(rest, names) || (!names.is_empty() && walks(parts, &names[1..]))
        }
        ([part, rest @ ..], [name, names @ ..]) => {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            fits(&letters(part), &letters(name)) && walks(rest, names)
        }
        _ => false,
    }
}

/// gitignore's way: the pattern means the file or a folder above it, from the root or, with one name, from anywhere.
fn github_matches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.replace("\\ ", " ");
    let folder = pattern.ends_with('/');
    let body = pattern.trim_end_matches('/');
    let anywhere = !body.contains('/');
    let parts: Vec<&str> = body.trim_start_matches('/').split('/').collect();
    let names: Vec<&str> = path.split('/').collect();
    let starts = if anywhere { 0..names.len() } else { 0..1 };
    let files_only = parts.last() == Some(&"*") && !folder;
    starts.into_iter().any(|start| {
        (start + 1..=names.len()).any(|end| {
            let whole = end == names.len();
            let allowed = if folder { !whole } else { whole || !files_only };
            allowed && walks(&parts, &names[start..end])
        })
    })
}

/// `File.fnmatch(pattern, "/" + path, FNM_PATHNAME | FNM_DOTMATCH)` after GitLab's own rewriting.
fn gitlab_matches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.replace("\\ ", " ");
    let mut whole = if pattern == "*" { "/**/*".to_owned() } else { pattern };
    if !whole.starts_with('/') {
        whole = format!("/**/{whole}");
    }
    if whole.ends_with('/') {
        whole.push_str("**/*");
    }
    let parts: Vec<&str> = whole.trim_start_matches('/').split('/').collect();
    let last = parts.len() - 1;
    // Two stars cross folders only before a slash.
    let parts: Vec<&str> = parts
        .iter()
        .enumerate()
        .map(|(at, part)| if at == last && *part == "**" { "*" } else { part })
        .collect();
    walks(&parts, &path.split('/').collect::<Vec<_>>())
}

/// What the file itself demands of a path.
fn direct(lines: &[Line], dialect: Dialect, path: &str) -> Vec<(u64, String, u64)> {
    let matches = match dialect {
        Dialect::Github => github_matches,
        Dialect::Gitlab => gitlab_matches,
    };
    // By section: whether one of its lines is required, its exclusions, the last line that matches.
    let mut required = [false; 4];
    let mut excluded = [false; 4];
    let mut last: [Option<(u64, Vec<&str>, u64)>; 4] = Default::default();
    let (mut now, mut optional, mut count, mut default) = (0, false, 1, Vec::new());
    for (number, line) in (1_u64..).zip(lines) {
        match line {
            Line::Heading(name, is_optional, approvals, owners) => {
                (now, optional, count) = (usize::from(*name) + 1, *is_optional, *approvals);
                default.clone_from(owners);
            }
            Line::Excluded(pattern) => excluded[now] |= matches(pattern, path),
            Line::Owned(pattern, owners) => {
                required[now] |= !optional;
                if matches(pattern, path) {
                    let owners = if owners.is_empty() { default.clone() } else { owners.clone() };
                    last[now] = Some((number, owners, if optional { 1 } else { count }));
                }
            }
        }
    }
    let mut found = Vec::new();
    for (section, told) in last.into_iter().enumerate() {
        let Some((line, owners, count)) = told else { continue };
        if required[section] && !excluded[section] && !owners.is_empty() {
            found.push((line, owners.join(" "), count));
        }
    }
    found.sort();
    found
}

fn agrees(lines: &[Line], dialect: Dialect, paths: &[String]) -> Result<(), TestCaseError> {
    let text = written(lines);
    let policy = imported(&text, dialect).policy;
    for (path, mut demanded) in paths.iter().zip(all_demanded(&policy, paths)) {
        demanded.sort();
        prop_assert_eq!(demanded, direct(lines, dialect, path), "{}\n{}\n{}", path, text, policy);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_policy_demands_what_the_file_demands_at_github(
        lines in prop::collection::vec(line(Dialect::Github), 0..7),
        paths in prop::collection::vec(path(), 1..12),
    ) {
        agrees(&lines, Dialect::Github, &paths)?;
    }

    #[test]
    fn the_policy_demands_what_the_file_demands_at_gitlab(
        lines in prop::collection::vec(line(Dialect::Gitlab), 0..9),
        paths in prop::collection::vec(path(), 1..12),
    ) {
        agrees(&lines, Dialect::Gitlab, &paths)?;
    }

    #[test]
    fn globs_called_disjoint_have_no_path_in_common(a in accepted(Dialect::Github), b in accepted(Dialect::Github), path in path()) {
        let read = |pattern: &str| super::pattern::globs(pattern, Dialect::Github).expect("a pattern");
        for one in read(&a) {
            for other in read(&b) {
                let matches = |glob: &str| crate::policy::glob::Glob::parse(glob).expect("a glob").matches_text(&path);
                prop_assert!(!super::pattern::disjoint(&one, &other) || !matches(&one) || !matches(&other));
            }
        }
    }
}
