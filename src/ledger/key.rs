//! Keys that sign the ledger, and the texts in which their public halves travel (C2SP signed-note).

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, KeypairBytes};
use ed25519_dalek::{Signer as _, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::{base64_decode, base64_encode, excerpt};

/// Signed-note's number for Ed25519.
const ED25519: u8 = 0x01;

/// Signed-note's number for Ed25519 cosignatures (C2SP tlog-cosignature).
pub(super) const COSIGNATURE: u8 = 0x04;

/// The longest name of a key, in bytes.
const MAX_NAME: usize = 255;

/// Bytes of an Ed25519 signature.
pub const SIGNATURE_LEN: usize = 64;

/// The secret key of a ledger, with the ledger's name. Its `Debug` shows the public half alone.
#[derive(Clone)]
pub struct SigningKey {
    secret: ed25519_dalek::SigningKey,
    public: VerifierKey,
}

/// The public half: name, id and key. Its text is C2SP's `NAME+ID+BASE64`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

/// Why a key cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The name cannot stand in a note.
    #[error(
        "`{0}` cannot name a ledger: no white space, no control characters, no `+`, 1 to 255 bytes"
    )]
    Name(String),
    /// The file is not a private Ed25519 key.
    #[error("not an Ed25519 private key in PKCS#8 PEM form (`-----BEGIN PRIVATE KEY-----`)")]
    Pem,
    /// The verifier key's text is not of the right form.
    #[error("`{0}` is not a verifier key of the form NAME+ID+BASE64")]
    Form(String),
    /// An algorithm that this program does not check.
    #[error("the key has algorithm {0:#04x}; a ledger's key is Ed25519 (0x01)")]
    Algorithm(u8),
    /// A key that signs other things than cosignatures.
    #[error("the key has algorithm {0:#04x}; a witness's key is an Ed25519 cosignature key (0x04)")]
    NotOfAWitness(u8),
    /// The id does not belong to this name and key.
    #[error("the key's id is {have}, its name and key give {need}: a part of it was changed")]
    Id {
        /// The id in the text.
        have: String,
        /// The id that the name and key give.
        need: String,
    },
    /// A point that anybody can sign for.
    #[error("the public key is weak: anybody could sign for it")]
    Weak,
}

impl SigningKey {
    /// A key from 32 random bytes, which the caller takes from the operating system.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        Self::new(name, ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Reads the PEM text of a PKCS#8 key file, as `openssl genpkey -algorithm ed25519` writes it.
    pub fn from_pem(name: &str, pem: &str) -> Result<Self, KeyError> {
        let secret =
            ed25519_dalek::SigningKey::from_pkcs8_pem(pem.trim()).map_err(|_| KeyError::Pem)?;
        Self::new(name, secret)
    }

    fn new(name: &str, secret: ed25519_dalek::SigningKey) -> Result<Self, KeyError> {
        let public = VerifierKey::new(name, secret.verifying_key())?;
        Ok(Self { secret, public })
    }

    /// The PEM text of the key file, in PKCS#8's first version, which every OpenSSL reads. It is the
    /// secret: write it to a file that one user can read, and nowhere else.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let pair = KeypairBytes { secret_key: self.secret.to_bytes(), public_key: None };
        pair.to_pkcs8_pem(LineEnding::LF)
            .map(|pem| pem.as_str().to_owned())
            .map_err(|_| KeyError::Pem)
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.public
    }

    /// The key's name, which is the ledger's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.public.name
    }

    /// The bare public key, for the forms that other kinds of signatures give it.
    pub(super) fn bare(&self) -> VerifyingKey {
        self.public.key
    }

    /// Signs bytes as they are. What is signed must start with what it is for: a note's text with its
    /// origin, DSSE with `DSSEv1`.
    pub(super) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.secret.sign(message).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("public", &self.public).finish_non_exhaustive()
    }
}

impl VerifierKey {
    fn new(name: &str, key: VerifyingKey) -> Result<Self, KeyError> {
        Ok(Self { name: name.to_owned(), id: key_id(name, ED25519, &key)?, key })
    }

    /// The key's name: the ledger's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of `SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key)`.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The id as eight hexadecimal digits.
    #[must_use]
    pub fn id_text(&self) -> String {
        hex_id(self.id)
    }

    /// The raw public key, 32 bytes.
    #[must_use]
    pub fn public_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Checks a signature over bytes, strictly: no other signature for the same bytes passes.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        fits(&self.key, message, signature)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, self.id, ED25519, &self.key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, id, key) = read_key(text, ED25519, KeyError::Algorithm)?;
        Ok(Self { name: name.to_owned(), id, key })
    }
}

/// Whether a signature is this key's over these bytes, strictly.
pub(super) fn fits(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    ed25519_dalek::Signature::from_slice(signature)
        .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
}

/// `NAME+ID+BASE64` (C2SP signed-note).
pub(super) fn key_text(name: &str, id: [u8; 4], algorithm: u8, key: &VerifyingKey) -> String {
    let typed = [&[algorithm], key.as_bytes().as_slice()].concat();
    format!("{name}+{}+{}", hex_id(id), base64_encode(&typed))
}

/// Reads `NAME+ID+BASE64` of one algorithm; `other` makes the error for any other.
pub(super) fn read_key(
    text: &str,
    algorithm: u8,
    other: impl FnOnce(u8) -> KeyError,
) -> Result<(&str, [u8; 4], VerifyingKey), KeyError> {
    let form = || KeyError::Form(excerpt(text, 120));
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(form());
    };
    let typed = base64_decode(key).ok_or_else(form)?;
    let (kind, raw) = typed.split_first().ok_or_else(form)?;
    if *kind != algorithm {
        return Err(other(*kind));
    }
    let raw: &[u8; 32] = raw.try_into().map_err(|_| form())?;
    let key = VerifyingKey::from_bytes(raw).map_err(|_| form())?;
    let need = key_id(name, algorithm, &key)?;
    if hex_id(need) != id {
        return Err(KeyError::Id { have: excerpt(id, 16), need: hex_id(need) });
    }
    Ok((name, need, key))
}

/// Whether a text can name a key: signed-note forbids spaces and `+`; control characters cannot stand in
/// a note at all.
pub(super) fn is_name(name: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    (1..=MAX_NAME).contains(&name.len()) && !name.chars().any(bad)
}

/// The first four bytes of `SHA-256(name ‖ 0x0A ‖ algorithm ‖ key)`, for a name and a key that can stand in a note.
pub(super) fn key_id(name: &str, algorithm: u8, key: &VerifyingKey) -> Result<[u8; 4], KeyError> {
    if !is_name(name) {
        return Err(KeyError::Name(excerpt(name, 80)));
    }
    if key.is_weak() {
        return Err(KeyError::Weak);
    }
    let mut hash = Sha256::new();
    hash.update(name.as_bytes());
    hash.update([b'\n', algorithm]);
    hash.update(key.as_bytes());
    let [a, b, c, d, ..] = <[u8; 32]>::from(hash.finalize());
    Ok([a, b, c, d])
}

/// Four bytes as eight lower-case hexadecimal digits.
pub(super) fn hex_id(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const VKEY: &str =
        "ledger.example/acme+f1d8e151+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

    /// The key of the vectors: the bytes 0 to 31.
    pub(crate) fn key() -> SigningKey {
        let seed = std::array::from_fn(|at| u8::try_from(at).expect("small"));
        SigningKey::from_seed("ledger.example/acme", &seed).expect("a key")
    }

    #[test]
    fn the_verifier_key_has_the_known_text() {
        assert_eq!(key().verifier().to_string(), VKEY);
        assert_eq!(VKEY.parse().as_ref(), Ok(key().verifier()));
        assert_eq!(key().name(), "ledger.example/acme");
    }

    #[test]
    fn a_key_file_reads_back_and_is_what_openssl_writes() {
        let pem = key().to_pem().expect("PEM");
        assert_eq!(
            pem,
            "-----BEGIN PRIVATE KEY-----\n\
             MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n\
             -----END PRIVATE KEY-----\n"
        );
        let read = SigningKey::from_pem("ledger.example/acme", &pem).expect("it reads back");
        assert_eq!(read.verifier(), key().verifier());
        for bad in ["", "secret", &pem.replace("PRIVATE", "PUBLIC"), &pem.replace("MC4C", "MC5C")] {
            assert_eq!(SigningKey::from_pem("a", bad).err(), Some(KeyError::Pem));
        }
    }

    #[test]
    fn the_secret_is_in_no_debug_text() {
        let shown = format!("{:?} {:#?}", key(), key());
        assert!(shown.contains(VKEY));
        for secret in ["000102", "AAECAw", "1, 2, 3", "secret"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn a_verifier_key_that_was_touched_is_refused() {
        let read = |text: &str| text.parse::<VerifierKey>().expect_err("refused");
        assert!(matches!(read(&VKEY.replace("acme", "acne")), KeyError::Id { .. }));
        assert!(matches!(read(&VKEY.replace("f1d8", "f1d9")), KeyError::Id { .. }));
        assert!(matches!(read(&VKEY.replace("f1d8", "F1D8")), KeyError::Id { .. }));
        assert!(matches!(read(&VKEY.replace("AQOh", "BAOh")), KeyError::Algorithm(4)));
        assert!(matches!(read(&VKEY.replace("ledger", "led ger")), KeyError::Name(_)));
        for bad in ["", "a", "a+b", "a+00000000+", &VKEY[..VKEY.len() - 4], &format!("{VKEY}\n")] {
            assert!(matches!(read(bad), KeyError::Form(_)), "{bad}");
        }
        let weak = format!("a+00000000+{}", base64_encode(&[&[1_u8, 1][..], &[0; 31]].concat()));
        assert_eq!(read(&weak), KeyError::Weak);
    }
}
