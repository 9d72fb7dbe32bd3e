//! Secrets: named in the configuration, read when they are needed, and shown nowhere.

use std::fmt;
use std::path::PathBuf;

/// A secret's value. `Debug` shows nothing of it; there is no `Display` and no `Serialize`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that uses it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// It stands in the configuration.
    Literal(Secret),
    /// An environment variable, as it was when the configuration was read.
    Env {
        /// The variable.
        name: String,
        /// Its value, if it was set.
        value: Option<Secret>,
    },
    /// A file, read each time, so that a rotated secret needs no restart.
    File(PathBuf),
}

/// Why a secret cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set.
    #[error("the environment variable {0} is not set; a secret is to come from it")]
    Unset(String),
    /// The file cannot be read.
    #[error("the secret file {path} cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// There is nothing in it.
    #[error("the secret from {0} is empty")]
    Empty(String),
}

impl SecretSource {
    /// The secret. Line ends at the end of a file are not part of it; an empty secret is an error.
    pub fn resolve(&self) -> Result<Secret, SecretError> {
        let (secret, from) = match self {
            Self::Literal(secret) => (secret.clone(), "the configuration".to_owned()),
            Self::Env { name, value } => {
                let value = value.clone().ok_or_else(|| SecretError::Unset(name.clone()))?;
                (value, format!("the environment variable {name}"))
            }
            Self::File(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    SecretError::Unreadable { path: path.clone(), why: error.to_string() }
                })?;
                let text = text.trim_end_matches(['\n', '\r']).to_owned();
                (Secret(text), path.display().to_string())
            }
        };
        if secret.0.is_empty() { Err(SecretError::Empty(from)) } else { Ok(secret) }
    }
}
