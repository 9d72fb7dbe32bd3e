//! Paths that are not what they seem: twins of protected paths, and spellings that file systems fold (sem 2.1).

use crate::domain::{Class, RepoPath};
use crate::policy::model::Policy;

use super::builtin::{self, PROTECTED_NAMES};
use super::file::Finding;

/// What is odd about a path.
pub(super) fn findings(policy: &Policy, path: &RepoPath) -> Vec<Finding> {
    let odd = |why: String| vec![Finding::built_in(Class::Significant, "path", why)];
    let Some(text) = path.as_str() else {
        return odd("its path has bytes that are no UTF-8".to_owned());
    };
    if let Some(why) = trick(text) {
        return odd(why.to_owned());
    }
    if let Some(name) = text.split('/').find_map(lookalike) {
        return odd(format!("its path holds what looks like `{name}`, in another spelling"));
    }
    let folded = fold(text);
    if folded != text && builtin::protected(text).is_none() && builtin::protected(&folded).is_some()
    {
        return odd(format!("its path is a twin of the protected path `{folded}`"));
    }
    let rules = policy.significant.iter().flat_map(|rule| &rule.files);
    for glob in policy.always_critical.iter().chain(rules) {
        if !glob.matches(path) && glob.matches_folded(&folded) {
            return odd(format!(
                "its path is a twin of `{}`, which a rule protects",
                glob.as_str()
            ));
        }
    }
    Vec::new()
}

fn trick(path: &str) -> Option<&'static str> {
    let segments = || path.split('/');
    if segments().any(|segment| matches!(segment, "" | "." | "..")) {
        return Some("its path has an empty segment, `.` or `..`");
    }
    if segments().any(|segment| segment.ends_with(['.', ' ']) || segment.starts_with(' ')) {
        return Some("its path has a segment that ends in a dot or space, or begins with a space");
    }
    if path.chars().any(|c| c == '\t' || crate::policy::content::is_deceptive(c)) {
        return Some("its path holds a character that is not shown");
    }
    if path.contains(['\\', ':']) {
        return Some("its path holds a character that some systems take for a separator");
    }
    segments()
        .any(|segment| {
            segment.eq_ignore_ascii_case(".git") || segment.eq_ignore_ascii_case("git~1")
        })
        .then_some("its path goes into `.git`")
}

/// The protected name that a segment with letters beyond ASCII looks like: each such letter may stand for up to three
/// of ASCII, and at least half of the name must be there in ASCII.
fn lookalike(segment: &str) -> Option<&'static str> {
    if segment.is_ascii() {
        return None;
    }
    let letters: Vec<char> = segment.to_lowercase().chars().filter(|c| !is_mark(*c)).collect();
    let plain = letters.iter().filter(|c| c.is_ascii()).count();
    PROTECTED_NAMES.into_iter().find(|name| plain * 2 >= name.len() && resembles(&letters, name))
}

/// Combining marks, which normalisation joins to the letter before.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}')
}

fn resembles(letters: &[char], name: &str) -> bool {
    let target: Vec<char> = name.chars().collect();
    let mut reached = vec![false; target.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for letter in letters {
        let mut next = vec![false; reached.len()];
        for (at, _) in reached.iter().enumerate().filter(|(_, reached)| **reached) {
            let steps = if !letter.is_ascii() {
                1..=3
            } else if target.get(at) == Some(letter) {
                1..=1
            } else {
                continue;
            };
            for step in steps {
                if let Some(state) = next.get_mut(at + step) {
                    *state = true;
                }
            }
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

/// The path as a file system that ignores case sees it, with look-alikes of ASCII resolved.
fn fold(path: &str) -> String {
    path.to_lowercase()
        .split('/')
        .map(|segment| segment.chars().filter(|c| !is_mark(*c)).collect::<String>())
        .collect::<Vec<_>>()
        .join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_other_scripts_do_not_hide_a_protected_name() {
        for segment in [
            ".g\u{456}thub",
            "\u{ff0e}github",
            "CODEOWNER\u{17f}",
            "\u{421}ODEOWNERS",
            ".gi\u{301}thub",
            "Mаkefile",
        ] {
            assert!(lookalike(segment).is_some(), "{segment}");
        }
        for segment in [
            "caf\u{e9}",
            "\u{65e5}\u{672c}\u{8a9e}",
            "\u{433}\u{43e}\u{434}",
            "r\u{e9}sum\u{e9}.md",
            "github",
        ] {
            assert_eq!(lookalike(segment), None, "{segment}");
        }
    }
}
