//! Where a pipeline asks: may this commit go out?
//!
//! A repeated question costs a read: the answer is remembered with the versions of the facts it saw. Everything else
//! gathers the facts anew, decides, and records the decision once. Whatever goes wrong is not a pass.

mod again;
mod answer;
mod deploy;
mod group;
mod merge;
mod record;
mod statement;

use std::time::Duration;

use super::access::hash_of;
use super::{Action, App, AppError, Caller};
use crate::domain::Time;
use crate::ledger::statement::Envelope;
use crate::policy::State;
use crate::store::decisions;
use crate::store::repositories::Repository;

pub(crate) use again::{Again, again};
pub(crate) use answer::named;
pub use answer::{
    Answer, Asked, ChangeView, LedgerRef, PolicyDigests, Purpose, Question, default_service,
};
pub use record::Kept;
pub(crate) use record::Record;
pub use statement::{PAYLOAD_TYPE, PREDICATE_TYPE};

/// How long an answer may be used (contract: at most ten minutes).
const EXPIRES: i64 = 10 * 60 * 1_000_000;
/// How often a held question is asked again.
const AGAIN: Duration = Duration::from_millis(500);
/// What a pipeline is told to wait before it asks again, in seconds.
const RETRY_AFTER: u64 = 15;

/// An answer as it goes out, with what is of this asking alone.
#[derive(Debug, Clone)]
pub struct Told {
    /// The answer, JSON, with expiry, nonce and statement.
    pub json: String,
    /// The state.
    pub state: State,
    /// Whether the pipeline may go on: the decision passes, or the rollout sets its no aside.
    pub pass: bool,
    /// Seconds after which asking again may help; `None`: it passes, or needs a new commit.
    pub retry_after: Option<u64>,
}

/// An answer before it is told: its JSON, its state, whether it passes, until when it holds.
struct Held {
    json: String,
    state: State,
    pass: bool,
    until: Option<Time>,
}

impl Held {
    /// Whether asking again may turn it into a pass without a new commit.
    fn waits(&self) -> bool {
        !self.pass && waits(self.state)
    }
}

impl App {
    /// Answers a question of the gate, and holds it for as long as was asked while it is pending.
    pub async fn gate(&self, caller: &Caller, asked: &Asked) -> Result<Told, AppError> {
        let question = asked.question()?;
        let repo = self.repository(&question.repo).await?;
        caller.may(Action::AskGate, Some(&repo.id))?;
        self.canary_holds()?;
        self.facts_move().await?;
        let until = tokio::time::Instant::now() + Duration::from_secs(asked.wait.unwrap_or(0));
        loop {
            let held = self.answer(caller, &repo, &question).await?;
            if !held.waits() || tokio::time::Instant::now() + AGAIN > until {
                return self.tell(held, asked.nonce.as_deref());
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// While nothing can be kept, no decision is recorded and facts stand still: a veto may have come and been refused. So
    /// no remembered answer is told either.
    async fn facts_move(&self) -> Result<(), AppError> {
        if let Some(reason) = self.writer().closed() {
            return Err(AppError::ReadOnly(reason.to_owned()));
        }
        self.writer().keeps().await
    }

    /// Answers a question of the bearer of a token. What was answered before and still holds costs one statement, with
    /// the token and the repository in it, so a token that was revoked is refused at once; all else goes the long way.
    pub async fn gate_of_token(&self, secret: &str, asked: &Asked) -> Result<Told, AppError> {
        if let Some(held) = self.told_before(secret, asked).await? {
            return self.tell(held, asked.nonce.as_deref());
        }
        let caller = self.caller_of_token(secret).await?;
        self.gate(&caller, asked).await
    }

    /// `None`: anything is not as usual.
    async fn told_before(&self, secret: &str, asked: &Asked) -> Result<Option<Held>, AppError> {
        let Ok(question) = asked.question() else { return Ok(None) };
        let (hash, rest) = (hash_of(secret), record::rest(&question));
        let Some(found) = decisions::told(self.db(), &hash, &question.repo, &rest).await? else {
            return Ok(None);
        };
        let caller = self.caller_of(found.token)?;
        if caller.is_none_or(|caller| caller.may(Action::AskGate, Some(&found.repo)).is_err()) {
            return Ok(None);
        }
        self.canary_holds()?;
        self.facts_move().await?;
        let held = self.still_holds(found.recalled);
        // Who is ready to wait for another answer goes where waiting is done.
        Ok(held.filter(|held| asked.wait.is_none() || !held.waits()))
    }

    /// A remembered answer, unless its time is over.
    fn still_holds(&self, recalled: decisions::Recalled) -> Option<Held> {
        let (json, until, state, pass) = recalled;
        let (until, pass) = (until.and_then(Time::from_micros), pass != 0);
        let state = State::ALL.into_iter().find(|known| known.as_str() == state)?;
        let now = self.clock().now();
        until.is_none_or(|until| now < until).then_some(Held { json, state, pass, until })
    }

    /// The remembered answer, or a new one.
    async fn answer(
        &self,
        caller: &Caller,
        repo: &Repository,
        question: &Question,
    ) -> Result<Held, AppError> {
        let key = record::key(&repo.id, question);
        let recalled = decisions::recall(self.db(), &key).await?;
        if let Some(held) = recalled.and_then(|recalled| self.still_holds(recalled)) {
            return Ok(held);
        }
        // On the heap: a remembered answer need not carry the room for a new one.
        let mut record = match &question.purpose {
            Purpose::Merge => Box::pin(self.judge_merge(repo, question)).await?,
            Purpose::Deploy { environment, service } => {
                Box::pin(self.judge_deploy(repo, question, environment, service)).await?
            }
        };
        key.clone_into(&mut record.question);
        caller.name.clone_into(&mut record.kept.asked_by);
        record.kept.resource = self.resource(repo);
        let until = record.holds_until;
        let kept = self.writer().submit(record).await?;
        let json = serde_json::to_string(&kept.answer)
            .map_err(|error| AppError::internal("an answer as JSON", &error))?;
        Ok(Held { json, state: kept.answer.state, pass: kept.answer.pass, until })
    }

    /// Adds what is of this asking alone: expiry, and with a nonce the signed statement. The answer is a JSON
    /// object, so its text ends in `}`, and a repeated question need not be read to be answered.
    fn tell(&self, held: Held, nonce: Option<&str>) -> Result<Told, AppError> {
        let retry_after = held.waits().then_some(RETRY_AFTER);
        let Held { mut json, state, pass, until } = held;
        let now = self.clock().now();
        let latest = Time::from_micros(now.micros() + EXPIRES).unwrap_or(now);
        let expires = until.map_or(latest, |until| until.min(latest));
        let statement = match nonce {
            None => None,
            Some(nonce) => {
                let answer: Answer = serde_json::from_str(&json)
                    .map_err(|error| AppError::internal("an answer cannot be read", &error))?;
                Some((nonce, statement::sign(&answer, nonce, (now, expires), &self.signer().key())))
            }
        };
        let own = Own { expires_at: expires, retry_after, statement };
        json.pop();
        json.push(',');
        json.push_str(own.fields()?.trim_start_matches('{'));
        Ok(Told { json, state, pass, retry_after })
    }
}

/// What is of one asking alone.
struct Own<'a> {
    expires_at: Time,
    retry_after: Option<u64>,
    statement: Option<(&'a str, Envelope)>,
}

impl Own<'_> {
    fn fields(&self) -> Result<String, AppError> {
        let mut fields = serde_json::Map::new();
        fields.insert("expires_at".to_owned(), self.expires_at.to_string().into());
        if let Some(seconds) = self.retry_after {
            fields.insert("retry_after".to_owned(), seconds.into());
        }
        if let Some((nonce, envelope)) = &self.statement {
            fields.insert("nonce".to_owned(), (*nonce).into());
            let envelope = serde_json::to_value(envelope)
                .map_err(|error| AppError::internal("a statement as JSON", &error))?;
            fields.insert("statement".to_owned(), envelope);
        }
        serde_json::to_string(&fields).map_err(|error| AppError::internal("fields as JSON", &error))
    }
}

/// Whether asking again may give another answer without a new commit.
fn waits(state: State) -> bool {
    matches!(
        state,
        State::Pending | State::Stale | State::Rejected | State::Error | State::UnknownCommit
    )
}
