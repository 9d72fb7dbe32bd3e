//! `countersign gate`: asks a server whether a commit may go out. Anything but a well-formed pass about exactly what
//! was asked is not a pass.

mod check;
mod print;
mod question;

use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde_json::Value;

use self::check::Verdict;
use self::question::Question;
pub(super) use self::question::commit;
use super::exit::{Exit, Failure, Outcome};
use super::http::{Ask, Reply, Server, ServerArgs};
use super::out;
use crate::clock::Clock;
use crate::ledger::key::VerifierKey;
use crate::policy::State;

/// The longest that a server is asked to hold one answer, in seconds.
const HOLD: u64 = 30;
/// The longest wait that may be asked for: a day.
const LONGEST: Duration = Duration::from_hours(24);

/// Arguments of `countersign gate`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Exit code: 0 it passes; 1 it is blocked; 2 wrong usage; 3 it could not be decided; 4 still pending when --wait ran out.
Only 0 is a pass. Where the organisation only observes or warns yet, what would be blocked ends with 0 too, and standard
error says so.

Example:
  countersign gate --repo acme/payments --sha \"$COMMIT\" --environment production --wait 10m")]
pub(super) struct GateArgs {
    /// The repository, as the server names it: acme/payments
    #[arg(long, value_name = "R")]
    repo: String,
    /// The commit. One shorter than 40 digits, or a name, is looked up in the git repository of this folder
    #[arg(long, value_name = "S")]
    sha: String,
    /// What it is to do
    #[arg(long, value_enum, default_value_t = Purpose::Deploy)]
    purpose: Purpose,
    /// Where it is to go, such as production; only to deploy, and needed there
    #[arg(long, value_name = "E")]
    environment: Option<String>,
    /// Which service; only to deploy, and by default the repository's own name
    #[arg(long, value_name = "X")]
    service: Option<String>,
    /// The pull request that is meant; only to merge
    #[arg(long, value_name = "N")]
    pull: Option<u64>,
    #[command(flatten)]
    server: ServerArgs,
    /// The ledger's verifier key (`/api/v1/ledger/key`): then a pass counts only with a statement signed by it
    #[arg(long, value_name = "VKEY", env = "COUNTERSIGN_KEY")]
    key: Option<String>,
    /// How long to ask again while it is pending: 90s, 10m, 1h
    #[arg(long, value_name = "DURATION", value_parser = wait)]
    wait: Option<Duration>,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// What the commit is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Purpose {
    /// Go to its branch
    Merge,
    /// Go to an environment
    Deploy,
}

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// The server's answer, checked
    Json,
}

fn wait(text: &str) -> Result<Duration, String> {
    let wait = humantime::parse_duration(text)
        .map_err(|_| "a duration such as 90s, 10m or 1h is needed".to_owned())?;
    if wait > LONGEST { Err("a day is the most".to_owned()) } else { Ok(wait) }
}

/// Asks, checks, prints.
pub(super) async fn run(args: &GateArgs) -> Outcome {
    let outcome = ask(args).await;
    if let (Format::Json, Err(failure)) = (args.format, &outcome) {
        // Whoever reads `pass` must find that it is false, whatever the server said.
        let body = serde_json::json!({ "pass": false, "state": "error", "error": failure.text });
        out::say(&body.to_string())?;
    }
    outcome
}

async fn ask(args: &GateArgs) -> Outcome {
    let question = Question::new(args)?;
    let key = key(args)?;
    let server = args.server.server()?;
    let (verdict, exit) = settle(args, &server, &question, key.as_ref()).await?;
    match args.format {
        Format::Json => out::say(&verdict.json.to_string())?,
        Format::Text => out::say(&print::text(&verdict.answer, exit))?,
    }
    if let Some(warning) = print::warning(&verdict.answer) {
        out::note(&warning);
    }
    Ok(exit)
}

/// An empty key is refused: taken for "no key" it would switch the check off.
fn key(args: &GateArgs) -> Result<Option<VerifierKey>, Failure> {
    let Some(text) = args.key.as_deref() else { return Ok(None) };
    if text.trim().is_empty() {
        let text = "the key is empty; give --key VKEY, or unset COUNTERSIGN_KEY";
        return Err(Failure::usage(text));
    }
    text.trim()
        .parse()
        .map(Some)
        .map_err(|error| Failure::usage(format!("--key: no verifier key: {error}")))
}

/// Asks until there is an answer that no waiting changes, or the time is over.
async fn settle(
    args: &GateArgs,
    server: &Server,
    question: &Question,
    key: Option<&VerifierKey>,
) -> Result<(Verdict, Exit), Failure> {
    let began = Instant::now();
    let whole = args.wait.unwrap_or_default();
    loop {
        let left = whole.saturating_sub(began.elapsed());
        let hold = left.as_secs().min(HOLD);
        let asked_at = Instant::now();
        let found = once(server, question, key, hold).await;
        let left = whole.saturating_sub(began.elapsed());
        let pause = match &found {
            Ok(verdict) if verdict.answer.pass || !may_change(verdict.answer.state) => None,
            // The server held the answer for as long as it was asked to: no need to wait here.
            Ok(_) if hold > 0 && asked_at.elapsed().as_secs() + 1 >= hold => Some(0),
            Ok(verdict) => Some(verdict.answer.retry_after.unwrap_or(15)),
            Err(Attempt::Again(_)) => Some(5),
            Err(Attempt::Over(_)) => None,
        };
        match pause {
            Some(pause) if !left.is_zero() => {
                let pause = Duration::from_secs(pause.clamp(1, HOLD));
                tokio::time::sleep(pause.min(left)).await;
            }
            _ => return ending(found, args.wait.is_some()),
        }
    }
}

fn ending(found: Result<Verdict, Attempt>, waited: bool) -> Result<(Verdict, Exit), Failure> {
    let verdict = match found {
        Ok(verdict) => verdict,
        Err(Attempt::Again(failure) | Attempt::Over(failure)) => return Err(failure),
    };
    let exit = match verdict.answer.state {
        _ if verdict.answer.pass => Exit::Done,
        State::Pending | State::Stale if waited => Exit::Pending,
        State::Error => Exit::Undone,
        _ => Exit::Blocked,
    };
    Ok((verdict, exit))
}

/// Why there is no answer, and whether another try may bring one.
enum Attempt {
    Again(Failure),
    Over(Failure),
}

/// Whether asking again may help without a new commit.
fn may_change(state: State) -> bool {
    matches!(state, State::Pending | State::Stale | State::Error)
}

async fn once(
    server: &Server,
    question: &Question,
    key: Option<&VerifierKey>,
    hold: u64,
) -> Result<Verdict, Attempt> {
    let nonce = question::nonce().map_err(Attempt::Over)?;
    let body = question.body(&nonce, hold);
    let reply = server
        .ask("/api/v1/gate", Ask::Post(&body), Duration::from_secs(hold))
        .await
        .map_err(|why| Attempt::Again(undecided(&why)))?;
    match reply.status {
        200 => check::verdict(&reply.body, question, &nonce, key, Clock::system().now())
            .map_err(|why| Attempt::Over(undecided(&why))),
        409 if is_stale_sha(&reply) => Err(Attempt::Over(Failure {
            exit: Exit::Blocked,
            text: format!("blocked: {}", reply.complaint()),
        })),
        422 => Err(Attempt::Over(reply.failure())),
        429 | 500..=599 => Err(Attempt::Again(undecided(&reply.complaint()))),
        _ => Err(Attempt::Over(undecided(&reply.complaint()))),
    }
}

fn undecided(why: &str) -> Failure {
    Failure::undone(format!("not decided, and so no pass: {why}"))
}

/// The commit is not the head of its pull request any more: a clear no.
fn is_stale_sha(reply: &Reply) -> bool {
    let problem: Option<Value> = serde_json::from_slice(&reply.body).ok();
    problem.is_some_and(|problem| {
        ["type", "code", "title", "error"].iter().any(|field| {
            let text = problem.get(field).and_then(Value::as_str);
            text.is_some_and(|text| text.contains("stale_sha") || text.contains("stale-sha"))
        })
    })
}
