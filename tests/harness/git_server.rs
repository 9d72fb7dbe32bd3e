//! A git server over TLS on a loopback port: `git http-backend` behind a token, or a server that behaves badly.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use base64::Engine as _;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// What the server does with a request that carries the right token.
#[derive(Debug, Clone)]
pub enum Manner {
    /// Serves the repositories in its folder.
    Honest,
    /// Sends everybody elsewhere.
    Redirect(String),
    /// Never answers.
    Hang,
    /// Answers everything with these bytes as this type.
    Says(&'static str, &'static [u8]),
    /// Announces refs and never stops.
    Endless,
    /// Refuses, and repeats what it was sent.
    Echo,
}

/// A running server; its repositories lie in `root`.
pub struct GitServer {
    pub address: SocketAddr,
    /// The certificate, which is its own authority.
    pub authority: PathBuf,
    pub root: PathBuf,
    /// The address of an interface that knows nothing: `[]` to every question, without TLS.
    pub api: SocketAddr,
    seen: Arc<Seen>,
    _folder: TempDir,
}

#[derive(Debug)]
struct Seen {
    root: PathBuf,
    token: String,
    manner: Manner,
    /// The `Authorization` of every request, as it came.
    requests: Mutex<Vec<Option<String>>>,
    /// Requests that the other side gave up.
    abandoned: AtomicUsize,
}

impl GitServer {
    /// A server that lets in who has the token.
    pub async fn start(token: &str, manner: Manner) -> Self {
        let folder = TempDir::new().expect("a folder");
        let (authority, acceptor) = certificate(folder.path());
        let root = folder.path().join("repositories");
        std::fs::create_dir(&root).expect("a folder");
        let seen = Arc::new(Seen {
            root: root.clone(),
            token: token.to_owned(),
            manner,
            requests: Mutex::default(),
            abandoned: AtomicUsize::default(),
        });
        let tcp = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = tcp.local_addr().expect("its address");
        let router = Router::new().fallback(answer).with_state(Arc::clone(&seen));
        tokio::spawn(axum::serve(Tls { tcp, acceptor }, router).into_future());
        let plain = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let api = plain.local_addr().expect("its address");
        let nothing = Router::new()
            .fallback(|| async { ([(header::CONTENT_TYPE, "application/json")], "[]") });
        tokio::spawn(axum::serve(plain, nothing).into_future());
        Self { address, authority, root, api, seen, _folder: folder }
    }

    /// The address of a repository in its folder.
    pub fn url(&self, name: &str) -> String {
        format!("https://{}/{name}", self.address)
    }

    /// The `Authorization` of every request so far.
    pub fn requests(&self) -> Vec<Option<String>> {
        self.seen.requests.lock().expect("no panic").clone()
    }

    /// Waits until the other side has given up a request that was never answered.
    pub async fn was_abandoned(&self) -> bool {
        for _ in 0..200 {
            if self.seen.abandoned.load(Ordering::SeqCst) > 0 {
                return true;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        false
    }
}

/// What the header of a token says.
pub fn basic(token: &str) -> String {
    let pair = format!("x-access-token:{token}");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

/// A certificate for this machine that was made just now, and what accepts connections with it.
fn certificate(folder: &Path) -> (PathBuf, TlsAcceptor) {
    let (key, cert) = (folder.join("key.pem"), folder.join("cert.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args(["-days", "2", "-subj", "/CN=127.0.0.1"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout"])
        .args([key.as_os_str(), "-out".as_ref(), cert.as_os_str()])
        .stderr(Stdio::piped())
        .output()
        .expect("openssl runs; tests/run installs it");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let chain = vec![CertificateDer::from_pem_file(&cert).expect("a certificate")];
    let secret = PrivateKeyDer::from_pem_file(&key).expect("a key");
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .expect("they belong together");
    (cert, TlsAcceptor::from(Arc::new(config)))
}

struct Tls {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, from)) = self.tcp.accept().await else { continue };
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

/// Counts a request whose answer nobody waits for any more.
struct Abandoned(Arc<Seen>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.abandoned.fetch_add(1, Ordering::SeqCst);
    }
}

async fn answer(State(seen): State<Arc<Seen>>, request: Request) -> Response {
    let header = request.headers().get(header::AUTHORIZATION);
    let said = header.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    seen.requests.lock().expect("no panic").push(said.clone());
    match &seen.manner {
        Manner::Redirect(to) => {
            (StatusCode::FOUND, [(header::LOCATION, to.clone())]).into_response()
        }
        Manner::Echo => (StatusCode::FORBIDDEN, format!("you sent {said:?}")).into_response(),
        _ if said != Some(basic(&seen.token)) => {
            (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"git\"")])
                .into_response()
        }
        Manner::Honest => backend(&seen.root, request).await,
        Manner::Says(kind, bytes) => ([(header::CONTENT_TYPE, *kind)], *bytes).into_response(),
        Manner::Hang => {
            let _abandoned = Abandoned(Arc::clone(&seen));
            std::future::pending().await
        }
        Manner::Endless => endless(),
    }
}

/// One announced ref after the other, each well formed.
fn endless() -> Response {
    let start = Bytes::from_static(b"001e# service=git-upload-pack\n0000");
    let one = format!("003f{} refs/heads/b\n", "a".repeat(40 + 5));
    let many = Bytes::from(one.repeat(16 * 1024));
    let stream = futures_util::stream::iter(
        std::iter::once(start).chain(std::iter::repeat(many)).map(Ok::<_, std::io::Error>),
    );
    let kind = [(header::CONTENT_TYPE, "application/x-git-upload-pack-advertisement")];
    (kind, Body::from_stream(stream)).into_response()
}

/// One request through `git http-backend`, by the rules of CGI.
async fn backend(root: &Path, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 64 << 20).await.expect("a small request");
    let said = |name: &str| {
        let value = parts.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let mut child = tokio::process::Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("CONTENT_TYPE", said("content-type"))
        .env("HTTP_CONTENT_ENCODING", said("content-encoding"))
        .env("GIT_PROTOCOL", said("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("git http-backend runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let writing = tokio::spawn(async move { stdin.write_all(&body).await });
    let output = child.wait_with_output().await.expect("it ends").stdout;
    let _ = writing.await;
    let split = output.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(output.len());
    let (mut status, mut headers) = (StatusCode::OK, HeaderMap::new());
    for line in String::from_utf8_lossy(&output[..split]).lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        if name == "Status" {
            status = value[..3].parse().expect("a status");
        } else {
            let name: header::HeaderName = name.parse().expect("a header");
            headers.insert(name, value.parse().expect("a value"));
        }
    }
    let rest = output.get(split + 4..).unwrap_or_default().to_vec();
    (status, headers, rest).into_response()
}
