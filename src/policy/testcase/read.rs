//! Reads a file of cases, strictly.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor, value::MapAccessDeserializer};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Options, Spanned};
use sha2::{Digest as _, Sha256};

use super::{Blob, Case, CaseCommit, CaseError, CaseGrant, CaseOpinion, CaseTicket, Expect};
use crate::domain::fact::Verdict;
use crate::domain::{Oid, RepoPath, Time};

/// Bytes above which a file of cases is refused.
const MAX_BYTES: usize = 1 << 20;

/// Reads a file of cases. Bad input is refused whole: the first error, with its place.
pub fn parse(text: &str) -> Result<Vec<Case>, CaseError> {
    if text.len() > MAX_BYTES {
        let message = format!("a file of cases may have {MAX_BYTES} bytes; split it");
        return Err(CaseError { line: 0, column: 0, message });
    }
    let raw: Vec<Spanned<RawCase>> =
        serde_saphyr::from_str_with_options(text, options()).map_err(|error| place(&error))?;
    if raw.is_empty() {
        let message = "there is no case in it; a list of cases is needed".to_owned();
        return Err(CaseError { line: 1, column: 1, message });
    }
    raw.into_iter().map(case).collect()
}

fn options() -> Options {
    serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        reject_unsupported_tags: true,
        budget: serde_saphyr::budget! {
            max_depth: 16,
            max_nodes: 100_000,
            max_aliases: 0,
            max_documents: 1,
        },
    }
}

fn place(error: &serde_saphyr::Error) -> CaseError {
    let location = error.location();
    let text = error.without_snippet().to_string();
    let text = text.lines().next().unwrap_or_default().trim();
    let text = text.split(" at line ").next().unwrap_or(text).trim();
    let message = plain(text);
    CaseError {
        line: location.map_or(0, |at| at.line()),
        column: location.map_or(0, |at| at.column()),
        message: message.chars().take(400).collect(),
    }
}

/// The parser's sentence in the words of somebody who writes cases and does not know its options.
fn plain(text: &str) -> String {
    if text.starts_with("budget breached: Aliases") {
        return "an alias is not allowed here; write the value out".to_owned();
    }
    if text.starts_with("budget breached") {
        return "there is too much in this file, or it is nested too deep; split it".to_owned();
    }
    text.split(", set DuplicateKeyPolicy").next().unwrap_or(text).to_owned()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    name: String,
    #[serde(default)]
    base: BTreeMap<String, RawFile>,
    #[serde(default)]
    head: BTreeMap<String, RawFile>,
    #[serde(default = "dev1")]
    author: String,
    #[serde(default)]
    commits: Vec<CaseCommit>,
    #[serde(default)]
    approvals: Vec<CaseOpinion>,
    #[serde(default)]
    roles: BTreeMap<String, Vec<CaseGrant>>,
    #[serde(default)]
    ticket: Option<CaseTicket>,
    #[serde(default)]
    checks: BTreeMap<String, String>,
    #[serde(default = "main_branch")]
    branch: String,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    pushers: Vec<String>,
    #[serde(default)]
    draft: bool,
    expect: Expect,
}

fn dev1() -> String {
    "dev1".to_owned()
}

fn main_branch() -> String {
    "main".to_owned()
}

fn case(raw: Spanned<RawCase>) -> Result<Case, CaseError> {
    let (line, column) = (raw.defined.line(), raw.defined.column());
    let raw = raw.value;
    let refuse = |message: String| Err(CaseError { line, column, message });
    if raw.expect.is_empty() {
        return refuse(format!(
            "case `{}` expects nothing, so it could not fail; give class, state, pass or reason_contains",
            raw.name
        ));
    }
    if raw.base.is_empty() && raw.head.is_empty() {
        return refuse(format!("case `{}` has no file in `base` or `head`", raw.name));
    }
    if let Some(why) = raw.approvals.iter().find_map(contradiction) {
        return refuse(format!("case `{}`: {why}", raw.name));
    }
    Ok(Case {
        name: raw.name,
        line,
        base: files(raw.base),
        head: files(raw.head),
        author: raw.author,
        commits: raw.commits,
        approvals: raw.approvals,
        roles: raw.roles,
        ticket: raw.ticket,
        checks: raw.checks,
        branch: raw.branch,
        labels: raw.labels,
        pushers: raw.pushers,
        draft: raw.draft,
        expect: raw.expect,
    })
}

/// What an approval says that cannot all be so.
fn contradiction(said: &CaseOpinion) -> Option<String> {
    let (by, at_head) = (&said.by, said.at.as_deref().is_none_or(|word| word == "head"));
    if at_head && !said.files.is_empty() {
        return Some(format!(
            "`files` of the approval by {by} need `at: earlier`; at the head they are those of `head`"
        ));
    }
    if at_head && said.branch.is_none() && said.proof.is_some() {
        return Some(format!(
            "`proof` of the approval by {by} needs `at: earlier` or `branch`; at the head nothing has to be proven"
        ));
    }
    if said.overridden_by.is_some() && said.state != Verdict::Veto {
        return Some(format!("`overridden_by` of the opinion by {by} needs `state: veto`"));
    }
    None
}

fn files(raw: BTreeMap<String, RawFile>) -> BTreeMap<RepoPath, Blob> {
    raw.into_iter()
        .filter_map(|(path, file)| file.0.map(|blob| (RepoPath::from(path.as_str()), blob)))
        .collect()
}

/// What stood at some paths.
pub(super) fn overlay<'de, D: Deserializer<'de>>(
    raw: D,
) -> Result<BTreeMap<RepoPath, Option<Blob>>, D::Error> {
    let raw = BTreeMap::<String, RawFile>::deserialize(raw)?;
    Ok(raw.into_iter().map(|(path, file)| (RepoPath::from(path.as_str()), file.0)).collect())
}

/// A file as the contract writes it; `None`: it is not there.
#[derive(Debug)]
struct RawFile(Option<Blob>);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    text: Option<String>,
    base64: Option<String>,
    symlink: Option<String>,
    submodule: Option<Oid>,
    mode: Option<String>,
}

impl<'de> Deserialize<'de> for RawFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FileVisitor)
    }
}

struct FileVisitor;

impl<'de> Visitor<'de> for FileVisitor {
    type Value = RawFile;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a file: its text in quotes, null, or one of text, base64, symlink, submodule")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<RawFile, E> {
        Ok(RawFile(Some(blob(0o100_644, text.as_bytes().to_vec()))))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<RawFile, E> {
        Ok(RawFile(None))
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<RawFile, E> {
        Ok(RawFile(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawFile, A::Error> {
        let spec = Spec::deserialize(MapAccessDeserializer::new(map))?;
        spec.blob().map(|blob| RawFile(Some(blob))).map_err(A::Error::custom)
    }
}

impl Spec {
    fn blob(self) -> Result<Blob, String> {
        let mode = match self.mode.as_deref() {
            None => None,
            Some("100644") => Some(0o100_644),
            Some("100755") => Some(0o100_755),
            Some(other) => {
                return Err(format!("mode `{other}`: \"100644\" or \"100755\" is needed"));
            }
        };
        let regular = mode.unwrap_or(0o100_644);
        match (self.text, self.base64, self.symlink, self.submodule) {
            (Some(text), None, None, None) => Ok(blob(regular, text.into_bytes())),
            (None, Some(code), None, None) => STANDARD
                .decode(code.trim())
                .map(|bytes| blob(regular, bytes))
                .map_err(|error| format!("`base64` cannot be decoded: {error}")),
            (None, None, Some(target), None) if mode.is_none() => {
                Ok(blob(0o120_000, target.into_bytes()))
            }
            (None, None, None, Some(oid)) if mode.is_none() => {
                Ok(Blob { mode: 0o160_000, oid, bytes: Vec::new() })
            }
            (None, None, Some(_), None) | (None, None, None, Some(_)) => {
                Err("a link or submodule has no `mode` of its own".to_owned())
            }
            _ => Err("exactly one of text, base64, symlink, submodule is needed".to_owned()),
        }
    }
}

fn blob(mode: u32, bytes: Vec<u8>) -> Blob {
    let head = format!("blob {}\0", bytes.len());
    Blob { mode, oid: oid(&[head.as_bytes(), &bytes]), bytes }
}

/// SHA-256 over the parts, as an object id.
pub(super) fn oid(parts: &[&[u8]]) -> Oid {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    #[expect(clippy::expect_used, reason = "a SHA-256 digest has the 32 bytes of an object id")]
    Oid::from_bytes(&hash.finalize()).expect("32 bytes")
}

/// A date, or a time with its zone.
pub(super) fn instant<'de, D: Deserializer<'de>>(raw: D) -> Result<Option<Time>, D::Error> {
    let Some(text) = Option::<String>::deserialize(raw)? else { return Ok(None) };
    let whole = if text.len() == "2026-01-01".len() { format!("{text}T00:00:00Z") } else { text };
    whole.parse().map(Some).map_err(D::Error::custom)
}
