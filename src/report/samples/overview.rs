//! The overview of a month, and of nothing yet.

use super::{HOSTILE, compared, exception, october, october_outcomes, time};
use crate::report::attribution::Attribution;
use crate::report::chart::Day;
use crate::report::overview::{
    Before, Emergencies, OpenKind, OverviewPage, ServiceRow, SourceRow, finding,
};
use crate::report::population::Outcomes;
use crate::report::prose::Prose;
use crate::report::refs::{Link, Severity};
use crate::report::strips::{Run, Strip};
use crate::report::waits::WaitRow;

/// The overview of a month.
#[must_use]
pub fn overview() -> OverviewPage {
    let days = (1_u64..=31).map(day).collect();
    let (commits, outcomes) = (october(), october_outcomes());
    OverviewPage {
        scope: "production, October 2026".into(),
        finding: finding(412, 14, &commits, &outcomes),
        deploys: 412,
        clean_deploys: 400,
        compared: Some(compared()),
        commits,
        outcomes,
        before: Some(Before { name: "September".into(), deploys: 388, changes: 973 }),
        emergencies: Emergencies { total: 3, reviewed: 2, overdue: 1 },
        policy: Prose::from("organisation ")
            .code("sha256:3b8e…41c0")
            .text(" all month; repository policies: 14"),
        days,
        services: services(),
        waits: waits(),
        open: open_kinds(),
        oldest: Some((time("2026-10-27 14:03:11"), "X09".into())),
        period: Some(Run { first: PERIOD, last: PERIOD + 30 }),
        first: vec![
            (
                Link::new("chg_01jaq0t7vb fraud-scoring", "/changes/chg_01jaq0t7vb"),
                exception(
                    "X09",
                    Severity::High,
                    "No valid approval at landing: the only one was of other content",
                ),
            ),
            (
                Link::new("dep_7396 webhooks", "/deploys/dep_7396"),
                exception("X01", Severity::High, "4 deployed commits are in no pull request"),
            ),
        ],
        sources: vec![
            SourceRow {
                id: "github".into(),
                deliveries: 2_118,
                last: Some(time("2026-11-20 14:05:51")),
                set_aside: 0,
                refused: 0,
                strip: strip(&[]),
            },
            SourceRow {
                id: "jira".into(),
                deliveries: 9_377,
                last: Some(time("2026-11-20 14:06:02")),
                set_aside: 1,
                refused: 2,
                strip: strip(&[9, 10, 17]),
            },
            SourceRow {
                id: HOSTILE.into(),
                deliveries: 0,
                last: None,
                set_aside: 0,
                refused: 0,
                strip: Strip::default(),
            },
        ],
        population_href: "/population?from=2026-10-01&to=2026-10-31".into(),
        changes_href: "/changes?from=2026-10-01&to=2026-10-31".into(),
        first_run: Vec::new(),
    }
}

/// 2026-10-01 as days since 1970-01-01.
const PERIOD: i64 = 20_727;

/// October with these days missing.
fn strip(silent: &[i64]) -> Strip {
    let days: Vec<i64> =
        (0..31).filter(|day| !silent.contains(day)).map(|day| PERIOD + day).collect();
    Strip::of(&days, PERIOD + 30)
}

fn waits() -> Vec<WaitRow> {
    let rows = [
        ("*", 34, 14_400, 70_000),
        ("auth", 27, 12_200, 39_000),
        ("data", 19, 19_000, 95_000),
        ("messaging", 148, 4_300, 17_200),
        ("payments", 61, 7_600, 26_600),
    ];
    rows.into_iter()
        .map(|(scope, number, median, ninety)| WaitRow {
            scope: scope.into(),
            number,
            median,
            ninety,
        })
        .collect()
}

pub(super) fn day(number: u64) -> Day {
    let weekend = matches!(number % 7, 3 | 4);
    let base = if weekend { 1 } else { 4 + number * 7 % 5 };
    Day {
        date: format!("2026-10-{number:02}"),
        weekend,
        by_class: [
            base * 2 - u64::from(!weekend) - u64::from(!weekend && number <= 23),
            base / 2,
            base * u64::from(!weekend) * 3 / 4,
            u64::from(number % 4 == 2),
        ],
    }
}

pub(super) fn services() -> Vec<ServiceRow> {
    let rows = [
        ("payments", 61, [71, 76, 1, 0]),
        ("sms-router", 47, [97, 34, 0, 0]),
        ("customer-web", 43, [71, 47, 0, 0]),
        ("refunds", 38, [40, 51, 1, 0]),
        ("ledger-api", 29, [38, 46, 0, 0]),
        ("otp-gateway", 34, [52, 29, 0, 0]),
        ("webhooks", 31, [42, 34, 0, 3]),
        ("config-store", 22, [44, 7, 0, 0]),
        ("number-lookup", 22, [33, 15, 0, 0]),
        ("pricing", 19, [27, 20, 0, 0]),
        ("identity", 18, [21, 23, 0, 0]),
        ("payout-scheduler", 17, [22, 18, 0, 0]),
        ("fraud-scoring", 16, [17, 20, 1, 0]),
        ("reporting", 15, [28, 9, 0, 0]),
    ];
    rows.into_iter()
        .map(|(name, deploys, [by_rule, approved, emergency, not_passing])| ServiceRow {
            name: name.into(),
            href: format!("/population?service={name}"),
            deploys,
            outcomes: Outcomes { by_rule, approved, emergency, not_passing },
        })
        .collect()
}

pub(super) fn open_kinds() -> Vec<OpenKind> {
    let rows = [
        ("X01", Severity::High, "commit in no pull request", [0, 0, 1]),
        ("X35", Severity::High, "emergency review overdue", [0, 0, 1]),
        ("X09", Severity::High, "no valid approval at landing", [0, 0, 1]),
        ("X03", Severity::Medium, "ticket does not exist", [2, 2, 0]),
        ("X06", Severity::Medium, "ticket not in a permitted status", [1, 1, 1]),
        ("X17", Severity::Medium, "role granted within 24 h", [1, 0, 0]),
        ("X07", Severity::Low, "scope edited after the deploy", [1, 1, 1]),
    ];
    rows.into_iter()
        .map(|(kind, severity, title, ages)| OpenKind {
            kind: kind.into(),
            severity,
            title: title.into(),
            ages,
        })
        .collect()
}

/// Nothing has arrived yet.
#[must_use]
pub fn first_run() -> OverviewPage {
    OverviewPage {
        scope: "all environments".into(),
        finding: "Nothing has arrived yet. Three commands fill this page.".into(),
        deploys: 0,
        clean_deploys: 0,
        compared: None,
        commits: Attribution::default(),
        outcomes: Outcomes::default(),
        before: None,
        emergencies: Emergencies::default(),
        days: Vec::new(),
        services: Vec::new(),
        open: Vec::new(),
        waits: Vec::new(),
        oldest: None,
        period: None,
        first: Vec::new(),
        sources: Vec::new(),
        first_run: vec![
            "countersign doctor".into(),
            "countersign deploy --repo acme/payments --sha 9f2c41e7d0 \\".into(),
            "  --service payments --environment production --status succeeded".into(),
            "countersign gate --repo acme/payments --sha 9f2c41e7d0 --environment production"
                .into(),
        ],
        ..overview()
    }
}
