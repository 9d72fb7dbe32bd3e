//! `countersign erasure`: two administrators at the machine erase a person's data.

use std::path::Path;

use clap::{Args, Subcommand};

use super::exit::{Exit, Failure, Outcome};
use super::open;
use super::out::{self, foreign};
use crate::app::{App, AppError, Caller, ErasureRequest, ErasureView};

/// Commands about erasures.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum ErasureCommand {
    /// Looks for everything that names a person, and asks for its erasure
    Request(RequestArgs),
    /// Agrees to an erasure that somebody else asked for, and does it: nothing brings back what is erased
    Agree(EndArgs),
    /// Withdraws an erasure that was asked for
    Withdraw(EndArgs),
    /// Lists erasures, the done ones too
    List,
    /// Takes what was overwritten out of the database's files, where that failed at the end of an erasure
    Scrub,
}

/// Arguments of `countersign erasure request`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
What was found is listed. Look at it: a name that others have as well is left out by --except, one that is missing is
added by --also. Take the person out of the organisation file first.

Example:
  countersign erasure request m.ortiz --by a.lind --reason \"left in March, asked by letter of 2026-11-02\"")]
pub(super) struct RequestArgs {
    /// The person: the name in the organisation file, or the login
    person: String,
    /// Another name, login or address of theirs
    #[arg(long, value_name = "TEXT")]
    also: Vec<String>,
    /// Something that would be found and is not theirs alone
    #[arg(long, value_name = "TEXT")]
    except: Vec<String>,
    /// Who asks for it
    #[arg(long, value_name = "PERSON")]
    by: String,
    /// Why, in at least 20 characters
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Arguments of `countersign erasure agree` and `withdraw`.
#[derive(Debug, Clone, Args)]
pub(super) struct EndArgs {
    /// The erasure: era_…
    erasure: String,
    /// Who agrees, or withdraws it
    #[arg(long, value_name = "PERSON")]
    by: String,
}

/// Runs one of them.
pub(super) async fn run(command: &ErasureCommand, config: Option<&Path>) -> Outcome {
    let by = match command {
        ErasureCommand::Request(args) => args.by.trim(),
        ErasureCommand::Agree(args) | ErasureCommand::Withdraw(args) => args.by.trim(),
        ErasureCommand::List | ErasureCommand::Scrub => "operator",
    };
    if by.is_empty() {
        return Err(Failure::usage("--by: say who does it"));
    }
    let caller = Caller::administrator(by);
    let app = open::existing(config).await?;
    let done = Box::pin(done(&app, &caller, command)).await;
    open::close(&app).await;
    for erasure in done? {
        out::say(&told(&erasure))?;
    }
    Ok(Exit::Done)
}

async fn done(
    app: &App,
    caller: &Caller,
    command: &ErasureCommand,
) -> Result<Vec<ErasureView>, AppError> {
    Ok(match command {
        ErasureCommand::Request(args) => {
            let request = ErasureRequest {
                person: args.person.clone(),
                also: args.also.clone(),
                except: args.except.clone(),
                reason: args.reason.clone(),
            };
            vec![app.request_erasure(caller, request).await?]
        }
        ErasureCommand::Agree(args) => vec![app.agree_to_erasure(caller, &args.erasure).await?],
        ErasureCommand::Withdraw(args) => vec![app.withdraw_erasure(caller, &args.erasure).await?],
        ErasureCommand::List => app.erasures(caller).await?,
        ErasureCommand::Scrub => {
            app.scrub(caller).await?;
            Vec::new()
        }
    })
}

/// An erasure in a few lines.
fn told(erasure: &ErasureView) -> String {
    let at = |at: Option<crate::domain::Time>| {
        at.map(crate::domain::Time::to_seconds_text).unwrap_or_default()
    };
    let (id, pseudonym) = (&erasure.erasure, &erasure.pseudonym);
    let ended = || (foreign(erasure.ended_by.as_deref().unwrap_or_default()), at(erasure.ended_at));
    match (erasure.state.as_str(), &erasure.terms) {
        ("performed", _) => {
            let (by, at) = ended();
            format!(
                "{id}: {pseudonym} was erased on {at}, asked for by {} and agreed to by {by}: {} documents, {} deliveries, entry {}",
                foreign(&erasure.requested_by),
                erasure.documents.unwrap_or_default(),
                erasure.deliveries.unwrap_or_default(),
                erasure.ledger_index
            )
        }
        ("requested", Some(terms)) => {
            let mut lines = vec![format!(
                "{id}: asked for by {} on {}. In place of these will stand {pseudonym}:",
                foreign(&erasure.requested_by),
                at(erasure.requested_at)
            )];
            lines.extend(terms.texts.iter().map(|name| format!("  {}", foreign(name))));
            let account =
                |(source, id): &(String, String)| format!("  account {} of {source}", foreign(id));
            lines.extend(terms.accounts.iter().map(account));
            lines.push(format!(
                "Another administrator agrees: countersign erasure agree {id} --by PERSON"
            ));
            lines.join("\n")
        }
        (state, _) => {
            let (by, at) = ended();
            format!("{id}: {state} by {by} on {at}")
        }
    }
}
