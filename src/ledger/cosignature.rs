//! Cosignatures: what a witness says about a checkpoint, "the largest consistent tree of this log that I had seen at
//! that time" (C2SP tlog-cosignature, `cosignature/v1`).
//!
//! A witness's key is of another algorithm number than a ledger's, so that neither can be taken for the other.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::VerifyingKey;

use super::key::{
    COSIGNATURE, KeyError, SIGNATURE_LEN, SigningKey, fits, key_id, key_text, read_key,
};
use super::note::NoteSignature;

/// Bytes of a cosignature: the time as eight bytes, big-endian, and an Ed25519 signature.
const LEN: usize = 8 + SIGNATURE_LEN;

/// The secret half: what a witness signs with.
#[derive(Debug, Clone)]
pub struct Cosigner {
    secret: SigningKey,
    public: WitnessKey,
}

/// The public half: `NAME+ID+BASE64` with the algorithm 0x04.
#[derive(Clone, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

/// Why a cosignature is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignatureError {
    /// It is somebody else's.
    #[error("it is of another key than {0}")]
    Key(String),
    /// It has not the form of a cosignature.
    #[error("a cosignature has 72 bytes, eight of them a time after 1970; this one has {0}")]
    Form(usize),
    /// It is of other bytes, or of another key under the same id.
    #[error("the cosignature of `{0}` does not fit the checkpoint")]
    Invalid(String),
}

impl Cosigner {
    /// A witness with the key of a file, whose name is the witness's.
    pub fn new(secret: SigningKey) -> Result<Self, KeyError> {
        let key = secret.bare();
        let name = secret.name().to_owned();
        let id = key_id(&name, COSIGNATURE, &key)?;
        Ok(Self { secret, public: WitnessKey { name, id, key } })
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> &WitnessKey {
        &self.public
    }

    /// Cosigns a checkpoint's text (with its final line feed) at a time in seconds since 1970.
    #[must_use]
    pub fn cosign(&self, checkpoint: &str, at: u64) -> NoteSignature {
        let signed = self.secret.sign(message(checkpoint, at).as_bytes());
        NoteSignature {
            name: self.public.name.clone(),
            id: self.public.id,
            signature: [at.to_be_bytes().as_slice(), &signed].concat(),
        }
    }
}

impl WitnessKey {
    /// The witness's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The raw public key, 32 bytes: who has it is one party, under whatever name.
    #[must_use]
    pub fn public_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// Whether a line says that it is of this key; whether it is, [`WitnessKey::verify`] tells.
    #[must_use]
    pub fn is_named_by(&self, line: &NoteSignature) -> bool {
        self.name == line.name && self.id == line.id
    }

    /// Checks a cosignature of a checkpoint's text, and gives its time in seconds since 1970.
    pub fn verify(&self, checkpoint: &str, line: &NoteSignature) -> Result<u64, CosignatureError> {
        if !self.is_named_by(line) {
            return Err(CosignatureError::Key(self.to_string()));
        }
        let form = || CosignatureError::Form(line.signature.len());
        if line.signature.len() != LEN {
            return Err(form());
        }
        let (at, signature) = line.signature.split_first_chunk::<8>().ok_or_else(form)?;
        let at = u64::from_be_bytes(*at);
        if at == 0 || i64::try_from(at).is_err() {
            return Err(form());
        }
        if fits(&self.key, message(checkpoint, at).as_bytes(), signature) {
            return Ok(at);
        }
        Err(CosignatureError::Invalid(self.name.clone()))
    }
}

fn message(checkpoint: &str, at: u64) -> String {
    format!("cosignature/v1\ntime {at}\n{checkpoint}")
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, self.id, COSIGNATURE, &self.key))
    }
}

impl fmt::Debug for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for WitnessKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, id, key) = read_key(text, COSIGNATURE, KeyError::NotOfAWitness)?;
        Ok(Self { name: name.to_owned(), id, key })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::ledger::checkpoint::Checkpoint;
    use crate::ledger::key::tests::VKEY;
    use crate::ledger::note::Note;

    pub(crate) const WITNESS_VKEY: &str =
        "witness.example/w1+20324abe+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X";
    const TEXT: &str = "ledger.example/acme\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n";
    const LINE: &str = "— witness.example/w1 IDJKvgAAAABlU/EAPElNHnaKEqIPjSMWn6qfbQORAAZh87UdT5A0glOry7QuQx9JhBTjgrKtnn23WruVWycnorFjJKaosamaStxNDg==";

    /// The witness of the vectors: the bytes 32 to 63.
    pub(crate) fn cosigner() -> Cosigner {
        let seed = std::array::from_fn(|at| u8::try_from(at + 32).expect("small"));
        Cosigner::new(SigningKey::from_seed("witness.example/w1", &seed).expect("a key"))
            .expect("a witness")
    }

    #[test]
    fn the_known_cosignature_comes_out_byte_for_byte() {
        let witness = cosigner();
        assert_eq!(witness.verifier().to_string(), WITNESS_VKEY);
        assert_eq!(WITNESS_VKEY.parse().as_ref(), Ok(witness.verifier()));
        assert_eq!(witness.cosign(TEXT, 1_700_000_000).to_string(), LINE);
        let line: NoteSignature = LINE.parse().expect("a line");
        assert_eq!(witness.verifier().verify(TEXT, &line), Ok(1_700_000_000));
    }

    /// The example of the specification, whose key is not published: its lines are read, its time and what was signed come
    /// out as they stand there.
    #[test]
    fn the_published_example_is_read_as_it_is_told() {
        let published = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
            — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
            — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";
        let note = Note::parse(published.as_bytes()).expect("a note");
        assert_eq!(note.to_string(), published);
        let checkpoint: Checkpoint = note.text().parse().expect("a checkpoint");
        assert_eq!(checkpoint.size, 20_852_163);
        let [ledger, witness] = note.signatures() else { panic!("two signatures") };
        assert_eq!((ledger.signature.len(), witness.signature.len()), (SIGNATURE_LEN, LEN));
        assert_eq!(witness.id, [0x8d, 0x66, 0xcf, 0x3f]);
        let (at, _) = witness.signature.split_first_chunk::<8>().expect("a time");
        let signed = "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n\
                      CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        assert_eq!(message(note.text(), u64::from_be_bytes(*at)), signed);
    }

    #[test]
    fn a_cosignature_holds_for_its_text_its_time_and_its_key_alone() {
        let key: WitnessKey = WITNESS_VKEY.parse().expect("a key");
        let line: NoteSignature = LINE.parse().expect("a line");
        let other = TEXT.replace("\n8\n", "\n9\n");
        assert!(matches!(key.verify(&other, &line), Err(CosignatureError::Invalid(_))));
        for at in 0..line.signature.len() {
            let mut changed = line.clone();
            changed.signature[at] ^= 1;
            assert!(key.verify(TEXT, &changed).is_err(), "byte {at}");
        }
        let short = NoteSignature { signature: line.signature[..71].to_vec(), ..line.clone() };
        assert_eq!(key.verify(TEXT, &short), Err(CosignatureError::Form(71)));
        let stranger = NoteSignature { name: "witness.example/w2".to_owned(), ..line.clone() };
        assert!(matches!(key.verify(TEXT, &stranger), Err(CosignatureError::Key(_))));
        let never = cosigner().cosign(TEXT, 0);
        assert_eq!(key.verify(TEXT, &never), Err(CosignatureError::Form(72)));
        let beyond = cosigner().cosign(TEXT, 1 << 63);
        assert_eq!(key.verify(TEXT, &beyond), Err(CosignatureError::Form(72)));
    }

    #[test]
    fn a_ledger_key_is_no_witness_key_and_the_other_way_round() {
        assert_eq!(VKEY.parse::<WitnessKey>(), Err(KeyError::NotOfAWitness(1)));
        let read = WITNESS_VKEY.parse::<crate::ledger::VerifierKey>();
        assert_eq!(read, Err(KeyError::Algorithm(4)));
    }
}
