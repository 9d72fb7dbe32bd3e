//! The three forms: a table for people, JSON lines and CSV for programs.

use std::fs::File;
use std::io::{self, Write};
use std::process::{Command, Stdio};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use serde::Serialize;

use crate::domain::fact::LandingKind;
use crate::domain::{Class, Oid, Time};
use crate::git::history::HistoryLanding;
use crate::report::words::visible;

use super::Judged;

/// Rows laid out together: a table of a hundred thousand rows must not stand in memory.
const CHUNK: usize = 500;
/// Columns of a terminal that does not say.
const USUAL_WIDTH: u16 = 100;
/// Columns below which tickets and authors have none of their own.
const NARROW: u16 = 110;
const HEAD: [&str; 8] =
    ["landed", "commit", "how", "proposal", "class", "tickets", "authors", "title and reason"];

/// How to print it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// One object a line.
    Json,
    /// RFC 4180, with a head.
    Csv,
}

/// One landing as it is printed. The names of these fields are the keys of the JSON lines and the head of the CSV.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) sha: Oid,
    pub(super) short: String,
    pub(super) at: Option<Time>,
    pub(super) how: &'static str,
    pub(super) proposal: Option<u64>,
    pub(super) proposed: bool,
    pub(super) how_we_know: String,
    pub(super) title: String,
    pub(super) authors: Vec<String>,
    pub(super) committer: String,
    pub(super) tickets: Vec<String>,
    pub(super) class: Class,
    pub(super) why: String,
    pub(super) commits: usize,
    pub(super) files: usize,
}

impl Row {
    pub(super) fn new(landing: HistoryLanding, judged: Judged, files: usize) -> Self {
        Self {
            sha: landing.commit,
            short: landing.commit.short(),
            at: landing.at,
            how: how(landing.how),
            proposal: landing.hint.as_ref().and_then(|hint| hint.number),
            proposed: landing.hint.is_some(),
            how_we_know: landing.how_we_know,
            title: landing.title,
            authors: landing.authors,
            committer: landing.committer,
            tickets: landing.tickets,
            class: judged.class,
            why: judged.why,
            commits: landing.commits,
            files,
        }
    }

    fn proposal_text(&self) -> String {
        match self.proposal {
            Some(number) => format!("#{number}"),
            None if self.proposed => "yes".to_owned(),
            None => "-".to_owned(),
        }
    }

    /// Cells of the table.
    fn cells(&self) -> [String; 8] {
        let names: Vec<&str> =
            self.authors.iter().map(|author| author.split(" <").next().unwrap_or(author)).collect();
        [
            self.at.map(Time::to_date_text).unwrap_or_default(),
            self.short.clone(),
            self.how.to_owned(),
            self.proposal_text(),
            self.class.to_string(),
            clean(&self.tickets.join(" ")),
            clean(&few(&names)),
            format!("{}\n{}", clean(&self.title), clean(&self.why)),
        ]
    }
}

/// A question mark where a message, or the lack of one, is all we go by: git proves merge commits only.
fn how(kind: LandingKind) -> &'static str {
    match kind {
        LandingKind::Squash => "squash?",
        LandingKind::Direct => "direct?",
        certain => certain.as_str(),
    }
}

fn few(names: &[&str]) -> String {
    match names {
        [first, second, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second} +{}", rest.len())
        }
        _ => names.join(", "),
    }
}

/// Control and invisible characters are written out, and cannot act.
fn clean(text: &str) -> String {
    visible(&text.replace(['\n', '\t', '\r'], " "))
}

/// Writes rows as they come.
pub(super) struct Output<'w> {
    out: &'w mut dyn Write,
    format: Format,
    width: Option<u16>,
    waiting: Vec<[String; 8]>,
    headed: bool,
}

impl<'w> Output<'w> {
    pub(super) fn new(
        format: Format,
        width: Option<u16>,
        out: &'w mut dyn Write,
    ) -> io::Result<Self> {
        let output = Self { out, format, width, waiting: Vec::new(), headed: false };
        if format == Format::Csv {
            let head = "sha,short,at,how,proposal,proposed,how_we_know,title,authors,committer,tickets,class,why,commits,files";
            output.out.write_all(head.as_bytes())?;
            output.out.write_all(b"\r\n")?;
        }
        Ok(output)
    }

    pub(super) fn row(&mut self, row: &Row) -> io::Result<()> {
        match self.format {
            Format::Json => {
                serde_json::to_writer(&mut *self.out, row)?;
                self.out.write_all(b"\n")
            }
            Format::Csv => self.csv(row),
            Format::Table if self.width.is_none() => self.plain(&row.cells()),
            Format::Table => {
                self.waiting.push(row.cells());
                if self.waiting.len() >= CHUNK { self.flush_table() } else { Ok(()) }
            }
        }
    }

    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.flush_table()?;
        self.out.flush()
    }

    fn csv(&mut self, row: &Row) -> io::Result<()> {
        let fields = [
            row.sha.to_string(),
            row.short.clone(),
            row.at.map(|at| at.to_string()).unwrap_or_default(),
            row.how.to_owned(),
            row.proposal.map(|number| number.to_string()).unwrap_or_default(),
            row.proposed.to_string(),
            row.how_we_know.clone(),
            row.title.clone(),
            row.authors.join("; "),
            row.committer.clone(),
            row.tickets.join(" "),
            row.class.to_string(),
            row.why.clone(),
            row.commits.to_string(),
            row.files.to_string(),
        ];
        let mut writer =
            csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        writer.write_record(fields.iter().map(|field| guarded(field)))?;
        let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
        self.out.write_all(&bytes)
    }

    /// A line for each landing, nothing cut: for pipes, `grep` and files.
    fn plain(&mut self, cells: &[String; 8]) -> io::Result<()> {
        if !self.headed {
            self.headed = true;
            self.plain(&HEAD.map(str::to_owned))?;
        }
        let [landed, commit, how, proposal, class, tickets, authors, text] = cells;
        let text = text.replace('\n', "  |  ");
        writeln!(
            self.out,
            "{landed:<10}  {commit:<10}  {how:<7}  {proposal:<8}  {class:<11}  {tickets:<12}  {authors:<30}  {text}"
        )
    }

    fn flush_table(&mut self) -> io::Result<()> {
        let (Some(width), false) = (self.width, self.waiting.is_empty()) else { return Ok(()) };
        let mut table = Table::new();
        table
            .load_style(comfy_table::presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
        let narrow = width < NARROW;
        if !self.headed {
            self.headed = true;
            table.set_header(columns(HEAD.map(str::to_owned), narrow));
        }
        for row in self.waiting.drain(..) {
            table.add_row(columns(row, narrow));
        }
        let widths = widths(width, narrow).into_iter();
        table.set_constraints(
            widths.map(|columns| ColumnConstraint::Absolute(Width::Fixed(columns))),
        );
        writeln!(self.out, "{}", table.trim_fmt())
    }
}

/// On a narrow terminal tickets and authors stand below the title.
fn columns(cells: [String; 8], narrow: bool) -> Vec<String> {
    let [landed, commit, how, proposal, class, tickets, authors, text] = cells;
    if !narrow {
        return vec![landed, commit, how, proposal, class, tickets, authors, text];
    }
    let below: Vec<String> =
        [text, tickets, authors].into_iter().filter(|part| !part.is_empty()).collect();
    vec![landed, commit, how, proposal, class, below.join("\n")]
}

/// Fixed widths with their padding, so that tables of one run stand below one another.
fn widths(total: u16, narrow: bool) -> Vec<u16> {
    let mut widths = vec![12, 12, 9, 10, 13];
    let left = total.saturating_sub(widths.iter().sum());
    if narrow {
        widths.push(left.max(14));
        return widths;
    }
    let (tickets, authors) = ((left / 6).clamp(9, 16), (left / 4).clamp(9, 26));
    widths.extend([tickets, authors, left.saturating_sub(tickets + authors).max(14)]);
    widths
}

/// A cell that a spreadsheet would run as a formula begins with an apostrophe instead.
fn guarded(field: &str) -> String {
    if field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{field}")
    } else {
        field.to_owned()
    }
}

/// Columns of the terminal: `COLUMNS`, else what `stty` says of it, else the usual.
pub(super) fn terminal_width() -> u16 {
    let said = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    said.or_else(stty_width).filter(|width| *width >= 40).unwrap_or(USUAL_WIDTH)
}

fn stty_width() -> Option<u16> {
    let terminal = File::open("/dev/tty").ok()?;
    let output =
        Command::new("stty").arg("size").stdin(terminal).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(output.stdout).ok()?.split_whitespace().nth(1)?.parse().ok()
}
