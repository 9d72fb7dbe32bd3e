//! Blocks: rule tree, approvals, key changes, files, events, lanes, receipt, charts, pager, filters.

#![expect(
    clippy::needless_pass_by_value,
    reason = "templates hand over fields, loop variables and references alike: see `Given`"
)]

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::Oid;
use crate::policy::decision::{Counted, Rule};
use crate::report::attribution::{Attribution, Segment, Term, bar};
use crate::report::change::{ChangePage, FileRow};
use crate::report::decision::GateChange;
use crate::report::entry::{ProofState, ReceiptView};
use crate::report::excerpt::{Excerpt, Tone};
use crate::report::keys::{KeyOutcome, KeyTable};
use crate::report::lanes::{Drawing, Event, EventMark, lay_out};
use crate::report::list::{Filters, Order, Pager, Sort};
use crate::report::rules::{RuleOrder, RuleRow, rows};
use crate::web::components as c;
use crate::web::components::{Given, filters};

macro_rules! safe {
    ($($name:ident),+ $(,)?) => { $(impl HtmlSafe for $name<'_> {})+ };
}

safe!(
    RuleTree,
    Approvals,
    Keys,
    Files,
    DiffExcerpt,
    Events,
    Lanes,
    Receipt,
    PagerBar,
    FilterRow,
    Terminal,
    Tally,
    GateChanges,
    Sums,
);

/// `rule-tree`.
#[derive(Debug, Clone, Template)]
#[template(path = "components/rule_tree.html")]
pub struct RuleTree<'a> {
    rows: Vec<RuleRow>,
    tally: String,
    heading: &'a str,
}

/// Every rule: on a passing answer in the policy's order, on a blocked one what is missing first.
#[must_use]
pub fn rule_tree<'a>(rules: &[Rule], passes: impl Given<bool>, heading: &'a str) -> RuleTree<'a> {
    let order = if *passes.given() { RuleOrder::Policy } else { RuleOrder::MissingFirst };
    RuleTree { rows: rows(rules, order), tally: crate::report::rules::tally(rules), heading }
}

/// `approvals-table`: every opinion, also those that do not count, with the reason.
#[derive(Debug, Clone, Template)]
#[template(path = "components/approvals_table.html")]
pub struct Approvals<'a> {
    opinions: &'a [Counted],
}

/// Every opinion.
#[must_use]
pub fn approvals(opinions: &[Counted]) -> Approvals<'_> {
    Approvals { opinions }
}

/// `key-change-table`.
#[derive(Debug, Clone, Template)]
#[template(path = "components/key_change_table.html")]
pub struct Keys<'a> {
    table: &'a KeyTable,
}

/// Key changes by file.
#[must_use]
pub fn keys(table: &KeyTable) -> Keys<'_> {
    Keys { table }
}

/// `file-table`.
#[derive(Debug, Clone, Template)]
#[template(path = "components/file_table.html")]
pub struct Files<'a> {
    rows: &'a [FileRow],
    classes: String,
    lines: String,
}

/// Every file with its class, and the sum.
#[must_use]
pub fn files(page: &ChangePage) -> Files<'_> {
    let lines = page.lines();
    Files {
        rows: &page.files,
        classes: page.classes(),
        lines: crate::report::words::lines(lines.added, lines.deleted),
    }
}

/// `diff-excerpt`.
#[derive(Debug, Clone, Template)]
#[template(path = "components/diff_excerpt.html")]
pub struct DiffExcerpt<'a> {
    excerpt: &'a Excerpt,
    head: &'a Oid,
    label: String,
}

/// The lines that made the class.
#[must_use]
pub fn diff_excerpt<'a>(excerpt: &'a Excerpt, head: &'a Oid) -> DiffExcerpt<'a> {
    DiffExcerpt { excerpt, head, label: crate::report::words::visible(&excerpt.path) }
}

/// `event-table`.
#[derive(Debug, Clone, Template)]
#[template(path = "components/event_table.html")]
pub struct Events<'a> {
    events: &'a [Event],
}

/// Every event with both clocks.
#[must_use]
pub fn events(events: &[Event]) -> Events<'_> {
    Events { events }
}

/// `time-lanes`.
#[derive(Debug, Clone, Template)]
#[template(path = "components/time_lanes.html")]
pub struct Lanes<'a> {
    drawing: Option<Drawing>,
    events: &'a [Event],
}

/// The picture of a change's events.
#[must_use]
pub fn lanes(page: &ChangePage) -> Lanes<'_> {
    let landed = page.landing.as_ref().and_then(|landing| landing.at);
    Lanes { drawing: lay_out(&page.events, landed, page.in_production), events: &page.events }
}

/// `receipt-panel`.
#[derive(Debug, Clone, Template)]
#[template(path = "components/receipt_panel.html")]
pub struct Receipt<'a> {
    receipt: &'a ReceiptView,
}

/// A receipt with what was checked.
#[must_use]
pub fn receipt(receipt: &ReceiptView) -> Receipt<'_> {
    Receipt { receipt }
}

/// `attribution-bar` with its sum in words.
#[derive(Debug, Clone, Template)]
#[template(path = "components/attribution_bar.html")]
pub struct AttributionBar {
    segments: Vec<Segment>,
    total: u64,
    terms: Vec<Term>,
    difference: u64,
}
impl HtmlSafe for AttributionBar {}

/// Bar and sum.
#[must_use]
pub fn attribution(attribution: &Attribution) -> AttributionBar {
    let terms = attribution.terms();
    AttributionBar {
        segments: bar(&terms, 300),
        total: attribution.total,
        difference: attribution.difference(),
        terms,
    }
}

/// The sum alone, in words.
#[derive(Debug, Clone, Template)]
#[template(path = "components/sums.html")]
pub struct Sums<'a> {
    total: u64,
    verb: &'a str,
    terms: Vec<Term>,
    difference: u64,
}

/// `2,946 brought in = 2,614 landed + …`.
#[must_use]
pub fn sums<'a>(attribution: &Attribution, verb: &'a str) -> Sums<'a> {
    Sums {
        total: attribution.total,
        verb,
        terms: attribution.terms(),
        difference: attribution.difference(),
    }
}

/// `filter-row`.
#[derive(Debug, Clone, Template)]
#[template(path = "components/filter_row.html")]
pub struct FilterRow<'a> {
    filters: &'a Filters,
    /// The sentence on the right: `No filter set. All 412 deploys match.`
    said: String,
}

/// The GET form of a list.
#[must_use]
pub fn filter_row<'a>(
    filters: &'a Filters,
    here: &u64,
    matching: &u64,
    noun: &str,
) -> FilterRow<'a> {
    let said = match filters.active() {
        0 => format!("No filter set. All {} {noun} match.", c::n(here)),
        _ => format!("{} of {} {noun} match.", c::n(matching), c::n(here)),
    };
    FilterRow { filters, said }
}

/// `pager`.
#[derive(Debug, Clone, Template)]
#[template(path = "components/pager.html")]
pub struct PagerBar<'a> {
    pager: &'a Pager,
}

/// First, Previous, Next n, Last.
#[must_use]
pub fn pager(pager: &Pager) -> PagerBar<'_> {
    PagerBar { pager }
}

/// A column head that sorts.
#[derive(Debug, Clone, Template)]
#[template(
    source = r#"{% match href %}{% when Some(href) %}<a href="{{ href|carried }}"{% if arrow != "" %} class="is-sorted"{% endif %}>{{ label }}{% if arrow != "" %} <span aria-hidden="true">{{ arrow }}</span>{% endif %}</a>{% when None %}{{ label }}{% if arrow != "" %} <span aria-hidden="true">{{ arrow }}</span>{% endif %}{% endmatch %}"#,
    ext = "html"
)]
pub struct SortHead {
    label: &'static str,
    href: Option<String>,
    arrow: &'static str,
}
impl HtmlSafe for SortHead {}

/// The label with its arrow.
#[must_use]
pub fn sort_head(label: &'static str, sort: &Sort) -> SortHead {
    let arrow = match sort.order {
        None => "",
        Some(Order::Ascending) => "↑",
        Some(Order::Descending) => "↓",
    };
    SortHead { label, href: sort.href.clone(), arrow }
}

/// The value of `aria-sort`.
#[must_use]
pub fn aria_sort(sort: &Sort) -> &'static str {
    match sort.order {
        None => "none",
        Some(Order::Ascending) => "ascending",
        Some(Order::Descending) => "descending",
    }
}

/// `terminal`: lines as a terminal prints them, the first word of a line lit.
#[derive(Debug, Clone, Template)]
#[template(path = "components/terminal.html")]
pub struct Terminal<'a> {
    lines: Vec<(&'a str, &'a str, &'static str)>,
}

/// The same answer in the terminal.
#[must_use]
pub fn terminal(lines: &[String]) -> Terminal<'_> {
    Terminal { lines: lines.iter().map(|line| terminal_line(line)).collect() }
}

fn terminal_line(line: &str) -> (&str, &str, &'static str) {
    let (head, rest) = line.split_at(line.find(' ').unwrap_or(line.len()));
    match head {
        "blocked" | "missing" | "pending" => (head, rest, "is-wait"),
        "pass" => (head, rest, "is-ok"),
        "error" => (head, rest, "is-no"),
        "page" | "exit" | "expires" => (head, rest, "is-quiet"),
        _ => ("", line, ""),
    }
}

/// Changes in a small table: what would go out.
#[derive(Debug, Clone, Template)]
#[template(path = "components/gate_changes.html")]
pub struct GateChanges<'a> {
    changes: &'a [GateChange],
    caption: &'a str,
}

/// The changes of a gate or a deploy.
#[must_use]
pub fn gate_changes<'a>(changes: &'a [GateChange], caption: &'a str) -> GateChanges<'a> {
    GateChanges { changes, caption }
}

/// `tally`: what is here against what the sources report.
#[derive(Debug, Clone, Template)]
#[template(path = "components/tally.html")]
pub struct Tally<'a> {
    here: u64,
    compared: &'a Option<crate::report::population::Compared>,
    difference: u64,
    noun: &'a str,
}

/// The title line of a population.
#[must_use]
pub fn tally<'a>(
    here: &u64,
    compared: &'a Option<crate::report::population::Compared>,
    noun: &'a str,
) -> Tally<'a> {
    let difference = compared.as_ref().map_or(0, |compared| compared.reported.abs_diff(*here));
    Tally { here: *here, compared, difference, noun }
}
