//! `countersign rebuild`: everything that was recorded, done again in an empty database, and both compared.

use std::path::Path;

use clap::Args;

use super::exit::{Exit, Failure, Outcome};
use super::open;
use super::out::{self, DIM, GREEN, RED, foreign, row};
use super::verify::bar;
use crate::app::{App, Caller, Rebuilt};
use crate::report::words::{count, plural};
use crate::store::tables::NOT_REBUILT;

/// Arguments of `countersign rebuild`.
#[derive(Debug, Clone, Args)]
#[command(after_help = "\
What wrote each entry of the ledger runs again with what the entry binds: deliveries as they were received, judgements,
rosters, the words of people. The entries have to come out byte for byte, and every table has to be the same; a row that
differs is named. The original is only read, and may be in use; the other database may be of the other kind.

Exit code 1 if anything differs. The rebuilt database is complete but for what is named as `not rebuilt`: name it in the
configuration, with the same key, to go on with it.

Examples:
  countersign rebuild --into sqlite:/var/tmp/check.db
  countersign rebuild --into postgres://countersign@db/countersign_new")]
pub(super) struct RebuildArgs {
    /// An empty database, such as `sqlite:FILE` or `postgres://USER@HOST/NAME`
    #[arg(long, value_name = "URL")]
    into: String,
}

/// Rebuilds and prints.
pub(super) async fn run(args: &RebuildArgs, config: Option<&Path>) -> Outcome {
    let app = open::existing(config).await?;
    let done = Box::pin(rebuilt(&app, &args.into)).await;
    open::close(&app).await;
    let found = done?;
    out::say(&text(&found))?;
    Ok(if found.holds() { Exit::Done } else { Exit::Blocked })
}

async fn rebuilt(app: &App, into: &str) -> Result<Rebuilt, Failure> {
    let bar = bar();
    let done = app
        .rebuild(&Caller::operator(), into, |done, of| {
            bar.set_length(of);
            bar.set_position(done);
        })
        .await;
    bar.finish_and_clear();
    Ok(done?)
}

fn text(found: &Rebuilt) -> String {
    let of = plural(found.size, "entry", "entries");
    let mut lines =
        vec![row(DIM, "entries", &format!("{} of {of} made again", count(found.entries)))];
    if let Some(why) = &found.stopped {
        lines.push(row(RED, "stopped", &foreign(why)));
        lines.push(row(RED, "unequal", "the other database is not complete: do not use it"));
        return lines.join("\n");
    }
    for (name, rows, digest, same) in &found.tables {
        let (style, label) = if *same { (DIM, "same") } else { (RED, "differs") };
        let rows = plural(*rows, "row", "rows");
        lines.push(row(style, label, &format!("{name:<18} {digest}  {rows}")));
    }
    lines.extend(
        found.differences.iter().map(|one| row(RED, "differs", &foreign(&one.to_string()))),
    );
    if found.more > 0 {
        lines.push(row(RED, "differs", &plural(found.more, "more row", "more rows")));
    }
    lines.extend(
        NOT_REBUILT.iter().map(|(name, why)| row(DIM, "", &format!("not rebuilt: {name}: {why}"))),
    );
    let differ = found.differences.len() as u64 + found.more;
    lines.push(if found.holds() {
        row(GREEN, "equal", "the original is what was recorded, and nothing else")
    } else {
        row(RED, "unequal", &plural(differ, "row differs", "rows differ"))
    });
    lines.join("\n")
}
