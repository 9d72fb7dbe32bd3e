//! Signed notes (C2SP signed-note): a text that a person can read, with signatures below it.

use std::fmt::Write as _;

use super::key::{SigningKey, VerifierKey, hex_id, is_name};
use super::{base64_decode, base64_encode, excerpt};

/// The most bytes of a note with its signatures.
pub const MAX_NOTE: usize = 1_000_000;

/// The most signatures; the specification asks for 16 at least.
pub const MAX_SIGNATURES: usize = 100;

/// What starts a signature line: an em dash and a space.
const DASH: &str = "— ";

/// A note as it was read: nothing about it is known to be true before [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// A line below the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// The name of the key.
    pub name: String,
    /// The id of the key.
    pub id: [u8; 4],
    /// The signature, in the form of the key's algorithm.
    pub signature: Vec<u8>,
}

/// Why a note is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Too many bytes.
    #[error("the note has more than 1,000,000 bytes")]
    TooLarge,
    /// The text is not one that can be signed.
    #[error("the note's text must be lines of UTF-8, each ended, without control characters")]
    Text,
    /// No empty line between text and signatures.
    #[error("the note has no signatures: an empty line and `— NAME BASE64` lines are needed")]
    NoSignatures,
    /// A line below the empty line is not a signature.
    #[error("line {line} of the signatures is not of the form `— NAME BASE64`")]
    SignatureLine {
        /// The line, from 1 below the empty line.
        line: usize,
    },
    /// Too many signatures.
    #[error("the note has more than 100 signatures")]
    TooMany,
    /// A key that we know did not make its signature.
    #[error("the signature of `{name}` ({id}) does not fit the text: it was changed after signing")]
    Invalid {
        /// The key's name.
        name: String,
        /// The key's id.
        id: String,
    },
    /// Nobody we know signed it.
    #[error("none of the keys given signed this; it has signatures of {0}")]
    NobodyKnown(String),
}

impl Note {
    /// Signs a text, which must end with a line feed and have no control characters.
    pub fn sign(text: &str, key: &SigningKey) -> Result<Self, NoteError> {
        check_text(text)?;
        let verifier = key.verifier();
        let signature = NoteSignature {
            name: verifier.name().to_owned(),
            id: verifier.id(),
            signature: key.sign(text.as_bytes()).to_vec(),
        };
        Ok(Self { text: text.to_owned(), signatures: vec![signature] })
    }

    /// Reads a note: text and signatures are parted at the last empty line.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE {
            return Err(NoteError::TooLarge);
        }
        let whole = std::str::from_utf8(bytes).map_err(|_| NoteError::Text)?;
        let split = whole.rfind("\n\n").ok_or(NoteError::NoSignatures)?;
        let (text, below) = whole.split_at(split + 1);
        check_text(text)?;
        let below = below.strip_prefix('\n').unwrap_or(below);
        let lines = below.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
        let signatures = lines
            .split('\n')
            .enumerate()
            .map(|(at, line)| read_signature(line).ok_or(NoteError::SignatureLine { line: at + 1 }))
            .take(MAX_SIGNATURES + 1)
            .collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::TooMany);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text, with its final line feed. Believe it only after [`Note::verify`].
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures, in the order they stand.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature that somebody else made, a witness's for one.
    pub fn add(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.len() >= MAX_SIGNATURES {
            return Err(NoteError::TooMany);
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Drops the signatures that are not wanted.
    pub fn retain(&mut self, wanted: impl FnMut(&NoteSignature) -> bool) {
        self.signatures.retain(wanted);
    }

    /// Checks the signatures of the keys given, and says which of them signed. Signatures of other keys
    /// are passed over; one of a known key that does not fit refuses the whole note; so does having none.
    pub fn verify<'k>(&self, known: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signed: Vec<&VerifierKey> = Vec::new();
        for line in &self.signatures {
            let same = |key: &&VerifierKey| key.name() == line.name && key.id() == line.id;
            for key in known.iter().filter(same) {
                if !key.verify(self.text.as_bytes(), &line.signature) {
                    let (name, id) = (line.name.clone(), hex_id(line.id));
                    return Err(NoteError::Invalid { name, id });
                }
                if !signed.contains(&key) {
                    signed.push(key);
                }
            }
        }
        if signed.is_empty() { Err(NoteError::NobodyKnown(self.signers())) } else { Ok(signed) }
    }

    fn signers(&self) -> String {
        let names = self.signatures.iter().take(4);
        let names: Vec<String> =
            names.map(|line| format!("{}+{}", excerpt(&line.name, 80), hex_id(line.id))).collect();
        names.join(", ")
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

impl std::fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = [self.id.as_slice(), &self.signature].concat();
        f.write_str(DASH)?;
        f.write_str(&self.name)?;
        f.write_char(' ')?;
        f.write_str(&base64_encode(&bytes))
    }
}

impl std::str::FromStr for NoteSignature {
    type Err = NoteError;

    /// Reads one line, without its line feed.
    fn from_str(line: &str) -> Result<Self, NoteError> {
        read_signature(line).ok_or(NoteError::SignatureLine { line: 1 })
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    let control = |byte: u8| byte < 0x20 && byte != b'\n';
    if text.len() > MAX_NOTE {
        return Err(NoteError::TooLarge);
    }
    if text.ends_with('\n') && !text.bytes().any(control) { Ok(()) } else { Err(NoteError::Text) }
}

fn read_signature(line: &str) -> Option<NoteSignature> {
    let (name, encoded) = line.strip_prefix(DASH)?.split_once(' ')?;
    let bytes = base64_decode(encoded)?;
    let (id, signature) = bytes.split_first_chunk::<4>()?;
    if !is_name(name) || signature.is_empty() {
        return None;
    }
    Some(NoteSignature { name: name.to_owned(), id: *id, signature: signature.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::key::tests::{VKEY, key};

    const SPEC_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const SPEC_NOTE: &str = "This is an example message.\n\n\
        — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    fn keys(texts: &[&str]) -> Vec<VerifierKey> {
        texts.iter().map(|text| text.parse().expect("a key")).collect()
    }

    fn open(note: &str, known: &[&str]) -> Result<usize, NoteError> {
        Note::parse(note.as_bytes())?.verify(&keys(known)).map(|signed| signed.len())
    }

    #[test]
    fn the_published_note_verifies_and_nothing_like_it() {
        assert_eq!(open(SPEC_NOTE, &[SPEC_KEY]), Ok(1));
        assert_eq!(open(SPEC_NOTE, &[VKEY, SPEC_KEY]), Ok(1));
        assert!(matches!(open(SPEC_NOTE, &[VKEY]), Err(NoteError::NobodyKnown(_))));
        assert!(matches!(open(SPEC_NOTE, &[]), Err(NoteError::NobodyKnown(_))));
        let changed = SPEC_NOTE.replace("an example", "my example");
        assert!(matches!(open(&changed, &[SPEC_KEY]), Err(NoteError::Invalid { .. })));
    }

    #[test]
    fn a_note_reads_back_as_it_was_written_and_another_program_accepts_it() {
        let text = "first\n\n— not a signature\n\nlast\n";
        let note = Note::sign(text, &key()).expect("signed");
        let shown = note.to_string();
        assert_eq!(Note::parse(shown.as_bytes()).as_ref(), Ok(&note));
        assert_eq!(note.text(), text);
        assert_eq!(open(&shown, &[VKEY]), Ok(1));

        let theirs = signed_note::Note::from_bytes(shown.as_bytes()).expect("they read it");
        let verifier = signed_note::StandardVerifier::new(VKEY).expect("their key");
        let known = signed_note::VerifierList::new(vec![Box::new(verifier)]);
        let (accepted, unknown) = theirs.verify(&known).expect("they accept it");
        assert_eq!((accepted.len(), unknown.len()), (1, 0));
        assert_eq!(theirs.to_bytes(), shown.as_bytes());
    }

    #[test]
    fn other_keys_are_passed_over_but_a_known_key_must_fit() {
        let mut note = Note::parse(SPEC_NOTE.as_bytes()).expect("a note");
        let stranger = NoteSignature { name: "w".to_owned(), id: [1; 4], signature: vec![0; 72] };
        note.add(stranger.clone()).expect("room");
        note.add(NoteSignature { name: "example.com/foo".to_owned(), ..stranger.clone() })
            .expect("room");
        note.add(NoteSignature { id: [0x53, 0x0d, 0x90, 0x3a], ..stranger.clone() }).expect("room");
        assert_eq!(open(&note.to_string(), &[SPEC_KEY]), Ok(1));
        note.add(NoteSignature {
            name: "example.com/foo".to_owned(),
            id: [0x53, 0x0d, 0x90, 0x3a],
            signature: vec![0; 64],
        })
        .expect("room");
        assert!(matches!(open(&note.to_string(), &[SPEC_KEY]), Err(NoteError::Invalid { .. })));
    }

    #[test]
    fn malformed_notes_are_refused() {
        let line = SPEC_NOTE.rsplit_once("\n\n").expect("a line").1;
        for (note, error) in [
            (String::new(), NoteError::NoSignatures),
            ("text\n".to_owned(), NoteError::NoSignatures),
            (format!("text\n{line}"), NoteError::NoSignatures),
            (SPEC_NOTE.trim_end().to_owned(), NoteError::NoSignatures),
            (format!("text\t\n\n{line}"), NoteError::Text),
            (format!("text\r\n\n{line}"), NoteError::Text),
            ("text\n\n\n".to_owned(), NoteError::NoSignatures),
            (format!("text\n\n{line}more\n"), NoteError::SignatureLine { line: 2 }),
            (SPEC_NOTE.replace("— ", "- "), NoteError::SignatureLine { line: 1 }),
            (SPEC_NOTE.replace("— ", "—  "), NoteError::SignatureLine { line: 1 }),
            (SPEC_NOTE.replace("com/foo", "com+foo"), NoteError::SignatureLine { line: 1 }),
            (SPEC_NOTE.replace("com/foo", "com/\u{2003}foo"), NoteError::SignatureLine { line: 1 }),
            (SPEC_NOTE.replace("aQM=", "aQM"), NoteError::SignatureLine { line: 1 }),
            ("text\n\n— a AAAAAA==\n".to_owned(), NoteError::SignatureLine { line: 1 }),
            (format!("text\n\n{}", line.repeat(101)), NoteError::TooMany),
            ("x".repeat(MAX_NOTE + 1), NoteError::TooLarge),
        ] {
            assert_eq!(open(&note, &[SPEC_KEY]), Err(error), "{}", excerpt(&note, 120));
        }
        assert_eq!(Note::parse(b"\xff\n\n").err(), Some(NoteError::Text));
        for text in ["", "no end", "tab\t\n", "nul\0\n"] {
            assert_eq!(Note::sign(text, &key()).err(), Some(NoteError::Text));
        }
    }

    #[test]
    fn a_note_may_have_many_signatures() {
        let line = SPEC_NOTE.rsplit_once("\n\n").expect("a line").1;
        let note = format!("This is an example message.\n\n{}", line.repeat(100));
        assert_eq!(open(&note, &[SPEC_KEY]), Ok(1));
    }
}
