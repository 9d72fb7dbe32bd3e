//! Signatures of deliveries: HMAC-SHA-256 over the raw bytes, compared in constant time (Q-31, T-031 ff).
//!
//! `X-Hub-Signature` means SHA-1 at GitHub and SHA-256 at Jira, so each kind of source has its own grammar, and
//! the algorithm is read from the value and held against a list of one.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::headers::{Headers, Sent};

/// What the check of a signature came to. Everything but `Valid` is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signature {
    /// Whoever sent these bytes holds the secret.
    Valid,
    /// None was sent.
    Missing,
    /// One of another algorithm was sent.
    WrongAlgorithm,
    /// Not one well-formed value was sent.
    Malformed,
    /// It is not the signature of these bytes with this secret; also if the secret is empty.
    Mismatch,
}

impl Signature {
    /// The delivery may be kept as coming from its source.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self == Self::Valid
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Valid => "the signature is right",
            Self::Missing => {
                "no signature was sent: set a secret on the sender's webhook, the same as in the configuration"
            }
            Self::WrongAlgorithm => {
                "wrong algorithm: only HMAC-SHA-256 (`sha256=…`) is taken as a signature"
            }
            Self::Malformed => {
                "the signature header must be sent once and be `sha256=` and 64 lower-case hexadecimal digits"
            }
            Self::Mismatch => {
                "the signature does not fit the body: the secrets differ, or the body was changed on the way"
            }
        })
    }
}

/// GitHub: `X-Hub-Signature-256`. The older `X-Hub-Signature` (SHA-1) alone is refused (T-032).
#[must_use]
pub fn github(secret: &[u8], headers: &Headers, body: &[u8]) -> Signature {
    match headers.get("x-hub-signature-256") {
        Sent::Never if headers.get("x-hub-signature") != Sent::Never => Signature::WrongAlgorithm,
        sent => check(sent, secret, body),
    }
}

/// Jira, in `WebSub`'s form: `X-Hub-Signature: sha256=…`.
#[must_use]
pub fn jira(secret: &[u8], headers: &Headers, body: &[u8]) -> Signature {
    check(headers.get("x-hub-signature"), secret, body)
}

fn check(sent: Sent<'_>, secret: &[u8], body: &[u8]) -> Signature {
    let value = match sent {
        Sent::Never => return Signature::Missing,
        Sent::Often => return Signature::Malformed,
        Sent::Once(value) => value,
    };
    let Some((algorithm, digits)) = value.split_once('=') else { return Signature::Malformed };
    if matches!(algorithm, "sha1" | "sha384" | "sha512" | "md5") {
        return Signature::WrongAlgorithm;
    }
    let Some(told) = (algorithm == "sha256").then(|| digest(digits)).flatten() else {
        return Signature::Malformed;
    };
    if secret.is_empty() {
        return Signature::Mismatch;
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return Signature::Mismatch };
    mac.update(body);
    if mac.verify_slice(&told).is_ok() { Signature::Valid } else { Signature::Mismatch }
}

/// 32 bytes from exactly 64 lower-case hexadecimal digits.
fn digest(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = (nibble(*high)? << 4) | nibble(*low)?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNED: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn at_github(value: &str, body: &[u8]) -> Signature {
        github(SECRET, &Headers::new([("X-Hub-Signature-256", value)]), body)
    }

    #[test]
    fn githubs_published_vector_is_right_and_jiras_form_of_it_too() {
        assert_eq!(at_github(SIGNED, BODY), Signature::Valid);
        let headers = Headers::new([("X-Hub-Signature", SIGNED)]);
        assert_eq!(jira(SECRET, &headers, BODY), Signature::Valid);
    }

    #[test]
    fn rfc_4231_case_2_is_right() {
        let value = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let headers = Headers::new([("X-Hub-Signature-256", value)]);
        assert_eq!(github(b"Jefe", &headers, b"what do ya want for nothing?"), Signature::Valid);
    }

    #[test]
    fn flipping_any_bit_of_the_body_or_of_the_header_refuses() {
        for index in 0..BODY.len() * 8 {
            let mut body = BODY.to_vec();
            body[index / 8] ^= 1 << (index % 8);
            assert_eq!(at_github(SIGNED, &body), Signature::Mismatch, "bit {index} of the body");
        }
        for index in 0..SIGNED.len() * 8 {
            let mut value = SIGNED.as_bytes().to_vec();
            value[index / 8] ^= 1 << (index % 8);
            let value = String::from_utf8_lossy(&value).into_owned();
            assert!(!at_github(&value, BODY).is_valid(), "bit {index} of the header: {value}");
        }
        assert_eq!(at_github(SIGNED, b""), Signature::Mismatch);
        assert_eq!(at_github(SIGNED, b"Hello, World!\n"), Signature::Mismatch);
    }

    #[test]
    fn each_wrong_header_has_its_own_answer() {
        let digits = SIGNED.trim_start_matches("sha256=");
        let table = [
            (String::new(), Signature::Malformed),
            (digits.to_owned(), Signature::Malformed),
            (format!("sha256={}", digits.to_uppercase()), Signature::Malformed),
            (format!("SHA256={digits}"), Signature::Malformed),
            (format!("sha256={digits}0"), Signature::Malformed),
            (format!("sha256= {digits}"), Signature::Malformed),
            (format!("{SIGNED},{SIGNED}"), Signature::Malformed),
            (format!("sha1={}", &digits[..40]), Signature::WrongAlgorithm),
            (format!("sha512={digits}{digits}"), Signature::WrongAlgorithm),
            (format!("sha256={}", "0".repeat(64)), Signature::Mismatch),
        ];
        for (value, expected) in table {
            assert_eq!(at_github(&value, BODY), expected, "{value}");
        }
        assert_eq!(github(SECRET, &Headers::default(), BODY), Signature::Missing);
        let old = Headers::new([("X-Hub-Signature", "sha1=0123")]);
        assert_eq!(github(SECRET, &old, BODY), Signature::WrongAlgorithm);
        let twice =
            Headers::new([("X-Hub-Signature-256", SIGNED), ("x-hub-signature-256", SIGNED)]);
        assert_eq!(github(SECRET, &twice, BODY), Signature::Malformed);
    }

    #[test]
    fn an_empty_secret_verifies_nothing_even_what_was_signed_with_it() {
        let empty = "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
        let headers = Headers::new([("X-Hub-Signature-256", empty)]);
        assert_eq!(github(b"", &headers, b""), Signature::Mismatch);
    }
}
