//! What the program says about itself while it runs: log lines on standard error, never on standard output.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

/// What is logged: levels and targets, such as `info` or `countersign::store=debug`.
const FILTER: &str = "COUNTERSIGN_LOG";
/// How: `json` is one object a line, anything else is for people.
const FORMAT: &str = "COUNTERSIGN_LOG_FORMAT";
/// The target of what a panic said. A command shows its id only; a service logs it.
pub const PANIC: &str = "countersign::panic";

/// Begins to log. A `service` logs from `info` on, a command from `warn` on, unless `COUNTERSIGN_LOG` says otherwise.
/// The sentence is for the user: a filter that cannot be read, in which case the default holds.
pub fn start(service: bool) -> Result<(), String> {
    let default = if service { "info" } else { "warn,countersign::panic=off" };
    let wanted = std::env::var(FILTER).ok().filter(|text| !text.trim().is_empty());
    let (filter, complaint) = match wanted.as_deref().map(EnvFilter::try_new) {
        Some(Ok(filter)) => (filter, Ok(())),
        Some(Err(error)) => {
            let complaint = format!("{FILTER} cannot be read ({error}); logging `{default}`");
            (EnvFilter::new(default), Err(complaint))
        }
        None => (EnvFilter::new(default), Ok(())),
    };
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(FmtSpan::NONE)
        .with_writer(std::io::stderr);
    // A second start in one process (tests) keeps the first.
    let _ = if std::env::var(FORMAT).is_ok_and(|format| format == "json") {
        log.json().flatten_event(true).try_init()
    } else {
        log.with_ansi(colours()).try_init()
    };
    complaint
}

fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty())
}
