//! A fault of ours is one sentence with an id. What is known about it goes to the log.

use std::panic::PanicHookInfo;

use super::out;
use crate::domain::id;
use crate::telemetry;

/// From now on a panic is a sentence to the person at the terminal, and of a service a line in its log.
pub(super) fn install(service: bool) {
    std::panic::set_hook(Box::new(move |panic| {
        let (what, place) = (what(panic), place(panic));
        let id = id::derived("err", &[&what, &place]);
        tracing::error!(target: telemetry::PANIC, problem = %id, place = %place, "{what}");
        if !service {
            out::note(&format!(
                "error: a fault of this program; its id is {id}. Nothing was decided. Run it again with \
                 COUNTERSIGN_LOG=error to see where, and report it with both"
            ));
        }
    }));
}

fn what(panic: &PanicHookInfo<'_>) -> String {
    let payload = panic.payload();
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "something that is no text".to_owned())
}

fn place(panic: &PanicHookInfo<'_>) -> String {
    panic.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()))
}
