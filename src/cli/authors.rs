//! `countersign authors disown`: at the machine, somebody disowns a co-author trailer that names them.

use std::path::Path;

use clap::{Args, Subcommand};

use super::exit::{Exit, Failure, Outcome};
use super::link::PullName;
use super::open;
use super::out::{self, foreign};
use crate::app::{App, AppError, Caller, DisownRequest};

/// Commands about who wrote a change.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum AuthorsCommand {
    /// Disowns a `Co-authored-by`, by the person whom it names, with a reason
    Disown(DisownArgs),
}

/// Arguments of `countersign authors disown`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
It is said to the local database, for the record, by the person who is named. Only whom the trailer names may; it is bound
to that commit, and whatever else they did in the change excludes them still.

Example:
  countersign authors disown acme/payments#42 4be1c07a92d31f0c8e6d5b4a3f2e1d0c9b8a7f6e --by m.ortiz \\
    --reason \"I never saw this branch; the name was put there by its author\"")]
pub(super) struct DisownArgs {
    /// The pull request: acme/payments#42
    #[arg(value_name = "REPO#N")]
    pull: PullName,
    /// The commit with the trailer, by its whole id
    commit: String,
    /// Whom the trailer names, and who disowns it
    #[arg(long, value_name = "PERSON")]
    by: String,
    /// Why, in at least 20 characters
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Runs one of them.
pub(super) async fn run(command: &AuthorsCommand, config: Option<&Path>) -> Outcome {
    let AuthorsCommand::Disown(args) = command;
    if args.by.trim().is_empty() {
        return Err(Failure::usage("--by: say who disowns the trailer"));
    }
    let app = open::existing(config).await?;
    let done = Box::pin(disown(&app, args)).await;
    open::close(&app).await;
    done?;
    let (repo, number) = (foreign(&args.pull.repo), args.pull.number);
    let (commit, by) = (foreign(args.commit.trim()), foreign(args.by.trim()));
    out::say(&format!("{repo}#{number}: the co-author trailer of {commit} is disowned by {by}"))?;
    Ok(Exit::Done)
}

async fn disown(app: &App, args: &DisownArgs) -> Result<(), AppError> {
    let caller = Caller::administrator(args.by.trim());
    let change = app.change_id_of_pull(&caller, &args.pull.repo, args.pull.number).await?;
    let (commit, reason) = (args.commit.clone(), args.reason.clone());
    app.disown(&caller, DisownRequest { change, commit, reason }).await.map(|_| ())
}
