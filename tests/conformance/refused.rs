//! Policies that are refused: which code, and where.

use std::path::Path;

use countersign::policy::diagnostic::Diagnostic;
use countersign::policy::file::{read_organisation, read_repository};
use libtest_mimic::{Failed, Trial};

use super::{name, numbered};

/// One trial for each file; `organisation_` after the number says which of both files it is.
pub(crate) fn trials(folder: &Path) -> Vec<Trial> {
    let trial = |file: std::path::PathBuf| {
        Trial::test(format!("refused/{}", name(&file)), move || refused(&file))
    };
    numbered(folder).into_iter().map(trial).collect()
}

fn refused(file: &Path) -> Result<(), Failed> {
    let text = std::fs::read_to_string(file)?;
    let wanted = text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default();
    let said: Vec<String> = errors(file, &text).iter().map(place).collect();
    let said = said.join(", ");
    if said == wanted && !wanted.is_empty() {
        return Ok(());
    }
    Err(format!("`{wanted}` was expected, `{said}` was said").into())
}

fn errors(file: &Path, text: &str) -> Vec<Diagnostic> {
    let refused = if name(file).contains("_organisation_") {
        read_organisation("organisation.yml", text.as_bytes()).err()
    } else {
        read_repository(".countersign.yml", text.as_bytes()).err()
    };
    refused.unwrap_or_default().into_iter().filter(Diagnostic::is_error).collect()
}

fn place(error: &Diagnostic) -> String {
    format!("{} {}:{}", error.code, error.line, error.column)
}
