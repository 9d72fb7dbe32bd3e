//! Paths that are not what they seem: twins of protected paths, and spellings that file systems fold (sem 2.1).

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark as is_mark;

use crate::domain::{Class, RepoPath};
use crate::policy::model::Policy;

use super::builtin::{self, PROTECTED_NAMES};
use super::file::Finding;
use super::names;

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
    let folded = foldings(text);
    // Of plain small letters every spelling is the same one.
    let is_plain = folded.is_empty();
    for other in &folded {
        if other.split('/').any(|segment| matches!(segment, "." | ".." | ".git")) {
            return odd("its path goes through `.`, `..` or `.git` in another spelling".to_owned());
        }
        if !is_protected(text) && is_protected(other) {
            return odd(format!("its path is a twin of the protected path `{other}`"));
        }
    }
    let rules = policy.significant.iter().flat_map(|rule| &rule.files);
    let globs = policy.always_critical.iter().chain(rules);
    for glob in globs.filter(|glob| !(is_plain && glob.is_plain())) {
        let in_another = |spelling: &str| glob.matches_folded(spelling);
        let spelled = || in_another(text) || folded.iter().any(|other| in_another(other));
        if !glob.matches(path) && spelled() {
            return odd(format!(
                "its path is a twin of `{}`, which a rule protects",
                glob.as_str()
            ));
        }
    }
    Vec::new()
}

fn is_protected(path: &str) -> bool {
    builtin::protected(path).is_some() || names::is_migration(path)
}

fn trick(path: &str) -> Option<&'static str> {
    path.split('/').find_map(segment_trick).or_else(|| {
        let is_hidden = if path.is_ascii() {
            path.bytes().any(|byte| byte.is_ascii_control())
        } else {
            path.chars().any(|c| c == '\t' || crate::policy::content::is_deceptive(c))
        };
        is_hidden.then_some("its path holds a character that is not shown")
    })
}

fn segment_trick(segment: &str) -> Option<&'static str> {
    Some(match segment {
        "" | "." | ".." => "its path has an empty segment, `.` or `..`",
        _ if segment.ends_with('.') || segment.trim() != segment => {
            "its path has a segment that ends in a dot or space, or begins with a space"
        }
        _ if segment.contains(['\\', ':']) => {
            "its path holds a character that some systems take for a separator"
        }
        _ if is_device(segment) => "its path holds the name of a device of Windows",
        _ if is_short_name(segment) => {
            "its path holds what Windows takes for the short name of another file"
        }
        _ if segment.eq_ignore_ascii_case(".git") => "its path goes into `.git`",
        _ => return None,
    })
}

/// `NUL`, `aux.md`, `COM1`: with any extension, in any case ("Naming Files, Paths, and Namespaces", Microsoft).
fn is_device(segment: &str) -> bool {
    const NAMES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
    let stem = segment.split('.').next().unwrap_or(segment).trim_end();
    // From `con` to `conout$`.
    if !(3..=7).contains(&stem.len()) {
        return false;
    }
    let is_number = |number: &str| {
        matches!(number, "\u{b9}" | "\u{b2}" | "\u{b3}")
            || (number.len() == 1 && number.bytes().all(|digit| digit.is_ascii_digit()))
    };
    let numbered = stem.get(..3).zip(stem.get(3..)).is_some_and(|(name, number)| {
        ["com", "lpt"].iter().any(|one| name.eq_ignore_ascii_case(one)) && is_number(number)
    });
    numbered || NAMES.iter().any(|name| stem.eq_ignore_ascii_case(name))
}

/// `GIT~1`, `GITHUB~1`, `GITMOD~1.YML`: six characters at most, a number, an extension of three at most.
fn is_short_name(segment: &str) -> bool {
    if !segment.contains('~') {
        return false;
    }
    let (stem, extension) = segment.split_once('.').unwrap_or((segment, ""));
    let Some((name, number)) = stem.rsplit_once('~') else { return false };
    let digits = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    digits && !name.is_empty() && stem.chars().count() <= 8 && extension.chars().count() <= 3
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

/// The path as file systems see it that ignore case, normalise Unicode or know its compatible characters: composed, and
/// without marks; of ASCII both are the same. Only what differs from the path itself.
fn foldings(path: &str) -> Vec<String> {
    let mut all = if path.is_ascii() {
        vec![path.to_ascii_lowercase()]
    } else {
        let bare = path.nfkd().filter(|c| !is_mark(*c)).collect::<String>();
        vec![path.nfkc().collect::<String>().to_lowercase(), bare.to_lowercase()]
    };
    all.retain(|other| other != path);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn odd(path: &str) -> String {
        let found = findings(&crate::policy::testkit::policy(), &RepoPath::from(path));
        found.into_iter().next().map(|finding| finding.why).unwrap_or_default()
    }

    #[test]
    fn names_that_file_systems_fold_are_told() {
        for (path, why) in [
            ("\u{ff0e}\u{ff47}\u{ff49}\u{ff54}\u{ff48}\u{ff55}\u{ff42}/a.md", "twin"),
            ("\u{1d402}ODEOWNERS", "CODEOWNERS"),
            ("docs/\u{ff0e}\u{ff0e}/a.md", "in another spelling"),
            ("docs\u{ff0f}.git/a.md", "in another spelling"),
            ("db/\u{ff4d}igrations/a.md", "looks like `migrations`"),
            ("docs/a.md\u{a0}", "ends in a dot or space"),
            ("docs/\u{3000}a.md", "begins with a space"),
            ("docs/AUX.md", "device"),
            ("docs/nul", "device"),
            ("com1.notes.md", "device"),
            ("lpt\u{b2}/a.md", "device"),
            ("GITHUB~1/a.md", "short name"),
            ("git~1/a.md", "short name"),
            ("docs/GITATT~1", "short name"),
            ("docs/a\\b.md", "separator"),
        ] {
            let found = odd(path).to_lowercase();
            assert!(found.contains(&why.to_lowercase()), "{path}: {found}");
        }
        for path in [
            "docs/auxiliary.md",
            "docs/console.md",
            "docs/com10.md",
            "docs/a~b.md",
            "docs/notes-2026~1.markdown",
            "docs/\u{6587}\u{6863}\u{ff1a}\u{8bf4}\u{660e}.md",
            "docs/caf\u{e9}.md",
            "docs/cafe\u{301}.md",
        ] {
            assert_eq!(odd(path), "", "{path}");
        }
    }

    #[test]
    fn both_forms_of_a_letter_are_one_to_a_rule_that_protects() {
        let mut policy = crate::policy::testkit::policy();
        for (rule, path) in
            [("caf\u{e9}/**", "cafe\u{301}/a.md"), ("cafe\u{301}/**", "caf\u{e9}/a.md")]
        {
            policy.always_critical = vec![crate::policy::testkit::glob(rule)];
            let found = findings(&policy, &RepoPath::from(path));
            assert!(found.iter().any(|one| one.why.contains("twin")), "{path}");
        }
    }

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
