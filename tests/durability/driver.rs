//! Sends deliveries and writes down, in another place, what was acknowledged.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign::domain::id;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::child::SECRET;

/// Connections at once.
const CONNECTIONS: u64 = 8;

/// A delivery that was acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    /// Under which id it is said to be kept.
    pub(crate) delivery: String,
    /// Of the bytes that were sent.
    pub(crate) sha256: String,
}

/// What the service said to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Say {
    /// 200 or 202.
    Acknowledged,
    /// Another status, with the detail.
    Refused(u16, String),
    /// The connection ended before an answer.
    Nothing,
}

struct Inner {
    client: reqwest::Client,
    next: AtomicU64,
    log: Mutex<File>,
    unanswered: Mutex<Vec<u64>>,
}

/// The driver.
pub(crate) struct Driver {
    inner: Arc<Inner>,
    path: PathBuf,
    told: usize,
}

/// One pull request after another.
fn body(number: u64) -> Vec<u8> {
    let repo = json!({ "id": 1_296_269, "full_name": "octo/hello", "default_branch": "main" });
    let user = json!({ "id": 21_031_067, "login": "Codertocat", "type": "User" });
    json!({
        "action": "opened", "number": number, "repository": repo, "sender": user,
        "pull_request": {
            "id": number, "number": number, "title": format!("Change {number}"), "body": null, "state": "open",
            "draft": false, "merged": false, "user": user, "labels": [],
            "created_at": "2026-11-20T10:00:00Z", "updated_at": "2026-11-20T10:00:00Z",
            "head": { "ref": "topic", "sha": format!("{:040x}", number + 1), "repo": repo },
            "base": { "ref": "main", "sha": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e", "repo": repo },
        },
    })
    .to_string()
    .into_bytes()
}

fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length");
    mac.update(body);
    mac.finalize().into_bytes().iter().fold("sha256=".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Inner {
    /// Sends one delivery; what is acknowledged is written down before anything else happens.
    async fn send(&self, to: SocketAddr, number: u64) -> Say {
        let body = body(number);
        let sha256 = id::sha256(&body);
        let sent = self
            .client
            .post(format!("http://{to}/hooks/github"))
            .header("x-github-event", "pull_request")
            .header("x-github-delivery", format!("d-{number}"))
            .header("x-hub-signature-256", signature(&body))
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await;
        let Ok(answer) = sent else { return Say::Nothing };
        let status = answer.status().as_u16();
        // The status is the acknowledgement; the body may still break off.
        let text = answer.text().await.unwrap_or_default();
        let told: Value = serde_json::from_str(&text).unwrap_or_default();
        if status == 200 || status == 202 {
            let delivery = id::derived("dlv", &["github", &format!("d-{number}")]);
            if let Some(told) = told.get("delivery").and_then(Value::as_str) {
                assert_eq!(told, delivery, "another delivery was acknowledged");
            }
            let mut log = self.log.lock().expect("the log");
            writeln!(log, "{delivery} {sha256}").expect("written down");
            return Say::Acknowledged;
        }
        let detail = told.get("detail").and_then(Value::as_str).unwrap_or_default();
        Say::Refused(status, detail.to_owned())
    }

    async fn next(&self, to: SocketAddr) -> Say {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let said = self.send(to, number).await;
        if said != Say::Acknowledged {
            self.unanswered.lock().expect("the list").push(number);
        }
        said
    }
}

impl Driver {
    /// A driver that writes into a folder.
    pub(crate) fn new(folder: &Path) -> Self {
        let path = folder.join("acknowledged");
        let log = File::create(&path).expect("a file");
        let inner = Inner {
            client: reqwest::Client::builder().no_proxy().build().expect("a client"),
            next: AtomicU64::new(1),
            log: Mutex::new(log),
            unanswered: Mutex::default(),
        };
        Self { inner: Arc::new(inner), path, told: 0 }
    }

    /// Sends over all connections; after this long the end is made, and the connections break.
    pub(crate) async fn load(&mut self, to: SocketAddr, long: Duration, end: impl FnOnce()) {
        let over = Arc::new(AtomicBool::new(false));
        let tasks: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let (inner, over) = (Arc::clone(&self.inner), Arc::clone(&over));
                tokio::spawn(async move {
                    while !over.load(Ordering::SeqCst) && inner.next(to).await != Say::Nothing {}
                })
            })
            .collect();
        tokio::time::sleep(long).await;
        end();
        over.store(true, Ordering::SeqCst);
        for task in tasks {
            task.await.expect("a connection's task");
        }
    }

    /// Sends so many, all of which must be acknowledged.
    pub(crate) async fn send(&mut self, to: SocketAddr, deliveries: u64) {
        let left = Arc::new(AtomicU64::new(deliveries));
        let tasks: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                let (inner, left) = (Arc::clone(&self.inner), Arc::clone(&left));
                tokio::spawn(async move {
                    while left
                        .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                            left.checked_sub(1)
                        })
                        .is_ok()
                    {
                        assert_eq!(inner.next(to).await, Say::Acknowledged);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("a connection's task");
        }
    }

    /// Sends one and returns what was said.
    pub(crate) async fn one(&mut self, to: SocketAddr) -> Say {
        self.inner.next(to).await
    }

    /// Sends again what was not acknowledged, as a sender does: each must be taken now.
    pub(crate) async fn send_again(&mut self, to: SocketAddr) {
        let unanswered = std::mem::take(&mut *self.inner.unanswered.lock().expect("the list"));
        let tasks: Vec<_> = unanswered
            .into_iter()
            .map(|number| {
                let inner = Arc::clone(&self.inner);
                tokio::spawn(async move { inner.send(to, number).await })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.expect("a task"), Say::Acknowledged, "sent again");
        }
    }

    /// Everything that was acknowledged, from the other place.
    pub(crate) fn acknowledged_elsewhere(&self) -> Vec<Acknowledged> {
        let text = std::fs::read_to_string(&self.path).expect("the other place");
        text.lines()
            .map(|line| line.split_once(' ').expect("two words"))
            .map(|(delivery, sha256)| Acknowledged {
                delivery: delivery.to_owned(),
                sha256: sha256.to_owned(),
            })
            .collect()
    }

    /// What was acknowledged since this was asked last.
    pub(crate) fn new_since_last_time(&mut self) -> Vec<Acknowledged> {
        let mut all = self.acknowledged_elsewhere();
        let new = all.split_off(self.told);
        self.told += new.len();
        new
    }
}
