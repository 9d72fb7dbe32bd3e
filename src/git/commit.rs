//! Commit objects from their raw bytes: nothing is assumed about their text, and nothing panics on odd ones.

use crate::domain::{Oid, Signature, Time};

use super::GitError;

/// A commit as its bytes say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawCommit {
    pub(super) tree: git2::Oid,
    pub(super) parents: Vec<git2::Oid>,
    /// Author as written.
    pub author: Stamp,
    /// Committer as written.
    pub committer: Stamp,
    /// The message as text: bytes that are no text are replaced (`ISO-8859-1` is decoded where the commit says so).
    pub message: String,
}

/// Who and when, as a commit writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Name.
    pub name: String,
    /// Address, without the brackets.
    pub email: String,
    /// Seconds since 1970; 0 where the commit says nothing readable.
    pub seconds: i64,
}

impl Stamp {
    /// As a signature that maps to nobody yet.
    #[must_use]
    pub fn signature(&self) -> Signature {
        Signature { name: self.name.clone(), email: self.email.clone(), person: None, bot: false }
    }

    /// When, if it can be written.
    #[must_use]
    pub fn time(&self) -> Option<Time> {
        Time::from_seconds(self.seconds)
    }
}

impl RawCommit {
    /// The parents' ids.
    pub fn parents(&self) -> Result<Vec<Oid>, GitError> {
        super::error::all_from_git(self.parents.clone())
    }

    /// The tree's id.
    pub fn tree(&self) -> Result<Oid, GitError> {
        super::error::from_git(self.tree)
    }

    /// Reads the bytes of a commit object.
    pub(super) fn parse(id: git2::Oid, bytes: &[u8]) -> Result<Self, GitError> {
        let (header, message) = split_header(bytes);
        let broken = |why: &str| GitError::Broken {
            id: id.to_string(),
            wanted: "commit",
            why: why.to_owned(),
        };
        let (mut tree, mut parents) = (None, Vec::new());
        let (mut author, mut committer, mut latin) = (&b""[..], &b""[..], false);
        for line in header.split(|byte| *byte == b'\n') {
            if let Some(hex) = line.strip_prefix(b"tree ") {
                tree = Some(oid(hex).ok_or_else(|| broken("its tree is no id"))?);
            } else if let Some(hex) = line.strip_prefix(b"parent ") {
                parents.push(oid(hex).ok_or_else(|| broken("a parent is no id"))?);
            } else if let Some(rest) = line.strip_prefix(b"author ") {
                author = rest;
            } else if let Some(rest) = line.strip_prefix(b"committer ") {
                committer = rest;
            } else if let Some(name) = line.strip_prefix(b"encoding ") {
                latin = matches!(
                    name.to_ascii_lowercase().as_slice(),
                    b"iso-8859-1" | b"latin1" | b"iso8859-1"
                );
            }
        }
        Ok(Self {
            tree: tree.ok_or_else(|| broken("it names no tree"))?,
            parents,
            author: stamp(author, latin),
            committer: stamp(committer, latin),
            message: text(message, latin),
        })
    }

    /// The first line of the message.
    #[must_use]
    pub fn title(&self) -> &str {
        self.message.trim_start().lines().next().unwrap_or_default().trim_end()
    }

    /// `Co-authored-by` trailers: lines of the message's last paragraph, the key in any case. A value without
    /// an address is kept as a name: somebody else took part, and we cannot tell who.
    #[must_use]
    pub fn co_authors(&self) -> Vec<Signature> {
        const KEY: &str = "co-authored-by:";
        last_paragraph(&self.message)
            .filter_map(|line| {
                let line = line.trim();
                let key = line.get(..KEY.len())?;
                key.eq_ignore_ascii_case(KEY).then(|| line.get(KEY.len()..)).flatten()
            })
            .map(|value| stamp(value.trim().as_bytes(), false).signature())
            .filter(|signature| !(signature.name.is_empty() && signature.email.is_empty()))
            .collect()
    }
}

/// The lines of the last paragraph that has any text, never the title's own.
fn last_paragraph(message: &str) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = message.trim().lines().collect();
    let start =
        lines.iter().rposition(|line| line.trim().is_empty()).map_or(lines.len(), |at| at + 1);
    lines.into_iter().skip(start)
}

fn split_header(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    end.map_or((bytes, &b""[..]), |at| {
        (bytes.get(..at).unwrap_or(bytes), bytes.get(at + 2..).unwrap_or_default())
    })
}

fn oid(hex: &[u8]) -> Option<git2::Oid> {
    std::str::from_utf8(hex).ok().filter(|hex| hex.len() == 40).and_then(|hex| hex.parse().ok())
}

fn text(bytes: &[u8], latin: bool) -> String {
    if latin {
        return bytes.iter().map(|byte| char::from(*byte)).collect();
    }
    String::from_utf8_lossy(bytes).into_owned()
}

/// `Name <address> seconds zone`, tolerant: the last `<` and `>` count, a time that cannot be read is 0.
fn stamp(line: &[u8], latin: bool) -> Stamp {
    let open = line.iter().rposition(|byte| *byte == b'<');
    let close = line.iter().rposition(|byte| *byte == b'>');
    let piece = |from: usize, to: usize| text(line.get(from..to).unwrap_or_default(), latin);
    let (name, email, rest) = match (open, close) {
        (Some(open), Some(close)) if open < close => {
            (piece(0, open), piece(open + 1, close), piece(close + 1, line.len()))
        }
        (Some(open), _) => (piece(0, open), piece(open + 1, line.len()), String::new()),
        _ => (piece(0, line.len()), String::new(), String::new()),
    };
    let seconds = rest.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0);
    Stamp { name: name.trim().to_owned(), email: email.trim().to_owned(), seconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(text: &[u8]) -> RawCommit {
        let mut bytes =
            b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@x> 12 +0000\n".to_vec();
        bytes.extend_from_slice(text);
        RawCommit::parse(git2::Oid::ZERO_SHA1, &bytes).expect("a commit")
    }

    #[test]
    fn co_authors_are_read_from_the_last_paragraph_only_and_in_any_case() {
        let read = commit(
            b"committer C <c@x> -5 +0100\n\nTitle\r\n\r\nCo-authored-by: Not Here <no@x>\r\n\r\nFixes: 12\r\nCO-AUTHORED-BY: Ann Lee <ann@x>\r\nco-authored-by: bob\r\nCo-authored-by:\r\n",
        );
        let names: Vec<_> = read.co_authors().into_iter().map(|s| (s.name, s.email)).collect();
        assert_eq!(names, [("Ann Lee".into(), "ann@x".into()), ("bob".into(), String::new())]);
        assert_eq!((read.author.seconds, read.committer.seconds), (12, -5));
        assert!(commit(b"\nCo-authored-by: Title <t@x>").co_authors().is_empty());
    }

    #[test]
    fn odd_commits_are_read_and_broken_ones_are_errors() {
        let odd = commit(
            b"committer \xff<<b\xe9@x> x\ngpgsig -----\n tree nonsense\n\n\xff\xfe title\nbody",
        );
        assert_eq!(odd.title(), "\u{fffd}\u{fffd} title");
        assert_eq!(odd.committer.seconds, 0);
        assert_eq!(commit(b"encoding ISO-8859-1\n\ncaf\xe9").title(), "café");
        assert_eq!(commit(b"").title(), "");
        assert!(RawCommit::parse(git2::Oid::ZERO_SHA1, b"tree zz\n\nx").is_err());
        assert!(RawCommit::parse(git2::Oid::ZERO_SHA1, b"").is_err());
    }
}
