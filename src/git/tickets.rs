//! Ticket keys in plain text, for histories without a tracker. A shape alone proves nothing: `UTF-8`, `SHA-256`
//! and `RFC-1234` have it too. So a project counts as known only if a history speaks of it often enough.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ticket_key::{Place, find};

/// Names with the shape of a project key that are standards, formats or identifiers of something else.
const STANDARDS: [&str; 88] = [
    "AES", "AGPL", "ANSI", "APACHE", "ARM", "AVX", "BASE", "BCP", "BIP", "BLAKE", "BSD", "BUILD",
    "CLANG", "CP", "CUDA", "CVE", "CWE", "DES", "DSA", "ECMA", "EIP", "ES", "EVEX", "FIPS", "GCC",
    "GH", "GHSA", "GMT", "GPL", "HTTP", "HTTPS", "IEC", "IEEE", "IPV", "ISO", "ISSUE", "JAVA",
    "JDK", "JEP", "KEP", "LATIN", "LGPL", "LLVM", "MD", "MIT", "MP", "MPEG", "MPL", "MSVC", "NIST",
    "NODE", "OPENSSL", "OSV", "OWASP", "PC", "PEP", "PHASE", "PHP", "PKCS", "POSIX", "PR", "PSR",
    "PYTHON", "RC", "RFC", "RHSA", "RIPEMD", "RS", "RSA", "RUSTSEC", "SHA", "SHAKE", "SLSA", "SSE",
    "STEP", "TLS", "TODO", "UAX", "UCS", "USB", "UTC", "UTF", "UTR", "UUID", "VC", "WINDOWS",
    "WPA", "XEP",
];
/// The words with which forges close an issue.
const CLOSING: [&str; 9] =
    ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved"];
/// Times that a project is named in titles before it is believed.
const LEAST_TIMES: u32 = 3;

/// Every tracker key of a text, `(project, key)`, in the order of the text. The form is that of
/// [`ticket_key`](crate::domain::ticket_key): upper case, standing alone, and not in code, an address or the quoted
/// title of a revert.
#[must_use]
pub fn candidates(text: &str) -> Vec<(String, String)> {
    let found = find(text, Place::Commit).into_iter();
    let keys = found.filter(|one| !one.weak && !one.key.contains('#'));
    keys.map(|one| (one.project, one.key)).collect()
}

/// Issues that a message says it closes, in the words of the forges: `Fixes #12`, `Closes: owner/name#12`. Any other
/// `#12` may be a proposal, and is none.
#[must_use]
pub fn closed_issues(message: &str) -> Vec<String> {
    let mut words = message.split_whitespace().peekable();
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        let closing = word.trim_start_matches(['(', '[', '*', '-', ',']).trim_end_matches(':');
        if CLOSING.iter().any(|known| closing.eq_ignore_ascii_case(known))
            && let Some(issue) = words.peek().and_then(|next| issue(next))
        {
            found.push(issue);
        }
    }
    found
}

/// `#12`, `owner/name#12` or `GH-12` (GitHub's other spelling of `#12`) at the beginning of a word; what follows the number may not be part of it.
fn issue(word: &str) -> Option<String> {
    let (repo, rest) = match word.strip_prefix("GH-") {
        Some(rest) => ("", rest),
        None => word.split_once('#')?,
    };
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, after) = rest.split_at_checked(digits)?;
    let names = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    let repo_is_one =
        repo.is_empty() || repo.split_once('/').is_some_and(|(a, b)| names(a) && names(b));
    let ends = !after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-'));
    let number_is_one = (1..=10).contains(&digits) && !number.starts_with('0');
    (repo_is_one && ends && number_is_one).then(|| format!("{repo}#{number}"))
}

/// Which projects a history names in its titles.
#[derive(Debug, Clone, Default)]
pub struct Projects {
    seen: BTreeMap<String, (u32, BTreeSet<String>)>,
}

impl Projects {
    /// Counts the keys of one title.
    pub fn count(&mut self, title: &str) {
        for (project, key) in candidates(title) {
            let entry = self.seen.entry(project).or_default();
            entry.0 = entry.0.saturating_add(1);
            if entry.1.len() < 2 {
                entry.1.insert(key);
            }
        }
    }

    /// Whether a project is believed: named at least three times, with at least two numbers, and no standard.
    #[must_use]
    pub fn knows(&self, project: &str) -> bool {
        !STANDARDS.contains(&project)
            && self
                .seen
                .get(project)
                .is_some_and(|(times, numbers)| *times >= LEAST_TIMES && numbers.len() >= 2)
    }

    /// The keys of believed projects among these, in their order, each once.
    #[must_use]
    pub fn believed(&self, keys: &[String]) -> Vec<String> {
        let mut seen = BTreeSet::new();
        keys.iter()
            .filter(|key| key.rsplit_once('-').is_some_and(|(project, _)| self.knows(project)))
            .filter(|key| seen.insert(*key))
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Vec<String> {
        candidates(text).into_iter().map(|(_, key)| key).collect()
    }

    #[test]
    fn keys_stand_alone_and_what_only_looks_like_one_is_none() {
        assert_eq!(
            keys("PAY-7: fix (CORE-12), feature/PAY-8-retry [X2-3]"),
            ["PAY-7", "CORE-12", "PAY-8", "X2-3"]
        );
        let none = "CVE-2024-3094 GO-2024-30 aPAY-7 PAY-07 PAY-7a PAY-7_ A-1 pay-7 éPAY-7 PAY-7é PAY- \
            CC-BY-4.0 GPL-2.0 US-ASCII-1 `PAY-7` https://example.org/PAY-7 #12 a/b#12";
        assert_eq!(keys(none), Vec::<String>::new());
        assert_eq!(keys("Revert \"PAY-7: x\" (PAY-9)"), ["PAY-9"]);
    }

    #[test]
    fn an_issue_is_a_ticket_where_a_word_closes_it_and_nowhere_else() {
        let closed = closed_issues(
            "Fix it (#9)\n\nFixes #12, closes: a/b.c#3. (resolves #4)\n* FIXED #5\nSee #6, fix [#7], fix #8-9 fix #0 prefix #1\nFixes a/b/c#2\nFixes GH-10, see GH-11",
        );
        assert_eq!(closed, ["#12", "a/b.c#3", "#4", "#5", "#10"]);
    }

    #[test]
    fn standards_and_one_off_names_are_not_believed() {
        let mut projects = Projects::default();
        for title in [
            "UTF-8", "UTF-16", "UTF-32", "SHA-256", "SHA-1", "SHA-512", "PAY-1 a", "PAY-2 b",
            "PAY-1 c", "ONE-1", "ONE-1", "ONE-1", "GH-1", "GH-2", "GH-3",
        ] {
            projects.count(title);
        }
        let found: Vec<String> = ["UTF-8", "PAY-9", "PAY-9", "ONE-1", "SHA-1", "NEW-1", "GH-1"]
            .map(str::to_owned)
            .to_vec();
        assert_eq!(projects.believed(&found), ["PAY-9"]);
    }
}
