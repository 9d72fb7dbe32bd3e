//! The service as a process of its own: this test binary started again, on a folder that outlives it.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use countersign::app::intake::Received;
use countersign::app::{App, Caller};
use countersign::clock::Clock;
use countersign::config::Config;
use countersign::integrations::Headers;
use countersign::store::Db;
use serde_json::{Value, json};
use sqlx::sqlite::SqlitePool;
use tokio::sync::watch;

/// The variable that makes this binary the service; its value is the folder.
pub(crate) const FOLDER: &str = "COUNTERSIGN_TEST_CHILD";
/// The secret of the test's GitHub.
pub(crate) const SECRET: &str = "It's a Secret to Everybody";
/// Where a service's own configuration stands, if it has one.
const CONFIG: &str = "service.toml";
/// How long a start, or coming back, may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The configuration of a service on a folder: SQLite, and nothing to judge, unless another was written there.
pub(crate) fn config(folder: &Path) -> Config {
    let written = std::fs::read_to_string(folder.join(CONFIG));
    let text = written.unwrap_or_else(|_| settings("sqlite:countersign.db", ""));
    Config::parse("countersign.toml", &text, folder, std::iter::empty()).expect("a configuration")
}

fn settings(database: &str, more: &str) -> String {
    format!(
        "[database]\nurl = {database:?}\n[ledger]\norigin = \"ledger.example/durability\"\n\
         [[source]]\nid = \"github\"\nkind = \"github\"\nsecret = {SECRET:?}\n{more}"
    )
}

/// Gives the service of a folder another database, and more to know.
pub(crate) fn configure(folder: &Path, database: &str, more: &str) {
    let mut file = std::fs::File::create(folder.join(CONFIG)).expect("a configuration");
    file.write_all(settings(database, more).as_bytes()).expect("written");
    // The disk may be one that loses what was not flushed.
    file.sync_all().and_then(|()| std::fs::File::open(folder)?.sync_all()).expect("flushed");
}

fn address_file(folder: &Path) -> PathBuf {
    folder.join("address")
}

/// How a child behaves; the word is what it is told by [`MANNER`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As a service does, and signs far more often than any.
    Busy,
    /// Does nothing but what it is asked, so that its system calls can be counted.
    Still,
    /// Acknowledges what it has not kept yet: a control.
    Hasty,
    /// Is no service: a writer whose commits are not flushed: a control.
    Careless,
}

/// The variable that says how the child behaves.
const MANNER: &str = "COUNTERSIGN_TEST_MANNER";

impl Manner {
    const ALL: [(Self, &str); 4] = [
        (Self::Busy, "busy"),
        (Self::Still, "still"),
        (Self::Hasty, "hasty"),
        (Self::Careless, "careless"),
    ];

    fn word(self) -> &'static str {
        Self::ALL.into_iter().find(|(manner, _)| *manner == self).expect("one of all").1
    }

    fn told() -> Self {
        let told = std::env::var(MANNER).unwrap_or_default();
        Self::ALL.into_iter().find(|(_, word)| *word == told).map_or(Self::Busy, |(one, _)| one)
    }
}

/// Serves for ever: the body of the child.
pub(crate) fn serve(folder: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        if Manner::told() == Manner::Careless {
            return serve_carelessly(folder).await;
        }
        let app = App::open(config(folder), Clock::system()).await.expect("the service opens");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let (_stop, stopped) = watch::channel(false);
        let manner = Manner::told();
        if manner == Manner::Busy {
            let (worker, until) = (app.clone(), stopped.clone());
            tokio::spawn(async move { worker.work(until).await });
            tokio::spawn(sign_often(app.clone()));
        }
        tell(folder, address);
        if manner == Manner::Hasty {
            let hasty = Router::new().route("/hooks/github", post(acknowledge_first));
            axum::serve(listener, hasty.with_state(app)).await.expect("serves");
        } else {
            countersign::web::serve(listener, app, stopped).await.expect("serves");
        }
    });
}

/// Says where it listens.
fn tell(folder: &Path, address: SocketAddr) {
    let file = address_file(folder);
    std::fs::write(file.with_extension("new"), address.to_string()).expect("the address");
    std::fs::rename(file.with_extension("new"), file).expect("the address is said");
}

/// Takes deliveries into a table, one commit each, and acknowledges them after the commit.
async fn serve_carelessly(folder: &Path) {
    let pool = super::power::careless(folder).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    tell(folder, listener.local_addr().expect("its address"));
    let take = |State(pool): State<SqlitePool>, headers: HeaderMap| async move {
        let key = headers.get("x-github-delivery").and_then(|key| key.to_str().ok());
        let id = countersign::domain::id::derived("dlv", &["github", key.expect("a key")]);
        let kept = sqlx::query("insert into kept (id) values ($1)").bind(&id).execute(&pool).await;
        let status = kept.map_or(StatusCode::SERVICE_UNAVAILABLE, |_| StatusCode::ACCEPTED);
        (status, Json(json!({ "delivery": id })))
    };
    let door = Router::new().route("/hooks/github", post(take)).with_state(pool);
    axum::serve(listener, door).await.expect("serves");
}

/// Far more often than any service signs, so that kills hit the moments around it.
async fn sign_often(app: App) {
    loop {
        let _ = app.checkpoint(&Caller::operator()).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Says that a delivery is kept, and then keeps it.
async fn acknowledge_first(
    State(app): State<App>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Json<Value>) {
    let received = received(&headers, &body);
    let key = headers.get("x-github-delivery").and_then(|key| key.to_str().ok()).expect("a key");
    let id = countersign::domain::id::derived("dlv", &["github", key]);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        app.receive(received).await
    });
    (StatusCode::ACCEPTED, Json(json!({ "delivery": id })))
}

/// A message as the door takes it.
pub(crate) fn received(headers: &HeaderMap, body: &Bytes) -> Received {
    let headers = headers.iter().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    Received { source: "github".to_owned(), headers: Headers::new(headers), body: body.to_vec() }
}

/// A running service.
pub(crate) struct Service {
    child: Child,
    folder: PathBuf,
    client: reqwest::Client,
    pub(crate) address: SocketAddr,
}

impl Service {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(folder: &Path) -> Self {
        Self::start_as(folder, Manner::Busy).await
    }

    /// The same, to behave in a manner.
    pub(crate) async fn start_as(folder: &Path, manner: Manner) -> Self {
        let _ = std::fs::remove_file(address_file(folder));
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(folder.join("log"))
            .expect("a log");
        let mut child = Command::new(std::env::current_exe().expect("this binary"))
            .args(["child_service", "--exact", "--nocapture", "--test-threads=1"])
            .env(FOLDER, folder)
            .env(MANNER, manner.word())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the child starts");
        let began = Instant::now();
        let address = loop {
            if let Ok(address) = std::fs::read_to_string(address_file(folder)) {
                break address.parse().expect("an address");
            }
            let ended = child.try_wait().expect("its state");
            assert!(
                ended.is_none() && began.elapsed() < PATIENCE,
                "the service did not start: {}",
                std::fs::read_to_string(folder.join("log")).unwrap_or_default()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { child, folder: folder.to_owned(), client, address }
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended, waiting for it a little.
    pub(crate) async fn has_ended(&mut self) -> bool {
        for _ in 0..20 {
            if self.child.try_wait().expect("its state").is_some() {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        false
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    /// Status and, of a problem, its detail.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.address);
        let answer = self.client.get(url).send().await.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        let problem = serde_json::from_str::<Value>(&text).ok();
        let detail = problem.and_then(|problem| Some(problem.get("detail")?.as_str()?.to_owned()));
        (status, detail.unwrap_or(text))
    }

    /// Waits until it says that it is ready.
    pub(crate) async fn is_ready(&self) {
        let began = Instant::now();
        loop {
            let (status, says) = self.get("/readyz").await;
            if status == 200 {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "still not ready: {says}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until a head was signed over everything that is there.
    pub(crate) async fn has_signed(&self) {
        let head = self.folder.join("countersign.key.head");
        let db = Db::open(&config(&self.folder).database_url.0).await.expect("the database opens");
        let began = Instant::now();
        loop {
            let mut tx = db.read().await.expect("it reads");
            let (size, _) = countersign::store::ledger::head(&mut tx).await.expect("the head");
            drop(tx);
            let note = std::fs::read_to_string(&head).unwrap_or_default();
            if note.lines().nth(1) == Some(size.to_string().as_str()) {
                return db.close().await;
            }
            assert!(began.elapsed() < PATIENCE, "nothing was signed");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// From now on its files may not grow beyond so many bytes: writing more fails as on a full disk.
    pub(crate) fn may_write_files_up_to(&self, bytes: Option<u64>) {
        let limit = bytes.map_or_else(|| "unlimited".to_owned(), |bytes| bytes.to_string());
        // The soft limit only, so that it can be lifted again by an ordinary user.
        let done = Command::new("prlimit")
            .args(["--pid", &self.child.id().to_string(), &format!("--fsize={limit}:")])
            .status()
            .expect("prlimit of util-linux runs");
        assert!(done.success(), "prlimit failed");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
