//! A bundle, checked with nothing but the file and a key: what is proven, and what is not.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use super::VerifyArgs;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::out::{self, AMBER, DIM, GREEN, RED, foreign, row};
use crate::ledger::VerifierKey;
use crate::ledger::bundle::{Checked, Fault, Scope, Trust, check as of_bundle};
use crate::report::words::plural;

/// The most bytes of a key or a checkpoint in a file.
const SMALL: u64 = 1_000_000;

/// What no check of a bundle shows, whatever it comes to.
const NOT_PROVEN: [&str; 6] = [
    "that nothing was left out: of what the ledger holds, the bundle has what its maker put in scope; of what happened, the \
     ledger has what was delivered to it. Compare with the forge's own list of merges and deployments",
    "that what sources said is true: the ledger shows that it was said, and when it was recorded",
    "when anything happened: all times are the service's clock and the sources'; no witness's signature on the checkpoint was checked",
    "that others are shown the same ledger: compare your checkpoint with theirs",
    "that the decisions follow from the facts and policies: their bytes are here by digest, but nothing was decided anew",
    "the lists in report/: they are the service's own words about the same rows, signed and not recomputed",
];

/// Checks a bundle and prints what it shows and what it does not.
pub(super) fn check(path: &Path, args: &VerifyArgs) -> Outcome {
    let key = args.key.as_deref().map(key).transpose()?;
    let older = args.checkpoint.as_deref().map(read_small).transpose()?;
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let trust = Trust { key: key.as_ref(), older: older.as_deref() };
    match of_bundle(BufReader::with_capacity(1 << 20, file), &trust) {
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
pub(in crate::cli) fn read_small(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(SMALL).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, &error))?;
    Ok(bytes)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::undone(format!("{} cannot be read: {error}", path.display()))
}

/// That people were erased from what is in it, if so.
fn erased(checked: &Checked) -> Option<String> {
    let erasures = checked.manifest.erasures;
    let text = format!(
        "what stood in facts or policies of people who were erased: {} are among the entries, each lists the digests of what \
         it left, and what is here is that",
        plural(erasures, "erasure", "erasures")
    );
    (erasures > 0).then(|| row(AMBER, "not", &text))
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
    lines.extend(erased(checked));
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
