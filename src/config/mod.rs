//! Configuration (`countersign.toml`), read as strictly as a policy: an unknown key is an error with its place and
//! the nearest known one, and every mistake of the file is named in one go. `config.example.toml` shows every key.

mod build;
mod environment;
mod secret;
mod tables;
mod toml_tree;

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use self::secret::{Secret, SecretError, SecretSource};
use crate::policy::diagnostic::{Diagnostic, render_all};

/// Everything the service is told from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where it listens and under which address it is known.
    pub server: Server,
    /// Where the data lie: `sqlite:…` with an absolute path if a file was read, or `postgres://…`.
    pub database_url: DatabaseUrl,
    /// The ledger.
    pub ledger: Ledger,
    /// The witness that `countersign witness` is.
    pub witness: WitnessServer,
    /// git.
    pub git: Git,
    /// The organisation file; `None`: the built-in policy binds.
    pub organisation: Option<PathBuf>,
    /// Limits of what is taken in.
    pub limits: Limits,
    /// Outside systems, in file order.
    pub sources: Vec<Source>,
    /// Repositories, in file order.
    pub repositories: Vec<Repository>,
}

/// A database's address. It may hold a password: `Debug` shows the part before the `:` only.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(pub String);

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({}:…)", self.0.split(':').next().unwrap_or_default())
    }
}

/// Where the service listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Address and port.
    pub listen: SocketAddr,
    /// How browsers and forges reach it, without a slash at the end.
    pub public_url: String,
}

/// The ledger's name and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// The name in checkpoints.
    pub origin: String,
    /// The signing key; made at the first start if absent.
    pub signing_key_file: PathBuf,
    /// How often a checkpoint is published.
    pub checkpoint_interval: Duration,
    /// How often the whole ledger is verified.
    pub verify_interval: Duration,
    /// Witnesses that are asked to cosign, in file order.
    pub witnesses: Vec<Witness>,
    /// How many of them have to cosign before a checkpoint counts as witnessed.
    pub quorum: usize,
}

/// A witness that is asked (C2SP tlog-witness).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its name on pages and in messages.
    pub name: String,
    /// What `/add-checkpoint` is put behind, without a slash at the end.
    pub url: String,
    /// Its verifier key.
    pub key: String,
}

/// What `countersign witness` serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessServer {
    /// The name in its cosignatures; it has no default.
    pub name: Option<String>,
    /// Address and port.
    pub listen: SocketAddr,
    /// Its key; made at the first start if absent.
    pub key_file: PathBuf,
    /// The folder where it keeps what it cosigned.
    pub state_dir: PathBuf,
    /// The verifier keys of the logs that it cosigns for.
    pub logs: Vec<String>,
}

/// How repositories are fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Git {
    /// The folder of the bare mirrors.
    pub mirror_dir: PathBuf,
    /// The git program.
    pub git_binary: PathBuf,
    /// Whether `file://` may be cloned.
    pub allow_file_urls: bool,
    /// Bytes of one fetch above which it is given up.
    pub max_fetch_bytes: u64,
    /// How long one fetch may take.
    pub timeout: Duration,
    /// The authorities that an https server's certificate may come from; `None`: those of the machine.
    pub ca_file: Option<PathBuf>,
}

/// Limits of what is taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one webhook delivery.
    pub body_bytes: u64,
}

/// Kinds of outside systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceKind {
    /// GitHub and GitHub Enterprise Server.
    Github,
    /// Bitbucket Cloud.
    BitbucketCloud,
    /// Bitbucket Data Center.
    BitbucketDatacenter,
    /// GitLab.
    Gitlab,
    /// Gitea and Forgejo.
    Gitea,
    /// Jira, Cloud and Data Center.
    Jira,
    /// PagerDuty.
    Pagerduty,
    /// Opsgenie.
    Opsgenie,
    /// SonarQube.
    Sonarqube,
    /// Slack.
    Slack,
    /// Confluence.
    Confluence,
    /// Anything that sends CloudEvents.
    Cloudevents,
}

/// An outside system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its id, in its webhook URL.
    pub id: String,
    /// What it is.
    pub kind: SourceKind,
    /// The secret of its deliveries; there is no source without one (sem 11.7).
    pub secret: SecretSource,
    /// The base of its REST API, without a slash at the end.
    pub api_url: Option<String>,
    /// How we sign in to it.
    pub credentials: Credentials,
    /// Project keys that are known; only these make a ticket key.
    pub projects: Vec<String>,
}

/// How we sign in to a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Not at all: nothing is read or written there.
    None,
    /// By token.
    Token(SecretSource),
    /// As an app.
    App {
        /// The app's id.
        app_id: u64,
        /// Its private key, PEM.
        private_key: SecretSource,
    },
}

impl Credentials {
    /// Where the token comes from, if there is one.
    #[must_use]
    pub fn token(&self) -> Option<&SecretSource> {
        match self {
            Self::Token(token) => Some(token),
            Self::None | Self::App { .. } => None,
        }
    }
}

/// A repository whose changes are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The id of its source.
    pub source: String,
    /// Its full name there.
    pub name: String,
    /// Its immutable id there, if it was given; else the first delivery tells it.
    pub id: Option<String>,
    /// Where it is cloned from.
    pub clone_url: String,
    /// The branch whose policy holds where a base is not protected.
    pub default_branch: String,
    /// Globs of the branches that are protected.
    pub protected_branches: Vec<String>,
    /// Project keys whose tickets belong to it; empty: those of every source.
    pub projects: Vec<String>,
}

/// Why there is no configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigError {
    /// The file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It was read, and refused.
    Invalid {
        /// Everything that is wrong.
        diagnostics: Vec<Diagnostic>,
        /// What was read, for excerpts. Lines with literal secrets are blanked.
        text: String,
    },
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, why } => {
                write!(f, "the configuration {} cannot be read: {why}", path.display())
            }
            Self::Invalid { diagnostics, text } => f.write_str(&render_all(diagnostics, text)),
        }
    }
}

impl Config {
    /// The source of an id.
    #[must_use]
    pub fn source(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }

    /// Bytes of a configuration file.
    const MAX_BYTES: usize = 256 * 1024;

    /// Reads a file and lays `COUNTERSIGN__SECTION__KEY` of `environment` over it. No path: defaults and environment.
    /// Relative paths are relative to the file's folder.
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let Some(path) = path else { return Self::parse("", "", Path::new(""), environment) };
        let unreadable = |why: String| ConfigError::Unreadable { path: path.to_owned(), why };
        let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        if bytes.len() > Self::MAX_BYTES {
            return Err(unreadable(format!("it has more than {} bytes", Self::MAX_BYTES)));
        }
        let text = String::from_utf8(bytes).map_err(|_| unreadable("it is no UTF-8".to_owned()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&path.display().to_string(), &text, folder, environment)
    }

    /// Reads a text; `name` is for diagnostics, `folder` what relative paths are relative to.
    pub fn parse(
        name: &str,
        text: &str,
        folder: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        build::config(name, text, folder, &environment.into_iter().collect())
    }
}
