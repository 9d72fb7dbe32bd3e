//! The ledger as bytes: canonical entries, the Merkle tree over them, signed checkpoints, proofs and the
//! verifier. Pure: bytes in, bytes out. Where they are kept is the store's business; when they are
//! signed is the use cases'. The formats are those of RFC 8785, RFC 6962/9162 and C2SP (signed-note,
//! tlog-checkpoint, tlog-cosignature, tlog-witness, tlog-tiles, tlog-proof), so that any other program can check them (sem 10).

pub mod bundle;
pub mod canonical;
pub mod checkpoint;
pub mod cosignature;
pub mod entry;
pub mod epoch;
pub mod key;
pub mod note;
pub mod receipt;
pub mod schema;
pub mod sealed;
pub mod sshsig;
pub mod statement;
pub mod tile;
pub mod tree;
pub mod verify;
pub mod witness;

pub use checkpoint::Checkpoint;
pub use entry::{Entry, Opened, Sealed};
pub use key::{SigningKey, VerifierKey};
pub use receipt::Receipt;
pub use tree::{Frontier, Hash, TileHash};
pub use verify::Verifier;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Base64 with padding, the only form that C2SP texts carry.
fn base64_encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Strict: padding needed, no stray bits, no white space; so one value has one text.
fn base64_decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// A decimal number as the C2SP formats write it: digits only, no leading zero.
fn canonical_number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let leading = text.len() > 1 && text.starts_with('0');
    if digits && !leading { text.parse().ok() } else { None }
}

/// At most `limit` characters of a text that came from outside, for an error message.
fn excerpt(text: &str, limit: usize) -> String {
    let mut cut: String = text.chars().take(limit).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

#[cfg(test)]
mod mutations;
#[cfg(test)]
mod vectors;
