//! Ids of our own things. They are derived from what names the thing at its source, so that the same
//! deliveries in any order lead to the same ids, and a duplicate cannot make a second thing.

use sha2::{Digest as _, Sha256};

/// Crockford's base 32, lower case: no `i`, `l`, `o`, `u`, so an id read aloud stays itself.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// An id such as `chg_3k9v0m2q8r5t7w1x`: the kind, then 80 bits of SHA-256 over the length-prefixed parts.
#[must_use]
pub fn derived(prefix: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    hash.update(prefix.as_bytes());
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    format!("{prefix}_{}", base32(digest.iter().copied().take(10)))
}

/// Groups of five bits, most significant first. Ten bytes give exactly sixteen characters.
fn base32(bytes: impl Iterator<Item = u8>) -> String {
    let mut text = String::with_capacity(16);
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let index = ((buffer >> bits) & 31) as usize;
            text.extend(ALPHABET.get(index).map(|symbol| char::from(*symbol)));
        }
        buffer &= (1 << bits) - 1;
    }
    text
}

/// The text form of a SHA-256 digest used everywhere: `sha256:` and 64 hexadecimal digits.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::from("sha256:"), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parts_give_the_same_id_and_other_parts_another() {
        assert_eq!(derived("chg", &["a", "b"]), derived("chg", &["a", "b"]));
        assert_ne!(derived("chg", &["a", "b"]), derived("chg", &["ab", ""]));
        assert_ne!(derived("chg", &["a"]), derived("dep", &["a"]));
        assert_eq!(derived("chg", &["a"]).len(), "chg_".len() + 16);
    }

    #[test]
    fn digests_are_written_with_their_algorithm() {
        assert_eq!(
            sha256(b""),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
