//! Values that are text with a meaning: globs, expressions, key patterns, durations, times. Each has one reader,
//! used both for its errors and for its value.

use std::time::Duration;

use chrono::NaiveDate;

use super::node::{Node, Problem, Value};
use super::shape::Leaf;
use crate::domain::Time;
use crate::domain::comment::{COMMAND_MOST, could_be_command};
use crate::policy::diagnostic::code;
use crate::policy::glob::Glob;
use crate::policy::keypath::KeyPattern;
use crate::policy::pattern::Pattern;

/// A path glob.
pub(crate) static GLOB: Leaf =
    Leaf { noun: "a glob", check: |text| glob(text).map(drop), pattern: "^[^!]" };
/// A path glob that must not take in every file.
pub(crate) static NARROW_GLOB: Leaf =
    Leaf { noun: "a glob", check: |text| narrow_glob(text).map(drop), pattern: "^[^!]" };
/// A regular expression for a whole value.
pub(crate) static REGEX: Leaf =
    Leaf { noun: "a regular expression", check: |text| regex(text).map(drop), pattern: "" };
/// A pattern over keys.
pub(crate) static KEY: Leaf =
    Leaf { noun: "a key pattern", check: |text| key_pattern(text).map(drop), pattern: "" };
/// A duration.
pub(crate) static DURATION: Leaf = Leaf {
    noun: "a duration such as `4h`",
    check: |text| duration(text).map(drop),
    pattern: "^([0-9]+[smhdw] ?)+$",
};
/// A date or a time.
pub(crate) static TIME: Leaf = Leaf {
    noun: "a date or time",
    check: |text| time(text).map(drop),
    pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}",
};
/// An e-mail address.
pub(crate) static EMAIL: Leaf = Leaf { noun: "an e-mail address", check: email, pattern: "@" };
/// The scope that a rule raises.
pub(crate) static SCOPE: Leaf = Leaf { noun: "a scope", check: scope, pattern: r"^[^*\s]+$" };
/// The whole first line of a comment that is an opinion.
pub(crate) static COMMAND: Leaf =
    Leaf { noun: "a command", check: command, pattern: r"^[/\p{L}](.{0,48}\S)?$" };

/// Reads a glob.
pub(crate) fn glob(text: &str) -> Result<Glob, Problem> {
    let help = "`*` stays inside a folder, `**` crosses folders: `deploy/**/values-*.yaml`";
    Glob::parse(text).map_err(|why| Problem::new(code::BAD_GLOB, why).help(help))
}

/// Reads a glob that must not take in every file.
pub(crate) fn narrow_glob(text: &str) -> Result<Glob, Problem> {
    let read = glob(text)?;
    if takes_in_everything(&read) {
        let message = format!("`{text}` takes in every file");
        let help = "a rule that lets changes pass names folders or endings: `docs/**/*.md`";
        return Err(Problem::new(code::TOO_WIDE, message).help(help));
    }
    Ok(read)
}

/// Whether a glob matches paths that nobody can have meant in particular, of source code and otherwise.
pub(crate) fn takes_in_everything(glob: &Glob) -> bool {
    let at_root = ["zq9x", "zq9x.rs"].iter().all(|path| glob.matches_text(path));
    let below = ["zq9x/w7", "zq9x/w7/k3.rs"].iter().all(|path| glob.matches_text(path));
    at_root || below
}

/// Reads a regular expression. It is compiled alone first: `a)|(b` only becomes valid inside the anchors of the
/// whole-value match, and would then match any value that begins with `a`.
pub(crate) fn regex(text: &str) -> Result<Pattern, Problem> {
    let bad = |why: String| {
        let help = "the syntax is that of RE2, without look-around and back-references";
        Problem::new(code::BAD_REGEX, why).help(help)
    };
    if text.is_empty() {
        return Err(bad("an expression must not be empty".to_owned()));
    }
    regex::RegexBuilder::new(text).size_limit(1 << 20).nest_limit(50).build().map_err(|error| {
        let why = error.to_string();
        let last = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
        bad(format!("`{text}` is no regular expression that can be used: {last}"))
    })?;
    Pattern::parse(text).map_err(bad)
}

/// Reads a pattern over keys.
pub(crate) fn key_pattern(text: &str) -> Result<KeyPattern, Problem> {
    let help = "segments with dots between: `a.b[*].c`, `**.image.tag`, `\"quoted.key\".x`";
    if text.trim().is_empty() {
        return Err(Problem::new(code::BAD_KEY, "a key pattern must not be empty").help(help));
    }
    KeyPattern::parse(text).map_err(|why| Problem::new(code::BAD_KEY, why).help(help))
}

/// Reads a duration above nothing: whole numbers of `s`, `m`, `h`, `d`, `w`. humantime knows more units, months of
/// 30.44 days among them; those are refused, because nobody means them.
pub(crate) fn duration(text: &str) -> Result<Duration, Problem> {
    let bad = || {
        Problem::new(code::BAD_DURATION, format!("`{text}` is no duration"))
            .help("whole numbers of s, m, h, d and w: `90m`, `4h`, `14d`, `1d 12h`")
    };
    let known = |part: &str| {
        let digits = part.trim_start_matches(|c: char| c.is_ascii_digit());
        digits.len() < part.len() && matches!(digits, "s" | "m" | "h" | "d" | "w")
    };
    if text.is_empty() || !parts(text).iter().all(|part| known(part)) {
        return Err(bad());
    }
    let read = humantime::parse_duration(text).map_err(|_| bad())?;
    if read.is_zero() { Err(bad()) } else { Ok(read) }
}

/// A duration in the largest unit that needs no fraction, as a file could say it: `7d`, `36h`.
pub(crate) fn duration_text(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "m")];
    let fits = units.iter().find(|(size, _)| seconds > 0 && seconds.is_multiple_of(*size));
    fits.map_or_else(|| format!("{seconds}s"), |(size, unit)| format!("{}{unit}", seconds / size))
}

/// `1d 12h` as `1d`, `12h`: cut after each letter, one space between allowed.
fn parts(text: &str) -> Vec<&str> {
    text.split_inclusive(|c: char| !c.is_ascii_digit() && c != ' ')
        .enumerate()
        .map(|(index, part)| if index == 0 { part } else { part.strip_prefix(' ').unwrap_or(part) })
        .collect()
}

/// Reads RFC 3339, or a date: its first instant in UTC.
pub(crate) fn time(text: &str) -> Result<Time, Problem> {
    let midnight = || {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        (text.len() == 10).then(|| date.and_hms_opt(0, 0, 0))?.map(|at| Time::from(at.and_utc()))
    };
    text.parse().ok().or_else(midnight).ok_or_else(|| {
        Problem::new(code::BAD_TIME, format!("`{text}` is no date or time"))
            .help("a date `2026-12-20` (its first instant in UTC) or a time `2026-12-20T18:00:00Z`")
    })
}

/// A number of either kind. Whole numbers beyond 2^53 lose their last digits, which no limit needs.
pub(crate) fn number(node: &Node) -> Option<f64> {
    match node.value {
        Value::Int(_) | Value::Float => node.text.parse().ok(),
        _ => None,
    }
}

fn email(text: &str) -> Result<(), Problem> {
    let fits = |(local, host): (&str, &str)| !local.is_empty() && !host.is_empty();
    if !text.contains(char::is_whitespace) && text.rsplit_once('@').is_some_and(fits) {
        return Ok(());
    }
    Err(Problem::new(code::BAD_TEXT, format!("`{text}` is no e-mail address")))
}

fn command(text: &str) -> Result<(), Problem> {
    if could_be_command(text) {
        return Ok(());
    }
    let help = format!(
        "one line that starts with a letter or `/`, of {COMMAND_MOST} characters at most, without a space at its end: `/approve`"
    );
    Err(Problem::new(code::BAD_TEXT, "this can be no command".to_owned()).help(help))
}

fn scope(text: &str) -> Result<(), Problem> {
    if !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '*') {
        return Ok(());
    }
    Err(Problem::new(code::BAD_TEXT, format!("`{text}` is no name of a scope")).help(
        "a name such as `payments`; leave `scope` out where nobody but a holder of `*` may approve",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_know_five_units_and_no_months() {
        let seconds = |text| duration(text).ok().map(|one| one.as_secs());
        assert_eq!(seconds("90m"), Some(5400));
        assert_eq!(seconds("1d 12h"), Some(129_600));
        assert_eq!(seconds("1d12h"), Some(129_600));
        assert_eq!(seconds("2w"), Some(1_209_600));
        for text in ["7d", "36h", "90m", "61s"] {
            assert_eq!(duration(text).map(duration_text).ok().as_deref(), Some(text));
        }
        for bad in [
            "",
            "4",
            "h",
            "1 month",
            "1M",
            "1.5h",
            "0h",
            "4 h",
            "1y",
            "P1D",
            "-1h",
            "99999999999999999999h",
        ] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_expression_that_is_only_valid_inside_the_anchors_is_refused() {
        assert!(regex("a)|(b").is_err());
        assert!(regex(r"v\d+\.\d+").is_ok());
        assert!(regex("(a{1000}){1000}").is_err());
    }

    #[test]
    fn a_date_is_its_first_instant_in_utc() {
        let at = time("2026-01-01").ok().map(|at| at.to_string());
        assert_eq!(at.as_deref(), Some("2026-01-01T00:00:00.000000Z"));
        assert!(time("2026-13-01").is_err());
        assert!(time("2026-1-1").is_err());
        assert!(time("tomorrow").is_err());
    }

    #[test]
    fn a_glob_for_everything_is_told_from_one_for_something() {
        let wide = |text| takes_in_everything(&Glob::parse(text).expect("a glob"));
        assert!(wide("**") && wide("**/*") && wide("*") && wide("*/**"));
        assert!(!wide("docs/**") && !wide("**/*.md") && !wide("*.md") && !wide("src/**"));
    }
}
