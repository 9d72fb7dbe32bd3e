//! Statements: a JSON document signed with the ledger's key in a DSSE envelope, such as the gate's answer
//! to one question. What was signed is kept as bytes and never parsed and written again.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};

use super::excerpt;
use super::key::{SigningKey, VerifierKey};

/// The payload type of an in-toto statement.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// The most bytes of an envelope that is read.
const MAX_ENVELOPE: usize = 1_000_000;

/// The most signatures of an envelope that is read.
const MAX_SIGNATURES: usize = 100;

/// A DSSE envelope in its JSON form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The payload in base64.
    pub payload: String,
    /// What kind of document it is; signed together with it.
    #[serde(rename = "payloadType")]
    pub payload_type: String,
    /// Who signed.
    pub signatures: Vec<EnvelopeSignature>,
}

/// A signature in an envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnvelopeSignature {
    /// Which key, `NAME+ID` of the verifier key: a hint, never believed.
    #[serde(default)]
    pub keyid: String,
    /// The signature in base64.
    pub sig: String,
}

/// Why an envelope is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not the JSON of an envelope.
    #[error("not a DSSE envelope: `payload`, `payloadType` and `signatures` are needed")]
    Form,
    /// Too many bytes or signatures.
    #[error("the envelope has more than 1,000,000 bytes or 100 signatures")]
    TooLarge,
    /// Another kind of document than the one asked for.
    #[error("the envelope holds `{have}`, not `{need}`")]
    Type {
        /// The type in it.
        have: String,
        /// The type that was asked for.
        need: String,
    },
    /// No signature of the key that was asked for.
    #[error("the envelope has no valid signature of `{0}`")]
    Unsigned(String),
}

/// DSSE's pre-authentication encoding: the bytes that are signed.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head =
        format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    [head.as_slice(), payload].concat()
}

impl Envelope {
    /// Signs a payload.
    #[must_use]
    pub fn sign(payload_type: &str, payload: &[u8], key: &SigningKey) -> Self {
        let verifier = key.verifier();
        let signature = key.sign(&pae(payload_type, payload));
        Self {
            payload: super::base64_encode(payload),
            payload_type: payload_type.to_owned(),
            signatures: vec![EnvelopeSignature {
                keyid: format!("{}+{}", verifier.name(), verifier.id_text()),
                sig: super::base64_encode(&signature),
            }],
        }
    }

    /// Reads an envelope's JSON; nothing in it is checked yet.
    pub fn parse(json: &[u8]) -> Result<Self, StatementError> {
        if json.len() > MAX_ENVELOPE {
            return Err(StatementError::TooLarge);
        }
        let envelope: Self = serde_json::from_slice(json).map_err(|_| StatementError::Form)?;
        if envelope.signatures.len() > MAX_SIGNATURES {
            return Err(StatementError::TooLarge);
        }
        Ok(envelope)
    }

    /// The payload's bytes, if it is of this type and the key signed it. Use these bytes, not the field.
    pub fn open(&self, payload_type: &str, key: &VerifierKey) -> Result<Vec<u8>, StatementError> {
        if self.payload_type != payload_type {
            let (have, need) = (excerpt(&self.payload_type, 80), payload_type.to_owned());
            return Err(StatementError::Type { have, need });
        }
        let payload = decode(&self.payload).ok_or(StatementError::Form)?;
        let message = pae(&self.payload_type, &payload);
        let signed = self
            .signatures
            .iter()
            .filter_map(|signature| decode(&signature.sig))
            .any(|signature| key.verify(&message, &signature));
        if signed { Ok(payload) } else { Err(StatementError::Unsigned(key.name().to_owned())) }
    }
}

/// DSSE lets a writer choose between the standard and the URL-safe alphabet, with or without padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    const ANY_PADDING: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::key::tests::{VKEY, key};

    const PAYLOAD: &[u8] =
        b"{\"_type\":\"https://in-toto.io/Statement/v1\",\"n\":\"\xfb\xff\xfe?>\"}";

    fn vkey() -> VerifierKey {
        VKEY.parse().expect("a key")
    }

    #[test]
    fn what_is_signed_is_the_published_encoding() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
        assert_eq!(pae("é", b""), "DSSEv1 2 é 0 ".as_bytes());
    }

    #[test]
    fn an_envelope_reads_back_and_gives_the_signed_bytes() {
        let envelope = Envelope::sign(IN_TOTO, PAYLOAD, &key());
        let json = serde_json::to_vec(&envelope).expect("JSON");
        let read = Envelope::parse(&json).expect("an envelope");
        assert_eq!(read, envelope);
        assert_eq!(read.signatures[0].keyid, "ledger.example/acme+f1d8e151");
        assert_eq!(read.open(IN_TOTO, &vkey()).as_deref(), Ok(PAYLOAD));
        let text = String::from_utf8(json).expect("text");
        assert!(text.starts_with("{\"payload\":\"eyJf"), "{text}");
        assert!(text.contains("\"payloadType\":\"application/vnd.in-toto+json\""), "{text}");
    }

    #[test]
    fn the_url_safe_alphabet_is_read_too() {
        let mut envelope = Envelope::sign(IN_TOTO, PAYLOAD, &key());
        assert!(envelope.payload.contains(['+', '/']));
        for text in [&mut envelope.payload, &mut envelope.signatures[0].sig] {
            *text = text.replace('+', "-").replace('/', "_").replace('=', "");
        }
        envelope.signatures[0].keyid.clear();
        assert_eq!(envelope.open(IN_TOTO, &vkey()).as_deref(), Ok(PAYLOAD));
    }

    #[test]
    fn a_statement_that_was_touched_is_refused() {
        let good = Envelope::sign(IN_TOTO, PAYLOAD, &key());
        let unsigned = Err(StatementError::Unsigned("ledger.example/acme".to_owned()));
        let mut changed = good.clone();
        changed.payload = super::super::base64_encode(&[PAYLOAD, b" "].concat());
        assert_eq!(changed.open(IN_TOTO, &vkey()), unsigned);
        let mut none = good.clone();
        none.signatures.clear();
        assert_eq!(none.open(IN_TOTO, &vkey()), unsigned);
        let other = SigningKey::from_seed("ledger.example/acme", &[9; 32]).expect("a key");
        assert!(good.open(IN_TOTO, other.verifier()).is_err());
        let text = Envelope::sign("text/plain", PAYLOAD, &key());
        assert!(matches!(text.open(IN_TOTO, &vkey()), Err(StatementError::Type { .. })));
        let renamed = Envelope { payload_type: IN_TOTO.to_owned(), ..text };
        assert_eq!(renamed.open(IN_TOTO, &vkey()), unsigned);
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        for json in ["", "{}", "[]", "{\"payload\":1,\"payloadType\":\"a\",\"signatures\":[]}"] {
            assert_eq!(Envelope::parse(json.as_bytes()), Err(StatementError::Form));
        }
        let mut many = Envelope::sign(IN_TOTO, PAYLOAD, &key());
        many.signatures = vec![many.signatures[0].clone(); 101];
        let json = serde_json::to_vec(&many).expect("JSON");
        assert_eq!(Envelope::parse(&json), Err(StatementError::TooLarge));
        assert_eq!(Envelope::parse(&vec![b' '; 1_000_001]), Err(StatementError::TooLarge));
        let bad = Envelope { payload: "*".to_owned(), ..Envelope::sign(IN_TOTO, b"", &key()) };
        assert_eq!(bad.open(IN_TOTO, &vkey()), Err(StatementError::Form));
    }
}
