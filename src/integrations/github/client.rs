//! What we ask GitHub. Addresses are built from the configured base and immutable ids, never taken from a payload;
//! the token goes to the configured host only, and no redirect is followed (sem 11.6): a repository that was
//! renamed is still found by its id, and one that took its name is not mistaken for it.

use std::fmt;
use std::time::Duration;

use http_body_util::{BodyExt as _, Limited};
use octocrab::service::middleware::base_uri::BaseUriLayer;
use octocrab::service::middleware::reqwest_connector::ReqwestConnector;
use octocrab::{AuthState, Octocrab, OctocrabBuilder};
use serde::de::DeserializeOwned;

use super::payload::{Happened, Pull, User, account};
pub use super::rest::PullCommit;
use super::rest::{Commit, Review, Team};
use crate::domain::event::{PullRequestEvent, RepoRef, ReviewEvent};
use crate::domain::{Account, Time};

/// GitHub lists no more commits of one pull request than this.
const MOST_COMMITS: usize = 250;
/// Elements per page: GitHub's most.
const PAGE: usize = 100;
/// Pages of one list. More is an error, never a list cut short in silence.
const MOST_PAGES: usize = 100;
/// Bytes of one answer. A page of a hundred reviews with long texts stays far below.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Why a question to GitHub has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The configured address is none, or would send the token in clear.
    #[error("`{url}` cannot be the address of GitHub's API: {why}")]
    BadAddress {
        /// As configured.
        url: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// 404: it is not there, or the token may not see it. GitHub does not tell which.
    #[error("{host} has no {what}, or the token may not see it")]
    NotFound {
        /// The server.
        host: String,
        /// What was asked for.
        what: String,
    },
    /// 401.
    #[error("{host} refuses the token: it is wrong, expired or revoked")]
    Unauthorized {
        /// The server.
        host: String,
    },
    /// 403 without a rate limit.
    #[error("{host} does not allow the token to read {what}: {why}")]
    Forbidden {
        /// The server.
        host: String,
        /// What was asked for.
        what: String,
        /// GitHub's words.
        why: String,
    },
    /// 429, or 403 with a rate limit.
    #[error("{host} limits the rate of questions{}", until(*.retry_at, *.retry_after))]
    RateLimited {
        /// The server.
        host: String,
        /// When the limit ends, if it said so as a time.
        retry_at: Option<Time>,
        /// In how many seconds to ask again, if it said so.
        retry_after: Option<u64>,
    },
    /// No answer came.
    #[error("{host} cannot be reached: {why}")]
    Unreachable {
        /// The server.
        host: String,
        /// The innermost reason.
        why: String,
    },
    /// A redirect. None is followed.
    #[error(
        "{host} answered with a redirect ({status}) to the question for {what}; none is followed"
    )]
    Redirected {
        /// The server.
        host: String,
        /// What was asked for.
        what: String,
        /// The status.
        status: u16,
    },
    /// Another status, or an answer that cannot be read.
    #[error("{host} gave an answer to the question for {what} that cannot be used: {why}")]
    Odd {
        /// The server.
        host: String,
        /// What was asked for.
        what: String,
        /// What is odd.
        why: String,
    },
}

fn until(at: Option<Time>, after: Option<u64>) -> String {
    match (at, after) {
        (Some(at), _) => format!(" until {}", at.to_seconds_text()),
        (None, Some(seconds)) => format!("; ask again in {seconds} s"),
        (None, None) => String::new(),
    }
}

/// The commits of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullCommits {
    /// In GitHub's order, at most 250.
    pub commits: Vec<PullCommit>,
    /// GitHub lists no more than these: there may be others (an audit fact, never to be taken for all).
    pub truncated: bool,
}

/// Who is in a team now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// The team's immutable id.
    pub team: String,
    /// Its members, those of child teams too.
    pub members: Vec<Account>,
}

/// A connection to one GitHub with one token.
#[derive(Clone)]
pub struct GitHub {
    crab: Octocrab,
    host: String,
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHub").field("host", &self.host).finish_non_exhaustive()
    }
}

/// The one HTTP client that all connections share: no redirects, and no waiting for ever.
pub fn http_client() -> Result<reqwest::Client, ClientError> {
    builder().build().map_err(|error| ClientError::Unreachable {
        host: "this machine".to_owned(),
        why: innermost(&error),
    })
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(30))
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
}

impl GitHub {
    /// Connects to `api_url` (`https://api.github.com`, or `https://HOST/api/v3`). Nothing is sent yet. `http` must
    /// come from [`http_client`]: another client might follow redirects. Call it inside the tokio runtime.
    pub fn connect(api_url: &str, token: &str, http: reqwest::Client) -> Result<Self, ClientError> {
        let bad = |why| ClientError::BadAddress { url: api_url.to_owned(), why };
        let url = reqwest::Url::parse(api_url).map_err(|_| bad("it is no URL"))?;
        let host = url.host_str().ok_or_else(|| bad("it names no host"))?.to_owned();
        let here = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
        if url.scheme() != "https" && !(url.scheme() == "http" && here) {
            return Err(bad("the token must not travel in clear: use https"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            return Err(bad("it must hold nothing but scheme, host and path"));
        }
        let base = api_url.parse().map_err(|_| bad("it is no URL"))?;
        let built = OctocrabBuilder::new_empty()
            .with_service(ReqwestConnector::new(http))
            .with_layer(&BaseUriLayer::new(base))
            .with_auth(AuthState::AccessToken { token: token.to_owned().into() })
            .build();
        match built {
            Ok(crab) => Ok(Self { crab, host }),
            Err(never) => match never {},
        }
    }

    /// The commits of a pull request with the accounts GitHub maps them to.
    pub async fn pull_commits(
        &self,
        repo: &RepoRef,
        number: u64,
    ) -> Result<PullCommits, ClientError> {
        let what = format!("commits of {}#{number}", repo.name);
        let path = format!("{}/pulls/{number}/commits", repository(repo));
        let commits: Vec<Commit> = self.all(&path, &what, MOST_COMMITS).await?;
        let truncated = commits.len() >= MOST_COMMITS;
        Ok(PullCommits { commits: commits.into_iter().map(PullCommit::from).collect(), truncated })
    }

    /// Everybody in a team, with those of its child teams. `org` and `slug` come from the configuration; the members are
    /// asked for by the ids behind them, so that they are of the team that is named in the answer.
    pub async fn roster(&self, org: &str, slug: &str) -> Result<Roster, ClientError> {
        let what = format!("team {org}/{slug}");
        let plain =
            |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !plain(org) || !plain(slug) {
            let why = "the name of a team has letters, digits, `-`, `_` and `.` only".to_owned();
            return Err(ClientError::Odd { host: self.host.clone(), what, why });
        }
        let (team, _): (Team, bool) = self.get(&format!("/orgs/{org}/teams/{slug}"), &what).await?;
        let (of, id) = (digits(&team.organization.id.0), digits(&team.id.0));
        let path = format!("/organizations/{of}/team/{id}/members");
        let members: Vec<User> =
            self.all(&path, &format!("members of the {what}"), usize::MAX).await?;
        let members = members.into_iter().filter_map(|member| account(Some(member))).collect();
        Ok(Roster { team: team.id.0, members })
    }

    /// A pull request as it stands now, as an event with the action `read`. It tells of no sender.
    pub async fn pull(&self, repo: &RepoRef, number: u64) -> Result<PullRequestEvent, ClientError> {
        let what = format!("pull request {}#{number}", repo.name);
        let path = format!("{}/pulls/{number}", repository(repo));
        let (pull, _): (Pull, bool) = self.get(&path, &what).await?;
        // The answer is about the repository of that id, under the name it has now.
        let repo = pull.base.repo.clone().map_or_else(|| repo.clone(), RepoRef::from);
        let what =
            Happened { action: "read".to_owned(), sender: None, assignee: None, before: None };
        Ok(pull.event(repo, what))
    }

    /// The reviews of a pull request, as events with the action `listed`. A list does not say when a review was
    /// dismissed.
    pub async fn reviews(
        &self,
        repo: &RepoRef,
        number: u64,
    ) -> Result<Vec<ReviewEvent>, ClientError> {
        let what = format!("reviews of {}#{number}", repo.name);
        let path = format!("{}/pulls/{number}/reviews", repository(repo));
        let reviews: Vec<Review> = self.all(&path, &what, usize::MAX).await?;
        Ok(reviews.into_iter().filter_map(|review| review.event(repo, number)).collect())
    }

    /// All pages of a list, up to `most` elements.
    async fn all<T: DeserializeOwned>(
        &self,
        path: &str,
        what: &str,
        most: usize,
    ) -> Result<Vec<T>, ClientError> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let route = format!("{path}?per_page={PAGE}&page={page}");
            let (part, more): (Vec<T>, bool) = self.get(&route, what).await?;
            all.extend(part);
            if !more || all.len() >= most {
                return Ok(all);
            }
        }
        let why = format!("the list has more than {MOST_PAGES} pages of {PAGE}");
        Err(self.odd(what, why))
    }

    /// One answer, and whether another page follows.
    async fn get<T: DeserializeOwned>(
        &self,
        route: &str,
        what: &str,
    ) -> Result<(T, bool), ClientError> {
        let response = self.crab._get_with_headers(route, Some(headers())).await;
        let response = response.map_err(|error| self.unreachable(&error))?;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok());
        let more = header("link").is_some_and(|link| link.contains("rel=\"next\""));
        let limits = Limits {
            remaining: header("x-ratelimit-remaining").and_then(|v| v.parse().ok()),
            reset: header("x-ratelimit-reset").and_then(|v| v.parse().ok()),
            after: header("retry-after").and_then(|v| v.parse().ok()),
        };
        let body = Limited::new(response.into_body(), MOST_BYTES).collect().await;
        let body = body.map_err(|error| self.odd(what, innermost(&*error)))?.to_bytes();
        if status != 200 {
            return Err(self.refused(status, what, &limits, &body));
        }
        let value = super::super::normalised::read(&body)
            .map_err(|refusal| self.odd(what, refusal.to_string()))?;
        Ok((value, more))
    }

    fn odd(&self, what: &str, why: String) -> ClientError {
        ClientError::Odd { host: self.host.clone(), what: what.to_owned(), why }
    }

    fn unreachable(&self, error: &octocrab::Error) -> ClientError {
        ClientError::Unreachable { host: self.host.clone(), why: innermost(error) }
    }

    fn refused(&self, status: u16, what: &str, limits: &Limits, body: &[u8]) -> ClientError {
        let (host, what) = (self.host.clone(), what.to_owned());
        match status {
            404 => ClientError::NotFound { host, what },
            401 => ClientError::Unauthorized { host },
            429 | 403 if status == 429 || limits.spent() => ClientError::RateLimited {
                host,
                retry_at: limits
                    .reset
                    .filter(|_| limits.after.is_none())
                    .and_then(Time::from_seconds),
                retry_after: limits.after,
            },
            403 => ClientError::Forbidden { host, what, why: message(body) },
            300..=399 => ClientError::Redirected { host, what, status },
            _ => {
                ClientError::Odd { host, what, why: format!("status {status}: {}", message(body)) }
            }
        }
    }
}

/// What the headers of an answer say about the rate.
#[derive(Debug)]
struct Limits {
    remaining: Option<u64>,
    reset: Option<i64>,
    after: Option<u64>,
}

impl Limits {
    fn spent(&self) -> bool {
        self.remaining == Some(0) || self.after.is_some()
    }
}

fn headers() -> reqwest::header::HeaderMap {
    use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
    let version = HeaderName::from_static("x-github-api-version");
    headers.insert(version, HeaderValue::from_static("2022-11-28"));
    headers
}

/// A repository's address by its immutable id. An id that is no number cannot come from GitHub: it matches nothing.
fn repository(repo: &RepoRef) -> String {
    format!("/repositories/{}", digits(&repo.id))
}

/// An immutable id as part of an address; `0` for what is no number.
fn digits(id: &str) -> &str {
    if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) { id } else { "0" }
}

/// GitHub's own words in an error, kept short and printable.
fn message(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text =
        value.get("message").and_then(|message| message.as_str()).unwrap_or("no reason given");
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// The reason at the bottom of a chain of errors: the others only say that something failed.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

#[cfg(test)]
mod tests;
