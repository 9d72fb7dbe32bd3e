//! `countersign policy import CODEOWNERS`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{read, rendered};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::out;
use crate::policy::codeowners::{Dialect, import};
use crate::policy::diagnostic::Diagnostic;
use crate::policy::file::{OrganisationFile, read_organisation};
use crate::report::words::plural;

/// Which file, in whose grammar, and what to print.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ImportArgs {
    /// The CODEOWNERS file
    #[arg(value_name = "CODEOWNERS")]
    file: PathBuf,
    /// Whose grammar it is written in
    #[arg(long, value_enum, default_value_t = Grammar::Github)]
    dialect: Grammar,
    /// The organisation file: it tells people by their addresses, and roles that are there are not printed again
    #[arg(long, value_name = "FILE")]
    org: Option<PathBuf>,
    /// Print only one of the two parts
    #[arg(long, value_enum)]
    only: Option<Part>,
}

/// The grammars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Grammar {
    /// Like gitignore, without sections
    Github,
    /// Sections, counts, exclusions
    Gitlab,
}

/// The parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// What stands in a repository's .countersign.yml
    Policy,
    /// What stands in the organisation file
    Roles,
}

/// Prints the policy to standard output and what was found to standard error. Exit code 1 if a line was not taken over.
pub(super) fn run(args: &ImportArgs) -> Outcome {
    let bytes = read(&args.file)?;
    let name = args.file.display().to_string();
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| Failure::undone(format!("{name}: it is no UTF-8: {error}")))?;
    let organisation = args.org.as_deref().map(organisation).transpose()?;
    let dialect = match args.dialect {
        Grammar::Github => Dialect::Github,
        Grammar::Gitlab => Dialect::Gitlab,
    };
    let imported = import(&name, text, dialect, organisation.as_ref());
    if !imported.found.is_empty() {
        out::note(&format!("{}\n", rendered(&imported.found, &bytes)));
    }
    out::say(&match args.only {
        Some(Part::Policy) => imported.policy.trim_end().to_owned(),
        Some(Part::Roles) => imported.roles.trim_end().to_owned(),
        None => format!(
            "# .countersign.yml in the repository\n{}\n# organisation file: the roles that it needs\n{}",
            imported.policy,
            imported.roles.trim_end()
        ),
    })?;
    let lost = imported.found.iter().filter(|one| one.is_error()).count() as u64;
    if lost == 0 {
        return Ok(Exit::Done);
    }
    out::note(&format!(
        "error: {} to look at; the rest was imported",
        plural(lost, "thing", "things")
    ));
    Ok(Exit::Blocked)
}

fn organisation(path: &std::path::Path) -> Result<OrganisationFile, Failure> {
    let bytes = read(path)?;
    read_organisation(&path.display().to_string(), &bytes).map_err(|found: Vec<Diagnostic>| {
        let shown = rendered(&found, &bytes);
        Failure { exit: Exit::Blocked, text: format!("the organisation file is refused\n{shown}") }
    })
}
