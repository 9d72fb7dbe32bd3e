//! A bundle, checked with nothing but the file and what the auditor brings: keys, a checkpoint.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;
use std::str::FromStr;

use super::VerifyArgs;
use super::shown::{holds, refused};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::out;
use crate::ledger::VerifierKey;
use crate::ledger::bundle::{Quorum, Trust, check as of_bundle};
use crate::ledger::cosignature::WitnessKey;
use crate::ledger::key::KeyError;

/// The most bytes of a key or a checkpoint in a file.
const SMALL: u64 = 1_000_000;

/// Checks a bundle and prints what it shows and what it does not.
pub(super) fn check(path: &Path, args: &VerifyArgs) -> Outcome {
    let key: Option<VerifierKey> =
        args.key.as_deref().map(|text| read_key("--key", text)).transpose()?;
    let witnesses = args.witnesses.iter().map(|text| read_key("--witness", text));
    let witnesses = witnesses.collect::<Result<Vec<WitnessKey>, _>>()?;
    let witnesses = Quorum::new(&witnesses, args.quorum)
        .map_err(|error| Failure::usage(format!("--witness, --quorum: {error}")))?;
    let older = args.checkpoint.as_deref().map(read_small).transpose()?;
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let trust = Trust { key: key.as_ref(), older: older.as_deref(), witnesses };
    match of_bundle(BufReader::with_capacity(1 << 20, file), &trust) {
        Ok(checked) => {
            out::say(&holds(&checked))?;
            let proven = checked.anchored && checked.witnessed.is_enough();
            Ok(if proven { Exit::Done } else { Exit::Undone })
        }
        Err(fault) => {
            out::say(&refused(&fault))?;
            Ok(if fault.undecided { Exit::Undone } else { Exit::Blocked })
        }
    }
}

/// A key from the argument, or from the file that it names.
fn read_key<K: FromStr<Err = KeyError>>(option: &str, text: &str) -> Result<K, Failure> {
    let file = Path::new(text);
    let text = if text.contains('+') && !file.exists() {
        text.to_owned()
    } else {
        String::from_utf8_lossy(&read_small(file)?).into_owned()
    };
    text.trim().parse().map_err(|error| Failure::usage(format!("{option}: {error}")))
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
