//! What is printed about a bundle: what was proven, and what was not.

use crate::cli::out::{AMBER, DIM, GREEN, RED, foreign, row};
use crate::domain::Time;
use crate::ledger::bundle::{Checked, Fault, Scope, Witnessed};
use crate::report::words::plural;

/// What no check of a bundle shows, whatever it comes to.
fn not_proven(witnessed: &Witnessed) -> [&'static str; 6] {
    let when = if witnessed.seen.is_empty() {
        "when anything happened: all times are the service's clock and the sources'; no witness's signature on the checkpoint was \
         checked"
    } else {
        "when anything happened: all times are the service's clock and the sources'; a witness's time says that it had been \
         recorded by then"
    };
    let others = if witnessed.need > 0 && witnessed.is_enough() {
        "that those who trust other witnesses are shown the same ledger: compare your checkpoint with theirs"
    } else {
        "that others are shown the same ledger: compare your checkpoint with theirs"
    };
    [
        "that nothing was left out: of what the ledger holds, the bundle has what its maker put in scope; of what happened, the \
         ledger has what was delivered to it. Compare with the forge's own list of merges and deployments",
        "that what sources said is true: the ledger shows that it was said, and when it was recorded",
        when,
        others,
        "that the decisions follow from the facts and policies: their bytes are here by digest, but nothing was decided anew",
        "the lists in report/: they are the service's own words about the same rows, signed and not recomputed",
    ]
}

/// What holds in a bundle in which nothing is wrong.
pub(super) fn holds(checked: &Checked) -> String {
    let manifest = &checked.manifest;
    let about = match &manifest.scope {
        Scope::Change(id) => format!("change {id}"),
        Scope::Sample(ids) => {
            format!("a sample of {}", plural(ids.len() as u64, "change", "changes"))
        }
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
    lines.extend(seen(&checked.witnessed));
    lines.extend(erased(checked));
    lines.extend(not_proven(&checked.witnessed).map(|text| row(AMBER, "not", text)));
    lines.extend(conclusion(checked));
    lines.join("\n")
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

/// The last lines: that it holds under the key that was brought, or what is wanting for that.
fn conclusion(checked: &Checked) -> Vec<String> {
    let (manifest, witnessed) = (&checked.manifest, &checked.witnessed);
    let mut lines = Vec::new();
    if !checked.anchored {
        let text = format!(
            "the key came with the bundle, so anybody could have made it: {}",
            foreign(&manifest.key)
        );
        lines.push(row(RED, "UNANCHORED", &text));
        lines.push(row(DIM, "", "get the ledger's key by another way, and give it with --key"));
    }
    if !witnessed.is_enough() {
        let text = format!(
            "of the {} that you ask for, {} cosigned the checkpoint",
            plural(witnessed.need as u64, "witness", "witnesses"),
            witnessed.seen.len()
        );
        lines.push(row(RED, "UNWITNESSED", &text));
        lines.push(row(DIM, "", "ask for a bundle of a checkpoint that they have cosigned"));
    }
    if lines.is_empty() {
        lines.push(row(GREEN, "holds", &format!("under the key {}", manifest.key)));
    }
    lines
}

/// Who of the witnesses that were asked for cosigned.
fn seen(witnessed: &Witnessed) -> Vec<String> {
    let seen = witnessed.seen.iter().map(|(name, at)| {
        let at = i64::try_from(*at).ok().and_then(Time::from_seconds);
        let at = at.map_or_else(|| "a time that is no date".to_owned(), |at| at.to_string());
        let text = format!(
            "the witness {} saw that ledger by {at}, with everything in it that it had seen before",
            foreign(name)
        );
        row(GREEN, "proven", &text)
    });
    let absent = witnessed.absent.iter().map(|name| {
        let text = format!("that the witness {} saw that ledger: it did not cosign", foreign(name));
        row(AMBER, "not", &text)
    });
    seen.chain(absent).collect()
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

/// What is wrong with a bundle.
pub(super) fn refused(fault: &Fault) -> String {
    let place = row(RED, "at", &foreign(&fault.place));
    let why = row(RED, "fault", &foreign(&fault.why));
    let end = if fault.undecided {
        row(AMBER, "undecided", "neither proven nor refused")
    } else {
        row(RED, "broken", "the bundle does not hold; do not rely on anything in it")
    };
    [place, why, end].join("\n")
}
