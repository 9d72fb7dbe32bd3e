//! `countersign policy …`: the policy language offline, and a candidate tried on what is recorded.

mod check;
mod explain;
mod import;
mod replay;
mod suggest;
mod test;

pub(super) use replay::instant;

use clap::{Subcommand, ValueEnum};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::exit::{Exit, Failure, Outcome};
use super::out;
use crate::policy::diagnostic::Diagnostic;
use crate::policy::file::FileKind;
use crate::policy::schema::schema;

/// Bytes above which no policy is read; the reader itself refuses far smaller ones with a reason.
const MAX_BYTES: u64 = 16 << 20;

/// The commands about policies.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum PolicyCommand {
    /// Checks policy files and names everything that is wrong with them
    ///
    /// A file named .countersign.yml is a repository's; any other is an organisation's if it has a key that only such a
    /// file may have. Exit code 1 if a file is refused.
    Check {
        /// Policy files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Runs the cases of a file against a policy
    ///
    /// Exit code 1 if a case fails.
    Test(test::TestArgs),
    /// Says how a change in a local clone is judged, and why
    Explain(explain::ExplainArgs),
    /// Says which recorded landings a candidate policy would judge otherwise
    Replay(replay::ReplayArgs),
    /// Proposes a starter policy from a repository's own history
    Suggest(suggest::SuggestArgs),
    /// Prints a policy that demands what a CODEOWNERS file demands
    ///
    /// And the roles that it needs in the organisation file. Exit code 1 if something in the file could not be taken over.
    Import(import::ImportArgs),
    /// Prints the JSON Schema of a policy file, for editors
    Schema {
        /// Which of the two files
        #[arg(value_enum, default_value_t = Kind::Repository)]
        kind: Kind,
    },
}

/// The two kinds of policy files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// .countersign.yml
    Repository,
    /// The organisation's file
    Organisation,
}

/// How to print what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// As one JSON value
    Json,
}

/// Runs one of them.
pub(super) async fn run(command: &PolicyCommand, config: Option<&Path>) -> Outcome {
    match command {
        PolicyCommand::Check { files } => Ok(check::run(files)),
        PolicyCommand::Test(args) => test::run(args),
        PolicyCommand::Explain(args) => explain::run(args),
        PolicyCommand::Replay(args) => replay::run(args, config).await,
        PolicyCommand::Suggest(args) => suggest::run(args),
        PolicyCommand::Import(args) => import::run(args),
        PolicyCommand::Schema { kind } => {
            let kind = match kind {
                Kind::Repository => FileKind::Repository,
                Kind::Organisation => FileKind::Organisation,
            };
            out::say(&format!("{:#}", schema(kind)))?;
            Ok(Exit::Done)
        }
    }
}

/// Reads a file that a person named. A name under which nothing is there is wrong usage, like any other argument.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let named = |why: String| format!("{}: {why}", path.display());
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::IsADirectory => Failure::usage(named(error.to_string())),
        _ => Failure::undone(named(error.to_string())),
    };
    let size = std::fs::metadata(path).map_err(failed)?.len();
    if size > MAX_BYTES {
        return Err(Failure::undone(named(format!(
            "it has {size} bytes; {MAX_BYTES} is the most"
        ))));
    }
    std::fs::read(path).map_err(failed)
}

/// Reads an optional file with its name for diagnostics.
fn layer(path: Option<&Path>) -> Result<Option<(String, Vec<u8>)>, Failure> {
    path.map(|path| Ok((path.display().to_string(), read(path)?))).transpose()
}

/// Everything that is wrong, in the manner of a compiler, in colours where they are seen.
fn rendered(diagnostics: &[Diagnostic], bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let parts: Vec<_> = diagnostics.iter().map(|one| one.render_styled(&text)).collect();
    parts.join("\n\n")
}
