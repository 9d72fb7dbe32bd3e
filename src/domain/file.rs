//! Files of a change, as facts that a policy may ask about (sem 1).

use serde::{Deserialize, Serialize};

use super::{DependencyDiff, Oid, RepoPath};

/// What stands at a path on one side of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Side {
    /// Git's mode: `0o100644`, `0o100755`, `0o120000` (link), `0o160000` (submodule).
    pub mode: u32,
    /// The blob's id; for a submodule the commit it points to.
    pub oid: Oid,
}

/// What kind of thing a mode says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A regular file.
    File,
    /// A regular file that may be executed.
    Executable,
    /// A symbolic link.
    Link,
    /// A submodule pointer.
    Submodule,
    /// A mode that git does not write today.
    Other,
}

impl Side {
    /// The kind of thing.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.mode {
            0o100_644 | 0o100_664 => Kind::File,
            0o100_755 => Kind::Executable,
            0o120_000 => Kind::Link,
            0o160_000 => Kind::Submodule,
            _ => Kind::Other,
        }
    }
}

/// How one path differs between the two trees. A rename is two of these (sem 1): rules judge both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileChange {
    /// The path, on both sides.
    pub path: RepoPath,
    /// Before; `None` where the path is new.
    pub old: Option<Side>,
    /// After; `None` where the path is gone.
    pub new: Option<Side>,
    /// For display and size only: the other end, if this is half of a rename.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed: Option<RepoPath>,
    /// What the bytes say.
    pub content: Content,
    /// Changes by key, where the file is structured configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<KeyDiff>,
    /// What changed in it, where the file is a manifest or lock of a package manager (sem 2.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependency: Option<DependencyDiff>,
}

/// What the bytes of both sides say, without a rule's opinion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, stored by its name")]
pub struct Content {
    /// Lines added and deleted; `None` where nobody counted (binary, link, submodule, too large).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Lines>,
    /// Bytes before.
    #[serde(default)]
    pub old_size: u64,
    /// Bytes after.
    #[serde(default)]
    pub new_size: u64,
    /// A NUL byte on either side, or marked binary by an attribute of base.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub binary: bool,
    /// What type the bytes of a binary file show.
    #[serde(default, skip_serializing_if = "Types::is_empty")]
    pub types: Types,
    /// The `.gitattributes` of base mark it as generated; a head marks nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub generated: bool,
    /// A Git LFS pointer on either side.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lfs: bool,
    /// The first deceptive character (bidirectional control, zero width, other non-printing) in an added line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deceptive: Option<Deceptive>,
    /// Where a symbolic link points after the change, as written in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_target: Option<RepoPath>,
    /// The blob is not in the mirror: nothing may be concluded (sem 1, P2).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub missing: bool,
}

/// The types that both sides of a binary file show from their beginning to their end; none where nobody can tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Types {
    /// Before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// After.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

impl Types {
    fn is_empty(&self) -> bool {
        self.old.is_none() && self.new.is_none()
    }
}

/// Lines added and deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// Lines that are new.
    pub added: u64,
    /// Lines that are gone.
    pub deleted: u64,
}

/// A character that makes text look like other text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deceptive {
    /// Line after the change, from 1.
    pub line: u64,
    /// Its code point, as in `U+202E`.
    pub character: String,
}

/// The formats whose keys can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// YAML 1.2 core.
    Yaml,
    /// RFC 8259.
    Json,
    /// JSON with comments and trailing commas.
    JsonWithComments,
    /// TOML 1.1.
    Toml,
    /// `java.util.Properties`.
    Properties,
    /// `.env`: what shells, containers and libraries agree on.
    Dotenv,
    /// INI: what its readers agree on.
    Ini,
    /// Terraform's variable files.
    Tfvars,
}

/// The outcome of comparing a structured file key by key (sem 2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyDiff {
    /// The format both sides were read as.
    pub format: Format,
    /// The changes, sorted by path and then operation; empty if only comments or formatting differ.
    pub changes: Vec<KeyChange>,
    /// Why nothing may be concluded from `changes`, whatever they are: unparsable, duplicate key, too
    /// deep, templated, a directive in a comment, a value like a secret. Each is a sentence with a place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<Doubt>,
}

/// A reason why a key proof does not hold, with where it was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Doubt {
    /// A stable word, e.g. `unparsable`, `duplicate_key`, `type_ambiguous`, `directive`, `templated`, `secret`, `structural`,
    /// `infrastructure`, `deceptive`.
    pub kind: String,
    /// `old` or `new`.
    pub side: String,
    /// Line from 1, 0 where there is none.
    pub line: u64,
    /// Column from 1 in characters, 0 where there is none.
    pub column: u64,
    /// The sentence.
    pub why: String,
    /// The key it is about, where it is confined to one value. A `templated` doubt with a key may be allowed by
    /// name (sem 2.2.7); one without a key, and every other kind, may not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Vec<Segment>>,
}

/// What happened to a key.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum KeyOp {
    /// It is new.
    Add,
    /// It is gone.
    Remove,
    /// It has another value of the same type.
    Replace,
    /// It has a value of another type.
    TypeChange,
    /// The same items in another order.
    Reorder,
}

/// One segment of a key path. Segments, not dotted text: a key with a dot in it cannot forge a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Segment {
    /// A key of a map, decoded.
    Key(String),
    /// A position in a sequence, from 0.
    Index(u64),
    /// A document of a stream, by its identity (`apps/v1 Deployment prod/web`) or its position (`1`). Display
    /// and evidence only: an allow pattern neither names nor counts it.
    Document(String),
}

/// One change of one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChange {
    /// Where.
    pub path: Vec<Segment>,
    /// What.
    pub op: KeyOp,
    /// The value before, as it is compared; `None` where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Value>,
    /// The value after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Value>,
}

/// A value of structured configuration. Numbers keep their text, so that nothing is rounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", content = "value")]
pub enum Value {
    /// null
    Null,
    /// true or false
    Bool(bool),
    /// A whole number, canonical decimal text.
    Int(String),
    /// A number with a fraction or exponent, canonical text.
    Float(String),
    /// Text.
    String(String),
    /// A date or time.
    Timestamp(String),
    /// A sequence: its items' count and a digest of its canonical form.
    Sequence {
        /// Items in it.
        len: u64,
        /// `sha256:…` over its canonical form.
        digest: String,
    },
    /// A map: its keys' count and a digest of its canonical form.
    Map {
        /// Keys in it.
        len: u64,
        /// `sha256:…` over its canonical form.
        digest: String,
    },
}

impl Value {
    /// The name of its type, as policies write it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::String(_) => "string",
            Self::Timestamp(_) => "timestamp",
            Self::Sequence { .. } => "sequence",
            Self::Map { .. } => "map",
        }
    }
}

/// One line where two texts differ, or one beside it: for people to read, never for rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    /// Its number before, from 1; `None`: it is new.
    pub old: Option<u64>,
    /// Its number after, from 1; `None`: it is gone.
    pub new: Option<u64>,
    /// The line without its newline; bytes that are no UTF-8 are replaced.
    pub text: String,
    /// A newline ends it. The last line of a file may have none.
    pub ended: bool,
}

impl DiffLine {
    /// It is new or gone.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.old.is_none() || self.new.is_none()
    }
}
