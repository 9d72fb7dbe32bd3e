//! What reading a delivery comes to: events in our words, no interest, or a refusal in a sentence.

use serde::de::DeserializeOwned;

use crate::domain::event::{Event, RepoRef};

/// What a delivery says, in our words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalised {
    /// The repository it names, whether or not it is of interest.
    pub repo: Option<RepoRef>,
    /// What it says.
    pub events: Vec<Event>,
    /// The sender's word for what happened: `opened`, `synchronize`, …
    pub action: Option<String>,
    /// Whether anything follows from it.
    pub interest: Interest,
}

/// Whether anything follows from a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Interest {
    /// Its events are to be applied.
    Applied,
    /// It is kept, and nothing more: why, in a sentence.
    None(String),
}

impl Normalised {
    /// A delivery with one event.
    pub(super) fn one(repo: Option<RepoRef>, action: Option<String>, event: Event) -> Self {
        Self { repo, events: vec![event], action, interest: Interest::Applied }
    }

    /// A delivery that is kept and nothing more.
    pub(super) fn nothing(repo: Option<RepoRef>, action: Option<String>, why: String) -> Self {
        Self { repo, events: Vec::new(), action, interest: Interest::None(why) }
    }
}

/// Why a delivery cannot be understood. It is set aside with this sentence; its bytes stay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The bytes are no text.
    #[error("the body is not UTF-8: byte {at} begins no character")]
    NotUtf8 {
        /// Offset of the first wrong byte.
        at: usize,
    },
    /// The text is no JSON.
    #[error("the body is not JSON: {why} (line {line}, column {column}){hint}")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1; 0 at the very start.
        column: usize,
        /// The parser's words.
        why: String,
        /// What to do, if that is known; begins with `; `.
        hint: &'static str,
    },
    /// The JSON is not what the event promises.
    #[error("the body has another shape than expected: `{field}`: {why}")]
    OtherShape {
        /// Path of the field: `pull_request.head.sha`.
        field: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Reads a body as a payload: UTF-8, JSON, shape, in this order, each with its own refusal.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let text =
        std::str::from_utf8(body).map_err(|error| Refusal::NotUtf8 { at: error.valid_up_to() })?;
    let mut json = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        refusal(text, &path, error.inner())
    })?;
    json.end().map_err(|error| refusal(text, "", &error))?;
    Ok(value)
}

fn refusal(text: &str, path: &str, error: &serde_json::Error) -> Refusal {
    let full = error.to_string();
    let at = format!(" at line {} column {}", error.line(), error.column());
    let why = full.strip_suffix(&at).unwrap_or(&full).to_owned();
    if error.is_data() {
        let field = if path.is_empty() { "." } else { path }.to_owned();
        return Refusal::OtherShape { field, why };
    }
    let hint = if text.starts_with("payload=") {
        "; it looks like a form: set the webhook's content type to `application/json`"
    } else if text.starts_with('\u{feff}') {
        "; it begins with a byte order mark, which JSON must not have"
    } else {
        ""
    };
    Refusal::NotJson { line: error.line(), column: error.column(), why, hint }
}

/// A field that one kind of delivery needs and this one lacks.
pub(super) fn lacking(field: &str, why: &str) -> Refusal {
    Refusal::OtherShape { field: field.to_owned(), why: why.to_owned() }
}
