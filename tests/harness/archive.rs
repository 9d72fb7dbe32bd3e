//! The archive of a bundle, taken apart and put together again by a test.

use std::collections::BTreeMap;
use std::io::Cursor;

use countersign::domain::id;
use countersign::ledger::bundle::NAMESPACE;
use countersign::ledger::bundle::zip::Writer;
use countersign::ledger::key::SigningKey;
use countersign::ledger::sshsig;

/// Numbers that are the same in every run.
pub struct Seed(u64);

impl Seed {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end` (`SplitMix64`).
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).expect("small")
    }
}

/// The files in order, read by their local headers.
pub fn list(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let number = |at: usize, len: usize| {
        bytes[at..at + len].iter().rev().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let mut files = Vec::new();
    let mut at = 0;
    while bytes[at..].starts_with(b"PK\x03\x04") {
        let (size, name) = (number(at + 18, 4), number(at + 26, 2));
        let start = at + 30 + name;
        let text = String::from_utf8(bytes[at + 30..start].to_vec()).expect("a name");
        files.push((text, bytes[start..start + size].to_vec()));
        at = start + size;
    }
    files
}

/// The files by name.
pub fn files(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    list(bytes).into_iter().collect()
}

/// An archive in order, of these files.
pub fn pack(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = Writer::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.add(name, bytes).expect("written");
    }
    writer.finish().expect("finished").into_inner()
}

/// The same with sums that fit the files; the signature over the sums stays as it was.
fn summed(mut files: Vec<(String, Vec<u8>)>) -> Vec<(String, Vec<u8>)> {
    let listed = files.iter().filter(|(name, _)| !name.starts_with("SHA256SUMS"));
    let sums: String = listed
        .map(|(name, bytes)| {
            format!("{}  {name}\n", id::sha256(bytes).trim_start_matches("sha256:"))
        })
        .collect();
    for (name, bytes) in &mut files {
        if name == "SHA256SUMS" {
            *bytes = sums.clone().into_bytes();
        }
    }
    files
}

/// The bundle of these files, its sums signed anew with the ledger's own key.
pub fn signed(files: Vec<(String, Vec<u8>)>, key: &SigningKey) -> Vec<u8> {
    let mut files = summed(files);
    let (last, before) = files.split_last_mut().expect("files");
    last.1 = sshsig::sign(NAMESPACE, &before[before.len() - 1].1, key).into_bytes();
    pack(&files)
}

/// Touches a bundle in one place, and says what was done.
pub fn touch(bytes: &[u8], seed: &mut Seed, round: usize) -> (String, Vec<u8>) {
    if round.is_multiple_of(3) {
        return touch_bytes("the archive", bytes, seed);
    }
    let mut files = list(bytes);
    let count = files.len();
    let (one, other) = (seed.below(count), seed.below(count));
    let name = files[one].0.clone();
    let what = match seed.below(6) {
        0 => {
            files.remove(one);
            format!("{name} removed")
        }
        1 => {
            let copy = files[one].clone();
            files.insert(other, copy);
            format!("{name} doubled before file {other}")
        }
        2 => {
            files.swap(one, other);
            format!("{name} exchanged with file {other}")
        }
        3 => {
            files[one].0 = format!("../{name}");
            format!("{name} renamed")
        }
        _ => {
            let (what, touched) = touch_bytes(&name, &files[one].1, seed);
            files[one].1 = touched;
            what
        }
    };
    let files = if round % 3 == 1 { summed(files) } else { files };
    (what, pack(&files))
}

fn touch_bytes(name: &str, bytes: &[u8], seed: &mut Seed) -> (String, Vec<u8>) {
    let mut touched = bytes.to_vec();
    if bytes.is_empty() {
        touched.push(b' ');
        return (format!("{name}: a byte where there was none"), touched);
    }
    let (one, other) = (seed.below(bytes.len()), seed.below(bytes.len()));
    let (from, to) = (one.min(other), one.max(other));
    let what = match seed.below(5) {
        0 | 1 => {
            touched[one] ^= 1 << seed.below(8);
            "a bit flipped"
        }
        2 => {
            touched.drain(from..to.min(from + 40));
            "bytes removed"
        }
        3 => {
            let copy = touched[from..to.min(from + 40)].to_vec();
            touched.splice(from..from, copy);
            "bytes doubled"
        }
        _ => {
            touched.swap(one, other);
            "bytes exchanged"
        }
    };
    (format!("{name}: {what} at {one}, {other}"), touched)
}
