//! `countersign verify`: hashes the whole ledger anew.

use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::exit::{Exit, Failure, Outcome};
use super::open;
use super::out::{self, DIM, GREEN, RED, foreign, row};
use crate::app::{Caller, Verification};
use crate::report::words::plural;

/// Arguments of `countersign verify`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Every entry is hashed again, and compared with the stored hashes, the stored head, every signed checkpoint and the head
that was signed last. Exit code 1 if anything differs; every fault is named.")]
pub(super) struct VerifyArgs {
    /// A bundle to verify offline: not in this version
    #[arg(hide = true, value_name = "BUNDLE.zip")]
    bundle: Option<PathBuf>,
}

/// Verifies and prints.
pub(super) async fn run(args: &VerifyArgs, config: Option<&Path>) -> Outcome {
    if let Some(bundle) = &args.bundle {
        return Err(Failure::usage(format!(
            "{}: this version does not verify bundles; without a file, `countersign verify` checks the ledger of the \
             configuration",
            bundle.display()
        )));
    }
    let app = open::existing(config).await?;
    let bar = bar();
    let found = app
        .verify_ledger(&Caller::operator(), |done, of| {
            bar.set_length(of);
            bar.set_position(done);
        })
        .await;
    bar.finish_and_clear();
    let (closed, key) = (app.writer().closed().map(str::to_owned), app.verifier_key());
    open::close(&app).await;
    let found = found?;
    out::say(&text(&found, closed.as_deref(), &key))?;
    Ok(if found.faults.is_empty() && closed.is_none() { Exit::Done } else { Exit::Blocked })
}

/// On a terminal only; in a pipe nothing is drawn.
fn bar() -> ProgressBar {
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
