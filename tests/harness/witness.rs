//! A witness on a loopback port, its key and what it cosigned in a folder of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use countersign::app::witness::Witness;
use countersign::clock::Clock;
use countersign::config::{self, WitnessServer};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::World;

/// A running witness; it stops with the value.
pub struct Running {
    pub address: SocketAddr,
    pub key: String,
    pub config: WitnessServer,
    stop: watch::Sender<bool>,
    served: Option<JoinHandle<std::io::Result<()>>>,
    folder_of_its_own: Option<TempDir>,
}

/// A witness that was ended a moment ago may still hold the folder for a request under way.
async fn opened(config: &WitnessServer, clock: &Clock) -> Witness {
    for _ in 0..100 {
        match Witness::open(config, clock.clone()) {
            Ok(witness) => return witness,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
        }
    }
    Witness::open(config, clock.clone()).expect("a witness")
}

/// A configuration in a folder, for logs with these keys.
pub fn config(folder: &std::path::Path, name: &str, logs: &[String]) -> WitnessServer {
    WitnessServer {
        name: Some(name.to_owned()),
        listen: "127.0.0.1:0".parse().expect("an address"),
        key_file: folder.join("witness.key"),
        state_dir: folder.join("witness"),
        logs: logs.to_vec(),
    }
}

impl Running {
    /// A new witness for logs with these keys.
    pub async fn start(name: &str, logs: &[String], clock: &Clock) -> Self {
        let folder = TempDir::new().expect("a folder");
        let config = config(folder.path(), name, logs);
        let mut running = Self::with(config, clock).await;
        running.folder_of_its_own = Some(folder);
        running
    }

    /// One with this configuration.
    pub async fn with(config: WitnessServer, clock: &Clock) -> Self {
        let listener = tokio::net::TcpListener::bind(config.listen).await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let witness = opened(&config, clock).await;
        let key = witness.verifier_key();
        let (stop, stopped) = watch::channel(false);
        let served = countersign::web::witness::serve(listener, Arc::new(witness), stopped);
        let served = Some(tokio::spawn(served));
        Self { address, key, config, stop, served, folder_of_its_own: None }
    }

    /// Ends it; nothing answers at its address any more.
    pub async fn end(&mut self) {
        let _ = self.stop.send(true);
        if let Some(served) = self.served.take() {
            served.abort();
            let _ = served.await;
        }
    }

    /// The same witness at the same address, perhaps for other logs.
    pub async fn again(&mut self, logs: Option<Vec<String>>, clock: &Clock) {
        self.end().await;
        self.config.listen = self.address;
        if let Some(logs) = logs {
            self.config.logs = logs;
        }
        let folder = self.folder_of_its_own.take();
        *self = Self::with(self.config.clone(), clock).await;
        self.folder_of_its_own = folder;
    }

    /// What a service's configuration says about it.
    pub fn listed(&self, name: &str) -> config::Witness {
        config::Witness {
            name: name.to_owned(),
            url: format!("http://{}", self.address),
            key: self.key.clone(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(served) = self.served.take() {
            served.abort();
        }
    }
}

/// The same world, whose checkpoints these witnesses are asked to cosign.
pub async fn witnessed(mut world: World, witnesses: &[&Running]) -> World {
    let listed = witnesses.iter().enumerate().map(|(at, one)| one.listed(&format!("w{}", at + 1)));
    world.config.ledger.witnesses = listed.collect();
    world.config.ledger.quorum = witnesses.len();
    world.restarted().await
}
