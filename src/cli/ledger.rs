//! `countersign ledger`: what an operator does to the ledger itself.

use std::path::Path;

use clap::{Args, Subcommand};

use super::exit::{Exit, Outcome};
use super::open;
use super::out::{self, DIM, row};
use crate::app::Caller;

/// What can be done.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum LedgerCommand {
    /// Makes a new key and hands the ledger over to it
    ///
    /// An entry signed by both keys says so. Checkpoints that cover it are signed by the new key; what was signed before
    /// stays verifiable by the old one. A running service takes the new key into use with its next checkpoint.
    RotateKey(RotateKeyArgs),
}

/// Arguments of `countersign ledger rotate-key`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Afterwards: back up the new key file; give the new verifier key to everybody who checks the ledger, to witnesses and to
pipelines (COUNTERSIGN_KEY) by another way than this service; destroy the former key's file.")]
pub(super) struct RotateKeyArgs {
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Does it.
pub(super) async fn run(command: &LedgerCommand, config: Option<&Path>) -> Outcome {
    let LedgerCommand::RotateKey(args) = command;
    let app = open::existing(config).await?;
    let done = app.rotate_key(&Caller::operator(), &args.reason).await;
    open::close(&app).await;
    let done = done?;
    let lines = [
        row(DIM, "entry", &done.index.to_string()),
        row(DIM, "old", &done.old),
        row(DIM, "new", &done.new),
        row(DIM, "file", &done.file.display().to_string()),
        row(DIM, "former", &format!("{}: destroy it", done.former.display())),
    ];
    out::say(&lines.join("\n"))?;
    Ok(Exit::Done)
}
