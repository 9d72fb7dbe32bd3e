//! The files of a bundle, in the order of the layout.

use std::collections::BTreeSet;
use std::io::{Seek, Write};

use tempfile::{SpooledTempFile, spooled_tempfile};

use super::entries;
use super::scope::{Cited, InScope, change_at, read_decision, sized};
use super::{Bundled, Named, Signed, disk};
use crate::app::erase::Redactions;
use crate::app::ledger::{Tiles, folded};
use crate::app::{App, AppError};
use crate::domain::id;
use crate::ledger::bundle::zip::Writer;
use crate::ledger::bundle::{FORMAT, Manifest, NAMESPACE, layout};
use crate::ledger::entry::Entry;
use crate::ledger::receipt::Receipt;
use crate::ledger::sshsig;
use crate::ledger::tree::{consistency_plan, verify_inclusion};
use crate::report::attestation::change_record_schema;
use crate::store::{self, Tx};

/// The verifier that needs nothing but Python.
const VERIFIER: &[u8] = include_bytes!("verify/verify.py");
/// How to use it.
const README: &[u8] = include_bytes!("verify/README.md");

/// Bytes of the archive's directory, and of its sums, that are held in memory; more of them go to a temporary file.
const HELD: usize = 4 << 20;

type Zip<W> = Writer<W, SpooledTempFile>;

/// Everything that is known before the first byte.
pub(super) struct Job {
    pub(super) named: Named,
    pub(super) signed: Signed,
    pub(super) previous: Option<Signed>,
    pub(super) scope: InScope,
    pub(super) cited: Cited,
    pub(super) erased: Redactions,
}

impl Job {
    /// Cites the erasures that touched what the decisions rest on: what they left is bound by their entries.
    pub(super) fn cite_erasures(&mut self) -> Result<(), AppError> {
        let cited = &mut self.cited;
        let rests_on = cited.policies.iter().chain(&cited.facts);
        let by: BTreeSet<u64> =
            rests_on.flat_map(|hash| self.erased.of(&format!("sha256:{hash}"))).copied().collect();
        if by.last().is_some_and(|last| *last >= self.signed.head.size) {
            return Err(AppError::Unavailable(
                "a person was erased after the latest checkpoint; try again when the service has signed the next one \
                 (ledger.checkpoint_interval)"
                    .to_owned(),
            ));
        }
        cited.entries.extend(&by);
        cited.entries.sort_unstable();
        cited.erasures = by.into_iter().collect();
        Ok(())
    }

    fn manifest(&self, key: String, origin: &str) -> Manifest {
        Manifest {
            format: FORMAT.to_owned(),
            origin: origin.to_owned(),
            key,
            scope: self.named.scope.clone(),
            checkpoint: self.signed.named(),
            previous: self.previous.as_ref().map(Signed::named),
            entries: self.cited.entries.len() as u64,
            decisions: self.cited.decisions.len() as u64,
            erasures: self.cited.erasures.len() as u64,
            policies: self.cited.policies.len() as u64,
            facts: self.cited.facts.len() as u64,
            changes: self.scope.known.len() as u64,
            deploys: self.scope.deploys.len() as u64,
        }
    }
}

impl App {
    pub(super) async fn write_bundle(
        &self,
        tx: &mut Tx,
        job: &Job,
        out: impl Write + Seek,
    ) -> Result<Bundled, AppError> {
        let key = self.signer().key();
        let manifest = job.manifest(key.verifier().to_string(), key.name());
        let mut zip = Writer::with_notes(out, [HELD; 2].map(spooled_tempfile));
        let text = serde_json::to_string_pretty(&manifest)
            .map_err(|error| AppError::internal("a manifest as JSON", &error))?;
        add(&mut zip, layout::MANIFEST, (text + "\n").as_bytes())?;
        self.write_heads(tx, job, &mut zip).await?;
        write_entries(tx, job, &mut zip).await?;
        write_erasures(tx, job, &mut zip).await?;
        self.write_attestations(tx, job, &mut zip).await?;
        write_by_digest(tx, job, &mut zip).await?;
        self.write_reports(tx, job, &mut zip).await?;
        let schema = change_record_schema()
            .map_err(|error| AppError::internal("a schema as JSON", &error))?;
        add(&mut zip, layout::SCHEMA, schema.as_bytes())?;
        add(&mut zip, layout::README, README)?;
        add(&mut zip, layout::VERIFIER, VERIFIER)?;
        let mut sums = sshsig::Message::default();
        zip.add_sums(layout::SUMS, |piece| sums.take(piece)).map_err(disk)?;
        let signature = sshsig::sign(NAMESPACE, sums, &key);
        add(&mut zip, layout::SIGNATURE, signature.as_bytes())?;
        let files = zip.count();
        zip.finish().map_err(disk)?;
        Ok(Bundled { manifest, files })
    }

    async fn write_heads<W: Write + Seek>(
        &self,
        tx: &mut Tx,
        job: &Job,
        zip: &mut Zip<W>,
    ) -> Result<(), AppError> {
        let signing = self.signer().key();
        let key = signing.verifier();
        add(zip, &layout::key(key), format!("{key}\n").as_bytes())?;
        add(zip, layout::SIGNERS, sshsig::allowed_signer(NAMESPACE, key).as_bytes())?;
        add(zip, layout::CHECKPOINT, job.signed.note.as_bytes())?;
        if let Some(previous) = &job.previous {
            let plan = consistency_plan(previous.head.size, job.signed.head.size)
                .map_err(|error| AppError::internal("a proof cannot be made", &error))?;
            let proof = folded(tx, &plan).await?;
            add(zip, layout::PREVIOUS, previous.note.as_bytes())?;
            add(zip, layout::CONSISTENCY, layout::consistency(&proof).as_bytes())?;
        }
        Ok(())
    }

    async fn write_attestations<W: Write + Seek>(
        &self,
        tx: &mut Tx,
        job: &Job,
        zip: &mut Zip<W>,
    ) -> Result<(), AppError> {
        for index in &job.cited.decisions {
            let decided = read_decision(*index, &entries::one(tx, *index).await?)?;
            let row = store::decisions::get(tx, &decided.id).await?;
            let row = row
                .ok_or_else(|| AppError::internal("a recorded decision is missing", &decided.id))?;
            let made = self.attest(tx, &row).await?;
            let files = [
                (layout::summary(&decided.id), made.summary),
                (layout::record(&decided.id), made.record),
            ];
            for (name, envelope) in files {
                let json = serde_json::to_vec(&envelope)
                    .map_err(|error| AppError::internal("an envelope as JSON", &error))?;
                add(zip, &name, &json)?;
            }
        }
        Ok(())
    }

    /// The rows in scope as the API tells them: the service's own words, for reading.
    async fn write_reports<W: Write + Seek>(
        &self,
        tx: &mut Tx,
        job: &Job,
        zip: &mut Zip<W>,
    ) -> Result<(), AppError> {
        let size = job.signed.head.size;
        let lost = |id: &String| AppError::internal("a row of the scope is missing", id);
        zip.begin(layout::CHANGES).map_err(disk)?;
        for id in &job.scope.known {
            let row = change_at(tx, id, size).await?.ok_or_else(|| lost(id))?;
            line(zip, &self.change_json(tx, &row, size).await?)?;
        }
        zip.end().map_err(disk)?;
        zip.begin(layout::DEPLOYS).map_err(disk)?;
        for id in &job.scope.deploys {
            let row = store::deploys::at(tx, id, sized(size)).await?.ok_or_else(|| lost(id))?;
            line(zip, &self.deploy_json(tx, &row).await?)?;
        }
        zip.end().map_err(disk)
    }
}

fn add<W: Write + Seek>(zip: &mut Zip<W>, name: &str, bytes: &[u8]) -> Result<(), AppError> {
    zip.add(name, bytes).map_err(disk)
}

fn line<W: Write + Seek>(zip: &mut Zip<W>, value: &serde_json::Value) -> Result<(), AppError> {
    let mut bytes = serde_json_canonicalizer::to_vec(value)
        .map_err(|error| AppError::internal("a row as JSON", &error))?;
    bytes.push(b'\n');
    zip.write(&bytes).map_err(disk)
}

/// The entries, then their proofs; a proof that does not hold is not given away.
async fn write_entries<W: Write + Seek>(
    tx: &mut Tx,
    job: &Job,
    zip: &mut Zip<W>,
) -> Result<(), AppError> {
    zip.begin(layout::ENTRIES).map_err(disk)?;
    for some in job.cited.entries.chunks(entries::AT_ONCE) {
        for (index, bytes) in entries::read(tx, some).await? {
            zip.write(&layout::entry_line(index, &bytes)).map_err(disk)?;
        }
    }
    zip.end().map_err(disk)?;
    let mut tiles = Tiles::default();
    let Signed { note, head } = &job.signed;
    for index in job.cited.entries.iter().copied() {
        let leaf = tiles.leaf(tx, index).await?;
        let proof = tiles.inclusion(tx, index, head.size).await?;
        verify_inclusion(index, head.size, &leaf, &proof, &head.root).map_err(|error| {
            AppError::ReadOnly(format!("entry {index}: {error}; run `countersign verify`"))
        })?;
        let receipt = Receipt { extra: None, index, proof, checkpoint: note.clone() };
        add(zip, &layout::proof(index), receipt.to_string().as_bytes())?;
    }
    Ok(())
}

/// What erasures left: the digests of it.
async fn write_erasures<W: Write + Seek>(
    tx: &mut Tx,
    job: &Job,
    zip: &mut Zip<W>,
) -> Result<(), AppError> {
    let wrong = |index: &u64| {
        let what = format!("what erasure of entry {index} left is missing or was changed");
        AppError::ReadOnly(format!("{what}; run `countersign verify --replay`"))
    };
    for index in &job.cited.erasures {
        let entry = Entry::open(&entries::one(tx, *index).await?).map_err(|_| wrong(index))?;
        let digest = entry.body.get("kept").and_then(|kept| kept.as_str()).unwrap_or_default();
        let body = store::decisions::snapshot(tx, digest).await?.unwrap_or_default();
        let bytes = zstd::decode_all(body.as_slice()).map_err(|_| wrong(index))?;
        if id::sha256(&bytes) != digest {
            return Err(wrong(index));
        }
        add(zip, &layout::erased(*index), &bytes)?;
    }
    Ok(())
}

/// Policies and facts. Each is compared with its digest before it is given away.
async fn write_by_digest<W: Write + Seek>(
    tx: &mut Tx,
    job: &Job,
    zip: &mut Zip<W>,
) -> Result<(), AppError> {
    let checked = |digest: &str, bytes: Option<Vec<u8>>| {
        // Where there is no file, the digest is that of the empty text.
        let bytes = bytes.unwrap_or_default();
        if job.erased.was(id::sha256(&bytes)) == digest {
            Ok(bytes)
        } else {
            Err(AppError::ReadOnly(format!("what is kept for {digest} is missing or was changed")))
        }
    };
    for hash in &job.cited.policies {
        let digest = format!("sha256:{hash}");
        let bytes = checked(&digest, store::decisions::policy(tx, &digest).await?)?;
        add(zip, &layout::policy(hash), &bytes)?;
    }
    for hash in &job.cited.facts {
        let digest = format!("sha256:{hash}");
        let body = store::decisions::snapshot(tx, &digest).await?;
        let body = body.map(|body| zstd::decode_all(body.as_slice())).transpose();
        let body = body.map_err(|error| AppError::internal("facts cannot be read", &error))?;
        add(zip, &layout::facts(hash), &checked(&digest, body)?)?;
    }
    Ok(())
}
