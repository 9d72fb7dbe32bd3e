//! `countersign link` and `countersign unlink`: a person's word about a pull request and a ticket.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};

use super::exit::{Exit, Failure, Outcome};
use super::http::{Ask, Reply, ServerArgs};
use super::open;
use super::out::{self, foreign};
use crate::app::{Caller, LinkRequest};

/// A pull request as `acme/payments#42`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PullName {
    pub(super) repo: String,
    pub(super) number: u64,
}

impl FromStr for PullName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once('#').filter(|(repo, _)| !repo.is_empty());
        let parts = parts.and_then(|(repo, number)| Some((repo, number.parse::<u64>().ok()?)));
        let (repo, number) = parts
            .filter(|(_, number)| *number > 0)
            .ok_or("a repository and a number such as acme/payments#42 are needed")?;
        Ok(Self { repo: repo.to_owned(), number })
    }
}

/// Arguments of `countersign link`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
With --server it is said to that server, which needs a token of role engineer; without, to the local database.

Example:
  countersign link acme/payments#42 PAY-7")]
pub(super) struct LinkArgs {
    /// The pull request: acme/payments#42
    #[arg(value_name = "REPO#N")]
    pull: PullName,
    /// The ticket's key: PAY-7
    ticket: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Arguments of `countersign unlink`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
The link stays retracted, however often the key is found again in a title, branch or commit.

Example:
  countersign unlink acme/payments#42 PAY-7 --reason \"the key stands in the title by mistake\"")]
pub(super) struct UnlinkArgs {
    /// The pull request: acme/payments#42
    #[arg(value_name = "REPO#N")]
    pull: PullName,
    /// The ticket's key: PAY-7
    ticket: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Links.
pub(super) async fn link(args: &LinkArgs, config: Option<&Path>) -> Outcome {
    let request = request(&args.pull, &args.ticket, &args.reason);
    if args.server.server.is_some() {
        let body = json!({
            "repo": request.repo, "pull": request.pull, "ticket": request.ticket, "reason": request.reason,
        });
        let server = args.server.server()?;
        let reply = server.ask("/api/v1/links", Ask::Post(&body), Duration::ZERO).await;
        accepted(reply)?;
    } else {
        let app = open::existing(config).await?;
        let done = app.link(&Caller::operator(), request).await;
        open::close(&app).await;
        done?;
    }
    said(&args.pull, &args.ticket, "is linked to")
}

/// Retracts.
pub(super) async fn unlink(args: &UnlinkArgs, config: Option<&Path>) -> Outcome {
    if args.reason.trim().is_empty() {
        return Err(Failure::usage("--reason: say why the link is retracted"));
    }
    let request = request(&args.pull, &args.ticket, &args.reason);
    if args.server.server.is_some() {
        let number = request.pull.to_string();
        let query = [
            ("repo", request.repo.as_str()),
            ("pull", &number),
            ("ticket", &request.ticket),
            ("reason", &request.reason),
        ];
        let server = args.server.server()?;
        let reply = server.ask("/api/v1/links", Ask::Delete(&query), Duration::ZERO).await;
        accepted(reply)?;
    } else {
        let app = open::existing(config).await?;
        let done = app.unlink(&Caller::operator(), request).await;
        open::close(&app).await;
        done?;
    }
    said(&args.pull, &args.ticket, "is no longer linked to")
}

fn request(pull: &PullName, ticket: &str, reason: &str) -> LinkRequest {
    LinkRequest {
        repo: pull.repo.clone(),
        pull: pull.number,
        ticket: ticket.trim().to_owned(),
        reason: reason.to_owned(),
    }
}

/// Whether the server did it: a 204, or a 200 or 201 with JSON. A page of something in between is neither.
pub(super) fn accepted(reply: Result<Reply, String>) -> Result<(), Failure> {
    let reply = reply.map_err(|why| Failure::undone(format!("not done: {why}")))?;
    let is_object = || serde_json::from_slice::<Value>(&reply.body).is_ok_and(|it| it.is_object());
    match reply.status {
        204 => Ok(()),
        200..=202 if is_object() => Ok(()),
        200..=202 => Err(Failure::undone("what the server sent is no answer of Countersign")),
        _ => Err(reply.failure()),
    }
}

fn said(pull: &PullName, ticket: &str, what: &str) -> Outcome {
    let (repo, number) = (foreign(&pull.repo), pull.number);
    out::say(&format!("{repo}#{number} {what} {}", foreign(ticket.trim())))?;
    Ok(Exit::Done)
}
