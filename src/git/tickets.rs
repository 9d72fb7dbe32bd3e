//! Ticket keys in plain text, for histories without a tracker. A shape alone proves nothing: `UTF-8`, `SHA-256`
//! and `CVE-2024-3094` have it too. So a project counts as known only if a history speaks of it often enough.

use std::collections::{BTreeMap, BTreeSet};

/// Names with the shape of a project key that are standards, formats or identifiers of something else.
const STANDARDS: [&str; 66] = [
    "AES", "ANSI", "AVX", "BASE", "BIP", "BLAKE", "BUILD", "CP", "CVE", "CWE", "DES", "DSA",
    "ECMA", "EIP", "ES", "EVEX", "FIPS", "GHSA", "GPL", "HTTP", "HTTPS", "IEC", "IEEE", "IPV",
    "IPv", "ISO", "JEP", "JDK", "KEP", "LGPL", "MD", "MIT", "MPL", "MP", "NIST", "OSV", "OWASP",
    "PC", "PEP", "PHP", "PKCS", "POSIX", "PR", "PSR", "RC", "RFC", "RHSA", "RIPEMD", "RSA",
    "RUSTSEC", "SHA", "SHAKE", "SLSA", "SSE", "STEP", "TLS", "TODO", "UAX", "UCS", "USB", "UTF",
    "UTR", "UUID", "VC", "WPA", "XEP",
];
/// Times that a project is named in titles before it is believed.
const LEAST_TIMES: u32 = 3;

/// Every text of the shape `ABC-12`, upper case, standing alone: not within a word, a number or a longer chain.
pub fn candidates(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at;
            at += 1;
            let before = start.checked_sub(1).and_then(|before| bytes.get(before));
            let begins = bytes.get(start).is_some_and(u8::is_ascii_uppercase)
                && !before.is_some_and(|byte| is_word(*byte));
            if let Some((dash, end)) = begins.then(|| key_at(bytes, start)).flatten() {
                at = end;
                return Some((text.get(start..dash)?, text.get(start..end)?));
            }
        }
        None
    })
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Where the dash and the end of a key are that begins here.
fn key_at(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let rest = bytes.get(start..)?;
    let letters = rest
        .iter()
        .take_while(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'_')
        .count();
    let digits = rest.get(letters + 1..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let dash = rest.get(letters) == Some(&b'-');
    let no_zero = rest.get(letters + 1).is_some_and(|first| *first != b'0');
    if !(2..=20).contains(&letters) || !dash || !(1..=10).contains(&digits) || !no_zero {
        return None;
    }
    let end = letters + 1 + digits;
    let after = (rest.get(end).copied(), rest.get(end + 1).copied());
    let chained = after.0.is_some_and(is_word)
        || (after.0 == Some(b'-') && after.1.is_some_and(|byte| byte.is_ascii_digit()));
    (!chained).then_some((start + letters, start + end))
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
            let entry = self.seen.entry(project.to_owned()).or_default();
            entry.0 = entry.0.saturating_add(1);
            if entry.1.len() < 2 {
                entry.1.insert(key.to_owned());
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

    fn keys(text: &str) -> Vec<&str> {
        candidates(text).map(|(_, key)| key).collect()
    }

    #[test]
    fn keys_stand_alone_and_chains_are_none() {
        assert_eq!(
            keys("PAY-7: fix (CORE-12), feature/PAY-8-retry [X2-3]"),
            ["PAY-7", "CORE-12", "PAY-8", "X2-3"]
        );
        assert_eq!(
            keys(
                "CVE-2024-3094 CVE-2024-30 aPAY-7 PAY-07 PAY-7a PAY-7_ A-1 pay-7 éPAY-7 PAY-7é PAY-"
            ),
            Vec::<&str>::new()
        );
        assert_eq!(keys("PAY-7-x"), ["PAY-7"]);
    }

    #[test]
    fn standards_and_one_off_names_are_not_believed() {
        let mut projects = Projects::default();
        for title in [
            "UTF-8", "UTF-16", "UTF-32", "SHA-256", "SHA-1", "SHA-512", "PAY-1 a", "PAY-2 b",
            "PAY-1 c", "ONE-1", "ONE-1", "ONE-1",
        ] {
            projects.count(title);
        }
        let found: Vec<String> =
            ["UTF-8", "PAY-9", "PAY-9", "ONE-1", "SHA-1", "NEW-1"].map(str::to_owned).to_vec();
        assert_eq!(projects.believed(&found), ["PAY-9"]);
    }
}
