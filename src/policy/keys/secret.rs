//! Values that look like secrets: known prefixes, or texts too random to be words (sem 2.2.6).
//!
//! A guess, and one that errs towards care: digests that say so (`sha256:…`), commit ids, versions, image
//! references and UUIDs are not taken for secrets.

const PREFIXES: [&str; 22] = [
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "xoxb-",
    "xoxa-",
    "xoxp-",
    "xoxr-",
    "xoxs-",
    "sk_live_",
    "rk_live_",
    "eyJ",
    "glpat-",
    "npm_",
    "AIza",
    "SG.",
    "hvs.",
    "-----BEGIN",
];
/// Characters that a token behind a prefix has at least, prefix included.
const LEAST_PREFIXED: usize = 16;
/// Characters from which randomness is measured.
const LEAST_RANDOM: usize = 20;

/// Whether a text holds something that looks like a secret.
#[must_use]
pub fn looks_secret(text: &str) -> bool {
    text.contains("-----BEGIN") || text.split(is_boundary).any(is_secret_token)
}

fn is_boundary(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\''
                | '`'
                | ','
                | ';'
                | '('
                | ')'
                | '['
                | ']'
                | '{'
                | '}'
                | '<'
                | '>'
                | '&'
                | '?'
                | '|'
        )
}

fn is_secret_token(token: &str) -> bool {
    let plain = without_digests(token);
    plain.split([':', '=', '@']).any(|part| has_prefix(part) || is_random(part))
}

/// The token without `sha256:…` and its kin.
fn without_digests(token: &str) -> String {
    if ["sha256-", "sha384-", "sha512-"].iter().any(|name| token.starts_with(name)) {
        return String::new();
    }
    let mut kept = String::with_capacity(token.len());
    let mut parts = token.split("sha");
    kept.push_str(parts.next().unwrap_or_default());
    for part in parts {
        if let Some(length) = digest_length(part) {
            kept.push_str(part.get(length..).unwrap_or_default());
        } else {
            kept.push_str("sha");
            kept.push_str(part);
        }
    }
    kept
}

/// How much of a text is `256:` with as many hex digits as that digest has.
fn digest_length(text: &str) -> Option<usize> {
    const DIGESTS: [(&str, usize); 5] =
        [("1:", 40), ("224:", 56), ("256:", 64), ("384:", 96), ("512:", 128)];
    DIGESTS.into_iter().find_map(|(name, length)| {
        let rest = text.strip_prefix(name)?;
        let hex = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        (hex == length).then_some(name.len() + length)
    })
}

fn has_prefix(part: &str) -> bool {
    part.len() >= LEAST_PREFIXED
        && PREFIXES.iter().any(|prefix| part.starts_with(prefix))
        && part
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b'+'))
}

fn is_random(part: &str) -> bool {
    if is_uuid(part)
        || !part
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'_' | b'-' | b'.'))
    {
        return false;
    }
    let (least, threshold) =
        if part.contains(['/', '.']) { (32, 4.6) } else { (LEAST_RANDOM, 4.0) };
    let mixed = |text: &str| {
        let has = |test: fn(&u8) -> bool| text.bytes().any(|b| test(&b));
        (has(u8::is_ascii_lowercase), has(u8::is_ascii_uppercase), has(u8::is_ascii_digit))
    };
    let whole =
        part.len() >= least && mixed(part) == (true, true, true) && entropy(part) >= threshold;
    whole
        || part.split(['-', '_', '.', '/', '+']).any(|word| {
            let (lower, upper, digit) = mixed(word);
            if word.bytes().all(|b| b.is_ascii_hexdigit()) {
                return word.len() >= 32 && word.len() != 40 && digit && entropy(word) >= 3.0;
            }
            word.len() >= LEAST_RANDOM && digit && (lower || upper) && entropy(word) >= 3.5
        })
}

fn is_uuid(part: &str) -> bool {
    let lengths: Vec<usize> = part.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && part.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// Shannon entropy in bits a character.
fn entropy(text: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::<u8, u32>::new();
    for byte in text.bytes() {
        *counts.entry(byte).or_default() += 1;
    }
    let total: f64 = counts.values().copied().map(f64::from).sum();
    counts.values().map(|count| f64::from(*count) / total).map(|share| -share * share.log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_seen() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "ghp_0123456789abcdefghijABCDEFGHIJ012345",
            "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.abc",
            "-----BEGIN RSA PRIVATE KEY-----",
            "postgres://app:t7Rk2mQz9LpX4vWc8NsB@db/app",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "4f3c2e1a9b8d7c6f5e4d3c2b1a0f9e8d",
            "xoxb-1234567890-abcdefghij",
        ] {
            assert!(looks_secret(text), "{text}");
        }
    }

    #[test]
    fn versions_digests_and_names_are_no_secrets() {
        for text in [
            "v1.4.3",
            "1.2.3-rc.1+build.20260101",
            "info",
            "8f14e45fceea167a5a36dedd4bea2543a1b2c3d4",
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "ghcr.io/acme/payments@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "registry.example.com/team/service-name:v1.20.3-alpine3.19",
            "payments-service-production-deployment-eu-west-1",
            "550e8400-e29b-41d4-a716-446655440000",
            "https://example.com/docs/How-To/Configure/Service2/index.html",
            "main-20261120T101500Z-9f2c1ab",
        ] {
            assert!(!looks_secret(text), "{text}");
        }
    }
}
