//! Comparing structured configuration key by key (sem 2.2).
//!
//! Both sides are read, under limits, into one typed tree ([`tree`]); each format is one file that makes such a
//! tree ([`yaml`], [`json`], [`toml`], [`properties`], [`dotenv`], [`ini`], [`tfvars`]). The trees are compared ([`compare`], documents of a stream aligned by [`stream`]).
//! Whatever forbids a conclusion is a [`Doubt`](crate::domain::file::Doubt), with its place.

mod comments;
mod compare;
mod dotenv;
mod infrastructure;
mod ini;
mod json;
mod plain;
mod properties;
mod report;
mod scalar;
mod secret;
mod stream;
mod template;
mod tfvars;
mod toml;
mod tree;
mod yaml;

use std::rc::Rc;

use crate::domain::file::Format;
use crate::domain::{KeyDiff, RepoPath};

use report::Report;
use tree::{Fault, Node};

pub use secret::looks_secret;
pub use template::is_templated;

/// Bytes of one side above which a file is not read.
pub const MAX_BYTES: usize = 1 << 20;
/// Levels of nesting above which a file is refused.
pub const MAX_DEPTH: usize = 64;
/// Nodes after alias expansion above which a file is refused.
pub const MAX_NODES: usize = 10_000;
/// Bytes of text after alias expansion above which a file is refused: a long text behind many aliases.
const MAX_EXPANDED_BYTES: usize = 4 << 20;
/// Bytes of one key above which a file is refused.
const MAX_KEY_BYTES: usize = 1024;

/// Compares the two sides of a structured file; a side is `None` where the path does not exist.
///
/// `None`: the path's name is of no format that is compared by keys ([`format_of`]). Equal bytes have no
/// changes and no doubts. A file that is new or gone has its leaves as changes and a `structural` doubt. Time and
/// memory are bounded for any input: 1 MiB, 64 levels, 10,000 nodes after expansion (sem 2.2.1).
#[must_use]
pub fn diff(path: &RepoPath, old: Option<&[u8]>, new: Option<&[u8]>) -> Option<KeyDiff> {
    let format = format_of(path)?;
    if old == new {
        return Some(KeyDiff { format, changes: Vec::new(), doubts: Vec::new() });
    }
    let before = old.map(|bytes| Text::read(format, bytes));
    let after = new.map(|bytes| Text::read(format, bytes));
    let mut report = Report::new(format, text_of(before.as_ref()), text_of(after.as_ref()));
    examine(format, before.as_ref(), after.as_ref(), &mut report);
    for (side, text, bytes) in [(report::OLD, &before, old), (report::NEW, &after, new)] {
        let unread = text.as_ref().is_some_and(|text| text.documents.is_err());
        if unread && bytes.is_some_and(|bytes| infrastructure::may_be_manifest(path, bytes)) {
            let why = "it looks like infrastructure, and cannot be read".to_owned();
            report.doubt(side, "infrastructure", 0, why, None);
        }
    }
    let (mut changes, mut doubts) = report.finish();
    if format == Format::Properties {
        properties::as_paths(&mut changes, &mut doubts);
    }
    Some(KeyDiff { format, changes, doubts })
}

/// The format that a path's name says, if it is one of those compared by keys.
#[must_use]
pub fn format_of(path: &RepoPath) -> Option<Format> {
    let name = String::from_utf8_lossy(path.file_name()).to_ascii_lowercase();
    match name.rsplit_once('.')?.1 {
        "yaml" | "yml" => Some(Format::Yaml),
        "json" if may_hold_comments(&name) => Some(Format::JsonWithComments),
        "json" => Some(Format::Json),
        "jsonc" => Some(Format::JsonWithComments),
        "toml" => Some(Format::Toml),
        "properties" => Some(Format::Properties),
        "ini" => Some(Format::Ini),
        "tfvars" => Some(Format::Tfvars),
        "env" => Some(Format::Dotenv),
        _ if name.starts_with(".env.") => Some(Format::Dotenv),
        _ => None,
    }
}

/// Files whose only reader takes comments, in spite of their extension.
fn may_hold_comments(name: &str) -> bool {
    name.starts_with("tsconfig.") || matches!(name, "jsconfig.json" | "devcontainer.json")
}

/// One side: its text without byte order mark, and the documents in it.
struct Text<'a> {
    content: &'a str,
    bom: bool,
    documents: Result<Vec<Rc<Node>>, Fault>,
}

impl<'a> Text<'a> {
    fn read(format: Format, bytes: &'a [u8]) -> Self {
        match decode(bytes) {
            Err(fault) => Self { content: "", bom: false, documents: Err(fault) },
            Ok(whole) => {
                let stripped = whole.strip_prefix('\u{feff}');
                let text = stripped.unwrap_or(whole);
                let documents = refuse_controls(text).and_then(|()| match format {
                    Format::Yaml => yaml::parse(text),
                    Format::Json => json::parse(text),
                    Format::JsonWithComments => json::parse_with_comments(text),
                    Format::Toml => toml::parse(text),
                    Format::Properties => properties::parse(text),
                    Format::Dotenv => dotenv::parse(text),
                    Format::Ini => ini::parse(text),
                    Format::Tfvars => tfvars::parse(text),
                });
                Self { content: text, bom: stripped.is_some(), documents }
            }
        }
    }
}

fn text_of<'a>(side: Option<&Text<'a>>) -> &'a str {
    side.map_or("", |side| side.content)
}

fn decode(bytes: &[u8]) -> Result<&str, Fault> {
    if bytes.len() > MAX_BYTES {
        let why = format!("{} bytes, more than {MAX_BYTES}: it is not read", bytes.len());
        return Err(Fault::new("too_large", 0, why));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let why = format!("byte {} is no UTF-8", error.valid_up_to() + 1);
        Fault::new("invalid_utf8", 0, why)
    })
}

/// Characters that end a text or a line for one reader and not for another.
fn refuse_controls(text: &str) -> Result<(), Fault> {
    let odd = |c: char| {
        (c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
    };
    match text.char_indices().find(|(_, c)| odd(*c)) {
        None => Ok(()),
        Some((at, c)) => {
            let why = format!("the character U+{:04X} is read differently by parsers", c as u32);
            Err(Fault::new("control_character", at, why))
        }
    }
}

fn examine(
    format: Format,
    old: Option<&Text<'_>>,
    new: Option<&Text<'_>>,
    report: &mut Report<'_>,
) {
    for (side, name) in [(old, report::OLD), (new, report::NEW)] {
        if let Some(Err(fault)) = side.map(|text| &text.documents) {
            report.doubt(name, fault.kind, fault.at, fault.why.clone(), None);
        }
    }
    if let (Some(old), Some(new)) = (old, new)
        && old.bom != new.bom
    {
        report.doubt(report::NEW, "bom", 0, "the byte order mark changed".to_owned(), None);
    }
    comments::examine(format, text_of(old), text_of(new), report);
    if old.is_none() || new.is_none() {
        let (side, what) = if old.is_none() { (report::NEW, "new") } else { (report::OLD, "gone") };
        report.doubt(side, "structural", 0, format!("the whole file is {what}"), None);
    }
    let none = Ok(Vec::new());
    let documents =
        |side: Option<&Text<'_>>| side.map_or_else(|| none.clone(), |text| text.documents.clone());
    if let (Ok(before), Ok(after)) = (documents(old), documents(new)) {
        stream::compare(&before, &after, report);
    }
}

#[cfg(test)]
mod formats_tests;
#[cfg(test)]
mod tests;
