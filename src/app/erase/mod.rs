//! Erasing a person's data (sem 10). What entries bind by digest stands beside the ledger, each document with a salt: it
//! can be rewritten, and every proof still verifies. The list of what was rewritten, with the digests before and after, is
//! bound by an entry of its own, so that what is left is bound as well.
//!
//! Two people do it: one asks, and is shown what will be looked for; another one agrees to exactly that. Who is still named
//! by the organisation file cannot be erased: every decision from then on would name them again.

mod bound;
mod find;
mod json;
mod perform;
mod redact;
mod terms;

pub(crate) use self::bound::{Redactions, document};
pub(super) use self::perform::Again;
pub use self::terms::Terms;

use serde_json::{Value, json};

use self::perform::Perform;
use self::redact::Redactor;
use super::overrides::reason;
use super::rebuild::Fields;
use super::{Action, App, AppError, Caller, Command, Unit, fields};
use crate::domain::{Time, id};
use crate::store::erasures::{self, ErasureRow};

/// An erasure to ask for.
#[derive(Debug, Clone, Default)]
pub struct ErasureRequest {
    /// The person, as pages name them: the name in the organisation file, or the login.
    pub person: String,
    /// Other names and addresses of theirs.
    pub also: Vec<String>,
    /// What was found and is not theirs.
    pub except: Vec<String>,
    /// Why.
    pub reason: String,
}

/// An erasure as pages and programs see it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ErasureView {
    /// `era_…`.
    pub erasure: String,
    /// `requested`, `performed` or `withdrawn`.
    pub state: String,
    /// What stands, or will stand, in place of the names.
    pub pseudonym: String,
    /// Whom it names; none once it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
    /// Why.
    pub why: String,
    /// Who asked for it.
    pub requested_by: String,
    /// When.
    pub requested_at: Option<Time>,
    /// Who agreed, or withdrew it.
    pub ended_by: Option<String>,
    /// When.
    pub ended_at: Option<Time>,
    /// How many documents name the person no more.
    pub documents: Option<u64>,
    /// How many bodies of deliveries name the person no more.
    pub deliveries: Option<u64>,
    /// The entry that says how it stands.
    pub ledger_index: u64,
}

impl From<ErasureRow> for ErasureView {
    fn from(row: ErasureRow) -> Self {
        Self {
            erasure: row.id,
            state: row.state,
            pseudonym: row.pseudonym,
            terms: row.terms.and_then(|terms| serde_json::from_str(&terms).ok()),
            why: row.why,
            requested_by: row.requested_by,
            requested_at: Time::from_micros(row.requested_at),
            ended_by: row.ended_by,
            ended_at: row.ended_at.and_then(Time::from_micros),
            documents: row.documents,
            deliveries: row.deliveries,
            ledger_index: row.ledger_index,
        }
    }
}

/// Asking for an erasure.
pub(super) struct Request {
    row: ErasureRow,
}

impl Request {
    /// As its entry, and what that binds, tell it.
    pub(super) fn of_entry(entry: &Fields<'_>) -> Result<Self, AppError> {
        // As they stand there, also where a person was erased from them and several became the same.
        let terms: Value = entry.get("terms")?;
        let row = ErasureRow {
            id: entry.get("erasure")?,
            pseudonym: entry.get("pseudonym")?,
            why: entry.get("why")?,
            requested_by: entry.get("by")?,
            ..new_row(&terms)?
        };
        Ok(Self { row })
    }
}

fn new_row(terms: &impl serde::Serialize) -> Result<ErasureRow, AppError> {
    let terms = serde_json::to_string(terms);
    Ok(ErasureRow {
        id: String::new(),
        pseudonym: String::new(),
        state: "requested".to_owned(),
        terms: Some(terms.map_err(|error| AppError::internal("terms as JSON", &error))?),
        why: String::new(),
        requested_by: String::new(),
        requested_at: 0,
        ended_by: None,
        ended_at: None,
        documents: None,
        deliveries: None,
        ledger_index: 0,
    })
}

impl Command for Request {
    type Out = ErasureRow;

    async fn run(&mut self, unit: &mut Unit) -> Result<ErasureRow, AppError> {
        let row = &mut self.row;
        row.requested_at = unit.now().micros();
        row.ledger_index = unit.next_index();
        erasures::put(unit.tx(), row).await?;
        let terms: Option<Value> =
            row.terms.as_ref().and_then(|terms| serde_json::from_str(terms).ok());
        let said = json!({ "by": row.requested_by, "why": row.why, "terms": terms });
        let body = fields(json!({ "erasure": row.id, "pseudonym": row.pseudonym }));
        unit.record_said("erasure.requested", body, Some(said)).await?;
        Ok(row.clone())
    }
}

/// Taking back what was asked for.
pub(super) struct Withdraw {
    erasure: String,
    by: String,
}

impl Withdraw {
    /// As its entry, and what that binds, tell it.
    pub(super) fn of_entry(entry: &Fields<'_>) -> Result<Self, AppError> {
        Ok(Self { erasure: entry.get("erasure")?, by: entry.get("by")? })
    }
}

impl Command for Withdraw {
    type Out = ErasureRow;

    async fn run(&mut self, unit: &mut Unit) -> Result<ErasureRow, AppError> {
        let row = ErasureRow {
            state: "withdrawn".to_owned(),
            terms: None,
            ended_by: Some(self.by.clone()),
            ended_at: Some(unit.now().micros()),
            ledger_index: unit.next_index(),
            ..perform::open(unit, &self.erasure).await?
        };
        erasures::end(unit.tx(), &row).await?;
        let body = fields(json!({ "erasure": row.id }));
        let said = json!({ "by": self.by });
        unit.record_said("erasure.withdrawn", body, Some(said)).await?;
        Ok(row)
    }
}

/// Eight random hexadecimal digits, and a number that no source gives to an account.
fn random() -> Result<(String, u64), AppError> {
    let mut bytes = [0; 12];
    getrandom::fill(&mut bytes)
        .map_err(|error| AppError::internal("the system gives no random bytes", &error))?;
    let [a, b, c, d, rest @ ..] = bytes;
    let number = u64::from_be_bytes(rest) % 1_000_000_000_000_000 + 8_000_000_000_000_000;
    Ok((format!("{:08x}", u32::from_be_bytes([a, b, c, d])), number))
}

/// Salting by a secret that is known.
struct SaltBy([u8; 32]);

impl Command for SaltBy {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        unit.set_secret(self.0).await.map(|_| ())
    }
}

impl App {
    /// Salts documents by a secret that is no secret: for the demonstration, which is the same everywhere and of nobody.
    pub(crate) async fn salt_by(&self, secret: [u8; 32]) -> Result<(), AppError> {
        self.writer().submit(SaltBy(secret)).await
    }

    /// Asks for the erasure of a person's data, and says what will be looked for. Only a signed-in administrator may.
    pub async fn request_erasure(
        &self,
        caller: &Caller,
        request: ErasureRequest,
    ) -> Result<ErasureView, AppError> {
        caller.may_in_person(Action::Administer)?;
        let why = reason(&request.reason, "a person is erased")?;
        let terms = self.terms_of(&request).await?;
        let (digits, _) = random()?;
        let row = ErasureRow {
            id: id::derived("era", &[&digits, &self.clock().now().to_string()]),
            pseudonym: format!("person-{digits}"),
            why,
            requested_by: caller.name.clone(),
            ..new_row(&terms)?
        };
        Ok(self.writer().submit(Request { row }).await?.into())
    }

    /// Agrees to an erasure that somebody else asked for, and does it. What was erased cannot be brought back.
    pub async fn agree_to_erasure(
        &self,
        caller: &Caller,
        erasure: &str,
    ) -> Result<ErasureView, AppError> {
        caller.may_in_person(Action::Administer)?;
        let row = self.erasure(erasure).await?;
        if row.requested_by.eq_ignore_ascii_case(&caller.name) {
            return Err(AppError::Forbidden(format!(
                "{} asked for this erasure; another administrator has to agree",
                caller.name
            )));
        }
        let wrong = |error: &dyn std::fmt::Display| {
            AppError::internal("the terms of an erasure cannot be read", error)
        };
        let terms: Terms =
            serde_json::from_str(row.terms.as_deref().unwrap_or("{}")).map_err(|error| {
                AppError::Conflict(format!(
                    "the erasure {erasure} was {} before ({error})",
                    row.state
                ))
            })?;
        let (_, number) = random()?;
        let redactor =
            Redactor::new(&terms, &row.pseudonym, number).map_err(|error| wrong(&error))?;
        self.is_not_in_the_organisation(&redactor)?;
        let person = terms.person.clone();
        let (erasure, by) = (row.id, caller.name.clone());
        let done = self.writer().submit(Perform { erasure, person, by, redactor }).await?;
        if let Err(error) = self.db().scrub().await {
            return Err(AppError::Unavailable(format!(
                "{} was erased (entry {}), but free pages of the database still hold what was there ({error}): make room, \
                 then run `countersign erasure scrub`",
                done.pseudonym, done.ledger_index
            )));
        }
        Ok(done.into())
    }

    /// Takes what was overwritten out of the database's files, as an erasure does at its end.
    pub async fn scrub(&self, caller: &Caller) -> Result<(), AppError> {
        caller.may(Action::Administer, None)?;
        Ok(self.db().scrub().await?)
    }

    /// Withdraws an erasure that was asked for.
    pub async fn withdraw_erasure(
        &self,
        caller: &Caller,
        erasure: &str,
    ) -> Result<ErasureView, AppError> {
        caller.may_in_person(Action::Administer)?;
        let (erasure, by) = (erasure.to_owned(), caller.name.clone());
        Ok(self.writer().submit(Withdraw { erasure, by }).await?.into())
    }

    /// A document that an entry binds by this digest, with its salt: who and why, facts, judgements. SHA-256 over it is the
    /// digest, unless a person was erased from it; then it is what the erasure's entry binds.
    pub async fn document(&self, caller: &Caller, digest: &str) -> Result<Vec<u8>, AppError> {
        caller.may(Action::Read, None)?;
        let mut tx = self.db().read().await?;
        let erased = Redactions::read(&mut tx).await?;
        document(&mut tx, &erased, digest).await
    }

    /// All erasures. Whom one names is shown to administrators alone.
    pub async fn erasures(&self, caller: &Caller) -> Result<Vec<ErasureView>, AppError> {
        caller.may(Action::Read, None)?;
        let shown = caller.may(Action::Administer, None).is_ok();
        let rows = erasures::all(&mut self.db().read().await?).await?;
        let view = |row| {
            let view = ErasureView::from(row);
            ErasureView { terms: view.terms.clone().filter(|_| shown), ..view }
        };
        Ok(rows.into_iter().map(view).collect())
    }

    async fn erasure(&self, erasure: &str) -> Result<ErasureRow, AppError> {
        let row = erasures::get(&mut self.db().read().await?, erasure).await?;
        row.ok_or_else(|| AppError::NotFound(format!("there is no erasure {erasure}")))
    }

    /// Refuses while the organisation file in force names the person.
    fn is_not_in_the_organisation(&self, redactor: &Redactor) -> Result<(), AppError> {
        let layer = self.organisation();
        for (_, bytes) in layer.bytes() {
            let text = String::from_utf8_lossy(&bytes);
            let named = text.lines().position(|line| redactor.text(line).is_some());
            if let Some(line) = named {
                return Err(AppError::Conflict(format!(
                    "line {} of the organisation file names the person: take them out first, or everything that is \
                     decided from now on names them again",
                    line + 1
                )));
            }
        }
        Ok(())
    }
}
