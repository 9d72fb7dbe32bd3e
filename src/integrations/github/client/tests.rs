//! The client against a small server on this machine.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// An answer: status, further headers, body.
type Answer = (u16, String, String);

/// Answers every request by its path and remembers the requests' heads.
struct Server {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/api/v3", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer) = (Arc::clone(&seen), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                tokio::spawn(async move { serve(stream, &kept, &*answer).await });
            }
        });
        Self { url, seen }
    }

    fn client(&self) -> GitHub {
        let http = builder().no_proxy().build().expect("a client");
        GitHub::connect(&self.url, "secret-token", http).expect("connected")
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("not poisoned").clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<String>>,
    answer: &(dyn Fn(&str) -> Answer + Send + Sync),
) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte).await, Ok(1)) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    seen.lock().expect("not poisoned").push(head);
    let (status, headers, body) = answer(&path);
    let text = format!(
        "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(text.as_bytes()).await;
}

fn repo() -> RepoRef {
    RepoRef { id: "42".to_owned(), name: "acme/payments".to_owned(), default_branch: None }
}

fn commits(count: usize) -> Value {
    let user = |id: usize| json!({"id": id, "login": format!("u{id}"), "type": "User"});
    (0..count)
        .map(|n| json!({"sha": format!("{n:040x}"), "author": user(n), "committer": null}))
        .collect()
}

/// Pages of a list of this length, as GitHub cuts them.
fn page_of(total: usize) -> impl Fn(&str) -> Answer {
    move |path| {
        let page: usize = path.split("&page=").nth(1).and_then(|n| n.parse().ok()).unwrap_or(1);
        let rest = total.saturating_sub((page - 1) * 100);
        let next = "link: <http://127.0.0.1:1/evil?page=2>; rel=\"next\"\r\n";
        let link = if rest > 100 { next.to_owned() } else { String::new() };
        (200, link, commits(rest.min(100)).to_string())
    }
}

#[tokio::test]
async fn commits_are_read_page_by_page_from_addresses_built_of_ids() {
    let server = Server::start(page_of(130)).await;
    let listed = server.client().pull_commits(&repo(), 7).await.expect("commits");
    assert_eq!((listed.commits.len(), listed.truncated), (130, false));
    assert_eq!(listed.commits[1].author.as_ref().map(|a| a.login.as_str()), Some("u1"));
    assert_eq!(listed.commits[0].committer, None);
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert!(
        seen[0].starts_with("GET /api/v3/repositories/42/pulls/7/commits?per_page=100&page=1 ")
    );
    assert!(seen[0].to_lowercase().contains("authorization: bearer secret-token"), "{}", seen[0]);
    assert!(seen[0].to_lowercase().contains("x-github-api-version: 2022-11-28"));
    assert!(
        seen[1].contains("page=2"),
        "the next page is counted, its address not taken from the answer"
    );
}

#[tokio::test]
async fn a_commit_that_github_made_itself_is_told_by_its_own_signature_alone() {
    let server = Server::start(|_| {
        let commit = |n: u32, committer: &str, verified: Value| {
            json!({"sha": format!("{n:040x}"), "author": {"id": 1, "login": "ada", "type": "User"},
                "committer": {"id": 2, "login": committer, "type": "User"}, "commit": {"verification": verified}})
        };
        let list = json!([
            commit(1, "web-flow", json!({"verified": true, "reason": "valid"})),
            commit(2, "web-flow", json!({"verified": false, "reason": "unsigned"})),
            commit(3, "grace", json!({"verified": true, "reason": "valid"})),
            commit(4, "web-flow", Value::Null),
        ]);
        (200, String::new(), list.to_string())
    })
    .await;
    let listed = server.client().pull_commits(&repo(), 7).await.expect("commits").commits;
    let by_source: Vec<bool> = listed.iter().map(|commit| commit.by_source).collect();
    assert_eq!(by_source, [true, false, false, false]);
}

#[tokio::test]
async fn a_list_at_githubs_limit_says_that_it_is_cut_short() {
    let server = Server::start(page_of(250)).await;
    let listed = server.client().pull_commits(&repo(), 7).await.expect("commits");
    assert_eq!((listed.commits.len(), listed.truncated), (250, true));
}

#[tokio::test]
async fn members_pull_requests_and_reviews_are_read_into_our_words() {
    let server = Server::start(|path| {
        let sha = "a".repeat(40);
        let body = if path.contains("/members") {
            json!([{"id": 1, "login": "ada", "type": "User"}])
        } else if path.ends_with("/orgs/acme/teams/architects") {
            json!({"id": 7, "slug": "architects", "name": "A", "organization": {"id": 5, "login": "acme"}})
        } else if path.contains("/reviews") {
            json!([
                {"id": 90, "user": {"id": 9, "login": "grace", "type": "User"}, "body": "", "state": "APPROVED",
                 "commit_id": sha, "submitted_at": "2026-11-20T14:00:00Z"},
                {"id": 91, "user": null, "body": "", "state": "PENDING", "commit_id": sha},
            ])
        } else {
            json!({"number": 7, "title": "t", "body": null, "state": "closed", "merged": true,
                "merge_commit_sha": sha, "merged_at": "2026-11-20T14:00:00Z", "user": null,
                "head": {"ref": "x", "sha": sha, "repo": null},
                "base": {"ref": "main", "sha": sha, "repo": {"id": 42, "full_name": "acme/renamed"}},
                "updated_at": "2026-11-20T14:00:00Z"})
        };
        (200, String::new(), body.to_string())
    })
    .await;
    let client = server.client();
    let roster = client.roster("acme", "architects").await.expect("members");
    assert_eq!(roster.team, "7");
    assert_eq!(roster.members.iter().map(|m| m.login.as_str()).collect::<Vec<_>>(), ["ada"]);
    let reviews = client.reviews(&repo(), 7).await.expect("reviews");
    assert_eq!(reviews.iter().map(|r| r.state.as_str()).collect::<Vec<_>>(), ["approved"]);
    let pull = client.pull(&repo(), 7).await.expect("a pull request");
    assert_eq!((pull.merged, pull.repo.name.as_str()), (true, "acme/renamed"));
    assert!(client.roster("acme", "../../user").await.is_err());
    let seen = server.seen();
    assert_eq!(seen.len(), 4, "a name that is none is not asked for");
    assert!(seen[1].starts_with("GET /api/v3/organizations/5/team/7/members?"), "{}", seen[1]);
}

/// Status, headers, body, and the sentence that follows.
const BAD_ANSWERS: [(u16, &str, &str, &str); 9] = [
    (404, "", "{}", "127.0.0.1 has no pull request acme/payments#7, or the token may not see it"),
    (401, "", "{}", "127.0.0.1 refuses the token: it is wrong, expired or revoked"),
    (
        403,
        "",
        "{\"message\":\"Resource not accessible\"}",
        "127.0.0.1 does not allow the token to read pull request acme/payments#7: Resource not accessible",
    ),
    (
        403,
        "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1795183200\r\n",
        "{}",
        "127.0.0.1 limits the rate of questions until 2026-11-20 14:00:00 UTC",
    ),
    (429, "retry-after: 60\r\n", "{}", "127.0.0.1 limits the rate of questions; ask again in 60 s"),
    (
        302,
        "location: http://127.0.0.1:1/elsewhere\r\n",
        "",
        "127.0.0.1 answered with a redirect (302) to the question for pull request acme/payments#7; none is \
             followed",
    ),
    (
        500,
        "",
        "oops",
        "127.0.0.1 gave an answer to the question for pull request acme/payments#7 that cannot be used: status \
             500: no reason given",
    ),
    (
        200,
        "",
        "<html>",
        "127.0.0.1 gave an answer to the question for pull request acme/payments#7 that cannot be used: the \
             body is not JSON: expected value (line 1, column 1)",
    ),
    (
        200,
        "",
        "{\"number\":\"7\"}",
        "127.0.0.1 gave an answer to the question for pull request acme/payments#7 that cannot be used: the \
             body has another shape than expected: `number`: invalid type: string \"7\", expected u64",
    ),
];

#[tokio::test]
async fn errors_are_sentences_that_say_what_to_do_about() {
    for (status, headers, body, sentence) in BAD_ANSWERS {
        let server = Server::start(move |_| (status, headers.to_owned(), body.to_owned())).await;
        let error = server.client().pull(&repo(), 7).await.expect_err("an error");
        assert_eq!(error.to_string(), sentence);
        assert_eq!(server.seen().len(), 1, "{status} is not asked again behind the caller's back");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_cannot_be_reached() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let http = builder().no_proxy().build().expect("a client");
    let client = GitHub::connect(&url, "t", http).expect("connected");
    let error = client.pull(&repo(), 7).await.expect_err("an error").to_string();
    assert!(error.starts_with("127.0.0.1 cannot be reached: "), "{error}");
    assert!(error.contains("refused"), "{error}");
}

#[tokio::test]
async fn an_address_that_would_send_the_token_in_clear_is_refused() {
    let bad = |url: &str| {
        let error =
            GitHub::connect(url, "t", http_client().expect("a client")).expect_err("refused");
        error.to_string()
    };
    assert_eq!(
        bad("http://github.example.com/api/v3"),
        "`http://github.example.com/api/v3` cannot be the address of GitHub's API: the token must not travel in \
         clear: use https"
    );
    assert!(bad("not a url").contains("it is no URL"));
    assert!(
        bad("https://user:pass@github.example.com").contains("nothing but scheme, host and path")
    );
}
