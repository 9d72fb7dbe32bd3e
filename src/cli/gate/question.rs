//! What is asked: checked as far as it can be before anything is sent.

use std::path::Path;

use serde_json::{Value, json};

use super::{GateArgs, Purpose};
use crate::app::gate::default_service;
use crate::cli::exit::Failure;
use crate::cli::out::foreign;
use crate::domain::Oid;
use crate::git::Repo;

/// A question that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    /// The repository.
    pub(super) repo: String,
    /// The full commit.
    pub(super) sha: Oid,
    /// `merge` or `deploy`.
    pub(super) purpose: &'static str,
    /// For deploys.
    pub(super) environment: Option<String>,
    /// For deploys: what the server will take it for.
    pub(super) service: Option<String>,
    /// For merges.
    pub(super) pull: Option<u64>,
}

impl Question {
    /// From the arguments, or what is wrong with them.
    pub(super) fn new(args: &GateArgs) -> Result<Self, Failure> {
        let refuse = |text: &str| Err(Failure::usage(text));
        if args.repo.trim().is_empty() {
            return refuse("--repo: which repository is meant? For example acme/payments");
        }
        let (purpose, environment, service) = match args.purpose {
            Purpose::Merge if args.environment.is_some() || args.service.is_some() => {
                return refuse("--environment and --service are only for --purpose deploy");
            }
            Purpose::Merge => ("merge", None, None),
            Purpose::Deploy if args.pull.is_some() => {
                return refuse(
                    "--pull is only for --purpose merge; a deploy is about every change that it brings",
                );
            }
            Purpose::Deploy => {
                let named = |name: &&String| !name.is_empty();
                let Some(environment) = args.environment.clone().filter(|name| named(&name)) else {
                    return refuse(
                        "--environment: where is it to go? For example --environment production",
                    );
                };
                let service = args.service.clone().filter(|name| named(&name));
                let service = service.unwrap_or_else(|| default_service(&args.repo));
                ("deploy", Some(environment), Some(service))
            }
        };
        let (repo, sha, pull) = (args.repo.clone(), commit(&args.sha)?, args.pull);
        Ok(Self { repo, sha, purpose, environment, service, pull })
    }

    /// The request's body.
    pub(super) fn body(&self, nonce: &str, wait: u64) -> Value {
        let mut body = json!({
            "repo": self.repo, "sha": self.sha, "purpose": self.purpose,
            "environment": self.environment, "service": self.service, "pull": self.pull,
            "nonce": nonce, "wait": wait,
        });
        if let Value::Object(fields) = &mut body {
            fields.retain(|_, value| !value.is_null());
        }
        body
    }
}

/// The full id: as it is given, or looked up in the clone of this folder.
pub(in crate::cli) fn commit(text: &str) -> Result<Oid, Failure> {
    if let Ok(sha) = text.parse() {
        return Ok(sha);
    }
    Repo::discover(Path::new(".")).and_then(|repo| repo.revision(text)).map_err(|error| {
        Failure::usage(format!(
            "--sha `{}` is not a full commit id (40 or 64 hexadecimal digits), and it could not be looked up here: {}",
            foreign(text),
            foreign(&error.to_string())
        ))
    })
}

/// A nonce that no earlier answer can have.
pub(super) fn nonce() -> Result<String, Failure> {
    use std::fmt::Write as _;
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::undone(format!("the machine gives no randomness: {error}")))?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}
