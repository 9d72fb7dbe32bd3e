//! The names of a bundle's files in their order, and the lines of those that are lists.
//!
//! ```text
//! manifest.json                      what it is about
//! keys/ID.vkey, keys/allowed_signers the ledger's public key, for us and for ssh-keygen
//! tlog/checkpoint                    the signed head that every proof leads to
//! tlog/previous, tlog/consistency    an older one and the proof that this one continues it; where there is one
//! entries.jsonl                      the ledger's entries, each as the bytes that are hashed
//! proofs/INDEX.tlog-proof            for each entry (C2SP tlog-proof)
//! erased/INDEX.json                  for each erasure among them, the digests of what it left
//! attestations/DECISION.….dsse.json  for each decision, a VSA and a change record
//! policies/SHA256, raw/SHA256        the policies and the facts of the decisions, by digest
//! report/*.jsonl                     the changes and deploys in scope
//! schemas/…, verify/…                how to read and to check all this
//! SHA256SUMS, SHA256SUMS.sig         the sums of all of the above in this order, and the signature over them
//! ```

use super::zip::Member;
use crate::ledger::key::VerifierKey;
use crate::ledger::tree::Hash;

/// What it is about.
pub const MANIFEST: &str = "manifest.json";
/// Who may sign it, for ssh-keygen.
pub const SIGNERS: &str = "keys/allowed_signers";
/// The head that proofs lead to.
pub const CHECKPOINT: &str = "tlog/checkpoint";
/// The older head.
pub const PREVIOUS: &str = "tlog/previous";
/// The proof from the older head to the newer.
pub const CONSISTENCY: &str = "tlog/consistency";
/// The entries.
pub const ENTRIES: &str = "entries.jsonl";
/// The changes in scope.
pub const CHANGES: &str = "report/changes.jsonl";
/// The deploys in scope.
pub const DEPLOYS: &str = "report/deploys.jsonl";
/// The shape of a change record.
pub const SCHEMA: &str = "schemas/change-record-v1.json";
/// How to check it.
pub const README: &str = "verify/README.md";
/// The verifier that needs Python alone.
pub const VERIFIER: &str = "verify/verify.py";
/// The sums of all files before it.
pub const SUMS: &str = "SHA256SUMS";
/// The signature over the sums.
pub const SIGNATURE: &str = "SHA256SUMS.sig";

/// The file of the ledger's verifier key.
#[must_use]
pub fn key(key: &VerifierKey) -> String {
    format!("keys/{}.vkey", key.id_text())
}

/// The file of an entry's proof.
#[must_use]
pub fn proof(index: u64) -> String {
    format!("proofs/{index}.tlog-proof")
}

/// The file of what an erasure left.
#[must_use]
pub fn erased(index: u64) -> String {
    format!("erased/{index}.json")
}

/// The file of a decision's verification summary.
#[must_use]
pub fn summary(decision: &str) -> String {
    format!("attestations/{decision}.vsa.dsse.json")
}

/// The file of a decision's change record.
#[must_use]
pub fn record(decision: &str) -> String {
    format!("attestations/{decision}.change-record.dsse.json")
}

/// The file of a policy, by its digest.
#[must_use]
pub fn policy(digest: &Hash) -> String {
    format!("policies/{digest}")
}

/// The file of a decision's facts, by their digest.
#[must_use]
pub fn facts(digest: &Hash) -> String {
    format!("raw/{digest}")
}

/// A line of [`ENTRIES`]: JSON in which the entry stands with the very bytes that are hashed.
#[must_use]
pub fn entry_line(index: u64, entry: &[u8]) -> Vec<u8> {
    [format!("{{\"index\":{index},\"entry\":").as_bytes(), entry, b"}\n"].concat()
}

/// Index and bytes of a line without its end; `None`: it has another form.
#[must_use]
pub fn read_entry_line(line: &[u8]) -> Option<(u64, &[u8])> {
    let rest = line.strip_prefix(b"{\"index\":")?.strip_suffix(b"}")?;
    let comma = rest.iter().position(|byte| *byte == b',')?;
    let (number, rest) = rest.split_at(comma);
    let index = crate::ledger::canonical_number(std::str::from_utf8(number).ok()?)?;
    Some((index, rest.strip_prefix(b",\"entry\":")?))
}

/// The text of [`CONSISTENCY`]: a hash a line, base64.
#[must_use]
pub fn consistency(proof: &[Hash]) -> String {
    proof.iter().map(|hash| hash.to_base64() + "\n").collect()
}

/// The hashes of [`CONSISTENCY`]; `None`: it has another form.
#[must_use]
pub fn read_consistency(text: &[u8]) -> Option<Vec<Hash>> {
    let text = std::str::from_utf8(text).ok()?;
    if text.is_empty() {
        return Some(Vec::new());
    }
    text.strip_suffix('\n')?.split('\n').map(Hash::from_base64).collect()
}

/// A line of [`SUMS`] with its end, as `sha256sum -c` reads it.
#[must_use]
pub fn sum(member: &Member) -> String {
    format!("{}  {}\n", Hash::new(member.sha256), member.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_and_nothing_like_it() {
        let line = entry_line(17, b"{\"a\":\"}\"}");
        assert_eq!(line, b"{\"index\":17,\"entry\":{\"a\":\"}\"}}\n");
        let read = read_entry_line(&line[..line.len() - 1]);
        assert_eq!(read, Some((17, b"{\"a\":\"}\"}".as_slice())));
        for bad in [
            "",
            "{\"index\":017,\"entry\":{}}",
            "{\"index\":1,\"entry\":{} ",
            "{\"index\": 1,\"entry\":{}}",
        ] {
            assert_eq!(read_entry_line(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_proof_reads_back() {
        let proof = [Hash::new([1; 32]), Hash::new([2; 32])];
        let text = consistency(&proof);
        assert_eq!(read_consistency(text.as_bytes()).as_deref(), Some(proof.as_slice()));
        assert_eq!(read_consistency(b""), Some(Vec::new()));
        assert_eq!(read_consistency(text.trim_end().as_bytes()), None);
    }
}
