//! `countersign policy check FILE…`.

use std::path::{Path, PathBuf};

use super::{read, rendered};
use crate::cli::exit::{Exit, Failure};
use crate::cli::out;
use crate::policy::file::{FileKind, check_file};
use crate::report::words::plural;

/// Checks every file, also after one that is refused or cannot be read.
pub(super) fn run(files: &[PathBuf]) -> Exit {
    let mut exit = Exit::Done;
    for path in files {
        match one(path) {
            Ok(false) if exit == Exit::Done => exit = Exit::Blocked,
            Ok(_) => {}
            Err(failure) => {
                out::note(&format!("error: {}", failure.text));
                exit = failure.exit;
            }
        }
    }
    exit
}

fn one(path: &Path) -> Result<bool, Failure> {
    let bytes = read(path)?;
    let name = path.display().to_string();
    let report = check_file(&name, &bytes);
    if !report.diagnostics.is_empty() {
        out::say(&format!("{}\n", rendered(&report.diagnostics, &bytes)))?;
    }
    let errors = report.diagnostics.iter().filter(|one| one.is_error()).count() as u64;
    let warnings = report.diagnostics.len() as u64 - errors;
    let counts = format!(
        "{}, {}",
        plural(errors, "error", "errors"),
        plural(warnings, "warning", "warnings")
    );
    let kind = match report.kind {
        FileKind::Repository => "a repository's policy",
        FileKind::Organisation => "an organisation's policy",
    };
    let verdict = if report.passes() { "holds" } else { "is refused" };
    out::say(&format!("{name}: {kind}; it {verdict} ({counts})"))?;
    Ok(report.passes())
}
