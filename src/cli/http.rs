//! Asking a server: no redirects, everything bounded, and an answer is only what came whole.

use std::time::Duration;

use clap::Args;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Client, Method, Url, redirect};
use serde_json::Value;

use super::exit::Failure;
use super::out::{self, foreign};

/// Bytes of an answer above which it is none.
const MAX_BYTES: usize = 1 << 20;
/// Seconds until a connection must stand.
const CONNECT: u64 = 10;

/// Which server is asked, and as whom.
#[derive(Debug, Clone, Args)]
pub(super) struct ServerArgs {
    /// The server's address, such as <https://countersign.example.org>
    #[arg(long, value_name = "URL", env = "COUNTERSIGN_SERVER")]
    pub(super) server: Option<String>,
    /// A token of `countersign token create`; the variable is safer, because other users see arguments
    #[arg(long, value_name = "TOKEN", env = "COUNTERSIGN_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Seconds after which an answer is given up, beside the wait that was asked for
    #[arg(
        long,
        hide = true,
        value_name = "SECONDS",
        env = "COUNTERSIGN_TIMEOUT",
        default_value_t = 30
    )]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=30))]
    timeout: u64,
}

/// A server that can be asked.
#[derive(Debug)]
pub(super) struct Server {
    base: String,
    token: Option<HeaderValue>,
    client: Client,
    timeout: Duration,
}

/// What came back, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// The HTTP status.
    pub(super) status: u16,
    /// The body.
    pub(super) body: Vec<u8>,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) enum Ask<'a> {
    /// A JSON body by POST.
    Post(&'a Value),
    /// A removal, by query.
    Delete(&'a [(&'a str, &'a str)]),
}

impl ServerArgs {
    /// The server, or what is wrong with the arguments.
    pub(super) fn server(&self) -> Result<Server, Failure> {
        let named = self.server.as_deref().map(str::trim).filter(|url| !url.is_empty());
        let named = named.ok_or_else(|| {
            Failure::usage("which server is asked? Give --server URL, or set COUNTERSIGN_SERVER")
        })?;
        let url = address(named)?;
        let token = self.token.as_deref().map(token).transpose()?;
        if url.scheme() == "http" && token.is_some() && !is_here(&url) {
            out::note(
                "warning: the token goes to this server unencrypted; use an https:// address",
            );
        }
        let timeout = Duration::from_secs(self.timeout);
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(timeout.min(Duration::from_secs(CONNECT)))
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| {
                Failure::undone(format!("no connection can be made: {}", deepest(&error)))
            })?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Server { base, token, client, timeout })
    }
}

fn address(text: &str) -> Result<Url, Failure> {
    let refuse = |why: &str| Failure::usage(format!("--server `{}`: {why}", foreign(text)));
    let url: Url = text
        .parse()
        .map_err(|_| refuse("no address; one such as https://countersign.example.org is needed"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(refuse("an http:// or https:// address is needed"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let why = "a name or password does not belong in the address; use --token";
        return Err(Failure::usage(format!("--server: {why}")));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("an address without `?` and `#` is needed"));
    }
    Ok(url)
}

fn token(text: &str) -> Result<HeaderValue, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Failure::usage(
            "the token is empty; give --token TOKEN or set COUNTERSIGN_TOKEN (a missing secret of a pipeline is \
             often an empty variable)",
        ));
    }
    let mut value = HeaderValue::from_str(&format!("Bearer {text}"))
        .map_err(|_| Failure::usage("the token has characters that no token has; copy it again"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Whether an address is of this machine.
fn is_here(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

impl Server {
    /// Asks. `held` is how long the server was asked to hold its answer. The error says why there is no answer.
    pub(super) async fn ask(
        &self,
        path: &str,
        ask: Ask<'_>,
        held: Duration,
    ) -> Result<Reply, String> {
        let limit = self.timeout + held;
        match tokio::time::timeout(limit, self.exchange(path, ask)).await {
            Ok(reply) => reply,
            Err(_) => {
                Err(format!("{} gave no whole answer within {} s", self.base, limit.as_secs()))
            }
        }
    }

    async fn exchange(&self, path: &str, ask: Ask<'_>) -> Result<Reply, String> {
        let address = format!("{}{path}", self.base);
        let request = match ask {
            Ask::Post(body) => self.client.request(Method::POST, address).json(body),
            Ask::Delete(query) => {
                let mut url: Url = address.parse().map_err(|_| format!("{address}: no address"))?;
                url.query_pairs_mut().extend_pairs(query);
                self.client.request(Method::DELETE, url)
            }
        };
        let request = match &self.token {
            Some(token) => request.header(AUTHORIZATION, token.clone()),
            None => request,
        };
        let failed = |error: reqwest::Error| format!("{}: {}", self.base, deepest(&error));
        let mut response =
            request.header(ACCEPT, "application/json").send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BYTES {
                return Err(format!("{} answered with more than 1 MiB", self.base));
            }
        }
        Ok(Reply { status, body })
    }
}

impl Reply {
    /// What an answer that is not the one hoped for says, in a sentence: the problem's detail, else the status.
    pub(super) fn complaint(&self) -> String {
        let problem: Option<Value> = serde_json::from_slice(&self.body).ok();
        let field = |name: &str| {
            let text = problem.as_ref()?.get(name)?.as_str()?;
            Some(foreign(text).chars().take(1000).collect::<String>())
        };
        let said = field("detail").or_else(|| field("title")).or_else(|| field("error"));
        let status = self.status;
        match (said, status) {
            (Some(said), _) => format!("the server answered {status}: {said}"),
            (None, 300..=399) => {
                format!("the server answered {status}, a redirect, and none is followed; name the final address")
            }
            (None, 401) => {
                "the server answered 401: the token is missing, unknown, revoked or expired; give --token or set \
                 COUNTERSIGN_TOKEN"
                    .to_owned()
            }
            (None, 403) => "the server answered 403: this token may not do that".to_owned(),
            (None, _) => format!("the server answered {status}"),
        }
    }

    /// The same as a failure: 422 is wrong usage, anything else could not be done.
    pub(super) fn failure(&self) -> Failure {
        match self.status {
            422 => Failure::usage(self.complaint()),
            _ => Failure::undone(self.complaint()),
        }
    }
}

/// The innermost cause: `Connection refused (os error 111)` rather than `error sending request`.
fn deepest(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    foreign(&cause.to_string())
}
