//! What the demo says about itself.

use super::{Demo, Seen};
use crate::cli::out;

/// A table of the states: asked for, seen, about what, and where to read on.
pub(super) fn text(demo: &Demo) -> String {
    let mut lines = vec![format!(
        "{} deliveries of five repositories and a tracker; the gate was asked {} times:",
        demo.deliveries.len(),
        demo.seen.len()
    )];
    lines.push(String::new());
    let states = demo.seen.iter().map(|seen| seen.answer.state.as_str().len()).max().unwrap_or(0);
    let repos = demo.seen.iter().map(|seen| seen.shown.repo.len()).max().unwrap_or(0);
    for seen in &demo.seen {
        lines.push(row(seen, states, repos));
    }
    lines.push(String::new());
    lines.push("emergency_open is not shown: emergencies are not built yet".to_owned());
    lines.join("\n")
}

fn row(seen: &Seen, states: usize, repos: usize) -> String {
    let (answer, shown) = (&seen.answer, &seen.shown);
    let colour = if answer.pass { out::GREEN } else { out::AMBER };
    let state = answer.state.as_str();
    let gap = " ".repeat(states.saturating_sub(state.len()));
    let place = match (shown.pull, shown.environment) {
        (Some(pull), _) => format!("merge #{pull}"),
        (None, environment) => environment.unwrap_or_default().to_owned(),
    };
    let wrong = if state == shown.state {
        String::new()
    } else {
        format!("  {}(expected {}){}", out::RED, shown.state, out::PLAIN)
    };
    format!(
        "{colour}{state}{}{gap}  {:<repos$}  {}  {place:<10}  {}{wrong}\n{:states$}  {}{}{}",
        out::PLAIN,
        shown.repo,
        shown.sha.short(),
        shown.what,
        "",
        out::DIM,
        answer.url,
        out::PLAIN,
    )
}
