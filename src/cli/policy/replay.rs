//! `countersign policy replay`: what a candidate would have made of the landings that are recorded here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args};
use indicatif::{ProgressBar, ProgressStyle};

use super::{Format, layer};
use crate::app::{App, Caller, Candidate, ReplayRequest};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::open;
use crate::cli::out::{self, DIM, PLAIN, STRONG, foreign};
use crate::domain::Time;
use crate::policy::replay::{Effect, Moved};

/// Arguments of `countersign policy replay`.
#[derive(Debug, Clone, Args)]
#[command(group(ArgGroup::new("candidate").required(true).multiple(true).args(["policy", "org"])), after_help = "\
Every landing is judged twice from its recorded facts, as of the instant at which it was judged: by the policy in force and
by the candidate. Who is who stays as it was recorded. Nothing is written.

Examples:
  countersign policy replay --org organisation.yml --since 2026-07-01
  countersign policy replay --repo acme/payments --policy .countersign.yml --last 200")]
pub(in crate::cli) struct ReplayArgs {
    /// The candidate for a repository's file; needs --repo
    #[arg(long, value_name = "FILE", requires = "repo")]
    policy: Option<PathBuf>,
    /// The candidate for the organisation file
    #[arg(long, value_name = "FILE")]
    org: Option<PathBuf>,
    /// Landings of this repository alone: acme/payments
    #[arg(long, value_name = "R")]
    repo: Option<String>,
    /// Landed from this date or time on: 2026-10-31, or 2026-10-31T18:00:00Z
    #[arg(long, value_name = "TIME", value_parser = instant)]
    since: Option<Time>,
    /// Landed before this date or time
    #[arg(long, value_name = "TIME", value_parser = instant)]
    until: Option<Time>,
    /// The newest landings alone, so many of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    last: Option<u64>,
    /// End with exit code 1 if a verdict would change
    #[arg(long)]
    expect_none: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// A date, meaning its beginning, or a time.
pub(in crate::cli) fn instant(text: &str) -> Result<Time, String> {
    let parse = |text: &str| text.parse::<Time>().ok();
    parse(text).or_else(|| parse(&format!("{text}T00:00:00Z"))).ok_or_else(|| {
        format!(
            "`{text}` is neither a date such as 2026-10-31 nor a time such as 2026-10-31T18:00:00Z"
        )
    })
}

/// Judges everything again and prints what would be otherwise.
pub(super) async fn run(args: &ReplayArgs, config: Option<&Path>) -> Outcome {
    let request = ReplayRequest {
        candidate: Candidate {
            organisation: text(args.org.as_deref())?,
            repository: text(args.policy.as_deref())?,
        },
        repo: args.repo.clone(),
        from: args.since,
        until: args.until,
        limit: args.last,
    };
    let app = open::existing(config).await?;
    let done = Box::pin(replay(&app, request)).await;
    open::close(&app).await;
    let effect = done?;
    match args.format {
        Format::Json => out::say(&json(&effect)?)?,
        Format::Text => out::say(&lines(&effect))?,
    }
    let changed = args.expect_none && !effect.moved.is_empty();
    Ok(if changed { Exit::Blocked } else { Exit::Done })
}

async fn replay(app: &App, request: ReplayRequest) -> Result<Effect, Failure> {
    let bar = ProgressBar::no_length().with_style(
        ProgressStyle::with_template("{spinner} {pos} landings judged again")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.enable_steady_tick(Duration::from_millis(200));
    let done = app.replay(&Caller::operator(), request, |judged| bar.set_position(judged)).await;
    bar.finish_and_clear();
    Ok(done?)
}

/// A candidate file as text. What is no UTF-8 is refused by the reader, which names the place.
fn text(path: Option<&Path>) -> Result<Option<String>, Failure> {
    let Some((name, bytes)) = layer(path)? else { return Ok(None) };
    let text = String::from_utf8(bytes);
    text.map(Some).map_err(|error| Failure::undone(format!("{name}: {}", error.utf8_error())))
}

fn json(effect: &Effect) -> Result<String, Failure> {
    serde_json::to_string(effect).map_err(|error| Failure::undone(error.to_string()))
}

/// The sentence, how many went from where to where, and each of them.
fn lines(effect: &Effect) -> String {
    let mut lines = vec![format!("{STRONG}{}{PLAIN}", effect.sentence())];
    if effect.moved.is_empty() {
        return lines.concat();
    }
    lines.push(String::new());
    for ((before, after), count) in effect.steps() {
        lines.push(format!("{count:>6}  {before} → {after}"));
    }
    for moved in &effect.moved {
        lines.push(String::new());
        lines.push(named(moved));
        lines.push(format!("  {} → {}", moved.before, moved.after));
        lines.push(format!("  {DIM}{}{PLAIN}", foreign(&moved.why)));
    }
    lines.join("\n")
}

fn named(moved: &Moved) -> String {
    let change = &moved.change;
    let number = change.pull.map_or_else(String::new, |pull| format!("#{pull}"));
    let at = change.landed_at.map_or_else(String::new, |at| format!("  {}", at.to_minutes_text()));
    format!("{}{number}{at}  {}", foreign(&change.repo), foreign(&change.title))
}
