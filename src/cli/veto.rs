//! `countersign veto override`: an administrator at the machine sets a veto aside, by name.

use std::path::Path;

use clap::{Args, Subcommand};

use super::exit::{Exit, Failure, Outcome};
use super::link::PullName;
use super::open;
use super::out::{self, foreign};
use crate::app::{App, AppError, Caller, OverrideRequest};

/// Commands about vetoes.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum VetoCommand {
    /// Sets a veto aside, with a reason; a later veto stands
    Override(OverrideArgs),
}

/// Arguments of `countersign veto override`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
It is said to the local database, for the record, by the person who is named. Nobody who took part in the change may; the
organisation file has to name them under `people`, or the repository's source has to know them by this login.

Example:
  countersign veto override acme/payments#42 80012 --by m.ortiz --reason \"the scanner read a test key, see PAY-88\"")]
pub(super) struct OverrideArgs {
    /// The pull request: acme/payments#42
    #[arg(value_name = "REPO#N")]
    pull: PullName,
    /// The veto: the id of the review, as under `approvals` of the change
    veto: String,
    /// Who overrides it
    #[arg(long, value_name = "PERSON")]
    by: String,
    /// Why, in at least 20 characters
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Runs one of them.
pub(super) async fn run(command: &VetoCommand, config: Option<&Path>) -> Outcome {
    let VetoCommand::Override(args) = command;
    if args.by.trim().is_empty() {
        return Err(Failure::usage("--by: say who overrides the veto"));
    }
    let app = open::existing(config).await?;
    let done = Box::pin(set_aside(&app, args)).await;
    open::close(&app).await;
    done?;
    let (repo, number) = (foreign(&args.pull.repo), args.pull.number);
    let (veto, by) = (foreign(args.veto.trim()), foreign(args.by.trim()));
    out::say(&format!("{repo}#{number}: veto {veto} is overridden by {by}"))?;
    Ok(Exit::Done)
}

async fn set_aside(app: &App, args: &OverrideArgs) -> Result<(), AppError> {
    let caller = Caller::administrator(args.by.trim());
    let change = app.change_id_of_pull(&caller, &args.pull.repo, args.pull.number).await?;
    let (veto, reason) = (args.veto.trim().to_owned(), args.reason.clone());
    app.override_veto(&caller, OverrideRequest { change, veto, reason }).await.map(|_| ())
}
