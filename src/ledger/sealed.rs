//! What an entry binds by digest, with a salt in front: `{"salt":"…","is":…}`.
//!
//! An entry holds no name. Names, and whatever else people can be known by, stand in documents beside the ledger, and a
//! document can be erased. So that nobody can tell from its digest what it said, by trying, each begins with a salt that
//! goes with it (sem 10: personal data sits outside the leaf behind a salted commitment). The salt follows from the
//! document and a secret of the ledger: the same document has the same digest, until an erasure makes another secret.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::tree::Hash;

/// Bytes of a salt.
const SALT: usize = 16;

/// A document with its salt, read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document<T> {
    /// Sixteen bytes, base64 for URLs without padding.
    pub salt: String,
    /// What it says.
    pub is: T,
}

/// The kind of the entry that binds what an erasure left: as `kept`, a document that is a list of [`Redacted`].
pub const ERASURE: &str = "erasure.performed";

/// One thing that names an erased person no more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Redacted {
    /// What an entry binds it by.
    pub was: String,
    /// SHA-256 of what is kept of it now.
    pub now: String,
}

/// The secret that salts follow from. Who has it, and all of a document but a name, can try names.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// A secret of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The salt of a text.
    #[must_use]
    pub fn salt(&self, text: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.tag(text))
    }

    /// The same as bytes.
    #[must_use]
    pub fn tag(&self, text: &[u8]) -> [u8; SALT] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return [0; SALT] };
        mac.update(text);
        let tag: [u8; 32] = mac.finalize().into_bytes().into();
        tag.first_chunk().copied().unwrap_or_default()
    }

    /// A JSON text with its salt in front, as it is kept and hashed.
    #[must_use]
    pub fn seal(&self, json: &str) -> String {
        format!(r#"{{"salt":"{}","is":{json}}}"#, self.salt(json.as_bytes()))
    }
}

/// The commitment to bytes of which the SHA-256 is known: SHA-256 over salt and digest, as `sha256:…`.
#[must_use]
pub fn commitment(salt: &[u8], digest: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(salt);
    hash.update(digest);
    let digest: [u8; 32] = hash.finalize().into();
    format!("sha256:{}", Hash::new(digest))
}
