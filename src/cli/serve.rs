//! `countersign serve`: the service.

use std::future::Future;
use std::path::Path;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::exit::{Exit, Failure, Outcome};
use super::{open, out};
use crate::app::App;

/// Serves until it is told to stop (SIGINT, SIGTERM); a second signal ends it at once.
pub(super) async fn run(named: Option<&Path>) -> Outcome {
    let config = open::config(named)?;
    // First the address: where another instance has it, nothing else is touched.
    let address = config.server.listen;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::undone(format!(
            "{address} cannot be listened on: {error}; end what uses it, or set server.listen"
        ))
    })?;
    let app = open::app(config).await?;
    let (tell, stop) = watch::channel(false);
    // Before anybody is told that it runs: a signal that came between would end it at once.
    let signals = stop_signals()?;
    announce(&app, &listener);
    tokio::spawn(async move {
        signals.await;
        tell.send_replace(true);
    });
    let worker = app.clone();
    let working = tokio::spawn({
        let stop = stop.clone();
        async move { worker.work(stop).await }
    });
    let served = crate::web::serve(listener, app.clone(), stop.clone()).await;
    if !*stop.borrow() {
        working.abort();
    }
    // An aborted or panicked worker has ended, which is all that matters here: unfinished jobs are taken up at the next start.
    let _ = working.await;
    app.close().await;
    served.map_err(|error| Failure::undone(format!("the server ended: {error}")))?;
    out::note("stopped");
    Ok(Exit::Done)
}

/// Ends when the first signal came; the second ends the program.
pub(super) fn stop_signals() -> Result<impl Future<Output = ()>, Failure> {
    let listen = |kind| {
        signal(kind).map_err(|error| Failure::undone(format!("signals cannot be heard: {error}")))
    };
    let (mut interrupt, mut terminate) =
        (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        out::note("stopping; once more to end at once");
        tokio::spawn(async move {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            std::process::exit(i32::from(Exit::Undone as u8));
        });
    })
}

fn announce(app: &App, listener: &TcpListener) {
    let server = &app.config().server;
    out::note(&format!("Countersign {} serves {}", env!("CARGO_PKG_VERSION"), server.public_url));
    if let Ok(address) = listener.local_addr() {
        out::note(&format!("  listening on      {address}"));
    }
    for source in &app.config().sources {
        let address = app.url(&format!("/hooks/{}", source.id));
        out::note(&format!("  webhooks of {:<6}{address}", format!("{} ", source.id)));
    }
    out::note(&format!("  key of the ledger {}", app.verifier_key()));
    if let Some(reason) = app.writer().closed() {
        out::note(&format!("error: nothing will be written: {reason}"));
    }
}
