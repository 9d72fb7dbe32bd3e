//! `countersign verify`: hashes the whole ledger anew; with `--replay` it also makes every decision again. Or it checks a
//! bundle, with nothing but the file and a key.

mod bundle;
mod shown;

pub(super) use self::bundle::read_small;

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::exit::{Exit, Failure, Outcome};
use super::open;
use super::out::{self, AMBER, DIM, GREEN, RED, foreign, row};
use super::policy::instant;
use crate::app::{App, Caller, RecomputeRequest, Recomputed, Verification};
use crate::domain::Time;
use crate::report::words::plural;

/// Arguments of `countersign verify`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Without a file, every entry is hashed again, and compared with the stored hashes, the stored head, every signed
checkpoint and the head that was signed last. Exit code 1 if anything differs; every fault is named.

With a bundle, no database and no network are needed. Exit code 0: it holds, under the key that you gave; 1: it does
not, and the first place that is wrong is named; 3: no key was given, so whose it is was not told (UNANCHORED), your
checkpoint cannot be compared with it, or fewer witnesses than you ask for cosigned it (UNWITNESSED).

With --replay every decision is made again from its recorded facts and policies, every change is judged again, and every
deploy is attributed again from the mirror and the landings on record. What is kept has to be what comes of it, and what
its entry says. Exit code 3 if a deploy could not be attributed, for want of its mirror.

Examples:
  countersign verify --replay
  countersign verify --replay --last 1000")]
pub(super) struct VerifyArgs {
    /// A bundle to check offline; without it, the ledger of the configuration is checked
    #[arg(value_name = "BUNDLE.zip")]
    bundle: Option<PathBuf>,
    /// Make every decision again as well
    #[arg(long, conflicts_with = "bundle")]
    replay: bool,
    /// Replay what was recorded from the last N decisions on
    #[arg(long, value_name = "N", requires = "replay", conflicts_with = "from", value_parser = clap::value_parser!(u64).range(1..))]
    last: Option<u64>,
    /// Replay what was recorded from the first decision on or after this date or time: 2026-10-31, or 2026-10-31T18:00:00Z
    #[arg(long, value_name = "TIME", requires = "replay", value_parser = instant)]
    from: Option<Time>,
    /// The ledger's verifier key, from a place you trust: its text, or a file with it
    #[arg(long, value_name = "VKEY", requires = "bundle")]
    key: Option<String>,
    /// A checkpoint that you kept: the bundle's ledger has to begin with it
    #[arg(long, value_name = "FILE", requires = "bundle")]
    checkpoint: Option<PathBuf>,
    /// The verifier key of a witness that you trust, or a file with it: it has to have cosigned the checkpoint. Once for
    /// each witness
    #[arg(long = "witness", value_name = "VKEY", requires = "bundle")]
    witnesses: Vec<String>,
    /// How many of the witnesses have to have cosigned; all of them, if nothing is said
    #[arg(long, value_name = "N", requires = "witnesses")]
    quorum: Option<usize>,
}

/// Verifies and prints.
pub(super) async fn run(args: &VerifyArgs, config: Option<&Path>) -> Outcome {
    if let Some(path) = &args.bundle {
        return bundle::check(path, args);
    }
    let app = open::existing(config).await?;
    let found = verified(&app).await;
    let replayed = match (&found, args.replay) {
        (Ok(_), true) => Some(Box::pin(replayed(&app, args)).await),
        _ => None,
    };
    let (closed, key) = (app.writer().closed().map(str::to_owned), app.verifier_key());
    open::close(&app).await;
    let found = found?;
    out::say(&text(&found, closed.as_deref(), &key))?;
    let holds = found.faults.is_empty() && closed.is_none();
    let Some(replayed) = replayed.transpose()? else {
        return Ok(if holds { Exit::Done } else { Exit::Blocked });
    };
    out::say(&replay_text(&replayed))?;
    Ok(match (holds && replayed.differences.is_empty(), replayed.undone.is_empty()) {
        (false, _) => Exit::Blocked,
        (true, false) => Exit::Undone,
        (true, true) => Exit::Done,
    })
}

async fn verified(app: &App) -> Result<Verification, Failure> {
    let bar = bar();
    let found = app
        .verify_ledger(&Caller::operator(), |done, of| {
            bar.set_length(of);
            bar.set_position(done);
        })
        .await;
    bar.finish_and_clear();
    Ok(found?)
}

async fn replayed(app: &App, args: &VerifyArgs) -> Result<Recomputed, Failure> {
    let bar = bar();
    let request = RecomputeRequest { last: args.last, from: args.from };
    let found = app
        .recompute(&Caller::operator(), request, |done, of| {
            bar.set_length(of);
            bar.set_position(done);
        })
        .await;
    bar.finish_and_clear();
    Ok(found?)
}

/// On a terminal only; in a pipe nothing is drawn.
pub(super) fn bar() -> ProgressBar {
    let bar = ProgressBar::no_length();
    // A template that cannot be read leaves the default style.
    if let Ok(style) =
        ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} entries, {eta} left")
    {
        bar.set_style(style);
    }
    bar
}

fn text(found: &Verification, closed: Option<&str>, key: &str) -> String {
    let mut lines = vec![
        row(DIM, "size", &plural(found.size, "entry", "entries")),
        row(DIM, "root", &found.root.to_base64()),
        row(
            DIM,
            "signed",
            &format!("{} computed anew", plural(found.checkpoints, "checkpoint", "checkpoints")),
        ),
        row(
            DIM,
            "tiles",
            &format!("{} computed anew", plural(found.tiles, "stored hash", "stored hashes")),
        ),
        row(DIM, "key", key),
    ];
    lines.extend(found.faults.iter().map(|fault| row(RED, "fault", &foreign(fault))));
    lines.extend(closed.map(|reason| row(RED, "closed", &foreign(reason))));
    let faults = found.faults.len() as u64 + u64::from(closed.is_some());
    lines.push(match faults {
        0 => row(GREEN, "holds", "every entry is what was recorded"),
        _ => row(RED, "broken", &format!("{} found", plural(faults, "fault", "faults"))),
    });
    lines.join("\n")
}

fn replay_text(found: &Recomputed) -> String {
    let made = format!(
        "{}, {}, {} made again",
        plural(found.decisions, "decision", "decisions"),
        plural(found.changes, "change", "changes"),
        plural(found.deploys, "deploy", "deploys"),
    );
    let mut lines = vec![row(DIM, "replay", &made)];
    let differs = |difference: &crate::app::Difference| {
        row(RED, "differs", &foreign(&difference.to_string()))
    };
    if found.erased > 0 {
        let what =
            plural(found.erased, "document, text or body is", "documents, texts and bodies are");
        let left = format!("{what} what an erasure left, and bound by its entry");
        lines.push(row(DIM, "erased", &left));
    }
    lines.extend(found.differences.iter().map(differs));
    if found.more > 0 {
        lines.push(row(RED, "differs", &format!("{} more fields", found.more)));
    }
    lines.extend(found.undone.iter().map(|why| row(AMBER, "undone", &foreign(why))));
    if found.waiting > 0 && !found.holds() {
        let jobs = plural(found.waiting, "job is", "jobs are");
        lines.push(row(
            AMBER,
            "waiting",
            &format!("{jobs} not done yet: what they bring up to date may differ until then"),
        ));
    }
    let fields = found.differences.len() as u64 + found.more;
    lines.push(match (fields, found.undone.is_empty()) {
        (0, true) => row(GREEN, "equal", "everything is what comes of what was recorded"),
        (0, false) => row(AMBER, "undone", "not everything could be made again"),
        _ => row(RED, "unequal", &plural(fields, "field differs", "fields differ")),
    });
    lines.join("\n")
}
