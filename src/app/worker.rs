//! Work after the commit: fetching, judging, attributing, retrying, signing. Never inside the writer's transaction.
//!
//! A job is idempotent and named by what it does to what, so it is queued once. One that fails is tried again, ever later;
//! after a few tries it is parked and waits for a person, and never stops the others, nor a restart (sem 11.10).

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::watch;

use super::{App, AppError, Caller, Command, Unit, intake};
use crate::store::jobs::{self, Job};

/// How long to sleep when nothing is due.
const IDLE: Duration = Duration::from_millis(200);
/// How long to wait while nothing can be kept.
const BROKEN: Duration = Duration::from_secs(1);
/// How often the organisation file, the canary and the like are looked at.
const TICK: Duration = Duration::from_secs(5);
/// How often the members of the teams that back roles are read, beside every delivery about them: two questions a team,
/// of the 5,000 an hour that GitHub allows.
const ROSTERS: Duration = Duration::from_mins(5);
/// How often it is looked whether a full verification is due.
const LOOK_AGAIN: Duration = Duration::from_mins(1);
/// Tries before a job is parked.
const TRIES: u64 = 8;

struct Claim;

impl Command for Claim {
    type Out = Option<Job>;

    async fn run(&mut self, unit: &mut Unit) -> Result<Option<Job>, AppError> {
        let now = unit.now().micros();
        Ok(jobs::claim(unit.tx(), now).await?)
    }
}

/// What came of looking for a job.
enum Round {
    /// One was done, well or not.
    Done,
    /// None is due.
    Idle,
    /// The database did not keep what became of one.
    Doubtful,
}

enum Ending {
    Done,
    Retry(String),
    Park(String),
}

struct Finish {
    job: Job,
    ending: Ending,
}

impl Command for Finish {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let now = unit.now().micros();
        match &self.ending {
            Ending::Done => jobs::done(unit.tx(), &self.job.id, now).await?,
            Ending::Retry(error) => {
                // 1 s, 2 s, 4 s, … two minutes at the most.
                let wait = 1_000_000_i64 << self.job.attempts.min(7);
                jobs::retry(unit.tx(), &self.job.id, now + wait, error).await?;
            }
            Ending::Park(error) => jobs::park(unit.tx(), &self.job.id, error).await?,
        }
        Ok(())
    }
}

struct Recover;

impl Command for Recover {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        Ok(jobs::recover(unit.tx()).await?)
    }
}

/// Asks for a fetch of every repository: a mirror may have lost with the power what was fetched last, and deliveries that
/// came while the service was down say nothing any more.
struct FetchAll(Vec<String>);

impl Command for FetchAll {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        let now = unit.now().micros();
        for repository in &self.0 {
            unit.enqueue("fetch", repository, now);
        }
        Ok(())
    }
}

impl App {
    /// Does work until the service stops. What is done by the clock goes on beside a job and never breaks one off.
    pub async fn work(&self, mut stop: watch::Receiver<bool>) {
        if let Err(error) = self.writer().submit(Recover).await {
            tracing::warn!(%error, "jobs of the last run could not be taken up");
        }
        let all = self.config().repositories.iter();
        let all = all.map(|one| super::project::repository_id(&one.source, &one.name)).collect();
        if let Err(error) = self.writer().submit(FetchAll(all)).await {
            tracing::warn!(%error, "mirrors could not be asked for");
        }
        if self.writer().closed().is_some() {
            // Nothing may be written, so there is no work; why was said at start.
            let _ = stop.wait_for(|stop| *stop).await;
            return;
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.keep_time() => {}
            () = self.keep_working() => {}
            () = self.keep_witnessed() => {}
            () = self.keep_verified() => {}
        }
    }

    /// What is done by the clock; the first time at once.
    async fn keep_time(&self) {
        let mut tick = tokio::time::interval(TICK);
        let mut checkpoint = tokio::time::interval(self.config().ledger.checkpoint_interval);
        let mut rosters = tokio::time::interval(ROSTERS);
        loop {
            tokio::select! {
                _ = tick.tick() => self.on_tick().await,
                _ = checkpoint.tick() => self.on_checkpoint().await,
                _ = rosters.tick() => self.on_rosters().await,
            }
        }
    }

    /// Verifies the whole ledger as often as the configuration says, counted from the last time it was.
    async fn keep_verified(&self) {
        loop {
            match self.until_verification().await {
                Ok(wait) if wait.is_zero() => {
                    self.on_verification().await;
                    // How it ended could not be kept: it is due still, and would be for as long as nothing can be.
                    if self.until_verification().await.is_ok_and(|wait| wait.is_zero()) {
                        tokio::time::sleep(LOOK_AGAIN).await;
                    }
                }
                Ok(wait) => tokio::time::sleep(wait.min(LOOK_AGAIN)).await,
                Err(error) => {
                    tracing::warn!(%error, "it is not known when the ledger was verified last");
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
            }
        }
    }

    async fn until_verification(&self) -> Result<Duration, AppError> {
        let mut tx = self.db().read().await?;
        let last = Self::last_verification(&mut tx).await?;
        let Some((at, ..)) = last else { return Ok(Duration::ZERO) };
        let since = self.clock().now().micros().saturating_sub(at.micros());
        // Also after the clock was set back.
        let since = Duration::from_micros(u64::try_from(since).unwrap_or(u64::MAX));
        Ok(self.config().ledger.verify_interval.saturating_sub(since))
    }

    async fn on_verification(&self) {
        match self.verify_ledger(&Caller::operator(), |_, _| {}).await {
            Ok(found) if found.faults.is_empty() => {
                tracing::info!(size = found.size, "the ledger was verified: it holds");
            }
            Ok(found) => {
                let first = found.faults.first().map_or("", String::as_str);
                tracing::error!(
                    faults = found.faults.len(),
                    first,
                    "THE LEDGER DOES NOT HOLD; run `countersign verify`"
                );
            }
            Err(error) => {
                tracing::warn!(%error, "the ledger could not be verified");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        }
    }

    /// One job after the other. Where it could not be kept that a job was taken, or how it ended, the job may stand as
    /// running with nobody running it: such jobs are taken up again as soon as something can be kept.
    async fn keep_working(&self) {
        loop {
            match self.work_once().await {
                Round::Done => {}
                Round::Idle => tokio::time::sleep(IDLE).await,
                Round::Doubtful => self.recover().await,
            }
        }
    }

    async fn recover(&self) {
        while let Err(error) = self.writer().submit(Recover).await {
            tracing::warn!(%error, "jobs that were broken off cannot be taken up yet");
            tokio::time::sleep(BROKEN).await;
        }
    }

    /// Does everything that is due now and returns when nothing is left: for the demo and the tests.
    pub async fn work_until_idle(&self) {
        while matches!(self.work_once().await, Round::Done) {}
    }

    /// Work that is waiting, running or parked, with its last error: for operators and tests.
    pub async fn unfinished_work(&self) -> Result<Vec<String>, AppError> {
        let mut tx = self.db().read().await?;
        let jobs = jobs::unfinished(&mut tx).await?;
        Ok(jobs.into_iter().map(|(id, state, error)| format!("{id} is {state}: {error}")).collect())
    }

    async fn on_tick(&self) {
        self.ask_canary();
        if let Err(error) = self.refresh_organisation().await {
            tracing::error!(%error, "the organisation file");
        }
    }

    async fn on_checkpoint(&self) {
        if let Err(error) = self.sign_checkpoint().await {
            tracing::warn!(%error, "no checkpoint was signed");
        }
    }

    async fn on_rosters(&self) {
        if let Err(error) = self.ask_for_rosters().await {
            tracing::warn!(%error, "no roster was asked for");
        }
    }

    /// Takes one job and does it.
    async fn work_once(&self) -> Round {
        let job = match self.writer().submit(Claim).await {
            Ok(Some(job)) => job,
            Ok(None) => return Round::Idle,
            Err(error) => {
                tracing::warn!(%error, "no job could be taken");
                return Round::Doubtful;
            }
        };
        let span = tracing::info_span!("job", id = %job.id, attempt = job.attempts);
        // On the heap: what a job holds while it waits is large, and every caller would carry it.
        let done = Box::pin(tracing::Instrument::instrument(self.run(&job), span));
        let done = AssertUnwindSafe(done);
        let done = done.catch_unwind().await;
        let ending = match done {
            Ok(Ok(())) => Ending::Done,
            Ok(Err(error)) if error.may_pass() && job.attempts < TRIES => {
                tracing::info!(job = %job.id, %error, "a job will be tried again");
                Ending::Retry(error.to_string())
            }
            Ok(Err(error)) => {
                tracing::warn!(job = %job.id, %error, "a job is parked");
                Ending::Park(error.to_string())
            }
            Err(_) => Ending::Park("it panicked".to_owned()),
        };
        if let Err(error) = self.writer().submit(Finish { job, ending }).await {
            tracing::warn!(%error, "a job's end could not be kept; it will run again");
            return Round::Doubtful;
        }
        Round::Done
    }

    async fn run(&self, job: &Job) -> Result<(), AppError> {
        match job.kind.as_str() {
            "fetch" => match self.repository(&job.key).await {
                Ok(repo) => self.fetch_mirror(&repo).await,
                Err(AppError::NotFound(_)) => Ok(()),
                Err(error) => Err(error),
            },
            "landings" => self.refresh_landings(&job.key).await,
            "change" => Box::pin(self.refresh_change(&job.key)).await,
            "direct" => self.refresh_direct(&job.key).await,
            "roster" => self.refresh_roster(&job.key).await,
            "authors" => self.refresh_authors(&job.key).await,
            "deploys" => self.refresh_deploys(&job.key).await,
            "relink" => self.relink().await,
            "delivery" if job.attempts > intake::TRIES => {
                Err(AppError::Invalid("it failed too often".to_owned()))
            }
            "delivery" => self.retry_delivery(&job.key).await,
            other => Err(AppError::Invalid(format!("no work is called `{other}`"))),
        }
    }
}
