//! The check of a bundle, from its first byte to its last, believing nothing in it (auditor's guide: "bundle").
//!
//! Which file has to come next is worked out from what was checked before it, so no name in the archive is ever used;
//! sizes are limited before anything is read. The first thing that is wrong ends the check, with its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;

use serde_json::Value;

use super::entries::{Found, Lines};
use super::unzip::{Listed, Reader, ZipError};
use super::witnessed::{Quorum, Witnessed};
use super::{Decided, FORMAT, Head, Manifest, NAMESPACE, layout};
use crate::domain::id;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::excerpt;
use crate::ledger::key::VerifierKey;
use crate::ledger::note::{MAX_NOTE, Note};
use crate::ledger::receipt::Receipt;
use crate::ledger::sealed::{Document, Redacted};
use crate::ledger::sshsig;
use crate::ledger::statement::{Envelope, IN_TOTO};
use crate::ledger::tree::{Hash, verify_consistency, verify_inclusion};

/// The most bytes of a small file: keys, notes, statements, policies.
const SMALL: u64 = 2 * MAX_NOTE as u64;
/// The most bytes of a decision's facts.
const MAX_FACTS: u64 = 256 << 20;
/// The most bytes of a file that is read piece by piece.
const MAX_STREAMED: u64 = u32::MAX as u64;

/// What the auditor brings along.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trust<'a> {
    /// The ledger's key, from a place the auditor trusts; `None`: the one in the bundle, which proves nothing.
    pub key: Option<&'a VerifierKey>,
    /// A checkpoint that was kept at an earlier visit.
    pub older: Option<&'a [u8]>,
    /// Witnesses who have to have cosigned the checkpoint.
    pub witnesses: Quorum<'a>,
}

/// A bundle in which everything holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What it is about.
    pub manifest: Manifest,
    /// Whether the key came from outside the bundle.
    pub anchored: bool,
    /// The size of the checkpoint that the auditor brought, if one was.
    pub older: Option<u64>,
    /// Who of the witnesses that were asked for cosigned. Everything else holds also where they are too few.
    pub witnessed: Witnessed,
    /// Files in it.
    pub files: u64,
}

/// Why a bundle is refused: the first place at which something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file in the bundle, or what the auditor brought.
    pub place: String,
    /// What is wrong.
    pub why: String,
    /// Nothing is wrong, but what was asked for cannot be told from this bundle.
    pub undecided: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}

fn fault(place: &str, why: impl fmt::Display) -> Fault {
    Fault { place: place.to_owned(), why: why.to_string(), undecided: false }
}

/// Checks a bundle that is read from its first byte.
pub fn check(from: impl Read, trust: &Trust<'_>) -> Result<Checked, Fault> {
    let mut zip = Reader::new(from);
    let (manifest, key) = manifest(&mut zip, trust)?;
    let mut checker = Checker { zip, key, found: Found::default() };
    let (note, head) = checker.heads(&manifest)?;
    let witnessed = witnessed(trust, &note)?;
    let older = older(trust, &checker.key, &manifest, &head)?;
    checker.entries(&manifest)?;
    let entries = checker.proofs(&note, &head)?;
    let erased = checker.erasures()?;
    checker.attestations()?;
    let (policies, facts) = checker.by_digest(&erased)?;
    checker.count(layout::CHANGES, manifest.changes)?;
    checker.count(layout::DEPLOYS, manifest.deploys)?;
    for (what, have, need) in [
        ("entries", entries, manifest.entries),
        ("erasures", checker.found.erasures.len(), manifest.erasures),
        ("decisions", checker.found.decisions.len(), manifest.decisions),
        ("policies", policies, manifest.policies),
        ("facts", facts, manifest.facts),
    ] {
        if have as u64 != need {
            return Err(fault(
                layout::MANIFEST,
                format!("`{what}` is {need}, but there are {have}"),
            ));
        }
    }
    for name in [layout::SCHEMA, layout::README, layout::VERIFIER] {
        checker.file(name, SMALL)?;
    }
    let files = checker.sums()?;
    Ok(Checked { manifest, anchored: trust.key.is_some(), older, witnessed, files })
}

/// The manifest, and the key by which all else is checked.
fn manifest(
    zip: &mut Reader<impl Read>,
    trust: &Trust<'_>,
) -> Result<(Manifest, VerifierKey), Fault> {
    let wrong = |why: String| fault(layout::MANIFEST, why);
    let bytes = zip.take(layout::MANIFEST, SMALL).map_err(|error| at(layout::MANIFEST, &error))?;
    let manifest: Manifest = serde_json::from_slice(&bytes)
        .map_err(|error| wrong(format!("not the manifest of a bundle: {error}")))?;
    if manifest.format != FORMAT {
        return Err(wrong("`format` names another format than countersign-bundle/v1".to_owned()));
    }
    let key = match trust.key {
        Some(key) => key.clone(),
        None => manifest.key.parse().map_err(|error| wrong(format!("`key`: {error}")))?,
    };
    if manifest.key != key.to_string() {
        let have = excerpt(&manifest.key, 200);
        return Err(wrong(format!("the bundle is of the key {have}, not of {key}")));
    }
    if manifest.origin != key.name() {
        return Err(wrong(format!("`origin` is not the name of the key, {}", key.name())));
    }
    Ok((manifest, key))
}

/// Looks for the cosignatures of the witnesses that the auditor trusts.
fn witnessed(trust: &Trust<'_>, note: &str) -> Result<Witnessed, Fault> {
    let note = Note::parse(note.as_bytes()).map_err(|error| fault(layout::CHECKPOINT, error))?;
    trust.witnesses.of(&note).map_err(|error| fault(layout::CHECKPOINT, error))
}

/// Compares the checkpoint that the auditor brought.
fn older(
    trust: &Trust<'_>,
    key: &VerifierKey,
    manifest: &Manifest,
    head: &Checkpoint,
) -> Result<Option<u64>, Fault> {
    let place = "the checkpoint you brought";
    let Some(note) = trust.older else { return Ok(None) };
    // What the auditor brought is not at hand as it should be: that says nothing about the bundle.
    let older = Checkpoint::open(note, key.name(), std::slice::from_ref(key))
        .map_err(|error| Fault { undecided: true, ..fault(place, error) })?;
    let previous = manifest.previous.as_ref().filter(|previous| previous.size == older.size);
    let same = if older.size == head.size {
        older.root == head.root
    } else if let Some(previous) = previous {
        *previous == Head::from(&older)
    } else {
        let why = format!(
            "it is of {} entries, the bundle of {} has no proof from there; ask for a bundle made with --checkpoint and this file",
            older.size, head.size
        );
        return Err(Fault { undecided: true, ..fault(place, why) });
    };
    if !same {
        let why = "another ledger of the same size was signed with this key: history was rewritten";
        return Err(fault(place, why));
    }
    Ok(Some(older.size))
}

struct Checker<R> {
    zip: Reader<R>,
    key: VerifierKey,
    found: Found,
}

/// What the archive says at a place. That it cannot be read says nothing about what is in it.
fn at(place: &str, error: &ZipError) -> Fault {
    Fault { undecided: matches!(error, ZipError::Io(_)), ..fault(place, error) }
}

impl<R: Read> Checker<R> {
    fn file(&mut self, name: &str, most: u64) -> Result<Vec<u8>, Fault> {
        self.zip.take(name, most).map_err(|error| at(name, &error))
    }

    /// The file has exactly these bytes.
    fn exactly(&mut self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        let found = self.file(name, SMALL)?;
        if found == bytes { Ok(()) } else { Err(fault(name, "it does not say what the key says")) }
    }

    /// Keys and checkpoints. Gives the checkpoint's note and what it says.
    fn heads(&mut self, manifest: &Manifest) -> Result<(String, Checkpoint), Fault> {
        self.exactly(&layout::key(&self.key), format!("{}\n", self.key).as_bytes())?;
        let signers = sshsig::allowed_signer(NAMESPACE, &self.key);
        self.exactly(layout::SIGNERS, signers.as_bytes())?;
        let (note, head) = self.head(layout::CHECKPOINT, &manifest.checkpoint)?;
        if let Some(previous) = &manifest.previous {
            let (_, older) = self.head(layout::PREVIOUS, previous)?;
            let proof = self.file(layout::CONSISTENCY, SMALL)?;
            let proof = layout::read_consistency(&proof)
                .ok_or_else(|| fault(layout::CONSISTENCY, "not a hash in base64 on each line"))?;
            verify_consistency(older.size, head.size, &older.root, &head.root, &proof)
                .map_err(|error| fault(layout::CONSISTENCY, error))?;
        }
        Ok((note, head))
    }

    fn head(&mut self, name: &str, need: &Head) -> Result<(String, Checkpoint), Fault> {
        let bytes = self.file(name, SMALL)?;
        let keys = std::slice::from_ref(&self.key);
        let head =
            Checkpoint::open(&bytes, self.key.name(), keys).map_err(|error| fault(name, error))?;
        if Head::from(&head) != *need {
            return Err(fault(name, "it is not the one that the manifest names"));
        }
        Ok((String::from_utf8_lossy(&bytes).into_owned(), head))
    }

    /// Every entry: its form, its leaf hash, and that they come in order.
    fn entries(&mut self, manifest: &Manifest) -> Result<(), Fault> {
        let found = &mut self.found;
        let mut wrong = None;
        let mut lines = Lines::default();
        let read = self.zip.pass(layout::ENTRIES, MAX_STREAMED, |piece| {
            lines.take(piece, |number, line| {
                if wrong.is_none() {
                    let why = found.entry(line).err();
                    wrong =
                        why.map(|why| fault(&format!("{} line {number}", layout::ENTRIES), why));
                }
            });
        });
        read.map_err(|error| at(layout::ENTRIES, &error))?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        if !lines.ended() {
            return Err(fault(layout::ENTRIES, "the last line has no end, or a line is too long"));
        }
        if let Some((index, _)) =
            self.found.leaves.last().filter(|(index, _)| *index >= manifest.checkpoint.size)
        {
            return Err(fault(layout::ENTRIES, format!("entry {index} is not in the checkpoint")));
        }
        Ok(())
    }

    /// The proof of every entry; their leaf hashes are not needed after it. Gives how many there are.
    fn proofs(&mut self, note: &str, head: &Checkpoint) -> Result<usize, Fault> {
        let leaves = std::mem::take(&mut self.found.leaves);
        let count = leaves.len();
        for (index, leaf) in leaves {
            let name = layout::proof(index);
            let text = self.file(&name, SMALL)?;
            let text = String::from_utf8_lossy(&text);
            let receipt: Receipt = text.parse().map_err(|error| fault(&name, error))?;
            if receipt.index != index || receipt.checkpoint != note || receipt.to_string() != text {
                return Err(fault(
                    &name,
                    format!("not a proof of entry {index} under tlog/checkpoint"),
                ));
            }
            verify_inclusion(index, head.size, &leaf, &receipt.proof, &head.root).map_err(
                |error| {
                    fault(
                        &name,
                        format!("entry {index} is not in the ledger that was signed: {error}"),
                    )
                },
            )?;
        }
        Ok(count)
    }

    /// What erasures left: by the digest that an entry holds, that of what there is now. The last one counts.
    fn erasures(&mut self) -> Result<BTreeMap<String, String>, Fault> {
        let mut erased = BTreeMap::new();
        for (index, kept) in std::mem::take(&mut self.found.erasures) {
            let name = layout::erased(index);
            let bytes = self.file(&name, MAX_FACTS)?;
            if id::sha256(&bytes) != kept {
                return Err(fault(&name, format!("entry {index} binds other bytes")));
            }
            let list: Document<Vec<Redacted>> = serde_json::from_slice(&bytes)
                .map_err(|error| fault(&name, format!("not what an erasure left: {error}")))?;
            erased.extend(list.is.into_iter().map(|one| (one.was, one.now)));
            self.found.erasures.push((index, kept));
        }
        Ok(erased)
    }

    fn attestations(&mut self) -> Result<(), Fault> {
        let decisions = std::mem::take(&mut self.found.decisions);
        let origin = self.key.name().to_owned();
        for decision in &decisions {
            let name = layout::summary(&decision.id);
            let statement = self.statement(&name)?;
            if let Some(why) = decision.summary_differs(&origin, &statement) {
                return Err(fault(&name, why));
            }
            let name = layout::record(&decision.id);
            let statement = self.statement(&name)?;
            if let Some(why) = decision.record_differs(&origin, &statement) {
                return Err(fault(&name, why));
            }
        }
        self.found.decisions = decisions;
        Ok(())
    }

    fn statement(&mut self, name: &str) -> Result<Value, Fault> {
        let json = self.file(name, SMALL)?;
        let envelope = Envelope::parse(&json).map_err(|error| fault(name, error))?;
        let payload = envelope.open(IN_TOTO, &self.key).map_err(|error| fault(name, error))?;
        serde_json::from_slice(&payload).map_err(|error| fault(name, error))
    }

    /// Policies and facts: each is there once, under its own digest; or what an erasure left of it. Gives how many of each.
    fn by_digest(&mut self, erased: &BTreeMap<String, String>) -> Result<(usize, usize), Fault> {
        let decisions = &self.found.decisions;
        let policies: BTreeSet<Hash> = decisions.iter().flat_map(Decided::policies).collect();
        let facts: BTreeSet<Hash> = decisions.iter().map(|one| one.facts).collect();
        for (digests, named, most) in [
            (&policies, layout::policy as fn(&Hash) -> String, SMALL),
            (&facts, layout::facts, MAX_FACTS),
        ] {
            for digest in digests {
                let name = named(digest);
                self.zip.pass(&name, most, |_| ()).map_err(|error| at(&name, &error))?;
                let was = format!("sha256:{digest}");
                let need = erased.get(&was).unwrap_or(&was);
                let found = self.zip.last().map(|member| Hash::new(member.sha256));
                if found.is_none_or(|found| format!("sha256:{found}") != *need) {
                    return Err(fault(&name, "its bytes do not have this digest"));
                }
            }
        }
        Ok((policies.len(), facts.len()))
    }

    /// A list that is the service's word: that it has as many lines as the manifest says.
    fn count(&mut self, name: &str, need: u64) -> Result<(), Fault> {
        let mut have = 0;
        let counted =
            |piece: &[u8]| have += piece.split(|byte| *byte == b'\n').skip(1).count() as u64;
        self.zip.pass(name, MAX_STREAMED, counted).map_err(|error| at(name, &error))?;
        if have == need {
            return Ok(());
        }
        Err(fault(name, format!("it has {have} lines, the manifest says {need}")))
    }

    /// The sums of all files, their signature, and the archive's own end. Gives how many files there are.
    fn sums(mut self) -> Result<u64, Fault> {
        let listed = self.zip.take_listed();
        let (message, wrong) = self.list(&listed)?;
        if self.zip.last().is_none_or(|member| member.sha256 != listed.sha256()) {
            let name = wrong.unwrap_or_else(|| "a file".to_owned());
            return Err(fault(layout::SUMS, format!("it does not have the sum of {name}")));
        }
        let signature = self.file(layout::SIGNATURE, SMALL)?;
        sshsig::verify(&signature, NAMESPACE, message, &self.key)
            .map_err(|error| fault(layout::SIGNATURE, error))?;
        let files = self.zip.count();
        self.zip.finish().map_err(|error| at("the end of the archive", &error))?;
        Ok(files)
    }

    /// Reads the list of sums: what is signed, and what stands in the first line that is not as it has to be.
    fn list(&mut self, listed: &Listed) -> Result<(sshsig::Message, Option<String>), Fault> {
        let (mut message, mut lines, mut wrong) =
            (sshsig::Message::default(), Lines::default(), None);
        let look = |piece: &[u8]| {
            message.take(piece);
            lines.take(piece, |number, line| {
                if wrong.is_none() && !listed.has(number, line) {
                    let name = String::from_utf8_lossy(line.get(66..).unwrap_or_default());
                    wrong = Some(format!("{} (line {number})", excerpt(&name, 80)));
                }
            });
        };
        let read = self.zip.pass(layout::SUMS, MAX_STREAMED, look);
        read.map_err(|error| at(layout::SUMS, &error))?;
        Ok((message, wrong))
    }
}
