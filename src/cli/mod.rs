//! The command line. One file a command; this one knows them all.
//!
//! Results go to standard output, everything else to standard error; the exit codes are the contract's, the same for
//! every command.

pub mod audit;
mod authors;
mod baseline;
mod bundle;
pub mod demo;
mod doctor;
mod erasure;
mod exit;
mod gate;
mod http;
mod ledger;
mod link;
mod open;
mod out;
mod panics;
mod policy;
mod rebuild;
mod serve;
mod token;
mod verify;
mod veto;
mod witness;

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::exit::{Exit, Failure, Outcome};
use crate::telemetry;

/// An auditable ledger of tickets, pull requests and production deploys, and a gate that answers: may this go out?
#[derive(Debug, Parser)]
#[command(name = "countersign", version, about, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  countersign demo
  countersign audit . --since 2026-01-01
  countersign serve --config countersign.toml
  countersign token create --role ci --repo acme/payments --expires 90d ci-payments
  countersign gate --repo acme/payments --sha \"$COMMIT\" --environment production --wait 10m
  countersign policy check .countersign.yml
  countersign policy explain --repo . --base origin/main --head HEAD
  countersign verify
  countersign bundle --from 2026-10-01 --to 2026-12-31 -o quarter.zip
  countersign verify quarter.zip --key 'example.org/countersign+2418fb73+AWK5…'

Exit codes of every command: 0 done, or it passes; 1 blocked, or the thing checked does not hold; 2 wrong usage;
3 it could not be decided or done; 4 still pending when --wait ran out.

Environment: COUNTERSIGN_CONFIG, COUNTERSIGN_SERVER, COUNTERSIGN_TOKEN, COUNTERSIGN_KEY; COUNTERSIGN__SECTION__KEY for any
key of the configuration; COUNTERSIGN_LOG (such as info or countersign::store=debug), COUNTERSIGN_LOG_FORMAT=json.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// The configuration; by default countersign.toml in this folder, if it is there
    #[arg(long, global = true, value_name = "FILE", env = "COUNTERSIGN_CONFIG")]
    config: Option<PathBuf>,
}

/// Every command.
#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the service: webhooks, API, pages, background work
    ///
    /// The database is brought up to date first. SIGINT or SIGTERM stops it in order, a second one at once.
    Serve,
    /// Builds a sample organisation and serves it
    ///
    /// Real git commits and signed deliveries go through the real intake; the same every time.
    Demo(demo::DemoArgs),
    /// Lists every landing on a branch of a local repository: class, reason, tickets, authors
    ///
    /// No server and no configuration; what git alone cannot know is said.
    Audit(audit::AuditArgs),
    /// Asks a server whether a commit may go out
    Gate(gate::GateArgs),
    /// Links a pull request to a ticket
    Link(link::LinkArgs),
    /// Retracts the link between a pull request and a ticket
    Unlink(link::UnlinkArgs),
    /// Declares what runs somewhere, where no deploy was ever reported
    Baseline(baseline::BaselineArgs),
    /// Disowns a co-author trailer, as the person whom it names and with a reason
    #[command(subcommand)]
    Authors(authors::AuthorsCommand),
    /// Sets a veto aside, as an administrator and with a reason
    #[command(subcommand)]
    Veto(veto::VetoCommand),
    /// Erases a person's data from what is kept, by two administrators; every proof still verifies
    #[command(subcommand)]
    Erasure(erasure::ErasureCommand),
    /// Checks, tests and explains policies, offline
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Writes the evidence about a change or a period into a ZIP that is checked without the service
    Bundle(bundle::BundleArgs),
    /// Checks the whole ledger against its hashes, head and checkpoints; or a bundle, offline
    Verify(verify::VerifyArgs),
    /// Does everything that was recorded again in an empty database, and compares both
    Rebuild(rebuild::RebuildArgs),
    /// Rotates the ledger's key
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Cosigns the checkpoints of other ledgers (C2SP tlog-witness), as `[witness]` of the configuration says
    Witness,
    /// Makes, lists and revokes tokens
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Prints a link that signs a person in, once
    SignIn(token::SignInArgs),
    /// Looks whether everything the service needs is there, and says what to do
    Doctor,
}

/// The whole program: reads the arguments, runs the command, ends with its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(shown) => {
            // Nobody reads on: nothing to do about it.
            let _ = shown.print();
            return if shown.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    let service = matches!(cli.command, Command::Serve | Command::Witness);
    panics::install(service);
    if let Err(complaint) = telemetry::start(service) {
        out::note(&format!("warning: {complaint}"));
    }
    let done = std::panic::catch_unwind(AssertUnwindSafe(|| start(&cli)));
    match done {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(failure)) => {
            out::note(&format!("error: {}", failure.text));
            failure.exit.into()
        }
        Err(_) => Exit::Undone.into(),
    }
}

fn start(cli: &Cli) -> Outcome {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::undone(format!("the program cannot start: {error}")))?
        .block_on(run(cli))
}

async fn run(cli: &Cli) -> Outcome {
    let config = cli.config.as_deref();
    match &cli.command {
        Command::Serve => serve::run(config).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Audit(args) => Ok(Exit::of(audit::run_from_args(args))),
        Command::Gate(args) => gate::run(args).await,
        Command::Link(args) => link::link(args, config).await,
        Command::Unlink(args) => link::unlink(args, config).await,
        Command::Baseline(args) => baseline::run(args, config).await,
        Command::Authors(command) => Box::pin(authors::run(command, config)).await,
        Command::Erasure(command) => Box::pin(erasure::run(command, config)).await,
        Command::Veto(command) => Box::pin(veto::run(command, config)).await,
        Command::Policy(command) => Box::pin(policy::run(command, config)).await,
        Command::Bundle(args) => Box::pin(bundle::run(args, config)).await,
        Command::Verify(args) => verify::run(args, config).await,
        Command::Rebuild(args) => rebuild::run(args, config).await,
        Command::Ledger(command) => Box::pin(ledger::run(command, config)).await,
        Command::Witness => witness::run(config).await,
        Command::Token(command) => token::run(command, config).await,
        Command::SignIn(args) => token::sign_in(args, config).await,
        Command::Doctor => doctor::run(config).await,
    }
}
