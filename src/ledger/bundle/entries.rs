//! The list of entries in a bundle, line by line: each has the form of an entry, and they come in order.

use serde_json::Value;

use super::{Decided, MAX_ENTRIES, decided, layout};
use crate::ledger::canonical::MAX_BYTES;
use crate::ledger::entry::check_entry;
use crate::ledger::sealed::ERASURE;
use crate::ledger::tree::{Hash, leaf_hash};

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) leaves: Vec<(u64, Hash)>,
    pub(super) decisions: Vec<Decided>,
    /// Erasures: the entry, and the digest of its list.
    pub(super) erasures: Vec<(u64, String)>,
}

impl Found {
    /// The next line, without its end.
    pub(super) fn entry(&mut self, line: &[u8]) -> Result<(), String> {
        let (index, bytes) =
            layout::read_entry_line(line).ok_or("not of the form {\"index\":N,\"entry\":{…}}")?;
        if self.leaves.last().is_some_and(|(last, _)| index <= *last) {
            return Err(format!("entry {index} comes twice or out of order"));
        }
        if self.leaves.len() >= MAX_ENTRIES {
            return Err(format!("more than {MAX_ENTRIES} entries"));
        }
        check_entry(bytes).map_err(|error| format!("entry {index}: {error}"))?;
        self.leaves.push((index, leaf_hash(bytes)));
        let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        if text("kind") == Some(ERASURE) {
            let kept = text("kept").unwrap_or_default();
            self.erasures.push((index, kept.to_owned()));
        }
        if text("kind") == Some(decided::KIND) {
            let decision = Decided::read(index, bytes);
            let decision = decision
                .ok_or_else(|| format!("entry {index} is no decision of the known form"))?;
            self.decisions.push(decision);
        }
        Ok(())
    }
}

/// Lines out of pieces, none longer than the longest entry's.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
    number: u64,
    too_long: bool,
}

impl Lines {
    /// Tells every line that ends in this piece, with its number.
    pub(super) fn take(&mut self, piece: &[u8], mut tell: impl FnMut(u64, &[u8])) {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if self.too_long {
                return;
            }
            self.rest.extend_from_slice(part);
            self.too_long = self.rest.len() > MAX_BYTES + 64;
            if let Some(line) = self.rest.strip_suffix(b"\n") {
                self.number += 1;
                tell(self.number, line);
                self.rest.clear();
            }
        }
    }

    /// Whether nothing is left over.
    pub(super) fn ended(&self) -> bool {
        self.rest.is_empty() && !self.too_long
    }
}
