//! A connection to the database that breaks where it hurts: between a commit and its answer, or before the commit
//! arrives; or is refused.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// What is done to a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Cut {
    /// Nothing.
    None,
    /// The connection breaks before the database sees it.
    Before,
    /// The database does it, and the connection breaks before the answer.
    After,
    /// The same, and nobody can connect any more until [`Proxy::accept`].
    AfterForGood,
}

#[derive(Debug, Default)]
struct Shared {
    cut: AtomicU8,
    struck: AtomicU64,
    running: Mutex<Option<AbortHandle>>,
}

impl Shared {
    /// Breaks every connection, and refuses new ones.
    fn refuse(&self) {
        if let Some(task) = self.running.lock().expect("the task").take() {
            task.abort();
        }
    }
}

/// A proxy in front of a database.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    to: u16,
    shared: Arc<Shared>,
}

impl Proxy {
    /// In front of a port of this machine.
    pub(crate) async fn new(to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let proxy = Self { port, to, shared: Arc::default() };
        proxy.run(listener);
        proxy
    }

    fn run(&self, listener: TcpListener) {
        let (to, shared) = (self.to, Arc::clone(&self.shared));
        let task = tokio::spawn(async move {
            // Dropped with the task: its connections break then.
            let mut open = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                open.spawn(carry(client, to, Arc::clone(&shared)));
            }
        });
        *self.shared.running.lock().expect("the task") = Some(task.abort_handle());
    }

    /// The next commit is cut, and it alone.
    pub(crate) fn cut_next(&self, cut: Cut) {
        self.shared.cut.store(cut as u8, Ordering::SeqCst);
    }

    /// How many commits were cut.
    pub(crate) fn struck(&self) -> u64 {
        self.shared.struck.load(Ordering::SeqCst)
    }

    /// Breaks every connection, and refuses new ones.
    pub(crate) fn refuse(&self) {
        self.shared.refuse();
    }

    /// Takes connections again.
    pub(crate) async fn accept(&self) {
        for _ in 0..100 {
            if let Ok(listener) = TcpListener::bind(("127.0.0.1", self.port)).await {
                return self.run(listener);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the port {} was not let go", self.port);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.refuse();
    }
}

async fn carry(client: TcpStream, to: u16, shared: Arc<Shared>) {
    let Ok(database) = TcpStream::connect(("127.0.0.1", to)).await else { return };
    let _ = (client.set_nodelay(true), database.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_database, to_database) = database.into_split();
    let held = Arc::new(AtomicU8::new(0));
    // Whichever ends first ends both, and with them both connections.
    tokio::select! {
        () = questions(from_client, to_database, &shared, &held) => {}
        () = answers(from_database, to_client, &shared, &held) => {}
    }
}

async fn questions(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: &Shared,
    held: &AtomicU8,
) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return };
        let commits = buffer[..count].windows(7).any(|bytes| bytes == b"COMMIT\0");
        if commits {
            let cut = shared.cut.swap(Cut::None as u8, Ordering::SeqCst);
            shared.struck.fetch_add(u64::from(cut != Cut::None as u8), Ordering::SeqCst);
            held.store(cut, Ordering::SeqCst);
            if cut == Cut::Before as u8 {
                return;
            }
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: &Shared,
    held: &AtomicU8,
) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return };
        let cut = held.load(Ordering::SeqCst);
        if cut == Cut::AfterForGood as u8 {
            shared.refuse();
        }
        if cut != Cut::None as u8 {
            return;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
