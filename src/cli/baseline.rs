//! `countersign baseline`: an operator's word about what runs somewhere.

use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::exit::{Exit, Failure, Outcome};
use super::http::{Ask, ServerArgs};
use super::out::{self, foreign};
use super::{gate, link, open};
use crate::app::{BaselineRequest, Caller};

/// Arguments of `countersign baseline`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
Deploys after it are judged by what they bring beyond this commit. With --server it is said to that server, which needs a
token of role admin; without, to the local database.

Example:
  countersign baseline --repo acme/payments --service payments --environment production --sha \"$COMMIT\" \\
    --reason \"ran here before Countersign; see the release list of 2026-11-01\"")]
pub(super) struct BaselineArgs {
    /// The repository: acme/payments
    #[arg(long, value_name = "R")]
    repo: String,
    /// The service
    #[arg(long, value_name = "X")]
    service: String,
    /// The environment, such as production
    #[arg(long, value_name = "E")]
    environment: String,
    /// The commit that runs there. One shorter than 40 digits, or a name, is looked up in the git repository of this folder
    #[arg(long, value_name = "S")]
    sha: String,
    /// From when on: `now`, or a time such as 2026-11-20T14:00:00Z; by default before every deploy that is known
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// How you know it, for the record
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Declares.
pub(super) async fn run(args: &BaselineArgs, config: Option<&Path>) -> Outcome {
    if args.reason.trim().is_empty() {
        return Err(Failure::usage("--reason: say how you know that this commit runs there"));
    }
    let sha = gate::commit(&args.sha)?;
    let request = BaselineRequest {
        repo: Some(args.repo.clone()),
        service: Some(args.service.clone()),
        environment: Some(args.environment.clone()),
        sha: Some(sha.to_string()),
        since: args.since.clone(),
        reason: Some(args.reason.clone()),
    };
    if args.server.server.is_some() {
        let mut body = json!({
            "repo": request.repo, "service": request.service, "environment": request.environment,
            "sha": request.sha, "since": request.since, "reason": request.reason,
        });
        if let (Some(fields), None) = (body.as_object_mut(), &request.since) {
            fields.remove("since");
        }
        let server = args.server.server()?;
        link::accepted(server.ask("/api/v1/baselines", Ask::Post(&body), Duration::ZERO).await)?;
    } else {
        let app = open::existing(config).await?;
        let done = app.declare_baseline(&Caller::operator(), &request).await;
        open::close(&app).await;
        done?;
    }
    let (service, environment) = (foreign(&args.service), foreign(&args.environment));
    out::say(&format!("{service} in {environment}: {} is the baseline", sha.short()))?;
    Ok(Exit::Done)
}
