//! `countersign bundle`: the evidence about a change, a sample or a period, in a ZIP that is checked without the service.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};

use super::exit::{Exit, Failure, Outcome};
use super::out::{self, DIM, foreign, row};
use super::{open, verify};
use crate::app::Caller;
use crate::app::bundle::{BundleRequest, BundleScope, Bundled};
use crate::report::words::plural;

/// Bytes that are written at once.
const BUFFER: usize = 1 << 20;

/// Arguments of `countersign bundle`.
#[derive(Debug, Clone, Args)]
#[command(group(ArgGroup::new("scope").required(true).args(["change", "sample", "from"])))]
#[command(after_help = "\
A bundle speaks of the ledger as of its latest signed checkpoint; the same scope and checkpoint give the same bytes.

Examples:
  countersign bundle --change chg_3k9v0m2q8r5t7w1x -o change.zip
  countersign bundle --sample drawn.txt -o sample.zip
  countersign bundle --from 2026-10-01 --to 2026-12-31 --checkpoint last-visit.txt -o quarter.zip
  countersign verify quarter.zip --key 'example.org/countersign+2418fb73+AWK5…' --checkpoint last-visit.txt")]
pub(super) struct BundleArgs {
    /// A change, by its id; several make a sample
    #[arg(long, value_name = "ID")]
    change: Vec<String>,
    /// A sample: a file with a change's id on each line
    #[arg(long, value_name = "FILE", conflicts_with = "change")]
    sample: Option<PathBuf>,
    /// A period's beginning, a date or a time (UTC)
    #[arg(long, value_name = "D", requires = "to", conflicts_with_all = ["change", "sample"])]
    from: Option<String>,
    /// Its end; a date is included
    #[arg(long, value_name = "D", requires = "from", conflicts_with_all = ["change", "sample"])]
    to: Option<String>,
    /// A checkpoint that the auditor kept: the bundle proves that the ledger still begins with it
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The file to write
    #[arg(short, long, value_name = "FILE.zip")]
    output: PathBuf,
}

/// Makes the bundle and says what is in it.
pub(super) async fn run(args: &BundleArgs, config: Option<&Path>) -> Outcome {
    let request = request(args)?;
    let app = open::existing(config).await?;
    let bar = verify::bar();
    let made = write(&args.output, async |file| {
        let out = BufWriter::with_capacity(BUFFER, file);
        let progress = |done, of| {
            bar.set_length(of);
            bar.set_position(done);
        };
        app.bundle(&Caller::operator(), &request, out, progress).await.map_err(Failure::from)
    })
    .await;
    bar.finish_and_clear();
    open::close(&app).await;
    out::say(&text(&args.output, &made?))?;
    Ok(Exit::Done)
}

fn request(args: &BundleArgs) -> Result<BundleRequest, Failure> {
    let older = args.checkpoint.as_deref().map(verify::read_small).transpose()?;
    let older = older.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let scope = match (&args.change[..], &args.sample, &args.from, &args.to) {
        ([id], None, None, None) => BundleScope::Change(id.clone()),
        ([_, ..], None, None, None) => BundleScope::Sample(args.change.clone()),
        ([], Some(file), None, None) => BundleScope::Sample(drawn(file)?),
        ([], None, Some(from), Some(to)) => {
            BundleScope::Period { from: from.clone(), to: to.clone() }
        }
        _ => return Err(Failure::usage("--change, or --sample, or --from with --to")),
    };
    Ok(BundleRequest { scope, older })
}

/// The ids of a sample's file; empty lines and those that begin with `#` are passed over.
fn drawn(file: &Path) -> Result<Vec<String>, Failure> {
    let bytes = verify::read_small(file)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().map(str::trim);
    Ok(lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect())
}

/// Writes a file that is there whole or not at all: beside it, flushed to the disk, then renamed.
async fn write(
    path: &Path,
    fill: impl AsyncFnOnce(&File) -> Result<Bundled, Failure>,
) -> Result<Bundled, Failure> {
    let failed = |error: io::Error| {
        Failure::undone(format!("{} cannot be written: {error}", path.display()))
    };
    let mut part = OsString::from(path);
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    let partial = File::create_new(&part).map_err(failed)?;
    let made = match fill(&partial).await {
        Ok(made) => {
            let placed = partial.sync_all().and_then(|()| fs::rename(&part, path));
            placed.map(|()| made).map_err(failed)
        }
        Err(failure) => Err(failure),
    };
    if made.is_err() {
        // What is left of it is of no use; that it cannot be removed either is the smaller trouble.
        let _ = fs::remove_file(&part);
    }
    let made = made?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = File::open(folder.unwrap_or_else(|| Path::new("."))).map_err(failed)?;
    folder.sync_all().map_err(failed)?;
    Ok(made)
}

fn text(path: &Path, made: &Bundled) -> String {
    let manifest = &made.manifest;
    let what = format!(
        "{}, {}, {} of {}",
        plural(manifest.changes, "change", "changes"),
        plural(manifest.deploys, "deploy", "deploys"),
        plural(manifest.decisions, "decision", "decisions"),
        plural(manifest.entries, "entry", "entries"),
    );
    let head = plural(manifest.checkpoint.size, "entry", "entries");
    [
        row(DIM, "file", &foreign(&path.display().to_string())),
        row(DIM, "holds", &what),
        row(DIM, "as of", &format!("the checkpoint of {head}")),
        row(DIM, "key", &manifest.key),
        row(
            DIM,
            "check",
            "countersign verify FILE --key KEY, with the key from a place the auditor trusts",
        ),
    ]
    .join("\n")
}
