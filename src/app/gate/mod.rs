//! Where a pipeline asks: may this commit go out?
//!
//! A repeated question costs a read: the answer is remembered with the versions of the facts it saw. Everything else
//! gathers the facts anew, decides, and records the decision once. Whatever goes wrong is not a pass.

mod answer;
mod deploy;
mod merge;
mod record;
mod statement;

use std::time::Duration;

use super::{Action, App, AppError, Caller};
use crate::domain::Time;
use crate::policy::State;
use crate::store::decisions;
use crate::store::repositories::Repository;

pub use answer::{
    Answer, Asked, ChangeView, LedgerRef, PolicyDigests, Purpose, Question, default_service,
};
pub use record::Kept;

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
    /// It passes.
    pub pass: bool,
    /// Seconds after which asking again may help.
    pub retry_after: Option<u64>,
}

impl App {
    /// Answers a question of the gate, and holds it for as long as was asked while it is pending.
    pub async fn gate(&self, caller: &Caller, asked: &Asked) -> Result<Told, AppError> {
        let question = asked.question()?;
        let repo = self.repository(&question.repo).await?;
        caller.may(Action::AskGate, Some(&repo.id))?;
        self.canary_holds()?;
        let until = tokio::time::Instant::now() + Duration::from_secs(asked.wait.unwrap_or(0));
        loop {
            let told = self.answer(caller, &repo, &question, asked.nonce.as_deref()).await?;
            let waits = told.retry_after.is_some() && !told.pass;
            if !waits || tokio::time::Instant::now() + AGAIN > until {
                return Ok(told);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn answer(
        &self,
        caller: &Caller,
        repo: &Repository,
        question: &Question,
        nonce: Option<&str>,
    ) -> Result<Told, AppError> {
        let now = self.clock().now();
        let key = record::key(&repo.id, question);
        let holds = |until: Option<i64>| until.is_none_or(|until| now.micros() < until);
        match decisions::recall_at_once(self.db(), &key).await? {
            Some((json, until)) if holds(until) => self.tell(json, until, now, nonce),
            _ => {
                let kept = self.decide_anew(caller, repo, question, &key).await?;
                let until = kept.1.map(Time::micros);
                let json = serde_json::to_string(&kept.0.answer)
                    .map_err(|error| AppError::internal("an answer as JSON", &error))?;
                self.tell(json, until, now, nonce)
            }
        }
    }

    async fn decide_anew(
        &self,
        caller: &Caller,
        repo: &Repository,
        question: &Question,
        key: &str,
    ) -> Result<(Kept, Option<Time>), AppError> {
        let mut record = match &question.purpose {
            Purpose::Merge => self.judge_merge(repo, question).await?,
            Purpose::Deploy { environment, service } => {
                self.judge_deploy(repo, question, environment, service).await?
            }
        };
        key.clone_into(&mut record.question);
        caller.name.clone_into(&mut record.kept.asked_by);
        let holds_until = record.holds_until;
        let kept = self.writer().submit(record).await?;
        Ok((kept, holds_until))
    }

    /// Adds what is of this asking alone: expiry, nonce, statement. The stored answer is an object, so it ends in `}`.
    fn tell(
        &self,
        mut json: String,
        until: Option<i64>,
        now: Time,
        nonce: Option<&str>,
    ) -> Result<Told, AppError> {
        let pass = json.starts_with("{\"pass\":true");
        let end = (now.micros() + EXPIRES).min(until.unwrap_or(i64::MAX));
        let expires = Time::from_micros(end).unwrap_or(now);
        let retry_after = waits(&json).then_some(RETRY_AFTER);
        json.pop();
        json.push_str(&format!(",\"expires_at\":\"{expires}\""));
        if let Some(seconds) = retry_after {
            json.push_str(&format!(",\"retry_after\":{seconds}"));
        }
        if let Some(nonce) = nonce {
            let whole = format!("{json}}}");
            let answer: Answer = serde_json::from_str(&whole)
                .map_err(|error| AppError::internal("an answer cannot be read", &error))?;
            let envelope = statement::sign(&answer, nonce, now, expires, self.signer().key());
            let text = |value: &dyn erased::Json| value.json();
            json.push_str(&format!(
                ",\"nonce\":{},\"statement\":{}",
                text(&nonce)?,
                text(&envelope)?
            ));
        }
        json.push('}');
        Ok(Told { json, pass, retry_after })
    }
}

/// Whether the state in a stored answer is one that time or people may change soon.
fn waits(json: &str) -> bool {
    let state = |state: State| json.contains(&format!("\"state\":\"{state}\""));
    let head = json.get(..60).unwrap_or(json);
    let _ = head;
    [State::Pending, State::Stale, State::Error, State::UnknownCommit].into_iter().any(state)
}
