//! Erasing: everything that is kept beside the ledger is gone through, in one transaction.

use std::sync::{Mutex, PoisonError};

use serde_json::json;

use super::bound::Redactions;
use super::json::Json;
use super::redact::Redactor;
use crate::app::rebuild::Fields;
use crate::app::{AppError, Command, Unit, fields};
use crate::domain::id;
use crate::domain::pull_request::PullRequest;
use crate::domain::team::Team;
use crate::ledger::sealed::{Document, ERASURE, Redacted, Secret, commitment};
use crate::store::erasures::{self, ErasureRow};
use crate::store::personal::{self, PERSONAL, Personal};
use crate::store::versions;

/// Things that are read at once.
const PAGE: i64 = 200;

/// Compression of bodies, as they are kept first.
const LEVEL: i32 = 1;

pub(super) struct Perform {
    pub(super) erasure: String,
    pub(super) person: String,
    pub(super) by: String,
    pub(super) redactor: Redactor,
}

/// How far it is.
struct Run<'a> {
    redactor: &'a Redactor,
    /// What earlier erasures did.
    known: Redactions,
    /// What salts what is written now; nobody keeps it.
    salts: Secret,
    list: Mutex<Vec<Redacted>>,
}

impl Command for Perform {
    type Out = ErasureRow;

    async fn run(&mut self, unit: &mut Unit) -> Result<ErasureRow, AppError> {
        let row = open(unit, &self.erasure).await?;
        let known = Redactions::read(unit.tx()).await?;
        let salts = unit.new_secret().await?;
        unit.new_secret().await?;
        let run = Run { redactor: &self.redactor, known, salts, list: Mutex::default() };
        run.documents(unit).await?;
        run.policies(unit).await?;
        let before = run.count();
        run.bodies(unit).await?;
        run.other_bodies(unit).await?;
        let deliveries = run.count() - before;
        for table in PERSONAL {
            run.table(unit, table).await?;
        }
        personal::forget(unit.tx(), &self.person).await?;
        unit.forget_rows();
        unit.moved(versions::EVERYWHERE);
        let documents = run.count() - deliveries;
        let mut list = run.list.into_inner().unwrap_or_else(PoisonError::into_inner);
        list.sort();
        // Whoever asked may be the one who is erased.
        let without = |text: &str| self.redactor.text(text).unwrap_or_else(|| text.to_owned());
        let row = ErasureRow {
            state: "performed".to_owned(),
            terms: None,
            why: without(&row.why),
            requested_by: without(&row.requested_by),
            ended_by: Some(without(&self.by)),
            ended_at: Some(unit.now().micros()),
            documents: Some(documents),
            deliveries: Some(deliveries),
            ledger_index: unit.next_index(),
            ..row
        };
        record(unit, &row, &list).await?;
        Ok(row)
    }
}

/// An erasure that waits.
pub(super) async fn open(unit: &mut Unit, erasure: &str) -> Result<ErasureRow, AppError> {
    let row = erasures::get(unit.tx(), erasure).await?;
    let row = row.ok_or_else(|| AppError::NotFound(format!("there is no erasure {erasure}")))?;
    if row.state == "requested" {
        return Ok(row);
    }
    Err(AppError::Conflict(format!("the erasure {erasure} was {} before", row.state)))
}

/// Ends an erasure with its entry.
pub(super) async fn record(
    unit: &mut Unit,
    row: &ErasureRow,
    list: &[Redacted],
) -> Result<(), AppError> {
    erasures::end(unit.tx(), row).await?;
    let kept = unit.keep_evidence(&list).await?;
    let body = json!({
        "erasure": row.id, "pseudonym": row.pseudonym, "documents": row.documents,
        "deliveries": row.deliveries, "kept": kept,
    });
    let said = json!({ "requested_by": row.requested_by, "by": row.ended_by, "why": row.why });
    unit.record_said(ERASURE, fields(body), Some(said)).await?;
    Ok(())
}

fn unreadable(what: &str, name: &str) -> AppError {
    AppError::internal(what, &name)
}

impl Run<'_> {
    fn count(&self) -> u64 {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    /// Notes that something has other bytes now.
    fn redacted(&self, was: String, now: String) {
        self.list.lock().unwrap_or_else(PoisonError::into_inner).push(Redacted { was, now });
    }

    /// Every document that an entry binds.
    async fn documents(&self, unit: &mut Unit) -> Result<(), AppError> {
        let mut after = String::new();
        loop {
            let page = personal::page(unit.tx(), personal::Kept::Documents, &after, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after.clone_from(last);
            for (digest, body) in page {
                let bytes = zstd::stream::decode_all(body.as_slice())
                    .map_err(|_| unreadable("a document cannot be read", &digest))?;
                let text = String::from_utf8_lossy(&bytes);
                if !self.redactor.may_be_in(&text) {
                    continue;
                }
                let mut document: Document<Json> = serde_json::from_str(&text)
                    .map_err(|_| unreadable("a document cannot be read", &digest))?;
                if self.redactor.json(&mut document.is) {
                    let is = serde_json::to_string(&document.is)
                        .map_err(|_| unreadable("a document cannot be written", &digest))?;
                    let bytes = self.salts.seal(&is).into_bytes();
                    self.redacted(digest.clone(), id::sha256(&bytes));
                    let body = zstd::bulk::compress(&bytes, 3)
                        .map_err(|_| unreadable("a document cannot be written", &digest))?;
                    let of = personal::Kept::Documents;
                    personal::replace(unit.tx(), of, &digest, &body).await?;
                }
            }
        }
    }

    /// The texts of policies. Their digests are those of files in repositories, and have no salt.
    async fn policies(&self, unit: &mut Unit) -> Result<(), AppError> {
        let mut after = String::new();
        loop {
            let page = personal::page(unit.tx(), personal::Kept::Policies, &after, PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after.clone_from(last);
            for (digest, bytes) in page {
                let text = std::str::from_utf8(&bytes).ok();
                if let Some(new) = text.and_then(|text| self.redactor.text(text)) {
                    self.redacted(digest.clone(), id::sha256(new.as_bytes()));
                    let of = personal::Kept::Policies;
                    personal::replace(unit.tx(), of, &digest, new.as_bytes()).await?;
                }
            }
        }
    }

    /// The bodies of deliveries, as they were received.
    async fn bodies(&self, unit: &mut Unit) -> Result<(), AppError> {
        let mut after = String::new();
        loop {
            let page = personal::bodies(unit.tx(), &after, PAGE).await?;
            let Some((last, ..)) = page.last() else { return Ok(()) };
            after.clone_from(last);
            for body in page {
                if let Some((new, now)) = self.body(&body)? {
                    personal::replace_body(unit.tx(), &body.0, &new, &now).await?;
                }
            }
        }
    }

    async fn other_bodies(&self, unit: &mut Unit) -> Result<(), AppError> {
        for body in personal::other_bodies(unit.tx()).await? {
            if let Some((new, now)) = self.body(&body)? {
                let of = (body.0.as_str(), body.2.as_str());
                personal::replace_other(unit.tx(), of, &new, &now).await?;
            }
        }
        Ok(())
    }

    /// A body without the person, with its digest; `None`: there was nothing of them in it.
    fn body(
        &self,
        (delivery, body, sha, salt): &personal::Body,
    ) -> Result<Option<(Vec<u8>, String)>, AppError> {
        let bytes = zstd::stream::decode_all(body.as_slice())
            .map_err(|_| unreadable("the body of a delivery cannot be read", delivery))?;
        let Some(new) = self.redactor.text(&String::from_utf8_lossy(&bytes)) else {
            return Ok(None);
        };
        let now = id::sha256(new.as_bytes());
        // Of a body that was touched before, the list of that erasure tells how its entry binds it.
        let bound = if salt.is_empty() { sha.clone() } else { commitment(salt, sha) };
        self.redacted(self.known.was(bound), now.clone());
        let new = zstd::bulk::compress(new.as_bytes(), LEVEL)
            .map_err(|error| AppError::internal("a body cannot be compressed", &error))?;
        Ok(Some((new, now)))
    }

    /// The texts of a table.
    async fn table(&self, unit: &mut Unit, table: &Personal) -> Result<(), AppError> {
        let of = |key: &[String], text: &str| match table.name {
            "decision" => self.decision(text),
            "aggregate" => self.fold(key.first().map(String::as_str).unwrap_or_default(), text),
            _ => self.redactor.text(text),
        };
        table.rewrite(unit.tx(), of).await?;
        Ok(())
    }

    /// What is kept of a decision is bound by its entry as it stands in the row, salt and all.
    fn decision(&self, text: &str) -> Option<String> {
        if !self.redactor.may_be_in(text) {
            return None;
        }
        let mut kept: Json = serde_json::from_str(text).ok()?;
        if !self.redactor.json(&mut kept) {
            return None;
        }
        let salt = self.salts.salt(text.as_bytes());
        if let Json::Object(fields) = &mut kept {
            fields.retain(|(name, _)| name != "salt");
            fields.insert(0, ("salt".to_owned(), Json::Text(salt)));
        }
        let new = serde_json::to_string(&kept).ok()?;
        self.redacted(self.known.was(id::sha256(text.as_bytes())), id::sha256(new.as_bytes()));
        Some(new)
    }

    /// A fold, in the order that it has by itself: some hold their people sorted.
    fn fold(&self, kind: &str, text: &str) -> Option<String> {
        let new = self.redactor.text(text)?;
        let sorted = match kind {
            "pull_request" => sorted::<PullRequest>(&new),
            "team" => sorted::<Team>(&new),
            _ => None,
        };
        Some(sorted.unwrap_or(new))
    }
}

fn sorted<T: serde::de::DeserializeOwned + serde::Serialize>(text: &str) -> Option<String> {
    let value: T = serde_json::from_str(text).ok()?;
    serde_json::to_string(&value).ok()
}

/// What an entry of an erasure tells, to be recorded again.
pub(in crate::app) struct Again {
    row: ErasureRow,
    list: Vec<Redacted>,
}

impl Again {
    /// As its entry, and what that binds, tell it.
    pub(in crate::app) fn of_entry(
        entry: &Fields<'_>,
        list: Vec<Redacted>,
    ) -> Result<Self, AppError> {
        let row = ErasureRow {
            id: entry.get("erasure")?,
            pseudonym: entry.get("pseudonym")?,
            state: "performed".to_owned(),
            why: entry.get("why")?,
            requested_by: entry.get("requested_by")?,
            ended_by: entry.get("by")?,
            documents: entry.get("documents")?,
            deliveries: entry.get("deliveries")?,
            ..super::new_row(&())?
        };
        Ok(Self { row, list })
    }
}

impl Command for Again {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        self.row.ended_at = Some(unit.now().micros());
        self.row.ledger_index = unit.next_index();
        record(unit, &self.row, &self.list).await
    }
}
