//! `countersign witness`: cosigns the checkpoints of other ledgers.

use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::exit::{Exit, Failure, Outcome};
use super::serve::stop_signals;
use super::{open, out};
use crate::app::witness::Witness;
use crate::clock::Clock;

/// Serves until it is told to stop (SIGINT, SIGTERM); a second signal ends it at once.
pub(super) async fn run(named: Option<&Path>) -> Outcome {
    let config = open::config(named)?.witness;
    let address = config.listen;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::undone(format!(
            "{address} cannot be listened on: {error}; end what uses it, or set witness.listen"
        ))
    })?;
    let witness = Witness::open(&config, Clock::system())?;
    // Before anybody is told that it runs: a signal that came between would end it at once.
    let signals = stop_signals()?;
    if let Ok(address) = listener.local_addr() {
        out::note(&format!("Countersign {} witnesses on {address}", env!("CARGO_PKG_VERSION")));
    }
    out::note(&format!("  key of the witness  {}", witness.verifier_key()));
    for log in &config.logs {
        out::note(&format!("  cosigns for         {log}"));
    }
    let (tell, stop) = watch::channel(false);
    tokio::spawn(async move {
        signals.await;
        tell.send_replace(true);
    });
    let served = crate::web::witness::serve(listener, Arc::new(witness), stop).await;
    served.map_err(|error| Failure::undone(format!("the server ended: {error}")))?;
    out::note("stopped");
    Ok(Exit::Done)
}
