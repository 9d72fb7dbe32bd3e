//! The witnesses that we ask to cosign our checkpoints (C2SP tlog-witness). A witness that does not is shown and asked
//! again, ever later; it stops nothing.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Mutex;

use super::{Action, App, AppError, Caller, Command, Unit, ledger};
use crate::config;
use crate::domain::Time;
use crate::integrations::witness::{Answer, Client};
use crate::ledger::cosignature::WitnessKey;
use crate::ledger::note::{Note, NoteSignature};
use crate::ledger::witness::AddCheckpoint;
use crate::store::witnesses::{CosignatureRow, StateRow};
use crate::store::{self, Tx};

/// How often it is looked whether a witness is due.
const LOOK: Duration = Duration::from_secs(1);
/// How long whoever asks for a checkpoint waits for witnesses that are due.
const WAIT: Duration = Duration::from_secs(5);
/// Questions to one witness about one checkpoint: the first, and after the size that it says it recorded.
const TRIES: usize = 3;
/// Seconds before a witness that failed often is asked again.
const MOST_SECONDS: i64 = 300;

/// Those that are configured, and the turn to ask them.
#[derive(Debug)]
pub(crate) struct Witnesses {
    all: Vec<Witness>,
    quorum: usize,
    client: Client,
    turn: Mutex<()>,
}

#[derive(Debug, Clone)]
struct Witness {
    name: String,
    url: String,
    key: WitnessKey,
}

/// How it stands with a witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessView {
    /// Its name in the configuration.
    pub name: String,
    /// Its verifier key.
    pub key: String,
    /// The largest tree that it cosigned; `None`: none yet.
    pub size: Option<u64>,
    /// When it was asked last.
    pub asked_at: Option<Time>,
    /// Why it does not cosign; `None`: it does, or was not asked yet.
    pub failing: Option<String>,
}

/// All of them, and how many are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessesView {
    /// In the order of the configuration.
    pub all: Vec<WitnessView>,
    /// How many have to cosign.
    pub quorum: usize,
    /// The largest checkpoint that as many cosigned; `None`: none of the latest.
    pub witnessed: Option<u64>,
}

impl Witnesses {
    /// Those of the configuration, their keys read.
    pub(crate) fn of(config: &config::Ledger) -> Result<Self, AppError> {
        let read = |one: &config::Witness| {
            let key = one.key.parse().map_err(|error| {
                AppError::Invalid(format!("the key of the witness `{}`: {error}", one.name))
            })?;
            Ok(Witness { name: one.name.clone(), url: one.url.clone(), key })
        };
        let all = config.witnesses.iter().map(read).collect::<Result<_, AppError>>()?;
        let client = Client::new().map_err(|error| AppError::Unavailable(error.to_string()))?;
        Ok(Self { all, quorum: config.quorum, client, turn: Mutex::default() })
    }
}

/// What became of one question: how it stands with the witness now, and its cosignature.
struct Keep {
    witness: String,
    state: StateRow,
    cosignature: Option<CosignatureRow>,
}

impl Command for Keep {
    type Out = ();

    async fn run(&mut self, unit: &mut Unit) -> Result<(), AppError> {
        if let Some(row) = &self.cosignature {
            store::witnesses::add(unit.tx(), row).await?;
        }
        Ok(store::witnesses::put_state(unit.tx(), &self.witness, &self.state).await?)
    }
}

/// A checkpoint that is to be cosigned.
struct Published {
    size: u64,
    note: String,
    text: String,
}

impl App {
    /// Asks witnesses as they become due, until the service stops.
    pub(super) async fn keep_witnessed(&self) {
        if self.witnesses().all.is_empty() {
            return std::future::pending().await;
        }
        let mut look = tokio::time::interval(LOOK);
        loop {
            look.tick().await;
            if let Err(error) = self.ask_due_witnesses(false).await {
                tracing::warn!(%error, "no witness was asked");
            }
        }
    }

    /// Asks every witness about the latest checkpoint, also those that would have to wait.
    pub async fn ask_witnesses(&self, caller: &Caller) -> Result<WitnessesView, AppError> {
        caller.may(Action::Administer, None)?;
        self.ask_due_witnesses(true).await?;
        self.witnesses_view(caller).await
    }

    /// Waits a little for the witnesses that are due; they are asked on even if that is too short.
    pub(super) async fn wait_for_witnesses(&self) {
        if self.witnesses().all.is_empty() {
            return;
        }
        let app = self.clone();
        let asked = tokio::spawn(async move { app.ask_due_witnesses(false).await });
        if let Ok(Ok(Err(error))) = tokio::time::timeout(WAIT, asked).await {
            tracing::warn!(%error, "no witness was asked");
        }
    }

    async fn ask_due_witnesses(&self, at_once: bool) -> Result<(), AppError> {
        let witnesses = self.witnesses();
        if witnesses.all.is_empty() || self.writer().closed().is_some() {
            return Ok(());
        }
        let _turn = witnesses.turn.lock().await;
        let mut tx = self.db().read().await?;
        let Some((_, note, _)) = store::ledger::latest_checkpoint(&mut tx).await? else {
            return Ok(());
        };
        let head = self.epochs(&mut tx).await?.open(note.as_bytes());
        let head = head.map_err(|error| AppError::internal("the last checkpoint", &error))?;
        let checkpoint = Published { size: head.size, text: head.to_string(), note };
        let done = store::witnesses::of_checkpoint(&mut tx, head.size).await?;
        let now = self.clock().now().micros();
        let mut due = Vec::new();
        for witness in &witnesses.all {
            let key = witness.key.to_string();
            if done.iter().any(|row| row.witness == key) {
                continue;
            }
            let state = store::witnesses::state(&mut tx, &key).await?.unwrap_or_default();
            if at_once || is_due(&state, now) {
                due.push(self.ask(witness, &checkpoint, state));
            }
        }
        drop(tx);
        join_all(due).await.into_iter().collect()
    }

    /// Asks one witness, and keeps what came of it.
    async fn ask(
        &self,
        witness: &Witness,
        checkpoint: &Published,
        mut state: StateRow,
    ) -> Result<(), AppError> {
        let key = witness.key.to_string();
        let cosigned = self.cosigned(witness, checkpoint, state.size).await?;
        state.asked_at = self.clock().now().micros();
        let cosignature = match cosigned {
            Ok((line, at)) => {
                state =
                    StateRow { size: checkpoint.size, failures: 0, error: String::new(), ..state };
                let size = i64::try_from(checkpoint.size).unwrap_or(i64::MAX);
                let at = i64::try_from(at).unwrap_or(i64::MAX);
                Some(CosignatureRow { size, witness: key.clone(), line: line.to_string(), at })
            }
            Err(why) => {
                tracing::warn!(witness = %witness.name, size = checkpoint.size, %why, "a witness does not cosign");
                state.failures += 1;
                state.error = why;
                None
            }
        };
        self.writer().submit(Keep { witness: key, state, cosignature }).await
    }

    /// The exchange with one witness: from what it recorded last to this checkpoint. The inner error: why it does not
    /// cosign.
    async fn cosigned(
        &self,
        witness: &Witness,
        checkpoint: &Published,
        recorded: u64,
    ) -> Result<Result<(NoteSignature, u64), String>, AppError> {
        let size = checkpoint.size;
        let mut old = recorded.min(size);
        for _ in 0..TRIES {
            let mut tx = self.db().read().await?;
            let proof = ledger::consistency(&mut tx, old, size).await?;
            drop(tx);
            let request = AddCheckpoint { old, proof, checkpoint: checkpoint.note.clone() };
            match self.witnesses().client.add_checkpoint(&witness.url, &request).await {
                Ok(Answer::Lines(lines)) => return Ok(own_line(&witness.key, checkpoint, lines)),
                Ok(Answer::Recorded(recorded)) if recorded > size => {
                    return Ok(Err(format!(
                        "it has cosigned a ledger of {recorded} entries under our key, and ours has {size}: an older copy \
                         of the database was restored, or somebody else signs with the key"
                    )));
                }
                Ok(Answer::Recorded(recorded)) => old = recorded,
                Ok(Answer::Refused(status, words)) => return Ok(Err(refused(status, &words, old))),
                Err(error) => return Ok(Err(error.to_string())),
            }
        }
        Ok(Err("it names another recorded size each time it is asked".to_owned()))
    }

    /// A checkpoint's note as it is served: with the cosignatures that fit it.
    pub(super) async fn published(
        &self,
        tx: &mut Tx,
        size: u64,
        note: String,
    ) -> Result<String, AppError> {
        let rows = store::witnesses::of_checkpoint(tx, size).await?;
        if rows.is_empty() {
            return Ok(note);
        }
        let broken = |error| AppError::internal("a checkpoint with its cosignatures", &error);
        let mut whole = Note::parse(note.as_bytes()).map_err(broken)?;
        for row in rows.iter().filter(|row| row.check(&note).is_ok()) {
            whole.add(row.line.parse().map_err(broken)?).map_err(broken)?;
        }
        Ok(whole.to_string())
    }

    /// The names of the configured witnesses whose cosignature fits a checkpoint.
    pub(super) async fn cosigned_by(
        &self,
        tx: &mut Tx,
        size: u64,
        note: &str,
    ) -> Result<Vec<String>, AppError> {
        let rows = store::witnesses::of_checkpoint(tx, size).await?;
        let fits = |witness: &&Witness| {
            let key = witness.key.to_string();
            rows.iter().any(|row| row.witness == key && row.check(note).is_ok())
        };
        let all = self.witnesses().all.iter().filter(fits);
        Ok(all.map(|witness| witness.name.clone()).collect())
    }

    /// Whether as many witnesses cosigned a checkpoint as the configuration asks for.
    pub(super) async fn is_witnessed(
        &self,
        tx: &mut Tx,
        size: u64,
        note: &str,
    ) -> Result<bool, AppError> {
        let quorum = self.witnesses().quorum;
        Ok(quorum == 0 || self.cosigned_by(tx, size, note).await?.len() >= quorum)
    }

    /// How it stands with the witnesses.
    pub async fn witnesses_view(&self, caller: &Caller) -> Result<WitnessesView, AppError> {
        caller.may(Action::ReadLedger, None)?;
        let mut tx = self.db().read().await?;
        let mut all = Vec::new();
        for witness in &self.witnesses().all {
            let key = witness.key.to_string();
            let state = store::witnesses::state(&mut tx, &key).await?;
            all.push(WitnessView {
                name: witness.name.clone(),
                key,
                size: state.as_ref().filter(|state| state.size > 0).map(|state| state.size),
                asked_at: state.as_ref().and_then(|state| Time::from_micros(state.asked_at)),
                failing: state.filter(|state| state.failures > 0).map(|state| state.error),
            });
        }
        let mut witnessed = None;
        if !all.is_empty() {
            for (size, note, _) in store::ledger::recent_checkpoints(&mut tx, 50).await? {
                let size = store::unsigned(size);
                if self.is_witnessed(&mut tx, size, &note).await? {
                    witnessed = Some(size);
                    break;
                }
            }
        }
        Ok(WitnessesView { all, quorum: self.witnesses().quorum, witnessed })
    }
}

impl WitnessesView {
    /// What is amiss, a sentence each.
    #[must_use]
    pub fn troubles(&self) -> Vec<String> {
        let failing = self.all.iter().filter_map(|one| {
            let why = one.failing.as_ref()?;
            Some(format!("the witness `{}` does not cosign: {why}", one.name))
        });
        let mut troubles: Vec<String> = failing.collect();
        let working = self.all.len() - troubles.len();
        if working < self.quorum {
            troubles.push(format!(
                "`ledger.quorum` asks for {} cosignatures, and {working} can be had",
                self.quorum
            ));
        }
        troubles
    }
}

/// 2 s after the first failure, then ever longer.
fn is_due(state: &StateRow, now: i64) -> bool {
    // Nine doublings are more than is ever waited.
    let seconds = if state.failures == 0 { 0 } else { 1_i64 << state.failures.min(9) };
    // Also after the clock was set back.
    let waited = now.saturating_sub(state.asked_at);
    waited < 0 || waited >= seconds.min(MOST_SECONDS) * 1_000_000
}

/// The line of the witness's key among those that it sent, checked.
fn own_line(
    key: &WitnessKey,
    checkpoint: &Published,
    lines: Vec<NoteSignature>,
) -> Result<(NoteSignature, u64), String> {
    let line = lines.into_iter().find(|line| key.is_named_by(line));
    let line = line.ok_or_else(|| format!("what it sent holds no cosignature of its key {key}"))?;
    match key.verify(&checkpoint.text, &line) {
        Ok(at) => Ok((line, at)),
        Err(error) => Err(error.to_string()),
    }
}

fn refused(status: u16, words: &str, old: u64) -> String {
    let meaning = match status {
        403 => "it does not trust our key for this ledger: give its owner the key of `GET /api/v1/ledger/key`".to_owned(),
        404 => "it does not know our ledger: its owner has to add our verifier key".to_owned(),
        422 => format!(
            "OUR LEDGER IS NOT THE ONE IT SAW: it does not contain the {old} entries that this witness cosigned before. \
             Entries were changed after they were signed, or another ledger was signed with our key. Keep everything as \
             it is, and compare with the checkpoint that the witness holds"
        ),
        _ => format!("it answered {status}"),
    };
    if words.is_empty() { meaning } else { format!("{meaning} ({status}: {words})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_witness_that_fails_is_asked_ever_later_and_after_five_minutes_at_the_latest() {
        let state =
            |failures| StateRow { failures, asked_at: 1_000_000_000, ..StateRow::default() };
        for (failures, seconds) in
            [(0, 0), (1, 2), (2, 4), (8, 256), (9, 300), (63, 300), (99, 300)]
        {
            let at = 1_000_000_000 + seconds * 1_000_000;
            assert!(is_due(&state(failures), at), "{failures}");
            assert!(seconds == 0 || !is_due(&state(failures), at - 1), "{failures}");
            assert!(is_due(&state(failures), 5), "the clock was set back");
        }
    }
}
