//! The configuration, and the service over the local database, for commands that need them.

use std::path::{Path, PathBuf};

use super::exit::Failure;
use super::out;
use crate::app::App;
use crate::clock::Clock;
use crate::config::{Config, ConfigError};

/// The configuration in the working directory, where none is named.
const DEFAULT_FILE: &str = "countersign.toml";

/// Which file is read: the one named, else `countersign.toml` here, if there is one.
pub(super) fn file(named: Option<&Path>) -> Option<PathBuf> {
    let default = Path::new(DEFAULT_FILE);
    named.map(Path::to_owned).or_else(|| default.exists().then(|| default.to_owned()))
}

/// The environment as text. A variable of ours that is no text stays in, so that it is refused and not overlooked.
pub(super) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        match value.into_string() {
            Ok(value) => Some((name, value)),
            Err(value) if name.starts_with("COUNTERSIGN__") => {
                Some((name, value.to_string_lossy().into_owned()))
            }
            Err(_) => None,
        }
    })
}

/// Reads the configuration. One that is refused is wrong usage, with every mistake in it.
pub(super) fn config(named: Option<&Path>) -> Result<Config, Failure> {
    Config::load(file(named).as_deref(), environment()).map_err(|error| match error {
        ConfigError::Invalid { .. } => {
            Failure::usage(format!("the configuration is refused\n{error}"))
        }
        ConfigError::Unreadable { .. } => Failure::usage(error.to_string()),
    })
}

/// The file of the database, if it is in one.
pub(super) fn database_file(config: &Config) -> Option<PathBuf> {
    let file = config.database_url.0.strip_prefix("sqlite:")?;
    Some(PathBuf::from(file.trim_start_matches("//")))
}

/// Opens the service over the local database; makes the database and the key where there are none yet.
pub(super) async fn app(config: Config) -> Result<App, Failure> {
    let new = database_file(&config).filter(|file| !file.exists());
    let app = App::open(config, Clock::system()).await?;
    if let Some(file) = new {
        // Who meant another database sees it here.
        out::note(&format!("a new database was made: {}", file.display()));
    }
    Ok(app)
}

/// The same over a database that must be there: a new one in the wrong folder would look like an empty ledger.
pub(super) async fn existing(named: Option<&Path>) -> Result<App, Failure> {
    let config = config(named)?;
    if let Some(file) = database_file(&config).filter(|file| !file.exists()) {
        return Err(Failure::undone(format!(
            "there is no database at {}; name the service's configuration with --config FILE",
            file.display()
        )));
    }
    app(config).await
}

/// Ends a command's use of the database. Checkpoints are signed by the service, not by a command beside it.
pub(super) async fn close(app: &App) {
    app.db().close().await;
}
