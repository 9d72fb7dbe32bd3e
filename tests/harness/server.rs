//! The real server on a loopback port, with the requests that tests send it.

use std::fmt::Write as _;
use std::net::SocketAddr;

use countersign::app::{Role, TokenRequest};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::{Client, Method, RequestBuilder, Response};
use sha2::Sha256;
use tokio::sync::watch;

use super::{SECRET, World};

/// A running server; it stops with the value.
pub struct Server {
    pub address: SocketAddr,
    pub client: Client,
    stop: watch::Sender<bool>,
}

impl Server {
    /// Serves a world.
    pub async fn start(world: &World) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(countersign::web::serve(listener, world.app.clone(), stopped));
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a client");
        Self { address, client, stop }
    }

    /// A request.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    /// A GET with a token.
    pub async fn get(&self, path: &str, token: &str) -> Response {
        self.request(Method::GET, path).bearer_auth(token).send().await.expect("an answer")
    }

    /// A delivery of the test's GitHub, rightly signed.
    pub async fn deliver(&self, event: &str, key: &str, body: &[u8]) -> Response {
        self.deliver_signed(event, key, body, &signature(SECRET, body)).await
    }

    /// A delivery with this signature.
    pub async fn deliver_signed(
        &self,
        event: &str,
        key: &str,
        body: &[u8],
        signature: &str,
    ) -> Response {
        self.request(Method::POST, "/hooks/github")
            .header("x-github-event", event)
            .header("x-github-delivery", key)
            .header("x-hub-signature-256", signature)
            .header("content-type", "application/json")
            .body(body.to_vec())
            .send()
            .await
            .expect("an answer")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

/// What GitHub writes into `X-Hub-Signature-256`.
pub fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(body);
    let mut text = String::from("sha256=");
    for byte in mac.finalize().into_bytes() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A token's secret.
pub async fn token(world: &World, role: Role) -> String {
    let request = TokenRequest { name: role.as_str().to_owned(), role, repo: None, lasts: None };
    world.app.create_token(&world.operator(), request).await.expect("a token").secret
}
