//! `countersign token …` and `countersign sign-in`: secrets, each shown once.

use std::path::Path;
use std::time::Duration;

use clap::{Args, Subcommand};
use comfy_table::Table;
use comfy_table::presets::NOTHING;

use super::exit::{Exit, Failure, Outcome};
use super::open;
use super::out::{self, foreign};
use crate::app::access::TokenRequest;
use crate::app::{App, Caller, Role};
use crate::clock::Clock;
use crate::domain::Time;

/// The longest that a token may last: ten years. Longer ones are meant to last until they are revoked.
const LONGEST: Duration = Duration::from_hours(10 * 366 * 24);

/// The commands about tokens.
#[derive(Debug, Clone, Subcommand)]
pub(super) enum TokenCommand {
    /// Makes a token and prints its secret, which is kept nowhere and shown once
    Create(CreateArgs),
    /// Lists all tokens, without their secrets
    List,
    /// Ends a token at once
    Revoke {
        /// Its id, as `token list` shows it
        id: String,
    },
}

/// Arguments of `countersign token create`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The secret alone goes to standard output:
  COUNTERSIGN_TOKEN=$(countersign token create --role ci --repo acme/payments --expires 90d ci-payments)")]
pub(super) struct CreateArgs {
    /// What it may do: reader, engineer, ci, auditor or admin
    #[arg(long, value_name = "R")]
    role: Role,
    /// Only for this repository
    #[arg(long, value_name = "R")]
    repo: Option<String>,
    /// How long: 12h, 90d, 1y; by default until it is revoked
    #[arg(long, value_name = "DURATION", value_parser = lasting)]
    expires: Option<Duration>,
    /// What people call it
    name: String,
}

/// Arguments of `countersign sign-in`.
#[derive(Debug, Clone, Args)]
pub(super) struct SignInArgs {
    /// Who signs in
    person: String,
    /// In which role: reader, engineer, auditor or admin
    #[arg(long, value_name = "ROLE", default_value = "auditor")]
    role: Role,
}

fn lasting(text: &str) -> Result<Duration, String> {
    let lasts = humantime::parse_duration(text)
        .map_err(|_| "a duration such as 12h, 90d or 1y is needed".to_owned())?;
    match lasts {
        lasts if lasts.is_zero() => Err("more than nothing is needed".to_owned()),
        lasts if lasts > LONGEST => Err("ten years is the most".to_owned()),
        lasts => Ok(lasts),
    }
}

/// Runs one of them.
pub(super) async fn run(command: &TokenCommand, config: Option<&Path>) -> Outcome {
    let app = match command {
        TokenCommand::Create(_) => open::app(open::config(config)?).await?,
        TokenCommand::List | TokenCommand::Revoke { .. } => open::existing(config).await?,
    };
    let done = match command {
        TokenCommand::Create(args) => create(&app, args).await,
        TokenCommand::List => list(&app).await,
        TokenCommand::Revoke { id } => revoke(&app, id).await,
    };
    open::close(&app).await;
    done
}

async fn create(app: &App, args: &CreateArgs) -> Outcome {
    let lasts = args.expires.and_then(|lasts| i64::try_from(lasts.as_micros()).ok());
    let request =
        TokenRequest { name: args.name.clone(), role: args.role, repo: args.repo.clone(), lasts };
    let made = app.create_token(&Caller::operator(), request).await?;
    out::note(&format!(
        "token {} of role {}; its secret follows and is not shown again",
        made.id,
        args.role.as_str()
    ));
    out::say(&made.secret)?;
    Ok(Exit::Done)
}

async fn list(app: &App) -> Outcome {
    let now = Clock::system().now();
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["id", "name", "role", "repository", "made, UTC", "ends, UTC", "state"]);
    for (id, name, role, repo, made, ends, revoked, _) in app.tokens(&Caller::operator()).await? {
        let repo = match repo {
            Some(id) => app.repository(&id).await.map_or(id, |repo| repo.name),
            None => "all".to_owned(),
        };
        let state = match (revoked, ends) {
            (Some(_), _) => "revoked",
            (None, Some(ends)) if ends <= now.micros() => "expired",
            (None, _) => "valid",
        };
        table.add_row([
            id,
            foreign(&name),
            role,
            foreign(&repo),
            minutes(Some(made)),
            minutes(ends),
            state.to_owned(),
        ]);
    }
    out::say(&table.trim_fmt())?;
    Ok(Exit::Done)
}

fn minutes(micros: Option<i64>) -> String {
    micros.and_then(Time::from_micros).map_or_else(|| "never".to_owned(), Time::to_minutes_text)
}

async fn revoke(app: &App, id: &str) -> Outcome {
    app.revoke_token(&Caller::operator(), id).await?;
    out::say(&format!("{} is revoked", foreign(id)))?;
    Ok(Exit::Done)
}

/// Makes a one-time link.
pub(super) async fn sign_in(args: &SignInArgs, config: Option<&Path>) -> Outcome {
    if args.person.trim().is_empty() {
        return Err(Failure::usage("PERSON: who signs in?"));
    }
    if args.role == Role::Ci {
        return Err(Failure::usage(
            "--role ci: pipelines use tokens; `countersign token create` makes one",
        ));
    }
    let app = open::app(open::config(config)?).await?;
    let made = app.sign_in_link(&Caller::operator(), args.person.trim(), args.role).await;
    let secret = made.map(|secret| app.url(&format!("/sign-in/{secret}")));
    open::close(&app).await;
    out::note(&format!(
        "signs {} in once, as {}, within the next hour:",
        foreign(args.person.trim()),
        args.role.as_str()
    ));
    out::say(&secret?)?;
    Ok(Exit::Done)
}
