//! What the benchmarks of the server share: a load over plain sockets, the same for floor and product, and a
//! configuration in a temporary folder.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use countersign::config::Config;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// What a benchmark may fail with.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The secret of the bench's GitHub.
pub(crate) const SECRET: &str = "It's a Secret to Everybody";

/// Which requests a load sends.
#[derive(Clone)]
pub(crate) enum Requests {
    /// The same one for this long.
    Same(Arc<Vec<u8>>, Duration),
    /// Each once.
    Each(Arc<Vec<Vec<u8>>>),
}

/// How a load went.
pub(crate) struct Load {
    /// Answers in all.
    pub(crate) answers: usize,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
    /// Of every answer, shortest first.
    latencies: Vec<Duration>,
}

impl Load {
    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        let answers = u32::try_from(self.answers).unwrap_or(u32::MAX);
        f64::from(answers) / self.elapsed.as_secs_f64()
    }

    /// The latency that so many of a thousand answers stay under.
    pub(crate) fn permille(&self, permille: usize) -> Duration {
        let place = (self.latencies.len() * permille / 1000).min(self.latencies.len().max(1) - 1);
        self.latencies.get(place).copied().unwrap_or_default()
    }
}

/// Sends requests over so many kept connections from a thread of its own, and waits for every answer. Any answer
/// with another status is an error: a load that is refused measures nothing.
pub(crate) fn send(
    to: SocketAddr,
    connections: usize,
    requests: &Requests,
    expected: u16,
) -> Outcome<Load> {
    let requests = requests.clone();
    let done = std::thread::spawn(move || -> Outcome<Load> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(all(to, connections, requests, expected))
    })
    .join();
    done.map_err(|_| "the load panicked")?
}

async fn all(
    to: SocketAddr,
    connections: usize,
    requests: Requests,
    expected: u16,
) -> Outcome<Load> {
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(to).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let tasks: Vec<_> = streams
        .into_iter()
        .map(|stream| {
            tokio::spawn(one(stream, requests.clone(), Arc::clone(&next), began, expected))
        })
        .collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let elapsed = began.elapsed();
    latencies.sort_unstable();
    Ok(Load { answers: latencies.len(), elapsed, latencies })
}

async fn one(
    mut stream: TcpStream,
    requests: Requests,
    next: Arc<AtomicUsize>,
    began: Instant,
    expected: u16,
) -> Outcome<Vec<Duration>> {
    let mut latencies = Vec::new();
    let mut buffer = Vec::with_capacity(16 * 1024);
    loop {
        let place = next.fetch_add(1, Ordering::Relaxed);
        let request = match &requests {
            Requests::Same(request, long) => (began.elapsed() < *long).then_some(request.as_ref()),
            Requests::Each(each) => each.get(place),
        };
        let Some(request) = request else { return Ok(latencies) };
        let sent = Instant::now();
        stream.write_all(request).await?;
        let status = answer(&mut stream, &mut buffer).await?;
        latencies.push(sent.elapsed());
        if status != expected {
            let text = String::from_utf8_lossy(&buffer).into_owned();
            return Err(format!("an answer with another status: {text}").into());
        }
    }
}

/// Reads one answer into the buffer and returns its status.
pub(crate) async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<u16> {
    let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(broken("the connection was closed"));
        }
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(buffer.get(..end).unwrap_or_default());
        let head = head.map_err(|_| broken("no text"))?;
        let status = head.get(9..12).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| broken("no status"))?;
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, length)| length.trim().parse::<usize>().ok())
            .ok_or_else(|| broken("no content-length"))?;
        let total = end + 4 + length;
        while buffer.len() < total {
            if stream.read_buf(buffer).await? == 0 {
                return Err(broken("the body broke off"));
            }
        }
        return Ok(status);
    }
}

/// The body of one answer to a GET with a token.
pub(crate) async fn get(to: SocketAddr, path: &str, token: &str) -> Outcome<(u16, Vec<u8>)> {
    let mut stream = TcpStream::connect(to).await?;
    stream.write_all(&get_request(path, token)).await?;
    let mut buffer = Vec::new();
    let status = answer(&mut stream, &mut buffer).await?;
    let end = buffer.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or_default();
    Ok((status, buffer.split_off(end + 4)))
}

/// A GET with a token, as bytes.
pub(crate) fn get_request(path: &str, token: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n")
        .into_bytes()
}

/// A signed delivery of the bench's GitHub, as bytes.
pub(crate) fn delivery(event: &str, key: &str, body: &[u8]) -> Outcome<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())?;
    mac.update(body);
    let hex = mac.finalize().into_bytes().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let mut request = format!(
        "POST /hooks/github HTTP/1.1\r\nhost: bench\r\nuser-agent: GitHub-Hookshot/8a3f2c1\r\naccept: */*\r\n\
         content-type: application/json\r\nx-github-event: {event}\r\nx-github-delivery: {key}\r\n\
         x-github-hook-id: 292430182\r\nx-github-hook-installation-target-id: 79929171\r\n\
         x-github-hook-installation-target-type: repository\r\nx-hub-signature-256: sha256={hex}\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    Ok(request)
}

/// The text of a configuration, with what is given added.
pub(crate) fn config_text(more: &str) -> String {
    format!(
        "[database]\nurl = \"sqlite:countersign.db\"\n[ledger]\norigin = \"ledger.example/bench\"\n\
         [[source]]\nid = \"github\"\nkind = \"github\"\nsecret = {SECRET:?}\n{more}"
    )
}

/// A configuration in a folder, with what is given added.
pub(crate) fn config(folder: &Path, more: &str) -> Outcome<Config> {
    let text = config_text(more);
    let config = Config::parse("countersign.toml", &text, folder, std::iter::empty());
    config.map_err(|error| format!("{error:?}").into())
}

/// The middle one.
pub(crate) fn median<T: PartialOrd + Copy>(mut values: Vec<T>) -> Option<T> {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied()
}

/// What the rounds' ratios were: the median, and the tenth from each end of a hundred.
pub(crate) struct Spread {
    pub(crate) median: f64,
    low: f64,
    high: f64,
}

impl Spread {
    pub(crate) fn of(ratios: impl Iterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = ratios.collect();
        sorted.sort_by(f64::total_cmp);
        let at = |percent: usize| sorted.get(sorted.len() * percent / 100).copied();
        let at = |percent| at(percent).unwrap_or(f64::NAN);
        Self { median: at(50), low: at(10), high: at(90) }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} ({:.2} to {:.2})", self.median, self.low, self.high)
    }
}
