//! SSH signatures of files (OpenSSH's PROTOCOL.sshsig): what `ssh-keygen -Y verify` checks, so that every machine with
//! OpenSSH can check a bundle without anything of ours.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha512};

use super::key::{SIGNATURE_LEN, SigningKey, VerifierKey};

const MAGIC: &[u8] = b"SSHSIG";
const ALGORITHM: &[u8] = b"ssh-ed25519";
const HASH: &[u8] = b"sha512";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const END: &str = "-----END SSH SIGNATURE-----\n";
/// Characters on a line, as ssh-keygen writes them.
const LINE: usize = 70;
/// The most bytes of a signature file that is read: ours has some 300.
const MAX: usize = 4096;

/// Why a signature file is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SshSigError {
    /// Not the file that ssh-keygen would have written for this key and namespace.
    #[error("not an SSH signature of this key for this purpose")]
    Form,
    /// Another message, or another key.
    #[error("the signature does not fit: what it was made over was changed, or another key signed")]
    Invalid,
}

/// A message that comes in pieces: what is signed is its digest.
#[derive(Debug, Clone, Default)]
pub struct Message(Sha512);

impl Message {
    /// The next piece.
    pub fn take(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }
}

impl<T: AsRef<[u8]> + ?Sized> From<&T> for Message {
    fn from(whole: &T) -> Self {
        let mut message = Self::default();
        message.take(whole.as_ref());
        message
    }
}

/// Signs a message for one purpose. Gives the text of the `.sig` file.
#[must_use]
pub fn sign(namespace: &str, message: impl Into<Message>, key: &SigningKey) -> String {
    let signature = key.sign(&signed(namespace, message.into()));
    armoured(namespace, key.verifier(), &signature)
}

/// Checks a `.sig` file. It has to be the very text that [`sign`] writes: one signature has one form here.
pub fn verify(
    file: &[u8],
    namespace: &str,
    message: impl Into<Message>,
    key: &VerifierKey,
) -> Result<(), SshSigError> {
    let signature = read(file).ok_or(SshSigError::Form)?;
    if armoured(namespace, key, &signature).as_bytes() != file {
        return Err(SshSigError::Form);
    }
    if key.verify(&signed(namespace, message.into()), &signature) {
        Ok(())
    } else {
        Err(SshSigError::Invalid)
    }
}

/// The line of an `allowed_signers` file: who may sign what with which key.
#[must_use]
pub fn allowed_signer(namespace: &str, key: &VerifierKey) -> String {
    let blob = STANDARD.encode(public(key));
    format!("{} namespaces=\"{namespace}\" ssh-ed25519 {blob}\n", key.name())
}

/// The bytes that are signed: they begin with what they are for.
fn signed(namespace: &str, message: Message) -> Vec<u8> {
    let digest = message.0.finalize();
    let parts = [namespace.as_bytes(), b"", HASH, digest.as_slice()];
    [MAGIC.to_vec(), parts.map(string).concat()].concat()
}

/// A string of the SSH protocol (RFC 4251 section 5): its length as 32 bits, and its bytes.
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [length.to_be_bytes().as_slice(), bytes].concat()
}

fn public(key: &VerifierKey) -> Vec<u8> {
    [string(ALGORITHM), string(key.public_bytes())].concat()
}

fn armoured(namespace: &str, key: &VerifierKey, signature: &[u8]) -> String {
    let inner = [string(ALGORITHM), string(signature)].concat();
    let parts = [public(key).as_slice(), namespace.as_bytes(), b"", HASH, &inner].map(string);
    let blob = [MAGIC.to_vec(), 1_u32.to_be_bytes().to_vec(), parts.concat()].concat();
    let mut text = String::from(BEGIN);
    for (at, symbol) in STANDARD.encode(blob).chars().enumerate() {
        if at > 0 && at % LINE == 0 {
            text.push('\n');
        }
        text.push(symbol);
    }
    text + "\n" + END
}

/// The signature at the end of the blob; everything before it is compared with what it has to be.
fn read(file: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(file).ok().filter(|text| text.len() <= MAX)?;
    let inner = text.strip_prefix(BEGIN)?.strip_suffix(END)?;
    let blob = STANDARD.decode(inner.replace('\n', "")).ok()?;
    let start = blob.len().checked_sub(SIGNATURE_LEN)?;
    blob.get(start..).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::key::tests::key;

    const PURPOSE: &str = "countersign-bundle";

    #[test]
    fn a_signature_reads_back_and_fits_one_message_purpose_and_key() {
        let file = sign(PURPOSE, b"sums\n", &key());
        let own = key().verifier().clone();
        assert_eq!(verify(file.as_bytes(), PURPOSE, b"sums\n", &own), Ok(()));
        assert_eq!(verify(file.as_bytes(), PURPOSE, b"sums", &own), Err(SshSigError::Invalid));
        assert_eq!(verify(file.as_bytes(), "git", b"sums\n", &own), Err(SshSigError::Form));
        let other = SigningKey::from_seed("a", &[9; 32]).expect("a key");
        let other = other.verifier();
        assert_eq!(verify(file.as_bytes(), PURPOSE, b"sums\n", other), Err(SshSigError::Form));
    }

    #[test]
    fn no_other_text_passes() {
        let file = sign(PURPOSE, b"sums\n", &key()).into_bytes();
        for at in 0..file.len() {
            for bit in 0..8 {
                let mut changed = file.clone();
                changed[at] ^= 1 << bit;
                assert!(verify(&changed, PURPOSE, b"sums\n", key().verifier()).is_err(), "{at}");
            }
        }
        for changed in [&file[1..], &file[..file.len() - 1], &[&file[..], b"\n"].concat(), b""] {
            assert!(verify(changed, PURPOSE, b"sums\n", key().verifier()).is_err());
        }
    }

    #[test]
    fn the_line_of_allowed_signers_has_the_form_of_ssh() {
        assert_eq!(
            allowed_signer(PURPOSE, key().verifier()),
            "ledger.example/acme namespaces=\"countersign-bundle\" ssh-ed25519 \
             AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n"
        );
    }
}
