//! A delivery arrives: checked, kept raw, understood, applied, written to the ledger; answered after the commit.
//!
//! Checking, compressing and understanding happen in the caller's task; only rows go through the one writer.
//! What cannot be understood or applied is kept all the same and set aside, because a forge does not send it again.

use std::collections::BTreeMap;

use super::{App, AppError, Command, Unit, fields, project};
use crate::config;
use crate::domain::{Time, id};
use crate::integrations::{self, Headers, Interest, Normalised, Signature, SourceKind};
use crate::ledger::sealed::commitment;
use crate::store::deliveries::{self, DeliveryState, NewDelivery};
use crate::store::{self};

/// Compression of raw bodies: the fastest level; JSON of webhooks shrinks to a sixth all the same.
const LEVEL: i32 = 1;
/// How often a delivery that was set aside is tried again before it waits for a person.
pub(crate) const TRIES: u64 = 5;

/// A message at the door.
#[derive(Debug, Clone)]
pub struct Received {
    /// The source's id, from the address.
    pub source: String,
    /// Its headers.
    pub headers: Headers,
    /// Exactly the bytes received.
    pub body: Vec<u8>,
}

/// What became of it. Said only after the commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// It is kept: its id, and what became of it.
    Kept(String, DeliveryState),
    /// The same bytes under the same id are kept already.
    Duplicate(String),
    /// Other bytes are kept under this id; these are kept beside them and applied nowhere (X50).
    Conflict(String),
}

impl App {
    /// Takes a delivery in.
    pub async fn receive(&self, received: Received) -> Result<Receipt, AppError> {
        let source = self.config().source(&received.source).ok_or_else(|| {
            AppError::NotFound(format!(
                "there is no source `{}` here; the configuration's [[source]] ids are the addresses",
                received.source
            ))
        })?;
        let secret = source
            .secret
            .resolve()
            .map_err(|error| AppError::internal("a source's secret cannot be read", &error))?;
        let kind = spoken(source.kind)?;
        let secret = secret.expose().as_bytes();
        let signature = integrations::verify(kind, secret, &received.headers, &received.body);
        if signature != Signature::Valid {
            self.refuse(&received, signature).await?;
            return Err(AppError::Forbidden(signature.to_string()));
        }
        let meta = integrations::delivery_meta(kind, &received.headers, &received.body);
        let understood = integrations::normalise(kind, &meta.event, &received.body)
            .map_err(|refusal| refusal.to_string());
        let body_sha256 = id::sha256(&received.body);
        let command = KeepDelivery {
            bound: String::new(),
            delivery: NewDelivery {
                id: id::derived("dlv", &[&received.source, &meta.key]),
                source: received.source.clone(),
                key: meta.key,
                event: meta.event,
                action: understood.as_ref().ok().and_then(|said| said.action.clone()),
                headers: kept_headers(&received.headers),
                body: zstd::bulk::compress(&received.body, LEVEL)
                    .map_err(|error| AppError::internal("a body cannot be compressed", &error))?,
                body_size: received.body.len() as u64,
                body_sha256,
                salt: Vec::new(),
                received_at: self.clock().now(),
            },
            understood,
            applying: false,
            failed: None,
        };
        self.keep(command).await
    }

    /// Keeps it; after an ambiguous commit looks the key up before it answers (sem 11.8).
    async fn keep(&self, command: KeepDelivery) -> Result<Receipt, AppError> {
        let (delivery, sha) = (command.delivery.id.clone(), command.delivery.body_sha256.clone());
        match self.writer().submit(command).await {
            // Where it cannot be looked up either, it stays unknown.
            Err(AppError::Ambiguous) => match self.kept_sha(&delivery).await {
                Ok(Some(kept)) if kept == sha => Ok(Receipt::Duplicate(delivery)),
                _ => Err(AppError::Ambiguous),
            },
            other => other,
        }
    }

    async fn kept_sha(&self, delivery: &str) -> Result<Option<String>, AppError> {
        let mut tx = self.db().read().await?;
        Ok(deliveries::sha(&mut tx, delivery).await?)
    }

    /// Counts a delivery that is refused at the door: bounded, applied nowhere.
    async fn refuse(&self, received: &Received, reason: Signature) -> Result<(), AppError> {
        self.writer()
            .submit(CountRefused {
                source: received.source.clone(),
                reason: format!("{reason:?}").to_lowercase(),
                sha256: id::sha256(&received.body),
            })
            .await
    }

    /// Tries a delivery that was set aside once more.
    pub(crate) async fn retry_delivery(&self, delivery: &str) -> Result<(), AppError> {
        let mut tx = self.db().read().await?;
        let Some(raw) = deliveries::raw(&mut tx, delivery).await? else {
            return Err(AppError::NotFound(format!("there is no delivery `{delivery}`")));
        };
        drop(tx);
        let command =
            ApplyAgain { delivery: delivery.to_owned(), said: self.understand(&raw)?, raw };
        self.writer().submit(command).await
    }

    /// What a kept delivery says.
    pub(crate) fn understand(
        &self,
        raw: &deliveries::Raw,
    ) -> Result<Result<Normalised, String>, AppError> {
        let Some(source) = self.config().source(&raw.source) else {
            return Ok(Err(format!("the source `{}` is not configured any more", raw.source)));
        };
        let body = zstd::stream::decode_all(raw.body.as_slice())
            .map_err(|error| AppError::internal("a kept body cannot be read", &error))?;
        Ok(integrations::normalise(spoken(source.kind)?, &raw.event, &body)
            .map_err(|refusal| refusal.to_string()))
    }
}

/// The protocol of a configured source.
fn spoken(kind: config::SourceKind) -> Result<SourceKind, AppError> {
    match kind {
        config::SourceKind::Github => Ok(SourceKind::GitHub),
        config::SourceKind::Jira => Ok(SourceKind::Jira),
        other => Err(AppError::Invalid(format!(
            "sources of kind {other:?} are not understood yet: github and jira are"
        ))),
    }
}

/// Headers as JSON, without what would be a secret at rest.
fn kept_headers(headers: &Headers) -> String {
    let secret = |name: &str| matches!(name, "authorization" | "cookie" | "x-gitlab-token");
    let kept: BTreeMap<&str, &str> = headers.pairs().filter(|(name, _)| !secret(name)).collect();
    serde_json::to_string(&kept).unwrap_or_else(|_| "{}".to_owned())
}

pub(super) struct KeepDelivery {
    /// What its entry says of the body: the commitment to its digest. Made when it is kept first.
    bound: String,
    delivery: NewDelivery,
    understood: Result<Normalised, String>,
    applying: bool,
    /// Why it could not be applied at the first try: then it is kept and set aside.
    failed: Option<AppError>,
}

impl KeepDelivery {
    /// As it was kept before. `failed`: why it could not be applied then.
    pub(super) fn of_kept(
        delivery: NewDelivery,
        bound: String,
        understood: Result<Normalised, String>,
        failed: Option<String>,
    ) -> Self {
        let failed = failed.map(AppError::Invalid);
        Self { delivery, bound, understood, applying: false, failed }
    }
}

impl Command for KeepDelivery {
    type Out = Receipt;

    /// Keeps and applies in one savepoint; if applying fails, all is taken back and it runs [`again`](Self::again).
    async fn run(&mut self, unit: &mut Unit) -> Result<Receipt, AppError> {
        if self.bound.is_empty() {
            let (delivery, sha) = (&self.delivery.id, &self.delivery.body_sha256);
            let salt = unit.salt_bytes(&format!("{delivery} {sha}")).await?;
            self.bound = commitment(&salt, sha);
            self.delivery.salt = salt;
        }
        let (state, why) = match &self.failed {
            Some(error) => (DeliveryState::SetAside, Some(error.to_string())),
            None => first_state(&self.understood),
        };
        let index = unit.next_index();
        if !deliveries::keep(unit.tx(), &self.delivery, state, why.as_deref(), index).await? {
            return self.known(unit).await;
        }
        let (source, at) = (self.delivery.source.as_str(), self.delivery.received_at);
        unit.count_delivery(source, at, state);
        unit.record("delivery", self.entry(state))?;
        let delivery = self.delivery.id.clone();
        if let Some(error) = &self.failed {
            try_again(unit, &delivery, error).await?;
        } else if let Ok(said) = &self.understood {
            self.applying = true;
            project::apply(unit, source, &said.events, at).await?;
        }
        Ok(Receipt::Kept(delivery, state))
    }

    fn again(&mut self, error: &AppError) -> bool {
        let again = self.applying && self.failed.is_none();
        self.failed = Some(error.clone());
        again
    }
}

impl KeepDelivery {
    /// Something is kept under this id already: the same bytes, or others.
    async fn known(&self, unit: &mut Unit) -> Result<Receipt, AppError> {
        let delivery = self.delivery.id.clone();
        if deliveries::sha(unit.tx(), &delivery).await?.as_ref() == Some(&self.delivery.body_sha256)
        {
            return Ok(Receipt::Duplicate(delivery));
        }
        let index = unit.next_index();
        if deliveries::keep_conflict(unit.tx(), &self.delivery, index).await? {
            unit.record(
                "delivery.conflict",
                fields(serde_json::json!({
                    "delivery": delivery, "source": self.delivery.source, "key": self.delivery.key,
                    "body": self.bound, "size": self.delivery.body_size,
                })),
            )?;
            self.open_exception(unit, &delivery).await?;
        }
        Ok(Receipt::Conflict(delivery))
    }

    async fn open_exception(&self, unit: &mut Unit, delivery: &str) -> Result<(), AppError> {
        let exception = store::exceptions::ExceptionRow {
            id: id::derived("exc", &["X50", "1", delivery]),
            kind: "X50".to_owned(),
            severity: "high".to_owned(),
            subject: format!("delivery:{delivery}"),
            opened_at: unit.now().micros(),
            state: "open".to_owned(),
            body: serde_json::json!({
                "title": "One delivery id came with two bodies",
                "why": format!("{} sent {} twice with different bytes", self.delivery.source, self.delivery.key),
                "rule_version": 1,
                "evidence": [self.delivery.body_sha256],
            })
            .to_string(),
        };
        if store::exceptions::open(unit.tx(), &exception).await? {
            let body = serde_json::json!({
                "exception": exception.id, "rule": "X50", "rule_version": 1, "subject": exception.subject,
            });
            unit.record("exception.opened", fields(body))?;
        }
        Ok(())
    }

    fn entry(&self, state: DeliveryState) -> serde_json::Map<String, serde_json::Value> {
        let facts: Vec<String> = self
            .understood
            .iter()
            .flat_map(|said| &said.events)
            .map(|event| integrations::told_of(event, &self.delivery.source))
            .collect();
        fields(serde_json::json!({
            "delivery": self.delivery.id,
            "source": self.delivery.source,
            "key": self.delivery.key,
            "event": self.delivery.event,
            "action": self.delivery.action,
            "body": self.bound,
            "size": self.delivery.body_size,
            "received_at": self.delivery.received_at,
            "state": state.as_str(),
            "facts": facts,
        }))
    }
}

fn first_state(understood: &Result<Normalised, String>) -> (DeliveryState, Option<String>) {
    match understood {
        Ok(said) => match &said.interest {
            Interest::Applied => (DeliveryState::Applied, None),
            Interest::None(why) => (DeliveryState::NoInterest, Some(why.clone())),
        },
        Err(why) => (DeliveryState::SetAside, Some(why.clone())),
    }
}

/// Asks for a delivery that is set aside to be tried again.
async fn try_again(unit: &mut Unit, delivery: &str, error: &AppError) -> Result<(), AppError> {
    unit.enqueue("delivery", delivery, unit.now().micros());
    let body = fields(serde_json::json!({ "delivery": delivery }));
    let said = serde_json::json!({ "why": error.to_string() });
    unit.record_said("delivery.set_aside", body, Some(said)).await?;
    Ok(())
}

pub(super) struct ApplyAgain {
    delivery: String,
    raw: deliveries::Raw,
    said: Result<Normalised, String>,
}

impl ApplyAgain {
    /// As it was tried before.
    pub(super) fn of_kept(
        delivery: String,
        raw: deliveries::Raw,
        said: Result<Normalised, String>,
    ) -> Self {
        Self { delivery, raw, said }
    }
}

impl Command for ApplyAgain {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let said = match &self.said {
            Ok(said) => said,
            Err(why) => return self.park(unit, why).await,
        };
        let at: Time = self.raw.received_at;
        let source = self.raw.source.as_str();
        project::apply(unit, source, &said.events, at).await?;
        let (state, why) = first_state(&self.said);
        deliveries::set_state(unit.tx(), &self.delivery, state, why.as_deref()).await?;
        let body = serde_json::json!({ "delivery": self.delivery, "state": state.as_str() });
        unit.record("delivery.applied", fields(body))?;
        Ok(())
    }
}

impl ApplyAgain {
    /// What cannot be read will not become readable by waiting.
    async fn park(&self, unit: &mut Unit, why: &str) -> Result<(), AppError> {
        let state = DeliveryState::Parked;
        deliveries::set_state(unit.tx(), &self.delivery, state, Some(why)).await?;
        let body = fields(serde_json::json!({ "delivery": self.delivery }));
        let said = serde_json::json!({ "why": why });
        unit.record_said("delivery.parked", body, Some(said)).await?;
        Ok(())
    }
}

struct CountRefused {
    source: String,
    reason: String,
    sha256: String,
}

impl Command for CountRefused {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let now = unit.now();
        Ok(deliveries::count_refused(unit.tx(), &self.source, &self.reason, now, &self.sha256)
            .await?)
    }
}
