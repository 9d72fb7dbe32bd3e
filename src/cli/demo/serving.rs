//! Serving the demo: its time goes on from where the story ended.

use std::path::Path;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{Demo, DemoArgs, build, failure, organisation, summary};
use crate::app::{App, Caller, Role};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::out;
use crate::clock::Clock;
use crate::domain::Time;

/// Builds and serves until somebody stops it.
pub(super) async fn run(args: &DemoArgs, folder: &Path) -> Outcome {
    // First the address: where something else has it, nothing is built.
    let taken = |error| {
        let listen = args.listen;
        Failure::undone(format!(
            "{listen} cannot be listened on: {error}; name another with --listen"
        ))
    };
    let listener = TcpListener::bind(args.listen).await.map_err(taken)?;
    let listen = listener.local_addr().map_err(taken)?;
    out::note("building the sample organisation…");
    let demo = build(folder, listen).await.map_err(|error| failure(&error))?;
    out::say(&summary::text(&demo))?;
    announce(&demo, folder).await?;
    let (tell, stop) = watch::channel(false);
    let signals = crate::cli::serve::stop_signals()?;
    tokio::spawn(async move {
        signals.await;
        tell.send_replace(true);
    });
    let time = tokio::spawn(go_on(demo.clock.clone(), stop.clone()));
    let served = serve(listener, demo.app.clone(), stop).await;
    time.abort();
    demo.app.close().await;
    served.map_err(|error| Failure::undone(format!("the server ended: {error}")))?;
    Ok(Exit::Done)
}

async fn serve(
    listener: TcpListener,
    app: App,
    stop: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let worker = app.clone();
    let until = stop.clone();
    let working = tokio::spawn(async move { worker.work(until).await });
    let served = crate::web::serve(listener, app, stop).await;
    working.abort();
    let _ = working.await;
    served
}

async fn announce(demo: &Demo, folder: &Path) -> Result<(), Failure> {
    let secret =
        demo.app.sign_in_link(&Caller::operator(), organisation::AUDITOR, Role::Auditor).await?;
    let link = demo.app.url(&format!("/sign-in/{secret}"));
    out::say(&format!(
        "\n{}\nSign in as {}, once: {link}\n\nIn {}; Ctrl-C ends it.",
        demo.app.url("/"),
        organisation::AUDITOR,
        folder.display()
    ))
}

/// Moves the demo's clock on at the machine's pace.
async fn go_on(clock: Clock, mut stop: watch::Receiver<bool>) {
    let (from, began) = (clock.now().micros(), tokio::time::Instant::now());
    let mut tick = tokio::time::interval(std::time::Duration::from_millis(100));
    loop {
        tokio::select! { _ = stop.changed() => return, _ = tick.tick() => {} }
        let passed = i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX);
        if let Some(now) = Time::from_micros(from.saturating_add(passed)) {
            clock.set(now);
        }
    }
}
