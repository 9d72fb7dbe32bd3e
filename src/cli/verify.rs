//! `countersign verify`: hashes the whole ledger anew; or checks a bundle, with nothing but the file and a key.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::exit::{Exit, Failure, Outcome};
use super::open;
use super::out::{self, AMBER, DIM, GREEN, RED, foreign, row};
use crate::app::{Caller, Verification};
use crate::ledger::VerifierKey;
use crate::ledger::bundle::{self, Checked, Fault, Scope, Trust};
use crate::report::words::plural;

/// The most bytes of a key or a checkpoint in a file.
const SMALL: u64 = 1_000_000;

/// What no check of a bundle shows, whatever it comes to.
const NOT_PROVEN: [&str; 6] = [
    "that nothing was left out: of what the ledger holds, the bundle has what its maker put in scope; of what happened, the \
     ledger has what was delivered to it. Compare with the forge's own list of merges and deployments",
    "that what sources said is true: the ledger shows that it was said, and when it was recorded",
    "when anything happened: all times are the service's clock and the sources'; no witness signed the checkpoint",
    "that others are shown the same ledger: compare your checkpoint with theirs",
    "that the decisions follow from the facts and policies: their bytes are here by digest, but nothing was decided anew",
    "the lists in report/: they are the service's own words about the same rows, signed and not recomputed",
];

/// Arguments of `countersign verify`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Without a file, every entry is hashed again, and compared with the stored hashes, the stored head, every signed
checkpoint and the head that was signed last. Exit code 1 if anything differs; every fault is named.

With a bundle, no database and no network are needed. Exit code 0: it holds, under the key that you gave; 1: it does
not, and the first place that is wrong is named; 3: no key was given, so whose it is was not told (UNANCHORED), or your
checkpoint cannot be compared with it.")]
pub(super) struct VerifyArgs {
    /// A bundle to check offline; without it, the ledger of the configuration is checked
    #[arg(value_name = "BUNDLE.zip")]
    bundle: Option<PathBuf>,
    /// The ledger's verifier key, from a place you trust: its text, or a file with it
    #[arg(long, value_name = "VKEY", requires = "bundle")]
    key: Option<String>,
    /// A checkpoint that you kept: the bundle's ledger has to begin with it
    #[arg(long, value_name = "FILE", requires = "bundle")]
    checkpoint: Option<PathBuf>,
}

/// Verifies and prints.
pub(super) async fn run(args: &VerifyArgs, config: Option<&Path>) -> Outcome {
    if let Some(path) = &args.bundle {
        return offline(path, args);
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

fn offline(path: &Path, args: &VerifyArgs) -> Outcome {
    let key = args.key.as_deref().map(key).transpose()?;
    let older = args.checkpoint.as_deref().map(read_small).transpose()?;
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let trust = Trust { key: key.as_ref(), older: older.as_deref() };
    match bundle::check(BufReader::with_capacity(1 << 20, file), &trust) {
        Ok(checked) => {
            out::say(&holds(&checked))?;
            Ok(if checked.anchored { Exit::Done } else { Exit::Undone })
        }
        Err(fault) => {
            out::say(&refused(&fault))?;
            Ok(if fault.undecided { Exit::Undone } else { Exit::Blocked })
        }
    }
}

/// A key from the argument, or from the file that it names.
fn key(text: &str) -> Result<VerifierKey, Failure> {
    let file = Path::new(text);
    let text = if text.contains('+') && !file.exists() {
        text.to_owned()
    } else {
        String::from_utf8_lossy(&read_small(file)?).into_owned()
    };
    text.trim().parse().map_err(|error| Failure::usage(format!("--key: {error}")))
}

/// A small file that the auditor brings.
pub(super) fn read_small(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(SMALL).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::undone(format!("{} cannot be read: {error}", path.display()))
}

fn holds(checked: &Checked) -> String {
    let manifest = &checked.manifest;
    let about = match &manifest.scope {
        Scope::Change(id) => format!("change {id}"),
        Scope::Period { from, until } => format!("{from} until {until}"),
    };
    let what = format!(
        "{}, {}, {}, {}",
        plural(manifest.changes, "change", "changes"),
        plural(manifest.deploys, "deploy", "deploys"),
        plural(manifest.decisions, "decision", "decisions"),
        plural(manifest.entries, "entry", "entries"),
    );
    let mut lines = vec![
        row(DIM, "about", &foreign(&about)),
        row(DIM, "ledger", &foreign(&manifest.origin)),
        row(DIM, "holds", &what),
        row(
            DIM,
            "as of",
            &format!("size {}, root {}", manifest.checkpoint.size, manifest.checkpoint.root),
        ),
        row(
            GREEN,
            "proven",
            &format!(
                "{} have the sums that the key signed, and no other is there",
                plural(checked.files, "file", "files")
            ),
        ),
        row(
            GREEN,
            "proven",
            "every entry stands in the ledger under that root, which the key signed",
        ),
        row(
            GREEN,
            "proven",
            "every attestation is signed, and says of its decision what the entry says",
        ),
    ];
    lines.extend(continues(checked));
    lines.extend(NOT_PROVEN.iter().map(|text| row(AMBER, "not", text)));
    lines.push(if checked.anchored {
        row(GREEN, "holds", &format!("under the key {}", manifest.key))
    } else {
        let text = format!(
            "the key came with the bundle, so anybody could have made it: {}",
            foreign(&manifest.key)
        );
        format!(
            "{}\n{}",
            row(RED, "UNANCHORED", &text),
            row(DIM, "", "get the ledger's key by another way, and give it with --key")
        )
    });
    lines.join("\n")
}

fn continues(checked: &Checked) -> Vec<String> {
    let manifest = &checked.manifest;
    let mut lines = Vec::new();
    if let Some(previous) = &manifest.previous {
        let text = format!(
            "that ledger begins with the {} of an older checkpoint in the bundle",
            plural(previous.size, "entry", "entries")
        );
        lines.push(row(GREEN, "proven", &text));
    }
    if let Some(size) = checked.older {
        let text = format!(
            "that ledger begins with the {} of the checkpoint that you brought",
            plural(size, "entry", "entries")
        );
        lines.push(row(GREEN, "proven", &text));
    } else {
        let text = "that it continues the ledger that you saw before: no checkpoint of yours was given with --checkpoint";
        lines.push(row(AMBER, "not", text));
    }
    lines
}

fn refused(fault: &Fault) -> String {
    let place = row(RED, "at", &foreign(&fault.place));
    let why = row(RED, "fault", &foreign(&fault.why));
    let end = if fault.undecided {
        row(AMBER, "undecided", "it was not compared")
    } else {
        row(RED, "broken", "the bundle does not hold; do not rely on anything in it")
    };
    [place, why, end].join("\n")
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
