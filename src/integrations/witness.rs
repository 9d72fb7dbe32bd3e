//! What we ask a witness (C2SP tlog-witness): `POST …/add-checkpoint`. The address is the configured one; no redirect is
//! followed, the answer is bounded, and nothing secret is sent. What a cosignature is worth is not judged here.

use std::time::Duration;

use crate::ledger::note::NoteSignature;
use crate::ledger::witness::{AddCheckpoint, SIZE_TYPE, read_size};

/// How long a whole exchange may take: a checkpoint is published every few seconds.
const WITHIN: Duration = Duration::from_secs(10);
/// Bytes of an answer: some lines of signatures.
const MOST_BYTES: usize = 64 * 1024;
/// Characters of a refusal's text that are kept.
const MOST_WORDS: usize = 300;

/// What a witness said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200: lines that should be cosignatures.
    Lines(Vec<NoteSignature>),
    /// 409: the size that it has recorded.
    Recorded(u64),
    /// Anything else: the status, and its words.
    Refused(u16, String),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WitnessError {
    /// It cannot be reached, or broke off.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// What came is no answer of a witness.
    #[error("its answer cannot be used: {0}")]
    Odd(&'static str),
}

/// A client for all witnesses: no redirects, and no waiting for ever.
#[derive(Debug, Clone)]
pub struct Client(reqwest::Client);

impl Client {
    /// A client; nothing is sent yet.
    pub fn new() -> Result<Self, WitnessError> {
        let built = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(WITHIN)
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .build();
        built.map(Self).map_err(|error| unreachable(&error))
    }

    /// Asks the witness at `url` to cosign.
    pub async fn add_checkpoint(
        &self,
        url: &str,
        request: &AddCheckpoint,
    ) -> Result<Answer, WitnessError> {
        let address = format!("{url}/add-checkpoint");
        let sent = self.0.post(address).body(request.to_string()).send().await;
        let mut response = sent.map_err(|error| unreachable(&error))?;
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
        let sized = kind == Some(SIZE_TYPE);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST_BYTES {
                return Err(WitnessError::Odd("it has more than 64 KiB"));
            }
        }
        let text = String::from_utf8(body).map_err(|_| WitnessError::Odd("it is no text"))?;
        read(status, sized, &text)
    }
}

fn read(status: u16, sized: bool, text: &str) -> Result<Answer, WitnessError> {
    match status {
        200 => {
            let odd = WitnessError::Odd("a line of it is no signature");
            let lines = text.strip_suffix('\n').ok_or(odd.clone())?.split('\n');
            lines.map(|line| line.parse().map_err(|_| odd.clone())).collect::<Result<_, _>>()
        }
        .map(Answer::Lines),
        409 if sized => read_size(text)
            .map(Answer::Recorded)
            .ok_or(WitnessError::Odd("its recorded size is no number and a line feed")),
        _ => {
            let words = text.chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect();
            Ok(Answer::Refused(status, words))
        }
    }
}

/// The innermost reason: `Connection refused` rather than `error sending request`.
fn unreachable(error: &reqwest::Error) -> WitnessError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    WitnessError::Unreachable(cause.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = "— witness.example/w1 IDJKvgAAAABlU/EAPElNHnaKEqIPjSMWn6qfbQORAAZh87UdT5A0glOry7QuQx9JhBTjgrKtnn23WruVWycnorFjJKaosamaStxNDg==";

    #[test]
    fn an_answer_is_lines_a_size_or_a_refusal() {
        let two = format!("{LINE}\n{LINE}\n");
        let read_lines = read(200, false, &two);
        assert!(matches!(read_lines, Ok(Answer::Lines(lines)) if lines.len() == 2));
        assert_eq!(read(409, true, "12\n"), Ok(Answer::Recorded(12)));
        assert_eq!(read(422, false, "no\n"), Ok(Answer::Refused(422, "no".to_owned())));
        assert_eq!(read(409, false, "12\n"), Ok(Answer::Refused(409, "12".to_owned())));
        assert_eq!(read(302, false, ""), Ok(Answer::Refused(302, String::new())));
        for (status, sized, text) in [
            (200, false, ""),
            (200, false, LINE),
            (200, false, "\n"),
            (200, false, "thanks\n"),
            (409, true, "012\n"),
            (409, true, "12"),
        ] {
            assert!(matches!(read(status, sized, text), Err(WitnessError::Odd(_))), "{text}");
        }
    }
}
